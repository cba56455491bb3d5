/* ct_burst.h - packets that come together are looked up together.
 *
 * Layer 2, pure; lib/ct.  Journey: a worker that has a burst of packets, and knows that the `ct`
 * action will meet them next, shows them all with ct_burst_add(), then calls ct_burst_look(), and
 * runs the actions one packet after the other, with ct_burst_execute() in place of ct_execute().
 * In a large table each packet waits for memory twice, for its line of the index and for its
 * entry; so the packets of a burst wait together.
 *
 * Invariants: looking ahead decides nothing and takes no lock.  ct_burst_execute() asks the entry
 * again, under its lock, whether it is the packet's, else looks again: so that a packet meets what
 * the packets before it in the burst have left.  Between the two calls
 * nobody changes the packet.  A burst belongs to one thread. */
#pragma once

#include "lib/ct/ct.h"

#define CT_BURST_MAX 32

struct ct_burst *ct_burst_new(void);
void ct_burst_free(struct ct_burst *);
void ct_burst_begin(struct ct_burst *); /* Forgets the last one. */
/* A parsed packet that will be tracked in 'zone'.  Its number in the burst, from 1; 0: there is
 * nothing to look up, or no room. */
unsigned ct_burst_add(const struct ct *, struct ct_burst *, struct packet *, uint16_t zone);
void ct_burst_look(const struct ct *, struct ct_burst *); /* Once all are there. */
/* ct_execute() of the packet with that number (0: of one that was not shown), in the zone that was
 * said. */
enum ct_fate ct_burst_execute(struct ct *, const struct ct_burst *, unsigned number,
                              struct packet *, const struct ct_args *, int64_t now_ms);
