/* test-tun.c - tunnel options: the TLV table, their places in matches and tables of rules, and
 * their forms on the wire with and without a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "lib/packet/tlv_table.h"
#include "ofproto/table/table.h"
#include "ofproto/xlate/xlate.h"
#include "tests/unit/test-match-util.h"

/* ---- the TLV table ---- */

static enum tlv_error change(struct tlv_table **t, enum tlv_command command,
                             const struct tlv_mapping *m, size_t n, uint64_t in_use)
{
    struct tlv_table *new;
    enum tlv_error error = tlv_table_change(*t, command, m, n, in_use, &new);

    assert_int_equal(error == TLV_OK, new != NULL);
    if (!error) {
        tlv_table_unref(*t);
        *t = new;
    }
    return error;
}

static void test_changes(void **state)
{
    (void)state;
    static const struct {
        enum tlv_command command;
        struct tlv_mapping m;
        uint64_t in_use;
        enum tlv_error want;
    } cases[] = {
        {TLV_ADD, {0x102, 0x80, 4, 0}, 0, TLV_OK},
        {TLV_ADD, {0x103, 0x80, 4, 0}, 0, TLV_ALREADY_MAPPED},
        {TLV_ADD, {0x102, 0x80, 8, 1}, 0, TLV_DUP_ENTRY},
        {TLV_ADD, {0x102, 0x81, 124, 1}, 0, TLV_OK},
        {TLV_ADD, {0x102, 0x82, 124, 63}, 0, TLV_OK},
        {TLV_ADD, {0x102, 0x83, 8, 3}, 0, TLV_TABLE_FULL},
        {TLV_ADD, {0x102, 0x83, 4, 64}, 0, TLV_BAD_FIELD_IDX},
        {TLV_ADD, {0x102, 0x83, 0, 3}, 0, TLV_BAD_OPT_LEN},
        {TLV_ADD, {0x102, 0x83, 5, 3}, 0, TLV_BAD_OPT_LEN},
        {TLV_ADD, {0x102, 0x83, 128, 3}, 0, TLV_BAD_OPT_LEN},
        {TLV_ADD, {0x102, 0x83, 4, 3}, 0, TLV_OK},
        {TLV_DELETE, {0x102, 0x81, 124, 1}, BIT64(1), TLV_INVALID_DEL},
        {TLV_DELETE, {0x102, 0x81, 124, 1}, ~BIT64(1), TLV_OK},
        {TLV_DELETE, {0x102, 0x81, 124, 1}, ~BIT64(1), TLV_OK},
        {TLV_DELETE, {0x102, 0x81, 125, 1}, 0, TLV_BAD_OPT_LEN},
        {(enum tlv_command)3, {0x102, 0x83, 4, 3}, 0, TLV_BAD_COMMAND},
        {TLV_CLEAR, {0x102, 0x83, 4, 3}, BIT64(63), TLV_INVALID_DEL},
        {TLV_CLEAR, {0x102, 0x83, 4, 3}, BIT64(1), TLV_OK},
        {TLV_ADD, {0x102, 0x80, 4, 0}, 0, TLV_OK},
    };
    struct tlv_table *t = tlv_table_new();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t before = tlv_table_mapped(t);
        assert_int_equal(change(&t, cases[i].command, &cases[i].m, 1, cases[i].in_use),
                         cases[i].want);
        if (cases[i].want) {
            assert_true(tlv_table_mapped(t) == before);
        }
    }
    assert_true(tlv_table_mapped(t) == 1);
    tlv_table_unref(t);
}

