/* ct_room.h - memory ahead of need, so that the packets that begin connections do not wait for it.
 *
 * Layer 2, pure.  The first write to a page is the dearest part of a new connection: the system
 * looks for it and clears it.  So a run of slots ahead of the last one used, and the buckets of the
 * index that they will need, have their memory already; the control thread sees to that, ct_sweep()
 * and whoever is told that it is wanted.
 *
 * Invariants: the run is the longer the faster it is used up, and bounded; of a family that has no
 * connection yet there is none.  Where it ends before more is made, packets make their own. */
#pragma once

#include "lib/ct/ct.h"

/* Any worker, now and then: has half of the run been used up?  True once: then the control thread
 * is to be told. */
bool ct_room_wanted(struct ct *);
void ct_room_make(struct ct *); /* Control thread. */
