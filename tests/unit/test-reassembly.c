/* test-reassembly.c - byte streams from TCP segments: order, repetition, overlap, gaps, bounds;
 * and random cuts against the text they were cut from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "utilities/reassembly.h"

/* All that was given out, gaps as `-`. */
static struct text got;
static int n_dropped;

static void take(void *aux, const struct reassembly_flow *flow, void **owned, bool gap,
                 const uint8_t *data, size_t len)
{
    (void)aux;
    (void)flow;
    if (gap) {
        text_putc(&got, '-');
    }
    text_put(&got, (const char *)data, len);
    if (!*owned) {
        *owned = xmalloc(1);
    }
}

static void drop(void *owned)
{
    n_dropped += owned != NULL;
    free(owned);
}

static struct reassembly *start(void)
{
    n_dropped = 0;
    text_clear(&got);
    return reassembly_new(take, drop, NULL);
}

static struct reassembly_flow flow_of(uint16_t port)
{
    struct reassembly_flow flow;
    memset(&flow, 0, sizeof flow);
    flow.src_port = port;
    flow.ip_version = 4;
    return flow;
}

static void put(struct reassembly *r, uint32_t seq, bool syn, const char *text)
{
    struct reassembly_flow flow = flow_of(1);
    size_t n = strlen(text);
    uint8_t *copy = xmemdup(text, n ? n : 1);
    reassembly_segment(r, &flow, seq, syn, copy, n);
    free(copy);
}

static void test_cases(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct {
            uint32_t seq;
            bool syn;
            const char *text;
        } segments[8];
        const char *want;
    } cases[] = {
        {"in order", {{99, true, ""}, {100, false, "ab"}, {102, false, "cd"}}, "abcd"},
        {"data with the SYN", {{99, true, "ab"}, {102, false, "cd"}}, "abcd"},
        {"seen from the middle", {{100, false, "ab"}, {102, false, "cd"}}, "abcd"},
        {"twice", {{100, false, "ab"}, {100, false, "ab"}, {102, false, "cd"}}, "abcd"},
        {"longer again", {{100, false, "ab"}, {100, false, "abcd"}}, "abcd"},
        {"overlap", {{100, false, "abc"}, {101, false, "bcde"}}, "abcde"},
        {"swapped", {{99, true, ""}, {102, false, "cd"}, {100, false, "ab"}}, "abcd"},
        {"backwards",
         {{99, true, ""}, {104, false, "ef"}, {102, false, "cd"}, {100, false, "ab"}},
         "abcdef"},
        {"kept ones overlap",
         {{99, true, ""},
          {103, false, "def"},
          {102, false, "cd"},
          {101, false, "bc"},
          {100, false, "a"}},
         "abcdef"},
        {"kept twice",
         {{99, true, ""}, {102, false, "cd"}, {102, false, "cd"}, {100, false, "ab"}},
         "abcd"},
        {"kept short, then long",
         {{99, true, ""}, {102, false, "c"}, {102, false, "cde"}, {100, false, "ab"}},
         "abcde"},
        {"a gap to the end", {{100, false, "ab"}, {104, false, "ef"}, {106, false, "g"}}, "ab-efg"},
        {"two gaps", {{100, false, "a"}, {103, false, "d"}, {106, false, "g"}}, "a-d-g"},
        {"numbers wrap", {{0xfffffffe, false, "abcd"}, {2, false, "ef"}}, "abcdef"},
        {"wrap, swapped",
         {{0xfffffffd, true, ""}, {1, false, "de"}, {0xfffffffe, false, "abc"}},
         "abcde"},
        {"a new connection", {{100, false, "ab"}, {500, true, ""}, {501, false, "cd"}}, "abcd"},
        {"SYN again", {{99, true, ""}, {99, true, ""}, {100, false, "ab"}}, "ab"},
        {"old bytes", {{100, false, "ab"}, {90, false, "xyz"}, {102, false, "c"}}, "abc"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct reassembly *r = start();
        for (size_t k = 0; k < 8 && cases[i].segments[k].text; k++) {
            put(r, cases[i].segments[k].seq, cases[i].segments[k].syn, cases[i].segments[k].text);
        }
        reassembly_free(r);
        if (strcmp(text_cstr(&got), cases[i].want)) {
            fail_msg("%s: %s", cases[i].what, text_cstr(&got));
        }
    }
}

