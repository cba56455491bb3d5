/* ct_arena-private.h - reserved address space, backed as it is needed.
 *
 * Layer 2; lib/ct only.  Growing is the caller's to serialise; the memory below what was grown may
 * be used by any thread.  Never shrinks before it is unmapped.  Anonymous memory today. */
#pragma once

#include "lib/base.h"

struct ct_arena {
    uint8_t *base;
    size_t reserved, committed; /* Bytes. */
};

bool ct_arena_reserve(struct ct_arena *, size_t bytes) MUST_USE;
void ct_arena_release(struct ct_arena *);
/* Makes the first 'bytes' usable, new ones zero.  False: beyond the reserve, or out of memory. */
bool ct_arena_grow(struct ct_arena *, size_t bytes) MUST_USE;
