/* kshow.c - what the kernel has of our datapath: all ports, masks.  For those who look. */
#include "lib/dp/kernel/kernel.h"

/* ---- ports ---- */

struct port_walk {
    dp_port_cb *cb;
    void *aux;
};

static const char *type_name(uint32_t type)
{
    static const char *const names[] = {
        [OVS_VPORT_TYPE_NETDEV] = "system", [OVS_VPORT_TYPE_INTERNAL] = "internal",
        [OVS_VPORT_TYPE_GRE] = "gre",       [OVS_VPORT_TYPE_VXLAN] = "vxlan",
        [OVS_VPORT_TYPE_GENEVE] = "geneve",
    };
    return type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown";
}

static void on_vport(void *w_, const struct nlsock_msg *m)
{
    const struct port_walk *w = w_;
    struct dp_port_info info = {.port_no = DP_PORT_NONE};
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_VPORT_ATTR_PORT_NO) {
            info.port_no = nlrd_u32(&r);
        } else if (r.type == OVS_VPORT_ATTR_TYPE) {
            const char *type = type_name(nlrd_u32(&r));
            memcpy(info.type, type, strlen(type) + 1);
        } else if (r.type == OVS_VPORT_ATTR_NAME && r.n && r.n <= sizeof info.name &&
                   !r.data[r.n - 1]) {
            memcpy(info.name, r.data, r.n);
        }
    }
    if (!r.err && m->family == NLSOCK_VPORT && info.port_no != DP_PORT_NONE) {
        w->cb(w->aux, &info);
    }
}

void kshow_port_walk(const struct dp *up, dp_port_cb *cb, void *aux)
{
    struct kernel *k = kernel_of(up);
    struct port_walk walk = {.cb = cb, .aux = aux};
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_VPORT, OVS_VPORT_CMD_GET, NLM_F_DUMP, k->ifindex, &w);
    int unused UNUSED = nlsock_call(k->sock, &w, on_vport, &walk); /* Then there are fewer. */
}

/* ---- masks ---- */

static void on_datapath(void *s_, const struct nlsock_msg *m)
{
    struct dp_mask_stats *s = s_;
    struct ovs_dp_megaflow_stats mega;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_DP_ATTR_MEGAFLOW_STATS && r.n == sizeof mega) {
            memcpy(&mega, r.data, sizeof mega);
            s->hits = mega.n_mask_hit;
            s->n_masks = mega.n_masks;
            s->cache_hits = mega.n_cache_hit;
            s->has_cache_hits = true;
        } else if (r.type == OVS_DP_ATTR_MASKS_CACHE_SIZE) {
            s->cache_size = nlrd_u32(&r);
        }
    }
}

bool kshow_get_mask_stats(const struct dp *up, struct dp_mask_stats *s)
{
    struct kernel *k = kernel_of(up);
    struct nlwr w;

    *s = (struct dp_mask_stats){.cache_size = UINT32_MAX};
    nlsock_begin(k->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, 0, k->ifindex, &w);
    return !nlsock_call(k->sock, &w, on_datapath, s);
}
