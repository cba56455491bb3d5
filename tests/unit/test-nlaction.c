/* test-nlaction.c - the bytes of each datapath action in netlink, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <linux/openvswitch.h>

#include "lib/dp/kernel/nlaction.h"
#include "tests/unit/odp-random.h"

static const struct nlaction_env all = {.upcall_pid = 0x01020304,
                                        .set_masked = true,
                                        .ct_eventmask = true,
                                        .ct_clear = true,
                                        .clone = true,
                                        .trunc = true,
                                        .push_eth = true,
                                        .push_nsh = true,
                                        .add_mpls = true,
                                        .check_pkt_len = true,
                                        .ct_timeout = true,
                                        .meter = true,
                                        .force_commit = true};

struct out {
    _Alignas(8) uint8_t b[70000];
    struct nlwr w;
    const char *why;
    bool ok;
};

static struct out *put(const struct dp_actions *list, const struct nlaction_env *env)
{
    static struct out o;

    nlwr_init(&o.w, o.b, sizeof o.b);
    o.ok = nlaction_put(list->data, list->len, env, &o.w, &o.why);
    assert_int_equal(o.ok, o.why == NULL);
    return &o;
}

static void add(struct dp_actions *list, enum dp_action_type type, uint32_t u32)
{
    struct dp_action *a = dp_actions_put(list, type, sizeof *a);
    a->u32 = u32;
}

static struct dp_action_set *add_set(struct dp_actions *list, enum dp_set_header header)
{
    struct dp_action_set *a = dp_actions_put(list, DP_ACTION_SET, sizeof *a);
    a->a.u32 = header;
    return a;
}

#define CHECK(LIST, ...)                                 \
    do {                                                 \
        static const uint8_t want_[] = {__VA_ARGS__};    \
        struct out *o_ = put(LIST, &all);                \
        assert_true(o_->ok);                             \
        assert_int_equal(o_->w.len, sizeof want_);       \
        assert_memory_equal(o_->b, want_, sizeof want_); \
        dp_actions_clear(LIST);                          \
    } while (0)

/* clang-format off */
static void test_plain(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;

    assert_true(put(&l, &all)->ok);
    assert_int_equal(put(&l, &all)->w.len, 0);
    add(&l, DP_ACTION_OUTPUT, 3);
    CHECK(&l, 8, 0, 1, 0, 3, 0, 0, 0);
    add(&l, DP_ACTION_PUSH_VLAN, 0x88a8u << 16 | 0x2005);
    CHECK(&l, 8, 0, 4, 0, 0x88, 0xa8, 0x30, 5); /* The tag's bit is there always. */
    add(&l, DP_ACTION_POP_VLAN, 0);
    CHECK(&l, 4, 0, 5, 0);
    add(&l, DP_ACTION_RECIRC, 7);
    CHECK(&l, 8, 0, 7, 0, 7, 0, 0, 0);
    add(&l, DP_ACTION_HASH, 9);
    CHECK(&l, 12, 0, 8, 0, 0, 0, 0, 0, 9, 0, 0, 0);
    struct dp_action_push_mpls *m = dp_actions_put(&l, DP_ACTION_PUSH_MPLS, sizeof *m);
    m->lse = htonl(0x00010140);
    m->eth_type = htons(0x8847);
    CHECK(&l, 12, 0, 9, 0, 0, 1, 1, 0x40, 0x88, 0x47, 0, 0);
    add(&l, DP_ACTION_POP_MPLS, 0x0800);
    CHECK(&l, 6, 0, 10, 0, 8, 0, 0, 0);
    add(&l, DP_ACTION_TRUNC, 64);
    CHECK(&l, 8, 0, 13, 0, 64, 0, 0, 0);
    add(&l, DP_ACTION_CT_CLEAR, 0);
    CHECK(&l, 4, 0, 16, 0);
    add(&l, DP_ACTION_METER, 2);
    CHECK(&l, 8, 0, OVS_ACTION_ATTR_METER, 0, 2, 0, 0, 0);
    struct dp_action_userspace *u = dp_actions_put(&l, DP_ACTION_USERSPACE, sizeof *u + 5);
    u->a.u32 = 5;
    memcpy(u->cookie, "hello", 5);
    CHECK(&l, 24, 0, 2, 0, 8, 0, 1, 0, 4, 3, 2, 1, 9, 0, 2, 0, 'h', 'e', 'l', 'l', 'o', 0, 0, 0);
    size_t clone = dp_actions_clone_begin(&l);
    add(&l, DP_ACTION_POP_VLAN, 0);
    dp_actions_output(&l, 1);
    dp_actions_clone_end(&l, clone);
    dp_actions_output(&l, 2);
    CHECK(&l, 16, 0, OVS_ACTION_ATTR_CLONE, 0, 4, 0, 5, 0, 8, 0, 1, 0, 1, 0, 0, 0,
          8, 0, 1, 0, 2, 0, 0, 0);
    struct dp_action_check_pkt_len *c = dp_actions_put(&l, DP_ACTION_CHECK_PKT_LEN, sizeof *c + 16);
    *c = (struct dp_action_check_pkt_len){
        .a = {.type = DP_ACTION_CHECK_PKT_LEN, .len = sizeof *c + 16, .u32 = 0x234},
        .gt_len = 8, .le_len = 8};
    struct dp_action *branches = (void *)(c + 1);
    branches[0] = (struct dp_action){.type = DP_ACTION_RECIRC, .len = 8, .u32 = 5};
    branches[1] = (struct dp_action){.type = DP_ACTION_POP_VLAN, .len = 8};
    assert_true(dp_actions_check(l.data, l.len));
    c->le_len = 16;
    assert_false(dp_actions_check(l.data, l.len));
    c->le_len = 8;
    branches[1].len = 16;
    assert_false(dp_actions_check(l.data, l.len));
    branches[1].len = 8;
    struct nlaction_env old = all;
    old.check_pkt_len = false;
    assert_false(put(&l, &old)->ok);
    CHECK(&l, 32, 0, OVS_ACTION_ATTR_CHECK_PKT_LEN, 0, 6, 0, 1, 0, 0x34, 2, 0, 0,
          12, 0, 2, 0, 8, 0, 7, 0, 5, 0, 0, 0, 8, 0, 3, 0, 4, 0, 5, 0);
    dp_actions_deinit(&l);
}

