/* kct_limit.c - limits of connections by zone in the kernel: family ovs_ct_limit.  One attribute
 * carries an array of struct ovs_zone_limit, both ways. */
#include <errno.h>

#include "lib/dp/kernel/kct-private.h"

_Static_assert(OVS_ZONE_LIMIT_DEFAULT_ZONE == DP_ZONE_DEFAULT, "the kernel's word for it");

static void begin(struct kernel *k, uint8_t cmd, const struct dp_zone_limit *limits, size_t n,
                  struct nlwr *w)
{
    nlsock_begin(k->sock, NLSOCK_CT_LIMIT, cmd, 0, k->ifindex, w);
    if (!n) {
        return;
    }
    struct ovs_zone_limit *z =
        nlwr_put(w, OVS_CT_LIMIT_ATTR_ZONE_LIMIT | NLA_F_NESTED, n * sizeof *z);
    for (size_t i = 0; z && i < n; i++) {
        z[i] = (struct ovs_zone_limit){.zone_id = limits[i].zone, .limit = limits[i].limit};
    }
}

static int call(struct kernel *k, struct nlwr *w, nlsock_cb *cb, void *aux)
{
    return k->families.id[NLSOCK_CT_LIMIT] ? nlsock_call(k->sock, w, cb, aux) : EOPNOTSUPP;
}

struct reply {
    dp_zone_limit_cb *cb;
    void *aux;
};

static void on_limits(void *reply_, const struct nlsock_msg *m)
{
    const struct reply *reply = reply_;
    struct ovs_zone_limit z;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        for (size_t at = 0; r.type == OVS_CT_LIMIT_ATTR_ZONE_LIMIT && at + sizeof z <= r.n;
             at += sizeof z) {
            memcpy(&z, r.data + at, sizeof z);
            reply->cb(reply->aux, &(struct dp_zone_limit){z.zone_id, z.limit, z.count});
        }
    }
}

int kct_get_limits(struct dp *dp, const struct dp_zone_limit *zones, size_t n, dp_zone_limit_cb *cb,
                   void *aux)
{
    struct kernel *k = kernel_of(dp);
    struct reply reply = {.cb = cb, .aux = aux};
    struct nlwr w;

    begin(k, OVS_CT_LIMIT_CMD_GET, zones, n, &w);
    return call(k, &w, on_limits, &reply);
}

int kct_set_limits(struct dp *dp, const struct dp_zone_limit *limits, size_t n)
{
    struct kernel *k = kernel_of(dp);
    struct nlwr w;

    begin(k, OVS_CT_LIMIT_CMD_SET, limits, n, &w);
    return call(k, &w, NULL, NULL);
}

int kct_del_limits(struct dp *dp, const struct dp_zone_limit *zones, size_t n)
{
    struct kernel *k = kernel_of(dp);
    struct nlwr w;

    begin(k, OVS_CT_LIMIT_CMD_DEL, zones, n, &w);
    return call(k, &w, NULL, NULL);
}
