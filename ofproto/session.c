/* session.c - see session.h. */
#include "ofproto/session.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/switch.h"
#include "ofproto/bridge_monitor.h"
#include "ofproto/dispatch_bundle.h"
#include "ofproto/dispatch_features.h"
#include "ofproto/ofproto-private.h"

#define RULES_PER_SLICE 2000
#define WAIT_MAX_MS     32 /* For a peer that does not read what is dumped. */

struct session *session_of(struct ofconn *conn, struct bridge *br)
{
    struct session *s = ofconn_data(conn);

    if (!s) {
        s = xzalloc(sizeof *s);
        s->refs = 1;
        s->conn = conn;
        s->bridge = br;
        ofconn_set_data(conn, s);
    }
    return s;
}

struct session *session_ref(struct session *s)
{
    s->refs++;
    return s;
}

void session_unref(struct session *s)
{
    if (!--s->refs) {
        free(s);
    }
}

void session_closed(struct ofconn *conn)
{
    struct session *s = ofconn_data(conn);

    if (s) {
        for (unsigned i = 0; i < SESSION_N_BUFFERS; i++) {
            if (s->buffers[i].packet) {
                packet_free(s->buffers[i].packet);
            }
        }
        memset(s->buffers, 0, sizeof s->buffers);
        bundles_discard(s);
        dispatch_features_closed(s);
        bridge_monitor_closed(s);
        s->conn = NULL;
        ofconn_set_data(conn, NULL);
        session_unref(s);
    }
}

/* ---- barriers ---- */

struct barrier {
    struct session *session; /* Reference. */
    uint8_t version;
    uint32_t xid;
};

static void barrier_done(void *b_)
{
    struct barrier *b = b_;
    struct ofconn *conn = b->session->conn;

    if (conn) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        msg_encode_simple(MSG_BARRIER_REPLY, b->version, b->xid, NULL, 0, &w);
        ofconn_send(conn, w.data, w.len);
        wire_wr_deinit(&w);
        ofconn_release(conn);
    }
    session_unref(b->session);
    free(b);
}

void session_barrier(struct session *s, const struct msg_header *h)
{
    struct barrier *b = xzalloc(sizeof *b);

    b->session = session_ref(s);
    b->version = h->version;
    b->xid = h->xid;
    ofconn_hold(s->conn);
    ofproto_settle(bridge_ofproto(s->bridge), barrier_done, b);
}

/* ---- flow statistics ---- */

struct flow_dump {
    struct session *session; /* Reference. */
    struct tables *tables;   /* Reference. */
    struct loop *loop;
    struct tables_cursor cursor;
    struct match match;
    struct rule_criteria criteria;
    struct mp_reply reply;
    uint32_t protocol; /* Of the entries. */
    int64_t wait_ms;   /* For the peer to read; 0: it does. */
    struct loop_timer next;
};

static void dump_send(void *d_, const void *msg, size_t len)
{
    struct flow_dump *d = d_;
    if (d->session->conn) {
        ofconn_send(d->session->conn, msg, len);
    }
}

static void put_rule(struct flow_dump *d, const struct rule *rule)
{
    int64_t now = loop_now(d->loop), age = now - rule->created_ms;
    struct flow_stats fs = {.table_id = rule->table_id,
                            .priority = rule->priority,
                            .idle_timeout = rule->idle_timeout,
                            .hard_timeout = rule->hard_timeout,
                            .flags = rule->flags,
                            .importance = rule->importance,
                            .duration_sec = (uint32_t)(age / 1000),
                            .duration_nsec = (uint32_t)(age % 1000) * 1000000,
                            .cookie = rule->cookie,
                            .n_packets = rule->packets,
                            .n_bytes = rule->bytes,
                            .idle_age = (int)((now - MAX(rule->used_ms, rule->created_ms)) / 1000),
                            .hard_age = (int)((now - rule->modified_ms) / 1000),
                            /* Borrowed: the encoder only reads. */
                            .acts = {.data = rule->acts->data, .len = rule->acts->len}};

    rule_match(rule, &fs.match);
    flow_stats_encode(&fs, d->protocol, mp_reply_entry(&d->reply));
    mp_reply_entry_end(&d->reply);
}

static void dump_end(struct flow_dump *d)
{
    mp_reply_finish(&d->reply);
    if (d->session->conn) {
        ofconn_release(d->session->conn);
    }
    loop_timer_cancel(&d->next);
    tables_cursor_deinit(&d->cursor);
    tables_unref(d->tables);
    session_unref(d->session);
    free(d);
}

static void dump_slice(void *d_)
{
    struct flow_dump *d = d_;
    struct ofconn *conn = d->session->conn;

    if (conn && !ofconn_writable(conn)) {
        /* The peer reads slowly: it gets more when there is room. */
        d->wait_ms = d->wait_ms ? MIN(2 * d->wait_ms, WAIT_MAX_MS) : 1;
        loop_timer_after(&d->next, d->wait_ms);
        return;
    }
    d->wait_ms = 0;
    for (unsigned i = 0; conn && i < RULES_PER_SLICE; i++) {
        struct rule *rule = tables_cursor_next(&d->cursor, d->tables);
        if (!rule) {
            dump_end(d);
            return;
        }
        if (rule_criteria_match(&d->criteria, rule)) {
            put_rule(d, rule);
        }
    }
    if (!conn) {
        dump_end(d);
        return;
    }
    loop_timer_after(&d->next, 0);
}

void session_dump_flows(struct session *s, const struct msg_header *h,
                        const struct flow_stats_request *r)
{
    struct flow_dump *d = xzalloc(sizeof *d);

    d->session = session_ref(s);
    d->tables = s->bridge->tables;
    d->loop = s->bridge->ofproto->loop;
    tables_ref(d->tables);
    d->match = r->match;
    d->criteria = (struct rule_criteria){.table_id = r->table_id,
                                         .match = &d->match,
                                         .cookie = r->cookie,
                                         .cookie_mask = r->cookie_mask,
                                         .out_port = r->out_port,
                                         .out_group = r->out_group};
    tables_cursor_init(&d->cursor, d->tables, r->table_id);
    d->protocol = flow_mod_protocol(h);
    mp_reply_init(&d->reply, flow_stats_reply_type(d->protocol), h->version, h->xid, dump_send, d);
    loop_timer_init(&d->next, d->loop, dump_slice, d);
    ofproto_pull_stats(s->bridge->ofproto);
    ofconn_hold(s->conn);
    dump_slice(d);
}
