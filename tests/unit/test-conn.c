/* test-conn.c - OpenFlow connections over real Unix sockets with a stopped clock. */
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

static size_t peer_recv(void *p_, const uint8_t *bytes, size_t n)
{
    struct peer *p = p_;
    assert_true(p->len + n <= BUF_MAX);
    memcpy(p->buf + p->len, bytes, n);
    p->len += n;
    return n;
}

static void peer_connected(void *p_)
{
    ((struct peer *)p_)->connected = true;
}

static void peer_closed(void *p_, int error)
{
    (void)error;
    ((struct peer *)p_)->closed = true;
}

static const struct stream_cb peer_cb = {.connected = peer_connected,
                                         .recv = peer_recv,
                                         .closed = peer_closed};

static void turns(unsigned n)
{
    while (n--) {
        loop_turn(loop, 2);
    }
}

static struct peer *peer_open(const char *what)
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

static void peer_free(struct peer *p)
{
    stream_free(p->stream);
    free(p->buf);
    free(p);
    turns(5);
}

static void peer_send(struct peer *p, const void *msg, size_t len)
{
    assert_true(stream_send(p->stream, msg, len));
    turns(8);
}

static void peer_send_type(struct peer *p, enum msg_type type, uint32_t xid, const void *body,
                           size_t len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    msg_encode_simple(type, OFP13_VERSION, xid, body, len, &w);
    peer_send(p, w.data, w.len);
    wire_wr_deinit(&w);
}

static void peer_hello(struct peer *p, uint32_t versions)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    hello_encode(versions, 1, &w);
    peer_send(p, w.data, w.len);
    wire_wr_deinit(&w);
}

/* Takes the next message; its length, 0 if there is none. */
static size_t peer_next(struct peer *p, uint8_t *msg)
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

static void expect(struct peer *p, unsigned type, uint32_t xid)
{
    size_t len = peer_next(p, scratch);
    assert_true(len > 0);
    assert_int_equal(scratch[1], type);
    assert_int_equal(get_be32(scratch + 4), xid);
}

static void expect_error(struct peer *p, enum ofp_error error)
{
    struct wire_rd payload;
    size_t len = peer_next(p, scratch);
    assert_true(len > 0);
    assert_int_equal(scratch[1], 1);
    assert_string_equal(ofp_error_name(ofp_error_decode(scratch, len, &payload)),
                        ofp_error_name(error));
}

static void expect_nothing(struct peer *p)
{
    turns(5);
    assert_int_equal(p->len, 0);
}

static struct peer *peer_ready(const char *what)
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

