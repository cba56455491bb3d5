/* groups.c - see groups.h. */
#include "ofproto/table/groups.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/table/select.h"
#include "ofproto/table/table-private.h"

/* ---- entries ---- */

static struct group_counter *counter_ref(struct group_counter *c)
{
    if (!c) {
        c = xzalloc(sizeof *c);
        c->refs = 1;
    } else {
        __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
    }
    return c;
}

static void counter_unref(struct group_counter *c)
{
    if (__atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        free(c);
    }
}

static void free_entry(struct rcu_head *rcu)
{
    struct group_entry *e = container_of_(rcu, struct group_entry, rcu);

    counter_unref(e->total);
    for (size_t i = 0; i < e->group.n_buckets; i++) {
        counter_unref(e->buckets[i]);
    }
    free(e->buckets);
    free(e->slots);
    group_deinit(&e->group);
    free(e);
}

bool groups_try_ref(struct group_entry *e)
{
    uint32_t n = __atomic_load_n(&e->refs, __ATOMIC_RELAXED);

    while (n && !__atomic_compare_exchange_n(&e->refs, &n, n + 1, true, __ATOMIC_ACQUIRE,
                                             __ATOMIC_RELAXED)) {
    }
    return n != 0;
}

void groups_ref(struct group_entry *e)
{
    __atomic_add_fetch(&e->refs, 1, __ATOMIC_RELAXED);
}

