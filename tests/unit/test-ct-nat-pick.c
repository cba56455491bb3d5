/* test-ct-nat-pick.c - address translation: the tuples that are chosen, and their twins in the
 * table. */
#include "tests/unit/ct-nat.h"

#include <pthread.h>

#include "lib/counter.h"
#include "lib/ct/ct-private.h"

/* ---- the choice ---- */

static unsigned port_of(const char *text)
{
    unsigned a, port;
    assert_int_equal(sscanf(text, "%u:%u", &a, &port), 2);
    return port;
}

static void test_clash(void **state)
{
    (void)state;
    static const struct {
        uint16_t port, lo, hi;
    } classes[] = {{100, 1, 511}, {700, 600, 1023}, {5000, 1024, 65535}};
    static const uint8_t protos[] = {IPPROTO_HDR_UDP, IPPROTO_HDR_ICMP};
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(protos); k++) {
            struct ct *ct = new_ct();
            struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
            bool used[65536] = {false};
            for (uint8_t a = 1; a < 49; a++) {
                struct frame f = {
                    .proto = protos[k], .type = 8, .a = a, .b = 200, .sport = classes[i].port};
                struct result r = commit(ct, &f, &nat);
                unsigned port = port_of(r.text);
                assert_true(r.ok);
                assert_false(used[port]);
                used[port] = true;
                assert_true(a > 1 || port == classes[i].port);
                assert_true(protos[k] == IPPROTO_HDR_ICMP ||
                            (port >= classes[i].lo && port <= classes[i].hi));
                /* Answers find their own. */
                struct frame reply = answer(&f, r.text);
                struct result back = run(ct, &reply, &nat_only);
                char want[64];
                snprintf(want, sizeof want, "200:%u>%u:%u",
                         protos[k] == IPPROTO_HDR_ICMP ? classes[i].port : 80, a, classes[i].port);
                assert_string_equal(back.text, want);
            }
            ct_free(ct);
        }
    }
}

static void test_exhaustion(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct *ct = new_ct();
        struct ct_nat nat = nat_of(ip6, CT_NAT_SRC, 50, 51, 7000, 7002);
        struct frame f = {.ip6 = ip6, .proto = IPPROTO_HDR_UDP};
        uint64_t before = counter_read(COUNTER_conntrack_nat_exhausted);
        for (f.a = 1; f.a <= 6; f.a++) {
            assert_true(commit(ct, &f, &nat).ok);
        }
        assert_false(commit(ct, &f, &nat).ok);
        assert_int_equal(ct_count(ct), 6);
        assert_int_equal(counter_read(COUNTER_conntrack_nat_exhausted), before + 1);
        /* Elsewhere the same ports are free. */
        f.dport = 81;
        assert_true(commit(ct, &f, &nat).ok);
        /* One goes, by its time: its tuple is free at once. */
        f.dport = 82;
        struct packet *p = frame_packet(&f);
        assert_int_equal(ct_execute(ct, p, &(struct ct_args){.commit = true, .nat = &nat},
                                    T0 + 60000),
                         CT_GOES_ON);
        packet_free(p);
        f.dport = 0;
        p = frame_packet(&f);
        assert_int_equal(ct_execute(ct, p, &(struct ct_args){.commit = true, .nat = &nat},
                                    T0 + 60000),
                         CT_GOES_ON);
        packet_free(p);
        ct_free(ct);
    }
}

