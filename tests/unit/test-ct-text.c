/* test-ct-text.c - the dump's text, and what flush-conntrack takes. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#define T0 INT64_C(5000000)

static struct ct_info sample(uint8_t proto, const char *sport, const char *dport)
{
    struct ct_info i = {.zone = 1, .mark = 170, .timeout_ms = 28999};
    i.label[11] = 0xbb;
    i.orig.proto = i.reply.proto = proto;
    be32 a = inet_addr("10.1.1.1"), b = inet_addr("10.1.1.2");
    memcpy(i.orig.src, &a, 4);
    memcpy(i.orig.dst, &b, 4);
    memcpy(i.reply.src, &b, 4);
    memcpy(i.reply.dst, &a, 4);
    i.orig.src_port = i.reply.dst_port = htons((uint16_t)atoi(sport));
    i.orig.dst_port = i.reply.src_port = htons((uint16_t)atoi(dport));
    return i;
}

static void check_format(const struct ct_info *i, bool more, bool stats, const char *want)
{
    struct text t = TEXT_INIT;
    ct_info_format(i, more, stats, T0, INT64_C(1700000000123), &t);
    assert_string_equal(text_cstr(&t), want);
    text_deinit(&t);
}

#define UDP_TUPLES                                                                   \
    "udp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=4000,dport=5353),reply=(src=10.1.1.2" \
    ",dst=10.1.1.1,sport=5353,dport=4000)"

static void test_format(void **state)
{
    (void)state;
    struct ct_info i = sample(17, "4000", "5353");
    check_format(&i, false, false, UDP_TUPLES ",zone=1,mark=170,labels=0xbb00000000");
    check_format(&i, false, true, UDP_TUPLES ",zone=1,timeout=28,mark=170,labels=0xbb00000000");
    check_format(&i, true, false, UDP_TUPLES ",id=0,zone=1,status=0,mark=170,labels=0xbb00000000");
    i.zone = 0;
    i.mark = 0;
    memset(i.label, 0, 16);
    check_format(&i, false, false, UDP_TUPLES);
    i.packets[0] = 3;
    i.bytes[0] = 300;
    i.start_ms = T0 - 1000;
    check_format(&i, false, true,
                 "udp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=4000,dport=5353,packets=3,bytes=300)"
                 ",reply=(src=10.1.1.2,dst=10.1.1.1,sport=5353,dport=4000)"
                 ",start=2023-11-14T22:13:19.123,timeout=28");

    i = sample(1, "1742", "1742");
    i.orig.icmp_type = 8;
    check_format(&i, false, false,
                 "icmp,orig=(src=10.1.1.1,dst=10.1.1.2,id=1742,type=8,code=0),reply=(src=10.1.1.2,"
                 "dst=10.1.1.1,id=1742,type=0,code=0),zone=1,mark=170,labels=0xbb00000000");

    i = sample(6, "40000", "8080");
    i.timeout_ms = 86399999;
    i.tcp_state[0] = i.tcp_state[1] = CT_TCP_ESTABLISHED;
    i.tcp_wscale[0] = i.tcp_wscale[1] = 10;
    i.tcp_flags[0] = i.tcp_flags[1] = CT_TCP_F_WINDOW_SCALE;
#define TCP_TUPLES                                                                    \
    "tcp,orig=(src=10.1.1.1,dst=10.1.1.2,sport=40000,dport=8080),reply=(src=10.1.1.2" \
    ",dst=10.1.1.1,sport=8080,dport=40000)"
    check_format(&i, false, true,
                 TCP_TUPLES ",zone=1,timeout=86399,mark=170,labels=0xbb00000000"
                            ",protoinfo=(state=ESTABLISHED)");
    check_format(&i, true, false,
                 TCP_TUPLES ",id=0,zone=1,status=0,mark=170,labels=0xbb00000000,protoinfo=("
                            "state_orig=ESTABLISHED,state_reply=ESTABLISHED,wscale_orig=10,"
                            "wscale_reply=10,flags_orig=WINDOW_SCALE,flags_reply=WINDOW_SCALE)");
    memset(i.label, 0, 16);
    i.tcp_state[0] = CT_TCP_FIN_WAIT_2;
    i.tcp_wscale[0] = i.tcp_wscale[1] = 0;
    i.tcp_flags[0] = CT_TCP_F_WINDOW_SCALE | CT_TCP_F_BE_LIBERAL;
    i.tcp_flags[1] = 0;
    i.alg = 21;
    check_format(&i, false, false,
                 TCP_TUPLES ",zone=1,mark=170,protoinfo=(state=TIME_WAIT),helper=ftp");
    check_format(&i, true, false,
                 TCP_TUPLES ",id=0,zone=1,status=0,mark=170,protoinfo=(state_orig=FIN_WAIT_2,"
                            "state_reply=ESTABLISHED,flags_orig=WINDOW_SCALE|BE_LIBERAL,"
                            "flags_reply=0),helper=ftp");
    i = sample(99, "0", "0");
    i.orig.is_ip6 = i.reply.is_ip6 = true;
    memset(i.orig.src, 0, 16);
    memset(i.orig.dst, 0, 16);
    memset(i.reply.src, 0, 16);
    memset(i.reply.dst, 0, 16);
    i.orig.src[15] = i.reply.dst[15] = 1;
    memset(i.label, 0xa5, 16);
    i.label[0] = 0x0a;
    check_format(&i, false, false,
                 "99,orig=(src=::1,dst=::,sport=0,dport=0),reply=(src=::,dst=::1,sport=0,dport=0)"
                 ",zone=1,mark=170,labels=0xaa5a5a5a5a5a5a5a5a5a5a5a5a5a5a5");
}

/* Entries that flushes pick from, and which of them go. */
static const struct frame table[] = {
    {.proto = 17, .sport = 4000, .dport = 53},
    {.proto = 17, .sport = 4001, .dport = 53},
    {.proto = 6, .flags = SYN, .sport = 4000, .dport = 53},
    {.proto = 1, .type = 8, .sport = 7},
    {.ip6 = true, .proto = 17, .sport = 4000, .dport = 53},
    {.ip6 = true, .proto = 58, .type = 128, .sport = 7},
};

