/* ofconn.c - see ofconn.h: framing, HELLO, ECHO, probes, flow control. */
#include "ofproto/conn/ofconn-private.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/controller.h"
#include "ofp/nx_format.h"

LOG_MODULE(ofconn);

/* ---- sending ---- */

static void update_pause(struct ofconn *c)
{
    bool pause = c->holds || c->out_blocked || c->dying;

    if (pause != c->paused) {
        c->paused = pause;
        stream_pause(c->stream, pause);
    }
}

static void send_bytes(struct ofconn *c, const void *msg, size_t len)
{
    if (c->dying) {
        return;
    }
    if (!stream_send(c->stream, msg, len)) {
        log_warn_rl("%s: %zu bytes of replies are waiting for the peer to read: closing",
                    stream_name(c->stream), stream_queued(c->stream));
        ofconn_close(c, ENOBUFS);
        return;
    }
    counter_inc(COUNTER_rconn_sent);
    connmgr_snoop(c->mgr, c, msg, len);
    if (stream_queued(c->stream) > OFCONN_OUT_BOUND) {
        c->out_blocked = true;
        update_pause(c);
    }
}

void ofconn_send(struct ofconn *c, const void *msg, size_t len)
{
    send_bytes(c, msg, len);
}

void ofconn_send_async(struct ofconn *c, const void *msg, size_t len)
{
    if (!c->dying && stream_queued(c->stream) + len > OFCONN_ASYNC_BOUND) {
        c->n_overflow++;
        counter_inc(COUNTER_rconn_overflow);
        return;
    }
    send_bytes(c, msg, len);
}

static void send_wr(struct ofconn *c, struct wire_wr *w)
{
    ofconn_send(c, w->data, w->len);
    wire_wr_deinit(w);
}

void ofconn_send_error(struct ofconn *c, enum ofp_error error, const void *request, size_t len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    ofp_error_encode_reply(error, request, len, &w);
    if (c->version && w.len) {
        w.data[0] = c->version; /* The request's may be one that was not agreed on. */
    }
    send_wr(c, &w);
}

bool ofconn_writable(const struct ofconn *c)
{
    return stream_queued(c->stream) < OFCONN_WRITABLE;
}

static void on_drained(void *c_)
{
    struct ofconn *c = c_;
    c->out_blocked = false;
    update_pause(c);
}

void ofconn_hold(struct ofconn *c)
{
    c->holds++;
    update_pause(c);
}

void ofconn_release(struct ofconn *c)
{
    if (c->holds) {
        c->holds--;
    }
    update_pause(c);
}

/* ---- probes ---- */

/* How long silence is borne, from the last arrival on; 0: for ever. */
static int64_t patience(const struct ofconn *c)
{
    return !c->version ? HELLO_WAIT_MS : c->probe_ms * (c->probing ? 2 : 1);
}

static void arm_probe(struct ofconn *c)
{
    if (patience(c)) {
        loop_timer_at(&c->probe, c->rx_ms + patience(c));
    } else {
        loop_timer_cancel(&c->probe);
    }
}

static void on_probe(void *c_)
{
    struct ofconn *c = c_;
    int64_t idle = loop_now(c->probe.loop) - c->rx_ms;

    if (idle < patience(c)) {
        arm_probe(c); /* Something has arrived since. */
    } else if (c->probing || !c->version) {
        log_info("%s: no response to inactivity probe after %" PRId64 " seconds, disconnecting",
                 stream_name(c->stream), idle / 1000);
        ofconn_close(c, ETIMEDOUT);
    } else if (c->holds || c->out_blocked) {
        /* It is we who do not read: silence says nothing. */
        c->rx_ms = loop_now(c->probe.loop);
        arm_probe(c);
    } else {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        c->probing = true;
        msg_encode_simple(MSG_ECHO_REQUEST, c->version, 0, NULL, 0, &w);
        send_wr(c, &w);
        arm_probe(c);
    }
}

void ofconn_set_probe(struct ofconn *c, int64_t probe_ms)
{
    c->probe_ms = probe_ms;
    arm_probe(c);
}

/* ---- HELLO ---- */

static void refuse_hello(struct ofconn *c, uint32_t theirs)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint8_t version = OFP10_VERSION;
    char *text =
        xasprintf("We support versions 0x%02x, you support versions 0x%02x: none in common.",
                  connmgr_versions(c->mgr), theirs);

    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        version = theirs & BIT(v) ? v : version;
    }
    log_warn_rl("%s: version negotiation failed: %s", stream_name(c->stream), text);
    ofp_error_encode_hello(OFPERR_OFPHFC_INCOMPATIBLE, version, text, &w);
    free(text);
    send_wr(c, &w);
    ofconn_close(c, EPROTO);
}

