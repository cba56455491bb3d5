/* cache_exact.c - see cache.h: the exact-match cache.  Two places for each hash; a taken place is
 * given up to a newcomer only now and then, so that a flood of short flows does not wash out the
 * long ones. */
#include "lib/dp/user/cache-private.h"

#define EVICT_EVERY 8 /* Of the newcomers that find both places taken. */

static inline uint32_t place(const struct cache *c, uint64_t hash, int i)
{
    return (uint32_t)(i ? hash >> 32 : hash) & (c->n_slots - 1);
}

void cache_probe(const struct cache *c, const struct key *key, struct cache_probe *p)
{
    p->generation = c->generation;
    p->hash = cache_mask_apply(&c->relevant, key, c->seed, p->words);
    __builtin_prefetch(&c->slots[place(c, p->hash, 0)]);
    __builtin_prefetch(&c->slot_words[(size_t)place(c, p->hash, 0) * c->relevant.n]);
}

struct cache_flow *cache_exact_find(const struct cache *c, const struct cache_probe *p)
{
    unsigned n = c->relevant.n;

    for (int i = 0; i < 2; i++) {
        uint32_t at = place(c, p->hash, i);
        const struct cache_slot *s = &c->slots[at];
        if (s->flow && s->hash == p->hash &&
            !memcmp(&c->slot_words[(size_t)at * n], p->words, n * sizeof(uint64_t))) {
            return s->flow;
        }
    }
    return NULL;
}

static void vacate(struct cache_slot *s)
{
    if (s->flow) {
        s->flow->n_exact--;
        s->flow = NULL;
    }
}

void cache_exact_add(struct cache *c, const struct cache_probe *p, struct cache_flow *f)
{
    unsigned n = c->relevant.n;
    uint32_t at = place(c, p->hash, 0);

    if (c->slots[at].flow && c->slots[at].hash != p->hash) {
        uint32_t other = place(c, p->hash, 1);
        if (!c->slots[other].flow) {
            at = other;
        } else if (++c->evict_tick % EVICT_EVERY) {
            return;
        }
    }
    vacate(&c->slots[at]);
    c->slots[at] = (struct cache_slot){.flow = f, .hash = p->hash};
    memcpy(&c->slot_words[(size_t)at * n], p->words, n * sizeof(uint64_t));
    f->n_exact++;
}

void cache_exact_clear(struct cache *c)
{
    for (uint32_t i = 0; i < c->n_slots; i++) {
        vacate(&c->slots[i]);
    }
}

void cache_exact_purge(struct cache *c)
{
    for (uint32_t i = 0; i < c->n_slots; i++) {
        if (c->slots[i].flow && c->slots[i].flow->dead) {
            vacate(&c->slots[i]);
        }
    }
}

static void set_relevant(struct cache *c, const struct key *mask)
{
    if (memcmp(mask, &c->relevant.key, sizeof *mask)) {
        cache_exact_clear(c);
        cache_mask_init(&c->relevant, mask);
        c->generation++;
    }
}

static void add_bits(struct key *all, const struct key *mask)
{
    uint64_t *w = (uint64_t *)(void *)all;

    for (unsigned i = 0; i < KEY_WORDS; i++) {
        w[i] |= key_words(mask)[i];
    }
}

void cache_exact_widen(struct cache *c, const struct key *mask)
{
    struct key all = c->relevant.key;

    add_bits(&all, mask);
    set_relevant(c, &all);
}

void cache_exact_narrow(struct cache *c)
{
    struct key all = {0};

    for (uint32_t i = 0; i < c->n_subtables; i++) {
        add_bits(&all, &c->subtables[i]->mask.key);
    }
    set_relevant(c, &all);
}
