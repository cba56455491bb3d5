/* test-loop.c - lib/io/loop: order of timers, warped time, calls, descriptors, helper threads. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/io/loop.h"
#include "lib/text.h"

static struct text history;

struct item {
    struct loop *loop;
    struct loop_timer timer;
    struct loop_call call;
    char c;
};

static void note(void *item_)
{
    struct item *item = item_;
    text_putc(&history, item->c);
}

static void expect(const char *want)
{
    assert_string_equal(text_cstr(&history), want);
    text_clear(&history);
}

static void test_timer_order(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item items[100];
    int64_t now = loop_now(l);

    /* Armed in a scrambled order, some cancelled; equal times keep the order of arming. */
    for (int i = 0; i < 100; i++) {
        items[i] = (struct item){.c = (char)('!' + i % 90)};
        loop_timer_init(&items[i].timer, l, note, &items[i]);
    }
    for (int i = 0; i < 100; i++) {
        loop_timer_at(&items[i * 37 % 100].timer, now - 1000 + (i * 37 % 100) / 2 * 2);
    }
    for (int i = 0; i < 100; i += 3) {
        loop_timer_cancel(&items[i].timer);
        loop_timer_cancel(&items[i].timer);
    }
    loop_turn(l, 0);
    assert_int_equal(history.len, 66);
    int last = -1;
    for (size_t i = 0; i < 59; i++) { /* Characters are unique up to item 89. */
        int idx = history.s[i] - '!';
        assert_true(idx / 2 >= last / 2);
        assert_true(idx % 3 != 0);
        last = idx;
    }
    text_clear(&history);
    loop_free(l);
}

static void rearm(void *item_)
{
    struct item *item = item_;
    note(item);
    loop_timer_after(&item->timer, -5); /* Due already: next turn, not this one. */
}

static void test_timer_rearm(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item a = {.c = 'a'};
    loop_timer_init(&a.timer, l, rearm, &a);
    loop_timer_after(&a.timer, 0);
    loop_turn(l, 0);
    expect("a");
    loop_turn(l, 0);
    expect("a");
    loop_timer_cancel(&a.timer);
    loop_turn(l, 0);
    expect("");
    loop_free(l);
}

static void again(void *item_)
{
    struct item *item = item_;
    note(item);
    loop_call_schedule(&item->call);
}

static void test_calls(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item a = {.c = 'a'}, b = {.c = 'b'}, c = {.c = 'c'};
    loop_call_init(&a.call, l, note, &a);
    loop_call_init(&b.call, l, again, &b);
    loop_call_init(&c.call, l, note, &c);
    loop_call_schedule(&c.call);
    loop_call_schedule(&b.call);
    loop_call_schedule(&a.call);
    loop_call_schedule(&a.call);
    loop_call_cancel(&c.call);
    loop_turn(l, 1000);
    expect("ba");
    loop_turn(l, 1000); /* Does not sleep: b is scheduled. */
    expect("b");
    loop_call_cancel(&b.call);
    loop_turn(l, 0);
    expect("");
    loop_free(l);
}

struct pipe_test {
    int fds[2];
    struct loop_fd rd;
    unsigned n;
};

static void readable(void *p_, unsigned events)
{
    struct pipe_test *p = p_;
    char c;
    assert_int_equal(events, LOOP_READ);
    assert_int_equal(read(p->fds[0], &c, 1), 1);
    if (++p->n == 2) {
        loop_fd_deinit(&p->rd); /* From its own callback. */
    }
}

static void test_fd(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct pipe_test p = {.n = 0};
    assert_int_equal(pipe(p.fds), 0);
    loop_fd_init(&p.rd, l, p.fds[0], readable, &p);
    assert_int_equal(write(p.fds[1], "xyz", 3), 3);
    loop_turn(l, 0);
    assert_int_equal(p.n, 0); /* Nothing wanted yet. */
    loop_fd_want(&p.rd, LOOP_READ);
    loop_turn(l, 1000);
    loop_turn(l, 1000);
    assert_int_equal(p.n, 2);
    loop_turn(l, 0);
    assert_int_equal(p.n, 2);
    loop_fd_deinit(&p.rd);
    close(p.fds[0]);
    close(p.fds[1]);
    loop_free(l);
}

