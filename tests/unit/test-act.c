/* test-act.c - actions and instructions: wire, text, places and consistency. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/act-private.h"
#include "tests/unit/act-golden.def"

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
    wire_wr_init(w, OFP_MAX_LEN);
    if (instructions) {
        acts_encode_instructions(a->data, a->len, version, w);
    } else {
        acts_encode_actions(a->data, a->len, version, w);
    }
    assert_false(w->err);
}

static void test_wire(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(golden_wires); i++) {
        const struct golden_wire *g = &golden_wires[i];
        struct acts acts = ACTS_INIT;
        size_t len, again_len;
        uint8_t *data = text_to_hex(g->hex, &len);
        uint8_t *again = text_to_hex(g->again ? g->again : g->hex, &again_len);
        enum ofp_error error = decode(g->instructions, data, len, OFP13_VERSION, &acts);

        if (error) {
            assert_string_equal(ofp_error_name(error), g->result);
        } else {
            char *s = format(&acts);
            struct wire_wr w;
            assert_string_equal(s, g->result);
            encode(g->instructions, &acts, OFP13_VERSION, &w);
            assert_int_equal(w.len, again_len);
            assert_memory_equal(w.len ? w.data : data, again, again_len);
            wire_wr_deinit(&w);
            free(s);
        }
        acts_deinit(&acts);
        free(data);
        free(again);
    }
}

/* Whatever is let in can be sent again in every version, and prints as something that parses. */
static void check_any(const void *data, size_t len, bool instructions, uint8_t version)
{
    struct acts acts = ACTS_INIT;

    if (!decode(instructions, data, len, version, &acts)) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            struct wire_wr w = WIRE_WR_INIT(1 << 20);
            acts_encode_instructions(acts.data, acts.len, v, &w);
            wire_wr_deinit(&w);
        }
        struct match m;
        struct act_limits limits = {.cur_table = 255};
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
    for (size_t i = 0; i < ARRAY_SIZE(golden_wires); i++) {
        const struct golden_wire *g = &golden_wires[i];
        size_t len;
        uint8_t *data = text_to_hex(g->hex, &len);
        for (size_t n = 0; n <= len; n++) {
            uint8_t *cut = xmemdup(data, n); /* So that a read behind the end shows. */
            check_any(cut, n, g->instructions, OFP13_VERSION);
            free(cut);
        }
        for (size_t n = 0; n < len; n++) {
            for (unsigned flip = 1; flip < 256; flip += flip < 128 ? flip : 1000) {
                data[n] ^= (uint8_t)flip;
                check_any(data, len, g->instructions, OFP13_VERSION);
                data[n] ^= (uint8_t)flip;
            }
            data[n] ^= 0xff;
            for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
                check_any(data, len, g->instructions, v);
            }
            data[n] ^= 0xff;
        }
        free(data);
    }
}

static char *parse(const char *text, struct acts *out)
{
    char *copy = xstrdup(text);
    char *error = acts_parse(copy, NULL, true, out);
    free(copy);
    return error;
}

static void test_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(golden_texts); i++) {
        const struct golden_text *g = &golden_texts[i];
        struct acts acts = ACTS_INIT, back = ACTS_INIT;
        char *error = parse(g->text, &acts);

        if (g->error) {
            assert_non_null(error);
            assert_string_equal(error, g->result);
        } else {
            assert_null(error);
            struct wire_wr w;
            encode(true, &acts, OFP13_VERSION, &w);
            assert_int_equal(decode(true, w.data, w.len, OFP13_VERSION, &back), OFPERR_OK);
            char *s = format(&back);
            assert_string_equal(s, g->result);
            wire_wr_deinit(&w);
            free(s);
        }
        free(error);
        acts_deinit(&acts);
        acts_deinit(&back);
    }
}

/* parse(format(x)) == x, and the text survives byte flips and cuts without harm. */
static void test_text_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(golden_texts); i++) {
        const struct golden_text *g = &golden_texts[i];
        struct acts acts = ACTS_INIT, again = ACTS_INIT;

        for (size_t n = 0; g->text[n]; n++) {
            char *bad = xstrdup(g->text);
            bad[n] = "(),:=x1\"[->"[n % 11];
            free(parse(bad, &again));
            acts_deinit(&again);
            bad[n] = '\0';
            free(parse(bad, &again));
            acts_deinit(&again);
            free(bad);
        }
        char *error = parse(g->text, &acts);
        if (!error) {
            char *s = format(&acts);
            assert_null(parse(s, &again));
            /* Flags of a nat without range are not printed, as the reference has it. */
            bool lossy = strstr(g->text, "src,random") != NULL;
            assert_true(lossy || acts_equal(&acts, &again));
            free(s);
        }
        free(error);
        acts_deinit(&acts);
        acts_deinit(&again);
    }
}

