/* test-conn.c - OpenFlow connections over real Unix sockets with a stopped clock. */
#include "tests/unit/conn-peer.h"

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

/* A controller that sends while it does not read, however much there is to tell it. */
static void test_async_never_stops_requests(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    struct ofp_port port = {.number = 1, .name = "p1"};
    size_t n_status = 0;

    peer_send_type(p, MSG_BARRIER_REQUEST, 1, NULL, 0);
    expect(p, 21, 1);
    ofconn_set_miss_send_len(sw.conn, 128);
    stream_pause(p->stream, true);
    for (unsigned i = 0; i < 100000; i++) {
        connmgr_port_status(mgr, PORT_ADD, &port); /* What is too much drops. */
    }
    unsigned n = sw.n_recv;
    peer_send_type(p, MSG_BARRIER_REQUEST, 2, NULL, 0);
    assert_int_equal(sw.n_recv, n + 1);
    stream_pause(p->stream, false);
    turns(50);
    while (peer_next(p, scratch)) {
        n_status += scratch[1] == 12;
    }
    assert_in_range(n_status, 1, 10000);
    peer_free(p);
}

static void test_slow_reader(void **state)
{
    (void)state;
    struct peer *p = peer_ready("mgmt");
    peer_send_type(p, MSG_BARRIER_REQUEST, 1, NULL, 0);
    expect(p, 21, 1);
    stream_pause(p->stream, true);

    static uint8_t big[60000] = {4, 3, 60000 >> 8, 60000 & 0xff};
    for (unsigned i = 0; i < 20; i++) {
        ofconn_send(sw.conn, big, sizeof big);
        turns(3);
    }
    assert_false(ofconn_writable(sw.conn));
    /* No request is read now. */
    unsigned n = sw.n_recv;
    peer_send_type(p, MSG_BARRIER_REQUEST, 2, NULL, 0);
    assert_int_equal(sw.n_recv, n);
    stream_pause(p->stream, false);
    for (unsigned i = 0; i < 100 && sw.n_recv == n; i++) {
        turns(1);
    }
    assert_int_equal(sw.n_recv, n + 1);
    turns(50);
    size_t n_big = 0, len;
    while ((len = peer_next(p, scratch))) {
        n_big += len == sizeof big;
    }
    assert_int_equal(n_big, 20);
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

int main(void)
{
#define T(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(test_hello),
        T(test_hello_incompatible),
        T(test_first_not_hello),
        T(test_framing),
        T(test_burst_is_sliced),
        T(test_hold),
        T(test_async_never_stops_requests),
        T(test_slow_reader),
        T(test_probe),
        T(test_async),
        T(test_packet_in_len),
        T(test_roles),
    };
    env_time_stop();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
