/* msg-again-switch.c - see msg-again.h: what a switch says of itself and of its ports. */
#include "ofp/port.h"
#include "ofp/switch.h"
#include "tests/unit/msg-again.h"

void again_port_status(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    enum port_status_reason reason;
    struct ofp_port port;
    if (!port_status_decode(r, h, &reason, &port)) {
        port_status_encode(reason, &port, h->version, h->xid, w);
    }
}

void again_port_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct port_mod pm;
    if (!port_mod_decode(r, h, &pm)) {
        port_mod_encode(&pm, h->version, h->xid, w);
    }
}

void again_port_stats_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t number;
    if (!port_request_decode(r, h, &number)) {
        port_stats_request_encode(number, h->version, h->xid, w);
    }
}

void again_port_desc_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct ofp_port port;
    while (wire_rd_left(r) && !ofp_port_decode(r, h->version, &port)) {
        ofp_port_encode(&port, h->version, w);
    }
    msg_finish(w, start);
}

void again_port_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct ofp_port_stats stats;
    bool end;
    while (!ofp_port_stats_decode(r, h->version, &stats, &end) && !end) {
        ofp_port_stats_encode(&stats, h->version, w);
    }
    msg_finish(w, start);
}

void again_features_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_features f;
    if (!switch_features_decode(r, h, &f)) {
        switch_features_encode(&f, h->version, h->xid, w);
    }
}

void again_switch_config(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_config c;
    if (!switch_config_decode(r, &c)) {
        switch_config_encode(&c, h->type == MSG_GET_CONFIG_REPLY, h->version, h->xid, w);
    }
}

void again_desc_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_desc d;
    if (!switch_desc_decode(r, &d)) {
        switch_desc_encode_reply(&d, h->version, h->xid, w);
    }
}

void again_table_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct table_stats stats;
    bool end;
    while (!table_stats_decode(r, h->version, &stats, &end) && !end) {
        table_stats_encode(&stats, h->version, w);
    }
    msg_finish(w, start);
}
