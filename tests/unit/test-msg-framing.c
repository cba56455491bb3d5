/* test-msg-framing.c - headers, multipart replies and HELLO. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ofp/msg.h"
#include "ofp/switch.h"
#include "ofp/table_stats.h"

static void test_framing(void **state)
{
    (void)state;
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        for (int t = 0; t < MSG_N_TYPES; t++) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            size_t start = msg_start(&w, (enum msg_type)t, v, 0x12345678);
            if (!w.err) {
                msg_finish(&w, start);
                struct wire_rd r;
                wire_rd_init(&r, w.data, w.len);
                struct msg_header h;
                enum ofp_error err = msg_decode_header(&r, &h);
                assert_true(!err || err == OFPERR_OFPBRC_BAD_LEN); /* The body is missing. */
                assert_int_equal(h.type, t);
                assert_int_equal(h.version, v);
                assert_int_equal(h.xid, 0x12345678);
                assert_int_equal(wire_rd_left(&r), 0);
            }
            wire_wr_deinit(&w);
        }
    }
}

static const struct {
    const char *hex;
    enum ofp_error error;
} bad_headers[] = {
    {"0400000800000001", OFPERR_OK},
    {"04000008000000", OFPERR_OFPBRC_BAD_LEN},
    {"0400000900000001", OFPERR_OFPBRC_BAD_LEN},
    {"040000080000000100", OFPERR_OFPBRC_BAD_LEN},
    {"0000000800000001", OFPERR_OFPBRC_BAD_VERSION},
    {"0700000800000001", OFPERR_OFPBRC_BAD_VERSION},
    {"0463000800000001", OFPERR_OFPBRC_BAD_TYPE},
    {"041e000800000001", OFPERR_OFPBRC_BAD_TYPE}, /* ROLE_STATUS is of 1.4. */
    {"0405000900000001aa", OFPERR_OFPBRC_BAD_LEN},
    {"0412000c0000000100010000", OFPERR_OFPBRC_BAD_LEN},
    {"04120010000000010063000000000000", OFPERR_OFPBRC_BAD_STAT},
    {"0412001800000001ffff0000000000000000000100000000", OFPERR_OFPBRC_BAD_VENDOR},
    {"0412001800000001ffff0000000000000000232000000fff", OFPERR_OFPBRC_BAD_SUBTYPE},
    {"04040010000000010000000100000001", OFPERR_OFPBRC_BAD_VENDOR},
    {"0404001000000001000023200000ffff", OFPERR_OFPBRC_BAD_SUBTYPE},
    {"0404000c0000000100002320", OFPERR_OFPBRC_BAD_LEN},
    {"0404000a000000010000", OFPERR_OFPBRC_BAD_LEN},
};

static void test_bad_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad_headers); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(bad_headers[i].hex, &len);
        assert_non_null(msg);
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        struct msg_header h;
        enum ofp_error err = msg_decode_header(&r, &h);
        assert_string_equal(ofp_error_name(err), ofp_error_name(bad_headers[i].error));
        free(msg);
    }
}

/* ---- replies in several messages ---- */

struct collected {
    int n, n_more;
    size_t entries; /* Bytes. */
    bool last_more;
};

static void collect(void *aux, const void *msg, size_t len)
{
    struct collected *c = aux;
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    struct msg_header h;
    assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
    assert_int_equal(h.xid, 99);
    assert_true(len <= OFP_MAX_LEN);
    assert_true(wire_rd_left(&r) || !(h.mp_flags & OFPMPF_MORE)); /* Only the last may be empty. */
    c->n++;
    c->last_more = h.mp_flags & OFPMPF_MORE;
    c->n_more += c->last_more;
    c->entries += wire_rd_left(&r);
}

static void test_multipart_reply(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2000, 2730, 2731, 10000};
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        struct collected c = {0};
        struct mp_reply mp;
        mp_reply_init(&mp, MSG_TABLE_STATS_REPLY, OFP13_VERSION, 99, collect, &c);
        for (size_t k = 0; k < counts[i]; k++) {
            table_stats_encode(&(struct table_stats){.table_id = (uint8_t)k}, NULL, OFP13_VERSION,
                               mp_reply_entry(&mp));
            mp_reply_entry_end(&mp);
        }
        mp_reply_finish(&mp);
        assert_int_equal(c.entries, counts[i] * 24);
        assert_false(c.last_more);
        assert_int_equal(c.n_more, c.n - 1);
        size_t per_message = (OFP_MAX_LEN - 16) / 24;
        assert_int_equal(c.n, MAX(1, DIV_ROUND_UP(counts[i], per_message)));
    }
}