/* SNAT to no address: ports change only where they must. */
static void test_all_zero(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_nat snat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
    struct ct_nat zero = nat_of(false, CT_NAT_SRC, 0, 0, 0, 0);
    struct frame inside = {.proto = IPPROTO_HDR_UDP}, own = {.proto = IPPROTO_HDR_UDP, .a = 50};
    assert_string_equal(commit(ct, &inside, &snat).text, "50:1000>2:80");
    /* The router's own connection from the same port: its answers would be the other's. */
    struct result r = run(ct, &own, &(struct ct_args){.commit = true});
    assert_state(r.ct, "new");
    assert_int_equal(ct_count(ct), 1); /* It could not be committed as it is. */
    r = commit(ct, &own, &zero);
    assert_int_equal(r.ct.state, CS_TRK | CS_NEW | CS_SNAT);
    assert_true(port_of(r.text) != 1000);
    assert_int_equal(ct_count(ct), 2);
    struct frame reply = answer(&own, r.text);
    assert_string_equal(run(ct, &reply, &nat_only).text, "2:80>50:1000");
    ct_free(ct);
}

/* An untranslated answer to a translated connection is not of it. */
static void test_one_way(void **state)
{
    (void)state;
    for (int icmp = 0; icmp < 2; icmp++) {
        struct ct *ct = new_ct();
        struct frame f = {.proto = icmp ? 1 : IPPROTO_HDR_UDP, .type = icmp ? 8 : 0};
        struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
        commit(ct, &f, &nat);
        struct frame back = answer(&f, "1:1000>2:80"), fwd = f;
        assert_state(run(ct, &back, &nat_only).ct, icmp ? "inv" : "new");
        fwd.a = 50; /* As if translated already: a packet of somebody else. */
        assert_state(run(ct, &fwd, &nat_only).ct, "new");
        ct_free(ct);
    }
}

static void test_spread(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_nat nat = nat_of(false, CT_NAT_DST, 60, 63, 0, 0);
    unsigned n[256] = {0};
    struct frame f = {.proto = IPPROTO_HDR_UDP, .sport = 1};
    for (; f.sport <= 400; f.sport++) {
        unsigned b;
        sscanf(strchr(commit(ct, &f, &nat).text, '>'), ">%u", &b);
        n[b]++;
    }
    for (int i = 60; i <= 63; i++) {
        assert_in_range(n[i], 60, 140);
    }
    /* Persistent: by the source alone, in every process. */
    nat.flags |= CT_NAT_PERSISTENT;
    unsigned seen[2][8];
    for (int round = 0; round < 2; round++) {
        ct_free(ct);
        ct = ct_new(&(struct ct_config){.max_conns = 2000, .hash_seed = (uint64_t)round});
        memset(n, 0, sizeof n);
        for (f.a = 1; f.a <= 8; f.a++) {
            for (f.sport = 1; f.sport <= 20; f.sport++) {
                unsigned b;
                sscanf(strchr(commit(ct, &f, &nat).text, '>'), ">%u", &b);
                assert_true(f.sport == 1 || seen[round][f.a - 1] == b);
                seen[round][f.a - 1] = b;
                n[b]++;
            }
        }
        assert_true(n[60] < 160 && n[61] < 160);
    }
    assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
    ct_free(ct);
}

static void test_port_order(void **state)
{
    (void)state;
    struct frame f = {.proto = IPPROTO_HDR_UDP, .sport = 30000};
    unsigned hash[2], random[3];
    for (int i = 0; i < 2; i++) {
        struct ct *ct = new_ct();
        struct ct_nat nat = nat_of(false, CT_NAT_SRC | CT_NAT_HASH, 50, 50, 20000, 40000);
        hash[i] = port_of(commit(ct, &f, &nat).text);
        ct_free(ct);
    }
    assert_int_equal(hash[0], hash[1]);
    assert_int_not_equal(hash[0], 30000);
    struct ct *ct = new_ct();
    struct ct_nat nat = nat_of(false, CT_NAT_SRC | CT_NAT_RANDOM, 50, 50, 20000, 40000);
    for (int i = 0; i < 3; i++) {
        random[i] = port_of(commit(ct, &f, &nat).text);
        assert_in_range(random[i], 20000, 40000);
        ct_flush(ct, &(struct ct_filter){0}, T0);
    }
    assert_true(random[0] != random[1] || random[1] != random[2]);
    ct_free(ct);
}