static void test_all_or_none(void **state)
{
    (void)state;
    static const struct tlv_mapping two[] = {{1, 1, 4, 0}, {1, 1, 4, 1}};
    static const struct tlv_mapping good[] = {{1, 1, 4, 0}, {1, 2, 8, 1}, {1, 3, 12, 2}};
    struct tlv_table *t = tlv_table_new(), *old;
    assert_int_equal(change(&t, TLV_ADD, two, 2, 0), TLV_DUP_ENTRY);
    assert_true(tlv_table_mapped(t) == 0);
    assert_int_equal(change(&t, TLV_ADD, good, 3, 0), TLV_OK);
    old = tlv_table_ref(t);
    assert_int_equal(change(&t, TLV_DELETE, good, 3, BIT64(2)), TLV_INVALID_DEL);
    assert_true(tlv_table_mapped(t) == 7);
    assert_int_equal(change(&t, TLV_DELETE, good, 2, BIT64(2)), TLV_OK);
    assert_true(tlv_table_mapped(t) == 4);
    assert_null(tlv_table_get(t, 0));
    assert_null(tlv_table_field(t, 64));
    assert_null(tlv_table_find(t, 1, 1));
    assert_int_equal(tlv_table_find(t, 1, 3)->index, 2);
    assert_ptr_equal(tlv_table_field(t, 2), field_tun_mapped(2, 12));
    assert_int_equal(tlv_table_field(t, 2)->n_bits, 96);
    /* The old one is as it was. */
    assert_true(tlv_table_mapped(old) == 7);
    assert_int_equal(tlv_table_get(old, 1)->len, 8);
    tlv_table_unref(old);
    tlv_table_unref(t);
}

/* Whatever happens, places do not overlap, and those in use stay. */
static void test_places(void **state)
{
    (void)state;
    struct tlv_table *t = tlv_table_new();
    uint64_t in_use = 0;
    unsigned n_full = 0, n_moved = 0;
    for (int k = 0; k < 20000; k++) {
        unsigned before[TUN_OPTIONS];
        struct tlv_mapping m = {(uint16_t)(rnd() % 100), 1, (uint8_t)(4 + rnd() % 31 * 4),
                                (uint16_t)(rnd() % TUN_OPTIONS)};
        uint64_t mapped = tlv_table_mapped(t);
        in_use &= rnd() | rnd();
        in_use |= mapped & rnd() & rnd() & rnd();
        in_use &= mapped;
        for (unsigned i = 0; i < TUN_OPTIONS; i++) {
            before[i] = tlv_table_get(t, i) ? tlv_table_ofs(t, i) : 0;
        }
        enum tlv_command command = rnd() % 3 ? TLV_ADD : TLV_DELETE;
        n_full += change(&t, command, &m, 1, in_use) == TLV_TABLE_FULL;
        bool taken[TUN_SPACE] = {false};
        for (unsigned i = 0; i < TUN_OPTIONS; i++) {
            const struct tlv_mapping *now = tlv_table_get(t, i);
            if (in_use >> i & 1) {
                assert_non_null(now);
                assert_int_equal(tlv_table_ofs(t, i), before[i]);
            }
            n_moved += now && mapped >> i & 1 && tlv_table_ofs(t, i) != before[i];
            for (unsigned b = 0; now && b < now->len; b++) {
                assert_false(taken[tlv_table_ofs(t, i) + b]);
                taken[tlv_table_ofs(t, i) + b] = true;
            }
        }
    }
    assert_true(n_full > 100 && n_moved > 10);
    tlv_table_unref(t);
}

/* ---- on the wire ---- */

static enum ofp_error decode(const char *hex, const struct tlv_table *t, struct match *m)
{
    size_t len;
    uint8_t *data = text_to_hex(hex, &len);
    struct msg_header h = {.version = OFP13_VERSION, .tlvs = t};
    struct wire_rd r;

    assert_non_null(data);
    wire_rd_init(&r, data, len);
    enum ofp_error error = match_decode_tlvs(&r, len, &h, true, m, NULL, NULL);
    free(data);
    return error;
}

static void check_encode(const struct match *m, const char *hex)
{
    struct wire_wr w = WIRE_WR_INIT(4096);
    size_t len;
    uint8_t *want = text_to_hex(hex, &len);

    assert_int_equal(match_encode_tlvs(m, OFP13_VERSION, &w), len);
    assert_memory_equal(w.data, want, len);
    free(want);
    wire_wr_deinit(&w);
}

