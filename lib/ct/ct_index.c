/* ct_index.c - see ct_index.h: what of the table does not lie in its store, as one run of bytes.
 *
 * Layer 2, pure; the control thread, while no worker is in the tracker.
 *
 * The image: a header, the zones that have something, the buckets, the links of the zones' lists by
 * family.  It has a check sum of the first two, and the seed of the store that it belongs to; every
 * slot that it names is bounded before it is used.  Which entry follows which is believed: who
 * gives the image has just lived on it, and a sum of all would take longer than all the rest. */
#include "lib/ct/ct_index.h"

#include <stdlib.h>

#include "lib/ct/ct-private.h"
#include "lib/hash.h"

#define IMAGE_VERSION 2u

static const char magic[8] = "SluiceIx";

struct image_shard {
    uint32_t head[CT_N_CLASSES], tail[CT_N_CLASSES], free[2];
};

struct image {
    char magic[8];
    uint64_t check; /* Of all behind it, up to the buckets. */
    uint32_t version, n_zones;
    uint64_t layout, seed;
    uint32_t max, n, n_buckets, zone_limit;
    uint32_t n_used[2], evict_pos[2];
    struct image_shard shards[CT_N_SHARDS];
};

struct image_zone {
    uint32_t zone, n, limit, head, tail;
    uint8_t limited, liberal, pad[2];
};

static bool has_something(const struct ct_zone *z)
{
    return z->n || z->limited || z->liberal || z->head;
}

static uint32_t count_zones(const struct ct_table *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < CT_N_ZONES; i++) {
        n += has_something(&t->zones[i]);
    }
    return n;
}

static size_t size_of(uint32_t n_zones, uint32_t n_buckets, const uint32_t n_used[2])
{
    return sizeof(struct image) + n_zones * sizeof(struct image_zone) +
           (size_t)n_buckets * sizeof(struct ct_bucket) +
           ((size_t)n_used[0] + n_used[1]) * sizeof(struct ct_zone_link);
}

static uint64_t check_of(const struct image *im)
{
    size_t size = sizeof *im + im->n_zones * sizeof(struct image_zone);
    size_t from = offsetof(struct image, check) + sizeof im->check;
    return hash_bytes((const uint8_t *)im + from, size - from, IMAGE_VERSION);
}

size_t ct_index_size(const struct ct *ct)
{
    const struct ct_table *t = &ct->table;
    const uint32_t n_used[2] = {t->pools[0].n_used, t->pools[1].n_used};
    return size_of(count_zones(t), t->n_buckets, n_used);
}

static uint8_t *put(uint8_t *to, const void *from, size_t n)
{
    memcpy(to, from, n);
    return to + n;
}

static uint8_t *put_zones(const struct ct_table *t, uint8_t *to, uint32_t *n)
{
    for (uint32_t i = 0; i < CT_N_ZONES; i++) {
        const struct ct_zone *z = &t->zones[i];
        if (has_something(z)) {
            const struct image_zone iz = {.zone = i,
                                          .n = z->n,
                                          .limit = z->limit,
                                          .head = z->head,
                                          .tail = z->tail,
                                          .limited = z->limited,
                                          .liberal = z->liberal};
            to = put(to, &iz, sizeof iz);
            ++*n;
        }
    }
    return to;
}

/* Slot 0 has no link; where no other was ever given out there is no memory yet. */
static uint8_t *put_links(const struct ct_pool *pool, uint8_t *to)
{
    const size_t first = sizeof(struct ct_zone_link);
    memset(to, 0, first);
    return pool->n_used == 1
               ? to + first
               : put(to + first, pool->zone_links.base + first, (pool->n_used - 1) * first);
}

