/* test-meters.c - the meters of the userspace datapath: rates, bursts, bands, several workers; what
 * DP_ACTION_METER does to packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <pthread.h>
#include <urcu/urcu-qsbr.h>

#include "lib/dp/user/exec.h"
#include "lib/dp/user/meter.h"
#include "lib/mem.h"
#include "lib/packet/gso.h"
#include "lib/packet/parse.h"

#define DROP(RATE, BURST)            \
    {                                \
        DP_BAND_DROP, RATE, BURST, 0 \
    }

/* Offers 'per_ms' frames of 'size' bytes a millisecond for 'ms', in lumps every 'step' ms; how many
 * went through. */
static uint64_t offer(struct meters *ms, uint32_t id, uint64_t per_ms, uint32_t size, int64_t ms_,
                      int64_t step)
{
    uint64_t passed = 0;
    uint8_t level;

    for (int64_t now = 0; now < ms_; now += step) {
        for (uint64_t i = 0; i < per_ms * (uint64_t)step; i++) {
            passed += meters_run(ms, id, 1, size, 5000 + now, &level);
        }
    }
    return passed;
}

static void assert_within_3_percent(uint64_t got, uint64_t want)
{
    /* A frame more is always allowed. */
    if (got * 100 < want * 97 || (got > want + 1 && got * 100 > want * 103)) {
        print_message("%" PRIu64 " instead of %" PRIu64 "\n", got, want);
        fail();
    }
}

static void test_rates(void **state)
{
    static const struct {
        bool kbps;
        uint32_t rate, burst;
        uint64_t per_ms;
        uint32_t size;
        uint64_t want; /* Frames in 10 seconds. */
    } cases[] = {
        {false, 1000, 0, 2, 60, 10000},
        {false, 1000, 10, 2, 60, 10000},
        {false, 100000, 0, 200, 60, 1000000},
        {false, 100000, 1000, 500, 60, 1000000},
        {true, 10000, 0, 10, 1000, 12500}, /* 10 Mbit/s */
        {true, 10000, 100, 10, 1000, 12500},
        {true, 1000000, 0, 200, 1250, 1000000}, /* 1000 Mbit/s */
        {true, 1000000, 10000, 3000, 125, 10000000},
        {false, 1000, 0, 1, 60, 10000}, /* At the rate nothing is lost. */
        {false, 3, 0, 1, 60, 30},
        {false, 0, 0, 1, 60, 0},
    };
    struct meters *ms = meters_new();

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct dp_meter m = {.kbps = cases[i].kbps,
                             .n_bands = 1,
                             .bands = {DROP(cases[i].rate, cases[i].burst)}};
        struct dp_meter_stats s;
        assert_true(meters_set(ms, 7, &m, 5000));
        uint64_t passed = offer(ms, 7, cases[i].per_ms, cases[i].size, 10000, 1);
        assert_within_3_percent(passed, cases[i].want);
        assert_true(meters_get_stats(ms, 7, 0, &s));
        assert_int_equal(s.packets, cases[i].per_ms * 10000);
        assert_int_equal(s.bytes, cases[i].per_ms * 10000 * cases[i].size);
        assert_int_equal(s.bands[0].packets, s.packets - passed);
        assert_int_equal(s.bands[0].bytes, (s.packets - passed) * cases[i].size);
    }
    /* A burst is what may come at once after a rest, and no more. */
    struct dp_meter m = {.n_bands = 1, .bands = {DROP(1000, 50)}};
    meters_set(ms, 1, &m, 5000);
    assert_in_range(offer(ms, 1, 1000, 60, 1, 1), 50, 51);
    meters_set(ms, 1, &m, 0);
    assert_in_range(offer(ms, 1, 10, 60, 10000, 100), 100 * 50, 100 * 52);
    meters_del(ms, 1);
    assert_int_equal(offer(ms, 1, 1000, 60, 1, 1), 1000);
    assert_int_equal(offer(ms, METER_MAX, 1000, 60, 1, 1), 1000);
    assert_false(meters_set(ms, METER_MAX, &m, 0));
    urcu_qsbr_barrier();
    meters_free(ms);
}

static void test_bands(void **state)
{
    struct meters *ms = meters_new();
    struct dp_meter m = {.n_bands = 2, .bands = {{DP_BAND_DSCP_REMARK, 100, 10, 1}, DROP(200, 10)}};
    unsigned n[3] = {0};
    uint8_t level;

    meters_set(ms, 0, &m, 0);
    for (int64_t now = 0; now < 10000; now++) { /* 1000 a second. */
        bool pass = meters_run(ms, 0, 1, 60, now, &level);
        n[!pass ? 2 : level]++;
    }
    assert_within_3_percent(n[0], 1000);
    assert_within_3_percent(n[1], 1000);
    assert_within_3_percent(n[2], 8000);
    meters_free(ms);
}

/* ---- several workers ---- */

static struct meters *shared;
static uint64_t n_passed;

static void *hammer(void *unused)
{
    uint64_t passed = 0;
    uint8_t level;

    urcu_qsbr_register_thread();
    for (int64_t now = 0; now < 2000; now++) {
        for (unsigned i = 0; i < 200; i++) {
            passed += meters_run(shared, 3, 1, 60, now, &level);
        }
    }
    __atomic_add_fetch(&n_passed, passed, __ATOMIC_RELAXED);
    urcu_qsbr_unregister_thread();
    return unused;
}

