/* test-edit.c - editing a packet equals composing the edited key: the same bytes, checksums
 * included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/packet/compose.h"
#include "lib/packet/csum.h"
#include "lib/packet/edit.h"
#include "lib/packet/parse.h"
#include "tests/unit/packet-random.h"

static void blend(void *to, const void *from, const void *mask, size_t n)
{
    uint8_t *t = to;
    const uint8_t *f = from, *m = mask;
    for (size_t i = 0; i < n; i++) {
        t[i] = (uint8_t)((t[i] & ~m[i]) | (f[i] & m[i]));
    }
}

/* A mask of all ones, all zeros or anything. */
static void random_mask(void *p, size_t n)
{
    uint32_t how = random_below(3);
    if (how == 2) {
        random_bytes(p, n);
    } else {
        memset(p, how ? 0xff : 0, n);
    }
}

/* Applies a random change both to the packet and to what its key should become. */
static void change(struct packet *p, struct key *want)
{
    struct key v, m;
    random_bytes(&v, sizeof v);
    random_bytes(&m, sizeof m);
    random_mask(&m.ip_src, 8);
    random_mask(m.ip6_src, 32);
    random_mask(&m.tp_src, 4);
    uint32_t type = random_below(10);

    if (type == 0) {
        edit_eth(p, v.eth_dst, m.eth_dst, v.eth_src, m.eth_src);
        if (!want->packet_type) {
            blend(want->eth_dst, v.eth_dst, m.eth_dst, 12);
        }
    } else if (type == 1) {
        edit_vlan_tci(p, v.vlan[0].tci, m.vlan[0].tci);
        if (want->vlan[0].tci) {
            blend(&want->vlan[0].tci, &v.vlan[0].tci, &m.vlan[0].tci, 2);
            want->vlan[0].tci |= htons(VLAN_CFI);
        }
    } else if (type == 2) {
        edit_mpls_lse(p, v.mpls_lse[0], m.mpls_lse[0] & htonl(0xfffffeff));
        if (want->mpls_lse[0]) {
            m.mpls_lse[0] &= htonl(0xfffffeff);
            blend(&want->mpls_lse[0], &v.mpls_lse[0], &m.mpls_lse[0], 4);
        }
    } else if (type == 3) {
        edit_arp(p, &v, &m);
        if (want->eth_type == htons(0x0806) || want->eth_type == htons(0x8035)) {
            blend(&want->ip_src, &v.ip_src, &m.ip_src, 8);
            blend(want->arp_sha, v.arp_sha, m.arp_sha, 12);
            blend(&want->ip_proto, &v.ip_proto, &m.ip_proto, 1);
        }
    } else if (type == 8) {
        edit_nsh(p, &v, &m);
        if (want->eth_type == htons(0x894f)) {
            v.nsh_flags &= 3, m.nsh_flags &= 3, v.nsh_ttl &= 0x3f, m.nsh_ttl &= 0x3f;
            m.nsh_spi &= htonl(0xffffff);
            blend(&want->nsh_flags, &v.nsh_flags, &m.nsh_flags, 1);
            blend(&want->nsh_ttl, &v.nsh_ttl, &m.nsh_ttl, 1);
            blend(&want->nsh_si, &v.nsh_si, &m.nsh_si, 1);
            blend(&want->nsh_spi, &v.nsh_spi, &m.nsh_spi, 4);
            if (want->nsh_mdtype == 1) {
                blend(want->nsh_c, v.nsh_c, m.nsh_c, sizeof v.nsh_c);
            }
        }
    } else if (type == 9) {
        edit_pbb(p, &v, &m);
        if (want->eth_type == htons(0x88e7)) {
            m.pbb_isid &= htonl(0xffffff), m.pbb_uca &= 1;
            blend(&want->pbb_isid, &v.pbb_isid, &m.pbb_isid, 4);
            blend(&want->pbb_uca, &v.pbb_uca, &m.pbb_uca, 1);
        }
    } else if (type == 4) {
        m.nd_options_type = 0; /* Another type is another option: test_nd_options_type(). */
        edit_nd(p, &v, &m);
        if (key_is_ip6(want) && want->ip_proto == 58 && want->tp_dst == 0 &&
            (want->tp_src == htons(135) || want->tp_src == htons(136))) {
            blend(want->nd_target, v.nd_target, m.nd_target, 16);
            blend(&want->nd_reserved, &v.nd_reserved, &m.nd_reserved, 4);
            if (!is_all_zeros(want->arp_sha, 6)) {
                blend(want->arp_sha, v.arp_sha, m.arp_sha, 6);
            }
            if (!is_all_zeros(want->arp_tha, 6)) {
                blend(want->arp_tha, v.arp_tha, m.arp_tha, 6);
            }
        }
    } else if (type == 5) {
        static const uint8_t protos[] = {6, 17, 132};
        uint8_t proto = protos[random_below(3)];
        edit_ports(p, proto, v.tp_src, m.tp_src, v.tp_dst, m.tp_dst);
        if ((key_is_ip4(want) || key_is_ip6(want)) && want->ip_proto == proto &&
            !(want->ip_frag & KEY_FRAG_LATER)) {
            blend(&want->tp_src, &v.tp_src, &m.tp_src, 4);
        }
    } else if (type == 6) {
        edit_ip4(p, v.ip_src, m.ip_src, v.ip_dst, m.ip_dst, v.ip_tos, m.ip_tos, v.ip_ttl, m.ip_ttl);
        if (key_is_ip4(want)) {
            blend(&want->ip_src, &v.ip_src, &m.ip_src, 8);
            blend(&want->ip_tos, &v.ip_tos, &m.ip_tos, 2);
        }
    } else {
        edit_ip6(p, v.ip6_src, m.ip6_src, v.ip6_dst, m.ip6_dst, v.ip6_label, m.ip6_label, v.ip_tos,
                 m.ip_tos, v.ip_ttl, m.ip_ttl);
        if (key_is_ip6(want)) {
            blend(want->ip6_src, v.ip6_src, m.ip6_src, 32);
            m.ip6_label &= htonl(0xfffff);
            blend(&want->ip6_label, &v.ip6_label, &m.ip6_label, 4);
            blend(&want->ip_tos, &v.ip_tos, &m.ip_tos, 2);
        }
    }
}

