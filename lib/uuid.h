/* uuid.h - RFC 4122 UUIDs, as rows of the configuration have them.
 *
 * Layer 0, any thread.  Bytes in the order of the text. */
#pragma once

#include "lib/base.h"

#define UUID_TEXT_LEN 36

struct uuid {
    uint8_t b[16];
};

void uuid_generate(struct uuid *);            /* Version 4, from the kernel's random. */
bool uuid_parse(const char *, struct uuid *); /* The whole string, any case. */
char *uuid_format(const struct uuid *, char s[UUID_TEXT_LEN + 1]); /* Returns 's'. */

static inline int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

static inline bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
    return !uuid_compare(a, b);
}

static inline size_t uuid_hash(const struct uuid *u)
{
    uint64_t x;
    memcpy(&x, u->b, sizeof x); /* Random already. */
    return (size_t)x;
}