void groups_unref(struct group_entry *e)
{
    if (e && __atomic_sub_fetch(&e->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        urcu_qsbr_call_rcu(&e->rcu, free_entry);
    }
}

static uint32_t hash_id(const struct tables *ts, uint32_t id)
{
    return hash_u64(id, ts->seed);
}

struct group_entry *groups_find(const struct tables *ts, uint32_t id, uint64_t version)
{
    struct index_probe p;

    for (struct group_entry *e = index_first(&ts->groups, hash_id(ts, id), &p); e;
         e = index_next(&p)) {
        if (e->group.id == id && __atomic_load_n(&e->added, __ATOMIC_RELAXED) <= version &&
            version < __atomic_load_n(&e->removed, __ATOMIC_RELAXED)) {
            return e;
        }
    }
    return NULL;
}

struct group_entry *groups_live(const struct tables *ts, uint32_t id)
{
    return groups_find(ts, id, RULE_VERSION_NEVER - 1);
}

/* ---- what there is ---- */

size_t groups_count(const struct tables *ts)
{
    return ts->n_groups;
}

static int compare(const void *a_, const void *b_)
{
    const struct group_entry *const *a = a_, *const *b = b_;
    return (*a)->group.id < (*b)->group.id ? -1 : (*a)->group.id > (*b)->group.id;
}

struct group_entry **groups_list(const struct tables *ts, size_t *n)
{
    struct group_entry **list = xcalloc(ts->n_groups + 1, sizeof *list), *e;
    uint32_t pos = 0;

    *n = 0;
    while ((e = index_walk(&ts->groups, &pos)) != NULL) {
        if (e->removed == RULE_VERSION_NEVER) {
            list[(*n)++] = e;
        }
    }
    qsort(list, *n, sizeof *list, compare);
    return list;
}

uint32_t groups_chained_count(const struct tables *ts, uint32_t id)
{
    return refs_count(&ts->refs, REF_GROUP_BY_GROUP, id);
}

uint32_t groups_ref_count(const struct tables *ts, uint32_t id)
{
    return refs_count(&ts->refs, REF_GROUP_BY_RULE, id) + groups_chained_count(ts, id);
}

/* ---- chains ---- */

struct chain {
    struct tables *ts;
    uint32_t goal;
    struct group_entry **todo; /* Found, not looked into yet. */
    size_t n, cap;
};

static bool reach(void *c_, uint32_t id)
{
    struct chain *c = c_;
    struct group_entry *e = groups_live(c->ts, id);

    if (id == c->goal) {
        return false;
    }
    if (e && e->mark != c->ts->chain_mark) {
        e->mark = c->ts->chain_mark;
        if (c->n == c->cap) {
            c->cap = c->cap ? 2 * c->cap : 16;
            c->todo = xrealloc(c->todo, c->cap * sizeof *c->todo);
        }
        c->todo[c->n++] = e;
    }
    return true;
}

bool groups_loops(struct tables *ts, const struct group *g)
{
    struct chain c = {.ts = ts, .goal = g->id};

    ts->chain_mark++;
    bool loops = !refs_of_group(g, reach, &c);
    while (!loops && c.n) {
        loops = !refs_of_group(&c.todo[--c.n]->group, reach, &c);
    }
    free(c.todo);
    return loops;
}

/* ---- changes ---- */

static void enter(struct tables *ts, struct group_entry *e)
{
    refs_add_group(&ts->refs, &e->group, 1);
    index_insert(&ts->groups, hash_id(ts, e->group.id), e);
    ts->n_groups++;
    undo_note(ts, UNDO_GROUP_CAME, e, NULL);
}

void groups_retract(struct tables *ts, struct group_entry *e)
{
    refs_add_group(&ts->refs, &e->group, -1);
    __atomic_store_n(&e->removed, ts->version + 1, __ATOMIC_RELAXED);
    ts->n_groups--;
}

static void leave(struct tables *ts, struct group_entry *e)
{
    undo_note(ts, UNDO_GROUP_WENT, e, NULL);
    groups_retract(ts, e);
    tables_limbo_group(ts, e);
}

void groups_revive(struct tables *ts, struct group_entry *e)
{
    ts->removed->groups = e->limbo_next;
    refs_add_group(&ts->refs, &e->group, 1);
    __atomic_store_n(&e->removed, RULE_VERSION_NEVER, __ATOMIC_RELAXED);
    ts->n_groups++;
}

void groups_unlink(struct tables *ts, struct group_entry *e)
{
    index_remove(&ts->groups, hash_id(ts, e->group.id), e);
    groups_unref(e);
}

/* The counters are those of 'old' (NULL: new ones). */
static struct group_entry *make(struct tables *ts, struct group *g, const struct group_entry *old,
                                bool keep_buckets)
{
    struct group_entry *e = xzalloc(sizeof *e);

    e->added = ts->version + 1;
    e->removed = RULE_VERSION_NEVER;
    e->refs = 1;
    e->group = *g;
    *g = (struct group){.id = e->group.id};
    e->total = counter_ref(old ? old->total : NULL);
    e->buckets = xcalloc(e->group.n_buckets + 1, sizeof(struct group_counter *));
    for (size_t i = 0; i < e->group.n_buckets; i++) {
        const struct bucket *b = &e->group.buckets[i];
        struct group_counter *same = NULL;
        for (size_t j = 0; keep_buckets && j < old->group.n_buckets && !same; j++) {
            same = old->group.buckets[j].id == b->id ? old->buckets[j] : NULL;
        }
        e->buckets[i] = counter_ref(same);
        e->watches |= b->watch_port != OFPP_ANY || b->watch_group != OFPG_ANY;
    }
    if (e->group.type == GROUP_SELECT && !strcmp(e->group.method, "dp_hash")) {
        e->slots = select_slots_new(e->group.buckets, e->group.n_buckets, &e->n_slots);
    }
    return e;
}

void groups_insert(struct tables *ts, struct group *g, int64_t now_ms)
{
    struct group_entry *e = make(ts, g, NULL, false);

    e->created_ms = now_ms;
    enter(ts, e);
}

void groups_replace(struct tables *ts, struct group_entry *old, struct group *g, bool keep_buckets)
{
    struct group_entry *e = make(ts, g, old, keep_buckets);

    e->created_ms = old->created_ms;
    enter(ts, e);
    leave(ts, old);
}

void groups_remove(struct tables *ts, struct group_entry *e)
{
    leave(ts, e);
}

void groups_credit(struct group_entry *e, uint32_t i, uint64_t packets, uint64_t bytes)
{
    struct group_counter *c = i < e->group.n_buckets ? e->buckets[i] : e->total;

    c->packets += packets;
    c->bytes += bytes;
}
