/* test-stream.c - lib/io/stream: pairs, Unix and TCP sockets, bounds, pauses, ends; targets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/io/stream.h"
#include "lib/io/target.h"
#include "lib/mem.h"
#include "lib/text.h"

static struct loop *loop;

/* One end: what it has received, and how it behaves. */
struct end {
    struct stream *s;
    struct text in;
    size_t take; /* Most bytes used in a call; 0 = all. */
    bool connected, closed, drained, again, free_in_recv, free_in_closed;
    int error;
};

static void on_connected(void *e_)
{
    struct end *e = e_;
    e->connected = true;
}

static size_t on_recv(void *e_, const uint8_t *p, size_t n)
{
    struct end *e = e_;
    size_t use = e->take ? MIN(e->take, n) : n;

    text_put(&e->in, (const char *)p, use);
    if (e->again) {
        stream_recv_again(e->s);
    }
    if (e->free_in_recv) {
        stream_free(e->s);
        e->s = NULL;
    }
    return use;
}

static void on_drained(void *e_)
{
    struct end *e = e_;
    e->drained = true;
}

static void on_closed(void *e_, int error)
{
    struct end *e = e_;
    assert_false(e->closed);
    e->closed = true;
    e->error = error;
    if (e->free_in_closed) {
        stream_free(e->s);
        e->s = NULL;
    }
}

static const struct stream_cb cb = {on_connected, on_recv, on_drained, on_closed};

static void turns(int n)
{
    while (n-- > 0) {
        loop_turn(loop, 2);
    }
}

static void pair(struct end *a, struct end *b)
{
    *a = *b = (struct end){.s = NULL};
    stream_pair(loop, &a->s, &b->s);
    stream_set_cb(a->s, &cb, a);
    stream_set_cb(b->s, &cb, b);
}

static void end_free(struct end *e)
{
    stream_free(e->s);
    text_deinit(&e->in);
}

static void test_pair(void **state)
{
    (void)state;
    struct end a, b;
    pair(&a, &b);
    assert_true(stream_send(a.s, "hello, ", 7));
    assert_true(stream_send(a.s, "world", 5));
    assert_true(stream_send(b.s, "hi", 2));
    turns(3);
    assert_string_equal(text_cstr(&b.in), "hello, world");
    assert_string_equal(text_cstr(&a.in), "hi");
    stream_free(a.s);
    a.s = NULL;
    turns(3);
    assert_true(b.closed && b.error == 0);
    assert_false(stream_send(b.s, "x", 1));
    end_free(&a);
    end_free(&b);
}

static void test_slices(void **state)
{
    (void)state;
    struct end a, b;
    pair(&a, &b);
    b.take = 3;
    b.again = true;
    assert_true(stream_send(a.s, "aaabbbccc", 9));
    loop_turn(loop, 2);
    size_t first = b.in.len;
    assert_true(first <= 3);
    stream_free(a.s); /* What was sent before the end still arrives, then the end. */
    a.s = NULL;
    turns(8);
    assert_string_equal(text_cstr(&b.in), "aaabbbccc");
    assert_true(b.closed);
    end_free(&a);
    end_free(&b);
}

static void test_leftover_comes_again(void **state)
{
    (void)state;
    struct end a, b;
    pair(&a, &b);
    b.take = 2;
    assert_true(stream_send(a.s, "xyz", 3));
    turns(3);
    assert_string_equal(text_cstr(&b.in), "xy");
    assert_true(stream_send(a.s, "!", 1));
    turns(3);
    assert_string_equal(text_cstr(&b.in), "xyz!");
    end_free(&a);
    end_free(&b);
}

static size_t use_nothing(void *e_, const uint8_t *p, size_t n)
{
    (void)e_, (void)p, (void)n;
    return 0;
}

static void test_input_bound(void **state)
{
    (void)state;
    static const struct stream_cb nothing = {.recv = use_nothing, .closed = on_closed};
    struct end a, b;
    char block[1000] = {0};
    pair(&a, &b);
    stream_set_cb(b.s, &nothing, &b);
    stream_set_limits(b.s, 1500, 1000, 10);
    assert_true(stream_send(a.s, block, 1000));
    turns(3);
    assert_false(b.closed);
    assert_true(stream_send(a.s, block, 1000));
    turns(4);
    assert_true(b.closed && b.error == EMSGSIZE);
    end_free(&a);
    end_free(&b);
}

