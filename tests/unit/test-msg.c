/* test-msg.c - print of OpenFlow messages, and decode and encode of their bodies.
 *
 * `test-msg --write-corpus DIR` writes each sample to DIR/NAME, seeds for fuzzing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/packet_io.h"
#include "ofp/switch.h"
#include "tests/unit/msg-again.h"

static const struct {
    const char *name, *hex, *text;
} samples[] = {
#define SAMPLE(NAME, HEX, TEXT) {#NAME, HEX, TEXT},
#include "tests/unit/msg-samples.def"
#undef SAMPLE
};

static uint8_t *sample(size_t i, size_t *len)
{
    uint8_t *p = text_to_hex(samples[i].hex, len);
    assert_non_null(p);
    return p;
}

static char *print(const void *msg, size_t len)
{
    struct text s = TEXT_INIT;
    msg_print(msg, len, NULL, 2, &s);
    assert_true(s.len > 0);
    assert_int_equal(s.s[s.len - 1], '\n');
    return text_steal(&s);
}

static void test_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        char *text = print(msg, len);
        assert_string_equal(text, samples[i].text);
        free(text);
        free(msg);
    }
}

static void test_empty(void **state)
{
    (void)state;
    char *text = print("", 0);
    assert_string_equal(text, "OpenFlow message is empty\n");
    free(text);
}

/* Every row of 1.3 that has a sample; those without are named, so that a new row brings one. */
static void test_every_row_has_a_sample(void **state)
{
    (void)state;
    bool seen[MSG_N_TYPES] = {false};
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        struct msg_header h;
        if (!msg_decode_header(&r, &h)) {
            seen[h.type] = true;
        }
        free(msg);
    }
    for (int t = 0; t < MSG_N_TYPES; t++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        msg_start(&w, (enum msg_type)t, OFP13_VERSION, 0);
        if (!w.err && !seen[t]) {
            fail_msg("%s has no sample", msg_name((enum msg_type)t));
        }
        wire_wr_deinit(&w);
    }
}

/* ---- malformed input ---- */

static void try_all(const void *msg, size_t len)
{
    free(print(msg, len));
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    struct msg_header h;
    if (!msg_decode_header(&r, &h)) {
        struct wire_wr w = WIRE_WR_INIT(4 * OFP_MAX_LEN);
        msg_again(&r, &h, &w);
        wire_wr_deinit(&w);
    }
    uint32_t versions;
    if (!hello_decode(msg, len, &versions)) {
        assert_int_not_equal(versions, 0);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        for (size_t n = 0; n < len; n++) {
            uint8_t *cut =
                xmemdup(msg, n ? n : 1); /* Its own block: sanitizers see every over-read. */
            try_all(cut, n);
            if (n >= OFP_HEADER_LEN) {
                put_be16(cut + 2, (uint16_t)n);
                try_all(cut, n);
            }
            free(cut);
        }
        free(msg);
    }
}

static void test_flipped(void **state)
{
    (void)state;
    static const uint8_t masks[] = {0xff, 0x01, 0x80};
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        for (size_t n = 0; n < len; n++) {
            for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
                msg[n] ^= masks[m];
                try_all(msg, len);
                msg[n] ^= masks[m];
            }
        }
        free(msg);
    }
}

/* An error within an error within ... is not followed to the end. */
static void test_nested(void **state)
{
    (void)state;
    enum { N = 5000 };
    uint8_t *msg = xzalloc(N * 12);
    for (size_t i = 0; i < N; i++) {
        uint8_t *p = msg + i * 12;
        p[0] = OFP13_VERSION;
        p[1] = 1;
        put_be16(p + 2, (uint16_t)((N - i) * 12));
        put_be16(p + 8, 1);
    }
    struct text s = TEXT_INIT;
    msg_print(msg, N * 12, NULL, 2, &s);
    int n = 0;
    for (const char *p = text_cstr(&s); (p = strstr(p, "OFPT_ERROR")); p++) {
        n++;
    }
    assert_in_range(n, 2, 10);
    text_deinit(&s);
    free(msg);
}