/* The lines of issue item 5, as they stand. */
static void test_ct_lines(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"ct(table=1)", "ct(table=1)"},
        {"ct(commit),2", "ct(commit),output:2"},
        {"2", "output:2"},
        {"ct(zone=1),ct(zone=NXM_NX_REG0[0..15])", "ct(zone=1),ct(zone=NXM_NX_REG0[0..15])"},
        {"ct(commit,exec(set_field:1->ct_mark))", "ct(commit,exec(set_field:0x1->ct_mark))"},
    };
    struct match any;
    struct act_limits limits = {.cur_table = 0};

    match_init(&any);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct acts acts = ACTS_INIT;
        assert_null(parse(lines[i][0], &acts));
        assert_int_equal(acts_check(&acts, &any, &limits, true), OFPERR_OK);
        char *s = format(&acts);
        assert_string_equal(s, lines[i][1]);
        free(s);
        acts_deinit(&acts);
    }
}

/* ---- consistency ---- */

static void test_check(void **state)
{
    (void)state;
    static const struct {
        const char *match; /* Words of the match, one blank between. */
        const char *acts;
        enum ofp_error strict, loose;
    } cases[] = {
#define INC OFPERR_OFPBAC_MATCH_INCONSISTENT
        {"", "mod_nw_src:1.2.3.4", INC, 0},
        {"ip", "mod_nw_src:1.2.3.4", 0, 0},
        {"ipv6", "mod_nw_src:1.2.3.4", INC, 0},
        {"", "set_field:1.2.3.4->ip_src", INC, INC},
        {"ip", "set_field:1.2.3.4->ip_src", 0, 0},
        {"arp", "dec_ttl", INC, 0},
        {"ipv6", "dec_ttl", 0, 0},
        {"ip", "mod_tp_src:80", INC, 0},
        {"tcp", "mod_tp_src:80", 0, 0},
        {"", "strip_vlan", INC, 0},
        {"", "push_vlan:0x8100,strip_vlan", 0, 0},
        {"", "set_vlan_vid:5", INC, 0},
        {"", "mod_vlan_vid:5,strip_vlan", 0, 0},
        {"", "set_field:4101->vlan_vid", INC, INC},
        {"", "push_vlan:0x8100,set_field:4101->vlan_vid", 0, 0},
        {"", "push_vlan:0x8100,set_field:5->vlan_vid", OFPERR_OFPBAC_BAD_SET_ARGUMENT,
         OFPERR_OFPBAC_BAD_SET_ARGUMENT},
        {"", "push_vlan:0x8100,set_field:3->vlan_pcp", 0, 0},
        {"", "set_field:3->vlan_pcp", INC, INC},
        {"dl_vlan=3", "set_field:3->vlan_pcp,strip_vlan", 0, 0},
        {"dl_vlan=3", "strip_vlan,set_field:3->vlan_pcp", INC, INC},
        {"", "push_vlan:0x8100,push_vlan:0x8100,push_vlan:0x8100,pop_vlan,pop_vlan,pop_vlan", 0, 0},
        {"",
         "push_vlan:0x8100,push_vlan:0x8100,push_vlan:0x8100,pop_vlan,pop_vlan,pop_vlan,pop_vlan",
         OFPERR_OFPBAC_MATCH_INCONSISTENT, 0},
        {"", "set_field:5->mpls_label", INC, INC},
        {"", "push_mpls:0x8847,set_field:5->mpls_label", 0, 0},
        {"", "push_mpls:0x0800", OFPERR_OFPBAC_BAD_ARGUMENT, OFPERR_OFPBAC_BAD_ARGUMENT},
        {"tcp", "push_mpls:0x8847,set_field:80->tcp_src", INC, INC},
        {"mpls", "pop_mpls:0x0800,mod_nw_src:1.2.3.4", 0, 0},
        {"", "pop_mpls:0x0800", INC, 0},
        {"", "write_actions(strip_vlan,dec_ttl)", 0, 0},
        {"", "write_actions(set_field:1.2.3.4->ip_src)", INC, INC},
        /* A set has an order of its own. */
        {"", "write_actions(set_field:4101->vlan_vid,push_vlan:0x8100)", 0, 0},
        {"ip", "write_actions(set_field:5->mpls_label,push_mpls:0x8847)", 0, 0},
        {"ip", "write_actions(set_field:1.2.3.4->ip_src,push_mpls:0x8847)", INC, INC},
        {"dl_vlan=3", "write_actions(set_field:4101->vlan_vid,strip_vlan)", INC, INC},
        {"dl_vlan=3", "write_actions(set_field:4101->vlan_vid,strip_vlan,push_vlan:0x8100)", 0, 0},
        {"mpls", "write_actions(set_field:1.2.3.4->ip_src,pop_mpls:0x0800)", 0, 0},
        {"mpls", "write_actions(set_field:1.2.3.4->ip_src,pop_mpls:0x0800,pop_mpls:0x86dd)", INC,
         INC},
        {"", "load:5->NXM_NX_REG0[],move:reg0->reg1", 0, 0},
        {"", "move:NXM_OF_IP_SRC[]->NXM_NX_REG0[]", INC, INC},
        {"ip", "move:NXM_OF_IP_SRC[]->NXM_NX_REG0[]", 0, 0},
        {"", "output:NXM_OF_IP_SRC[]", INC, INC},
        {"", "goto_table:2", OFPERR_OFPBIC_BAD_TABLE_ID, OFPERR_OFPBIC_BAD_TABLE_ID},
        {"", "goto_table:3", 0, 0},
        {"", "goto_table:253", 0, 0},
        {"", "goto_table:254", OFPERR_OFPBIC_BAD_TABLE_ID, OFPERR_OFPBIC_BAD_TABLE_ID},
        {"", "ANY", OFPERR_OFPBAC_BAD_OUT_PORT, OFPERR_OFPBAC_BAD_OUT_PORT},
        {"", "65280", OFPERR_OFPBAC_BAD_OUT_PORT, OFPERR_OFPBAC_BAD_OUT_PORT},
        {"", "1000", OFPERR_OFPBAC_BAD_OUT_PORT, OFPERR_OFPBAC_BAD_OUT_PORT},
        {"", "999", 0, 0},
        {"", "meter:0", OFPERR_OFPMMFC_INVALID_METER, OFPERR_OFPMMFC_INVALID_METER},
        {"", "ct,ct_clear,ct(commit,table=5)", 0, 0},
        {"arp", "ct(commit)", 0, 0},
        {"tcp", "ct(commit,alg=ftp)", 0, 0},
        {"ip", "ct(commit,alg=ftp)", 0, 0},
        {"udp", "ct(commit,alg=ftp)", INC, INC},
        {"tcp", "ct(commit,alg=tftp)", INC, INC},
        {"ct_state=+inv+trk", "ct(commit)", INC, INC},
        {"ct_state=+inv+trk", "ct", 0, 0},
        {"", "ct(zone=NXM_OF_IP_SRC[0..15])", INC, INC},
        {"ip", "ct(zone=NXM_OF_IP_SRC[0..15])", 0, 0},
        {"ip", "ct(commit,nat(src=1.2.3.4))", 0, 0},
        {"ipv6", "ct(commit,nat(src=1.2.3.4))", INC, INC},
        {"ipv6", "ct(commit,nat(src=fe80::1-fe80::5))", 0, 0},
        {"", "ct(nat)", 0, 0},
        {"", "resubmit(,1,ct)", INC, INC},
        {"ct_state=+trk-inv ip", "resubmit(,1,ct)", 0, 0},
        {"", "resubmit(,254)", OFPERR_OFPBIC_BAD_TABLE_ID, OFPERR_OFPBIC_BAD_TABLE_ID},
    };
    const struct act_limits limits = {.max_ports = 1000, .n_tables = OFP_N_TABLES, .cur_table = 2};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT;
        struct match m;
        char *words = xstrdup(cases[i].match), *rest = words, *key, *value;
        bool found;

        match_init(&m);
        while (text_next_kv(&rest, &key, &value)) {
            assert_null(match_parse_item(key, value, NULL, &m, &found));
            assert_true(found);
        }
        assert_null(parse(cases[i].acts, &acts));
        enum ofp_error strict = acts_check(&acts, &m, &limits, true);
        enum ofp_error loose = acts_check(&acts, &m, &limits, false);
        if (strict != cases[i].strict || loose != cases[i].loose) {
            fail_msg("%s | %s: %s, %s", cases[i].match, cases[i].acts,
                     strict ? ofp_error_name(strict) : "ok", loose ? ofp_error_name(loose) : "ok");
        }
        acts_deinit(&acts);
        free(words);
    }
}

