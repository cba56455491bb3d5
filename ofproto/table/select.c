/* select.c - see select.h. */
#include "ofproto/table/select.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

#define FRACTION 26 /* Bits behind the point of a logarithm. */
#define SLOTS_FOR_LEAST                                                       \
    32 /* Places that the bucket of least weight has at least, if they reach. \
        */

/* log2(x) with FRACTION bits behind the point; x > 0. */
static uint64_t log2_fixed(uint64_t x)
{
    unsigned whole = 63 - (unsigned)__builtin_clzll(x);
    uint64_t m = whole > 31 ? x >> (whole - 31) : x << (31 - whole); /* 1 <= m / 2^31 < 2 */
    uint64_t log = whole;

    for (unsigned i = 0; i < FRACTION; i++) {
        m = m * m >> 31;
        log <<= 1;
        if (m >> 32) {
            log |= 1;
            m >>= 1;
        }
    }
    return log;
}

uint64_t select_score(const struct bucket *b, uint64_t hash)
{
    /* Twice, or the products of neighbours' numbers would go together. */
    uint32_t h = hash_u64(hash_mix(b->id, hash), hash);
    uint64_t below_one = (UINT64_C(32) << FRACTION) - log2_fixed((uint64_t)h + 1);

    return ((uint64_t)b->weight << 47) / MAX(below_one, UINT64_C(1));
}

static uint32_t n_slots(const struct bucket *b, size_t n_buckets)
{
    uint64_t total = 0, least = UINT16_MAX;
    uint32_t n = 16;

    for (size_t i = 0; i < n_buckets; i++) {
        total += b[i].weight;
        least = b[i].weight ? MIN(least, b[i].weight) : least;
    }
    if (!total) {
        return 0;
    }
    while (n < SELECT_MAX_SLOTS && n < total * SLOTS_FOR_LEAST / least) {
        n *= 2;
    }
    return n;
}

/* Webster's method: place after place goes to the bucket that is furthest behind its share. */
uint16_t *select_slots_new(const struct bucket *b, size_t n_buckets, uint32_t *n)
{
    uint32_t *taken;
    uint16_t *slots;

    *n = n_slots(b, n_buckets);
    if (!*n) {
        return NULL;
    }
    slots = xcalloc(*n, sizeof *slots);
    taken = xcalloc(n_buckets, sizeof *taken);
    for (uint32_t s = 0; s < *n; s++) {
        size_t best = 0;
        for (size_t i = 1; i < n_buckets; i++) {
            /* weight / (2 taken + 1), without a division. */
            if ((uint64_t)b[i].weight * (2 * taken[best] + 1) >
                (uint64_t)b[best].weight * (2 * taken[i] + 1)) {
                best = i;
            }
        }
        taken[best]++;
        slots[s] = (uint16_t)best;
    }
    free(taken);
    return slots;
}
