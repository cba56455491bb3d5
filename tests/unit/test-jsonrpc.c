/* test-jsonrpc.c - framing of JSON-RPC, its server over a Unix socket, and the control commands. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/io/control.h"
#include "lib/io/json_frame.h"
#include "lib/io/jsonrpc.h"
#include "lib/io/stream.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"

static void test_frames(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t used; /* Of the first message; 0 = not complete, SIZE_MAX = bad. */
    } cases[] = {
        {"{}", 2},
        {"{}{}", 2},
        {" \n{\"a\":\"}\"} x", 11},
        {"{\"a\":\"\\\"}\"}", 11},
        {"{\"a\":\"\\\\\"}", 10},
        {"[[1],{\"b\":[2]}]", 15},
        {"{", 0},
        {"{\"}", 0},
        {"x", SIZE_MAX},
        {"}", SIZE_MAX},
        {"\"a\"", SIZE_MAX},
        {"1", SIZE_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        /* Whole, and byte by byte. */
        for (size_t step = 1; step <= 20; step += 19) {
            struct json_frame f = {0};
            size_t used = 0, n = strlen(cases[i].text);
            bool complete = false;
            while (used < n && !complete && !f.bad) {
                used += json_frame_scan(&f, (const uint8_t *)cases[i].text + used,
                                        MIN(step, n - used), &complete);
            }
            assert_true(f.bad == (cases[i].used == SIZE_MAX));
            assert_true(complete == (cases[i].used != SIZE_MAX && cases[i].used != 0));
            if (complete) {
                assert_int_equal(used, cases[i].used);
            }
        }
    }
}

static struct loop *loop;
static char dir[] = "/tmp/test-jsonrpc.XXXXXX";
static char path[128];

/* A peer that sends raw bytes and collects what comes back. */
struct peer {
    struct stream *s;
    struct text in;
    bool closed;
};

static size_t peer_recv(void *p_, const uint8_t *data, size_t n)
{
    struct peer *p = p_;
    text_put(&p->in, (const char *)data, n);
    return n;
}

static void peer_closed(void *p_, int error)
{
    struct peer *p = p_;
    (void)error;
    p->closed = true;
}

static void say(struct peer *p, const char *s, size_t n)
{
    static const struct stream_cb cb = {.recv = peer_recv, .closed = peer_closed};
    char target[256];
    *p = (struct peer){.closed = false};
    snprintf(target, sizeof target, "unix:%s", path);
    assert_null(stream_connect(loop, target, 0, &cb, p, &p->s));
    (void)stream_send(p->s, s, n);
    for (int i = 0; i < 12; i++) {
        loop_turn(loop, 0);
    }
}

static void hang_up(struct peer *p)
{
    stream_free(p->s);
    text_deinit(&p->in);
    loop_turn(loop, 0);
    loop_turn(loop, 0);
}

static void ask(const char *request, const char *want)
{
    struct peer p;
    say(&p, request, strlen(request));
    assert_string_equal(text_cstr(&p.in), want);
    assert_false(p.closed);
    hang_up(&p);
}

static struct control_request *held;

static void cmd_echo(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct text t = TEXT_INIT;
    (void)aux;
    for (int i = 1; i < argc; i++) {
        text_printf(&t, "<%s>", argv[i]);
    }
    control_reply(rq, text_cstr(&t));
    text_deinit(&t);
}

static void cmd_hold(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    held = rq;
}

static void test_commands(void **state)
{
    (void)state;
    ask("{\"id\":0,\"method\":\"version\",\"params\":[]}",
        "{\"id\":0,\"result\":\"test 1.0\\n\",\"error\":null}");
    /* Two requests back to back: two answers in order. */
    ask("{\"id\":\"x\",\"method\":\"echo\",\"params\":[\"a\",\"b\"]}"
        "{\"id\":2,\"method\":\"echo\",\"params\":[\"c\"]}",
        "{\"id\":\"x\",\"result\":\"<a><b>\\n\",\"error\":null}"
        "{\"id\":2,\"result\":\"<c>\\n\",\"error\":null}");
    ask("{\"id\":0,\"method\":\"nope\",\"params\":[]}",
        "{\"id\":0,\"result\":null,\"error\":\"\\\"nope\\\" is not a valid command (use "
        "\\\"list-commands\\\" to see a list of valid commands)\\n\"}");
    ask("{\"id\":0,\"method\":\"echo\",\"params\":[]}",
        "{\"id\":0,\"result\":null,\"error\":\"\\\"echo\\\" command requires at least 1 "
        "arguments\\n\"}");
    ask("{\"id\":0,\"method\":\"version\",\"params\":[\"x\"]}",
        "{\"id\":0,\"result\":null,\"error\":\"\\\"version\\\" command takes at most 0 "
        "arguments\\n\"}");
    ask("{\"id\":0,\"method\":\"echo\",\"params\":[1]}",
        "{\"id\":0,\"result\":null,\"error\":\"\\\"echo\\\" command has a parameter that is not a "
        "string\\n\"}");
    /* Notifications and replies are passed over. */
    ask("{\"id\":null,\"method\":\"echo\",\"params\":[\"a\"]}{\"id\":3,\"result\":1}", "");
}

