/* flow_stats.c - see flow_mod.h: FLOW and AGGREGATE statistics on the wire: OpenFlow 1.0 (section
 * 5.3.5), 1.1 to 1.4 (1.3.5 sections 7.3.5.2, 7.3.5.3), 1.5 (FLOW_DESC and OXS), NXST_FLOW and
 * NXST_AGGREGATE (nicira-ext). */
#include "ofp/flow_mod-private.h"
#include "ofp/oxs.h"
#include "ofp/port.h"

/* Bytes of an entry before its match; 1.0: with it. */
#define FIXED10 88
#define FIXED11 48
#define FIXED15 24

/* ---- requests ---- */

static enum ofp_error decode_request10(struct wire_rd *r, const struct msg_header *h,
                                       struct flow_stats_request *req)
{
    enum ofp_error error = match_decode(r, h, &req->match);

    req->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    req->out_port = port_from_10(wire_rd_u16(r));
    return error;
}

static enum ofp_error decode_request_nx(struct wire_rd *r, const struct msg_header *h,
                                        struct flow_stats_request *req)
{
    req->out_port = port_from_10(wire_rd_u16(r));
    uint16_t match_len = wire_rd_u16(r);
    req->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    return r->err ? OFPERR_OFPBRC_BAD_LEN
                  : flow_mod10_decode_nxm(r, match_len, h, &req->match, &req->cookie,
                                          &req->cookie_mask);
}

static enum ofp_error decode_request11(struct wire_rd *r, const struct msg_header *h,
                                       struct flow_stats_request *req)
{
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
    return match_decode(r, h, &req->match);
}

enum ofp_error flow_stats_request_decode(struct wire_rd *r, const struct msg_header *h,
                                         struct flow_stats_request *req)
{
    bool nx = h->type == MSG_NXST_FLOW_REQUEST || h->type == MSG_NXST_AGGREGATE_REQUEST;

    *req = (struct flow_stats_request){.aggregate = h->type == MSG_AGGREGATE_STATS_REQUEST ||
                                                    h->type == MSG_NXST_AGGREGATE_REQUEST,
                                       .counters = h->type == MSG_FLOW_COUNTERS_REQUEST,
                                       .out_group = OFPG_ANY};
    match_init(&req->match);
    enum ofp_error error = nx                            ? decode_request_nx(r, h, req)
                           : h->version == OFP10_VERSION ? decode_request10(r, h, req)
                                                         : decode_request11(r, h, req);
    return !error && (r->err || wire_rd_left(r)) ? OFPERR_OFPBRC_BAD_LEN : error;
}

static void encode_request_nx(const struct flow_stats_request *req, struct wire_wr *w)
{
    wire_wr_u16(w, port_to_10(req->out_port));
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u8(w, req->table_id);
    wire_wr_zeros(w, 3);
    size_t len = flow_mod10_encode_nxm(&req->match, req->cookie, req->cookie_mask, w);
    wire_wr_patch16(w, len_ofs, (uint16_t)len);
}

static void encode_request11(const struct flow_stats_request *req, uint8_t version,
                             struct wire_wr *w)
{
    wire_wr_u8(w, req->table_id);
    wire_wr_zeros(w, 3);
    wire_wr_u32(w, req->out_port);
    wire_wr_u32(w, req->out_group);
    wire_wr_zeros(w, 4);
    wire_wr_u64(w, req->cookie & req->cookie_mask);
    wire_wr_u64(w, req->cookie_mask);
    match_encode(&req->match, version, w);
}

