/* test-group.c - groups: bytes and text against what genuine ovs-ofctl makes of them. */
#include "tests/unit/msg-check.h"

#include "ofp/group.h"
#include "ofp/protocol.h"

static const struct msg_sample samples[] = {
#define SAMPLE(NAME, HEX, TEXT) {#NAME, HEX, TEXT},
#include "tests/unit/group-samples.def"
};

static const struct {
    uint8_t version;
    const char *text, *hex;
} texts[] = {
#define GROUP_TEXT(VERSION, TEXT, HEX) {VERSION, TEXT, HEX},
#include "tests/unit/group-samples.def"
};

static const struct {
    const char *text, *error;
} errors[] = {
#define GROUP_TEXT_ERROR(TEXT, ERROR) {TEXT, ERROR},
#include "tests/unit/group-samples.def"
};

static void test_print(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        msg_check_text(&samples[i]);
    }
}

/* What is dropped: reserved bytes, the weight that is the default, the order of properties and
 * fields, a number of OpenFlow 1.5 in a list of 1.0. */
static bool changes(const char *name)
{
    static const char *const names[] = {"MOD_pad_0",         "BUCKETS_15_ins_sel_wp",
                                        "BUCKETS_15_sel_n2", "BUCKETS_15_sel_n1",
                                        "STAT_desc15_pads",  "STAT_desc10",
                                        "MOD_acts_len_0",    "MOD_w_sel_none",
                                        "MOD_w_sel_twice",   "MOD_w_len6",
                                        "MOD_w_len16",       "MOD_w_pad",
                                        "MOD_sel_order",     "MOD_sel_1_0_ids",
                                        "MOD_sel_twice",     "MOD_sel_pad"};
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
    assert_true(n > 100);
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

static void parse(const char *text, int command, struct group_mod *gm, uint32_t *usable)
{
    char *copy = xstrdup(text);
    char *error = group_mod_parse(copy, command, NULL, gm, usable);
    if (error) {
        fail_msg("%s: %s", text, error);
    }
    free(copy);
}

static void assert_encodes(const struct group_mod *gm, uint8_t version, const char *text,
                           const void *want, size_t want_len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    group_mod_encode(gm, version, 1, &w);
    assert_false(w.err);
    if (w.len != want_len || memcmp(w.data, want, w.len)) {
        fail_msg("OpenFlow 1.%d: %s", version - 1, text);
    }
    wire_wr_deinit(&w);
}

static void test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct group_mod gm;
        size_t len;
        uint8_t *want = text_to_hex(texts[i].hex, &len);
        parse(texts[i].text, GM_ADD, &gm, NULL);
        assert_encodes(&gm, texts[i].version, texts[i].text, want, len);
        group_mod_deinit(&gm);
        free(want);
    }
}

static void assert_error(const char *text, int command, const char *want)
{
    struct group_mod gm;
    char *copy = xstrdup(text);
    char *error = group_mod_parse(copy, command, NULL, &gm, NULL);
    if (!error) {
        fail_msg("%s: no error", text);
    }
    if (strcmp(error, want)) {
        fail_msg("%s: %s", text, error);
    }
    free(error);
    free(copy);
}

static void test_parse_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        assert_error(errors[i].text, GM_ADD, errors[i].error);
    }
    assert_error("group_id=1,type=all", GM_DELETE, "type is not needed");
    assert_error("group_id=1,bucket=1", GM_DELETE, "bucket is not needed");
    assert_error("group_id=1,bucket=1", GM_INSERT_BUCKET, "must specify a command bucket id");
    assert_error("group_id=1,command_bucket_id=all,bucket=1", GM_INSERT_BUCKET,
                 "command_bucket_id=all is not permitted");
    assert_error("group_id=1,command_bucket_id=x", GM_REMOVE_BUCKET, "invalid numeric format x");
    assert_error("group_id=1,command_bucket_id=1,bucket=1", GM_REMOVE_BUCKET,
                 "bucket is not needed");
    assert_error("command_bucket_id=1", GM_REMOVE_BUCKET, "must specify a group_id");
    assert_error("group_id=1,command_bucket_id=4294967041", GM_REMOVE_BUCKET,
                 "invalid command bucket id 4294967041");
    assert_error("group_id=4294967296,type=all", GM_ADD, "invalid numeric format 4294967296");
    assert_error("insert_buckets group_id=1", -1, "unknown keyword insert_buckets");
    assert_error("add group_id=1,type=all", GM_ADD, "unknown keyword add");
    assert_error("group_id=1,type=select,selection_method=hash,fields(ip_src=0.0.0.0)", GM_ADD,
                 "0.0.0.0: values are wildcards here and must not be all-zeros");
}