static void assert_same_frame(const struct packet *got, const struct packet *want,
                              const struct key *key)
{
    assert_int_equal(got->len, want->len);
    for (uint32_t i = 0; i < got->len; i++) {
        if (got->data[i] != want->data[i]) {
            fail_msg("byte %u: %02x, not %02x (eth_type %04x proto %u frag %u l4 %u)", i,
                     got->data[i], want->data[i], ntohs(key->eth_type), key->ip_proto, key->ip_frag,
                     got->l4_ofs);
        }
    }
}

/* As that of a packet without the header, if it can be without. */
static void forget_ethernet(struct key *key)
{
    if (ntohs(key->eth_type) >= 0x600 && !key->vlan[0].tci) {
        key->packet_type = PT_ETHERTYPE(ntohs(key->eth_type));
        memset(key->eth_dst, 0, 12);
    }
}

static void test_edit_equals_compose(void **state)
{
    (void)state;
    uint8_t payload[101];
    random_bytes(payload, sizeof payload);
    for (unsigned i = 0; i < 30000; i++) {
        struct key key, got;
        random_key(&key);
        if (random_below(4) == 0) {
            forget_ethernet(&key);
        }
        uint32_t n = random_below(sizeof payload);
        struct packet *p = compose_packet(&key, payload, n);
        parse_key(p, &got);
        for (unsigned j = random_below(6); j < 6; j++) {
            change(p, &key);
        }
        struct packet *want = compose_packet(&key, payload, n);
        if (key.ip_frag == KEY_FRAG_ANY && random_has_csum(&key)) {
            /* compose leaves a fragment's checksum zero; ours moved by the difference. */
            assert_true(parse_key(p, &got));
            assert_memory_equal(&got, &key, sizeof key);
        } else {
            assert_same_frame(p, want, &key);
        }
        packet_free(p);
        packet_free(want);
    }
}

/* The first fragment has the checksum of the whole datagram, which must follow. */
static void test_first_fragment(void **state)
{
    (void)state;
    struct key key, k;
    memset(&key, 0, sizeof key);
    key.eth_type = htons(0x0800);
    key.ip_proto = 17;
    key.ip_src = htonl(0x0a000001);
    key.ip_dst = htonl(0x0a000002);
    struct packet *whole = compose_packet(&key, "0123456789abcdef", 16);
    key.ip_src = htonl(0xc0a80101);
    key.tp_dst = htons(99);
    struct packet *want = compose_packet(&key, "0123456789abcdef", 16);

    struct packet *first = packet_clone(whole, NULL);
    first->len -= 8;
    put_be16(first->data + 16, 36);
    put_be16(first->data + 20, 0x2000);
    assert_true(parse_key(first, &k));
    assert_int_equal(k.ip_frag, KEY_FRAG_ANY);
    edit_ip4(first, key.ip_src, UINT32_MAX, 0, 0, 0, 0, 0, 0);
    edit_ports(first, 17, 0, 0, key.tp_dst, 0xffff);
    assert_memory_equal(first->data + 40, want->data + 40, 2);
    packet_free(whole);
    packet_free(want);
    packet_free(first);
}

