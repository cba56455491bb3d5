/* cache_bound.c - see cache.h: how many masks there can be.
 *
 * A packet chooses how many leading bits of its addresses and ports the rules have to look at, so
 * packets made for it could ask for thousands of masks (32 x 16 x 16 of three fields), each of
 * which every later search goes through (Csikor et al., "Tuple Space Explosion", CoNEXT 2019).  A
 * mask may always have more bits than were looked at: fewer packets share the flow then.
 *
 * - Below CACHE_MASKS_FREE any mask is welcome.
 * - From there on a new one becomes the closest that exists and has all its bits, or takes its
 *   addresses and ports in full: then only rules, not packets, make them differ.
 * - From CACHE_MASKS_MAX on it takes all bits that any mask has: there is one such mask, until a
 * new bit is looked at. */
#include "lib/dp/user/cache-private.h"

/* The bits of 'b' that 'a' lacks; -1: 'a' has some that 'b' lacks. */
static int bits_missing(const struct key *a, const struct key *b)
{
    int n = 0;

    for (unsigned i = 0; i < KEY_WORDS; i++) {
        uint64_t wa = key_words(a)[i], wb = key_words(b)[i];
        if (wa & ~wb) {
            return -1;
        }
        n += __builtin_popcountll(wb & ~wa);
    }
    return n;
}

static const struct key *closest(const struct cache *c, const struct key *mask)
{
    const struct key *best = NULL;
    int fewest = 0;

    for (uint32_t i = 0; i < c->n_subtables; i++) {
        int n = bits_missing(mask, &c->subtables[i]->mask.key);
        if (n >= 0 && (!best || n < fewest)) {
            best = &c->subtables[i]->mask.key;
            fewest = n;
        }
    }
    return best;
}

static void fill(void *member, size_t size)
{
    if (!is_all_zeros(member, size)) {
        memset(member, 0xff, size);
    }
}

void cache_bound_mask(const struct cache *c, struct key *mask)
{
    if (c->n_subtables < CACHE_MASKS_FREE || cache_masked_lookup(c, mask)) {
        return;
    }
    const struct key *other = closest(c, mask);
    if (other) {
        *mask = *other;
        return;
    }
#define FILL(MEMBER) fill(&mask->MEMBER, sizeof mask->MEMBER);
    KEY_PREFIX_MEMBERS(FILL)
#undef FILL
    if (c->n_subtables >= CACHE_MASKS_MAX && !cache_masked_lookup(c, mask)) {
        key_word *w = (key_word *)(void *)mask;
        for (unsigned i = 0; i < KEY_WORDS; i++) {
            w[i] |= key_words(&c->relevant.key)[i];
        }
    }
}