/* What no match makes right is refused by the decoder; a client sends it as it stands. */
static void test_ct_refused_on_the_wire(void **state)
{
    (void)state;
    static const struct {
        const char *acts;
        enum ofp_error error;
    } cases[] = {
        {"ct(zone=NXM_NX_REG0[0..14])", OFPERR_OFPBAC_BAD_SET_LEN},
        {"ct(exec(set_field:1->ct_mark))", OFPERR_OFPBAC_BAD_ARGUMENT},
        {"ct(nat(src=1.2.3.4))", OFPERR_OFPBAC_BAD_ARGUMENT},
        {"ct(nat)", OFPERR_OK},
        {"ct(zone=NXM_NX_REG0[0..15])", OFPERR_OK},
    };
    const struct act_limits limits = {.cur_table = 0};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT, again = ACTS_INIT;
        struct wire_wr w = WIRE_WR_INIT(65535);
        struct wire_rd r;
        const struct msg_header of13 = {.version = OFP13_VERSION};
        struct match m;
        bool found;

        match_init(&m);
        assert_null(match_parse_item("ip", "", NULL, &m, &found));
        assert_null(parse(cases[i].acts, &acts));
        assert_int_equal(acts_check(&acts, &m, &limits, true), OFPERR_OK);
        acts_encode_actions(acts.data, acts.len, OFP13_VERSION, &w);
        wire_rd_init(&r, w.data, w.len);
        assert_int_equal(acts_decode_actions(&r, w.len, &of13, &again), cases[i].error);
        wire_wr_deinit(&w);
        acts_deinit(&acts);
        acts_deinit(&again);
    }
}