static void on_recv(void *aux, struct ofconn *c, const struct msg_header *h, const void *msg,
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

static void on_closed(void *aux, struct ofconn *c)
{
    (void)aux;
    sw.n_closed++;
    if (sw.conn == c) {
        sw.conn = NULL;
    }
}

static void on_fail_open(void *aux, bool on)
{
    (void)aux;
    sw.fail_open = on;
}

static const struct conn_handler handler = {on_recv, on_closed, on_fail_open};
static struct connmgr *mgr;

static int set_up(void **state)
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

static int tear_down(void **state)
{
    (void)state;
    connmgr_free(mgr);
    turns(3);
    loop_free(loop);
    assert_int_equal(rmdir(rundir), 0); /* The sockets are gone. */
    return 0;
}

/* ---- tests ---- */

static void test_hello(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    peer_send_type(p, MSG_ECHO_REQUEST, 7, "abc", 3);
    expect(p, 3, 7);
    assert_memory_equal(scratch + 8, "abc", 3);
    peer_send_type(p, MSG_BARRIER_REQUEST, 8, NULL, 0);
    expect(p, 21, 8);
    assert_int_equal(sw.n_recv, 1);
    assert_int_equal(ofconn_version(sw.conn), OFP13_VERSION);
    peer_free(p);
    assert_int_equal(sw.n_closed, 1);
}

static void test_hello_incompatible(void **state)
{
    (void)state;
    struct peer *p = peer_open("mgmt");
    peer_hello(p, BIT(OFP15_VERSION) | BIT(OFP14_VERSION));
    expect(p, 0, 1);
    expect_error(p, OFPERR_OFPHFC_INCOMPATIBLE);
    assert_int_equal(scratch[0], OFP15_VERSION);
    turns(5);
    assert_true(p->closed);
    peer_free(p);
    assert_int_equal(sw.n_closed, 0);
}

static void test_first_not_hello(void **state)
{
    (void)state;
    struct peer *p = peer_open("mgmt");
    peer_send_type(p, MSG_BARRIER_REQUEST, 1, NULL, 0);
    turns(5);
    assert_true(p->closed);
    assert_int_equal(sw.n_recv, 0);
    peer_free(p);
}

static void test_framing(void **state)
{
    (void)state;
    static const uint8_t short_len[8] = {4, 20, 0, 7, 0, 0, 0, 1};
    static const uint8_t bad_version[8] = {1, 18, 0, 8, 0, 0, 0, 9};
    static const uint8_t bad_type[8] = {4, 99, 0, 8, 0, 0, 0, 10};
    struct peer *p = peer_ready("mgmt");

    peer_send(p, bad_version, 8);
    expect_error(p, OFPERR_OFPBRC_BAD_VERSION);
    assert_int_equal(scratch[0], OFP13_VERSION);
    peer_send(p, bad_type, 8);
    expect_error(p, OFPERR_OFPBRC_BAD_TYPE);
    /* A byte at a time. */
    static const uint8_t barrier[8] = {4, 20, 0, 8, 0, 0, 0, 11};
    for (size_t i = 0; i < 8; i++) {
        peer_send(p, barrier + i, 1);
    }
    expect(p, 21, 11);
    peer_send(p, short_len, 8);
    turns(5);
    assert_true(p->closed);
    peer_free(p);
}

static void test_burst_is_sliced(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    uint8_t many[8 * 1000];
    for (size_t i = 0; i < 1000; i++) {
        const uint8_t barrier[8] = {4, 20, 0, 8, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
        memcpy(many + 8 * i, barrier, 8);
    }
    assert_true(stream_send(p->stream, many, sizeof many));
    for (unsigned before = 0; before < 1000;) {
        loop_turn(loop, 2);
        assert_true(sw.n_recv - before <= 100); /* Each descriptor and deferred call: 50 at most. */
        before = sw.n_recv;
    }
    turns(20);
    for (uint32_t i = 0; i < 1000; i++) {
        expect(p, 21, i);
    }
    peer_free(p);
}

static void test_hold(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    sw.hold = true;
    peer_send_type(p, MSG_BARRIER_REQUEST, 1, NULL, 0);
    peer_send_type(p, MSG_BARRIER_REQUEST, 2, NULL, 0);
    assert_int_equal(sw.n_recv, 1);
    sw.hold = false;
    ofconn_release(sw.conn);
    turns(5);
    assert_int_equal(sw.n_recv, 2);
    peer_free(p);
}

static void test_slow_reader(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    peer_send_type(p, MSG_BARRIER_REQUEST, 1, NULL, 0);
    expect(p, 21, 1);
    ofconn_set_miss_send_len(sw.conn, 128);
    stream_pause(p->stream, true);

    uint8_t big[60000] = {4, 3, 60000 >> 8, 60000 & 0xff};
    while (ofconn_writable(sw.conn)) {
        ofconn_send(sw.conn, big, sizeof big);
        turns(3);
    }
    /* No request is read now; asynchronous messages drop instead of growing without bound. */
    unsigned n = sw.n_recv;
    peer_send_type(p, MSG_BARRIER_REQUEST, 2, NULL, 0);
    assert_int_equal(sw.n_recv, n);
    struct ofp_port port = {.number = 1, .name = "p1"};
    for (unsigned i = 0; i < 100000; i++) {
        connmgr_port_status(mgr, PORT_ADD, &port);
    }
    stream_pause(p->stream, false);
    for (unsigned i = 0; i < 100 && sw.n_recv == n; i++) {
        turns(1);
    }
    assert_int_equal(sw.n_recv, n + 1);
    turns(50);
    size_t n_status = 0, n_big = 0, len;
    while ((len = peer_next(p, scratch))) {
        n_status += scratch[1] == 12;
        n_big += len == sizeof big;
    }
    assert_true(n_big >= 5);
    assert_in_range(n_status, 1, 10000);
    peer_free(p);
}

static void test_probe(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    env_time_warp(59000);
    expect_nothing(p);
    env_time_warp(2000);
    turns(3);
    expect(p, 2, 0);
    peer_send_type(p, MSG_ECHO_REPLY, 0, NULL, 0);
    env_time_warp(61000);
    turns(3);
    expect(p, 2, 0);
    assert_false(p->closed);
    env_time_warp(61000);
    turns(3);
    assert_true(p->closed);
    peer_free(p);
    /* And no HELLO at all. */
    p = peer_open("mgmt");
    expect(p, 0, 1);
    env_time_warp(5100);
    turns(3);
    assert_true(p->closed);
    peer_free(p);
}

static void test_async(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    struct ofp_port port = {.number = 1, .name = "p1"};
    struct flow_removed fr = {.reason = FR_HARD_TIMEOUT};
    uint8_t frame[200] = {0};
    struct packet_in pin = {.buffer_id = OFP_NO_BUFFER,
                            .total_len = 200,
                            .reason = PIR_ACTION,
                            .data = frame,
                            .data_len = 200};

    /* Service connections get nothing before they ask. */
    connmgr_port_status(mgr, PORT_ADD, &port);
    connmgr_flow_removed(mgr, &fr);
    connmgr_packet_in(mgr, &pin, 65535, 0, NULL, NULL);
    expect_nothing(p);
    assert_false(connmgr_wants_packet_ins(mgr));

    peer_send_type(p, MSG_GET_ASYNC_REQUEST, 5, NULL, 0);
    expect(p, 27, 5);
    static const uint32_t defaults[6] = {3, 0, 7, 7, 0xf, 0};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(get_be32(scratch + 8 + 4 * i), defaults[i]);
    }
    /* Packet-ins of actions only, and no flow-removed. */
    uint8_t masks[24] = {[3] = 1 << PIR_ACTION, [11] = 1 << PORT_DELETE};
    peer_send_type(p, MSG_SET_ASYNC, 6, masks, sizeof masks);
    assert_true(connmgr_wants_packet_ins(mgr));
    connmgr_port_status(mgr, PORT_ADD, &port);
    connmgr_flow_removed(mgr, &fr);
    expect_nothing(p);
    connmgr_port_status(mgr, PORT_DELETE, &port);
    turns(3);
    expect(p, 12, 0);
    connmgr_packet_in(mgr, &pin, 65535, 0, NULL, NULL);
    turns(3);
    expect(p, 10, 0);
    assert_int_equal(get_be16(scratch + 12), 200);
    connmgr_packet_in(mgr, &pin, 65535, 3, NULL, NULL); /* For another controller id. */
    pin.reason = PIR_INVALID_TTL;
    connmgr_packet_in(mgr, &pin, 65535, 0, NULL, NULL);
    expect_nothing(p);
    peer_free(p);
}

static uint32_t give_buffer(void *aux, struct ofconn *c, const struct packet_in *pin)
{
    (void)aux;
    assert_non_null(c);
    assert_int_equal(pin->data_len, 1000);
    sw.n_buffers++;
    return 42;
}

static void test_packet_in_len(void **state)
{
    (void)state;
    static const struct {
        uint8_t reason;
        uint64_t cookie;
        uint16_t max_len;
        bool buffer;
        size_t frame_len;
    } cases[] = {
        {PIR_ACTION, 5, 0xffff, true, 1000}, {PIR_ACTION, 5, 100, true, 100},
        {PIR_ACTION, 5, 100, false, 1000},   {PIR_ACTION, 5, 2000, true, 1000},
        {PIR_NO_MATCH, 5, 300, true, 300},   {PIR_NO_MATCH, UINT64_MAX, 300, true, 128},
    };
    struct peer *p = peer_ready("mgmt");
    uint8_t masks[24];
    uint8_t frame[1000] = {0};

    memset(masks, 0xff, sizeof masks);
    peer_send_type(p, MSG_SET_ASYNC, 6, masks, sizeof masks);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct packet_in pin = {.buffer_id = OFP_NO_BUFFER,
                                .total_len = 1000,
                                .reason = cases[i].reason,
                                .cookie = cases[i].cookie,
                                .data = frame,
                                .data_len = 1000},
                         got;
        struct msg_header h;
        struct wire_rd r;
        connmgr_packet_in(mgr, &pin, cases[i].max_len, 0, cases[i].buffer ? give_buffer : NULL,
                          NULL);
        turns(3);
        size_t len = peer_next(p, scratch);
        wire_rd_init(&r, scratch, len);
        assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
        assert_int_equal(packet_in_decode(&r, &h, &got), OFPERR_OK);
        assert_int_equal(got.data_len, cases[i].frame_len);
        assert_int_equal(got.buffer_id, cases[i].frame_len < 1000 ? 42 : OFP_NO_BUFFER);
    }
    assert_int_equal(sw.n_buffers, 3);
    peer_free(p);
}

