/* test-match.c - OXM and NXM lists: every row of fields.def through decode and encode, each kind of
 * bad input with its exact error, and matches that must survive the round trip. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ofp/flow_mod.h"
#include "tests/unit/test-match-util.h"

static const struct msg_header of13 = {.version = OFP13_VERSION};

static enum ofp_error decode_list(const uint8_t *data, size_t len, bool strict, struct match *m)
{
    struct wire_rd r;
    wire_rd_init(&r, data, len);
    return match_decode_tlvs(&r, len, &of13, strict, m, NULL, NULL);
}

/* What is behind 'prefix' in the list of a match with 'f' put in by hand. */
static enum ofp_error decode_with(const struct match *prefix, const struct field *f, bool has_mask,
                                  const uint8_t *payload, size_t n, unsigned times, struct match *m)
{
    struct wire_wr w = WIRE_WR_INIT(4096);
    match_encode_tlvs(prefix, 4, &w);
    for (unsigned i = 0; i < times; i++) {
        size_t at = w.len;
        tlv_header_encode(f, 4, has_mask, &w);
        w.data[at + 3] = (uint8_t)(n + w.len - at - 4);
        wire_wr_bytes(&w, payload, n);
    }
    enum ofp_error error = decode_list(w.data, w.len, true, m);
    wire_wr_deinit(&w);
    return error;
}

static bool can_be_sent(const struct field *f)
{
    return (f->size || field_is_tun(f)) && f->cp[0].name;
}

static void test_each_row(void **state)
{
    (void)state;
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        struct match prefix, m;
        struct field_value v, got;
        uint8_t payload[40] = {0};
        if (!can_be_sent(f) || field_is_tun(f)) {
            continue; /* Options have no length of their own: test-tun.c. */
        }
        prereq_match(f->prereq, &prefix);
        random_value(f, &v);
        memcpy(payload, v.b, f->n_bytes);
        assert_int_equal(decode_with(&prefix, f, false, payload, f->n_bytes, 1, &m), OFPERR_OK);
        field_get(f, &m.flow, &got);
        assert_memory_equal(&got, &v, sizeof v);
        assert_true(field_is_exact(f, &m.mask));
        assert_int_equal(decode_with(&prefix, f, false, payload, f->n_bytes, 2, &m),
                         OFPERR_OFPBMC_DUP_FIELD);
        /* Lengths it does not have. */
        assert_int_equal(decode_with(&prefix, f, false, payload, f->n_bytes + 1u, 1, &m),
                         OFPERR_OFPBMC_BAD_FIELD);
        assert_int_equal(decode_with(&prefix, f, false, payload, 0, 1, &m),
                         OFPERR_OFPBMC_BAD_FIELD);
        memset(payload + f->n_bytes, 0xff, f->n_bytes);
        assert_int_equal(decode_with(&prefix, f, true, payload, f->n_bytes * 2u + 1, 1, &m),
                         OFPERR_OFPBMC_BAD_LEN);
        /* All-ones mask is exact, all-zero one is wild; nothing outside the mask. */
        memset(payload + f->n_bytes, 0xff, f->n_bytes);
        assert_int_equal(decode_with(&prefix, f, true, payload, f->n_bytes * 2u, 1, &m), OFPERR_OK);
        assert_true(field_is_exact(f, &m.mask));
        memset(payload + f->n_bytes, 0, f->n_bytes);
        assert_int_equal(decode_with(&prefix, f, true, payload, f->n_bytes * 2u, 1, &m),
                         OFPERR_OFPBMC_BAD_WILDCARDS);
        memset(payload, 0, f->n_bytes);
        bool zero = f->id != MF_NSH_MDTYPE; /* Has zero for a value. */
        assert_int_equal(decode_with(&prefix, f, true, payload, f->n_bytes * 2u, 1, &m),
                         zero ? OFPERR_OK : OFPERR_OFPBMC_BAD_VALUE);
        assert_true(field_is_wild(f, &m.mask));
        payload[f->n_bytes * 2 - 1] = 1;
        assert_int_equal(decode_with(&prefix, f, true, payload, f->n_bytes * 2u, 1, &m),
                         f->maskable == MASK_BIT ? OFPERR_OK : OFPERR_OFPBMC_BAD_MASK);
        /* Alone in the list. */
        if (!is_all_zeros(&prefix, sizeof prefix)) {
            match_init(&prefix);
            assert_int_equal(decode_with(&prefix, f, false, v.b, f->n_bytes, 1, &m),
                             OFPERR_OFPBMC_BAD_PREREQ);
        }
    }
}

