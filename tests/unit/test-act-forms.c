/* test-act-forms.c - actions in the forms of every version: wire, text, what is sent for a text,
 * and consistency of the actions that test-act.c has not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/act-private.h"
#include "ofp/protocol.h"
#include "tests/unit/act-golden-a.def"

static char *format(const struct acts *a)
{
    struct text t = TEXT_INIT;
    acts_format(a->data, a->len, NULL, &t);
    return text_steal(&t);
}

static enum ofp_error decode(const void *data, size_t len, uint8_t version, bool instructions,
                             struct acts *out)
{
    const struct msg_header h = {.version = version};
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    return instructions ? acts_decode_instructions(&r, len, &h, out)
                        : acts_decode_actions(&r, len, &h, out);
}

static char *to_hex(const void *data, size_t len)
{
    struct text t = TEXT_INIT;

    for (size_t i = 0; i < len; i++) {
        text_printf(&t, "%02x", ((const uint8_t *)data)[i]);
    }
    return text_steal(&t);
}

/* What is sent, in hex. */
static char *encode(const struct acts *a, uint8_t version, bool instructions)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    (instructions ? acts_encode_instructions : acts_encode_actions)(a->data, a->len, version, &w);
    assert_false(w.err);
    char *hex = to_hex(w.data, w.len);
    wire_wr_deinit(&w);
    return hex;
}

/* ---- wire ---- */

static void check_wire(const struct form_wire *f, uint8_t version)
{
    struct acts acts = ACTS_INIT;
    size_t len;
    uint8_t *data = text_to_hex(f->hex, &len);
    enum ofp_error error = decode(data, len, version, false, &acts);
    char *result = error ? xstrdup(ofp_error_name(error)) : format(&acts);

    if (strcmp(result, f->result)) {
        fail_msg("%u %s: %s, not %s", version, f->hex, result, f->result);
    }
    if (!error) {
        char *again = encode(&acts, version, false);
        if (strcmp(again, f->again ? f->again : f->hex)) {
            fail_msg("%u %s comes back as %s", version, f->hex, again);
        }
        free(again);
    }
    free(result);
    free(data);
    acts_deinit(&acts);
}

static void test_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(form_wires); i++) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            if (form_wires[i].versions >> (v - OFP10_VERSION) & 1) {
                check_wire(&form_wires[i], v);
            }
        }
    }
}

/* Every form that is not refused has been seen in each version that has it. */
static void test_wire_complete(void **state)
{
    (void)state;
    static const enum act_raw elsewhere[] = {
        RAW_LEARN, RAW_LEARN2, RAW_CONTROLLER2, RAW_CT,          RAW_NAT,
        RAW_CLONE, RAW_ENCAP,  RAW_DECAP,       RAW_DEC_NSH_TTL,
    };
    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        const struct act_wire *row = &act_wires[i];
        bool skip = false;
        for (size_t j = 0; j < ARRAY_SIZE(elsewhere); j++) {
            skip |= elsewhere[j] == i;
        }
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION && !skip; v++) {
            bool seen = !act_wire_valid(row, v);
            for (size_t k = 0; k < ARRAY_SIZE(form_wires) && !seen; k++) {
                size_t len;
                uint8_t *data = text_to_hex(form_wires[k].hex, &len);
                uint16_t number = row->number[v - 1];
                seen = form_wires[k].versions >> (v - 1) & 1 && get_be16(data) == number &&
                       (number != ACT_NO_NUMBER ||
                        (get_be32(data + 4) == row->vendor && get_be16(data + 8) == row->subtype));
                free(data);
            }
            if (!seen) {
                fail_msg("%s (row %zu) in version %u has no sample", row->name, i, v);
            }
        }
    }
}

/* Nothing that a peer sends does harm, and what is let in can be sent and printed. */
static void check_any(const uint8_t *data, size_t len, uint8_t version)
{
    struct acts acts = ACTS_INIT;
    uint8_t *exact = xmemdup(data, len); /* So that a read behind the end shows. */

    if (!decode(exact, len, version, false, &acts)) {
        struct match m;
        struct act_limits limits = {.cur_table = 255};
        match_init(&m);
        enum ofp_error ignored = acts_check(&acts, &m, &limits, true);
        (void)ignored;
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            struct wire_wr w = WIRE_WR_INIT(1 << 20);
            acts_encode_instructions(acts.data, acts.len, v, &w);
            wire_wr_deinit(&w);
        }
        free(format(&acts));
    }
    acts_deinit(&acts);
    free(exact);
}

