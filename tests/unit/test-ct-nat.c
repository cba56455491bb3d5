/* test-ct-nat.c - address translation: packets, and what ICMP errors quote, rewritten both ways. */
#include "tests/unit/ct-nat.h"

/* An ICMP error about the packet, from its receiver or from a router (77), to its sender. */
static struct packet *error_about(const struct frame *quoted, bool router, uint32_t n_l4)
{
    struct packet *q = frame_packet(quoted);
    uint32_t l3 = quoted->ip6 ? 40 : 20;
    struct frame e = *quoted;
    e.proto = quoted->ip6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP;
    e.type = 3;
    e.back = !quoted->back;
    if (router) {
        *(quoted->back ? &e.a : &e.b) = 77;
    }
    e.quote = q->data + 14;
    e.n_quote = MIN(l3 + n_l4, q->len - 14);
    struct packet *p = frame_packet(&e);
    packet_free(q);
    return p;
}

/* What the error quotes after the tracker has seen it, as an answer to it would be: like the
 * packets that go the error's way. */
static void check_error(struct ct *ct, const struct frame *quoted, uint8_t state, const char *want,
                        const char *want_outer)
{
    static const uint32_t cuts[] = {8, 20, 1000};
    for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
        struct packet *p = error_about(quoted, true, cuts[i]);
        assert_int_equal(ct_execute(ct, p, &nat_only, T0), CT_GOES_ON);
        assert_int_equal(p->ct.state, state);
        check_sums(p);
        struct text t = TEXT_INIT;
        uint32_t l3 = p->l3_ofs + (quoted->ip6 ? 40u : 20u) + 8u;
        put_tuple(&t, p->data + l3, true);
        assert_string_equal(text_cstr(&t), want);
        if (!quoted->ip6) {
            assert_int_equal(csum(p->data + l3, 20), 0); /* The quoted header's own. */
        }
        unsigned end = quoted->ip6 ? 23 : 15, size = quoted->ip6 ? 16 : 4;
        const uint8_t *l3p = p->data + p->l3_ofs;
        char outer[32];
        snprintf(outer, sizeof outer, "%u>%u", l3p[end], l3p[end + size]);
        assert_string_equal(outer, want_outer);
        /* All of it is there: its transport checksum is right again (SCTP's is left as it is). */
        if (cuts[i] == 1000 && quoted->proto != IPPROTO_HDR_SCTP) {
            uint32_t n = p->len - l3;
            struct packet *in = packet_new(14 + n);
            memcpy(packet_put(in, 14 + n), p->data, 14);
            memcpy(in->data + 14, p->data + l3, n);
            struct key key;
            parse_key(in, &key);
            check_sums(in);
            packet_free(in);
        }
        text_deinit(&t);
        packet_free(p);
    }
}

struct nat_case {
    uint8_t flags, min, max;
    uint16_t port_min, port_max;
    const char *want, *want_icmp;             /* The first packet's tuple; NULL: the same. */
    uint8_t state;                            /* Of packets of the original direction. */
    const char *want_outer, *want_outer_back; /* Errors about the reply and about the request. */
};
static const struct nat_case nat_cases[] = {
    {CT_NAT_SRC, 50, 50, 0, 0, "50:1000>2:80", "50:1000>2:1000", CS_SNAT, "50>2", "77>1"},
    {CT_NAT_SRC, 50, 50, 7000, 7000, "50:7000>2:80", "50:7000>2:7000", CS_SNAT, "50>2", "77>1"},
    {CT_NAT_SRC, 50, 50, 900, 1100, "50:1000>2:80", "50:1000>2:1000", CS_SNAT, "50>2", "77>1"},
    {CT_NAT_DST, 60, 60, 0, 0, "1:1000>60:80", "1:1000>60:1000", CS_DNAT, "77>60", "2>1"},
    {CT_NAT_DST, 60, 60, 8080, 8080, "1:1000>60:8080", "1:1000>60:1000", CS_DNAT, "77>60", "2>1"},
    {CT_NAT_DST, 0, 0, 0, 0, "1:1000>2:80", "1:1000>2:1000", 0, "77>2", "77>1"},
    {CT_NAT_SRC, 0, 0, 0, 0, "1:1000>2:80", "1:1000>2:1000", 0, "77>2", "77>1"},
};

