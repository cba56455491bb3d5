/* lazy.h - shared libraries that few need, loaded when they are.
 *
 * Layer 0.  A library costs each process that links it its mapping, its relocations and those of
 * all the libraries that it wants: milliseconds of every start, and memory for good.  Functions of
 * such a one are named in a list, and called by pointers:
 *
 *   #define FUNCTIONS(X) X(pcap_close) X(pcap_datalink)
 *   static struct { FUNCTIONS(LAZY_POINTER) } lib;
 *   static const struct lazy_function functions[] = {FUNCTIONS(LAZY_ROW)};
 *   char *error = lazy_load("libpcap.so.1", functions, ARRAY_SIZE(functions));
 *   lib.pcap_close(p);
 *
 * It stays loaded.  Any thread, but not two at once with the same functions. */
#pragma once

#include "lib/base.h"

struct lazy_function {
    const char *name;
    void **pointer;
};

#define LAZY_POINTER(NAME) __typeof__(NAME) *NAME;
#define LAZY_ROW(NAME)     {#NAME, (void **)(void *)&lib.NAME},

/* All of them; again after the first time it does nothing.  NULL, or a heap text why not. */
char *lazy_load(const char *library, const struct lazy_function *, size_t n) MUST_USE;