/* What the match says resolves the legacy forms. */
static void test_check_resolves(void **state)
{
    (void)state;
    static const struct {
        const char *match, *acts, *sent;
    } cases[] = {
        {"udp", "mod_tp_src:80", "set_field:80->udp_src"},
        {"sctp", "mod_tp_dst:80", "set_field:80->sctp_dst"},
        {"tcp", "mod_tp_dst:80", "set_field:80->tcp_dst"},
        {"dl_vlan=5", "mod_vlan_vid:6", "set_field:4102->vlan_vid"},
        {"ip", "mod_vlan_vid:6", "push_vlan:0x8100,set_field:4102->vlan_vid"},
    };
    const struct act_limits limits = {.cur_table = 255};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT, back = ACTS_INIT;
        struct match m;
        struct wire_wr w;
        char *words = xstrdup(cases[i].match), *rest = words, *key, *value;
        bool found;

        match_init(&m);
        while (text_next_kv(&rest, &key, &value)) {
            assert_null(match_parse_item(key, value, NULL, &m, &found));
        }
        assert_null(parse(cases[i].acts, &acts));
        assert_int_equal(acts_check(&acts, &m, &limits, true), OFPERR_OK);
        encode(false, &acts, OFP13_VERSION, &w);
        assert_int_equal(decode(false, w.data, w.len, OFP13_VERSION, &back), OFPERR_OK);
        char *s = format(&back);
        assert_string_equal(s, cases[i].sent);
        free(s);
        wire_wr_deinit(&w);
        acts_deinit(&acts);
        acts_deinit(&back);
        free(words);
    }
}

/* ---- rows ---- */

/* Every row that is not handled is refused, in each version that has it, by the right error. */
static void test_rows_unsupported(void **state)
{
    (void)state;
    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        const struct act_wire *row = &act_wires[i];
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            struct acts acts = ACTS_INIT;
            uint8_t data[64] = {0};
            uint16_t number = row->number[v - 1];
            if (!act_wire_valid(row, v) || row->dec) {
                continue;
            }
            assert_true(row->type == ACT_TYPE_NONE && !row->enc);
            put_be16(data, number);
            put_be16(data + 2, row->min);
            if (number == ACT_NO_NUMBER) {
                put_be32(data + 4, row->vendor);
                put_be16(data + 8, row->subtype);
            }
            assert_int_equal(decode(false, data, row->min, v, &acts),
                             row->vendor ? OFPERR_OFPBAC_BAD_VENDOR_TYPE : OFPERR_OFPBAC_BAD_TYPE);
            acts_deinit(&acts);
        }
    }
}

/* No two rows of one version share a number. */
static void test_rows_distinct(void **state)
{
    (void)state;
    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        for (size_t j = i + 1; j < RAW_N; j++) {
            const struct act_wire *a = &act_wires[i], *b = &act_wires[j];
            for (size_t v = 0; v < 6; v++) {
                assert_true(a->number[v] == ACT_NO_NUMBER || a->number[v] != b->number[v]);
            }
            assert_true(!a->vendor || a->vendor != b->vendor || a->subtype != b->subtype ||
                        a->last < b->first || b->last < a->first);
        }
    }
}

