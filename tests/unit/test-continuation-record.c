/* test-continuation-record.c - what is frozen comes back as it was, in another process under the
 * same id, or is not written at all; damaged records are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "ofproto/xlate/continuation_record.h"

/* What is frozen in a test: acts and an action set as text. */
struct frozen {
    const char *acts, *set;
    struct continuation_state state;
    bool resolved; /* The first act has it. */
    bool none;     /* It has no record. */
};

static const uint8_t stack[] = {0x12, 0x34, 2, 0x56, 1};

#define STATE                                                                                    \
    .in_port = 7, .metadata = 0x1122334455667788, .regs = {[0] = 0x01020304, [15] = 0xfffefdfc}, \
    .rule_cookie = UINT64_MAX, .table_id = 9

static const struct frozen cases[] = {
    {.state = {STATE, .flags = CONTINUATION_TRACKED}},
    {.state = {STATE, .flags = CONTINUATION_INV, .inv_zone = 77, .mirrors = 5, .queue = 3}},
    {.state = {STATE, .n_stack = sizeof stack}},
    {.set = "set_field:10.1.1.1->ip_src,output:3", .state = {STATE, .set_cookie = 12}},
    {.acts = "set_field:5->reg1,resubmit(,3),output:2,IN_PORT,load:0x7->NXM_NX_REG2[3..9]",
     .set = "group:4",
     .state = {STATE, .flags = CONTINUATION_ACTS, .n_stack = sizeof stack}},
    {.acts = "clone(ct(commit,zone=5,nat(src=10.0.0.1-10.0.0.9),exec(set_field:1->ct_mark)),"
             "output:1),learn(table=2,in_port=4,output:NXM_OF_IN_PORT[]),ct(table=3,zone=9)",
     .state = {STATE, .flags = CONTINUATION_ACTS | CONTINUATION_TRACKED}},
    {.acts = "mod_nw_src:1.2.3.4,output:1", .state = {STATE, .flags = CONTINUATION_ACTS}},
    {.acts = "pop_mpls:0x0800,dec_ttl,push_vlan:0x8100,move:NXM_NX_REG1[]->NXM_NX_REG2[]",
     .state = {STATE, .flags = CONTINUATION_ACTS}},
    {.acts = "group:11,output:2", .state = {STATE, .flags = CONTINUATION_ACTS}, .resolved = true},
    {.acts = "output:2,goto_table:5", .state = {STATE, .flags = CONTINUATION_ACTS}, .none = true},
    {.state = {STATE, .flags = CONTINUATION_TUNNEL}, .none = true},
};

static void parse(const char *text, struct acts *acts)
{
    char *copy = xstrdup(text ? text : "");

    acts_init(acts);
    if (*copy) {
        char *error = acts_parse(copy, NULL, true, acts);
        if (error) {
            fail_msg("%s: %s", text, error);
        }
    }
    free(copy);
}

static struct continuation *freeze(struct continuations *cs, const struct frozen *f)
{
    struct continuation_state st = f->state;
    struct acts acts, set;

    parse(f->acts, &acts);
    parse(f->set, &set);
    st.bridge_id = 3;
    st.n_acts = (uint32_t)acts.len;
    st.n_set = (uint32_t)set.len;
    if (f->resolved) {
        ((struct act *)acts.data)->resolved = true;
    }
    struct continuation *c = continuation_get(cs, &st, acts.data, set.data, stack);
    assert_non_null(c);
    acts_deinit(&acts);
    acts_deinit(&set);
    return c;
}

static struct continuation *restore(struct continuations *cs, const struct wire_wr *w)
{
    struct continuation_record r;

    assert_true(continuation_record_get(w->data, w->len, NULL, &r));
    r.state.bridge_id = 3;
    struct continuation *c =
        continuation_restore(cs, r.id, &r.state, r.acts.data, r.set.data, r.stack);
    continuation_record_deinit(&r);
    return c;
}

