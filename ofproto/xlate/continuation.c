/* continuation.c - see continuation.h. */
#include "ofproto/xlate/continuation.h"

#include <pthread.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/table/index.h"

struct continuations {
    struct index by_id; /* Read by all. */
    uint64_t seed;
    uint32_t refs; /* Atomic. */
    struct rcu_head rcu;

    pthread_mutex_t lock; /* For all below, and for the continuations' references. */
    struct index by_state;
    uint32_t next_id, n, max;
    struct continuation *rest_first, *rest_last; /* Without references, longest first. */
};

struct continuations *continuations_new(uint64_t seed, uint32_t max)
{
    struct continuations *cs = xzalloc(sizeof *cs);

    index_init(&cs->by_id);
    index_init(&cs->by_state);
    pthread_mutex_init(&cs->lock, NULL);
    cs->seed = seed;
    cs->refs = 1;
    cs->next_id = 1;
    cs->max = max;
    return cs;
}

void continuations_start_at(struct continuations *cs, uint32_t id)
{
    pthread_mutex_lock(&cs->lock);
    cs->next_id = MAX(cs->next_id, id);
    pthread_mutex_unlock(&cs->lock);
}

uint32_t continuations_next_id(struct continuations *cs)
{
    pthread_mutex_lock(&cs->lock);
    uint32_t id = cs->next_id;
    pthread_mutex_unlock(&cs->lock);
    return id;
}

void continuations_ref(struct continuations *cs)
{
    __atomic_add_fetch(&cs->refs, 1, __ATOMIC_RELAXED);
}

static void free_rcu(struct rcu_head *rcu)
{
    struct continuations *cs = container_of_(rcu, struct continuations, rcu);
    uint32_t pos = 0;

    for (struct continuation *c; (c = index_walk(&cs->by_id, &pos)) != NULL;) {
        free(c);
    }
    index_deinit(&cs->by_id);
    index_deinit(&cs->by_state);
    pthread_mutex_destroy(&cs->lock);
    free(cs);
}