static void test_bad_values(void **state)
{
    (void)state;
    static const struct {
        enum field_id id;
        uint64_t value;
    } cases[] = {
        {MF_IP_DSCP, 64},
        {MF_NW_ECN, 4},
        {MF_IP_FRAG, 4},
        {MF_ARP_OP, 256},
        {MF_VLAN_VID, 0x2000},
        {MF_VLAN_PCP, 8},
        {MF_MPLS_TC, 8},
        {MF_IPV6_LABEL, 0x100000},
        {MF_MPLS_LABEL, 0x100000},
        {MF_MPLS_BOS, 2},
        {MF_NSH_MDTYPE, 0},
        {MF_TCP_FLAGS, 0x1000},
        {MF_TUN_FLAGS, 2},
        {MF_NSH_TTL, 64},
        {MF_NSH_MDTYPE, 3},
        {MF_NSH_SPI, 0x1000000},
        {MF_NW_TOS, 1},
        {MF_CT_STATE, 256},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct field *f = &fields[cases[i].id];
        struct match prefix, m;
        struct field_value v;
        prereq_match(f->prereq, &prefix);
        field_value_from_u64(f, cases[i].value, &v);
        assert_int_equal(decode_with(&prefix, f, false, v.b, f->n_bytes, 1, &m),
                         OFPERR_OFPBMC_BAD_VALUE);
    }
    uint8_t beyond[8] = {0, 0, 0, 0, 0, 0, 1, 0};
    struct match none, m;
    match_init(&none);
    assert_int_equal(decode_with(&none, &fields[MF_CT_STATE], true, beyond, 8, 1, &m),
                     OFPERR_OFPBMC_BAD_MASK);
    uint8_t xreg[8] = {0}, reg[12] = {0, 1, 0, 4, 0, 0, 0, 1};
    match_set_u64(&none, MF_REG0, 1);
    assert_int_equal(decode_with(&none, &fields[MF_XREG0], false, xreg, 8, 1, &m),
                     OFPERR_OFPBMC_DUP_FIELD);
    assert_int_equal(decode_list(reg, 8, true, &m), OFPERR_OK);
    assert_int_equal(decode_list(reg, 7, true, &m), OFPERR_OFPBMC_BAD_LEN);
    assert_int_equal(decode_list(reg, 12, true, &m), OFPERR_OFPBMC_BAD_FIELD);
    uint8_t unknown[8] = {0x80, 0, 0xf0, 4}, tlv[8] = {0, 1, 0x50, 4};
    assert_int_equal(decode_list(unknown, 8, true, &m), OFPERR_OFPBMC_BAD_FIELD);
    assert_int_equal(decode_list(unknown, 8, false, &m), OFPERR_OK);
    assert_int_equal(decode_list(tlv, 8, true, &m), OFPERR_OK);
    uint8_t experimenter[8] = {0xff, 0xff, 0, 3};
    assert_int_equal(decode_list(experimenter, 7, true, &m), OFPERR_OFPBMC_BAD_LEN);
}