static void test_comes_back(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct continuations *before = continuations_new(1, 10), *after = continuations_new(2, 10);
        struct wire_wr w = WIRE_WR_INIT(CONTINUATION_RECORD_MAX);
        continuations_start_at(before, 1000 + (uint32_t)i);
        continuations_start_at(after, 2000);
        struct continuation *c = freeze(before, &cases[i]);
        bool put = continuation_record_put(c, "br0", NULL, &w);
        if (put == cases[i].none) {
            fail_msg("case %zu: a record: %d", i, put);
        }
        if (!cases[i].none) {
            assert_int_equal(continuation_record_id(w.data, w.len), c->id);
            assert_true(continuation_record_is_of(w.data, w.len, "br0"));
            assert_false(continuation_record_is_of(w.data, w.len, "br00"));
            assert_false(continuation_record_is_of(w.data, w.len, "br"));
            struct continuation *d = restore(after, &w);
            assert_int_equal(d->id, 1000 + i);
            /* Who freezes the same again gets the same id. */
            assert_ptr_equal(freeze(after, &cases[i]), d);
            continuation_put(after, d, 0);
            continuation_put(after, d, 0);
        }
        wire_wr_deinit(&w);
        continuation_put(before, c, 0);
        continuations_unref(before);
        continuations_unref(after);
    }
}

/* Nothing is read beyond the end, whatever is damaged. */
static void test_damaged(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct continuations *cs = continuations_new(1, 10);
        struct wire_wr w = WIRE_WR_INIT(CONTINUATION_RECORD_MAX);
        struct continuation *c = freeze(cs, &cases[i]);
        struct continuation_record r;
        if (continuation_record_put(c, "br0", NULL, &w)) {
            for (size_t n = 0; n < w.len; n++) {
                uint8_t *copy = xmemdup(w.data, n);
                assert_false(continuation_record_get(copy, n, NULL, &r));
                free(copy);
                copy = xmemdup(w.data, w.len);
                copy[n] ^= 0xff;
                if (continuation_record_get(copy, w.len, NULL, &r)) {
                    continuation_record_deinit(&r);
                }
                free(copy);
            }
        }
        wire_wr_deinit(&w);
        continuation_put(cs, c, 0);
        continuations_unref(cs);
    }
}

static void test_restored(void **state UNUSED)
{
    struct continuations *cs = continuations_new(1, 3);
    struct continuation_state st = {.bridge_id = 1};

    continuations_start_at(cs, 50);
    struct continuation *a = continuation_restore(cs, 7, &st, NULL, NULL, NULL);
    assert_int_equal(a->id, 7);
    st.table_id = 1;
    assert_null(continuation_restore(cs, 7, &st, NULL, NULL, NULL)); /* Taken, */
    assert_null(continuation_restore(cs, 0, &st, NULL, NULL, NULL)); /* or none. */
    struct continuation *b = continuation_get(cs, &st, NULL, NULL, NULL);
    assert_int_equal(b->id, 50);
    assert_int_equal(continuations_next_id(cs), 51);
    st.table_id = 2;
    struct continuation *c = continuation_restore(cs, 8, &st, NULL, NULL, NULL);
    st.table_id = 3;
    assert_null(continuation_restore(cs, 9, &st, NULL, NULL, NULL)); /* Too many. */
    continuation_put(cs, c, 100);
    assert_int_equal(continuations_reclaim(cs, 99 + CONTINUATION_REST_MS, 10), 0);
    assert_int_equal(continuations_reclaim(cs, 100 + CONTINUATION_REST_MS, 10), 1);
    assert_null(continuation_find(cs, 8));
    assert_ptr_equal(continuation_find(cs, 7), a);
    continuation_put(cs, a, 0);
    continuation_put(cs, b, 0);
    continuations_unref(cs);
}

static int setup(void **state UNUSED)
{
    urcu_qsbr_register_thread();
    return 0;
}

static int teardown(void **state UNUSED)
{
    for (int i = 0; i < 5; i++) { /* Callbacks queue more callbacks. */
        urcu_qsbr_barrier();
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_comes_back),
                                       cmocka_unit_test(test_damaged),
                                       cmocka_unit_test(test_restored)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
