/* daemon.h - what makes a process a daemon: background, pid file, unprivileged user.
 *
 * Layer 5, before threads exist.  Functions return NULL or a heap string. */
#pragma once

#include "lib/base.h"

/* Forks; the parent waits and exits: 0 after daemon_ready(), else with the child's status.  Returns
 * in the child, in a session of its own. */
char *daemon_detach(void) MUST_USE;
/* Initialised: lets the parent go and, if detached, closes the standard descriptors and goes to
 * "/" ('chdir_root'). */
void daemon_ready(bool chdir_root);

/* Writes and locks the pid file (fcntl, as ovs-appctl checks).  'overwrite': even if its process
 * lives. */
char *daemon_write_pidfile(const char *path, bool overwrite) MUST_USE;
void daemon_remove_pidfile(void); /* If there is one of ours. */

/* "USER", "USER:GROUP" or ":GROUP".  Keeps NET_ADMIN and NET_RAW. */
char *daemon_become_user(const char *spec) MUST_USE;
/* Makes that user the owner of a directory. */
char *daemon_give_to_user(const char *dir, const char *spec) MUST_USE;
