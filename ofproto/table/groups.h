/* groups.h - the groups of one bridge: lookup at a version, and what group-mods do to them.
 *
 * Layer 4, pure.  Journey: a group-mod -> groups_insert(), _replace(), _remove() ->
 * tables_publish()
 * -> translation finds a group by groups_find() and runs its buckets -> credits of cached flows
 * come back to groups_credit() -> statistics.
 *
 * Invariants: the versions are those of the bridge's tables, so that a change of groups and of
 * rules can appear at once.  What is in a struct group never changes: a modified group is a new
 * entry, which shares the counters that go on.  A group that translation meets names only groups
 * that exist, and no chain of them is a loop (the bridge sees to that). Owner and threads: as
 * table.h. Specification: OpenFlow 1.3.5 sections 5.6, 6.6. */
#pragma once

#include <urcu/urcu-qsbr.h>

#include "ofp/group.h"

struct tables;

/* What a group or a bucket has seen; shared by the versions of it.  Written by the control thread.
 */
struct group_counter {
    uint32_t refs; /* Atomic. */
    uint64_t packets, bytes;
};

struct group_entry {
    uint64_t added, removed; /* As those of a rule. */
    uint32_t refs;           /* Atomic; one is the tables'. */
    struct group group;
    uint16_t *slots; /* For "dp_hash": n_slots places, each the index of a bucket. */
    uint32_t n_slots;
    bool watches; /* A bucket depends on a port or another group. */

    /* Control thread only. */
    int64_t created_ms;
    struct group_counter *total, **buckets;
    struct group_entry *limbo_next;
    uint64_t mark; /* Of a walk along chains. */
    struct rcu_head rcu;
};

/* The group as 'version' has it, or NULL.  Any thread, inside an RCU read section. */
struct group_entry *groups_find(const struct tables *, uint32_t id, uint64_t version);
bool groups_try_ref(struct group_entry *); /* False: its last reference is going. */
void groups_ref(struct group_entry *);
void groups_unref(struct group_entry *);

/* ---- control thread ---- */

size_t groups_count(const struct tables *);
struct group_entry *groups_live(const struct tables *,
                                uint32_t id); /* As the next version has it. */
/* All live ones, by number; the caller's to free. */
struct group_entry **groups_list(const struct tables *, size_t *n);
/* How many rules and groups name it; and how many of these are groups. */
uint32_t groups_ref_count(const struct tables *, uint32_t id);
uint32_t groups_chained_count(const struct tables *, uint32_t id);
/* Would 'g', in the place of the live group with its number, reach itself? */
bool groups_loops(struct tables *, const struct group *g);

/* These take over what '*g' owns. */
void groups_insert(struct tables *, struct group *g, int64_t now_ms);
/* The counters of the group go on; those of buckets too, by number, with 'keep_buckets'. */
void groups_replace(struct tables *, struct group_entry *old, struct group *g, bool keep_buckets);
void groups_remove(struct tables *, struct group_entry *);
/* Bucket 'i' of the entry, or UINT32_MAX for the group itself, was run for so much. */
void groups_credit(struct group_entry *, uint32_t i, uint64_t packets, uint64_t bytes);
