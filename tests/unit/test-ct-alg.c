/* test-ct-alg.c - helpers: lines of FTP, what they expect; TFTP. */
#include "tests/unit/ct-ftp.h"

#include "lib/counter.h"
#include "lib/ct/ct_alg-private.h"
#include "tests/unit/ct-memstore.h"

/* ---- lines ---- */

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        bool server;
        const char *line, *want; /* Address, port, and what stands for it; NULL: nothing. */
    } cases[] = {
        {false, "PORT 10,0,0,1,4,1", "10.0.0.1 1025 [10,0,0,1,4,1]"},
        {false, "port  10,0,0,1,255,255\r", "10.0.0.1 65535 [10,0,0,1,255,255]"},
        {false, "PORT 10,0,0,1,3,255", NULL}, /* Privileged. */
        {false, "PORT 10,0,0,1,0,0", NULL},
        {false, "PORT 10,0,0,256,4,1", NULL},
        {false, "PORT 10,0,0,1,4", NULL},
        {false, "PORT 10,0,0,1,4,", NULL},
        {false, "PORT 10,0,0,1,4,1234", NULL},
        {false, "PORT 10.0.0.1,4,1", NULL},
        {false, "PORT -1,0,0,1,4,1", NULL},
        {false, "PORT", NULL},
        {false, "PORT ", NULL},
        {false, "PORT10,0,0,1,4,1", NULL},
        {false, "XPORT 10,0,0,1,4,1", NULL},
        {false, "EPRT |1|10.0.0.1|6446|", "10.0.0.1 6446 [10.0.0.1|6446]"},
        {false, "eprt !1!10.0.0.1!6446!\r", "10.0.0.1 6446 [10.0.0.1!6446]"},
        {false, "EPRT |2|fc00::1|6446|", "fc00::1 6446 [fc00::1|6446]"},
        {false, "EPRT |2|10.0.0.1|6446|", NULL},
        {false, "EPRT |3|10.0.0.1|6446|", NULL},
        {false, "EPRT |1|10.0.0.1|66446|", NULL},
        {false, "EPRT |1|10.0.0.1|6446", NULL},
        {false, "EPRT |1|10.0.0.1|6446a|", NULL},
        {false, "EPRT |1||6446|", NULL},
        {false, "EPRT |1|", NULL},
        {false, "EPRT |2|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|1|", NULL},
        {false, "227 Entering (10,0,0,1,4,1)", NULL}, /* A client says no such thing. */
        {true, "PORT 10,0,0,1,4,1", NULL},
        {true, "227 Entering Passive Mode (10,0,0,2,4,1).", "10.0.0.2 1025 [10,0,0,2,4,1]"},
        {true, "227 =10,0,0,2,4,1", "10.0.0.2 1025 [10,0,0,2,4,1]"},
        {true, "227 10,0,0,2,4,1", "10.0.0.2 1025 [10,0,0,2,4,1]"},
        {true, "227-10,0,0,2,4,1", NULL},
        {true, "227 ", NULL},
        {true, "2270 (10,0,0,2,4,1)", NULL},
        {true, "229 Entering Extended Passive Mode (|||6446|)", "- 6446 [6446]"},
        {true, "229 (!!!6446!)", "- 6446 [6446]"},
        {true, "229 (|||80|)", NULL},
        {true, "229 (||6446|)", NULL},
        {true, "229 (|||6446", NULL},
        {true, "229 (|||", NULL},
        {true, "229 |||6446|", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t n = strlen(cases[i].line);
        char *line = malloc(n + 1); /* The end is where the line ends, for sanitizers. */
        memcpy(line, cases[i].line, n);
        line = realloc(line, n ? n : 1);
        struct ct_ftp f;
        char got[200] = "", addr[INET6_ADDRSTRLEN] = "-";
        if (ct_ftp_parse(line, n, !cases[i].server, &f)) {
            if (f.form != CT_FTP_229) {
                inet_ntop(f.is_ip6 ? AF_INET6 : AF_INET, f.addr, addr, sizeof addr);
            }
            snprintf(got, sizeof got, "%s %u [%.*s]", addr, f.port, (int)(f.end - f.begin),
                     f.begin);
            char same[CT_FTP_TEXT];
            assert_int_equal(ct_ftp_format(&f, f.addr, f.port, same), f.end - f.begin);
            assert_memory_equal(same, f.begin, (size_t)(f.end - f.begin));
            assert_true(ct_ftp_has_arguments(line, n, !cases[i].server));
        }
        for (size_t k = 0; k < n && cases[i].want; k++) {
            assert_true(ct_ftp_may_be(line, k, !cases[i].server));
        }
        assert_string_equal(got, cases[i].want ? cases[i].want : "");
        free(line);
    }
}