static void test_wire_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(form_wires); i++) {
        uint8_t version = (uint8_t)(OFP10_VERSION + __builtin_ctz(form_wires[i].versions));
        size_t len;
        uint8_t *data = text_to_hex(form_wires[i].hex, &len);

        for (size_t n = 0; n <= len; n++) {
            check_any(data, n, version);
        }
        for (size_t n = 0; n < len; n++) {
            for (unsigned bit = 0; bit < 9; bit++) {
                uint8_t flip = bit < 8 ? (uint8_t)(1u << bit) : 0xff;
                data[n] ^= flip;
                check_any(data, len, version);
                data[n] ^= flip;
            }
        }
        free(data);
    }
}

/* The length one step off is refused, or changes what is read. */
static void test_wire_lengths(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(form_wires); i++) {
        const struct form_wire *f = &form_wires[i];
        uint8_t version = (uint8_t)(OFP10_VERSION + __builtin_ctz(f->versions));
        size_t len;
        uint8_t *data = text_to_hex(f->hex, &len);
        bool whole = get_be16(data + 2) == len && strncmp(f->result, "OFP", 3) &&
                     strncmp(f->result, "NX", 2);

        for (int step = -1; step <= 1 && whole; step += 2) {
            struct acts acts = ACTS_INIT;
            put_be16(data + 2, (uint16_t)((int)len + step));
            assert_int_equal(decode(data, len, version, false, &acts), OFPERR_OFPBAC_BAD_LEN);
            acts_deinit(&acts);
        }
        free(data);
    }
}

/* ---- instructions ---- */

static void test_instructions(void **state)
{
    (void)state;
#define CONJ "ffff0010000023200022000200000001"
    static const struct {
        uint8_t version;
        const char *hex, *result;
    } cases[] = {
        {4, "0004001800000000" CONJ, "conjunction(1,1/2)"},
        {4, "0004001800000000" CONJ "0001000801000000", "NXBAC_BAD_CONJUNCTION"},
        {4,
         "0005000800000000"
         "0004001800000000" CONJ,
         "NXBAC_BAD_CONJUNCTION"},
        {4,
         "0006000800000001"
         "0004001800000000" CONJ,
         "NXBAC_BAD_CONJUNCTION"},
        {4, "0003001800000000" CONJ, "OFPBAC_BAD_TYPE"},
        {1, CONJ "ffff001000002320000efff802000000", "NXBAC_BAD_CONJUNCTION"},
        {1, CONJ "ffff0010000023200008110000000000", "conjunction(1,1/2),note:11.00.00.00.00.00"},
        {6,
         "0004002000000000"
         "0000001000000001"
         "0000000000000000"
         "001d000800000001",
         "output:1,meter:1"},
        {6,
         "0003001000000000"
         "001d000800000002",
         "OFPBAC_BAD_TYPE"},
        {6, "0006000800000002", "OFPBIC_UNKNOWN_INST"},
        {4,
         "0003001800000000"
         "ffff001000002320001300010002"
         "0000",
         "OFPBAC_BAD_TYPE"},
        {4,
         "0003001800000000"
         "ffff00100000232000270001"
         "00000040",
         "OFPBAC_BAD_TYPE"},
        {4,
         "0003001800000000"
         "ffff0010000023200005000000000000",
         "OFPBAC_BAD_TYPE"},
        {4,
         "0003002000000000"
         "ffff001800002320001b0000000100040020000000000000",
         "OFPBAC_BAD_TYPE"},
        {4,
         "0003002000000000"
         "ffff00180000232000150002000000000001000200000000",
         "write_actions(dec_ttl(1,2))"},
        {1, "ffff00200000232000160000000000000000000000000005000000000000000f",
         "write_metadata:0x5/0xf"},
        {4, "0004002800000000ffff00200000232000160000000000000000000000000005000000000000000f",
         "OFPBIC_UNSUP_INST"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT;
        size_t len;
        uint8_t *data = text_to_hex(cases[i].hex, &len);
        enum ofp_error error = decode(data, len, cases[i].version, true, &acts);
        char *result = error ? xstrdup(ofp_error_name(error)) : format(&acts);

        assert_string_equal(result, cases[i].result);
        free(result);
        free(data);
        acts_deinit(&acts);
    }
}

/* ---- text ---- */

static char *parse(const char *text, struct acts *out)
{
    char *copy = xstrdup(text);
    char *error = acts_parse(copy, NULL, true, out);
    free(copy);
    return error;
}

static void parse_match(const char *text, struct match *m)
{
    char *words = xstrdup(text), *rest = words, *key, *value;
    bool found;

    match_init(m);
    while (text_next_kv(&rest, &key, &value)) {
        assert_null(match_parse_item(key, value, NULL, m, &found));
        assert_true(found);
    }
    free(words);
}

/* The bytes that are sent, or an error; "-" if the version cannot say it. */
static char *to_wire(const struct form_text *f, uint8_t version)
{
    const struct act_limits limits = {.cur_table = 255};
    struct acts acts = ACTS_INIT;
    struct match m;
    char *result = parse(f->text, &acts);

    parse_match(f->match, &m);
    if (!result) {
        enum ofp_error error = acts_check(&acts, &m, &limits, false);
        uint32_t usable = protocol_of_acts(acts.data, acts.len) & protocol_of_match(&m);
        if (error) {
            result = xstrdup(ofp_error_name(error));
        } else if ((version > OFP10_VERSION && acts_check(&acts, &m, &limits, true)) ||
                   !(usable & protocol_of_version(version))) {
            result = xstrdup("-");
        } else {
            result = encode(&acts, version, true);
        }
    }
    acts_deinit(&acts);
    return result;
}

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(form_texts); i++) {
        const struct form_text *f = &form_texts[i];
        const char *sent = NULL;

        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            sent = f->sent[v - 1] ? f->sent[v - 1] : sent;
            char *result = to_wire(f, v);
            if (strcmp(result, sent)) {
                fail_msg("%s | %s in version %u: %s, not %s", f->match, f->text, v, result, sent);
            }
            free(result);
        }
    }
}

