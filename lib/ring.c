/* ring.c - see ring.h. */
#include "lib/ring.h"

#include <stdlib.h>

#include "lib/mem.h"

void ring_init(struct ring *r, uint32_t size)
{
    memset(r, 0, sizeof *r);
    r->mask = size - 1;
    r->slot = xcalloc(size, sizeof *r->slot);
}

void ring_deinit(struct ring *r)
{
    free(r->slot);
    r->slot = NULL;
}

bool ring_push(struct ring *r, void *p)
{
    uint32_t head = r->head;
    if (head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) > r->mask) {
        return false;
    }
    r->slot[head & r->mask] = p;
    __atomic_store_n(&r->head, head + 1, __ATOMIC_RELEASE);
    return true;
}

void *ring_pop(struct ring *r)
{
    uint32_t tail = r->tail;
    if (tail == __atomic_load_n(&r->head, __ATOMIC_ACQUIRE)) {
        return NULL;
    }
    void *p = r->slot[tail & r->mask];
    __atomic_store_n(&r->tail, tail + 1, __ATOMIC_RELEASE);
    return p;
}

uint32_t ring_count(const struct ring *r)
{
    return __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) -
           __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);
}
