/* worker.c - see worker.h. */
#include "lib/dp/user/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/ct/ct_room.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/thread.h"

LOG_MODULE(dpif_netdev);

#define N_COMMANDS   1024 /* A power of two. */
#define N_EVENTS     32
#define RX_ROUNDS    8  /* Batches from one port before the others have their turn. */
#define SMALL_BUFS   64 /* A batch and its copies; more are made when they are needed. */
#define SMALL_MAX    16384
#define BIG_BUFS     0
#define BIG_MAX      256
#define NOTIFY_AFTER 512  /* Credits of verdicts that were not installed. */
#define QUIESCE_MAX  1024 /* Batches: a flood must not hold worker_quiesce() for ever. */
#define NICE         (-10) /* Packets wait in rings of milliseconds, flow-mods do not: they go first. */

enum command_kind { CMD_ADD_PORT, CMD_DEL_PORT, CMD_EXECUTE, CMD_QUIESCE, CMD_PAUSE, CMD_STOP };

/* On the heap; the worker frees it. */
struct command {
    enum command_kind kind;
    struct port *port;
    struct packet *packet;
    size_t len;
    uint64_t actions[];
};

/* Ports. */

static void flush(struct worker *w)
{
    for (unsigned i = 0; i < w->n_dirty; i++) {
        port_flush(w->dirty[i], w->id);
    }
    w->n_dirty = 0;
}

static void output(void *aux, struct packet *pkt, uint32_t port_no)
{
    struct worker *w = aux;
    struct port *port = port_no < WORKER_MAX_PORTS
                            ? __atomic_load_n(&w->ports->by_no[port_no], __ATOMIC_ACQUIRE)
                            : NULL;

    if (!port) {
        counter_inc(COUNTER_drop_no_port);
        packet_free(pkt);
        return;
    }
    if (port_queue(port, w->id, pkt, w->pools.small)) {
        w->dirty[w->n_dirty++] = port;
        if (w->n_dirty == WORKER_MAX_DIRTY) {
            flush(w);
        }
    }
}

static void forget_port(struct worker *w, struct port *p)
{
    if (p->rx_fd >= 0) {
        epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, p->rx_fd, NULL);
    }
}

static void poll_port(struct worker *w, struct port *p)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

    if (p->rx_fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, p->rx_fd, &ev)) {
        log_err("%s: cannot poll: %s", p->name, strerror(errno));
    }
}

static void notify_control(struct worker *w)
{
    uint64_t one = 1;
    ssize_t unused UNUSED = write(w->notify_fd, &one, sizeof one);
}

/* Returns how many frames there were. */
static unsigned receive(struct worker *w, struct port *p)
{
    struct packet *batch[PASS_BATCH];
    unsigned total = 0;

    for (int round = 0; round < RX_ROUNDS; round++) {
        int n = p->class->rx(p, &w->pools, batch, PASS_BATCH);
        if (n < 0) {
            forget_port(w, p);
        }
        if (n <= 0) {
            break;
        }
        for (int i = 0; i < n; i++) {
            batch[i]->in_port = p->no;
        }
        pass_run(&w->pass, batch, (unsigned)n, w->env.now_ms);
        flush(w);
        total += (unsigned)n;
        if (n < PASS_BATCH) {
            break;
        }
    }
    if (total && ct_room_wanted(w->pass.env.ct)) {
        notify_control(w);
    }
    return total;
}

/* One turn over the ports that are ready.  Returns how many frames there were. */
static unsigned poll_ports(struct worker *w, bool may_sleep)
{
    struct epoll_event ev[N_EVENTS];
    unsigned total = 0;

    if (may_sleep) {
        rcu_thread_offline();
    }
    int n = epoll_wait(w->epoll_fd, ev, N_EVENTS, may_sleep ? -1 : 0);
    if (may_sleep) {
        rcu_thread_online();
        /* Whoever asked before this turn, and has waited for a grace period, may count on it. */
        cache_run_inbox(&w->pass.cache);
    }
    env_refresh(&w->env);
    for (int i = 0; i < n; i++) {
        if (ev[i].data.ptr) {
            total += receive(w, ev[i].data.ptr);
        } else {
            uint64_t x;
            ssize_t unused UNUSED = read(w->event_fd, &x, sizeof x);
        }
    }
    return total;
}

/* Commands. */

/* Between two batches: nothing is queued anywhere. */
static void pause_worker(struct worker *w)
{
    if (w->threaded) {
        rcu_thread_offline();
        sem_post(&w->done);
        while (sem_wait(&w->resume)) {
            /* A signal. */
        }
        rcu_thread_online();
    }
}

static void run_command(struct worker *w, struct command *c)
{
    bool answer = true;

    switch (c->kind) {
    case CMD_ADD_PORT:
        poll_port(w, c->port);
        answer = false; /* Nobody waits: it is in order with all that concerns the port. */
        break;
    case CMD_DEL_PORT:
        forget_port(w, c->port);
        break;
    case CMD_EXECUTE:
        pass_execute(&w->pass, c->packet, c->actions, c->len, w->env.now_ms);
        flush(w);
        answer = false;
        break;
    case CMD_QUIESCE:
        for (int i = 0; w->threaded && i < QUIESCE_MAX && poll_ports(w, false); i++) {
            cache_run_inbox(&w->pass.cache);
        }
        cache_run_inbox(&w->pass.cache); /* Before the answer. */
        break;
    case CMD_PAUSE:
        answer = false; /* By pause() itself. */
        pause_worker(w);
        break;
    case CMD_STOP:
        w->ended = true;
        break;
    }
    free(c);
    if (answer && w->threaded) {
        sem_post(&w->done);
    }
}

