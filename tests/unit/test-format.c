/* test-format.c - keys and actions in ODP text.  The expected texts are what ovs-vswitchd prints
 * for the same packets, in the order of its newer versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/dp/action.h"
#include "lib/dp/cookie.h"
#include "lib/mem.h"
#include "tests/unit/kernel-random.h"

static const char *port_name(void *aux, uint32_t port)
{
    (void)aux;
    return port == 1 ? "p1" : NULL;
}

static void assert_key(const struct key *k, const struct key *m, const char *brief,
                       const char *verbose)
{
    struct text t = TEXT_INIT;
    text_puts(&t, "at: ");
    dp_key_format(k, m, false, NULL, NULL, &t);
    assert_string_equal(text_cstr(&t) + 4, brief);
    text_clear(&t);
    dp_key_format(k, m, true, port_name, NULL, &t);
    if (verbose) {
        assert_string_equal(text_cstr(&t), verbose);
    }
    text_deinit(&t);
}

#define META_M                                                               \
    "recirc_id(0),dp_hash(0/0),skb_priority(0/0),in_port(p1),skb_mark(0/0)," \
    "ct_state(0/0),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),packet_type(ns=0,id=0)"
#define ETH_M                                      \
    "eth(src=02:00:00:00:00:01/00:00:00:00:00:00," \
    "dst=02:00:00:00:00:02/00:00:00:00:00:00)"
#define MACS .eth_src = {2, 0, 0, 0, 0, 1}, .eth_dst = {2, 0, 0, 0, 0, 2}

static void test_ip4(void **state)
{
    (void)state;
    struct key k = {.in_port = 1,
                    MACS,
                    .eth_type = htons(0x0800),
                    .ip_src = htonl(0x0a000001),
                    .ip_dst = htonl(0x0a000002),
                    .ip_proto = 17,
                    .ip_tos = 4,
                    .ip_ttl = 9,
                    .tp_src = htons(53),
                    .tp_dst = htons(53)};
    struct key m = {.eth_type = 0xffff, .ip_frag = 3};
    assert_key(&k, &m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0800),ipv4(frag=no)",
               META_M "," ETH_M ",eth_type(0x0800),ipv4(src=10.0.0.1/0.0.0.0,dst=10.0.0.2/0.0.0.0,"
                      "proto=17/0,tos=0x4/0,ttl=9/0,frag=no),udp(src=53/0,dst=53/0)");

    m.ip_src = htonl(0xff000000);
    m.ip_proto = m.ip_ttl = 0xff;
    m.ip_tos = 0xfc;
    m.tp_dst = 0xffff;
    m.eth_src[0] = 1;
    m.skb_mark = UINT32_MAX;
    assert_key(&k, &m,
               "recirc_id(0),in_port(1),skb_mark(0),packet_type(ns=0,id=0),"
               "eth(src=02:00:00:00:00:01/01:00:00:00:00:00),eth_type(0x0800),"
               "ipv4(src=10.0.0.1/255.0.0.0,proto=17,tos=0x4/0xfc,ttl=9,frag=no),udp(dst=53)",
               NULL);

    k.ip_proto = 132;
    k.tp_src = htons(5);
    k.tp_dst = 0;
    struct key m2 = {.eth_type = 0xffff, .ip_proto = 0xff, .ip_frag = 3};
    m2.tp_src = htons(0xfffc);
    m2.tp_dst = 0xffff;
    assert_key(&k, &m2,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0800),"
               "ipv4(proto=132,frag=no),sctp(src=5/0xfffc,dst=0)",
               NULL);

    k.ip_proto = 6;
    k.tcp_flags = htons(0x12);
    m2.tp_src = m2.tp_dst = 0;
    m2.tcp_flags = htons(0xfff);
    assert_key(&k, &m2,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0800),"
               "ipv4(proto=6,frag=no),tcp_flags(syn|ack)",
               NULL);
    m2.tcp_flags = htons(0x03);
    assert_key(&k, &m2,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0800),"
               "ipv4(proto=6,frag=no),tcp_flags(-fin+syn)",
               META_M "," ETH_M ",eth_type(0x0800),ipv4(src=10.0.0.1/0.0.0.0,dst=10.0.0.2/0.0.0.0,"
                      "proto=6,tos=0x4/0,ttl=9/0,frag=no),tcp(src=5/0,dst=0/0),"
                      "tcp_flags(-fin+syn)");
    k.ip_frag = 1;
    assert_key(&k, &(struct key){.eth_type = 0xffff, .ip_frag = 3},
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0800),ipv4(frag=first)",
               NULL);
}

static void test_ip6_and_ct(void **state)
{
    (void)state;
    struct key k = {.in_port = 1,
                    MACS,
                    .eth_type = htons(0x86dd),
                    .ip6_src = {0, 1, [15] = 3},
                    .ip6_dst = {0, 1, [15] = 4},
                    .ip6_label = htonl(5),
                    .ip_proto = 17,
                    .ip_tos = 4,
                    .ip_ttl = 64,
                    .tp_src = htons(53),
                    .tp_dst = htons(53),
                    .recirc_id = htonl(5),
                    .ct_state = htonl(CS_TRK | CS_NEW),
                    .ct_proto = 17,
                    .ct_tp_src = htons(53),
                    .ct_tp_dst = htons(53),
                    .ct_ip6_src = {0, 1, [15] = 3},
                    .ct_ip6_dst = {0, 1, [15] = 4}};
    struct key m = {.eth_type = 0xffff,
                    .ip_frag = 3,
                    .ct_state = htonl(CS_ALL),
                    .ct_proto = 0xff,
                    .ct_tp_dst = 0xffff,
                    .ct_ip6_src = {0xff, 0xff}};
    assert_key(
        &k, &m,
        "recirc_id(0x5),in_port(1),ct_state(+new-est-rel-rpl-inv+trk-snat-dnat),"
        "ct_tuple6(src=1::3/ffff::,proto=17,dst_port=53),packet_type(ns=0,id=0),"
        "eth_type(0x86dd),ipv6(frag=no)",
        "recirc_id(0x5),dp_hash(0/0),skb_priority(0/0),in_port(p1),skb_mark(0/0),"
        "ct_state(0x21/0xff),ct_zone(0/0),ct_mark(0/0),ct_label(0/0),"
        "ct_tuple6(src=1::3/ffff::,dst=1::4/::,proto=17,src_port=53/0,dst_port=53),"
        "packet_type(ns=0,id=0)," ETH_M ",eth_type(0x86dd),"
        "ipv6(src=1::3/::,dst=1::4/::,label=0x5/0,proto=17/0,tclass=0x4/0,hlimit=64/0,frag=no),"
        "udp(src=53/0,dst=53/0)");

    struct key m2 = {.eth_type = 0xffff,
                     .ip_frag = 3,
                     .ip_tos = 0xfc,
                     .ip6_label = htonl(0xfffff),
                     .ct_zone = 0xffff,
                     .ct_mark = htonl(0xf),
                     .ct_label = {[15] = 7},
                     .ct_state = htonl(CS_TRK | CS_NEW | CS_EST)};
    memset(m2.ip6_src, 0xff, 8);
    k.ct_zone = htons(1);
    k.ct_mark = htonl(5);
    k.ct_label[0] = 1;
    k.ct_label[15] = 3;
    assert_key(&k, &m2,
               "recirc_id(0x5),in_port(1),ct_state(+new-est+trk),ct_zone(0x1),ct_mark(0x5/0xf),"
               "ct_label(0x1000000000000000000000000000003/0x7),packet_type(ns=0,id=0),"
               "eth_type(0x86dd),ipv6(src=1::3/ffff:ffff:ffff:ffff::,label=0x5,tclass=0x4/0xfc,"
               "frag=no)",
               NULL);

    struct key nd = {.in_port = 1,
                     .eth_type = htons(0x86dd),
                     .ip_proto = 58,
                     .tp_src = htons(136),
                     .arp_tha = {[5] = 1}};
    struct key nd_m = {
        .eth_type = 0xffff, .ip_proto = 0xff, .ip_frag = 3, .tp_src = 0xffff, .tp_dst = 0xffff};
    memset(nd_m.arp_tha, 0xff, 6);
    assert_key(&nd, &nd_m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x86dd),"
               "ipv6(proto=58,frag=no),icmpv6(type=136,code=0),nd(tll=00:00:00:00:00:01)",
               NULL);
}

static void test_tags_and_others(void **state)
{
    (void)state;
    struct key k = {.in_port = 1, MACS, .eth_type = htons(0x0800)};
    struct key m = {.eth_type = 0xffff, .ip_frag = 3};
    k.vlan[0] = (struct key_vlan){htons(0x8100), htons(0x5007)};
    m.vlan[0] = (struct key_vlan){0xffff, 0xffff};
    assert_key(&k, &m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x8100),vlan(vid=7,pcp=2),"
               "encap(eth_type(0x0800),ipv4(frag=no))",
               NULL);
    k.vlan[1] = (struct key_vlan){htons(0x8100), htons(0x1009)};
    m.vlan[0].tci = htons(VLAN_CFI);
    m.vlan[1].tci = htons(VLAN_CFI | VLAN_VID_MASK);
    assert_key(&k, &m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x8100),vlan(vid=7/0x0),"
               "encap(eth_type(0x8100),vlan(vid=9),encap(eth_type(0x0800),ipv4(frag=no)))",
               META_M "," ETH_M ",eth_type(0x8100),vlan(vid=7/0x0,pcp=2/0x0),"
                      "encap(eth_type(0x8100),vlan(vid=9,pcp=0/0x0),encap(eth_type(0x0800),"
                      "ipv4(src=0.0.0.0/0.0.0.0,dst=0.0.0.0/0.0.0.0,proto=0/0,tos=0/0,ttl=0/0,"
                      "frag=no)))");

    struct key mp = {.in_port = 1, .eth_type = htons(0x8847)};
    mp.mpls_lse[0] = htonl(0x00003009);
    mp.mpls_lse[1] = htonl(0x00004508);
    struct key mp_m = {.eth_type = 0xffff};
    mp_m.mpls_lse[0] = htonl(0x00000100);
    assert_key(&mp, &mp_m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x8847),"
               "mpls(label=3/0x0,tc=0/0,ttl=9/0x0,bos=0/1)",
               NULL);
    mp_m.mpls_lse[1] = UINT32_MAX;
    assert_key(&mp, &mp_m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x8847),"
               "mpls(label=3/0x0,tc=0/0,ttl=9/0x0,bos=0/1,label=4,tc=2,ttl=8,bos=1)",
               NULL);

    struct key llc = {.in_port = 1, .eth_type = htons(0x05ff)};
    assert_key(&llc, &(struct key){.eth_type = 0xffff},
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0/0xffff)", NULL);

    struct key arp = {.in_port = 1,
                      .eth_type = htons(0x0806),
                      .ip_proto = 1,
                      .ip_src = htonl(0x01010101),
                      .arp_sha = {2, 0xfc, [5] = 1}};
    struct key arp_m = {.eth_type = 0xffff, .ip_proto = 0xff, .ip_src = UINT32_MAX};
    memset(arp_m.arp_sha, 0xff, 6);
    assert_key(&arp, &arp_m,
               "recirc_id(0),in_port(1),packet_type(ns=0,id=0),eth_type(0x0806),"
               "arp(sip=1.1.1.1,op=1,sha=02:fc:00:00:00:01)",
               NULL);
}

static struct dp_action_set *put_set(struct dp_actions *l, enum dp_set_header header)
{
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    s->a.u32 = header;
    return s;
}

static void assert_actions(struct dp_actions *l, bool names, const char *want)
{
    struct text t = TEXT_INIT;
    text_puts(&t, "actions:");
    dp_actions_format(l->data, l->len, names ? port_name : NULL, NULL, &t);
    assert_string_equal(text_cstr(&t) + 8, want);
    text_deinit(&t);
    dp_actions_deinit(l);
}

static void test_sets(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    struct dp_action_set *s = put_set(&l, DP_SET_ETH);
    s->value.eth.src[5] = 9;
    memset(s->mask.eth.src, 0xff, 6);
    s = put_set(&l, DP_SET_IP4);
    s->value.ip4.src = htonl(0x01020304);
    s->mask.ip4.src = UINT32_MAX;
    s->value.ip4.tos = 0xc;
    s->mask.ip4.tos = 0xfc;
    s->value.ip4.ttl = 8;
    s->mask.ip4.ttl = 0xff;
    s = put_set(&l, DP_SET_TCP);
    s->value.ports.src = htons(5);
    s->mask.ports.src = 0xffff;
    dp_actions_output(&l, 2);
    assert_actions(&l, true,
                   "set(eth(src=00:00:00:00:00:09)),set(ipv4(src=1.2.3.4,tos=0xc/0xfc,ttl=8)),"
                   "set(tcp(src=5)),2");

    s = put_set(&l, DP_SET_IP6);
    s->value.ip6.src[1] = 1;
    s->value.ip6.src[15] = 2;
    memset(s->mask.ip6.src, 0xff, 16);
    s->value.ip6.label = htonl(3);
    s->mask.ip6.label = htonl(0xfffff);
    s->value.ip6.hlimit = 7;
    s->mask.ip6.hlimit = 0xff;
    s = put_set(&l, DP_SET_MPLS);
    s->value.mpls_lse = htonl(0x00005509);
    s->mask.mpls_lse = UINT32_MAX;
    s = put_set(&l, DP_SET_SKB_MARK);
    s->value.skb_mark = htonl(7);
    s->mask.skb_mark = UINT32_MAX;
    s = put_set(&l, DP_SET_SKB_MARK);
    s->value.skb_mark = htonl(7);
    s->mask.skb_mark = htonl(0xf);
    s = put_set(&l, DP_SET_ARP);
    s->value.arp.op = htons(2);
    s->mask.arp.op = 0xffff;
    s = put_set(&l, DP_SET_VLAN);
    s->value.vlan_tci = htons(5);
    s->mask.vlan_tci = htons(0xfff);
    s = put_set(&l, DP_SET_ICMP6);
    s->value.icmp.type = 1;
    s->mask.icmp.type = 0xff;
    dp_actions_output(&l, 1);
    assert_actions(&l, true,
                   "set(ipv6(src=1::2,label=0x3,hlimit=7)),set(mpls(label=5,tc=2,ttl=9,bos=1)),"
                   "set(skb_mark(0x7)),set(skb_mark(0x7/0xf)),set(arp(op=2)),set(vlan(vid=5)),"
                   "set(icmpv6(type=1)),p1");
}

static void put(struct dp_actions *l, enum dp_action_type type, uint32_t u32)
{
    struct dp_action *a = dp_actions_put(l, type, sizeof *a);
    a->u32 = u32;
}

static void test_actions(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    assert_actions(&l, false, "drop");

    put(&l, DP_ACTION_PUSH_VLAN, 0x81001005);
    put(&l, DP_ACTION_PUSH_VLAN, 0x88a87005);
    put(&l, DP_ACTION_POP_VLAN, 0);
    struct dp_action_push_mpls *m = dp_actions_put(&l, DP_ACTION_PUSH_MPLS, sizeof *m);
    m->lse = htonl(0x00005309);
    m->eth_type = htons(0x8847);
    put(&l, DP_ACTION_POP_MPLS, 0x0800);
    put(&l, DP_ACTION_HASH, 0);
    put(&l, DP_ACTION_TRUNC, 100);
    put(&l, DP_ACTION_METER, 0);
    put(&l, DP_ACTION_CT_CLEAR, 0);
    size_t ofs = dp_actions_clone_begin(&l);
    dp_actions_output(&l, 4);
    put(&l, DP_ACTION_RECIRC, 0xe);
    dp_actions_clone_end(&l, ofs);
    struct dp_action_userspace *u = dp_actions_put(&l, DP_ACTION_USERSPACE, sizeof *u + 3);
    u->a.u32 = 3;
    memcpy(u->cookie, "\1\2\xff", 3);
    assert_actions(&l, false,
                   "push_vlan(vid=5,pcp=0),push_vlan(tpid=0x88a8,vid=5,pcp=3),pop_vlan,"
                   "push_mpls(label=5,tc=1,ttl=9,bos=1,eth_type=0x8847),pop_mpls(eth_type=0x800),"
                   "hash(l4(0)),trunc(100),meter(0),ct_clear,clone(4,recirc(0xe)),"
                   "userspace(pid=0,userdata(0102ff))");
}

/* The bytes are what ovs-dpctl of Open vSwitch 3.1 makes of the text. */
static const struct {
    const char *hex, *text;
} cookie_samples[] = {
#define PORT "000000ffff0000"
#define ID   "00000000000000000000000000000000"
    {"02" PORT ID "000000000100000000000000000000000000000000000000", "slow_path(cfm)"},
    {"02" PORT ID "000000002000000000000000000000000000000000000000", "slow_path(action)"},
    {"02" PORT ID "000000004000000000000000000000000000000000000000", "slow_path(match)"},
    {"02" PORT ID "000000006001000000000000000000000000000000000000",
     "slow_path(action,match,0x100)"},
    {"02" PORT ID "000000000000000000000000000000000000000000000000", "slow_path(0)"},
    {"01" PORT ID "700500000700000000000000000000000000000000000000",
     "sFlow(vid=5,pcp=3,output=7)"},
    {"03" PORT ID "0a000000140000001e000000280000003200000001000000",
     "flow_sample(probability=10,collector_set_id=20,obs_domain_id=30,obs_point_id=40,"
     "output_port=50,ingress)"},
    {"03" PORT ID "0a000000140000001e000000280000003200000000000000",
     "flow_sample(probability=10,collector_set_id=20,obs_domain_id=30,obs_point_id=40,"
     "output_port=50)"},
    {"04" PORT ID "090000000000000000000000000000000000000000000000", "ipfix(output_port=9)"},
    {"05" PORT ID "000101000500000011223344556677881100feff00000000",
     "controller(reason=1,dont_send=0,continuation=1,recirc_id=5,rule_cookie=0x1122334455667788,"
     "controller_id=17,max_len=65534)"},
    {"05" PORT ID "010001000500000000000000000000000000ffff00000000",
     "controller(reason=1,dont_send=1,continuation=0,recirc_id=5,rule_cookie=0,controller_id=0,"
     "max_len=65535)"},
    {"06" PORT ID "000000000000000000000000000000000000000000000000", NULL},
#undef PORT
#undef ID
};

