/* conn-peer.h - what the tests of OpenFlow connections share: a peer on a Unix socket, and a switch
 * that counts what it is told.  The clock is stopped. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "lib/io/stream.h"
#include "ofp/flow_mod.h"
#include "ofp/switch.h"
#include "ofproto/conn/connmgr.h"

#define BUF_MAX (4 << 20)

/* ---- a peer ---- */

struct peer {
    struct stream *stream;
    uint8_t *buf;
    size_t len;
    bool connected, closed, deaf;
};

static struct loop *loop;
static char rundir[64];

static UNUSED size_t peer_recv(void *p_, const uint8_t *bytes, size_t n)
{
    struct peer *p = p_;
    assert_true(p->len + n <= BUF_MAX);
    memcpy(p->buf + p->len, bytes, n);
    p->len += n;
    return n;
}

static UNUSED void peer_connected(void *p_)
{
    ((struct peer *)p_)->connected = true;
}

static UNUSED void peer_closed(void *p_, int error)
{
    (void)error;
    ((struct peer *)p_)->closed = true;
}

static const struct stream_cb peer_cb = {.connected = peer_connected,
                                         .recv = peer_recv,
                                         .closed = peer_closed};

static UNUSED void turns(unsigned n)
{
    while (n--) {
        loop_turn(loop, 2);
    }
}

static UNUSED struct peer *peer_open(const char *what)
{
    struct peer *p = xzalloc(sizeof *p);
    char *target = xasprintf("unix:%s/br0.%s", rundir, what);
    p->buf = xmalloc(BUF_MAX);
    char *error = stream_connect(loop, target, 0, &peer_cb, p, &p->stream);
    assert_null(error);
    free(target);
    turns(5);
    return p;
}

static UNUSED void peer_free(struct peer *p)
{
    stream_free(p->stream);
    free(p->buf);
    free(p);
    turns(5);
}

static UNUSED void peer_send(struct peer *p, const void *msg, size_t len)
{
    assert_true(stream_send(p->stream, msg, len));
    turns(8);
}

static UNUSED void peer_send_type(struct peer *p, enum msg_type type, uint32_t xid,
                                  const void *body, size_t len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    msg_encode_simple(type, OFP13_VERSION, xid, body, len, &w);
    peer_send(p, w.data, w.len);
    wire_wr_deinit(&w);
}

static UNUSED void peer_hello(struct peer *p, uint32_t versions)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    hello_encode(versions, 1, &w);
    peer_send(p, w.data, w.len);
    wire_wr_deinit(&w);
}

/* Takes the next message; its length, 0 if there is none. */
static UNUSED size_t peer_next(struct peer *p, uint8_t *msg)
{
    if (p->len < OFP_HEADER_LEN) {
        return 0;
    }
    size_t len = get_be16(p->buf + 2);
    assert_true(len >= OFP_HEADER_LEN && len <= p->len);
    memcpy(msg, p->buf, len);
    p->len -= len;
    memmove(p->buf, p->buf + len, p->len);
    return len;
}

static uint8_t scratch[65536];

static UNUSED void expect(struct peer *p, unsigned type, uint32_t xid)
{
    size_t len = peer_next(p, scratch);
    assert_true(len > 0);
    assert_int_equal(scratch[1], type);
    assert_int_equal(get_be32(scratch + 4), xid);
}

static UNUSED void expect_error(struct peer *p, enum ofp_error error)
{
    struct wire_rd payload;
    size_t len = peer_next(p, scratch);
    assert_true(len > 0);
    assert_int_equal(scratch[1], 1);
    assert_string_equal(ofp_error_name(ofp_error_decode(scratch, len, &payload)),
                        ofp_error_name(error));
}

static UNUSED void expect_nothing(struct peer *p)
{
    turns(5);
    assert_int_equal(p->len, 0);
}

static UNUSED struct peer *peer_ready(const char *what)
{
    struct peer *p = peer_open(what);
    peer_hello(p, BIT(OFP13_VERSION));
    expect(p, 0, 1);
    return p;
}

/* ---- the switch ---- */

static struct {
    unsigned n_recv, n_closed, n_buffers;
    enum msg_type last;
    struct ofconn *conn;
    int fail_open; /* -1: never said. */
    bool hold;
} sw;

static UNUSED void on_recv(void *aux, struct ofconn *c, const struct msg_header *h, const void *msg,
                           size_t len)
{
    (void)aux;
    assert_int_equal(h->len, len);
    assert_non_null(msg);
    sw.n_recv++;
    sw.last = h->type;
    sw.conn = c;
    if (sw.hold) {
        ofconn_hold(c);
    }
    if (h->type == MSG_BARRIER_REQUEST) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        msg_encode_simple(MSG_BARRIER_REPLY, h->version, h->xid, NULL, 0, &w);
        ofconn_send(c, w.data, w.len);
        wire_wr_deinit(&w);
    }
}

static UNUSED void on_closed(void *aux, struct ofconn *c)
{
    (void)aux;
    sw.n_closed++;
    if (sw.conn == c) {
        sw.conn = NULL;
    }
}

static UNUSED void on_fail_open(void *aux, bool on)
{
    (void)aux;
    sw.fail_open = on;
}

static const struct conn_handler handler = {on_recv, on_closed, on_fail_open};
static struct connmgr *mgr;

static UNUSED int set_up(void **state)
{
    (void)state;
    memset(&sw, 0, sizeof sw);
    sw.fail_open = -1;
    strcpy(rundir, "/tmp/test-conn-XXXXXX");
    assert_non_null(mkdtemp(rundir));
    loop = loop_new();
    char *error = connmgr_new(loop, rundir, "br0", BIT(OFP13_VERSION), &handler, NULL, &mgr);
    assert_null(error);
    return 0;
}

static UNUSED int tear_down(void **state)
{
    (void)state;
    connmgr_free(mgr);
    turns(3);
    loop_free(loop);
    assert_int_equal(rmdir(rundir), 0); /* The sockets are gone. */
    return 0;
}
