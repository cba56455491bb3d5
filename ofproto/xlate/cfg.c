/* cfg.c - see cfg.h. */
#include "ofproto/xlate/cfg.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/packet/tlv_table.h"
#include "ofproto/xlate/continuation.h"
#include "ofproto/xlate/fdb.h"

struct xlate_cfg *xlate_cfg_new(const struct dp_features *features, struct continuations *conts)
{
    struct xlate_cfg *cfg = xzalloc(sizeof *cfg);

    cfg->features = *features;
    if (features->ct_timeout_zones) {
        cfg->features.ct_timeout_zones = cfg->timeout_zones =
            xmemdup(features->ct_timeout_zones, 65536 / 8);
    }
    tunnel_map_init(&cfg->tunnels);
    cfg->continuations = conts;
    continuations_ref(conts);
    return cfg;
}

struct xlate_bridge *xlate_cfg_add_bridge(struct xlate_cfg *cfg, uint32_t id, const char *name,
                                          struct tables *tables, struct fdb *fdb)
{
    struct xlate_bridge *b = xzalloc(sizeof *b);

    b->cfg = cfg;
    b->id = id;
    b->name = xstrdup(name);
    b->tables = tables;
    tables_ref(tables);
    b->fdb = fdb;
    fdb_ref(fdb);
    hmap_init(&b->ports);
    b->next = cfg->bridges;
    cfg->bridges = b;
    return b;
}

void xlate_bridge_set_tlvs(struct xlate_bridge *b, struct tlv_table *t)
{
    b->tlvs = tlv_table_ref(t);
}

static size_t hash_port(uint32_t ofp_port)
{
    return hash_u64(ofp_port, 0);
}

struct xlate_port *xlate_cfg_add_port(struct xlate_bridge *b, uint32_t ofp_port, uint32_t dp_port,
                                      const char *name, const char *peer_name)
{
    struct xlate_port *p = xzalloc(sizeof *p);

    p->bridge = b;
    p->ofp_port = ofp_port;
    p->dp_port = dp_port;
    p->vlan = PORT_VLAN_INIT;
    p->name = xstrdup(name);
    p->peer_name = peer_name ? xstrdup(peer_name) : NULL;
    hmap_insert(&b->ports, &p->node, hash_port(ofp_port));
    b->n_ports++;
    return p;
}

void xlate_port_set_tunnel(struct xlate_port *p, const struct tunnel_config *config,
                           struct tunnel_stats *stats)
{
    p->tunnel = xmemdup(config, sizeof *config);
    p->tunnel_stats = tunnel_stats_ref(stats);
}

void xlate_port_set_dscps(struct xlate_port *p, const struct xlate_queue_dscp *dscps, size_t n)
{
    p->dscps = xmemdup(dscps, n * sizeof *dscps);
    p->n_dscps = n;
}

static int compare_ports(const void *a_, const void *b_)
{
    const struct xlate_port *const *a = a_, *const *b = b_;
    return (*a)->ofp_port < (*b)->ofp_port ? -1 : (*a)->ofp_port > (*b)->ofp_port;
}

static void list_ports(struct xlate_bridge *b)
{
    struct xlate_port *p;
    size_t n = 0;

    b->port_list = xcalloc(b->n_ports + 1, sizeof(struct xlate_port *));
    HMAP_FOR_EACH(p, node, &b->ports) {
        b->port_list[n++] = p;
    }
    qsort(b->port_list, n, sizeof(struct xlate_port *), compare_ports);
}

static void index_dp_port(struct xlate_cfg *cfg, struct xlate_port *p)
{
    if (p->dp_port == DP_PORT_NONE) {
        return;
    }
    if (p->tunnel) {
        tunnel_map_add(&cfg->tunnels, p->dp_port, p->tunnel, p);
        return;
    }
    if (p->dp_port >= cfg->n_dp_ports) {
        uint32_t n = p->dp_port + 1;
        cfg->by_dp_port = xrealloc(cfg->by_dp_port, n * sizeof(struct xlate_port *));
        memset(&cfg->by_dp_port[cfg->n_dp_ports], 0,
               (n - cfg->n_dp_ports) * sizeof(struct xlate_port *));
        cfg->n_dp_ports = n;
    }
    cfg->by_dp_port[p->dp_port] = p;
}

