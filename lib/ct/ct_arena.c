/* ct_arena.c - see ct_arena-private.h. */
#include "lib/ct/ct_arena-private.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/mem.h"

#define STEP_MIN CT_ARENA_CHUNK
#define STEP_MAX ((size_t)2 << 20)
/* From here on huge pages are asked for: a table this large misses the TLB at each packet. */
#define HUGE_FROM ((size_t)2 << 20)
#define PAGE      ((size_t)4096)

size_t ct_arena_room(size_t bytes)
{
    return ROUND_UP(bytes, STEP_MAX);
}

bool ct_arena_reserve(struct ct_arena *a, size_t bytes)
{
    *a = (struct ct_arena){.reserved = ct_arena_room(bytes)};
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

bool ct_arena_reserve_in(struct ct_arena *a, size_t bytes, const struct ct_store *store,
                         size_t offset, bool lazy)
{
    if (!ct_arena_reserve(a, bytes)) {
        return false;
    }
    a->store = store;
    a->offset = offset;
    if (lazy) {
        a->chunks = xcalloc(a->reserved / CT_ARENA_CHUNK / 64 + 1, sizeof *a->chunks);
    }
    return store->map(store->aux, a->base, offset, a->reserved);
}

void ct_arena_release(struct ct_arena *a)
{
    if (a->base) {
        munmap(a->base, a->reserved);
    }
    free(a->chunks);
    *a = (struct ct_arena){0};
}

/* Room in the store for a part, or memory in its place. */
static bool fill(struct ct_arena *a, size_t from, size_t to)
{
    if (to <= a->has_room ||
        (!a->full && a->store->fill(a->store->aux, a->offset + from, to - from))) {
        return true;
    }
    a->full = true;
    if (a->part && a->chunks) {
        a->part->partial = 1;
    }
    return mmap(a->base + from, to - from, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
}

bool ct_arena_grow(struct ct_arena *a, size_t bytes)
{
    if (bytes <= a->committed) {
        return true;
    }
    size_t step = a->committed < HUGE_FROM ? STEP_MIN : STEP_MAX;
    size_t end = MIN(ROUND_UP(bytes, step), a->reserved);
    if (end < bytes ||
        mprotect(a->base + a->committed, end - a->committed, PROT_READ | PROT_WRITE) ||
        (a->store && !a->chunks && !fill(a, a->committed, end))) {
        return false;
    }
    if (end > HUGE_FROM) {
        madvise(a->base + a->committed, end - a->committed, MADV_HUGEPAGE); /* Only a wish. */
    }
    a->committed = end;
    if (a->part && (!a->full || a->chunks) && a->part->kept < end) {
        __atomic_store_n(&a->part->kept, end, __ATOMIC_RELEASE);
        __atomic_store_n(&a->part->kept_again, end, __ATOMIC_RELEASE);
    }
    return true;
}

void ct_arena_populate(const struct ct_arena *a, size_t from, size_t to)
{
    from = from / PAGE * PAGE;
    to = MIN(ROUND_UP(to, PAGE), a->reserved);
    if (from >= to ||
        (madvise(a->base + from, to - from, MADV_POPULATE_WRITE) && errno != EINVAL)) {
        return; /* Without memory: who uses it finds out. */
    }
    /* Linux before 5.14 does not know it; and below a hypervisor that has page tables of its own a
     * page is not there before somebody has written to it. */
    for (size_t at = from; at < to; at += PAGE) {
        uint8_t zero = 0; /* To write what is there would be a load only, to clang. */
        __atomic_compare_exchange_n(&a->base[at], &zero, 0, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
    }
}

bool ct_arena_touch_slow(struct ct_arena *a, size_t ofs)
{
    size_t i = ofs / CT_ARENA_CHUNK;
    uint64_t *word = &a->chunks[i / 64];
    ct_spin_lock(&a->touch_lock);
    bool ok = *word & BIT64(i % 64);
    if (!ok && fill(a, i * CT_ARENA_CHUNK, (i + 1) * CT_ARENA_CHUNK)) {
        __atomic_store_n(word, *word | BIT64(i % 64), __ATOMIC_RELEASE);
        ok = true;
    }
    ct_spin_unlock(&a->touch_lock);
    return ok;
}
