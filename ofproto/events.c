/* events.c - see events.h. */
#include "ofproto/events.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/mem.h"
#include "lib/ring.h"
#include "ofproto/xlate/learned.h"

#define RING_SIZE   4096
#define MAX_PENDING (32u << 20) /* Bytes of frames that wait, all rings together. */
#define PER_TURN    512

struct events_ring {
    struct ring ring;
    const void *owner; /* Identifies the thread that pushes. */
    struct events_ring *next;
};

struct events {
    uint64_t id; /* Never used again: stale entries of thread_rings cannot match. */
    int fd;
    struct loop_fd readable;
    struct loop_call again;
    void (*handle)(void *, struct events_item *);
    void *aux;
    uint64_t pending_bytes; /* Atomic. */
    bool awake;             /* Atomic: the eventfd has been written and not read. */
    pthread_mutex_t mutex;  /* For who adds to 'rings'. */
    struct events_ring *rings;
};

/* Which ring is this thread's, for the few objects it pushes to.  The address of the array stands
 * for the thread; a new thread that gets it inherits the ring of one that has ended. */
static _Thread_local struct {
    uint64_t id;
    struct events_ring *ring;
} thread_rings[4];

static uint64_t next_id = 1;

static size_t item_bytes(const struct events_item *e)
{
    return e->type == EVENTS_PACKET_IN ? e->u.packet_in.packet->cap : 0;
}

void events_event_free(struct events_item *e)
{
    switch (e->type) {
    case EVENTS_LEARN:
        fdb_unref(e->u.learn.fdb);
        learned_unref(e->u.learn.learned);
        break;
    case EVENTS_SAMPLE:
        break;
    case EVENTS_PACKET_IN:
        packet_free(e->u.packet_in.packet);
        break;
    }
    free(e);
}

/* Handles up to 'budget' events of all rings in turn.  True: more wait. */
static bool run_some(struct events *es, unsigned budget)
{
    bool any = true;

    while (any && budget) {
        any = false;
        struct events_ring *r = __atomic_load_n(&es->rings, __ATOMIC_ACQUIRE);
        for (; r && budget; r = r->next) {
            struct events_item *e = ring_pop(&r->ring);
            if (e) {
                any = true;
                budget--;
                __atomic_fetch_sub(&es->pending_bytes, item_bytes(e), __ATOMIC_RELAXED);
                es->handle(es->aux, e);
            }
        }
    }
    return any;
}

static void run_turn(void *es_)
{
    struct events *es = es_;
    if (run_some(es, PER_TURN)) {
        loop_call_schedule(&es->again);
    }
}

static void on_readable(void *es_, unsigned ready)
{
    (void)ready;
    struct events *es = es_;
    uint64_t n;

    /* Read before the flag falls, so that a push after it writes again. */
    if (read(es->fd, &n, sizeof n) < 0) {
        return;
    }
    __atomic_store_n(&es->awake, false, __ATOMIC_SEQ_CST);
    run_turn(es);
}

struct events *events_new(struct loop *loop, void (*handle)(void *, struct events_item *),
                          void *aux)
{
    struct events *es = xzalloc(sizeof *es);

    es->id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED);
    es->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    es->handle = handle;
    es->aux = aux;
    pthread_mutex_init(&es->mutex, NULL);
    loop_call_init(&es->again, loop, run_turn, es);
    loop_fd_init(&es->readable, loop, es->fd, on_readable, es);
    loop_fd_want(&es->readable, LOOP_READ);
    return es;
}

void events_free(struct events *es)
{
    struct events_ring *next;

    while (run_some(es, PER_TURN)) {
    }
    loop_call_cancel(&es->again);
    loop_fd_deinit(&es->readable);
    close(es->fd);
    for (struct events_ring *r = es->rings; r; r = next) {
        next = r->next;
        ring_deinit(&r->ring);
        free(r);
    }
    pthread_mutex_destroy(&es->mutex);
    free(es);
}

/* What was there when it was called: workers that go on pushing do not keep it from returning. */
void events_run(struct events *es)
{
    unsigned budget = 0;

    for (struct events_ring *r = __atomic_load_n(&es->rings, __ATOMIC_ACQUIRE); r; r = r->next) {
        budget += RING_SIZE;
    }
    (void)run_some(es, budget);
}

static struct events_ring *find_or_add_ring(struct events *es)
{
    pthread_mutex_lock(&es->mutex);
    struct events_ring *r = es->rings;
    while (r && r->owner != thread_rings) {
        r = r->next;
    }
    if (!r) {
        r = xzalloc_cacheline(sizeof *r);
        ring_init(&r->ring, RING_SIZE);
        r->owner = thread_rings;
        r->next = es->rings;
        __atomic_store_n(&es->rings, r, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&es->mutex);
    return r;
}

static struct events_ring *thread_ring(struct events *es)
{
    size_t slot = es->id % ARRAY_SIZE(thread_rings);
    if (LIKELY(thread_rings[slot].id == es->id)) {
        return thread_rings[slot].ring;
    }
    /* First push of this thread, or another object took the slot. */
    struct events_ring *r = find_or_add_ring(es);
    thread_rings[slot].id = es->id;
    thread_rings[slot].ring = r;
    return r;
}

bool events_push(struct events *es, struct events_item *e)
{
    size_t bytes = item_bytes(e);
    uint64_t waiting = __atomic_fetch_add(&es->pending_bytes, bytes, __ATOMIC_RELAXED);

    if (waiting + bytes > MAX_PENDING || !ring_push(&thread_ring(es)->ring, e)) {
        __atomic_fetch_sub(&es->pending_bytes, bytes, __ATOMIC_RELAXED);
        return false;
    }
    if (!__atomic_exchange_n(&es->awake, true, __ATOMIC_SEQ_CST)) {
        uint64_t one = 1;
        if (write(es->fd, &one, sizeof one) < 0) {
            __atomic_store_n(&es->awake, false, __ATOMIC_SEQ_CST);
        }
    }
    return true;
}
