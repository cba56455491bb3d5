/* thread.h - what a thread of ours does to itself.
 *
 * Layer 0. */
#pragma once

#include "lib/base.h"

/* Of the calling thread alone.  'who' is for the log. */
void thread_drop_capabilities(const char *who);
/* Its weight against other threads, as of nice(2): below 0 it takes CAP_SYS_NICE, and nothing
 * changes without it. */
void thread_set_nice(int nice);
