/* test-flow-msg.c - messages about flows and packets in every version of OpenFlow and in Nicira's
 * forms: prints, errors and bytes as those of the genuine tools, round trips. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/flow_monitor.h"
#include "ofp/format.h"
#include "ofp/nx_format.h"
#include "tests/unit/msg-again.h"

enum again { SAME, OTHER, NOTHING };

static const struct {
    enum again again;
    const char *hex, *text;
} printed[] = {
#define PRINTED(AGAIN, HEX, TEXT) {AGAIN, HEX, TEXT},
#define REFUSED(ERROR, HEX)
#include "tests/unit/flow-msg-prints.def"
#undef PRINTED
#undef REFUSED
};

static const struct {
    const char *hex, *error;
} refused[] = {
#define PRINTED(AGAIN, HEX, TEXT)
#define REFUSED(ERROR, HEX) {HEX, #ERROR},
#include "tests/unit/flow-msg-prints.def"
#undef PRINTED
#undef REFUSED
};

static uint8_t *bytes_of(const char *hex, size_t *len)
{
    uint8_t *p = text_to_hex(hex, len);
    assert_non_null(p);
    return p;
}

static char *print(const void *msg, size_t len)
{
    struct text s = TEXT_INIT;
    msg_print(msg, len, NULL, 0, &s);
    return text_steal(&s);
}

/* Decodes and encodes; nothing if the header is bad. */
static void again(const void *msg, size_t len, struct wire_wr *w)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    if (!msg_decode_header(&r, &h)) {
        h.table_in_command = true;
        msg_again(&r, &h, w);
    }
}

static void assert_bytes(const char *what, const struct wire_wr *w, const void *msg, size_t len)
{
    if (w->err || w->len != len || memcmp(w->data, msg, len)) {
        struct text t = TEXT_INIT;
        text_hexdump(&t, w->data, w->err ? 0 : w->len, 0);
        fail_msg("%s became\n%s", what, text_cstr(&t));
    }
}

static void assert_hex(const char *what, const struct wire_wr *w, const char *hex)
{
    size_t len;
    uint8_t *want = bytes_of(hex, &len);
    assert_bytes(what, w, want, len);
    free(want);
}

static void test_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
        size_t len;
        uint8_t *msg = bytes_of(printed[i].hex, &len);
        char *got = print(msg, len);
        assert_string_equal(got, printed[i].text);
        free(got);
        free(msg);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        size_t len;
        uint8_t *msg = bytes_of(refused[i].hex, &len);
        char *got = print(msg, len), *want = xasprintf("***decode error: %s***", refused[i].error);
        if (!strstr(got, want)) {
            fail_msg("not %s: %s", refused[i].error, got);
        }
        free(want);
        free(got);
        free(msg);
    }
}

static void test_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN), w2 = WIRE_WR_INIT(OFP_MAX_LEN);
        size_t len;
        uint8_t *msg = bytes_of(printed[i].hex, &len);
        again(msg, len, &w);
        assert_false(w.err);
        switch (printed[i].again) {
        case SAME:
            assert_bytes(printed[i].hex, &w, msg, len);
            break;
        case OTHER:
            assert_true(w.len != len || memcmp(w.data, msg, len));
            again(w.data, w.len, &w2);
            assert_bytes(printed[i].hex, &w2, w.data, w.len);
            break;
        case NOTHING:
            assert_int_equal(w.len, 0);
            break;
        }
        wire_wr_deinit(&w);
        wire_wr_deinit(&w2);
        free(msg);
    }
}

/* Each message cut after every byte, in a block of its own so that sanitizers see over-reads. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(printed); i++) {
        size_t len;
        uint8_t *msg = bytes_of(printed[i].hex, &len);
        for (size_t n = OFP_HEADER_LEN; n < len; n++) {
            struct wire_wr w = WIRE_WR_INIT(4 * OFP_MAX_LEN);
            uint8_t *cut = xmemdup(msg, n);
            put_be16(cut + 2, (uint16_t)n);
            free(print(cut, n));
            again(cut, n, &w);
            wire_wr_deinit(&w);
            free(cut);
        }
        free(msg);
    }
}

/* ---- text to bytes ---- */

