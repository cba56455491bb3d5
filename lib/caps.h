/* caps.h - capabilities of the calling thread.
 *
 * Layer 0, any thread; Linux gives each thread sets of its own.  After --user the control thread
 * has NET_ADMIN and NET_RAW permitted; workers have none. */
#pragma once

#include "lib/base.h"

/* No capability at all any more, for this thread.  0 or an errno value. */
int caps_drop_all(void);
/* Makes all permitted capabilities effective, or none of them.  0 or an errno value. */
int caps_set_effective(bool on);
