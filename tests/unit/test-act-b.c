/* test-act-b.c - learn, clone, controller, encap, ct and the writing of fields: wire and text in
 * every version of OpenFlow, against what Open vSwitch does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/act-private.h"
#include "ofp/flow_mod.h"
#include "tests/unit/act-golden-b.def"

static bool row_has(uint8_t versions, uint8_t version)
{
    return versions >> (version - 1) & 1;
}

static char *format(const struct acts *a)
{
    struct text t = TEXT_INIT;
    acts_format(a->data, a->len, NULL, &t);
    return text_steal(&t);
}

static enum ofp_error decode(bool instructions, const void *data, size_t len, uint8_t version,
                             struct acts *out)
{
    const struct msg_header h = {.version = version};
    struct wire_rd r;
    wire_rd_init(&r, data, len);
    return instructions ? acts_decode_instructions(&r, len, &h, out)
                        : acts_decode_actions(&r, len, &h, out);
}

static void encode(bool instructions, const struct acts *a, uint8_t version, struct wire_wr *w)
{
    *w = WIRE_WR_INIT(OFP_MAX_LEN);
    if (instructions) {
        acts_encode_instructions(a->data, a->len, version, w);
    } else {
        acts_encode_actions(a->data, a->len, version, w);
    }
    assert_false(w->err);
}

static void assert_bytes(const struct wire_wr *w, const char *hex, const char *what,
                         uint8_t version)
{
    struct text t = TEXT_INIT;

    for (size_t i = 0; i < w->len; i++) {
        text_printf(&t, "%02x", w->data[i]);
    }
    if (strcmp(text_cstr(&t), hex)) {
        fail_msg("version %u, %s:\n%s\nshould be\n%s", version, what, text_cstr(&t), hex);
    }
    text_deinit(&t);
}

static void assert_text(const char *s, const char *want, const char *what, uint8_t version)
{
    if (strcmp(s, want)) {
        fail_msg("version %u, %s:\n%s\nshould be\n%s", version, what, s, want);
    }
}

/* ---- wire ---- */

static void check_wire(const struct wire_b *g, uint8_t version)
{
    struct acts acts = ACTS_INIT;
    size_t len;
    uint8_t *data = text_to_hex(g->hex, &len);
    enum ofp_error error = decode(g->instructions, data, len, version, &acts);
    char *s = error ? xstrdup(ofp_error_name(error)) : format(&acts);

    assert_text(s, g->result, g->hex, version);
    if (!error) {
        struct wire_wr w;
        encode(g->instructions, &acts, version, &w);
        assert_bytes(&w, g->again ? g->again : g->hex, s, version);
        wire_wr_deinit(&w);
    }
    free(s);
    free(data);
    acts_deinit(&acts);
}

static void test_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wires_b); i++) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            if (row_has(wires_b[i].versions, v)) {
                check_wire(&wires_b[i], v);
            }
        }
    }
}

/* Whatever is let in can be printed, checked and sent again in every version. */
static void check_any(bool instructions, const void *data, size_t len, uint8_t version)
{
    struct acts acts = ACTS_INIT;

    if (!decode(instructions, data, len, version, &acts)) {
        const struct act_limits limits = {.cur_table = 255};
        struct match m;
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            struct wire_wr w = WIRE_WR_INIT(1 << 20);
            acts_encode_instructions(acts.data, acts.len, v, &w);
            wire_wr_deinit(&w);
        }
        match_init(&m);
        enum ofp_error ignored = acts_check(&acts, &m, &limits, true);
        (void)ignored;
        free(format(&acts));
    }
    acts_deinit(&acts);
}

static void test_wire_damaged(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wires_b); i++) {
        const struct wire_b *g = &wires_b[i];
        size_t len;
        uint8_t *data = text_to_hex(g->hex, &len);
        uint8_t version = OFP10_VERSION;
        while (!row_has(g->versions, version)) {
            version++;
        }
        for (size_t n = 0; n <= len; n++) {
            uint8_t *cut = xmemdup(data, n); /* So that a read behind the end shows. */
            check_any(g->instructions, cut, n, version);
            free(cut);
        }
        for (size_t n = 0; n < len; n++) {
            static const uint8_t flips[] = {0x01, 0x02, 0x08, 0x20, 0x80, 0xff};
            for (size_t k = 0; k < ARRAY_SIZE(flips); k++) {
                data[n] ^= flips[k];
                check_any(g->instructions, data, len, version);
                data[n] ^= flips[k];
            }
        }
        free(data);
    }
}

/* ---- text ---- */

