/* protocol.h - flow formats: the ways in which a flow can travel, one for each OpenFlow version and
 * extension ("protocols" to ovs-ofctl), and which of them can carry a given flow.
 *
 * Layer 2, pure.  A set is a bitmap of PROTOCOL_*; an argument that is one protocol has one bit.
 * Does not say what a switch supports, only what the formats have room for. */
#pragma once

#include "ofp/match.h"

#define PROTOCOL_OF10     0x001u /* 1.0's fixed match, */
#define PROTOCOL_OF10_TID 0x002u /* with Nicira's table number. */
#define PROTOCOL_NXM      0x004u /* Nicira's extensible match on 1.0, */
#define PROTOCOL_NXM_TID  0x008u /* with a table number. */
#define PROTOCOL_OF11     0x010u
#define PROTOCOL_OF12     0x020u
#define PROTOCOL_OF13     0x040u
#define PROTOCOL_OF14     0x080u
#define PROTOCOL_OF15     0x100u

#define PROTOCOL_OF10_ALL (PROTOCOL_OF10 | PROTOCOL_OF10_TID)
#define PROTOCOL_NXM_ALL  (PROTOCOL_NXM | PROTOCOL_NXM_TID)
#define PROTOCOL_OF13_UP  (PROTOCOL_OF13 | PROTOCOL_OF14 | PROTOCOL_OF15)
#define PROTOCOL_OXM      (PROTOCOL_OF12 | PROTOCOL_OF13_UP)
#define PROTOCOL_OF11_UP  (PROTOCOL_OF11 | PROTOCOL_OXM)
#define PROTOCOL_TIDS     (PROTOCOL_OF10_TID | PROTOCOL_NXM_TID | PROTOCOL_OF11_UP)
#define PROTOCOL_ANY      (PROTOCOL_OF10_ALL | PROTOCOL_NXM_ALL | PROTOCOL_OF11_UP)

/* Those of an OpenFlow wire version (1 to 6). */
uint32_t protocol_of_version(uint8_t version);
/* The one that needs no extension. */
uint32_t protocol_plain(uint8_t version);
/* The wire version of one of them. */
uint8_t protocol_version(uint32_t protocol);
/* `any`, `none`, or names with commas, groups (OpenFlow10, NXM, OXM) where all of one is there. */
void protocol_format(uint32_t set, struct text *);
/* The same names, upper or lower case.  NULL or an error text. */
char *protocol_parse(const char *list, uint32_t *set) MUST_USE;

/* Which can match the field so; a mask of zeros matches nothing of it. */
uint32_t protocol_of_field(const struct field *, const struct field_value *mask);
/* What the fields of a match together add to protocol_of_field() of each. */
uint32_t protocol_of_match(const struct match *);
/* Actions and instructions, nested ones too. */
uint32_t protocol_of_acts(const void *acts, size_t len);
