/* port_stats.h - PORT_STATS: a port's counters, with those that 1.4 carries in properties.
 * Layer 2, pure. */
#pragma once

#include "ofp/msg.h"

/* The counters of RFC 2819 that an experimenter's property of 1.4 has, in its order. */
enum {
    RFC2819_RX_SIZES = 0, /* 7 by size of packet, then the same for tx. */
    RFC2819_TX_SIZES = 7,
    RFC2819_TX_MULTICAST = 14,
    RFC2819_RX_BROADCAST,
    RFC2819_TX_BROADCAST,
    RFC2819_RX_UNDERSIZED,
    RFC2819_RX_OVERSIZE,
    RFC2819_RX_FRAGMENTED,
    RFC2819_RX_JABBER,
    RFC2819_N
};

#define PORT_CUSTOM_NAME_MAX 63 /* A longer name is cut. */

struct port_custom {
    char name[PORT_CUSTOM_NAME_MAX + 1];
    uint64_t value;
};

struct ofp_port_stats { /* UINT64_MAX = unknown. */
    uint32_t port;
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped, rx_errors,
        tx_errors;
    uint64_t rx_frame_err, rx_over_err, rx_crc_err, collisions;
    uint32_t duration_sec, duration_nsec; /* UINT32_MAX = unknown. */
    bool has_rfc2819;                     /* 1.4+: the next is there. */
    uint64_t rfc2819[RFC2819_N];
    struct port_custom *custom; /* Heap, or NULL. */
    size_t n_custom;
};
void ofp_port_stats_init(struct ofp_port_stats *); /* All unknown. */
void ofp_port_stats_deinit(struct ofp_port_stats *);
void ofp_port_stats_encode(const struct ofp_port_stats *, uint8_t version, struct wire_wr *);
/* The caller deinits, after an error too.  At the end of 'r', *end and nothing else. */
enum ofp_error ofp_port_stats_decode(struct wire_rd *, uint8_t version, struct ofp_port_stats *,
                                     bool *end) MUST_USE;
struct name_map;
void ofp_port_stats_format(const struct ofp_port_stats *, const struct name_map *, struct text *);
