/* test-odp.c - ODP text both ways: what is printed of random keys, masks and actions reads as the
 * same.  `test-odp --corpus` prints such texts as seeds of tests/fuzz/fuzz-odp, a hex line each. */
#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "tests/unit/odp-random.h"

static const struct dp_format formats[] = {
    {.kernel = false},
    {.kernel = true, .ip6_exthdr = true, .upcall_pid = UINT32_MAX},
};

static void assert_same_flow(const struct key *key, const struct key *mask, bool verbose,
                             const struct dp_format *f)
{
    struct key k, m;
    struct text t = TEXT_INIT;

    dp_format_key(key, mask, verbose, f, &t);
    char *error = dp_flow_parse(text_cstr(&t), NULL, NULL, &k, &m);
    if (error) {
        fail_msg("%s: %s", text_cstr(&t), error);
    }
    for (size_t i = 0; i < sizeof k; i++) {
        if (((const uint8_t *)&k)[i] != ((const uint8_t *)key)[i]) {
            fail_msg("%s: another key, byte %zu", text_cstr(&t), i);
        }
        if (((const uint8_t *)&m)[i] != ((const uint8_t *)mask)[i]) {
            fail_msg("%s: another mask, byte %zu", text_cstr(&t), i);
        }
    }
    text_deinit(&t);
}

static void test_flows(void **state)
{
    (void)state;
    struct key key, mask;

    srand(11);
    for (unsigned i = 0; i < 20000; i++) {
        const struct dp_format *f = &formats[i & 1];
        const bool verbose = random_below(2);
        random_flow(&key, &mask, f->kernel || !verbose);
        assert_same_flow(&key, &mask, verbose, f);
    }
}

static void assert_same_actions(const struct dp_actions *l, const struct dp_format *f)
{
    struct dp_actions again = DP_ACTIONS_INIT;
    struct text t = TEXT_INIT;

    dp_format_actions(l->data, l->len, f, &t);
    char *error = dp_actions_parse(text_cstr(&t), NULL, NULL, &again);
    if (error) {
        fail_msg("%s: %s", text_cstr(&t), error);
    }
    if (again.len != l->len || (l->len && memcmp(again.data, l->data, l->len))) {
        struct text t2 = TEXT_INIT;
        dp_format_actions(again.data, again.len, f, &t2);
        fail_msg("%s reads as %s", text_cstr(&t), text_cstr(&t2));
    }
    text_deinit(&t);
    dp_actions_deinit(&again);
}

static void test_actions(void **state)
{
    (void)state;

    srand(13);
    for (unsigned i = 0; i < 20000; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        if (i < 50u * DP_ACTION_N) { /* Each row, whatever chance says. */
            random_action(&l, (enum dp_action_type)(i % DP_ACTION_N), 3);
        } else {
            random_actions(&l, 4);
        }
        assert_true(dp_actions_check(l.data, l.len));
        assert_same_actions(&l, &formats[i & 1]);
        dp_actions_deinit(&l);
    }
}

/* Lines of a flow, ';', its actions: as fuzz-odp takes them. */
static void print_corpus(void)
{
    srand(17);
    for (unsigned i = 0; i < 300; i++) {
        struct dp_actions l = DP_ACTIONS_INIT;
        struct text t = TEXT_INIT;
        struct key key, mask;
        random_flow(&key, &mask, i & 1);
        dp_format_key(&key, &mask, !(i & 3), &formats[i & 1], &t);
        text_putc(&t, ';');
        random_action(&l, (enum dp_action_type)(i % DP_ACTION_N), 3);
        dp_format_actions(l.data, l.len, &formats[i & 1], &t);
        for (size_t j = 0; j < t.len; j++) {
            printf("%02x", (uint8_t)t.s[j]);
        }
        putchar('\n');
        text_deinit(&t);
        dp_actions_deinit(&l);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--corpus")) {
        print_corpus();
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flows),
        cmocka_unit_test(test_actions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
