/* test-compose.c - parse_key() gives back every key that compose_packet() was given, and survives
 * every truncation and every flipped byte of what it made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/packet/compose.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/unit/packet-random.h"

static void assert_key_equal(const struct key *a, const struct key *b)
{
    for (size_t i = 0; i < sizeof *a; i++) {
        if (((const uint8_t *)a)[i] != ((const uint8_t *)b)[i]) {
            fail_msg("keys differ at byte %zu: %02x %02x (eth_type %04x proto %u)", i,
                     ((const uint8_t *)a)[i], ((const uint8_t *)b)[i], ntohs(a->eth_type),
                     a->ip_proto);
        }
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t payload[200];
    random_bytes(payload, sizeof payload);
    for (unsigned i = 0; i < 20000; i++) {
        struct key in, out;
        random_key(&in);
        struct packet *p = compose_packet(&in, payload, (uint32_t)rand() % sizeof payload);
        assert_true(parse_key(p, &out));
        assert_key_equal(&in, &out);
        p->csum = CSUM_UNKNOWN;
        assert_true(csum_l4_ok(p));
        assert_int_equal(csum_ip4_ok(p), key_is_ip4(&in));
        if (p->l4_ofs != PACKET_NO_OFS && !in.ip_frag && random_has_csum(&in)) {
            assert_int_equal(p->csum, CSUM_VALID);
            /* One bit wrong is found. */
            uint32_t at = p->l4_ofs + (in.ip_proto == IPPROTO_HDR_UDP ? 0 : 4);
            p->data[at] ^= 0x10;
            p->csum = CSUM_UNKNOWN;
            assert_false(csum_l4_ok(p));
            assert_int_equal(p->csum, CSUM_BAD);
        }
        packet_free(p);
    }
}

/* What a sender leaves to a device is found, and completed as the sender would have. */
static void test_find_partial(void **state)
{
    unsigned n_found = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct key k;
        struct ip_info ip;
        random_key(&k);
        struct packet *p = compose_packet(&k, "payload of a packet", (uint32_t)rand() % 20), *whole;
        assert_true(parse_key(p, &k));
        csum_l4_set(p);
        whole = packet_clone(p, NULL);
        p->csum = CSUM_UNKNOWN;
        bool has = !k.ip_frag && p->l4_ofs != PACKET_NO_OFS && p->mpls_ofs == PACKET_NO_OFS &&
                   ip_packet(p, &ip) &&
                   (ip.proto == IPPROTO_HDR_TCP || ip.proto == IPPROTO_HDR_UDP);
        if (has) {
            uint8_t *field = p->data + p->l4_ofs + (ip.proto == IPPROTO_HDR_TCP ? 16 : 6);
            be16 sum = (be16)~csum_fold(csum_pseudo(p->data + p->l3_ofs, &ip, ip.l4_len));
            memcpy(field, &sum, sizeof sum);
        }
        csum_find_partial(p);
        assert_int_equal(p->csum, has ? CSUM_PARTIAL : CSUM_UNKNOWN);
        if (has) {
            assert_int_equal(p->csum_start, p->l4_ofs);
            csum_complete(p);
            n_found++;
        }
        assert_memory_equal(p->data, whole->data, whole->len);
        packet_free(p);
        packet_free(whole);
    }
    assert_true(n_found > 1000);
}

static void check_offsets(const struct packet *p)
{
    assert_true(p->l3_ofs == PACKET_NO_OFS || p->l3_ofs <= p->len);
    assert_true(p->mpls_ofs == PACKET_NO_OFS || p->mpls_ofs <= p->len);
    assert_true(p->l4_ofs == PACKET_NO_OFS || (p->l4_ofs <= p->len && p->l4_ofs >= p->l3_ofs));
    assert_true(p->payload_ofs == PACKET_NO_OFS ||
                (p->payload_ofs <= p->len && p->payload_ofs >= p->l4_ofs));
}

