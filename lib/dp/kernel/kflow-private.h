/* kflow-private.h - what kflow.c and kflow_walk.c share. */
#pragma once

#include "lib/dp/kernel/kflow.h"

struct kflow_once {
    struct kflow_once *next;
    void *credit;
    struct dp_flow_stats stats;
};

struct kflow_stripe *kflow_stripe(struct kflows *, const struct kflow_id *);
/* The stripe's mutex is held. */
struct kflow *kflow_find_locked(struct kflow_stripe *, const struct kflow_id *);

/* Control thread: pays in and releases what ran once. */
void kflow_collect_once(struct kflows *);
/* Takes it out of the table, pays in the rest, releases its credit. */
void kflow_free(struct kflows *, struct kflow *);
