/* fake-meters.h - the kernel's meters, as fake-kernel.h plays them (and includes this). */
#pragma once

#define FK_METERS 70000

static struct {
    bool one; /* As before Linux 4.18: they are all the same one. */
    uint32_t last;
    bool there[FK_METERS];
    struct nlwr set; /* The last SET's bands as they came. */
    uint8_t bytes[512];
} fm;

static void fk_features(const struct nlmsghdr *req)
{
    _Alignas(8) uint8_t buf[64];
    struct nlwr w;

    nlwr_init(&w, buf, sizeof buf);
    nlwr_put_u32(&w, OVS_METER_ATTR_MAX_METERS, UINT32_MAX);
    nlwr_put_u32(&w, OVS_METER_ATTR_MAX_BANDS, 1);
    fk_reply(req, NLSOCK_METER, OVS_METER_CMD_FEATURES, 1, &w);
}

static void fk_meter_stats(const struct nlmsghdr *req, uint32_t id)
{
    const struct ovs_flow_stats stats = {7, 700}, band = {3, 300};
    _Alignas(8) uint8_t buf[256];
    struct nlwr w;

    nlwr_init(&w, buf, sizeof buf);
    nlwr_put_u32(&w, OVS_METER_ATTR_ID, fm.one ? fm.last : id);
    nlwr_put_data(&w, OVS_METER_ATTR_STATS, &stats, sizeof stats);
    size_t list = nlwr_nest(&w, OVS_METER_ATTR_BANDS), nest = nlwr_nest(&w, 0);
    nlwr_put_data(&w, OVS_BAND_ATTR_STATS, &band, sizeof band);
    nlwr_end(&w, nest);
    nlwr_end(&w, list);
    fk_reply(req, NLSOCK_METER, OVS_METER_CMD_GET, 1, &w);
}

static int fk_meter(const struct nlmsghdr *req, uint8_t cmd, struct nlrd r)
{
    uint32_t id = 0;

    while (nlrd_next(&r)) {
        if (r.type == OVS_METER_ATTR_ID) {
            id = nlrd_u32(&r);
        } else if (r.type == OVS_METER_ATTR_BANDS) {
            nlwr_init(&fm.set, fm.bytes, sizeof fm.bytes);
            nlwr_put_data(&fm.set, OVS_METER_ATTR_BANDS, r.data, r.n);
        }
    }
    if (cmd == OVS_METER_CMD_FEATURES) {
        fk_features(req);
    } else if (id >= FK_METERS || (cmd != OVS_METER_CMD_SET && !fm.there[id])) {
        return ENOENT;
    } else if (cmd == OVS_METER_CMD_GET) {
        fk_meter_stats(req, id);
    } else {
        fm.there[id] = cmd == OVS_METER_CMD_SET;
        fm.last = id;
    }
    return 0;
}
