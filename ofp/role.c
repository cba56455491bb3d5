/* role.c - see role.h.  OpenFlow 1.3.5 section 7.3.9, 1.4 section 7.4.4, EXT-191; nicira-ext. */
#include "ofp/role.h"

#include "ofp/format.h"

static const char *const names[] = {"nochange", "equal", "primary", "secondary"};

const char *ofp_role_name(enum ofp_role role)
{
    return (unsigned)role < ARRAY_SIZE(names) ? names[role] : "(unknown)";
}

static bool is_nx(enum msg_type type)
{
    return type == MSG_NXT_ROLE_REQUEST || type == MSG_NXT_ROLE_REPLY;
}

enum ofp_error role_decode(struct wire_rd *r, const struct msg_header *h, struct role_msg *m)
{
    *m = (struct role_msg){.role = ROLE_NOCHANGE};
    uint32_t role = wire_rd_u32(r);
    if (is_nx(h->type)) { /* Cannot say NOCHANGE. */
        if (!r->err && role > ROLE_SECONDARY - ROLE_EQUAL) {
            return OFPERR_OFPRRFC_BAD_ROLE;
        }
        m->role = (enum ofp_role)(role + ROLE_EQUAL);
        return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
    }
    uint16_t short_id = wire_rd_u16(r);
    wire_rd_skip(r, 2);
    m->generation_id = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (role > ROLE_SECONDARY) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    m->role = (enum ofp_role)role;
    m->short_id = h->version >= OFP15_VERSION ? short_id : 0;
    /* Who asks for no change tells none, whatever is there. */
    m->has_generation_id =
        m->generation_id != UINT64_MAX && (h->type != MSG_ROLE_REQUEST || role != ROLE_NOCHANGE);
    return OFPERR_OK;
}

void role_encode(const struct role_msg *m, enum msg_type type, uint8_t version, uint32_t xid,
                 struct wire_wr *w)
{
    size_t start = msg_start(w, type, version, xid);
    if (is_nx(type)) {
        w->err |= m->role == ROLE_NOCHANGE;
        wire_wr_u32(w, (uint32_t)m->role - ROLE_EQUAL);
    } else {
        wire_wr_u32(w, m->role);
        wire_wr_u16(w, version >= OFP15_VERSION ? m->short_id : 0);
        wire_wr_zeros(w, 2);
        bool any = type == MSG_ROLE_REQUEST && m->role == ROLE_NOCHANGE;
        wire_wr_u64(w, any || m->has_generation_id ? m->generation_id : UINT64_MAX);
    }
    msg_finish(w, start);
}

void role_format(const struct role_msg *m, struct text *s)
{
    text_printf(s, " role=%s", ofp_role_name(m->role));
    if (m->has_generation_id) {
        text_printf(s, " generation_id=%" PRIu64, m->generation_id);
    }
}

enum ofp_error role_status_decode(struct wire_rd *r, struct role_status *rs)
{
    uint32_t role = wire_rd_u32(r);
    rs->reason = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    rs->generation_id = wire_rd_u64(r);
    rs->role = (enum ofp_role)MIN(role, ROLE_SECONDARY);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (role > ROLE_SECONDARY) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    rs->props.len = 0;
    while (wire_rd_left(r)) {
        struct prop p;
        enum ofp_error error = prop_decode(r, &p);
        if (error) {
            return error;
        }
        prop_keep(&rs->props, p.start, p.len);
    }
    return OFPERR_OK;
}

void role_status_encode(const struct role_status *rs, uint8_t version, uint32_t xid,
                        struct wire_wr *w)
{
    size_t start = msg_start(w, version >= OFP14_VERSION ? MSG_ROLE_STATUS : MSG_ONFT_ROLE_STATUS,
                             version, xid);
    wire_wr_u32(w, rs->role);
    wire_wr_u8(w, rs->reason);
    wire_wr_zeros(w, 3);
    wire_wr_u64(w, rs->generation_id);
    wire_wr_bytes(w, rs->props.bytes, rs->props.len);
    msg_finish(w, start);
}

void role_status_format(const struct role_status *rs, struct text *s)
{
    static const char *const reasons[] = {"primary_request", "configuration_changed",
                                          "experimenter_data_changed"};

    text_printf(s, " role=%s", ofp_role_name(rs->role));
    if (rs->generation_id != UINT64_MAX) {
        text_printf(s, " generation_id=%" PRIu64, rs->generation_id);
    }
    text_printf(s, " reason=%s",
                rs->reason < ARRAY_SIZE(reasons) ? reasons[rs->reason] : "(unknown)");
}
