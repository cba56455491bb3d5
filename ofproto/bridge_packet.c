/* bridge_packet.c - packets between a bridge and its controllers: PACKET_IN with its buffers,
 * PACKET_OUT, NXT_RESUME.  Specification: OpenFlow 1.3.5 sections 6.1.2, 7.3.7, 7.4.1. */
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/packet/parse.h"
#include "ofproto/effect.h"
#include "ofproto/learn.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/session.h"

LOG_MODULE(bridge_packet);

/* Buffered bytes of one connection; beyond it packet-ins carry the whole frame. */
#define MAX_BUFFERED (1u << 20)

/* ---- buffers ---- */

static void buffer_drop(struct session *s, struct session_buffer *b)
{
    s->buffered_bytes -= b->packet->len;
    packet_free(b->packet);
    b->packet = NULL;
}

static uint32_t buffer_put(void *br, struct ofconn *conn, const struct packet_in *pin)
{
    struct session *s = session_of(conn, br);
    struct session_buffer *b = &s->buffers[s->next_buffer % SESSION_N_BUFFERS];

    if (b->packet) {
        buffer_drop(s, b); /* The oldest makes room. */
    }
    if (s->buffered_bytes + pin->data_len > MAX_BUFFERED) {
        return OFP_NO_BUFFER;
    }
    b->packet = packet_new_data(pin->data, pin->data_len);
    b->packet->packet_type = pin->metadata.flow.key.packet_type;
    b->ofp_in_port = ntohl(pin->metadata.flow.in_port);
    b->id = s->next_buffer++ & INT32_MAX; /* Never OFP_NO_BUFFER. */
    s->buffered_bytes += pin->data_len;
    return b->id;
}

struct packet *bridge_packet_buffer_take(struct ofconn *conn, uint32_t id, uint32_t *ofp_in_port)
{
    struct session *s = ofconn_data(ofconn_main(conn)); /* Which got the packet-in. */
    struct session_buffer *b = s ? &s->buffers[id % SESSION_N_BUFFERS] : NULL;

    if (!b || !b->packet || b->id != id) {
        return NULL;
    }
    struct packet *pkt = b->packet;
    b->packet = NULL;
    s->buffered_bytes -= pkt->len;
    *ofp_in_port = b->ofp_in_port;
    return pkt;
}

void bridge_packet_forget(struct ofconn *conn)
{
    session_closed(conn);
}

/* ---- out ---- */

/* What is run: 'acts', or what is behind a pause, with the pipeline's fields. */
struct execution {
    const void *acts;
    size_t acts_len;
    const struct continuation *resume; /* Or NULL. */
    const struct flow *metadata;       /* Or NULL. */
};

/* On the packet (consumed), as if it had come in through 'in_port'. */
static enum ofp_error execute(struct bridge *br, struct packet *pkt, uint32_t in_port,
                              const struct execution *e)
{
    struct ofproto *p = br->ofproto;
    const struct bridge_port *port = bridge_port_by_ofp(br, in_port);
    int64_t now = loop_now(p->loop);
    struct key key;
    struct xlate_out out;

    pkt->in_port = port ? port->dp_port : DP_PORT_NONE;
    if (!parse_key(pkt, &key)) {
        packet_free(pkt);
        return OFPERR_OFPBRC_BAD_PACKET;
    }
    /* A snapshot that waits for the end of the turn would miss a port that the controller has just
     * been told of. */
    if (loop_call_pending(&p->cfg_call)) {
        ofproto_cfg_update(p);
    }
    struct xlate_in in = {.cfg = p->cfg,
                          .key = &key,
                          .packet = pkt,
                          .now_ms = now,
                          .bridge = xlate_cfg_bridge(p->cfg, br->id),
                          .ofp_in_port = in_port,
                          .is_packet_out = true,
                          .acts = e->acts,
                          .acts_len = e->acts_len,
                          .resume = e->resume,
                          .metadata = e->metadata};
    xlate_out_init(&out);
    xlate(&in, &out);
    if (out.error) {
        log_warn_rl("%s: packet-out: %s", br->name, xlate_error_text(out.error));
    }
    for (unsigned i = 0; i < out.n_effects; i++) {
        effect_apply(p, &out.effects[i], now);
    }
    struct dp_flow_stats one = {.packets = 1, .bytes = pkt->len, .used_ms = now};
    credit_apply(out.credit, &one);
    learn_credit(p, out.credit, &one);
    dp_execute(p->dp, pkt, out.actions.data, out.actions.len);
    /* Its continuations rest for seconds after the credit has gone: long enough for this packet. */
    xlate_out_deinit(&out);
    counter_inc(COUNTER_ofproto_packet_out);
    return OFPERR_OK;
}

static bool in_port_ok(const struct bridge *br, uint32_t port)
{
    /* ANY is also what tools write as NONE: no port. */
    return port == OFPP_CONTROLLER || port == OFPP_ANY || port == OFPP_LOCAL ||
           bridge_port_by_ofp(br, port);
}

enum ofp_error bridge_packet_out_check(const struct bridge *br, const struct packet_out *po)
{
    return in_port_ok(br, po->in_port) ? bridge_acts_check(br, po->acts.data, po->acts.len)
                                       : OFPERR_OFPBRC_BAD_PORT;
}

