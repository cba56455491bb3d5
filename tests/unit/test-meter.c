/* test-meter.c - meters: bytes and text against what genuine ovs-ofctl makes of them. */
#include "tests/unit/msg-check.h"

#include "ofp/meter.h"

static const struct msg_sample samples[] = {
#define SAMPLE(NAME, HEX, TEXT) {#NAME, HEX, TEXT},
#include "tests/unit/meter-samples.def"
};

static void test_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        msg_check_text(&samples[i]);
    }
}

/* What is dropped: reserved bytes, and flags and bands of a deletion. */
static bool changes(const char *name)
{
    static const char *const names[] = {"METER_cmd2", "METER_drop_pad", "METER_dscp",
                                        "METER_del_bands_bad", "METER_mf_pad"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(name, names[i])) {
            return true;
        }
    }
    return false;
}

static void test_again(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        if (strstr(samples[i].text, "***")) {
            continue;
        }
        bool same = msg_check_again(&samples[i]);
        if (same == changes(samples[i].name)) {
            fail_msg("%s: %s", samples[i].name, same ? "same" : "changed");
        }
        n += same;
    }
    assert_true(n > 30);
}

static void test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        if (!strstr(samples[i].text, "***")) {
            msg_check_malformed(&samples[i]);
        }
    }
}

/* ---- text ---- */

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        int command;
        const char *text, *hex;
    } texts[] = {
#define METER_TEXT(COMMAND, TEXT, HEX) {COMMAND, TEXT, HEX},
#include "tests/unit/meter-samples.def"
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct meter_mod mm;
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        size_t len;
        uint8_t *want = text_to_hex(texts[i].hex, &len);
        char *copy = xstrdup(texts[i].text);
        char *error = meter_mod_parse(copy, texts[i].command, &mm);
        if (error) {
            fail_msg("%s: %s", texts[i].text, error);
        }
        meter_mod_encode(&mm, OFP13_VERSION, 1, &w);
        if (w.len != len || memcmp(w.data, want, len)) {
            fail_msg("%s", texts[i].text);
        }
        meter_deinit(&mm.meter);
        wire_wr_deinit(&w);
        free(want);
        free(copy);
    }
}

static void test_parse_errors(void **state)
{
    (void)state;
    static const struct {
        int command;
        const char *text, *error;
    } errors[] = {
#define METER_TEXT_ERROR(COMMAND, TEXT, ERROR) {COMMAND, TEXT, ERROR},
#include "tests/unit/meter-samples.def"
        {MM_ADD, "meter=1,kbps,band=type=drop,rate=4294967296",
         "invalid numeric format 4294967296"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        struct meter_mod mm;
        char *copy = xstrdup(errors[i].text);
        char *error = meter_mod_parse(copy, errors[i].command, &mm);
        if (!error || strcmp(error, errors[i].error)) {
            fail_msg("%s: %s", errors[i].text, error ? error : "no error");
        }
        free(error);
        free(copy);
    }
}

/* Meters as they print can be read again: newlines separate words too. */
static void test_print_parse(void **state)
{
    (void)state;
    static const char *const meters[] = {
        "meter=1 kbps bands=\ntype=drop rate=5\n",
        ("meter=controller pktps burst stats bands=\ntype=dscp_remark rate=5 burst_size=6 "
         "prec_level=2\ntype=drop rate=7 burst_size=8\n"),
        "meter=4294901760 kbps stats bands=\ntype=drop rate=4294967295\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(meters); i++) {
        struct meter_mod mm;
        struct text t = TEXT_INIT;
        char *copy = xstrdup(meters[i]);
        assert_null(meter_mod_parse(copy, MM_ADD, &mm));
        meter_format(&mm.meter, NULL, &t);
        assert_string_equal(text_cstr(&t), meters[i]);
        meter_deinit(&mm.meter);
        text_deinit(&t);
        free(copy);
    }
}

/* ---- limits ---- */

static void test_check(void **state)
{
    (void)state;
    static const struct meter_features f = {.max_meters = 10,
                                            .band_types = BIT(METER_BAND_DROP),
                                            .capabilities = OFPMF_KBPS | OFPMF_BURST,
                                            .max_bands = 2};
    static const struct {
        uint16_t command;
        uint32_t id;
        uint16_t flags;
        size_t n_bands;
        uint16_t band;
        enum ofp_error want;
    } cases[] = {
        {MM_ADD, 1, OFPMF_KBPS, 1, METER_BAND_DROP, OFPERR_OK},
        {MM_ADD, 10, 0, 2, METER_BAND_DROP, OFPERR_OK},
        {MM_ADD, 11, 0, 1, METER_BAND_DROP, OFPERR_OFPMMFC_OUT_OF_METERS},
        {MM_ADD, 0, 0, 1, METER_BAND_DROP, OFPERR_OFPMMFC_INVALID_METER},
        {MM_MODIFY, 0xffff0001, 0, 1, METER_BAND_DROP, OFPERR_OFPMMFC_INVALID_METER},
        {MM_ADD, OFPM_ALL, 0, 1, METER_BAND_DROP, OFPERR_OFPMMFC_INVALID_METER},
        {MM_ADD, OFPM_CONTROLLER, 0, 1, METER_BAND_DROP, OFPERR_OK},
        {MM_ADD, OFPM_SLOWPATH, 0, 1, METER_BAND_DROP, OFPERR_OK},
        {MM_ADD, 1, OFPMF_PKTPS, 1, METER_BAND_DROP, OFPERR_OFPMMFC_BAD_FLAGS},
        {MM_ADD, 1, 0x10, 1, METER_BAND_DROP, OFPERR_OFPMMFC_BAD_FLAGS},
        {MM_ADD, 1, 0, 3, METER_BAND_DROP, OFPERR_OFPMMFC_OUT_OF_BANDS},
        {MM_ADD, 1, 0, 1, METER_BAND_DSCP_REMARK, OFPERR_OFPMMFC_BAD_BAND},
        {MM_DELETE, OFPM_ALL, 0, 0, METER_BAND_DROP, OFPERR_OK},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct meter_band bands[3] = {{.type = cases[i].band},
                                      {.type = METER_BAND_DROP},
                                      {.type = METER_BAND_DROP}};
        struct meter_mod mm = {.command = cases[i].command,
                               .meter = {.id = cases[i].id,
                                         .flags = cases[i].flags,
                                         .bands = bands,
                                         .n_bands = cases[i].n_bands}};
        assert_int_equal(meter_mod_check(&mm, &f), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),        cmocka_unit_test(test_again),
        cmocka_unit_test(test_malformed),    cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_errors), cmocka_unit_test(test_print_parse),
        cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