/* An entry that fits no message is left out; those around it arrive. */
static void test_multipart_too_long(void **state)
{
    (void)state;
    static const size_t sizes[] = {70000, 112, 70000, 400000, 112};
    struct collected c = {0};
    struct mp_reply mp;
    mp_reply_init(&mp, MSG_PORT_STATS_REPLY, OFP13_VERSION, 99, collect, &c);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        wire_wr_zeros(mp_reply_entry(&mp), sizes[i]);
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    assert_int_equal(c.entries, 112 + 112);
    assert_false(c.last_more);
}

static void test_table_features(void **state)
{
    (void)state;
    struct collected c = {0};
    struct mp_reply mp;
    mp_reply_init(&mp, MSG_TABLE_FEATURES_REPLY, OFP13_VERSION, 99, collect, &c);
    for (unsigned i = 0; i < OFP_N_TABLES; i++) {
        struct table_features tf;
        table_features_ours(&tf, (uint8_t)i, OFP_N_TABLES, OFP13_VERSION);
        table_features_encode(&tf, OFP13_VERSION, mp_reply_entry(&mp));
        mp_reply_entry_end(&mp);
    }
    mp_reply_finish(&mp);
    assert_true(c.n > 1);
    assert_true(c.entries > OFP_N_TABLES * (size_t)1000);
}

/* ---- HELLO ---- */

static const struct {
    const char *hex;
    enum ofp_error error;
    uint32_t versions;
} hellos[] = {
    {"0400000800000001", OFPERR_OK, 0x1e},
    {"0100000800000001", OFPERR_OK, 0x02},
    {"04000010000000010001000800000012", OFPERR_OK, 0x12},
    {"06000010000000010001000800000010", OFPERR_OK, 0x10},
    {"04000010000000010001000200000012", OFPERR_OK, 0x1e}, /* Malformed elements: the header. */
    {"0400001000000001ffff000800000012", OFPERR_OK, 0x1e},
    {"04000010000000010001000800000000", OFPERR_OK, 0x1e},
    {"0400000c0000000100010008", OFPERR_OK, 0x1e},
    {"ff00000800000001", OFPERR_OK, 0xfffffffe},
    {"0000000800000001", OFPERR_OFPBRC_BAD_VERSION, 0},
    {"0405000800000001", OFPERR_OFPBRC_BAD_TYPE, 0},
    {"0400000900000001", OFPERR_OFPBRC_BAD_LEN, 0},
    {"0400", OFPERR_OFPBRC_BAD_LEN, 0},
};

static void test_hello(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hellos); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(hellos[i].hex, &len);
        assert_non_null(msg);
        uint32_t versions;
        assert_int_equal(hello_decode(msg, len, &versions), hellos[i].error);
        if (!hellos[i].error) {
            assert_int_equal(versions, hellos[i].versions);
        }
        free(msg);
    }
    for (uint32_t set = 2; set < 0x80; set += 2) { /* What we say is understood. */
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        hello_encode(set, 0, &w);
        uint32_t versions;
        assert_int_equal(hello_decode(w.data, w.len, &versions), OFPERR_OK);
        assert_int_equal(versions, set);
        wire_wr_deinit(&w);
    }
    assert_int_equal(hello_negotiate(0x10, 0x12), 4);
    assert_int_equal(hello_negotiate(0x7e, 0x1e), 4);
    assert_int_equal(hello_negotiate(0x10, 0x20), 0);
    assert_int_equal(hello_negotiate(0x7e, 0xfffffffe), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_framing),         cmocka_unit_test(test_bad_headers),
        cmocka_unit_test(test_multipart_reply), cmocka_unit_test(test_multipart_too_long),
        cmocka_unit_test(test_table_features),  cmocka_unit_test(test_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
