/* test-ct.c - the tracker, all but TCP's states: protocols, errors, zones, commit, marks. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/mem.h"

#define T0 INT64_C(5000000)

static struct ct *new_ct(void)
{
    struct ct_config config = {.max_conns = 1000, .hash_seed = 99};
    struct ct *ct = ct_new(&config);
    assert_non_null(ct);
    return ct;
}

/* ---- connections without states of their own ---- */

struct step {
    struct frame f;
    int s; /* Seconds that pass before it. */
    const char *want;
};

static void run_steps(const char *name, const struct step *steps, bool ip6)
{
    struct ct *ct = new_ct();
    int64_t now = T0;
    for (const struct step *st = steps; st->want; st++) {
        struct frame f = st->f;
        f.ip6 = ip6;
        if (ip6 && f.proto == IPPROTO_HDR_ICMP) {
            f.proto = IPPROTO_HDR_ICMP6;
            f.type = f.type == 8 ? 128 : f.type == 0 ? 129 : f.type;
        }
        now += st->s * 1000;
        char buf[32];
        struct packet_ct got = run_commit(ct, &f, 0, now);
        if (strcmp(state_text(got.state, buf), st->want)) {
            fail_msg("%s%s, step %d: %s instead of %s", name, ip6 ? " (IPv6)" : "",
                     (int)(st - steps), buf, st->want);
        }
    }
    ct_free(ct);
}

#define UDP4(...)  .f = {.proto = IPPROTO_HDR_UDP, __VA_ARGS__}
#define ICMP4(...) .f = {.proto = IPPROTO_HDR_ICMP, __VA_ARGS__}

static const struct step udp[] = {{UDP4(.len = 5), .want = "new"},
                                  {UDP4(.len = 5), .want = "new"},
                                  {UDP4(.len = 5), .s = 59, .want = "new"}, /* udp_single. */
                                  {UDP4(.back = true), .s = 59, .want = "est|rpl"},
                                  {UDP4(.len = 5), .s = 29, .want = "est"}, /* udp_multiple. */
                                  {UDP4(.back = true), .s = 29, .want = "est|rpl"},
                                  {UDP4(.back = true), .s = 30, .want = "new"},
                                  {UDP4(.back = true, .sport = 1001), .want = "new"},
                                  {UDP4(.back = false),
                                   .want = "est|rpl"}, /* The committer was B. */
                                  {UDP4(.sport = 7), .want = "new"},
                                  {UDP4(.sport = 7, .back = true), .s = 60, .want = "new"},
                                  {.want = NULL}};
static const struct step udp_same_ports[] = {{UDP4(.sport = 53, .dport = 53), .want = "new"},
                                             {UDP4(.sport = 53, .dport = 53), .want = "new"},
                                             {UDP4(.sport = 53, .dport = 53, .back = true),
                                              .want = "est|rpl"},
                                             {UDP4(.sport = 53, .dport = 53), .want = "est"},
                                             {.want = NULL}};
static const struct step echo[] = {
    {ICMP4(.type = 0, .back = true), .want = "inv"}, /* A reply to nothing. */
    {ICMP4(.type = 8), .want = "new"},
    {ICMP4(.type = 8), .want = "new"},
    {ICMP4(.type = 0), .want = "inv"}, /* From the wrong side. */
    {ICMP4(.type = 0, .back = true), .want = "est|rpl"},
    {ICMP4(.type = 8), .want = "est"},
    {ICMP4(.type = 8, .back = true), .want = "new"}, /* B's own, with the same id. */
    {ICMP4(.type = 0), .want = "est|rpl"},
    {ICMP4(.type = 0, .back = true, .sport = 9), .want = "inv"},
    {ICMP4(.type = 0, .back = true), .s = 29, .want = "est|rpl"},
    {ICMP4(.type = 0, .back = true), .s = 30, .want = "inv"},
    {ICMP4(.type = 8), .want = "new"},
    {ICMP4(.type = 0, .back = true), .s = 59, .want = "est|rpl"}, /* icmp_first. */
    {.want = NULL}};
