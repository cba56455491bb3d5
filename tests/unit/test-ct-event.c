/* test-ct-event.c - what the tracker tells of its connections: types, order, final counters, loss,
 * several writers. */
#include "tests/unit/ct-frames.h"

#include <pthread.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct-private.h"
#include "lib/ct/ct_event.h"

#define T0  INT64_C(5000000)
#define ALL (BIT(CT_EVENT_NEW) | BIT(CT_EVENT_UPDATE) | BIT(CT_EVENT_DESTROY))

static void on_ready(void *n_)
{
    __atomic_fetch_add((unsigned *)n_, 1, __ATOMIC_RELAXED);
}

static struct ct *new_ct(unsigned mask, unsigned *n_ready)
{
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 100000, .hash_seed = 99});
    assert_non_null(ct);
    *n_ready = 0;
    ct_events_listen(ct, mask, on_ready, n_ready);
    return ct;
}

/* The events there are: "N5 U5 D5 ", type and zone. */
static const char *events(struct ct *ct)
{
    static char buf[4096];
    struct ct_event e;
    size_t n = 0;
    buf[0] = '\0';
    while (ct_event_next(ct, &e)) {
        n += (size_t)snprintf(buf + n, sizeof buf - n, "%c%u ", "NUD"[e.type], e.info.zone);
    }
    return buf;
}

static void commit(struct ct *ct, uint16_t zone, uint16_t sport, uint32_t mark)
{
    run_args(ct, &(struct frame){.proto = 17, .sport = sport},
             &(struct ct_args){.zone = zone, .commit = true, .mark = mark, .mark_mask = UINT32_MAX},
             T0);
}

static void test_life(void **state)
{
    (void)state;
    unsigned n_ready;
    struct ct *ct = new_ct(ALL, &n_ready);
    const struct frame syn = {.proto = 6, .flags = SYN, .seq = 100};
    const struct frame synack = {
        .proto = 6, .flags = SYN | ACK, .seq = 500, .ack = 101, .back = true};
    const struct frame ack = {.proto = 6, .flags = ACK, .seq = 101, .ack = 501};
    assert_string_equal(events(ct), "");
    run_args(ct, &syn, &(struct ct_args){.zone = 5}, T0);
    assert_string_equal(events(ct), ""); /* Nothing was committed. */
    run_commit(ct, &syn, 5, T0);
    assert_int_equal(n_ready, 1);
    assert_string_equal(events(ct), "N5 ");
    run_commit(ct, &syn, 5, T0); /* Once more: nothing is new. */
    assert_string_equal(events(ct), "");
    run_commit(ct, &synack, 5, T0);
    run_commit(ct, &ack, 5, T0);
    assert_string_equal(events(ct), "U5 U5 "); /* The handshake, step by step. */
    for (int i = 0; i < 9; i++) {
        run_commit(ct, &ack, 5, T0);
    }
    assert_string_equal(events(ct), "");
    run_args(ct, &ack, &(struct ct_args){.zone = 5, .commit = true, .mark = 7, .mark_mask = 7}, T0);
    assert_string_equal(events(ct), "U5 ");
    run_args(ct, &ack, &(struct ct_args){.zone = 5, .commit = true, .mark = 7, .mark_mask = 7}, T0);
    assert_string_equal(events(ct), "");

    struct ct_event e;
    assert_int_equal(ct_flush(ct, &(struct ct_filter){0}, T0), 1);
    assert_true(ct_event_next(ct, &e));
    assert_int_equal(e.type, CT_EVENT_DESTROY);
    assert_int_equal(e.info.packets[0], 2 + 10 + 2);
    assert_int_equal(e.info.packets[1], 1);
    assert_int_equal(e.info.bytes[0], 40 * 14);
    assert_int_equal(e.info.mark, 7);
    assert_int_equal(e.info.start_ms, T0);
    assert_false(ct_event_next(ct, &e));
    ct_free(ct);
}

