/* loop.h - the event loop of the control thread: timers, descriptors, deferred calls, signals,
 * and jobs for helper threads.
 *
 * Layer 1, wraps libevent.  One loop per process in the daemon, owned by the control thread; all
 * functions belong to that thread.  Timers run on the env clock (monotonic, warped): while the time
 * is stopped only a warp makes them due.  A turn is: read the clock, due timers, deferred
 * calls, wait, ready descriptors.  No callback may block; what blocks goes to loop_offload().
 *
 * Callbacks may free what they belong to, and anything else of the loop but the loop itself. */
#pragma once

#include "lib/env.h"

struct loop;
struct event;

typedef void loop_cb(void *aux);

struct loop *loop_new(void);
/* Waits two seconds at most for jobs on helper threads, and drops the others. */
void loop_free(struct loop *);
void loop_run(struct loop *); /* Until loop_stop(), which may have come before. */
void loop_stop(struct loop *);
/* One turn; waits for something to do at most 'max_wait_ms' (-1 = no limit) of real time. */
void loop_turn(struct loop *, int64_t max_wait_ms);
/* The clock as of this turn. */
struct env *loop_env(struct loop *);
static inline int64_t loop_now(struct loop *l)
{
    return loop_env(l)->now_ms;
}

/* Called once a turn: just before the loop may sleep, and when it goes on (RCU offline, online). */
void loop_set_wait_hooks(struct loop *, void (*before)(void), void (*after)(void));

/* Timers.  Embedded; cancel before the memory goes.  Times in ms of loop_env()->now_ms. */
struct loop_timer {
    struct loop *loop;
    loop_cb *cb;
    void *aux;
    int64_t at_ms, period_ms; /* period 0 = one shot. */
    uint64_t seq;             /* Order among equal times. */
    size_t pos;               /* Place in the heap + 1; 0 = not pending. */
};
void loop_timer_init(struct loop_timer *, struct loop *, loop_cb *, void *aux);
void loop_timer_at(struct loop_timer *, int64_t at_ms); /* (Re)arms, one shot. */
void loop_timer_after(struct loop_timer *, int64_t ms); /* From now, one shot. */
/* Periodic; a warp over several periods fires once. */
void loop_timer_every(struct loop_timer *, int64_t period_ms);
void loop_timer_cancel(struct loop_timer *); /* Idempotent; fine on a zeroed struct. */
static inline bool loop_timer_pending(const struct loop_timer *t)
{
    return t->pos != 0;
}

/* Descriptors, level triggered. */
#define LOOP_READ  1u
#define LOOP_WRITE 2u
typedef void loop_fd_cb(void *aux, unsigned events);
struct loop_fd {
    struct loop *loop;
    int fd; /* The caller's, who closes it after loop_fd_deinit(). */
    unsigned want;
    loop_fd_cb *cb;
    void *aux;
    struct event *ev;
};
void loop_fd_init(struct loop_fd *, struct loop *, int fd, loop_fd_cb *, void *aux);
void loop_fd_want(struct loop_fd *, unsigned events); /* 0 = nothing for now. */
void loop_fd_deinit(struct loop_fd *);                /* Idempotent; fine on a zeroed struct. */

/* A call in the next turn, before the loop sleeps again.  Embedded. */
struct loop_call {
    struct loop *loop;
    loop_cb *cb;
    void *aux;
    struct loop_call *next, **pprev; /* pprev NULL = not scheduled. */
};
void loop_call_init(struct loop_call *, struct loop *, loop_cb *, void *aux);
void loop_call_schedule(struct loop_call *); /* Idempotent until it runs. */
void loop_call_cancel(struct loop_call *);   /* Idempotent; fine on a zeroed struct. */
static inline bool loop_call_pending(const struct loop_call *c)
{
    return c->pprev != NULL;
}

/* 'cb' on the loop at each delivery of 'signo', until loop_free(). */
void loop_signal(struct loop *, int signo, loop_cb *, void *aux);

/* Runs work(aux) on a helper thread, then done(aux) on the loop.  Jobs run in parallel and in no
 * particular order; a job, once given, cannot be taken back. */
void loop_offload(struct loop *, loop_cb *work, loop_cb *done, void *aux);
