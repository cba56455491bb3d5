/* loop.c - see loop.h.  libevent waits for descriptors and signals; timers are a heap of our own,
 * because libevent's run on a clock that cannot be stopped and warped. */
#include "lib/io/loop.h"

#include <event2/event.h>
#include <stdlib.h>

#include "lib/io/offload.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(loop);

struct signal_entry {
    struct loop *loop;
    loop_cb *cb;
    void *aux;
    struct event *ev;
    struct signal_entry *next;
};

struct loop {
    struct event_base *base;
    struct event *wakeup; /* libevent timer for the next one of ours. */
    struct env env;
    bool awake; /* False from the moment we may sleep until the first callback. */
    bool stop;
    void (*before_wait)(void);
    void (*after_wait)(void);
    struct loop_timer **heap; /* Min-heap on (at_ms, seq). */
    size_t n_timers, cap_timers;
    uint64_t seq;
    struct loop_call *calls, **calls_tail;
    struct signal_entry *signals;
    struct offload *offload; /* NULL until the first job. */
    struct loop_fd offload_fd;
};

/* What is first to run after a wait says that the turn has begun. */
static void wake(struct loop *l)
{
    if (!l->awake) {
        l->awake = true;
        if (l->after_wait) {
            l->after_wait();
        }
        env_refresh(&l->env);
    }
}

static void wakeup_cb(evutil_socket_t fd, short events, void *l)
{
    (void)fd, (void)events;
    wake(l);
}

struct loop *loop_new(void)
{
    struct loop *l = xzalloc(sizeof *l);
    struct event_config *config = event_config_new();

    /* Helper threads do not touch the base: no locks. */
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
    l->base = event_base_new_with_config(config);
    event_config_free(config);
    l->wakeup = evtimer_new(l->base, wakeup_cb, l);
    l->calls_tail = &l->calls;
    l->awake = true;
    env_init(&l->env);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l) {
        return;
    }
    if (l->offload) {
        offload_free(l->offload);
        loop_fd_deinit(&l->offload_fd);
    }
    while (l->signals) {
        struct signal_entry *s = l->signals;
        l->signals = s->next;
        event_free(s->ev);
        free(s);
    }
    event_free(l->wakeup);
    event_base_free(l->base);
    free(l->heap);
    free(l);
}

struct env *loop_env(struct loop *l)
{
    return &l->env;
}

void loop_set_wait_hooks(struct loop *l, void (*before)(void), void (*after)(void))
{
    l->before_wait = before;
    l->after_wait = after;
}

/* Heap of timers. */

static bool before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->seq < b->seq;
}

static void put(struct loop *l, size_t i, struct loop_timer *t)
{
    l->heap[i] = t;
    t->pos = i + 1;
}

static void sift(struct loop *l, size_t i)
{
    struct loop_timer *t = l->heap[i];

    while (i && before(t, l->heap[(i - 1) / 2])) {
        put(l, i, l->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < l->n_timers && before(l->heap[child + 1], l->heap[child])) {
            child++;
        }
        if (child >= l->n_timers || !before(l->heap[child], t)) {
            break;
        }
        put(l, i, l->heap[child]);
        i = child;
    }
    put(l, i, t);
}

void loop_timer_init(struct loop_timer *t, struct loop *l, loop_cb *cb, void *aux)
{
    *t = (struct loop_timer){.loop = l, .cb = cb, .aux = aux};
}

static void arm(struct loop_timer *t, int64_t at_ms)
{
    struct loop *l = t->loop;

    t->at_ms = at_ms;
    t->seq = l->seq++;
    if (!t->pos) {
        if (l->n_timers == l->cap_timers) {
            l->cap_timers = l->cap_timers ? 2 * l->cap_timers : 16;
            l->heap = xrealloc(l->heap, l->cap_timers * sizeof *l->heap);
        }
        put(l, l->n_timers++, t);
    }
    sift(l, t->pos - 1);
}

void loop_timer_at(struct loop_timer *t, int64_t at_ms)
{
    t->period_ms = 0;
    arm(t, at_ms);
}

void loop_timer_after(struct loop_timer *t, int64_t ms)
{
    loop_timer_at(t, t->loop->env.now_ms + ms);
}

void loop_timer_every(struct loop_timer *t, int64_t period_ms)
{
    t->period_ms = MAX(period_ms, 1);
    arm(t, t->loop->env.now_ms + t->period_ms);
}

void loop_timer_cancel(struct loop_timer *t)
{
    if (t->pos) {
        struct loop *l = t->loop;
        size_t i = t->pos - 1;
        struct loop_timer *last = l->heap[--l->n_timers];
        t->pos = 0;
        if (last != t) {
            put(l, i, last);
            sift(l, i);
        }
    }
}

/* Timers armed by these callbacks wait for the next turn, even if they are due already. */
static void run_timers(struct loop *l)
{
    int64_t now = l->env.now_ms;
    uint64_t limit = l->seq;

    while (l->n_timers && l->heap[0]->at_ms <= now && l->heap[0]->seq < limit) {
        struct loop_timer *t = l->heap[0];
        if (t->period_ms) {
            int64_t next = t->at_ms + t->period_ms;
            arm(t, next > now ? next : now + t->period_ms);
        } else {
            loop_timer_cancel(t);
        }
        t->cb(t->aux);
    }
}

/* Deferred calls. */