static void check_text(const struct match *m, const char *want)
{
    struct text t = TEXT_INIT;

    match_format(m, NULL, -1, &t);
    assert_string_equal(text_cstr(&t), want);
    text_deinit(&t);
}

/* Text and errors as genuine ovs-ofctl ofp-print has them, which has no table either. */
static void test_without_table(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *again, *text;
    } cases[] = {
        {"0001500112", "0001500112", "tun_metadata0=0x12"},
        {"00015000", "00015000", "tun_metadata0=0"},
        {"00015100", "00015100", "tun_metadata0"},
        {"0001510212ff", "0001510212ff", "tun_metadata0=0x12"},
        {"000150020012", "0001500112", "tun_metadata0=0x12"},
        {"00015104001200ff", "0001510212ff", "tun_metadata0=0x12"},
        {"0001510400050fff", "0001510400050fff", "tun_metadata0=0x5/0xfff"},
        {"0001510400000000", "00015100", "tun_metadata0"},
        {"0001500400000000", "00015000", "tun_metadata0=0"},
        {"000150011200015202abcd0001ce0101", "000150011200015202abcd0001ce0101",
         "tun_metadata0=0x12,tun_metadata1=0xabcd,tun_metadata63=0x1"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct match m;
        assert_int_equal(decode(cases[i].hex, NULL, &m), OFPERR_OK);
        check_text(&m, cases[i].text);
        check_encode(&m, cases[i].again);
    }
    static const struct {
        const char *hex;
        enum ofp_error want;
    } bad[] = {
        {"00015102120f", OFPERR_OFPBMC_BAD_WILDCARDS},
        {"00015001120001500113", OFPERR_OFPBMC_DUP_FIELD},
        {"00015001120001510012", OFPERR_OFPBMC_DUP_FIELD},
        {"0001500212", OFPERR_OFPBMC_BAD_LEN},
        {"00015101ff", OFPERR_OFPBMC_BAD_LEN},
        {"00015103ffffff", OFPERR_OFPBMC_BAD_LEN},
        {"000150", OFPERR_OFPBMC_BAD_LEN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct match m;
        assert_int_equal(decode(bad[i].hex, NULL, &m), bad[i].want);
    }
}

/* 256 bytes in all, 124 in each. */
static void test_space(void **state)
{
    (void)state;
    for (unsigned last = 0; last <= 9; last++) {
        struct text t = TEXT_INIT;
        struct match m;
        const unsigned lens[] = {124, 124, last};
        for (unsigned i = 0; i < 3; i++) {
            text_printf(&t, "%08x", 0x00015000 + 0x200 * i + lens[i]);
            for (unsigned k = 0; k < lens[i]; k++) {
                text_printf(&t, "%02x", 0x11 * (i + 1));
            }
        }
        assert_int_equal(decode(text_cstr(&t), NULL, &m),
                         last > 8 ? OFPERR_OFPBMC_BAD_VALUE : OFPERR_OK);
        if (last <= 8) {
            check_encode(&m, text_cstr(&t));
        }
        text_deinit(&t);
    }
    struct text t = TEXT_INIT;
    struct match m;
    text_puts(&t, "0001507d");
    for (unsigned k = 0; k < 125; k++) {
        text_puts(&t, "11");
    }
    assert_int_equal(decode(text_cstr(&t), NULL, &m), OFPERR_OFPBMC_BAD_FIELD);
    text_deinit(&t);
}

static struct tlv_table *some_table(void)
{
    static const struct tlv_mapping maps[] = {{1, 1, 4, 0}, {1, 2, 8, 1}, {1, 3, 124, 7}};
    struct tlv_table *t = tlv_table_new();
    assert_int_equal(change(&t, TLV_ADD, maps, 3, 0), TLV_OK);
    return t;
}

static void test_with_table(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *again, *text;
    } cases[] = {
        {"0001500112", "0001500400000012", "tun_metadata0=0x12"},
        {"00015000", "0001500400000000", "tun_metadata0=0"},
        {"00015100", "000151080000000000000000", "tun_metadata0"},
        {"0001510212ff", "0001510800000012000000ff", "tun_metadata0=0x12/0xff"},
        {"0001510800000012ffffffff", "0001500400000012", "tun_metadata0=0x12"},
        {"000152021234000150010f", "000150040000000f000152080000000000001234",
         "tun_metadata0=0xf,tun_metadata1=0x1234"},
    };
    struct tlv_table *t = some_table();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct match m, back;
        assert_int_equal(decode(cases[i].hex, t, &m), OFPERR_OK);
        check_text(&m, cases[i].text);
        check_encode(&m, cases[i].again);
        assert_int_equal(decode(cases[i].again, t, &back), OFPERR_OK);
        assert_true(match_equal(&m, &back));
    }
    struct match m;
    assert_int_equal(decode("0001500500000000ff", t, &m), OFPERR_OFPBMC_BAD_LEN);
    assert_int_equal(decode("0001540100", t, &m), OFPERR_NXFMFC_INVALID_TLV_FIELD);
    assert_int_equal(decode("00015400", t, &m), OFPERR_NXFMFC_INVALID_TLV_FIELD);
    /* Each at its place, whichever comes first. */
    assert_int_equal(decode("0001520122", t, &m), OFPERR_OK);
    assert_int_equal(m.tun[1].ofs, tlv_table_ofs(t, 1));
    assert_int_equal(m.flow.tun.space[tlv_table_ofs(t, 1) + 7], 0x22);
    tlv_table_unref(t);
}

