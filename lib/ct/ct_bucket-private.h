/* ct_bucket-private.h - a bucket of the table's index: one cache line, with the hashes in it.
 *
 * Layer 2; lib/ct only.  A slot is a hash and the entry that has it, in one word, so that who looks
 * for a tuple reads its bucket and then the entry that it wants, and who looks for one that is not
 * there reads no entry at all.  Entries that found no free slot hang on a chain, by 'next'.
 *
 * Invariants:
 * - A slot is written whole, by the holder of the stripe's lock; it is read without.
 * - An entry is in one slot, or in the chain, of one bucket; it stays there until it goes or the
 *   bucket is split. */
#pragma once

#include "lib/ct/ct_conn-private.h"

#define CT_BUCKET_SLOTS 7u
/* Entries per bucket, on average, from which the index grows: chains are rare. */
#define CT_BUCKET_LOAD 3u

struct ct_bucket {
    uint64_t slot[CT_BUCKET_SLOTS]; /* Hash, index; 0: free. */
    uint32_t more;                  /* The chain, or 0. */
    uint32_t unused;
};
_Static_assert(sizeof(struct ct_bucket) == CACHE_LINE, "one line");

static inline uint64_t ct_bucket_word(uint32_t hash, uint32_t index)
{
    return (uint64_t)hash << 32 | index;
}

static inline uint32_t ct_bucket_hash(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline uint64_t ct_bucket_get(const struct ct_bucket *b, unsigned i)
{
    return __atomic_load_n(&b->slot[i], __ATOMIC_ACQUIRE);
}

static inline void ct_bucket_set(struct ct_bucket *b, unsigned i, uint64_t word)
{
    __atomic_store_n(&b->slot[i], word, __ATOMIC_RELEASE);
}

/* A free slot; none: CT_BUCKET_SLOTS. */
static inline unsigned ct_bucket_room(const struct ct_bucket *b)
{
    unsigned i = 0;
    while (i < CT_BUCKET_SLOTS && b->slot[i]) {
        i++;
    }
    return i;
}

/* Puts it into a free slot; false: there is none. */
static inline bool ct_bucket_put(struct ct_bucket *b, uint64_t word)
{
    const unsigned i = ct_bucket_room(b);
    if (i < CT_BUCKET_SLOTS) {
        ct_bucket_set(b, i, word);
    }
    return i < CT_BUCKET_SLOTS;
}

/* False: it was in none of the slots. */
static inline bool ct_bucket_take(struct ct_bucket *b, uint64_t word)
{
    for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++) {
        if (b->slot[i] == word) {
            ct_bucket_set(b, i, 0);
            return true;
        }
    }
    return false;
}
