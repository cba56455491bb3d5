/* test-lib.c - layer 0: cursors, text, maps, rings, rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/env.h"
#include "lib/hmap.h"
#include "lib/lazy.h"
#include "lib/mem.h"
#include "lib/rate.h"
#include "lib/ring.h"
#include "lib/text.h"
#include "lib/wire.h"

static void test_wire_sticky_error(void **state)
{
    (void)state;
    struct wire_rd r;
    wire_rd_init(&r, "\1\2\3\4\5", 5);
    assert_int_equal(wire_rd_u16(&r), 0x0102);
    assert_int_equal(wire_rd_u32(&r), 0); /* Three bytes are left. */
    assert_true(r.err);
    assert_int_equal(wire_rd_u8(&r), 0); /* Sticky. */

    struct wire_wr w = WIRE_WR_INIT(6);
    wire_wr_u32(&w, 1);
    wire_wr_u32(&w, 2);
    assert_true(w.err);
    wire_wr_deinit(&w);
}

static void test_next_kv(void **state)
{
    (void)state;
    char s[] = "a=1, b:2  ct(commit,exec(set_field:1->ct_mark)),reg0[0..3]=5,x,\"p,1\"=z";
    static const char *const want[][2] = {
        {"a", "1"},          {"b", "2"}, {"ct", "commit,exec(set_field:1->ct_mark)"},
        {"reg0[0..3]", "5"}, {"x", ""},  {"\"p,1\"", "z"}};
    char *cursor = s, *key, *value;
    for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
        assert_true(text_next_kv(&cursor, &key, &value));
        assert_string_equal(key, want[i][0]);
        assert_string_equal(value, want[i][1]);
    }
    assert_false(text_next_kv(&cursor, &key, &value));
}

static void test_numbers(void **state)
{
    (void)state;
    uint64_t v;
    uint16_t h;
    assert_true(text_to_u64("0x10", &v) && v == 16);
    assert_true(text_to_u64("010", &v) && v == 8);
    assert_false(text_to_u64("-1", &v));
    assert_false(text_to_u64("1x", &v));
    assert_false(text_to_u64("", &v));
    assert_false(text_to_u16("65536", &h));
    uint8_t mac[6];
    assert_true(text_to_mac("02:00:00:00:00:0a", mac) && mac[5] == 10);
    assert_false(text_to_mac("02:00:00:00:00:0a:", mac));
    size_t n;
    uint8_t *hex = text_to_hex("00 01.fF", &n);
    assert_int_equal(n, 3);
    assert_int_equal(hex[2], 0xff);
    free(hex);
    assert_null(text_to_hex("0", &n));
}

static void test_hmap(void **state)
{
    (void)state;
    struct item {
        struct hmap_node node;
        int v;
    } items[1000], *i, *next;
    struct hmap m = HMAP_INIT;
    for (int k = 0; k < 1000; k++) {
        items[k].v = k;
        hmap_insert(&m, &items[k].node, (size_t)k % 100);
    }
    int n = 0;
    HMAP_FOR_EACH_WITH_HASH(i, node, 7, &m) {
        assert_int_equal(i->v % 100, 7);
        n++;
    }
    assert_int_equal(n, 10);
    HMAP_FOR_EACH_SAFE(i, next, node, &m) {
        hmap_remove(&m, &i->node);
    }
    assert_int_equal(hmap_count(&m), 0);
    hmap_deinit(&m);
}

static void test_ring(void **state)
{
    (void)state;
    struct ring r;
    int x[4];
    ring_init(&r, 4);
    for (int k = 0; k < 4; k++) {
        assert_true(ring_push(&r, &x[k]));
    }
    assert_false(ring_push(&r, &x[0]));
    assert_ptr_equal(ring_pop(&r), &x[0]);
    assert_true(ring_push(&r, &x[0]));
    assert_int_equal(ring_count(&r), 4);
    ring_deinit(&r);
}

static void test_rate(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, 10, 2, 1000);
    assert_true(rate_take(&r, 1, 1000));
    assert_true(rate_take(&r, 1, 1000));
    assert_false(rate_take(&r, 1, 1000));
    assert_false(rate_take(&r, 1, 1099));
    assert_true(rate_take(&r, 1, 1100));
    assert_true(rate_take(&r, 2, 1000000)); /* Never more than the burst. */
    assert_false(rate_take(&r, 1, 1000000));
}

static void test_failing_allocation(void **state)
{
    (void)state;
    mem_fail_after(1);
    void *p = mem_try_alloc(1);
    assert_non_null(p);
    assert_null(mem_try_alloc(1));
    assert_null(mem_try_realloc(p, 2));
    mem_fail_after(-1);
    free(p);
}

static struct {
    LAZY_POINTER(strlen) LAZY_POINTER(strcmp)
} lib;

static void test_lazy(void **state)
{
    (void)state;
    const struct lazy_function functions[] = {LAZY_ROW(strcmp) LAZY_ROW(strlen)};
    const struct lazy_function none[] = {{"no_such_function", (void **)(void *)&lib.strlen}};
    char *error = lazy_load("libno-such.so.1", functions, ARRAY_SIZE(functions));
    assert_non_null(strstr(error, "libno-such.so.1 cannot be loaded"));
    free(error);
    error = lazy_load("libc.so.6", none, 1);
    assert_string_equal(error, "libc.so.6 has no no_such_function");
    free(error);
    assert_null(lib.strlen);
    assert_null(lazy_load("libc.so.6", functions, ARRAY_SIZE(functions)));
    assert_int_equal(lib.strlen("four"), 4);
    assert_int_equal(lib.strcmp("a", "a"), 0);
    assert_null(lazy_load("libno-such.so.1", functions, ARRAY_SIZE(functions))); /* It is there. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire_sticky_error),
        cmocka_unit_test(test_next_kv),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_hmap),
        cmocka_unit_test(test_ring),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_failing_allocation),
        cmocka_unit_test(test_lazy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
