/* flow_mod.c - see flow_mod.h: FLOW_MOD on the wire, OpenFlow 1.1 to 1.5 (OpenFlow 1.3.5 section
 * 7.3.4.2).  1.0 and Nicira's form are in flow_mod10.c, text is in flow_mod_text.c. */
#include "ofp/flow_mod.h"

#include "ofp/flow_mod-private.h"
#include "ofp/port.h"

uint16_t flow_mod_known_flags(uint8_t version)
{
    uint16_t flags = OFPFF_SEND_FLOW_REM | OFPFF_CHECK_OVERLAP;
    flags |= version >= OFP12_VERSION ? OFPFF_RESET_COUNTS : 0;
    return version >= OFP13_VERSION ? flags | OFPFF_NO_PKT_COUNTS | OFPFF_NO_BYT_COUNTS : flags;
}

uint32_t flow_mod_protocol(const struct msg_header *h)
{
    uint32_t plain = protocol_plain(h->version);

    if (h->version > OFP10_VERSION) {
        return plain;
    }
    switch (h->type) {
    case MSG_FLOW_MOD:
        return h->table_in_command ? PROTOCOL_OF10_TID : plain;
    case MSG_NXT_FLOW_MOD:
        return h->table_in_command ? PROTOCOL_NXM_TID : PROTOCOL_NXM;
    case MSG_NXT_FLOW_REMOVED:
    case MSG_NXST_FLOW_REQUEST:
    case MSG_NXST_FLOW_REPLY:
    case MSG_NXST_AGGREGATE_REQUEST:
    case MSG_NXST_AGGREGATE_REPLY:
    case MSG_NXST_FLOW_MONITOR_REQUEST:
    case MSG_NXST_FLOW_MONITOR_REPLY:
        return PROTOCOL_NXM;
    default:
        return plain;
    }
}

static bool is_delete(uint8_t command)
{
    return command == FM_DELETE || command == FM_DELETE_STRICT;
}

void flow_mod_deinit(struct flow_mod *fm)
{
    acts_deinit(&fm->acts);
}

/* ADD names the new rule's cookie; every other command filters by it.  1.1's MODIFY changes it,
 * without a filter. */
static void decode_cookie(struct flow_mod *fm, uint8_t version, uint64_t cookie, uint64_t mask)
{
    bool modify = fm->command == FM_MODIFY || fm->command == FM_MODIFY_STRICT;

    if (fm->command == FM_ADD) {
        fm->new_cookie = cookie;
    } else if (version == OFP11_VERSION && modify && !mask) {
        fm->new_cookie = cookie;
        fm->modify_cookie = cookie != UINT64_MAX;
    } else {
        fm->cookie = cookie;
        fm->cookie_mask = mask;
        fm->new_cookie = UINT64_MAX;
    }
}

static enum ofp_error check_fixed(const struct flow_mod *fm, uint8_t version)
{
    if (fm->command > FM_DELETE_STRICT) {
        return OFPERR_OFPFMFC_BAD_COMMAND;
    }
    /* 1.1 cannot say "any table" at all. */
    if (fm->table_id == OFPTT_ALL && (!is_delete(fm->command) || version < OFP12_VERSION)) {
        return OFPERR_OFPFMFC_BAD_TABLE_ID;
    }
    if (!ofp_port_ok(fm->out_port)) {
        return OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    if (fm->flags & ~flow_mod_known_flags(version)) {
        return OFPERR_OFPFMFC_BAD_FLAGS;
    }
    return OFPERR_OK;
}

/* Everything before the instructions. */
static enum ofp_error decode_head(struct wire_rd *r, const struct msg_header *h,
                                  struct flow_mod *fm)
{
    uint64_t cookie = wire_rd_u64(r);
    uint64_t cookie_mask = wire_rd_u64(r);
    fm->table_id = wire_rd_u8(r);
    fm->command = wire_rd_u8(r);
    fm->idle_timeout = wire_rd_u16(r);
    fm->hard_timeout = wire_rd_u16(r);
    fm->priority = wire_rd_u16(r);
    fm->buffer_id = wire_rd_u32(r);
    fm->out_port = wire_rd_u32(r);
    fm->out_group = wire_rd_u32(r);
    fm->flags = wire_rd_u16(r);
    uint16_t importance = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    fm->importance = h->version >= OFP14_VERSION ? importance : 0;
    decode_cookie(fm, h->version, cookie, cookie_mask);

    enum ofp_error err = match_decode(r, h, &fm->match);
    return err ? err : check_fixed(fm, h->version);
}

enum ofp_error flow_mod_decode(struct wire_rd *r, const struct msg_header *h,
                               const struct act_limits *limits, struct flow_mod *fm)
{
    *fm = (struct flow_mod){.acts = ACTS_INIT};
    match_init(&fm->match);
    bool old = h->version == OFP10_VERSION || h->type == MSG_NXT_FLOW_MOD;
    enum ofp_error err = old ? flow_mod10_decode(r, h, fm) : decode_head(r, h, fm);
    fm->before_12 = old || h->version == OFP11_VERSION;
    fm->any_table = old && fm->table_id == OFPTT_ALL;
    err = err ? err : match_check_tuple(&fm->match);
    err = err ? err : acts_decode_instructions(r, wire_rd_left(r), h, &fm->acts);
    if (!err) {
        struct act_limits here = limits ? *limits : (struct act_limits){0};
        here.cur_table = fm->table_id;
        /* 1.0 takes actions that do not fit the match, and does nothing for them. */
        err = acts_check(&fm->acts, &fm->match, &here, h->version > OFP10_VERSION);
    }
    if (err) {
        flow_mod_deinit(fm);
    }
    return err;
}

static void encode(const struct flow_mod *fm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_FLOW_MOD, version, xid);
    bool add = fm->command == FM_ADD;
    bool any_table = is_delete(fm->command) && version >= OFP12_VERSION;
    /* 1.1 can give the flows that it modifies a cookie. */
    bool new_cookie = add || (version == OFP11_VERSION && fm->modify_cookie && !fm->cookie_mask);
    wire_wr_u64(w, new_cookie ? fm->new_cookie : fm->cookie & fm->cookie_mask);
    wire_wr_u64(w, add ? 0 : fm->cookie_mask);
    /* Where "any table" cannot be said it means the first. */
    wire_wr_u8(w, fm->table_id == OFPTT_ALL && !any_table ? 0 : fm->table_id);
    wire_wr_u8(w, fm->command);
    wire_wr_u16(w, fm->idle_timeout);
    wire_wr_u16(w, fm->hard_timeout);
    wire_wr_u16(w, fm->priority);
    wire_wr_u32(w, fm->buffer_id);
    wire_wr_u32(w, fm->out_port);
    wire_wr_u32(w, fm->out_group);
    wire_wr_u16(w, fm->flags & flow_mod_known_flags(version));
    wire_wr_u16(w, version >= OFP14_VERSION ? fm->importance : 0);
    match_encode(&fm->match, version, w);
    acts_encode_instructions(fm->acts.data, fm->acts.len, version, w);
    msg_finish(w, start);
}

void flow_mod_encode(const struct flow_mod *fm, uint32_t protocol, uint32_t xid, struct wire_wr *w)
{
    if (protocol & PROTOCOL_OF11_UP) {
        encode(fm, protocol_version(protocol), xid, w);
    } else {
        flow_mod10_encode(fm, protocol, xid, w);
    }
}
