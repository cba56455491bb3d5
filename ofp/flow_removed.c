/* flow_removed.c - see flow_mod.h: FLOW_REMOVED on the wire: OpenFlow 1.0 (section 5.4.2), 1.1 to
 * 1.4 (1.3.5 section 7.4.2), 1.5 with OXS (7.4.2), and NXT_FLOW_REMOVED. */
#include "ofp/flow_mod-private.h"
#include "ofp/oxs.h"

/* ---- decode ---- */

static void decode_counters(struct wire_rd *r, struct flow_removed *fr)
{
    fr->n_packets = wire_rd_u64(r);
    fr->n_bytes = wire_rd_u64(r);
}

static void decode_duration(struct wire_rd *r, struct flow_removed *fr)
{
    fr->duration_sec = wire_rd_u32(r);
    fr->duration_nsec = wire_rd_u32(r);
    fr->idle_timeout = wire_rd_u16(r);
}

static enum ofp_error decode10(struct wire_rd *r, const struct msg_header *h,
                               struct flow_removed *fr)
{
    enum ofp_error error = match_decode(r, h, &fr->match);

    if (error) {
        return error;
    }
    fr->cookie = wire_rd_u64(r);
    fr->priority = wire_rd_u16(r);
    fr->reason = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    fr->table_id = OFPTT_ALL;
    decode_duration(r, fr);
    wire_rd_skip(r, 2);
    decode_counters(r, fr);
    return OFPERR_OK;
}

static enum ofp_error decode11(struct wire_rd *r, const struct msg_header *h,
                               struct flow_removed *fr)
{
    fr->cookie = wire_rd_u64(r);
    fr->priority = wire_rd_u16(r);
    fr->reason = wire_rd_u8(r);
    fr->table_id = wire_rd_u8(r);
    decode_duration(r, fr);
    fr->hard_timeout = wire_rd_u16(r);
    decode_counters(r, fr);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : match_decode(r, h, &fr->match);
}

static enum ofp_error decode15(struct wire_rd *r, const struct msg_header *h,
                               struct flow_removed *fr)
{
    struct oxs oxs;

    fr->table_id = wire_rd_u8(r);
    fr->reason = wire_rd_u8(r);
    fr->priority = wire_rd_u16(r);
    fr->idle_timeout = wire_rd_u16(r);
    fr->hard_timeout = wire_rd_u16(r);
    fr->cookie = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = match_decode(r, h, &fr->match);
    error = error ? error : oxs_decode(r, &oxs);
    if (!error) {
        fr->duration_sec = oxs.duration_sec;
        fr->duration_nsec = oxs.duration_nsec;
        fr->n_packets = oxs.n_packets;
        fr->n_bytes = oxs.n_bytes;
        wire_rd_skip(r, wire_rd_left(r)); /* Later versions may say more. */
    }
    return error;
}

static enum ofp_error decode_nx(struct wire_rd *r, const struct msg_header *h,
                                struct flow_removed *fr)
{
    fr->cookie = wire_rd_u64(r);
    fr->priority = wire_rd_u16(r);
    fr->reason = wire_rd_u8(r);
    uint8_t table = wire_rd_u8(r);
    fr->table_id = table ? (uint8_t)(table - 1) : OFPTT_ALL;
    decode_duration(r, fr);
    uint16_t match_len = wire_rd_u16(r);
    decode_counters(r, fr);
    return r->err ? OFPERR_OFPBRC_BAD_LEN
                  : flow_mod10_decode_nxm(r, match_len, h, &fr->match, NULL, NULL);
}

enum ofp_error flow_removed_decode(struct wire_rd *r, const struct msg_header *h,
                                   struct flow_removed *fr)
{
    *fr = (struct flow_removed){0};
    match_init(&fr->match);
    enum ofp_error error = h->type == MSG_NXT_FLOW_REMOVED ? decode_nx(r, h, fr)
                           : h->version == OFP10_VERSION   ? decode10(r, h, fr)
                           : h->version < OFP15_VERSION    ? decode11(r, h, fr)
                                                           : decode15(r, h, fr);
    return !error && (r->err || wire_rd_left(r)) ? OFPERR_OFPBRC_BAD_LEN : error;
}

