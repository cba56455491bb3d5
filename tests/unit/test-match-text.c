/* test-match-text.c - matches as text: what users type, what is printed, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "tests/unit/test-match-util.h"

/* A flow's match part, as flow parsers call it.  NULL, or an error text. */
static char *parse(const char *s, struct match *m)
{
    char *copy = xstrdup(s), *cursor = copy, *key, *value, *error = NULL;
    match_init(m);
    while (!error && text_next_kv(&cursor, &key, &value)) {
        bool found;
        error = match_parse_item(key, value, NULL, m, &found);
        if (!error && !found) {
            error = xasprintf("unknown keyword %s", key);
        }
    }
    free(copy);
    if (!error) {
        (void)match_normalise(m, NULL);
    }
    return error;
}

struct sample {
    const char *in, *out;
};

static const struct sample samples[] = {
#include "tests/unit/match-samples.h"
};

static void over_the_wire(struct match *m)
{
    struct wire_wr w = WIRE_WR_INIT(4096);
    struct wire_rd r;
    const struct msg_header of13 = {.version = OFP13_VERSION};
    match_encode(m, OFP13_VERSION, &w);
    wire_rd_init(&r, w.data, w.len);
    assert_int_equal(match_decode(&r, &of13, m), OFPERR_OK);
    wire_wr_deinit(&w);
}

/* Recorded from Open vSwitch: input, output or error. */
static void test_samples(void **state)
{
    (void)state;
    int n_wrong = 0;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        struct match m;
        struct text t = TEXT_INIT;
        char *error = parse(samples[i].in, &m);
        if (error) {
            text_puts(&t, error);
        } else {
            over_the_wire(&m);
            match_format(&m, NULL, -1, &t);
        }
        if (strcmp(text_cstr(&t), samples[i].out)) {
            print_error("%s\n  gives %s\n   not  %s\n", samples[i].in, text_cstr(&t),
                        samples[i].out);
            n_wrong++;
        }
        text_deinit(&t);
        free(error);
    }
    assert_int_equal(n_wrong, 0);
}

/* The text of any match means that match again. */
static void test_round_trip(void **state)
{
    (void)state;
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        /* These print only with other fields' consent, or under a name that is not taken back, or
         * are not taken at all. */
        if ((!f->size && !field_is_tun(f)) || f->id == MF_TUN_ERSPAN_IDX ||
            f->id == MF_TUN_ERSPAN_DIR || f->id == MF_TUN_ERSPAN_VER ||
            f->id == MF_TUN_ERSPAN_HWID || f->id == MF_TUN_GTPU_FLAGS ||
            f->id == MF_TUN_GTPU_MSGTYPE || f->id == MF_TUN_GBP_FLAGS ||
            (f->id >= MF_NSH_C1 && f->id <= MF_NSH_C4) || f->id == MF_TUN_TOS ||
            f->id == MF_TUN_TTL) {
            continue;
        }
        for (int k = 0; k < 100; k++) {
            struct match m, back;
            struct text t = TEXT_INIT;
            random_match(f, k >= 50, &m);
            m.mask.key.packet_type = m.flow.key.packet_type ? UINT32_MAX : 0;
            match_format(&m, NULL, -1, &t);
            char *error = parse(text_cstr(&t), &back);
            if (!m.flow.key.packet_type) {
                back.mask.key.packet_type = 0;
            }
            if (error || !match_equal(&m, &back)) {
                print_error("%s: %s: %s\n", f->name, text_cstr(&t), error ? error : "differs");
                fail();
            }
            text_deinit(&t);
        }
    }
}

/* Any value of any field, alone: for set_field and the like. */
static void test_values(void **state)
{
    (void)state;
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        for (int k = 0; f->size && k < 50; k++) {
            struct field_value v, mask, v2, mask2;
            struct text t = TEXT_INIT;
            struct match m;
            random_match(f, k & 1, &m);
            field_get(f, &m.flow, &v);
            field_get(f, &m.mask, &mask);
            field_format(f, &v, field_is_exact(f, &m.mask) ? NULL : &mask, NULL, &t);
            char *error = field_parse(f, text_cstr(&t), NULL, &v2, &mask2);
            assert_null(error);
            struct match back = m;
            field_set_match(f, &v2, &mask2, &back);
            if (!match_equal(&m, &back)) {
                print_error("%s: %s\n", f->name, text_cstr(&t));
                fail();
            }
            text_deinit(&t);
        }
    }
}