static void test_versions(void **state)
{
    (void)state;
    static const struct {
        uint8_t version;
        const char *acts, *result;
    } cases[] = {
        {1, "set_field:1->reg0,goto_table:1", "load:0x1->NXM_NX_REG0[],resubmit(,1)"},
        {1, "mod_vlan_vid:5,mod_nw_src:1.2.3.4,set_field:1.2.3.4->ip_dst",
         "mod_vlan_vid:5,mod_nw_src:1.2.3.4,mod_nw_dst:1.2.3.4"},
        {1, "mod_nw_ecn:2,mod_nw_ttl:5", "load:0x2->NXM_NX_IP_ECN[],load:0x5->NXM_NX_IP_TTL[]"},
        {1, "group:7,set_queue:3,dec_ttl", "group:7,set_queue:3,dec_ttl"},
        {1, "clear_actions,write_actions(1)", "drop"},
        {2, "mod_vlan_vid:5,mod_nw_tos:8", "push_vlan:0x8100,set_vlan_vid:5,mod_nw_tos:8"},
        {4, "CONTROLLER:100,LOCAL,1", "CONTROLLER:100,LOCAL,output:1"},
        {6, "set_field:1/0xf->reg0,move:reg0->reg1",
         "set_field:0x1/0xf->reg0,move:NXM_NX_REG0[]->NXM_NX_REG1[]"},
        {6, "load:1->NXM_NX_REG0[0..3]", "set_field:0x1/0xf->reg0"},
        {6, "meter:5,1", "meter:5,output:1"},
        {1, "LOCAL,65279,CONTROLLER:7", "LOCAL,output:65279,CONTROLLER:7"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct acts acts = ACTS_INIT, back = ACTS_INIT;
        struct wire_wr w;
        assert_null(parse(cases[i].acts, &acts));
        encode(true, &acts, cases[i].version, &w);
        assert_int_equal(decode(true, w.data, w.len, cases[i].version, &back), OFPERR_OK);
        char *s = format(&back);
        assert_string_equal(s, cases[i].result);
        free(s);
        wire_wr_deinit(&w);
        acts_deinit(&acts);
        acts_deinit(&back);
    }
}

static bool name_to_port(void *aux, const char *name, uint32_t *port)
{
    (void)aux;
    *port = 5;
    return !strcmp(name, "eth0") || !strcmp(name, "a b");
}

static const char *port_to_name(void *aux, uint32_t port)
{
    (void)aux;
    return port == 5 ? "eth0" : port == 6 ? "a b" : NULL;
}

static void test_names(void **state)
{
    (void)state;
    const struct name_map names = {.port_by_name = name_to_port, .port_name = port_to_name};
    struct acts acts = ACTS_INIT;
    struct text t = TEXT_INIT;
    char text[] = "eth0,output:\"a b\",output:6,resubmit(eth0,1)";

    assert_null(acts_parse(text, &names, true, &acts));
    acts_format(acts.data, acts.len, &names, &t);
    assert_string_equal(text_cstr(&t), "output:eth0,output:eth0,output:\"a b\",resubmit(eth0,1)");
    assert_true(acts_output_to_port(acts.data, acts.len, 6));
    assert_false(acts_output_to_port(acts.data, acts.len, 7));
    text_deinit(&t);
    acts_deinit(&acts);
}

/* The longest lists are refused, not cut. */
static void test_bounds(void **state)
{
    (void)state;
    struct acts acts = ACTS_INIT;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    for (size_t i = 0; i < 4000; i++) { /* set_field: 16 bytes here, 48 inside. */
        wire_wr_u32(&w, 0x00190010);
        wire_wr_u32(&w, 0x00010004);
        wire_wr_u64(&w, 0);
    }
    assert_int_equal(decode(false, w.data, w.len, OFP13_VERSION, &acts), OFPERR_OFPBAC_TOO_MANY);
    wire_wr_deinit(&w);
    acts_deinit(&acts);

    static const char *const nests[] = {"ct(exec(", "write_actions(", "write_actions(ct(exec("};
    for (size_t k = 0; k < ARRAY_SIZE(nests); k++) {
        size_t len = strlen(nests[k]);
        char *deep = xzalloc(100000 * len + 1);
        for (size_t i = 0; i < 100000; i++) {
            memcpy(deep + len * i, nests[k], len);
        }
        char *error = acts_parse(deep, NULL, true, &acts);
        assert_non_null(error);
        free(error);
        free(deep);
        acts_deinit(&acts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),
        cmocka_unit_test(test_wire_damaged),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_text_again),
        cmocka_unit_test(test_ct_lines),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_check_resolves),
        cmocka_unit_test(test_ct_refused_on_the_wire),
        cmocka_unit_test(test_rows_unsupported),
        cmocka_unit_test(test_rows_distinct),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
