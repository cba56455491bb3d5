/* flow_mod-private.h - what the files behind flow_mod.h share.
 *
 * Layer 2, pure; for ofp/flow*.c and ofp/oxs.c only. */
#pragma once

#include "ofp/flow_mod.h"

/* What of OFPFF_* a version knows. */
uint16_t flow_mod_known_flags(uint8_t version);

/* Everything before the actions of OpenFlow 1.0's FLOW_MOD and of Nicira's, which share their
 * shape; 'h' says which. */
enum ofp_error flow_mod10_decode(struct wire_rd *, const struct msg_header *,
                                 struct flow_mod *) MUST_USE;
/* A whole message; 'protocol' is one of OpenFlow 1.0's four. */
void flow_mod10_encode(const struct flow_mod *, uint32_t protocol, uint32_t xid, struct wire_wr *);

/* NXM behind a fixed part that has told its length: the list and its padding. */
enum ofp_error flow_mod10_decode_nxm(struct wire_rd *, size_t len, const struct msg_header *,
                                     struct match *, uint64_t *cookie,
                                     uint64_t *cookie_mask) MUST_USE;
/* The same, in whatever version the message is, with the filter by cookie behind it, if there is
 * one; returns the length without padding. */
size_t flow_mod10_encode_nxm(const struct match *, uint64_t cookie, uint64_t cookie_mask,
                             struct wire_wr *);

/* ---- text ---- */

char *flow_mod_parse_table(const char *value, const struct name_map *, uint8_t *table) MUST_USE;
char *flow_mod_parse_group(const char *value, uint32_t *group) MUST_USE;
