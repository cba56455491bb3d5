/* conn_events.h - a datapath's connections as they come, change and go: lib/ct's, or the kernel's.
 *
 * Layer 3, control thread.  One listener for a datapath, who passes events on.  Errors as in
 * conns.h. */
#pragma once

#include "lib/ct/ct_event.h"

struct dp;

struct dp_conn_events_class {
    int (*listen)(struct dp *, unsigned mask, void (*ready)(void *aux), void *aux);
    bool (*next)(struct dp *, struct ct_event *);
    uint64_t (*lost)(const struct dp *);
};

/* 'mask': BIT(enum ct_event_type), 0: no more.  'ready' is called from the loop when there is
 * something to take again, and when the datapath is about to go. */
int dp_conn_events_listen(struct dp *, unsigned mask, void (*ready)(void *aux), void *aux) MUST_USE;
bool dp_conn_events_next(struct dp *, struct ct_event *) MUST_USE; /* False: nothing, for now. */
uint64_t dp_conn_events_lost(const struct dp *);                   /* So far; the least it is. */
