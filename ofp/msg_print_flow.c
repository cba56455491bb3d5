/* msg_print_flow.c - prints flow messages and PACKET_IN, PACKET_OUT; see msg_print.h. */
#include "ofp/flow_mod.h"
#include "ofp/msg_print.h"
#include "ofp/packet_io.h"
#include "ofp/port.h"

enum ofp_error msg_print_flow_mod(struct msg_print *p, struct wire_rd *r)
{
    struct flow_mod fm;
    enum ofp_error err = flow_mod_decode(r, p->h, NULL, &fm);
    if (err) {
        return err;
    }
    text_putc(p->out, ' ');
    flow_mod_print(&fm, p->names, p->out);
    flow_mod_deinit(&fm);
    return OFPERR_OK;
}

enum ofp_error msg_print_flow_removed(struct msg_print *p, struct wire_rd *r)
{
    static const char *const reasons[] = {"idle",         "hard",         "delete",
                                          "group_delete", "meter_delete", "eviction"};
    struct flow_removed fr;
    enum ofp_error err = flow_removed_decode(r, p->h, &fr);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    text_putc(s, ' ');
    match_format(&fr.match, p->names, fr.priority, s);
    text_chomp(s, ',');
    text_puts(s, " reason=");
    msg_print_enum(s, reasons, ARRAY_SIZE(reasons), fr.reason);
    if (fr.table_id != OFPTT_ALL) {
        text_puts(s, " table_id=");
        flow_format_table(fr.table_id, p->names, s);
    }
    if (fr.cookie) {
        text_printf(s, " cookie:0x%" PRIx64, fr.cookie);
    }
    text_puts(s, " duration");
    format_duration(s, fr.duration_sec, fr.duration_nsec);
    text_printf(s, " idle%u", fr.idle_timeout);
    if (fr.hard_timeout) {
        text_printf(s, " hard%u", fr.hard_timeout);
    }
    text_printf(s, " pkts%" PRIu64 " bytes%" PRIu64, fr.n_packets, fr.n_bytes);
    return OFPERR_OK;
}

enum ofp_error msg_print_flow_stats_request(struct msg_print *p, struct wire_rd *r)
{
    struct flow_stats_request req;
    enum ofp_error err = flow_stats_request_decode(r, p->h, &req);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    if (req.table_id != OFPTT_ALL) {
        text_puts(s, " table=");
        flow_format_table(req.table_id, p->names, s);
    }
    if (req.out_port != OFPP_ANY) {
        text_puts(s, " out_port=");
        port_format(req.out_port, p->names, s);
    }
    text_putc(s, ' ');
    match_format(&req.match, p->names, -1, s);
    text_chomp(s, ',');
    text_chomp(s, ' '); /* There is no match. */
    return OFPERR_OK;
}

enum ofp_error msg_print_flow_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    for (;;) {
        struct flow_stats fs;
        bool end;
        enum ofp_error err = flow_stats_decode(r, p->h, &fs, &end);
        if (err || end) {
            return err;
        }
        text_putc(p->out, '\n');
        flow_stats_format(&fs, p->names, true, p->out);
        acts_deinit(&fs.acts);
    }
}

enum ofp_error msg_print_aggregate_reply(struct msg_print *p, struct wire_rd *r)
{
    struct aggregate_stats as;
    enum ofp_error err = aggregate_stats_decode(r, &as);
    text_printf(p->out, " packet_count=%" PRIu64 " byte_count=%" PRIu64 " flow_count=%" PRIu32,
                as.n_packets, as.n_bytes, as.n_flows);
    return err;
}

enum ofp_error msg_print_packet_in(struct msg_print *p, struct wire_rd *r)
{
    static const char *const reasons[] = {"no_match",   "action", "invalid_ttl",
                                          "action_set", "group",  "packet_out"};
    struct packet_in pi;
    enum ofp_error err = packet_in_decode(r, p->h, &pi);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    if (pi.table_id) {
        text_puts(s, " table_id=");
        flow_format_table(pi.table_id, p->names, s);
    }
    if (pi.cookie != UINT64_MAX) {
        text_printf(s, " cookie=0x%" PRIx64, pi.cookie);
    }
    text_printf(s, " total_len=%" PRIu32 " ", pi.total_len);
    match_format(&pi.metadata, p->names, -1, s);
    text_chomp(s, ',');
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
    msg_print_frame(p, pi.data, pi.data_len);
    return OFPERR_OK;
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
            msg_print_frame(p, po.data, po.data_len);
        }
    } else {
        text_printf(s, " buffer=0x%08" PRIx32, po.buffer_id);
    }
    packet_out_deinit(&po);
    return OFPERR_OK;
}
