/* test-odp.c - ODP text both ways: what is printed of random keys, masks and actions reads as the
 * same.  `test-odp --corpus` prints such texts as seeds of tests/fuzz/fuzz-odp, a hex line each. */
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "tests/unit/odp-random.h"

static const struct dp_format formats[] = {
    {.kernel = false},
    {.kernel = true, .ip6_exthdr = true, .upcall_pid = UINT32_MAX},
};

static void assert_same_flow(const struct key *key, const struct key *mask, bool verbose,
                             const struct dp_format *f)
{
    struct key k, m;
    struct text t = TEXT_INIT;

    dp_format_key(key, mask, verbose, f, &t);
    char *error = dp_flow_parse(text_cstr(&t), NULL, NULL, &k, &m);
    if (error) {
        fail_msg("%s: %s", text_cstr(&t), error);
    }
    for (size_t i = 0; i < sizeof k; i++) {
        if (((const uint8_t *)&k)[i] != ((const uint8_t *)key)[i]) {
            fail_msg("%s: another key, byte %zu", text_cstr(&t), i);
        }
        if (((const uint8_t *)&m)[i] != ((const uint8_t *)mask)[i]) {
            fail_msg("%s: another mask, byte %zu", text_cstr(&t), i);
        }
    }
    text_deinit(&t);
}

static void test_flows(void **state)
{
    (void)state;
    struct key key, mask;

    srand(11);
    for (unsigned i = 0; i < 20000; i++) {
        const struct dp_format *f = &formats[i & 1];
        const bool verbose = random_below(2);
        random_flow(&key, &mask, f->kernel || !verbose);
        assert_same_flow(&key, &mask, verbose, f);
    }
}

static void assert_same_actions(const struct dp_actions *l, const struct dp_format *f)
{
    struct dp_actions again = DP_ACTIONS_INIT;
    struct text t = TEXT_INIT;

    dp_format_actions(l->data, l->len, f, &t);
    char *error = dp_actions_parse(text_cstr(&t), NULL, NULL, &again);
    if (error) {
        fail_msg("%s: %s", text_cstr(&t), error);
    }
    if (again.len != l->len || (l->len && memcmp(again.data, l->data, l->len))) {
        struct text t2 = TEXT_INIT;
        dp_format_actions(again.data, again.len, f, &t2);
        fail_msg("%s reads as %s", text_cstr(&t), text_cstr(&t2));
    }
    text_deinit(&t);
    dp_actions_deinit(&again);
}

static void test_actions(void **state)
{
    (void)state;

    srand(13);
    for (unsigned i = 0; i < 20000; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        if (i < 50u * DP_ACTION_N) { /* Each row, whatever chance says. */
            random_action(&l, (enum dp_action_type)(i % DP_ACTION_N), 3);
        } else {
            random_actions(&l, 4);
        }
        assert_true(dp_actions_check(l.data, l.len));
        assert_same_actions(&l, &formats[i & 1]);
        dp_actions_deinit(&l);
    }
}

static void test_parse_faults(void **state)
{
    (void)state;
    static const char *const faults[][2] = {
        {"foo(1)", "unknown header foo"},
        {"eth(foo=1)", "eth: unknown member foo"},
        {"in_port(x)", "x: bad value for in_port"},
        {"ct_state(+foo)", "+foo: bad value for ct_state"},
        {"ipv4(proto=256)", "256: bad value for ipv4"},
        {"mpls(label=1048576)", "label: bad value for mpls"},
        {"vlan(vid=4096)", "vid: bad value for vlan"},
        {"encap(encap(encap(encap(encap(in_port(1))))))", "encap: too deep"},
        {"ct_label(0x1234567890123456789012345678901234)",
         "0x1234567890123456789012345678901234: bad value for ct_label"},
    };
    struct key k;

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        char *error = dp_key_parse(faults[i][0], NULL, NULL, &k);
        assert_non_null(error);
        assert_string_equal(error, faults[i][1]);
        free(error);
    }
}

