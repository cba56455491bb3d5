/* test-edit-encap.c - headers around whole packets: what is pushed parses as what it is and comes
 * off again without a trace; what has no such header stays as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/packet/compose.h"
#include "lib/packet/edit.h"
#include "lib/packet/edit_encap.h"
#include "lib/packet/parse.h"
#include "tests/unit/packet-random.h"

#define N 20000

static const uint8_t src[6] = {2, 0, 0, 0, 0, 1}, dst[6] = {2, 0, 0, 0, 0, 2};

static struct packet *random_packet(struct key *key)
{
    uint8_t payload[64];

    random_key(key);
    random_bytes(payload, sizeof payload);
    struct packet *p = compose_packet(key, payload, random_below(sizeof payload));
    assert_true(parse_key(p, key));
    return p;
}

static bool can_be_without(const struct key *key)
{
    return ntohs(key->eth_type) >= 0x600 && !key->vlan[0].tci;
}

static void assert_bytes(const struct packet *p, const uint8_t *data, uint32_t len)
{
    assert_int_equal(p->len, len);
    assert_memory_equal(p->data, data, len);
}

/* Offsets after an edit are those of parsing again. */
static void assert_offsets(struct packet *p, struct key *key)
{
    const uint16_t l3 = p->l3_ofs, l4 = p->l4_ofs, payload = p->payload_ofs, mpls = p->mpls_ofs;

    assert_true(parse_key(p, key));
    assert_int_equal(p->l3_ofs, l3);
    assert_int_equal(p->l4_ofs, l4);
    assert_int_equal(p->payload_ofs, payload);
    assert_int_equal(p->mpls_ofs, mpls);
}

/* Without its Ethernet header all else is in sight as before, and with a new one again. */
static void test_ethernet(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        struct key key, got;
        struct packet *p = random_packet(&key), *was = packet_clone(p, NULL);

        edit_pop_eth(p);
        if (!can_be_without(&key)) {
            assert_bytes(p, was->data, was->len);
            assert_int_equal(p->packet_type, 0);
        } else {
            assert_bytes(p, was->data + 14, was->len - 14);
            assert_offsets(p, &got);
            key.packet_type = PT_ETHERTYPE(ntohs(key.eth_type));
            memset(key.eth_dst, 0, 12);
            assert_memory_equal(&got, &key, sizeof key);

            edit_pop_eth(p);
            assert_bytes(p, was->data + 14, was->len - 14);
            assert_true(edit_push_eth(p, src, dst));
            assert_offsets(p, &got);
            memcpy(key.eth_src, src, 6);
            memcpy(key.eth_dst, dst, 6);
            key.packet_type = 0;
            assert_memory_equal(&got, &key, sizeof key);
        }
        const uint32_t len = p->len;
        assert_true(edit_push_eth(p, src, dst)); /* There is one. */
        assert_int_equal(p->len, len);
        packet_free(p);
        packet_free(was);
    }
}

/* A frame of 802.2 with SNAP loses all of what is ahead of its network header; one without has no
 * EtherType that its packet's type could be. */
static void test_802_2(void **state)
{
    static const uint8_t snap[] = {1,  2,    3,    4, 5, 6, 7, 8,    9,    10, 11, 12, 0,
                                   12, 0xaa, 0xaa, 3, 0, 0, 0, 0x89, 0x4f, 1,  2,  3,  4};
    struct packet *p = packet_new_data(snap, sizeof snap);
    struct key key;

    (void)state;
    assert_true(parse_key(p, &key));
    edit_pop_eth(p);
    assert_bytes(p, snap + 22, 4);
    assert_int_equal(p->packet_type, PT_ETHERTYPE(0x894f));
    packet_free(p);

    p = packet_new_data(snap, sizeof snap);
    p->data[14] = 0x42;
    assert_true(parse_key(p, &key));
    edit_pop_eth(p);
    assert_int_equal(p->packet_type, 0);
    assert_int_equal(p->len, sizeof snap);
    packet_free(p);
}

static void random_nsh(struct edit_nsh_header *h, uint8_t *md)
{
    random_bytes(h, sizeof *h);
    random_bytes(md, NSH_MD2_MAX);
    h->flags &= 3;
    h->ttl &= 0x3f;
    h->mdtype = (uint8_t)(1 + random_below(2));
    h->md = md;
    h->n_md = h->mdtype == 1 ? NSH_MD1_LEN : 4 * random_below(5);
}

