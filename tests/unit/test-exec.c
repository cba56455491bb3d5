/* test-exec.c - lists of datapath actions on packets: what comes out where, who owns what.  The
 * tracker is a stand-in, so that this program needs lib/dp and lib/packet only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/unit/exec-env.h"

/* ---- tests ---- */

static void test_output_and_ownership(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    run(tcp_packet(5), &l); /* Drops. */
    assert_int_equal(n_events, 0);

    struct packet *p = tcp_packet(5);
    dp_actions_output(&l, 1);
    put_set_ttl(&l, 9);
    dp_actions_output(&l, 2);
    run(p, &l);
    assert_int_equal(n_events, 2);
    assert_int_equal(events[0].arg, 1);
    assert_int_equal(events[0].p->data[22], 64);
    assert_int_equal(events[1].arg, 2);
    assert_ptr_equal(events[1].p, p);
    assert_int_equal(p->data[22], 9);
    assert_true(csum_ip4_ok(p));
    forget();

    p = tcp_packet(5); /* Something follows the last output: still no leak. */
    dp_actions_output(&l, 1);
    put_set_ttl(&l, 9);
    run(p, &l);
    assert_int_equal(n_events, 1);
    forget();
}

static void test_no_buffer(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct packet *p = tcp_packet(5);
    env.pool = packet_pool_new(2048, 0, 1);
    struct packet *taken = packet_pool_get(env.pool);
    uint64_t before = counter_read(COUNTER_drop_no_buffer);
    dp_actions_output(&l, 1);
    dp_actions_output(&l, 2);
    run(p, &l);
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].arg, 2);
    assert_int_equal(counter_read(COUNTER_drop_no_buffer), before + 1);
    forget();
    packet_free(taken);
    packet_pool_free(env.pool);
    env.pool = NULL;
}

static void test_tags(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct packet *p = tcp_packet(5);
    struct key key;

    packet_push(p, PACKET_HEADROOM); /* As a ring frame: no headroom at all. */
    memmove(p->data, p->data + PACKET_HEADROOM, p->len - PACKET_HEADROOM);
    p->len -= PACKET_HEADROOM;
    put(&l, DP_ACTION_PUSH_VLAN, 0x8100u << 16 | 0x1000 | 5);
    put_set_ttl(&l, 3);
    dp_actions_output(&l, 1);
    struct dp_action_push_mpls *m = dp_actions_put(&l, DP_ACTION_PUSH_MPLS, sizeof *m);
    m->eth_type = htons(0x8847);
    m->lse = htonl(0x00007140);
    dp_actions_output(&l, 2);
    put(&l, DP_ACTION_POP_MPLS, 0x0800);
    put_ct(&l, 1);
    put_set_ttl(&l, 4);
    put(&l, DP_ACTION_POP_VLAN, 0);
    dp_actions_output(&l, 3);
    run(p, &l);

    assert_int_equal(n_events, 3);
    assert_int_equal(last_l4_ofs, 18 + 20);
    parse_key(events[0].p, &key);
    assert_int_equal(key.vlan[0].tci, htons(0x1005));
    assert_int_equal(key.ip_ttl, 3);
    parse_key(events[1].p, &key);
    assert_int_equal(key.vlan[0].tci, htons(0x1005));
    assert_int_equal(key.mpls_lse[0], htonl(0x00007140));
    parse_key(events[2].p, &key);
    assert_int_equal(key.vlan[0].tci, 0);
    assert_int_equal(key.ip_ttl, 4);
    assert_int_equal(key.tp_dst, htons(80));
    assert_true(csum_ip4_ok(events[2].p));
    forget();
}