/* ---- decode, encode ---- */

/* What a decoder drops on purpose (reserved bits, the MORE flag, cookies without mask, reasons that
 * 1.3 lacks, the order of actions, what an encoder always says, an older header): the bytes
 * change, once. */
static bool changes(const char *name)
{
    static const char *const names[] = {"FEATURES_REPLY_aux",
                                        "GET_CONFIG_REPLY4",
                                        "HELLO_bm5",
                                        "TABLE_MOD",
                                        "SET_ASYNC",
                                        "NX_ASYNC",
                                        "IPFIXB_R",
                                        "TF_REP",
                                        "FM_ADD_mask",
                                        "FM_MOD_cookie0",
                                        "FM_MODS",
                                        "FM_DEL2",
                                        "FM_imp",
                                        "FLOW_REMOVED",
                                        "FLOW_REP_more",
                                        "FLOW_REP_bad",
                                        "FLOW_REQ_f3",
                                        "PORT_DESC_REP_more",
                                        "TABLE_REP_more",
                                        "PACKET_IN_badreason",
                                        "FM_writemeta",
                                        "NX_RESUME",
                                        "NX_PIN2",
                                        "ONFMON",
                                        "FLOW_REQ_f"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strncmp(name, names[i], strlen(names[i]))) {
            return true;
        }
    }
    return false;
}

static void test_round_trip(void **state)
{
    (void)state;
    int n_same = 0;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = sample(i, &len);
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        struct msg_header h;
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
        if (!msg_decode_header(&r, &h)) {
            msg_again(&r, &h, &w);
        }
        assert_false(w.err);
        if (w.len && !changes(samples[i].name)) {
            if (w.len != len || memcmp(w.data, msg, len)) {
                fail_msg("%s is not the same again", samples[i].name);
            }
            n_same++;
        } else if (w.len) {
            wire_rd_init(&r, w.data, w.len);
            assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
            msg_again(&r, &h, &w2);
            assert_int_equal(w2.len, w.len);
            assert_memory_equal(w2.data, w.data, w.len);
        }
        wire_wr_deinit(&w);
        wire_wr_deinit(&w2);
        free(msg);
    }
    assert_true(n_same > 30);
}

/* ---- frames ---- */

static void test_frames(void **state)
{
    (void)state;
    static const struct {
        uint32_t packet_type;
        const char *hex, *text;
    } frames[] = {
#define FRAME(HEX, TEXT)                  {0, HEX, TEXT},
#define FRAME_OF(TYPE, HEX, TEXT)         {TYPE, HEX, TEXT},
#define FRAME_DIFFERS(HEX, OURS, GENUINE) {0, HEX, OURS},
#include "tests/unit/frame-samples.def"
#undef FRAME
#undef FRAME_OF
#undef FRAME_DIFFERS
    };
    for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
        size_t len;
        uint8_t *frame = text_to_hex(frames[i].hex, &len);
        struct text s = TEXT_INIT;
        packet_summary(frames[i].packet_type, frame, (uint32_t)len, &s);
        assert_string_equal(text_cstr(&s), frames[i].text);
        for (size_t n = 0; n < len; n++) {
            uint8_t *cut = xmemdup(frame, n ? n : 1);
            text_clear(&s);
            packet_summary(frames[i].packet_type, cut, (uint32_t)n, &s);
            free(cut);
        }
        text_deinit(&s);
        free(frame);
    }
}

static int write_corpus(const char *dir)
{
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        size_t len;
        uint8_t *msg = text_to_hex(samples[i].hex, &len);
        char *name = xasprintf("%s/%s", dir, samples[i].name);
        FILE *f = fopen(name, "wb");
        bool ok = f && msg && fwrite(msg, 1, len, f) == len;
        ok = f && fclose(f) == 0 && ok;
        if (!ok) {
            perror(name);
        }
        free(name);
        free(msg);
        if (!ok) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--write-corpus")) {
        return write_corpus(argv[2]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_every_row_has_a_sample),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