static void test_pause_and_output_bound(void **state)
{
    (void)state;
    struct end a, b;
    size_t sent = 0;
    char *block = xzalloc(100000);
    pair(&a, &b);
    stream_set_limits(a.s, 65536, 500000, 100000);
    stream_pause(b.s, true);
    while (stream_send(a.s, block, 100000)) {
        sent += 100000;
        turns(1);
        assert_true(sent < 10000000);
    }
    assert_true(stream_queued(a.s) > 400000 && stream_queued(a.s) <= 500000);
    assert_int_equal(b.in.len, 0);
    assert_false(a.drained);
    stream_pause(b.s, false);
    for (int i = 0; i < 1000 && b.in.len < sent; i++) {
        turns(1);
    }
    assert_int_equal(b.in.len, sent);
    assert_true(a.drained);
    assert_int_equal(stream_queued(a.s), 0);
    free(block);
    end_free(&a);
    end_free(&b);
}

static void test_free_in_callbacks(void **state)
{
    (void)state;
    struct end a, b;
    pair(&a, &b);
    b.free_in_recv = true;
    a.free_in_closed = true;
    assert_true(stream_send(a.s, "x", 1));
    turns(4);
    assert_null(b.s);
    assert_null(a.s);
    assert_true(a.closed);
    end_free(&a);
    end_free(&b);
}

static void test_free_flushed(void **state)
{
    (void)state;
    struct end a, b;
    char *block = xzalloc(1000000);
    pair(&a, &b);
    assert_true(stream_send(a.s, block, 1000000));
    stream_free_flushed(a.s);
    a.s = NULL;
    for (int i = 0; i < 1000 && !b.closed; i++) {
        turns(1);
    }
    assert_int_equal(b.in.len, 1000000);
    free(block);
    end_free(&a);
    end_free(&b);
}

static struct end server_end;

static void accepted(void *aux, struct stream *s)
{
    (void)aux;
    end_free(&server_end); /* One that has come to see whether anybody listens. */
    server_end = (struct end){.s = s};
    stream_set_cb(s, &cb, &server_end);
}

static void talk(const char *target)
{
    struct end e = {.s = NULL};
    assert_null(stream_connect(loop, target, 6653, &cb, &e, &e.s));
    assert_true(stream_send(e.s, "early", 5)); /* Queued until connected. */
    for (int i = 0; i < 200 && server_end.in.len < 5 && !e.closed; i++) {
        turns(1);
    }
    assert_true(e.connected);
    assert_string_equal(text_cstr(&server_end.in), "early");
    end_free(&server_end);
    server_end.s = NULL;
    turns(3);
    assert_true(e.closed && e.error == 0);
    end_free(&e);
}

static void test_tcp(void **state)
{
    (void)state;
    struct listener *l;
    char target[64];
    assert_null(listener_open(loop, "ptcp:0:127.0.0.1", 0, accepted, NULL, &l));
    snprintf(target, sizeof target, "tcp:127.0.0.1:%u", listener_port(l));
    talk(target);
    snprintf(target, sizeof target, "tcp:localhost:%u", listener_port(l)); /* By look-up. */
    talk(target);
    listener_close(l);

    struct end e = {.s = NULL};
    assert_null(stream_connect(loop, target, 0, &cb, &e, &e.s));
    for (int i = 0; i < 200 && !e.closed; i++) {
        turns(1);
    }
    assert_int_equal(e.error, ECONNREFUSED);
    end_free(&e);
}

