/* ct_kept-private.h - the table of connections in a store: its header, and taking it over.
 *
 * Layer 2; lib/ct only.  The store holds the header and then each arena but the index, one part
 * each.  Whoever adopts it believes nothing: the header must be what this build would write on this
 * boot; each entry's hash must be that of its tuple, which tells half-made and damaged ones; and
 * its states must exist.  Index, lists and counts are made anew.
 *
 * All functions belong to the thread that makes the tracker. */
#pragma once

#include "lib/ct/ct_arena-private.h"

#define CT_KEPT_PARTS_MAX 16

struct ct_table;

struct ct_header {
    char magic[8];
    uint32_t version, n_parts;
    uint64_t layout; /* Hash of where all that an entry has lies in it. */
    uint8_t boot_id[16];
    uint64_t seed;   /* Of the tuples' hashes. */
    uint64_t check;  /* Of all above. */
    uint64_t now_ms; /* Time base: the clock when the owner last looked. */
    struct ct_part parts[CT_KEPT_PARTS_MAX];
};

struct ct_kept {
    const struct ct_store *store; /* NULL: none. */
    struct ct_arena arena;        /* The header. */
    unsigned n_arenas;
    struct ct_arena *arenas[CT_KEPT_PARTS_MAX];
    struct ct_part want[CT_KEPT_PARTS_MAX];
};

/* 'arena' of elements of that size becomes the next part, or plain memory without a store. */
bool ct_kept_reserve(struct ct_kept *, struct ct_arena *arena, size_t n, size_t element,
                     bool lazy) MUST_USE;
/* Everything is reserved: takes over what is there, or makes the store new; sets the table's seed
 * if it adopts.  False: no memory. */
bool ct_kept_begin(struct ct_table *, int64_t now_ms, struct ct_adopted *) MUST_USE;
/* The clock, for the next process. */
void ct_kept_tick(struct ct_kept *, int64_t now_ms);
void ct_kept_release(struct ct_kept *); /* The header; the arenas are their owners'. */

/* ct_adopt.c: entry by entry; the header has been checked. */
bool ct_adopt(struct ct_table *, int64_t now_ms, struct ct_adopted *) MUST_USE;
