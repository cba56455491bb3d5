/* ct_frag.h - datagrams put together before they are tracked.
 *
 * Layer 2, pure; any worker, before ct_execute().  Fragments are held by zone, so that each zone
 * sees datagrams; what leaves is cut again to the size that came in (packet->frag_max,
 * lib/packet/frag.h).  Bounded in number, bytes and time; overlaps end the datagram (RFC 5722). */
#pragma once

#include "lib/ct/ct.h"

/* Takes over a fragment.  The datagram, parsed, if this one was the last that it needed; else NULL:
 * it is held, or was dropped (counted).  A packet that is no fragment comes back as it is. */
struct packet *ct_frag_take(struct ct *, struct packet *, uint16_t zone, int64_t now_ms);

/* Pairs are of IPv4 and IPv6. */
struct ct_frag_limits {
    bool off[2];         /* Fragments are not held, but go on as they are. */
    uint16_t min_len[2]; /* Of IP, but for a datagram's last; smaller ones are dropped.  0: none. */
    uint32_t max_held;
};
#define CT_FRAG_MAX_HELD 8192u /* And the most that max_held may be. */

struct ct_frag_stats {
    uint32_t held;
    struct ct_frag_count {
        uint64_t accepted, completed, expired, too_small, overlapped, purged; /* Fragments. */
    } by[2];
};

void ct_frag_get_limits(const struct ct *, struct ct_frag_limits *);
void ct_frag_set_limits(struct ct *, const struct ct_frag_limits *); /* Control thread. */
void ct_frag_get_stats(struct ct *, struct ct_frag_stats *);
