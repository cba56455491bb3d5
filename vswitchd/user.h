/* user.h - the unprivileged user that the daemon becomes.
 *
 * Layer 5, before threads exist.  Functions return NULL or a heap string. */
#pragma once

#include "lib/base.h"

/* "USER", "USER:GROUP" or ":GROUP".  Keeps NET_ADMIN, NET_RAW, NET_BIND_SERVICE. */
char *user_become(const char *spec) MUST_USE;
/* Makes that user the owner of a directory. */
char *user_give_dir(const char *dir, const char *spec) MUST_USE;