static void test_parse_action_faults(void **state)
{
    (void)state;
    static const char *const faults[][2] = {
        {"p1", "unknown action p1"},
        {"set(foo(1))", "set: unknown header foo"},
        {"set()", "set: names no header"},
        {"set(ipv4(ttl=1),ipv4(tos=1))", "set: ipv4: one header at a time"},
        {"set(ipv4(ttl=256))", "256: bad value for ipv4"},
        {"set(skb_mark())", ": bad value for skb_mark"},
        {"push_vlan(vid=4096)", "vid: bad value for push_vlan"},
        {"push_mpls(label=1,eth_type=0x800)",
         "push_mpls: eth_type is not that of MPLS (0x8847, 0x8848)"},
        {"pop_vlan(1)", "pop_vlan: takes no arguments"},
        {"hash(l3(1))", "l3: bad value for hash"},
        {"ct(mark=1)", "ct: mark and label need commit"},
        {"ct(commit,foo=1)", "ct: unknown member foo"},
        {"ct(commit,zone=4,timeout=ovs_tp_5_tcp4)", "ovs_tp_5_tcp4: bad value for ct"},
        {"ct(commit,helper=sip)", "sip: bad value for ct"},
        {"ct(nat(src=1.2.3))", "1.2.3: bad value for nat"},
        {"ct(nat(src=1.2.3.4-fc00::1))", "1.2.3.4-fc00::1: bad value for nat"},
        {"ct(nat(src=1.2.3.4:9-8))", "1.2.3.4:9-8: bad value for nat"},
        {"ct(nat(src,dst))", "nat: src or dst, not both"},
        {"ct(nat(random))", "nat: flags without src or dst"},
        {"userspace(pid=1,foo(1))", "userspace: unknown member foo"},
        {"userspace(pid=1,userdata(0))", "0: bad value for userspace"},
        {"userspace(userdata(00),userdata(00))", "userspace: userdata: there is userdata already"},
        {"userspace(pid=1,slow_path(cfm,foo))", "slow_path: unknown reason foo"},
        {"userspace(pid=1,controller(reason=65536))", "65536: bad value for reason of controller"},
        {"check_pkt_len(size=1,gt(drop))", "check_pkt_len: needs size=N, gt(...) and le(...)"},
        {"clone(foo)", "unknown action foo"},
        {"pop_eth(1)", "pop_eth: 1= is none of its members, or has another value"},
        {"push_eth(src=1)", "push_eth: src=1 is none of its members, or has another value"},
        {"push_nsh(mdtype=2,c1=1)", "push_nsh: c1=1 is none of its members, or has another value"},
        {"push_nsh(mdtype=3)", "push_nsh: not all of its members are there"},
        {"add_mpls(label=1)", "add_mpls: not all of its members are there"},
        {"sample(sample=101%,actions(1))",
         "sample: sample=101% is none of its members, or has another value"},
        {"sample(sample=50%)", "sample: not all of its members are there"},
        {"dec_ttl(le_1(foo))", "unknown action foo"},
        {"psample(cookie=0x00)",
         "psample: cookie=0x00 is none of its members, or has another value"},
        {"1,drop", "drop: stands alone"},
        {"drop,1", "drop: stands alone"},
    };
    struct dp_actions l = DP_ACTIONS_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        dp_actions_clear(&l);
        char *error = dp_actions_parse(faults[i][0], NULL, NULL, &l);
        assert_non_null(error);
        assert_string_equal(error, faults[i][1]);
        free(error);
    }
    dp_actions_deinit(&l);
}

/* Lists are bounded in depth and in length. */
static void test_parse_bounds(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct text t = TEXT_INIT;

    for (unsigned i = 0; i < 17; i++) {
        text_puts(&t, "clone(");
    }
    char *error = dp_actions_parse(text_cstr(&t), NULL, NULL, &l);
    assert_string_equal(error, "lists of actions nest too deeply");
    free(error);
    text_clear(&t);
    for (unsigned i = 0; i < 3000; i++) {
        text_puts(&t, "ct,");
    }
    dp_actions_clear(&l);
    error = dp_actions_parse(text_cstr(&t), NULL, NULL, &l);
    assert_string_equal(error, "the list of actions is longer than 32768 bytes");
    free(error);
    text_deinit(&t);
    dp_actions_deinit(&l);
}

/* Lines of a flow, ';', its actions: as fuzz-odp takes them. */
static void print_corpus(void)
{
    srand(17);
    for (unsigned i = 0; i < 100; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        struct text t = TEXT_INIT;
        struct key key, mask;
        random_flow(&key, &mask, i & 1);
        dp_format_key(&key, &mask, !(i & 3), &formats[i & 1], &t);
        text_putc(&t, ';');
        random_action(&l, (enum dp_action_type)(i % DP_ACTION_N), 3);
        dp_format_actions(l.data, l.len, &formats[i & 1], &t);
        for (size_t j = 0; j < t.len; j++) {
            printf("%02x", (uint8_t)t.s[j]);
        }
        putchar('\n');
        text_deinit(&t);
        dp_actions_deinit(&l);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--corpus")) {
        print_corpus();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_parse_faults), cmocka_unit_test(test_parse_action_faults),
        cmocka_unit_test(test_parse_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
