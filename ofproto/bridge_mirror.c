/* bridge_mirror.c - the mirrors of a bridge, and the VLANs it floods: see bridge.h.
 *
 * Journey: configuration -> here -> the snapshot for translation.  Owner: the control thread. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

static void free_mirrors(struct bridge_mirror *m, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        mirror_deinit(&m[i].mirror);
        free(m[i].src_ports);
        free(m[i].dst_ports);
    }
    free(m);
}

void bridge_mirrors_deinit(struct bridge *br)
{
    free_mirrors(br->mirrors, br->n_mirrors);
    free(br->flood_vlans);
}

static struct bridge_mirror *find(const struct bridge *br, const uint8_t id[16])
{
    for (unsigned i = 0; i < br->n_mirrors; i++) {
        if (!memcmp(br->mirrors[i].id, id, 16)) {
            return &br->mirrors[i];
        }
    }
    return NULL;
}

static bool same_ports(const uint32_t *a, size_t n_a, const uint32_t *b, size_t n_b)
{
    return n_a == n_b && (!n_a || !memcmp(a, b, n_a * sizeof *a));
}

static bool same_bitmap(const uint64_t *a, const uint64_t *b)
{
    return a && b ? !memcmp(a, b, PORT_VLAN_WORDS * sizeof *a) : a == b;
}

static bool same(const struct bridge_mirror *m, const struct bridge_mirror_config *c)
{
    return !memcmp(m->id, c->id, 16) && m->select_all == c->select_all &&
           same_ports(m->src_ports, m->n_src, c->src_ports, c->n_src) &&
           same_ports(m->dst_ports, m->n_dst, c->dst_ports, c->n_dst) &&
           same_bitmap(m->mirror.vlans, c->vlans) && m->mirror.out_port == c->out_port &&
           m->mirror.out_vlan == c->out_vlan && m->mirror.snap_len == c->snap_len;
}

static uint32_t *copy_ports(const uint32_t *ports, size_t n)
{
    return n ? xmemdup(ports, n * sizeof *ports) : NULL;
}

static struct bridge_mirror make(const struct bridge *br, const struct bridge_mirror_config *c)
{
    const struct bridge_mirror *old = find(br, c->id);
    struct bridge_mirror m = {.select_all = c->select_all,
                              .src_ports = copy_ports(c->src_ports, c->n_src),
                              .n_src = c->n_src,
                              .dst_ports = copy_ports(c->dst_ports, c->n_dst),
                              .n_dst = c->n_dst};
    struct mirror wanted = {.vlans = (uint64_t *)(uintptr_t)c->vlans,
                            .out_port = c->out_port,
                            .out_vlan = c->out_vlan,
                            .snap_len = c->snap_len,
                            .count = old ? old->mirror.count : mirror_count_new()};

    memcpy(m.id, c->id, sizeof m.id);
    mirror_copy(&m.mirror, &wanted);
    if (!old) {
        mirror_count_unref(wanted.count); /* The copy has its own. */
    }
    return m;
}

void bridge_set_mirrors(struct bridge *br, const struct bridge_mirror_config *c, unsigned n)
{
    bool changed = n != br->n_mirrors;

    for (unsigned i = 0; i < n && !changed; i++) {
        changed = !same(&br->mirrors[i], &c[i]);
    }
    if (!changed) {
        return;
    }
    struct bridge_mirror *list = xcalloc(n, sizeof *list);
    for (unsigned i = 0; i < n; i++) {
        list[i] = make(br, &c[i]);
    }
    free_mirrors(br->mirrors, br->n_mirrors);
    br->mirrors = list;
    br->n_mirrors = n;
    ofproto_cfg_changed(br->ofproto);
}

bool bridge_mirror_stats(const struct bridge *br, const uint8_t id[16], uint64_t *packets,
                         uint64_t *bytes)
{
    const struct bridge_mirror *m = find(br, id);

    if (m) {
        *packets = m->mirror.count->packets;
        *bytes = m->mirror.count->bytes;
    }
    return m != NULL;
}

void bridge_set_flood_vlans(struct bridge *br, const uint64_t *vlans)
{
    if (!same_bitmap(br->flood_vlans, vlans)) {
        free(br->flood_vlans);
        br->flood_vlans = vlans ? xmemdup(vlans, PORT_VLAN_WORDS * sizeof *vlans) : NULL;
        if (vlans) { /* Nothing is learned there any more. */
            fdb_flush_vlans(br->fdb, vlans);
        }
        revalidate_all(br->ofproto->revalidator);
        ofproto_cfg_changed(br->ofproto);
    }
}

static bool has(const uint32_t *ports, size_t n, uint32_t port)
{
    for (size_t i = 0; i < n; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
}

void bridge_mirrors_to_cfg(const struct bridge *br, struct xlate_bridge *xb)
{
    xb->flood_vlans =
        br->flood_vlans ? xmemdup(br->flood_vlans, PORT_VLAN_WORDS * sizeof(uint64_t)) : NULL;
    xb->n_mirrors = br->n_mirrors;
    for (unsigned i = 0; i < br->n_mirrors; i++) {
        const struct bridge_mirror *m = &br->mirrors[i];
        struct xlate_port *p;
        mirror_copy(&xb->mirrors[i], &m->mirror);
        HMAP_FOR_EACH(p, node, &xb->ports) {
            bool is_out = p->ofp_port == m->mirror.out_port;
            p->out_mirrors |= is_out ? BIT(i) : 0;
            if (!is_out && (m->select_all || has(m->src_ports, m->n_src, p->ofp_port))) {
                p->src_mirrors |= BIT(i);
            }
            if (!is_out && (m->select_all || has(m->dst_ports, m->n_dst, p->ofp_port))) {
                p->dst_mirrors |= BIT(i);
            }
        }
    }
}