/* Their clocks may differ by as much as they like: together they never get more. */
static void test_workers(void **state)
{
    struct dp_meter m = {.n_bands = 1, .bands = {DROP(100000, 100)}};
    struct dp_meter_stats s;
    pthread_t threads[3];

    shared = meters_new();
    meters_set(shared, 3, &m, 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    assert_true(n_passed <= 200000 + 200);
    meters_get_stats(shared, 3, 0, &s);
    assert_int_equal(s.packets, 3 * 2000 * 200);
    assert_int_equal(s.bands[0].packets, s.packets - n_passed);
    meters_free(shared);
}

/* ---- the action ---- */

static unsigned n_out;
static uint8_t tos_out;

static void output(void *aux, struct packet *p, uint32_t port)
{
    struct key k;

    parse_key(p, &k);
    n_out++;
    tos_out = k.ip_tos;
    packet_free(p);
}

static struct packet *ip_packet(uint8_t tos, size_t payload)
{
    uint8_t frame[14 + 20 + 20 + 60000] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
    uint8_t *ip = frame + 14, *tcp = ip + 20;

    ip[0] = 0x45;
    ip[1] = tos;
    put_be16(ip + 2, (uint16_t)(40 + payload));
    ip[8] = 64;
    ip[9] = 6;
    ip[15] = ip[19] = 1;
    tcp[12] = 0x50;
    return packet_new_data(frame, 54 + payload);
}

static void run(struct exec_env *env, struct packet *p)
{
    const struct dp_action list[] = {{.type = DP_ACTION_METER, .len = 8, .u32 = 5},
                                     {.type = DP_ACTION_OUTPUT, .len = 8, .u32 = 1}};
    exec_run(env, p, NULL, list, sizeof list);
}

/* What another process' meter had let through. */
static void test_fill(void **state)
{
    struct meters *ms = meters_new();
    struct dp_meter m = {.n_bands = 1, .bands = {DROP(1000, 50)}};
    struct dp_meter_stats s;

    meters_set(ms, 1, &m, 5000);
    offer(ms, 1, 1000, 60, 1, 1);
    assert_true(meters_get_stats(ms, 1, 5020, &s));
    assert_in_range(s.bands[0].ahead_us, 30000, 31000); /* 50 or 51 packets, less 20 ms. */
    meters_set(ms, 2, &m, 4000);
    meters_fill(ms, 2, 5000, &s);
    assert_in_range(offer(ms, 2, 1000, 60, 1, 1), 19, 21);
    s.bands[0].ahead_us = UINT64_MAX;
    meters_fill(ms, 2, 5000, &s);
    assert_int_equal(offer(ms, 2, 1000, 60, 1, 1), 0);
    meters_fill(ms, METER_MAX, 5000, &s);
    meters_fill(ms, 3, 5000, &s); /* There is none. */
    urcu_qsbr_barrier();
    meters_free(ms);
}

static void test_action(void **state)
{
    static const struct {
        uint8_t before, after;
    } cases[] = {{10 << 2, 12 << 2},
                 {12 << 2, 14 << 2},
                 {14 << 2, 14 << 2},
                 {34 << 2 | 3, 36 << 2 | 3},
                 {0, 0},
                 {46 << 2, 46 << 2},
                 {8 << 2, 8 << 2}};
    struct meters *ms = meters_new();
    struct exec_env env = {.meters = ms, .output = output, .now_ms = 1000};
    struct dp_meter remark = {.n_bands = 1, .bands = {{DP_BAND_DSCP_REMARK, 0, 0, 1}}};
    struct dp_meter kbps = {.kbps = true, .n_bands = 1, .bands = {DROP(1000, 1)}};
    struct dp_meter_stats s;

    meters_set(ms, 5, &remark, 1000);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        run(&env, ip_packet(cases[i].before, 10));
        assert_int_equal(tos_out, cases[i].after);
    }
    assert_int_equal(n_out, ARRAY_SIZE(cases));
    /* A super-frame is its segments; the bucket may go below zero by one frame. */
    meters_set(ms, 5, &kbps, 1000);
    struct packet *p = ip_packet(0, 14500);
    p->gso_type = GSO_TCPV4;
    p->gso_size = 1000;
    run(&env, p);
    run(&env, ip_packet(0, 10));
    assert_int_equal(n_out, ARRAY_SIZE(cases) + 1);
    meters_get_stats(ms, 5, 0, &s);
    assert_int_equal(s.packets, 16);
    assert_int_equal(s.bytes, 14500 + 15 * 54 + 64);
    assert_int_equal(s.bands[0].packets, 1);
    env.meters = NULL;
    run(&env, ip_packet(0, 10));
    assert_int_equal(n_out, ARRAY_SIZE(cases) + 2);
    urcu_qsbr_barrier();
    meters_free(ms);
}

static int setup(void **state)
{
    urcu_qsbr_register_thread();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates), cmocka_unit_test(test_bands),  cmocka_unit_test(test_workers),
        cmocka_unit_test(test_fill),  cmocka_unit_test(test_action),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
