/* msg-again-flow.c - see msg-again.h: flows and packets. */
#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"
#include "tests/unit/msg-again.h"

static const struct act_limits limits = {.max_ports = 0xff00, .n_tables = OFP_N_TABLES};

void again_flow_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct flow_mod fm;
    if (!flow_mod_decode(r, h, &limits, &fm)) {
        flow_mod_encode(&fm, h->version, h->xid, w);
        flow_mod_deinit(&fm);
    }
}

void again_flow_removed(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct flow_removed fr;
    if (!flow_removed_decode(r, h, &fr)) {
        flow_removed_encode(&fr, h->version, h->xid, w);
    }
}

void again_flow_stats_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct flow_stats_request req;
    if (!flow_stats_request_decode(r, h, &req)) {
        flow_stats_request_encode(&req, h->version, h->xid, w);
    }
}

void again_flow_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
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

void again_aggregate_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct aggregate_stats as;
    if (!aggregate_stats_decode(r, &as)) {
        aggregate_stats_encode_reply(&as, h->version, h->xid, w);
    }
}

void again_packet_in(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct packet_in pi;
    if (!packet_in_decode(r, h, &pi)) {
        packet_in_encode(&pi, h->version, h->xid, w);
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