/* Numbers that a peer gave are as good as those in the text, whichever are left. */
static void test_bucket_numbers(void **state)
{
    (void)state;
    struct group_mod gm;
    parse("group_id=1,type=all,bucket=bucket_id:1,1,bucket=2,bucket=3,bucket=bucket_id:0,4", GM_ADD,
          &gm, NULL);
    static const uint32_t want[] = {1, 2, 3, 0};
    assert_int_equal(gm.group.n_buckets, ARRAY_SIZE(want));
    for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
        assert_int_equal(gm.group.buckets[i].id, want[i]);
    }
    group_mod_deinit(&gm);
}

static void test_command_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint16_t command;
    } lines[] = {
        {"group_id=1,type=all", GM_ADD},
        {"add group_id=1,type=all", GM_ADD},
        {"add\tgroup_id=1,type=all", GM_ADD},
        {"modify group_id=1,type=all", GM_MODIFY},
        {"mod group_id=1,type=all", GM_MODIFY},
        {"add_or_mod group_id=1,type=all", GM_ADD_OR_MODIFY},
        {"delete group_id=1", GM_DELETE},
        {"d", GM_DELETE},
        {"insert_bucket group_id=1,command_bucket_id=first,bucket=1", GM_INSERT_BUCKET},
        {"remove_bucket group_id=1,command_bucket_id=last", GM_REMOVE_BUCKET},
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct group_mod gm;
        parse(lines[i].text, -1, &gm, NULL);
        assert_int_equal(gm.command, lines[i].command);
        group_mod_deinit(&gm);
    }
}

static void test_usable(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int command;
        const char *usable;
    } cases[] = {
        {"group_id=1,type=all", GM_ADD, "any"},
        {"group_id=1,type=select,selection_method=dp_hash", GM_ADD,
         "OpenFlow10,NXM,OXM-OpenFlow15"},
        {"group_id=1,type=select,selection_method=hash,fields(eth_dst=ff:ff:ff:00:00:00)", GM_ADD,
         "NXM,OXM-OpenFlow15"},
        {"group_id=1,type=select,selection_method=hash,fields(ip_src)", GM_ADD,
         "OpenFlow10,NXM,OXM-OpenFlow15"},
        {"group_id=1,type=select,selection_method=hash,fields(ip_src),bucket=1", GM_ADD, "any"},
        {"group_id=1", GM_REMOVE_BUCKET, "OpenFlow10,NXM,OXM-OpenFlow15"},
        {"group_id=1", GM_DELETE, "any"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct group_mod gm;
        struct text t = TEXT_INIT;
        uint32_t usable;
        parse(cases[i].text, cases[i].command, &gm, &usable);
        protocol_format(usable, &t);
        assert_string_equal(text_cstr(&t), cases[i].usable);
        text_deinit(&t);
        group_mod_deinit(&gm);
    }
}

/* A line of a print, read again, prints the same and has the same bytes.  The tool does not take
 * everything it prints: reserved ports as watch ports, groups above the greatest, and types that
 * have no name. */
static bool is_parsed(const char *line)
{
    static const char *const not [] = {
        "watch_port:LOCAL",  "watch_port:CONTROLLER", "watch_port:IN_PORT",   "group_id=42949670",
        "group_id=42949672", "watch_group:42949672",  "type=unknown",         "DEL ",
        "REMOVE_BUCKET ",    "INSERT_BUCKET ",        "fields=ip_src=0.0.0.0"};
    for (size_t i = 0; i < ARRAY_SIZE(not ); i++) {
        if (strstr(line, not [i])) {
            return false;
        }
    }
    return true;
}

static bool check_line(const char *line, uint8_t version, bool checked)
{
    struct group_mod gm, gm2;
    struct text t = TEXT_INIT;
    const char *start = strstr(line, "group_id=");
    if (!start || !is_parsed(line)) {
        return false;
    }
    char *copy = xstrdup(start);
    char *error = group_mod_parse(copy, GM_ADD, NULL, &gm, NULL);
    free(copy);
    if (error && !checked) { /* A description may break the rules of what can be added. */
        free(error);
        return false;
    }
    if (error) {
        fail_msg("%s: %s", start, error);
    }
    group_format(&gm.group, version, NULL, &t);
    assert_string_equal(text_cstr(&t), start);

    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct wire_rd r;
    struct msg_header h;
    group_mod_encode(&gm, version, 1, &w);
    wire_rd_init(&r, w.data, w.len);
    assert_int_equal(msg_decode_header(&r, &h), OFPERR_OK);
    if (checked) {
        assert_int_equal(group_mod_decode(&r, &h, &gm2), OFPERR_OK);
        text_clear(&t);
        group_format(&gm2.group, version, NULL, &t);
        assert_string_equal(text_cstr(&t), start);
        group_mod_deinit(&gm2);
    }
    wire_wr_deinit(&w);
    group_mod_deinit(&gm);
    text_deinit(&t);
    return true;
}

