/* flow_monitor.c - see flow_monitor.h: on the wire (nicira-ext, EXT-187, OpenFlow 1.4.1 section
 * 7.3.5.17).
 *
 * Genuine Open vSwitch takes 1.4's ONLY_OWN for Nicira's OWN, which is what its tools send, and so
 * do we; 1.4's own flag for that is NO_ABBREV. */
#include "ofp/flow_monitor.h"

#include "ofp/flow_mod-private.h"
#include "ofp/port.h"

#define FLAGS_CHANGES (FLOW_MONITOR_ADD | FLOW_MONITOR_DELETE | FLOW_MONITOR_MODIFY)
#define FLAGS_ALL     (FLAGS_CHANGES | FLOW_MONITOR_INITIAL | FLOW_MONITOR_ACTIONS | FLOW_MONITOR_OWN)
#define SHORT_LEN     8  /* Of events that are not about a flow. */
#define UPDATE_LEN    24 /* Fixed part of the others: both forms. */

static bool is_native(uint8_t version)
{
    return version >= OFP14_VERSION;
}

enum msg_type flow_monitor_request_type(uint32_t protocol)
{
    uint8_t version = protocol_version(protocol);
    return is_native(version)         ? MSG_FLOW_MONITOR_REQUEST
           : version == OFP13_VERSION ? MSG_ONFST_FLOW_MONITOR_REQUEST
                                      : MSG_NXST_FLOW_MONITOR_REQUEST;
}

enum msg_type flow_monitor_reply_type(uint32_t protocol)
{
    uint8_t version = protocol_version(protocol);
    return is_native(version)         ? MSG_FLOW_MONITOR_REPLY
           : version == OFP13_VERSION ? MSG_ONFST_FLOW_MONITOR_REPLY
                                      : MSG_NXST_FLOW_MONITOR_REPLY;
}

/* ---- requests ---- */

static enum ofp_error check_flags(uint16_t flags, uint16_t known)
{
    return flags & ~known || !(flags & FLAGS_CHANGES) ? OFPERR_OFPMOFC_BAD_FLAGS : OFPERR_OK;
}

/* 1.4 has the two flags of own changes the other way about; both ways. */
static uint16_t swap_flags(uint16_t flags)
{
    const uint16_t both = FLOW_MONITOR_OWN | FLOW_MONITOR_NO_ABBREV;

    return (uint16_t)((flags & ~both) | (flags & FLOW_MONITOR_OWN ? FLOW_MONITOR_NO_ABBREV : 0) |
                      (flags & FLOW_MONITOR_NO_ABBREV ? FLOW_MONITOR_OWN : 0));
}

static enum ofp_error check_zeros(struct wire_rd *r, size_t n)
{
    const uint8_t *p = wire_rd_bytes(r, n);
    return !p ? OFPERR_OFPBRC_BAD_LEN : is_all_zeros(p, n) ? OFPERR_OK : OFPERR_NXBRC_MUST_BE_ZERO;
}

static enum ofp_error decode_nx(struct wire_rd *r, const struct msg_header *h,
                                struct flow_monitor_request *req)
{
    req->id = wire_rd_u32(r);
    req->flags = wire_rd_u16(r);
    req->out_port = port_from_10(wire_rd_u16(r));
    uint16_t match_len = wire_rd_u16(r);
    req->table_id = wire_rd_u8(r);
    enum ofp_error error = check_zeros(r, 5);
    error = error ? error : check_flags(req->flags, FLAGS_ALL);
    return error ? error : flow_mod10_decode_nxm(r, match_len, h, &req->match, NULL, NULL);
}

