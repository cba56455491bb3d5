/* ct_flush.h - which tracked connections to forget: NXT_CT_FLUSH, NXT_CT_FLUSH_ZONE.
 * Layer 2, pure; knows nothing of the tracker. */
#pragma once

#include "ofp/msg.h"

struct ct_flush_tuple {
    uint8_t src[16], dst[16]; /* IPv4 mapped into IPv6; zeros: any. */
    /* 0: any.  ICMP: the id; the type in the low and the code in the high byte of 'dst_port'. */
    uint16_t src_port, dst_port;
};

struct ct_flush {
    uint16_t zone;
    bool has_zone; /* Else all zones, unless a tuple says all. */
    uint8_t ip_proto;
    uint8_t family; /* 4, 6; 0: no address is given. */
    uint32_t mark, mark_mask;
    uint8_t labels[16], labels_mask[16];
    struct ct_flush_tuple orig, reply;
};
bool ct_flush_is_icmp(const struct ct_flush *);
enum ofp_error ct_flush_decode(struct wire_rd *, struct ct_flush *) MUST_USE;
void ct_flush_encode(const struct ct_flush *, uint8_t version, uint32_t xid, struct wire_wr *);
void ct_flush_format(const struct ct_flush *, struct text *);
/* `zone=N`, `mark=X[/M]`, `labels=X[/M]`, then a tuple of the original direction, then one of the
 * reply, as `ct_nw_src=1.1.1.1,ct_nw_proto=6,ct_tp_dst=80`; in this order, each once.  NULL or an
 * error text. */
char *ct_flush_parse(size_t n, char *const words[], struct ct_flush *) MUST_USE;

/* With NXBRC_MUST_BE_ZERO *zone is right all the same. */
enum ofp_error ct_flush_zone_decode(struct wire_rd *, uint16_t *zone) MUST_USE;
void ct_flush_zone_encode(uint16_t zone, uint8_t version, uint32_t xid, struct wire_wr *);
