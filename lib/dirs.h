/* dirs.h - where sockets, pid files, logs and the configuration are.
 *
 * Layer 0.  The run directory: --rundir, else SLUICE_RUNDIR, else OVS_RUNDIR, else the built-in
 * one.  Set by main() before threads exist; read by any thread. */
#pragma once

#include "lib/base.h"

void dirs_set_rundir(const char *dir); /* --rundir; copied.  A relative one is made absolute. */
const char *dirs_rundir(void);
/* NAME in the run directory; an absolute NAME as it is.  Heap. */
char *dirs_in_rundir(const char *name);
const char *dirs_logdir(void);     /* SLUICE_LOGDIR, OVS_LOGDIR or the built-in one. */
const char *dirs_sysconfdir(void); /* SLUICE_SYSCONFDIR or the built-in one. */
