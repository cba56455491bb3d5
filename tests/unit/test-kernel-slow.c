/* test-kernel-slow.c - the kernel datapath's slow path: what the kernel cannot match, cannot run,
 * or refuses comes up packet by packet; none is lost, and each is counted once. */
#include "tests/unit/kernel-fixture.h"

static enum dp_flow_decision look_slow(void *want, const struct dp_flow_view *v,
                                       struct dp_verdict *r UNUSED)
{
    assert_int_equal(v->slow, *(const unsigned *)want);
    return DP_FLOW_KEEP;
}

/* The one flow in the kernel has these reasons in its cookie, and nothing but that. */
static void assert_slow_flow(unsigned reasons)
{
    struct dp_cookie cookie, want;
    struct nlrd all, actions, u;

    dp_cookie_slow_path(&want, reasons);
    memset(&cookie, 0, sizeof cookie);
    assert_int_equal(fk_count(), 1);
    nlrd_init(&all, fk.flows->attrs, fk.flows->n_attrs);
    while (nlrd_next(&all)) {
        if (all.type == OVS_FLOW_ATTR_ACTIONS) {
            nlrd_init(&actions, all.data, all.n);
            assert_true(nlrd_next(&actions));
            assert_int_equal(actions.type, OVS_ACTION_ATTR_USERSPACE);
            nlrd_init(&u, actions.data, actions.n);
            while (nlrd_next(&u)) {
                if (u.type == OVS_USERSPACE_ATTR_USERDATA) {
                    assert_int_equal(u.n, sizeof cookie);
                    memcpy(&cookie, u.data, u.n);
                }
            }
            assert_false(nlrd_next(&actions));
        }
    }
    assert_memory_equal(&cookie, &want, sizeof want);
    dp_flow_walk(t.dp, look_slow, &reasons);
}

/* What looks at more than the kernel's key has comes up packet by packet, and each pays once. */
static void test_slow_match(void **state UNUSED)
{
    struct key nd = {.in_port = 1,
                     .eth_type = htons(0x86dd),
                     .ip_proto = 58,
                     .ip_ttl = 255,
                     .tp_src = htons(135)};
    uint64_t before = counter_read(COUNTER_dp_slow_path);

    open_dp();
    t.mask.nd_options_type = 0xff;
    upcall(0, &nd, NULL);
    wait_for(&fk.n_executed, 1);
    assert_slow_flow(DP_SLOW_MATCH);
    for (unsigned i = 0; i < 10; i++) {
        upcall_slow(i, &nd, DP_SLOW_MATCH);
    }
    upcall(0, &nd, NULL); /* It came before the flow was there. */
    wait_for(&t.n_misses, 12);
    wait_for(&fk.n_executed, 12);
    fk.flows->stats = (struct ovs_flow_stats){.n_packets = 10, .n_bytes = 1000};
    assert_int_equal(n_flows(), 1);
    assert_int_equal(t.packets, 12);
    assert_int_equal(counter_read(COUNTER_dp_slow_path) - before, 10);
    assert_int_equal(t.n_userspace, 0);
    close_dp(true);
    assert_int_equal(t.packets, 12);
}

/* So does what it cannot run. */
static void test_slow_action(void **state UNUSED)
{
    struct key key = udp(1);

    open_dp();
    t.mask.ip_src = UINT32_MAX;
    t.slow = true;
    upcall(0, &key, NULL);
    wait_for(&fk.n_executed, 1);
    assert_slow_flow(DP_SLOW_ACTION);
    for (unsigned i = 0; i < 10; i++) {
        upcall_slow(i, &key, DP_SLOW_ACTION);
    }
    wait_for(&fk.n_executed, 11);
    assert_int_equal(fk.priority, PRIORITY); /* The queue that was chosen before. */
    fk.flows->stats = (struct ovs_flow_stats){.n_packets = 10, .n_bytes = 1000};
    assert_int_equal(n_flows(), 1);
    assert_int_equal(t.packets, 11);
    close_dp(true);
}

/* And what it knows, and refuses: no packet of it is lost, the first ones included. */
static void test_refused_action(void **state UNUSED)
{
    struct key key = udp(1);
    uint64_t dropped = counter_read(COUNTER_drop_kernel);

    open_dp();
    t.mask.ip_src = UINT32_MAX;
    const unsigned n_put = fk.n_put; /* By the probes. */
    t.edit = true;
    fk.refuse = OVS_ACTION_ATTR_SET_MASKED;
    upcall(0, &key, NULL);
    wait_for(&fk.n_executed, 1);
    assert_int_equal(fk.n_refused, 2); /* The flow and its packet. */
    assert_slow_flow(DP_SLOW_ACTION | DP_SLOW_REFUSED);
    for (unsigned i = 0; i < 10; i++) {
        upcall_slow(i, &key, DP_SLOW_ACTION | DP_SLOW_REFUSED);
    }
    wait_for(&fk.n_executed, 11);
    assert_int_equal(fk.n_refused, 2); /* It is not asked again. */
    for (unsigned i = 2; i < 202; i++) {
        key = udp(i);
        upcall(i, &key, NULL);
    }
    wait_for(&fk.n_executed, 211);
    wait_for(&fk.n_put, n_put + 201);
    assert_int_equal(n_flows(), 201);
    assert_int_equal(t.packets, 211);
    assert_int_equal(counter_read(COUNTER_drop_kernel), dropped);
    close_dp(true);
}

static void send_out(bool with_ct)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    const struct key key = udp(1);

    if (with_ct) {
        dp_actions_put(&l, DP_ACTION_CT, sizeof(struct dp_action_ct));
    }
    struct dp_action_set *set = dp_actions_put(&l, DP_ACTION_SET, sizeof *set);
    set->a.u32 = DP_SET_ETH;
    set->mask.eth.dst[0] = 0xff;
    dp_actions_output(&l, 2);
    dp_execute(t.dp, compose_packet(&key, "", 0), l.data, l.len);
    dp_actions_deinit(&l);
}

/* A packet-out too; but not where some of it may have been done. */
static void test_refused_packet(void **state UNUSED)
{
    uint64_t dropped = counter_read(COUNTER_drop_kernel);

    open_dp();
    fk.refuse = OVS_ACTION_ATTR_SET_MASKED;
    send_out(false);
    assert_int_equal(fk.n_executed, 1);
    assert_int_equal(counter_read(COUNTER_drop_kernel), dropped);
    send_out(true);
    assert_int_equal(fk.n_executed, 1);
    assert_int_equal(counter_read(COUNTER_drop_kernel), dropped + 1);
    close_dp(true);
}

int main(void)
{
#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_slow_match),
        TEST(test_slow_action),
        TEST(test_refused_action),
        TEST(test_refused_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