static void send_role(struct peer *p, uint32_t xid, uint32_t role, uint64_t generation)
{
    uint8_t body[16] = {0};
    put_be32(body, role);
    put_be64(body + 8, generation);
    peer_send_type(p, MSG_ROLE_REQUEST, xid, body, sizeof body);
}

static void expect_role(struct peer *p, uint32_t xid, uint32_t role, uint64_t generation)
{
    expect(p, 25, xid);
    assert_int_equal(get_be32(scratch + 8), role);
    assert_true(get_be64(scratch + 16) == generation);
}

static void test_roles(void **state)
{
    (void)state;
    struct peer *a = peer_ready("mgmt"), *b = peer_ready("mgmt");

    send_role(a, 1, 0, 0);
    expect_role(a, 1, 1, UINT64_MAX);
    send_role(a, 2, 2, 100);
    expect_role(a, 2, 2, 100);
    send_role(b, 3, 2, 99);
    expect_error(b, OFPERR_OFPRRFC_STALE);
    send_role(b, 4, 2, 101);
    expect_role(b, 4, 2, 101);
    send_role(a, 5, 0, 0);
    expect_role(a, 5, 3, 101); /* Demoted. */
    send_role(a, 6, 4, 102);
    expect_error(a, OFPERR_OFPRRFC_BAD_ROLE);
    peer_send_type(a, MSG_BARRIER_REQUEST, 7, NULL, 0);
    assert_true(ofconn_is_slave(sw.conn));
    send_role(a, 8, 1, 0);
    expect(a, 21, 7);
    expect_role(a, 8, 1, 101);
    peer_free(a);
    peer_free(b);
}

