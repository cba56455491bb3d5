/* test-nlkey.c - netlink attributes, and keys and masks of the kernel's: both ways, and malformed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/dp/kernel/nlkey-private.h"
#include "tests/unit/kernel-random.h"

/* ---- nlwr.h ---- */

static void test_writer_bounds(void **state UNUSED)
{
    _Alignas(8) uint8_t buf[64];
    struct nlwr w;

    for (size_t cap = 0; cap <= 24; cap++) { /* 8 + 8 + (4 + 4): a nest with one flag. */
        memset(buf, 0xee, sizeof buf);
        nlwr_init(&w, buf, cap);
        nlwr_put_u8(&w, 1, 7);
        nlwr_put_u32(&w, 2, 9);
        size_t nest = nlwr_nest(&w, 3);
        nlwr_put_flag(&w, 4);
        nlwr_end(&w, nest);
        assert_int_equal(w.err, cap < 24);
        assert_in_range(w.len, 0, cap);
        assert_int_equal(buf[cap], 0xee);
    }
    static const uint8_t want[] = {5, 0, 1, 0, 7, 0, 0, 0, 8, 0, 2, 0,
                                   9, 0, 0, 0, 8, 0, 3, 0, 4, 0, 4, 0};
    assert_memory_equal(buf, want, sizeof want);
    nlwr_put_flag(&w, 1);
    assert_true(w.err);
    assert_null(nlwr_put(&w, 1, 0)); /* It sticks. */
}

static void test_writer_long(void **state UNUSED)
{
    uint8_t *buf = malloc(200000);
    struct nlwr w;

    nlwr_init(&w, buf, 200000);
    assert_non_null(nlwr_put(&w, 1, 65531));
    assert_null(nlwr_put(&w, 1, 65532));
    nlwr_init(&w, buf, 200000);
    size_t nest = nlwr_nest(&w, 1);
    nlwr_put(&w, 2, 40000);
    nlwr_put(&w, 2, 40000);
    assert_false(w.err);
    nlwr_end(&w, nest); /* More than a nest can have. */
    assert_true(w.err);
    free(buf);
}

static void test_reader(void **state UNUSED)
{
    static const struct {
        const char *name;
        uint8_t bytes[16], len;
        unsigned n; /* Attributes before the end. */
        bool err;
    } cases[] = {
        {"nothing", {0}, 0, 0, false},
        {"half a header", {4, 0, 1}, 3, 0, true},
        {"no length", {0, 0, 1, 0}, 4, 0, true},
        {"shorter than its header", {3, 0, 1, 0}, 4, 0, true},
        {"longer than the rest", {9, 0, 1, 0, 0, 0, 0, 0}, 8, 0, true},
        {"a flag", {4, 0, 1, 0}, 4, 1, false},
        {"nested flag bits", {4, 0, 1, 0x80}, 4, 1, false},
        {"padding cut off at the end", {5, 0, 1, 0, 9}, 5, 1, false},
        {"a second one, cut", {5, 0, 1, 0, 9, 0, 0, 0, 8, 0, 1, 0, 0}, 13, 1, true},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _Alignas(4) uint8_t copy[16];
        struct nlrd r;
        unsigned n = 0;
        memcpy(copy, cases[i].bytes, sizeof copy);
        nlrd_init(&r, copy, cases[i].len);
        while (nlrd_next(&r)) {
            assert_int_equal(r.type, 1);
            n++;
        }
        if (n != cases[i].n || r.err != cases[i].err) {
            fail_msg("%s: %u attributes, error %d", cases[i].name, n, r.err);
        }
    }
    _Alignas(4) static const uint8_t u32[] = {8, 0, 1, 0, 1, 0, 0, 0};
    struct nlrd r;
    nlrd_init(&r, u32, sizeof u32);
    assert_true(nlrd_next(&r));
    assert_int_equal(nlrd_u32(&r), 1);
    assert_false(r.err);
    assert_int_equal(nlrd_u64(&r), 0);
    assert_true(r.err);
    assert_false(nlrd_next(&r));
}