/* ---- a control connection ---- */

static void test_active(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ftp t;
        ftp_open(&t, ip6, NULL);
        const char *line = ip6 ? "EPRT |2|fc00::1|5000|\r\n" : "PORT 10,0,0,1,19,136\r\n";
        assert_string_equal(data(&t, 2, 1, 5000, false, true), "new 0 2:20>1:5000");
        assert_string_equal(say(&t, false, line), line);
        assert_string_equal(data(&t, 2, 1, 5001, false, true), "new 0 2:20>1:5001");
        assert_string_equal(data(&t, 3, 1, 5000, false, true), "new 0 3:20>1:5000");
        assert_string_equal(data(&t, 2, 1, 5000, false, true), "new|rel 5 2:20>1:5000");
        assert_string_equal(data(&t, 2, 1, 5000, true, true), "new|rel 5 2:20>1:5000");
        struct frame f = {.ip6 = ip6,
                          .proto = IPPROTO_HDR_TCP,
                          .a = 2,
                          .b = 1,
                          .sport = 20,
                          .dport = 5000,
                          .back = true,
                          .flags = SYN | ACK,
                          .ack = 1,
                          .seq = 9};
        struct packet_ct r = run(t.ct, &f, &(struct ct_args){0}).ct;
        assert_state(r, "est|rel|rpl"); /* For as long as it lives. */
        assert_int_equal(r.mark, 5);
        /* Once: the next on that port is nobody's. */
        struct frame again = {.ip6 = ip6,
                              .proto = IPPROTO_HDR_TCP,
                              .a = 2,
                              .b = 1,
                              .sport = 21,
                              .dport = 5000,
                              .flags = SYN};
        assert_state(run(t.ct, &again, &(struct ct_args){0}).ct, "new");
        /* The control connection goes: what it expected is not expected any more. */
        line = ip6 ? "EPRT |2|fc00::1|5002|\r\n" : "PORT 10,0,0,1,19,138\r\n";
        say(&t, false, line);
        ct_flush(t.ct, &(struct ct_filter){0}, T0);
        assert_string_equal(data(&t, 2, 1, 5002, false, true), "new 0 2:20>1:5002");
        ct_free(t.ct);
    }
}

static void test_passive(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ftp t;
        ftp_open(&t, ip6, NULL);
        say(&t, false, ip6 ? "EPSV\r\n" : "PASV\r\n");
        say(&t, true, ip6 ? "229 Entering (|||5000|)\r\n" : "227 Entering (10,0,0,2,19,136)\r\n");
        assert_string_equal(data(&t, 1, 2, 5000, true, false), "new|rel 5 1:3000>2:5000");
        ct_free(t.ct);
    }
}

/* What is not believed. */
static void test_forged(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "PORT 10,0,0,9,19,136\r\n",           /* Another host's address. */
        "NOOP PORT 10,0,0,1,19,136\r\n",      /* Not where a line begins. */
        "PORT 10,0,0,1,0,22\r\n",             /* A privileged port. */
        "227 Entering (10,0,0,1,19,136)\r\n", /* From the wrong side. */
        "EPRT |2|fc00::1|5000|\r\n",          /* Another family. */
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct ftp t;
        ftp_open(&t, false, NULL);
        assert_string_equal(say(&t, false, lines[i]), lines[i]);
        assert_string_equal(data(&t, 2, 1, 5000, false, true), "new 0 2:20>1:5000");
        assert_string_equal(data(&t, 2, 9, 5000, false, true), "new 0 2:20>9:5000");
        assert_string_equal(data(&t, 2, 1, 22, false, true), "new 0 2:20>1:22");
        ct_free(t.ct);
    }
    /* The middle of a line, although a segment begins there. */
    struct ftp t;
    ftp_open(&t, false, NULL);
    say(&t, true, "550 No such file: ");
    say(&t, true, "227 Entering (10,0,0,2,19,136)\r\n");
    assert_string_equal(data(&t, 1, 2, 5000, false, false), "new 0 1:3000>2:5000");
    say(&t, true, "227 Entering (10,0,0,2,19,136)\r\n");
    assert_string_equal(data(&t, 1, 2, 5000, false, false), "new|rel 5 1:3000>2:5000");
    ct_free(t.ct);
}

