/* nlaction.h - datapath actions as OVS_ACTION_ATTR_*.
 *
 * Layer 3, pure.  Journey: translation's struct dp_action list -> nlaction_put() -> a flow or an
 * OVS_PACKET_CMD_EXECUTE.  What the kernel cannot run takes the slow path: slow.h.
 *
 * The way back is for those who look at flows of others: what we install is remembered as it was
 * meant (kflow.h). */
#pragma once

#include "lib/dp/action.h"
#include "lib/dp/kernel/nlwr.h"

#define NLACTION_MAX 40000 /* Bytes of attributes, generously. */

/* What stands in a list that only the executor knows. */
struct nlaction_env {
    uint32_t upcall_pid; /* Where `userspace` sends; UINT32_MAX: the kernel chooses by CPU. */
    bool set_masked, ct_eventmask, ct_clear, clone, trunc, meter, force_commit;
    bool check_pkt_len, ct_timeout;
    bool push_eth, push_nsh, add_mpls; /* And what takes them off. */
};
/* Of kernels newer than the headers that this is built with. */
#define NLACTION_CT_TIMEOUT 9

/* False: the list has something that this kernel or its ABI cannot do ('*why': static text). */
bool nlaction_put(const void *actions, size_t len, const struct nlaction_env *, struct nlwr *,
                  const char **why) MUST_USE;
/* Could it? */
bool nlaction_can(const void *actions, size_t len, const struct nlaction_env *) MUST_USE;
/* The flow whose packets are to come up instead, for these reasons (enum dp_slow). */
void nlaction_put_slow(unsigned reasons, const struct nlaction_env *, struct nlwr *);
/* Appends one attribute of a list in the kernel.  False: something that there is no action for, or
 * that is malformed; the list may have parts of it. */
bool nlaction_get(const struct nlrd *attr, struct dp_actions *) MUST_USE;