static void test_late_answers(void **state)
{
    (void)state;
    struct peer p;
    const char *rq = "{\"id\":0,\"method\":\"hold\",\"params\":[]}"
                     "{\"id\":1,\"method\":\"echo\",\"params\":[\"z\"]}";
    say(&p, rq, strlen(rq));
    assert_non_null(held);
    assert_int_equal(p.in.len, 0); /* The second one waits. */
    control_reply(held, "late");
    for (int i = 0; i < 6; i++) {
        loop_turn(loop, 0);
    }
    assert_string_equal(text_cstr(&p.in), "{\"id\":0,\"result\":\"late\\n\",\"error\":null}"
                                          "{\"id\":1,\"result\":\"<z>\\n\",\"error\":null}");
    hang_up(&p);

    /* The peer does not wait for its answer. */
    say(&p, rq, strlen(rq));
    hang_up(&p);
    control_reply(held, "to nobody");
    loop_turn(loop, 0);
}

/* A reply in 'n' parts of 'len' bytes. */
static struct {
    unsigned n, given, done;
    size_t len;
} parts;

static bool next_part(void *aux, struct text *t)
{
    (void)aux;
    if (parts.len) {
        char *s = xmalloc(parts.len);
        memset(s, 'a' + (int)(parts.given % 26), parts.len);
        text_put(t, s, parts.len);
        free(s);
    } else if (parts.given != 1) { /* One is empty. */
        text_printf(t, "part %u \"x\"\n", parts.given);
    }
    return ++parts.given < parts.n;
}

static void parts_done(void *aux)
{
    (void)aux;
    parts.done++;
}

static void cmd_parts(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    parts.given = parts.done = 0;
    control_reply_parts(rq, next_part, parts_done, NULL);
}

/* A text that no connection takes at once. */
#define LONG_LINES 200000
static void cmd_long(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct text t = TEXT_INIT;

    (void)argc, (void)argv, (void)aux;
    for (unsigned i = 0; i < LONG_LINES; i++) {
        text_printf(&t, "line \u00fc with the number %u\n", i);
    }
    control_reply(rq, text_cstr(&t));
    text_deinit(&t);
}

static void test_long(void **state)
{
    (void)state;
    static const char rq[] = "{\"id\":7,\"method\":\"long\",\"params\":[]}";
    struct peer p;
    char last[64];

    say(&p, rq, strlen(rq));
    json_t *json = NULL;
    for (int i = 0; i < 100000 && !json; i++) {
        loop_turn(loop, 0);
        json =
            p.in.len && p.in.s[p.in.len - 1] == '}' ? json_loadb(p.in.s, p.in.len, 0, NULL) : NULL;
    }
    assert_non_null(json);
    const char *s = json_string_value(json_object_get(json, "result"));
    assert_non_null(s);
    int n = snprintf(last, sizeof last, "line \u00fc with the number %u\n", LONG_LINES - 1);
    assert_string_equal(s + strlen(s) - (size_t)n, last);
    unsigned n_lines = 0;
    for (; *s; s++) {
        n_lines += *s == '\n';
    }
    assert_int_equal(n_lines, LONG_LINES);
    json_decref(json);
    hang_up(&p);
}

#define ASK_PARTS "{\"id\":7,\"method\":\"parts\",\"params\":[]}"