static void check_flow(uint32_t protocol, int command, const char *text, const char *hex)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_notes notes;
    struct flow_mod fm;
    char *copy = xstrdup(text);

    assert_null(flow_mod_parse_notes(copy, command, NULL, &fm, &notes));
    assert_true(notes.usable & protocol);
    flow_mod_encode(&fm, protocol, 1, &w);
    assert_hex(text, &w, hex);
    flow_mod_deinit(&fm);
    text_deinit(&notes.dropped);
    wire_wr_deinit(&w);
    free(copy);
}

static void check_request(uint32_t protocol, bool aggregate, const char *text, const char *hex)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_stats_request req;
    struct flow_notes notes;
    char *copy = xstrdup(text);

    assert_null(flow_stats_request_parse_notes(copy, aggregate, NULL, &req, &notes));
    assert_true(notes.usable & protocol);
    flow_stats_request_encode(&req, protocol, 1, &w);
    assert_hex(text, &w, hex);
    text_deinit(&notes.dropped);
    wire_wr_deinit(&w);
    free(copy);
}

static void check_watch(uint32_t protocol, const char *text, const char *hex)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_monitor_request req;
    char *copy = xstrdup(text);
    uint32_t usable;

    assert_null(flow_monitor_parse(copy, NULL, &req, &usable));
    size_t start =
        msg_start(&w, flow_monitor_request_type(protocol), protocol_version(protocol), 1);
    flow_monitor_request_encode(&req, protocol, &w);
    msg_finish(&w, start);
    assert_hex(text, &w, hex);
    wire_wr_deinit(&w);
    free(copy);
}

static void check_packet_out(uint32_t protocol, const char *text, const char *hex)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct packet_out po;
    char *copy = xstrdup(text);

    assert_null(packet_out_parse(copy, NULL, &po));
    packet_out_encode(&po, protocol_version(protocol), 1, &w);
    assert_hex(text, &w, hex);
    packet_out_deinit(&po);
    wire_wr_deinit(&w);
    free(copy);
}

static void test_encode(void **state)
{
    (void)state;
#define FLOW(PROTOCOL, COMMAND, TEXT, HEX)      check_flow(PROTOCOL, COMMAND, TEXT, HEX);
#define REQUEST(PROTOCOL, AGGREGATE, TEXT, HEX) check_request(PROTOCOL, AGGREGATE, TEXT, HEX);
#define WATCH(PROTOCOL, TEXT, HEX)              check_watch(PROTOCOL, TEXT, HEX);
#define PACKET_OUT(PROTOCOL, TEXT, HEX)         check_packet_out(PROTOCOL, TEXT, HEX);
#include "tests/unit/flow-msg-encodes.def"
#undef FLOW
#undef REQUEST
#undef WATCH
#undef PACKET_OUT
}

static void test_watch_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"foo=1", "foo=1: unknown keyword foo"},
        {"!foo", "!foo: field !foo missing value"},
        {"tcp,table", "tcp,table: field table missing value"},
        {"table=300", "unknown table \"300\""},
        {"out_port=xx", "xx is not a valid OpenFlow port"},
        {"out_group=xx", "xx is not a valid OpenFlow group"},
        {"ip_src=1", "1: invalid IP address"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct flow_monitor_request req;
        char *copy = xstrdup(rows[i].text);
        uint32_t usable;
        char *error = flow_monitor_parse(copy, NULL, &req, &usable);
        assert_string_equal(error, rows[i].error);
        free(error);
        free(copy);
    }
}

/* ---- what only structures show ---- */

