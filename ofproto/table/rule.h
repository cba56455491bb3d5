/* rule.h - an OpenFlow rule: its match, its actions, its counters.
 *
 * Layer 4, pure.  Journey: a flow-mod makes it -> tables_insert() -> workers find it by
 * table_lookup() and run its acts -> credits of cached flows come back to rule_credit() ->
 * tables_remove() -> its last reference goes -> grace -> freed.
 *
 * Invariants: the match, the priority and the table never change; 'acts' is immutable and shared.
 * The match is sparse: only the words of struct flow that the mask has, in the order of the
 * subtable that owns the mask.  A change of the acts is a new rule (tables_replace()), so that a
 * version of the tables shows either the old acts or the new.
 * Owner and threads: the control thread writes everything but the reference count; workers read
 * value, priority, versions, acts and cookie under RCU and may take references.
 * Specification: OpenFlow 1.3.5 sections 5.2, 5.5, 6.4.  Does not know why a rule goes. */
#pragma once

#include <urcu/urcu-qsbr.h>

#include "lib/packet/flow.h"
#include "ofp/act.h"

#define RULE_VERSION_NEVER UINT64_MAX
#define RULE_NO_HEAP       UINT32_MAX

struct subtable;

/* A list of acts that rules share. */
struct rule_acts {
    struct rcu_head rcu;
    uint32_t refs; /* Atomic. */
    uint32_t len;  /* Bytes. */
    uint64_t data[];
};

struct rule {
    /* What a lookup reads. */
    struct rule *next_same; /* RCU: the same value, lower or equal priority. */
    uint64_t added;         /* First version that has it. */
    uint64_t removed;       /* First version that lacks it; RULE_VERSION_NEVER. */
    struct rule_acts *acts; /* Reference. */
    uint32_t hash;
    uint16_t priority;
    uint8_t table_id;
    uint8_t flags; /* OFPFF_* as given. */
    struct subtable *subtable;

    uint64_t cookie; /* Host order. */
    uint32_t refs;   /* Atomic; one is the tables'. */
    uint32_t heap_pos;
    uint16_t idle_timeout, hard_timeout; /* Seconds, 0 = none. */
    uint16_t importance;
    uint8_t n_words;
    bool conj;     /* Matches only together with others: conjunction.c. */
    bool in_tries; /* classifier.c: its prefixes are. */
    bool by_conj;  /* Matches conj_id: found at the priority of those others, not its own. */

    /* Control thread only. */
    uint64_t packets, bytes;
    int64_t created_ms, modified_ms, used_ms;
    uint64_t noted, born; /* For bridge_monitor.c: the changes that made it, and its first form. */
    struct rule *list_next, *list_prev; /* The table's rules, oldest first. */
    struct rule *successor;             /* Reference: the rule that took this one's place. */
    struct rcu_head rcu;

    uint64_t value[]; /* n_words, in the subtable's order. */
};

/* Acts are copied.  One reference is the caller's. */
struct rule_acts *rule_acts_new(const void *acts, size_t len);
struct rule_acts *rule_acts_ref(struct rule_acts *);
void rule_acts_unref(struct rule_acts *); /* Freed after grace. */

/* What a rule is made of, beside its match. */
struct rule_args {
    uint8_t table_id;
    uint16_t priority;
    uint64_t cookie;
    uint16_t idle_timeout, hard_timeout, importance;
    uint8_t flags;
    int64_t now_ms;
};

/* References.  A worker may meet a rule whose last reference is going: rule_try_ref() is then
 * false. */
void rule_ref(struct rule *);
bool rule_try_ref(struct rule *);
void rule_unref(struct rule *);

/* The whole match, from the sparse one. */
void rule_match(const struct rule *, struct match *);

static inline bool rule_visible(const struct rule *r, uint64_t version)
{
    return __atomic_load_n(&r->added, __ATOMIC_RELAXED) <= version &&
           version < __atomic_load_n(&r->removed, __ATOMIC_RELAXED);
}

/* In its table now, as the writer sees it. */
static inline bool rule_is_live(const struct rule *r)
{
    return r->removed == RULE_VERSION_NEVER;
}

/* The table-miss entry (5.4): priority 0, matches all. */
bool rule_is_table_miss(const struct rule *);

/* Control thread: 'packets' and 'bytes' more were handled, the last at 'used_ms'.  A rule that was
 * replaced passes them to the one in its place. */
void rule_credit(struct rule *, uint64_t packets, uint64_t bytes, int64_t used_ms);