/* Which error comes first, as genuine ovs-ofctl ofp-print has it. */
static void test_error_order(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum ofp_error want;
    } cases[] = {
        {"00010000", OFPERR_OFPBMC_BAD_FIELD},                     /* No value. */
        {"00010100", OFPERR_OFPBMC_BAD_FIELD},                     /* Nor mask. */
        {"80007400", OFPERR_OFPBMC_BAD_FIELD},                     /* Of an unknown field. */
        {"0001010101", OFPERR_OFPBMC_BAD_FIELD},                   /* Odd, and not the length. */
        {"0001d30900000022000000220a", OFPERR_OFPBMC_BAD_LEN},     /* Odd, but for that right. */
        {"0000d308", OFPERR_OFPBMC_BAD_LEN},                       /* Unknown and cut short. */
        {"80008e0208", OFPERR_OFPBMC_BAD_LEN},                     /* Wrong length, cut short. */
        {"0201d7080000000500000003", OFPERR_OFPBMC_BAD_WILDCARDS}, /* Unknown, bad mask. */
        {"0201d7080000000500000007", OFPERR_OFPBMC_BAD_FIELD},
        {"80000302894f", OFPERR_OFPBMC_BAD_WILDCARDS},
        {"ffff0003000000", OFPERR_OFPBMC_BAD_LEN}, /* No room for the experimenter. */
        {"ffff0004", OFPERR_OFPBMC_BAD_LEN},
        {"8000000400800000", OFPERR_OFPBMC_BAD_VALUE}, /* A port that 1.0 cannot name. */
        {"800000040000ff00", OFPERR_OFPBMC_BAD_VALUE},
        {"80000004ffffff00", OFPERR_OK},
        {"ffff56084f4e460000200005", OFPERR_OFPBMC_BAD_VALUE},
        {"ffff1906000023201010", OFPERR_OK}, /* tun_erspan_ver has no limit. */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t len;
        struct match m;
        uint8_t *data = text_to_hex(cases[i].hex, &len);
        enum ofp_error error = decode_list(data, len, true, &m);
        if (error != cases[i].want) {
            print_error("%s: %s\n", cases[i].hex, ofp_error_name(error));
            fail();
        }
        free(data);
    }
}

