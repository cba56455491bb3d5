/* hmap.c - see hmap.h. */
#include "lib/hmap.h"

#include <stdlib.h>

#include "lib/mem.h"

void hmap_init(struct hmap *m)
{
    *m = HMAP_INIT;
}

void hmap_deinit(struct hmap *m)
{
    free(m->buckets);
    *m = HMAP_INIT;
}

static void grow(struct hmap *m)
{
    size_t n = m->buckets ? (m->mask + 1) * 2 : 8;
    struct hmap_node **new_buckets = xcalloc(n, sizeof *new_buckets);

    for (size_t i = 0; m->buckets && i <= m->mask; i++) {
        struct hmap_node *next;
        for (struct hmap_node *node = m->buckets[i]; node; node = next) {
            next = node->next;
            struct hmap_node **b = &new_buckets[node->hash & (n - 1)];
            node->next = *b;
            *b = node;
        }
    }
    free(m->buckets);
    m->buckets = new_buckets;
    m->mask = n - 1;
}

void hmap_insert(struct hmap *m, struct hmap_node *node, size_t hash)
{
    if (!m->buckets || m->n > m->mask) {
        grow(m);
    }
    struct hmap_node **b = &m->buckets[hash & m->mask];
    node->hash = hash;
    node->next = *b;
    *b = node;
    m->n++;
}

void hmap_remove(struct hmap *m, struct hmap_node *node)
{
    struct hmap_node **p = &m->buckets[node->hash & m->mask];

    while (*p != node) {
        p = &(*p)->next;
    }
    *p = node->next;
    m->n--;
}

static struct hmap_node *from_bucket(const struct hmap *m, size_t i)
{
    for (; m->buckets && i <= m->mask; i++) {
        if (m->buckets[i]) {
            return m->buckets[i];
        }
    }
    return NULL;
}

struct hmap_node *hmap_first(const struct hmap *m)
{
    return from_bucket(m, 0);
}

struct hmap_node *hmap_next(const struct hmap *m, const struct hmap_node *node)
{
    return node->next ? node->next : from_bucket(m, (node->hash & m->mask) + 1);
}

static struct hmap_node *with_hash(struct hmap_node *node, size_t hash)
{
    while (node && node->hash != hash) {
        node = node->next;
    }
    return node;
}

struct hmap_node *hmap_first_with_hash(const struct hmap *m, size_t hash)
{
    return m->buckets ? with_hash(m->buckets[hash & m->mask], hash) : NULL;
}

struct hmap_node *hmap_next_with_hash(const struct hmap_node *node)
{
    return with_hash(node->next, node->hash);
}
