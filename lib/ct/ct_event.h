/* ct_event.h - connections that come, change and go, for who listens.
 *
 * Layer 2, pure.  Workers put copies of entries into one bounded ring that takes no lock; the
 * control thread empties it.  A full ring loses events, counted; packets never wait.
 *
 * Invariants: while nobody listens, a connection that comes or goes costs one load and nothing is
 * done for its packets.  Events of one connection come in their order; a DESTROY has the final
 * counters. */
#pragma once

#include "lib/ct/ct.h"

enum ct_event_type { CT_EVENT_NEW, CT_EVENT_UPDATE, CT_EVENT_DESTROY };

struct ct_event {
    enum ct_event_type type;
    struct ct_info info; /* UPDATE: its state, mark or label is another. */
};

#define CT_EVENT_RING 8192 /* A power of two. */

/* Control thread.  'mask': BIT(enum ct_event_type); 0: nobody listens.  'ready' is called, by any
 * thread, when there is something after ct_event_next() had nothing; the same for good. */
void ct_events_listen(struct ct *, unsigned mask, void (*ready)(void *aux), void *aux);
bool ct_event_next(struct ct *, struct ct_event *); /* False: nothing, for now. */
uint64_t ct_events_lost(const struct ct *);         /* So far. */