static void test_subfields(void **state)
{
    (void)state;
    static const struct sample cases[] = {
        {"reg0", "NXM_NX_REG0[]"},
        {"NXM_NX_REG0[]", "NXM_NX_REG0[]"},
        {"reg0[0..31]", "NXM_NX_REG0[]"},
        {"reg0[5]", "NXM_NX_REG0[5]"},
        {"eth_src[4..7]", "NXM_OF_ETH_SRC[4..7]"},
        {"xreg0[]", "OXM_OF_PKT_REG0[]"},
        {"metadata[0..15]", "OXM_OF_METADATA[0..15]"},
        {"vlan_vid", "OXM_OF_VLAN_VID[]"},
        {"reg0[1..40]",
         "reg0[1..40]: ending bit 40 is not valid because field is only 32 bits wide"},
        {"reg0[2..1]", "reg0[2..1]: starting bit 2 is after ending bit 1"},
        {"reg0[", "reg0[: syntax error expecting [] or [<bit>] or [<start>..<end>]"},
        {"reg0[1..]", "reg0[1..]: syntax error expecting [] or [<bit>] or [<start>..<end>]"},
        {"reg0[99999999999999999999]",
         "reg0[99999999999999999999]: starting bit 9999 is not valid because field is only 32 bits "
         "wide"},
        {"foo[]", "foo[]: unknown field `foo'"},
        {"tun_metadata0[0..3]", "NXM_NX_TUN_METADATA0[0..3]"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct subfield sf;
        struct text t = TEXT_INIT;
        char *error = subfield_parse(cases[i].in, &sf);
        if (error) {
            text_puts(&t, error);
        } else {
            subfield_format(&sf, &t);
        }
        assert_string_equal(text_cstr(&t), cases[i].out);
        text_deinit(&t);
        free(error);
    }
}

static void test_priority_and_flow(void **state)
{
    (void)state;
    struct match m;
    struct text t = TEXT_INIT;
    match_init(&m);
    match_format(&m, NULL, 32768, &t);
    assert_string_equal(text_cstr(&t), "");
    match_format(&m, NULL, 0, &t);
    assert_string_equal(text_cstr(&t), "priority=0");
    match_set_u64(&m, MF_ETH_TYPE, 0x0800);
    text_clear(&t);
    match_format(&m, NULL, 7, &t);
    assert_string_equal(text_cstr(&t), "priority=7,ip");

    static const struct sample flows[] = {
        {"in_port=1,ip,nw_dst=10.1.2.3,nw_ttl=64",
         "ip,in_port=1,vlan_tci=0x0000,dl_src=00:00:00:00:00:00,dl_dst=00:00:00:00:00:00,nw_src=0."
         "0."
         "0.0,nw_dst=10.1.2.3,nw_proto=0,nw_tos=0,nw_ecn=0,nw_ttl=64,nw_frag=no"},
        {"in_port=2,tcp,nw_src=10.0.0.1,nw_dst=10.0.0.2,tp_src=1,tp_dst=2,recirc_id=0xb,ct_state="
         "new|"
         "trk,ct_zone=5",
         "recirc_id=0xb,ct_state=new|trk,ct_zone=5,eth,tcp,in_port=2,vlan_tci=0x0000,dl_src=00:00:"
         "00:00:00:00,dl_dst=00:00:00:00:00:00,nw_src=10.0.0.1,nw_dst=10.0.0.2,nw_tos=0,nw_ecn=0,"
         "nw_"
         "ttl=0,nw_frag=no,tp_src=1,tp_dst=2,tcp_flags=0"},
        {"in_port=10,dl_src=50:54:00:00:00:05,dl_dst=50:54:00:00:00:06",
         "in_port=10,vlan_tci=0x0000,dl_src=50:54:00:00:00:05,dl_dst=50:54:00:00:00:06,dl_type="
         "0x0000"},
        {"in_port=1,arp,dl_src=50:54:00:00:00:05",
         "arp,in_port=1,vlan_tci=0x0000,dl_src=50:54:00:00:00:05,dl_dst=00:00:00:00:00:00,arp_spa="
         "0."
         "0.0.0,arp_tpa=0.0.0.0,arp_op=0,arp_sha=00:00:00:00:00:00,arp_tha=00:00:00:00:00:00"},
        {"in_port=3,udp,udp_dst=53,dl_vlan=5,reg0=1",
         "udp,reg0=0x1,in_port=3,dl_vlan=5,dl_vlan_pcp=0,vlan_tci1=0x0000,dl_src=00:00:00:00:00:00,"
         "dl_dst=00:00:00:"
         "00:00:00,nw_src=0.0.0.0,nw_dst=0.0.0.0,nw_tos=0,nw_ecn=0,nw_ttl=0,nw_frag=no,tp_src=0,tp_"
         "dst=53"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
        assert_null(parse(flows[i].in, &m));
        text_clear(&t);
        flow_format(&m.flow, NULL, &t);
        assert_string_equal(text_cstr(&t), flows[i].out);
    }
    text_deinit(&t);
}

/* Nothing that is typed may crash: every sample, cut at each length, and with each byte changed. */
static void test_damage(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        char *s = xstrdup(samples[i].in);
        struct match m;
        for (size_t n = strlen(s); n > 0; n--) {
            char saved = s[n - 1];
            for (int k = 0; k < 8; k++) {
                s[n - 1] = "0/[]+.,\xff"[k];
                free(parse(s, &m));
            }
            s[n - 1] = saved;
        }
        for (size_t n = strlen(s); n > 0; n--) {
            s[n - 1] = '\0';
            free(parse(s, &m));
        }
        free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_subfields),
        cmocka_unit_test(test_priority_and_flow),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