enum ofp_error bridge_packet_out_send(struct bridge *br, struct ofconn *conn,
                                      const struct packet_out *po)
{
    struct packet *pkt;
    uint32_t ignored;

    if (po->buffer_id != OFP_NO_BUFFER) {
        pkt = bridge_packet_buffer_take(conn, po->buffer_id, &ignored);
        if (!pkt) {
            return OFPERR_OFPBRC_BUFFER_UNKNOWN;
        }
    } else if (po->data_len) {
        pkt = packet_new_data(po->data, po->data_len);
        pkt->packet_type = po->metadata.flow.key.packet_type;
    } else {
        return OFPERR_OFPBRC_BUFFER_EMPTY;
    }
    const struct execution e = {po->acts.data, po->acts.len, NULL, &po->metadata.flow};
    return execute(br, pkt, po->in_port, &e);
}

enum ofp_error bridge_packet_resume_buffer(struct bridge *br, struct ofconn *conn,
                                           uint32_t buffer_id)
{
    struct acts acts = ACTS_INIT;
    uint32_t in_port;
    struct packet *pkt = bridge_packet_buffer_take(conn, buffer_id, &in_port);

    if (!pkt) {
        return OFPERR_OFPBRC_BUFFER_UNKNOWN;
    }
    struct act_output *table = acts_put(&acts, ACT_OUTPUT, sizeof *table);
    table->port = OFPP_TABLE;
    const struct execution e = {.acts = acts.data, .acts_len = acts.len};
    enum ofp_error error = execute(br, pkt, in_port, &e);
    acts_deinit(&acts);
    return error;
}

/* What the tracker had left on the packet, as far as the controller says it. */
static void restore_ct(struct packet *pkt, const struct key *k)
{
    struct packet_ct *ct = &pkt->ct;

    ct->state = (uint8_t)ntohl(k->ct_state);
    ct->zone = ntohs(k->ct_zone);
    ct->mark = ntohl(k->ct_mark);
    memcpy(ct->label, k->ct_label, sizeof ct->label);
    ct->orig_proto = k->ct_proto;
    ct->orig_tp_src = k->ct_tp_src;
    ct->orig_tp_dst = k->ct_tp_dst;
    ct->orig_is_ip6 = !is_all_zeros(k->ct_ip6_src, sizeof k->ct_ip6_src);
    if (ct->orig_is_ip6) {
        memcpy(ct->orig_src, k->ct_ip6_src, sizeof k->ct_ip6_src);
        memcpy(ct->orig_dst, k->ct_ip6_dst, sizeof k->ct_ip6_dst);
    } else {
        memcpy(ct->orig_src, &k->ct_ip_src, sizeof k->ct_ip_src);
        memcpy(ct->orig_dst, &k->ct_ip_dst, sizeof k->ct_ip_dst);
    }
}

enum ofp_error bridge_packet_resume(struct bridge *br, const struct packet_in *pin)
{
    const struct continuation *c = bridge_pause_find(br, pin->continuation, pin->continuation_len);
    const struct flow *f = &pin->metadata.flow;
    const struct execution e = {.resume = c, .metadata = f};

    if (!c) {
        return OFPERR_NXR_STALE;
    }
    struct packet *pkt = packet_new_data(pin->data, pin->data_len);
    pkt->packet_type = f->key.packet_type;
    pkt->mark = ntohl(f->key.skb_mark);
    if (c->state.flags & CONTINUATION_TRACKED) {
        restore_ct(pkt, &f->key);
    }
    return execute(br, pkt, pin->metadata.mask.in_port ? ntohl(f->in_port) : c->state.in_port, &e);
}

/* ---- in ---- */

/* The controller() behind the cookie; NULL: it was a plain one. */
static const struct act_controller *find_act(const struct bridge *br, const struct cookie *cookie,
                                             const struct continuation **c)
{
    *c = cookie->continuation ? continuation_find(br->ofproto->continuations, cookie->continuation)
                              : NULL;
    const struct act_controller *a = *c && (*c)->state.n_acts ? (const void *)(*c)->acts : NULL;
    /* A flow that a former process left in the kernel names something else, or nothing. */
    return a && a->act.type == ACT_CONTROLLER && (*c)->state.bridge_id == br->id ? a : NULL;
}

void bridge_packet_in(struct bridge *br, struct events_item *e)
{
    const struct cookie *c = &e->u.packet_in.cookie;
    const struct packet *pkt = e->u.packet_in.packet;
    struct packet_in pin = {.buffer_id = OFP_NO_BUFFER,
                            .total_len = pkt->len,
                            .reason = c->reason,
                            .table_id = c->table_id,
                            .cookie = c->rule_cookie,
                            .metadata = e->u.packet_in.metadata,
                            .data = pkt->data,
                            .data_len = pkt->len};

    uint8_t name[BRIDGE_PAUSE_NAME];
    const struct continuation *continuation;
    const struct act_controller *a = find_act(br, c, &continuation);
    if (a) {
        pin.userdata = a->userdata;
        pin.userdata_len = a->n_userdata;
    }
    if (a && c->paused) {
        bridge_pause_put(br, continuation, name);
        pin.continuation = name;
        pin.continuation_len = sizeof name;
    }
    /* What is to be given back goes out whole. */
    connmgr_packet_in(br->conns, &pin, c->max_len, c->controller_id, c->paused ? NULL : buffer_put,
                      br);
}
