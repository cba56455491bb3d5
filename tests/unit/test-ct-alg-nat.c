/* test-ct-alg-nat.c - helpers under translation: streams that are rewritten, segments that come
 * once more, what ICMP errors quote of such streams. */
#include "tests/unit/ct-ftp.h"

#include "lib/ct/ct-private.h"
#include "lib/ct/ct_alg-private.h"

static void test_snat(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct_nat nat = nat_of(ip6, CT_NAT_SRC, 50, 50, 0, 0);
        struct ftp t;
        ftp_open(&t, ip6, &nat);
        for (unsigned i = 0; i < 3; i++) { /* Longer, and longer again: both streams go on. */
            char line[64], want[64], text[64];
            snprintf(line, sizeof line, ip6 ? "EPRT |2|fc00::1|%u|\r\n" : "PORT 10,0,0,1,19,%u\r\n",
                     (ip6 ? 5000 : 136) + i);
            snprintf(want, sizeof want,
                     ip6 ? "EPRT |2|fc00::32|%u|\r\n" : "PORT 10,0,0,50,19,%u\r\n",
                     (ip6 ? 5000 : 136) + i);
            struct ftp before = t;
            assert_string_equal(say(&t, false, line), want);
            struct ftp after = t;
            t.seq[0] = before.seq[0]; /* Sent once more: the same once more. */
            t.got[0] = before.got[0];
            assert_string_equal(say(&t, false, line), want);
            assert_int_equal(t.got[0], after.got[0]);
            assert_string_equal(say(&t, true, "200 OK\r\n"), "200 OK\r\n");
            assert_string_equal(say(&t, false, "NOOP\r\n"), "NOOP\r\n");
            snprintf(text, sizeof text, "new|rel 5 2:20>1:%u", 5000 + i);
            assert_string_equal(data(&t, 2, 50, (uint16_t)(5000 + i), true, true), text);
        }
        /* The server's passive port needs no other address. */
        say(&t, true, ip6 ? "229 (|||6000|)\r\n" : "227 (10,0,0,2,23,112)\r\n");
        assert_string_equal(data(&t, 1, 2, 6000, true, false), "new|rel 5 50:3000>2:6000");
        ct_free(t.ct);
    }
}

static void test_dnat(void **state)
{
    (void)state;
    struct ct_nat nat = nat_of(false, CT_NAT_DST, 2, 2, 0, 0);
    struct ftp t;
    ftp_open(&t, false, &nat);
    assert_string_equal(say(&t, true, "227 Entering Passive Mode (10,0,0,2,19,136).\r\n"),
                        "227 Entering Passive Mode (10,0,0,64,19,136).\r\n");
    assert_string_equal(data(&t, 1, 64, 5000, true, false), "new|rel 5 1:3000>2:5000");
    assert_string_equal(say(&t, false, "PORT 10,0,0,1,19,137\r\n"), "PORT 10,0,0,1,19,137\r\n");
    assert_string_equal(data(&t, 2, 1, 5001, true, true), "new|rel 5 64:20>1:5001");
    ct_free(t.ct);
}

/* Two clients behind one address name the same port. */
static void test_same_port(void **state)
{
    (void)state;
    struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
    struct ftp t;
    ftp_open(&t, false, &nat);
    assert_string_equal(say(&t, false, "PORT 10,0,0,1,19,136\r\n"), "PORT 10,0,0,50,19,136\r\n");
    struct frame f = {
        .proto = IPPROTO_HDR_TCP, .a = 7, .dport = 21, .sport = 1001, .flags = SYN, .seq = 1};
    struct ct_args commit_args = {.commit = true, .alg = 21, .nat = &nat};
    run(t.ct, &f, &commit_args);
    struct frame back = answer(&f, "50:1001>2:21");
    run(t.ct, &back, &nat_only);
    f.flags = ACK;
    f.seq = 2;
    f.ack = 501;
    struct packet *p = text_packet(f, "PORT 10,0,0,7,19,136\r\n");
    ct_execute(t.ct, p, &nat_only, T0);
    assert_memory_equal(p->data + 14 + 40, "PORT 10,0,0,50,19,137\r\n", 23);
    packet_free(p);
    struct frame d = {
        .proto = IPPROTO_HDR_TCP, .a = 2, .b = 50, .sport = 20, .dport = 5001, .flags = SYN};
    struct result r = run(t.ct, &d, &(struct ct_args){.commit = true, .nat = &bare});
    assert_state(r.ct, "new|rel");
    assert_string_equal(r.text, "2:20>7:5000");
    assert_int_equal(r.ct.orig_tp_src, htons(1001));
    ct_free(t.ct);
}

/* Under translation a place in pieces cannot be rewritten: it is held back, then let go. */
static void test_held(void **state)
{
    (void)state;
    struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
    struct ftp t;
    ftp_open(&t, false, &nat);
    assert_string_equal(say(&t, false, "PO"), "PO");
    for (int i = 0; i < 2; i++) {
        assert_string_equal(say(&t, false, "RT 10,0,0,1,"), "dropped");
    }
    assert_string_equal(say(&t, false, "RT 10,0,0,1,19,136\r\n"), "RT 10,0,0,50,19,136\r\n");
    for (int i = 0; i < 3; i++) {
        assert_string_equal(say(&t, false, "PORT 10,0,0,1,"), "dropped");
    }
    assert_string_equal(say(&t, false, "PORT 10,0,0,1,"), "PORT 10,0,0,1,");
    assert_string_equal(say(&t, false, "19,137\r\n"), "19,137\r\n");
    assert_string_equal(data(&t, 2, 50, 5001, false, true), "new 0 2:20>50:5001");
    ct_free(t.ct);
}

