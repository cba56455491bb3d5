/* bench.h - what all benchmarks share: the clock, and the line that a figure is printed as,
 * `name value unit`, which compare.py and plots.py read. */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <time.h>

/* Of this thread, so that others on the core count little. */
static inline int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* A figure below zero: the work done was not what it should be. */
static inline void line(const char *name, double value, const char *unit)
{
    printf("%s %.1f %s\n", name, value, unit);
    fflush(stdout);
}
