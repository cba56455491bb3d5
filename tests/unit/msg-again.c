/* msg-again.c - see msg-again.h. */
#include "tests/unit/msg-again.h"

#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"
#include "ofp/port.h"
#include "ofp/switch.h"

static void again_ports(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct ofp_port port;
    enum port_status_reason reason;
    struct port_mod pm;
    uint32_t number;
    size_t start;
    if (h->type == MSG_PORT_STATUS && !port_status_decode(r, h, &reason, &port)) {
        port_status_encode(reason, &port, h->version, h->xid, w);
    } else if (h->type == MSG_PORT_MOD && !port_mod_decode(r, h, &pm)) {
        port_mod_encode(&pm, h->version, h->xid, w);
    } else if (h->type == MSG_PORT_STATS_REQUEST && !port_request_decode(r, h, &number)) {
        port_stats_request_encode(number, h->version, h->xid, w);
    } else if (h->type == MSG_PORT_DESC_REPLY) {
        start = msg_start(w, h->type, h->version, h->xid);
        while (wire_rd_left(r) && !ofp_port_decode(r, h->version, &port)) {
            ofp_port_encode(&port, h->version, w);
        }
        msg_finish(w, start);
    } else if (h->type == MSG_PORT_STATS_REPLY) {
        struct ofp_port_stats stats;
        bool end;
        start = msg_start(w, h->type, h->version, h->xid);
        while (!ofp_port_stats_decode(r, h->version, &stats, &end) && !end) {
            ofp_port_stats_encode(&stats, h->version, w);
        }
        msg_finish(w, start);
    }
}

static void again_switch(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_features f;
    struct switch_config c;
    struct switch_desc d;
    if (h->type == MSG_FEATURES_REPLY && !switch_features_decode(r, h, &f)) {
        switch_features_encode(&f, h->version, h->xid, w);
    } else if ((h->type == MSG_GET_CONFIG_REPLY || h->type == MSG_SET_CONFIG) &&
               !switch_config_decode(r, &c)) {
        switch_config_encode(&c, h->type == MSG_GET_CONFIG_REPLY, h->version, h->xid, w);
    } else if (h->type == MSG_DESC_REPLY && !switch_desc_decode(r, &d)) {
        switch_desc_encode_reply(&d, h->version, h->xid, w);
    } else if (h->type == MSG_TABLE_STATS_REPLY) {
        struct table_stats stats;
        bool end;
        size_t start = msg_start(w, h->type, h->version, h->xid);
        while (!table_stats_decode(r, h->version, &stats, &end) && !end) {
            table_stats_encode(&stats, h->version, w);
        }
        msg_finish(w, start);
    }
}

static void again_flow_stats(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct flow_stats fs;
    bool end;
    while (!flow_stats_decode(r, h, &fs, &end) && !end) {
        flow_stats_encode(&fs, h->version, w);
        acts_deinit(&fs.acts);
    }
    msg_finish(w, start);
}

static void again_flows(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    const struct act_limits limits = {.max_ports = 0xff00, .n_tables = OFP_N_TABLES};
    struct flow_mod fm;
    struct flow_removed fr;
    struct flow_stats_request req;
    struct aggregate_stats as;
    struct packet_in pi;
    struct packet_out po;
    if (h->type == MSG_FLOW_MOD && !flow_mod_decode(r, h, &limits, &fm)) {
        flow_mod_encode(&fm, h->version, h->xid, w);
        flow_mod_deinit(&fm);
    } else if (h->type == MSG_FLOW_REMOVED && !flow_removed_decode(r, h, &fr)) {
        flow_removed_encode(&fr, h->version, h->xid, w);
    } else if ((h->type == MSG_FLOW_STATS_REQUEST || h->type == MSG_AGGREGATE_STATS_REQUEST) &&
               !flow_stats_request_decode(r, h, &req)) {
        flow_stats_request_encode(&req, h->version, h->xid, w);
    } else if (h->type == MSG_FLOW_STATS_REPLY) {
        again_flow_stats(r, h, w);
    } else if (h->type == MSG_AGGREGATE_STATS_REPLY && !aggregate_stats_decode(r, &as)) {
        aggregate_stats_encode_reply(&as, h->version, h->xid, w);
    } else if (h->type == MSG_PACKET_IN && !packet_in_decode(r, h, &pi)) {
        packet_in_encode(&pi, h->version, h->xid, w);
    } else if (h->type == MSG_PACKET_OUT && !packet_out_decode(r, h, &limits, &po)) {
        packet_out_encode(&po, h->version, h->xid, w);
        packet_out_deinit(&po);
    }
}

void msg_again(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct wire_rd body = *r;
    again_ports(&body, h, w);
    again_switch(&body, h, w);
    again_flows(&body, h, w);
}