/* Any cuts in any order, with repetitions, give the text again. */
static void test_random(void **state)
{
    (void)state;
    enum { LEN = 600 };
    srand(1);
    for (int run = 0; run < 300; run++) {
        char text[LEN + 1] = "";
        struct reassembly *r = start();
        struct {
            size_t ofs, len;
        } cuts[2 * LEN];
        size_t n = 0;
        uint32_t first = (uint32_t)rand() * 2654435761u;
        for (size_t i = 0; i < LEN; i++) {
            text[i] = (char)('a' + rand() % 26);
        }
        for (size_t i = 0; i < LEN;) { /* All of it, */
            size_t len = 1 + (size_t)rand() % 40;
            len = MIN(len, LEN - i);
            cuts[n].ofs = i;
            cuts[n++].len = len;
            i += len;
        }
        for (int i = 0; i < 20; i++) { /* some of it again, cut elsewhere, */
            size_t ofs = (size_t)rand() % LEN, len = 1 + (size_t)rand() % 60;
            cuts[n].ofs = ofs;
            cuts[n++].len = MIN(len, LEN - ofs);
        }
        put(r, first - 1, true, "");
        while (n) { /* in any order. */
            size_t i = (size_t)rand() % n;
            char *part = xstrndup(text + cuts[i].ofs, cuts[i].len);
            put(r, first + (uint32_t)cuts[i].ofs, false, part);
            free(part);
            cuts[i] = cuts[--n];
        }
        reassembly_free(r);
        assert_string_equal(text_cstr(&got), text);
    }
}

/* A gap that is never filled: what is kept has a limit. */
static void test_kept_bound(void **state)
{
    (void)state;
    struct reassembly *r = start();
    char block[1001];
    memset(block, 'x', 1000);
    block[1000] = '\0';
    put(r, 0, true, "");
    for (uint32_t i = 0; i < 1000; i++) {
        put(r, 101 + i * 1000, false, block);
    }
    /* Long before the end, all but the gap has been given out. */
    assert_true(got.len > 1000 * 1000 - REASSEMBLY_MAX_KEPT);
    reassembly_free(r);
    assert_int_equal(got.len, 1 + 1000 * 1000);
    assert_int_equal(got.s[0], '-');
}

/* Too much is kept behind two gaps: only the first is given up. */
static void test_kept_bound_skips_one(void **state)
{
    (void)state;
    struct reassembly *r = start();
    char block[1001];
    memset(block, 'x', 1000);
    block[1000] = '\0';
    put(r, 0, true, "");
    for (uint32_t i = 0; i < 260; i++) {
        if (i != 250) {
            put(r, 101 + i * 1000, false, block);
        }
    }
    assert_int_equal(got.len, 1 + 250 * 1000);
    put(r, 101 + 250 * 1000, false, block);
    assert_int_equal(got.len, 1 + 260 * 1000);
    assert_null(strchr(got.s + 1, '-'));
    reassembly_free(r);
}

static void test_stream_bound(void **state)
{
    (void)state;
    struct reassembly *r = start();
    for (unsigned i = 0; i < REASSEMBLY_MAX_STREAMS + 10; i++) {
        struct reassembly_flow flow = flow_of((uint16_t)(i + 1));
        reassembly_segment(r, &flow, 1, false, (const uint8_t *)"a", 1);
        if (i < REASSEMBLY_MAX_STREAMS) {
            assert_int_equal(n_dropped, 0);
        }
    }
    assert_int_equal(n_dropped, 10);
    reassembly_free(r);
    assert_int_equal(n_dropped, REASSEMBLY_MAX_STREAMS + 10);
}

static int teardown(void **state)
{
    (void)state;
    text_deinit(&got);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),        cmocka_unit_test(test_random),
        cmocka_unit_test(test_kept_bound),   cmocka_unit_test(test_kept_bound_skips_one),
        cmocka_unit_test(test_stream_bound),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
