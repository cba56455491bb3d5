/* prop.h - properties: the lists of type, length and payload at the end of newer structures.
 *
 * Layer 2, pure.  Header: type 16, length 16 bits, the length of header and payload without the
 * zeros that fill up to a multiple of 8.  Types from 0xffff (in some lists 0xfffe) on have the
 * experimenter's id and its own type first in the payload.  OpenFlow 1.4 section 7.2.1 and others.
 */
#pragma once

#include "ofp/error.h"

#define PROP_EXPERIMENTER 0xffff

struct prop {
    uint16_t type;
    uint32_t experimenter, exp_type; /* Of experimenters' properties. */
    const uint8_t *start;            /* The whole property, */
    size_t len;                      /* padding included. */
    struct wire_rd body;             /* Behind the header; behind exp_type too. */
};

/* Properties of which nothing is known but that they are there, padding included; those that find
 * no room are dropped. */
struct prop_list {
    uint8_t bytes[128];
    uint8_t len;
};
void prop_keep(struct prop_list *, const void *property, size_t len);

/* The next property of 'r', which must not be at its end; its type from 'first_exp' on is an
 * experimenter's.  OFPBPC_BAD_LEN if its length is bad; OFPBPC_BAD_EXPERIMENTER for id 0. */
enum ofp_error prop_decode_exp(struct wire_rd *r, uint16_t first_exp, struct prop *) MUST_USE;
static inline MUST_USE enum ofp_error prop_decode(struct wire_rd *r, struct prop *p)
{
    return prop_decode_exp(r, PROP_EXPERIMENTER, p);
}
static inline bool prop_is(const struct prop *p, uint32_t experimenter, uint32_t exp_type)
{
    return p->type == PROP_EXPERIMENTER && p->experimenter == experimenter &&
           p->exp_type == exp_type;
}
/* The payload is one integer of 32 bits, no more and no less; or OFPBPC_BAD_LEN. */
enum ofp_error prop_u32(struct prop *, uint32_t *) MUST_USE;
/* It begins with these; as the reference does, what may follow is not looked at. */
enum ofp_error prop_u16(struct prop *, uint16_t *) MUST_USE;
enum ofp_error prop_u8(struct prop *, uint8_t *) MUST_USE;
enum ofp_error prop_bytes(struct prop *, void *, size_t) MUST_USE;
/* Properties within this one, behind 4 bytes of zeros (Nicira's). */
enum ofp_error prop_nested(struct prop *, struct wire_rd *) MUST_USE;

size_t prop_start(struct wire_wr *, uint16_t type);
void prop_finish(struct wire_wr *, size_t start); /* Length and padding. */
void prop_put_u32(struct wire_wr *, uint16_t type, uint32_t);
void prop_put_u16(struct wire_wr *, uint16_t type, uint16_t);
void prop_put_u8(struct wire_wr *, uint16_t type, uint8_t);
void prop_put_bytes(struct wire_wr *, uint16_t type, const void *, size_t);
size_t prop_start_nested(struct wire_wr *, uint16_t type);