static enum ofp_error decode_onf(struct wire_rd *r, const struct msg_header *h,
                                 struct flow_monitor_request *req)
{
    req->id = wire_rd_u32(r);
    req->flags = wire_rd_u16(r);
    wire_rd_skip(r, 2); /* The match has its own length. */
    req->out_port = wire_rd_u32(r);
    req->table_id = wire_rd_u8(r);
    enum ofp_error error = check_zeros(r, 3);
    error = error ? error : check_flags(req->flags, FLAGS_ALL);
    if (!error && !ofp_port_ok(req->out_port)) {
        error = OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    return error ? error : match_decode(r, h, &req->match);
}

static enum ofp_error decode14(struct wire_rd *r, const struct msg_header *h,
                               struct flow_monitor_request *req)
{
    req->id = wire_rd_u32(r);
    req->out_port = wire_rd_u32(r);
    req->out_group = wire_rd_u32(r);
    req->flags = wire_rd_u16(r);
    req->table_id = wire_rd_u8(r);
    req->command = wire_rd_u8(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = req->command == FLOW_MONITOR_CMD_DELETE
                               ? OFPERR_OK
                               : check_flags(req->flags, FLAGS_ALL | FLOW_MONITOR_NO_ABBREV);
    req->flags = swap_flags(req->flags);
    if (!error && !ofp_port_ok(req->out_port)) {
        error = OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    return error ? error : match_decode(r, h, &req->match);
}

enum ofp_error flow_monitor_request_decode(struct wire_rd *r, const struct msg_header *h,
                                           struct flow_monitor_request *req, bool *end)
{
    *req = (struct flow_monitor_request){.out_port = OFPP_ANY, .out_group = OFPG_ANY};
    match_init(&req->match);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    return is_native(h->version)         ? decode14(r, h, req)
           : h->version == OFP13_VERSION ? decode_onf(r, h, req)
                                         : decode_nx(r, h, req);
}

static void encode_nx(const struct flow_monitor_request *req, struct wire_wr *w)
{
    wire_wr_u32(w, req->id);
    wire_wr_u16(w, req->flags);
    wire_wr_u16(w, port_to_10(req->out_port));
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u8(w, req->table_id);
    wire_wr_zeros(w, 5);
    wire_wr_patch16(w, len_ofs, (uint16_t)flow_mod10_encode_nxm(&req->match, 0, 0, w));
}

static void encode_onf(const struct flow_monitor_request *req, uint8_t version, struct wire_wr *w)
{
    wire_wr_u32(w, req->id);
    wire_wr_u16(w, req->flags);
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u32(w, req->out_port);
    wire_wr_u8(w, req->table_id);
    wire_wr_zeros(w, 3);
    size_t match = w->len;
    match_encode(&req->match, version, w);
    if (!w->err) {
        wire_wr_patch16(w, len_ofs, get_be16(w->data + match + 2));
    }
}

static void encode14(const struct flow_monitor_request *req, uint8_t version, struct wire_wr *w)
{
    wire_wr_u32(w, req->id);
    wire_wr_u32(w, req->out_port);
    wire_wr_u32(w, req->out_group);
    wire_wr_u16(w, swap_flags(req->flags));
    wire_wr_u8(w, req->table_id);
    wire_wr_u8(w, req->command);
    match_encode(&req->match, version, w);
}

void flow_monitor_request_encode(const struct flow_monitor_request *req, uint32_t protocol,
                                 struct wire_wr *w)
{
    uint8_t version = protocol_version(protocol);

    if (is_native(version)) {
        encode14(req, version, w);
    } else if (version == OFP13_VERSION) {
        encode_onf(req, version, w);
    } else {
        encode_nx(req, w);
    }
}

/* ---- updates ---- */

/* The events' numbers: those before 1.4 lack three. */
static const int8_t nx_events[] = {
    [FLOW_UPDATE_INITIAL] = 0,  [FLOW_UPDATE_ADDED] = 0,  [FLOW_UPDATE_DELETED] = 1,
    [FLOW_UPDATE_MODIFIED] = 2, [FLOW_UPDATE_ABBREV] = 3, [FLOW_UPDATE_PAUSED] = -1,
    [FLOW_UPDATE_RESUMED] = -1,
};

void flow_update_deinit(struct flow_update *u)
{
    acts_deinit(&u->acts);
}

static bool decode_event(uint16_t number, uint8_t version, enum flow_update_event *event)
{
    if (is_native(version)) {
        *event = (enum flow_update_event)number;
        return number <= FLOW_UPDATE_RESUMED;
    }
    for (int e = FLOW_UPDATE_ADDED; e < (int)ARRAY_SIZE(nx_events); e++) {
        if (nx_events[e] == number) {
            *event = (enum flow_update_event)e;
            return true;
        }
    }
    return false;
}

static enum ofp_error decode_acts(struct wire_rd *r, const struct msg_header *h,
                                  struct flow_update *u)
{
    /* Nicira's form has actions where 1.1 would have instructions. */
    return h->version < OFP13_VERSION ? acts_decode_actions(r, wire_rd_left(r), h, &u->acts)
                                      : acts_decode_instructions(r, wire_rd_left(r), h, &u->acts);
}

static enum ofp_error decode_update_nx(struct wire_rd *r, const struct msg_header *h,
                                       struct flow_update *u)
{
    uint16_t reason = wire_rd_u16(r);
    u->reason = (uint8_t)MIN(reason, UINT8_MAX);
    u->priority = wire_rd_u16(r);
    u->idle_timeout = wire_rd_u16(r);
    u->hard_timeout = wire_rd_u16(r);
    uint16_t match_len = wire_rd_u16(r);
    u->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    u->cookie = wire_rd_u64(r);
    if (h->version == OFP13_VERSION) {
        return match_decode(r, h, &u->match);
    }
    if (match_len > wire_rd_left(r)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return flow_mod10_decode_nxm(r, match_len, h, &u->match, NULL, NULL);
}

static enum ofp_error decode_update14(struct wire_rd *r, const struct msg_header *h,
                                      struct flow_update *u)
{
    u->table_id = wire_rd_u8(r);
    u->reason = wire_rd_u8(r);
    u->idle_timeout = wire_rd_u16(r);
    u->hard_timeout = wire_rd_u16(r);
    u->priority = wire_rd_u16(r);
    wire_rd_skip(r, 4);
    u->cookie = wire_rd_u64(r);
    return match_decode(r, h, &u->match);
}

static enum ofp_error decode_update(struct wire_rd *r, const struct msg_header *h,
                                    struct flow_update *u)
{
    uint16_t len = wire_rd_u16(r);
    uint16_t number = wire_rd_u16(r);

    if (r->err || len < SHORT_LEN || len % 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    struct wire_rd entry = wire_rd_sub(r, len - 4u);
    if (entry.err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!decode_event(number, h->version, &u->event)) {
        return OFPERR_NXBRC_FM_BAD_EVENT;
    }
    if (u->event >= FLOW_UPDATE_ABBREV) {
        u->xid = wire_rd_u32(&entry);
        return len == SHORT_LEN ? OFPERR_OK : OFPERR_OFPBRC_BAD_LEN;
    }
    if (len < UPDATE_LEN) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error =
        is_native(h->version) ? decode_update14(&entry, h, u) : decode_update_nx(&entry, h, u);
    return error ? error : decode_acts(&entry, h, u);
}

enum ofp_error flow_update_decode(struct wire_rd *r, const struct msg_header *h,
                                  struct flow_update *u, bool *end)
{
    *u = (struct flow_update){.acts = ACTS_INIT};
    match_init(&u->match);
    *end = !wire_rd_left(r);
    enum ofp_error error = *end ? OFPERR_OK : decode_update(r, h, u);
    if (error) {
        flow_update_deinit(u);
    }
    return error;
}

static void encode_update_nx(const struct flow_update *u, uint8_t version, struct wire_wr *w)
{
    wire_wr_u16(w, u->reason);
    wire_wr_u16(w, u->priority);
    wire_wr_u16(w, u->idle_timeout);
    wire_wr_u16(w, u->hard_timeout);
    size_t len_ofs = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u8(w, u->table_id);
    wire_wr_zeros(w, 1);
    wire_wr_u64(w, u->cookie);
    if (version == OFP13_VERSION) {
        size_t match = w->len;
        match_encode(&u->match, version, w);
        uint16_t len = w->err ? 0 : get_be16(w->data + match + 2);
        wire_wr_patch16(w, len_ofs, len);
        acts_encode_instructions(u->acts.data, u->acts.len, version, w);
    } else {
        wire_wr_patch16(w, len_ofs, (uint16_t)flow_mod10_encode_nxm(&u->match, 0, 0, w));
        acts_encode_actions(u->acts.data, u->acts.len, version, w);
    }
}

static void encode_update14(const struct flow_update *u, uint8_t version, struct wire_wr *w)
{
    wire_wr_u8(w, u->table_id);
    wire_wr_u8(w, u->reason);
    wire_wr_u16(w, u->idle_timeout);
    wire_wr_u16(w, u->hard_timeout);
    wire_wr_u16(w, u->priority);
    wire_wr_zeros(w, 4);
    wire_wr_u64(w, u->cookie);
    match_encode(&u->match, version, w);
    acts_encode_instructions(u->acts.data, u->acts.len, version, w);
}

void flow_update_encode(const struct flow_update *u, uint32_t protocol, struct wire_wr *w)
{
    uint8_t version = protocol_version(protocol);
    bool native = is_native(version);
    int number = native ? (int)u->event : nx_events[u->event];
    size_t start = w->len;

    if (number < 0) {
        w->err = true; /* A message of its own there. */
        return;
    }
    wire_wr_u16(w, 0);
    wire_wr_u16(w, (uint16_t)number);
    if (u->event >= FLOW_UPDATE_ABBREV) {
        wire_wr_u32(w, u->event == FLOW_UPDATE_ABBREV ? u->xid : 0);
    } else {
        (native ? encode_update14 : encode_update_nx)(u, version, w);
    }
    if (w->len - start > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}

/* ---- messages of their own ---- */

enum ofp_error flow_monitor_cancel_decode(struct wire_rd *r, uint32_t *id)
{
    *id = wire_rd_u32(r);
    return r->err || wire_rd_left(r) ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void flow_monitor_cancel_encode(uint32_t id, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    bool onf = version == OFP13_VERSION;
    size_t start = msg_start(w, onf ? MSG_ONFT_FLOW_MONITOR_CANCEL : MSG_NXT_FLOW_MONITOR_CANCEL,
                             version, xid);

    wire_wr_u32(w, id);
    msg_finish(w, start);
}

void flow_monitor_paused_encode(bool resumed, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    static const enum msg_type types[2][2] = {
        {MSG_NXT_FLOW_MONITOR_PAUSED, MSG_NXT_FLOW_MONITOR_RESUMED},
        {MSG_ONFT_FLOW_MONITOR_PAUSED, MSG_ONFT_FLOW_MONITOR_RESUMED},
    };

    msg_finish(w, msg_start(w, types[version == OFP13_VERSION][resumed], version, xid));
}
