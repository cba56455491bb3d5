/* key_pack.c - see key_pack.h. */
#include "lib/packet/key_pack.h"

static key_word *words_of(struct key *k)
{
    return (key_word *)(void *)k;
}

static size_t pack_half(uint64_t *map, uint64_t *to, const struct key *k)
{
    const key_word *w = key_words(k);
    size_t n = 0;

    memset(map, 0, KEY_PACK_MAPS * sizeof *map);
    for (size_t i = 0; i < KEY_WORDS; i++) {
        if (w[i]) {
            map[i / 64] |= BIT64(i % 64);
            to[n++] = w[i];
        }
    }
    return n;
}

size_t key_pack(uint64_t *to, const struct key *key, const struct key *mask)
{
    size_t n = 2 * KEY_PACK_MAPS;

    n += pack_half(to, to + n, key);
    n += pack_half(to + KEY_PACK_MAPS, to + n, mask);
    return n;
}

static const uint64_t *unpack_half(const uint64_t *map, const uint64_t *from, uint64_t *filled,
                                   struct key *to)
{
    for (size_t m = 0; m < KEY_PACK_MAPS; m++) {
        key_word *w = words_of(to) + 64 * m;
        for (uint64_t old = filled[m] & ~map[m]; old; old &= old - 1) {
            w[__builtin_ctzll(old)] = 0;
        }
        for (uint64_t bits = map[m]; bits; bits &= bits - 1) {
            w[__builtin_ctzll(bits)] = *from++;
        }
        filled[m] = map[m];
    }
    return from;
}

void key_unpack(const uint64_t *from, struct key_pair *to)
{
    const uint64_t *at = from + 2 * KEY_PACK_MAPS;

    at = unpack_half(from, at, to->filled[0], &to->key);
    unpack_half(from + KEY_PACK_MAPS, at, to->filled[1], &to->mask);
}
