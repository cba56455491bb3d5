/* worker.h - a worker: receives from its ports, runs the passes, sends.
 *
 * Layer 3.  One thread each, started and ended by the control thread; in the dummy datapath one
 * worker without a thread, which the control thread runs itself, so that tests are exact.
 *
 * Invariants:
 * - A worker alone uses its pass, pools and epoll set once it has started.  The control thread asks
 *   by commands (a ring and an eventfd) and by the cache's inbox.
 * - It is a liburcu QSBR reader; a turn of its loop is the read section, and it is offline while it
 *   sleeps.
 * - What is in the inbox when a grace period begins is done when it ends, or before the worker
 *   looks at another packet.
 * - It never waits for the control thread, and its thread has no capabilities.
 *
 * Not here: what a packet meets (pass.h), devices (port/). */
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include "lib/dp/port/port.h"
#include "lib/dp/user/pass.h"
#include "lib/env.h"
#include "lib/ring.h"

#define WORKER_MAX       PORT_MAX_SENDERS
#define WORKER_MAX_PORTS 65536 /* Datapath port numbers are below. */
#define WORKER_MAX_DIRTY 64

/* Published by the control thread, read by workers under RCU. */
struct worker_ports {
    struct port *by_no[WORKER_MAX_PORTS];
};

struct worker {
    unsigned id;
    bool threaded;
    pthread_t thread;
    struct env env; /* The clock, read once per turn. */
    struct pass pass;
    struct worker_ports *ports;
    struct port_pools pools;
    struct port *dirty[WORKER_MAX_DIRTY]; /* With something queued. */
    unsigned n_dirty;
    int epoll_fd, event_fd, notify_fd;
    struct ring commands; /* Control thread to worker. */
    sem_t done;           /* The worker answers a command. */
    sem_t resume;         /* A paused one goes on. */
    unsigned n_ports;     /* Control thread: how many it gave to this worker. */
    bool ended;           /* Worker only. */
    uint32_t n_notified;  /* Worker only: cache.n_once when it last told the control thread. */
};

/* 'notify_fd': an eventfd, written when the outbox should be emptied soon, or connections need room
 * (ct_room.h).  NULL on success, else a heap error text. */
char *worker_start(struct worker *, unsigned id, bool threaded, const struct dp_handler *,
                   struct ct *, struct meters *, struct worker_ports *, int notify_fd) MUST_USE;
/* Ends the thread.  All flows are in the outbox then; the caller takes it, then calls
 * worker_deinit(). */
void worker_stop(struct worker *);
void worker_deinit(struct worker *);

/* Control thread. */
void worker_add_port(struct worker *, struct port *); /* It receives from it from now on. */
void worker_del_port(struct worker *, struct port *); /* Returns when it does no more. */
void worker_execute(struct worker *, struct packet *, const void *actions, size_t len);
void worker_wake(struct worker *); /* Something is in the inbox. */
/* Returns when everything that had been received before the call is processed. */
void worker_quiesce(struct worker *);
/* Returns when the worker is between two batches, with nothing queued, and it stays there. */
void worker_pause(struct worker *);
void worker_resume(struct worker *);
/* Without a thread: a packet arrives. */
void worker_receive(struct worker *, struct packet *);
