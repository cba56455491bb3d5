/* test-packet.c - packets and their pools, parsing of literal frames, checksums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/key_pack.h"
#include "lib/packet/parse.h"
#include "lib/text.h"

static struct packet *from_hex(const char *hex)
{
    size_t n;
    uint8_t *b = text_to_hex(hex, &n);
    assert_non_null(b);
    struct packet *p = packet_new_data(b, (uint32_t)n);
    free(b);
    return p;
}

static void test_pool(void **state)
{
    (void)state;
    struct packet_pool *pool = packet_pool_new(128, 1, 2);
    struct packet *a = packet_pool_get(pool), *b = packet_pool_get(pool);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(packet_pool_get(pool));
    assert_null(packet_put(a, 129));
    memset(packet_put(a, 128), 7, 128);
    assert_non_null(packet_push(a, PACKET_HEADROOM));
    assert_null(packet_push(a, 1));
    assert_null(packet_clone(b, pool));

    struct packet *big = packet_clone(a, pool); /* Does not fit a pool buffer. */
    assert_non_null(big);
    assert_null(big->pool);
    assert_int_equal(big->len, a->len);
    packet_free(big);

    packet_pull(a, PACKET_HEADROOM);
    packet_free(b);
    a->mark = 5;
    struct packet *c = packet_clone(a, pool);
    assert_ptr_equal(c, b);
    assert_int_equal(c->mark, 5);
    assert_int_equal(c->len, 128);
    assert_memory_equal(c->data, a->data, 128);
    packet_pool_free(pool); /* Stays until its packets are back. */
    packet_free(a);
    packet_free(c);
}

static void test_csum_literals(void **state)
{
    (void)state;
    /* RFC 1071 section 3: the sum is ddf2. */
    static const uint8_t rfc1071[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    assert_int_equal(csum(rfc1071, 8), htons((uint16_t)~0xddf2));
    assert_int_equal(csum("\x12", 1), htons((uint16_t)~0x1200));
    /* RFC 3720 appendix B.4: 32 bytes of zeros give aa 36 91 8a. */
    static const uint8_t zeros[32];
    uint32_t crc = csum_crc32c(zeros, sizeof zeros);
    assert_memory_equal(&crc, "\xaa\x36\x91\x8a", 4);
    crc = csum_crc32c("123456789", 9);
    assert_int_equal(le32toh(crc), 0xe3069283);
}

static uint16_t naive_csum(const uint8_t *p, size_t n)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
        sum = sum > 0xffff ? sum - 0xffff : sum;
    }
    return (uint16_t)~sum;
}

static void test_csum_random(void **state)
{
    (void)state;
    uint8_t buf[300];
    srand(1);
    for (int i = 0; i < 2000; i++) {
        size_t n = 20 + (size_t)rand() % 280;
        for (size_t j = 0; j < n; j++) {
            buf[j] = rand() % 4 ? (uint8_t)rand() : rand() % 2 ? 0xff : 0;
        }
        assert_int_equal(ntohs(csum(buf, n)), naive_csum(buf, n));
    }
}