struct job {
    struct loop *loop;
    int input, output;
    int *n_done;
};

static void job_work(void *job_)
{
    struct job *job = job_;
    job->output = job->input * 2;
}

static void job_done(void *job_)
{
    struct job *job = job_;
    assert_int_equal(job->output, job->input * 2);
    ++*job->n_done;
}

static void test_offload(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct job jobs[50];
    int n_done = 0;
    for (int i = 0; i < 50; i++) {
        jobs[i] = (struct job){.loop = l, .input = i, .n_done = &n_done};
        loop_offload(l, job_work, job_done, &jobs[i]);
    }
    assert_int_equal(n_done, 0);
    while (n_done < 40) {
        loop_turn(l, 1000);
    }
    loop_free(l); /* The others are done here. */
    assert_int_equal(n_done, 50);
}

static void test_signal(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item a = {.c = 's'};
    loop_signal(l, SIGUSR1, note, &a);
    raise(SIGUSR1);
    loop_turn(l, 1000);
    expect("s");
    loop_free(l);
}

/* Last: the time of the process stands still from here on. */
static void test_warp(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item a = {.c = 'a'}, p = {.c = 'p'};
    env_time_stop();
    loop_turn(l, 0);
    int64_t start = loop_now(l);
    loop_timer_init(&a.timer, l, note, &a);
    loop_timer_init(&p.timer, l, note, &p);
    loop_timer_after(&a.timer, 3600000);
    loop_timer_every(&p.timer, 1000);
    usleep(5000);
    loop_turn(l, 0);
    expect("");
    assert_int_equal(loop_now(l), start);
    env_time_warp(1000);
    loop_turn(l, 0);
    expect("p");
    assert_int_equal(loop_now(l), start + 1000);
    env_time_warp(500);
    loop_turn(l, 0);
    expect("");
    env_time_warp(3600000 - 1500); /* Over many periods: one call. */
    loop_turn(l, 0);
    expect("pa");
    assert_int_equal(p.timer.at_ms, start + 3601000);
    assert_false(loop_timer_pending(&a.timer));
    loop_timer_cancel(&p.timer);
    loop_free(l);
}

static unsigned n_before, n_after;

static void count_before(void)
{
    assert_int_equal(n_before++, n_after);
}

static void count_after(void)
{
    assert_int_equal(++n_after, n_before);
}

static void call_again(void *item_)
{
    struct item *item = item_;
    loop_call_schedule(&item->call);
}

/* A loop that is busy in each turn still says that it holds nothing of RCU. */
static void test_hooks(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item a = {.loop = l};

    loop_set_wait_hooks(l, count_before, count_after);
    loop_call_init(&a.call, l, call_again, &a);
    loop_call_schedule(&a.call);
    for (unsigned i = 1; i <= 5; i++) {
        loop_turn(l, -1);
        assert_int_equal(n_after, i);
    }
    loop_call_cancel(&a.call);
    loop_free(l);
}

/* A signal may arrive before the loop runs. */
static void test_stop(void **state)
{
    (void)state;
    struct loop *l = loop_new();
    struct item a = {.loop = l, .c = 'a'};

    loop_stop(l);
    loop_timer_init(&a.timer, l, note, &a);
    loop_timer_after(&a.timer, 0);
    alarm(10);
    loop_run(l);
    alarm(0);
    expect("");
    loop_turn(l, 0); /* It can go on. */
    expect("a");
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_order), cmocka_unit_test(test_timer_rearm),
        cmocka_unit_test(test_calls),       cmocka_unit_test(test_fd),
        cmocka_unit_test(test_offload),     cmocka_unit_test(test_signal),
        cmocka_unit_test(test_warp),        cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_stop),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    text_deinit(&history);
    return rc;
}