static void test_parts(void **state)
{
    (void)state;
    struct peer p;
    parts.n = 3;
    parts.len = 0;
    ask(ASK_PARTS "{\"id\":2,\"method\":\"echo\",\"params\":[\"c\"]}",
        "{\"id\":7,\"result\":\"part 0 \\\"x\\\"\\npart 2 \\\"x\\\"\\n\",\"error\":null}"
        "{\"id\":2,\"result\":\"<c>\\n\",\"error\":null}");
    assert_int_equal(parts.done, 1);
    char *s;
    parts.given = parts.done = 0;
    assert_true(control_run("parts", 0, NULL, &s));
    assert_string_equal(s, "part 0 \"x\"\npart 2 \"x\"\n");
    free(s);

    /* More than the output may hold: one part a turn, and none while the peer does not read. */
    parts.n = 1000;
    parts.len = 20000;
    say(&p, "", 0);
    (void)stream_send(p.s, ASK_PARTS, strlen(ASK_PARTS));
    loop_turn(loop, 0);
    stream_pause(p.s, true);
    for (unsigned i = 0, before = parts.given; i < 1000; i++, before = parts.given) {
        loop_turn(loop, 0);
        assert_true(parts.given <= before + 1 || !before);
    }
    assert_in_range(parts.given, 1, 60);
    stream_pause(p.s, false);
    for (int i = 0; i < 100000 && !parts.done; i++) {
        loop_turn(loop, 0);
    }
    for (int i = 0; i < 100; i++) {
        loop_turn(loop, 0);
    }
    json_t *json = json_loadb(p.in.s, p.in.len, 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_string_length(json_object_get(json, "result")), 1000u * 20000u);
    json_decref(json);
    assert_int_equal(parts.done, 1);
    hang_up(&p);

    /* The peer goes before the end: what the parts come from is told. */
    say(&p, ASK_PARTS, strlen(ASK_PARTS));
    assert_int_equal(parts.done, 0);
    hang_up(&p);
    for (int i = 0; i < 20; i++) {
        loop_turn(loop, 0);
    }
    assert_int_equal(parts.done, 1);
    assert_true(parts.given < 1000);
}

/* ---- without an end ---- */

static struct {
    struct control_stream *stream;
    const char *say; /* Once. */
    bool end;
    unsigned asked, done;
} flow;

static bool flow_more(void *aux, struct text *t)
{
    (void)aux;
    flow.asked++;
    text_puts(t, flow.say ? flow.say : "");
    flow.say = NULL;
    return !flow.end;
}

static void flow_done(void *aux)
{
    (void)aux;
    flow.done++;
}

static void cmd_flow(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    control_reply_stream(rq, flow_more, flow_done, NULL, &flow.stream);
}

#define ASK_FLOW "{\"id\":7,\"method\":\"flow\",\"params\":[]}"

static void turns(int n)
{
    for (int i = 0; i < n; i++) {
        loop_turn(loop, 0);
    }
}

static void test_stream(void **state)
{
    (void)state;
    struct peer p;
    say(&p, ASK_FLOW, strlen(ASK_FLOW));
    turns(5);
    unsigned asked = flow.asked;
    turns(5);
    assert_int_equal(flow.asked, asked); /* Nobody is asked in vain. */
    assert_string_equal(text_cstr(&p.in), "{\"id\":7,\"result\":\"");
    flow.say = "one\n";
    control_stream_wake(flow.stream);
    turns(5);
    assert_string_equal(text_cstr(&p.in), "{\"id\":7,\"result\":\"one\\n");
    flow.say = "two";
    flow.end = true;
    control_stream_wake(flow.stream);
    turns(5);
    assert_string_equal(text_cstr(&p.in), "{\"id\":7,\"result\":\"one\\ntwo\",\"error\":null}");
    assert_int_equal(flow.done, 1);
    assert_false(p.closed);
    hang_up(&p);

    /* A reader that goes is noticed while nothing is said; one that speaks is closed. */
    flow.end = false;
    say(&p, ASK_FLOW, strlen(ASK_FLOW));
    turns(5);
    assert_int_equal(flow.done, 1);
    hang_up(&p);
    turns(5);
    assert_int_equal(flow.done, 2);
    say(&p, ASK_FLOW "{", strlen(ASK_FLOW "{"));
    turns(5);
    assert_int_equal(flow.done, 3);
    assert_true(p.closed);
    hang_up(&p);
}

