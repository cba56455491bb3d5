/* daemon.h - what makes a process a daemon: background, pid file.
 *
 * Layer 0, before threads exist.  Functions return NULL or a heap string. */
#pragma once

#include "lib/base.h"

/* Forks; the parent waits and exits: 0 after daemon_ready(), else with the child's status.  Returns
 * in the child, in a session of its own. */
char *daemon_detach(void) MUST_USE;
/* Initialised: lets the parent go and, if detached, closes the standard descriptors (but for
 * standard error, with 'keep_stderr') and goes to "/" ('chdir_root'). */
void daemon_ready(bool chdir_root, bool keep_stderr);

/* Writes and locks the pid file (fcntl, as ovs-appctl checks).  'overwrite': even if its process
 * lives. */
char *daemon_write_pidfile(const char *path, bool overwrite) MUST_USE;
void daemon_remove_pidfile(void); /* If there is one of ours. */
