/* test-dp.c - the datapath interface, end to end on the dummy type, and with threads on pcap ports:
 * ports, cached flows, credits, walks, time-outs. */
#include "lib/dp/port/pcapfile.h"
#include "tests/unit/dp-fixture.h"

/* ---- ports ---- */

static void test_ports(void **state UNUSED)
{
    struct fixture *f = start();
    struct dp_port_info info;
    struct dp_port_stats s;
    uint32_t no;
    struct {
        const char *name, *type;
        uint32_t want;
        const char *error;
    } bad[] = {
        {"p1", "system", DP_PORT_NONE, "could not add network device p1 to ovs-test (File exists)"},
        {"p9", "system", 7,
         "could not add network device p9 to ovs-test (Device or resource busy)"},
        {"p9", "system", 70000, "could not add network device p9 to ovs-test (File too large)"},
        {"p9", "warp", DP_PORT_NONE,
         "could not open network device p9 (Address family not supported by protocol)"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        char *error = dp_port_add(f->dp, bad[i].name, bad[i].type, bad[i].want, option, f, &no);
        assert_string_equal(error, bad[i].error);
        assert_int_equal(no, DP_PORT_NONE);
        free(error);
    }
    assert_true(dp_port_get(f->dp, 2, &info));
    assert_string_equal(info.name, "p2");
    assert_string_equal(info.type, "internal");
    assert_true(info.link_up);
    assert_int_equal(dp_port_set_up(f->dp, 2, false), 0);
    assert_int_equal(t.n_changed, 1);
    assert_true(dp_port_get(f->dp, 2, &info));
    assert_false(info.admin_up);
    assert_false(dp_port_get(f->dp, 3, &info));
    assert_int_not_equal(dp_port_set_up(f->dp, 3, true), 0);

    receive(f, 1);
    dp_port_get_stats(f->dp, 1, &s);
    assert_int_equal(s.rx_packets, 1);
    assert_int_equal(s.rx_bytes, 49);
    dp_port_get_stats(f->dp, 99, &s);
    assert_true(s.rx_packets == UINT64_MAX);

    /* A port that is gone: the flow to it stays, its packets are counted. */
    uint64_t before = counter_read(COUNTER_drop_no_port);
    dp_port_del(f->dp, 2, true);
    dp_port_del(f->dp, 2, true);
    receive(f, 1);
    assert_int_equal(counter_read(COUNTER_drop_no_port), before + 1);
    assert_false(dp_port_receive(f->dp, 2, frame(1)));
    add_port(f, "p2", "system", DP_PORT_NONE, &no);
    assert_int_equal(no, 2);
    receive(f, 1);
    assert_int_equal(sent(f, 2), 1);
    stop(f);

    struct dp *dp;
    char *error = dp_open("kernel", "x", NULL, &handler, &dp);
    assert_string_equal(error, "unknown datapath type kernel");
    free(error);
}

static void test_tx_pcap(void **state UNUSED)
{
    struct fixture *f = open_dp("dummy");
    uint32_t no, len;

    strcpy(f->tx_pcap, "/nonexistent/x.pcap");
    char *error = dp_port_add(f->dp, "p1", "dummy", DP_PORT_NONE, option, f, &no);
    assert_string_equal(error, "could not open network device p1 (No such file or directory)");
    free(error);

    snprintf(f->tx_pcap, sizeof f->tx_pcap, "/tmp/test-dp-%d.pcap", (int)getpid());
    add_port(f, "p1", "dummy", 2, &no);
    f->tx_pcap[0] = '\0';
    add_port(f, "p2", "dummy", 1, &no);
    receive(f, 1);
    receive(f, 1);

    snprintf(f->tx_pcap, sizeof f->tx_pcap, "/tmp/test-dp-%d.pcap", (int)getpid());
    struct pcapfile_reader *r = pcapfile_open(f->tx_pcap);
    assert_non_null(r);
    struct packet *want = frame(53);
    for (int i = 0; i < 2; i++) {
        const void *data = pcapfile_next(r, &len);
        assert_non_null(data);
        assert_int_equal(len, want->len);
        assert_memory_equal(data, want->data, len);
    }
    assert_null(pcapfile_next(r, &len));
    pcapfile_reader_close(r);
    packet_free(want);
    unlink(f->tx_pcap);
    stop(f);
}

/* ---- flows ---- */

static void test_flows(void **state UNUSED)
{
    struct fixture *f = start();

    check_totals(f, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        receive(f, 1);
        receive(f, 2);
    }
    assert_int_equal(t.n_misses, 2);
    assert_int_equal(sent(f, 1), 3);
    assert_int_equal(sent(f, 2), 3);
    check_totals(f, 4, 2, 2);
    struct visits v = walk(f, DP_FLOW_KEEP);
    assert_int_equal(v.n, 2);
    assert_int_equal(v.packets, 6);
    receive(f, 1);
    assert_int_equal(walk(f, DP_FLOW_KEEP).packets, 7);

    /* Other actions, same mask. */
    v = walk(f, DP_FLOW_REPLACE);
    assert_int_equal(v.n, 2);
    assert_int_equal(t.books[0]->n_released, 1);
    receive(f, 1);
    receive(f, 2);
    assert_int_equal(t.n_misses, 2);
    assert_int_equal(sent(f, 7), 2);
    assert_int_equal(walk(f, DP_FLOW_KEEP).packets, 9);

    /* A wider mask: the flows go. */
    v = (struct visits){.decision = DP_FLOW_REPLACE, .wider = true};
    dp_flow_walk(f->dp, visit, &v);
    check_totals(f, 7, 2, 0);
    receive(f, 1);
    assert_int_equal(t.n_misses, 3);
    assert_int_equal(walk(f, DP_FLOW_DELETE).n, 1);
    assert_int_equal(walk(f, DP_FLOW_DELETE).n, 0);
    receive(f, 1);
    assert_int_equal(t.n_misses, 4);
    stop(f);
}

/* A packet that runs with the old actions pays in to them, however late they are replaced. */
static void test_credit_of_replaced(void **state UNUSED)
{
    struct fixture *f = start();
    struct visits v = {.decision = DP_FLOW_REPLACE, .output = 7, .late = f};

    receive(f, 1);
    dp_flow_walk(f->dp, visit, &v);
    assert_int_equal(sent(f, 2), 2);
    assert_int_equal(t.n_books, 2);
    assert_int_equal(t.books[0]->packets, 2);
    assert_int_equal(t.books[0]->n_released, 1);
    receive(f, 1);
    assert_int_equal(walk(f, DP_FLOW_DELETE).packets, 3);
    assert_int_equal(sent(f, 7), 1);
    assert_int_equal(t.books[1]->packets, 3);
    stop(f);
}

static void test_not_cached(void **state UNUSED)
{
    struct fixture *f = start();

    t.no_cache = true;
    for (int i = 0; i < 3; i++) {
        receive(f, 1);
    }
    assert_int_equal(t.n_misses, 3);
    assert_int_equal(sent(f, 2), 3);
    assert_int_equal(walk(f, DP_FLOW_KEEP).n, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(t.books[i]->packets, 1);
        assert_int_equal(t.books[i]->bytes, 49);
        assert_int_equal(t.books[i]->n_released, 1);
    }
    t.no_credit = true;
    receive(f, 1);
    stop(f);
}

/* A walk has the statistics of all that workers let go of, also where memory is freed in slices. */
static void test_many_not_cached(void **state UNUSED)
{
    struct fixture *f = start();
    uint64_t sum = 0;

    t.no_cache = true;
    for (unsigned i = 0; i < 45000; i++) {
        receive(f, 1);
    }
    assert_int_equal(walk(f, DP_FLOW_KEEP).n, 0);
    for (unsigned i = 0; i < t.n_books; i++) {
        sum += t.books[i]->packets;
    }
    assert_int_equal(sum, 45000);
    stop(f);
}

static void test_idle(void **state UNUSED)
{
    struct fixture *f = start();

    env_time_stop();
    loop_turn(f->loop, 0);
    receive(f, 1);
    receive(f, 2);
    env_time_warp(9000);
    loop_turn(f->loop, 0);
    check_totals(f, 0, 2, 2);
    assert_int_equal(t.books[0]->packets, 1); /* The timer credits. */
    receive(f, 1);
    env_time_warp(2000);
    loop_turn(f->loop, 0);
    check_totals(f, 1, 2, 1);
    assert_int_equal(t.books[0]->packets, 2);
    assert_int_equal(t.books[1]->n_released, 1);
    env_time_warp(9000);
    loop_turn(f->loop, 0);
    check_totals(f, 1, 2, 0);
    stop(f);
}

/* ---- threads ---- */

static void write_pcap(const char *path, unsigned n)
{
    struct pcapfile_writer *w = pcapfile_create(path);
    assert_non_null(w);
    for (unsigned i = 0; i < n; i++) {
        struct packet *p = frame((uint16_t)(i % 50));
        pcapfile_write(w, p->data, p->len);
        packet_free(p);
    }
    pcapfile_close(w);
}

static void by_port(const struct key *k, struct dp_verdict *v)
{
    v->mask.tp_dst = 0xffff;
    forward(k, v);
}

static enum dp_flow_decision delete_all(void *aux, const struct dp_flow_view *view UNUSED,
                                        struct dp_verdict *r UNUSED)
{
    ++*(unsigned *)aux;
    return DP_FLOW_DELETE;
}

static void test_threads(void **state UNUSED)
{
    struct fixture *f = open_dp("netdev");
    struct dp_actions a;
    const unsigned n = 5000;
    unsigned n_deleted = 0;
    uint64_t packets = 0;

    t.translate = by_port;
    snprintf(f->tx_pcap, sizeof f->tx_pcap, "/tmp/test-dp-tx-%d.pcap", (int)getpid());
    add_port(f, "out", "pcap", 2, &f->port[1]);
    char out[64];
    strcpy(out, f->tx_pcap);
    f->tx_pcap[0] = '\0';
    snprintf(f->rx_pcap, sizeof f->rx_pcap, "/tmp/test-dp-rx-%d.pcap", (int)getpid());
    write_pcap(f->rx_pcap, n);
    add_port(f, "in", "pcap", 1, &f->port[0]);
    while (sent(f, 2) < n) {
        dp_flow_walk(f->dp, delete_all, &n_deleted);
        dp_quiesce(f->dp);
    }
    dp_actions_init(&a);
    dp_actions_output(&a, 2);
    dp_execute(f->dp, frame(1), a.data, a.len);
    dp_actions_deinit(&a);
    dp_quiesce(f->dp);
    dp_flow_walk(f->dp, delete_all, &n_deleted);
    dp_quiesce(f->dp);
    assert_int_equal(sent(f, 2), n + 1);
    uint64_t h, m, lost, flows;
    dp_flow_stats_total(f->dp, &h, &m, &lost, &flows);
    assert_int_equal(h + m, n);
    assert_int_equal(flows, 0);
    assert_int_equal(m, t.n_books);
    dp_port_del(f->dp, 1, false);
    dp_close(f->dp, true);
    for (unsigned i = 0; i < t.n_books; i++) {
        assert_int_equal(t.books[i]->n_released, 1);
        packets += t.books[i]->packets;
        free(t.books[i]);
    }
    assert_int_equal(packets, n);
    unlink(out);
    unlink(f->rx_pcap);
    loop_free(f->loop);
    free(f);
}

static void to_three(const struct key *k UNUSED, struct dp_verdict *v)
{
    v->mask.tp_dst = 0xffff;
    for (uint32_t port = 3; port <= 5; port++) {
        dp_actions_output(&v->actions, port);
    }
}

static enum dp_flow_decision now_and_then(void *aux, const struct dp_flow_view *view,
                                          struct dp_verdict *r)
{
    unsigned *n = aux;

    if (++*n % 3 == 0) {
        return DP_FLOW_KEEP;
    }
    r->mask = *view->mask;
    to_three(view->key, r);
    return *n % 3 == 1 ? DP_FLOW_REPLACE : DP_FLOW_DELETE;
}

/* Two workers send to the same ports, one of which comes and goes, while flows are replaced. */
static void test_stress(void **state UNUSED)
{
    struct fixture *f = open_dp("netdev");
    const unsigned n = 20000;
    unsigned n_seen = 0;
    uint32_t no;

    t.no_credit = true;
    t.translate = to_three;
    add_port(f, "out3", "dummy", 3, &no);
    add_port(f, "out4", "dummy", 4, &no);
    snprintf(f->rx_pcap, sizeof f->rx_pcap, "/tmp/test-dp-rx-%d.pcap", (int)getpid());
    write_pcap(f->rx_pcap, n);
    add_port(f, "in1", "pcap", 1, &no);
    add_port(f, "in2", "pcap", 2, &no);
    /* Where workers are done before the first walk, flows are still there for the next. */
    while (sent(f, 3) < 2 * n || !n_seen) {
        f->rx_pcap[0] = '\0';
        add_port(f, "out5", "dummy", 5, &no);
        dp_flow_walk(f->dp, now_and_then, &n_seen);
        loop_turn(f->loop, 0);
        dp_port_del(f->dp, 5, true);
    }
    dp_quiesce(f->dp);
    assert_int_equal(sent(f, 3), 2 * n);
    assert_int_equal(sent(f, 4), 2 * n);
    assert_true(n_seen > 0);
    dp_close(f->dp, true);
    char path[64];
    snprintf(path, sizeof path, "/tmp/test-dp-rx-%d.pcap", (int)getpid());
    unlink(path);
    loop_free(f->loop);
    free(f);
}

/* More flows than one turn of the loop looks at. */
static void test_many(void **state UNUSED)
{
    struct fixture *f = start();
    const unsigned n = 45000;

    env_time_stop();
    loop_turn(f->loop, 0);
    t.translate = by_port;
    t.no_credit = true;
    for (unsigned i = 0; i < n; i++) {
        assert_true(dp_port_receive(f->dp, 1, frame((uint16_t)i)));
    }
    check_totals(f, 0, n, n);
    env_time_warp(11000);
    assert_true(dp_port_receive(f->dp, 1, frame(7)));
    loop_turn(f->loop, 0);
    check_totals(f, 1, n, n); /* Not yet through. */
    unsigned n_deleted = 0;
    dp_flow_walk(f->dp, delete_all, &n_deleted); /* Between two slices. */
    check_totals(f, 1, n, 0);
    assert_in_range(n_deleted, 1, n - 1);
    for (int i = 0; i < 10; i++) {
        loop_turn(f->loop, 0);
    }
    receive(f, 1);
    env_time_warp(11000);
    for (int i = 0; i < 10; i++) {
        loop_turn(f->loop, 0);
    }
    check_totals(f, 1, n + 1, 0);
    stop(f);
}

static enum dp_flow_decision count(void *aux, const struct dp_flow_view *view UNUSED,
                                   struct dp_verdict *r UNUSED)
{
    ++*(unsigned *)aux;
    return DP_FLOW_KEEP;
}

/* Between the parts of a walk flows go and come. */
static void test_parts(void **state UNUSED)
{
    struct fixture *f = start();
    struct dp_flow_cursor c = {.active = false}, other = {.active = false};
    unsigned n = 0, n_other = 0, n_deleted = 0;

    t.translate = by_port;
    t.no_credit = true;
    for (uint16_t i = 0; i < 100; i++) {
        assert_true(dp_port_receive(f->dp, 1, frame(i)));
    }
    assert_true(dp_flow_walk_part(f->dp, &c, 10, count, &n));
    assert_int_equal(n, 10);
    assert_true(dp_flow_walk_part(f->dp, &other, 60, count, &n_other));
    /* What is to change costs more: 6 of the 90 that are left. */
    assert_true(dp_flow_walk_part(f->dp, &c, 90, delete_all, &n_deleted));
    assert_int_equal(n_deleted, 6);
    dp_flow_walk(f->dp, delete_all, &n_deleted);
    assert_int_equal(n_deleted, 100);
    assert_true(dp_port_receive(f->dp, 1, frame(200)));
    assert_false(dp_flow_walk_part(f->dp, &c, 1000, count, &n));
    assert_int_equal(n, 10);
    assert_false(c.active);
    assert_false(dp_flow_walk_part(f->dp, &other, 1000, count, &n_other));
    assert_int_equal(n_other, 60);
    check_totals(f, 0, 101, 1);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ports),      cmocka_unit_test(test_tx_pcap),
        cmocka_unit_test(test_flows),      cmocka_unit_test(test_credit_of_replaced),
        cmocka_unit_test(test_not_cached), cmocka_unit_test(test_many_not_cached),
        cmocka_unit_test(test_threads), /* Before the time stands still. */
        cmocka_unit_test(test_stress),     cmocka_unit_test(test_idle),
        cmocka_unit_test(test_many),       cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
