/* msg_print_flow.c - prints messages about flows; see msg_print.h. */
#include "ofp/flow_counters.h"
#include "ofp/flow_mod.h"
#include "ofp/msg_print.h"
#include "ofp/nx_format.h"
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
    flow_removed_format_reason(fr.reason, s);
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

enum ofp_error msg_print_flow_counters_reply(struct msg_print *p, struct wire_rd *r)
{
    for (;;) {
        struct flow_counters fc;
        bool end;
        enum ofp_error err = flow_counters_decode(r, p->h, &fc, &end);
        if (err || end) {
            return err;
        }
        text_putc(p->out, '\n');
        flow_counters_format(&fc, p->names, p->out);
    }
}

enum ofp_error msg_print_aggregate_reply(struct msg_print *p, struct wire_rd *r)
{
    struct aggregate_stats as;
    enum ofp_error err = aggregate_stats_decode(r, p->h, &as);
    if (err) {
        return err;
    }
    text_printf(p->out, " packet_count=%" PRIu64 " byte_count=%" PRIu64 " flow_count=%" PRIu32,
                as.n_packets, as.n_bytes, as.n_flows);
    return OFPERR_OK;
}

/* ---- choice of formats ---- */

enum ofp_error msg_print_nx_flow_format(struct msg_print *p, struct wire_rd *r)
{
    uint32_t protocol = 0;
    enum ofp_error error = nx_format_decode_flow(r, &protocol);

    if (error && error != OFPERR_OFPBRC_EPERM) {
        return error;
    }
    text_printf(p->out, " format=%s",
                error                         ? "(unknown)"
                : protocol & PROTOCOL_NXM_ALL ? "nxm"
                                              : "openflow10");
    return OFPERR_OK;
}

enum ofp_error msg_print_nx_flow_mod_table_id(struct msg_print *p, struct wire_rd *r)
{
    bool on;
    enum ofp_error error = nx_format_decode_table_id(r, &on);

    if (!error) {
        text_puts(p->out, on ? " enable" : " disable");
    }
    return error;
}