/* Two sources behind a DNAT whose real tuple one of them has already. */
static void test_dnat_clash(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_nat nat = nat_of(false, CT_NAT_DST, 60, 60, 80, 80);
    struct frame direct = {.proto = IPPROTO_HDR_UDP, .b = 60}, f = {.proto = IPPROTO_HDR_UDP};
    run(ct, &direct, &(struct ct_args){.commit = true});
    struct result r = commit(ct, &f, &nat);
    assert_true(r.ok);
    assert_int_equal(r.ct.state, CS_TRK | CS_NEW | CS_DNAT | CS_SNAT);
    assert_true(port_of(r.text) != 1000);
    struct frame reply = answer(&f, r.text);
    r = run(ct, &reply, &nat_only);
    assert_string_equal(r.text, "2:80>1:1000");
    assert_int_equal(r.ct.state, CS_TRK | CS_EST | CS_RPL | CS_SNAT | CS_DNAT);
    /* Hairpin: the server asks for itself. */
    struct frame self = {.proto = IPPROTO_HDR_UDP, .a = 60};
    r = commit(ct, &self, &nat);
    assert_string_equal(r.text, "60:1000>60:80");
    reply = answer(&self, r.text);
    assert_string_equal(run(ct, &reply, &nat_only).text, "2:80>60:1000");
    ct_free(ct);
}

static void test_wrong_family(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_nat nat = nat_of(true, CT_NAT_SRC, 50, 50, 0, 0);
    struct frame f = {.proto = IPPROTO_HDR_UDP};
    assert_false(commit(ct, &f, &nat).ok);
    ct_free(ct);
}

/* ---- twins ---- */

static void test_slots(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct *ct = new_ct();
        struct ct_nat nat = nat_of(ip6, CT_NAT_SRC, 50, 50, 0, 0);
        uint32_t used = 0;
        for (int round = 0; round < 20; round++) {
            struct frame f = {.ip6 = ip6, .proto = IPPROTO_HDR_UDP, .sport = 1};
            for (; f.sport <= 300; f.sport++) {
                commit(ct, &f, &nat);
            }
            assert_int_equal(ct_count(ct), 300);
            struct text t = TEXT_INIT;
            ct_dump_all(ct, &t, false, false, T0);
            unsigned lines = 0;
            for (const char *s = text_cstr(&t); (s = strchr(s, '\n')) != NULL; s++) {
                lines++;
            }
            assert_int_equal(lines, 300); /* Twins are not listed. */
            text_deinit(&t);
            /* By time, by a flush of all, by one tuple. */
            if (round % 3 == 0) {
                for (int i = 0; i < 50; i++) {
                    ct_sweep(ct, T0 + 100000, 1000);
                }
            } else {
                assert_int_equal(ct_flush(ct, &(struct ct_filter){0}, T0), 300);
            }
            assert_int_equal(ct_count(ct), 0);
            for (int i = 0; i < 4; i++) {
                rcu_barrier();
            }
            if (round == 3) {
                used = ct->table.pools[ip6].n_used;
            }
        }
        assert_int_equal(ct->table.pools[ip6].n_used, used);
        ct_free(ct);
    }
}

/* A full table gives up translated connections with their twins. */
static void test_eviction(void **state)
{
    (void)state;
    struct ct *ct = ct_new(&(struct ct_config){.max_conns = 50, .hash_seed = 1});
    struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
    struct frame f = {.proto = IPPROTO_HDR_UDP, .sport = 1};
    for (; f.sport <= 1000; f.sport++) {
        assert_string_equal(commit(ct, &f, &nat).ok ? "ok" : "", "ok");
        rcu_quiescent_state();
        assert_true(ct_count(ct) <= 50);
    }
    unsigned live = 0;
    for (uint32_t pos = 0; (pos = ct_table_next(&ct->table, pos)) != 0;) {
        live += ct_table_conn(&ct->table, pos)->flags & CT_F_LIVE ? 1 : 0;
    }
    assert_int_equal(live, 100);
    ct_free(ct);
}

