/* thread.h - what a thread of ours does to itself.
 *
 * Layer 0. */
#pragma once

#include "lib/base.h"

/* Of the calling thread alone.  'who' is for the log. */
void thread_drop_capabilities(const char *who);
