/* msg_print_packet.c - prints packet-ins and packet-outs; see msg_print.h. */
#include "ofp/flow_mod.h"
#include "ofp/msg_print.h"
#include "ofp/nx_format.h"
#include "ofp/port.h"

static void print_origin(struct msg_print *p, const struct packet_in *pi)
{
    struct text *s = p->out;

    if (pi->table_id) {
        text_puts(s, " table_id=");
        flow_format_table(pi->table_id, p->names, s);
    }
    if (pi->cookie != UINT64_MAX) {
        text_printf(s, " cookie=0x%" PRIx64, pi->cookie);
    }
    text_printf(s, " total_len=%" PRIu32 " ", pi->total_len);
    match_format(&pi->metadata, p->names, -1, s);
    text_chomp(s, ',');
}

/* ` NAME=01.02.03`, a line of its own. */
static void print_bytes(struct text *s, const char *name, const uint8_t *bytes, uint32_t len)
{
    if (!len) {
        return;
    }
    text_printf(s, " %s=", name);
    for (uint32_t i = 0; i < len; i++) {
        text_printf(s, "%s%02x", i ? "." : "", bytes[i]);
    }
    text_putc(s, '\n');
}

static enum ofp_error print_packet_in(struct msg_print *p, const struct packet_in *pi_)
{
    /* The last two are only known to switches. */
    static const char *const reasons[] = {"no_match",   "action", "invalid_ttl",
                                          "action_set", "group",  "packet_out",
                                          "",           ""};
    const struct packet_in pi = *pi_;
    struct text *s = p->out;

    print_origin(p, &pi);
    text_puts(s, " (via ");
    msg_print_enum(s, reasons, ARRAY_SIZE(reasons), pi.reason);
    text_printf(s, ") data_len=%" PRIu32, pi.data_len);
    bool unbuffered = pi.buffer_id == OFP_NO_BUFFER;
    if (unbuffered) {
        text_puts(s, " (unbuffered)");
    } else {
        text_printf(s, " buffer=0x%08" PRIx32, pi.buffer_id);
    }
    if (pi.total_len < pi.data_len || (unbuffered && pi.total_len != pi.data_len)) {
        text_printf(s, " (***total_len %s data_len***)", unbuffered ? "!=" : "<");
    }
    text_putc(s, '\n');
    print_bytes(s, "userdata", pi.userdata, pi.userdata_len);
    print_bytes(s, "continuation", pi.continuation, pi.continuation_len);
    msg_print_frame(p, &pi.metadata, pi.data, pi.data_len);
    return OFPERR_OK;
}

enum ofp_error msg_print_packet_in(struct msg_print *p, struct wire_rd *r)
{
    struct packet_in pi;
    enum ofp_error error = packet_in_decode(r, p->h, &pi);
    return error ? error : print_packet_in(p, &pi);
}

enum ofp_error msg_print_nx_resume(struct msg_print *p, struct wire_rd *r)
{
    struct packet_in pi;
    enum ofp_error error = packet_in_decode_resume(r, p->h, false, &pi);
    return error ? error : print_packet_in(p, &pi);
}

enum ofp_error msg_print_packet_out(struct msg_print *p, struct wire_rd *r)
{
    struct packet_out po;
    enum ofp_error err = packet_out_decode(r, p->h, NULL, &po);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    text_putc(s, ' ');
    match_format(&po.metadata, p->names, -1, s);
    text_chomp(s, ',');
    text_puts(s, " actions=");
    acts_format(po.acts.data, po.acts.len, p->names, s);
    if (po.buffer_id == OFP_NO_BUFFER) {
        text_printf(s, " data_len=%" PRIu32, po.data_len);
        if (po.data_len) {
            text_putc(s, '\n');
            msg_print_frame(p, &po.metadata, po.data, po.data_len);
        }
    } else {
        text_printf(s, " buffer=0x%08" PRIx32, po.buffer_id);
    }
    packet_out_deinit(&po);
    return OFPERR_OK;
}

enum ofp_error msg_print_nx_packet_in_format(struct msg_print *p, struct wire_rd *r)
{
    static const char *const names[] = {"standard", "nxt_packet_in", "nxt_packet_in2"};
    enum packet_in_format format;
    enum ofp_error error = nx_format_decode_packet_in(r, &format);

    if (!error) {
        text_printf(p->out, " format=%s", names[format]);
    }
    return error;
}
