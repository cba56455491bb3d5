/* test-slow.c - the slow path: which pieces of a list the kernel gets, on which frame, and that the
 * rest comes back with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/dp/action_kernel.h"
#include "lib/dp/kernel/slow.h"
#include "lib/packet/compose.h"
#include "lib/packet/parse.h"
#include "tests/unit/kernel-random.h"

static struct {
    struct nlaction_env actions;
    struct text log; /* What the kernel ran, and what the frame had that is set here. */
    unsigned n_back;
    bool refused;       /* By us. */
    bool after_refusal; /* By the kernel: of a list that it can run by what it has. */
    struct key last;    /* The last frame that the kernel got. */
} t;

static void refuse(void *aux UNUSED, const char *why UNUSED)
{
    t.refused = true;
}

static void execute(void *aux, const struct packet *p, const void *actions, size_t len);

static const struct slow_env env = {.actions = &t.actions, .execute = execute, .refuse = refuse};

/* The kernel's part: a list that ends in a cookie of the slow path comes back. */
static void execute(void *aux UNUSED, const struct packet *p, const void *actions, size_t len)
{
    struct dp_actions rest = DP_ACTIONS_INIT;
    const struct dp_action *a, *last = NULL;
    struct packet *copy = packet_clone(p, NULL);
    struct key k;

    assert_true(nlaction_can(actions, len, &t.actions));
    assert_true(parse_key(copy, &k));
    t.last = k;
    DP_ACTION_FOR_EACH(a, actions, len) {
        last = a;
    }
    const struct dp_action_userspace *u = (const void *)last;
    bool refused = false;
    bool back =
        last->type == DP_ACTION_USERSPACE && slow_rest(u->cookie, u->a.u32, &rest, &refused);
    text_printf(&t.log, "%s[op=%u] ", t.log.len ? "; " : "", k.ip_proto);
    if (!back || (const void *)last != actions) {
        dp_actions_format(actions, back ? len - last->len : len, NULL, NULL, &t.log);
    }
    if (back) {
        t.n_back++;
        assert_int_equal(refused, t.after_refusal);
        slow_run(&env, copy, rest.data, rest.len, refused);
    } else {
        packet_free(copy);
    }
    dp_actions_deinit(&rest);
}

/* ---- lists ---- */

static void add(struct dp_actions *l, enum dp_action_type type, uint32_t u32)
{
    struct dp_action *a = dp_actions_put(l, type, sizeof *a);
    a->u32 = u32;
}

static void add_op(struct dp_actions *l, uint16_t op)
{
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    s->a.u32 = DP_SET_ARP;
    s->value.arp.op = htons(op);
    s->mask.arp.op = UINT16_MAX;
}

static void add_mark(struct dp_actions *l)
{
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    s->a.u32 = DP_SET_SKB_MARK;
    s->value.skb_mark = htonl(5);
    s->mask.skb_mark = UINT32_MAX;
}

static void add_eth(struct dp_actions *l)
{
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    s->a.u32 = DP_SET_ETH;
    s->value.eth.dst[0] = 2;
    s->mask.eth.dst[0] = 0xff;
}

static void add_ct(struct dp_actions *l)
{
    struct dp_action_ct *ct = dp_actions_put(l, DP_ACTION_CT, sizeof *ct);
    ct->zone = 9;
}

static void check(struct dp_actions *l, const char *want, unsigned n_back)
{
    const struct key arp = {.eth_type = htons(0x0806), .ip_proto = 1, .in_port = 1};

    t.n_back = 0;
    t.refused = false;
    assert_true(dp_actions_check(l->data, l->len));
    slow_run(&env, compose_packet(&arp, "", 0), l->data, l->len, t.after_refusal);
    assert_string_equal(text_cstr(&t.log), want);
    assert_int_equal(t.n_back, n_back);
    text_clear(&t.log);
    dp_actions_clear(l);
}

static int setup(void **state UNUSED)
{
    text_clear(&t.log);
    t.after_refusal = false;
    t.actions = (struct nlaction_env){.set_masked = true,
                                      .ct_eventmask = true,
                                      .ct_clear = true,
                                      .clone = true,
                                      .trunc = true,
                                      .meter = true,
                                      .force_commit = true,
                                      .push_eth = true,
                                      .push_nsh = true};
    return 0;
}

