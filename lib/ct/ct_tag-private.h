/* ct_tag-private.h - connections that have a mark or a label, in lists by it: what flushes them
 * need not look at others.
 *
 * Layer 2; lib/ct only.  Any worker.  A list has the connections of one hash of marks, or of
 * labels. Room for its links is taken when the first connection that needs it has a mark or label.
 *
 * Invariants: an entry in the table with a mark (label) that is not 0 is in the list of that mark
 * (label), unless 'partial'.  The links of what is in no list are 0.  Of another process's
 * connections the lists are made anew by ct_sweep(), step by step; until it has gone round once
 * they are partial.  A list's lock is taken last: stripe, entry, then this one. */
#pragma once

#include "lib/ct/ct_arena-private.h"

#define CT_TAG_LISTS 4096u

struct ct_table;

enum ct_tag { CT_TAG_MARK, CT_TAG_LABEL, CT_N_TAGS };

struct ct_tag_list {
    struct ct_spin lock;
    uint32_t n, head, tail;
};

struct ct_tags {
    struct ct_tag_list *lists[CT_N_TAGS]; /* In 'rooms': without marks they need no memory. */
    struct ct_arena rooms[CT_N_TAGS];
    struct ct_arena links[CT_N_TAGS][2]; /* By family. */
    uint32_t n_slots[CT_N_TAGS][2];      /* That 'links' has room for. */
    bool partial;
    bool failed; /* No memory for links: they stay partial. */
};

bool ct_tags_init(struct ct_table *, uint32_t n_slots) MUST_USE;
void ct_tags_release(struct ct_table *);
/* The list of a mark or a label (16 bytes), or 0: none, for it is 0. */
uint32_t ct_tag_of_mark(uint32_t mark);
uint32_t ct_tag_of_label(const uint8_t *label);
/* Entry locked, and in the table: from a list (0: none) to another. */
void ct_tag_move(struct ct_table *, enum ct_tag, uint32_t index, uint32_t from, uint32_t to);
/* Entry locked: it comes into the table, or goes. */
void ct_tags_enter(struct ct_table *, uint32_t index);
void ct_tags_leave(struct ct_table *, uint32_t index);
/* Control thread: of what another process has left, the entry in this slot. */
void ct_tags_visit(struct ct_table *, uint32_t index);
/* A walk, as ct_zone_turn(). */
uint32_t ct_tag_turn(struct ct_table *, enum ct_tag, uint32_t list, uint32_t *generation);
uint32_t ct_tag_size(const struct ct_table *, enum ct_tag, uint32_t list);