/* ---- acts ---- */

static enum ofp_error decode_acts(const char *hex, const struct tlv_table *t, struct acts *acts)
{
    size_t len;
    uint8_t *data = text_to_hex(hex, &len);
    struct msg_header h = {.version = OFP13_VERSION, .tlvs = t};
    struct wire_rd r;

    wire_rd_init(&r, data, len);
    enum ofp_error error = acts_decode_actions(&r, len, &h, acts);
    free(data);
    return error;
}

struct act_case {
    const char *hex, *text, *again; /* NULL: the same. */
    enum ofp_error error;
};

static void check_acts(const struct act_case *c, const struct tlv_table *t)
{
    struct acts acts = ACTS_INIT;
    struct text s = TEXT_INIT;
    struct wire_wr w = WIRE_WR_INIT(4096);
    size_t len;
    uint8_t *want = text_to_hex(c->again ? c->again : c->hex, &len);

    assert_int_equal(decode_acts(c->hex, t, &acts), c->error);
    if (!c->error) {
        acts_format(acts.data, acts.len, NULL, &s);
        assert_string_equal(text_cstr(&s), c->text);
        acts_encode_actions(acts.data, acts.len, OFP13_VERSION, &w);
        assert_int_equal(w.len, len);
        assert_memory_equal(w.data, want, len);
    }
    wire_wr_deinit(&w);
    text_deinit(&s);
    acts_deinit(&acts);
    free(want);
}

