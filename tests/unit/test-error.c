/* test-error.c - errors.def and its three wire forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ofp/error.h"
#include "ofp/msg.h"

/* What genuine `ovs-ofctl encode-error-reply NAME REQUEST` prints. */
static const struct {
    enum ofp_error error;
    uint8_t version;
    const char *hex;
} golden[] = {
    {OFPERR_OFPBRC_BAD_TABLE_ID, 1, "0101001c00000001b0c2000000002320000102000100000800000001"},
    {OFPERR_OFPBRC_BAD_TABLE_ID, 4, "0401001400000001000100090400000800000001"},
    {OFPERR_OFPBFC_TIMEOUT, 4, "0401001800000001ffff090a4f4e46000400000800000001"},
    {OFPERR_OFPBFC_TIMEOUT, 5, "05010014000000010011000e0500000800000001"},
    {OFPERR_OFPBFC_TIMEOUT, 1, "0101001c00000001b0c2000000002320000102090100000800000001"},
    {OFPERR_NXFMFC_INVALID_TLV_FIELD, 4, "0401001800000001ffff0025000023200400000800000001"},
    {OFPERR_OFPBMC_BAD_PREREQ, 4, "0401001400000001000400090400000800000001"},
    {OFPERR_OFPBPC_BAD_TYPE, 4, "0401001400000001000d00020400000800000001"},
};

static void test_golden(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
        const uint8_t request[8] = {golden[i].version, 0, 0, 8, 0, 0, 0, 1};
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        ofp_error_encode_reply(golden[i].error, request, sizeof request, &w);
        size_t len;
        uint8_t *want = text_to_hex(golden[i].hex, &len);
        assert_non_null(want);
        assert_int_equal(w.len, len);
        assert_memory_equal(w.data, want, len);
        free(want);
        wire_wr_deinit(&w);
    }
}

/* Each row, in each version: decode gives it back, or an earlier row with the same code, or the
 * stand-in for what the version cannot say. */
static void test_round_trip(void **state)
{
    (void)state;
    for (int v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        for (int e = 1; e < OFPERR_N; e++) {
            const uint8_t request[8] = {(uint8_t)v, 0, 0, 8, 0, 0, 0, 7};
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), again = WIRE_WR_INIT(OFP_MAX_LEN);
            ofp_error_encode_reply((enum ofp_error)e, request, sizeof request, &w);
            assert_false(w.err);
            struct wire_rd payload;
            enum ofp_error got = ofp_error_decode(w.data, w.len, &payload);
            assert_int_not_equal(got, 0);
            if ((int)got != e && got != OFPERR_NXBRC_UNENCODABLE_ERROR) {
                assert_true((int)got < e);
                ofp_error_encode_reply(got, request, sizeof request, &again);
                assert_memory_equal(w.data, again.data, w.len);
            }
            if (v == OFP13_VERSION && (int)got != e) { /* 1.3 has nothing ambiguous. */
                assert_int_equal(got, OFPERR_NXBRC_UNENCODABLE_ERROR);
            }
            assert_int_equal(wire_rd_left(&payload), sizeof request);
            wire_wr_deinit(&w);
            wire_wr_deinit(&again);
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    for (int e = 1; e < OFPERR_N; e++) {
        enum ofp_error got;
        assert_true(ofp_error_by_name(ofp_error_name((enum ofp_error)e), &got));
        assert_int_equal(got, e);
    }
    enum ofp_error got;
    assert_false(ofp_error_by_name("OFPBAC_NONSENSE", &got));
    assert_string_equal(ofp_error_name(OFPERR_OFPBAC_BAD_TYPE), "OFPBAC_BAD_TYPE");
}

static void test_malformed(void **state)
{
    (void)state;
    struct wire_rd payload;
    const uint8_t msg[20] = {4, 1, 0, 20, 0, 0, 0, 1, 0xff, 0xff, 9, 10, 0x4f, 0x4e, 0x46, 0};
    assert_int_equal(ofp_error_decode(msg, sizeof msg, &payload), OFPERR_OFPBFC_TIMEOUT);
    for (size_t n = 0; n < 16; n++) {
        assert_int_equal(ofp_error_decode(msg, n, &payload), 0);
    }
    uint8_t longer[200] = {99, 3, 0, 200, 0, 0, 0, 5}; /* Unknown version; cut to 64 bytes. */
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    ofp_error_encode_reply(OFPERR_OFPBRC_BAD_VERSION, longer, sizeof longer, &w);
    assert_int_equal(w.len, 12 + 64);
    assert_int_equal(w.data[0], OFP13_VERSION);
    assert_int_equal(get_be32(w.data + 4), 5);
    wire_wr_deinit(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
