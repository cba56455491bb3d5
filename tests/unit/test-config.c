/* test-config.c - the configuration: transactions, integrity, the view, the schema. */
#include "tests/unit/config-common.h"

static unsigned n_applied;

static void expect(const char *ops, const char *want)
{
    char *got = transact(ops), *w = xstrdup(want);
    for (char *p = w; *p; p++) {
        *p = *p == '\'' ? '"' : *p;
    }
    assert_string_equal(got, w);
    free(got);
    free(w);
}

/* The error's tag, and a part of its details. */
static void expect_error(const char *ops, const char *tag, const char *details)
{
    char *got = transact(ops), *want = xasprintf("\"error\":\"%s\"", tag);
    if (!strstr(got, want) || !strstr(got, details)) {
        fail_msg("%s: got %s, not %s %s", ops, got, tag, details);
    }
    free(got);
    free(want);
}

static void on_apply(void *aux, struct config *c)
{
    (void)aux;
    assert_ptr_equal(c, config);
    n_applied++;
}

static int open_memory(void **state)
{
    (void)state;
    assert_null(config_open(loop, NULL, &config));
    config_set_apply(config, on_apply, NULL);
    n_applied = 0;
    return 0;
}

static void test_insert_and_select(void **state)
{
    (void)state;
    expect(ADD_BR("br0"),
           "[{'uuid':['uuid','<0>']},{'uuid':['uuid','<1>']},{'uuid':['uuid','<2>']},"
           "{'count':1}]");
    assert_int_equal(n_applied, 1);
    expect("{'op':'select','table':'Bridge','where':[['name','==','br0']],"
           "'columns':['name','ports','fail_mode','other_config','stp_enable','_uuid']}",
           "[{'rows':[{'_uuid':['uuid','<0>'],'fail_mode':['set',[]],'name':'br0',"
           "'other_config':['map',[]],'ports':['uuid','<1>'],'stp_enable':false}]}]");
    expect("{'op':'select','table':'Bridge','where':[['name','==','br1']]}", "[{'rows':[]}]");
    assert_int_equal(n_applied, 1); /* Looking changes nothing. */
}

static void test_update_and_mutate(void **state)
{
    (void)state;
    free(transact(ADD_BR("br0")));
    expect("{'op':'update','table':'Bridge','where':[],'row':{'fail_mode':'secure',"
           "'protocols':['set',['OpenFlow13','OpenFlow10']],'other_config':['map',[['b','2'],"
           "['a','1']]]}},"
           "{'op':'select','table':'Bridge','where':[],'columns':['fail_mode','protocols',"
           "'other_config']}",
           "[{'count':1},{'rows':[{'fail_mode':'secure','other_config':['map',[['a','1'],['b',"
           "'2']]],'protocols':['set',['OpenFlow10','OpenFlow13']]}]}]");
    expect("{'op':'mutate','table':'Bridge','where':[],'mutations':[['other_config','delete','a'],"
           "['other_config','insert',['map',[['b','no'],['c','3']]]],"
           "['protocols','delete',['set',['OpenFlow10','OpenFlow15']]]]},"
           "{'op':'select','table':'Bridge','where':[],'columns':['protocols','other_config']}",
           "[{'count':1},{'rows':[{'other_config':['map',[['b','2'],['c','3']]],'protocols':"
           "'OpenFlow13'}]}]");
    expect("{'op':'mutate','table':'Open_vSwitch','where':[],'mutations':[['next_cfg','+=',7],"
           "['next_cfg','*=',6],['next_cfg','-=',2],['next_cfg','/=',4],['next_cfg','%=',7]]},"
           "{'op':'select','table':'Open_vSwitch','where':[],'columns':['next_cfg']}",
           "[{'count':1},{'rows':[{'next_cfg':3}]}]");
}

static void test_conditions(void **state)
{
    (void)state;
    static const struct {
        const char *where, *names;
    } cases[] = {
        {"['ofport_request','==',1]", "a"},
        {"['ofport_request','!=',1]", "br0 b"},
        {"['ofport_request','<',2]", "a"},
        {"['ofport_request','<=',2]", "a b"},
        {"['ofport_request','>',1]", "b"},
        {"['ofport_request','>=',1]", "a b"},
        {"['ofport_request','==',['set',[]]]", "br0"},
        {"['options','includes',['map',[['k','v']]]]", "b"},
        {"['options','excludes',['map',[['k','v']]]]", "br0 a"},
        {"['options','includes',['map',[]]]", "br0 a b"},
        {"['name','==','b'],['ofport_request','==',2]", "b"},
        {"['name','==','b'],['ofport_request','==',3]", ""},
    };
    free(transact(ADD_BR("br0")));
    free(transact(
        "{'op':'insert','table':'Interface','uuid-name':'a','row':{'name':'a','ofport_request':"
        "1}},"
        "{'op':'insert','table':'Interface','uuid-name':'b','row':{'name':'b','ofport_request':"
        "2,"
        "'options':['map',[['k','v']]]}},"
        "{'op':'mutate','table':'Port','where':[],'mutations':[['interfaces','insert',['set',["
        "['named-uuid','a'],['named-uuid','b']]]]]}"));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *op = xasprintf("{'op':'select','table':'Interface','where':[%s],'columns':['name']}",
                             cases[i].where);
        char *got = transact(op);
        json_t *json = json_loads(got, 0, NULL), *row;
        struct text t = TEXT_INIT;
        size_t k;
        json_array_foreach(json_object_get(json_array_get(json, 0), "rows"), k, row)
        {
            text_printf(&t, "%s%s", k ? " " : "", json_string_value(json_object_get(row, "name")));
        }
        assert_string_equal(text_cstr(&t), cases[i].names);
        text_deinit(&t);
        json_decref(json);
        free(op);
        free(got);
    }
}

