/* index.c - see index.h. */
#include "ofproto/table/index.h"

#include <stdlib.h>

#include "lib/mem.h"

#define EMPTY   0
#define DELETED 1

void index_init(struct index *x)
{
    *x = (struct index){NULL, 0, 0};
}

static struct index_slots *slots_new(uint32_t n)
{
    struct index_slots *s = xzalloc(sizeof *s + n * (sizeof s->ptr[0] + sizeof s->hash[0]));

    s->mask = n - 1;
    s->hash = (uint32_t *)(void *)&s->ptr[n];
    return s;
}

void index_deinit(struct index *x)
{
    free(x->slots);
    index_init(x);
}

static void free_slots(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct index_slots, rcu));
}

/* Into the first slot that is free; pointer before hash, so that whoever sees the hash sees the
 * pointer.  True if the slot was empty, not deleted. */
static bool put(struct index_slots *s, uint32_t hash, void *ptr)
{
    uint32_t i = hash & s->mask;

    while (s->hash[i] > DELETED) {
        i = (i + 1) & s->mask;
    }
    bool was_empty = s->hash[i] == EMPTY;
    __atomic_store_n(&s->ptr[i], ptr, __ATOMIC_RELEASE);
    __atomic_store_n(&s->hash[i], hash, __ATOMIC_RELEASE);
    return was_empty;
}

static void rebuild(struct index *x)
{
    struct index_slots *old = x->slots;
    uint32_t n = 4;

    while (n < (x->n_live + 1) * 2) {
        n *= 2;
    }
    struct index_slots *s = slots_new(n);
    for (uint32_t i = 0; old && i <= old->mask; i++) {
        if (old->hash[i] > DELETED) {
            put(s, old->hash[i], old->ptr[i]);
        }
    }
    x->n_used = x->n_live;
    __atomic_store_n(&x->slots, s, __ATOMIC_RELEASE);
    if (old) {
        urcu_qsbr_call_rcu(&old->rcu, free_slots);
    }
}

void index_insert(struct index *x, uint32_t hash, void *ptr)
{
    if (!x->slots || (x->n_used + 1) > (x->slots->mask + 1) / 4 * 3) {
        rebuild(x);
    }
    x->n_used += put(x->slots, index_real_hash(hash), ptr);
    x->n_live++;
}

static uint32_t slot_of(const struct index *x, uint32_t hash, const void *ptr)
{
    const struct index_slots *s = x->slots;
    uint32_t i = hash & s->mask;

    while (s->hash[i] != hash || (ptr && s->ptr[i] != ptr)) {
        i = (i + 1) & s->mask;
    }
    return i;
}

void index_replace(struct index *x, uint32_t hash, const void *old, void *new_ptr)
{
    uint32_t i = slot_of(x, index_real_hash(hash), old);
    __atomic_store_n(&x->slots->ptr[i], new_ptr, __ATOMIC_RELEASE);
}

static void delete_slot(struct index *x, uint32_t i)
{
    __atomic_store_n(&x->slots->hash[i], DELETED, __ATOMIC_RELEASE);
    __atomic_store_n(&x->slots->ptr[i], NULL, __ATOMIC_RELEASE);
    x->n_live--;
}

void index_remove(struct index *x, uint32_t hash, const void *ptr)
{
    delete_slot(x, slot_of(x, index_real_hash(hash), ptr));
}

void index_count_add(struct index *x, uint32_t hash)
{
    struct index_probe p;
    void *count = index_first(x, hash, &p);

    if (!count) {
        index_insert(x, hash, (void *)(uintptr_t)1);
        return;
    }
    uint32_t i = (p.pos - 1) & x->slots->mask; /* Where the probe has found it. */
    __atomic_store_n(&x->slots->ptr[i], (void *)((uintptr_t)count + 1), __ATOMIC_RELEASE);
}

void index_count_sub(struct index *x, uint32_t hash)
{
    uint32_t i = slot_of(x, index_real_hash(hash), NULL);
    uintptr_t count = (uintptr_t)x->slots->ptr[i];

    if (count == 1) {
        delete_slot(x, i);
    } else {
        __atomic_store_n(&x->slots->ptr[i], (void *)(count - 1), __ATOMIC_RELEASE);
    }
}

void *index_walk(const struct index *x, uint32_t *pos)
{
    while (x->slots && *pos <= x->slots->mask) {
        uint32_t i = (*pos)++;
        if (x->slots->hash[i] > DELETED) {
            return x->slots->ptr[i];
        }
    }
    return NULL;
}