/* As genuine ovs-ofctl parse-actions has it, text and bytes. */
static void test_acts_without_table(void **state)
{
    (void)state;
    static const struct act_case cases[] = {
        {"00190010000150011200000000000000", "set_field:0x12->tun_metadata0", NULL, OFPERR_OK},
        {"00190010000150040000000500000000", "set_field:0x5->tun_metadata0",
         "00190010000150010500000000000000", OFPERR_OK},
        {"ffff0018000023200007001f000150040000000000000005",
         "load:0x5->NXM_NX_TUN_METADATA0[0..31]",
         "ffff00180000232000210001510800000005ffffffff0000", OFPERR_OK},
        {"ffff00180000232000060020000000000001500400010004",
         "move:NXM_NX_TUN_METADATA0[0..31]->NXM_NX_REG0[]",
         "ffff00180000232000060020000000000001507c00010004", OFPERR_OK},
        {"ffff00180000232000210001510800000005000000ff0000", "set_field:0x5/0xff->tun_metadata0",
         "ffff00100000232000210001510205ff", OFPERR_OK},
        {"ffff00180000232000210001510800000005ffffffff0000",
         "set_field:0x5/0xffffffff->tun_metadata0", NULL, OFPERR_OK},
        {"ffff0010000023200021000151000000", "set_field:ANY->tun_metadata0", NULL, OFPERR_OK},
        {"0019000800015000", "set_field:0->tun_metadata0", NULL, OFPERR_OK},
        {"ffff00180000232000210001510800000005000000000000", NULL, NULL,
         OFPERR_OFPBMC_BAD_WILDCARDS},
        {"ffff001800002320000f000f0001507cffff000000000000", "output:NXM_NX_TUN_METADATA0[0..15]",
         NULL, OFPERR_OK},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        check_acts(&cases[i], NULL);
    }
}

static void test_acts_with_table(void **state)
{
    (void)state;
    static const struct act_case cases[] = {
        {"00190010000150011200000000000000", "set_field:0x12->tun_metadata0",
         "00190010000150040000001200000000", OFPERR_OK},
        /* Tools do not know the length, and send the largest. */
        {"ffff00180000232000060020000000000001507c00010004",
         "move:NXM_NX_TUN_METADATA0[]->NXM_NX_REG0[]",
         "ffff00180000232000060020000000000001500400010004", OFPERR_OK},
        {"ffff00180000232000060020000000010001507c00010004", NULL, NULL, OFPERR_OFPBAC_BAD_SET_LEN},
        {"ffff0018000023200007001f0001507c0000000000000005", "load:0x5->NXM_NX_TUN_METADATA0[]",
         "ffff00180000232000210001500400000005000000000000", OFPERR_OK},
        {"ffff001800002320000700200001507c0000000000000005", NULL, NULL, OFPERR_OFPBAC_BAD_SET_LEN},
        {"00190010000150050000000012000000", NULL, NULL, OFPERR_OFPBAC_BAD_SET_LEN},
        {"00190010000154011200000000000000", NULL, NULL, OFPERR_NXFMFC_INVALID_TLV_FIELD},
        {"ffff0018000023200007001f0001547c0000000000000005", NULL, NULL,
         OFPERR_NXFMFC_INVALID_TLV_FIELD},
    };
    struct tlv_table *t = some_table();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        check_acts(&cases[i], t);
    }
    tlv_table_unref(t);
}

/* There are no tunnels, so nothing may read or write their options. */
static void test_acts_refused(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "set_field:1->tun_metadata0",
        "load:1->tun_metadata0[0..7]",
        "move:reg0[0..7]->tun_metadata0[0..7]",
        "move:tun_metadata0[0..7]->reg0[0..7]",
        "ct(zone=tun_metadata0[0..15])",
        "ct(commit,exec(move:tun_metadata0[0..7]->ct_mark[0..7]))",
        "write_actions(set_field:1->tun_metadata63)",
    };
    struct dp_features all;
    memset(&all, 1, sizeof all);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct acts acts = ACTS_INIT;
        char *text = xstrdup(refused[i]);
        char *error = acts_parse(text, NULL, true, &acts);
        assert_null(error);
        assert_int_equal(xlate_can_execute(acts.data, acts.len, &all),
                         OFPERR_OFPBAC_BAD_SET_ARGUMENT);
        acts_deinit(&acts);
        free(text);
    }
}

/* ---- matches and rules ---- */