static const struct {
    const char *args[6];
    unsigned gone; /* Bits of 'table' in zone 1; those of zone 2 shifted by 8. */
    const char *error;
} flushes[] = {
    {{NULL}, 0x3f3f, NULL},
    {{"zone=1"}, 0x3f, NULL},
    {{"zone=3"}, 0, NULL},
    {{"ct_nw_proto=17"}, 0x1313, NULL},
    {{"zone=2", "ct_nw_proto=17"}, 0x1300, NULL},
    {{"ct_nw_src=10.0.0.1"}, 0x0f0f, NULL},
    {{"ct_nw_src=10.0.0.2"}, 0, NULL},
    {{"", "ct_nw_src=10.0.0.2"}, 0x0f0f, NULL},
    {{"ct_ipv6_src=fc00::1,ct_ipv6_dst=fc00::2"}, 0x3030, NULL},
    {{"ct_nw_proto=17,ct_tp_src=4000"}, 0x1111, NULL},
    {{"ct_tp_src=4000,ct_nw_proto=17"}, 0x1111, NULL},
    {{"ct_nw_proto=1,icmp_id=7"}, 0x0808, NULL},
    {{"ct_nw_proto=58,icmp_type=128,icmp_code=0,icmp_id=7"}, 0x2020, NULL},
    {{"zone=1", "ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=17,ct_tp_src=4000,ct_tp_dst=53"},
     0x01,
     NULL},
    {{"zone=2", "ct_ipv6_src=fc00::1,ct_ipv6_dst=fc00::2,ct_nw_proto=58,icmp_id=7,icmp_type=128,"
                "icmp_code=0"},
     0x2000,
     NULL},
    /* The whole tuple without a zone: zone 0, where there is none. */
    {{"ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,ct_nw_proto=17,ct_tp_src=4000,ct_tp_dst=53"}, 0, NULL},
    {{"mark=0x1"}, 0x3f, NULL},
    {{"mark=2/2"}, 0x3f00, NULL},
    {{"zone=2", "mark=1"}, 0, NULL},
    {{"labels=0x10000000000000002"}, 0x3f00, NULL},
    {{"labels=0x10000000000000000/0x10000000000000000"}, 0x3f3f, NULL},
    {{"mark=1", "labels=1/1", "ct_nw_proto=6"}, 0x04, NULL},
    {{"ct_nw_proto=6", "labels=1/1", "mark=1"}, 0x04, NULL}, /* In any order. */
    {{"proto=6", "zone=2"}, 0x0400, NULL},
    {{"zone=x"}, 0, "failed to parse zone"},
    {{"zone=70000"}, 0, "failed to parse zone"},
    {{"mark=y"}, 0, "failed to parse mark"},
    {{"mark=0x100000000"}, 0, "failed to parse mark"},
    {{"labels=0x"}, 0, "failed to parse labels"},
    {{"labels=0x100000000000000000000000000000000"}, 0, "failed to parse labels"},
    {{"ct_nw_src=10.1.1.1,ct_tp_src=4000"}, 0, "port is set without protocol"},
    {{"ct_foo=1"}, 0, "invalid conntrack tuple field: ct_foo"},
    {{"ct_nw_src=1.2.3"}, 0, "failed to parse field ct_nw_src"},
    {{"ct_nw_proto=17,ct_tp_src=70000"}, 0, "failed to parse field ct_tp_src"},
    {{"ct_nw_proto"}, 0, "field ct_nw_proto missing value"},
    {{"bare"}, 0, "field bare missing value"},
    {{"ct_nw_src=1.2.3.4,ct_ipv6_dst=::1"}, 0, "the L3 protocol does not match ::1"},
    {{"ct_nw_src=1.2.3.4,ct_nw_src=1.2.3.4"}, 0, "ct_nw_src is set multiple times"},
    {{"icmp_id=1"}, 0, "invalid L4 fields"},
    {{"ct_nw_proto=1,ct_tp_src=1"}, 0, "invalid L4 fields"},
    {{"ct_tp_src=1,ct_nw_proto=1"}, 0, "invalid L4 fields"},
    {{"ct_nw_proto=17,icmp_type=1"}, 0, "invalid L4 fields"},
    {{"ct_nw_proto=6", "", "more"}, 0, "invalid arguments"},
};

