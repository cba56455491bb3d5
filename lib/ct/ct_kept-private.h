/* ct_kept-private.h - the table of connections in a store: its header, and taking it over.
 *
 * Layer 2; lib/ct only.  The store holds the header and then each arena but the index, one part
 * each.  Whoever adopts it believes nothing: the header must be what this build would write on this
 * boot; each entry's hash must be that of its tuple, which tells half-made and damaged ones; and
 * its states must exist.  Index, lists and counts are made anew.
 *
 * All functions belong to the thread that makes the tracker. */
#pragma once

#include "lib/ct/ct.h"
#include "lib/ct/ct_arena-private.h"

#define CT_KEPT_PARTS_MAX 16
#define CT_KEPT_PARTS_MIN 7 /* Of this version's first builds. */

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
bool ct_kept_begin(struct ct_table *, const struct ct_config *, struct ct_adopted *) MUST_USE;
/* A build whose entries look otherwise has another number. */
uint64_t ct_kept_layout(void);
uint64_t ct_kept_layout_of(uint32_t version); /* The same places, with that version's numbers. */
/* The clock, for the next process. */
void ct_kept_tick(struct ct_kept *, int64_t now_ms);
void ct_kept_release(struct ct_kept *); /* The header; the arenas are their owners'. */

/* ct_migrate.c: tables in the layout of an older build.  First all of it is read, then the store is
 * made new, and the entries are written as this build has them; ct_adopt() follows. */
struct ct_layout;
struct ct_migration {
    struct ct_arena parts[5];
    uint64_t seed, now_ms;
};
const struct ct_layout *ct_layout_find(uint32_t version); /* NULL: not known. */
bool ct_layout_is_of(const struct ct_layout *, const struct ct_header *);
/* False: no memory, as of all below; ct_migrate_free() in any case. */
bool ct_migrate_read(const struct ct_store *, const struct ct_header *,
                     struct ct_migration *) MUST_USE;
bool ct_migrate_write(struct ct_table *, const struct ct_layout *, const struct ct_migration *,
                      struct ct_adopted *) MUST_USE;
void ct_migrate_free(struct ct_migration *);

/* ct_adopt.c: entry by entry; the header has been checked. */
bool ct_adopt(struct ct_table *, int64_t now_ms, struct ct_adopted *) MUST_USE;
/* Only makes usable what is kept of the arenas.  False: no memory. */
bool ct_adopt_grow(struct ct_table *) MUST_USE;
