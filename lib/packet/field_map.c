/* field_map.c - see field_map.h.
 *
 * A table says which fields have bits in a word of struct flow.  It is filled once by a constructor
 * before main() and constant afterwards, so any thread may read it. */
#include "lib/packet/field_map.h"

static struct field_map by_word[FLOW_WORDS];

__attribute__((__constructor__)) static void index_words(void)
{
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        for (unsigned w = f->ofs / 8u; f->size && w <= (f->ofs + f->size - 1u) / 8u; w++) {
            by_word[w].bits[f->id / 64] |= BIT64(f->id % 64);
        }
    }
}

static void add(struct field_map *m, const struct field_map *more)
{
    for (unsigned i = 0; i < FIELD_MAP_WORDS; i++) {
        m->bits[i] |= more->bits[i];
    }
}

void field_map_init(struct field_map *m, const struct flow *mask)
{
    struct field_map near = {{0}};
    const uint64_t *words = flow_words(mask);

    for (unsigned w = 0; w < offsetof(struct flow, tun) / 8; w++) {
        if (words[w]) {
            add(&near, &by_word[w]);
        }
    }
    *m = near;
    FIELD_FOR_EACH(id, &near) {
        if (field_is_wild(&fields[id], mask)) { /* Only a neighbour in the word is not. */
            m->bits[id / 64] &= ~BIT64(id % 64);
        }
    }
    for (uint64_t map = mask->tun.present; map; map &= map - 1) {
        unsigned id = MF_TUN_METADATA0 + (unsigned)__builtin_ctzll(map);
        m->bits[id / 64] |= BIT64(id % 64);
    }
}