static void run_case(const struct nat_case *c, uint8_t proto, bool ip6)
{
    struct ct *ct = new_ct();
    bool icmp = proto == IPPROTO_HDR_ICMP;
    struct frame f = {.ip6 = ip6, .proto = icmp && ip6 ? IPPROTO_HDR_ICMP6 : proto, .len = 31};
    f.type = icmp ? (ip6 ? 128 : 8) : 0;
    f.flags = SYN;
    f.seq = proto == IPPROTO_HDR_TCP ? 100 : 0;
    struct ct_nat nat = nat_of(ip6, c->flags, c->min, c->max, c->port_min, c->port_max);
    char plain[64];
    snprintf(plain, sizeof plain, "1:1000>2:%u", icmp ? 1000 : 80);

    /* Not yet committed: nothing to apply. */
    struct result r = run(ct, &f, &nat_only);
    assert_string_equal(r.text, plain);
    assert_int_equal(r.ct.state, CS_TRK | CS_NEW);
    r = commit(ct, &f, &nat);
    const char *want = icmp ? c->want_icmp : c->want;
    assert_string_equal(r.text, want);
    assert_int_equal(r.ct.state, CS_TRK | CS_NEW | c->state);
    assert_int_equal(ct_count(ct), 1);
    /* The original tuple is from before. */
    assert_int_equal(r.ct.orig_src[ip6 ? 15 : 3], 1);
    assert_int_equal(r.ct.orig_dst[ip6 ? 15 : 3], 2);

    /* Once more, with another translation asked for: as the connection has it. */
    struct ct_nat other = nat_of(ip6, CT_NAT_SRC, 99, 99, 0, 0);
    r = commit(ct, &f, &other);
    assert_string_equal(r.text, want);
    assert_int_equal(r.ct.state, CS_TRK | CS_NEW | c->state);

    /* The answer, without nat and with. */
    uint8_t back = c->state ? c->state ^ (CS_SNAT | CS_DNAT) : 0;
    struct frame reply = answer(&f, want);
    r = run(ct, &reply, &(struct ct_args){0});
    assert_int_equal(r.ct.state, CS_TRK | CS_EST | CS_RPL);
    struct packet *p = frame_packet(&reply);
    assert_string_equal(r.text, tuple_text(p));
    packet_free(p);
    r = run(ct, &reply, &nat_only);
    assert_int_equal(r.ct.state, CS_TRK | CS_EST | CS_RPL | back);
    snprintf(plain, sizeof plain, "2:%u>1:1000", icmp ? 1000 : 80);
    assert_string_equal(r.text, plain);

    /* Errors about the answer (as a router on the way saw it) go the original way. */
    struct frame seen = reply;
    seen.a = 1;
    seen.b = 2;
    seen.sport = 1000;
    seen.dport = 80;
    check_error(ct, &seen, CS_TRK | CS_REL | c->state, want, c->want_outer);
    /* And about the translated request. */
    seen = f;
    seen.a = reply.a;
    seen.b = reply.b;
    seen.sport = reply.sport;
    seen.dport = reply.dport;
    check_error(ct, &seen, CS_TRK | CS_REL | CS_RPL | back, plain, c->want_outer_back);
    ct_flush(ct, &(struct ct_filter){0}, T0);
    assert_int_equal(ct_count(ct), 0);
    if (c->state) {
        assert_int_not_equal(run(ct, &reply, &nat_only).ct.state, CS_TRK | CS_EST | CS_RPL);
    }
    ct_free(ct);
}

