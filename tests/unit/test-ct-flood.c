/* test-ct-flood.c - a full table under a flood of SYNs from everywhere: established connections
 * lose nothing; and as many connections that end as begin, beside many that live: memory stays.
 * SLUICE_FLOOD_SYNS (100000), SLUICE_CHURN_LIVE and SLUICE_CHURN_N (10000 and 200000) say how many,
 * SLUICE_CHURN_MAX the table's limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "lib/counter.h"
#include "tests/bench/ct-conns.h"

#define SYN  0x02
#define ACK  0x10
#define ROOM 10000u
#define EST  9000u /* Established, of ROOM. */

static uint32_t setting(const char *name, uint32_t otherwise)
{
    const char *s = getenv(name);
    return s ? (uint32_t)strtoul(s, NULL, 10) : otherwise;
}

static uint8_t commit(struct ct *ct, struct packet *p, int64_t now)
{
    p->ct = (struct packet_ct){0};
    ct_execute(ct, p, &(struct ct_args){.commit = true}, now);
    return p->ct.state;
}

/* A segment of an established connection (ct-conns.h has its numbers) is part of it. */
static void assert_goes_on(struct ct *ct, struct packet *p, uint32_t i, bool back, int64_t now)
{
    set_conn(p, i, back, ACK, back ? 200 : 100, back ? 100 : 200);
    assert_int_equal(commit(ct, p, now) & (CS_EST | CS_NEW | CS_INV), CS_EST);
}

static void test_flood(void **state)
{
    (void)state;
    const uint32_t n = setting("SLUICE_FLOOD_SYNS", 100000);
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = ROOM, .hash_seed = 5});
    struct packet *p = new_frame(false, IPPROTO_HDR_TCP);
    for (uint32_t i = 0; i < EST; i++) {
        establish(ct, p, i, true);
    }
    uint64_t random = 1;
    for (uint32_t i = 0; i < n; i++) {
        int64_t now = T0 + i / 1000; /* A million a second. */
        random = hash_u64(random, i);
        set_conn(p, EST + (uint32_t)(random % (UINT32_MAX / 4)), false, SYN, (uint32_t)random, 0);
        assert_int_equal(commit(ct, p, now) & (CS_INV | CS_EST), 0);
        if (i % 10 == 0) { /* One of the others says something, and is known. */
            assert_goes_on(ct, p, i / 10 % EST, i / 10 % 2, now);
        }
        rcu_quiescent_state();
    }
    assert_in_range(ct_count(ct), EST, ROOM);
    for (uint32_t i = 0; i < EST; i++) {
        assert_goes_on(ct, p, i, true, T0 + n / 1000);
    }
    printf("%" PRIu32 " SYNs: all of %u established connections are there\n", n, EST);
    packet_free(p);
    ct_free(ct);
}

static void test_churn(void **state)
{
    (void)state;
    const uint32_t live = setting("SLUICE_CHURN_LIVE", 10000);
    const uint32_t n = setting("SLUICE_CHURN_N", 200000);
    const uint32_t max = setting("SLUICE_CHURN_MAX", live + live / 2 + 100000);
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = max, .hash_seed = 5});
    assert_non_null(ct);
    struct packet *p = new_frame(false, IPPROTO_HDR_TCP);
    for (uint32_t i = 0; i < live; i++) {
        establish(ct, p, i, true);
        rcu_quiescent_state();
    }
    assert_int_equal(ct_count(ct), live);
    int64_t begin = now_ns(), t = T0;
    long first = 0;
    for (uint32_t i = 0; i < n; i++) { /* 200,000 a second begin, and expire after 30. */
        t = T0 + i / 200;
        set_conn(p, live + i % (1u << 30), false, SYN, i, 0);
        assert_int_equal(commit(ct, p, t) & (CS_INV | CS_EST), 0);
        if (i % 200 == 0) { /* As often as the daemon's control thread. */
            ct_sweep(ct, t, 400 + (live + 6000000) / 1000);
            rcu_quiescent_state();
        }
        first = i == n / 2 ? rss_kib() : first;
    }
    long last = rss_kib();
    double ns = (double)(now_ns() - begin) / (n ? n : 1);
    for (uint32_t i = 0; i < live; i++) {
        assert_goes_on(ct, p, i, false, t);
    }
    printf("%" PRIu32 " live, %" PRIu32
           " came and went: %.0f ns each, RSS %ld KiB half way, %ld at the end\n",
           live, n, ns, first, last);
    packet_free(p);
    ct_free(ct);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_churn),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