static enum ofp_error decode_flow_mod(const char *hex, bool table_in_command, struct flow_mod *fm)
{
    size_t len;
    uint8_t *msg = bytes_of(hex, &len);
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    h.table_in_command = table_in_command;
    error = error ? error : flow_mod_decode(&r, &h, NULL, fm);
    free(msg);
    return error;
}

#define FM10(COMMAND, COOKIE)                                              \
    "010e004800000001003820fe0001" /* in_port=1 */                         \
    "00000000000000000000000000000000000000000000000000000000000000000000" \
    "00000000000000" COOKIE COMMAND "000000008000ffffffffffff0000"

/* The table is in the command only if the connection agreed so. */
static void test_table_in_command(void **state)
{
    (void)state;
    struct flow_mod fm;

    assert_int_equal(decode_flow_mod(FM10("0303", "05"), true, &fm), OFPERR_OK);
    assert_int_equal(fm.table_id, 3);
    assert_int_equal(fm.command, FM_DELETE);
    assert_int_equal(decode_flow_mod(FM10("0303", "05"), false, &fm), OFPERR_OFPFMFC_BAD_COMMAND);
    assert_int_equal(decode_flow_mod(FM10("0003", "05"), false, &fm), OFPERR_OK);
    assert_int_equal(fm.table_id, OFPTT_ALL);
    assert_int_equal(decode_flow_mod(FM10("ff04", "05"), false, &fm), OFPERR_OFPFMFC_BAD_COMMAND);
}

/* Whose cookie changes: modifications of 1.0 and 1.1 say one, unless it is all ones. */
static void test_modify_cookie(void **state)
{
    (void)state;
    struct flow_mod fm;

    assert_int_equal(decode_flow_mod(FM10("0001", "05"), true, &fm), OFPERR_OK);
    assert_true(fm.modify_cookie);
    assert_int_equal(fm.new_cookie, 5);
    assert_int_equal(fm.cookie_mask, 0);
    assert_int_equal(decode_flow_mod(FM10("0000", "05"), true, &fm), OFPERR_OK);
    assert_false(fm.modify_cookie);
    assert_int_equal(decode_flow_mod(FM10("0003", "05"), true, &fm), OFPERR_OK);
    assert_false(fm.modify_cookie);
}

/* "Everything" of 1.0 has no packet type; what looks into a frame needs one. */
static void test_packet_type10(void **state)
{
    (void)state;
    static const struct {
        uint32_t wildcards, packet_type;
    } rows[] = {{0x003820ff, 0},          {0x003820fe, 0},          {0xffffffff, 0},
                {0x003fffff, 0},          {0x003820fb, UINT32_MAX}, {0x002820ff, UINT32_MAX},
                {0x00381fff, UINT32_MAX}, {0x0007e0ff, UINT32_MAX}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct msg_header h = {.version = OFP10_VERSION};
        uint8_t bytes[40] = {0};
        struct match m;
        struct wire_rd r;
        put_be32(bytes, rows[i].wildcards);
        wire_rd_init(&r, bytes, sizeof bytes);
        assert_int_equal(match_decode(&r, &h, &m), OFPERR_OK);
        assert_int_equal(m.mask.key.packet_type, rows[i].packet_type);
    }
}

/* The switch refuses what the tools pass over. */
static void test_resume_strict(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum ofp_error error;
    } rows[] = {
        {"0404002800000001000023200000001c00000012ffffffffffff0000000000010800000000000000",
         OFPERR_OK},
        {"0404003000000001000023200000001c00000012ffffffffffff0000000000010800000000000000"
         "0009000400000000",
         OFPERR_OFPBPC_BAD_TYPE},
        {"0404003000000001000023200000001c00000012ffffffffffff0000000000010800000000000000"
         "0008000600000000",
         OFPERR_OFPBPC_BAD_LEN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t len;
        uint8_t *msg = bytes_of(rows[i].hex, &len);
        struct packet_in pi;
        struct msg_header h;
        struct wire_rd r;
        wire_rd_init(&r, msg, len);
        assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
        assert_int_equal(packet_in_decode_resume(&r, &h, true, &pi), rows[i].error);
        free(msg);
    }
}