/* The first message must be HELLO. */
static void handle_first(struct ofconn *c, const uint8_t *msg, size_t len)
{
    uint32_t theirs;

    if (msg[1] != 0 || hello_decode(msg, len, &theirs)) {
        log_warn_rl("%s: expected HELLO, received OpenFlow version %u type %u: disconnecting",
                    stream_name(c->stream), msg[0], msg[1]);
        ofconn_close(c, EPROTO);
        return;
    }
    uint8_t version = hello_negotiate(connmgr_versions(c->mgr), theirs);
    if (!version) {
        refuse_hello(c, theirs);
        return;
    }
    c->version = version;
    c->protocol = protocol_plain(version);
    log_dbg("%s: OpenFlow %s", stream_name(c->stream), msg_version_name(version));
    arm_probe(c);
    connmgr_established(c->mgr, c);
}

static void send_hello(struct ofconn *c)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    hello_encode(connmgr_versions(c->mgr), 1, &w);
    send_wr(c, &w);
}

/* ---- messages ---- */

static enum ofp_error handle_echo(struct ofconn *c, const struct msg_header *h,
                                  const struct wire_rd *r)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    msg_encode_simple(MSG_ECHO_REPLY, c->version, h->xid, r->p, wire_rd_left(r), &w);
    send_wr(c, &w);
    return OFPERR_OK;
}

static enum ofp_error handle_controller_id(struct ofconn *c, struct wire_rd *r)
{
    uint16_t id;
    enum ofp_error error = controller_id_decode(r, &id);

    if (!error) {
        connmgr_main(c)->controller_id = id;
    }
    return error;
}

/* Does the peer put the table into the command of its flow-mods? */
static bool table_in_command(const struct ofconn *c)
{
    return c->protocol & (PROTOCOL_OF10_TID | PROTOCOL_NXM_TID);
}

static void choose_flow_format(struct ofconn *c, bool nxm, bool tid)
{
    c->protocol =
        nxm ? (tid ? PROTOCOL_NXM_TID : PROTOCOL_NXM) : (tid ? PROTOCOL_OF10_TID : PROTOCOL_OF10);
}

/* The forms of OpenFlow 1.0; later versions have one, and nothing to choose. */
static enum ofp_error handle_flow_format(struct ofconn *c, struct wire_rd *r)
{
    uint32_t protocol;
    enum ofp_error error = nx_format_decode_flow(r, &protocol);

    if (!error) {
        choose_flow_format(c, protocol == PROTOCOL_NXM, table_in_command(c));
    }
    return error;
}

static enum ofp_error handle_table_id(struct ofconn *c, struct wire_rd *r)
{
    bool tid;
    enum ofp_error error = nx_format_decode_table_id(r, &tid);

    if (!error && c->version == OFP10_VERSION) {
        choose_flow_format(c, c->protocol & PROTOCOL_NXM_ALL, tid);
    }
    return error;
}

static void handle_peer_error(const struct ofconn *c, const uint8_t *msg, size_t len)
{
    struct wire_rd payload;
    enum ofp_error error = ofp_error_decode(msg, len, &payload);

    log_info_rl("%s: received error %s", stream_name(c->stream),
                error ? ofp_error_name(error) : "of an unknown kind");
}

/* What conn answers by itself; *mine is false for all else. */
static enum ofp_error handle_own(struct ofconn *c, const struct msg_header *h, struct wire_rd *r,
                                 const uint8_t *msg, size_t len, bool *mine)
{
    *mine = true;
    switch (h->type) {
    case MSG_HELLO:
    case MSG_ECHO_REPLY:
        return OFPERR_OK;
    case MSG_ERROR:
        handle_peer_error(c, msg, len);
        return OFPERR_OK;
    case MSG_ECHO_REQUEST:
        return handle_echo(c, h, r);
    case MSG_ROLE_REQUEST:
    case MSG_NXT_ROLE_REQUEST:
        return ofconn_handle_role(c, h, r);
    case MSG_SET_ASYNC:
    case MSG_NXT_SET_ASYNC_CONFIG:
    case MSG_NXT_SET_ASYNC_CONFIG2:
        return ofconn_handle_set_async(c, h, r);
    case MSG_GET_ASYNC_REQUEST:
        ofconn_handle_get_async(c, h);
        return OFPERR_OK;
    case MSG_NXT_SET_CONTROLLER_ID:
        return handle_controller_id(c, r);
    case MSG_NXT_SET_PACKET_IN_FORMAT:
        return nx_format_decode_packet_in(r, &c->packet_in_format);
    case MSG_NXT_SET_FLOW_FORMAT:
        return handle_flow_format(c, r);
    case MSG_NXT_FLOW_MOD_TABLE_ID:
        return handle_table_id(c, r);
    case MSG_NXT_FLOW_AGE:
        return OFPERR_OK; /* Ages are always told. */
    default:
        *mine = false;
        return OFPERR_OK;
    }
}

