/* flow_mod10.c - see flow_mod-private.h: FLOW_MOD of OpenFlow 1.0 (section 5.3.3) and NXT_FLOW_MOD
 * (nicira-ext), which is the same with an extensible match.
 *
 * Neither has a table; if the session agreed so (NXT_FLOW_MOD_TABLE_ID), it is the high byte of the
 * command.  Their cookie is always the rule's; NXM can filter by one in its match. */
#include "ofp/flow_mod-private.h"

#include "ofp/port.h"

#define FLAG_EMERGENCY   0x04 /* 1.0 only; no switch of ours keeps such a table. */
#define NXM_NX_COOKIE    0x00013c08u
#define NXM_NX_COOKIE_W  0x00013d10u
#define PRIORITY_HIGHEST 0xffff

enum ofp_error flow_mod10_decode_nxm(struct wire_rd *r, size_t len, const struct msg_header *h,
                                     struct match *m, uint64_t *cookie, uint64_t *cookie_mask)
{
    be64 value = 0, mask = 0;
    enum ofp_error error =
        match_decode_tlvs(r, len, h, true, m, cookie ? &value : NULL, cookie ? &mask : NULL);

    wire_rd_skip(r, ROUND_UP(len, 8u) - len);
    if (!error && r->err) {
        error = OFPERR_OFPBMC_BAD_LEN;
    }
    if (cookie) {
        *cookie = be64toh(value);
        *cookie_mask = be64toh(mask);
    }
    return error;
}

size_t flow_mod10_encode_nxm(const struct match *m, uint64_t cookie, uint64_t cookie_mask,
                             struct wire_wr *w)
{
    size_t start = w->len;

    match_encode_tlvs(m, OFP10_VERSION, w);
    if (cookie_mask) {
        bool exact = cookie_mask == UINT64_MAX;
        wire_wr_u32(w, exact ? NXM_NX_COOKIE : NXM_NX_COOKIE_W);
        wire_wr_u64(w, cookie & cookie_mask);
        if (!exact) {
            wire_wr_u64(w, cookie_mask);
        }
    }
    size_t len = w->len - start;
    wire_wr_pad(w, start, 8);
    return len;
}

static void decode_command(struct flow_mod *fm, uint16_t command, const struct msg_header *h)
{
    /* A number too large for the byte is a bad command; so is 255. */
    fm->table_id = h->table_in_command ? (uint8_t)(command >> 8) : OFPTT_ALL;
    command = h->table_in_command ? command & 0xff : command;
    fm->command = (uint8_t)MIN(command, UINT8_MAX);
}

static void decode_fixed(struct wire_rd *r, const struct msg_header *h, struct flow_mod *fm)
{
    fm->new_cookie = wire_rd_u64(r);
    decode_command(fm, wire_rd_u16(r), h);
    fm->idle_timeout = wire_rd_u16(r);
    fm->hard_timeout = wire_rd_u16(r);
    fm->priority = wire_rd_u16(r);
    fm->buffer_id = wire_rd_u32(r);
    fm->out_port = port_from_10(wire_rd_u16(r));
    fm->out_group = OFPG_ANY;
    fm->flags = wire_rd_u16(r);
    fm->modify_cookie = (fm->command == FM_MODIFY || fm->command == FM_MODIFY_STRICT) &&
                        fm->new_cookie != UINT64_MAX;
}

static enum ofp_error check_flags(const struct flow_mod *fm, uint8_t version)
{
    if (version == OFP10_VERSION && fm->flags & FLAG_EMERGENCY) {
        return OFPERR_OFPFMFC_TABLE_FULL;
    }
    return fm->flags & ~flow_mod_known_flags(version) ? OFPERR_OFPFMFC_BAD_FLAGS : OFPERR_OK;
}

static enum ofp_error decode_plain(struct wire_rd *r, const struct msg_header *h,
                                   struct flow_mod *fm)
{
    uint32_t wildcards = wire_rd_left(r) >= 4 ? get_be32(r->p) : 0;
    enum ofp_error error = match_decode(r, h, &fm->match);

    if (error) {
        return error;
    }
    decode_fixed(r, h, fm);
    if (!(wildcards & 0x3fffff)) {
        fm->priority = PRIORITY_HIGHEST; /* Exact matches are above all others. */
    }
    match_normalise(&fm->match, NULL);
    return OFPERR_OK;
}

static enum ofp_error decode_nx(struct wire_rd *r, const struct msg_header *h, struct flow_mod *fm)
{
    decode_fixed(r, h, fm);
    uint16_t match_len = wire_rd_u16(r);
    wire_rd_skip(r, 6);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error =
        flow_mod10_decode_nxm(r, match_len, h, &fm->match, &fm->cookie, &fm->cookie_mask);
    if (!error && fm->cookie_mask && fm->command == FM_ADD) {
        error = OFPERR_NXBRC_NXM_INVALID; /* A new flow has nothing to filter. */
    }
    return error;
}

enum ofp_error flow_mod10_decode(struct wire_rd *r, const struct msg_header *h, struct flow_mod *fm)
{
    enum ofp_error error =
        h->type == MSG_NXT_FLOW_MOD ? decode_nx(r, h, fm) : decode_plain(r, h, fm);

    if (!error && r->err) {
        error = OFPERR_OFPBRC_BAD_LEN;
    }
    error = error ? error : check_flags(fm, h->version);
    return !error && fm->command > FM_DELETE_STRICT ? OFPERR_OFPFMFC_BAD_COMMAND : error;
}

static void encode_fixed(const struct flow_mod *fm, uint32_t protocol, struct wire_wr *w)
{
    uint16_t table = protocol & PROTOCOL_TIDS ? (uint16_t)(fm->table_id << 8) : 0;

    wire_wr_u64(w, fm->new_cookie);
    wire_wr_u16(w, table | fm->command);
    wire_wr_u16(w, fm->idle_timeout);
    wire_wr_u16(w, fm->hard_timeout);
    wire_wr_u16(w, fm->priority);
    wire_wr_u32(w, fm->buffer_id);
    wire_wr_u16(w, port_to_10(fm->out_port));
    wire_wr_u16(w, fm->flags & flow_mod_known_flags(OFP10_VERSION));
}

void flow_mod10_encode(const struct flow_mod *fm, uint32_t protocol, uint32_t xid,
                       struct wire_wr *w)
{
    bool nxm = protocol & PROTOCOL_NXM_ALL;
    size_t start = msg_start(w, nxm ? MSG_NXT_FLOW_MOD : MSG_FLOW_MOD, OFP10_VERSION, xid);

    if (nxm) {
        encode_fixed(fm, protocol, w);
        size_t len_ofs = w->len;
        wire_wr_u16(w, 0);
        wire_wr_zeros(w, 6);
        size_t len = flow_mod10_encode_nxm(&fm->match, fm->cookie, fm->cookie_mask, w);
        wire_wr_patch16(w, len_ofs, (uint16_t)len);
    } else {
        match_encode(&fm->match, OFP10_VERSION, w);
        encode_fixed(fm, protocol, w);
    }
    acts_encode_instructions(fm->acts.data, fm->acts.len, OFP10_VERSION, w);
    msg_finish(w, start);
}
