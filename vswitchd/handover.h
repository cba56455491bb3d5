/* handover.h - an upgrade in service: this process goes on in the place of another, and later
 * another in this one's.
 *
 * Layer 5, control thread.  The old process listens on RUNDIR/handover.sock.  A new one, started
 * with --upgrade, connects there; from then on the old one's control thread does nothing else,
 * while its workers go on forwarding:
 *
 *   new: HELLO -> old: writes rules and configuration, offers its sockets and files, LOAD
 *   new: loads and opens all, receives nothing; READY -> old: workers stop; last state, GO
 *   new: TAKEN, and begins -> old: ends.
 *
 * Before TAKEN the new one may fail at any point, and the old one goes on where it was; with TAKEN
 * the old one never does.  So two never forward at once.  What waits meanwhile waits in rings and
 * backlogs that are both processes'. */
#pragma once

#include "lib/io/loop.h"
#include "vswitchd/config.h"
#include "vswitchd/datapaths.h"

/* ---- the process that runs ---- */

struct handover_server;
/* 'gone' is called when another process has taken all: nothing may be closed, cleaned or written
 * then, but what is this process' own alone; 'pidfile': it has written its pid file too. */
char *handover_server_open(struct loop *, const char *path, struct config *, struct datapaths *,
                           void (*gone)(void *aux, bool pidfile), void *aux,
                           struct handover_server **) MUST_USE;
void handover_server_close(struct handover_server *); /* NULL is fine. */

/* ---- the process that starts ---- */

/* Before anything is opened.  '*found': there is a process to take over from; else it starts as
 * usual.  NULL, or a heap string. */
char *handover_begin(const char *path, bool *found) MUST_USE;
/* All is opened: takes over, and begins. */
char *handover_finish(struct datapaths *, bool pidfile) MUST_USE;