static void test_ct_recirc(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct packet *p = tcp_packet(5);

    put_ct(&l, 5);
    put(&l, DP_ACTION_RECIRC, 3);
    put(&l, DP_ACTION_CT_CLEAR, 0);
    put(&l, DP_ACTION_RECIRC, 4);
    run(p, &l);
    assert_int_equal(n_events, 2);
    assert_int_equal(events[0].kind, RECIRC);
    assert_int_equal(events[0].arg, 3);
    assert_int_equal(events[0].p->ct.state, CS_TRK | CS_NEW);
    assert_int_equal(events[0].p->ct.zone, 5);
    assert_int_equal(events[0].p->ct.mark, 7);
    assert_int_equal(last_admitted_by, 0x123456789abcdef0);
    assert_int_equal(events[1].p->ct.state, 0);
    assert_ptr_equal(events[1].p, p);
    forget();

    struct ct *ct = env.ct;
    env.ct = NULL;
    put_ct(&l, 6);
    dp_actions_output(&l, 1);
    run(tcp_packet(5), &l);
    assert_int_equal(events[0].p->ct.state, CS_TRK | CS_INV);
    assert_int_equal(events[0].p->ct.zone, 6);
    env.ct = ct;
    forget();
}

static void test_ct_nat(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    put_ct(&l, 5);
    dp_actions_output(&l, 1);
    run(tcp_packet(5), &l);
    assert_int_equal(last_nat.flags, UINT8_MAX);
    forget();
    struct dp_action_ct *ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->nat = ct->commit = true;
    ct->nat_flags = DP_NAT_DST;
    ct->nat_af = 6;
    ct->nat_min[0] = 0xfc;
    ct->nat_max[0] = 0xfd;
    ct->nat_port_min = 3;
    ct->nat_port_max = 4;
    dp_actions_output(&l, 1);
    run(tcp_packet(5), &l);
    static const uint8_t min[16] = {0xfc}, max[16] = {0xfd};
    assert_int_equal(last_nat.flags, CT_NAT_DST);
    assert_true(last_nat.has_addr && last_nat.is_ip6);
    assert_memory_equal(last_nat.addr_min, min, sizeof min);
    assert_memory_equal(last_nat.addr_max, max, sizeof max);
    assert_int_equal(last_nat.port_min, 3);
    assert_int_equal(last_nat.port_max, 4);
    assert_int_equal(n_events, 1);
    forget();
}

static void test_hash(void **state)
{
    (void)state;
    uint32_t seen[3];
    for (unsigned i = 0; i < 3; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        struct packet *p = tcp_packet(5);
        p->data[34] = i == 2; /* Another source port. */
        put(&l, DP_ACTION_HASH, 0);
        put_userspace(&l, 1);
        put(&l, DP_ACTION_RECIRC, 1);
        run(p, &l);
        seen[i] = events[1].p->hash;
        assert_int_not_equal(seen[i], 0);
        forget();
    }
    assert_int_equal(seen[0], seen[1]);
    assert_int_not_equal(seen[0], seen[2]);
}

static void test_trunc(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;

    put(&l, DP_ACTION_TRUNC, 60);
    dp_actions_output(&l, 1);
    dp_actions_output(&l, 2);
    put(&l, DP_ACTION_TRUNC, 2000);
    dp_actions_output(&l, 3);
    run(tcp_packet(1000), &l);
    assert_int_equal(n_events, 3);
    assert_int_equal(events[0].p->len, 60);
    assert_int_equal(events[1].p->len, 1054);
    assert_int_equal(events[2].p->len, 1054);
    forget();

    /* Each segment of a super-frame is cut, the super-frame itself goes on whole. */
    put(&l, DP_ACTION_TRUNC, 100);
    dp_actions_output(&l, 1);
    dp_actions_output(&l, 2);
    run(super_packet(2500, 1000), &l);
    assert_int_equal(n_events, 4);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(events[i].p->len, 100);
        assert_int_equal(events[i].p->gso_type, GSO_NONE);
    }
    assert_int_equal(events[3].p->len, 2554);
    assert_int_equal(events[3].p->gso_type, GSO_TCPV4);
    assert_int_equal(events[3].p->csum, CSUM_PARTIAL);
    forget();
}

