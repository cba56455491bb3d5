/* tables.c - the set of tables: versions, and rules that come and go.  See table.h. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/table/meter_ids.h"
#include "ofproto/table/table-private.h"

struct tables *tables_new(uint64_t seed)
{
    struct tables *ts = xzalloc(sizeof *ts);

    ts->n_refs = 1;
    index_init(&ts->groups);
    index_init(&ts->meters);
    refs_init(&ts->refs);
    ts->seed = seed;
    ts->version = 1;
    ts->waiting_end = &ts->waiting;
    cookie_count_init(ts);
    return ts;
}

void tables_ref(struct tables *ts)
{
    __atomic_add_fetch(&ts->n_refs, 1, __ATOMIC_RELAXED);
}

struct table *table_make(struct tables *ts, uint8_t id)
{
    struct table *t = ts->table[id];

    if (!t) {
        t = xzalloc(sizeof *t);
        classifier_init(&t->cls, ts->seed ^ hash_u64(id, ts->seed));
        __atomic_store_n(&ts->table[id], t, __ATOMIC_RELEASE);
    }
    return t;
}

/* ---- removal in three steps: invisible, unreachable, freed ---- */

static struct limbo *limbo_now(struct tables *ts)
{
    if (!ts->removed) {
        ts->removed = xzalloc(sizeof *ts->removed);
    }
    return ts->removed;
}

void tables_limbo_group(struct tables *ts, struct group_entry *e)
{
    struct limbo *l = limbo_now(ts);

    e->limbo_next = l->groups;
    l->groups = e;
}

void tables_limbo_rule(struct tables *ts, struct rule *r)
{
    struct limbo *l = limbo_now(ts);

    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 8;
        l->rules = xrealloc(l->rules, l->cap * sizeof l->rules[0]);
    }
    l->rules[l->n++] = r;
}

static void limbo_ripe(struct rcu_head *rcu)
{
    struct limbo *l = container_of_(rcu, struct limbo, rcu);
    struct tables *ts = l->tables;

    __atomic_store_n(&l->ripe, 1, __ATOMIC_RELEASE);
    tables_unref(ts);
}

uint64_t tables_version(const struct tables *ts)
{
    return __atomic_load_n(&ts->version, __ATOMIC_ACQUIRE);
}

void tables_publish(struct tables *ts)
{
    struct limbo *l = ts->removed;

    if (ts->in_transaction) {
        return;
    }
    __atomic_store_n(&ts->version, ts->version + 1, __ATOMIC_RELEASE);
    if (l) {
        ts->removed = NULL;
        *ts->waiting_end = l;
        ts->waiting_end = &l->next;
        tables_ref(ts);
        l->tables = ts;
        urcu_qsbr_call_rcu(&l->rcu, limbo_ripe);
    }
}

/* Out of the classifier; the tables' reference goes. */
static void unlink_rule(struct tables *ts, struct rule *r)
{
    classifier_remove(&ts->table[r->table_id]->cls, r);
    rule_unref(r);
}

static void unlink_groups(struct tables *ts, struct limbo *l)
{
    for (struct group_entry *e = l->groups, *next; e; e = next) {
        next = e->limbo_next;
        groups_unlink(ts, e);
    }
}

bool tables_reclaim(struct tables *ts, unsigned budget)
{
    struct limbo *l;

    while ((l = ts->waiting) != NULL && __atomic_load_n(&l->ripe, __ATOMIC_ACQUIRE)) {
        for (; l->done < l->n; l->done++) {
            if (!budget--) {
                return true;
            }
            unlink_rule(ts, l->rules[l->done]);
        }
        ts->waiting = l->next;
        if (!ts->waiting) {
            ts->waiting_end = &ts->waiting;
        }
        unlink_groups(ts, l);
        free(l->rules);
        free(l);
    }
    return false;
}

size_t tables_n_rules(const struct tables *ts)
{
    return ts->n_rules;
}

/* ---- the list of live rules ---- */

static void list_insert(struct table *t, struct rule *r, struct rule *after)
{
    r->list_prev = after;
    r->list_next = after ? after->list_next : t->first;
    *(after ? &after->list_next : &t->first) = r;
    *(r->list_next ? &r->list_next->list_prev : &t->last) = r;
}

static void list_remove(struct table *t, struct rule *r)
{
    *(r->list_prev ? &r->list_prev->list_next : &t->first) = r->list_next;
    *(r->list_next ? &r->list_next->list_prev : &t->last) = r->list_prev;
    r->list_next = r->list_prev = NULL;
}

/* ---- changes ---- */

static struct rule *make_rule(struct tables *ts, const struct match *match,
                              const struct rule_args *args, struct rule_acts *acts)
{
    struct rule *r = classifier_new_rule(&table_make(ts, args->table_id)->cls, match);

    r->added = ts->version + 1;
    r->removed = RULE_VERSION_NEVER;
    r->acts = acts;
    r->conj = conjunction_is_in(acts->data, acts->len);
    r->by_conj = match->mask.conj_id != 0;
    r->priority = args->priority;
    r->table_id = args->table_id;
    r->flags = args->flags;
    r->cookie = args->cookie;
    r->refs = 1;
    r->heap_pos = RULE_NO_HEAP;
    r->idle_timeout = args->idle_timeout;
    r->hard_timeout = args->hard_timeout;
    r->importance = args->importance;
    r->created_ms = r->modified_ms = r->used_ms = args->now_ms;
    return r;
}

