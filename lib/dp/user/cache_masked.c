/* cache_masked.c - see cache.h: tuple-space search over subtables. */
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

struct cache_flow *cache_masked_find(struct cache *c, const struct key *key)
{
    for (uint32_t i = 0; i < c->n_subtables; i++) {
        struct cache_subtable *s = c->subtables[i];
        uint64_t words[KEY_WORDS];
        uint64_t hash = cache_mask_apply(&s->mask, key, c->seed, words);
        struct cache_flow *f = s->buckets[hash & s->bucket_mask];

        for (; f; f = f->bucket_next) {
            if (f->hash == hash && !memcmp(f->words, words, s->mask.n * sizeof(uint64_t))) {
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

struct cache_subtable *cache_masked_subtable(struct cache *c, const struct key *mask)
{
    for (uint32_t i = 0; i < c->n_subtables; i++) {
        if (!memcmp(&c->subtables[i]->mask.key, mask, sizeof *mask)) {
            return c->subtables[i];
        }
    }
    struct cache_subtable *s = grow_list(c) ? mem_try_zalloc(sizeof *s) : NULL;
    if (!s) {
        return NULL;
    }
    s->bucket_mask = 15;
    s->buckets = mem_try_zalloc((s->bucket_mask + 1) * sizeof(*s->buckets));
    if (!s->buckets) {
        free(s);
        return NULL;
    }
    s->msg.kind = CACHE_MSG_SUBTABLE;
    cache_mask_init(&s->mask, mask);
    c->subtables[c->n_subtables++] = s;
    return s;
}

/* Doubles the buckets; without memory the chains grow longer instead. */
static void grow(struct cache_subtable *s)
{
    uint32_t mask = s->bucket_mask * 2 + 1;
    struct cache_flow **b = mem_try_zalloc(((size_t)mask + 1) * sizeof(*b)), *next;
    if (!b) {
        return;
    }
    for (uint32_t i = 0; i <= s->bucket_mask; i++) {
        for (struct cache_flow *f = s->buckets[i]; f; f = next) {
            next = f->bucket_next;
            f->bucket_next = b[f->hash & mask];
            b[f->hash & mask] = f;
        }
    }
    free(s->buckets);
    s->buckets = b;
    s->bucket_mask = mask;
}

void cache_masked_insert(struct cache_subtable *s, struct cache_flow *f)
{
    if (++s->n_flows > s->bucket_mask) {
        grow(s);
    }
    struct cache_flow **b = &s->buckets[f->hash & s->bucket_mask];
    f->bucket_next = *b;
    *b = f;
}

void cache_masked_remove(struct cache *c, struct cache_flow *f)
{
    struct cache_subtable *s = f->subtable;
    struct cache_flow **p = &s->buckets[f->hash & s->bucket_mask];

    while (*p != f) {
        p = &(*p)->bucket_next;
    }
    *p = f->bucket_next;
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
    free(s->buckets);
    s->buckets = NULL;
    cache_msg_push(&c->outbox, &s->msg);
}