/* Below a label a super-frame could not be segmented any more. */
static void test_label_on_super_frame(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct key key;

    dp_actions_output(&l, 1);
    struct dp_action_push_mpls *m = dp_actions_put(&l, DP_ACTION_PUSH_MPLS, sizeof *m);
    m->eth_type = htons(0x8847);
    m->lse = htonl(0x00007140);
    dp_actions_output(&l, 2);
    put(&l, DP_ACTION_POP_MPLS, 0x0800);
    dp_actions_output(&l, 3);
    run(super_packet(2500, 1000), &l);
    assert_int_equal(n_events, 7);
    assert_int_equal(events[0].p->gso_type, GSO_TCPV4);
    for (unsigned i = 1; i < 7; i++) {
        struct packet *p = events[i].p;
        assert_int_equal(events[i].arg, i % 2 ? 2 : 3);
        assert_int_equal(p->gso_type, GSO_NONE);
        assert_int_equal(p->len, (i < 5 ? 1054 : 554) + (i % 2) * 4);
        parse_key(p, &key);
        assert_int_equal(key.mpls_lse[0], i % 2 ? htonl(0x00007140) : 0);
        p->csum = CSUM_UNKNOWN;
        assert_true(csum_l4_ok(p));
    }
    forget();
}

static void put_type(struct dp_actions *l, enum dp_set_header header, uint16_t eth_type,
                     uint8_t ip_proto)
{
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);

    s->a.u32 = header;
    if (header == DP_SET_ETH_TYPE) {
        s->value.eth_type = htons(eth_type);
        s->mask.eth_type = UINT16_MAX;
    } else {
        s->value.ip_proto = ip_proto;
        s->mask.ip_proto = UINT8_MAX;
    }
}

/* Nor where the payload is hidden otherwise; its checksum is completed before. */
static void test_hidden_super_frame(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        enum dp_set_header header = way == 1 ? DP_SET_ETH_TYPE : DP_SET_IP_PROTO;
        if (way) {
            put_type(&l, header, 0x88b5, 99);
        } else {
            put(&l, DP_ACTION_PUSH_PBB, 7);
        }
        dp_actions_output(&l, 2);
        if (way) {
            put_type(&l, header, 0x0800, 6);
        } else {
            put(&l, DP_ACTION_POP_PBB, 0);
        }
        dp_actions_output(&l, 3);
        run(super_packet(2500, 1000), &l);
        assert_int_equal(n_events, 6);
        for (unsigned i = 0; i < 6; i++) {
            struct packet *p = events[i].p;
            struct key key;
            assert_int_equal(events[i].arg, i % 2 ? 3 : 2);
            assert_int_equal(p->gso_type, GSO_NONE);
            assert_int_equal(p->len, (i < 4 ? 1054 : 554) + (way || i % 2 ? 0 : 18));
            parse_key(p, &key);
            assert_int_equal(key.pbb_isid, way || i % 2 ? 0 : htonl(7));
            assert_int_equal(key.ip_proto, i % 2 ? 6 : way == 2 ? 99 : 0);
            p->csum = CSUM_UNKNOWN;
            assert_true(csum_l4_ok(p));
        }
        forget();
    }
}

static void test_userspace(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct key key;

    put_userspace(&l, 7);
    dp_actions_output(&l, 1);
    run(super_packet(2500, 1000), &l);
    assert_int_equal(n_events, 4);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(events[i].kind, USERSPACE);
        assert_int_equal(events[i].arg, 7);
        parse_key(events[i].p, &key);
        events[i].p->csum = CSUM_UNKNOWN;
        assert_true(csum_l4_ok(events[i].p));
        assert_int_equal(events[i].p->csum, CSUM_VALID);
    }
    assert_int_equal(events[3].kind, OUT);
    forget();

    put(&l, DP_ACTION_TRUNC, 50);
    put_userspace(&l, 8);
    run(tcp_packet(100), &l);
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].p->len, 50);
    forget();
}

static void nest(struct dp_actions *l, unsigned depth)
{
    if (depth == 0) {
        put_set_ttl(l, 1);
        dp_actions_output(l, 5);
        return;
    }
    size_t ofs = dp_actions_clone_begin(l);
    nest(l, depth - 1);
    dp_actions_clone_end(l, ofs);
}

