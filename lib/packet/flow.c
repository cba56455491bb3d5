/* flow.c - see flow.h.  Everything works on whole words. */
#include "lib/packet/flow.h"

#include "lib/hash.h"

void match_init(struct match *m)
{
    memset(m, 0, sizeof *m);
}

bool match_equal(const struct match *a, const struct match *b)
{
    return !memcmp(a, b, sizeof *a);
}

bool match_is_catchall(const struct match *m)
{
    struct match x = *m;

    if (!x.flow.key.packet_type) {
        x.mask.key.packet_type = 0;
    }
    return is_all_zeros(&x.mask, sizeof x.mask);
}

uint32_t match_hash(const struct match *m, uint64_t seed)
{
    const uint64_t *v = flow_words(&m->flow), *w = flow_words(&m->mask);
    uint64_t h = seed;

    /* Most words are wild; they add nothing. */
    for (size_t i = 0; i < FLOW_WORDS; i++) {
        if (w[i]) {
            h = hash_mix(hash_mix(h, v[i]), w[i] + i);
        }
    }
    return (uint32_t)h;
}

bool match_is_subset(const struct match *a, const struct match *b)
{
    const uint64_t *av = flow_words(&a->flow), *aw = flow_words(&a->mask);
    const uint64_t *bv = flow_words(&b->flow), *bw = flow_words(&b->mask);

    for (size_t i = 0; i < FLOW_WORDS; i++) {
        if (bw[i] & (~aw[i] | (av[i] ^ bv[i]))) {
            return false;
        }
    }
    return true;
}

bool match_overlaps(const struct match *a, const struct match *b)
{
    const uint64_t *av = flow_words(&a->flow), *aw = flow_words(&a->mask);
    const uint64_t *bv = flow_words(&b->flow), *bw = flow_words(&b->mask);

    for (size_t i = 0; i < FLOW_WORDS; i++) {
        if (aw[i] & bw[i] & (av[i] ^ bv[i])) {
            return false;
        }
    }
    return true;
}

bool match_covers(const struct match *m, const struct flow *f)
{
    const uint64_t *v = flow_words(&m->flow), *w = flow_words(&m->mask), *x = flow_words(f);

    for (size_t i = 0; i < FLOW_WORDS; i++) {
        if (w[i] & (v[i] ^ x[i])) {
            return false;
        }
    }
    return true;
}