static void test_edits(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;

    add_op(&l, 2); /* Ours, and then all in one. */
    dp_actions_output(&l, 3);
    dp_actions_output(&l, 4);
    check(&l, "[op=2] 3,4", 0);
    dp_actions_output(&l, 3); /* What goes ahead has the frame as it was. */
    add_eth(&l);
    add_op(&l, 2);
    dp_actions_output(&l, 4);
    add_op(&l, 3);
    add(&l, DP_ACTION_TRUNC, 20);
    dp_actions_output(&l, 5);
    check(&l, "[op=1] 3; [op=2] 4; [op=3] trunc(20),5", 0);
    add_op(&l, 2); /* Nothing leaves. */
    check(&l, "", 0);
    dp_actions_output(&l, 3); /* Nothing is slow. */
    add(&l, DP_ACTION_RECIRC, 7);
    check(&l, "[op=1] 3,recirc(0x7)", 0);
    check(&l, "", 0);
    assert_false(t.refused);
    dp_actions_deinit(&l);
}

/* What only the kernel knows is done there, once, ahead of what it cannot do. */
static void test_there_and_back(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;

    add_ct(&l);
    add_op(&l, 2);
    dp_actions_output(&l, 3);
    check(&l, "[op=1] ct(zone=9); [op=2] 3", 1);
    add_mark(&l);
    dp_actions_output(&l, 3);
    add_op(&l, 2);
    add(&l, DP_ACTION_HASH, 0);
    add(&l, DP_ACTION_RECIRC, 5);
    add_op(&l, 3);
    dp_actions_output(&l, 4);
    check(&l, "[op=1] set(skb_mark(0x5)),3; [op=2] hash(l4(0)),recirc(0x5); [op=3] 4", 2);
    add_op(&l, 2); /* Not behind the last slow one. */
    add_ct(&l);
    add(&l, DP_ACTION_RECIRC, 5);
    check(&l, "[op=2] ct(zone=9),recirc(0x5)", 0);
    dp_actions_deinit(&l);
}

/* A label ahead of the whole frame, which kernels before Linux 5.6 do not put on. */
static void test_add_mpls(void **state UNUSED)
{
    static const uint8_t label[8] = {0, 0, 0x51, 64, 0x88, 0x47}, eth[12] = {2, 0, 0, 0, 0, 9};
    struct dp_actions l = DP_ACTIONS_INIT;

    for (unsigned i = 0; i < 2; i++) { /* By the slow path, then by the kernel. */
        t.actions.add_mpls = i;
        dp_actions_output(&l, 2);
        action_kernel_end(&l, action_kernel_begin(&l, ACTION_KERNEL_ADD_MPLS, label, sizeof label));
        action_kernel_end(&l, action_kernel_begin(&l, ACTION_KERNEL_PUSH_ETH, eth, sizeof eth));
        add_ct(&l);
        dp_actions_output(&l, 3);
        check(&l,
              i ? "[op=1] 2,add_mpls(label=5,tc=0,ttl=64,bos=1,eth_type=0x8847),"
                  "push_eth(src=02:00:00:00:00:09,dst=00:00:00:00:00:00),ct(zone=9),3"
                : "[op=1] 2; [op=0] ct(zone=9),3",
              0);
    }
    assert_false(t.refused);
    t.actions.add_mpls = false;
    action_kernel_end(&l, action_kernel_begin(&l, ACTION_KERNEL_ADD_MPLS, label, sizeof label));
    action_kernel_end(&l, action_kernel_begin(&l, ACTION_KERNEL_PUSH_ETH, eth, sizeof eth));
    dp_actions_output(&l, 3);
    check(&l, "[op=0] 3", 0);
    assert_int_equal(ntohs(t.last.eth_type), 0x8847);
    assert_int_equal(ntohl(t.last.mpls_lse[0]), 0x5140);
    dp_actions_deinit(&l);
}

static void test_clones(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    size_t ofs = dp_actions_clone_begin(&l);

    add_op(&l, 2);
    dp_actions_output(&l, 3);
    dp_actions_clone_end(&l, ofs);
    dp_actions_output(&l, 4);
    check(&l, "[op=2] 3; [op=1] 4", 0);
    ofs = dp_actions_clone_begin(&l); /* One that the kernel can do goes whole. */
    add_ct(&l);
    dp_actions_output(&l, 3);
    dp_actions_clone_end(&l, ofs);
    add_op(&l, 2);
    dp_actions_output(&l, 4);
    check(&l, "[op=1] clone(ct(zone=9),3); [op=2] 4", 0);
    ofs = dp_actions_clone_begin(&l);
    add_ct(&l);
    add_op(&l, 2);
    dp_actions_output(&l, 3);
    dp_actions_clone_end(&l, ofs);
    dp_actions_output(&l, 4);
    check(&l, "[op=1] ct(zone=9); [op=2] 3; [op=1] 4", 1);
    t.actions.clone = false; /* An old kernel's clones are ours. */
    ofs = dp_actions_clone_begin(&l);
    add_eth(&l);
    dp_actions_output(&l, 3);
    dp_actions_clone_end(&l, ofs);
    dp_actions_output(&l, 4);
    check(&l, "[op=1] set(eth(dst=02:00:00:00:00:00/ff:00:00:00:00:00)),3; [op=1] 4", 0);
    assert_false(t.refused);
    dp_actions_deinit(&l);
}

