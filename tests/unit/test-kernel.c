/* test-kernel.c - the kernel datapath from dp_open() on, with its threads, on a kernel that the
 * test plays: dispatch by CPU, upcalls good and bad, taking over, what others delete. */
#include "tests/unit/kernel-fixture.h"

static void test_per_cpu(void **state UNUSED)
{
    const struct kernel *k = open_dp();

    t.mask.ip_src = UINT32_MAX;
    assert_true(k->per_cpu);
    assert_int_equal(k->action_env.upcall_pid, UINT32_MAX);
    assert_true(fk.features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU);
    assert_int_equal(fk.n_pids, sysconf(_SC_NPROCESSORS_CONF));
    for (unsigned cpu = 0; cpu < fk.n_pids; cpu++) { /* Each CPU has a thread, in turn. */
        assert_int_equal(fk.pids[cpu], upcall_pid(&k->threads[cpu % k->n_threads]));
        assert_true(sock_of(fk.pids[cpu])->news);
    }
    for (unsigned i = 0; i < 200; i++) { /* 100 flows, from all CPUs. */
        struct key key = udp(i / 2);
        upcall(i, &key, NULL);
    }
    wait_for(&t.n_misses, 200);
    struct key key = udp(1);
    upcall(1, &key, "abc");
    upcall(0, &key, "abc");
    wait_for(&t.n_userspace, 2);
    wait_for(&fk.n_executed, 200);
    assert_int_equal(n_flows(), 100);
    assert_int_equal(fk_count(), 100);
    assert_int_equal(t.packets, 200);
    close_dp(true);
    assert_false(fk.exists);
}

/* A reassembled packet's largest fragment, and its hash, go back with it. */
static void test_mru(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[4096];
    struct key key = udp(1);
    struct nlwr w;

    open_dp();
    nlwr_init(&w, buf, sizeof buf);
    put_upcall(&w, &key, NULL, 0);
    nlwr_put_u16(&w, OVS_PACKET_ATTR_MRU, 1400);
    nlwr_put_u64(&w, OVS_PACKET_ATTR_HASH, UINT64_C(0x100000007));
    send_upcall(0, OVS_PACKET_CMD_MISS, w.data, w.len);
    wait_for(&fk.n_executed, 1);
    assert_int_equal(fk.mru, 1400);
    assert_true(fk.hash == UINT64_C(0x100000007));
    close_dp(true);
}

static void test_per_port(void **state UNUSED)
{
    fk.no_per_cpu = true;
    const struct kernel *k = open_dp();

    assert_false(k->per_cpu);
    assert_int_equal(k->action_env.upcall_pid, upcall_pid(&k->threads[0]));
    assert_true(fk.features & OVS_DP_F_VPORT_PIDS);
    close_dp(true);
}

/* 30,000 misses of port 1 at once, one among them of another port or of a second pass. */
static void flood(uint32_t port, uint32_t recirc_id)
{
    _Alignas(8) uint8_t buf[4096];
    uint64_t dropped = counter_read(COUNTER_drop_miss_budget);
    struct nlwr w;

    open_dp();
    t.mask.ip_src = UINT32_MAX;
    pthread_mutex_lock(&fk.lock); /* All of it at once. */
    fk.to = sock_of(fk.pids[0]);
    for (unsigned i = 0; i < 30000; i++) {
        struct key key = udp(i % 100);
        key.in_port = i == 15000 ? port : 1;
        key.recirc_id = i == 15000 ? htonl(recirc_id) : 0;
        nlwr_init(&w, buf, sizeof buf);
        put_upcall(&w, &key, NULL, 0);
        fk_reply(NULL, NLSOCK_PACKET, OVS_PACKET_CMD_MISS, 1, &w);
    }
    pthread_mutex_unlock(&fk.lock);
    struct key last = udp(50000);
    uint64_t n = 0, lost = 0;
    for (unsigned i = 0; i < 20000 && n + lost < 30000; i++) {
        usleep(1000);
        n = __atomic_load_n(&t.n_misses, __ATOMIC_ACQUIRE);
        lost = counter_read(COUNTER_drop_miss_budget) - dropped;
    }
    assert_int_equal(n + lost, 30000);
    /* 15000 others were ahead of it. */
    assert_in_range(t.ahead, 1, 1200);
    assert_in_range(lost, 1000, 15000);
    upcall(0, &last, NULL);
    wait_for(&t.n_misses, (unsigned)n + 1);
    close_dp(true);
}

/* A port that floods the switch with new flows lets others have their turn, and loses alone. */
static void test_fair(void **state UNUSED)
{
    flood(7, 0);
}

/* What has begun is brought to its end: the flood does not hold it up. */
static void test_begun_first(void **state UNUSED)
{
    flood(1, 5);
}

