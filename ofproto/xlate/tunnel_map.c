/* tunnel_map.c - see tunnel.h: from what a packet's tunnel was to its OpenFlow port. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/xlate/tunnel.h"

/* What a port of one kind matches, zero where it takes any. */
struct pattern {
    uint64_t dp_port;
    be64 key;
    uint8_t remote[16], local[16];
};

struct entry {
    struct hmap_node node;
    struct pattern pattern;
    const struct xlate_port *port;
};

struct device {
    struct hmap_node node;
    uint32_t dp_port;
};

enum local_kind { LOCAL_CONFIGURED, LOCAL_ANY, LOCAL_FLOW };

static unsigned kind_of(const struct tunnel_config *c)
{
    enum local_kind local = c->local_flow                ? LOCAL_FLOW
                            : is_all_zeros(c->local, 16) ? LOCAL_ANY
                                                         : LOCAL_CONFIGURED;
    return 6 * c->in_key_flow + 3 * c->remote_flow + local;
}

static size_t hash_pattern(const struct pattern *p)
{
    return hash_words((const uint64_t *)(const void *)p, sizeof *p / 8, 0);
}

void tunnel_map_init(struct tunnel_map *m)
{
    for (unsigned i = 0; i < TUNNEL_N_KINDS; i++) {
        hmap_init(&m->kinds[i]);
    }
    hmap_init(&m->devices);
}

void tunnel_map_deinit(struct tunnel_map *m)
{
    struct device *d, *next_d;

    for (unsigned i = 0; i < TUNNEL_N_KINDS; i++) {
        struct entry *e, *next;
        HMAP_FOR_EACH_SAFE(e, next, node, &m->kinds[i]) {
            hmap_remove(&m->kinds[i], &e->node);
            free(e);
        }
        hmap_deinit(&m->kinds[i]);
    }
    HMAP_FOR_EACH_SAFE(d, next_d, node, &m->devices) {
        hmap_remove(&m->devices, &d->node);
        free(d);
    }
    hmap_deinit(&m->devices);
}

bool tunnel_map_is_tunnel(const struct tunnel_map *m, uint32_t dp_port)
{
    const struct device *d;

    HMAP_FOR_EACH_WITH_HASH(d, node, hash_u64(dp_port, 0), &m->devices) {
        if (d->dp_port == dp_port) {
            return true;
        }
    }
    return false;
}

void tunnel_map_add(struct tunnel_map *m, uint32_t dp_port, const struct tunnel_config *c,
                    struct xlate_port *port)
{
    struct entry *e = xzalloc(sizeof *e);

    e->port = port;
    e->pattern.dp_port = dp_port;
    e->pattern.key = c->in_key;
    memcpy(e->pattern.remote, c->remote, 16);
    memcpy(e->pattern.local, c->local, 16);
    hmap_insert(&m->kinds[kind_of(c)], &e->node, hash_pattern(&e->pattern));
    if (!tunnel_map_is_tunnel(m, dp_port)) {
        struct device *d = xzalloc(sizeof *d);
        d->dp_port = dp_port;
        hmap_insert(&m->devices, &d->node, hash_u64(dp_port, 0));
    }
}

static void address(uint8_t to[16], be32 ip4, const uint8_t ip6[16])
{
    memcpy(to, ip6, 16);
    if (ip4) {
        memset(to, 0, 10);
        to[10] = to[11] = 0xff;
        memcpy(to + 12, &ip4, 4);
    }
}

static const struct xlate_port *find(const struct hmap *map, const struct pattern *p)
{
    const struct entry *e;

    HMAP_FOR_EACH_WITH_HASH(e, node, hash_pattern(p), map) {
        if (!memcmp(&e->pattern, p, sizeof *p)) {
            return e->port;
        }
    }
    return NULL;
}

const struct xlate_port *tunnel_map_find(const struct tunnel_map *m, const struct key *k)
{
    struct pattern full = {.dp_port = k->in_port, .key = k->tun_id};
    const struct xlate_port *port = NULL;

    address(full.remote, k->tun_src, k->tun_ip6_src);
    address(full.local, k->tun_dst, k->tun_ip6_dst);
    for (unsigned i = 0; i < TUNNEL_N_KINDS && !port; i++) {
        struct pattern p = full;
        if (i >= 6) {
            p.key = 0;
        }
        if (i / 3 % 2) {
            memset(p.remote, 0, 16);
        }
        if (i % 3 != LOCAL_CONFIGURED) {
            memset(p.local, 0, 16);
        }
        port = hmap_count(&m->kinds[i]) ? find(&m->kinds[i], &p) : NULL;
    }
    return port;
}