static void test_dump(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 5000, 5000);
    struct ct_nat nat6 = nat_of(true, CT_NAT_DST, 60, 60, 8080, 8080);
    struct frame f = {.proto = IPPROTO_HDR_UDP}, f6 = {.ip6 = true, .proto = IPPROTO_HDR_UDP};
    struct frame icmp = {.proto = 1, .type = 8};
    commit(ct, &f, &nat);
    commit(ct, &icmp, &nat);
    commit(ct, &f6, &nat6);
    struct text t = TEXT_INIT;
    ct_dump_all(ct, &t, false, false, T0);
    assert_string_equal(text_cstr(&t),
                        "udp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1000,dport=80),"
                        "reply=(src=10.0.0.2,dst=10.0.0.50,sport=80,dport=5000)\n"
                        "icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=1000,type=8,code=0),"
                        "reply=(src=10.0.0.2,dst=10.0.0.50,id=5000,type=0,code=0)\n"
                        "udp,orig=(src=fc00::1,dst=fc00::2,sport=1000,dport=80),"
                        "reply=(src=fc00::3c,dst=fc00::1,sport=8080,dport=1000)\n");
    text_deinit(&t);
    ct_free(ct);
}

struct thread {
    struct ct *ct;
    unsigned seed;
    pthread_t id;
};

static void *churn(void *t_)
{
    struct thread *t = t_;
    rcu_register_thread();
    for (unsigned i = 0; i < 20000; i++) {
        unsigned r = (unsigned)rand_r(&t->seed);
        struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 7000, 7009);
        struct frame f = {.proto = IPPROTO_HDR_UDP, .a = (uint8_t)(1 + r % 40)};
        struct packet *p = frame_packet(&f);
        ct_execute(t->ct, p, &(struct ct_args){.commit = true, .nat = &nat}, T0);
        if (p->ct.state & CS_SNAT) {
            assert_int_equal(p->data[14 + 15], 50);
        }
        packet_free(p);
        struct frame back = {.proto = IPPROTO_HDR_UDP, .a = 50, .sport = (uint16_t)(7000 + r % 10)};
        back.back = true;
        p = frame_packet(&back);
        ct_execute(t->ct, p, &nat_only, T0);
        if (p->ct.state & CS_EST) {
            assert_int_not_equal(p->data[14 + 19], 50);
        }
        packet_free(p);
        if (r % 64 == 0) {
            ct_flush(t->ct, &(struct ct_filter){0}, T0);
        }
        rcu_quiescent_state();
    }
    rcu_unregister_thread();
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct thread threads[3];
    for (unsigned i = 0; i < 3; i++) {
        threads[i] = (struct thread){.ct = ct, .seed = i + 1};
        assert_int_equal(pthread_create(&threads[i].id, NULL, churn, &threads[i]), 0);
    }
    rcu_thread_offline();
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(threads[i].id, NULL);
    }
    rcu_thread_online();
    assert_true(ct_count(ct) <= 10);
    ct_flush(ct, &(struct ct_filter){0}, T0);
    assert_int_equal(ct_count(ct), 0);
    for (uint32_t pos = 0; (pos = ct_table_next(&ct->table, pos)) != 0;) {
        assert_false(ct_table_conn(&ct->table, pos)->flags & CT_F_LIVE);
    }
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clash),      cmocka_unit_test(test_exhaustion),
        cmocka_unit_test(test_all_zero),   cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_spread),     cmocka_unit_test(test_port_order),
        cmocka_unit_test(test_dnat_clash), cmocka_unit_test(test_wrong_family),
        cmocka_unit_test(test_slots),      cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_dump),       cmocka_unit_test(test_threads),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
