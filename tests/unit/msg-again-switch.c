/* msg-again-switch.c - see msg-again.h: what a switch says of itself, its ports and tables. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/port_stats.h"
#include "ofp/queue.h"
#include "ofp/switch.h"
#include "ofp/table_mod.h"
#include "ofp/table_stats.h"
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
        port_request_encode(h->type, number, h->version, h->xid, w);
    }
}

void again_port_desc_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    again_port_stats_request(r, h, w);
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
    bool end = false;
    while (!ofp_port_stats_decode(r, h->version, &stats, &end) && !end) {
        ofp_port_stats_encode(&stats, h->version, w);
        ofp_port_stats_deinit(&stats);
    }
    ofp_port_stats_deinit(&stats);
    msg_finish(w, start);
}

void again_features_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_features f;
    if (switch_features_decode(r, h, &f)) {
        return;
    }
    struct ofp_port *ports = xcalloc(wire_rd_left(r) / 48 + 1, sizeof *ports);
    f.ports = ports;
    while (wire_rd_left(r) && !ofp_port_decode(r, h->version, &ports[f.n_ports])) {
        f.n_ports++;
    }
    switch_features_encode(&f, h->version, h->xid, w);
    free(ports);
}

void again_switch_config(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct switch_config c;
    if (!switch_config_decode(r, h, &c)) {
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
    struct table_features features;
    bool end;
    while (!table_stats_decode(r, h->version, &stats, &features, &end) && !end) {
        table_stats_encode(&stats, &features, h->version, w);
    }
    msg_finish(w, start);
}

void again_table_features(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct table_features features;
    bool end;
    enum ofp_error error;
    while (!(error = table_features_decode(r, h, &features, &end)) && !end) {
        table_features_encode(&features, h->version, w);
    }
    if (error) {
        w->len = start; /* Without any entry it is no message. */
    } else {
        msg_finish(w, start);
    }
}

void again_table_mod(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    struct table_config c;
    if (!table_mod_decode(r, h, &c)) {
        table_mod_encode(&c, h->version, h->xid, w);
    }
}

void again_table_desc_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct table_config c;
    bool end;
    enum ofp_error error;
    while (!(error = table_desc_decode(r, &c, &end)) && !end) {
        table_desc_encode(&c, w);
    }
    if (error) {
        w->len = start;
    } else {
        msg_finish(w, start);
    }
}

void again_table_status(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    enum table_status_reason reason;
    struct table_config c;
    if (!table_status_decode(r, &reason, &c)) {
        table_status_encode(reason, &c, h->version, h->xid, w);
    }
}

/* ---- queues ---- */

void again_queue_get_config_request(struct wire_rd *r, const struct msg_header *h,
                                    struct wire_wr *w)
{
    struct queue_request q;
    if (!queue_request_decode(r, h, &q)) {
        queue_request_encode(&q, h->type, h->version, h->xid, w);
    }
}

void again_queue_desc_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    again_queue_get_config_request(r, h, w);
}

void again_queue_stats_request(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    again_queue_get_config_request(r, h, w);
}

static void again_queues(struct wire_rd *r, const struct msg_header *h, uint32_t port,
                         struct wire_wr *w)
{
    struct queue_config q;
    bool end;
    while (!queue_config_decode(r, h->version, port, &q, &end) && !end) {
        queue_config_encode(&q, h->version, w);
    }
}

void again_queue_get_config_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    uint32_t port;
    if (!queue_config_decode_port(r, h->version, &port)) {
        size_t start = msg_start(w, h->type, h->version, h->xid);
        queue_config_encode_port(port, h->version, w);
        again_queues(r, h, port, w);
        msg_finish(w, start);
    }
}

void again_queue_desc_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    again_queues(r, h, OFPP_ANY, w);
    msg_finish(w, start);
}

void again_queue_stats_reply(struct wire_rd *r, const struct msg_header *h, struct wire_wr *w)
{
    size_t start = msg_start(w, h->type, h->version, h->xid);
    struct queue_stats q;
    bool end;
    while (!queue_stats_decode(r, h->version, &q, &end) && !end) {
        queue_stats_encode(&q, h->version, w);
    }
    msg_finish(w, start);
}
