/* controller.c - see controller.h.  OpenFlow 1.5 sections 7.3.5.18 and 7.4.7; nicira-ext. */
#include "ofp/controller.h"

#include "ofp/format.h"
#include "ofp/prop.h"

#define STATUS_LEN 16
#define PROP_URI   0

enum ofp_error controller_id_decode(struct wire_rd *r, uint16_t *id)
{
    const uint8_t *zeros = wire_rd_bytes(r, 6);

    *id = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return is_all_zeros(zeros, 6) ? OFPERR_OK : OFPERR_NXBRC_MUST_BE_ZERO;
}

void controller_id_encode(uint16_t id, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_SET_CONTROLLER_ID, version, xid);
    wire_wr_zeros(w, 6);
    wire_wr_u16(w, id);
    msg_finish(w, start);
}

/* ---- CONTROLLER_STATUS ---- */

static enum ofp_error decode_props(struct wire_rd r, struct controller_status *c)
{
    while (wire_rd_left(&r)) {
        struct prop p;
        enum ofp_error error = prop_decode(&r, &p);
        if (error) {
            return error;
        }
        if (p.type == PROP_URI) {
            c->uri_len = wire_rd_left(&p.body);
            c->uri = wire_rd_bytes(&p.body, c->uri_len);
        }
    }
    return OFPERR_OK;
}

enum ofp_error controller_status_decode(struct wire_rd *r, struct controller_status *c)
{
    size_t len = wire_rd_u16(r);
    struct wire_rd s = wire_rd_sub(r, len >= STATUS_LEN && len % 8 == 0 ? len - 2 : SIZE_MAX);

    *c = (struct controller_status){.short_id = wire_rd_u16(&s)};
    uint32_t role = wire_rd_u32(&s);
    c->role = (enum ofp_role)MIN(role, ROLE_SECONDARY);
    c->reason = wire_rd_u8(&s);
    c->down = wire_rd_u8(&s);
    wire_rd_skip(&s, 6);
    c->props_len = wire_rd_left(&s);
    if (r->err || s.err) {
        r->err = true;
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (role > ROLE_SECONDARY) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    c->props = s.p;
    return decode_props(s, c);
}

void controller_status_encode(const struct controller_status *c, struct wire_wr *w)
{
    wire_wr_u16(w, (uint16_t)(STATUS_LEN + c->props_len));
    wire_wr_u16(w, c->short_id);
    wire_wr_u32(w, c->role);
    wire_wr_u8(w, c->reason);
    wire_wr_u8(w, c->down);
    wire_wr_zeros(w, 6);
    wire_wr_bytes(w, c->props, c->props_len);
}

void controller_status_format(const struct controller_status *c, struct text *s)
{
    static const char *const reasons[] = {"request",          "channel_status",     "role",
                                          "controller_added", "controller_removed", "short_id",
                                          "experimenter"};

    text_printf(s, " short_id=%u role=%s reason=%s status=%s", c->short_id, ofp_role_name(c->role),
                c->reason < ARRAY_SIZE(reasons) ? reasons[c->reason] : "(unknown)",
                c->down ? "down" : "up");
    if (c->uri) {
        text_puts(s, " uri=");
        format_escaped(s, c->uri, c->uri_len);
    }
}
