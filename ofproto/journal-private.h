/* journal-private.h - the form of a journal's file: see journal.h.
 *
 * Layer 4.  Numbers are the host's: the file never leaves the machine. */
#pragma once

#include "lib/hash.h"
#include "ofproto/journal.h"

#define JOURNAL_MAGIC   "SluiceJn"
#define JOURNAL_VERSION 1

struct journal_header {
    char magic[8];
    uint32_t version, pad;
    uint8_t boot_id[16];
};

struct journal_record {
    uint32_t len; /* Of the bytes behind it. */
    uint8_t kind, pad[3];
    uint64_t check; /* Of length, kind and bytes. */
};

static inline uint64_t journal_check(const struct journal_record *r, const void *data)
{
    return hash_bytes(data, r->len, (uint64_t)r->kind << 32 | r->len);
}