static char *parse(const char *match, const char *acts, struct flow_mod *fm)
{
    struct flow_notes notes;
    char *text = xasprintf("%s actions=%s", match, acts);
    char *error = flow_mod_parse_notes(text, FM_ADD, NULL, fm, &notes);

    text_deinit(&notes.dropped);
    free(text);
    return error;
}

/* The actions alone, which are in an instruction but in 1.0. */
static char *instruction_hex(const struct sent_b *g, uint8_t version)
{
    size_t len = strlen(g->hex) / 2;
    return version == OFP10_VERSION || !g->apply || !len
               ? xstrdup(g->hex)
               : xasprintf("0004%04zx00000000%s", len + 8, g->hex);
}

static void check_sent(const struct sent_b *g, uint8_t version)
{
    struct flow_mod fm;
    struct acts back = ACTS_INIT;
    struct wire_wr w;
    char *error = parse(g->match, g->acts, &fm);

    if (error) {
        fail_msg("%s: %s", g->acts, error);
    }
    encode(true, &fm.acts, version, &w);
    char *hex = instruction_hex(g, version);
    assert_bytes(&w, hex, g->acts, version);
    enum ofp_error bad = decode(true, w.data, w.len, version, &back);
    char *s = bad ? xstrdup(ofp_error_name(bad)) : format(&back);
    assert_text(s, g->result, g->acts, version);
    free(s);
    free(hex);
    wire_wr_deinit(&w);
    acts_deinit(&back);
    flow_mod_deinit(&fm);
}

static void test_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sents_b); i++) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            if (row_has(sents_b[i].versions, v)) {
                check_sent(&sents_b[i], v);
            }
        }
    }
}

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors_b); i++) {
        const struct error_b *g = &errors_b[i];
        struct flow_mod fm;
        char *error = parse(g->match, g->acts, &fm);
        if (!error) {
            fail_msg("%s: no error", g->acts);
        }
        assert_text(error, g->error, g->acts, 0);
        free(error);
    }
}

/* parse(format(x)) == x, and damaged text does no harm. */
static void test_text_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sents_b); i++) {
        const struct sent_b *g = &sents_b[i];
        struct flow_mod fm, again;

        for (size_t n = 0; g->acts[n]; n++) {
            char *bad = xstrdup(g->acts);
            bad[n] = "(),:=x1[->"[n % 10];
            char *error = parse(g->match, bad, &again);
            if (!error) {
                flow_mod_deinit(&again);
            }
            free(error);
            free(bad);
        }
        assert_null(parse(g->match, g->acts, &fm));
        char *s = format(&fm.acts);
        char *error = parse(g->match, s, &again);
        /* As the reference has it, a controller with the defaults prints as the output that it is,
         * a mask with the field's only bit as none, and flags of a nat without range not at all. */
        bool same = !strcmp(s, "CONTROLLER:65535") || strstr(s, "->tun_flags") ||
                    strstr(g->acts, "nat(dst,random)") || strstr(g->acts, "nat(src,hash)");
        if (error || !(same || acts_equal(&fm.acts, &again.acts))) {
            fail_msg("%s prints as %s: %s", g->acts, s, error ? error : "not the same");
        }
        free(s);
        flow_mod_deinit(&fm);
        flow_mod_deinit(&again);
    }
}

/* ---- bounds ---- */

static void put_clones(struct wire_wr *w, size_t n)
{
    *w = WIRE_WR_INIT(OFP_MAX_LEN);
    for (; n; n--) {
        wire_wr_u16(w, 0xffff);
        wire_wr_u16(w, (uint16_t)(16 * n));
        wire_wr_u32(w, NX_VENDOR_ID);
        wire_wr_u16(w, 42);
        wire_wr_zeros(w, 6);
    }
}

static char *clones_text(size_t n)
{
    struct text t = TEXT_INIT;
    for (size_t i = 0; i < n; i++) {
        text_puts(&t, "clone(");
    }
    text_putc(&t, '1');
    for (size_t i = 0; i < n; i++) {
        text_putc(&t, ')');
    }
    return text_steal(&t);
}

static void test_depth(void **state)
{
    (void)state;
    static const struct {
        size_t depth;
        bool ok;
    } cases[] = {{1, true}, {99, true}, {100, false}, {4000, false}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT;
        struct wire_wr w;
        put_clones(&w, cases[i].depth);
        assert_int_equal(decode(false, w.data, w.len, OFP13_VERSION, &acts),
                         cases[i].ok ? OFPERR_OK : OFPERR_OFPBAC_TOO_MANY);
        wire_wr_deinit(&w);
        acts_deinit(&acts);

        char *s = clones_text(cases[i].depth);
        char *error = acts_parse(s, NULL, true, &acts);
        assert_true(cases[i].ok ? !error : !strcmp(error, "Action nested too deeply"));
        free(error);
        free(s);
        acts_deinit(&acts);
    }
}