/* ---- keys ---- */

struct attrs {
    _Alignas(8) uint8_t b[1024];
    size_t n;
};

static void put(const struct key *k, const struct key *mask, const struct nlkey_features *f,
                struct attrs *a)
{
    struct nlwr w;

    nlwr_init(&w, a->b, sizeof a->b);
    nlkey_put(k, mask, f, &w);
    assert_false(w.err);
    a->n = w.len;
}

static void test_round_trip(void **state UNUSED)
{
    struct key k, back;
    struct attrs a;

    srand(1);
    for (unsigned i = 0; i < 50000; i++) {
        random_kernel_key(&k);
        put(&k, NULL, &kernel_all, &a);
        memset(&back, 0xee, sizeof back);
        assert_true(nlkey_get(a.b, a.n, false, &back));
        assert_memory_equal(&back, &k, sizeof k);
    }
}

/* Each attribute's bytes, as the kernel's structures have them. */
static void test_golden(void **state UNUSED)
{
    struct key k = {.in_port = 2,
                    .recirc_id = htonl(5),
                    .skb_mark = htonl(0x01020304),
                    .ct_state = htonl(CS_TRK | CS_EST),
                    .ct_zone = htons(0x0506),
                    .ct_label = {[0] = 0xaa, [15] = 1},
                    .eth_type = htons(0x0800),
                    .eth_src = {2, 0, 0, 0, 0, 1},
                    .eth_dst = {2, 0, 0, 0, 0, 2},
                    .vlan[0] = {htons(0x8100), htons(0x1007)},
                    .ip_src = htonl(0x0a000001),
                    .ip_dst = htonl(0x0a000002),
                    .ip_proto = 6,
                    .ip_tos = 8,
                    .ip_ttl = 64,
                    .ip_frag = KEY_FRAG_ANY,
                    .tp_src = htons(80),
                    .tp_dst = htons(1000),
                    .tcp_flags = htons(0x12)};
    /* clang-format off */
    static const uint8_t want[] = {
        8, 0, OVS_KEY_ATTR_SKB_MARK, 0, 4, 3, 2, 1,
        8, 0, OVS_KEY_ATTR_DP_HASH, 0, 0, 0, 0, 0,
        8, 0, OVS_KEY_ATTR_RECIRC_ID, 0, 5, 0, 0, 0,
        8, 0, OVS_KEY_ATTR_IN_PORT, 0, 2, 0, 0, 0,
        8, 0, OVS_KEY_ATTR_CT_STATE, 0, 0x22, 0, 0, 0,
        6, 0, OVS_KEY_ATTR_CT_ZONE, 0, 6, 5, 0, 0,
        8, 0, OVS_KEY_ATTR_CT_MARK, 0, 0, 0, 0, 0,
        20, 0, OVS_KEY_ATTR_CT_LABELS, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa,
        16, 0, OVS_KEY_ATTR_ETHERNET, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
        6, 0, OVS_KEY_ATTR_ETHERTYPE, 0, 0x81, 0, 0, 0,
        6, 0, OVS_KEY_ATTR_VLAN, 0, 0x10, 7, 0, 0,
        44, 0, OVS_KEY_ATTR_ENCAP, 0,
            6, 0, OVS_KEY_ATTR_ETHERTYPE, 0, 8, 0, 0, 0,
            16, 0, OVS_KEY_ATTR_IPV4, 0, 10, 0, 0, 1, 10, 0, 0, 2, 6, 8, 64, OVS_FRAG_TYPE_FIRST,
            8, 0, OVS_KEY_ATTR_TCP, 0, 0, 80, 3, 232,
            6, 0, OVS_KEY_ATTR_TCP_FLAGS, 0, 0, 0x12, 0, 0,
    };
    /* clang-format on */
    struct attrs a;

    if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) {
        skip();
    }
    put(&k, NULL, &kernel_all, &a);
    assert_int_equal(a.n, sizeof want);
    assert_memory_equal(a.b, want, sizeof want);
}

/* ---- malformed ---- */

