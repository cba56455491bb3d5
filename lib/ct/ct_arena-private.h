/* ct_arena-private.h - reserved address space, backed as it is needed, by memory or by a store.
 *
 * Layer 2; lib/ct only.  Growing is the caller's to serialise; the memory below what was grown may
 * be used by any thread.  Never shrinks before it is unmapped.
 *
 * An arena in a store takes room there before its bytes are used, since writing to a full file
 * system kills.  Where the store has no room left, the arena goes on in plain memory, which the
 * next process does not find (struct ct_part says how far it will). */
#pragma once

#include "lib/ct/ct_conn-private.h"
#include "lib/ct/ct_store.h"

/* What a later process is told of an arena in a store; lies in the store's header. */
struct ct_part {
    uint64_t offset, reserved; /* Where it lies. */
    uint64_t kept, kept_again; /* Bytes that may be read; the less of the two is believed. */
    uint32_t element;          /* Size of one. */
    uint32_t partial;          /* Not zero: a lazy one, some of whose elements are not there. */
};

struct ct_arena {
    uint8_t *base;
    size_t reserved, committed;   /* Bytes. */
    const struct ct_store *store; /* NULL: memory. */
    size_t offset;                /* In the store. */
    struct ct_part *part;
    /* Lazy: most of it is never written, and takes room 64 KiB at a time by ct_arena_touch(). */
    uint64_t *chunks; /* A bit each: has its room. */
    struct ct_spin touch_lock;
    bool full;       /* The store has no room. */
    size_t has_room; /* The store has so much for certain. */
};

bool ct_arena_reserve(struct ct_arena *, size_t bytes) MUST_USE;
/* The same in a store.  What is there already becomes usable by ct_arena_grow(). */
bool ct_arena_reserve_in(struct ct_arena *, size_t bytes, const struct ct_store *, size_t offset,
                         bool lazy) MUST_USE;
/* How much of a store an arena of that many bytes takes. */
size_t ct_arena_room(size_t bytes);
void ct_arena_release(struct ct_arena *);
/* Makes the first 'bytes' usable, new ones zero.  False: beyond the reserve, or out of memory. */
bool ct_arena_grow(struct ct_arena *, size_t bytes) MUST_USE;
/* Takes the memory of these bytes, which were grown, now: any thread, none has to wait.  Not of
 * lazy ones.  What is there stays. */
void ct_arena_populate(const struct ct_arena *, size_t from, size_t to);
/* Lazy arenas, any thread: before the first use of these bytes, below what was grown.  False: out
 * of memory. */
bool ct_arena_touch_slow(struct ct_arena *, size_t ofs);

#define CT_ARENA_CHUNK ((size_t)64 << 10)

/* 'ofs': of an element that does not cross a chunk. */
static inline bool ct_arena_touch(struct ct_arena *a, size_t ofs)
{
    size_t i = ofs / CT_ARENA_CHUNK;
    return !a->chunks || __atomic_load_n(&a->chunks[i / 64], __ATOMIC_ACQUIRE) & BIT64(i % 64) ||
           ct_arena_touch_slow(a, ofs);
}
