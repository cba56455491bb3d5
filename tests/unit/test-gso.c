/* test-gso.c - the segments of a super-frame are valid, in order, and add up to its payload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/packet/compose.h"
#include "lib/packet/csum.h"
#include "lib/packet/edit.h"
#include "lib/packet/gso.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "tests/unit/packet-random.h"

struct collector {
    const struct packet *super;
    struct key want;
    uint8_t *payload;
    uint32_t len;
    unsigned n;
    uint32_t total;
    bool tcp;
};

static void collect(void *aux, struct packet *seg)
{
    struct collector *c = aux;
    struct key k;
    const uint16_t l3 = seg->l3_ofs;

    assert_int_equal(seg->gso_type, GSO_NONE);
    assert_int_equal(seg->csum, CSUM_VALID);
    assert_true(parse_key(seg, &k));
    assert_int_equal(l3, seg->l3_ofs);
    uint32_t n = seg->len - seg->payload_ofs;
    assert_in_range(n, 0, c->super->gso_size);
    bool last = c->len + n == c->total;
    if (!last) {
        assert_int_equal(n, c->super->gso_size);
    }
    if (c->tcp) {
        uint16_t flags = ntohs(c->want.tcp_flags);
        flags &= (uint16_t) ~(last ? 0 : 0x09);
        flags &= (uint16_t) ~(c->n == 0 ? 0 : 0x80);
        assert_int_equal(ntohs(k.tcp_flags), flags);
        k.tcp_flags = c->want.tcp_flags;
        assert_int_equal(get_be32(seg->data + seg->l4_ofs + 4), 0xfffffff0u + c->len);
    }
    assert_memory_equal(&k, &c->want, sizeof k);
    if (key_is_ip4(&k)) {
        assert_true(csum_ip4_ok(seg));
        assert_int_equal(get_be16(seg->data + seg->l3_ofs + 4), (0xfffe + c->n) & 0xffff);
    }
    seg->csum = CSUM_UNKNOWN;
    assert_true(csum_l4_ok(seg));
    assert_int_equal(seg->csum, CSUM_VALID);
    memcpy(c->payload + c->len, seg->data + seg->payload_ofs, n);
    c->len += n;
    c->n++;
    packet_free(seg);
}

/* A super-frame as a virtio-net header describes it. */
static struct packet *make_super(const struct key *key, const void *payload, uint32_t n)
{
    struct packet *p = compose_packet(key, payload, n);
    bool tcp = key->ip_proto == IPPROTO_HDR_TCP;
    if (key_is_ip4(key)) {
        uint8_t *l3 = p->data + p->l3_ofs;
        put_be16(l3 + 4, 0xfffe);
        memset(l3 + 10, 0, 2);
        be16 sum = csum(l3, 20);
        memcpy(l3 + 10, &sum, 2);
    }
    if (tcp) {
        put_be32(p->data + p->l4_ofs + 4, 0xfffffff0u);
    }
    p->csum = CSUM_PARTIAL;
    p->csum_start = p->l4_ofs;
    p->csum_ofs = tcp ? 16 : 6;
    p->gso_type = !tcp ? GSO_UDP : key_is_ip4(key) ? GSO_TCPV4 : GSO_TCPV6;
    p->gso_hdr_len = p->payload_ofs;
    return p;
}

static void random_super_key(struct key *key)
{
    do {
        random_key(key);
    } while (!(key_is_ip4(key) || key_is_ip6(key)) || key->ip_frag ||
             (key->ip_proto != IPPROTO_HDR_TCP && key->ip_proto != IPPROTO_HDR_UDP));
}