/* The segment comes once more behind the connection that it announced: it is read as it was, and
 * nothing is waited for a second time, until the same place is named anew. */
static void test_repeated(void **state)
{
    (void)state;
    for (int translated = 0; translated < 2; translated++) {
        struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 0, 0);
        struct ftp t;
        ftp_open(&t, false, translated ? &nat : NULL);
        const uint8_t client = translated ? 50 : 1;
        const char *line = "PORT 10,0,0,1,19,136\r\n";
        const char *want = translated ? "PORT 10,0,0,50,19,136\r\n" : line;
        const char *related = "new|rel 5 2:20>1:5000";
        struct ftp before = t;
        assert_string_equal(say(&t, false, line), want);
        assert_string_equal(data(&t, 2, client, 5000, true, true), related);
        struct ftp after = t;
        t.seq[0] = before.seq[0];
        t.got[0] = before.got[0];
        assert_string_equal(say(&t, false, line), want);
        assert_int_equal(t.got[0], after.got[0]);
        struct frame f = {.proto = IPPROTO_HDR_TCP,
                          .a = 2,
                          .b = client,
                          .sport = 21,
                          .dport = 5000,
                          .flags = SYN};
        assert_state(run(t.ct, &f, &nat_only).ct, "new");
        assert_string_equal(say(&t, false, line), want);
        assert_state(run(t.ct, &f, &nat_only).ct, "new|rel");
        ct_free(t.ct);
    }
}

/* What has come makes room for what is waited for. */
static void test_taken_are_the_first_to_go(void **state)
{
    (void)state;
    struct ftp t;
    struct ct_expect e = {.zone = 1, .expires_ms = T0 + CT_EXPECT_MS};
    struct ct_lookup q = {.key = {.proto = IPPROTO_HDR_TCP, .zone = 1}};
    struct ct_expects *x;
    uint32_t pos = 0, n = 0;
    ftp_open(&t, false, NULL);
    x = t.ct->expects;
    e.tuple.proto = e.to.proto = IPPROTO_HDR_TCP;
    for (uint32_t i = 0; i + 1 < 2 * CT_EXPECT_MAX; i++) {
        e.master = (struct ct_ref){1 + i / 4, 1};
        e.asked = q.key.port[1] = htons((uint16_t)(2000 + i));
        e.tuple.port[1] = e.to.port[1] = e.asked;
        assert_int_equal(ct_expect_add(x, &e, false, T0), e.asked);
        if (i % 2) {
            struct ct_expect got;
            assert_true(ct_expect_find(x, &q, true, T0, &got));
            assert_false(ct_expect_find(x, &q, true, T0, &got));
        }
    }
    while (ct_expect_next(x, &pos, T0, &e)) {
        n++;
    }
    assert_int_equal(n, CT_EXPECT_MAX);
    ct_free(t.ct);
}

/* An ICMP error quotes what the other end got; who sent it must know its own numbers again. */
static void test_quoted(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct_nat nat = nat_of(ip6, CT_NAT_SRC, 50, 50, 0, 0);
        struct ftp t;
        ftp_open(&t, ip6, &nat);
        for (unsigned i = 0; i < 2; i++) {
            say(&t, false, ip6 ? "EPRT |2|fc00::1|5000|\r\n" : "PORT 10,0,0,1,19,136\r\n");
        }
        const uint32_t own = t.seq[0], seen = t.got[0];
        assert_int_not_equal(own, seen);
        for (uint32_t n = 8; n <= 20; n += 12) { /* With its checksum, and without. */
            struct frame f = {.ip6 = ip6,
                              .proto = IPPROTO_HDR_TCP,
                              .a = 50,
                              .sport = 1000,
                              .dport = 21,
                              .flags = ACK,
                              .seq = seen};
            struct packet *quoted = frame_packet(&f);
            f = (struct frame){.ip6 = ip6,
                               .proto = ip6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP,
                               .back = true,
                               .a = 50,
                               .type = ip6 ? 1 : 3,
                               .code = ip6 ? 4 : 4,
                               .quote = quoted->data + 14,
                               .n_quote = (ip6 ? 40 : 20) + n};
            struct packet *p = frame_packet(&f);
            assert_int_equal(ct_execute(t.ct, p, &nat_only, T0), CT_GOES_ON);
            assert_state(p->ct, "rel|rpl");
            check_sums(p);
            uint8_t *l3 = p->data + p->l3_ofs + (ip6 ? 40 : 20) + 8, *l4 = l3 + (ip6 ? 40 : 20);
            assert_int_equal(get_be32(l4 + 4), own);
            if (n == 20) { /* The quoted segment is what was sent: its sum is right again. */
                struct ip_info ip;
                assert_true(ip_parse(l3, 60, true, &ip));
                assert_int_equal(csum_fold(csum_add(csum_pseudo(l3, &ip, 20), l4, 20)), 0);
            }
            packet_free(quoted);
            packet_free(p);
        }
        ct_free(t.ct);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snat),      cmocka_unit_test(test_dnat),
        cmocka_unit_test(test_same_port), cmocka_unit_test(test_held),
        cmocka_unit_test(test_repeated),  cmocka_unit_test(test_taken_are_the_first_to_go),
        cmocka_unit_test(test_quoted),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
