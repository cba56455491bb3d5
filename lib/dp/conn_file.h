/* conn_file.h - the file in the run directory that a datapath's connections lie in, as a store for
 * lib/ct.
 *
 * Layer 3, control thread; fill() of the store also by workers.  The file is locked for as long as
 * it is open: two processes never have it at once.  One that is made anew, or converted, takes the
 * place of the former one when it is whole (conn_file_report()): a process that is killed meanwhile
 * leaves what it found.  It is sparse, mode 0600, and belongs on tmpfs:
 * on a disk the kernel writes changed pages back all the time (said in the log). */
#pragma once

#include "lib/ct/ct.h"
#include "lib/ct/ct_store.h"
#include "lib/io/handover.h"

struct conn_file;

/* NULL: it cannot be used, the log says why. */
struct conn_file *conn_file_open(const char *path);
const struct ct_store *conn_file_store(const struct conn_file *);
/* From the process that ends to the one that goes on (lib/io/handover.h): the file, with its lock,
 * and memory for the tracker's index, which is written once no worker is in the tracker. */
void conn_file_hand_over(struct conn_file *, const struct ct *, struct handover *);
void conn_file_hand_over_index(struct conn_file *, struct ct *, struct handover *);
/* The other side: before ct_new(), 'n_slots' is for its 'expect'; before ct_start(), nobody else
 * uses the file any more: the index, or NULL. */
void conn_file_expect_index(struct conn_file *, uint32_t n_slots[2]);
const void *conn_file_take_index(struct conn_file *, size_t *size);
void conn_file_end_handover(struct conn_file *); /* Either side: it is done, or not to be. */
/* After ct_new() or ct_start(): what became of the former process' connections, for the log. */
void conn_file_report(struct conn_file *, const struct ct_adopted *);
/* After ct_free().  'remove': nothing is to be found by the next. */
void conn_file_close(struct conn_file *, bool remove);