/* As CHECKSUM_PARTIAL has it: the field holds the folded pseudo-header sum. */
static void make_partial(struct packet *p, const struct key *key)
{
    uint16_t field = key->ip_proto == 6 ? 16 : 6;
    uint16_t len = (uint16_t)(p->len - p->l4_ofs);
    uint32_t sum = key_is_ip4(key) ? csum_pseudo4(key->ip_src, key->ip_dst, key->ip_proto, len)
                                   : csum_pseudo6(key->ip6_src, key->ip6_dst, key->ip_proto, len);
    be16 c = (be16)~csum_fold(sum);
    memcpy(p->data + p->l4_ofs + field, &c, 2);
    p->csum = CSUM_PARTIAL;
    p->csum_start = p->l4_ofs;
    p->csum_ofs = field;
}

static void test_partial(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        struct key key, k;
        do {
            random_key(&key);
        } while (!(key_is_ip4(&key) || key_is_ip6(&key)) || key.ip_frag ||
                 (key.ip_proto != 6 && key.ip_proto != 17));
        struct packet *p = compose_packet(&key, "some odd payload?", 17);
        make_partial(p, &key);
        for (unsigned j = 0; j < 5; j++) {
            change(p, &key);
            if (random_below(4) == 0 && edit_push_vlan(p, htons(0x8100), htons(0x1005))) {
                if (random_below(2)) {
                    edit_pop_vlan(p);
                } else {
                    memmove(&key.vlan[1], &key.vlan[0], sizeof key.vlan[0]);
                    key.vlan[0] = (struct key_vlan){htons(0x8100), htons(0x1005)};
                    break;
                }
            }
        }
        csum_complete(p);
        assert_true(parse_key(p, &k));
        p->csum = CSUM_UNKNOWN;
        assert_true(csum_l4_ok(p));
        struct packet *want = compose_packet(&key, "some odd payload?", 17);
        if (want->len == p->len) { /* Else there is a third tag, which a key does not see. */
            assert_same_frame(p, want, &key);
        }
        packet_free(want);
        packet_free(p);
    }
}

static void test_udp_without_csum(void **state)
{
    (void)state;
    struct key key, k;
    memset(&key, 0, sizeof key);
    key.eth_type = htons(0x0800);
    key.ip_proto = 17;
    struct packet *p = compose_packet(&key, "x", 1);
    put_be16(p->data + 40, 0);
    parse_key(p, &k);
    edit_ip4(p, 1, UINT32_MAX, 2, UINT32_MAX, 0, 0, 0, 0);
    edit_ports(p, 17, 3, 0xffff, 4, 0xffff);
    assert_int_equal(get_be16(p->data + 40), 0);
    assert_true(csum_ip4_ok(p));
    packet_free(p);
}

/* A sum that comes to zero goes as all ones where zero has another meaning: UDP's and UDP-Lite's.
 */
static void test_zero_sum(void **state)
{
    (void)state;
    static const uint8_t protos[] = {17, 136};
    for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
        struct key key, k;
        memset(&key, 0, sizeof key);
        key.eth_type = htons(0x0800);
        key.ip_proto = 17;
        struct packet *p = compose_packet(&key, "zero", 4);
        uint8_t *l3 = p->data + 14, *l4 = l3 + 20;
        unsigned n_ones = 0;
        struct ip_info ip;
        l3[9] = protos[i];
        be16 sum = csum((memset(l3 + 10, 0, 2), l3), 20);
        memcpy(l3 + 10, &sum, 2);
        parse_key(p, &k);
        assert_true(ip_packet(p, &ip));
        memset(l4 + 6, 0, 2); /* Of UDP-Lite the length is its coverage: all. */
        sum = csum_fold(csum_add(csum_pseudo(l3, &ip, ip.l4_len), l4, ip.l4_len));
        memcpy(l4 + 6, &sum, 2);
        for (uint32_t host = 1; host < 65536; host++) {
            edit_ip4(p, htonl(host), UINT32_MAX, 0, 0, 0, 0, 0, 0);
            p->csum = CSUM_UNKNOWN;
            assert_true(csum_l4_ok(p));
            n_ones += get_be16(l4 + 6) == 0xffff;
        }
        assert_int_equal(n_ones, 1);
        packet_free(p);
    }
}

/* What came in damaged goes out damaged. */
static void test_damage_stays(void **state)
{
    (void)state;
    static const uint8_t protos[] = {6, 17, 132};
    for (size_t i = 0; i < ARRAY_SIZE(protos); i++) {
        struct key key, k;
        memset(&key, 0, sizeof key);
        key.eth_type = htons(0x0800);
        key.ip_proto = protos[i];
        struct packet *p = compose_packet(&key, "damage", 6);
        parse_key(p, &k);
        p->data[p->len - 1] ^= 0x40;
        edit_ip4(p, 1, UINT32_MAX, 2, UINT32_MAX, 0, 0, 0, 0);
        edit_ports(p, protos[i], 3, 0xffff, 4, 0xffff);
        p->csum = CSUM_UNKNOWN;
        assert_false(csum_l4_ok(p));
        p->data[p->len - 1] ^= 0x40;
        p->csum = CSUM_UNKNOWN;
        assert_true(csum_l4_ok(p));
        packet_free(p);
    }
}

