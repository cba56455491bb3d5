/* test-switch-msg.c - messages of all versions about the switch, its ports, tables, queues and
 * controllers: print, decode, encode, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/ct_flush.h"
#include "ofp/table_mod.h"
#include "ofp/tlv_table_msg.h"
#include "tests/unit/msg-again.h"

static const struct sample {
    const char *name, *hex, *text;
} samples[] = {
#define SAMPLE(NAME, HEX, TEXT) {#NAME, HEX, TEXT},
#define BAD(...)
#define OTHER(...)
#include "tests/unit/switch-samples.def"
#undef SAMPLE
#undef BAD
#undef OTHER
};

static const struct bad {
    const char *name, *hex;
    enum ofp_error error;
} bads[] = {
#define SAMPLE(...)
#define BAD(NAME, HEX, ERROR) {#NAME, HEX, OFPERR_##ERROR},
#define OTHER(...)
#include "tests/unit/switch-samples.def"
#undef SAMPLE
#undef BAD
#undef OTHER
};

static const struct other {
    const char *name, *hex, *canonical;
} others[] = {
#define SAMPLE(...)
#define BAD(...)
#define OTHER(NAME, HEX, CANONICAL) {#NAME, HEX, CANONICAL},
#include "tests/unit/switch-samples.def"
#undef SAMPLE
#undef BAD
#undef OTHER
};

static char *print(const void *msg, size_t len)
{
    struct text s = TEXT_INIT;
    msg_print(msg, len, NULL, 2, &s);
    return text_steal(&s);
}

/* Experimenters' properties of tables are kept, and printed where everything is asked for. */
static void test_table_features_exp(void **state UNUSED)
{
    static const char hex[] = "041300b000000007000c00000000000000a003000000000061636c00000000000000"
                              "0000000000000000000000000000"
                              "000000000000000000000000000000ff00000000000000ff00000000000003e80000"
                              "0004000000000002000400000000"
                              "000400040000000000060004000000000008000400000000000a000400000000000c"
                              "000400000000000e000400000000"
                              "ffff00100000232000000007deadbeeffffe000e0000123400000001abcd0000";
    const struct name_map exact = {.exact = true};
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct text s = TEXT_INIT;
    struct msg_header h;
    struct wire_rd r;
    size_t len;
    uint8_t *msg = text_to_hex(hex, &len);

    wire_rd_init(&r, msg, len);
    assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
    msg_again(&r, &h, &w);
    assert_int_equal(w.len, len);
    assert_memory_equal(w.data, msg, len);
    msg_print(msg, len, &exact, 2, &s);
    assert_non_null(strstr(text_cstr(&s),
                           "    experimenter property for misses: 0x00002320, type 7: de ad be ef\n"
                           "    experimenter property: 0x00001234, type 1: ab cd\n"));
    text_deinit(&s);
    wire_wr_deinit(&w);
    free(msg);
}

static void test_print(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        assert_non_null(msg);
        char *text = print(msg, len);
        assert_string_equal(text, samples[i].text);
        free(text);
        free(msg);
    }
}

static void test_bad(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(bads); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(bads[i].hex, &len);
        assert_non_null(msg);
        char *text = print(msg, len);
        char *want = xasprintf("***decode error: %s***", ofp_error_name(bads[i].error));
        if (!strstr(text, want)) {
            fail_msg("%s: %s expected: %s", bads[i].name, want, text);
        }
        free(want);
        free(text);
        free(msg);
    }
}

/* ---- decode, encode ---- */

static void again(const uint8_t *msg, size_t len, struct wire_wr *w)
{
    struct wire_rd r;
    struct msg_header h;

    *w = WIRE_WR_INIT(OFP_MAX_LEN);
    wire_rd_init(&r, msg, len);
    assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
    msg_again(&r, &h, w);
    assert_false(w->err);
}

static void test_round_trip(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        struct wire_wr w;
        again(msg, len, &w);
        if (w.len != len || memcmp(w.data, msg, len)) {
            fail_msg("%s is not the same again", samples[i].name);
        }
        wire_wr_deinit(&w);
        free(msg);
    }
}