void flow_stats_request_encode(const struct flow_stats_request *req, uint32_t protocol,
                               uint32_t xid, struct wire_wr *w)
{
    uint8_t version = protocol_version(protocol);
    bool nxm = protocol & PROTOCOL_NXM_ALL;
    enum msg_type plain = req->aggregate  ? MSG_AGGREGATE_STATS_REQUEST
                          : req->counters ? MSG_FLOW_COUNTERS_REQUEST
                                          : MSG_FLOW_STATS_REQUEST;
    enum msg_type nx = req->aggregate ? MSG_NXST_AGGREGATE_REQUEST : MSG_NXST_FLOW_REQUEST;
    size_t start = msg_start(w, nxm ? nx : plain, version, xid);

    if (nxm) {
        encode_request_nx(req, w);
    } else if (version > OFP10_VERSION) {
        encode_request11(req, version, w);
    } else {
        match_encode(&req->match, version, w);
        wire_wr_u8(w, req->table_id);
        wire_wr_zeros(w, 1);
        wire_wr_u16(w, port_to_10(req->out_port));
    }
    msg_finish(w, start);
}

/* ---- entries: decode ---- */

static void decode_duration(struct wire_rd *r, struct flow_stats *fs)
{
    fs->duration_sec = wire_rd_u32(r);
    fs->duration_nsec = wire_rd_u32(r);
}

static void decode_timeouts(struct wire_rd *r, struct flow_stats *fs)
{
    fs->priority = wire_rd_u16(r);
    fs->idle_timeout = wire_rd_u16(r);
    fs->hard_timeout = wire_rd_u16(r);
}

static void decode_counters(struct wire_rd *r, struct flow_stats *fs)
{
    fs->cookie = wire_rd_u64(r);
    fs->n_packets = wire_rd_u64(r);
    fs->n_bytes = wire_rd_u64(r);
}

/* Flags and importance as far as the version has them. */
static enum ofp_error decode_flags(struct wire_rd *r, uint8_t version, struct flow_stats *fs)
{
    uint16_t flags = wire_rd_u16(r);
    uint16_t importance = wire_rd_u16(r);

    fs->flags = version >= OFP13_VERSION ? flags : 0;
    fs->importance = version >= OFP14_VERSION ? importance : 0;
    return fs->flags & ~flow_mod_known_flags(version) ? OFPERR_OFPFMFC_BAD_FLAGS : OFPERR_OK;
}

static enum ofp_error decode10(struct wire_rd *r, const struct msg_header *h, struct flow_stats *fs)
{
    fs->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    enum ofp_error error = match_decode(r, h, &fs->match);
    decode_duration(r, fs);
    decode_timeouts(r, fs);
    wire_rd_skip(r, 6);
    decode_counters(r, fs);
    return error;
}

static enum ofp_error decode11(struct wire_rd *r, const struct msg_header *h, struct flow_stats *fs)
{
    fs->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    decode_duration(r, fs);
    decode_timeouts(r, fs);
    enum ofp_error error = decode_flags(r, h->version, fs);
    wire_rd_skip(r, 2);
    decode_counters(r, fs);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return error ? error : match_decode(r, h, &fs->match);
}

static enum ofp_error decode15(struct wire_rd *r, const struct msg_header *h, struct flow_stats *fs)
{
    struct oxs oxs;

    wire_rd_skip(r, 2);
    fs->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1); /* Reason: of notifications that no switch of ours sends. */
    decode_timeouts(r, fs);
    enum ofp_error error = decode_flags(r, h->version, fs);
    fs->cookie = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    error = error ? error : match_decode(r, h, &fs->match);
    error = error ? error : oxs_decode(r, &oxs);
    if (!error) {
        fs->duration_sec = oxs.duration_sec;
        fs->duration_nsec = oxs.duration_nsec;
        fs->idle_age = oxs.idle_sec > INT32_MAX ? -1 : (int)oxs.idle_sec;
        fs->n_packets = oxs.n_packets;
        fs->n_bytes = oxs.n_bytes;
    }
    return error;
}