static void test_unix(void **state)
{
    (void)state;
    char dir[] = "/tmp/test-stream.XXXXXX", target[600], path[512];
    struct listener *l, *other;
    struct stat st;
    assert_non_null(mkdtemp(dir));
    /* The second one is longer than sun_path. */
    for (int i = 0; i < 2; i++) {
        char sub[400];
        snprintf(sub, sizeof sub, "%s/%0*d", dir, i ? 200 : 1, 7);
        assert_int_equal(mkdir(sub, 0700), 0);
        snprintf(path, sizeof path, "%s/sock", sub);
        snprintf(target, sizeof target, "punix:%s", path);
        assert_null(listener_open(loop, target, 0, accepted, NULL, &l));
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        char *error = listener_open(loop, target, 0, accepted, NULL, &other);
        assert_non_null(strstr(error, "Address already in use"));
        free(error);
        talk(target + 1);
        listener_close(l);
        assert_int_equal(rmdir(sub), 0); /* The socket is gone. */
    }
    /* A left-over of a killed process is replaced; a file is not. */
    snprintf(path, sizeof path, "%s/stale", dir);
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(sun.sun_path, sizeof sun.sun_path, "%.100s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
    close(fd);
    snprintf(target, sizeof target, "punix:%.100s", path);
    assert_null(listener_open(loop, target, 0, accepted, NULL, &l));
    listener_close(l);
    fclose(fopen(path, "w"));
    char *error = listener_open(loop, target, 0, accepted, NULL, &l);
    assert_non_null(strstr(error, "File exists"));
    free(error);
    unlink(path);
    rmdir(dir);
}

static void test_failures_come_by_callback(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int error;
    } cases[] = {{"unix:/nonexistent/x", ENOENT}, {"tcp:127.0.0.1:1", ECONNREFUSED}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct end e = {.free_in_closed = true};
        assert_null(stream_connect(loop, cases[i].target, 0, &cb, &e, &e.s));
        assert_false(e.closed);
        turns(5);
        assert_true(e.closed);
        assert_int_equal(e.error, cases[i].error);
    }
    /* Freed before the bad news. */
    struct end e = {.s = NULL};
    assert_null(stream_connect(loop, "unix:/nonexistent/x", 0, &cb, &e, &e.s));
    end_free(&e);
    turns(3);
    assert_false(e.closed);
}

static void test_targets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port; /* -1 = an error. */
    } cases[] = {
        {"tcp:10.0.0.1", "10.0.0.1", 6653},
        {"tcp:10.0.0.1:1", "10.0.0.1", 1},
        {"tcp:[::1]:77", "::1", 77},
        {"tcp:[fe80::1]", "fe80::1", 6653},
        {"ssl:host.example:443", "host.example", 443},
        {"ptcp:", "", 6653},
        {"ptcp:0", "", 0},
        {"ptcp:6634:[::]", "::", 6634},
        {"ptcp::127.0.0.1", "127.0.0.1", 6653},
        {"tcp:", "", -1},
        {"tcp::6653", "", -1},
        {"tcp:a:0", "", -1},
        {"tcp:a:65536", "", -1},
        {"tcp:a:x", "", -1},
        {"tcp:[::1", "", -1},
        {"tcp:[::1]x", "", -1},
        {"ptcp:x", "", -1},
        {"ptcp:123456789", "", -1},
        {"unix:", "", -1},
        {"foo:bar", "", -1},
        {"", "", -1},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct target t;
        char *error = target_parse(cases[i].text, 6653, &t);
        assert_true((error != NULL) == (cases[i].port < 0));
        if (!error) {
            assert_string_equal(t.host, cases[i].host);
            assert_int_equal(t.port, cases[i].port);
        }
        free(error);
    }
    struct stream *s;
    char *error = stream_connect(loop, "ssl:1.2.3.4", 1, &cb, NULL, &s);
    assert_string_equal(error, "ssl:1.2.3.4: TLS is not configured "
                               "(private key, certificate, CA certificate)");
    free(error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_leftover_comes_again),
        cmocka_unit_test(test_input_bound),
        cmocka_unit_test(test_pause_and_output_bound),
        cmocka_unit_test(test_free_in_callbacks),
        cmocka_unit_test(test_free_flushed),
        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_failures_come_by_callback),
        cmocka_unit_test(test_targets),
    };
    loop = loop_new();
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    loop_free(loop);
    return rc;
}