/* What is sent is read again, and sent again as it was. */
static void test_text_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(form_texts); i++) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            struct acts acts = ACTS_INIT;
            char *sent = to_wire(&form_texts[i], v);
            size_t len;
            uint8_t *data = text_to_hex(sent, &len);
            if (data && strlen(sent) >= 16 && !decode(data, len, v, true, &acts)) {
                char *again = encode(&acts, v, true);
                assert_string_equal(again, sent);
                free(again);
            }
            free(data);
            free(sent);
            acts_deinit(&acts);
        }
    }
}

/* parse(format(x)) == x, and damaged text does no harm. */
static void test_text_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(form_texts); i++) {
        const char *text = form_texts[i].text;
        struct acts acts = ACTS_INIT, again = ACTS_INIT;

        for (size_t n = 0; text[n]; n++) {
            char *bad = xstrdup(text);
            bad[n] = "(),:=x1\"[->/ "[n % 13];
            free(parse(bad, &again));
            acts_deinit(&again);
            bad[n] = '\0';
            free(parse(bad, &again));
            acts_deinit(&again);
            free(bad);
        }
        char *error = parse(text, &acts);
        if (!error) {
            char *s = format(&acts);
            assert_null(parse(s, &again));
            if (!acts_equal(&acts, &again)) {
                fail_msg("%s comes back as another than %s", s, text);
            }
            free(s);
        }
        free(error);
        acts_deinit(&acts);
        acts_deinit(&again);
    }
}

/* ---- consistency ---- */

static void test_check(void **state)
{
    (void)state;
#define INC      OFPERR_OFPBAC_MATCH_INCONSISTENT
#define BAD_PORT OFPERR_OFPBAC_BAD_OUT_PORT
    static const struct {
        const char *match, *acts;
        enum ofp_error strict, loose;
    } cases[] = {
        {"tcp", "fin_timeout(idle_timeout=1)", 0, 0},
        {"tcp6", "fin_timeout(idle_timeout=1)", 0, 0},
        {"udp", "fin_timeout(idle_timeout=1)", INC, 0},
        {"ip", "fin_timeout(idle_timeout=1)", INC, 0},
        {"ip", "dec_ttl(1,2)", 0, 0},
        {"arp", "dec_ttl(1,2)", INC, 0},
        {"", "write_actions(dec_ttl(1,2))", 0, 0},
        {"", "output(port=999,max_len=100)", 0, 0},
        {"", "output(port=1000,max_len=100)", BAD_PORT, BAD_PORT},
        {"", "output(port=65280,max_len=100)", BAD_PORT, BAD_PORT},
        {"", "enqueue:999:1", 0, 0},
        {"", "enqueue:1000:1", BAD_PORT, BAD_PORT},
        {"", "enqueue:LOCAL:1", 0, 0},
        {"", "enqueue:FLOOD:1", BAD_PORT, BAD_PORT},
        {"", "bundle(eth_src,0,hrw,ofport,members:999,LOCAL,NONE)", 0, 0},
        {"", "bundle(eth_src,0,hrw,ofport,members:1,1000)", BAD_PORT, BAD_PORT},
        {"", "bundle(eth_src,0,hrw,ofport,members:CONTROLLER)", BAD_PORT, BAD_PORT},
        {"", "bundle_load(eth_src,0,hrw,ofport,ip_src,members:1)", INC, INC},
        {"ip", "bundle_load(eth_src,0,hrw,ofport,ip_src,members:1)", 0, 0},
        {"", "multipath(eth_src,0,hrw,2,0,ip_src)", INC, INC},
        {"ip", "multipath(eth_src,0,hrw,2,0,ip_src)", 0, 0},
        {"ip", "multipath(eth_src,0,hrw,2,0,ip_frag)", OFPERR_OFPBAC_BAD_SET_ARGUMENT,
         OFPERR_OFPBAC_BAD_SET_ARGUMENT},
        {"", "push:ip_src", INC, INC},
        {"ip", "push:ip_src,pop:ip_dst", 0, 0},
        {"ip", "push:ip_proto", 0, 0},
        {"ip", "pop:ip_frag", OFPERR_OFPBAC_BAD_SET_ARGUMENT, OFPERR_OFPBAC_BAD_SET_ARGUMENT},
        {"", "sample(probability=1,obs_point_id=ip_src)", INC, INC},
        {"ip", "sample(probability=1,obs_point_id=ip_src)", 0, 0},
        {"", "delete_field:tun_metadata63", 0, 0},
        {"", "delete_field:tun_id", OFPERR_OFPBAC_BAD_ARGUMENT, OFPERR_OFPBAC_BAD_ARGUMENT},
        {"", "push_vlan:0x8100,push:vlan_vid", 0, 0},
        {"", "push:mpls_label", INC, INC},
        {"", "push_mpls:0x8847,push:mpls_label", 0, 0},
    };
    const struct act_limits limits = {.max_ports = 1000, .cur_table = 2};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT;
        struct match m;

        parse_match(cases[i].match, &m);
        assert_null(parse(cases[i].acts, &acts));
        enum ofp_error strict = acts_check(&acts, &m, &limits, true);
        enum ofp_error loose = acts_check(&acts, &m, &limits, false);
        if (strict != cases[i].strict || loose != cases[i].loose) {
            fail_msg("%s | %s: %s, %s", cases[i].match, cases[i].acts,
                     strict ? ofp_error_name(strict) : "ok", loose ? ofp_error_name(loose) : "ok");
        }
        acts_deinit(&acts);
    }
}