/* A line in pieces, without translation: at each place, and byte by byte. */
static void test_split(void **state)
{
    (void)state;
    static const char line[] = "NOOP\r\nPORT 10,0,0,1,19,136\r\n";
    for (size_t at = 1; at < sizeof line - 1; at++) {
        struct ftp t;
        char part[64];
        ftp_open(&t, false, NULL);
        snprintf(part, sizeof part, "%.*s", (int)at, line);
        struct ftp before = t;
        say(&t, false, part);
        before.got[1] = t.got[1];
        struct ftp saved = t;
        t.seq[0] = before.seq[0]; /* The first comes once more. */
        t.got[0] = before.got[0];
        say(&t, false, part);
        assert_int_equal(t.seq[0], saved.seq[0]);
        say(&t, false, line + at);
        assert_string_equal(data(&t, 2, 1, 5000, false, true), "new|rel 5 2:20>1:5000");
        ct_free(t.ct);
    }
    struct ftp t;
    ftp_open(&t, false, NULL);
    for (const char *s = line; *s; s++) {
        say(&t, false, (char[]){*s, '\0'});
    }
    assert_string_equal(data(&t, 2, 1, 5000, false, true), "new|rel 5 2:20>1:5000");
    /* A line without end is no memory: the next one is read. */
    for (int i = 0; i < 50; i++) {
        say(&t, false, "PORT 111111111111111111111111111111");
    }
    say(&t, false, "\r\nPORT 10,0,0,1,19,137\r\n");
    assert_string_equal(data(&t, 2, 1, 5001, false, true), "new|rel 5 2:20>1:5001");
    ct_free(t.ct);
}

static void test_limits(void **state)
{
    (void)state;
    struct ftp t;
    ftp_open(&t, false, NULL);
    for (int i = 0; i < 20; i++) {
        char line[64];
        snprintf(line, sizeof line, "PORT 10,0,0,1,19,%d\r\n", 136 + i);
        say(&t, false, line);
    }
    unsigned n = 0;
    for (uint16_t i = 0; i < 20; i++) {
        n += strstr(data(&t, 2, 1, 5000 + i, false, true), "rel") != NULL;
    }
    assert_int_equal(n, CT_EXPECT_PER_MASTER);
    /* In time they go too. */
    struct frame f = {
        .proto = IPPROTO_HDR_TCP, .a = 2, .b = 1, .sport = 20, .dport = 5019, .flags = SYN};
    assert_state(run_args(t.ct, &f, &(struct ct_args){0}, T0 + CT_EXPECT_MS - 1), "new|rel");
    assert_state(run_args(t.ct, &f, &(struct ct_args){0}, T0 + CT_EXPECT_MS), "new");
    ct_free(t.ct);
}

static void test_tftp(void **state)
{
    (void)state;
    for (int translated = 0; translated < 2; translated++) {
        struct ct *ct = new_ct();
        struct ct_nat nat = nat_of(false, CT_NAT_SRC, 50, 50, 4000, 4000);
        struct frame f = {.proto = IPPROTO_HDR_UDP, .dport = 69};
        struct ct_args args = {
            .commit = true, .alg = 69, .nat = translated ? &nat : NULL, .mark = 3, .mark_mask = 3};
        struct packet *p = text_packet(f, "\1\1name");
        uint8_t *opcode = p->data + 14 + 28;
        opcode[0] = 0;
        csum_l4_set(p);
        p->csum = CSUM_UNKNOWN;
        assert_int_equal(ct_execute(ct, p, &args, T0), CT_GOES_ON);
        packet_free(p);
        struct frame d = {.proto = IPPROTO_HDR_UDP,
                          .a = 2,
                          .b = translated ? 50 : 1,
                          .sport = 7777,
                          .dport = translated ? 4000 : 1000};
        struct result r = run(ct, &d, &(struct ct_args){.commit = true, .nat = &bare});
        assert_int_equal(r.ct.state & ~(CS_SNAT | CS_DNAT), CS_TRK | CS_NEW | CS_REL);
        assert_int_equal(r.ct.mark, 3);
        assert_string_equal(r.text, "2:7777>1:1000");
        struct frame ack = {.proto = IPPROTO_HDR_UDP, .a = 1, .b = 2, .sport = 1000, .dport = 7777};
        r = run(ct, &ack, &(struct ct_args){.nat = &bare});
        assert_int_equal(r.ct.state & ~(CS_SNAT | CS_DNAT), CS_TRK | CS_EST | CS_RPL | CS_REL);
        assert_string_equal(r.text, translated ? "50:4000>2:7777" : "1:1000>2:7777");
        ct_free(ct);
    }
}

