/* mem.h - memory allocation.
 *
 * Layer 0, any thread.  The x* functions never return NULL: a daemon whose control structures
 * cannot be allocated logs what it wanted and aborts, so that the supervisor restarts it.
 * What a peer can make grow (tables, buffers, connections) is bounded by its owner and uses
 * mem_try_*, which may return NULL and which tests make fail at a chosen call
 * (mem_fail_after()). */
#pragma once

#include "lib/base.h"

void *xmalloc(size_t) __attribute__((malloc));
void *xcalloc(size_t n, size_t size) __attribute__((malloc));
void *xzalloc(size_t) __attribute__((malloc));
void *xrealloc(void *, size_t);
void *xmemdup(const void *, size_t);
char *xstrdup(const char *);
char *xstrndup(const char *, size_t max);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Memory aligned to a cache line, zeroed; freed by free(). */
void *xzalloc_cacheline(size_t);

void *mem_try_alloc(size_t) MUST_USE; /* Uninitialised; NULL when out of memory. */
void *mem_try_zalloc(size_t) MUST_USE;
void *mem_try_realloc(void *, size_t) MUST_USE; /* On NULL the old block is untouched. */

/* Before the first thread of a process that uses mem_expect(). */
void mem_init(void);
/* The thread is about to take 'n' bytes in small blocks that will live.  Now and then, the heap
 * grows by many pages in one step, where else each page would be a system call and a fault of its
 * own. */
void mem_expect(size_t n);

/* Tests: the 'n'th mem_try_* call from now (0 = the next one) and all after it fail;
 * a negative 'n' switches that off. */
void mem_fail_after(int n);