static void test_rewrite(void **state)
{
    (void)state;
    static const uint8_t protos[] = {IPPROTO_HDR_TCP, IPPROTO_HDR_UDP, IPPROTO_HDR_SCTP,
                                     IPPROTO_HDR_ICMP, IPPROTO_HDR_DCCP};
    for (size_t i = 0; i < ARRAY_SIZE(nat_cases); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(protos); j++) {
            run_case(&nat_cases[i], protos[j], false);
            run_case(&nat_cases[i], protos[j], true);
        }
    }
}

/* A sum that is still to be completed holds the translated pseudo-header. */
static void test_partial(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct *ct = new_ct();
        struct frame f = {.ip6 = ip6, .proto = IPPROTO_HDR_TCP, .flags = SYN, .len = 100};
        struct ct_nat nat = nat_of(ip6, CT_NAT_SRC, 50, 50, 3000, 3000);
        struct packet *p = frame_packet(&f);
        struct ip_info ip;
        assert_true(ip_packet(p, &ip));
        p->csum = CSUM_PARTIAL;
        p->csum_start = (uint16_t)(p->l3_ofs + ip.l4_ofs);
        p->csum_ofs = 16;
        uint8_t *l4 = p->data + p->csum_start;
        be16 sum = (be16)~csum_fold(csum_pseudo(p->data + p->l3_ofs, &ip, ip.l4_len));
        memcpy(l4 + 16, &sum, 2);
        assert_int_equal(ct_execute(ct, p, &(struct ct_args){.commit = true, .nat = &nat}, T0),
                         CT_GOES_ON);
        assert_string_equal(tuple_text(p), "50:3000>2:80");
        assert_int_equal(p->csum, CSUM_PARTIAL);
        csum_complete(p);
        check_sums(p);
        packet_free(p);
        ct_free(ct);
    }
}

static void test_second_pass(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP, .len = 4};
    struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
    struct ct_args args = {.commit = true, .nat = &nat};
    struct packet *p = frame_packet(&f);
    /* First state alone, then the translation, then once more: it is done once. */
    ct_execute(ct, p, &(struct ct_args){0}, T0);
    ct_execute(ct, p, &args, T0);
    assert_string_equal(tuple_text(p), "50:1000>2:80");
    ct_execute(ct, p, &args, T0);
    assert_string_equal(tuple_text(p), "50:1000>2:80");
    assert_int_equal(p->ct.state, CS_TRK | CS_NEW | CS_SNAT);
    /* In another zone it is another connection, seen as it is now. */
    struct ct_nat dnat = nat_of(false, CT_NAT_DST, 60, 60, 0, 0);
    ct_execute(ct, p, &(struct ct_args){.commit = true, .zone = 1, .nat = &dnat}, T0);
    assert_string_equal(tuple_text(p), "50:1000>60:80");
    assert_int_equal(p->ct.state, CS_TRK | CS_NEW | CS_DNAT);
    check_sums(p);
    packet_free(p);
    /* Of a known connection: state first, then nat; an error likewise. */
    p = frame_packet(&f);
    ct_execute(ct, p, &(struct ct_args){0}, T0);
    assert_string_equal(tuple_text(p), "1:1000>2:80");
    ct_execute(ct, p, &nat_only, T0);
    assert_string_equal(tuple_text(p), "50:1000>2:80");
    packet_free(p);
    struct frame seen = {.proto = IPPROTO_HDR_UDP, .a = 50, .len = 4};
    p = error_about(&seen, true, 8);
    ct_execute(ct, p, &(struct ct_args){0}, T0);
    assert_int_equal(p->data[14 + 19], 50);
    ct_execute(ct, p, &nat_only, T0);
    assert_int_equal(p->data[14 + 19], 1);
    assert_int_equal(p->data[14 + 20 + 8 + 15], 1);
    check_sums(p);
    packet_free(p);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rewrite),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_second_pass),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