/* ---- what the next process expects ---- */

static void next_process(struct ftp *t, struct memstore *m, int64_t now)
{
    struct ct_adopted a;
    ct_free(t->ct);
    t->ct = memstore_open(m, now, &a);
    assert_null(a.refused);
    assert_true(a.n_kept >= 1);
}

#define EXPECTS     7    /* The part of the store that has what is expected. */
#define EXPECTS_TOP 2600 /* Bytes: the first of them ends before. */

/* A byte of it is damaged, each in turn: it is expected, or it is not. */
static void damage(struct ftp *t, struct memstore *m)
{
    uint8_t was[EXPECTS_TOP], now[EXPECTS_TOP];
    off_t at = (off_t)memstore_part(m, EXPECTS);
    unsigned n[2] = {0};
    assert_int_equal(pread(m->fd, was, sizeof was, at), sizeof was);
    for (size_t i = 0; i < sizeof was; i += i < 2000 ? 501 : 3) {
        memcpy(now, was, sizeof now);
        now[i] ^= 0xff;
        assert_int_equal(pwrite(m->fd, now, sizeof now, at), sizeof now);
        next_process(t, m, T0);
        n[!strcmp(data(t, 2, 1, 5000, false, true), "new 0 2:20>1:5000")]++;
    }
    assert_true(n[0] > 5 && n[1] > 5);
    assert_int_equal(pwrite(m->fd, was, sizeof was, at), sizeof was);
    next_process(t, m, T0);
}

static void test_next_process(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct memstore m;
        struct ct_adopted a;
        struct ftp t;
        memstore_init(&m);
        ftp_begin(&t, memstore_open(&m, T0, &a), ip6, NULL);
        say(&t, false, ip6 ? "EPRT |2|fc00::1|5000|\r\n" : "PORT 10,0,0,1,19,136\r\n");
        damage(&t, &m);
        say(&t, false, ip6 ? "EPRT |2|fc00::1|5001|\r\n" : "PORT 10,0,0,1,19,137\r\n");
        /* It ends in the middle of a line. */
        say(&t, false, ip6 ? "EPRT |2|fc00::" : "PORT 10,0,0,");
        next_process(&t, &m, T0);
        say(&t, false, ip6 ? "1|5002|\r\n" : "1,19,138\r\n");
        assert_string_equal(data(&t, 2, 1, 5001, true, true), "new|rel 5 2:20>1:5001");
        assert_string_equal(data(&t, 2, 1, 5002, false, true), "new|rel 5 2:20>1:5002");
        assert_string_equal(data(&t, 2, 1, 5003, false, true), "new 0 2:20>1:5003");
        /* Too late. */
        assert_string_equal(data(&t, 2, 1, 5000, false, true), "new|rel 5 2:20>1:5000");
        next_process(&t, &m, T0 + CT_EXPECT_MS);
        assert_string_equal(data(&t, 2, 1, 5000, false, true), "new 0 2:20>1:5000");
        ct_free(t.ct);
        memstore_deinit(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),   cmocka_unit_test(test_active),
        cmocka_unit_test(test_passive), cmocka_unit_test(test_forged),
        cmocka_unit_test(test_split),   cmocka_unit_test(test_limits),
        cmocka_unit_test(test_tftp),    cmocka_unit_test(test_next_process),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
