/* control-private.h - the built-in commands.  Private to lib/io. */
#pragma once

#include "lib/io/control.h"

void control_builtin_register(struct loop *, const char *version);
void control_builtin_unregister(void);