static enum ofp_error decode_nx(struct wire_rd *r, const struct msg_header *h, bool cut,
                                struct flow_stats *fs)
{
    fs->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    decode_duration(r, fs);
    decode_timeouts(r, fs);
    uint16_t match_len = wire_rd_u16(r);
    /* One more than the age, so that 0 is "unknown". */
    fs->idle_age = wire_rd_u16(r) - 1;
    fs->hard_age = wire_rd_u16(r) - 1;
    decode_counters(r, fs);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (match_len > wire_rd_left(r)) {
        return cut ? OFPERR_OFPBMC_BAD_LEN : OFPERR_OFPBRC_BAD_LEN;
    }
    return flow_mod10_decode_nxm(r, match_len, h, &fs->match, NULL, NULL);
}

enum ofp_error flow_stats_decode(struct wire_rd *r, const struct msg_header *h,
                                 struct flow_stats *fs, bool *end)
{
    bool nx = h->type == MSG_NXST_FLOW_REPLY, v10 = h->version == OFP10_VERSION;
    bool v15 = h->version >= OFP15_VERSION;
    size_t fixed = nx ? FIXED11 : v10 ? FIXED10 : v15 ? FIXED15 : FIXED11;

    *fs = (struct flow_stats){.idle_age = -1, .hard_age = -1, .acts = ACTS_INIT};
    match_init(&fs->match);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    uint16_t len = wire_rd_u16(r);
    if (r->err || len < fixed) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    size_t rest = wire_rd_left(r);
    bool cut = len - 2u > rest; /* Then an error of its match comes first. */
    struct wire_rd entry = wire_rd_sub(r, cut ? rest : len - 2u);
    enum ofp_error error = nx    ? decode_nx(&entry, h, cut, fs)
                           : v10 ? decode10(&entry, h, fs)
                           : v15 ? decode15(&entry, h, fs)
                                 : decode11(&entry, h, fs);
    if (!error && (cut || wire_rd_left(&entry) % 8)) {
        error = cut && !v10 ? OFPERR_OFPBIC_BAD_LEN : OFPERR_OFPBRC_BAD_LEN;
    }
    if (!error) {
        error = acts_decode_instructions(&entry, wire_rd_left(&entry), h, &fs->acts);
    }
    if (error) {
        acts_deinit(&fs->acts);
    }
    return error;
}

/* ---- entries: encode ---- */

static void encode_duration(const struct flow_stats *fs, struct wire_wr *w)
{
    wire_wr_u32(w, fs->duration_sec);
    wire_wr_u32(w, fs->duration_nsec);
}

static void encode_timeouts(const struct flow_stats *fs, struct wire_wr *w)
{
    wire_wr_u16(w, fs->priority);
    wire_wr_u16(w, fs->idle_timeout);
    wire_wr_u16(w, fs->hard_timeout);
}

static void encode_flags(const struct flow_stats *fs, uint8_t version, struct wire_wr *w)
{
    uint16_t known = version >= OFP13_VERSION ? flow_mod_known_flags(version) : 0;

    wire_wr_u16(w, fs->flags & known);
    wire_wr_u16(w, version >= OFP14_VERSION ? fs->importance : 0);
}

static void encode_counters(const struct flow_stats *fs, struct wire_wr *w)
{
    wire_wr_u64(w, fs->cookie);
    wire_wr_u64(w, fs->n_packets);
    wire_wr_u64(w, fs->n_bytes);
}

static uint16_t encode_age(int age)
{
    return (uint16_t)(age < 0 ? 0 : MIN(age, UINT16_MAX - 1) + 1);
}

static void encode_table(const struct flow_stats *fs, struct wire_wr *w)
{
    wire_wr_u8(w, fs->table_id);
    wire_wr_zeros(w, 1);
}

static void encode_nx(const struct flow_stats *fs, struct wire_wr *w)
{
    encode_table(fs, w);
    encode_duration(fs, w);
    encode_timeouts(fs, w);
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u16(w, encode_age(fs->idle_age));
    wire_wr_u16(w, encode_age(fs->hard_age));
    encode_counters(fs, w);
    wire_wr_patch16(w, len_ofs, (uint16_t)flow_mod10_encode_nxm(&fs->match, 0, 0, w));
}

