/* refs.c - see refs.h. */
#include "ofproto/table/refs.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

struct ref {
    struct hmap_node node;
    enum ref_kind kind;
    uint32_t id, n;
};

void refs_init(struct refs *rs)
{
    hmap_init(&rs->map);
}

void refs_deinit(struct refs *rs)
{
    struct ref *r, *next;

    HMAP_FOR_EACH_SAFE(r, next, node, &rs->map) {
        hmap_remove(&rs->map, &r->node);
        free(r);
    }
    hmap_deinit(&rs->map);
}

static size_t hash_ref(enum ref_kind kind, uint32_t id)
{
    return hash_u64((uint64_t)kind << 32 | id, 0);
}

static struct ref *find(const struct refs *rs, enum ref_kind kind, uint32_t id)
{
    struct ref *r;

    HMAP_FOR_EACH_WITH_HASH(r, node, hash_ref(kind, id), &rs->map) {
        if (r->kind == kind && r->id == id) {
            return r;
        }
    }
    return NULL;
}

uint32_t refs_count(const struct refs *rs, enum ref_kind kind, uint32_t id)
{
    const struct ref *r = find(rs, kind, id);
    return r ? r->n : 0;
}

void refs_add(struct refs *rs, enum ref_kind kind, uint32_t id, int n)
{
    struct ref *r = find(rs, kind, id);

    if (!r && n > 0) {
        r = xzalloc(sizeof *r);
        r->kind = kind;
        r->id = id;
        hmap_insert(&rs->map, &r->node, hash_ref(kind, id));
    }
    if (r) {
        r->n += (uint32_t)n;
        if (!r->n) {
            hmap_remove(&rs->map, &r->node);
            free(r);
        }
    }
}

struct counting {
    struct refs *refs;
    enum ref_kind kind;
    int n;
    uint32_t seen[REFS_DISTINCT];
    unsigned n_seen;
};

static bool count_one(void *c_, uint32_t id)
{
    struct counting *c = c_;

    for (unsigned i = 0; i < c->n_seen; i++) {
        if (c->seen[i] == id) {
            return true;
        }
    }
    if (c->n_seen < REFS_DISTINCT) {
        c->seen[c->n_seen++] = id;
    }
    refs_add(c->refs, c->kind, id, c->n);
    return true;
}

static void add_options(struct refs *rs, uint64_t options, int n)
{
    for (; options; options &= options - 1) {
        refs_add(rs, REF_TUN_OPTION, (uint32_t)__builtin_ctzll(options), n);
    }
}

uint64_t refs_tun_options(const struct refs *rs)
{
    uint64_t options = 0;

    for (uint32_t i = 0; i < TUN_OPTIONS; i++) {
        options |= refs_count(rs, REF_TUN_OPTION, i) ? BIT64(i) : 0;
    }
    return options;
}

void refs_add_acts(struct refs *rs, const void *acts, size_t len, int n)
{
    struct counting c = {.refs = rs, .kind = REF_GROUP_BY_RULE, .n = n};

    acts_refs(acts, len, ACT_GROUP, count_one, &c);
    c.kind = REF_METER;
    c.n_seen = 0;
    acts_refs(acts, len, ACT_METER, count_one, &c);
    add_options(rs, acts_tun_options(acts, len), n);
}

bool refs_of_group(const struct group *g, acts_ref_cb *cb, void *aux)
{
    for (size_t i = 0; i < g->n_buckets; i++) {
        const struct bucket *b = &g->buckets[i];
        if ((b->watch_group != OFPG_ANY && !cb(aux, b->watch_group)) ||
            !acts_refs(b->acts.data, b->acts.len, ACT_GROUP, cb, aux)) {
            return false;
        }
    }
    return true;
}

void refs_add_group(struct refs *rs, const struct group *g, int n)
{
    struct counting c = {.refs = rs, .kind = REF_GROUP_BY_GROUP, .n = n};
    uint64_t options = 0;

    refs_of_group(g, count_one, &c);
    for (size_t i = 0; i < g->n_buckets; i++) {
        options |= acts_tun_options(g->buckets[i].acts.data, g->buckets[i].acts.len);
    }
    add_options(rs, options, n);
}