static void test_other_forms(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        size_t len, canonical_len;
        uint8_t *msg = text_to_hex(others[i].hex, &len);
        uint8_t *canonical = text_to_hex(others[i].canonical, &canonical_len);
        struct wire_wr w;
        again(msg, len, &w);
        if (w.len != canonical_len || memcmp(w.data, canonical, w.len)) {
            fail_msg("%s is not canonical again", others[i].name);
        }
        char *text = print(msg, len), *again_text = print(w.data, w.len);
        assert_string_equal(text, again_text); /* What is dropped does not show. */
        free(text);
        free(again_text);
        wire_wr_deinit(&w);
        free(msg);
        free(canonical);
    }
}

/* The experimenter messages look the same in all versions that have them. */
static void test_versions_alike(void **state UNUSED)
{
    int n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        for (uint8_t v = OFP11_VERSION;
             msg[0] == OFP10_VERSION && msg[1] == 4 && v <= OFP15_VERSION; v++) {
            struct wire_rd r;
            struct msg_header h;
            struct wire_wr w;
            msg[0] = v;
            wire_rd_init(&r, msg, len);
            if (msg_decode_header(&r, &h)) {
                continue; /* Not in this one. */
            }
            again(msg, len, &w);
            assert_int_equal(w.len, len);
            assert_memory_equal(w.data, msg, len);
            wire_wr_deinit(&w);
            n++;
            msg[0] = OFP10_VERSION;
        }
        free(msg);
    }
    assert_true(n > 50);
}

/* ---- lengths ---- */

static bool refused(const uint8_t *msg, size_t len, size_t new_len)
{
    uint8_t *m = xzalloc(new_len);
    memcpy(m, msg, MIN(len, new_len));
    put_be16(m + 2, (uint16_t)new_len);
    char *text = print(m, new_len);
    bool bad = strstr(text, "***decode error: ") || strstr(text, "too short");
    free(text);
    free(m);
    return bad;
}

/* A byte less or more is an error: all bodies are multiples of some bytes.  So is every other
 * length of a body that is no list. */
static void test_lengths(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        struct wire_rd r;
        struct msg_header h;
        wire_rd_init(&r, msg, len);
        assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
        bool add = h.type == MSG_BUNDLE_ADD_MESSAGE || h.type == MSG_ONFT_BUNDLE_ADD_MESSAGE;
        if (!refused(msg, len, len + 1) && !add) { /* Behind the message inside is anything. */
            fail_msg("%s with a byte more is taken", samples[i].name);
        }
        if (!refused(msg, len, len - 1) && !(add && strstr(samples[i].name, "prop"))) {
            fail_msg("%s with a byte less is taken", samples[i].name);
        }
        for (size_t n = OFP_HEADER_LEN; n < len; n++) {
            (void)refused(msg, len, n); /* For the sanitizers. */
        }
        free(msg);
    }
}

static void test_flipped(void **state UNUSED)
{
    static const uint8_t masks[] = {0xff, 0x01, 0x80, 0x08};
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        for (size_t n = OFP_HEADER_LEN; n < len; n++) {
            for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
                struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
                struct wire_rd r;
                struct msg_header h;
                msg[n] ^= masks[m];
                wire_rd_init(&r, msg, len);
                if (!msg_decode_header(&r, &h)) {
                    msg_again(&r, &h, &w);
                }
                wire_wr_deinit(&w);
                free(print(msg, len));
                msg[n] ^= masks[m];
            }
        }
        free(msg);
    }
}

/* ---- text ---- */

static void check_bytes(const struct wire_wr *w, const char *hex)
{
    size_t len;
    uint8_t *want = text_to_hex(hex, &len);
    assert_int_equal(w->len, len);
    assert_memory_equal(w->data, want, len);
    free(want);
}

