/* mirror.h - a mirror (SPAN, RSPAN) of a bridge: what it copies, where to, and how much it did.
 *
 * Layer 4, pure.  Journey: apply -> bridge_set_mirrors() -> the snapshot (cfg.h) -> translation
 * adds a copy where a packet comes in, or goes out (xlate_mirror.c) -> its credit comes back here.
 *
 * Invariants: a packet is copied once by a mirror, however often it is selected, over all its
 * passes.  'count' lives as long as a cached flow can pay in to it. */
#pragma once

#include "ofproto/xlate/port_vlan.h"

#define MIRRORS_MAX 32 /* Of a bridge. */

/* Counted object: what has been copied.  Written by the control thread. */
struct mirror_count {
    unsigned refs; /* Atomic. */
    uint64_t packets, bytes;
};
struct mirror_count *mirror_count_new(void);
void mirror_count_ref(struct mirror_count *);
void mirror_count_unref(struct mirror_count *); /* NULL is fine. */

struct mirror {
    uint64_t *vlans;            /* Only packets of these; NULL: any.  Heap, owned. */
    uint32_t out_port;          /* OpenFlow port; 0: none. */
    uint16_t out_vlan;          /* Without a port: flooded in this VLAN; 0: none. */
    uint16_t snap_len;          /* Bytes of each packet that are copied; 0: all. */
    struct mirror_count *count; /* Reference. */
};
void mirror_copy(struct mirror *, const struct mirror *from); /* With a reference of its own. */
void mirror_deinit(struct mirror *);
