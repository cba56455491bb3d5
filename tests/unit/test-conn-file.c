/* test-conn-file.c - the file of connections: whose it is, and that a new one takes its place only
 * when it is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "lib/dp/conn_file.h"
#include "lib/mem.h"

static char dir[] = "/tmp/test-conn-file-XXXXXX", path[64], next[80];

static bool there(const char *name)
{
    return !access(name, F_OK);
}

/* A tracker on the file, as the datapath has it; 'reports': it gets as far as that. */
static struct ct_adopted begin(bool reports)
{
    struct ct_adopted a = {.found = false};
    struct conn_file *f = conn_file_open(path);
    assert_non_null(f);
    struct ct_config config = {.max_conns = 1000,
                               .hash_seed = 7,
                               .store = conn_file_store(f),
                               .now_ms = 1000,
                               .adopted = &a};
    struct ct *ct = ct_new(&config);
    assert_non_null(ct);
    if (reports) {
        conn_file_report(f, &a);
    }
    ct_free(ct);
    conn_file_close(f, false);
    return a;
}

static void damage(void)
{
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "X", 1, 20), 1);
    close(fd);
}

static void test_new(void **state)
{
    (void)state;
    assert_false(begin(true).found);
    assert_null(begin(true).refused);
    damage();
    for (int i = 0; i < 2; i++) { /* Ended before the new one was whole: the same again. */
        assert_non_null(begin(false).refused);
        assert_false(there(next));
    }
    close(open(next, O_CREAT | O_WRONLY, 0600)); /* Killed there. */
    assert_non_null(begin(true).refused);
    assert_false(there(next));
    struct ct_adopted a = begin(true);
    assert_true(a.found);
    assert_null(a.refused);
}

static void test_lock(void **state)
{
    (void)state;
    struct conn_file *f = conn_file_open(path);
    assert_non_null(f);
    assert_null(conn_file_open(path));
    conn_file_close(f, true);
    assert_false(there(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_new), cmocka_unit_test(test_lock)};
    rcu_register_thread();
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/x.conns", dir);
    snprintf(next, sizeof next, "%s.new", path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    rcu_unregister_thread();
    return failed;
}
