/* test-generated.c - every sample that tests/gen makes from the tables gives what it must, and
 * flows in text give the bytes that genuine ovs-ofctl sends for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "tests/gen/prop.h"

#define MAX_SHOWN 40

struct tally {
    size_t n, n_failed;
};

static void show(struct tally *t, const struct gen_sample *s, const char *got)
{
    if (t->n_failed++ < MAX_SHOWN) {
        printf("%s %s, OpenFlow 1.%u, %s: ", gen_kind_names[s->kind], s->row, s->version - 1u,
               s->what);
        for (size_t i = 0; i < s->len; i++) {
            printf("%02x", s->data[i]);
        }
        printf("\n    wanted %s, got %s\n",
               s->want == WANT_ERROR  ? ofp_error_name(s->error)
               : s->want == WANT_SAME ? "the same again"
               : s->want == WANT_OK   ? "no error"
                                      : "a canonical form",
               got);
    }
}

static void check_sample(void *aux, const struct gen_sample *s)
{
    struct tally *t = aux;
    struct prop p;
    char *wrong = prop_sample(s, &p);
    bool wants_ok = s->want == WANT_SAME || s->want == WANT_OK;

    t->n++;
    if (wrong) {
        show(t, s, wrong);
    } else if (s->kind == GEN_MESSAGE && wants_ok && !p.error && p.none) {
        show(t, s, "nothing: there is no codec");
    } else if (wants_ok && p.error) {
        show(t, s, ofp_error_name(p.error));
    } else if (s->want == WANT_SAME && !p.same) {
        show(t, s, "other bytes");
    } else if (s->want == WANT_ERROR && p.error != s->error) {
        show(t, s, p.error ? ofp_error_name(p.error) : "no error");
    }
    free(wrong);
}

static void finish(const struct tally *t)
{
    printf("%zu samples, %zu of them wrong\n", t->n, t->n_failed);
    assert_int_equal(t->n_failed, 0);
    assert_true(t->n > 100);
}

static void test_fields(void **state)
{
    (void)state;
    struct tally t = {.n = 0};
    gen_fields(1, check_sample, &t);
    finish(&t);
}

static void test_actions(void **state)
{
    (void)state;
    struct tally t = {.n = 0};
    gen_actions(check_sample, &t);
    finish(&t);
}

static void test_instructions(void **state)
{
    (void)state;
    struct tally t = {.n = 0};
    gen_instructions(check_sample, &t);
    finish(&t);
}

static void test_messages(void **state)
{
    (void)state;
    struct tally t = {.n = 0};
    gen_messages(check_sample, &t);
    finish(&t);
}

static void test_every_action_has_a_sample(void **state)
{
    (void)state;
    const enum act_raw *missing = gen_actions_missing();
    for (size_t i = 0; missing[i] != RAW_NONE; i++) {
        printf("no sample: %s (row %d)\n", act_wires[missing[i]].name, missing[i]);
    }
    assert_int_equal(missing[0], RAW_NONE);
}

/* ---- text ---- */

static void test_text_again(void **state)
{
    (void)state;
    size_t n_failed = 0;
    for (const struct gen_recorded *r = gen_flow_mods; r->text; r++) {
        char *error;
        char *wrong = prop_text(r->text, &error);
        if (wrong) {
            printf("%s\n", wrong);
            n_failed++;
        }
        free(wrong);
        free(error);
    }
    assert_int_equal(n_failed, 0);
}

/* The first of the messages that genuine ovs-ofctl sent for a line. */
static void test_text_to_wire(void **state)
{
    (void)state;
    size_t n_failed = 0, n_known = 0, n = 0;
    for (const struct gen_recorded *r = gen_flow_mods; r->text; r++) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        struct flow_mod fm;
        char *copy = xstrdup(r->text);
        char *error = flow_mod_parse(copy, FM_ADD, NULL, &fm);
        size_t len;
        uint8_t *msg = text_to_hex(r->hex, &len);
        struct gen_flow_parts at;
        struct msg_header h;
        struct wire_rd rd;

        n++;
        wire_rd_init(&rd, msg, len);
        if (!gen_flow_parts(msg, len, &at) || msg_decode_header(&rd, &h)) {
            n--; /* What the tool sends before a flow. */
        } else if (error) {
            printf("`%s': %s\n", r->text, error);
            n_failed++;
        } else {
            flow_mod_encode(&fm, flow_mod_protocol(&h), h.xid, &w);
            bool same = !w.err && w.len == len && !memcmp(w.data, msg, len);
            if (!same && !w.err && gen_is_known(r->text)) {
                n_known++;
            } else if (!same) {
                printf("1.%u `%s'\n    is %s\n    not ", r->version - 1u, r->text, r->hex);
                for (size_t i = 0; i < w.len; i++) {
                    printf("%02x", w.data[i]);
                }
                printf("\n");
                n_failed++;
            }
        }
        if (!error) {
            flow_mod_deinit(&fm);
        }
        free(error);
        free(copy);
        free(msg);
        wire_wr_deinit(&w);
    }
    printf("%zu lines, %zu of them wrong, %zu otherwise on purpose\n", n, n_failed, n_known);
    assert_int_equal(n_failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_instructions),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_text_again),
        cmocka_unit_test(test_text_to_wire),
        cmocka_unit_test(test_every_action_has_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
