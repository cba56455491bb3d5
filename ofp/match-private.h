/* match-private.h - the fixed matches of the first OpenFlow versions, and the raw form of text.
 *
 * Layer 2, pure; for ofp/match*.c only. */
#pragma once

#include "ofp/match.h"

#define OFPMT_STANDARD 0
#define OFPMT_OXM      1

/* 40 bytes. */
enum ofp_error match10_decode(struct wire_rd *, struct match *) MUST_USE;
void match10_encode(const struct match *, struct wire_wr *);
/* 88 bytes; the reader stands behind type and length. */
enum ofp_error match11_decode(struct wire_rd *, struct match *) MUST_USE;
void match11_encode(const struct match *, struct wire_wr *);

/* ---- text, match_raw.c ---- */

/* Appends `raw_match(VERSION,HEX)` if the usual words do not give the match back; else false. */
bool match_format_raw(const struct match *, struct text *);
/* What stands in the parentheses; 'm' is still empty.  NULL or an error text. */
char *match_parse_raw(const char *, struct match *m) MUST_USE;
