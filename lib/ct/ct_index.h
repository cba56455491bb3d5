/* ct_index.h - the index of a table whose entries lie in a store, for the process that goes on with
 * them while this one still lives: it then need not look at each entry.
 *
 * Layer 2, pure.  Buckets, lists, zones (with their limits) and counts, in one run of bytes that is
 * handed over by the living process itself.  It is not kept in the store: what a killed process
 * leaves is believed entry by entry only (ct_adopt.c).  Not in it: expected connections, which lie
 * in the store, and fragments that wait for others: they are packets of the former process' memory,
 * and lost as any packet may be. */
#pragma once

#include "lib/ct/ct.h"

struct ct_table;

/* The control thread, while no worker is in the tracker.  The image is right as long as none is.
 * 'to': 8-byte aligned, of ct_index_size(), which the first returns too. */
size_t ct_index_write(struct ct *, void *to);
/* At any time: how much it would be now, and how many slots have been given out, by family. */
size_t ct_index_size(const struct ct *);
void ct_index_slots(const struct ct *, uint32_t n_slots[2]);

/* For ct_new(): an index of about that many slots will come.  False: no memory. */
bool ct_index_expect(struct ct_table *, const uint32_t n_slots[2]) MUST_USE;
/* For ct_kept.c: a table whose header has been checked, and whose arenas have what is kept.  NULL,
 * or why it cannot be used: then the table is still as it was. */
const char *ct_index_take(struct ct_table *, const void *image, size_t size) MUST_USE;
