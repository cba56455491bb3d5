/* nlaction.h - datapath actions as OVS_ACTION_ATTR_*.
 *
 * Layer 3, pure.  Journey: translation's struct dp_action list -> nlaction_put() -> a flow or an
 * OVS_PACKET_CMD_EXECUTE.
 *
 * Not here: the way back.  What is installed is remembered as it was meant (flows.h); flows of
 * others are deleted by their UFID. */
#pragma once

#include "lib/dp/action.h"
#include "lib/dp/kernel/nlwr.h"

/* What stands in a list that only the executor knows. */
struct nlaction_env {
    uint32_t upcall_pid; /* Where `userspace` sends; UINT32_MAX: the kernel chooses by CPU. */
    bool set_masked, ct_eventmask, ct_clear, clone, trunc, meter, force_commit;
};

/* False: the list has something that this kernel or its ABI cannot do ('*why': static text). */
bool nlaction_put(const void *actions, size_t len, const struct nlaction_env *, struct nlwr *,
                  const char **why) MUST_USE;
