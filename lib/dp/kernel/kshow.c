/* kshow.c - what the kernel has of our datapath: all ports, masks.  For those who look. */
#include "lib/dp/kernel/kernel.h"
#include "lib/dp/kernel/vport.h"

/* ---- ports ---- */

struct port_walk {
    dp_port_cb *cb;
    void *aux;
};

static void on_vport(void *w_, const struct nlsock_msg *m)
{
    const struct port_walk *w = w_;
    struct dp_port_info info;
    struct vport v = {.found = false};

    vport_read(&v, m);
    if (v.found) {
        const char *type = vport_type_name(v.type);
        info = (struct dp_port_info){.port_no = v.no};
        memcpy(info.name, v.name, sizeof info.name);
        memcpy(info.type, type, strlen(type) + 1);
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

static void on_datapath(void *s, const struct nlsock_msg *m)
{
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        vport_read_masks(&r, s);
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
