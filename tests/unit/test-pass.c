/* test-pass.c - what packets meet in the datapath: recirculation and its bounds, verdicts,
 * offloads, packets out. */
#include "lib/dp/user/pass.h"
#include "tests/unit/dp-fixture.h"

/* ---- passes ---- */

static void put_recirc(struct dp_verdict *v, uint32_t id)
{
    struct dp_action *a = dp_actions_put(&v->actions, DP_ACTION_RECIRC, sizeof *a);
    a->u32 = id;
}

static void recirc_three(const struct key *k, struct dp_verdict *v)
{
    uint32_t id = ntohl(k->recirc_id);
    if (id < 3) {
        put_recirc(v, id + 1);
    } else {
        dp_actions_output(&v->actions, 2);
    }
}

static void recirc_for_ever(const struct key *k UNUSED, struct dp_verdict *v)
{
    put_recirc(v, 5);
    put_recirc(v, 5);
}

static void recirc_once(const struct key *k UNUSED, struct dp_verdict *v)
{
    put_recirc(v, 5);
}

static void free_packet(void *aux UNUSED, struct packet *p, uint32_t port UNUSED)
{
    packet_free(p);
}

static void end_pass(struct pass *p)
{
    cache_remove_all(&p->cache);
    struct cache_msg *m = cache_msg_take(&p->cache.outbox), *next;
    for (; m; m = next) {
        next = m->next;
        if (m->kind == CACHE_MSG_FLOW) {
            free(container_of_(m, struct cache_flow, msg)->acts);
            free(container_of_(m, struct cache_flow, msg));
        } else {
            free(container_of_(m, struct cache_subtable, msg));
        }
    }
    pass_deinit(p);
    free(p);
}

/* A whole batch that multiplies: the budget of passes bounds it. */
static void test_pass_budget(void **state UNUSED)
{
    struct pass *p = xzalloc(sizeof *p);
    struct packet *batch[PASS_BATCH];

    memset(&t, 0, sizeof t);
    t.no_credit = true;
    t.translate = recirc_for_ever;
    assert_true(pass_init(p, &handler, NULL, 1, NULL, free_packet, NULL));
    for (int i = 0; i < PASS_BATCH; i++) {
        batch[i] = frame(1);
        batch[i]->in_port = 1;
    }
    pass_run(p, batch, PASS_BATCH, 1);
    assert_int_equal(p->queue_n, 0);
    assert_int_equal(p->hits + p->misses, PASS_BATCH + PASS_BUDGET);
    end_pass(p);
}

static void track(const struct key *k, struct dp_verdict *v)
{
    if (!k->recirc_id) {
        for (uint16_t zone = 7; zone < 9; zone++) { /* Ahead only of the first. */
            struct dp_action_ct *ct = dp_actions_put(&v->actions, DP_ACTION_CT, sizeof *ct);
            ct->zone = zone;
        }
        put_recirc(v, 1);
    } else {
        dp_actions_put(&v->actions, DP_ACTION_CT_CLEAR, sizeof(struct dp_action));
        dp_actions_output(&v->actions, 2);
    }
}

/* The tracker looks ahead at the packets of flows that begin with it, once they are known. */
static void test_look_ahead(void **state UNUSED)
{
    struct pass *p = xzalloc(sizeof *p);
    struct packet *batch[PASS_BATCH];

    memset(&t, 0, sizeof t);
    t.no_credit = true;
    t.translate = track;
    n_ahead = 0;
    assert_true(pass_init(p, &handler, (struct ct *)(void *)&fake_ct, 1, NULL, free_packet, NULL));
    for (unsigned round = 0; round < 3; round++) {
        for (uint16_t i = 0; i < PASS_BATCH; i++) {
            batch[i] = frame(i);
            batch[i]->in_port = 1;
        }
        pass_run(p, batch, PASS_BATCH, 1);
        assert_int_equal(n_ahead, round * PASS_BATCH);
    }
    assert_int_equal(p->misses, t.n_misses);
    assert_int_equal(p->hits + p->misses, 3 * 2 * PASS_BATCH);
    end_pass(p);
}

static void test_recirc(void **state UNUSED)
{
    struct fixture *f = start();

    t.translate = recirc_three;
    receive(f, 1);
    receive(f, 1);
    assert_int_equal(t.n_misses, 4);
    assert_int_equal(sent(f, 2), 2);
    check_totals(f, 4, 4, 4);
    stop(f);

    f = start();
    t.translate = recirc_once;
    receive(f, 1);
    check_totals(f, PASS_MAX_RECIRC - 1, 2, 2);
    stop(f);

    f = start();
    t.translate = recirc_for_ever;
    uint64_t before = counter_read(COUNTER_drop_recirc_limit);
    receive(f, 1);
    assert_true(counter_read(COUNTER_drop_recirc_limit) > before);
    struct visits v = walk(f, DP_FLOW_KEEP);
    assert_int_equal(v.n, 2);
    assert_in_range(v.packets, 2 * PASS_MAX_RECIRC, PASS_BUDGET + 1);
    stop(f);
}