/* A packet-in of a switch, in each form and version: everything comes back that it has room for. */
static void test_packet_in_forms(void **state)
{
    (void)state;
    static const uint8_t frame[60] = {1}, userdata[] = {7, 8, 9}, continuation[] = {1, 2, 3};
    struct packet_in pi = {.buffer_id = OFP_NO_BUFFER,
                           .total_len = 100,
                           .reason = PIR_ACTION,
                           .table_id = 4,
                           .cookie = 0x1234,
                           .data = frame,
                           .data_len = sizeof frame,
                           .userdata = userdata,
                           .userdata_len = sizeof userdata,
                           .continuation = continuation,
                           .continuation_len = sizeof continuation};
    match_init(&pi.metadata);
    pi.metadata.flow.in_port = htonl(OFPP_LOCAL);
    pi.metadata.mask.in_port = UINT32_MAX;
    pi.metadata.flow.regs[3] = htonl(77);
    pi.metadata.mask.regs[3] = UINT32_MAX;
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        for (int f = PACKET_IN_STANDARD; f <= PACKET_IN_NXT2; f++) {
            struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
            struct packet_in got;
            struct msg_header h;
            struct wire_rd r;
            packet_in_encode(&pi, v, (enum packet_in_format)f, 1, &w);
            assert_false(w.err);
            wire_rd_init(&r, w.data, w.len);
            assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
            assert_int_equal(packet_in_format_of(h.type), f);
            assert_int_equal(packet_in_decode(&r, &h, &got), OFPERR_OK);
            bool nx = f != PACKET_IN_STANDARD, nx2 = f == PACKET_IN_NXT2;
            assert_int_equal(got.reason, PIR_ACTION);
            assert_int_equal(got.total_len, 100);
            assert_int_equal(got.data_len, sizeof frame);
            assert_memory_equal(got.data, frame, sizeof frame);
            assert_int_equal(ntohl(got.metadata.flow.in_port), OFPP_LOCAL);
            assert_int_equal(got.table_id, nx || v > OFP10_VERSION ? 4 : 0);
            assert_int_equal(got.cookie, nx || v >= OFP13_VERSION ? 0x1234 : UINT64_MAX);
            assert_int_equal(ntohl(got.metadata.flow.regs[3]), nx || v >= OFP12_VERSION ? 77 : 0);
            assert_int_equal(got.userdata_len, nx2 ? sizeof userdata : 0);
            assert_int_equal(got.continuation_len, nx2 ? sizeof continuation : 0);
            if (nx2) {
                assert_memory_equal(got.userdata, userdata, sizeof userdata);
                assert_memory_equal(got.continuation, continuation, sizeof continuation);
            }
            wire_wr_deinit(&w);
        }
    }
}

static void test_reasons(void **state)
{
    (void)state;
    static const struct {
        uint8_t reason, version, want;
    } rows[] = {
        {PIR_INVALID_TTL, OFP10_VERSION, PIR_INVALID_TTL},
        {PIR_GROUP, OFP13_VERSION, PIR_ACTION},
        {PIR_GROUP, OFP14_VERSION, PIR_GROUP},
        {PIR_IMPLICIT_MISS, OFP14_VERSION, PIR_NO_MATCH},
        {PIR_EXPLICIT_MISS, OFP10_VERSION, PIR_NO_MATCH},
        {PIR_EXPLICIT_MISS, OFP15_VERSION, PIR_EXPLICIT_MISS},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct packet_in pi = {.reason = rows[i].reason,
                               .data = (const uint8_t *)"x",
                               .data_len = 1},
                         got;
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        struct msg_header h;
        struct wire_rd r;
        match_init(&pi.metadata);
        packet_in_encode(&pi, rows[i].version, PACKET_IN_STANDARD, 1, &w);
        wire_rd_init(&r, w.data, w.len);
        assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
        assert_int_equal(packet_in_decode(&r, &h, &got), OFPERR_OK);
        assert_int_equal(got.reason, rows[i].want);
        wire_wr_deinit(&w);
    }
}

