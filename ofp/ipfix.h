/* ipfix.h - counters of IPFIX exporters: NXST_IPFIX_BRIDGE, NXST_IPFIX_FLOW.
 * Layer 2, pure. */
#pragma once

#include "ofp/msg.h"

#define IPFIX_N_COUNTERS 10

/* In the order of the wire. */
enum ipfix_counter {
    IPFIX_TOTAL_FLOWS,
    IPFIX_CURRENT_FLOWS,
    IPFIX_PACKETS,
    IPFIX_IPV4,
    IPFIX_IPV6,
    IPFIX_ERRORS,
    IPFIX_IPV4_ERRORS,
    IPFIX_IPV6_ERRORS,
    IPFIX_TX_PACKETS,
    IPFIX_TX_ERRORS,
};

struct ipfix_stats {
    uint64_t counters[IPFIX_N_COUNTERS]; /* UINT64_MAX = unknown. */
    uint32_t collector_set;              /* 0 for that of the bridge. */
};
/* One row; at the end *end. */
enum ofp_error ipfix_stats_decode(struct wire_rd *, struct ipfix_stats *, bool *end) MUST_USE;
void ipfix_stats_encode(const struct ipfix_stats *, struct wire_wr *);
/* 'bridge': that of the bridge. */
void ipfix_stats_format(const struct ipfix_stats *, bool bridge, struct text *);
