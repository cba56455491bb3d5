/* kmeter.c - meters in the kernel: family ovs_meter.  See meters.h.
 *
 * Linux 4.18 has it as it should be: before, all meters of a datapath were one, which the probe
 * finds out with two of them.  The kernel knows bands that drop, and takes a super-frame for one
 * packet, so that a bucket must have room for one. */
#include <errno.h>

#include "lib/dp/kernel/kernel.h"
#include "lib/dp/meters.h"

#define LEAST_BURST_KBIT 600 /* A frame of 64 kB and something. */

static int call(struct kernel *k, struct nlwr *w, nlsock_cb *cb, void *aux)
{
    return k->families.id[NLSOCK_METER] ? nlsock_call(k->sock, w, cb, aux) : EOPNOTSUPP;
}

static struct nlwr *begin(struct kernel *k, uint8_t cmd, uint32_t id, struct nlwr *w)
{
    nlsock_begin(k->sock, NLSOCK_METER, cmd, 0, k->ifindex, w);
    nlwr_put_u32(w, OVS_METER_ATTR_ID, id);
    return w;
}

static void put_band(const struct dp_meter *m, const struct dp_band *b, struct nlwr *w)
{
    uint32_t least = m->kbps ? LEAST_BURST_KBIT : 1;
    size_t nest = nlwr_nest(w, OVS_BAND_ATTR_UNSPEC);

    nlwr_put_u32(w, OVS_BAND_ATTR_TYPE, OVS_METER_BAND_TYPE_DROP);
    nlwr_put_u32(w, OVS_BAND_ATTR_RATE, b->rate);
    nlwr_put_u32(w, OVS_BAND_ATTR_BURST, b->burst ? b->burst : MAX(b->rate / 10, least));
    nlwr_end(w, nest);
}

static int set(struct dp *dp, uint32_t id, const struct dp_meter *m)
{
    struct kernel *k = kernel_of(dp);
    struct nlwr w;

    begin(k, OVS_METER_CMD_SET, id, &w);
    if (m->kbps) {
        nlwr_put_flag(&w, OVS_METER_ATTR_KBPS);
    }
    size_t nest = nlwr_nest(&w, OVS_METER_ATTR_BANDS);
    for (unsigned i = 0; i < m->n_bands; i++) {
        if (m->bands[i].type != DP_BAND_DROP) {
            return EOPNOTSUPP;
        }
        put_band(m, &m->bands[i], &w);
    }
    nlwr_end(&w, nest);
    return call(k, &w, NULL, NULL);
}

static void get_flow_stats(const struct nlrd *r, uint64_t *packets, uint64_t *bytes)
{
    struct ovs_flow_stats s;

    if (r->n == sizeof s) {
        memcpy(&s, r->data, sizeof s);
        *packets = s.n_packets;
        *bytes = s.n_bytes;
    }
}

struct reply {
    uint32_t id;
    struct dp_meter_stats stats;
    struct dp_meter_features features;
};

static void get_bands(const struct nlrd *list, struct dp_meter_stats *s)
{
    struct nlrd band, r;
    unsigned i = 0;

    for (nlrd_init(&band, list->data, list->n); nlrd_next(&band) && i < DP_METER_MAX_BANDS; i++) {
        nlrd_init(&r, band.data, band.n);
        while (nlrd_next(&r)) {
            if (r.type == OVS_BAND_ATTR_STATS) {
                get_flow_stats(&r, &s->bands[i].packets, &s->bands[i].bytes);
            }
        }
    }
}

static void on_reply(void *reply_, const struct nlsock_msg *m)
{
    struct reply *reply = reply_;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_METER_ATTR_ID) {
            reply->id = nlrd_u32(&r);
        } else if (r.type == OVS_METER_ATTR_STATS) {
            get_flow_stats(&r, &reply->stats.packets, &reply->stats.bytes);
        } else if (r.type == OVS_METER_ATTR_BANDS) {
            get_bands(&r, &reply->stats);
        } else if (r.type == OVS_METER_ATTR_MAX_METERS) {
            reply->features.max_meters = nlrd_u32(&r);
        } else if (r.type == OVS_METER_ATTR_MAX_BANDS) {
            reply->features.max_bands = nlrd_u32(&r);
        }
    }
}

static int get_stats(struct dp *dp, uint32_t id, struct dp_meter_stats *s)
{
    struct kernel *k = kernel_of(dp);
    struct reply reply = {0};
    struct nlwr w;

    int error = call(k, begin(k, OVS_METER_CMD_GET, id, &w), on_reply, &reply);
    *s = reply.stats;
    return error;
}

static void del(struct dp *dp, uint32_t id)
{
    struct kernel *k = kernel_of(dp);
    struct nlwr w;

    (void)call(k, begin(k, OVS_METER_CMD_DEL, id, &w), NULL, NULL);
}

static void get_features(const struct dp *dp, struct dp_meter_features *f)
{
    const struct kernel *k = kernel_of(dp);
    *f = k->meter_features;
}

/* Two meters that are two? */
static bool probe_two(struct kernel *k, uint32_t max)
{
    const struct dp_meter m = {.n_bands = 1, .bands = {{.rate = 1}}};
    bool ok = max > 2;

    for (uint32_t id = max - 2; ok && id < max; id++) {
        ok = !set(&k->up, id, &m);
    }
    for (uint32_t id = max - 2; ok && id < max; id++) {
        struct reply reply = {0};
        struct nlwr w;
        ok = !call(k, begin(k, OVS_METER_CMD_GET, id, &w), on_reply, &reply) && reply.id == id;
    }
    for (uint32_t id = max - 2; max > 2 && id < max; id++) {
        del(&k->up, id);
    }
    return ok;
}

void kmeter_probe(struct kernel *k)
{
    struct reply reply = {0};
    struct nlwr w;

    k->meter_features = (struct dp_meter_features){0};
    nlsock_begin(k->sock, NLSOCK_METER, OVS_METER_CMD_FEATURES, 0, k->ifindex, &w);
    if (call(k, &w, on_reply, &reply)) {
        return;
    }
    /* As many as a peer needs, so that the kernel's table stays small. */
    reply.features.max_meters = MIN(reply.features.max_meters, 65536u);
    reply.features.max_bands = MIN(reply.features.max_bands, (unsigned)DP_METER_MAX_BANDS);
    if (probe_two(k, reply.features.max_meters)) {
        k->meter_features = reply.features;
    }
}

const struct dp_meters_class kernel_meters = {
    .get_features = get_features, .set = set, .get_stats = get_stats, .del = del};
