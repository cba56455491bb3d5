/* key_pack.h - a key and a mask without their zeros.
 *
 * Layer 1, pure.  A table of many flows keeps pairs so: of the hundred words of a key most packets
 * have a dozen (no tunnel, no options, one kind of address), and of a mask fewer.
 *
 * Invariants: a packed pair is a whole number of words, a bitmap of words for each half ahead of
 * them; unpack(pack(x)) = x.  Its size is known from the pair, or from its first words. */
#pragma once

#include "lib/packet/key.h"

#define KEY_PACK_MAPS  ((KEY_WORDS + 63) / 64)
#define KEY_PACK_WORDS (2 * (KEY_PACK_MAPS + KEY_WORDS)) /* At most. */

struct key_pair {
    struct key key, mask;
    /* Which words key_unpack() has filled: the next one clears no others. */
    uint64_t filled[2][KEY_PACK_MAPS];
};

/* Writes at most KEY_PACK_WORDS words; how many. */
size_t key_pack(uint64_t *to, const struct key *key, const struct key *mask);
/* 'to' is all zeros, or was filled by key_unpack() and not changed since. */
void key_unpack(const uint64_t *from, struct key_pair *to);
