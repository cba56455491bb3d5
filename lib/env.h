/* env.h - time and randomness, injected.
 *
 * Layer 0.  Pure code takes times as arguments (milliseconds, int64_t) and never asks a clock.  A
 * loop reads the clock once per turn into its struct env.  Tests stop the clock and warp it
 * (time/stop, time/warp); every env of the process follows the same warp. */
#pragma once

#include "lib/base.h"

struct env {
    int64_t now_ms;  /* Monotonic, warped.  Never goes back. */
    int64_t now_us;  /* The same in microseconds. */
    int64_t wall_ms; /* Milliseconds since the epoch. */
    uint64_t rnd[2]; /* State of env_random(). */
};

void env_init(struct env *);           /* Seeds from the system. */
void env_refresh(struct env *);        /* Reads the clock. */
uint64_t env_random(struct env *);     /* xoroshiro-like; not for keys. */
void env_random_bytes(void *, size_t); /* From the kernel: UUIDs, seeds. */

/* Whole process, any thread. */
void env_time_stop(void);
void env_time_warp(int64_t ms);
bool env_time_stopped(void);