static const struct step icmp4[] = {{ICMP4(.type = 13), .want = "new"},
                                    {ICMP4(.type = 14, .back = true), .want = "est|rpl"},
                                    {ICMP4(.type = 16, .back = true), .want = "inv"},
                                    {ICMP4(.type = 15), .want = "new"},
                                    {ICMP4(.type = 16, .back = true), .want = "est|rpl"},
                                    {ICMP4(.type = 18, .back = true), .want = "inv"},
                                    {ICMP4(.type = 17), .want = "new"},
                                    {ICMP4(.type = 18, .back = true), .want = "est|rpl"},
                                    {ICMP4(.type = 37), .want = "inv"},
                                    {ICMP4(.type = 9), .want = "inv"},
                                    {ICMP4(.type = 3), .want = "inv"}, /* Quotes nothing. */
                                    {ICMP4(.type = 128), .want = "inv"},
                                    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 128},
                                     .want = "inv"}, /* Over IPv4. */
                                    {.want = NULL}};
static const struct step icmp6[] = {
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 135, .len = 16}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 136, .len = 16}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 133, .len = 16}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 130, .len = 16}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 143, .len = 16}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 8}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 1}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 140, .back = true}, .want = "inv"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 139}, .want = "new"},
    {.f = {.proto = IPPROTO_HDR_ICMP6, .type = 140, .back = true}, .want = "est|rpl"},
    {.want = NULL}};
static const struct step other[] = {
    {.f = {.proto = 33}, .want = "new"},
    {.f = {.proto = 33, .back = true, .dport = 81}, .want = "new"},
    {.f = {.proto = 33, .back = true}, .want = "est|rpl"},
    {.f = {.proto = 47, .len = 5}, .want = "new"},
    {.f = {.proto = 47, .back = true}, .s = 29, .want = "est|rpl"},
    {.f = {.proto = 47}, .s = 179, .want = "est"},
    {.f = {.proto = 47}, .s = 180, .want = "new"},
    {.f = {.proto = 99, .len = 20}, .want = "new"},
    {.f = {.proto = 99, .len = 2}, .want = "new"},
    {.f = {.proto = 99, .back = true}, .want = "est|rpl"},
    {.f = {.proto = 99}, .want = "est"},
    {.f = {.proto = IPPROTO_HDR_SCTP}, .want = "new"},
    {.f = {.proto = IPPROTO_HDR_SCTP, .back = true, .dport = 81}, .want = "new"},
    {.f = {.proto = IPPROTO_HDR_SCTP, .back = true}, .want = "est|rpl"},
    {.want = NULL}};

static void test_protocols(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        run_steps("udp", udp, ip6);
        run_steps("udp, same ports", udp_same_ports, ip6);
        run_steps("echo", echo, ip6);
        run_steps("other", other, ip6);
    }
    run_steps("icmp", icmp4, false);
    run_steps("icmp6", icmp6, true);
}

/* ---- what is seen on the packet ---- */

static void test_fields(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP};
    struct ct_args args = {.zone = 7, .mark = 5, .mark_mask = 0xff};
    struct packet_ct r = run_args(ct, &f, &args, T0);
    assert_state(r, "new");
    assert_int_equal(r.zone, 7);
    assert_int_equal(r.mark, 0); /* Written only with commit. */
    assert_int_equal(r.conn.generation, 0);
    assert_int_equal(r.orig_proto, 17);
    assert_int_equal(r.orig_tp_src, htons(1000));
    assert_memory_equal(r.orig_src, "\x0a\0\0\1", 4);
    assert_int_equal(ct_count(ct), 0);

    args.commit = true;
    args.label[15] = 0xbb;
    memset(args.label_mask + 8, 0xff, 8);
    r = run_args(ct, &f, &args, T0);
    assert_state(r, "new");
    assert_int_equal(r.mark, 5);
    assert_int_equal(r.label[15], 0xbb);
    assert_int_equal(ct_count(ct), 1);

    /* Masked writes, by a reply too; what the mask leaves out stays. */
    args = (struct ct_args){.zone = 7, .commit = true, .mark = 0xa00, .mark_mask = 0xf00};
    args.label[0] = 0xff;
    args.label_mask[0] = 0x81;
    f.back = true;
    r = run_args(ct, &f, &args, T0);
    assert_state(r, "est|rpl");
    assert_int_equal(r.mark, 0xa05);
    assert_int_equal(r.label[0], 0x81);
    assert_int_equal(r.label[15], 0xbb);
    assert_memory_equal(r.orig_src, "\x0a\0\0\1", 4); /* Still the original direction's. */
    assert_int_equal(r.orig_tp_dst, htons(80));
    assert_int_equal(ct_count(ct), 1);

    /* An invalid packet has the zone and nothing else. */
    f.proto = IPPROTO_HDR_ICMP;
    f.type = 37;
    r = run_args(ct, &f, &args, T0);
    struct packet_ct inv = {.state = CS_TRK | CS_INV,
                            .zone = 7,
                            .inv_reason = r.inv_reason}; /* Not on the key. */
    assert_memory_equal(&r, &inv, sizeof r);

    /* ICMP: type and code for ports. */
    struct frame e = {.ip6 = true, .proto = IPPROTO_HDR_ICMP6, .type = 128, .code = 3};
    r = run_args(ct, &e, &args, T0);
    e.back = true;
    e.type = 129;
    r = run_args(ct, &e, &args, T0);
    assert_state(r, "est|rpl");
    assert_true(r.orig_is_ip6);
    assert_int_equal(r.orig_tp_src, htons(128));
    assert_int_equal(r.orig_tp_dst, htons(3));
    ct_free(ct);
}

