/* select.h - how a group of type SELECT chooses among its buckets: by weight, and the same each
 * time.
 *
 * Layer 4, pure.  Two ways.  Scores: each bucket gets one from the packet's hash, and the best live
 * one wins (weighted rendezvous), so that what happens to a bucket moves no packet between two
 * others.  Slots: a table of 2^n places, in which each bucket has its share, for hashes of which a
 * cached flow shall look at few bits. */
#pragma once

#include "ofp/group.h"

#define SELECT_MAX_SLOTS 1024

/* The higher the better; 0: never (weight 0). */
uint64_t select_score(const struct bucket *, uint64_t hash);
/* '*n' places (a power of two), each the index of a bucket; NULL: no bucket has weight.  The
 * caller's to free. */
uint16_t *select_slots_new(const struct bucket *, size_t n_buckets, uint32_t *n);
