/* dispatch_queue.c - see dispatch_queue.h.  OpenFlow 1.0 section 5.3.4, 1.3.5 sections 7.3.6 and
 * 7.3.5.8, 1.4 sections 7.3.5.9 and 7.3.5.10. */
#include "ofproto/dispatch_queue.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(dispatch_queue);

static void send_part(void *conn, const void *msg, size_t len)
{
    ofconn_send(conn, msg, len);
}

/* What a request is about: calls 'put' for each queue, ports and queues in ascending order. */
typedef void put_queue(const struct bridge_port *, size_t i, void *aux);

static void put_port(const struct bridge_port *port, uint32_t queue, put_queue *put, void *aux)
{
    for (size_t i = 0; port->qos && i < port->qos->n; i++) {
        if (queue == QUEUE_ALL || port->qos->queues[i].config.queue == queue) {
            put(port, i, aux);
        }
    }
}

/* Is there what it asks for? */
static enum ofp_error check(const struct bridge *br, const struct queue_request *q)
{
    bool found = q->queue == QUEUE_ALL;

    if (q->port != OFPP_ANY && !bridge_port_by_ofp(br, q->port)) {
        return OFPERR_OFPQOFC_BAD_PORT;
    }
    for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
        const struct bridge_port *port = bridge_port_by_ofp(br, n);
        for (size_t i = 0; (q->port == OFPP_ANY || q->port == n) && port->qos && i < port->qos->n;
             i++) {
            found |= port->qos->queues[i].config.queue == q->queue;
        }
    }
    return found ? OFPERR_OK : OFPERR_OFPQOFC_BAD_QUEUE;
}

static void walk(const struct bridge *br, const struct queue_request *q, put_queue *put, void *aux)
{
    for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
        if (q->port == OFPP_ANY || q->port == n) {
            put_port(bridge_port_by_ofp(br, n), q->queue, put, aux);
        }
    }
}

/* ---- configuration ---- */

struct config_reply {
    struct wire_wr *w; /* Of the whole message; or: */
    struct mp_reply *mp;
    uint8_t version;
};

static void put_config(const struct bridge_port *port, size_t i, void *reply_)
{
    struct config_reply *r = reply_;
    struct queue_config c;

    bridge_queue_get_config(port, &port->qos->queues[i], &c);
    queue_config_encode(&c, r->version, r->mp ? mp_reply_entry(r->mp) : r->w);
    if (r->mp) {
        mp_reply_entry_end(r->mp);
    }
}

enum ofp_error dispatch_queue_get_config(struct bridge *br, struct ofconn *conn,
                                         const struct msg_header *h, struct wire_rd *r)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct config_reply reply = {.w = &w, .version = h->version};
    struct queue_request q;
    enum ofp_error error = queue_request_decode(r, h, &q);

    error = error ? error : check(br, &q);
    if (error) {
        return error;
    }
    size_t start = msg_start(&w, MSG_QUEUE_GET_CONFIG_REPLY, h->version, h->xid);
    queue_config_encode_port(q.port, h->version, &w);
    walk(br, &q, put_config, &reply);
    msg_finish(&w, start);
    if (w.err) {
        log_warn_rl("%s: too many queues for one QUEUE_GET_CONFIG_REPLY", br->name);
        wire_wr_deinit(&w);
        return OFPERR_OFPBRC_BAD_LEN;
    }
    ofconn_send(conn, w.data, w.len);
    wire_wr_deinit(&w);
    return OFPERR_OK;
}

enum ofp_error dispatch_queue_desc(struct bridge *br, struct ofconn *conn,
                                   const struct msg_header *h, struct wire_rd *r)
{
    struct mp_reply mp;
    struct config_reply reply = {.mp = &mp, .version = h->version};
    struct queue_request q;
    enum ofp_error error = queue_request_decode(r, h, &q);

    error = error ? error : check(br, &q);
    if (!error) {
        mp_reply_init(&mp, MSG_QUEUE_DESC_REPLY, h->version, h->xid, send_part, conn);
        walk(br, &q, put_config, &reply);
        mp_reply_finish(&mp);
    }
    return error;
}

/* ---- statistics ---- */

struct stats_reply {
    struct mp_reply mp;
    uint8_t version;
    const struct bridge_port *port; /* Whose 'stats' these are; NULL: nobody's yet. */
    struct queue_stats *stats;
};

static void put_stats(const struct bridge_port *port, size_t i, void *reply_)
{
    struct stats_reply *r = reply_;

    if (r->port != port) {
        r->stats = xrealloc(r->stats, port->qos->n * sizeof *r->stats);
        bridge_queues_get_stats(port, r->stats);
        r->port = port;
    }
    queue_stats_encode(&r->stats[i], r->version, mp_reply_entry(&r->mp));
    mp_reply_entry_end(&r->mp);
}

enum ofp_error dispatch_queue_stats(struct bridge *br, struct ofconn *conn,
                                    const struct msg_header *h, struct wire_rd *r)
{
    struct stats_reply reply = {.version = h->version};
    struct queue_request q;
    enum ofp_error error = queue_request_decode(r, h, &q);

    error = error ? error : check(br, &q);
    if (!error) {
        mp_reply_init(&reply.mp, MSG_QUEUE_STATS_REPLY, h->version, h->xid, send_part, conn);
        walk(br, &q, put_stats, &reply);
        mp_reply_finish(&reply.mp);
        free(reply.stats);
    }
    return error;
}
