/* dispatch_meter.c - see dispatch_meter.h. */
#include "ofproto/dispatch_meter.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/meter_ids.h"

static void send_part(void *conn, const void *msg, size_t len)
{
    ofconn_send(conn, msg, len);
}

enum ofp_error dispatch_meter_mod(struct bridge *br, struct ofconn *conn,
                                  const struct msg_header *h, struct wire_rd *r)
{
    (void)conn;
    struct meter_mod mm;
    enum ofp_error error = meter_mod_decode(r, h, &mm);

    if (!error) {
        error = bridge_meter_mod(br, &mm);
        meter_deinit(&mm.meter);
    }
    return error;
}

static void put_stats(const struct bridge *br, const struct bridge_meter *m, struct wire_wr *w)
{
    int64_t age = loop_now(br->ofproto->loop) - m->created_ms;
    struct dp_meter_stats dp;
    struct meter_stats s = {.id = m->config.id,
                            .n_flows = meter_ids_ref_count(br->tables, m->config.id),
                            .duration_sec = (uint32_t)(age / 1000),
                            .duration_nsec = (uint32_t)(age % 1000) * 1000000,
                            .n_bands = m->config.n_bands};

    bridge_meter_get_stats(br, m, &dp);
    s.n_packets = dp.packets;
    s.n_bytes = dp.bytes;
    s.bands = xcalloc(s.n_bands + 1, sizeof *s.bands);
    for (size_t i = 0; i < s.n_bands; i++) {
        s.bands[i] = (struct meter_band_stats){dp.bands[i].packets, dp.bands[i].bytes};
    }
    meter_stats_encode(&s, w);
    meter_stats_deinit(&s);
}

static void put_config(const struct bridge *br UNUSED, const struct bridge_meter *m,
                       struct wire_wr *w)
{
    meter_config_encode(&m->config, w);
}

static enum ofp_error
answer(struct bridge *br, struct ofconn *conn, const struct msg_header *h, struct wire_rd *r,
       void (*put)(const struct bridge *, const struct bridge_meter *, struct wire_wr *))
{
    struct mp_reply mp;
    uint32_t id;
    size_t n;
    enum ofp_error error = meter_request_decode(r, &id);

    if (error) {
        return error;
    }
    if (id != OFPM_ALL && !bridge_meter_find(br, id)) {
        return OFPERR_OFPMMFC_UNKNOWN_METER;
    }
    struct bridge_meter **list = bridge_meters_list(br, &n);
    /* In messages.def each reply is the row behind its request. */
    mp_reply_init(&mp, h->type + 1, h->version, h->xid, send_part, conn);
    for (size_t i = 0; i < n; i++) {
        if (id == OFPM_ALL || id == list[i]->config.id) {
            put(br, list[i], mp_reply_entry(&mp));
            mp_reply_entry_end(&mp);
        }
    }
    mp_reply_finish(&mp);
    free(list);
    return OFPERR_OK;
}

enum ofp_error dispatch_meter_stats(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    return answer(br, conn, h, r, put_stats);
}

enum ofp_error dispatch_meter_config(struct bridge *br, struct ofconn *conn,
                                     const struct msg_header *h, struct wire_rd *r)
{
    return answer(br, conn, h, r, put_config);
}

enum ofp_error dispatch_meter_features(struct bridge *br, struct ofconn *conn,
                                       const struct msg_header *h, struct wire_rd *r)
{
    (void)r;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct meter_features f;

    bridge_meter_features(br, &f);
    meter_features_encode_reply(&f, h->version, h->xid, &w);
    ofconn_send(conn, w.data, w.len);
    wire_wr_deinit(&w);
    return OFPERR_OK;
}