static void survive(const void *attrs, size_t n, bool is_mask)
{
    struct key k;
    bool unused UNUSED = nlkey_get(attrs, n, is_mask, &k);
}

/* Every attribute, at every depth: one byte longer or shorter, twice, cut. */
static void spoil_lengths(const struct attrs *good, size_t from, size_t end, bool is_key)
{
    struct key k;

    for (size_t at = from; at < end;) {
        const struct nlattr *a = (const void *)(good->b + at);
        size_t whole = NLA_ALIGN(a->nla_len);
        uint16_t type = a->nla_type & NLA_TYPE_MASK;
        bool nests = is_key && (type == OVS_KEY_ATTR_ENCAP || type == OVS_KEY_ATTR_TUNNEL ||
                                type == OVS_KEY_ATTR_NSH);
        for (int delta = -1; delta <= 1; delta += 2) {
            struct attrs bad = *good;
            struct nlattr *b = (void *)(bad.b + at);
            b->nla_len = (uint16_t)(a->nla_len + delta);
            if (b->nla_len > whole && at + whole == end) {
                bad.n += 4; /* Or it would only be longer than the rest. */
            }
            if (from == 0 && !nests && type != OVS_KEY_ATTR_MPLS) {
                assert_false(nlkey_get(bad.b, bad.n, false, &k));
            } else {
                survive(bad.b, bad.n, false);
            }
        }
        if (from == 0) { /* Twice. */
            struct attrs bad = *good;
            memcpy(bad.b + bad.n, good->b + at, whole);
            bad.n += whole;
            assert_false(nlkey_get(bad.b, bad.n, false, &k));
        }
        if (nests) {
            spoil_lengths(good, at + NLA_HDRLEN, at + whole, type == OVS_KEY_ATTR_ENCAP);
        }
        at += whole;
    }
}

static void test_malformed(void **state UNUSED)
{
    struct key k;
    struct attrs a;

    srand(2);
    for (unsigned i = 0; i < 2000; i++) {
        random_kernel_key(&k);
        put(&k, NULL, &kernel_all, &a);
        spoil_lengths(&a, 0, a.n, true);
        for (size_t n = 0; n < a.n; n++) { /* Cut: never more than was there. */
            uint8_t *copy = malloc(n ? n : 1);
            memcpy(copy, a.b, n);
            survive(copy, n, i % 2);
            free(copy);
        }
    }
}

/* A list of attributes by hand: {type, length, bytes}; ENCAP's length covers what follows. */
static bool get_bytes(const uint8_t *b, size_t n, struct key *k)
{
    _Alignas(8) uint8_t copy[128];

    memcpy(copy, b, n);
    return nlkey_get(copy, n, false, k);
}

