/* exec.h - runs a list of datapath actions on a packet.
 *
 * Layer 3, pure: what leaves goes through the callbacks of struct exec_env.  Third step of a
 * packet's journey: parse -> cache -> exec.  A worker has one environment, and so has the control
 * thread for packet-out; both run the same code.
 *
 * Invariants: the packet belongs to exec_run() from the call on; it is given to exactly one
 * callback, or freed.  Copies are made only for outputs that more actions follow.  A copy that the
 * pool cannot give is counted (COUNTER_drop_no_buffer) and that output alone is skipped.  Nesting
 * of `clone` and `sample` is bounded by EXEC_MAX_DEPTH, what is deeper is not run.
 *
 * Does not segment for outputs (the port knows what it can carry) except where `trunc` cuts the
 * frame and ahead of `push_mpls`, below which nobody can; does not bound recirculation, which the
 * worker does by packet->n_recirc. */
#pragma once

#include "lib/ct/ct_burst.h"
#include "lib/dp/action.h"
#include "lib/packet/packet.h"

#define EXEC_MAX_DEPTH 16

struct meters;

struct exec_env {
    void *aux;
    struct packet_pool *pool; /* For copies; NULL: heap. */
    struct meters *meters;    /* NULL: there are none. */
    struct ct *ct;            /* NULL: a `ct` action makes the packet trk|inv. */
    int64_t now_ms;
    uint64_t *random; /* State of the choices of `sample`; NULL: takes those of all packets only. */
    const struct ct_burst *burst; /* Of what 'ct_number' is about. */
    unsigned ct_number; /* exec_first_ct() was told ct_burst_add(), which gave this; else 0. */

    /* Takes the packet.  Offload metadata (csum, gso_*) is as good as the packet's was. */
    void (*output)(void *aux, struct packet *, uint32_t port);
    /* Takes the packet: another pass is due, packet->recirc_id is set.  The callback should queue
     * it rather than recurse. */
    void (*recirc)(void *aux, struct packet *, uint32_t id);
    /* A `userspace` action.  Packet and key are lent; the packet is as on the wire: segmented,
     * checksums complete, truncated if `trunc` asked for it (key: of the whole packet). */
    void (*userspace)(void *aux, const struct packet *, const struct key *, const void *cookie,
                      size_t cookie_len);
};

/* The `ct` action that the list begins with, or NULL. */
const struct dp_action_ct *exec_first_ct(const void *actions, size_t len);
/* 'key' is what parse_key() gave for this packet as it stands; NULL: not parsed yet. */
void exec_run(const struct exec_env *, struct packet *, const struct key *key, const void *actions,
              size_t len);
