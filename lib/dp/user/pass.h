/* pass.h - packets through caches and actions: what a worker does with a batch.
 *
 * Layer 3, pure: time by argument, ports by callback.  One struct pass per worker (or one on the
 * control thread, in the dummy datapath); only its owner uses it.
 *
 * Journey: parse -> exact cache -> masked cache -> (miss: handler->miss, install) -> exec.  A batch
 * takes each step together; what it found in the caches stays good to its end.  What
 * recirculates waits in a queue and takes the same way once the packets before it are through, so
 * that packets of one flow keep their order.
 *
 * Invariants: bounded work per batch: a packet makes at most PASS_MAX_RECIRC extra passes, a batch
 * at most PASS_BUDGET passes and PASS_MISS_BUDGET translations.  Within a batch no flow that was
 * found is taken away: cache_run_inbox() is called between batches only. */
#pragma once

#include "lib/dp/user/cache.h"
#include "lib/dp/user/exec.h"

#define PASS_BATCH       32
#define PASS_MAX_RECIRC  10
#define PASS_BUDGET      2048
#define PASS_MISS_BUDGET 64 /* A batch comes from one port. */
#define PASS_QUEUE       256

_Static_assert(PASS_BATCH <= CT_BURST_MAX, "a batch is one burst");

struct pass_work {
    struct packet *packet;
    struct key key;
    struct cache_probe probe;
    struct cache_acts *acts; /* Of the flow that was found ahead, or NULL. */
    unsigned ct_number;      /* In the burst, or 0. */
};

struct pass {
    struct cache cache;
    const struct dp_handler *handler;
    struct packet_pool *pool; /* For copies; NULL: heap. */
    void *aux;
    /* Takes the packet over. */
    void (*output)(void *aux, struct packet *, uint32_t port_no);
    struct exec_env env;
    uint64_t random;           /* State of the choices of `sample`. */
    struct dp_actions scratch; /* Translations are written here. */
    int64_t now_ms;
    unsigned n_passes, n_misses;      /* In this batch. */
    struct packet *queue[PASS_QUEUE]; /* Recirculated, first in first out. */
    unsigned queue_head, queue_n;
    struct pass_work work[PASS_BATCH];
    struct ct_burst *burst; /* NULL: without a tracker. */
    /* Read by others, relaxed. */
    uint64_t hits, misses, lost;
};

/* False: out of memory. */
bool pass_init(struct pass *, const struct dp_handler *, struct ct *, uint64_t seed,
               struct packet_pool *, void (*output)(void *aux, struct packet *, uint32_t),
               void *aux) MUST_USE;
void pass_deinit(struct pass *); /* Its cache is empty and the outbox taken. */
/* Takes 'n' <= PASS_BATCH packets over; in_port is set in each. */
void pass_run(struct pass *, struct packet *const *, unsigned n, int64_t now_ms);
/* Runs actions on a packet, which it takes over. */
void pass_execute(struct pass *, struct packet *, const void *actions, size_t len, int64_t now_ms);
