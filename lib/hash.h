/* hash.h - hash functions over words and bytes.
 *
 * Layer 0, pure.  hash_words() is the one the packet path uses: short arrays of 64-bit words;
 * longer input goes to xxHash.  Seeds come from struct env so that a peer cannot aim at buckets. */
#pragma once

#include "lib/base.h"

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
    __uint128_t m =
        (__uint128_t)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xe7037ed1a0b428db));
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t hash_words(const uint64_t *w, size_t n, uint64_t seed)
{
    uint64_t h = seed ^ n;
    for (size_t i = 0; i < n; i++) {
        h = hash_mix(h, w[i]);
    }
    return hash_mix(h, n);
}

static inline uint32_t hash_u64(uint64_t v, uint64_t seed)
{
    return (uint32_t)hash_mix(v, seed);
}

uint64_t hash_bytes(const void *, size_t n, uint64_t seed);
uint32_t hash_string(const char *, uint64_t seed);