/* ---- active controllers ---- */

static struct peer *accepted;

static void on_accept(void *aux, struct stream *s)
{
    (void)aux;
    accepted = xzalloc(sizeof *accepted);
    accepted->buf = xmalloc(BUF_MAX);
    accepted->stream = s;
    stream_set_cb(s, &peer_cb, accepted);
}

static const char *status_state(void)
{
    struct controller_status st;
    assert_true(connmgr_status(mgr, 0, &st));
    return st.state;
}

static void test_active(void **state)
{
    (void)state;
    char *passive = xasprintf("punix:%s/ctl", rundir), *active = xasprintf("unix:%s/ctl", rundir);
    struct controller_config cfg = {.target = active, .inactivity_probe_ms = -1};
    struct listener *l;

    connmgr_set_fail_mode(mgr, FAIL_STANDALONE);
    connmgr_set_controllers(mgr, &cfg, 1);
    turns(5);
    assert_string_equal(status_state(), "BACKOFF"); /* Nobody there. */
    assert_int_equal(sw.fail_open, -1);
    for (unsigned i = 0; i < 16; i++) {
        env_time_warp(1000);
        turns(3);
    }
    assert_int_equal(sw.fail_open, 1); /* After three probe intervals. */

    assert_null(listener_open(loop, passive, 0, on_accept, NULL, &l));
    env_time_warp(8100);
    turns(8);
    assert_non_null(accepted);
    struct peer *p = accepted;
    expect(p, 0, 1);
    assert_string_equal(status_state(), "CONNECTING");
    peer_hello(p, BIT(OFP13_VERSION));
    assert_string_equal(status_state(), "ACTIVE");
    assert_int_equal(sw.fail_open, 0);
    connmgr_set_controllers(mgr, &cfg, 1);
    turns(5);
    assert_string_equal(status_state(), "ACTIVE"); /* Unchanged: stays. */

    /* Controllers get port status at once; snoop sees it. */
    struct peer *ear = peer_ready("snoop");
    struct ofp_port port = {.number = 1, .name = "p1"};
    connmgr_port_status(mgr, PORT_ADD, &port);
    turns(5);
    expect(p, 12, 0);
    expect(ear, 12, 0);
    peer_send_type(p, MSG_ECHO_REQUEST, 77, NULL, 0);
    expect(p, 3, 77);
    expect(ear, 2, 77);
    expect(ear, 3, 77);
    peer_free(ear);

    for (unsigned i = 0; i < 2; i++) { /* It lives longer than the back-off: that begins anew. */
        env_time_warp(4100);
        peer_send_type(p, MSG_ECHO_REQUEST, 78, NULL, 0);
        expect(p, 3, 78);
    }
    peer_free(p);
    accepted = NULL;
    turns(5);
    assert_string_equal(status_state(), "BACKOFF");
    assert_int_equal(sw.n_closed, 1);
    env_time_warp(1100);
    turns(8);
    assert_non_null(accepted); /* Again, after the first back-off. */
    peer_hello(accepted, BIT(OFP13_VERSION));
    connmgr_set_controllers(mgr, NULL, 0);
    turns(5);
    assert_int_equal(sw.n_closed, 2);
    assert_true(accepted->closed);
    peer_free(accepted);
    accepted = NULL;
    listener_close(l);
    free(passive);
    free(active);
}

static void test_bad_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {"ssl:127.0.0.1", "foo:bar", "tcp:", "pssl:"};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct controller_config cfg = {.target = bad[i], .inactivity_probe_ms = -1};
        struct controller_status st;
        connmgr_set_controllers(mgr, &cfg, 1);
        assert_true(connmgr_status(mgr, 0, &st));
        assert_string_equal(st.state, "VOID");
        assert_non_null(st.last_error);
    }
}

int main(void)
{
#define T(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_hello),           T(test_hello_incompatible),
        T(test_first_not_hello), T(test_framing),
        T(test_burst_is_sliced), T(test_hold),
        T(test_slow_reader),     T(test_probe),
        T(test_async),           T(test_packet_in_len),
        T(test_roles),           T(test_active),
        T(test_bad_targets),
    };
    env_time_stop();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