static struct xlate_port *patch_port_by_name(const struct xlate_cfg *cfg, const char *name)
{
    for (struct xlate_bridge *b = cfg->bridges; b; b = b->next) {
        for (size_t i = 0; i < b->n_ports; i++) {
            if (b->port_list[i]->peer_name && !strcmp(b->port_list[i]->name, name)) {
                return b->port_list[i];
            }
        }
    }
    return NULL;
}

/* Both ends must name each other. */
static void join_patch_port(const struct xlate_cfg *cfg, struct xlate_port *p)
{
    struct xlate_port *peer = p->peer_name ? patch_port_by_name(cfg, p->peer_name) : NULL;

    if (peer && !strcmp(peer->peer_name, p->name)) {
        p->peer = peer;
    }
}

void xlate_cfg_finish(struct xlate_cfg *cfg)
{
    for (struct xlate_bridge *b = cfg->bridges; b; b = b->next) {
        list_ports(b);
    }
    for (struct xlate_bridge *b = cfg->bridges; b; b = b->next) {
        for (size_t i = 0; i < b->n_ports; i++) {
            index_dp_port(cfg, b->port_list[i]);
            join_patch_port(cfg, b->port_list[i]);
        }
    }
}

static void port_free(struct xlate_port *p)
{
    port_vlan_deinit(&p->vlan);
    free(p->dscps);
    free(p->tunnel);
    tunnel_stats_unref(p->tunnel_stats);
    free(p->name);
    free(p->peer_name);
    free(p);
}

static void bridge_free(struct xlate_bridge *b)
{
    struct xlate_port *p, *next;

    HMAP_FOR_EACH_SAFE(p, next, node, &b->ports) {
        hmap_remove(&b->ports, &p->node);
        port_free(p);
    }
    hmap_deinit(&b->ports);
    tables_unref(b->tables);
    fdb_unref(b->fdb);
    tlv_table_unref(b->tlvs);
    for (unsigned i = 0; i < b->n_mirrors; i++) {
        mirror_deinit(&b->mirrors[i]);
    }
    free(b->flood_vlans);
    free(b->ipfix);
    free(b->in_band);
    free(b->port_list);
    free(b->name);
    free(b);
}

void xlate_cfg_free(struct xlate_cfg *cfg)
{
    if (!cfg) {
        return;
    }
    for (struct xlate_bridge *b = cfg->bridges, *next; b; b = next) {
        next = b->next;
        bridge_free(b);
    }
    continuations_unref(cfg->continuations);
    free(cfg->by_dp_port);
    free(cfg->timeout_zones);
    tunnel_map_deinit(&cfg->tunnels);
    free(cfg);
}

const struct xlate_bridge *xlate_cfg_bridge(const struct xlate_cfg *cfg, uint32_t id)
{
    const struct xlate_bridge *b = cfg->bridges;

    while (b && b->id != id) {
        b = b->next;
    }
    return b;
}

const struct xlate_port *xlate_cfg_dp_port(const struct xlate_cfg *cfg, uint32_t dp_port)
{
    return dp_port < cfg->n_dp_ports ? cfg->by_dp_port[dp_port] : NULL;
}

const struct xlate_port *xlate_cfg_ofp_port(const struct xlate_bridge *b, uint32_t ofp_port)
{
    const struct xlate_port *p;

    HMAP_FOR_EACH_WITH_HASH(p, node, hash_port(ofp_port), &b->ports) {
        if (p->ofp_port == ofp_port) {
            return p;
        }
    }
    return NULL;
}
