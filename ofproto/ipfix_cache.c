/* ipfix_cache.c - see ipfix_cache.h. */
#include "ofproto/ipfix_cache.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

struct ipfix_cache_flow {
    struct hmap_node node;
    struct ipfix_cache_flow *younger;
    int64_t began_ms; /* Monotonic. */
    struct ipfix_flow_key key;
    struct ipfix_count count;
};

void ipfix_cache_init(struct ipfix_cache *c, uint64_t seed, uint32_t max, int64_t active_ms,
                      void (*expire)(void *aux, const struct ipfix_flow_key *,
                                     const struct ipfix_count *, enum ipfix_reason),
                      void *aux)
{
    *c = (struct ipfix_cache){.expire = expire,
                              .aux = aux,
                              .seed = seed,
                              .max = MIN(max, IPFIX_CACHE_MAX),
                              .active_ms = active_ms};
    hmap_init(&c->flows);
}

/* Takes the oldest out. */
static struct ipfix_cache_flow *pop(struct ipfix_cache *c)
{
    struct ipfix_cache_flow *f = c->oldest;

    hmap_remove(&c->flows, &f->node);
    c->oldest = f->younger;
    c->youngest = c->oldest ? c->youngest : NULL;
    return f;
}

static void expire_oldest(struct ipfix_cache *c, enum ipfix_reason reason)
{
    struct ipfix_cache_flow *f = pop(c);

    c->expire(c->aux, &f->key, &f->count, reason);
    free(f);
}

void ipfix_cache_deinit(struct ipfix_cache *c)
{
    while (c->oldest) {
        free(pop(c));
    }
    hmap_deinit(&c->flows);
}

static void count(struct ipfix_count *n, const struct ipfix_flow_packet *p, int64_t wall_ms)
{
    if (!n->packets) {
        n->start_ms = wall_ms;
        n->ttl = p->ttl;
    }
    n->end_ms = MAX(wall_ms, n->start_ms); /* The wall clock may be set back. */
    n->packets++;
    n->octets += p->octets;
    n->layer2_octets += p->layer2_octets;
    n->tcp_flags |= p->tcp_flags;
}

static void expire_at_once(struct ipfix_cache *c, const struct ipfix_flow_key *key,
                           const struct ipfix_flow_packet *p, int64_t wall_ms,
                           enum ipfix_reason reason)
{
    struct ipfix_count one = {.packets = 0};

    count(&one, p, wall_ms);
    c->expire(c->aux, key, &one, reason);
}

/* NULL: no memory. */
static struct ipfix_cache_flow *add_flow(struct ipfix_cache *c, const struct ipfix_flow_key *key,
                                         size_t hash, int64_t now_ms)
{
    struct ipfix_cache_flow *f = mem_try_zalloc(sizeof *f);

    if (!f) {
        return NULL;
    }
    f->key = *key;
    f->began_ms = now_ms;
    if (c->youngest) {
        c->youngest->younger = f;
    } else {
        c->oldest = f;
    }
    c->youngest = f;
    hmap_insert(&c->flows, &f->node, hash);
    return f;
}

bool ipfix_cache_add(struct ipfix_cache *c, const struct ipfix_flow_key *key,
                     const struct ipfix_flow_packet *p, int64_t now_ms, int64_t wall_ms)
{
    struct ipfix_cache_flow *f;

    if (!c->max || !c->active_ms) {
        expire_at_once(c, key, p, wall_ms, IPFIX_ACTIVE_TIMEOUT);
        return true;
    }
    const size_t hash = hash_bytes(key, sizeof *key, c->seed);
    HMAP_FOR_EACH_WITH_HASH(f, node, hash, &c->flows) {
        if (!memcmp(&f->key, key, sizeof *key)) {
            count(&f->count, p, wall_ms);
            return false;
        }
    }
    if (hmap_count(&c->flows) == c->max) {
        expire_oldest(c, IPFIX_LACK_OF_RESOURCES);
    }
    f = add_flow(c, key, hash, now_ms);
    if (f) {
        count(&f->count, p, wall_ms);
    } else {
        expire_at_once(c, key, p, wall_ms, IPFIX_LACK_OF_RESOURCES);
    }
    return true;
}

int64_t ipfix_cache_run(struct ipfix_cache *c, int64_t now_ms)
{
    while (c->oldest && now_ms - c->oldest->began_ms >= c->active_ms) {
        expire_oldest(c, IPFIX_ACTIVE_TIMEOUT);
    }
    return c->oldest ? c->oldest->began_ms + c->active_ms : INT64_MAX;
}

void ipfix_cache_flush(struct ipfix_cache *c)
{
    while (c->oldest) {
        expire_oldest(c, IPFIX_FORCED_END);
    }
}
