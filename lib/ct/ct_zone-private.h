/* ct_zone-private.h - a zone as the table has it: its connections in one list.
 *
 * Layer 2; lib/ct only.  Any worker.  All 65,536 lie in one array whose pages the system gives when
 * they are first written.
 *
 * Invariants: an entry is in the list of its zone exactly while it is in the table.  'lock' guards
 * the list and 'n', and is taken last: stripe, entry, then this one.  The list is in no order: who
 * walks it turns it round. */
#pragma once

#include <urcu-qsbr.h>

#include "lib/ct/ct_conn-private.h"
#include "lib/ct/ct_timeout.h"
#include "lib/ct/ct_zone.h"

struct ct_table;

struct ct_zone {
    struct ct_spin lock;
    bool limited; /* 'limit' is its own. */
    bool liberal;
    uint32_t n; /* Of the list; loads without the lock are hints. */
    uint32_t limit;
    uint32_t head, tail;
    struct ct_policy *policy; /* Timeouts of its own, or NULL.  RCU: workers read it. */
};

struct ct_policy {
    uint32_t seconds[CT_N_TIMEOUTS]; /* Of all. */
    struct rcu_head rcu;
};

struct ct_zone_link {
    uint32_t prev, next;
};

/* Is there room for one more?  If not it is counted.  May take out expired ones of the zone. */
bool ct_zone_admit(struct ct_table *, uint16_t zone, int64_t now_ms) MUST_USE;
/* The stripe locked: into its zone's list.  False: others were quicker, and the zone is full. */
bool ct_zone_link(struct ct_table *, uint32_t index) MUST_USE;
void ct_zone_unlink(struct ct_table *, uint32_t index); /* Entry locked. */
/* As ct_zone_link(), whatever the limit: an entry that a former process left. */
void ct_zone_adopt(struct ct_table *, uint32_t index);
/* The next of a walk, which goes to the end of the list; 0: none.  As many calls as ct_zone_size()
 * said see each entry that stays. */
uint32_t ct_zone_turn(struct ct_table *, uint16_t zone, uint32_t *generation);
uint32_t ct_zone_size(const struct ct_table *, uint16_t zone);