static void test_segments(void **state)
{
    (void)state;
    static uint8_t payload[64000], got[64000];
    random_bytes(payload, sizeof payload);
    struct packet_pool *pool = packet_pool_new(2048, 4, 8);
    for (unsigned i = 0; i < 500; i++) {
        struct collector c = {.payload = got};
        random_super_key(&c.want);
        c.total = random_below(10) ? random_below(sizeof payload) : random_below(3);
        c.tcp = c.want.ip_proto == IPPROTO_HDR_TCP;
        struct packet *p = make_super(&c.want, payload, c.total);
        p->gso_size = (uint16_t)(32 + random_below(9000));
        c.super = p;
        assert_true(gso_segment(p, pool, collect, &c));
        assert_int_equal(c.len, c.total);
        assert_int_equal(c.n, MAX(1, DIV_ROUND_UP(c.total, p->gso_size)));
        assert_memory_equal(got, payload, c.total);
        packet_free(p);
    }
    packet_pool_free(pool);
}

/* Under labels the segments are still whole IP packets. */
static void emit_under_label(void *aux, struct packet *seg)
{
    struct key k;
    assert_true(parse_key(seg, &k));
    assert_int_equal(k.mpls_lse[0], htonl(0x140));
    edit_pop_mpls(seg, htons(0x0800));
    assert_true(parse_key(seg, &k));
    seg->csum = CSUM_UNKNOWN;
    assert_true(csum_l4_ok(seg));
    assert_int_equal(seg->csum, CSUM_VALID);
    ++*(unsigned *)aux;
    packet_free(seg);
}

static void test_under_label(void **state)
{
    (void)state;
    struct key key;
    memset(&key, 0, sizeof key);
    key.eth_type = htons(0x0800);
    key.ip_proto = IPPROTO_HDR_TCP;
    struct packet *p = make_super(&key, "0123456789", 10);
    p->gso_size = 4;
    unsigned n = 0;
    assert_true(edit_push_mpls(p, htons(0x8847), htonl(0x140)));
    assert_true(gso_segment(p, NULL, emit_under_label, &n));
    assert_int_equal(n, 3);
    packet_free(p);
}

static void must_not_emit(void *aux, struct packet *seg)
{
    (void)aux;
    (void)seg;
    fail();
}

static void test_refused(void **state)
{
    (void)state;
    struct key key;
    memset(&key, 0, sizeof key);
    key.eth_type = htons(0x0800);
    key.ip_proto = IPPROTO_HDR_TCP;
    static const uint8_t payload[5000];
    struct packet *p = make_super(&key, payload, sizeof payload);
    p->gso_size = 1; /* Would be 5000 packets. */
    assert_false(gso_segment(p, NULL, must_not_emit, NULL));
    p->gso_size = 0;
    assert_false(gso_segment(p, NULL, must_not_emit, NULL));
    p->gso_size = 1000;
    p->gso_type = GSO_TCPV6;
    assert_false(gso_segment(p, NULL, must_not_emit, NULL));
    p->gso_type = GSO_UDP;
    assert_false(gso_segment(p, NULL, must_not_emit, NULL));
    p->gso_type = GSO_TCPV4;
    p->csum_start++;
    assert_false(gso_segment(p, NULL, must_not_emit, NULL));
    p->csum_start--;
    p->data[14 + 20 + 12] = 0x40; /* TCP header of 16 bytes. */
    assert_false(gso_segment(p, NULL, must_not_emit, NULL));
    packet_free(p);
}

static void drop(void *aux, struct packet *seg)
{
    (void)aux;
    packet_free(seg);
}

static void test_mutated(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        struct key key;
        random_super_key(&key);
        struct packet *whole = make_super(&key, "0123456789abcdef", 16);
        for (uint32_t n = 0; n <= whole->len; n++) {
            uint8_t *copy = malloc(n ? n : 1);
            struct packet p = *whole;
            memcpy(copy, whole->data, n);
            if (n && random_below(2)) {
                copy[random_below(n)] ^= (uint8_t)(1 + random_below(255));
            }
            p.base = p.data = copy;
            p.len = p.cap = n;
            p.gso_size = 5;
            gso_segment(&p, NULL, drop, NULL);
            free(copy);
        }
        packet_free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_under_label),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_mutated),
    };
    srand(5);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