static void test_zones(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP}, back = {.proto = IPPROTO_HDR_UDP, .back = true};
    run_commit(ct, &f, 1, T0);
    assert_state(run_commit(ct, &back, 2, T0), "new"); /* In 2, B is the original side. */
    assert_state(run_commit(ct, &back, 1, T0), "est|rpl");
    assert_state(run_commit(ct, &f, 2, T0), "est|rpl");
    assert_state(run_commit(ct, &f, 1, T0), "est");
    assert_int_equal(ct_count(ct), 2);

    /* From one zone to another in one pass: looked up afresh. */
    struct packet *p = frame_packet(&f);
    ct_execute(ct, p, &(struct ct_args){.zone = 1}, T0);
    assert_state(p->ct, "est");
    ct_execute(ct, p, &(struct ct_args){.zone = 3}, T0);
    assert_state(p->ct, "new");
    assert_int_equal(p->ct.zone, 3);
    ct_clear(p);
    assert_true(is_all_zeros(&p->ct, sizeof p->ct));
    packet_free(p);
    ct_free(ct);
}

static uint64_t packets_of_first(struct ct *ct)
{
    struct ct_filter all = {0};
    struct ct_info info = {0};
    assert_int_equal(ct_dump(ct, &all, &(uint32_t){0}, &info, 1, T0), 1);
    return info.packets[0] + info.packets[1];
}

static void test_same_zone_twice(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP};
    struct ct_args args = {.commit = true, .mark = 1, .mark_mask = 1};
    struct packet *p = frame_packet(&f);
    ct_execute(ct, p, &args, T0);
    struct frame back = {.proto = IPPROTO_HDR_UDP, .back = true};
    run_args(ct, &back, &args, T0);
    assert_int_equal(packets_of_first(ct), 2);
    /* The packet was tracked in this zone: still new, not counted again, and mark is written. */
    args.mark = args.mark_mask = 2;
    ct_execute(ct, p, &args, T0);
    assert_state(p->ct, "new");
    assert_int_equal(p->ct.mark, 3);
    assert_int_equal(packets_of_first(ct), 2);
    /* Its connection went away: looked up afresh. */
    ct_flush(ct, &(struct ct_filter){0}, T0);
    ct_execute(ct, p, &args, T0);
    assert_state(p->ct, "new");
    assert_int_equal(p->ct.mark, 2);
    packet_free(p);
    ct_free(ct);
}