/* Actions whose internal form has no room. */
static void test_too_long(void **state)
{
    (void)state;
    struct acts acts = ACTS_INIT;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct text t = TEXT_INIT;

    wire_wr_u32(&w, 0xffff0000 | (32 + 8 * 4000));
    wire_wr_u32(&w, NX_VENDOR_ID);
    wire_wr_u16(&w, 16);
    wire_wr_zeros(&w, 22);
    for (size_t i = 0; i < 4000; i++) { /* output:NXM_OF_IN_PORT[] */
        wire_wr_u64(&w, UINT64_C(0x1010000000020000));
    }
    assert_int_equal(decode(false, w.data, w.len, OFP13_VERSION, &acts), OFPERR_OFPBAC_TOO_MANY);
    wire_wr_deinit(&w);
    acts_deinit(&acts);

    text_puts(&t, "controller(userdata=");
    for (size_t i = 0; i < 65500; i++) {
        text_puts(&t, "01");
    }
    text_putc(&t, ')');
    char *error = acts_parse(t.s, NULL, true, &acts);
    assert_string_equal(error, "controller: userdata is too long");
    free(error);
    text_deinit(&t);
    acts_deinit(&acts);

    text_puts(&t, "learn(");
    for (size_t i = 0; i < 2000; i++) {
        text_puts(&t, "output:in_port,");
    }
    text_putc(&t, ')');
    error = acts_parse(t.s, NULL, true, &acts);
    assert_string_equal(error, "learn: too many specifications");
    free(error);
    text_deinit(&t);
    acts_deinit(&acts);
}

/* The longest userdata that text takes, with all other properties, fits an action. */
static void test_longest_userdata(void **state)
{
    (void)state;
    struct acts acts = ACTS_INIT, back = ACTS_INIT;
    struct wire_wr w;
    struct text t = TEXT_INIT;

    text_puts(&t, "controller(max_len=1,id=2,reason=group,pause,meter_id=3,userdata=");
    for (size_t i = 0; i < 65528 - 16 - 5 * 8 - 4; i++) {
        text_puts(&t, "01");
    }
    text_putc(&t, ')');
    assert_null(acts_parse(t.s, NULL, true, &acts));
    encode(false, &acts, OFP13_VERSION, &w);
    assert_int_equal(get_be16(w.data + 2), w.len);
    assert_int_equal(decode(false, w.data, w.len, OFP13_VERSION, &back), OFPERR_OK);
    wire_wr_deinit(&w);
    text_deinit(&t);
    acts_deinit(&acts);
    acts_deinit(&back);
}

/* ---- ours alone ---- */