size_t ct_index_write(struct ct *ct, void *to_)
{
    struct ct_table *t = &ct->table;
    struct image im = {.version = IMAGE_VERSION,
                       .layout = ct_kept_layout(),
                       .seed = t->seed,
                       .max = t->max,
                       .n = t->n,
                       .n_buckets = t->n_buckets,
                       .zone_limit = t->zone_limit};
    memcpy(im.magic, magic, sizeof magic);
    for (int i = 0; i < CT_N_SHARDS; i++) {
        struct ct_shard *sh = &t->shards[i];
        ct_slot_end_rest(t, sh);
        memcpy(im.shards[i].head, sh->head, sizeof sh->head);
        memcpy(im.shards[i].tail, sh->tail, sizeof sh->tail);
        memcpy(im.shards[i].free, sh->free, sizeof sh->free);
    }
    for (int f = 0; f < 2; f++) {
        im.n_used[f] = t->pools[f].n_used;
        im.evict_pos[f] = t->evict_pos[f];
    }
    uint8_t *to = put_zones(t, (uint8_t *)to_ + sizeof im, &im.n_zones);
    to = put(to, t->buckets.base, t->n_buckets * sizeof(struct ct_bucket));
    for (int f = 0; f < 2; f++) {
        to = put_links(&t->pools[f], to);
    }
    size_t size = (size_t)(to - (uint8_t *)to_);
    memcpy(to_, &im, sizeof im);
    ((struct image *)to_)->check = check_of(to_);
    return size;
}

void ct_index_slots(const struct ct *ct, uint32_t n_slots[2])
{
    n_slots[0] = ct->table.pools[0].n_used;
    n_slots[1] = ct->table.pools[1].n_used;
}

/* ---- the next process ---- */

/* Takes the memory now: the system gives it page by page, which lasts longer than all else. */
static bool touch(struct ct_arena *a, size_t bytes)
{
    bool ok = ct_arena_grow(a, bytes);
    if (ok) {
        ct_arena_populate(a, 0, bytes);
    }
    return ok;
}

bool ct_index_expect(struct ct_table *t, const uint32_t n_slots[2])
{
    size_t n_buckets = ((size_t)n_slots[0] + n_slots[1]) / CT_BUCKET_LOAD;
    bool ok = touch(&t->buckets, MIN(n_buckets * sizeof(struct ct_bucket), t->buckets.reserved));
    for (int f = 0; f < 2; f++) {
        size_t n = MIN(n_slots[f], t->pools[f].n_slots);
        ok = ok && touch(&t->pools[f].zone_links, n * sizeof(struct ct_zone_link));
    }
    return ok;
}

/* Is it a slot that exists, or none? */
static bool slot_ok(const struct image *im, uint32_t index)
{
    return !index || ((index & CT_INDEX_SLOT) && (index & CT_INDEX_SLOT) < im->n_used[index >> 31]);
}

/* The same of a great many, while packets wait: the largest of each family say it, without a
 * branch. */
struct bounds {
    uint32_t top, top4; /* 'top': of both, which is one of IPv6 if there is any. */
    bool bare;          /* Slot 0 of IPv6. */
};

static inline void bounds_add(struct bounds *b, uint32_t index)
{
    uint32_t ip4 = index & ((index >> 31) - 1);
    b->top = MAX(b->top, index);
    b->top4 = MAX(b->top4, ip4);
    b->bare |= index == CT_INDEX_IP6;
}

static bool bounds_ok(const struct bounds *b, const struct image *im)
{
    return !b->bare && slot_ok(im, b->top) && slot_ok(im, b->top4);
}

static void add_slots(struct bounds *b, const uint32_t *index, size_t n)
{
    struct bounds now = *b; /* In registers. */
    for (size_t i = 0; i < n; i++) {
        bounds_add(&now, index[i]);
    }
    *b = now;
}

static void add_buckets(struct bounds *b, const struct ct_bucket *bucket, size_t n)
{
    struct bounds now = *b;
    for (const struct ct_bucket *end = bucket + n; bucket < end; bucket++) {
        for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++) {
            bounds_add(&now, (uint32_t)bucket->slot[i]);
        }
        bounds_add(&now, bucket->more);
    }
    *b = now;
}

/* NULL, or what is wrong with it. */
static const char *check(const struct ct_table *t, const struct image *im, size_t size)
{
    if (size < sizeof *im || memcmp(im->magic, magic, sizeof magic) ||
        im->version != IMAGE_VERSION || im->layout != ct_kept_layout()) {
        return "it is of another version";
    }
    if (im->seed != t->seed) {
        return "it belongs to another table";
    }
    if (im->n_zones > CT_N_ZONES || im->n_buckets < CT_N_STRIPES ||
        im->n_buckets > t->buckets.reserved / sizeof(struct ct_bucket) || !im->n_used[0] ||
        !im->n_used[1] || im->n_used[0] > t->pools[0].n_slots ||
        im->n_used[1] > t->pools[1].n_slots ||
        size_of(im->n_zones, im->n_buckets, im->n_used) != size || im->check != check_of(im)) {
        return "it is damaged";
    }
    return NULL;
}