static void run_commands(struct worker *w)
{
    struct command *c;

    while ((c = ring_pop(&w->commands))) {
        run_command(w, c);
    }
    cache_run_inbox(&w->pass.cache);
    if (w->pass.cache.n_once - w->n_notified >= NOTIFY_AFTER) {
        w->n_notified = w->pass.cache.n_once;
        notify_control(w);
    }
}

static void *worker_main(void *aux)
{
    struct worker *w = aux;

    thread_set_nice(NICE);
    thread_drop_capabilities("worker"); /* Sockets are opened by the control thread. */
    rcu_register_thread();
    while (!w->ended) {
        poll_ports(w, true);
        run_commands(w);
    }
    cache_remove_all(&w->pass.cache);
    rcu_unregister_thread();
    return NULL;
}

void worker_wake(struct worker *w)
{
    if (w->threaded) {
        uint64_t one = 1;
        ssize_t unused UNUSED = write(w->event_fd, &one, sizeof one);
    } else {
        run_commands(w);
    }
}

/* Control thread: hands a command over; the ring is emptied quickly, so it may wait. */
static void command(struct worker *w, enum command_kind kind, struct port *port)
{
    struct command *c = xzalloc(sizeof *c);

    *c = (struct command){.kind = kind, .port = port};
    if (!w->threaded) {
        run_command(w, c);
        return;
    }
    while (!ring_push(&w->commands, c)) {
        worker_wake(w);
        usleep(100);
    }
    worker_wake(w);
    if (kind == CMD_ADD_PORT) {
        return;
    }
    rcu_thread_offline();
    while (sem_wait(&w->done)) {
        /* A signal. */
    }
    rcu_thread_online();
}

void worker_add_port(struct worker *w, struct port *p)
{
    command(w, CMD_ADD_PORT, p);
}

void worker_del_port(struct worker *w, struct port *p)
{
    command(w, CMD_DEL_PORT, p);
}

void worker_quiesce(struct worker *w)
{
    command(w, CMD_QUIESCE, NULL);
}

void worker_pause(struct worker *w)
{
    command(w, CMD_PAUSE, NULL);
}

void worker_resume(struct worker *w)
{
    if (w->threaded) {
        sem_post(&w->resume);
    }
}

void worker_execute(struct worker *w, struct packet *pkt, const void *actions, size_t len)
{
    struct command *c = xmalloc(sizeof *c + len);

    *c = (struct command){.kind = CMD_EXECUTE, .packet = pkt, .len = len};
    if (len) {
        memcpy(c->actions, actions, len);
    }
    if (!w->threaded) {
        env_refresh(&w->env);
        run_command(w, c);
    } else if (ring_push(&w->commands, c)) {
        worker_wake(w);
    } else {
        counter_inc(COUNTER_drop_upcall_full);
        packet_free(pkt);
        free(c);
    }
}

void worker_receive(struct worker *w, struct packet *pkt)
{
    env_refresh(&w->env);
    pass_run(&w->pass, &pkt, 1, w->env.now_ms);
    flush(w);
    run_commands(w);
}

/* Start and end. */

static char *start_thread(struct worker *w)
{
    sigset_t all, old;
    char name[16];

    struct epoll_event ev = {.events = EPOLLIN};
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->epoll_fd < 0 || w->event_fd < 0 ||
        epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->event_fd, &ev)) {
        return xasprintf("could not start a worker (%s)", strerror(errno));
    }
    /* Signals are the control thread's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    w->threaded = true;
    int error = pthread_create(&w->thread, NULL, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        w->threaded = false;
        return xasprintf("could not start a worker (%s)", strerror(error));
    }
    snprintf(name, sizeof name, "worker%u", w->id);
    pthread_setname_np(w->thread, name);
    return NULL;
}

char *worker_start(struct worker *w, unsigned id, bool threaded, const struct dp_handler *handler,
                   struct ct *ct, struct meters *meters, struct worker_ports *ports, int notify_fd)
{
    uint64_t seed;

    memset(w, 0, sizeof *w);
    w->id = id;
    w->ports = ports;
    w->notify_fd = notify_fd;
    w->epoll_fd = w->event_fd = -1;
    env_init(&w->env);
    env_random_bytes(&seed, sizeof seed);
    sem_init(&w->done, 0, 0);
    sem_init(&w->resume, 0, 0);
    ring_init(&w->commands, N_COMMANDS);
    w->pools.small = packet_pool_new(PORT_SMALL_BUF, threaded ? SMALL_BUFS : 0, SMALL_MAX);
    w->pools.big = packet_pool_new(PORT_BIG_BUF, BIG_BUFS, BIG_MAX);
    char *error = NULL;
    if (!pass_init(&w->pass, handler, ct, seed, w->pools.small, output, w)) {
        error = xasprintf("could not start a worker (%s)", strerror(ENOMEM));
    } else {
        w->pass.env.meters = meters;
        error = threaded ? start_thread(w) : NULL;
    }
    if (error) {
        worker_deinit(w);
    }
    return error;
}

void worker_stop(struct worker *w)
{
    if (w->threaded) {
        command(w, CMD_STOP, NULL);
        pthread_join(w->thread, NULL);
        w->threaded = false;
    } else {
        cache_remove_all(&w->pass.cache);
    }
}

void worker_deinit(struct worker *w)
{
    struct command *c;

    while ((c = ring_pop(&w->commands))) {
        packet_free(c->packet);
        free(c);
    }
    pass_deinit(&w->pass);
    packet_pool_free(w->pools.small);
    packet_pool_free(w->pools.big);
    ring_deinit(&w->commands);
    sem_destroy(&w->done);
    sem_destroy(&w->resume);
    if (w->epoll_fd >= 0) {
        close(w->epoll_fd);
    }
    if (w->event_fd >= 0) {
        close(w->event_fd);
    }
}
