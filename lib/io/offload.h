/* offload.h - helper threads for what blocks: fsync, name look-ups.  Private to lib/io: others use
 * loop_offload().
 *
 * Owner: the loop.  The queue is under a mutex; finished jobs come back through an eventfd. */
#pragma once

#include "lib/io/loop.h"

struct offload;

struct offload *offload_new(void);
void offload_free(struct offload *);    /* Waits two seconds at most. */
int offload_fd(const struct offload *); /* Readable when a job is done. */
void offload_add(struct offload *, loop_cb *work, loop_cb *done, void *aux);
void offload_run_done(struct offload *); /* On the loop: done() of what is done. */
