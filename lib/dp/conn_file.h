/* conn_file.h - the file in the run directory that a datapath's connections lie in, as a store for
 * lib/ct.
 *
 * Layer 3, control thread; fill() of the store also by workers.  The file is locked for as long as
 * it is open: two processes never have it at once.  It is sparse, mode 0600, and belongs on tmpfs:
 * on a disk the kernel writes changed pages back all the time (said in the log). */
#pragma once

#include "lib/ct/ct_store.h"

struct conn_file;

/* NULL: it cannot be used, the log says why. */
struct conn_file *conn_file_open(const char *path);
const struct ct_store *conn_file_store(const struct conn_file *);
/* After ct_new(): what became of the former process' connections, for the log. */
void conn_file_report(const struct conn_file *, const struct ct_adopted *);
/* After ct_free().  'remove': nothing is to be found by the next. */
void conn_file_close(struct conn_file *, bool remove);
