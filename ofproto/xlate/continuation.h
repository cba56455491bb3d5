/* continuation.h - frozen translations: what a recirculated packet needs to go on.
 *
 * Layer 4, pure.  Journey: ct(table=N) freezes -> DP_ACTION_RECIRC(id) -> the datapath runs the
 * tracker and looks the packet up under that id -> miss -> xlate() thaws.
 *
 * Invariants: equal states share one id; an id is bound to one state for as long as anything can
 * name it.  References are held by the credits of cached flows that send packets to it; the last
 * one gone, the id rests for CONTINUATION_REST_MS (packets in flight), may be taken up again, then
 * is freed.  Ids go up from 1 and are not 0.  Capped by 'max', counted. Threads: find is lock-free
 * under RCU, any thread; get and put take a lock held for a few instructions; reclaim is the
 * control thread's. */
#pragma once

#include <urcu/urcu-qsbr.h>

#include "lib/packet/flow.h"
#include "ofp/act.h"

#define CONTINUATION_REST_MS 5000
#define CONTINUATION_MAX     100000

struct continuations;

/* What is frozen, beside the acts.  Compared as bytes: no padding. */
struct continuation_state {
    uint32_t bridge_id;
    uint32_t in_port; /* OpenFlow port. */
    be64 metadata;
    be32 regs[FLOW_N_REGS];
    uint64_t rule_cookie;         /* Of the rule whose acts are resumed. */
    uint64_t set_cookie;          /* Of the rule that wrote the set's ct; 0: there is none in it. */
    uint32_t n_acts;              /* Bytes: the rest of the action list, to be run first. */
    uint32_t n_set;               /* Bytes: the action set. */
    uint16_t inv_zone;            /* With CONTINUATION_INV. */
    uint8_t table_id;             /* Where it resumes, or where the acts came from. */
    uint8_t flags;                /* CONTINUATION_* */
    uint32_t n_stack;             /* Bytes: what push has put there. */
    uint32_t mirrors;             /* Bit = mirror of the bridge that has had the packet. */
    uint32_t queue;               /* That was chosen, and 1; 0: none. */
    uint8_t tunnel[KEY_TUN_SIZE]; /* With CONTINUATION_TUNNEL: those members of the key. */
};
#define CONTINUATION_TRACKED 0x01 /* It comes from the tracker. */
#define CONTINUATION_INV     0x02 /* +trk+inv by translation's own decision (not IP). */
#define CONTINUATION_ACTS    0x04 /* Resumes with the acts, not with a lookup in the table. */
#define CONTINUATION_TUNNEL  0x08 /* What OpenFlow sees of the tunnel is not the packet's own. */

struct continuation {
    struct rcu_head rcu;
    uint32_t id;
    uint32_t refs; /* Under the lock, as are all but id, state and acts. */
    uint32_t hash;
    int64_t idle_ms; /* Since when without references. */
    struct continuation *rest_next, *rest_prev;
    struct continuation_state state;
    uint64_t acts[]; /* n_acts, n_set and n_stack bytes. */
};

struct continuations *continuations_new(uint64_t seed, uint32_t max);
void continuations_ref(struct continuations *);
void continuations_unref(struct continuations *); /* The last one frees, after grace. */

/* Ids below are somebody else's; before the first is given out. */
void continuations_start_at(struct continuations *, uint32_t id);
/* All that were given out so far are smaller, but for those that were restored, and until the
 * numbers begin anew. */
uint32_t continuations_next_id(struct continuations *);

/* The id of this state, with a reference; NULL: too many. */
struct continuation *continuation_get(struct continuations *, const struct continuation_state *,
                                      const void *acts, const void *set,
                                      const void *stack) MUST_USE;
/* What a former process has called 'id', with a reference.  NULL: the id has been taken, or too
 * many. */
struct continuation *continuation_restore(struct continuations *, uint32_t id,
                                          const struct continuation_state *, const void *acts,
                                          const void *set, const void *stack) MUST_USE;
/* One more reference to what was found, which the control thread may keep. */
struct continuation *continuation_ref(struct continuations *, const struct continuation *);
void continuation_put(struct continuations *, struct continuation *, int64_t now_ms);
/* Valid to the end of the read section; NULL: unknown. */
const struct continuation *continuation_find(const struct continuations *, uint32_t id);
/* Control thread: frees what has rested long enough, up to 'budget'. */
unsigned continuations_reclaim(struct continuations *, int64_t now_ms, unsigned budget);
uint32_t continuations_count(const struct continuations *);

static inline const void *continuation_set(const struct continuation *c)
{
    return (const uint8_t *)c->acts + c->state.n_acts;
}

static inline const void *continuation_stack(const struct continuation *c)
{
    return (const uint8_t *)c->acts + c->state.n_acts + c->state.n_set;
}
