/* link_htb.h - queues of a network device: the kernel's hierarchical token bucket (tc-htb(8)), by
 * rtnetlink.
 *
 * Layer 1.  Owner: the control thread.  The device gets HTB 1: at its root, below it a class 1:fffe
 * with the rate of all together, below that a class 1:Q+1 for each queue Q.  A frame's class is its
 * skb->priority (link_htb_priority()); 1:1, queue 0, is for others; where that is missing they pass
 * at once.  Changes are made in place: queues that stay keep their counters and what waits in them.
 *
 * Rates are in bytes per second, sizes in bytes.  Functions that can fail return 0 or a positive
 * errno value.  Changing needs NET_ADMIN. */
#pragma once

#include "lib/base.h"

#define LINK_HTB_MAX_QUEUES 0xf000

struct link_htb_queue {
    uint32_t queue;              /* Below LINK_HTB_MAX_QUEUES. */
    uint32_t priority;           /* 0 is served first when rate is left over. */
    uint64_t min_rate, max_rate; /* 0: next to none; that of all. */
    uint64_t burst;              /* 0: what the rate and the MTU need. */
};

struct link_htb_stats {
    uint32_t queue;
    uint64_t packets, bytes, dropped;
};

/* What the device has at its root gives way, unless it is this already. */
int link_htb_set(int ifindex, unsigned mtu, uint64_t max_rate, const struct link_htb_queue *,
                 size_t n);
int link_htb_clear(int ifindex); /* Only what link_htb_set() makes. */
typedef void link_htb_stats_cb(void *aux, const struct link_htb_stats *);
int link_htb_get_stats(int ifindex, link_htb_stats_cb *, void *aux);
uint32_t link_htb_priority(uint32_t queue);
