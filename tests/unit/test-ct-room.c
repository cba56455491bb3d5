/* test-ct-room.c - memory ahead of need: that it is there before packets come to it, how much of it
 * there is, and that the tracker does without where nobody makes it. */
#include "tests/unit/ct-frames.h"

#include <sys/mman.h>
#include <urcu-qsbr.h>

#include "lib/ct/ct_room.h"
#include "tests/unit/ct-memstore.h"

#define T0   INT64_C(5000000)
#define PAGE 4096u
#define FEW  1024u  /* Slots ahead at first, */
#define MANY 32768u /* and at most. */

static void commit(struct ct *ct, bool ip6, uint32_t i)
{
    struct packet *p = frame_packet(&(struct frame){.ip6 = ip6,
                                                    .proto = IPPROTO_HDR_UDP,
                                                    .sport = (uint16_t)(1 + i % 50000),
                                                    .dport = (uint16_t)(1 + i / 50000)});
    assert_int_equal(ct_execute(ct, p, &(struct ct_args){.commit = true}, T0), CT_GOES_ON);
    assert_state(p->ct, "new");
    packet_free(p);
}

/* How many slots behind the last used have all their pages. */
static uint32_t ready(const struct ct *ct, bool ip6)
{
    const struct ct_pool *pool = &ct->table.pools[ip6];
    const struct {
        const uint8_t *base;
        size_t element;
    } parts[] = {{pool->conns.base, sizeof(struct ct_conn)},
                 {pool->zone_links.base, sizeof(struct ct_zone_link)},
                 {pool->addrs.base, sizeof(struct ct_addr6)}};
    uint32_t least = UINT32_MAX;
    for (unsigned i = 0; i < (ip6 ? 3u : 2u); i++) {
        const size_t per_page = PAGE / parts[i].element;
        uint32_t n = 0;
        unsigned char there = 1;
        for (size_t slot = pool->n_used; there & 1; slot = (slot / per_page + 1) * per_page) {
            uintptr_t at = (uintptr_t)(parts[i].base + slot * parts[i].element);
            /* Where nothing is accessible yet, nothing is there either. */
            if (mincore((void *)(at / PAGE * PAGE), PAGE, &there)) {
                there = 0;
            }
            n = there & 1 ? (uint32_t)((slot / per_page + 1) * per_page) - pool->n_used : n;
        }
        least = MIN(least, n);
    }
    return least;
}

static bool buckets_ready(const struct ct *ct, uint32_t n_conns)
{
    unsigned char there = 0;
    uintptr_t at =
        (uintptr_t)(ct->table.buckets.base + n_conns / CT_BUCKET_LOAD * sizeof(struct ct_bucket));
    return !mincore((void *)((at - 1) / PAGE * PAGE), PAGE, &there) && there & 1;
}

static void check_run(struct ct *ct, bool ip6)
{
    /* A family without connections has none, however often it is seen to. */
    ct_sweep(ct, T0, 10);
    assert_false(ct_room_wanted(ct));
    ct_room_make(ct);
    assert_int_equal(ct->table.pools[ip6].n_ready, 0);

    commit(ct, ip6, 0);
    assert_true(ct_room_wanted(ct));
    assert_false(ct_room_wanted(ct)); /* It is said once. */
    ct_room_make(ct);
    assert_in_range(ready(ct, ip6), FEW, 2 * FEW);
    assert_int_equal(ct->table.pools[!ip6].n_ready, 0);

    uint32_t i = 1;
    for (uint32_t want = 2 * FEW; want <= 2 * MANY; want *= 2) {
        const uint32_t ahead = MIN(want, MANY), half = MIN(want / 2, MANY) / 2;
        for (uint32_t n = 0; n < half; n++) {
            commit(ct, ip6, i++);
            assert_false(ct_room_wanted(ct));
        }
        commit(ct, ip6, i++);
        assert_true(ct_room_wanted(ct));
        ct_room_make(ct);
        assert_in_range(ready(ct, ip6), ahead - 1, ahead + MANY / 2);
        assert_true(buckets_ready(ct, ct_count(ct) + ahead - CT_BUCKET_LOAD));
        rcu_quiescent_state();
    }
    /* Used up slowly, it is made shorter again. */
    for (int n = 0; n < 8; n++) {
        ct_sweep(ct, T0, 1);
    }
    do {
        commit(ct, ip6, i++);
    } while (!ct_room_wanted(ct));
    ct_room_make(ct);
    assert_int_equal(ct->table.pools[ip6].ahead, 2 * FEW);
    assert_int_equal(ct_count(ct), i);
}

static struct ct *open_in(struct memstore *m)
{
    struct ct_config config = {.max_conns = 200000, .hash_seed = 7, .now_ms = T0};
    config.store = m ? &m->store : NULL;
    struct ct *ct = ct_new(&config);
    assert_non_null(ct);
    return ct;
}

static void test_run(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct memstore m;
        memstore_init(&m);
        struct ct *ct = open_in(i & 2 ? &m : NULL);
        check_run(ct, i & 1);
        ct_free(ct);
        memstore_deinit(&m);
    }
}

/* To the last slot; nobody asks for what there cannot be. */
static void test_end(void **state)
{
    (void)state;
    struct ct *ct = open_in(NULL);
    struct ct_pool *pool = &ct->table.pools[0];
    pool->n_slots = 3000;
    for (uint32_t i = 0; i < 2999; i++) {
        commit(ct, false, i);
        if (ct_room_wanted(ct)) {
            ct_room_make(ct);
        }
        assert_true(pool->n_touched <= pool->n_slots && pool->n_ready <= pool->n_slots);
    }
    struct packet *p =
        frame_packet(&(struct frame){.proto = IPPROTO_HDR_UDP, .sport = 9, .dport = 9});
    assert_int_equal(ct_execute(ct, p, &(struct ct_args){.commit = true}, T0), CT_DROPPED);
    packet_free(p);
    ct_free(ct);
}

/* A store without room: memory takes its place, ahead of need as well. */
static void test_store_full(void **state)
{
    (void)state;
    struct memstore m;
    memstore_init(&m);
    m.room = 400000;
    struct ct *ct = open_in(&m);
    for (uint32_t i = 0; i < 20000; i++) {
        commit(ct, i & 1, i);
        if (ct_room_wanted(ct)) {
            ct_room_make(ct);
        }
        rcu_quiescent_state();
    }
    assert_int_equal(ct_count(ct), 20000);
    ct_free(ct);
    memstore_deinit(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_store_full),
    };
    rcu_register_thread();
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return status;
}
