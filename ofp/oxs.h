/* oxs.h - OpenFlow eXtensible Statistics: the counters of a flow as a list of TLVs, OpenFlow 1.5
 * (section 7.2.4).
 *
 * Layer 2, pure.  What a list does not have is unknown: all ones in 'struct oxs'. */
#pragma once

#include "ofp/msg.h"

struct oxs {
    uint32_t duration_sec, duration_nsec;
    uint32_t idle_sec, idle_nsec; /* Since its last packet. */
    uint32_t n_flows;
    uint64_t n_packets, n_bytes;
};
#define OXS_UNKNOWN                                                                       \
    ((struct oxs){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT64_MAX, \
                  UINT64_MAX})

/* A `struct ofp_stats` with its padding.  Unknown statistics are passed over. */
enum ofp_error oxs_decode(struct wire_rd *, struct oxs *) MUST_USE;
/* What is known of it. */
void oxs_encode(const struct oxs *, struct wire_wr *);
