/* exec-private.h - what exec.c leaves to a file of its own. */
#pragma once

#include "lib/dp/action.h"
#include "lib/packet/packet.h"

/* The packet's offsets hold; its key does not afterwards. */
void exec_set(struct packet *, const struct dp_action_set *);
