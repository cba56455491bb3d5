/* test-rconn.c - active controllers: back-off, fail mode, snooping, with a stopped clock. */
#include "tests/unit/conn-peer.h"

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
    struct connmgr_status st;
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

/* Fail-mode secure never takes over; leaving standalone, or the last controller, ends it. */
static void test_fail_mode(void **state)
{
    (void)state;
    char *active = xasprintf("unix:%s/ctl", rundir);
    struct controller_config cfg = {.target = active, .inactivity_probe_ms = -1};

    connmgr_set_fail_mode(mgr, FAIL_SECURE);
    connmgr_set_controllers(mgr, &cfg, 1);
    env_time_warp(60000);
    turns(3);
    assert_int_equal(sw.fail_open, -1);
    connmgr_set_fail_mode(mgr, FAIL_STANDALONE);
    env_time_warp(14000);
    turns(3);
    assert_int_equal(sw.fail_open, -1);
    env_time_warp(2000);
    turns(3);
    assert_int_equal(sw.fail_open, 1);
    connmgr_set_fail_mode(mgr, FAIL_SECURE);
    assert_int_equal(sw.fail_open, 0);
    connmgr_set_fail_mode(mgr, FAIL_STANDALONE);
    env_time_warp(16000);
    turns(3);
    assert_int_equal(sw.fail_open, 1);
    connmgr_set_controllers(mgr, NULL, 0);
    assert_int_equal(sw.fail_open, 0);
    free(active);
}

static void test_bad_targets(void **state)
{
    (void)state;
    static const char *const bad[] = {"ssl:127.0.0.1", "foo:bar", "tcp:", "pssl:x"};

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct controller_config cfg = {.target = bad[i], .inactivity_probe_ms = -1};
        struct connmgr_status st;
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
        T(test_active),
        T(test_fail_mode),
        T(test_bad_targets),
    };
    env_time_stop();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