/* What `ovs-ofctl ct-flush` sends, or says. */
static void test_ct_flush_text(void **state UNUSED)
{
    static const struct {
        const char *words[4], *hex, *error;
    } rows[] = {
        {{NULL}, "040400180000000200002320000000200000000000000000", NULL},
        {{"zone=5"}, "0404002000000002000023200000002000000000000000000002000800050000", NULL},
        {{"ct_nw_src=10.1.1.1,ct_nw_proto=6,ct_tp_dst=80"},
         "04040040000000020000232000000020060000000000000000000028000000000000001400000000000000000"
         "0"
         "00ffff0a010101000000000003000800500000",
         NULL},
        {{"zone=5", "ct_nw_src=10.1.1.1,ct_nw_proto=1,icmp_type=8",
          "ct_nw_dst=10.1.1.1,ct_nw_proto=1"},
         "04040090000000020000232000000020010000000000000000000038000000000000001400000000000000000"
         "0"
         "00ffff0a010101000000000004000800000000000500050800000000060005000000000001003800000000000"
         "10014"
         "00000000000000000000ffff0a010101000000000004000800000000000500050000000000060005000000000"
         "002000"
         "800050000",
         NULL},
        {{"zone=0", "", "ct_ipv6_src=::1"},
         "04040040000000020000232000000020000000000000000000010020000000000000001400000000000000000"
         "0"
         "00000000000001000000000002000800000000",
         NULL},
        {{"ct_nw_proto=1,ct_tp_src=7,ct_tp_dst=9"},
         "04040058000000020000232000000020010000000000000000000020000000000004000800070000000500050"
         "90000"
         "00000600050000000000010020000000000004000800000000000500050000000000060005000000"
         "00",
         NULL},
        {{"ct_nw_proto=6", "ct_nw_proto=17"},
         "040400180000000200002320000000201100000000000000",
         NULL},
        {{"mark=5/0xff"},
         "040400280000000200002320000000200000000000000000000300080000000500040008000000ff",
         NULL},
        {{"zone=x"}, NULL, "failed to parse zone"},
        {{"mark=x"}, NULL, "failed to parse field mark"},
        {{"foo=1"}, NULL, "invalid conntrack tuple field: foo"},
        {{"ct_nw_src"}, NULL, "field ct_nw_src missing value"},
        {{"ct_nw_src=x"}, NULL, "failed to parse field ct_nw_src"},
        {{"ct_ipv6_src=1.1.1.1"}, NULL, "failed to parse field ct_ipv6_src"},
        {{"", "ct_tp_src=5"}, NULL, "port is set without protocol"},
        {{"icmp_id=5,ct_nw_proto=1"}, NULL, "invalid L4 fields"},
        {{"ct_nw_proto=6,icmp_id=5"}, NULL, "invalid L4 fields"},
        {{"ct_nw_proto=1,icmp_code=256"}, NULL, "failed to parse field icmp_code"},
        {{"ct_nw_src=1.1.1.1", "ct_ipv6_src=::1"}, NULL, "the L3 protocol does not match ::1"},
        {{"ct_nw_src=1.1.1.1,ct_nw_src=1.1.1.2"}, NULL, "ct_nw_src is set multiple times"},
        {{"ct_nw_proto=300"}, NULL, "failed to parse field ct_nw_proto"},
        {{"", "", "zone=1"}, NULL, "invalid arguments"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct ct_flush f;
        size_t n = 0;
        char *words[4];
        while (n < 4 && rows[i].words[n]) {
            words[n] = xstrdup(rows[i].words[n]);
            n++;
        }
        char *error = ct_flush_parse(n, words, &f);
        if (rows[i].error) {
            assert_non_null(error);
            assert_string_equal(error, rows[i].error);
        } else {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            assert_null(error);
            ct_flush_encode(&f, OFP13_VERSION, 2, &w);
            check_bytes(&w, rows[i].hex);
            wire_wr_deinit(&w);
        }
        free(error);
        while (n) {
            free(words[--n]);
        }
    }
}

static void test_tlv_text(void **state UNUSED)
{
    static const struct {
        const char *text, *hex;
    } rows[] = {
        {"", "040400180000000200002320000000180000000000000000"},
        {"{class=0xffff,type=0,len=4}->tun_metadata0",
         "040400200000000200002320000000180000000000000000ffff000400000000"},
        {"{class=0x1,type=2,len=4}->tun_metadata0,{class=1,type=0x3,len=8}->tun_metadata1",
         "04040028000000020000232000000018000000000000000000010204000000000001030800010000"},
        {"foo", NULL},
        {"{class=1,type=2,len=4}->reg0", NULL},
        {"{class=1,type=2,len=4}", NULL},
        {"{class=1, type=2,len=4}->tun_metadata0", NULL},
        {"{class=70000,type=2,len=4}->tun_metadata0", NULL},
        {"{class=1,type=256,len=4}->tun_metadata0", NULL},
        {"{class=1,type=2,len=400}->tun_metadata0", NULL},
        {"{class=1,type=2,len=4}->tun_metadata0x", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct tlv_table_mod m = {.command = TLV_ADD};
        char *error = tlv_maps_parse(rows[i].text, &m.maps);
        if (rows[i].hex) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            assert_null(error);
            tlv_table_mod_encode(&m, OFP13_VERSION, 2, &w);
            check_bytes(&w, rows[i].hex);
            wire_wr_deinit(&w);
        } else {
            char *want = xasprintf("%s: invalid tlv mapping", rows[i].text);
            assert_string_equal(error, want);
            free(want);
        }
        free(error);
        tlv_maps_deinit(&m.maps);
    }
}

/* What the setting leaves alone stays, as in what `ovs-ofctl mod-table` sends. */
static void test_table_mod_keeps(void **state UNUSED)
{
    static const struct {
        const char *word, *hex;
    } rows[] = {
        {"evict", "0511001800000005030000000000000c000300080a5a0000"},
        {"noevict", "05110018000000050300000000000008000300080a5a0000"},
        {"vacancy:20,80", "0511002000000005030000000000000c00020008000000010003000814500000"},
        {"novacancy", "051100180000000503000000000000040002000800000001"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct table_config c = {.table_id = 3,
                                 .evict = true,
                                 .eviction_flags = TABLE_EVICT_OTHER,
                                 .warn_vacant = true,
                                 .has_vacancy = true,
                                 .vacancy_down = 10,
                                 .vacancy_up = 90};
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        uint32_t versions;
        assert_null(table_mod_parse(rows[i].word, &c, &versions));
        table_mod_encode(&c, OFP14_VERSION, 5, &w);
        check_bytes(&w, rows[i].hex);
        wire_wr_deinit(&w);
    }
}

static void test_table_mod_text(void **state UNUSED)
{
    enum { OLD = 0x0c, NEW = 0x60 }; /* 1.1 and 1.2; 1.4 and 1.5 */
    static const struct {
        const char *word;
        uint32_t versions;
        const char *hex; /* In the first of the versions; or */
        const char *error;
    } rows[] = {
        {"controller", OLD, "02110010000000020300000000000000", NULL},
        {"continue", OLD, "02110010000000020300000000000001", NULL},
        {"drop", OLD, "02110010000000020300000000000002", NULL},
        {"evict", NEW, "05110010000000020300000000000004", NULL},
        {"noevict", NEW, "05110010000000020300000000000000", NULL},
        {"novacancy", NEW, "05110010000000020300000000000000", NULL},
        {"vacancy:20,80", NEW, "051100180000000203000000000000080003000814500000", NULL},
        {"vacancy:20,101", 0, NULL, "Invalid vacancy up value \"101\""},
        {"vacancy:80,20", 0, NULL,
         "Invalid vacancy range, vacancy up should be greater than vacancy down "
         "(OFPBPC_BAD_VALUE)"},
        {"vacancy:20", 0, NULL, "Vacancy up value missing"},
        {"vacancy:", 0, NULL, "Vacancy down value missing"},
        {"vacancy:x", 0, NULL, "Invalid vacancy down value \"x\""},
        {"vacancy:1,2,3", 0, NULL, "Invalid vacancy up value \"2,3\""},
        {"", 0, NULL, "invalid table_mod setting "},
        {"foo", 0, NULL, "invalid table_mod setting foo"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct table_config c;
        uint32_t versions;
        table_config_init(&c);
        c.table_id = 3;
        char *error = table_mod_parse(rows[i].word, &c, &versions);
        if (rows[i].error) {
            assert_non_null(error);
            assert_string_equal(error, rows[i].error);
        } else {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            assert_null(error);
            assert_int_equal(versions, rows[i].versions);
            table_mod_encode(&c, versions == OLD ? OFP11_VERSION : OFP14_VERSION, 2, &w);
            check_bytes(&w, rows[i].hex);
            wire_wr_deinit(&w);
        }
        free(error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_table_features_exp),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_versions_alike),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_ct_flush_text),
        cmocka_unit_test(test_tlv_text),
        cmocka_unit_test(test_table_mod_text),
        cmocka_unit_test(test_table_mod_keeps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
