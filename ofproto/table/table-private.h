/* table-private.h - the structures behind table.h, for the files of this folder. */
#pragma once

#include "ofproto/table/classifier.h"
#include "ofproto/table/groups.h"
#include "ofproto/table/refs.h"
#include "ofproto/table/table.h"

struct table {
    struct classifier cls;
    struct rule *first, *last; /* Live rules, oldest first. */
    size_t n_rules;
    uint64_t lookups, matched;
};

/* Rules and groups removed at one publication, waiting for the readers of older versions. */
struct limbo {
    struct rcu_head rcu;
    struct tables *tables; /* Reference, until the grace period is over. */
    struct limbo *next;
    uint32_t ripe; /* Atomic: the grace period is over. */
    uint32_t n, cap, done;
    struct rule **rules;        /* The tables' references. */
    struct group_entry *groups; /* As well. */
};

struct heap_entry {
    int64_t due_ms; /* Not later than the rule can really time out. */
    struct rule *rule;
};

struct tables {
    struct table *table[OFP_N_TABLES]; /* Made when first needed; read by workers. */
    uint64_t version;
    struct index groups; /* By number, all versions; read by workers. */
    struct index meters; /* meter_ids.c */
    uint32_t n_refs;
    struct rcu_head rcu;

    /* Control thread. */
    uint64_t seed;
    struct index cookies; /* cookie_count.c; read by workers. */
    uint32_t n_cookies;
    size_t n_rules, n_groups;
    struct refs refs;                     /* Of live rules and groups to groups and meters. */
    uint64_t chain_mark;                  /* Of the last walk along chains of groups. */
    struct limbo *removed;                /* Since the last publication, or NULL. */
    struct limbo *waiting, **waiting_end; /* Older ones, oldest first. */
    struct tables_cursor *cursors;
    struct heap_entry *heap; /* By due_ms; n_heap of cap_heap. */
    uint32_t n_heap, cap_heap;
    bool in_transaction;
    struct undo_entry *undo; /* transaction.c */
    size_t n_undo, cap_undo;
};

static inline struct table *table_get(const struct tables *ts, uint8_t id)
{
    return id < OFP_N_TABLES ? __atomic_load_n(&ts->table[id], __ATOMIC_ACQUIRE) : NULL;
}

/* tables.c */
struct table *table_make(struct tables *, uint8_t id);  /* Writer. */
void tables_limbo_rule(struct tables *, struct rule *); /* As tables_limbo_group(). */
/* Takes back: a rule that came (cursors on it go to 'replaced', or what is after it), without
 * putting it into the limbo; the last that went, to its place behind 'before'. */
void tables_retract(struct tables *, struct rule *, struct rule *replaced);
void tables_revive(struct tables *, struct rule *, struct rule *before);
void tables_limbo_group(struct tables *, struct group_entry *); /* It is invisible by now. */
/* cookie_count.c */
void cookie_count_init(struct tables *);
void cookie_count_deinit(struct tables *);
void cookie_count_change(struct tables *, const struct rule *, int by);
/* groups.c */
void groups_unlink(struct tables *, struct group_entry *);
void groups_retract(struct tables *, struct group_entry *); /* As tables_retract(). */
void groups_revive(struct tables *, struct group_entry *);
/* transaction.c: while one is under way. */
void undo_note(struct tables *, enum undo_kind, void *what, struct rule *place);
/* timeout.c */
void timeout_add(struct tables *, struct rule *);
void timeout_remove(struct tables *, struct rule *);
/* cursor.c: 'r' is about to leave the list; cursors that stand on it go to 'next' (NULL: the rule
 * after it). */
void cursor_rule_gone(struct tables *, const struct rule *r, struct rule *next);