/* A bundle of 'n' members from the wire. */
static enum ofp_error decode_bundle(unsigned n)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct acts acts = ACTS_INIT;

    wire_wr_u32(&w, 0xffff0000);
    wire_wr_u32(&w, NX_VENDOR_ID);
    wire_wr_u16(&w, 12);
    wire_wr_zeros(&w, 8);
    wire_wr_u16(&w, 2);
    wire_wr_u16(&w, (uint16_t)n);
    wire_wr_zeros(&w, 10 + 2 * n);
    wire_wr_pad(&w, 0, 8);
    wire_wr_patch16(&w, 2, (uint16_t)w.len);
    enum ofp_error error = decode(w.data, w.len, OFP13_VERSION, false, &acts);
    wire_wr_deinit(&w);
    acts_deinit(&acts);
    return error;
}

static void test_bounds(void **state)
{
    (void)state;
    struct acts acts = ACTS_INIT;
    struct text t = TEXT_INIT;

    assert_int_equal(decode_bundle(BUNDLE_MAX_MEMBERS), OFPERR_OK);
    assert_int_equal(decode_bundle(BUNDLE_MAX_MEMBERS + 1), OFPERR_OFPBAC_BAD_ARGUMENT);

    text_puts(&t, "bundle(eth_src,0,hrw,ofport,members:1");
    for (size_t i = 1; i < BUNDLE_MAX_MEMBERS; i++) {
        text_puts(&t, ",1");
    }
    char *most = xasprintf("%s)", text_cstr(&t)), *more = xasprintf("%s,1)", text_cstr(&t));
    assert_null(parse(most, &acts));
    acts_deinit(&acts);
    char *error = parse(more, &acts);
    assert_string_equal(error, "bundle: more than 2048 members");
    free(error);
    acts_deinit(&acts);
    free(most);
    free(more);
    text_clear(&t);

    text_puts(&t, "dec_ttl(1");
    for (size_t i = 1; i < 40000; i++) {
        text_puts(&t, ",1");
    }
    text_putc(&t, ')');
    error = parse(text_cstr(&t), &acts);
    assert_string_equal(error, "dec_ttl: more than 32756 controller ids");
    free(error);
    acts_deinit(&acts);
    text_deinit(&t);
}

static void test_output_to_port(void **state)
{
    (void)state;
    struct acts acts = ACTS_INIT;

    assert_null(parse("enqueue:5:1", &acts));
    assert_true(acts_output_to_port(acts.data, acts.len, 5));
    assert_false(acts_output_to_port(acts.data, acts.len, 1));
    acts_deinit(&acts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),           cmocka_unit_test(test_wire_complete),
        cmocka_unit_test(test_wire_damaged),   cmocka_unit_test(test_wire_lengths),
        cmocka_unit_test(test_instructions),   cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_wire),      cmocka_unit_test(test_text_again),
        cmocka_unit_test(test_check),          cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_output_to_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