static size_t unhex(const char *hex, uint8_t *to)
{
    size_t n = 0;
    for (; hex[2 * n]; n++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * n, "%2x", &byte), 1);
        to[n] = (uint8_t)byte;
    }
    return n;
}

static void assert_cookie(const uint8_t *bytes, size_t n, bool kernel, const char *want)
{
    const struct dp_format f = {.kernel = kernel};
    struct dp_actions l = DP_ACTIONS_INIT;
    struct dp_action_userspace *u = dp_actions_put(&l, DP_ACTION_USERSPACE, sizeof *u + n);
    struct text t = TEXT_INIT;

    u->a.u32 = (uint32_t)n;
    memcpy(u->cookie, bytes, n);
    dp_format_actions(l.data, l.len, &f, &t);
    char *whole = xasprintf("userspace(pid=0,%s)", want);
    assert_string_equal(text_cstr(&t), whole);
    free(whole);
    text_deinit(&t);
    dp_actions_deinit(&l);
}

static void test_cookie(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};

    for (size_t i = 0; i < ARRAY_SIZE(cookie_samples); i++) {
        const char *text = cookie_samples[i].text;
        assert_int_equal(unhex(cookie_samples[i].hex, bytes), sizeof(struct dp_cookie));
        char *data = xasprintf("userdata(%s)", cookie_samples[i].hex);
        char *more = xasprintf("userdata(%s00000000)", cookie_samples[i].hex);
        assert_cookie(bytes, 48, true, text ? text : data);
        assert_cookie(bytes, 52, false, text ? text : more); /* What follows is ours. */
        assert_cookie(bytes, 52, true, more);
        if (text) { /* And back. */
            struct dp_cookie read;
            char *copy = xstrdup(text), *cursor = copy, *name, *members;
            assert_true(text_next_kv(&cursor, &name, &members));
            char *error = dp_cookie_parse(name, members, &read);
            assert_null(error);
            assert_memory_equal(&read, bytes, sizeof read);
            free(copy);
        }
        free(data);
        free(more);
    }
    assert_cookie(bytes, 2, false, "userdata(0600)");
    struct dp_cookie c;
    dp_cookie_slow_path(&c, DP_SLOW_ACTION);
    assert_int_equal(unhex(cookie_samples[1].hex, bytes), sizeof c);
    assert_memory_equal(&c, bytes, sizeof c);
}

