/* test-ct-frag.c - fragments: cutting, putting together in any order, overlaps, limits, time. */
#include "tests/unit/ct-frames.h"

#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct-private.h"
#include "lib/ct/ct_frag.h"
#include "lib/packet/frag.h"

#define T0 INT64_C(5000000)

static struct packet *pieces[300];
static unsigned n_pieces;

static void collect(void *aux, struct packet *p)
{
    (void)aux;
    struct key key;
    parse_key(p, &key);
    assert_in_range(n_pieces, 0, ARRAY_SIZE(pieces) - 1);
    pieces[n_pieces++] = p;
}

static struct packet *datagram(bool ip6, uint32_t len)
{
    struct packet *p =
        frame_packet(&(struct frame){.ip6 = ip6, .proto = IPPROTO_HDR_UDP, .len = len - 8});
    for (uint32_t i = 14 + (ip6 ? 40u : 20u) + 8; i < p->len; i++) {
        p->data[i] = (uint8_t)(i * 7 + i / 251);
    }
    csum_l4_set(p);
    p->csum = CSUM_UNKNOWN;
    p->frag_id = htonl(0x12345678);
    return p;
}

static void cut(struct packet *p, uint16_t frag_max)
{
    n_pieces = 0;
    p->frag_max = frag_max;
    assert_true(frag_split(p, NULL, collect, NULL));
    for (unsigned i = 0; i < n_pieces; i++) {
        assert_in_range(pieces[i]->len - pieces[i]->l3_ofs, 28, frag_max);
    }
}

static void free_pieces(void)
{
    while (n_pieces) {
        packet_free(pieces[--n_pieces]);
    }
}

static struct ct *new_ct(void)
{
    return ct_new(&(struct ct_config){.max_conns = 1000, .hash_seed = 99});
}

static struct packet *take(struct ct *ct, unsigned i, uint16_t zone, int64_t now)
{
    return ct_frag_take(ct, packet_clone(pieces[i], NULL), zone, now);
}

static void check_whole(struct packet *whole, const struct packet *want, uint16_t frag_max)
{
    assert_non_null(whole);
    assert_int_equal(whole->len, want->len);
    assert_memory_equal(whole->data, want->data, want->len);
    assert_int_equal(whole->frag_max, frag_max);
    assert_true(csum_l4_ok(whole));
    packet_free(whole);
}

/* Cut to many sizes and put together in many orders, it is the same again. */
static void test_round_trip(void **state)
{
    (void)state;
    static const uint32_t lens[] = {1400, 4008, 9001, 65000};
    static const uint16_t sizes[] = {576, 1280, 1499, 9000};
    struct ct *ct = new_ct();
    srand(7);
    for (unsigned n = 0; n < 64; n++) {
        bool ip6 = n & 1;
        uint16_t frag_max = sizes[n / 2 % 4];
        struct packet *p = datagram(ip6, lens[n / 8 % 4]);
        if (p->len - 14 <= frag_max) {
            p->frag_max = frag_max;
            assert_false(frag_split(p, NULL, collect, NULL)); /* It fits. */
            packet_free(p);
            continue;
        }
        cut(p, frag_max);
        uint16_t largest = (uint16_t)(pieces[0]->len - 14);
        for (unsigned i = 0; i < n_pieces; i++) { /* Any order. */
            unsigned j = (unsigned)rand() % n_pieces;
            struct packet *swap = pieces[i];
            pieces[i] = pieces[j];
            pieces[j] = swap;
        }
        for (unsigned i = 0; i + 1 < n_pieces; i++) {
            assert_null(take(ct, i, 5, T0));
        }
        check_whole(take(ct, n_pieces - 1, 5, T0), p, largest);
        assert_int_equal(ct->frags.n + ct->frags.bytes, 0);
        free_pieces();
        packet_free(p);
    }
    ct_free(ct);
}

