/* ct_store.h - a place for the table of connections that outlives the process, given from outside.
 *
 * Layer 2.  lib/ct opens no file: who makes the tracker may give it a store, a run of bytes that a
 * later process finds again as it was left, even by SIGKILL.  The tracker lays its arenas there,
 * behind a header (ct_kept-private.h), and adopts what it finds (ct_adopt.c).  Without a store all
 * is plain memory.
 *
 * The functions are called by the thread that makes the tracker; fill() also by workers, one at a
 * time for each part. */
#pragma once

#include "lib/base.h"

struct ct_store {
    void *aux;
    size_t size; /* Bytes that a former process left; 0: it is new. */
    uint8_t boot_id[16];
    /* Maps 'bytes' of it from 'offset' on at the address 'at', shared, not accessible yet.  Both
     * are multiples of 2 MiB. */
    bool (*map)(void *aux, void *at, size_t offset, size_t bytes);
    /* Sees to it that this part can be written: it takes room now, rather than a signal later. What
     * is there stays, what is new is zero.  False: there is no room. */
    bool (*fill)(void *aux, size_t offset, size_t bytes);
    /* An empty one; nothing of it that has been mapped is used, and all is mapped again.  What was
     * there before goes when the tracker has begun, not earlier. */
    bool (*reset)(void *aux);
};

/* What became of the connections of a former process. */
struct ct_adopted {
    const char *refused; /* Why all of it was refused; NULL: there was nothing, or it was taken. */
    bool found;
    uint32_t n_kept, n_expired;
    uint32_t from_version; /* Of the layout that they were converted from; 0: it was today's. */
    uint32_t n_unfit;   /* What is not known any more, or was not yet: no counterpart in today's. */
    uint32_t n_damaged; /* Entries that contradict themselves. */
    uint32_t n_locked;  /* Of those kept: the process ended while it wrote them. */
    const char *index_refused; /* An index was handed over, but could not be used. */
};
