/* connmgr_async.c - asynchronous messages to each connection that wants them.  See connmgr.h. */
#include "lib/counter.h"
#include "ofp/flow_mod.h"
#include "ofproto/conn/ofconn-private.h"

#define OFP_PAD 8

void connmgr_port_status(struct connmgr *mgr, enum port_status_reason reason,
                         const struct ofp_port *port)
{
    for (struct ofconn *c = connmgr_first(mgr); c; c = c->next) {
        if (ofconn_wants(c, ASYNC_PORT_STATUS, reason)) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            port_status_encode(reason, port, c->version, 0, &w);
            ofconn_send_async(c, w.data, w.len);
            wire_wr_deinit(&w);
        }
    }
}

void connmgr_table_status(struct connmgr *mgr, enum table_status_reason reason,
                          const struct table_config *table)
{
    for (struct ofconn *c = connmgr_first(mgr); c; c = c->next) {
        if (c->version >= OFP14_VERSION && ofconn_wants(c, ASYNC_TABLE_STATUS, reason)) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            table_status_encode(reason, table, c->version, 0, &w);
            ofconn_send_async(c, w.data, w.len);
            wire_wr_deinit(&w);
        }
    }
}

void connmgr_requestforward(struct connmgr *mgr, const struct ofconn *by,
                            enum requestforward_reason reason,
                            void (*encode)(const void *mod, uint8_t version, uint32_t xid,
                                           struct wire_wr *),
                            const void *mod, uint32_t xid)
{
    for (struct ofconn *c = connmgr_first(mgr); c; c = c->next) {
        if (c == by || !ofconn_wants(c, ASYNC_REQUESTFORWARD, reason)) {
            continue;
        }
        struct wire_wr inner = WIRE_WR_INIT(OFP_MAX_LEN), w = WIRE_WR_INIT(OFP_MAX_LEN);
        encode(mod, c->version, xid, &inner);
        if (!inner.err) {
            const struct requestforward rf = {.reason = reason,
                                              .msg = inner.data,
                                              .msg_len = inner.len};
            requestforward_encode(&rf, c->version, 0, &w);
            if (!w.err) {
                ofconn_send_async(c, w.data, w.len);
            }
        }
        wire_wr_deinit(&inner);
        wire_wr_deinit(&w);
    }
}

void connmgr_flow_removed(struct connmgr *mgr, const struct flow_removed *fr)
{
    for (struct ofconn *c = connmgr_first(mgr); c; c = c->next) {
        if (ofconn_wants(c, ASYNC_FLOW_REMOVED, fr->reason)) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            flow_removed_encode(fr, c->protocol, 0, &w);
            ofconn_send_async(c, w.data, w.len);
            wire_wr_deinit(&w);
        }
    }
}

/* 1.3 knows the first three; what comes from a group or an action set is an action to it. */
static unsigned reason_for(const struct ofconn *c, unsigned reason)
{
    return c->version < OFP14_VERSION && reason > PIR_INVALID_TTL ? PIR_ACTION : reason;
}

/* How much of the frame the connection is to get: max_len is the action's; where no rule sent the
 * packet, the connection's own miss_send_len counts. */
static uint32_t wanted_len(const struct ofconn *c, const struct packet_in *pin, uint16_t max_len)
{
    bool own = pin->reason == PIR_INVALID_TTL ||
               (pin->reason == PIR_NO_MATCH && pin->cookie == UINT64_MAX);
    uint16_t limit = own ? c->miss_send_len : max_len;

    return limit == OFPCML_NO_BUFFER ? pin->data_len : MIN(limit, pin->data_len);
}

/* A frame that is as long as a message may be does not fit in with what is said of it: as much of
 * it as does, beside its length, which tells that there is more. */
static void encode_packet_in(const struct ofconn *c, const struct packet_in *pin, struct wire_wr *w)
{
    struct packet_in cut = *pin;

    packet_in_encode(pin, c->version, c->packet_in_format, 0, w);
    if (!w->err) {
        return;
    }
    wire_wr_deinit(w);
    *w = WIRE_WR_INIT(OFP_MAX_LEN);
    cut.data_len = 0;
    packet_in_encode(&cut, c->version, c->packet_in_format, 0, w);
    if (!w->err) {
        size_t room = OFP_MAX_LEN - w->len - OFP_PAD; /* A property's data is padded. */
        cut.data_len = (uint32_t)MIN(pin->data_len, room);
        wire_wr_deinit(w);
        *w = WIRE_WR_INIT(OFP_MAX_LEN);
        packet_in_encode(&cut, c->version, c->packet_in_format, 0, w);
    }
}

void connmgr_packet_in(struct connmgr *mgr, const struct packet_in *pin, uint16_t max_len,
                       uint16_t controller_id,
                       uint32_t (*buffer)(void *aux, struct ofconn *, const struct packet_in *),
                       void *aux)
{
    int64_t now = loop_now(connmgr_loop(mgr));

    for (struct ofconn *c = connmgr_first(mgr); c; c = c->next) {
        if (c->controller_id != controller_id ||
            !ofconn_wants(c, ASYNC_PACKET_IN, reason_for(c, pin->reason))) {
            continue;
        }
        if (c->limited && !rate_take(&c->rate, 1, now)) {
            c->n_overflow++;
            counter_inc(COUNTER_rconn_overflow);
            continue;
        }
        struct packet_in mine = *pin;
        uint32_t len = wanted_len(c, pin, max_len);
        if (len < pin->data_len && buffer) {
            mine.buffer_id = buffer(aux, c, pin);
        }
        /* What is not kept here must go out whole, else it is lost. */
        mine.data_len = mine.buffer_id == OFP_NO_BUFFER ? pin->data_len : len;
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        encode_packet_in(c, &mine, &w);
        if (!w.err) {
            ofconn_send_async(c, w.data, w.len);
        }
        wire_wr_deinit(&w);
    }
}

bool connmgr_wants_packet_ins(const struct connmgr *mgr)
{
    for (const struct ofconn *c = connmgr_first(mgr); c; c = c->next) {
        for (unsigned reason = PIR_NO_MATCH; reason <= PIR_PACKET_OUT; reason++) {
            if (ofconn_wants(c, ASYNC_PACKET_IN, reason)) {
                return true;
            }
        }
    }
    return false;
}