static void handle_message(struct ofconn *c, const uint8_t *msg, size_t len)
{
    struct msg_header h;
    struct wire_rd r;
    bool mine = true;
    void *aux;
    const struct conn_handler *handler = connmgr_handler(c->mgr, &aux);

    connmgr_snoop(c->mgr, c, msg, len);
    if (!c->version) {
        handle_first(c, msg, len);
        return;
    }
    enum ofp_error error = OFPERR_OFPBRC_BAD_VERSION;
    /* HELLO and errors are understood in any version. */
    if (msg[0] == c->version || msg[1] <= 1) {
        wire_rd_init(&r, msg, len);
        error = msg_decode_header(&r, &h);
    }
    if (!error) {
        error = handle_own(c, &h, &r, msg, len, &mine);
    }
    if (error) {
        ofconn_send_error(c, error, msg, len);
    } else if (!mine) {
        h.table_in_command = table_in_command(c);
        handler->recv(aux, c, &h, msg, len);
    }
}

/* ---- the stream ---- */

static size_t on_recv(void *c_, const uint8_t *bytes, size_t n)
{
    struct ofconn *c = c_;
    size_t used = 0;
    unsigned budget = OFCONN_MSGS_PER_TURN;

    c->rx_ms = loop_now(c->probe.loop);
    c->probing = false;
    while (!c->holds && !c->out_blocked && !c->dying && n - used >= OFP_HEADER_LEN) {
        const uint8_t *msg = bytes + used;
        size_t len = get_be16(msg + 2);
        if (len < OFP_HEADER_LEN) {
            log_warn_rl("%s: message of length %zu, less than a header: framing is lost, closing",
                        stream_name(c->stream), len);
            ofconn_close(c, EPROTO);
            break;
        }
        if (len > n - used) {
            break;
        }
        if (!budget--) {
            stream_recv_again(c->stream);
            break;
        }
        used += len;
        handle_message(c, msg, len);
    }
    return c->dying ? n : used;
}

static void on_closed(void *c_, int error)
{
    ofconn_close(c_, error ? error : ECONNRESET);
}

static void on_reap(void *c_)
{
    struct ofconn *c = c_;
    struct connmgr *mgr = c->mgr;

    connmgr_unlink(mgr, c);
    connmgr_ended(mgr, c, c->error);
    ofconn_free(c);
}

void ofconn_close(struct ofconn *c, int error)
{
    if (!c->dying) {
        c->dying = true;
        c->error = error;
        loop_timer_cancel(&c->probe);
        loop_call_schedule(&c->reaper);
    }
}

/* ---- life ---- */

struct ofconn *ofconn_new(struct connmgr *mgr, struct stream *s, struct controller *controller,
                          bool service)
{
    static const struct stream_cb cb = {.recv = on_recv,
                                        .drained = on_drained,
                                        .closed = on_closed};
    struct loop *loop = connmgr_loop(mgr);
    struct ofconn *c = xzalloc(sizeof *c);

    c->mgr = mgr;
    c->stream = s;
    c->controller = controller;
    c->service = service;
    c->rx_ms = loop_now(loop);
    c->miss_send_len = service ? 0 : DEFAULT_MISS_LEN;
    c->role = ROLE_EQUAL;
    ofconn_async_init(c);
    loop_call_init(&c->reaper, loop, on_reap, c);
    loop_timer_init(&c->probe, loop, on_probe, c);
    stream_set_limits(s, 2 * (OFP_MAX_LEN + 1), OFCONN_OUT_MAX, OFCONN_OUT_LOW);
    stream_set_cb(s, &cb, c);
    connmgr_link(mgr, c);
    ofconn_set_probe(c, service ? SERVICE_PROBE_MS : DEFAULT_PROBE_MS);
    send_hello(c);
    return c;
}

void ofconn_free(struct ofconn *c)
{
    void *aux;
    const struct conn_handler *handler = connmgr_handler(c->mgr, &aux);

    c->dying = true;
    if (c->version) {
        handler->closed(aux, c);
    }
    loop_call_cancel(&c->reaper);
    loop_timer_cancel(&c->probe);
    if (c->error == EPROTO) {
        stream_free_flushed(c->stream); /* The error that says why. */
    } else {
        stream_free(c->stream);
    }
    free(c);
}

/* ---- accessors ---- */

uint8_t ofconn_version(const struct ofconn *c)
{
    return c->version;
}

uint16_t ofconn_miss_send_len(const struct ofconn *c)
{
    return connmgr_main(c)->miss_send_len;
}

void ofconn_set_miss_send_len(struct ofconn *c, uint16_t len)
{
    connmgr_main(c)->miss_send_len = len;
}

uint8_t ofconn_aux_id(const struct ofconn *c)
{
    return c->aux_id;
}

struct ofconn *ofconn_main(struct ofconn *c)
{
    return connmgr_main(c);
}

bool ofconn_is_slave(const struct ofconn *c)
{
    return connmgr_main(c)->role == ROLE_SECONDARY;
}

void ofconn_set_data(struct ofconn *c, void *data)
{
    c->data = data;
}

void *ofconn_data(const struct ofconn *c)
{
    return c->data;
}
