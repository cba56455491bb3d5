/* revalidate.h - cached flows follow the rules.
 *
 * Layer 4.  Journey: a flow-mod, a learned address or a new port says here what has changed -> at
 * the end of the turn a grace period begins (workers that translated with the old tables have
 * installed what they made) -> one walk over the cached flows, in which only those that depend on a
 * change are translated again -> the waiters (barriers, FLOW_REMOVED) are called.
 *
 * Invariant: when a waiter is called, no packet is handled by what was changed before it was added.
 * Owner: the control thread. */
#pragma once

#include "lib/packet/flow.h"

struct ofproto;
struct revalidator;
struct tables;
struct rule;
struct fdb;
struct group_entry;

struct revalidator *revalidator_new(struct ofproto *);
void revalidator_free(struct revalidator *); /* Calls the waiters that are left. */

/* A rule came, went or changed. */
void revalidate_rule(struct revalidator *, struct tables *, const struct rule *);
/* An address was learned, moved or forgotten. */
void revalidate_mac(struct revalidator *, struct fdb *, uint16_t vlan, const uint8_t mac[6]);
/* This version of a group is no longer the one to use. */
void revalidate_group(struct revalidator *, struct group_entry *);
/* A port has come to life or died: what asked whether one is live is translated again. */
void revalidate_liveness(struct revalidator *);
void revalidate_all(struct revalidator *);
/* What has been reported so far, and 'publish', as one change to packets, through all the passes of
 * each: flows are translated by the version of 'ahead' that 'publish' makes the current one (NULL:
 * behind it, while packets wait).  False: the datapath cannot, and 'publish' was not called. */
bool revalidate_atomic(struct revalidator *, const struct tables *ahead, void (*publish)(void *),
                       void *aux) MUST_USE;
/* Calls 'done' when everything reported so far has taken effect. */
void revalidate_wait(struct revalidator *, void (*done)(void *aux), void *aux);
