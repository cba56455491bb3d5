/* test-journal.c - the journal's file: what the next process reads, whatever became of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "ofproto/journal-private.h"

static char path[] = "/tmp/test-journal-XXXXXX", tmp[64];

static void on_record(void *t_, uint8_t kind, const void *data, size_t len)
{
    struct text *t = t_;
    text_printf(t, "%u:", kind);
    text_put(t, data, len);
    text_putc(t, ' ');
}

static void expect(const char *want, const char *refused, unsigned damaged, unsigned cut)
{
    struct text t = TEXT_INIT;
    struct journal_read r;

    journal_read(path, on_record, &t, &r);
    assert_string_equal(text_cstr(&t), want);
    if (refused) {
        assert_string_equal(r.refused, refused);
    } else {
        assert_null(r.refused);
    }
    assert_int_equal(r.n_damaged, damaged);
    assert_int_equal(r.n_cut, cut);
    text_deinit(&t);
}

static off_t size_of(const char *name)
{
    struct stat st;
    return stat(name, &st) ? -1 : st.st_size;
}

/* Until all is on the file: the helper thread's work and what it leads to. */
static void run(struct loop *loop)
{
    for (int i = 0; i < 20; i++) {
        loop_turn(loop, 5);
    }
}

static void make(void)
{
    struct loop *loop = loop_new();
    unlink(path);
    struct journal *j = journal_new(loop, path);
    journal_begin(j);
    journal_put_snapshot(j, 1, "one", 3);
    journal_put_snapshot(j, 2, "", 0);
    journal_end(j);
    journal_put(j, 3, "three", 5);
    journal_close(j, false);
    loop_free(loop);
}

static void test_write(void **state)
{
    (void)state;
    struct loop *loop = loop_new();

    unlink(path);
    expect("", NULL, 0, 0);
    struct journal *j = journal_new(loop, path);
    assert_true(journal_wants_snapshot(j));
    journal_put(j, 9, "before", 6); /* Nowhere yet: the snapshot will have it. */
    journal_begin(j);
    assert_false(journal_wants_snapshot(j));
    journal_put_snapshot(j, 1, "a", 1);
    journal_put(j, 2, "b", 1);
    run(loop);
    assert_int_equal(size_of(path), -1); /* Half a snapshot is none. */
    journal_put_snapshot(j, 1, "c", 1);
    journal_end(j);
    run(loop);
    expect("1:a 2:b 1:c ", NULL, 0, 0);
    assert_int_equal(size_of(tmp), -1);
    journal_put(j, 2, "d", 1);
    run(loop);
    expect("1:a 2:b 1:c 2:d ", NULL, 0, 0);
    /* A second snapshot: until it is complete, the first file goes on. */
    journal_begin(j);
    journal_put_snapshot(j, 1, "x", 1);
    journal_put(j, 2, "e", 1);
    run(loop);
    expect("1:a 2:b 1:c 2:d 2:e ", NULL, 0, 0);
    journal_end(j);
    journal_put(j, 2, "f", 1);
    run(loop);
    expect("1:x 2:e 2:f ", NULL, 0, 0);
    assert_false(journal_wants_snapshot(j));
    char *big = xzalloc(JOURNAL_RECORD_MAX);
    journal_put(j, 5, big, JOURNAL_RECORD_MAX);
    run(loop);
    assert_true(journal_wants_snapshot(j));
    free(big);
    journal_close(j, true);
    assert_int_equal(size_of(path), -1);
    loop_free(loop);
}

static void wait_grace(void *ignored)
{
    (void)ignored;
    urcu_qsbr_synchronize_rcu();
}

/* All helper threads wait for a grace period, which only this thread can let come. */
static void test_helpers_wait(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    unlink(path);
    urcu_qsbr_register_thread();
    struct journal *j = journal_new(loop, path);
    for (int i = 0; i < 16; i++) {
        loop_offload(loop, wait_grace, NULL, NULL);
    }
    journal_begin(j);
    journal_put_snapshot(j, 1, "a", 1);
    journal_end(j);
    loop_turn(loop, 0);
    journal_put(j, 2, "b", 1);
    journal_flush(j);
    expect("1:a 2:b ", NULL, 0, 0);
    journal_close(j, true);
    urcu_qsbr_unregister_thread();
    loop_free(loop);
}

/* The file's folder is gone: nothing is left behind, and it is tried again. */
static void test_no_folder(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct journal *j = journal_new(loop, "/nonexistent/x");
    journal_begin(j);
    journal_put(j, 1, "a", 1);
    journal_end(j);
    run(loop);
    assert_false(journal_wants_snapshot(j));
    env_time_warp(10001);
    run(loop);
    assert_true(journal_wants_snapshot(j));
    journal_close(j, false);
    loop_free(loop);
}

static void poke(off_t at, char byte)
{
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    int old = fgetc(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    fputc(old ^ byte, f);
    fclose(f);
}

static void test_damage(void **state)
{
    (void)state;
    const off_t head = sizeof(struct journal_header), rec = sizeof(struct journal_record);

    make();
    expect("1:one 2: 3:three ", NULL, 0, 0);
    poke(head + rec + 1, 1); /* The first record's bytes. */
    expect("2: 3:three ", NULL, 1, 0);
    make();
    poke(head + 4, 8); /* Its kind. */
    expect("2: 3:three ", NULL, 1, 0);
    make();
    poke(head + 3, 1); /* Its length: nobody knows where the next begins. */
    expect("", NULL, 0, (unsigned)(size_of(path) - head));
    make();
    assert_int_equal(truncate(path, size_of(path) - 1), 0);
    expect("1:one 2: ", NULL, 0, (unsigned)rec + 4);
    make();
    poke(0, 1);
    expect("", "it is no journal", 0, 0);
    make();
    poke(8, 1);
    expect("", "it is of another version", 0, 0);
    make();
    poke(20, 1);
    expect("", "it is of another boot", 0, 0);
    make();
    assert_int_equal(truncate(path, 7), 0);
    expect("", "it is cut off", 0, 0);
    assert_int_equal(truncate(path, 0), 0);
    expect("", "it is cut off", 0, 0);
    /* Every byte, and every length. */
    make();
    off_t size = size_of(path);
    for (off_t at = 0; at < size; at++) {
        struct text t = TEXT_INIT;
        struct journal_read r;
        make();
        poke(at, 0x41);
        journal_read(path, on_record, &t, &r);
        assert_true(r.refused || r.n_damaged || r.n_cut || (at >= 12 && at < 16) ||
                    (at >= head && strcmp(text_cstr(&t), "1:one 2: 3:three ") == 0));
        text_deinit(&t);
        make();
        assert_int_equal(truncate(path, at), 0);
        t = TEXT_INIT;
        journal_read(path, on_record, &t, &r);
        assert_true(t.len < 17);
        text_deinit(&t);
    }
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_helpers_wait),
        cmocka_unit_test(test_no_folder),
        cmocka_unit_test(test_damage),
    };
    close(mkstemp(path));
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return failed;
}
