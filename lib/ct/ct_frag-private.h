/* ct_frag-private.h - the fragments that are held.
 *
 * Layer 2; lib/ct only.  All under 'lock': fragments are rare, and what takes long (copies) is done
 * outside.  Heap memory, bounded by the limits below. */
#pragma once

#include <urcu/list.h>

#include "lib/ct/ct_conn-private.h"
#include "lib/ct/ct_frag.h"

#define CT_FRAG_MAX_BYTES (8u << 20)     /* Bytes of fragments, */
#define CT_FRAG_MAX_PARTS 256u           /* fragments of one datagram, */
#define CT_FRAG_MAX_MS    INT64_C(15000) /* and how long one may take. */
#define CT_FRAG_BUCKETS   512u

struct ct_frags {
    struct ct_spin lock;
    uint32_t n, bytes;              /* Held. */
    struct ct_frag_count counts[2]; /* By family. */
    struct ct_frag_limits limits;   /* Written by the control thread, read by workers. */
    uint64_t seed;
    struct cds_list_head ages; /* Datagrams, oldest first. */
    struct ct_datagram *buckets[CT_FRAG_BUCKETS];
};

void ct_frags_init(struct ct_frags *, uint64_t seed);
void ct_frags_deinit(struct ct_frags *);
void ct_frags_expire(struct ct_frags *, int64_t now_ms); /* Control thread. */