static void test_force(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP}, back = {.proto = IPPROTO_HDR_UDP, .back = true};
    struct ct_args commit = {.commit = true, .mark = 9, .mark_mask = 0xff};
    struct ct_args force = {.commit = true, .force = true};
    run_args(ct, &f, &commit, T0);
    assert_state(run_args(ct, &f, &force, T0), "new"); /* Same direction: no effect. */
    assert_state(run_args(ct, &back, &commit, T0), "est|rpl");
    assert_int_equal(ct_count(ct), 1);
    /* From B: B's is the original direction now. */
    struct packet_ct r = run_args(ct, &back, &force, T0);
    assert_state(r, "new");
    assert_int_equal(r.mark, 0);
    assert_memory_equal(r.orig_src, "\x0a\0\0\2", 4);
    assert_int_equal(ct_count(ct), 1);
    assert_state(run_args(ct, &f, &commit, T0), "est|rpl");
    /* In a second pass too. */
    struct packet *p = frame_packet(&f);
    ct_execute(ct, p, &(struct ct_args){0}, T0);
    assert_state(p->ct, "est|rpl");
    ct_execute(ct, p, &force, T0);
    assert_state(p->ct, "new");
    packet_free(p);
    ct_free(ct);
}

static void test_uncommitted_is_forgotten(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP}, back = {.proto = IPPROTO_HDR_UDP, .back = true};
    assert_state(run_args(ct, &f, &(struct ct_args){0}, T0), "new");
    assert_state(run_args(ct, &back, &(struct ct_args){0}, T0), "new");
    assert_int_equal(ct_count(ct), 0);
    ct_free(ct);
}

/* ---- ICMP errors ---- */

/* An error that B or a router (C) sends to A about 'quoted', of which 'n_l4' bytes are left. */
static struct packet_ct run_error(struct ct *ct, const struct frame *quoted, uint8_t type,
                                  uint32_t n_l4, const struct ct_args *args)
{
    struct packet *q = frame_packet(quoted);
    uint32_t l3 = quoted->ip6 ? 40 : 20;
    assert_true(q->len - 14 - l3 >= n_l4);
    struct frame e = {.ip6 = quoted->ip6,
                      .proto = quoted->ip6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP,
                      .b = 77, /* The router. */
                      .back = true,
                      .type = type,
                      .quote = q->data + 14,
                      .n_quote = l3 + n_l4};
    struct packet_ct r = run_args(ct, &e, args, T0);
    packet_free(q);
    return r;
}

static void test_related(void **state)
{
    (void)state;
    static const uint8_t types[2][6] = {{3, 4, 5, 11, 12, 0}, {1, 2, 3, 4, 0, 0}};
    static const uint8_t protos[] = {IPPROTO_HDR_UDP, IPPROTO_HDR_TCP, IPPROTO_HDR_SCTP};
    for (int ip6 = 0; ip6 < 2; ip6++) {
        for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
            struct ct *ct = new_ct();
            struct frame f = {.ip6 = ip6, .proto = protos[i], .flags = SYN, .len = 30};
            struct ct_args args = {.zone = 4, .commit = true, .mark = 6, .mark_mask = 0xff};
            struct ct_args plain = {.zone = 4}, elsewhere = {.zone = 5};
            args.label[3] = args.label_mask[3] = 0x33;
            run_args(ct, &f, &args, T0);
            for (const uint8_t *t = types[ip6]; *t; t++) {
                struct packet_ct r = run_error(ct, &f, *t, 8, &plain);
                assert_state(r, "rel|rpl");
                assert_int_equal(r.mark, 6);
                assert_int_equal(r.label[3], 0x33);
                assert_int_equal(r.orig_proto, protos[i]);
                assert_int_equal(r.orig_tp_src, htons(1000));
                assert_int_equal(r.orig_src[ip6 ? 15 : 3], 1);
                assert_state(run_error(ct, &f, *t, 30, &plain), "rel|rpl");
                assert_state(run_error(ct, &f, *t, 7, &plain), "inv");
                assert_state(run_error(ct, &f, *t, 8, &elsewhere), "inv");
            }
            struct frame back = f, stranger = f;
            back.back = true;
            assert_state(run_error(ct, &back, types[ip6][0], 8, &plain), "rel");
            stranger.dport = 81;
            assert_state(run_error(ct, &stranger, types[ip6][0], 8, &plain), "inv");
            /* It neither confirms the connection nor makes one. */
            assert_int_equal(ct_count(ct), 1);
            assert_state(run_args(ct, &f, &args, T0), "new");
            /* A commit on it writes into the connection it is about. */
            args.mark = 0x70;
            args.mark_mask = 0xf0;
            assert_int_equal(run_error(ct, &f, types[ip6][0], 8, &args).mark, 0x76);
            ct_free(ct);
        }
    }
}