/* Does the store have all that the index is about? */
static bool store_has_all(const struct ct_table *t, const struct image *im)
{
    bool ok = true;
    for (int f = 0; f < 2; f++) {
        const struct ct_pool *p = &t->pools[f];
        size_t n = im->n_used[f];
        ok &= (n == 1 ||
               (n * sizeof(struct ct_conn) <= p->conns.committed && n * 16 <= p->labels.committed &&
                n * sizeof(struct ct_alg) <= p->algs.committed &&
                (!f || n * sizeof(struct ct_addr6) <= p->addrs.committed))) &&
              !(p->labels.part && p->labels.part->partial) &&
              !(p->algs.part && p->algs.part->partial);
    }
    return ok;
}

static const uint8_t *take_zones(struct ct_table *t, const struct image *im, const uint8_t *from)
{
    struct image_zone iz;
    for (uint32_t i = 0; i < im->n_zones; i++, from += sizeof iz) {
        memcpy(&iz, from, sizeof iz);
        if (iz.zone < CT_N_ZONES && slot_ok(im, iz.head) && slot_ok(im, iz.tail)) {
            struct ct_zone *z = &t->zones[iz.zone]; /* Which may have timeouts already. */
            z->limited = iz.limited;
            z->liberal = iz.liberal;
            z->n = iz.n;
            z->limit = iz.limit;
            z->head = iz.head;
            z->tail = iz.tail;
        }
    }
    return from;
}

static bool make_room(struct ct_table *t, const struct image *im)
{
    bool ok = ct_table_presize(t, im->n_buckets * CT_BUCKET_LOAD);
    for (int f = 0; f < 2; f++) {
        ok = ok &&
             ct_arena_grow(&t->pools[f].zone_links, im->n_used[f] * sizeof(struct ct_zone_link));
    }
    return ok;
}

static void take(struct ct_table *t, const struct image *im)
{
    const uint8_t *from = take_zones(t, im, (const uint8_t *)(im + 1));
    size_t n = im->n_buckets * sizeof(struct ct_bucket);
    memcpy(t->buckets.base, from, n);
    t->n_buckets = im->n_buckets;
    from += n;
    for (int f = 0; f < 2; f++) {
        struct ct_pool *p = &t->pools[f];
        n = im->n_used[f] * sizeof(struct ct_zone_link);
        memcpy(p->zone_links.base, from, n);
        from += n;
        p->n_used = im->n_used[f];
        t->evict_pos[f] = im->evict_pos[f];
    }
    for (int i = 0; i < CT_N_SHARDS; i++) {
        struct ct_shard *sh = &t->shards[i];
        memcpy(sh->head, im->shards[i].head, sizeof sh->head);
        memcpy(sh->tail, im->shards[i].tail, sizeof sh->tail);
        memcpy(sh->free, im->shards[i].free, sizeof sh->free);
    }
    t->max = MIN(im->max, t->reserved);
    t->n = im->n;
    t->zone_limit = im->zone_limit;
}

static bool slots_all_ok(const struct image *im)
{
    const void *from = (const uint8_t *)(im + 1) + im->n_zones * sizeof(struct image_zone);
    const struct ct_bucket *buckets = from;
    const void *links = buckets + im->n_buckets;
    struct bounds b = {.bare = false};
    for (int i = 0; i < CT_N_SHARDS; i++) {
        add_slots(&b, (const uint32_t *)&im->shards[i], sizeof im->shards[i] / sizeof(uint32_t));
    }
    add_buckets(&b, buckets, im->n_buckets);
    add_slots(&b, links, 2 * ((size_t)im->n_used[0] + im->n_used[1]));
    return bounds_ok(&b, im);
}

const char *ct_index_take(struct ct_table *t, const void *image, size_t size)
{
    const struct image *im = image;
    const char *why = check(t, im, size);
    if (!why && !slots_all_ok(im)) {
        why = "it is damaged";
    }
    if (!why && !store_has_all(t, im)) {
        why = "the store had no room for all of the table";
    }
    if (!why && !make_room(t, im)) {
        why = "out of memory";
    }
    if (!why) {
        take(t, im);
    }
    return why;
}