static void test_set(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    struct dp_action_set *s = add_set(&l, DP_SET_ETH);

    memset(s->value.eth.dst, 0xaa, 6);
    memset(s->mask.eth.dst, 0xff, 6);
    CHECK(&l, 32, 0, 11, 0, 28, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
          0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    s = add_set(&l, DP_SET_IP4);
    s->value.ip4.src = htonl(0x0a000001);
    s->mask.ip4.src = UINT32_MAX;
    s->value.ip4.tos = 4;
    s->mask.ip4.tos = 0xfc;
    s->value.ip4.ttl = 63;
    s->mask.ip4.ttl = 0xff;
    CHECK(&l, 32, 0, 11, 0, 28, 0, 7, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 4, 63, 0,
          255, 255, 255, 255, 0, 0, 0, 0, 0, 0xfc, 0xff, 0);
    s = add_set(&l, DP_SET_IP6);
    s->value.ip6.label = htonl(0x12345);
    s->mask.ip6.label = htonl(0xfffff);
    s->value.ip6.hlimit = 1;
    s->mask.ip6.hlimit = 0xff;
    CHECK(&l, 88, 0, 11, 0, 84, 0, 8, 0,
          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          0, 1, 0x23, 0x45, 0, 0, 1, 0,
          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          0, 0x0f, 0xff, 0xff, 0, 0, 0xff, 0);
    s = add_set(&l, DP_SET_TCP);
    s->value.ports.dst = htons(80);
    s->mask.ports.dst = 0xffff;
    CHECK(&l, 16, 0, 11, 0, 12, 0, 9, 0, 0, 0, 0, 80, 0, 0, 255, 255);
    s = add_set(&l, DP_SET_UDP);
    CHECK(&l, 16, 0, 11, 0, 12, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    s = add_set(&l, DP_SET_SCTP);
    CHECK(&l, 16, 0, 11, 0, 12, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    s = add_set(&l, DP_SET_MPLS);
    s->value.mpls_lse = htonl(0x140);
    s->mask.mpls_lse = UINT32_MAX;
    CHECK(&l, 16, 0, 11, 0, 12, 0, 21, 0, 0, 0, 1, 0x40, 255, 255, 255, 255);
    s = add_set(&l, DP_SET_SKB_MARK);
    s->value.skb_mark = htonl(5);
    s->mask.skb_mark = htonl(0xff);
    CHECK(&l, 16, 0, 11, 0, 12, 0, 15, 0, 5, 0, 0, 0, 255, 0, 0, 0);
    dp_actions_deinit(&l);
}

static void test_ct(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    struct dp_action_ct *ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);

    CHECK(&l, 4, 0, 12, 0);
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->zone = 5;
    CHECK(&l, 12, 0, 12, 0, 6, 0, 2, 0, 5, 0, 0, 0);
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->commit = ct->force = true;
    ct->mark = 1;
    ct->mark_mask = 0xff;
    ct->label[15] = 2;
    ct->label_mask[15] = 3;
    ct->alg = 21;
    CHECK(&l, 72, 0, 12, 0, 4, 0, OVS_CT_ATTR_FORCE_COMMIT, 0,
          12, 0, OVS_CT_ATTR_MARK, 0, 1, 0, 0, 0, 255, 0, 0, 0,
          36, 0, OVS_CT_ATTR_LABELS, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          8, 0, OVS_CT_ATTR_HELPER, 0, 'f', 't', 'p', 0,
          8, 0, OVS_CT_ATTR_EVENTMASK, 0, 0x87, 4, 0, 0);
    dp_actions_deinit(&l);
}

static void test_nat(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    struct dp_action_ct *ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);

    ct->nat = true;
    CHECK(&l, 8, 0, 12, 0, 4, 0, OVS_CT_ATTR_NAT, 0);
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->nat = true;
    ct->nat_flags = DP_NAT_SRC | DP_NAT_PERSISTENT | DP_NAT_RANDOM;
    ct->nat_af = 4;
    ct->nat_min[0] = 10;
    ct->nat_max[0] = 11;
    ct->nat_port_min = 5;
    ct->nat_port_max = 0x0102;
    CHECK(&l, 52, 0, 12, 0, 48, 0, OVS_CT_ATTR_NAT, 0, 4, 0, OVS_NAT_ATTR_SRC, 0,
          8, 0, OVS_NAT_ATTR_IP_MIN, 0, 10, 0, 0, 0, 8, 0, OVS_NAT_ATTR_IP_MAX, 0, 11, 0, 0, 0,
          6, 0, OVS_NAT_ATTR_PROTO_MIN, 0, 5, 0, 0, 0, 6, 0, OVS_NAT_ATTR_PROTO_MAX, 0, 2, 1, 0, 0,
          4, 0, OVS_NAT_ATTR_PERSISTENT, 0, 4, 0, OVS_NAT_ATTR_PROTO_RANDOM, 0);
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->nat = true;
    ct->nat_flags = DP_NAT_DST | DP_NAT_HASH;
    ct->nat_af = 6;
    ct->nat_min[0] = ct->nat_max[0] = 0xfc;
    CHECK(&l, 36, 0, 12, 0, 32, 0, OVS_CT_ATTR_NAT, 0, 4, 0, OVS_NAT_ATTR_DST, 0,
          20, 0, OVS_NAT_ATTR_IP_MIN, 0, 0xfc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
          4, 0, OVS_NAT_ATTR_PROTO_HASH, 0);
    dp_actions_deinit(&l);
}
/* clang-format on */

/* clang-format off */
static void test_set_tunnel(void **state UNUSED)
{
    struct dp_actions l = DP_ACTIONS_INIT;
    struct dp_action_set *s = add_set(&l, DP_SET_TUNNEL);

    s->value.tunnel.id = htobe64(5);
    s->value.tunnel.dst = htonl(0x01020304);
    s->value.tunnel.ttl = 64;
    s->value.tunnel.flags = htons(KEY_TUN_KEY | KEY_TUN_DF);
    s->value.tunnel.tp_dst = htons(4789);
    CHECK(&l, 64, 0, OVS_ACTION_ATTR_SET, 0, 60, 0, OVS_KEY_ATTR_TUNNEL, 0,
          12, 0, OVS_TUNNEL_KEY_ATTR_ID, 0, 0, 0, 0, 0, 0, 0, 0, 5,
          8, 0, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, 0, 0, 0, 0, 0,
          8, 0, OVS_TUNNEL_KEY_ATTR_IPV4_DST, 0, 1, 2, 3, 4,
          5, 0, OVS_TUNNEL_KEY_ATTR_TOS, 0, 0, 0, 0, 0,
          5, 0, OVS_TUNNEL_KEY_ATTR_TTL, 0, 64, 0, 0, 0,
          4, 0, OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT, 0,
          6, 0, OVS_TUNNEL_KEY_ATTR_TP_DST, 0, 0x12, 0xb5, 0, 0);
    dp_actions_deinit(&l);
}
/* clang-format on */

static void put_kernel(struct dp_actions *l, enum action_kernel_kind kind, const void *data,
                       size_t n, uint32_t nested_port)
{
    size_t ofs = action_kernel_begin(l, kind, data, n);

    if (nested_port) {
        dp_actions_output(l, nested_port);
    }
    action_kernel_end(l, ofs);
}

/* What translation never makes. */
/* clang-format off */
static void test_kernel_only(void **state UNUSED)
{
    static const uint8_t macs[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    static const uint8_t nsh[24] = {0, 63, 1, 3, 0, 0, 5, 255, 0, 0, 0, 1};
    static const uint8_t mpls[] = {0, 0, 0x51, 64, 0x88, 0x47, 0, 0};
    struct dp_actions l = DP_ACTIONS_INIT;

    put_kernel(&l, ACTION_KERNEL_PUSH_ETH, macs, 12, 0);
    CHECK(&l, 16, 0, 14, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2);
    put_kernel(&l, ACTION_KERNEL_POP_ETH, NULL, 0, 0);
    CHECK(&l, 4, 0, 15, 0);
    put_kernel(&l, ACTION_KERNEL_PUSH_NSH, nsh, 24, 0);
    CHECK(&l, 40, 0, 17, 0, 36, 0, 28, 0, 12, 0, 1, 0, 0, 63, 1, 3, 0, 0, 5, 255,
          20, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    put_kernel(&l, ACTION_KERNEL_POP_NSH, NULL, 0, 0);
    CHECK(&l, 4, 0, 18, 0);
    put_kernel(&l, ACTION_KERNEL_HASH_SYM, &(uint32_t){7}, 4, 0);
    CHECK(&l, 12, 0, 8, 0, 1, 0, 0, 0, 7, 0, 0, 0);
    put_kernel(&l, ACTION_KERNEL_ADD_MPLS, mpls, 8, 0);
    CHECK(&l, 12, 0, 22, 0, 0, 0, 0x51, 64, 0x88, 0x47, 0, 0);
    put_kernel(&l, ACTION_KERNEL_DEC_TTL, NULL, 0, 9);
    CHECK(&l, 16, 0, 23, 0, 12, 0, 1, 0, 8, 0, 1, 0, 9, 0, 0, 0);
    size_t ofs = dp_actions_sample_begin(&l, UINT32_MAX);
    dp_actions_output(&l, 9);
    dp_actions_sample_end(&l, ofs);
    CHECK(&l, 24, 0, 6, 0, 8, 0, 1, 0, 255, 255, 255, 255, 12, 0, 2, 0, 8, 0, 1, 0, 9, 0, 0, 0);
    put_kernel(&l, ACTION_KERNEL_PSAMPLE, "\5\0\0\0ab", 6, 0);
    CHECK(&l, 20, 0, 25, 128, 8, 0, 1, 0, 5, 0, 0, 0, 6, 0, 2, 0, 'a', 'b', 0, 0);
    put_kernel(&l, ACTION_KERNEL_DROP, &(uint32_t){3}, 4, 0);
    CHECK(&l, 8, 0, 24, 0, 3, 0, 0, 0);
    struct dp_action_userspace *u = dp_actions_put(&l, DP_ACTION_USERSPACE, sizeof *u + 4);
    u->a.u32 = 4;
    u->actions = u->has_tunnel_port = true;
    u->tunnel_port = 6;
    CHECK(&l, 32, 0, 2, 0, 8, 0, 1, 0, 4, 3, 2, 1, 8, 0, 2, 0, 0, 0, 0, 0,
          8, 0, 3, 0, 6, 0, 0, 0, 4, 0, 4, 0);
    dp_actions_deinit(&l);
}
/* clang-format on */

static void refused(struct dp_actions *l, const struct nlaction_env *env, const char *why)
{
    struct out *o = put(l, env);

    assert_false(o->ok);
    assert_string_equal(o->why, why);
    dp_actions_clear(l);
}

static void test_refused(void **state UNUSED)
{
    static const enum dp_set_header no_kernel[] = {DP_SET_ICMP, DP_SET_ICMP6,    DP_SET_ARP,
                                                   DP_SET_ND,   DP_SET_PBB,      DP_SET_VLAN,
                                                   DP_SET_NSH,  DP_SET_ETH_TYPE, DP_SET_IP_PROTO};
    const struct nlaction_env none = {.upcall_pid = 1};
    struct dp_actions l = DP_ACTIONS_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(no_kernel); i++) {
        add_set(&l, no_kernel[i]);
        refused(&l, &all, "the kernel datapath cannot write a header of this kind");
    }
    add_set(&l, 1000);
    refused(&l, &all, "the kernel datapath cannot write a header of this kind");
    add_set(&l, DP_SET_ETH);
    refused(&l, &none, "this kernel cannot set parts of a header (Linux 4.0 can)");
    add(&l, DP_ACTION_TRUNC, 64);
    refused(&l, &none, "this kernel cannot truncate (Linux 4.8 can)");
    add(&l, DP_ACTION_CT_CLEAR, 0);
    refused(&l, &none, "this kernel has no ct_clear (Linux 4.15 has)");
    add(&l, DP_ACTION_METER, 1);
    refused(&l, &none, "this kernel has no meters (Linux 4.18 has)");
    size_t clone = dp_actions_clone_begin(&l);
    dp_actions_clone_end(&l, clone);
    refused(&l, &none, "this kernel has no clone (Linux 4.12 has)");
    struct dp_action_ct *ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->commit = ct->force = true;
    refused(&l, &none, "this kernel has no ct(force) (Linux 4.12 has)");
    size_t at[5];
    for (unsigned i = 0; i < 5; i++) {
        at[i] = dp_actions_clone_begin(&l);
    }
    for (unsigned i = 5; i-- > 0;) {
        dp_actions_clone_end(&l, at[i]);
    }
    refused(&l, &all, "clones nest too deeply");
    for (unsigned i = 0; i < 9000; i++) {
        dp_actions_output(&l, i);
        if (l.len > DP_ACTIONS_MAX - 16) {
            break;
        }
    }
    struct nlwr w;
    uint8_t small[64];
    const char *why;
    nlwr_init(&w, small, sizeof small);
    assert_false(nlaction_put(l.data, l.len, &all, &w, &why));
    assert_string_equal(why, "the list of actions is too long for the kernel");
    dp_actions_deinit(&l);
}

/* Where the kernel has the action, it comes back the same. */
static void test_there_and_back(void **state UNUSED)
{
    static _Alignas(8) uint8_t buf[NLACTION_MAX];
    unsigned n_same = 0;

    srand(5);
    for (unsigned i = 0; i < 6000; i++) {
        struct dp_actions l = DP_ACTIONS_INIT, back = DP_ACTIONS_INIT;
        const char *why;
        struct nlwr w;
        struct nlrd r;
        nlwr_init(&w, buf, sizeof buf);
        random_action(&l, (enum dp_action_type)(i % DP_ACTION_N), 3);
        if (nlaction_put(l.data, l.len, &all, &w, &why)) {
            nlrd_init(&r, buf, w.len);
            while (nlrd_next(&r)) {
                assert_true(nlaction_get(&r, &back));
            }
            assert_int_equal(back.len, l.len);
            assert_memory_equal(back.data, l.data, l.len);
            n_same++;
        }
        dp_actions_deinit(&l);
        dp_actions_deinit(&back);
    }
    assert_true(n_same > 4000);
}

/* Attributes that are cut off, or of no action, are refused. */
static void test_malformed(void **state UNUSED)
{
    static const uint8_t bad[][16] = {
        {8, 0, 3, 0, 4, 0, 0, 0},                /* A set of nothing known. */
        {8, 0, 11, 0, 4, 0, 1, 0},               /* ENCAP */
        {6, 0, 1, 0, 1, 0, 0, 0},                /* A port of two bytes. */
        {8, 0, 7, 0, 1, 0, 0},                   /* (Well-formed: see below.) */
        {12, 0, 12, 0, 8, 0, 77, 0, 0, 0, 0, 0}, /* ct with something of the future. */
        {4, 0, 99, 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        _Alignas(8) uint8_t copy[16];
        struct nlrd r;
        memcpy(copy, bad[i], sizeof copy);
        nlrd_init(&r, copy, ROUND_UP(copy[0], 4));
        assert_true(nlrd_next(&r));
        assert_int_equal(nlaction_get(&r, &l), i == 3);
        dp_actions_deinit(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_there_and_back),
                                       cmocka_unit_test(test_malformed),
                                       cmocka_unit_test(test_plain),
                                       cmocka_unit_test(test_set),
                                       cmocka_unit_test(test_kernel_only),
                                       cmocka_unit_test(test_ct),
                                       cmocka_unit_test(test_nat),
                                       cmocka_unit_test(test_set_tunnel),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