static void encode10(const struct flow_stats *fs, struct wire_wr *w)
{
    encode_table(fs, w);
    match_encode(&fs->match, OFP10_VERSION, w);
    encode_duration(fs, w);
    encode_timeouts(fs, w);
    wire_wr_zeros(w, 6);
    encode_counters(fs, w);
}

static void encode11(const struct flow_stats *fs, uint8_t version, struct wire_wr *w)
{
    encode_table(fs, w);
    encode_duration(fs, w);
    encode_timeouts(fs, w);
    encode_flags(fs, version, w);
    wire_wr_zeros(w, 2);
    encode_counters(fs, w);
    match_encode(&fs->match, version, w);
}

static void encode15(const struct flow_stats *fs, uint8_t version, struct wire_wr *w)
{
    struct oxs oxs = OXS_UNKNOWN;

    wire_wr_zeros(w, 2);
    encode_table(fs, w);
    encode_timeouts(fs, w);
    encode_flags(fs, version, w);
    wire_wr_u64(w, fs->cookie);
    match_encode(&fs->match, version, w);
    oxs.duration_sec = fs->duration_sec;
    oxs.duration_nsec = fs->duration_nsec;
    if (fs->idle_age >= 0) {
        oxs.idle_sec = (uint32_t)fs->idle_age;
        oxs.idle_nsec = 0;
    }
    oxs.n_packets = fs->n_packets;
    oxs.n_bytes = fs->n_bytes;
    oxs_encode(&oxs, w);
}

void flow_stats_encode(const struct flow_stats *fs, uint32_t protocol, struct wire_wr *w)
{
    uint8_t version = protocol_version(protocol);
    size_t start = w->len;

    wire_wr_u16(w, 0);
    if (protocol & PROTOCOL_NXM_ALL) {
        encode_nx(fs, w);
    } else if (version == OFP10_VERSION) {
        encode10(fs, w);
    } else if (version < OFP15_VERSION) {
        encode11(fs, version, w);
    } else {
        encode15(fs, version, w);
    }
    acts_encode_instructions(fs->acts.data, fs->acts.len, version, w);
    if (w->len - start > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}

enum msg_type flow_stats_reply_type(uint32_t protocol)
{
    return protocol & PROTOCOL_NXM_ALL ? MSG_NXST_FLOW_REPLY : MSG_FLOW_STATS_REPLY;
}

/* ---- aggregates ---- */

enum ofp_error aggregate_stats_decode(struct wire_rd *r, const struct msg_header *h,
                                      struct aggregate_stats *as)
{
    *as = (struct aggregate_stats){0};
    if (h->version >= OFP15_VERSION) {
        struct oxs oxs;
        enum ofp_error error = oxs_decode(r, &oxs);
        *as = (struct aggregate_stats){oxs.n_packets, oxs.n_bytes, oxs.n_flows};
        return error;
    }
    as->n_packets = wire_rd_u64(r);
    as->n_bytes = wire_rd_u64(r);
    as->n_flows = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void aggregate_stats_encode_reply(const struct aggregate_stats *as, uint32_t protocol, uint32_t xid,
                                  struct wire_wr *w)
{
    uint8_t version = protocol_version(protocol);
    bool nxm = protocol & PROTOCOL_NXM_ALL;
    size_t start =
        msg_start(w, nxm ? MSG_NXST_AGGREGATE_REPLY : MSG_AGGREGATE_STATS_REPLY, version, xid);

    if (version >= OFP15_VERSION) {
        struct oxs oxs = OXS_UNKNOWN;
        oxs.n_flows = as->n_flows;
        oxs.n_packets = as->n_packets;
        oxs.n_bytes = as->n_bytes;
        oxs_encode(&oxs, w);
    } else {
        wire_wr_u64(w, as->n_packets);
        wire_wr_u64(w, as->n_bytes);
        wire_wr_u32(w, as->n_flows);
        wire_wr_zeros(w, 4);
    }
    msg_finish(w, start);
}
