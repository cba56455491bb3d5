/* ctlsock.h - which control socket a target means. */
#pragma once

#include "lib/base.h"

/* Of a target: its pid file in the run directory, or, where it writes none, the control socket
 * RUNDIR/NAME.PID.ctl that answers; or an absolute path of a socket.  Heap; NULL and a heap error
 * text: none. */
char *ctlsock_find(const char *target, char **error) MUST_USE;