void loop_call_init(struct loop_call *c, struct loop *l, loop_cb *cb, void *aux)
{
    *c = (struct loop_call){.loop = l, .cb = cb, .aux = aux};
}

void loop_call_schedule(struct loop_call *c)
{
    struct loop *l = c->loop;

    if (!c->pprev) {
        c->next = NULL;
        c->pprev = l->calls_tail;
        *c->pprev = c;
        l->calls_tail = &c->next;
    }
}

void loop_call_cancel(struct loop_call *c)
{
    if (c->pprev) {
        *c->pprev = c->next;
        if (c->next) {
            c->next->pprev = c->pprev;
        } else {
            c->loop->calls_tail = c->pprev;
        }
        c->pprev = NULL;
    }
}

static void run_calls(struct loop *l)
{
    /* A mark ends this round: what the calls schedule themselves is for the next turn. */
    struct loop_call mark;

    if (!l->calls) {
        return;
    }
    loop_call_init(&mark, l, NULL, NULL);
    loop_call_schedule(&mark);
    while (l->calls != &mark) {
        struct loop_call *c = l->calls;
        loop_call_cancel(c);
        c->cb(c->aux);
    }
    loop_call_cancel(&mark);
}

/* Descriptors and signals. */

static void fd_ready(evutil_socket_t fd, short events, void *f_)
{
    struct loop_fd *f = f_;

    (void)fd;
    wake(f->loop);
    f->cb(f->aux, (events & EV_READ ? LOOP_READ : 0) | (events & EV_WRITE ? LOOP_WRITE : 0));
}

void loop_fd_init(struct loop_fd *f, struct loop *l, int fd, loop_fd_cb *cb, void *aux)
{
    *f = (struct loop_fd){.loop = l, .fd = fd, .cb = cb, .aux = aux};
    f->ev = event_new(l->base, fd, EV_PERSIST, fd_ready, f);
}

void loop_fd_want(struct loop_fd *f, unsigned want)
{
    if (want == f->want) {
        return;
    }
    f->want = want;
    event_del(f->ev);
    if (want) {
        short ev = (short)(EV_PERSIST | (want & LOOP_READ ? EV_READ : 0) |
                           (want & LOOP_WRITE ? EV_WRITE : 0));
        event_assign(f->ev, f->loop->base, f->fd, ev, fd_ready, f);
        if (event_add(f->ev, NULL)) {
            log_err("cannot watch descriptor %d", f->fd);
        }
    }
}

void loop_fd_deinit(struct loop_fd *f)
{
    if (f->ev) {
        event_free(f->ev);
        f->ev = NULL;
        f->want = 0;
    }
}

static void signal_arrived(evutil_socket_t signo, short events, void *s_)
{
    struct signal_entry *s = s_;

    (void)signo, (void)events;
    wake(s->loop);
    s->cb(s->aux);
}

void loop_signal(struct loop *l, int signo, loop_cb *cb, void *aux)
{
    struct signal_entry *s = xmalloc(sizeof *s);

    *s = (struct signal_entry){.loop = l, .cb = cb, .aux = aux, .next = l->signals};
    l->signals = s;
    s->ev = evsignal_new(l->base, signo, signal_arrived, s);
    evsignal_add(s->ev, NULL);
}

/* Helper threads. */

static void offload_ready(void *l_, unsigned events)
{
    struct loop *l = l_;

    (void)events;
    offload_run_done(l->offload);
}

void loop_offload(struct loop *l, loop_cb *work, loop_cb *done, void *aux)
{
    if (!l->offload) {
        l->offload = offload_new();
        loop_fd_init(&l->offload_fd, l, offload_fd(l->offload), offload_ready, l);
        loop_fd_want(&l->offload_fd, LOOP_READ);
    }
    offload_add(l->offload, work, done, aux);
}

/* Running. */

/* Microseconds that the loop may sleep; -1 = no limit. */
static int64_t may_sleep_us(const struct loop *l, int64_t max_wait_ms)
{
    int64_t us = max_wait_ms < 0 ? -1 : max_wait_ms * 1000;

    if (l->calls || l->stop) {
        return 0;
    }
    if (l->n_timers) {
        int64_t left = l->heap[0]->at_ms * 1000 - l->env.now_us;
        if (left <= 0) {
            return 0;
        }
        if (!env_time_stopped()) {
            us = us < 0 ? left : MIN(us, left);
        }
    }
    return us;
}

void loop_turn(struct loop *l, int64_t max_wait_ms)
{
    env_refresh(&l->env);
    run_timers(l);
    run_calls(l);
    env_refresh(&l->env);

    int64_t us = may_sleep_us(l, max_wait_ms);
    if (us > 0) {
        struct timeval tv = {.tv_sec = us / 1000000, .tv_usec = us % 1000000};
        evtimer_add(l->wakeup, &tv);
    }
    /* Also when there is no time to sleep: whoever waits for this thread (a grace period) gets on
     * even while peers keep every turn busy. */
    l->awake = false;
    if (l->before_wait) {
        l->before_wait();
    }
    event_base_loop(l->base, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY | (us ? 0 : EVLOOP_NONBLOCK));
    wake(l);
    if (us > 0) {
        evtimer_del(l->wakeup);
    }
}

void loop_run(struct loop *l)
{
    while (!l->stop) {
        loop_turn(l, -1);
    }
    l->stop = false;
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}