/* IPv4 options: the first fragment has all, later ones those with the copied bit; DF stays. */
static void test_options(void **state)
{
    (void)state;
    struct packet *p = datagram(false, 100);
    uint8_t options[] = {0x07, 3, 4, 0x94, 4, 0, 0, 0}; /* Record route; router alert, copied. */
    uint8_t frame[200];
    memcpy(frame, p->data, 34);
    memcpy(frame + 34, options, 8);
    memcpy(frame + 42, p->data + 34, 100);
    frame[14] = 0x47;
    put_be16(frame + 16, 128);
    put_be16(frame + 20, 0x4000);
    put_be16(frame + 24, 0);
    be16 sum = csum(frame + 14, 28);
    memcpy(frame + 24, &sum, 2);
    packet_free(p);
    p = packet_new_data(frame, 142);
    struct key key;
    parse_key(p, &key);
    cut(p, 80);
    assert_int_equal(pieces[0]->data[14], 0x47);
    assert_int_equal(pieces[1]->data[14], 0x46);
    assert_memory_equal(pieces[1]->data + 34, options + 3, 4);
    assert_int_equal(get_be16(pieces[0]->data + 20), 0x6000);
    assert_int_equal(csum(pieces[1]->data + 14, 24), 0);
    struct ct *ct = new_ct();
    for (unsigned i = 0; i + 1 < n_pieces; i++) {
        assert_null(take(ct, i, 0, T0));
    }
    check_whole(take(ct, n_pieces - 1, 0, T0), p, (uint16_t)(pieces[0]->len - 14));
    free_pieces();
    packet_free(p);
    ct_free(ct);
}

/* IPv6 extension headers ahead of the fragment header stay, those behind it are cut. */
static void test_extension_headers(void **state)
{
    (void)state;
    struct packet *p = datagram(true, 3000);
    uint8_t frame[4000] = {0};
    memcpy(frame, p->data, 54);
    frame[20] = 0;  /* Hop-by-hop options, */
    frame[54] = 60; /* then destination options, which are cut, */
    frame[62] = 17; /* then UDP. */
    put_be16(frame + 18, 3016);
    memcpy(frame + 70, p->data + 54, 3000);
    packet_free(p);
    p = packet_new_data(frame, 3070);
    p->frag_id = htonl(77);
    struct key key;
    parse_key(p, &key);
    cut(p, 1280);
    assert_int_equal(n_pieces, 3);
    assert_int_equal(pieces[0]->data[54], 44);
    assert_int_equal(pieces[0]->data[62], 60);
    assert_int_equal(get_be32(pieces[2]->data + 66), 77);
    struct ct *ct = new_ct();
    assert_null(take(ct, 2, 0, T0));
    assert_null(take(ct, 0, 0, T0));
    struct packet *whole = take(ct, 1, 0, T0);
    assert_int_equal(whole->frag_id, htonl(77));
    check_whole(whole, p, (uint16_t)(pieces[0]->len - 14));
    free_pieces();
    packet_free(p);
    ct_free(ct);
}

static uint64_t grown(enum counter c, uint64_t before)
{
    return counter_read(c) - before;
}

static void test_overlaps(void **state)
{
    (void)state;
    for (int ip6 = 0; ip6 < 2; ip6++) {
        struct ct *ct = new_ct();
        struct packet *p = datagram(ip6, 4000);
        uint64_t overlap = counter_read(COUNTER_drop_frag_overlap);
        uint64_t again = counter_read(COUNTER_drop_frag_again);
        cut(p, 1280);
        /* A copy of one that is there does no harm. */
        assert_null(take(ct, 0, 0, T0));
        assert_null(take(ct, 0, 0, T0));
        assert_int_equal(grown(COUNTER_drop_frag_again, again), 1);
        /* One that begins within another ends the datagram, however whole it then is. */
        uint8_t *field = pieces[1]->data + 14 + (ip6 ? 42 : 6);
        put_be16(field, (uint16_t)(get_be16(field) - (ip6 ? 8 : 1)));
        if (!ip6) {
            put_be16(pieces[1]->data + 24, 0);
            be16 sum = csum(pieces[1]->data + 14, 20);
            memcpy(pieces[1]->data + 24, &sum, 2);
        }
        assert_null(take(ct, 1, 0, T0));
        assert_int_equal(grown(COUNTER_drop_frag_overlap, overlap), 2);
        for (unsigned i = 0; i < n_pieces; i++) {
            assert_null(take(ct, i, 0, T0 + 14000));
        }
        assert_int_equal(ct->frags.bytes, 0);
        assert_int_equal(ct->frags.n, 1); /* The dead one's place. */
        free_pieces();
        /* After its time the same identification is another datagram's. */
        cut(p, 1280);
        for (unsigned i = 0; i + 1 < n_pieces; i++) {
            assert_null(take(ct, i, 0, T0 + 15000));
        }
        check_whole(take(ct, n_pieces - 1, 0, T0 + 15000), p, (uint16_t)(pieces[0]->len - 14));
        free_pieces();
        packet_free(p);
        ct_free(ct);
    }
}