static void test_ct(void **state)
{
    (void)state;
    struct dp_actions l = DP_ACTIONS_INIT;
    dp_actions_put(&l, DP_ACTION_CT, sizeof(struct dp_action_ct));
    struct dp_action_ct *ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->zone = 1;
    ct->commit = true;
    ct->mark = 0xaa;
    ct->mark_mask = UINT32_MAX;
    ct->label[11] = 0xbb;
    memset(ct->label_mask, 0xff, 16);
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->commit = ct->force = true;
    ct->label[15] = ct->label_mask[15] = 1;
    ct->alg = 21;
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->nat = true;
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->commit = ct->nat = true;
    ct->nat_flags = DP_NAT_SRC | DP_NAT_PERSISTENT | DP_NAT_RANDOM;
    ct->nat_af = 4;
    memcpy(ct->nat_min, "\x0a\0\0\1", 4);
    memcpy(ct->nat_max, "\x0a\0\0\7", 4);
    ct->nat_port_min = 5;
    ct->nat_port_max = 9;
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->commit = ct->nat = true;
    ct->nat_flags = DP_NAT_DST | DP_NAT_HASH;
    ct->nat_af = 6;
    ct->nat_min[0] = ct->nat_max[0] = 0xfc;
    ct->nat_port_min = ct->nat_port_max = 80;
    ct = dp_actions_put(&l, DP_ACTION_CT, sizeof *ct);
    ct->commit = ct->nat = true;
    ct->nat_flags = DP_NAT_SRC;
    assert_actions(&l, false,
                   "ct,ct(commit,zone=1,mark=0xaa/0xffffffff,label=0xbb00000000),"
                   "ct(force_commit,label=0x1/0x1,helper=ftp),ct(nat),"
                   "ct(commit,nat(src=10.0.0.1-10.0.0.7:5-9,persistent,random)),"
                   "ct(commit,nat(dst=[fc00::]:80,hash)),ct(commit,nat(src))");
}

