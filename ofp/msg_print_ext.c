/* msg_print_ext.c - prints Nicira messages about flows; see msg_print.h. */
#include "ofp/msg_print.h"

static enum ofp_error len_error(const struct wire_rd *r)
{
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

enum ofp_error msg_print_nx_flow_format(struct msg_print *p, struct wire_rd *r)
{
    static const char *const formats[] = {"openflow10", NULL, "nxm"};
    text_puts(p->out, " format=");
    msg_print_enum(p->out, formats, ARRAY_SIZE(formats), wire_rd_u32(r));
    return len_error(r);
}

enum ofp_error msg_print_nx_flow_mod_table_id(struct msg_print *p, struct wire_rd *r)
{
    text_puts(p->out, wire_rd_u8(r) ? " enable" : " disable");
    return len_error(r);
}

enum ofp_error msg_print_nx_packet_in_format(struct msg_print *p, struct wire_rd *r)
{
    static const char *const formats[] = {"standard", "nxt_packet_in", "nxt_packet_in2"};
    uint32_t format = wire_rd_u32(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (format >= ARRAY_SIZE(formats)) {
        return OFPERR_OFPBRC_EPERM;
    }
    text_printf(p->out, " format=%s", formats[format]);
    return OFPERR_OK;
}

enum ofp_error msg_print_monitor_cancel(struct msg_print *p, struct wire_rd *r)
{
    text_printf(p->out, " id=%" PRIu32, wire_rd_u32(r));
    return len_error(r);
}