static void test_zones_and_time(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct packet *p = datagram(false, 2000);
    uint64_t timeout = counter_read(COUNTER_drop_frag_timeout);
    cut(p, 1280);
    assert_int_equal(n_pieces, 2);
    assert_null(take(ct, 0, 1, T0));
    assert_null(take(ct, 1, 2, T0)); /* Another zone's. */
    check_whole(take(ct, 1, 1, T0 + 14999), p, (uint16_t)(pieces[0]->len - 14));
    check_whole(take(ct, 0, 2, T0 + 14999), p, (uint16_t)(pieces[0]->len - 14));
    assert_null(take(ct, 0, 1, T0));
    assert_int_equal(ct->frags.n, 1);
    ct_sweep(ct, T0 + 15000, 1);
    assert_int_equal(ct->frags.n, 0);
    assert_int_equal(grown(COUNTER_drop_frag_timeout, timeout), 1);
    assert_null(take(ct, 1, 1, T0 + 15000));
    free_pieces();
    packet_free(p);
    ct_free(ct);
}

/* A flood of first fragments: bounded, and the newest are those that are held. */
static void test_limits(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    struct packet *p = datagram(true, 3000);
    for (uint32_t id = 0; id < 20000; id++) {
        p->frag_id = htonl(id);
        cut(p, 1280);
        assert_null(take(ct, 0, 0, T0));
        assert_true(ct->frags.n <= CT_FRAG_MAX_HELD && ct->frags.bytes <= CT_FRAG_MAX_BYTES);
        if (id < 19999) {
            free_pieces();
        }
    }
    assert_in_range(ct->frags.n, 1000, CT_FRAG_MAX_HELD);
    assert_null(take(ct, 1, 0, T0));
    struct packet *whole = take(ct, 2, 0, T0);
    assert_non_null(whole);
    packet_free(whole);
    free_pieces();
    packet_free(p);

    /* Too many parts of one. */
    struct packet *many = datagram(false, 8 * 300);
    cut(many, 28);
    assert_int_equal(n_pieces, 300);
    for (unsigned i = 0; i < n_pieces; i++) {
        assert_null(take(ct, i, 0, T0));
    }
    free_pieces();
    packet_free(many);
    ct_free(ct);
}

static void test_malformed(void **state)
{
    (void)state;
    struct ct *ct = new_ct();
    uint64_t bad = counter_read(COUNTER_drop_frag_bad);
    struct packet *p = frame_packet(&(struct frame){.proto = IPPROTO_HDR_UDP, .len = 33});
    struct key key;
    static const uint16_t frags[] = {0x2000, 0x3fff, 0x1fff}; /* Not of eights; beyond the end. */
    for (size_t i = 0; i < ARRAY_SIZE(frags); i++) {
        put_be16(p->data + 20, frags[i]);
        put_be16(p->data + 24, 0);
        be16 sum = csum(p->data + 14, 20);
        memcpy(p->data + 24, &sum, 2);
        parse_key(p, &key);
        assert_null(ct_frag_take(ct, packet_clone(p, NULL), 0, T0));
        assert_int_equal(grown(COUNTER_drop_frag_bad, bad), i + 1);
    }
    put_be16(p->data + 20, 1); /* A wrong header checksum. */
    assert_null(ct_frag_take(ct, packet_clone(p, NULL), 0, T0));
    assert_int_equal(grown(COUNTER_drop_frag_bad, bad), 4);
    assert_int_equal(ct->frags.n, 0);
    /* What is no fragment comes back as it is; an atomic one too. */
    put_be16(p->data + 20, 0x4000);
    assert_ptr_equal(ct_frag_take(ct, p, 0, T0), p);
    packet_free(p);
    ct_free(ct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_options),
        cmocka_unit_test(test_extension_headers), cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_zones_and_time),    cmocka_unit_test(test_limits),
        cmocka_unit_test(test_malformed),
    };
    rcu_register_thread();
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    rcu_unregister_thread();
    return result;
}