/* ---- encode ---- */

/* What 1.3 cannot say (METER_DELETE, EVICTION) it hears as DELETE; 1.0 knows no groups. */
static uint8_t reason_for(uint8_t reason, uint8_t version)
{
    uint8_t last = version == OFP10_VERSION  ? FR_DELETE
                   : version < OFP14_VERSION ? FR_GROUP_DELETE
                                             : UINT8_MAX;
    return reason > last ? FR_DELETE : reason;
}

static void encode_counters(const struct flow_removed *fr, struct wire_wr *w)
{
    wire_wr_u64(w, fr->n_packets);
    wire_wr_u64(w, fr->n_bytes);
}

static void encode_duration(const struct flow_removed *fr, struct wire_wr *w)
{
    wire_wr_u32(w, fr->duration_sec);
    wire_wr_u32(w, fr->duration_nsec);
    wire_wr_u16(w, fr->idle_timeout);
}

/* Cookie to table, whose number the forms have in their own way. */
static void encode_start(const struct flow_removed *fr, uint8_t version, uint8_t table,
                         struct wire_wr *w)
{
    wire_wr_u64(w, fr->cookie);
    wire_wr_u16(w, fr->priority);
    wire_wr_u8(w, reason_for(fr->reason, version));
    wire_wr_u8(w, table);
    encode_duration(fr, w);
}

static void encode15(const struct flow_removed *fr, uint8_t version, struct wire_wr *w)
{
    struct oxs oxs = OXS_UNKNOWN;

    wire_wr_u8(w, fr->table_id);
    wire_wr_u8(w, fr->reason);
    wire_wr_u16(w, fr->priority);
    wire_wr_u16(w, fr->idle_timeout);
    wire_wr_u16(w, fr->hard_timeout);
    wire_wr_u64(w, fr->cookie);
    match_encode(&fr->match, version, w);
    oxs.duration_sec = fr->duration_sec;
    oxs.duration_nsec = fr->duration_nsec;
    oxs.n_packets = fr->n_packets;
    oxs.n_bytes = fr->n_bytes;
    oxs_encode(&oxs, w);
}

static void encode_nx(const struct flow_removed *fr, struct wire_wr *w)
{
    encode_start(fr, OFP10_VERSION, (uint8_t)(fr->table_id + 1), w); /* ALL becomes 0: not said. */
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    encode_counters(fr, w);
    wire_wr_patch16(w, len_ofs, (uint16_t)flow_mod10_encode_nxm(&fr->match, 0, 0, w));
}

void flow_removed_encode(const struct flow_removed *fr, uint32_t protocol, uint32_t xid,
                         struct wire_wr *w)
{
    uint8_t version = protocol_version(protocol);
    bool nxm = protocol & PROTOCOL_NXM_ALL;
    size_t start = msg_start(w, nxm ? MSG_NXT_FLOW_REMOVED : MSG_FLOW_REMOVED, version, xid);

    if (nxm) {
        encode_nx(fr, w);
    } else if (version >= OFP15_VERSION) {
        encode15(fr, version, w);
    } else if (version > OFP10_VERSION) {
        encode_start(fr, version, fr->table_id, w);
        wire_wr_u16(w, fr->hard_timeout);
        encode_counters(fr, w);
        match_encode(&fr->match, version, w);
    } else {
        match_encode(&fr->match, version, w);
        encode_start(fr, version, 0, w);
        wire_wr_zeros(w, 2);
        encode_counters(fr, w);
    }
    msg_finish(w, start);
}

void flow_removed_format_reason(uint8_t reason, struct text *s)
{
    static const char *const names[] = {"idle",         "hard",         "delete",
                                        "group_delete", "meter_delete", "eviction"};
    if (reason < ARRAY_SIZE(names)) {
        text_puts(s, names[reason]);
    } else {
        text_printf(s, "%u", reason);
    }
}