/* Among the live ones. */
static void enlist(struct tables *ts, struct rule *r, struct rule *after)
{
    struct table *t = ts->table[r->table_id];

    list_insert(t, r, after);
    t->n_rules++;
    ts->n_rules++;
    refs_add_acts(&ts->refs, r->acts->data, r->acts->len, 1);
    timeout_add(ts, r);
    cookie_count_change(ts, r, 1);
}

static void enter(struct tables *ts, struct rule *r, struct rule *after, struct rule *replaced)
{
    classifier_insert(&ts->table[r->table_id]->cls, r);
    enlist(ts, r, after);
    undo_note(ts, UNDO_RULE_CAME, r, replaced);
}

/* Invisible from the next version on; 'next' is where cursors go. */
void tables_retract(struct tables *ts, struct rule *r, struct rule *next)
{
    struct table *t = ts->table[r->table_id];

    cursor_rule_gone(ts, r, next);
    timeout_remove(ts, r);
    cookie_count_change(ts, r, -1);
    list_remove(t, r);
    t->n_rules--;
    ts->n_rules--;
    refs_add_acts(&ts->refs, r->acts->data, r->acts->len, -1);
    __atomic_store_n(&r->removed, ts->version + 1, __ATOMIC_RELAXED);
}

static void leave(struct tables *ts, struct rule *r, struct rule *next)
{
    undo_note(ts, UNDO_RULE_WENT, r, r->list_prev);
    tables_retract(ts, r, next);
    tables_limbo_rule(ts, r);
}

void tables_revive(struct tables *ts, struct rule *r, struct rule *before)
{
    ts->removed->n--;
    __atomic_store_n(&r->removed, RULE_VERSION_NEVER, __ATOMIC_RELAXED);
    if (r->successor) {
        rule_unref(r->successor);
        r->successor = NULL;
    }
    enlist(ts, r, before);
}

uint64_t tables_tun_options(const struct tables *ts)
{
    uint64_t options = refs_tun_options(&ts->refs);

    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        const struct table *t = table_get(ts, (uint8_t)id);
        options |= t ? classifier_tun_options(&t->cls) : 0;
    }
    return options;
}

struct rule *tables_insert(struct tables *ts, const struct match *match,
                           const struct rule_args *args, struct rule_acts *acts)
{
    struct rule *r = make_rule(ts, match, args, acts);

    enter(ts, r, ts->table[args->table_id]->last, NULL);
    return r;
}

struct rule *tables_replace(struct tables *ts, struct rule *old, const struct rule_args *args,
                            struct rule_acts *acts, bool keep_counters, bool keep_created)
{
    struct match match;
    rule_match(old, &match);
    struct rule *r = make_rule(ts, &match, args, acts);

    if (keep_counters) {
        r->packets = old->packets;
        r->bytes = old->bytes;
    }
    if (keep_created) {
        r->created_ms = old->created_ms;
        r->used_ms = old->used_ms;
    }
    enter(ts, r, old, old);
    if (keep_counters) {
        rule_ref(r);
        old->successor = r;
    } /* Else what cached flows still owe was counted before the reset: it goes with 'old'. */
    leave(ts, old, r);
    return r;
}

void tables_remove(struct tables *ts, struct rule *r)
{
    leave(ts, r, NULL);
}

/* ---- the end ---- */

static void limbo_drop(struct tables *ts, struct limbo *l)
{
    for (; l->done < l->n; l->done++) {
        unlink_rule(ts, l->rules[l->done]);
    }
    unlink_groups(ts, l);
    free(l->rules);
    free(l);
}

/* After grace: nobody looks anything up any more, and every limbo is ripe. */
static void tables_free_rcu(struct rcu_head *rcu)
{
    struct tables *ts = container_of_(rcu, struct tables, rcu);

    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        while (ts->table[id] && ts->table[id]->first) {
            tables_remove(ts, ts->table[id]->first);
        }
    }
    size_t n_groups;
    struct group_entry **groups = groups_list(ts, &n_groups);
    for (size_t i = 0; i < n_groups; i++) {
        groups_remove(ts, groups[i]);
    }
    free(groups);
    for (struct limbo *l = ts->waiting, *next; l; l = next) {
        next = l->next;
        limbo_drop(ts, l);
    }
    if (ts->removed) {
        limbo_drop(ts, ts->removed);
    }
    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        if (ts->table[id]) {
            classifier_deinit(&ts->table[id]->cls);
            free(ts->table[id]);
        }
    }
    cookie_count_deinit(ts);
    index_deinit(&ts->groups);
    meter_ids_deinit(ts);
    refs_deinit(&ts->refs);
    free(ts->heap);
    free(ts);
}

void tables_unref(struct tables *ts)
{
    if (ts && __atomic_sub_fetch(&ts->n_refs, 1, __ATOMIC_ACQ_REL) == 0) {
        urcu_qsbr_call_rcu(&ts->rcu, tables_free_rcu);
    }
}

struct rule *tables_lookup(const struct tables *ts, uint8_t id, uint64_t version,
                           const struct flow *flow, struct flow *wc)
{
    const struct table *t = table_get(ts, id);
    return t ? classifier_lookup(&t->cls, version, flow, wc) : NULL;
}

const struct rule *tables_find_visible(const struct tables *ts, uint8_t id, uint64_t version,
                                       const struct match *match, uint16_t priority)
{
    const struct table *t = table_get(ts, id);
    return t ? classifier_find_visible(&t->cls, version, match, priority) : NULL;
}