static void test_errors_leave_all_as_it_was(void **state)
{
    (void)state;
    static const struct {
        const char *op, *tag, *details;
    } cases[] = {
        {"{'op':'abort'}", "aborted", ""},
        {"{'op':'assert','lock':'x'}", "not owner", ""},
        {"{'op':'frob'}", "unknown operation", "frob"},
        {"1", "syntax error", ""},
        {"{'op':'select','table':'X','where':[]}", "unknown table", "X"},
        {"{'op':'select','table':'Bridge'}", "syntax error", "where"},
        {"{'op':'select','table':'Bridge','where':[['x','==',1]]}", "unknown column", "x"},
        {"{'op':'select','table':'Bridge','where':[],'columns':['x']}", "unknown column", "x"},
        {"{'op':'select','table':'Bridge','where':[['name','<','x']]}", "unknown function", "<"},
        {"{'op':'select','table':'Bridge','where':[['name','==',1]]}", "syntax error", "name"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'name':'x'}}", "constraint violation",
         "immutable"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'fail_mode':'x'}}",
         "constraint violation", "standalone"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'fail_mode':['set',['secure',"
         "'standalone']]}}",
         "constraint violation", "0 to 1"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'nope':1}}", "unknown column", "nope"},
        {"{'op':'update','table':'Interface','where':[],'row':{'ofport_request':65280}}",
         "constraint violation", "65279"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'protocols':['set',['OpenFlow13',"
         "'OpenFlow13']]}}",
         "syntax error", "duplicate"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'ports':['named-uuid','nobody']}}",
         "syntax error", "nobody"},
        {"{'op':'update','table':'Bridge','where':[],'row':{'ports':['uuid',"
         "'11111111-2222-4333-8444-555555555555']}}",
         "referential integrity violation", "ports"},
        {"{'op':'update','table':'Port','where':[],'row':{'interfaces':['set',[]]}}",
         "constraint violation", "interfaces"},
        {"{'op':'mutate','table':'Open_vSwitch','where':[],'mutations':[['next_cfg','/=',0]]}",
         "domain error", ""},
        {"{'op':'mutate','table':'Open_vSwitch','where':[],'mutations':[['next_cfg','+=',"
         "9223372036854775807],['next_cfg','+=',1]]}",
         "range error", ""},
        {"{'op':'mutate','table':'Bridge','where':[],'mutations':[['name','+=',1]]}",
         "constraint violation", "immutable"},
        {"{'op':'mutate','table':'Bridge','where':[],'mutations':[['ports','frob',1]]}",
         "unknown mutator", "frob"},
        {"{'op':'delete','table':'Open_vSwitch','where':[]}", "constraint violation", "row"},
        {"{'op':'insert','table':'Open_vSwitch','row':{}}", "constraint violation", "limit of 1"},
        {"{'op':'wait','timeout':0,'table':'Bridge','where':[],'columns':['name'],'until':'==',"
         "'rows':[]}",
         "timed out", ""},
        {ADD_BR("br0"), "constraint violation", "identical values (\\\"br0\\\")"},
        {"{'op':'insert','table':'Port','row':{},'uuid-name':'a'},"
         "{'op':'insert','table':'Port','row':{},'uuid-name':'a'}",
         "duplicate uuid-name", "a"},
    };
    free(transact(ADD_BR("br0")));
    char *before = transact("{'op':'select','table':'Bridge','where':[]}");
    unsigned applied = n_applied;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *ops = xasprintf("{'op':'update','table':'Bridge','where':[],'row':{'fail_mode':"
                              "'secure'}},%s,{'op':'comment'}",
                              cases[i].op);
        expect_error(ops, cases[i].tag, cases[i].details);
        free(ops);
        char *after = transact("{'op':'select','table':'Bridge','where':[]}");
        assert_string_equal(after, before);
        free(after);
    }
    free(before);
    assert_int_equal(n_applied, applied);
}

