/* msg_print_ext.c - prints Nicira messages, bundles and forwarded requests; see msg_print.h. */
#include "ofp/msg_print.h"

static enum ofp_error len_error(const struct wire_rd *r)
{
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

enum ofp_error msg_print_nx_role(struct msg_print *p, struct wire_rd *r)
{
    static const char *const roles[] = {"equal", "primary", "secondary"};
    uint32_t role = wire_rd_u32(r);
    if (role >= ARRAY_SIZE(roles)) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    text_printf(p->out, " role=%s", roles[role]);
    return len_error(r);
}

enum ofp_error msg_print_nx_controller_id(struct msg_print *p, struct wire_rd *r)
{
    wire_rd_skip(r, 6);
    text_printf(p->out, " id=%u", wire_rd_u16(r));
    return len_error(r);
}

enum ofp_error msg_print_ct_flush_zone(struct msg_print *p, struct wire_rd *r)
{
    wire_rd_skip(r, 6);
    text_printf(p->out, " zone_id=%u", wire_rd_u16(r));
    return len_error(r);
}

/* ---- tunnel option tables ---- */

static enum ofp_error print_tlv_maps(struct text *s, struct wire_rd *r)
{
    text_puts(s, " mapping table:\n  class  type  length  match field\n"
                 " ------  ----  ------  --------------");
    while (wire_rd_left(r)) {
        uint16_t class = wire_rd_u16(r);
        uint8_t type = wire_rd_u8(r);
        uint8_t len = wire_rd_u8(r);
        uint16_t index = wire_rd_u16(r);
        wire_rd_skip(r, 2);
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        text_printf(s, "\n 0x%04x  %#4x  %6u  tun_metadata%u", class, type, len, index);
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_tlv_table_mod(struct msg_print *p, struct wire_rd *r)
{
    static const char *const commands[] = {"ADD", "DEL", "CLEAR"};
    uint16_t command = wire_rd_u16(r);
    wire_rd_skip(r, 6);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (command >= ARRAY_SIZE(commands)) {
        return OFPERR_NXTTMFC_BAD_COMMAND;
    }
    text_printf(p->out, "\n %s", commands[command]);
    return command == 2 ? OFPERR_OK : print_tlv_maps(p->out, r);
}

enum ofp_error msg_print_tlv_table_reply(struct msg_print *p, struct wire_rd *r)
{
    uint32_t max_space = wire_rd_u32(r);
    uint16_t max_fields = wire_rd_u16(r);
    wire_rd_skip(r, 10);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    unsigned used = 0;
    for (size_t i = 3; i < wire_rd_left(r); i += 8) {
        used += r->p[i];
    }
    text_printf(p->out,
                "\n max option space=%" PRIu32 " max fields=%u\n allocated option space=%u\n\n",
                max_space, max_fields, used);
    return print_tlv_maps(p->out, r);
}

/* ---- bundles (EXT-230, OpenFlow 1.4 section 7.3.9) ---- */

static void print_bundle_start(struct text *s, uint32_t id)
{
    text_printf(s, "\n bundle_id=0x%" PRIx32, id);
}

static void print_bundle_flags(struct text *s, uint16_t flags)
{
    static const struct bit_name names[] = {{BIT(0), "atomic"}, {BIT(1), "ordered"}};
    text_puts(s, " flags=");
    format_bits(s, flags, names, ARRAY_SIZE(names), ' ');
}

enum ofp_error msg_print_bundle_control(struct msg_print *p, struct wire_rd *r)
{
    static const char *const types[] = {"OPEN_REQUEST",    "OPEN_REPLY",     "CLOSE_REQUEST",
                                        "CLOSE_REPLY",     "COMMIT_REQUEST", "COMMIT_REPLY",
                                        "DISCARD_REQUEST", "DISCARD_REPLY"};
    uint32_t id = wire_rd_u32(r);
    uint16_t type = wire_rd_u16(r);
    uint16_t flags = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    print_bundle_start(p->out, id);
    text_printf(p->out, " type=%s", type < ARRAY_SIZE(types) ? types[type] : "");
    print_bundle_flags(p->out, flags);
    return OFPERR_OK;
}

enum ofp_error msg_print_bundle_add(struct msg_print *p, struct wire_rd *r)
{
    uint32_t id = wire_rd_u32(r);
    wire_rd_skip(r, 2);
    uint16_t flags = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    /* Properties may follow the message: it says itself where it ends. */
    size_t len = wire_rd_left(r);
    if (len >= OFP_HEADER_LEN) {
        size_t said = get_be16(r->p + 2);
        len = said >= OFP_HEADER_LEN && said < len ? said : len;
    }
    print_bundle_start(p->out, id);
    print_bundle_flags(p->out, flags);
    text_putc(p->out, '\n');
    msg_print_nested(p, r->p, len);
    return OFPERR_OK;
}

enum ofp_error msg_print_requestforward(struct msg_print *p, struct wire_rd *r)
{
    struct wire_rd inner = *r;
    struct msg_header h;
    enum ofp_error err = msg_decode_header(&inner, &h);
    if (err) {
        return err;
    }
    if (h.type != MSG_GROUP_MOD && h.type != MSG_METER_MOD) {
        return OFPERR_OFPBFC_MSG_UNSUP;
    }
    bool group = h.type == MSG_GROUP_MOD;
    text_printf(p->out, " reason=%s", group ? "group_mod" : "meter_mod");
    struct msg_print body = *p;
    body.h = &h;
    body.msg = r->p;
    return group ? msg_print_group_mod(&body, &inner) : msg_print_meter_mod(&body, &inner);
}
