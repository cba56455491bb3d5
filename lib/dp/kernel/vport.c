/* vport.c - see vport.h. */
#include "lib/dp/kernel/vport.h"

#include <net/if.h>

#include "lib/io/link.h"

/* How a type of interface is a type of vport. */
static const struct {
    const char *type;
    uint32_t vport;
} types[] = {
    {"system", OVS_VPORT_TYPE_NETDEV}, {"internal", OVS_VPORT_TYPE_INTERNAL},
    {"gre", OVS_VPORT_TYPE_GRE},       {"vxlan", OVS_VPORT_TYPE_VXLAN},
    {"geneve", OVS_VPORT_TYPE_GENEVE},
};

uint32_t vport_type_number(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (!strcmp(types[i].type, type)) {
            return types[i].vport;
        }
    }
    return OVS_VPORT_TYPE_UNSPEC;
}

const char *vport_type_name(uint32_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (types[i].vport == type) {
            return types[i].type;
        }
    }
    return "unknown";
}

/* ---- what the kernel says ---- */

static void get_options(struct vport *v, const struct nlrd *options)
{
    struct nlrd r;

    nlrd_init(&r, options->data, options->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_TUNNEL_ATTR_DST_PORT) {
            v->dst_port = nlrd_u16(&r);
        }
        v->gbp |= r.type == OVS_TUNNEL_ATTR_EXTENSION;
    }
}

void vport_read(struct vport *v, const struct nlsock_msg *m)
{
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (m->family == NLSOCK_VPORT && nlrd_next(&r)) {
        if (r.type == OVS_VPORT_ATTR_PORT_NO) {
            v->no = nlrd_u32(&r);
            v->found = true;
        } else if (r.type == OVS_VPORT_ATTR_TYPE) {
            v->type = nlrd_u32(&r);
        } else if (r.type == OVS_VPORT_ATTR_OPTIONS) {
            get_options(v, &r);
        } else if (r.type == OVS_VPORT_ATTR_NAME && r.n && r.n <= sizeof v->name &&
                   !r.data[r.n - 1]) {
            memcpy(v->name, r.data, r.n);
        } else if (r.type == OVS_VPORT_ATTR_STATS && r.n == sizeof v->stats) {
            memcpy(&v->stats, r.data, sizeof v->stats);
        }
    }
}

void vport_on_msg(void *v, const struct nlsock_msg *m)
{
    vport_read(v, m);
}

void vport_stats(const struct vport *v, struct dp_port_stats *s)
{
    struct link_stats link;

    *s = (struct dp_port_stats){.rx_over = UINT64_MAX,
                                .rx_frame = UINT64_MAX,
                                .rx_crc = UINT64_MAX,
                                .tx_aborted = UINT64_MAX,
                                .tx_carrier = UINT64_MAX,
                                .collisions = UINT64_MAX,
                                .rx_packets = v->stats.rx_packets,
                                .tx_packets = v->stats.tx_packets,
                                .rx_bytes = v->stats.rx_bytes,
                                .tx_bytes = v->stats.tx_bytes,
                                .rx_dropped = v->stats.rx_dropped,
                                .tx_dropped = v->stats.tx_dropped,
                                .rx_errors = v->stats.rx_errors,
                                .tx_errors = v->stats.tx_errors};
    if (!link_get_stats((int)if_nametoindex(v->name), &link)) {
        s->rx_over = link.rx_over_errors;
        s->rx_frame = link.rx_frame_errors;
        s->rx_crc = link.rx_crc_errors;
        s->tx_aborted = link.tx_aborted_errors;
        s->tx_carrier = link.tx_carrier_errors;
        s->collisions = link.collisions;
    }
}

void vport_read_masks(struct nlrd *r, struct dp_mask_stats *s)
{
    struct ovs_dp_megaflow_stats mega;

    if (r->type == OVS_DP_ATTR_MEGAFLOW_STATS && r->n == sizeof mega) {
        memcpy(&mega, r->data, sizeof mega);
        s->hits = mega.n_mask_hit;
        s->n_masks = mega.n_masks;
        s->cache_hits = mega.n_cache_hit;
        s->has_cache_hits = true;
    } else if (r->type == OVS_DP_ATTR_MASKS_CACHE_SIZE) {
        s->cache_size = nlrd_u32(r);
    }
}

/* ---- requests ---- */

static void put_options(const struct vport *v, struct nlwr *w)
{
    if (v->dst_port) {
        size_t nest = nlwr_nest(w, OVS_VPORT_ATTR_OPTIONS);
        nlwr_put_u16(w, OVS_TUNNEL_ATTR_DST_PORT, v->dst_port);
        if (v->gbp) {
            size_t extension = nlwr_nest(w, OVS_TUNNEL_ATTR_EXTENSION);
            nlwr_put_flag(w, OVS_VXLAN_EXT_GBP);
            nlwr_end(w, extension);
        }
        nlwr_end(w, nest);
    }
}

int vport_get_by_name(struct nlsock *sock, int dp_ifindex, const char *name, struct vport *v)
{
    struct nlwr w;

    *v = (struct vport){.found = false};
    nlsock_begin(sock, NLSOCK_VPORT, OVS_VPORT_CMD_GET, 0, dp_ifindex, &w);
    nlwr_put_str(&w, OVS_VPORT_ATTR_NAME, name);
    int error = nlsock_call(sock, &w, vport_on_msg, v);
    return error ? error : v->found ? 0 : ENODEV;
}

int vport_get_by_number(struct nlsock *sock, int dp_ifindex, uint32_t no, struct vport *v)
{
    struct nlwr w;

    *v = (struct vport){.found = false};
    nlsock_begin(sock, NLSOCK_VPORT, OVS_VPORT_CMD_GET, 0, dp_ifindex, &w);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_PORT_NO, no);
    int error = nlsock_call(sock, &w, vport_on_msg, v);
    return error ? error : v->found ? 0 : ENODEV;
}

int vport_new(struct nlsock *sock, int dp_ifindex, const char *name, const struct vport *wanted,
              uint32_t want_no, const uint32_t *pids, unsigned n_pids, struct vport *v)
{
    struct nlwr w;

    *v = (struct vport){.found = false};
    nlsock_begin(sock, NLSOCK_VPORT, OVS_VPORT_CMD_NEW, NLM_F_ECHO, dp_ifindex, &w);
    nlwr_put_str(&w, OVS_VPORT_ATTR_NAME, name);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_TYPE, wanted->type);
    put_options(wanted, &w);
    if (want_no != DP_PORT_NONE) {
        nlwr_put_u32(&w, OVS_VPORT_ATTR_PORT_NO, want_no);
    }
    nlwr_put_data(&w, OVS_VPORT_ATTR_UPCALL_PID, pids, n_pids * sizeof pids[0]);
    int error = nlsock_call(sock, &w, vport_on_msg, v);
    return error ? error : v->found ? 0 : EPROTO;
}

int vport_set(struct nlsock *sock, int dp_ifindex, const struct vport *v)
{
    struct nlwr w;

    nlsock_begin(sock, NLSOCK_VPORT, OVS_VPORT_CMD_SET, 0, dp_ifindex, &w);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_PORT_NO, v->no);
    put_options(v, &w);
    return nlsock_call(sock, &w, NULL, NULL);
}

int vport_del(struct nlsock *sock, int dp_ifindex, uint32_t no)
{
    struct nlwr w;

    nlsock_begin(sock, NLSOCK_VPORT, OVS_VPORT_CMD_DEL, 0, dp_ifindex, &w);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_PORT_NO, no);
    return nlsock_call(sock, &w, NULL, NULL);
}