static void test_garbage(void **state)
{
    (void)state;
    free(transact(ADD_BR("br0") "," ADD_BR("br1")));
    /* Nothing refers to it: it is gone at once. */
    free(transact("{'op':'insert','table':'Controller','row':{'target':'tcp:1.2.3.4'}}"));
    expect("{'op':'select','table':'Controller','where':[]}", "[{'rows':[]}]");
    /* A bridge that leaves takes its port and interface along, and its name is free again. */
    expect("{'op':'mutate','table':'Open_vSwitch','where':[],'mutations':[['bridges','delete',"
           "['set',[]]]]}",
           "[{'count':1}]");
    free(transact("{'op':'update','table':'Open_vSwitch','where':[],'row':{'bridges':['set',[]]"
                  "}}," ADD_BR("br0")));
    expect(NAMES("Interface") "," NAMES("Port") "," NAMES("Bridge"),
           "[{'rows':[{'name':'br0'}]},{'rows':[{'name':'br0'}]},{'rows':[{'name':'br0'}]}]");
}

static void test_wait(void **state)
{
    (void)state;
    free(transact(ADD_BR("br0") "," ADD_BR("br1")));
    expect("{'op':'wait','timeout':0,'table':'Bridge','where':[],'columns':['name'],'until':'==',"
           "'rows':[{'name':'br1'},{'name':'br0'}]}",
           "[{}]");
    expect("{'op':'wait','timeout':0,'table':'Bridge','where':[],'columns':['name'],'until':'!=',"
           "'rows':[{'name':'br1'}]}",
           "[{}]");
    expect("{'op':'wait','table':'Bridge','where':[['name','==','br0']],'columns':['fail_mode'],"
           "'until':'==','rows':[{'fail_mode':['set',[]]}]}",
           "[{}]");
}

static void test_view(void **state)
{
    (void)state;
    size_t n;
    free(transact(ADD_BR("br0") ",{'op':'update','table':'Bridge','where':[],'row':{'fail_mode':"
                                "'secure','other_config':['map',[['n','12'],['t','true'],['x',"
                                "'1x']]],'protocols':'OpenFlow13'}}"));
    const struct config_row *br = config_find_by_name(config, COL_Bridge_name, "br0");
    assert_non_null(br);
    assert_ptr_equal(config_find(config, TABLE_Bridge, config_uuid(br)), br);
    assert_string_equal(config_string(br, COL_Bridge_fail_mode, "none"), "secure");
    assert_int_equal(config_map_integer(br, COL_Bridge_other_config, "n", 5), 12);
    assert_int_equal(config_map_integer(br, COL_Bridge_other_config, "x", 5), 5);
    assert_true(config_map_boolean(br, COL_Bridge_other_config, "t", false));
    assert_false(config_map_boolean(br, COL_Bridge_other_config, "n", false));
    assert_true(config_has(br, COL_Bridge_protocols, "OpenFlow13"));
    assert_false(config_has(br, COL_Bridge_protocols, "OpenFlow10"));
    const struct config_row **ports = config_refs(config, br, COL_Bridge_ports, &n);
    assert_int_equal(n, 1);
    assert_string_equal(config_string(ports[0], COL_Port_name, ""), "br0");
    free(ports);

    const struct config_row *iface = config_find_by_name(config, COL_Interface_name, "br0");
    assert_int_equal(config_integer(iface, COL_Interface_ofport, -9), -9);
    config_set_integer(config, iface, COL_Interface_ofport, 65534);
    config_set_string(config, iface, COL_Interface_error, "it is broken");
    config_set_map_integer(config, iface, COL_Interface_statistics, "rx_packets", 7);
    config_set_map_integer(config, iface, COL_Interface_statistics, "rx_packets", 8);
    config_set_map(config, iface, COL_Interface_status, "driver", "veth");
    const char *set[] = {"b", "a", "b"};
    config_set_strings(config, config_root(config), COL_Open_vSwitch_iface_types, set, 3);
    expect("{'op':'select','table':'Interface','where':[],'columns':['ofport','error',"
           "'statistics','status']},{'op':'select','table':'Open_vSwitch','where':[],'columns':["
           "'iface_types']}",
           "[{'rows':[{'error':'it is broken','ofport':65534,'statistics':['map',[['rx_packets',8"
           "]]],'status':['map',[['driver','veth']]]}]},{'rows':[{'iface_types':['set',['a','b']]"
           "}]}]");
    config_clear(config, iface, COL_Interface_error);
    assert_null(config_string(iface, COL_Interface_error, NULL));
}