static void test_tags_and_labels(void **state)
{
    (void)state;
    struct key key, k;
    memset(&key, 0, sizeof key);
    key.eth_type = htons(0x0800);
    key.ip_proto = 6;
    struct packet *p = compose_packet(&key, "x", 1), *orig = packet_clone(p, NULL);
    p->gso_hdr_len = 54;

    assert_true(edit_push_vlan(p, htons(0x88a8), htons(0xf00f)));
    assert_int_equal(p->l4_ofs, 38);
    assert_int_equal(p->gso_hdr_len, 58);
    assert_true(edit_push_mpls(p, htons(0x8847), htonl(0x00010140)));
    assert_true(edit_push_mpls(p, htons(0x8847), htonl(0x00020040)));
    struct packet before = *p;
    assert_true(parse_key(p, &k));
    assert_int_equal(before.l3_ofs, p->l3_ofs);
    assert_int_equal(before.mpls_ofs, p->mpls_ofs);
    assert_int_equal(before.l4_ofs, p->l4_ofs);
    assert_int_equal(k.vlan[0].tpid, htons(0x88a8));
    assert_int_equal(k.vlan[0].tci, htons(0xf00f));
    assert_int_equal(k.mpls_lse[0], htonl(0x00020040));
    assert_int_equal(k.mpls_lse[1], htonl(0x00010140));

    edit_pop_mpls(p, htons(0x8847));
    edit_pop_mpls(p, htons(0x0800));
    edit_pop_vlan(p);
    edit_pop_vlan(p); /* There is none left. */
    edit_pop_mpls(p, htons(0x0800));
    assert_int_equal(p->len, orig->len);
    assert_memory_equal(p->data, orig->data, p->len);
    assert_int_equal(p->gso_hdr_len, 54);
    for (unsigned i = 0; i < PACKET_HEADROOM / 4; i++) {
        assert_true(edit_push_vlan(p, htons(0x8100), htons(0x1001)));
    }
    assert_false(edit_push_vlan(p, htons(0x8100), htons(0x1001)));
    assert_false(edit_push_mpls(p, htons(0x8847), htonl(0x140)));
    packet_free(p);
    packet_free(orig);
}

static void test_mutated(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 600; i++) {
        struct key key, k;
        random_key(&key);
        struct packet *whole = compose_packet(&key, "0123456789abcdef", 16);
        for (uint32_t n = 0; n <= whole->len; n++) {
            uint8_t *copy = malloc(n ? n : 1);
            struct packet p = *whole;
            memcpy(copy, whole->data, n);
            if (n && random_below(2)) {
                copy[random_below(n)] ^= 0x55;
            }
            p.base = p.data = copy;
            p.len = p.cap = n;
            parse_key(&p, &k);
            for (unsigned j = 0; j < 8; j++) {
                change(&p, &key);
            }
            edit_icmp(&p, random_below(2), 1, 0xff, 2, 0xff);
            edit_pop_mpls(&p, htons(0x0800));
            edit_pop_vlan(&p);
            assert_false(edit_push_vlan(&p, htons(0x8100), htons(0x1001)) && p.len > n);
            free(copy);
        }
        packet_free(whole);
    }
}

/* The type of the first link-layer option: a source address becomes a target address. */
static void test_nd_options_type(void **state)
{
    (void)state;
    struct key key = {0}, got, v = {.nd_options_type = 2}, m = {.nd_options_type = 0xff};

    key.eth_type = htons(0x86dd);
    key.ip_proto = 58;
    key.ip_ttl = 255;
    key.tp_src = htons(135);
    key.nd_options_type = 1;
    memcpy(key.arp_sha, "\2\0\0\0\0\7", 6);
    struct packet *p = compose_packet(&key, NULL, 0);
    assert_true(parse_key(p, &got));
    assert_int_equal(got.nd_options_type, 1);
    edit_nd(p, &v, &m);
    assert_true(parse_key(p, &got));
    assert_int_equal(got.nd_options_type, 2);
    assert_memory_equal(got.arp_tha, key.arp_sha, 6);
    p->csum = CSUM_UNKNOWN;
    assert_true(csum_l4_ok(p));
    packet_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edit_equals_compose),
        cmocka_unit_test(test_first_fragment),
        cmocka_unit_test(test_partial),
        cmocka_unit_test(test_udp_without_csum),
        cmocka_unit_test(test_zero_sum),
        cmocka_unit_test(test_damage_stays),
        cmocka_unit_test(test_tags_and_labels),
        cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_nd_options_type),
    };
    srand(11);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
