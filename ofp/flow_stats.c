/* flow_stats.c - see flow_mod.h: FLOW and AGGREGATE statistics and FLOW_REMOVED on the wire,
 * OpenFlow 1.3 and 1.4 (OpenFlow 1.3.5 sections 7.3.5.2, 7.3.5.3, 7.4.2).  1.5 carries statistics
 * as OXS and is refused. */
#include "ofp/flow_mod.h"

#include "ofp/port.h"

#define FLOW_STATS_FIXED 48 /* Bytes of an entry before its match. */

enum ofp_error flow_stats_request_decode(struct wire_rd *r, const struct msg_header *h,
                                         struct flow_stats_request *req)
{
    *req = (struct flow_stats_request){.aggregate = h->type == MSG_AGGREGATE_STATS_REQUEST};
    match_init(&req->match);
    if (!msg_version_in(h->version, OFP12_VERSION, OFP15_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    req->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    req->out_port = wire_rd_u32(r);
    req->out_group = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    req->cookie = wire_rd_u64(r);
    req->cookie_mask = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!ofp_port_ok(req->out_port)) {
        return OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    enum ofp_error err = match_decode(r, h, &req->match);
    return !err && wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : err;
}

void flow_stats_request_encode(const struct flow_stats_request *req, uint8_t version, uint32_t xid,
                               struct wire_wr *w)
{
    size_t start =
        msg_start(w, req->aggregate ? MSG_AGGREGATE_STATS_REQUEST : MSG_FLOW_STATS_REQUEST, version,
                  xid);
    if (!msg_version_in(version, OFP12_VERSION, OFP15_VERSION)) {
        w->err = true;
    }
    wire_wr_u8(w, req->table_id);
    wire_wr_zeros(w, 3);
    wire_wr_u32(w, req->out_port);
    wire_wr_u32(w, req->out_group);
    wire_wr_zeros(w, 4);
    wire_wr_u64(w, req->cookie & req->cookie_mask);
    wire_wr_u64(w, req->cookie_mask);
    match_encode(&req->match, version, w);
    msg_finish(w, start);
}

static void decode_fixed(struct wire_rd *r, uint8_t version, struct flow_stats *fs)
{
    fs->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    fs->duration_sec = wire_rd_u32(r);
    fs->duration_nsec = wire_rd_u32(r);
    fs->priority = wire_rd_u16(r);
    fs->idle_timeout = wire_rd_u16(r);
    fs->hard_timeout = wire_rd_u16(r);
    fs->flags = wire_rd_u16(r);
    uint16_t importance = wire_rd_u16(r);
    fs->importance = version >= OFP14_VERSION ? importance : 0;
    wire_rd_skip(r, 2);
    fs->cookie = wire_rd_u64(r);
    fs->n_packets = wire_rd_u64(r);
    fs->n_bytes = wire_rd_u64(r);
}

enum ofp_error flow_stats_decode(struct wire_rd *r, const struct msg_header *h,
                                 struct flow_stats *fs, bool *end)
{
    *fs = (struct flow_stats){.idle_age = -1, .hard_age = -1, .acts = ACTS_INIT};
    match_init(&fs->match);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    if (!msg_version_in(h->version, OFP13_VERSION, OFP14_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    uint16_t len = wire_rd_u16(r);
    if (r->err || len < FLOW_STATS_FIXED + 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    struct wire_rd entry = wire_rd_sub(r, len - 2u);
    decode_fixed(&entry, h->version, fs);
    if (entry.err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error err = match_decode(&entry, h, &fs->match);
    if (!err) {
        err = acts_decode_instructions(&entry, wire_rd_left(&entry), h, &fs->acts);
    }
    if (err) {
        acts_deinit(&fs->acts);
    }
    return err;
}

void flow_stats_encode(const struct flow_stats *fs, uint8_t version, struct wire_wr *w)
{
    if (!msg_version_in(version, OFP13_VERSION, OFP14_VERSION)) {
        w->err = true;
        return;
    }
    size_t start = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u8(w, fs->table_id);
    wire_wr_zeros(w, 1);
    wire_wr_u32(w, fs->duration_sec);
    wire_wr_u32(w, fs->duration_nsec);
    wire_wr_u16(w, fs->priority);
    wire_wr_u16(w, fs->idle_timeout);
    wire_wr_u16(w, fs->hard_timeout);
    wire_wr_u16(w, fs->flags);
    wire_wr_u16(w, version >= OFP14_VERSION ? fs->importance : 0);
    wire_wr_zeros(w, 2);
    wire_wr_u64(w, fs->cookie);
    wire_wr_u64(w, fs->n_packets);
    wire_wr_u64(w, fs->n_bytes);
    match_encode(&fs->match, version, w);
    acts_encode_instructions(fs->acts.data, fs->acts.len, version, w);
    if (w->len - start > UINT16_MAX) {
        w->err = true;
    }
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}

enum ofp_error aggregate_stats_decode(struct wire_rd *r, struct aggregate_stats *as)
{
    as->n_packets = wire_rd_u64(r);
    as->n_bytes = wire_rd_u64(r);
    as->n_flows = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void aggregate_stats_encode_reply(const struct aggregate_stats *as, uint8_t version, uint32_t xid,
                                  struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_AGGREGATE_STATS_REPLY, version, xid);
    if (version > OFP14_VERSION) {
        w->err = true;
    }
    wire_wr_u64(w, as->n_packets);
    wire_wr_u64(w, as->n_bytes);
    wire_wr_u32(w, as->n_flows);
    wire_wr_zeros(w, 4);
    msg_finish(w, start);
}

/* ---- FLOW_REMOVED ---- */

enum ofp_error flow_removed_decode(struct wire_rd *r, const struct msg_header *h,
                                   struct flow_removed *fr)
{
    *fr = (struct flow_removed){0};
    match_init(&fr->match);
    if (!msg_version_in(h->version, OFP12_VERSION, OFP14_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    fr->cookie = wire_rd_u64(r);
    fr->priority = wire_rd_u16(r);
    fr->reason = wire_rd_u8(r);
    fr->table_id = wire_rd_u8(r);
    fr->duration_sec = wire_rd_u32(r);
    fr->duration_nsec = wire_rd_u32(r);
    fr->idle_timeout = wire_rd_u16(r);
    fr->hard_timeout = wire_rd_u16(r);
    fr->n_packets = wire_rd_u64(r);
    fr->n_bytes = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error err = match_decode(r, h, &fr->match);
    return !err && wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : err;
}

/* What 1.3 cannot say (METER_DELETE, EVICTION) it hears as DELETE. */
static uint8_t reason_for(uint8_t reason, uint8_t version)
{
    return version < OFP14_VERSION && reason > FR_GROUP_DELETE ? FR_DELETE : reason;
}

void flow_removed_encode(const struct flow_removed *fr, uint8_t version, uint32_t xid,
                         struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_FLOW_REMOVED, version, xid);
    if (!msg_version_in(version, OFP12_VERSION, OFP14_VERSION)) {
        w->err = true;
    }
    wire_wr_u64(w, fr->cookie);
    wire_wr_u16(w, fr->priority);
    wire_wr_u8(w, reason_for(fr->reason, version));
    wire_wr_u8(w, fr->table_id);
    wire_wr_u32(w, fr->duration_sec);
    wire_wr_u32(w, fr->duration_nsec);
    wire_wr_u16(w, fr->idle_timeout);
    wire_wr_u16(w, fr->hard_timeout);
    wire_wr_u64(w, fr->n_packets);
    wire_wr_u64(w, fr->n_bytes);
    match_encode(&fr->match, version, w);
    msg_finish(w, start);
}