/* Whatever ends an entry tells so: time, flush, force, eviction. */
static void test_ends(void **state)
{
    (void)state;
    unsigned n_ready;
    struct ct *ct = new_ct(BIT(CT_EVENT_DESTROY), &n_ready);
    commit(ct, 1, 1, 0);
    commit(ct, 2, 1, 0);
    assert_string_equal(events(ct), ""); /* NEW is not asked for. */
    while (ct_sweep(ct, T0 + 100000, 1000)) {
    }
    assert_string_equal(events(ct), "D1 D2 ");
    commit(ct, 3, 1, 0);
    run_args(ct, &(struct frame){.proto = 17, .sport = 1, .back = true},
             &(struct ct_args){.zone = 3, .commit = true, .force = true}, T0);
    assert_string_equal(events(ct), "D3 ");
    assert_true(ct_set_max(ct, 2));
    commit(ct, 4, 1, 0);
    commit(ct, 5, 1, 0);
    assert_int_equal(ct_count(ct), 2);
    assert_string_equal(events(ct), "D3 "); /* The oldest one makes room. */
    ct_events_listen(ct, 0, NULL, NULL);
    ct_flush(ct, &(struct ct_filter){0}, T0);
    ct_events_listen(ct, ALL, on_ready, &n_ready);
    assert_string_equal(events(ct), "");
    ct_free(ct);
}

static void test_loss(void **state)
{
    (void)state;
    unsigned n_ready;
    struct ct *ct = new_ct(ALL, &n_ready);
    struct ct_event e;
    for (unsigned i = 0; i < CT_EVENT_RING + 10; i++) {
        commit(ct, 1, (uint16_t)(1 + i), 0);
    }
    assert_int_equal(ct_events_lost(ct), 10);
    assert_int_equal(n_ready, 1); /* Once, until somebody looks. */
    for (unsigned i = 0; i < CT_EVENT_RING; i++) {
        assert_true(ct_event_next(ct, &e));
        assert_int_equal(ntohs(e.info.orig.src_port), 1 + i);
    }
    assert_false(ct_event_next(ct, &e));
    commit(ct, 1, 60000, 0);
    assert_int_equal(n_ready, 2);
    assert_string_equal(events(ct), "N1 ");
    assert_int_equal(ct_events_lost(ct), 10);
    ct_free(ct);
}

/* ---- several writers ---- */

#define N_WRITERS 3
#define N_EACH    20000

static struct ct *shared;

static void *writer(void *zone_)
{
    uint16_t zone = (uint16_t)(uintptr_t)zone_;
    rcu_register_thread();
    for (unsigned i = 0; i < N_EACH; i++) {
        commit(shared, zone, (uint16_t)(1 + i), i);
        rcu_quiescent_state();
    }
    rcu_unregister_thread();
    return NULL;
}

/* Each writer's come in its order, and each has come or is counted as lost. */
static void test_writers(void **state)
{
    (void)state;
    unsigned n_ready, n = 0, next[N_WRITERS + 1] = {0};
    pthread_t threads[N_WRITERS];
    struct ct_event e;
    shared = new_ct(BIT(CT_EVENT_NEW), &n_ready);
    for (unsigned i = 0; i < N_WRITERS; i++) {
        assert_false(pthread_create(&threads[i], NULL, writer, (void *)(uintptr_t)(i + 1)));
    }
    while (n + ct_events_lost(shared) < N_WRITERS * N_EACH) {
        if (ct_event_next(shared, &e)) {
            assert_in_range(e.info.zone, 1, N_WRITERS);
            assert_true(e.info.mark >= next[e.info.zone]);
            assert_int_equal(ntohs(e.info.orig.src_port), 1 + e.info.mark);
            next[e.info.zone] = e.info.mark + 1;
            n++;
        }
        rcu_quiescent_state();
    }
    rcu_thread_offline();
    for (unsigned i = 0; i < N_WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    rcu_thread_online();
    assert_false(ct_event_next(shared, &e));
    assert_true(n > CT_EVENT_RING / 2);
    ct_free(shared);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_loss),
        cmocka_unit_test(test_writers),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