static void test_nesting(void **state UNUSED)
{
    struct key k;
    /* clang-format off */
    static const uint8_t three[] = {
        6, 0, 6, 0, 0x81, 0, 0, 0, 6, 0, 5, 0, 0x10, 1, 0, 0, 44, 0, 1, 0,
        6, 0, 6, 0, 0x81, 0, 0, 0, 6, 0, 5, 0, 0x10, 2, 0, 0, 24, 0, 1, 0,
        6, 0, 6, 0, 0x81, 0, 0, 0, 6, 0, 5, 0, 0x10, 3, 0, 0, 4, 0, 1, 0};
    static const uint8_t no_encap[] = {6, 0, 6, 0, 0x81, 0, 0, 0, 6, 0, 5, 0, 0x10, 1, 0, 0};
    static const uint8_t truncated_tag[] = {6, 0, 6, 0, 0x81, 0, 0, 0, 6, 0, 5, 0, 0, 0, 0, 0,
                                            4, 0, 1, 0};
    static const uint8_t bad_frag[] = {16, 0, 7, 0, 10, 0, 0, 1, 10, 0, 0, 2, 6, 8, 64, 3};
    static const uint8_t arp_op[] = {28, 0, 13, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1};
    static const uint8_t no_label[] = {4, 0, 21, 0};
    static const uint8_t half_label[] = {6, 0, 21, 0, 1, 1, 0, 0};
    static const uint8_t bad_tunnel[] = {12, 0, 16, 0, 8, 0, 0, 0, 1, 1, 1, 1};
    static const uint8_t unknown[] = {4, 0, 60, 0};
    /* clang-format on */
    uint8_t arp[28] = {0};

    assert_false(get_bytes(three, sizeof three, &k)); /* A key has two tags. */
    assert_false(get_bytes(no_encap, sizeof no_encap, &k));
    assert_true(get_bytes(truncated_tag, sizeof truncated_tag, &k));
    assert_int_equal(k.eth_type, htons(0x8100));
    assert_true(is_all_zeros(&k.vlan, sizeof k.vlan));
    assert_false(get_bytes(bad_frag, sizeof bad_frag, &k));
    memcpy(arp, arp_op, sizeof arp_op);
    assert_false(get_bytes(arp, sizeof arp, &k));
    arp[12] = 0;
    assert_true(get_bytes(arp, sizeof arp, &k));
    assert_int_equal(k.ip_proto, 1);
    assert_true(get_bytes(no_label, sizeof no_label, &k)); /* Cut off. */
    assert_false(get_bytes(half_label, sizeof half_label, &k));
    assert_false(get_bytes(bad_tunnel, sizeof bad_tunnel, &k));
    assert_true(get_bytes(unknown, sizeof unknown, &k)); /* Of a newer kernel. */
    assert_true(nlkey_get(NULL, 0, false, &k));
    assert_int_equal(k.eth_type, htons(ETH_TYPE_NONE));
}

/* ---- masks ---- */

/* The kernel's view of a packet: attributes masked as it masks them. */
static void masked_view(const struct key *packet, const struct key *mask, struct key *view)
{
    struct attrs a;

    put(packet, NULL, &kernel_all, &a);
    assert_true(nlkey_get(a.b, a.n, false, view));
    for (size_t i = 0; i < KEY_WORDS; i++) {
        ((uint64_t *)view)[i] &= key_words(mask)[i];
    }
}

static bool same_under(const struct key *a, const struct key *b, const struct key *mask)
{
    for (size_t i = 0; i < KEY_WORDS; i++) {
        if ((key_words(a)[i] ^ key_words(b)[i]) & key_words(mask)[i]) {
            return false;
        }
    }
    return true;
}

/* A packet alike in most of what the mask looks at. */
static void mix(struct key *b, const struct key *a)
{
    struct key other;

    random_kernel_key(&other);
    if (random_below(2)) {
        *b = other;
        return;
    }
    *b = *a;
    if (random_below(2)) {
        memcpy(b->eth_src, other.eth_src, 6);
    }
    if ((key_is_ip4(a) || key_is_ip6(a)) && random_below(2)) {
        random_l4(b);
    }
    random_bytes(&b->nd_reserved, key_is_ip6(b) && b->nd_target[0] ? 4 : 0);
}

/* If the kernel takes two packets for one flow, then translation's mask does as well. */
static void test_covers(void **state UNUSED)
{
    struct key a, b, mask, wide, seen, va, vb;
    unsigned n_covered = 0, n_same = 0;
    struct attrs at;

    srand(3);
    for (unsigned i = 0; i < 200000; i++) {
        random_kernel_key(&a);
        random_mask(&mask);
        wide = mask;
        nlkey_widen(&a, &kernel_all, &wide);
        if (nlkey_fit(&a, &wide, &kernel_all, &seen) != NLKEY_ALL) {
            continue;
        }
        n_covered++;
        put(&a, &wide, &kernel_all, &at);
        assert_true(nlkey_get(at.b, at.n, true, &seen));
        /* Tags' absence and the port are matched without being said. */
        seen.in_port = UINT32_MAX;
        for (unsigned v = 0; v < KEY_MAX_VLANS; v++) {
            seen.vlan[v].tci |= a.vlan[v].tci ? 0 : UINT16_MAX;
        }
        mix(&b, &a);
        masked_view(&a, &seen, &va);
        masked_view(&b, &seen, &vb);
        if (!memcmp(&va, &vb, sizeof va)) {
            n_same++;
            assert_true(same_under(&a, &b, &mask));
        }
    }
    assert_in_range(n_covered, 50000, 200000);
    assert_in_range(n_same, 1000, 200000);
}

