/* counter.h - named event counters, one writer each, summed when read.
 *
 * Layer 0, any thread.  A row in counters.def makes a counter; each thread has its own array, made
 * at its first use; coverage/show and coverage/read-counter sum them.  Drop reasons are counters
 * too (`drop_*` rows). */
#pragma once

#include "lib/base.h"
#include "lib/text.h"

enum counter {
#define COUNTER(ID, DOC) COUNTER_##ID,
#include "lib/counters.def"
#undef COUNTER
    N_COUNTERS
};

extern _Thread_local uint64_t *counter_mine; /* N_COUNTERS of them, or NULL. */
uint64_t *counter_thread_init(void);         /* Gives this thread its array. */

static inline void counter_add(enum counter c, uint64_t n)
{
    uint64_t *mine = counter_mine ? counter_mine : counter_thread_init();
    __atomic_store_n(&mine[c], mine[c] + n, __ATOMIC_RELAXED);
}

static inline void counter_inc(enum counter c)
{
    counter_add(c, 1);
}

uint64_t counter_read(enum counter); /* Sum over all threads, ended ones included. */
bool counter_by_name(const char *, enum counter *);
const char *counter_name(enum counter);
const char *counter_doc(enum counter);
void counter_tick(int64_t now_ms); /* Control loop, about each second: the rates. */
void counter_show(struct text *);  /* coverage/show */
