/* ring.h - bounded single-producer, single-consumer queue of pointers.
 *
 * Layer 0.  Worker to control and back.  Never blocks: a full ring refuses, the producer counts.
 * Invariant: exactly one thread pushes and one pops. */
#pragma once

#include "lib/base.h"

struct ring {
    uint32_t mask;
    _Alignas(CACHE_LINE) uint32_t head; /* Next to write; producer's. */
    _Alignas(CACHE_LINE) uint32_t tail; /* Next to read; consumer's. */
    void **slot;
};

void ring_init(struct ring *, uint32_t size_pow2);
void ring_deinit(struct ring *); /* Must be empty, or its content is the caller's to free first. */
bool ring_push(struct ring *, void *) MUST_USE;
void *ring_pop(struct ring *); /* NULL when empty. */
uint32_t ring_count(const struct ring *);