/* Any bytes as a fixed match: what was understood survives being sent again. */
static void test_random_fixed(void **state)
{
    (void)state;
    static const uint16_t types[] = {0x0800, 0x0806, 0x86dd, 0x8847, 0x8100};
    static const uint8_t protos[] = {1, 6, 17, 58, 132};
    uint32_t seed = 1;
    int n_ok = 0;

    for (int i = 0; i < 40000; i++) {
        const struct msg_header h = {.version = i % 2 ? OFP10_VERSION : OFP11_VERSION};
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        struct match m, m2;
        struct wire_rd r;
        uint8_t bytes[88];
        size_t len = i % 2 ? 40 : 88;
        for (size_t b = 0; b < len; b++) {
            seed = seed * 1103515245 + 12345;
            bytes[b] = (uint8_t)(seed >> 16);
        }
        if (i % 2) {
            put_be16(bytes + 22, types[(unsigned)i / 2 % ARRAY_SIZE(types)]);
            bytes[25] = protos[(unsigned)i / 16 % ARRAY_SIZE(protos)];
        } else {
            put_be32(bytes, 88);
            put_be32(bytes + 4, 1);
            put_be16(bytes + 36, bytes[36] & 1 ? 0xfffe : 5);
            bytes[38] &= 7;
            put_be16(bytes + 40, types[(unsigned)i / 2 % ARRAY_SIZE(types)]);
            bytes[42] &= 0xfc;
            bytes[43] = protos[(unsigned)i / 16 % ARRAY_SIZE(protos)];
        }
        wire_rd_init(&r, bytes, len);
        if (!match_decode(&r, &h, &m)) {
            match_encode(&m, h.version, &w);
            assert_int_equal(w.len, len);
            wire_rd_init(&r, w.data, w.len);
            assert_int_equal(match_decode(&r, &h, &m2), OFPERR_OK);
            assert_memory_equal(&m, &m2, sizeof m);
            n_ok++;
        }
        wire_wr_deinit(&w);
    }
    assert_true(n_ok > 30000);
}

/* Numbers of long dumps are put together without printf, and read the same. */
static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        uint32_t sec, nsec;
        const char *text;
    } durations[] = {
        {0, 0, "0s"},
        {5, 123000000, "5.123s"},
        {5, 3000000, "5.003s"},
        {5, 123456789, "5.123456789s"},
        {5, 1, "5.000000001s"},
        {5, 100001000, "5.100001s"},
        {UINT32_MAX, 999999999, "4294967295.999999999s"},
        {1, 1000000000, "1.1000s"}, /* Peers say what they like. */
        {1, UINT32_MAX, "1.4294967295s"},
    };
    static const uint64_t numbers[] = {0, 1, 9, 10, 15, 16, 0x1234567890abcdef, UINT64_MAX};
    struct text t = TEXT_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
        text_clear(&t);
        format_duration(&t, durations[i].sec, durations[i].nsec);
        assert_string_equal(text_cstr(&t), durations[i].text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        char *want = xasprintf("0x%" PRIx64 " %" PRIu64, numbers[i], numbers[i]);
        text_clear(&t);
        format_hex(&t, numbers[i]);
        text_putc(&t, ' ');
        format_decimal(&t, numbers[i]);
        assert_string_equal(text_cstr(&t), want);
        free(want);
    }
    text_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_again),         cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_encode),        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_watch_errors),  cmocka_unit_test(test_table_in_command),
        cmocka_unit_test(test_modify_cookie), cmocka_unit_test(test_packet_type10),
        cmocka_unit_test(test_resume_strict), cmocka_unit_test(test_packet_in_forms),
        cmocka_unit_test(test_reasons),       cmocka_unit_test(test_random_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