static void test_related_echo(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct *ct = new_ct();
        struct ct_args args = {.commit = true};
        struct frame f = {.ip6 = ip6, .proto = ip6 ? 58 : 1, .type = ip6 ? 128 : 8};
        struct frame reply = f;
        reply.type = ip6 ? 129 : 0;
        reply.back = true;
        run_args(ct, &f, &args, T0);
        struct packet_ct r = run_error(ct, &f, ip6 ? 1 : 3, 8, &args);
        assert_state(r, "rel|rpl");
        assert_int_equal(r.orig_tp_src, htons(f.type));
        assert_state(run_error(ct, &reply, ip6 ? 1 : 3, 8, &args), "rel");
        f.sport = 4;
        assert_state(run_error(ct, &f, ip6 ? 1 : 3, 8, &args), "inv");
        f.type = ip6 ? 1 : 3; /* An error about an error. */
        assert_state(run_error(ct, &f, ip6 ? 1 : 3, 8, &args), "inv");
        ct_free(ct);
    }
}

/* ---- malformed ---- */

static uint8_t execute_state(struct ct *ct, struct packet *p)
{
    struct key key;
    parse_key(p, &key);
    ct_clear(p);
    ct_execute(ct, p, &(struct ct_args){.zone = 1}, T0);
    return p->ct.state;
}

static void test_checksums(void **state)
{
    (void)state;
    static const uint8_t protos[] = {6, 17, 132, 1};
    struct ct *ct = new_ct();
    for (size_t i = 0; i < 8; i++) {
        struct frame f = {.ip6 = i >= 4, .proto = protos[i % 4], .flags = SYN, .len = 9, .type = 8};
        if (f.proto == IPPROTO_HDR_SCTP) {
            f.type = 1; /* INIT */
        }
        if (f.ip6 && f.proto == 1) {
            f.proto = 58;
            f.type = 128;
        }
        struct packet *p = frame_packet(&f);
        assert_int_equal(execute_state(ct, p), CS_TRK | CS_NEW);
        p->data[p->len - 1] ^= 1;
        p->csum = CSUM_UNKNOWN;
        assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
        assert_int_equal(p->csum, CSUM_BAD);
        p->csum = CSUM_PARTIAL;
        assert_int_equal(execute_state(ct, p), CS_TRK | CS_NEW);
        p->csum = CSUM_VALID;
        assert_int_equal(execute_state(ct, p), CS_TRK | CS_NEW);
        p->data[14 + (f.ip6 ? 8 : 12)] ^= 1; /* An IPv4 header has a checksum of its own. */
        assert_int_equal(execute_state(ct, p), f.ip6 ? CS_TRK | CS_NEW : CS_TRK | CS_INV);
        packet_free(p);
    }
    ct_free(ct);
}

static void test_not_trackable(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame f = {.proto = IPPROTO_HDR_UDP, .len = 40};
    struct packet *p = frame_packet(&f);
    p->csum = CSUM_VALID;
    put_be16(p->data + 12, 0x0806); /* Not IP at all. */
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    put_be16(p->data + 12, 0x86dd); /* The other version. */
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    put_be16(p->data + 12, 0x0800);
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_NEW);

    uint8_t *ip = p->data + 14;
    struct {
        uint16_t frag;
        uint8_t want;
    } frags[] = {{0x2000, CS_NEW}, {0x4000, CS_NEW}, {0x0001, CS_INV}, {0x2003, CS_INV}};
    for (size_t i = 0; i < ARRAY_SIZE(frags); i++) {
        put_be16(ip + 6, frags[i].frag);
        put_be16(ip + 10, 0);
        be16 sum = csum(ip, 20);
        memcpy(ip + 10, &sum, 2);
        assert_int_equal(execute_state(ct, p), CS_TRK | frags[i].want);
    }
    packet_free(p);

    /* UDP length, TCP header length, port 0. */
    p = frame_packet(&f);
    p->csum = CSUM_VALID;
    put_be16(p->data + 38, 49);
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    put_be16(p->data + 38, 7);
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    put_be16(p->data + 38, 48);
    put_be16(p->data + 34, 0);
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    packet_free(p);
    struct frame tcp = {.proto = IPPROTO_HDR_TCP, .flags = SYN};
    p = frame_packet(&tcp);
    p->csum = CSUM_VALID;
    p->data[14 + 20 + 12] = 6 << 4;
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    p->data[14 + 20 + 12] = 4 << 4;
    assert_int_equal(execute_state(ct, p), CS_TRK | CS_INV);
    packet_free(p);
    ct_free(ct);
}