static void test_print_parse(void **state)
{
    (void)state;
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
        if (strstr(samples[i].text, "***") || strstr(samples[i].text, "OFPST_GROUP re") ||
            strstr(samples[i].text, "NXST_GROUP re")) {
            continue;
        }
        bool mod = strstr(samples[i].text, "GROUP_MOD") != NULL;
        char *copy = xstrdup(samples[i].text), *save = NULL;
        for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
            n += check_line(l, (uint8_t)(samples[i].hex[1] - '0'), mod);
        }
        free(copy);
    }
    assert_true(n > 60);
}

/* ---- limits ---- */

static void test_check(void **state)
{
    (void)state;
    static const struct {
        uint16_t command;
        uint32_t id;
        uint8_t version;
        enum ofp_error want;
    } cases[] = {
        {GM_ADD, OFPG_MAX, OFP13_VERSION, OFPERR_OK},
        {GM_ADD, OFPG_MAX + 1, OFP13_VERSION, OFPERR_OFPGMFC_INVALID_GROUP},
        {GM_ADD, OFPG_ALL, OFP13_VERSION, OFPERR_OFPGMFC_INVALID_GROUP},
        {GM_DELETE, OFPG_ALL, OFP13_VERSION, OFPERR_OK},
        {GM_DELETE, OFPG_ANY, OFP13_VERSION, OFPERR_OFPGMFC_INVALID_GROUP},
        {GM_INSERT_BUCKET, 1, OFP13_VERSION, OFPERR_OFPGMFC_BAD_COMMAND},
        {GM_REMOVE_BUCKET, 1, OFP14_VERSION, OFPERR_OFPGMFC_BAD_COMMAND},
        {GM_INSERT_BUCKET, 1, OFP15_VERSION, OFPERR_OK},
        {GM_REMOVE_BUCKET, 1, OFP10_VERSION, OFPERR_OK},
        {GM_ADD_OR_MODIFY, 1, OFP13_VERSION, OFPERR_OK},
        {4, 1, OFP15_VERSION, OFPERR_OFPGMFC_BAD_COMMAND},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct group_mod gm = {.command = cases[i].command, .group.id = cases[i].id};
        assert_int_equal(group_mod_check(&gm, cases[i].version), cases[i].want);
    }
}

/* Of two selection methods the last counts, and none of the first one's fields. */
static void test_two_methods(void **state)
{
    (void)state;
    static const struct msg_sample sample = {
        "two methods",
        "060f007000000001000001000000000100000000ffffffffffff00300000154d00000001000000006861736800"
        "000000"
        "0000000000000000000000000000000080001604ffffffffffff00280000154d000000010000000064705f6861"
        "736800"
        "00000000000000000000000000000000",
        "OFPT_GROUP_MOD (OF1.5) (xid=0x1):\n"
        " ADD group_id=1,type=select,selection_method=dp_hash\n"};
    msg_check_text(&sample);
    assert_false(msg_check_again(&sample));
}

/* More buckets than a message can hold. */
static void test_too_long(void **state)
{
    (void)state;
    struct text t = TEXT_INIT;
    text_puts(&t, "group_id=1,type=all");
    for (int i = 0; i < 2100; i++) {
        text_puts(&t, ",bucket=1");
    }
    struct group_mod gm;
    parse(text_cstr(&t), GM_ADD, &gm, NULL);
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        struct wire_wr w = WIRE_WR_INIT(4 * OFP_MAX_LEN);
        group_mod_encode(&gm, v, 1, &w);
        assert_int_equal(w.err, v != OFP10_VERSION && v != OFP15_VERSION);
        wire_wr_deinit(&w);
    }
    group_mod_deinit(&gm);
    text_deinit(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print),         cmocka_unit_test(test_again),
        cmocka_unit_test(test_malformed),     cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_errors),  cmocka_unit_test(test_bucket_numbers),
        cmocka_unit_test(test_command_words), cmocka_unit_test(test_usable),
        cmocka_unit_test(test_print_parse),   cmocka_unit_test(test_check),
        cmocka_unit_test(test_too_long),      cmocka_unit_test(test_two_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