/* Malformed values at every place of a transaction: no crash, and never half of it. */
static void test_mutated_requests(void **state)
{
    (void)state;
    static const char *const values[] = {
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "''",
        "'x'",
        "[]",
        "{}",
        "['set',1]",
        "['set',[[]]]",
        "['map',[[1]]]",
        "['uuid','x']",
        "['named-uuid',1]",
        "['set',[1,'a',true]]",
    };
    const char *ops = "{'op':'update','table':'Bridge','where':[['name','==','br0']],'row':{"
                      "'ports':['set',[]],'fail_mode':'secure'}},"
                      "{'op':'mutate','table':'Bridge','where':[['_uuid','!=',['uuid',"
                      "'11111111-2222-4333-8444-555555555555']]],'mutations':[['other_config',"
                      "'insert',['map',[['a','b']]]]]}";
    free(transact(ADD_BR("br0")));
    /* Replace each quoted word by each value. */
    for (const char *p = strchr(ops, '\''); p; p = strchr(strchr(p + 1, '\'') + 1, '\'')) {
        const char *end = strchr(p + 1, '\'') + 1;
        for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
            if (*end == ':') {
                continue; /* A key of an object. */
            }
            char *s = xasprintf("%.*s%s%s", (int)(p - ops), ops, values[i], end);
            free(transact(s));
            free(s);
        }
    }
    free(transact(NAMES("Bridge")));

    struct outcome o = {.text = NULL};
    static const char *const params[] = {"[]", "[1]", "['X']", "{}", "1"};
    for (size_t i = 0; i < ARRAY_SIZE(params); i++) {
        json_t *json =
            json_loads(params[i][1] == '\'' ? "[\"X\"]" : params[i], JSON_DECODE_ANY, NULL);
        config_transact(config, json, on_done, &o);
        assert_true(o.done && strstr(o.text, "error"));
        free(o.text);
        o = (struct outcome){.text = NULL};
        json_decref(json);
    }
}

static void test_schema(void **state)
{
    (void)state;
    assert_int_equal(schema_table_by_name("Interface"), TABLE_Interface);
    assert_int_equal(schema_table_by_name("nope"), TABLE_NONE);
    /* Each column is found under its name, in its table, between first and end. */
    for (int t = 0; t < N_TABLES; t++) {
        const struct table *table = schema_table((enum table_id)t);
        for (int c = (int)table->first; c < (int)table->end; c++) {
            const struct column *column = schema_column((enum column_id)c);
            assert_int_equal(column->table, t);
            assert_ptr_equal(schema_column_by_name((enum table_id)t, column->name), column);
            assert_int_equal(schema_column_id(column), c);
            assert_true(column->min <= 1 && column->max >= 1);
        }
    }
    assert_true(schema_has_word("up down", "down"));
    assert_false(schema_has_word("up down", "dow"));
    assert_false(schema_has_word("up down", "up down"));
    assert_false(schema_has_word("up down", ""));
    json_t *json = schema_to_json(), *column;
    /* What is the daemon's own is not in the schema. */
    column = json_object_get(
        json_object_get(json_object_get(json_object_get(json, "tables"), "Interface"), "columns"),
        "ofport_kept");
    assert_null(column);
    column = json_object_get(
        json_object_get(json_object_get(json_object_get(json, "tables"), "Bridge"), "columns"),
        "fail_mode");
    char *s = json_dumps(column, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(s, "{\"type\":{\"key\":{\"enum\":[\"set\",[\"standalone\",\"secure\"]],"
                           "\"type\":\"string\"},\"min\":0}}");
    free(s);
    json_decref(json);
}

static void test_uuid(void **state)
{
    (void)state;
    struct uuid a, b;
    char s[UUID_TEXT_LEN + 1];
    uuid_generate(&a);
    uuid_format(&a, s);
    assert_int_equal(strlen(s), UUID_TEXT_LEN);
    assert_true(s[14] == '4' && strchr("89ab", s[19]));
    assert_true(uuid_parse(s, &b) && uuid_equal(&a, &b));
    for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
        char bad[UUID_TEXT_LEN + 1];
        memcpy(bad, s, sizeof bad);
        bad[i] = 'g';
        assert_false(uuid_parse(bad, &b));
        bad[i] = '\0';
        assert_false(uuid_parse(bad, &b));
    }
    assert_false(uuid_parse("11111111-2222-4333-8444-5555555555551", &b));
}

#define WITH_MEMORY(TEST) cmocka_unit_test_setup_teardown(TEST, open_memory, close_config)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_uuid),
        WITH_MEMORY(test_insert_and_select),
        WITH_MEMORY(test_update_and_mutate),
        WITH_MEMORY(test_conditions),
        WITH_MEMORY(test_errors_leave_all_as_it_was),
        WITH_MEMORY(test_garbage),
        WITH_MEMORY(test_wait),
        WITH_MEMORY(test_view),
        WITH_MEMORY(test_mutated_requests),
    };
    loop = loop_new();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return rc;
}