/* Where we differ from Open vSwitch, and mean to. */
static void test_differences(void **state)
{
    (void)state;
    static const struct wire_b wires[] = {
        /* It prints resubmit:3, which is another action. */
        {V(1, 1, 1, 1, 1, 1), false, "ffff001000002320002c0003ff000000", "resubmit(3,,ct)", NULL},
        /* It prints 0x12, which is other data. */
        {V(0, 0, 0, 1, 1, 1), false,
         "ffff002000002320002e00000001894f0004021010000a020012000000000000",
         "encap(nsh(tlv(0x1000,10,0x0012)))", NULL},
        /* OpenFlow 1.5.1 section 7.5.4.3: the type is what is not supported. */
        {V(0, 0, 1, 1, 1, 1), false, "001900100001fe040000000500000000", "OFPBAC_BAD_SET_TYPE",
         NULL},
        /* OpenFlow 1.1 and 1.2 have no such instruction. */
        {V(0, 1, 1, 0, 0, 0), true, "0006000800000005", "OFPBIC_UNKNOWN_INST", NULL},
        /* What stands for the instruction in 1.0 is the last. */
        {V(1, 0, 0, 0, 0, 0), true,
         "ffff0020000023200016000000000000000000000000000500000000000000ff",
         "write_metadata:0x5/0xff", NULL},
        {V(1, 0, 0, 0, 0, 0), true,
         "ffff0020000023200016000000000000000000000000000500000000000000ff0000000800010000",
         "OFPBAC_UNSUPPORTED_ORDER", NULL},
    };
    static const struct sent_b sents[] = {
        /* It sends the action for the whole field. */
        {V(1, 1, 0, 0, 0, 0), true, "ip", "set_field:1.2.3.0/255.255.255.0->ip_src",
         "load:0x10203->NXM_OF_IP_SRC[8..31]", "ffff0018000023200007021700000e040000000000010203"},
        /* Zeros in front are data. */
        {V(0, 0, 0, 1, 1, 1), true, "", "encap(nsh(tlv(0x1000,10,0x0012)))",
         "encap(nsh(tlv(0x1000,10,0x0012)))",
         "ffff002000002320002e00000001894f0004021010000a020012000000000000"},
        {V(0, 0, 0, 1, 1, 1), true, "", "encap(nsh(tlv(0x1000,10,0)))",
         "encap(nsh(tlv(0x1000,10,0)))", "ffff001800002320002e00000001894f0004020810000a00"},
    };
    static const struct error_b errors[] = {
        /* It takes what it cannot read for 0, and cuts what does not fit. */
        {"", "learn(idle_timeout=x)", "invalid idle_timeout \"x\""},
        {"", "learn(priority=70000)", "invalid priority \"70000\""},
        {"", "learn(limit=5000000000)", "invalid limit \"5000000000\""},
        {"", "learn(cookie=x)", "invalid cookie \"x\""},
        {"", "encap(nsh(tlv(0x1000,10,0x123)))", "Invalid NSH TLV header: 0x1000,10,0x123"},
        {"", "encap(nsh(tlv(0x1000,300,0x12)))", "Invalid NSH TLV header: 0x1000,300,0x12"},
        {"", "encap(nsh,ethernet)", "Invalid property: ethernet"},
        /* Fields that it does not have. */
        {"", "learn(reg20[])", "reg20[]: experimenter OXM field 'reg20' not supported"},
        {"", "learn(load:5->reg20[])", "5->reg20[]: experimenter OXM field 'reg20' not supported"},
    };

    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        for (size_t i = 0; i < ARRAY_SIZE(wires); i++) {
            if (row_has(wires[i].versions, v)) {
                check_wire(&wires[i], v);
            }
        }
        for (size_t i = 0; i < ARRAY_SIZE(sents); i++) {
            if (row_has(sents[i].versions, v)) {
                check_sent(&sents[i], v);
            }
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        struct flow_mod fm;
        char *error = parse(errors[i].match, errors[i].acts, &fm);
        assert_non_null(error);
        assert_text(error, errors[i].error, errors[i].acts, 0);
        free(error);
    }
}

/* What a peer can send, but no text can say, is refused when a flow is to be added. */
static void test_learn_checked(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        enum ofp_error error;
    } cases[] = {
        {"2000000100040000", OFPERR_OFPBAC_BAD_SET_LEN}, /* No bits. */
        {"00080001000400190001000400000000", OFPERR_OFPBAC_BAD_SET_LEN},
        {"20200000080000000602000000000000", OFPERR_OFPBAC_BAD_SET_LEN},
        {"08200001000400000000060200000000", OFPERR_OFPBAC_BAD_SET_LEN},
        {"08100001000400000001d40200000000", OFPERR_OFPBAC_BAD_SET_ARGUMENT},
        {"1010000012020000", OFPERR_OFPBAC_MATCH_INCONSISTENT},
        {"20100800000006020000000000000000", OFPERR_OK},
    };
    const struct act_limits limits = {.cur_table = 255};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT;
        struct match m;
        size_t len;
        char *hex = xasprintf("ffff%04zx000023200010000000008000000000000000000000000100"
                              "00000000%s",
                              32 + strlen(cases[i].spec) / 2, cases[i].spec);
        uint8_t *data = text_to_hex(hex, &len);
        match_init(&m);
        assert_int_equal(decode(false, data, len, OFP13_VERSION, &acts), OFPERR_OK);
        assert_int_equal(acts_check(&acts, &m, &limits, false), cases[i].error);
        acts_deinit(&acts);
        free(data);
        free(hex);
    }
}

static void test_output_in_clone(void **state)
{
    (void)state;
    struct acts acts = ACTS_INIT;
    char text[] = "clone(1,clone(5)),2";

    assert_null(acts_parse(text, NULL, true, &acts));
    assert_true(acts_output_to_port(acts.data, acts.len, 5));
    assert_false(acts_output_to_port(acts.data, acts.len, 6));
    acts_deinit(&acts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_wire_damaged),
        cmocka_unit_test(test_sent),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_text_again),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_longest_userdata),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_learn_checked),
        cmocka_unit_test(test_output_in_clone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
