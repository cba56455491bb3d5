/* mem.c - see mem.h. */
#include "lib/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static int fail_after = -1;

static NORETURN void out_of_memory(size_t n)
{
    fprintf(stderr, "out of memory allocating %zu bytes\n", n);
    abort();
}

void *xmalloc(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p) {
        out_of_memory(n);
    }
    return p;
}

void *xcalloc(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p) {
        out_of_memory(n * size);
    }
    return p;
}

void *xzalloc(size_t n)
{
    return xcalloc(1, n);
}

void *xrealloc(void *old, size_t n)
{
    void *p = realloc(old, n ? n : 1);
    if (!p) {
        out_of_memory(n);
    }
    return p;
}

void *xmemdup(const void *src, size_t n)
{
    void *p = xmalloc(n);
    if (n) {
        memcpy(p, src, n);
    }
    return p;
}

char *xstrdup(const char *s)
{
    return xmemdup(s, strlen(s) + 1);
}

char *xstrndup(const char *s, size_t max)
{
    size_t n = strnlen(s, max);
    char *p = xmalloc(n + 1);
    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    int n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n < 0) {
        out_of_memory(0);
    }
    return s;
}

void *xzalloc_cacheline(size_t n)
{
    n = ROUND_UP(n, CACHE_LINE);
    void *p = aligned_alloc(CACHE_LINE, n);
    if (!p) {
        out_of_memory(n);
    }
    return memset(p, 0, n);
}

void mem_fail_after(int n)
{
    fail_after = n;
}

static bool must_fail(void)
{
    if (LIKELY(fail_after < 0)) {
        return false;
    }
    return fail_after == 0 || fail_after-- == 0;
}

void *mem_try_alloc(size_t n)
{
    return must_fail() ? NULL : malloc(n ? n : 1);
}

void *mem_try_zalloc(size_t n)
{
    return must_fail() ? NULL : calloc(1, n ? n : 1);
}

void *mem_try_realloc(void *old, size_t n)
{
    return must_fail() ? NULL : realloc(old, n ? n : 1);
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Below the size that malloc() maps by itself. */
#define STEP (120u << 10)

void mem_init(void)
{
    mallopt(M_TRIM_THRESHOLD, 8 * STEP); /* Or what was prepared would be given back at once. */
}

void mem_expect(size_t n)
{
    static _Thread_local size_t left;

    if (LIKELY(n <= left)) {
        left -= n;
        return;
    }
    left = STEP;
    uint8_t *block = malloc(STEP);
    if (!block) {
        return; /* Who needs it will see. */
    }
    uintptr_t first = ROUND_UP((uintptr_t)block, 4096u);
    uintptr_t end = ((uintptr_t)block + STEP) / 4096u * 4096u;
    /* An older kernel says EINVAL, and faults come one by one. */
    madvise((void *)first, end - first, MADV_POPULATE_WRITE);
    free(block); /* Back to the top of the heap, whence small blocks are cut. */
}
