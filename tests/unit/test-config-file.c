/* test-config-file.c - the configuration's file: kept, whole whenever the process dies, refused
 * when broken. */
#include <unistd.h>

#include "tests/unit/config-common.h"
#include "vswitchd/config_store.h"

static char dir[] = "/tmp/test-config.XXXXXX";
static char path[64];

static void reopen(void)
{
    config_close(config);
    config = NULL;
    char *error = config_open(loop, path, &config);
    assert_null(error);
}

static void write_file(const char *text, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static char *read_file(size_t *n)
{
    char *text, *error = store_read(path, &text, n);
    assert_null(error);
    return text;
}

static void test_persistence(void **state)
{
    (void)state;
    size_t n;
    unlink(path);
    reopen();
    free(transact(ADD_BR("br0") ",{'op':'update','table':'Bridge','where':[],'row':{'fail_mode':"
                                "'secure','other_config':['map',[['a','1 \\u20ac']]]}}"));
    /* Answered means written. */
    char *text = read_file(&n);
    assert_non_null(strstr(text, "\"fail_mode\": \"secure\""));
    free(text);
    const struct config_row *iface = config_find_by_name(config, COL_Interface_name, "br0");
    config_set_integer(config, iface, COL_Interface_ofport, 7);
    config_set_string(config, iface, COL_Interface_error, "a status");
    char *before = transact("{'op':'select','table':'Bridge','where':[]}");
    reopen();
    char *after = transact("{'op':'select','table':'Bridge','where':[]}");
    assert_string_equal(before, after);
    iface = config_find_by_name(config, COL_Interface_name, "br0");
    assert_int_equal(config_integer(iface, COL_Interface_ofport, 0), 7);
    assert_null(config_string(iface, COL_Interface_error, NULL)); /* Statuses are not stored. */
    free(before);
    free(after);

    /* Another process would be refused. */
    struct config *other;
    char *error = config_open(loop, path, &other);
    assert_non_null(strstr(error, "in use by another process"));
    free(error);
}

static void test_killed_while_writing(void **state)
{
    (void)state;
    for (enum store_step step = STORE_OPEN; step <= STORE_DONE; step++) {
        unlink(path);
        reopen();
        free(transact(ADD_BR("old")));
        store_stop_before(step);
        char *got = transact(ADD_BR("new"));
        /* What is not durable is not acknowledged. */
        assert_true((strstr(got, "I/O error") != NULL) == (step != STORE_DONE));
        free(got);
        /* "Killed": nothing more is written by config_close() either. */
        config_close(config);
        config = NULL;
        store_stop_before(STORE_DONE);
        reopen();
        assert_non_null(config_find_by_name(config, COL_Bridge_name, "old"));
        const struct config_row *new = config_find_by_name(config, COL_Bridge_name, "new");
        if (step != STORE_FSYNC_DIR) { /* There either is allowed. */
            assert_true((new != NULL) == (step == STORE_DONE));
        }
    }
}

static void test_broken_files(void **state)
{
    (void)state;
    size_t n, m;
    unlink(path);
    reopen();
    free(transact(ADD_BR("br0")));
    config_close(config);
    config = NULL;
    char *good = read_file(&n);
    unsigned n_refused = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        char *bad = xmemdup(good, n);
        size_t len = i < n ? i : n;
        if (i >= n) {
            bad[i - n] = (char)(bad[i - n] ^ (1 << i % 7));
        }
        write_file(bad, len);
        char *error = config_open(loop, path, &config);
        if (error) {
            assert_null(config);
            assert_non_null(strstr(error, path));
            n_refused++;
            char *still = read_file(&m);
            assert_true(m == len && !memcmp(still, bad, len)); /* Not overwritten. */
            free(still);
        }
        free(error);
        config_close(config);
        config = NULL;
        free(bad);
    }
    assert_true(n_refused > n);
    free(good);

    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "line 1"},
        {"{}", "not a configuration file"},
        {"{\"format\":\"sluice-configuration\",\"version\":2,\"tables\":{}}", "version"},
        {"{\"format\":\"sluice-configuration\",\"version\":1}", "tables"},
        {"{\"format\":\"sluice-configuration\",\"version\":1,\"tables\":{\"X\":[]}}", "table X"},
        {"{\"format\":\"sluice-configuration\",\"version\":1,\"tables\":{\"Bridge\":[{}]}}",
         "_uuid"},
        {"{\"format\":\"sluice-configuration\",\"version\":1,\"tables\":{\"Bridge\":[{\"_uuid\":"
         "\"11111111-2222-4333-8444-555555555555\",\"x\":1}]}}",
         "unknown column x"},
        {"{\"format\":\"sluice-configuration\",\"version\":1,\"tables\":{\"Open_vSwitch\":[{"
         "\"_uuid\":\"11111111-2222-4333-8444-555555555555\",\"bridges\":[\"uuid\","
         "\"11111111-2222-4333-8444-555555555556\"]}]}}",
         "references nonexistent row"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        write_file(cases[i].text, strlen(cases[i].text));
        char *error = config_open(loop, path, &config);
        assert_non_null(error);
        assert_non_null(strstr(error, cases[i].error));
        free(error);
    }
    unlink(path);
}

static void test_many_writers(void **state)
{
    (void)state;
    struct outcome o[50] = {{NULL, false}};
    unlink(path);
    reopen();
    /* Changes that come while a write is under way are joined, and all of them answered. */
    json_t *params = json_loads("[\"Open_vSwitch\",{\"op\":\"mutate\",\"table\":\"Open_vSwitch\","
                                "\"where\":[],\"mutations\":[[\"next_cfg\",\"+=\",1]]}]",
                                0, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
        config_transact(config, params, on_done, &o[i]);
        loop_turn(loop, 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(o); i++) {
        for (int k = 0; k < 100 && !o[i].done; k++) {
            loop_turn(loop, 20);
        }
        assert_string_equal(o[i].text, "[{\"count\":1}]");
        free(o[i].text);
    }
    json_decref(params);
    reopen();
    assert_int_equal(config_integer(config_root(config), COL_Open_vSwitch_next_cfg, 0), 50);
}

#define WITH_FILE(TEST) cmocka_unit_test_teardown(TEST, close_config)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILE(test_persistence),
        WITH_FILE(test_killed_while_writing),
        WITH_FILE(test_broken_files),
        WITH_FILE(test_many_writers),
    };
    loop = loop_new();
    if (!mkdtemp(dir)) {
        return 1;
    }
    snprintf(path, sizeof path, "%s/conf.json", dir);
    free(log_set("console:off"));
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    static const char *const left[] = {"conf.json", "conf.json.tmp", "conf.json.lock"};
    for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
        char *s = xasprintf("%s/%s", dir, left[i]);
        unlink(s);
        free(s);
    }
    rmdir(dir);
    loop_free(loop);
    return rc;
}
