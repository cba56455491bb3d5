/* field_map.c - see field_map.h.
 *
 * A table says which bits of each word of struct flow are a field's.  It is filled once by a
 * constructor before main() and constant afterwards, so any thread may read it. */
#include "lib/packet/field_map.h"

#define ENTRIES_MAX (3 * MF_N_IDS) /* Fields have 16 bytes at most, tunnel options apart. */

static struct entry {
    uint64_t bits;
    uint32_t id;                       /* enum field_id */
} entries[ENTRIES_MAX];                /* By word. */
static uint16_t first[FLOW_WORDS + 1]; /* The entries of a word: from here to the next one's. */

/* The field's bits as they lie in the word; 0: it has none there. */
static uint64_t bits_in(const struct field *f, unsigned word)
{
    uint8_t bytes[8] = {0};
    uint64_t bits;

    for (unsigned i = 0; i < f->size; i++) {
        if ((f->ofs + i) / 8 == word) {
            bytes[(f->ofs + i) % 8] =
                f->size > 8 ? UINT8_MAX : (uint8_t)(f->store >> (8 * (f->size - 1u - i)));
        }
    }
    memcpy(&bits, bytes, sizeof bits);
    return bits;
}

__attribute__((__constructor__)) static void index_words(void)
{
    unsigned n = 0;

    for (unsigned w = 0; w < FLOW_WORDS; w++) {
        first[w] = (uint16_t)n;
        for (const struct field *f = fields; f < fields + MF_N_IDS && n < ENTRIES_MAX; f++) {
            uint64_t bits = bits_in(f, w);
            if (bits) {
                entries[n++] = (struct entry){bits, f->id};
            }
        }
    }
    first[FLOW_WORDS] = (uint16_t)n;
}

static void add(struct field_map *m, unsigned id)
{
    m->bits[id / 64] |= BIT64(id % 64);
}

void field_map_init(struct field_map *m, const struct flow *mask)
{
    const uint64_t *words = flow_words(mask);

    *m = (struct field_map){{0}};
    for (unsigned w = 0; w < offsetof(struct flow, tun) / 8; w++) {
        if (!words[w]) {
            continue;
        }
        for (unsigned i = first[w]; i < first[w + 1]; i++) {
            if (words[w] & entries[i].bits) {
                add(m, entries[i].id);
            }
        }
    }
    for (uint64_t map = mask->tun.present; map; map &= map - 1) {
        add(m, MF_TUN_METADATA0 + (unsigned)__builtin_ctzll(map));
    }
}
