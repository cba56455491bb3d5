/* base.h - the few definitions that every file of the tree may use.
 *
 * Layer 0.  No state, no functions with side effects.  Wire-order integer types are plain
 * typedefs: the name tells the reader the byte order, the compiler does not check it. */
#pragma once

#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t be16; /* Network byte order. */
typedef uint32_t be32;
typedef uint64_t be64;

#define ARRAY_SIZE(A)      (sizeof(A) / sizeof((A)[0]))
#define MIN(A, B)          ((A) < (B) ? (A) : (B))
#define MAX(A, B)          ((A) > (B) ? (A) : (B))
#define ROUND_UP(X, Y)     (((X) + (Y)-1) / (Y) * (Y))
#define DIV_ROUND_UP(X, Y) (((X) + (Y)-1) / (Y))
#define BIT(N)             (1u << (N))
#define BIT64(N)           (UINT64_C(1) << (N))

#define container_of_(P, TYPE, MEMBER) ((TYPE *)(void *)((char *)(P)-offsetof(TYPE, MEMBER)))

#define PRINTF_LIKE(FMT, ARGS) __attribute__((__format__(__printf__, FMT, ARGS)))
#define UNUSED                 __attribute__((__unused__))
#define MUST_USE               __attribute__((__warn_unused_result__))
#define NORETURN               __attribute__((__noreturn__))
#define LIKELY(X)              __builtin_expect(!!(X), 1)
#define UNLIKELY(X)            __builtin_expect(!!(X), 0)
#define CACHE_LINE             64

/* Unaligned loads and stores; packets and messages have no alignment. */
static inline uint16_t get_be16(const void *p)
{
    be16 x;
    memcpy(&x, p, sizeof x);
    return ntohs(x);
}

static inline uint32_t get_be32(const void *p)
{
    be32 x;
    memcpy(&x, p, sizeof x);
    return ntohl(x);
}

static inline uint64_t get_be64(const void *p)
{
    be64 x;
    memcpy(&x, p, sizeof x);
    return be64toh(x);
}

static inline void put_be16(void *p, uint16_t v)
{
    be16 x = htons(v);
    memcpy(p, &x, sizeof x);
}

static inline void put_be32(void *p, uint32_t v)
{
    be32 x = htonl(v);
    memcpy(p, &x, sizeof x);
}

static inline void put_be64(void *p, uint64_t v)
{
    be64 x = htobe64(v);
    memcpy(p, &x, sizeof x);
}

static inline bool is_all_zeros(const void *p, size_t n)
{
    const uint8_t *b = p;
    uint64_t word, some = 0;
    for (; n >= sizeof word; b += sizeof word, n -= sizeof word) {
        memcpy(&word, b, sizeof word);
        some |= word;
    }
    for (; n; b++, n--) {
        some |= *b;
    }
    return !some;
}

static inline bool is_all_ones(const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        if (b[i] != 0xff) {
            return false;
        }
    }
    return true;
}
