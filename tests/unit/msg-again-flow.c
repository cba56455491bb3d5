/* msg-again-flow.c - see msg-again.h: flows and packets. */
#include "ofp/flow_counters.h"
#include "ofp/flow_monitor.h"
#include "ofp/nx_format.h"
#include "tests/unit/msg-again.h"

/* Nicira's forms come in all versions; in those after 1.0 there is nothing that needs them, and the
 * encoders of flows would make the plain form of it. */
static bool same_type(const struct wire_wr *w, size_t start, const struct msg_header *h)
{
    struct wire_rd r;
    struct msg_header now;
    wire_rd_init(&r, w->data + start, w->len - start);
    return w->err || (!msg_decode_header(&r, &now) && now.type == h->type);
}

static void keep_same_type(struct wire_wr *w, size_t start, const struct msg_header *h)
{
    if (!same_type(w, start, h)) {
        w->len = start;
    }
}

static const struct act_limits limits = {.max_ports = 0xff00, .n_tables = OFP_N_TABLES};

void again_flow_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct flow_mod fm;
    if (!flow_mod_decode(r, h, &limits, &fm)) {
        size_t start = w->len;
        flow_mod_encode(&fm, flow_mod_protocol(h), h->xid, w);
        keep_same_type(w, start, h);
        flow_mod_deinit(&fm);
    }
}

void again_flow_removed(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct flow_removed fr;
    if (!flow_removed_decode(r, h, &fr)) {
        size_t start = w->len;
        flow_removed_encode(&fr, flow_mod_protocol(h), h->xid, w);
        keep_same_type(w, start, h);
    }
}

void again_flow_stats_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct flow_stats_request req;
    if (!flow_stats_request_decode(r, h, &req)) {
        flow_stats_request_encode(&req, flow_mod_protocol(h), h->xid, w);
    }
}

void again_flow_counters_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct flow_counters fc;
    bool end;
    while (!flow_counters_decode(r, h, &fc, &end) && !end) {
        flow_counters_encode(&fc, h->version, w);
    }
    msg_finish(w, start);
}

void again_flow_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct flow_stats fs;
    bool end;
    while (!flow_stats_decode(r, h, &fs, &end) && !end) {
        flow_stats_encode(&fs, flow_mod_protocol(h), w);
        acts_deinit(&fs.acts);
    }
    msg_finish(w, start);
}

void again_aggregate_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct aggregate_stats as;
    if (!aggregate_stats_decode(r, h, &as)) {
        aggregate_stats_encode_reply(&as, flow_mod_protocol(h), h->xid, w);
    }
}

void again_packet_in(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct packet_in pi;
    if (!packet_in_decode(r, h, &pi)) {
        packet_in_encode(&pi, h->version, packet_in_format_of(h->type), h->xid, w);
    }
}

void again_packet_out(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct packet_out po;
    if (!packet_out_decode(r, h, &limits, &po)) {
        packet_out_encode(&po, h->version, h->xid, w);
        packet_out_deinit(&po);
    }
}

void again_nx_resume(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct packet_in pi;
    if (!packet_in_decode_resume(r, h, true, &pi)) {
        packet_in_encode_resume(&pi, h->version, h->xid, w);
    }
}

/* ---- flow monitors ---- */

void again_flow_monitor_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct flow_monitor_request req;
    bool end;
    while (!flow_monitor_request_decode(r, h, &req, &end) && !end) {
        flow_monitor_request_encode(&req, protocol_plain(h->version), w);
    }
    msg_finish(w, start);
}

void again_flow_monitor_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct flow_update u;
    bool end;
    while (!flow_update_decode(r, h, &u, &end) && !end) {
        flow_update_encode(&u, protocol_plain(h->version), w);
        flow_update_deinit(&u);
    }
    msg_finish(w, start);
}

void again_monitor_cancel(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t id;
    if (!flow_monitor_cancel_decode(r, &id)) {
        flow_monitor_cancel_encode(id, h->version, h->xid, w);
    }
}

/* ---- choice of formats ---- */

void again_nx_flow_format(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t protocol;
    if (!nx_format_decode_flow(r, &protocol)) {
        nx_format_encode_flow(protocol, h->xid, w);
    }
}

void again_nx_flow_mod_table_id(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    bool on;
    if (!nx_format_decode_table_id(r, &on)) {
        nx_format_encode_table_id(on, h->version, h->xid, w);
    }
}

void again_nx_packet_in_format(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    enum packet_in_format format;
    if (!nx_format_decode_packet_in(r, &format)) {
        nx_format_encode_packet_in(format, h->version, h->xid, w);
    }
}