static void test_miss_budget(void **state UNUSED)
{
    struct fixture *f = start();
    uint64_t h, m, lost, n;

    t.translate = recirc_for_ever;
    t.no_cache = true;
    receive(f, 1);
    dp_flow_stats_total(f->dp, &h, &m, &lost, &n);
    assert_int_equal(t.n_misses, PASS_MISS_BUDGET);
    assert_true(lost > 0);
    assert_int_equal(m, t.n_misses + lost);
    stop(f);
}

static void empty(const struct key *k UNUSED, struct dp_verdict *v)
{
    v->drop_reason = COUNTER_drop_ttl;
}

static void too_long(const struct key *k UNUSED, struct dp_verdict *v)
{
    while (!v->actions.overflow) {
        dp_actions_output(&v->actions, 2);
    }
}

static void to_userspace(const struct key *k UNUSED, struct dp_verdict *v)
{
    struct dp_action_userspace *u = dp_actions_put(&v->actions, DP_ACTION_USERSPACE, sizeof *u + 4);
    u->a.u32 = 4;
    memcpy(u->cookie, "abcd", 4);
    dp_actions_output(&v->actions, 2);
}

static void test_verdicts(void **state UNUSED)
{
    struct fixture *f = start();

    uint64_t ttl = counter_read(COUNTER_drop_ttl);
    t.translate = empty;
    receive(f, 1);
    receive(f, 1);
    assert_int_equal(counter_read(COUNTER_drop_ttl), ttl + 2);
    walk(f, DP_FLOW_DELETE);

    uint64_t xlate = counter_read(COUNTER_drop_xlate_error);
    t.translate = too_long;
    receive(f, 1);
    assert_int_equal(counter_read(COUNTER_drop_xlate_error), xlate + 1);
    assert_int_equal(sent(f, 2), 0);
    check_totals(f, 1, 2, 0);

    t.translate = to_userspace;
    receive(f, 1);
    receive(f, 1);
    assert_int_equal(t.n_userspace, 2);
    assert_int_equal(t.userspace_len, 49);
    assert_int_equal(sent(f, 2), 2);

    uint64_t small = counter_read(COUNTER_drop_parse_short);
    assert_true(dp_port_receive(f->dp, 1, packet_new_data("short", 5)));
    assert_int_equal(counter_read(COUNTER_drop_parse_short), small + 1);
    stop(f);
}

/* A super-frame with a partial checksum leaves by a port that can do neither. */
static void test_offload(void **state UNUSED)
{
    struct fixture *f = start();
    static uint8_t payload[5000];
    struct key k = {.eth_type = htons(0x800),
                    .ip_src = htonl(1),
                    .ip_dst = htonl(2),
                    .ip_proto = 6,
                    .ip_ttl = 64,
                    .tcp_flags = htons(0x10)};

    for (int i = 0; i < 2; i++) {
        struct packet *p = compose_packet(&k, payload, sizeof payload);
        p->csum = CSUM_PARTIAL;
        p->csum_start = 34;
        p->csum_ofs = 16;
        p->gso_type = GSO_TCPV4;
        p->gso_size = 1000;
        p->gso_hdr_len = 54;
        if (i) {
            t.translate = to_userspace;
            walk(f, DP_FLOW_DELETE);
        }
        assert_true(dp_port_receive(f->dp, 1, p));
        assert_int_equal(sent(f, 2), 5 * (i + 1));
    }
    assert_int_equal(t.n_userspace, 5);
    assert_int_equal(t.userspace_len, 1054);
    stop(f);
}

static void test_execute(void **state UNUSED)
{
    struct fixture *f = start();
    struct dp_actions a;

    dp_actions_init(&a);
    dp_actions_output(&a, 1);
    dp_actions_output(&a, 2);
    dp_execute(f->dp, frame(1), a.data, a.len);
    dp_quiesce(f->dp);
    assert_int_equal(sent(f, 1), 1);
    assert_int_equal(sent(f, 2), 1);
    assert_int_equal(t.n_misses, 0);
    dp_actions_deinit(&a);
    dp_execute(f->dp, frame(1), NULL, 0);
    stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_ahead),  cmocka_unit_test(test_recirc),
        cmocka_unit_test(test_verdicts),    cmocka_unit_test(test_miss_budget),
        cmocka_unit_test(test_pass_budget), cmocka_unit_test(test_offload),
        cmocka_unit_test(test_execute),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
