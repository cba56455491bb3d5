/* upcall.h - threads that answer the kernel's upcalls.
 *
 * Layer 3.  Journey: a packet that no flow matches, or a `userspace` action -> the socket of one of
 * the threads -> a queue for each port (upcall_queue.h) -> up to UPCALL_BATCH, in turn ->
 * dp_handler.miss() or .userspace() on this thread -> flows and packets back to the kernel in one
 * datagram.  What the kernel cannot run: slow.h.
 *
 * Invariants: each thread has two sockets of its own, one that the kernel sends to and one for its
 * requests.  It is a liburcu QSBR reader, offline while it sleeps; a turn is the read section, and
 * what it translates is installed before the turn ends.  It keeps NET_ADMIN alone: the kernel asks
 * for it with every request.  A full socket (ENOBUFS) is counted and survived. */
#pragma once

#include "lib/dp/kernel/kflow.h"
#include "lib/dp/kernel/upcall_queue.h"
#include "lib/env.h"

#define UPCALL_MAX_THREADS 16
#define UPCALL_BATCH       64 /* Served a turn. */
#define UPCALL_DRAIN       32 /* Receives a turn, of up to NLSOCK_NEWS each. */

struct upcall_thread {
    struct kflows *flows;
    const struct dp *up;
    int dp_ifindex;
    struct nlsock *upcalls, *requests;
    int wake_fd; /* eventfd: the end. */
    bool stop;
    pthread_t thread;
    struct env env;
    struct upcall_queues queues;
    uint64_t n_lost; /* ENOBUFS seen; atomic. */
};

/* NULL or a heap error text. */
char *upcall_start(struct upcall_thread *, struct kflows *, const struct dp *, int dp_ifindex,
                   const struct nlsock_families *) MUST_USE;
void upcall_stop(struct upcall_thread *);
uint32_t upcall_pid(const struct upcall_thread *); /* Netlink port id, for vports. */