/* As Debian's ovs-dpctl prints what a kernel of today gives back. */
static void test_kernel_shape(void **state)
{
    (void)state;
    struct key k = {.in_port = 1,
                    MACS,
                    .eth_type = htons(0x86dd),
                    .ip6_src = {0xfd, [15] = 1},
                    .ip6_exthdr = htons(1),
                    .ip_proto = 6,
                    .ip_ttl = 64,
                    .tp_src = htons(40882),
                    .tp_dst = htons(1),
                    .tcp_flags = htons(2)};
    struct key m = {.in_port = UINT32_MAX,
                    .recirc_id = UINT32_MAX,
                    .eth_type = 0xffff,
                    .ip_frag = 3,
                    .ip_proto = 0xff,
                    .tcp_flags = htons(0x12)};
    struct dp_format f = {.port_name = port_name, .kernel = true, .ip6_exthdr = true};
    struct text t = TEXT_INIT;
    dp_format_key(&k, &m, false, &f, &t);
    assert_string_equal(text_cstr(&t),
                        "recirc_id(0),in_port(p1),eth(),eth_type(0x86dd),ipv6(proto=6,frag=no),"
                        "key32(00 00/00 00),tcp_flags(+syn-ack)");
    text_clear(&t);
    dp_format_key(&k, &m, true, &f, &t);
    assert_string_equal(
        text_cstr(&t),
        "recirc_id(0),dp_hash(0/0),skb_priority(0/0),in_port(p1),skb_mark(0/0),ct_state(0/0),"
        "ct_zone(0/0),ct_mark(0/0),ct_label(0/0),eth(src=00:00:00:00:00:00/00:00:00:00:00:00,"
        "dst=00:00:00:00:00:00/00:00:00:00:00:00),eth_type(0x86dd),ipv6(src=::/::,dst=::/::,"
        "label=0/0,proto=6,tclass=0/0,hlimit=0/0,frag=no),key32(00 00/00 00),tcp(src=0/0,dst=0/0),"
        "tcp_flags(+syn-ack)");
    /* A kernel before 5.18; addresses that are matched. */
    text_clear(&t);
    f.ip6_exthdr = false;
    memset(m.eth_src, 0xff, 6);
    dp_format_key(&k, &m, false, &f, &t);
    assert_string_equal(text_cstr(&t),
                        "recirc_id(0),in_port(p1),eth(src=02:00:00:00:00:01),eth_type(0x86dd),"
                        "ipv6(proto=6,frag=no),tcp_flags(+syn-ack)");
    k = (struct key){.in_port = 1, .eth_type = htons(0x0806), .ip_proto = 2};
    m = (struct key){.in_port = UINT32_MAX,
                     .recirc_id = UINT32_MAX,
                     .eth_type = UINT16_MAX,
                     .ip_proto = UINT8_MAX};
    text_clear(&t);
    dp_format_key(&k, &m, false, &f, &t);
    assert_string_equal(text_cstr(&t),
                        "recirc_id(0),in_port(p1),eth(),eth_type(0x0806),arp(op=2/0xff)");
    /* Who gets the upcalls. */
    struct dp_actions l;
    dp_actions_init(&l);
    struct dp_action_userspace *u = dp_actions_put(&l, DP_ACTION_USERSPACE, sizeof *u + 2);
    u->a.u32 = 2;
    memcpy(u->cookie, "\x01\x02", 2);
    f.upcall_pid = UINT32_MAX;
    text_clear(&t);
    dp_format_actions(l.data, l.len, &f, &t);
    assert_string_equal(text_cstr(&t), "userspace(pid=4294967295,userdata(0102))");
    dp_actions_deinit(&l);
    text_deinit(&t);
}