static void test_flush(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(flushes); i++) {
        int argc = 0;
        while (flushes[i].args[argc]) {
            argc++;
        }
        struct ct_filter filter;
        char *error = ct_filter_parse(argc, (char *const *)flushes[i].args, &filter);
        if (error || flushes[i].error) {
            assert_string_equal(error ? error : "", flushes[i].error ? flushes[i].error : "");
            free(error);
            continue;
        }

        struct ct_config config = {.max_conns = 100};
        struct ct *ct = ct_new(&config);
        unsigned gone = 0;
        for (uint16_t z = 1; z <= 2; z++) {
            struct ct_args args = {.zone = z, .commit = true, .mark = z, .mark_mask = 0xff};
            args.label[7] = 1;
            args.label[15] = (uint8_t)z;
            memset(args.label_mask, 0xff, 16);
            for (size_t j = 0; j < ARRAY_SIZE(table); j++) {
                run_args(ct, &table[j], &args, T0);
            }
        }
        unsigned n = ct_flush(ct, &filter, T0);
        for (uint16_t z = 1; z <= 2; z++) {
            for (size_t j = 0; j < ARRAY_SIZE(table); j++) {
                struct packet_ct r = run_args(ct, &table[j], &(struct ct_args){.zone = z}, T0);
                gone |= (unsigned)!r.conn.generation << (j + (z == 2 ? 8 : 0));
            }
        }
        if (gone != flushes[i].gone || n != (unsigned)__builtin_popcount(gone)) {
            fail_msg("flush %d (%s): 0x%x (%u) gone instead of 0x%x", (int)i,
                     argc ? flushes[i].args[0] : "", gone, n, flushes[i].gone);
        }
        ct_free(ct);
        rcu_quiescent_state();
    }
}

/* Whatever stands there: no crash, no leak. */
static void test_filter_garbage(void **state)
{
    (void)state;
    const char *good = "ct_nw_src=10.0.0.1,ct_nw_proto=17,ct_tp_src=4000";
    for (size_t i = 0; i <= 3 * strlen(good); i++) {
        char *s = strdup(good);
        s[i / 3] = (char)(i % 3 == 0 ? '\0' : i % 3 == 1 ? '=' : s[i / 3] ^ 1);
        char *const argv[] = {s, s};
        struct ct_filter filter;
        free(ct_filter_parse(2, argv, &filter));
        free(s);
    }
}

static void test_dump_of_live_entries(void **state)
{
    (void)state;
    struct ct_config config = {.max_conns = 100};
    struct ct *ct = ct_new(&config);
    struct text t = TEXT_INIT;
    struct frame syn = {.proto = 6, .flags = SYN, .wscale = 8, .seq = 1},
                 echo = {.ip6 = true, .proto = 58, .type = 128, .sport = 7, .code = 2};
    run_commit(ct, &syn, 3, T0);
    run_commit(ct, &echo, 0, T0);
    ct_dump_all(ct, &t, true, true, T0 + 1500);
    assert_string_equal(
        text_cstr(&t),
        "tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1000,dport=80,packets=1,bytes=44),reply=("
        "src=10.0.0.2,dst=10.0.0.1,sport=80,dport=1000),start=1970-01-01T01:23:20.000,id=0,zone=3,"
        "status=0,timeout=28,protoinfo=(state_orig=SYN_SENT,state_reply=CLOSED,wscale_orig=7,"
        "wscale_reply=0,flags_orig=WINDOW_SCALE,flags_reply=0)\n"
        "icmpv6,orig=(src=fc00::1,dst=fc00::2,id=7,type=128,code=2,packets=1,bytes=48),reply=("
        "src=fc00::2,dst=fc00::1,id=7,type=129,code=2),start=1970-01-01T01:23:20.000,id=0,status=0"
        ",timeout=58\n");
    text_clear(&t);
    ct_dump_all(ct, &t, false, false, T0 + 60000);
    assert_string_equal(text_cstr(&t), "");
    text_deinit(&t);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_filter_garbage),
        cmocka_unit_test(test_dump_of_live_entries),
    };
    rcu_register_thread();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return failed;
}
