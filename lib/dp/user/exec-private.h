/* exec-private.h - what exec.c leaves to a file of its own. */
#pragma once

#include "lib/dp/action_kernel.h"
#include "lib/packet/packet.h"

/* The packet's offsets hold; its key does not afterwards. */
void exec_set(struct packet *, const struct dp_action_set *);
/* Those of action_kernel.h that are about headers around packets; others do nothing.  Consumes the
 * packet, and returns it or one with more headroom; NULL: there was no memory.  As exec_set(). */
struct packet *exec_encap(struct packet *, const struct action_kernel *,
                          struct packet_pool *) MUST_USE;
