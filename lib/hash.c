/* hash.c - see hash.h. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/hash.h"

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(p, n, seed);
}

uint32_t hash_string(const char *s, uint64_t seed)
{
    return (uint32_t)hash_bytes(s, strlen(s), seed);
}
