/* ct_arena.c - see ct_arena-private.h. */
#include "lib/ct/ct_arena-private.h"

#include <sys/mman.h>

#define STEP_MIN ((size_t)64 << 10)
#define STEP_MAX ((size_t)2 << 20)
/* From here on huge pages are asked for: a table this large misses the TLB at each packet. */
#define HUGE_FROM ((size_t)2 << 20)

bool ct_arena_reserve(struct ct_arena *a, size_t bytes)
{
    *a = (struct ct_arena){.reserved = ROUND_UP(bytes, STEP_MAX)};
    size_t mapped = a->reserved + STEP_MAX;
    uint8_t *p = mmap(NULL, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return false;
    }
    /* Steps begin where a huge page may. */
    a->base = (uint8_t *)ROUND_UP((uintptr_t)p, STEP_MAX);
    if (a->base > p) {
        munmap(p, (size_t)(a->base - p));
    }
    munmap(a->base + a->reserved, mapped - a->reserved - (size_t)(a->base - p));
    return true;
}

void ct_arena_release(struct ct_arena *a)
{
    if (a->base) {
        munmap(a->base, a->reserved);
    }
    *a = (struct ct_arena){0};
}

bool ct_arena_grow(struct ct_arena *a, size_t bytes)
{
    if (bytes <= a->committed) {
        return true;
    }
    size_t step = a->committed < HUGE_FROM ? STEP_MIN : STEP_MAX;
    size_t end = MIN(ROUND_UP(bytes, step), a->reserved);
    if (end < bytes ||
        mprotect(a->base + a->committed, end - a->committed, PROT_READ | PROT_WRITE)) {
        return false;
    }
    if (end > HUGE_FROM) {
        madvise(a->base + a->committed, end - a->committed, MADV_HUGEPAGE); /* Only a wish. */
    }
    a->committed = end;
    return true;
}
