/* env.c - see env.h.  The only reader of clocks beside log.c's time stamps. */
#include "lib/env.h"

#include <stdatomic.h>
#include <sys/random.h>
#include <time.h>

/* The warp is one for the process: an offset added to the clock, and while stopped the instant it
 * stands at.  Written by the control thread, read by all. */
static _Atomic int64_t warp_us;
static _Atomic int64_t stopped_at_us; /* 0 = runs. */

static int64_t clock_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void env_random_bytes(void *p, size_t n)
{
    uint8_t *b = p;
    while (n) {
        ssize_t got = getrandom(b, n, 0);
        if (got > 0) {
            b += got;
            n -= (size_t)got;
        }
    }
}

void env_init(struct env *e)
{
    memset(e, 0, sizeof *e);
    env_random_bytes(e->rnd, sizeof e->rnd);
    e->rnd[0] |= 1;
    env_refresh(e);
}

void env_refresh(struct env *e)
{
    int64_t stopped = stopped_at_us;
    int64_t us = (stopped ? stopped : clock_us(CLOCK_MONOTONIC)) + warp_us;
    e->now_us = MAX(us, e->now_us);
    e->now_ms = e->now_us / 1000;
    e->wall_ms = (clock_us(CLOCK_REALTIME) + warp_us) / 1000;
}

uint64_t env_random(struct env *e)
{
    uint64_t a = e->rnd[0], b = e->rnd[1], sum = a + b;

    b ^= a;
    e->rnd[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
    e->rnd[1] = (b << 37) | (b >> 27);
    return sum;
}

void env_time_stop(void)
{
    if (!stopped_at_us) {
        stopped_at_us = clock_us(CLOCK_MONOTONIC);
    }
}

void env_time_warp(int64_t ms)
{
    warp_us += ms * 1000;
}

bool env_time_stopped(void)
{
    return stopped_at_us != 0;
}
