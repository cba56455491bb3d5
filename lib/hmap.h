/* hmap.h - an intrusive hash map that grows.
 *
 * Layer 0.  One thread at a time: the control side's maps.  What workers read concurrently uses
 * liburcu's cds_lfht or a structure of its own.
 * Invariant: a node is in at most one map; its hash does not change while it is in. */
#pragma once

#include "lib/base.h"

struct hmap_node {
    struct hmap_node *next;
    size_t hash;
};

struct hmap {
    struct hmap_node **buckets; /* 'mask' + 1 of them; NULL while empty. */
    size_t mask;
    size_t n;
};

#define HMAP_INIT ((struct hmap){NULL, 0, 0})
void hmap_init(struct hmap *);
void hmap_deinit(struct hmap *); /* Nodes belong to the caller. */
void hmap_insert(struct hmap *, struct hmap_node *, size_t hash);
void hmap_remove(struct hmap *, struct hmap_node *);

static inline size_t hmap_count(const struct hmap *m)
{
    return m->n;
}

/* For somebody who will look for it soon: first the bucket, then, when that has come, the node. */
static inline void hmap_prefetch(const struct hmap *m, size_t hash, bool bucket)
{
    if (m->buckets) {
        struct hmap_node **at = &m->buckets[hash & m->mask];
        __builtin_prefetch(bucket ? (const void *)at : (const void *)*at);
    }
}

struct hmap_node *hmap_first(const struct hmap *);
struct hmap_node *hmap_next(const struct hmap *, const struct hmap_node *);
struct hmap_node *hmap_first_with_hash(const struct hmap *, size_t hash);
struct hmap_node *hmap_next_with_hash(const struct hmap_node *);

/* NODE is a pointer to the containing structure, MEMBER its struct hmap_node. */
#define HMAP_ENTRY(P, NODE, MEMBER) ((P) ? container_of_(P, __typeof__(*(NODE)), MEMBER) : NULL)
#define HMAP_FOR_EACH(NODE, MEMBER, MAP)                             \
    for ((NODE) = HMAP_ENTRY(hmap_first(MAP), NODE, MEMBER); (NODE); \
         (NODE) = HMAP_ENTRY(hmap_next(MAP, &(NODE)->MEMBER), NODE, MEMBER))
#define HMAP_FOR_EACH_SAFE(NODE, NEXT, MEMBER, MAP)                                         \
    for ((NODE) = HMAP_ENTRY(hmap_first(MAP), NODE, MEMBER);                                \
         (NODE) && ((NEXT) = HMAP_ENTRY(hmap_next(MAP, &(NODE)->MEMBER), NODE, MEMBER), 1); \
         (NODE) = (NEXT))
#define HMAP_FOR_EACH_WITH_HASH(NODE, MEMBER, HASH, MAP)                             \
    for ((NODE) = HMAP_ENTRY(hmap_first_with_hash(MAP, HASH), NODE, MEMBER); (NODE); \
         (NODE) = HMAP_ENTRY(hmap_next_with_hash(&(NODE)->MEMBER), NODE, MEMBER))
