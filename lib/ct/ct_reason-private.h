/* ct_reason-private.h - why a packet is invalid; a row of lib/ct_reasons.def each.
 *
 * Layer 2, pure; lib/ct only.  Counted where the packet is marked. */
#pragma once

#include "lib/counter.h"

enum ct_reason {
    CT_INV_NONE, /* It is not. */
#define CT_REASON(ID, DOC) CT_INV_##ID,
#include "lib/ct_reasons.def"
#undef CT_REASON
};

/* Not for CT_INV_NONE. */
static inline enum counter ct_reason_counter(enum ct_reason reason)
{
    return (enum counter)(COUNTER_conntrack_inv_malformed + (reason - CT_INV_malformed));
}
