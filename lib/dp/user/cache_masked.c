/* cache_masked.c - see cache.h: tuple-space search over subtables.
 *
 * A subtable is an open-addressing table with linear probing, at most half full; what is removed is
 * filled by those behind it.  Hashes stand beside the pointers: a flow that is not there costs one
 * cache line of each subtable, one that is there two. */
#include <stdlib.h>

#include "lib/dp/user/cache-private.h"
#include "lib/mem.h"

#define SORT_EVERY 4096 /* Hits behind the first subtable. */

static void sort_subtables(struct cache *c)
{
    for (uint32_t i = 1; i < c->n_subtables; i++) {
        struct cache_subtable *s = c->subtables[i];
        uint32_t j = i;
        for (; j > 0 && c->subtables[j - 1]->hits < s->hits; j--) {
            c->subtables[j] = c->subtables[j - 1];
        }
        c->subtables[j] = s;
    }
    for (uint32_t i = 0; i < c->n_subtables; i++) {
        c->subtables[i]->hits /= 2;
    }
    c->unsorted_hits = 0;
}

void cache_masked_prefetch(const struct cache *c, const struct key *key)
{
    if (c->n_subtables) {
        const struct cache_subtable *s = c->subtables[0];
        uint64_t words[KEY_WORDS];
        uint64_t hash = cache_mask_apply(&s->mask, key, c->seed, words);
        __builtin_prefetch(&s->slots[hash & s->slot_mask]);
    }
}

struct cache_flow *cache_masked_find(struct cache *c, const struct key *key)
{
    for (uint32_t i = 0; i < c->n_subtables; i++) {
        struct cache_subtable *s = c->subtables[i];
        uint64_t words[KEY_WORDS];
        uint64_t hash = cache_mask_apply(&s->mask, key, c->seed, words);

        for (uint64_t at = hash & s->slot_mask; s->slots[at].flow; at = (at + 1) & s->slot_mask) {
            struct cache_flow *f = s->slots[at].flow;
            if (s->slots[at].hash == hash &&
                !memcmp(f->words, words, s->mask.n * sizeof(uint64_t))) {
                s->hits++;
                if (i && ++c->unsorted_hits >= SORT_EVERY) {
                    sort_subtables(c);
                }
                return f;
            }
        }
    }
    return NULL;
}

static bool grow_list(struct cache *c)
{
    if (c->n_subtables < c->cap_subtables) {
        return true;
    }
    uint32_t cap = c->cap_subtables ? c->cap_subtables * 2 : 16;
    void *p = mem_try_realloc(c->subtables, cap * sizeof *c->subtables);
    if (!p) {
        return false;
    }
    c->subtables = p;
    c->cap_subtables = cap;
    return true;
}

struct cache_subtable *cache_masked_lookup(const struct cache *c, const struct key *mask)
{
    for (uint32_t i = 0; i < c->n_subtables; i++) {
        if (!memcmp(&c->subtables[i]->mask.key, mask, sizeof *mask)) {
            return c->subtables[i];
        }
    }
    return NULL;
}

struct cache_subtable *cache_masked_subtable(struct cache *c, const struct key *mask)
{
    struct cache_subtable *s = cache_masked_lookup(c, mask);

    if (s) {
        return s;
    }
    s = grow_list(c) ? mem_try_zalloc(sizeof *s) : NULL;
    if (!s) {
        return NULL;
    }
    s->slot_mask = 15;
    s->slots = mem_try_zalloc((s->slot_mask + 1) * sizeof *s->slots);
    if (!s->slots) {
        free(s);
        return NULL;
    }
    s->msg.kind = CACHE_MSG_SUBTABLE;
    cache_mask_init(&s->mask, mask);
    c->subtables[c->n_subtables++] = s;
    return s;
}

static void put(struct cache_slot *slots, uint32_t mask, struct cache_slot slot)
{
    uint64_t at = slot.hash & mask;

    while (slots[at].flow) {
        at = (at + 1) & mask;
    }
    slots[at] = slot;
}

/* False: out of memory, and no room for one more. */
static bool grow(struct cache_subtable *s)
{
    uint32_t mask = s->slot_mask * 2 + 1;
    struct cache_slot *slots = mem_try_zalloc(((size_t)mask + 1) * sizeof *slots);

    if (!slots) {
        return s->n_flows < s->slot_mask; /* Fuller, but one slot ends a search. */
    }
    for (uint32_t i = 0; i <= s->slot_mask; i++) {
        if (s->slots[i].flow) {
            put(slots, mask, s->slots[i]);
        }
    }
    free(s->slots);
    s->slots = slots;
    s->slot_mask = mask;
    return true;
}

bool cache_masked_insert(struct cache_subtable *s, struct cache_flow *f)
{
    if ((s->n_flows + 1) * 2 > s->slot_mask + 1 && !grow(s)) {
        return false;
    }
    s->n_flows++;
    put(s->slots, s->slot_mask, (struct cache_slot){.flow = f, .hash = f->hash});
    return true;
}

void cache_masked_remove(struct cache *c, struct cache_flow *f)
{
    struct cache_subtable *s = f->subtable;
    const uint64_t mask = s->slot_mask;
    uint64_t gap = f->hash & mask;

    while (s->slots[gap].flow != f) {
        gap = (gap + 1) & mask;
    }
    for (uint64_t at = (gap + 1) & mask; s->slots[at].flow; at = (at + 1) & mask) {
        /* May it stand at the gap?  Not if its own place lies behind it. */
        if (((at - s->slots[at].hash) & mask) >= ((at - gap) & mask)) {
            s->slots[gap] = s->slots[at];
            gap = at;
        }
    }
    s->slots[gap].flow = NULL;
    s->n_flows--;
    cache_masked_drop_if_empty(c, s);
}

void cache_masked_drop_if_empty(struct cache *c, struct cache_subtable *s)
{
    uint32_t i = 0;

    if (s->n_flows) {
        return;
    }
    while (c->subtables[i] != s) {
        i++;
    }
    memmove(&c->subtables[i], &c->subtables[i + 1], (--c->n_subtables - i) * sizeof(*c->subtables));
    free(s->slots);
    s->slots = NULL;
    cache_msg_push(&c->outbox, &s->msg);
}