static void test_clone(void **state)
{
    (void)state;
    for (unsigned depth = 1; depth < 20; depth++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        nest(&l, depth);
        dp_actions_output(&l, 6);
        nest(&l, depth);
        run(tcp_packet(5), &l);
        unsigned i = 0;
        if (depth < EXEC_MAX_DEPTH) {
            assert_int_equal(n_events, 3);
            assert_int_equal(events[i].arg, 5);
            assert_int_equal(events[i++].p->data[22], 1);
        } else {
            assert_int_equal(n_events, 1);
        }
        assert_int_equal(events[i].arg, 6);
        assert_int_equal(events[i].p->data[22], 64);
        forget();
    }
}

/* How many of 20,000 packets the nested list gets; the packet itself stays as it was. */
static unsigned count_sampled(uint32_t probability, uint64_t *random)
{
    unsigned n = 0;

    env.random = random;
    for (unsigned i = 0; i < 20000; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        size_t ofs = dp_actions_sample_begin(&l, probability);
        put_set_ttl(&l, 1);
        put_userspace(&l, 9);
        dp_actions_sample_end(&l, ofs);
        dp_actions_output(&l, 6);
        run(tcp_packet(5), &l);
        assert_in_range(n_events, 1, 2);
        if (n_events == 2) {
            n++;
            assert_int_equal(events[0].kind, USERSPACE);
            assert_int_equal(events[0].arg, 9);
            assert_int_equal(events[0].p->data[22], 1);
        }
        assert_int_equal(events[n_events - 1].kind, OUT);
        assert_int_equal(events[n_events - 1].p->data[22], 64);
        forget();
    }
    env.random = NULL;
    return n;
}

static void test_sample(void **state)
{
    (void)state;
    uint64_t random = 1, again = 1;

    assert_int_equal(count_sampled(DP_SAMPLE_ALWAYS, NULL), 20000);
    assert_int_equal(count_sampled(DP_SAMPLE_ALWAYS, &random), 20000);
    assert_int_equal(random, 1); /* Nothing was left to chance. */
    assert_int_equal(count_sampled(0, &random), 0);
    assert_int_equal(count_sampled(DP_SAMPLE_ALWAYS / 2, NULL), 0);
    random = 1;
    /* Ten standard deviations around what is expected. */
    unsigned half = count_sampled(UINT32_C(1) << 31, &random);
    assert_in_range(half, 10000 - 710, 10000 + 710);
    assert_in_range(count_sampled(UINT32_MAX / 100, &random), 200 - 140, 200 + 140);
    assert_int_equal(count_sampled(UINT32_C(1) << 31, &again), half);
}

static void test_overflow(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    size_t ofs = dp_actions_clone_begin(&l);
    for (unsigned i = 0; i < DP_ACTIONS_MAX / 8; i++) {
        dp_actions_output(&l, i);
    }
    dp_actions_clone_end(&l, ofs);
    assert_true(l.overflow);
    memset(dp_actions_put(&l, DP_ACTION_USERSPACE, 60000), 1, 60000);
    dp_actions_output(&l, 1);
    assert_true(l.overflow);
    assert_int_equal(l.len, 0);
    dp_actions_clear(&l);
    assert_false(l.overflow);
    dp_actions_output(&l, 1);
    assert_int_equal(l.len, 8);
    dp_actions_deinit(&l);
}