static void test_bad_input_closes(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "x",
        "{]",
        "{\"id\":0}",
        "{\"id\":0,\"method\":1,\"params\":[]}",
        "{\"id\":0,\"method\":\"a\",\"params\":{}}",
        "{\"method\":\"a\",\"params\":[]}",
        "[1,2]",
        "{\"id\":0,\"method\":\"\\u0000\",\"params\":[]}",
        "{\"id\":0,\"method\":\"a\xff\",\"params\":[]}",
    };
    struct peer p;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        say(&p, cases[i], strlen(cases[i]));
        assert_true(p.closed);
        hang_up(&p);
    }
    /* Nested deeper than any parser should go; and endless. */
    char *big = xmalloc(3000000);
    memset(big, '[', 3000000);
    big[0] = '{';
    say(&p, big, 3000000);
    for (int i = 0; i < 300 && !p.closed; i++) {
        loop_turn(loop, 0);
    }
    assert_true(p.closed);
    hang_up(&p);
    memset(big, '[', 5000);
    memset(big + 5000, ']', 5000);
    say(&p, big, 10000);
    assert_true(p.closed);
    hang_up(&p);
    free(big);
}

static void test_mutations(void **state)
{
    (void)state;
    const char *rq = "{\"id\":0,\"method\":\"echo\",\"params\":[\"a\"]}";
    size_t n = strlen(rq);
    char copy[64];
    for (size_t i = 0; i < n; i++) {
        struct peer p;
        say(&p, rq, i); /* Truncated. */
        assert_int_equal(p.in.len, 0);
        hang_up(&p);
        memcpy(copy, rq, n);
        copy[i] = (char)(copy[i] ^ (1 + i % 127));
        say(&p, copy, n);
        hang_up(&p);
    }
}

static void usage(void *aux, struct control_usage *u)
{
    control_usage_put(u, aux, 3);
    control_usage_put(u, "rules", 4);
    control_usage_put(u, "zero", 0);
}

static void test_builtin(void **state)
{
    (void)state;
    char *s;
    control_usage_register(usage, (void *)(uintptr_t) "ports");
    control_usage_register(usage, (void *)(uintptr_t) "bridges");
    assert_true(control_run("memory/show", 0, NULL, &s));
    assert_string_equal(s, "bridges:3 ports:3 rules:8\n");
    free(s);
    control_usage_unregister(usage, (void *)(uintptr_t) "ports");
    control_usage_unregister(usage, (void *)(uintptr_t) "bridges");
    assert_true(control_run("list-commands", 0, NULL, &s));
    assert_non_null(strstr(s, "The available commands are:\n  coverage/read-counter   counter\n"));
    free(s);
    const char *bad[] = {"nonsense"};
    assert_false(control_run("vlog/set", 1, bad, &s));
    assert_string_equal(s, "no destination, level, or module \"nonsense\"\n");
    free(s);
    assert_false(control_run("time/warp", 1, bad, &s));
    free(s);
    assert_false(control_run("coverage/read-counter", 1, bad, &s));
    free(s);
}

/* Last: stops the time. */
static void test_warp(void **state)
{
    (void)state;
    ask("{\"id\":0,\"method\":\"time/stop\",\"params\":[]}"
        "{\"id\":1,\"method\":\"time/warp\",\"params\":[\"1000\",\"300\"]}",
        "{\"id\":0,\"result\":\"\",\"error\":null}"
        "{\"id\":1,\"result\":\"warped\\n\",\"error\":null}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),    cmocka_unit_test(test_commands),
        cmocka_unit_test(test_builtin),   cmocka_unit_test(test_late_answers),
        cmocka_unit_test(test_mutations), cmocka_unit_test(test_bad_input_closes),
        cmocka_unit_test(test_parts),     cmocka_unit_test(test_long),
        cmocka_unit_test(test_warp),      cmocka_unit_test(test_stream),
    };
    struct control *control;
    loop = loop_new();
    if (!mkdtemp(dir)) {
        return 1;
    }
    free(log_set("console:off"));
    snprintf(path, sizeof path, "%s/x.ctl", dir);
    control_register("echo", "text...", 1, INT_MAX, cmd_echo, NULL);
    control_register("hold", NULL, 0, 0, cmd_hold, NULL);
    control_register("parts", NULL, 0, 0, cmd_parts, NULL);
    control_register("long", NULL, 0, 0, cmd_long, NULL);
    control_register("flow", NULL, 0, 0, cmd_flow, NULL);
    char *error = control_open(loop, path, "test 1.0", &control);
    assert_null(error);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    control_close(control);
    control_unregister("echo");
    control_unregister("hold");
    control_unregister("parts");
    control_unregister("long");
    loop_free(loop);
    rmdir(dir);
    return rc;
}