static void assert_nsh(const struct key *k, const struct edit_nsh_header *h)
{
    assert_int_equal(k->packet_type, PT_ETHERTYPE(0x894f));
    assert_int_equal(k->eth_type, htons(0x894f));
    assert_int_equal(k->nsh_flags, h->flags);
    assert_int_equal(k->nsh_ttl, h->ttl);
    assert_int_equal(k->nsh_mdtype, h->mdtype);
    assert_int_equal(k->nsh_np, h->np);
    assert_int_equal(ntohl(k->nsh_spi), ntohl(h->path) >> 8);
    assert_int_equal(k->nsh_si, ntohl(h->path) & 0xff);
    if (h->mdtype == 1) {
        assert_memory_equal(k->nsh_c, h->md, NSH_MD1_LEN);
    }
}

static void test_nsh(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        uint8_t md[NSH_MD2_MAX];
        struct edit_nsh_header h;
        struct key key, got;
        struct packet *p = random_packet(&key);

        if (random_below(2)) {
            edit_pop_eth(p);
        }
        struct packet *was = packet_clone(p, NULL);
        random_nsh(&h, md);
        h.np = nsh_np_of_type(p->packet_type);
        assert_true(edit_push_nsh(p, &h));
        assert_offsets(p, &got);
        assert_nsh(&got, &h);
        assert_memory_equal(p->data + NSH_BASE_LEN + h.n_md, was->data, was->len);

        edit_pop_nsh(p);
        if (h.np) {
            assert_bytes(p, was->data, was->len);
            assert_int_equal(p->packet_type, was->packet_type);
        } else { /* Nothing that NSH has a number for. */
            assert_int_equal(p->packet_type, PT_ETHERTYPE(0x894f));
        }
        packet_free(p);
        packet_free(was);
    }
}

/* The longest header, and one more than there is room for. */
static void test_headroom(void **state)
{
    const uint8_t md[NSH_MD2_MAX] = {0};
    const struct edit_nsh_header h = {.mdtype = 2, .np = 3, .md = md, .n_md = NSH_MD2_MAX};
    struct key key;
    struct packet *p = random_packet(&key), *was = packet_clone(p, NULL);

    (void)state;
    assert_false(edit_push_nsh(p, &h));
    assert_bytes(p, was->data, was->len);
    assert_int_equal(p->packet_type, 0);
    while (edit_add_mpls(p, htons(0x8847), htonl(0x100))) {
    }
    assert_int_equal(p->len, was->len + PACKET_HEADROOM);
    assert_false(edit_push_eth(p, src, dst));
    packet_free(p);
    packet_free(was);
}

/* A header that lies about its length, or is cut off, does not come off. */
static void test_bad_nsh(void **state)
{
    (void)state;
    for (uint8_t words = 0; words < 64; words++) {
        const uint8_t bytes[24] = {0, words, 2, 3};
        struct packet *p = packet_new_data(bytes, sizeof bytes);
        struct key key;

        p->packet_type = PT_ETHERTYPE(0x894f);
        assert_true(parse_key(p, &key));
        edit_pop_nsh(p);
        assert_int_equal(p->len, words < 2 || words > 6 ? 24 : 24 - 4 * words);
        packet_free(p);
    }
    struct packet *p = packet_new_data("\0\2\2\3", 4);
    struct key key;
    p->packet_type = PT_ETHERTYPE(0x894f);
    assert_true(parse_key(p, &key));
    edit_pop_nsh(p);
    assert_int_equal(p->len, 4);
    packet_free(p);
}

/* Labels ahead of a frame, and ahead of a packet without. */
static void test_mpls(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N; i++) {
        struct key key, got;
        struct packet *p = random_packet(&key);

        if (random_below(2)) {
            edit_pop_eth(p);
        }
        struct packet *was = packet_clone(p, NULL);
        assert_true(edit_add_mpls(p, htons(0x8848), htonl(0x12340)));
        assert_true(edit_push_mpls(p, htons(0x8847), htonl(0x5640)));
        assert_true(parse_key(p, &got));
        assert_int_equal(got.packet_type, PT_ETHERTYPE(0x8847));
        assert_int_equal(got.mpls_lse[0], htonl(0x5640));
        assert_int_equal(got.mpls_lse[1], htonl(0x12340));
        assert_memory_equal(p->data + 8, was->data, was->len);

        edit_pop_mpls(p, htons(0x8848));
        assert_int_equal(p->packet_type, PT_ETHERTYPE(0x8848));
        edit_pop_mpls(p, was->packet_type ? key.eth_type : htons(0x6558));
        assert_bytes(p, was->data, was->len);
        assert_int_equal(p->packet_type, was->packet_type);
        packet_free(p);
        packet_free(was);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ethernet), cmocka_unit_test(test_802_2),
        cmocka_unit_test(test_nsh),      cmocka_unit_test(test_headroom),
        cmocka_unit_test(test_bad_nsh),  cmocka_unit_test(test_mpls),
    };
    srand(12);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