/* What is printed of any packet with an exact mask reads as that packet. */
static void test_parse_again(void **state)
{
    (void)state;
    struct key k, mask, again;

    srand(7);
    memset(&mask, 0xff, sizeof mask);
    for (unsigned i = 0; i < 3000; i++) {
        struct text t = TEXT_INIT;
        random_key(&k);
        if (k.eth_type == htons(0x05ff)) {
            continue; /* Printed as 0, as frames without a type are. */
        }
        if (!random_below(3)) {
            random_tunnel(&k);
        }
        k.in_port = random_below(100);
        k.recirc_id = htonl(random_below(9));
        k.ct_state = htonl(random_below(2) ? CS_TRK | CS_EST : 0);
        k.ct_mark = htonl(random_below(1000));
        k.ct_zone = htons((uint16_t)random_below(1000));
        random_bytes(k.ct_label, random_below(2) ? 16 : 3);
        dp_key_format(&k, &mask, false, NULL, NULL, &t);
        char *error = dp_key_parse(text_cstr(&t), NULL, NULL, &again);
        if (error || memcmp(&k, &again, sizeof k)) {
            fail_msg("%s: %s", text_cstr(&t), error ? error : "another packet");
        }
        text_deinit(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_again),
        cmocka_unit_test(test_kernel_shape),
        cmocka_unit_test(test_ip4),
        cmocka_unit_test(test_ip6_and_ct),
        cmocka_unit_test(test_tags_and_others),
        cmocka_unit_test(test_sets),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_ct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