static void test_refused(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;

    t.actions.meter = false; /* Nobody can: nothing behind it is run. */
    dp_actions_output(&l, 3);
    add(&l, DP_ACTION_METER, 1);
    dp_actions_output(&l, 4);
    check(&l, "[op=1] 3", 0);
    assert_true(t.refused);
    add_ct(&l); /* Too long to carry the rest. */
    add_op(&l, 2);
    while (l.len < DP_ACTIONS_MAX - 8) {
        add(&l, DP_ACTION_POP_VLAN, 0);
    }
    assert_false(l.overflow);
    check(&l, "", 0);
    assert_true(t.refused);
    dp_actions_deinit(&l);
}

/* What the kernel has refused as a whole: it gets no edits, and does the rest. */
static void test_after_refusal(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;

    t.after_refusal = true;
    dp_actions_output(&l, 3);
    add_eth(&l);
    dp_actions_output(&l, 4);
    add_ct(&l);
    dp_actions_output(&l, 5);
    check(&l, "[op=1] 3; [op=1] 4,ct(zone=9),5", 0);
    add_ct(&l); /* It comes back, and is refused no less. */
    dp_actions_output(&l, 3);
    add_eth(&l);
    add_ct(&l);
    add_op(&l, 2);
    dp_actions_output(&l, 4);
    check(&l, "[op=1] ct(zone=9),3; [op=1] ct(zone=9); [op=2] 4", 2);
    size_t ofs = dp_actions_clone_begin(&l); /* Nor do they stand in a clone. */
    add_eth(&l);
    dp_actions_output(&l, 3);
    dp_actions_clone_end(&l, ofs);
    ofs = dp_actions_clone_begin(&l);
    add_ct(&l);
    dp_actions_output(&l, 4);
    dp_actions_clone_end(&l, ofs);
    check(&l, "[op=1] 3; [op=1] clone(ct(zone=9),4)", 0);
    assert_false(t.refused);
    dp_actions_deinit(&l);
}

/* Bytes that have been out of our hands. */
static void test_rest(void **state UNUSED)
{
    _Alignas(8) uint8_t bytes[1024], spoilt[1024];
    struct dp_actions l = DP_ACTIONS_INIT, rest = DP_ACTIONS_INIT;
    struct dp_cookie cookie;
    unsigned n_good = 0;
    bool refused;

    add_ct(&l);
    size_t ofs = dp_actions_clone_begin(&l);
    add_op(&l, 2);
    dp_actions_clone_end(&l, ofs);
    struct dp_action_userspace *u = dp_actions_put(&l, DP_ACTION_USERSPACE, sizeof *u + 5);
    u->a.u32 = 5;
    dp_cookie_slow_path(&cookie, DP_SLOW_ACTION);
    memcpy(bytes, &cookie, sizeof cookie);
    memcpy(bytes + sizeof cookie, l.data, l.len);
    const size_t n = sizeof cookie + l.len;
    assert_true(slow_rest(bytes, n, &rest, &refused));
    assert_int_equal(rest.len, l.len);
    assert_memory_equal(rest.data, l.data, l.len);
    assert_false(
        slow_rest(bytes, sizeof cookie, &rest, &refused)); /* A flow's own: nothing follows. */
    bytes[0] = DP_COOKIE_CONTROLLER;
    assert_false(slow_rest(bytes, n, &rest, &refused));
    bytes[0] = DP_COOKIE_SLOW_PATH;
    for (size_t i = 0; i < n; i++) { /* Whole actions only. */
        n_good += slow_rest(bytes, i, &rest, &refused);
    }
    assert_int_equal(n_good, 2);
    srand(1);
    for (unsigned i = 0; i < 100000; i++) {
        memcpy(spoilt, bytes, n);
        for (unsigned j = 0; j < 3; j++) {
            spoilt[sizeof cookie + random_below((uint32_t)l.len)] = (uint8_t)random_below(256);
        }
        if (slow_rest(spoilt, n, &rest, &refused)) {
            assert_true(dp_actions_check(rest.data, rest.len));
        }
    }
    dp_actions_deinit(&rest);
    dp_actions_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_edits, setup),
        cmocka_unit_test_setup(test_there_and_back, setup),
        cmocka_unit_test_setup(test_add_mpls, setup),
        cmocka_unit_test_setup(test_clones, setup),
        cmocka_unit_test_setup(test_refused, setup),
        cmocka_unit_test_setup(test_after_refusal, setup),
        cmocka_unit_test_setup(test_rest, setup),
    };
    int status = cmocka_run_group_tests(tests, NULL, NULL);
    text_deinit(&t.log);
    return status;
}
