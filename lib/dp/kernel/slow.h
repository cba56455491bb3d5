/* slow.h - the slow path: packets whose actions the kernel cannot run, piece by piece.
 *
 * Layer 3.  Journey: a flow that the kernel cannot match or execute stands there as
 * `userspace(slow_path(...))` -> its packets come up -> translation -> slow_run(): what the kernel
 * cannot do is done here, by the userspace executor's own code, and all else goes to the kernel in
 * OVS_PACKET_CMD_EXECUTE.
 *
 * Where the kernel has to do something whose result only it knows (`ct`, a hash, a meter) ahead of
 * what it cannot do, the packet is sent for that, and comes back by a cookie with the rest of the
 * list behind it: slow_rest().  So `ct` is done once, NAT and states included.
 *
 * A list of which the kernel knows each action may be refused all the same: its check of a list
 * does not follow all that the list itself puts on and takes off.  Then all edits of the frame are
 * done here ('refused'), and the kernel is left with what cannot depend on them.
 *
 * Invariants: each list that comes back is shorter than the one before; nothing waits here.  Any
 * thread; time does not matter, since no edit depends on it. */
#pragma once

#include "lib/dp/cookie.h"
#include "lib/dp/kernel/nlaction.h"
#include "lib/packet/packet.h"

struct slow_env {
    void *aux;
    const struct nlaction_env *actions;
    /* The packet is lent; the kernel can run these. */
    void (*execute)(void *aux, const struct packet *, const void *actions, size_t len);
    /* The packet, or what was left to do with it, is dropped. */
    void (*refuse)(void *aux, const char *why);
};

/* Takes the packet over.  'refused': the kernel has refused the list. */
void slow_run(const struct slow_env *, struct packet *, const void *actions, size_t len,
              bool refused);
/* Is it by this that the kernel refuses a list of actions that it has checked? */
bool slow_is_refusal(int error);
/* The same of a packet that was to run the list at once: not if there is a `ct`, whose failure in
 * running it looks alike, with what stands before it done. */
bool slow_is_refused_packet(int error, const void *actions, size_t len);
/* What is left of a list, if the cookie says that the packet has come back: copied to 'rest', which
 * is initialised.  '*refused': for slow_run().  False: it says something else, or is not well
 * formed. */
bool slow_rest(const void *cookie, size_t len, struct dp_actions *rest, bool *refused) MUST_USE;
