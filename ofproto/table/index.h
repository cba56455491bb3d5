/* index.h - a hash index of pointers that readers search without locks.
 *
 * Layer 4, pure.  Open addressing with linear probing over two parallel arrays, hashes and
 * pointers. Invariants: at least a quarter of the slots is empty, so that every probe ends; an
 * entry never moves within an array; a larger array is published whole and the old one freed after
 * grace.  A reader finds every entry that is in before its read section began and stays until it
 * ends. Threads: one writer at a time (or a lock around the writers); readers under RCU. The
 * entries belong to the caller. */
#pragma once

#include <urcu/urcu-qsbr.h>

#include "lib/base.h"

struct index_slots {
    struct rcu_head rcu;
    uint32_t mask;  /* Number of slots less one. */
    uint32_t *hash; /* 0 empty, 1 deleted. */
    void *ptr[];
};

struct index {
    struct index_slots *slots; /* NULL while nothing was ever in. */
    uint32_t n_live, n_used;   /* Entries; entries and deleted ones. */
};

void index_init(struct index *);
void index_deinit(struct index *); /* No reader can be left. */
void index_insert(struct index *, uint32_t hash, void *);
void index_replace(struct index *, uint32_t hash, const void *old, void *new_ptr);
void index_remove(struct index *, uint32_t hash, const void *);

/* A multiset of hashes: the "pointer" is a count. */
void index_count_add(struct index *, uint32_t hash);
void index_count_sub(struct index *, uint32_t hash);

/* Hashes 0 and 1 have a meaning of their own. */
static inline uint32_t index_real_hash(uint32_t hash)
{
    return hash < 2 ? hash + 2 : hash;
}

struct index_probe {
    const struct index_slots *slots;
    uint32_t hash, pos;
};

static inline void *index_next(struct index_probe *p)
{
    const struct index_slots *s = p->slots;

    while (s) {
        uint32_t i = p->pos & s->mask;
        uint32_t h = __atomic_load_n(&s->hash[i], __ATOMIC_ACQUIRE);
        if (!h) {
            return NULL;
        }
        p->pos = i + 1;
        if (h == p->hash) {
            void *ptr = __atomic_load_n(&s->ptr[i], __ATOMIC_ACQUIRE);
            if (ptr) {
                return ptr;
            }
        }
    }
    return NULL;
}

/* Entries with this hash, one after the other; NULL at the end. */
static inline void *index_first(const struct index *x, uint32_t hash, struct index_probe *p)
{
    p->slots = __atomic_load_n(&x->slots, __ATOMIC_ACQUIRE);
    p->hash = index_real_hash(hash);
    p->pos = p->hash;
    return index_next(p);
}

static inline bool index_contains(const struct index *x, uint32_t hash)
{
    struct index_probe p;
    return index_first(x, hash, &p) != NULL;
}

/* Writer: all entries, in no particular order; *pos begins with 0; NULL at the end.  Nothing may be
 * inserted during the walk. */
void *index_walk(const struct index *, uint32_t *pos);