static void test_bad_upcalls(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[4096], copy[4096];
    uint64_t before = counter_read(COUNTER_drop_parse_short);
    struct key key = udp(1);
    struct nlwr w;
    unsigned n_sent = 0;

    open_dp();
    nlwr_init(&w, buf, sizeof buf);
    put_upcall(&w, &key, NULL, 0);
    for (size_t n = 0; n < w.len; n += 4) { /* Cut. */
        send_upcall(0, OVS_PACKET_CMD_MISS, buf, n);
        n_sent++;
    }
    srand(5);
    for (unsigned i = 0; i < 20000; i++) { /* Spoilt. */
        memcpy(copy, buf, w.len);
        for (unsigned j = 1 + random_below(4); j; j--) {
            copy[random_below((uint32_t)w.len)] = (uint8_t)random_below(256);
        }
        send_upcall(i, (uint8_t)random_below(5), copy, w.len);
    }
    pthread_mutex_lock(&fk.lock); /* Datagrams that are no messages, and messages lost. */
    fk.to = sock_of(fk.pids[0]);
    fk_push(ENOBUFS, NULL, 0);
    fk_push(ENOSPC, NULL, 0);
    fk_push(0, "x", 1);
    fk_push(0, buf, 40);
    pthread_mutex_unlock(&fk.lock);
    t.n_misses = 0;
    key = udp(77);
    unsigned lost = kernel_of(t.dp)->n_threads;
    for (unsigned i = 0; i < lost; i++) {
        upcall(i, &key, NULL); /* Every thread still lives. */
    }
    for (unsigned i = 0; i < 5000; i++) {
        pthread_mutex_lock(&fk.lock);
        bool idle = true;
        for (unsigned j = 0; j < fk.n_socks; j++) {
            idle &= !fk.socks[j].news || !fk.socks[j].first;
        }
        pthread_mutex_unlock(&fk.lock);
        if (idle) {
            break;
        }
        usleep(1000);
    }
    assert_true(counter_read(COUNTER_drop_parse_short) > before + n_sent / 2);
    close_dp(true);
}

/* Taking over: flows and ports of a former process stay until dp_settled(). */
static void test_adopt(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[64];
    struct dp_features f;
    struct nlrd all;
    struct nlwr w;

    fk.exists = true;
    fk.ports[0].no = 1;
    fk.ports[0].type = OVS_VPORT_TYPE_NETDEV;
    strcpy(fk.ports[0].name, "lo");
    fk.ports[1].no = 7;
    fk.ports[1].type = OVS_VPORT_TYPE_INTERNAL;
    strcpy(fk.ports[1].name, "br-old");
    fk.n_ports = 2;
    nlwr_init(&w, buf, sizeof buf);
    size_t acts = nlwr_nest(&w, OVS_FLOW_ATTR_ACTIONS);
    nlwr_put_u32(&w, OVS_ACTION_ATTR_RECIRC, 41);
    nlwr_end(&w, acts);
    nlrd_init(&all, w.data, w.len);
    fk_new(&(struct kflow_id){{1, 1}}, &all, NLM_F_CREATE);

    open_dp();
    dp_get_features(t.dp, &f);
    assert_int_equal(f.first_recirc_id, 42);
    uint32_t no;
    assert_null(dp_port_add(t.dp, "lo", "system", DP_PORT_NONE, NULL, NULL, &no));
    assert_int_equal(no, 1);
    n_flows();
    assert_int_equal(fk_count(), 1);
    assert_int_equal(fk.n_ports, 2);
    dp_settled(t.dp);
    n_flows();
    assert_int_equal(fk_count(), 0);
    assert_int_equal(fk.n_ports, 1);
    assert_string_equal(fk.ports[0].name, "lo");
    close_dp(false);
    assert_true(fk.exists); /* For the next one. */
    assert_int_equal(fk.n_ports, 1);
}

/* `ovs-dpctl del-if` and del-dp. */
static void test_deleted_by_others(void **state UNUSED)
{
    uint32_t no;
    struct kernel *k = open_dp();

    assert_null(dp_port_add(t.dp, "lo", "system", 5, NULL, NULL, &no));
    assert_int_equal(no, 5);
    fk.n_ports = 0;
    kport_restore(k);
    assert_int_equal(fk.n_ports, 1);
    assert_int_equal(fk.ports[0].no, 5);

    struct key key = udp(1);
    upcall(0, &key, NULL);
    wait_for(&t.n_misses, 1);
    wait_for(&fk.n_executed, 1);
    pthread_mutex_lock(&fk.lock);
    fk.exists = false;
    fk.n_ports = 0;
    fk.hidden = true;
    fk.fail_family = NLSOCK_FLOW;
    fk.fail_cmd = OVS_FLOW_CMD_GET;
    fk.fail_error = ENODEV;
    pthread_mutex_unlock(&fk.lock);
    loop_timer_cancel(&k->timer);
    k->timer.cb(k);
    assert_true(loop_timer_pending(&k->timer)); /* Again, and not before its time. */
    assert_true(k->timer.at_ms >= loop_now(t.loop) + MAX(1000, 4 * k->flows.walk_ms));
    assert_true(fk.exists);
    assert_int_equal(fk.n_ports, 1);
    assert_int_equal(fk.ports[0].no, 5);
    fk.fail_error = 0;
    n_flows();
    n_flows();
    assert_int_equal(n_flows(), 0);
    close_dp(true);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_per_cpu), TEST(test_per_port),          TEST(test_mru),
        TEST(test_fair),    TEST(test_begun_first),       TEST(test_bad_upcalls),
        TEST(test_adopt),   TEST(test_deleted_by_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
