/* test-xlate.c - rules and a packet in, datapath actions out. */
#include "tests/unit/xlate-corpus.h"
#include "tests/unit/xlate-env.h"

static unsigned n_failed;

static void run(const struct test *t)
{
    struct world w;
    struct credit *credits[MAX_STEPS] = {NULL};

    world_init(&w);
    world_add_rules(&w, t->rules);
    for (unsigned i = 0; i < MAX_STEPS && t->steps[i].packet; i++) {
        struct key key = world_key(t->steps[i].packet);
        struct text got = TEXT_INIT;
        struct xlate_out out;

        world_xlate(&w, &key, &out);
        world_format(&out, &got);
        if (strcmp(text_cstr(&got), t->steps[i].want)) {
            print_message("%s\npacket %s:\n  got  %s\n  want %s\n", t->rules, t->steps[i].packet,
                          text_cstr(&got), t->steps[i].want);
            n_failed++;
        }
        credits[i] = out.credit; /* As a cached flow would hold it. */
        out.credit = NULL;
        xlate_out_deinit(&out);
        text_deinit(&got);
    }
    for (unsigned i = 0; i < MAX_STEPS; i++) {
        credit_free(credits[i], 2000);
    }
    assert_int_equal(continuations_reclaim(w.continuations, 2000 + CONTINUATION_REST_MS - 1, 9), 0);
    continuations_reclaim(w.continuations, 2000 + CONTINUATION_REST_MS, 9);
    assert_int_equal(continuations_count(w.continuations), 0);
    world_deinit(&w);
}

static void test_actions(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        run(&tests[i]);
    }
    assert_int_equal(n_failed, 0);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_actions),
    };
    return cmocka_run_group_tests(all, world_setup, world_teardown);
}
