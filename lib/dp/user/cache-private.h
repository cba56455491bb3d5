/* cache-private.h - what the parts of the flow cache offer one another.  Worker only; see cache.h.
 */
#pragma once

#include "lib/dp/user/cache.h"

/* Adds bits to a mask that is not there yet, if there are many already. */
void cache_bound_mask(const struct cache *, struct key *mask);

/* The subtable of a mask; NULL: there is none. */
struct cache_subtable *cache_masked_lookup(const struct cache *, const struct key *mask);
/* The same, made if need be; NULL: out of memory. */
struct cache_subtable *cache_masked_subtable(struct cache *, const struct key *mask);
bool cache_masked_insert(struct cache_subtable *, struct cache_flow *) MUST_USE; /* Memory. */
void cache_masked_remove(struct cache *, struct cache_flow *); /* And its subtable if empty. */
/* Takes an empty subtable out and sends it to the outbox: walkers may still read its mask. */
void cache_masked_drop_if_empty(struct cache *, struct cache_subtable *);

/* The bits of 'mask' become relevant. */
void cache_exact_widen(struct cache *, const struct key *mask);
void cache_exact_narrow(struct cache *); /* Only what the subtables have remains relevant. */
void cache_exact_purge(struct cache *);  /* Forgets dead flows. */
void cache_exact_clear(struct cache *);  /* Forgets everything. */