static const struct key ip_mask = {.in_port = UINT32_MAX, .eth_type = UINT16_MAX};

static bool covered(const struct key *k, const struct key *mask, const struct nlkey_features *f)
{
    struct key wide = *mask, seen;

    nlkey_widen(k, f, &wide);
    return nlkey_fit(k, &wide, f, &seen) == NLKEY_ALL;
}

/* Keys that a real kernel gave for frames that end within a tag or ahead of a label, from ETHERNET
 * on.  It does not take them back. */
static void test_cut_off(void **state UNUSED)
{
    static const struct {
        const char *hex;
        uint16_t type; /* 0: what the frame says. */
        unsigned n_vlans;
    } samples[] = {
        {"1000040002000000000202000000000206000600810000000600050000000000"
         "04000100",
         0x8100, 0},
        {"10000400020000000002020000000002060006008848000004001500", 0x8848, 0},
        {"1000040055fcf3750353883f87da9082060006008100000006000500f5600000"
         "10000100060006008847000004001500",
         0x8847, 1},
        {"100004000200000000010200000000020600060081000000060005001baa0000"
         "1800010006000600000000000600050000000000"
         "04000100",
         0, 1},
    };
    const struct key mask = {.in_port = UINT32_MAX, .eth_type = UINT16_MAX};

    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        _Alignas(8) uint8_t b[128];
        struct key k, seen;
        size_t n = 0;
        for (; samples[i].hex[2 * n]; n++) {
            unsigned byte;
            assert_int_equal(sscanf(samples[i].hex + 2 * n, "%2x", &byte), 1);
            b[n] = (uint8_t)byte;
        }
        assert_true(nlkey_get(b, n, false, &k));
        assert_int_equal(ntohs(k.eth_type), samples[i].type);
        assert_int_equal(k.vlan[0].tci != 0, samples[i].n_vlans);
        assert_int_equal(k.vlan[1].tci, 0);
        k.eth_type = k.eth_type ? k.eth_type : htons(0x88a8);
        struct key wide = mask;
        nlkey_widen(&k, &kernel_all, &wide);
        assert_int_equal(nlkey_fit(&k, &wide, &kernel_all, &seen), NLKEY_NONE);
    }
}

/* The ordinary cases are cached, and the extraordinary ones known. */
static void test_beyond(void **state UNUSED)
{
    struct key k = {.eth_type = htons(0x86dd), .ip_proto = 58, .tp_src = htons(135)}, m = ip_mask;
    struct nlkey_features old = {.max_vlans = 1, .max_mpls = 1};

    assert_true(covered(&k, &m, &kernel_all));
    memset(m.nd_target, 0xff, 16);
    m.ip6_exthdr = htons(1);
    assert_true(covered(&k, &m, &kernel_all));
    assert_false(covered(&k, &m, &old));
    m.nd_options_type = 0xff;
    assert_false(covered(&k, &m, &kernel_all));
    k.tp_src = htons(128); /* Not ND: it has none. */
    assert_true(covered(&k, &m, &kernel_all));
    m = ip_mask;
    m.nd_reserved = 1;
    k.tp_src = htons(136);
    assert_false(covered(&k, &m, &kernel_all));

    k = (struct key){.eth_type = htons(0x88e7)};
    m = ip_mask;
    assert_true(covered(&k, &m, &kernel_all));
    m.pbb_isid = htonl(1);
    assert_false(covered(&k, &m, &kernel_all));

    k = (struct key){.eth_type = htons(0x0800), .ip_proto = 17};
    m = ip_mask;
    memset(&m.tun_id, 0xff, 8); /* It came through no tunnel. */
    m.tcp_flags = UINT16_MAX;
    m.vlan[0] = m.vlan[1] = (struct key_vlan){UINT16_MAX, UINT16_MAX};
    assert_true(covered(&k, &m, &old));
    k.vlan[0] = (struct key_vlan){htons(0x88a8), htons(0x1001)};
    k.vlan[1] = (struct key_vlan){htons(0x8100), htons(0x1001)};
    assert_true(covered(&k, &m, &kernel_all));
    assert_false(covered(&k, &m, &old));

    /* A tuple is looked at where there is no connection. */
    k = (struct key){.eth_type = htons(0x0800), .ct_state = htonl(CS_TRK | CS_INV)};
    m = ip_mask;
    m.ct_ip_src = UINT32_MAX;
    assert_true(covered(&k, &m, &kernel_all));
    nlkey_widen(&k, &kernel_all, &m);
    assert_int_equal(m.ct_state, htonl(CS_TRK | CS_INV));
    k.ct_state = htonl(CS_TRK | CS_NEW);
    assert_false(covered(&k, &m, &kernel_all));
}

