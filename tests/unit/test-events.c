/* test-events.c - ofproto/events: order, bounds, threads' rings. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofproto/events.h"

static struct events *handled_of;
static struct fdb *fdb;
static unsigned n_handled, n_again;

static void push(struct events *es, uint32_t port)
{
    struct events_item *e = xzalloc(sizeof *e);

    e->type = EVENTS_LEARN;
    e->u.learn.fdb = fdb;
    e->u.learn.ofp_port = port;
    fdb_ref(fdb);
    if (!events_push(es, e)) {
        events_event_free(e);
    }
}

static void on_item(void *aux, struct events_item *e)
{
    assert_null(aux);
    n_handled++;
    if (n_again) {
        n_again--;
        push(handled_of, e->u.learn.ofp_port); /* As a worker under a flood would. */
    }
    events_event_free(e);
}

static int setup(void **state)
{
    (void)state;
    fdb = fdb_new(0, 10, FDB_DEFAULT_AGE_MS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fdb_unref(fdb);
    return 0;
}

/* Whoever wants what has been told so far does not wait for a flood to end. */
static void test_run_ends(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct events *es = handled_of = events_new(l, on_item, NULL);

    push(es, 1);
    n_handled = 0;
    n_again = 1000000;
    events_run(es);
    assert_true(n_handled >= 1 && n_handled < 10000);
    n_again = 0;
    events_run(es);
    n_handled = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        push(es, i);
    }
    events_run(es);
    assert_int_equal(n_handled, 4000);
    events_free(es);
    loop_free(l);
}

/* Two objects that share a place in the thread's memory of its rings. */
static void test_rings_stay(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct events *all[5];

    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        all[i] = events_new(l, on_item, NULL);
        push(all[i], 1);
    }
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    for (unsigned i = 0; i < 1000; i++) {
        push(all[i % 2 * 4], 1);
        events_run(all[i % 2 * 4]);
    }
    size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    assert_true(after < before + (1u << 20));
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        events_free(all[i]);
    }
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_ends),
        cmocka_unit_test(test_rings_stay),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
