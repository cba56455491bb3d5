/* direct.h - dpctl commands on datapaths of the kernel that no daemon here owns.
 *
 * Layer 5, one thread, waits for the kernel.  sluice-dpctl runs them where no daemon is, the daemon
 * those that name a datapath as system@NAME which is not its own. */
#pragma once

#include "lib/text.h"

/* Does the command only look? */
bool direct_is_read_only(const char *command);
/* `add-dp, show ...`: is it one of these? */
bool direct_has(const char *command);
/* 'argv': options, then arguments, as for the daemon's dpctl/COMMAND.  NULL and text for the user,
 * or a heap error text of one line. */
char *direct_run(const char *command, int argc, const char *const argv[],
                 struct text *out) MUST_USE;
