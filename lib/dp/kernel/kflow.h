/* kflow.h - the flows that we have in the kernel: what they stand for, and what they have seen.
 *
 * Layer 3.  Journey: an upcall thread translates a miss -> kflow_prepare() -> OVS_FLOW_CMD_NEW ->
 * kflow_installed(); the control thread dumps statistics, credits them, revalidates, expires:
 * kflow_walk().
 *
 * Identity: a flow's UFID is a hash of its mask and of its key under the mask, so that all packets
 * of a flow name the same one.
 *
 * Invariants:
 * - Upcall threads only add; only the control thread removes, frees and reads credits.
 * - An upcall thread adds a flow to the table before it asks the kernel, inside its RCU read
 *   section: after a grace period the table has every flow that was translated before.
 * - What the kernel holds is in the table, from before it is asked to what it says at the end; an
 *   answer that was lost is made good by the next dump.
 * - Statistics are exact: the kernel tells what a flow has counted when its actions change, and
 * when it is deleted; up to there the old credit is paid.
 * - What an upcall's own packet owes is counted in the flow if there is one, else in a kflow_once.
 * - A slow flow (what the kernel cannot match or run) stands for packets that only come up: those
 *   are translated one by one, and what the kernel counts of them is not credited.
 */
#pragma once

#include <pthread.h>

#include "lib/dp/class.h"
#include "lib/dp/kernel/nlaction.h"
#include "lib/dp/kernel/nlkey.h"
#include "lib/dp/kernel/nlsock.h"
#include "lib/hmap.h"
#include "lib/packet/key_pack.h"

#define KFLOW_STRIPES   64
#define KFLOW_LIMIT     200000
#define KFLOW_LIMIT_MIN 1000

struct kflow_id {
    uint64_t w[2];
};

enum kflow_state {
    KFLOW_ASKED,     /* The kernel has not answered yet. */
    KFLOW_INSTALLED, /* It is there. */
    KFLOW_REFUSED,   /* It is not: the control thread frees it. */
};

struct kflow {
    struct hmap_node node;
    struct kflow_id id;
    uint8_t state; /* enum kflow_state; the upcall thread stores it (release). */
    /* Atomic, enum dp_slow bits: its packets come up, and each pays by itself. */
    uint8_t slow;
    bool doomed; /* Control thread's: could not be deleted, to be tried again. */
    unsigned drop_reason;
    void *credit;
    int64_t created_ms;
    uint64_t own_packets, own_bytes; /* Atomic: packets that upcalls ran by these actions. */
    int64_t own_used_ms;
    /* Control thread's. */
    struct dp_flow_stats total, kernel; /* All; what the kernel said last. */
    uint64_t paid_own_packets, paid_own_bytes;
    uint32_t seen; /* Number of the last dump that had it, or that was before it. */
    /* Behind what each dump looks at. */
    uint32_t len;      /* Of the actions, bytes. */
    uint32_t n_packed; /* Words. */
    /* The key, whole (the protocols in it say which attributes there are), and the mask, packed,
     * for there are many flows; then the actions, struct dp_action. */
    uint64_t data[];
};

static inline const void *kflow_actions(const struct kflow *f)
{
    return f->data + f->n_packed;
}

/* As key_unpack(). */
static inline void kflow_key(const struct kflow *f, struct key_pair *to)
{
    key_unpack(f->data, to);
}

struct kflows {
    const struct dp *up;
    int dp_ifindex;
    const struct nlkey_features *key_features;
    struct nlaction_env action_env;
    uint64_t seed[2];
    struct kflow_stripe {
        _Alignas(CACHE_LINE) pthread_mutex_t mutex;
        struct hmap flows;
    } stripes[KFLOW_STRIPES];
    uint32_t n;              /* Atomic. */
    struct kflow_once *once; /* Atomic stack. */
    uint32_t limit;          /* Atomic: of 'n'. */
    int64_t walk_ms;         /* What kflow_expire() took last. */
    uint32_t n_dumps;        /* Atomic: whole ones. */
    /* Flows in the kernel that nobody here knows are left alone: a former process' ones, which
     * carry its traffic until this one has its rules. */
    bool keep_foreign;
    struct hmap formers; /* struct kflow_former: what they had counted by then. */
    uint64_t foreign;    /* Those deleted. */
};

void kflow_init(struct kflows *, const struct dp *up, int dp_ifindex, const struct nlkey_features *,
                const struct nlaction_env *);
void kflow_deinit(struct kflows *); /* No upcall thread runs.  Credits are given back. */

/* ---- upcall threads ---- */

/* The flow of a verdict on 'key', whose actions and credit it takes over from 'v' if it is new.
 * '*is_new': the caller is to put it into the kernel.  NULL: not cached (the limit, a frame that
 * was cut off); 'v' is unchanged. */
struct kflow *kflow_prepare(struct kflows *, const struct key *, struct dp_verdict *v,
                            int64_t now_ms, bool *is_new);
/* Attributes of OVS_FLOW_CMD_NEW; makes it a slow one if the kernel cannot run its actions.  False:
 * the kernel cannot have it. */
bool kflow_put(const struct kflows *, struct kflow *, struct nlwr *);
void kflow_installed(struct kflow *, bool yes);
/* The kernel has refused its actions: it is put again as a slow one.  False: it is one already. */
bool kflow_refused(struct kflow *) MUST_USE;
/* A packet ran by the flow's actions, outside the kernel. */
void kflow_hit(struct kflow *, uint32_t bytes, int64_t now_ms);
/* A packet ran by a verdict that no flow stands for; its credit goes to the control thread. */
void kflow_run_once(struct kflows *, void *credit, uint32_t bytes, int64_t now_ms);

/* ---- control thread ---- */

/* As dp_flow_walk(): statistics first, then each flow to 'visit' (NULL: statistics only).  Flows
 * that the kernel does not have any more are forgotten.  0, or the errno of the dump (ENODEV: the
 * datapath has gone). */
int kflow_walk(struct kflows *, struct nlsock *, dp_flow_visit *visit, void *aux);
/* Deletes what has been idle for too long, and adapts the limit to what the walk took. */
int kflow_expire(struct kflows *, struct nlsock *);
/* The next limit, if a walk over 'n' flows took 'ms'. */
uint32_t kflow_adapt(uint32_t limit, uint32_t n, int64_t ms);
/* Flows of a former process that are there are kept; what they have counted so far is its own.
 * '*first': the first recirculation id above those that they match or send to. */
int kflow_inherit(struct kflows *, struct nlsock *, uint32_t *first);
/* The rules are in place: what those flows have carried since is paid to the rules that carry it
 * from now on, and they are deleted. */
void kflow_adopt(struct kflows *, struct nlsock *);