/* The form in which genuine ovs-ofctl sends a match, in each version. */
static void test_forms(void **state)
{
    (void)state;
    static const struct {
        uint8_t version;
        const char *text, *hex;
    } cases[] = {
        {4, "ct_state=est|trk", "0001d30800000022000000ff"},
        {4, "tun_flags=+oam", "0001d10400010001"},
        {4, "tun_flags=0", "0001d10400000001"},
        {4, "in_port=3,tun_id=5,tun_flags=+oam,tun_gbp_id=4,tun_gbp_flags=1,tun_metadata0=1,reg0=1",
         "800000040000000380004c0800000000000000050001d1040001000100014c02000400014e01010001500101"
         "0001000400000001"},
        {4, "tun_erspan_ver=1/1,tun_erspan_idx=3", "ffff16080000232000000003ffff1906000023200101"},
        {1, "tcp,tcp_flags=+syn", "00000602080000000c01060001450400020002"},
        {4, "tcp,tcp_flags=syn", "80000a0208008000140106ffff54064f4e46000002"},
        {6, "tcp,tcp_flags=syn", "80000a0208008000140106800054020002"},
        {6, "reg0=1,reg1=2", "800100080000000100000002"},
        {1, "tun_metadata0", "00015100"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char copy[256], *cursor = copy, *key, *value;
        struct wire_wr w = WIRE_WR_INIT(4096);
        struct match m;
        size_t len;
        uint8_t *want = text_to_hex(cases[i].hex, &len);
        match_init(&m);
        snprintf(copy, sizeof copy, "%s", cases[i].text);
        while (text_next_kv(&cursor, &key, &value)) {
            bool found;
            assert_null(match_parse_item(key, value, NULL, &m, &found));
            assert_true(found);
        }
        match_encode_tlvs(&m, cases[i].version, &w);
        assert_int_equal(w.len, len);
        assert_memory_equal(w.data, want, len);
        wire_wr_deinit(&w);
        free(want);
    }
}

/* Addresses of a connection's tuple are for packets of their IP version. */
static void test_tuple(void **state)
{
    (void)state;
    static const struct {
        enum field_id id;
        uint16_t eth_type;
        enum ofp_error want;
    } cases[] = {
        {MF_CT_NW_SRC, 0x0800, OFPERR_OK},
        {MF_CT_NW_DST, 0x86dd, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {MF_CT_NW_SRC, 0, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {MF_CT_IPV6_SRC, 0x86dd, OFPERR_OK},
        {MF_CT_IPV6_DST, 0x86dd, OFPERR_OK},
        {MF_CT_IPV6_DST, 0x0800, OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {MF_CT_NW_PROTO, 0, OFPERR_OK},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct flow_mod fm = {.command = FM_ADD, .buffer_id = OFP_NO_BUFFER}, back;
        struct wire_wr w = WIRE_WR_INIT(4096);
        struct wire_rd r;
        struct msg_header h;
        prereq_match(PREREQ_CT, &fm.match);
        if (cases[i].eth_type) {
            match_set_u64(&fm.match, MF_ETH_TYPE, cases[i].eth_type);
        }
        match_set_u64(&fm.match, cases[i].id, 1);
        assert_int_equal(match_check_tuple(&fm.match), cases[i].want);
        flow_mod_encode(&fm, OFP13_VERSION, 0, &w);
        wire_rd_init(&r, w.data, w.len);
        assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
        enum ofp_error error = flow_mod_decode(&r, &h, NULL, &back);
        assert_int_equal(error, cases[i].want);
        if (!error) {
            flow_mod_deinit(&back);
        }
        wire_wr_deinit(&w);
    }
}

static void test_struct_ofp_match(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t len;
        enum ofp_error want;
        size_t used;
    } cases[] = {
        {{0, 1, 0, 4}, 8, OFPERR_OK, 8},
        {{0, 1, 0, 4}, 16, OFPERR_OK, 8},
        {{0, 0, 0, 4}, 8, OFPERR_OFPBMC_BAD_TYPE, 0},
        {{0, 1, 0, 3}, 8, OFPERR_OFPBMC_BAD_LEN, 0},
        {{0, 1, 0, 4}, 7, OFPERR_OFPBMC_BAD_LEN, 0},
        {{0, 1, 0, 4}, 3, OFPERR_OFPBMC_BAD_LEN, 0},
        {{0, 1, 0, 12, 0x80, 0, 0, 4, 0, 0, 0, 3}, 16, OFPERR_OK, 16},
        {{0, 1, 0, 12, 0x80, 0, 0, 4, 0, 0, 0, 3}, 12, OFPERR_OFPBMC_BAD_LEN, 0},
        {{0, 1, 0, 32, 0x80, 0, 0, 4, 0, 0, 0, 3}, 16, OFPERR_OFPBMC_BAD_LEN, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct wire_rd r;
        struct match m;
        wire_rd_init(&r, cases[i].bytes, cases[i].len);
        assert_int_equal(match_decode(&r, &of13, &m), cases[i].want);
        if (!cases[i].want) {
            assert_int_equal(wire_rd_ofs(&r), cases[i].used);
        }
    }
}

static void test_cookie(void **state)
{
    (void)state;
    static const uint8_t list[] = {0, 1, 0x3c, 8, 0, 0, 0, 0, 0, 0, 0, 5};
    static const uint8_t masked[] = {0, 1, 0x3d, 16, 0, 0, 0, 0, 0, 0,
                                     0, 5, 0,    0,  0, 0, 0, 0, 0, 7};
    static const uint8_t bad[] = {0, 1, 0x3d, 16, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 3};
    struct wire_rd r;
    struct match m;
    be64 cookie, mask;
    wire_rd_init(&r, list, sizeof list);
    assert_int_equal(match_decode_tlvs(&r, sizeof list, &of13, true, &m, &cookie, &mask),
                     OFPERR_OK);
    assert_true(cookie == htobe64(5) && mask == UINT64_MAX);
    wire_rd_init(&r, masked, sizeof masked);
    assert_int_equal(match_decode_tlvs(&r, sizeof masked, &of13, true, &m, &cookie, &mask),
                     OFPERR_OK);
    assert_true(cookie == htobe64(5) && mask == htobe64(7));
    wire_rd_init(&r, bad, sizeof bad);
    assert_int_equal(match_decode_tlvs(&r, sizeof bad, &of13, true, &m, &cookie, &mask),
                     OFPERR_OFPBMC_BAD_WILDCARDS);
    assert_int_equal(decode_list(list, sizeof list, true, &m), OFPERR_OFPBMC_BAD_FIELD);
    wire_rd_init(&r, list, 9);
    assert_int_equal(match_decode_tlvs(&r, 9, &of13, true, &m, &cookie, &mask),
                     OFPERR_OFPBMC_BAD_LEN);
}

/* Fields that exist under two names come back under the version's own. */
static void test_round_trip(void **state)
{
    (void)state;
    static const uint8_t versions[] = {1, 4, 6};
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        if (!can_be_sent(f)) {
            continue;
        }
        for (int k = 0; k < 60; k++) {
            struct match m, back;
            uint8_t version = versions[k % 3];
            random_match(f, k >= 30, &m);
            if (f->id == MF_VLAN_TCI && version > 2) {
                continue; /* OXM has no masks for the priority. */
            }
            struct wire_wr w = WIRE_WR_INIT(4096);
            size_t n = match_encode_tlvs(&m, version, &w);
            assert_int_equal(n, w.len);
            assert_int_equal(decode_list(w.data, w.len, true, &back), OFPERR_OK);
            assert_true(match_equal(&m, &back));
            wire_wr_deinit(&w);
            if (version > 1) {
                struct wire_rd r;
                wire_wr_init(&w, 4096);
                match_encode(&m, version, &w);
                assert_int_equal(w.len % 8, 0);
                wire_rd_init(&r, w.data, w.len);
                assert_int_equal(match_decode(&r, &of13, &back), OFPERR_OK);
                assert_false(wire_rd_left(&r));
                assert_true(match_equal(&m, &back));
                wire_wr_deinit(&w);
            }
        }
    }
}

/* Whatever is done to a valid list, decode ends, within the list, and what it takes it can send. */
static void test_damage(void **state)
{
    (void)state;
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        struct match m, back, again;
        if (!can_be_sent(f) || (field_is_tun(f) && f->id != MF_TUN_METADATA0)) {
            continue; /* One option of 124 bytes stands for all. */
        }
        random_match(f, true, &m);
        struct wire_wr w = WIRE_WR_INIT(4096);
        match_encode_tlvs(&m, 4, &w);
        for (size_t len = 0; len < w.len; len++) {
            uint8_t *copy = malloc(len + 1); /* So that a sanitizer sees reads past the end. */
            uint8_t *exact = realloc(copy, len ? len : 1);
            memcpy(exact, w.data, len);
            (void)decode_list(exact, len, true, &back);
            free(exact);
        }
        for (size_t i = 0; i < w.len * 255; i++) {
            uint8_t saved = w.data[i / 255];
            w.data[i / 255] ^= (uint8_t)(1 + i % 255);
            if (!decode_list(w.data, w.len, true, &back)) {
                struct wire_wr v = WIRE_WR_INIT(4096);
                match_encode_tlvs(&back, 4, &v);
                if (!decode_list(v.data, v.len, true, &again)) {
                    /* packet_type (0,0) is not sent. */
                    again.mask.key.packet_type = back.mask.key.packet_type;
                    if (!back.mask.key.vlan[0].tci) {
                        assert_true(match_equal(&again, &back));
                    }
                }
                wire_wr_deinit(&v);
            }
            (void)decode_list(w.data, w.len, false, &back);
            w.data[i / 255] = saved;
        }
        wire_wr_deinit(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row),    cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_error_order), cmocka_unit_test(test_forms),
        cmocka_unit_test(test_tuple),       cmocka_unit_test(test_struct_ofp_match),
        cmocka_unit_test(test_cookie),      cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