/* Each length, each byte flipped: no crash, and the tracker's answer is one of its own. */
static void test_mutations(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame inner = {.proto = IPPROTO_HDR_TCP, .flags = SYN, .wscale = 4};
    struct frame inner6 = {.ip6 = true, .proto = IPPROTO_HDR_UDP, .len = 9};
    struct packet *q = frame_packet(&inner), *q6 = frame_packet(&inner6);
    struct frame frames[] = {
        inner,
        inner6,
        {.proto = 1, .type = 8, .len = 10},
        {.proto = IPPROTO_HDR_SCTP},
        {.proto = 1, .type = 3, .quote = q->data + 14, .n_quote = q->len - 14},
        {.ip6 = true, .proto = 58, .type = 1, .quote = q6->data + 14, .n_quote = q6->len - 14},
        {.ip6 = true, .proto = 43, .len = 48},
    };
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        struct packet *good = frame_packet(&frames[i]);
        for (uint32_t n = 0; n < 3 * good->len; n++) {
            uint32_t at = n / 3;
            /* The heap copy ends where the frame ends, so that sanitizers see each overrun. */
            uint8_t *bytes = xmemdup(good->data, good->len);
            bytes[at] ^= (uint8_t)(n % 3 == 0 ? 0 : n % 3 == 1 ? 0xff : 1u << at % 8);
            struct packet *p = packet_new_data(bytes, n % 3 ? good->len : at);
            for (int c = 0; c < 2; c++) {
                p->csum = c ? CSUM_VALID : CSUM_UNKNOWN;
                struct key key;
                parse_key(p, &key);
                ct_clear(p);
                ct_execute(ct, p, &(struct ct_args){.commit = n & 1}, T0);
                assert_true(p->ct.state & CS_TRK);
                assert_true(!(p->ct.state & CS_INV) || p->ct.state == (CS_TRK | CS_INV));
                assert_int_not_equal(p->ct.state & (CS_NEW | CS_EST), CS_NEW | CS_EST);
            }
            packet_free(p);
            free(bytes);
        }
        packet_free(good);
        rcu_quiescent_state();
    }
    packet_free(q);
    packet_free(q6);
    ct_free(ct);
}

static void test_super_frame(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct frame syn = {.proto = 6, .flags = SYN, .seq = 100};
    struct frame synack = {
        .proto = 6, .flags = SYN | ACK, .seq = 500, .ack = 101, .back = true, .win = 60000};
    struct frame ack = {.proto = 6, .flags = ACK, .seq = 101, .ack = 501, .len = 60000};
    run_commit(ct, &syn, 0, T0);
    run_commit(ct, &synack, 0, T0);
    struct packet *p = frame_packet(&ack);
    p->gso_type = GSO_TCPV4;
    p->gso_size = 1460;
    p->csum = CSUM_PARTIAL;
    ct_execute(ct, p, &(struct ct_args){0}, T0);
    assert_state(p->ct, "est");
    packet_free(p);
    ack.seq = 60101; /* The whole of it was seen: nothing is left of the window. */
    ack.len = 1;
    assert_state(run_commit(ct, &ack, 0, T0), "inv");
    struct ct_info info;
    ct_dump(ct, &(struct ct_filter){0}, &(uint32_t){0}, &info, 1, T0);
    assert_int_equal(info.packets[0], 2);
    assert_int_equal(info.bytes[0], 40 + 40 + 60000);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protocols), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_zones),     cmocka_unit_test(test_same_zone_twice),
        cmocka_unit_test(test_force),     cmocka_unit_test(test_uncommitted_is_forgotten),
        cmocka_unit_test(test_related),   cmocka_unit_test(test_related_echo),
        cmocka_unit_test(test_checksums), cmocka_unit_test(test_not_trackable),
        cmocka_unit_test(test_mutations), cmocka_unit_test(test_super_frame),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