/* Frame, then what the key must say.  Checked by hand against the RFCs' figures. */
static void test_parse_literals(void **state)
{
    (void)state;
    struct key key;
    struct packet *p;

    /* Two tags and an ARP request. */
    p = from_hex("ffffffffffff 020000000001 88a8 6005 8100 0006 0806"
                 "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.vlan[0].tpid, htons(0x88a8));
    assert_int_equal(key.vlan[0].tci, htons(0x7005));
    assert_int_equal(key.vlan[1].tci, htons(0x1006));
    assert_int_equal(key.eth_type, htons(0x0806));
    assert_int_equal(key.ip_proto, 1);
    assert_int_equal(key.ip_dst, htonl(0x0a000002));
    assert_int_equal(p->l3_ofs, 22);
    packet_free(p);

    /* UDP with padding behind the datagram; then the same with a bad total length. */
    p = from_hex("020000000002 020000000001 0800 4500001d 0001 0000 4011 0000 0a000001 0a000002"
                 "0001 0002 0009 0000 61 00000000000000000000000000000000000000");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.tp_dst, htons(2));
    assert_int_equal(p->payload_ofs, 42);
    struct ip_info ip;
    assert_true(ip_packet(p, &ip));
    assert_int_equal(ip.l4_len, 9);
    p->data[16] = 1;
    assert_true(parse_key(p, &key));
    assert_int_equal(key.eth_type, htons(0x0800));
    assert_int_equal(key.ip_src, 0);
    assert_int_equal(p->l4_ofs, PACKET_NO_OFS);
    packet_free(p);

    /* 802.2: BPDU without SNAP, CDP with. */
    p = from_hex("0180c2000000 020000000001 0026 424203 0000000000");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.eth_type, htons(0x05ff));
    packet_free(p);
    p = from_hex("0180c2000000 020000000001 0008 aaaa03 000000 0800");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.eth_type, htons(0x0800));
    packet_free(p);

    /* Four labels: three in the key, the network header behind the bottom. */
    p = from_hex("020000000002 020000000001 8847 00001040 00002040 00003040 00004140 45");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.mpls_lse[2], htonl(0x3040));
    assert_int_equal(p->mpls_ofs, 14);
    assert_int_equal(p->l3_ofs, 30);
    packet_free(p);

    /* IPv6: hop-by-hop, destination, first fragment, UDP. */
    p = from_hex("020000000002 020000000001 86dd 60000000 0020 00 40"
                 "fe800000000000000000000000000001 fe800000000000000000000000000002"
                 "3c00010400000000 2c00010400000000 1100000100000007 0035003600080000");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.ip_proto, 17);
    assert_int_equal(key.ip_frag, KEY_FRAG_ANY);
    assert_int_equal(key.tp_src, htons(53));
    assert_int_equal(key.ip6_exthdr, htons(IP_EXTHDR_HOP | IP_EXTHDR_DEST | IP_EXTHDR_FRAG));
    p->data[14 + 40 + 16 + 3] = 9; /* A later fragment. */
    assert_true(parse_key(p, &key));
    assert_int_equal(key.ip_frag, KEY_FRAG_ANY | KEY_FRAG_LATER);
    assert_int_equal(key.tp_src, 0);
    assert_int_equal(p->l4_ofs, PACKET_NO_OFS);
    packet_free(p);

    /* A solicitation whose source link layer option comes twice: neither counts, nor the target. */
    p = from_hex("020000000002 020000000001 86dd 60000000 0028 3a ff"
                 "fe800000000000000000000000000001 fe800000000000000000000000000002"
                 "8700000000000000 fe800000000000000000000000000003"
                 "0101020000000001 0101020000000002");
    assert_true(parse_key(p, &key));
    assert_int_equal(key.tp_src, htons(135));
    assert_true(is_all_zeros(key.nd_target, 16));
    assert_true(is_all_zeros(key.arp_sha, 6));
    p->data[14 + 40 + 32] = 2; /* The second is a target option now. */
    assert_true(parse_key(p, &key));
    assert_int_equal(key.nd_target[15], 3);
    assert_int_equal(key.arp_sha[5], 1);
    assert_int_equal(key.arp_tha[5], 2);
    packet_free(p);

    p = from_hex("020000000002 0200000000");
    p->in_port = 3;
    assert_false(parse_key(p, &key));
    assert_int_equal(key.in_port, 3);
    packet_free(p);
}

/* Pairs without their zeros: all is back, and nothing of the pair before. */
static void test_key_pack(void **state UNUSED)
{
    static struct key_pair x, back;
    uint64_t packed[KEY_PACK_WORDS];

    for (unsigned i = 0; i < 5000; i++) {
        struct key *halves[] = {&x.key, &x.mask};
        for (unsigned h = 0; h < 2; h++) {
            memset(halves[h], 0, sizeof *halves[h]);
            const unsigned n = i == 17 ? sizeof *halves[h] : (unsigned)rand() % 40;
            for (unsigned j = 0; j < n; j++) { /* Key number 17 has not one zero. */
                const size_t at = i == 17 ? j : (size_t)rand() % sizeof *halves[h];
                ((uint8_t *)halves[h])[at] = (uint8_t)(1 + rand() % 255);
            }
        }
        const size_t n = key_pack(packed, &x.key, &x.mask);
        assert_true(n <= KEY_PACK_WORDS && (i != 17 || n == KEY_PACK_WORDS));
        key_unpack(packed, &back);
        assert_memory_equal(&back.key, &x.key, sizeof x.key);
        assert_memory_equal(&back.mask, &x.mask, sizeof x.mask);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool),        cmocka_unit_test(test_csum_literals),
        cmocka_unit_test(test_csum_random), cmocka_unit_test(test_parse_literals),
        cmocka_unit_test(test_key_pack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