/* Any list on any packet: nothing is lost, nothing is freed twice (the sanitizer looks). */
static void random_list(struct dp_actions *l, unsigned depth)
{
    for (uint32_t n = random_below(6); n; n--) {
        uint32_t type = random_below(DP_ACTION_N);
        if (type == DP_ACTION_SET) {
            uint32_t header = random_below(DP_SET_TUNNEL + 1);
            uint8_t n_opt = header == DP_SET_TUNNEL ? (uint8_t)(4 * random_below(64)) : 0;
            struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s + n_opt);
            random_bytes(&s->value, sizeof s->value);
            random_bytes(&s->mask, sizeof s->mask);
            random_bytes(s->options, n_opt);
            s->a.u32 = header;
            if (header == DP_SET_TUNNEL) {
                s->value.tunnel.opt_len = n_opt;
            }
        } else if (type == DP_ACTION_CLONE) {
            size_t ofs = dp_actions_clone_begin(l);
            if (depth < 4) {
                random_list(l, depth + 1);
            }
            dp_actions_clone_end(l, ofs);
        } else if (type == DP_ACTION_SAMPLE) {
            size_t ofs = dp_actions_sample_begin(l, random_below(2) ? DP_SAMPLE_ALWAYS : 0);
            if (depth < 4) {
                random_list(l, depth + 1);
            }
            dp_actions_sample_end(l, ofs);
        } else if (type == DP_ACTION_CHECK_PKT_LEN) {
            size_t ofs = l->len;
            dp_actions_put(l, type, sizeof(struct dp_action_check_pkt_len));
            size_t gt = l->len;
            if (depth < 4) {
                random_list(l, depth + 1);
            }
            size_t le = l->len;
            if (depth < 4) {
                random_list(l, depth + 1);
            }
            struct dp_action_check_pkt_len *c = (void *)(l->data + ofs);
            c->a.u32 = random_below(200);
            c->a.len = (uint16_t)(l->len - ofs);
            c->gt_len = (uint32_t)(le - gt);
            c->le_len = (uint32_t)(l->len - le);
        } else if (type == DP_ACTION_CT) {
            put_ct(l, 1);
        } else if (type == DP_ACTION_USERSPACE) {
            put_userspace(l, 1);
        } else if (type == DP_ACTION_PUSH_MPLS) {
            struct dp_action_push_mpls *m = dp_actions_put(l, type, sizeof *m);
            m->eth_type = htons(0x8847);
            random_bytes(&m->lse, 4);
        } else {
            put(l, type, type == DP_ACTION_TRUNC ? random_below(200) : (uint32_t)rand());
        }
    }
}

static void test_random_lists(void **state)
{
    (void)state;
    struct packet_pool *pool = packet_pool_new(200, 2, 3);
    for (unsigned i = 0; i < 5000; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        struct key key;
        random_key(&key);
        struct packet *p = compose_packet(&key, "0123456789abcdefghijklmnopqrstuvwxyz", 36);
        if (p->l4_ofs != PACKET_NO_OFS && random_below(2)) {
            p->csum = CSUM_PARTIAL;
            p->csum_start = p->l4_ofs;
            p->csum_ofs = key.ip_proto == 6 ? 16 : 6;
            p->gso_type = (uint8_t)random_below(4);
            p->gso_size = 10;
        }
        env.pool = random_below(3) ? NULL : pool;
        random_list(&l, 0);
        run(p, &l);
        forget();
    }
    packet_pool_free(pool);
    env.pool = NULL;
}

/* What the tracker drops goes no further, and is freed. */
static void test_ct_drops(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    n_events = 0;
    put_ct(&l, 666);
    put(&l, DP_ACTION_OUTPUT, 1);
    run(tcp_packet(5), &l);
    assert_int_equal(n_events, 0);
}

/* A fragment that is held goes no further; what was put together is cut for each output. */
static void test_fragments(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        struct packet *p = tcp_packet(50);
        n_events = 0;
        put_be16(p->data + p->l3_ofs + 6, later ? 0x2005 : 0x2000);
        put_ct(&l, 1);
        put(&l, DP_ACTION_OUTPUT, 1);
        put(&l, DP_ACTION_OUTPUT, 2);
        run(p, &l);
        assert_int_equal(n_events, later ? 6 : 0); /* 70 bytes as 24, 24, 22. */
        for (unsigned i = 0; i < n_events; i++) {
            assert_int_equal(events[i].arg, 1 + i / 3);
            assert_in_range(events[i].p->len, 14 + 20 + 22, 14 + 44);
            packet_free(events[i].p);
        }
        n_events = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ct_drops),
        cmocka_unit_test(test_ct_nat),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_output_and_ownership),
        cmocka_unit_test(test_no_buffer),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_ct_recirc),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_trunc),
        cmocka_unit_test(test_label_on_super_frame),
        cmocka_unit_test(test_hidden_super_frame),
        cmocka_unit_test(test_userspace),
        cmocka_unit_test(test_clone),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_random_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
