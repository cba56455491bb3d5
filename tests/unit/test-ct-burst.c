/* test-ct-burst.c - packets in bursts get what the same packets get one by one. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/ct/ct_burst.h"

#define T0 INT64_C(1000000)

static struct frame any_frame(void)
{
    static const uint8_t protos[] = {6, 17, 1};
    static const uint8_t flags[] = {0x02, 0x12, 0x10, 0x11, 0x04};
    struct frame f = {.ip6 = rand() & 1, .back = rand() & 1, .proto = protos[rand() % 3]};
    f.sport = (uint16_t)(1 + rand() % 40);
    if (f.proto == 1) {
        f.proto = f.ip6 ? 58 : 1;
        f.type = f.ip6 ? (f.back ? 129 : 128) : f.back ? 0 : 8;
    } else if (f.proto == 6) {
        f.flags = flags[rand() % ARRAY_SIZE(flags)];
    }
    return f;
}

/* Never full: which one would have to go is a matter of slots, and so of grace periods. */
static struct ct *new_ct(void)
{
    return ct_new(&(struct ct_config){.max_conns = 10000, .hash_seed = 5});
}

/* Sometimes tracked in this zone before, or in the other one. */
static struct packet *any_packet(struct ct *ct, const struct frame *f, int before, int64_t now)
{
    struct packet *p = frame_packet(f);
    if (before < 2) {
        ct_execute(ct, p, &(struct ct_args){.zone = (uint16_t)before}, now);
    }
    return p;
}

static void test_same_as_one_by_one(void **state)
{
    (void)state;
    struct ct *one = new_ct(), *many = new_ct();
    struct ct_burst *burst = ct_burst_new();
    int64_t now = T0;
    unsigned n_est = 0, n_over = 0;
    srand(6);
    for (int round = 0; round < 3000; round++, now += rand() % 3000) {
        struct packet *a[CT_BURST_MAX + 1], *b[CT_BURST_MAX + 1];
        unsigned number[CT_BURST_MAX + 1], n = 1 + (unsigned)rand() % ARRAY_SIZE(a);
        struct ct_args args = {.zone = (uint16_t)(rand() & 1),
                               .commit = rand() & 1,
                               .force = rand() % 4 == 0,
                               .mark = (uint32_t)rand(),
                               .mark_mask = UINT32_MAX};
        for (unsigned i = 0; i < n; i++) {
            struct frame f = any_frame();
            int before = rand() % 6;
            a[i] = any_packet(one, &f, before, now);
            b[i] = any_packet(many, &f, before, now);
        }
        ct_burst_begin(burst);
        for (unsigned i = 0; i < n; i++) {
            number[i] = ct_burst_add(many, burst, b[i], args.zone);
            n_over += i == CT_BURST_MAX && !number[i];
        }
        ct_burst_look(many, burst);
        for (unsigned i = 0; i < n; i++) {
            enum ct_fate fate = ct_execute(one, a[i], &args, now);
            assert_int_equal(ct_burst_execute(many, burst, number[i], b[i], &args, now), fate);
            /* Which slots are free again is a matter of grace periods. */
            assert_memory_equal(&a[i]->ct, &b[i]->ct, offsetof(struct packet_ct, conn));
            n_est += (a[i]->ct.state & CS_EST) != 0;
            packet_free(a[i]);
            packet_free(b[i]);
        }
        rcu_quiescent_state();
    }
    assert_true(n_est > 1000 && n_over > 10);
    assert_int_equal(ct_count(one), ct_count(many));
    ct_burst_free(burst);
    ct_free(one);
    ct_free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_as_one_by_one)};
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