/* A key or a policy that the packet had not is matched as absent; what is there as there. */
static void test_tunnel_presence(void **state UNUSED)
{
    struct key k = {.eth_type = htons(0x0806), .tun_dst = htonl(1), .tun_src = htonl(2)};
    struct key m = {.tun_id = UINT64_MAX, .tun_gbp_id = UINT16_MAX}, back;
    struct attrs a;

    nlkey_widen(&k, &kernel_all, &m);
    assert_int_equal(ntohs(m.tun_flags), KEY_TUN_KEY | KEY_TUN_GBP);
    put(&k, NULL, &kernel_all, &a);
    assert_true(nlkey_get(a.b, a.n, false, &back));
    assert_int_equal(back.tun_flags, 0);
    put(&k, &m, &kernel_all, &a);
    assert_true(nlkey_get(a.b, a.n, true, &back));
    assert_int_equal(ntohs(back.tun_flags), KEY_TUN_KEY | KEY_TUN_GBP);
    assert_true(back.tun_id == UINT64_MAX);
    assert_int_equal(back.tun_gbp_id, UINT16_MAX);
}

static void test_widen(void **state UNUSED)
{
    struct key k = {.eth_type = htons(0x0800), .ip_proto = 6}, m = {.tp_dst = htons(1)};

    nlkey_widen(&k, &kernel_all, &m);
    assert_int_equal(m.ip_proto, 0xff);
    assert_int_equal(m.ip_frag, 3);
    assert_int_equal(m.eth_type, 0xffff);
    assert_int_equal(m.vlan[0].tci, 0xffff);
    assert_int_equal(m.in_port, UINT32_MAX);
    assert_int_equal(m.recirc_id, UINT32_MAX);
    m = (struct key){.ip_frag = KEY_FRAG_LATER, .ct_state = htonl(0x1ff)};
    nlkey_widen(&k, &kernel_all, &m);
    assert_int_equal(m.ip_proto, 0);
    assert_int_equal(m.ip_frag, 3);
    assert_int_equal(m.ct_state, htonl(0xff));
    m.ct_state = htonl(CS_TRK);
    nlkey_widen(&k, &(struct nlkey_features){.max_vlans = 1}, &m);
    assert_int_equal(m.ct_state, 0);
    k = (struct key){.eth_type = htons(0x8847), .mpls_lse = {htonl(0x40), htonl(0x140)}};
    m = (struct key){.ip_proto = 0};
    nlkey_widen(&k, &kernel_all, &m);
    assert_int_equal(m.mpls_lse[0], htonl(0x100));
    assert_int_equal(m.mpls_lse[1], htonl(0x100));
    assert_int_equal(m.mpls_lse[2], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer_bounds), cmocka_unit_test(test_writer_long),
        cmocka_unit_test(test_reader),        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_golden),        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_nesting),       cmocka_unit_test(test_covers),
        cmocka_unit_test(test_cut_off),       cmocka_unit_test(test_beyond),
        cmocka_unit_test(test_widen),         cmocka_unit_test(test_tunnel_presence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
