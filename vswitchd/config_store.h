/* config_store.h - the configuration's file: locked, read at start, replaced atomically.
 *
 * Layer 5.  Writing: a temporary file beside it, fsync, rename, fsync of the directory; whenever
 * the process dies, the file is the old one or the new one.  store_write() blocks (fsync) and runs
 * on a helper thread; the rest is the control thread's.  Errors are heap strings. */
#pragma once

#include "lib/base.h"

/* Takes the lock file PATH.lock; '*fd' holds it until closed. */
char *store_lock(const char *path, int *fd) MUST_USE;
/* '*text' is NULL if there is no such file; else heap. */
char *store_read(const char *path, char **text, size_t *len) MUST_USE;
char *store_write(const char *path, const char *text) MUST_USE;

/* Tests: store_write() stops as if killed before this step; STORE_DONE = does all. */
enum store_step {
    STORE_OPEN,
    STORE_WRITE_HALF,
    STORE_FSYNC,
    STORE_RENAME,
    STORE_FSYNC_DIR,
    STORE_DONE
};
void store_stop_before(enum store_step);
