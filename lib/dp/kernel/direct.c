/* direct.c - see lib/dp/direct.h: datapaths and ports. */
#include <net/if.h>
#include <stdlib.h>

#include "lib/dp/kernel/direct-private.h"
#include "lib/dp/kernel/vport.h"
#include "lib/mem.h"

#define FEATURES (OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS)

char *dp_direct_open(struct dp_direct **out)
{
    struct dp_direct *d = xzalloc(sizeof *d);
    int error = nlsock_open(false, &d->sock);

    if (!error) {
        error = nlsock_resolve(d->sock, &d->families);
        d->sock->families = &d->families;
    }
    if (!error) {
        *out = d;
        return NULL;
    }
    dp_direct_close(d);
    return error == ENOENT
               ? xstrdup("this kernel has no openvswitch datapath (is the module openvswitch "
                         "loaded? modprobe openvswitch)")
               : xasprintf("cannot ask the kernel for its datapaths (%s)", strerror(error));
}

void dp_direct_close(struct dp_direct *d)
{
    if (d) {
        nlsock_free(d->sock);
        free(d);
    }
}

/* ---- datapaths ---- */

struct names {
    void (*cb)(void *aux, const char *name);
    void *aux;
    int id;
};

static void on_datapath(void *n_, const struct nlsock_msg *m)
{
    struct names *n = n_;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (m->family == NLSOCK_DATAPATH && nlrd_next(&r)) {
        if (r.type == OVS_DP_ATTR_NAME && r.n && !r.data[r.n - 1]) {
            n->id = m->dp_ifindex;
            if (n->cb) {
                n->cb(n->aux, (const char *)r.data);
            }
        }
    }
}

int dp_direct_names(struct dp_direct *d, void (*cb)(void *aux, const char *name), void *aux)
{
    struct names n = {.cb = cb, .aux = aux};
    struct nlwr w;

    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, NLM_F_DUMP, 0, &w);
    return nlsock_call(d->sock, &w, on_datapath, &n);
}

int dp_direct_find(struct dp_direct *d, const char *name, int *id)
{
    struct names n = {.id = 0};
    struct nlwr w;

    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, 0, 0, &w);
    nlwr_put_str(&w, OVS_DP_ATTR_NAME, name);
    int error = nlsock_call(d->sock, &w, on_datapath, &n);
    *id = n.id;
    return error ? error : n.id ? 0 : ENODEV;
}

/* Nobody listens: packets without a flow are dropped. */
int dp_direct_new(struct dp_direct *d, const char *name)
{
    struct nlwr w;

    if (!*name || strlen(name) >= IFNAMSIZ) {
        return EINVAL;
    }
    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_NEW, 0, 0, &w);
    nlwr_put_str(&w, OVS_DP_ATTR_NAME, name);
    nlwr_put_u32(&w, OVS_DP_ATTR_UPCALL_PID, 0);
    nlwr_put_u32(&w, OVS_DP_ATTR_USER_FEATURES, FEATURES);
    return nlsock_call(d->sock, &w, NULL, NULL);
}

int dp_direct_del(struct dp_direct *d, int id)
{
    struct nlwr w;

    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_DEL, 0, id, &w);
    return nlsock_call(d->sock, &w, NULL, NULL);
}

static void on_stats(void *s_, const struct nlsock_msg *m)
{
    struct dp_direct_stats *s = s_;
    struct ovs_dp_stats stats;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (m->family == NLSOCK_DATAPATH && nlrd_next(&r)) {
        if (r.type == OVS_DP_ATTR_STATS && r.n == sizeof stats) {
            memcpy(&stats, r.data, sizeof stats);
            s->hits = stats.n_hit;
            s->misses = stats.n_missed;
            s->lost = stats.n_lost;
            s->flows = stats.n_flows;
        } else {
            vport_read_masks(&r, &s->masks);
        }
    }
}

int dp_direct_get_stats(struct dp_direct *d, int id, struct dp_direct_stats *s)
{
    struct nlwr w;

    *s = (struct dp_direct_stats){.masks.cache_size = UINT32_MAX};
    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, 0, id, &w);
    return nlsock_call(d->sock, &w, on_stats, s);
}

static void on_features(void *features, const struct nlsock_msg *m)
{
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (m->family == NLSOCK_DATAPATH && nlrd_next(&r)) {
        if (r.type == OVS_DP_ATTR_USER_FEATURES) {
            *(uint32_t *)features = nlrd_u32(&r);
        }
    }
}

/* A change that does not say which features there are takes them all away. */
int dp_direct_set_cache_size(struct dp_direct *d, int id, uint32_t size)
{
    struct dp_direct_stats s;
    uint32_t features = 0;
    struct nlwr w;
    int error = dp_direct_get_stats(d, id, &s);

    if (!error && s.masks.cache_size == UINT32_MAX) {
        return EOPNOTSUPP;
    }
    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, 0, id, &w);
    error = error ? error : nlsock_call(d->sock, &w, on_features, &features);
    nlsock_begin(d->sock, NLSOCK_DATAPATH, OVS_DP_CMD_SET, 0, id, &w);
    nlwr_put_u32(&w, OVS_DP_ATTR_USER_FEATURES, features);
    nlwr_put_u32(&w, OVS_DP_ATTR_MASKS_CACHE_SIZE, size);
    return error ? error : nlsock_call(d->sock, &w, NULL, NULL);
}

/* ---- ports ---- */

struct walk {
    dp_direct_port_cb *cb;
    void *aux;
};

static void on_vport(void *w_, const struct nlsock_msg *m)
{
    const struct walk *w = w_;
    struct dp_port_info info;
    struct dp_port_stats stats;
    struct vport v = {.found = false};

    vport_read(&v, m);
    if (!v.found) {
        return;
    }
    info = (struct dp_port_info){.port_no = v.no};
    memcpy(info.name, v.name, sizeof info.name);
    const char *type = vport_type_name(v.type);
    memcpy(info.type, type, strlen(type) + 1);
    vport_stats(&v, &stats);
    w->cb(w->aux, &info, &stats);
}

int dp_direct_port_walk(struct dp_direct *d, int id, dp_direct_port_cb *cb, void *aux)
{
    struct walk walk = {.cb = cb, .aux = aux};
    struct nlwr w;

    nlsock_begin(d->sock, NLSOCK_VPORT, OVS_VPORT_CMD_GET, NLM_F_DUMP, id, &w);
    return nlsock_call(d->sock, &w, on_vport, &walk);
}

int dp_direct_port_add(struct dp_direct *d, int id, const char *name, const char *type,
                       uint32_t want_no, uint16_t dst_port, bool gbp)
{
    const struct vport wanted = {.type = vport_type_number(type), .dst_port = dst_port, .gbp = gbp};
    const uint32_t nobody = 0;
    struct vport v;

    return wanted.type == OVS_VPORT_TYPE_UNSPEC || strlen(name) >= IFNAMSIZ
               ? EINVAL
               : vport_new(d->sock, id, name, &wanted, want_no, &nobody, 1, &v);
}

int dp_direct_port_del(struct dp_direct *d, int id, uint32_t port_no)
{
    return vport_del(d->sock, id, port_no);
}

int dp_direct_port_set(struct dp_direct *d, int id, uint32_t port_no, uint16_t dst_port)
{
    struct vport v;
    int error = vport_get_by_number(d->sock, id, port_no, &v);

    if (error || v.dst_port == dst_port) {
        return error;
    }
    v.dst_port = dst_port;
    return vport_set(d->sock, id, &v);
}