/* Packed places are in the order of the numbers, whatever the order of the calls. */
static void test_packed(void **state)
{
    (void)state;
    for (int k = 0; k < 500; k++) {
        struct match a, b;
        unsigned ids[6], lens[6];
        uint8_t bytes[6][TUN_OPTION_MAX];
        for (unsigned i = 0; i < 6; i++) {
            ids[i] = (unsigned)(i * 10 + rnd() % 10);
            lens[i] = (unsigned)(rnd() % 42);
            for (unsigned n = 0; n < sizeof bytes[i]; n++) {
                bytes[i][n] = (uint8_t)rnd();
            }
        }
        match_init(&a);
        match_init(&b);
        unsigned first = (unsigned)(rnd() % 6);
        for (unsigned i = 0; i < 6; i++) {
            unsigned j = (first + i * 5) % 6;
            assert_true(match_put_tun(&a, ids[i], TUN_PACKED, lens[i], bytes[i], NULL));
            assert_true(match_put_tun(&b, ids[j], TUN_PACKED, lens[j], bytes[j], NULL));
        }
        assert_true(match_equal(&a, &b));
        assert_false(match_put_tun(&a, ids[3], TUN_PACKED, 0, bytes[0], NULL));
        for (unsigned i = 0; i < 6; i++) {
            assert_memory_equal(a.flow.tun.space + a.tun[ids[i]].ofs, bytes[i], lens[i]);
        }
    }
}

static struct rule *add_rule(struct tables *ts, const struct match *m)
{
    struct rule_args args = {.priority = 5};
    return tables_insert(ts, m, &args, rule_acts_new(NULL, 0));
}

static void test_rules(void **state)
{
    (void)state;
    struct tlv_table *t = some_table();
    struct tables *ts = tables_new(1);
    struct match m[3], got;
    struct rule *r[3];
    static const char *const hex[] = {"0001520122", "0001520123", "00015204ff00ff0000015000"};
    assert_true(tables_tun_options(ts) == 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(decode(i == 2 ? "0001510800000012000000ff" : hex[i], t, &m[i]), OFPERR_OK);
        r[i] = add_rule(ts, &m[i]);
    }
    assert_true(tables_tun_options(ts) == 3);
    tables_publish(ts);
    for (int i = 0; i < 3; i++) {
        struct flow f, wc = {0};
        rule_match(r[i], &got);
        assert_true(match_equal(&got, &m[i]));
        assert_ptr_equal(table_find(ts, 0, &m[i], 5), r[i]);
        f = m[i].flow;
        assert_ptr_equal(tables_lookup(ts, 0, tables_version(ts), &f, &wc), r[i]);
        f.tun.present = 0; /* The value alone does not do. */
        assert_null(tables_lookup(ts, 0, tables_version(ts), &f, &wc));
    }
    tables_remove(ts, r[0]);
    assert_true(tables_tun_options(ts) == 3);
    tables_remove(ts, r[1]);
    assert_true(tables_tun_options(ts) == 1);
    /* The same mask at another place is another subtable. */
    struct match moved = m[2];
    match_init(&moved);
    assert_true(match_put_tun(&moved, 0, TUN_PACKED, 2, (const uint8_t *)"\0\x12", NULL));
    memcpy(&moved.mask, &m[2].mask, sizeof moved.mask);
    memcpy(&moved.flow, &m[2].flow, sizeof moved.flow);
    assert_null(table_find(ts, 0, &moved, 5));
    tables_remove(ts, r[2]);
    assert_true(tables_tun_options(ts) == 0);
    tables_unref(ts);
    tlv_table_unref(t);
    for (int i = 0; i < 4; i++) {
        urcu_qsbr_barrier();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_without_table),
        cmocka_unit_test(test_space),
        cmocka_unit_test(test_with_table),
        cmocka_unit_test(test_acts_without_table),
        cmocka_unit_test(test_acts_with_table),
        cmocka_unit_test(test_acts_refused),
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_rules),
    };
    urcu_qsbr_register_thread();
    int n = cmocka_run_group_tests(tests, NULL, NULL);
    urcu_qsbr_unregister_thread();
    return n;
}