void continuations_unref(struct continuations *cs)
{
    if (cs && __atomic_sub_fetch(&cs->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        urcu_qsbr_call_rcu(&cs->rcu, free_rcu);
    }
}

static uint32_t hash_id(uint32_t id)
{
    return hash_u64(id, 0);
}

const struct continuation *continuation_find(const struct continuations *cs, uint32_t id)
{
    struct index_probe p;
    const struct continuation *c = index_first(&cs->by_id, hash_id(id), &p);

    while (c && c->id != id) {
        c = index_next(&p);
    }
    return c;
}

/* What stands behind the state. */
struct parts {
    const void *acts, *set, *stack;
};

static bool same(const struct continuation *c, const struct continuation_state *s,
                 const struct parts *p)
{
    return !memcmp(&c->state, s, sizeof *s) &&
           (!s->n_acts || !memcmp(c->acts, p->acts, s->n_acts)) &&
           (!s->n_set || !memcmp(continuation_set(c), p->set, s->n_set)) &&
           (!s->n_stack || !memcmp(continuation_stack(c), p->stack, s->n_stack));
}

static uint32_t hash_state(const struct continuations *cs, const struct continuation_state *s,
                           const struct parts *p)
{
    uint64_t h = hash_bytes(s, sizeof *s, cs->seed);

    h = s->n_acts ? hash_bytes(p->acts, s->n_acts, h) : h;
    h = s->n_set ? hash_bytes(p->set, s->n_set, h) : h;
    h = s->n_stack ? hash_bytes(p->stack, s->n_stack, h) : h;
    return (uint32_t)h;
}

static void rest_remove(struct continuations *cs, struct continuation *c)
{
    *(c->rest_prev ? &c->rest_prev->rest_next : &cs->rest_first) = c->rest_next;
    *(c->rest_next ? &c->rest_next->rest_prev : &cs->rest_last) = c->rest_prev;
}

static void rest_append(struct continuations *cs, struct continuation *c)
{
    c->rest_next = NULL;
    c->rest_prev = cs->rest_last;
    *(cs->rest_last ? &cs->rest_last->rest_next : &cs->rest_first) = c;
    cs->rest_last = c;
}

/* An id that nothing names: they are given out in turn, so that the search is short. */
static uint32_t new_id(struct continuations *cs)
{
    do {
        if (!cs->next_id) {
            cs->next_id = 1;
        }
    } while (continuation_find(cs, cs->next_id++));
    return cs->next_id - 1;
}

/* 'id' 0: a new one. */
static struct continuation *make(struct continuations *cs, uint32_t id, uint32_t hash,
                                 const struct continuation_state *s, const struct parts *p)
{
    struct continuation *c =
        cs->n < cs->max ? mem_try_zalloc(sizeof *c + s->n_acts + s->n_set + s->n_stack) : NULL;

    if (!c) {
        return NULL;
    }
    c->id = id ? id : new_id(cs);
    c->hash = hash;
    c->state = *s;
    if (s->n_acts) {
        memcpy(c->acts, p->acts, s->n_acts);
    }
    if (s->n_set) {
        memcpy((uint8_t *)c->acts + s->n_acts, p->set, s->n_set);
    }
    if (s->n_stack) {
        memcpy((uint8_t *)c->acts + s->n_acts + s->n_set, p->stack, s->n_stack);
    }
    index_insert(&cs->by_state, hash, c);
    index_insert(&cs->by_id, hash_id(c->id), c);
    cs->n++;
    return c;
}

struct continuation *continuation_get(struct continuations *cs, const struct continuation_state *s,
                                      const void *acts, const void *set, const void *stack)
{
    const struct parts parts = {acts, set, stack};
    uint32_t hash = hash_state(cs, s, &parts);
    struct index_probe p;

    pthread_mutex_lock(&cs->lock);
    struct continuation *c = index_first(&cs->by_state, hash, &p);
    while (c && !same(c, s, &parts)) {
        c = index_next(&p);
    }
    if (!c) {
        c = make(cs, 0, hash, s, &parts);
    } else if (!c->refs) {
        rest_remove(cs, c);
    }
    if (c) {
        c->refs++;
    }
    pthread_mutex_unlock(&cs->lock);
    return c;
}

struct continuation *continuation_restore(struct continuations *cs, uint32_t id,
                                          const struct continuation_state *s, const void *acts,
                                          const void *set, const void *stack)
{
    const struct parts parts = {acts, set, stack};
    struct continuation *c = NULL;

    pthread_mutex_lock(&cs->lock);
    if (id && !continuation_find(cs, id)) {
        c = make(cs, id, hash_state(cs, s, &parts), s, &parts);
    }
    if (c) {
        c->refs = 1;
    }
    pthread_mutex_unlock(&cs->lock);
    return c;
}

struct continuation *continuation_ref(struct continuations *cs, const struct continuation *found)
{
    struct continuation *c = (struct continuation *)(uintptr_t)found;

    pthread_mutex_lock(&cs->lock);
    if (!c->refs++) {
        rest_remove(cs, c);
    }
    pthread_mutex_unlock(&cs->lock);
    return c;
}

void continuation_put(struct continuations *cs, struct continuation *c, int64_t now_ms)
{
    pthread_mutex_lock(&cs->lock);
    if (!--c->refs) {
        c->idle_ms = now_ms;
        rest_append(cs, c);
    }
    pthread_mutex_unlock(&cs->lock);
}

static void continuation_free_rcu(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct continuation, rcu));
}

unsigned continuations_reclaim(struct continuations *cs, int64_t now_ms, unsigned budget)
{
    unsigned n = 0;

    pthread_mutex_lock(&cs->lock);
    while (n < budget && cs->rest_first &&
           cs->rest_first->idle_ms + CONTINUATION_REST_MS <= now_ms) {
        struct continuation *c = cs->rest_first;
        rest_remove(cs, c);
        index_remove(&cs->by_state, c->hash, c);
        index_remove(&cs->by_id, hash_id(c->id), c);
        cs->n--;
        urcu_qsbr_call_rcu(&c->rcu, continuation_free_rcu);
        n++;
    }
    pthread_mutex_unlock(&cs->lock);
    return n;
}

uint32_t continuations_count(const struct continuations *cs)
{
    return __atomic_load_n(&cs->n, __ATOMIC_RELAXED);
}
