/* offload.c - see offload.h. */
#include "lib/io/offload.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/thread.h"

LOG_MODULE(offload);

#define MAX_THREADS 4

struct job {
    loop_cb *work, *done;
    void *aux;
    struct job *next;
};

struct offload {
    pthread_mutex_t mutex;
    pthread_cond_t more; /* A job to do, or the end. */
    pthread_cond_t less; /* A thread has ended. */
    struct job *todo, **todo_tail;
    struct job *finished, **finished_tail;
    int event_fd;
    unsigned n_threads, n_idle, n_todo;
    bool closing, abandoned;
};

struct offload *offload_new(void)
{
    struct offload *o = xzalloc(sizeof *o);
    pthread_condattr_t attr;

    pthread_mutex_init(&o->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&o->more, &attr);
    pthread_cond_init(&o->less, &attr);
    pthread_condattr_destroy(&attr);
    o->todo_tail = &o->todo;
    o->finished_tail = &o->finished;
    o->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return o;
}

static void destroy(struct offload *o)
{
    close(o->event_fd);
    pthread_mutex_destroy(&o->mutex);
    pthread_cond_destroy(&o->more);
    pthread_cond_destroy(&o->less);
    free(o);
}

static void *thread_main(void *o_)
{
    struct offload *o = o_;

    pthread_setname_np(pthread_self(), "helper");
    if (geteuid()) {
        /* Of another user (--user) it has only what the network needs; root's may be needed for
         * files that are not root's. */
        thread_drop_capabilities("helper");
    }
    pthread_mutex_lock(&o->mutex);
    while (o->todo || !o->closing) {
        struct job *job = o->todo;
        if (!job) {
            o->n_idle++;
            pthread_cond_wait(&o->more, &o->mutex);
            o->n_idle--;
            continue;
        }
        o->todo = job->next;
        o->n_todo--;
        if (!o->todo) {
            o->todo_tail = &o->todo;
        }
        pthread_mutex_unlock(&o->mutex);
        job->work(job->aux);
        pthread_mutex_lock(&o->mutex);
        job->next = NULL;
        *o->finished_tail = job;
        o->finished_tail = &job->next;
        (void)eventfd_write(o->event_fd, 1);
    }
    o->n_threads--;
    bool last = o->abandoned && !o->n_threads;
    pthread_cond_signal(&o->less);
    pthread_mutex_unlock(&o->mutex);
    if (last) {
        /* Nobody waits any more: the results have no taker, the process is about to end. */
        destroy(o);
    }
    return NULL;
}

static bool start_thread(struct offload *o)
{
    sigset_t all, old;
    pthread_attr_t attr;
    pthread_t thread;

    /* Signals are the control thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int error = pthread_create(&thread, &attr, thread_main, o);
    pthread_attr_destroy(&attr);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        log_err_rl("cannot start a helper thread (%s)", strerror(error));
        return false;
    }
    o->n_threads++;
    return true;
}

void offload_add(struct offload *o, loop_cb *work, loop_cb *done, void *aux)
{
    struct job *job = xmalloc(sizeof *job);

    *job = (struct job){.work = work, .done = done, .aux = aux};
    pthread_mutex_lock(&o->mutex);
    if (o->n_idle <= o->n_todo && o->n_threads < MAX_THREADS && !start_thread(o) && !o->n_threads) {
        /* No thread at all: better slow than never. */
        pthread_mutex_unlock(&o->mutex);
        work(aux);
        pthread_mutex_lock(&o->mutex);
        *o->finished_tail = job;
        o->finished_tail = &job->next;
        (void)eventfd_write(o->event_fd, 1);
    } else {
        *o->todo_tail = job;
        o->todo_tail = &job->next;
        o->n_todo++;
        pthread_cond_signal(&o->more);
    }
    pthread_mutex_unlock(&o->mutex);
}

int offload_fd(const struct offload *o)
{
    return o->event_fd;
}

void offload_run_done(struct offload *o)
{
    eventfd_t ignored;

    (void)eventfd_read(o->event_fd, &ignored);
    pthread_mutex_lock(&o->mutex);
    struct job *list = o->finished;
    o->finished = NULL;
    o->finished_tail = &o->finished;
    pthread_mutex_unlock(&o->mutex);
    while (list) {
        struct job *job = list;
        list = job->next;
        if (job->done) {
            job->done(job->aux);
        }
        free(job);
    }
}

void offload_free(struct offload *o)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 2;
    pthread_mutex_lock(&o->mutex);
    o->closing = true;
    pthread_cond_broadcast(&o->more);
    while (o->n_threads && pthread_cond_timedwait(&o->less, &o->mutex, &until) != ETIMEDOUT) {
    }
    o->abandoned = true;
    bool idle = !o->n_threads;
    pthread_mutex_unlock(&o->mutex);
    offload_run_done(o);
    if (idle) {
        destroy(o);
    }
}