static void test_mutated(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 400; i++) {
        struct key in, out;
        random_key(&in);
        struct packet *whole = compose_packet(&in, "0123456789abcdef", 16);
        for (uint32_t n = 0; n <= whole->len; n++) {
            /* Its own heap block of exactly this size, so that the sanitizer sees any overrun. */
            struct packet p = *whole;
            uint8_t *copy = malloc(n ? n : 1);
            memcpy(copy, whole->data, n);
            p.base = p.data = copy;
            p.len = p.cap = n;
            p.csum = CSUM_UNKNOWN;
            assert_int_equal(parse_key(&p, &out), n >= 14);
            check_offsets(&p);
            if (n < whole->len && (key_is_ip4(&in) || key_is_ip6(&in))) {
                /* The length in the IP header is not there. */
                assert_int_equal(p.l4_ofs, PACKET_NO_OFS);
                assert_int_equal(out.ip_proto, 0);
            }
            csum_l4_ok(&p);
            csum_l4_set(&p);
            csum_find_partial(&p);
            p.csum = CSUM_PARTIAL;
            p.csum_start = (uint16_t)(rand() % 128);
            p.csum_ofs = 16;
            csum_complete(&p);
            free(copy);
        }
        for (uint32_t at = 0; at < whole->len; at++) {
            struct packet *p = packet_clone(whole, NULL);
            p->data[at] ^= (uint8_t)(1 + rand() % 255);
            p->csum = CSUM_UNKNOWN;
            assert_true(parse_key(p, &out));
            check_offsets(p);
            csum_l4_ok(p);
            packet_free(p);
        }
        packet_free(whole);
    }
}

/* Chains of extension headers: order and repeats, as OpenFlow 1.3.5 section A.2.3.8 has them. */
static void test_exthdr(void **state)
{
    (void)state;
    static const struct {
        uint8_t chain[8]; /* Ends with 17. */
        uint16_t want;
        bool valid;
    } rows[] = {
        {{17}, 0, true},
        {{60, 43, 60, 17}, IP_EXTHDR_DEST | IP_EXTHDR_ROUTER, true},
        {{43, 60, 17}, IP_EXTHDR_DEST | IP_EXTHDR_ROUTER, true},
        {{60, 60, 60, 17}, IP_EXTHDR_DEST | IP_EXTHDR_UNREP, true},
        {{0, 0, 17}, IP_EXTHDR_HOP | IP_EXTHDR_UNREP | IP_EXTHDR_UNSEQ, true},
        {{60, 0, 17}, IP_EXTHDR_DEST | IP_EXTHDR_HOP | IP_EXTHDR_UNSEQ, true},
        {{51, 43, 17}, IP_EXTHDR_AUTH | IP_EXTHDR_ROUTER | IP_EXTHDR_UNSEQ, true},
        {{43, 43, 17}, IP_EXTHDR_ROUTER | IP_EXTHDR_UNREP, true},
        {{59}, IP_EXTHDR_NONEXT, true},
        {{60, 50}, IP_EXTHDR_DEST | IP_EXTHDR_ESP, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        uint8_t b[200] = {0x60};
        uint32_t n = 40;
        uint8_t *next = &b[6];
        size_t j;
        for (j = 0;; j++) {
            *next = rows[i].chain[j];
            if (*next == 17 || *next == 59 || *next == 50) {
                break;
            }
            next = &b[n];
            n += 8; /* A length byte of 0 means 8 bytes to all of them. */
        }
        put_be16(b + 4, (uint16_t)(n - 40));
        struct ip_info ip;
        assert_int_equal(ip_parse(b, n, false, &ip), rows[i].valid);
        if (ip.exthdr != rows[i].want) {
            fail_msg("row %zu: %#x, not %#x", i, ip.exthdr, rows[i].want);
        }
        assert_int_equal(ip.proto, rows[i].chain[j]);
    }

    /* Destination options upon destination options: 16 are walked, with a 17th all is refused. */
    uint8_t endless[40 + 17 * 8 + 8] = {0x60};
    endless[6] = 60;
    for (uint32_t ofs = 40; ofs < sizeof endless; ofs += 8) {
        endless[ofs] = 60;
    }
    struct ip_info ip;
    put_be16(endless + 4, 16 * 8 + 8);
    endless[40 + 15 * 8] = 17;
    assert_true(ip_parse(endless, sizeof endless, false, &ip));
    assert_int_equal(ip.l4_ofs, 40 + 16 * 8);
    put_be16(endless + 4, 17 * 8 + 8);
    endless[40 + 15 * 8] = 60;
    endless[40 + 16 * 8] = 17;
    assert_false(ip_parse(endless, sizeof endless, false, &ip));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_find_partial),
        cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_exthdr),
    };
    srand(7);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
