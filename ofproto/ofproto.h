/* ofproto.h - a datapath with the OpenFlow switches (bridges) on it.
 *
 * Layer 4, the join: conn hands in messages, table and xlate decide, lib/dp executes.
 * Journey of a packet: dp miss -> ofproto's handler -> xlate() -> verdict; what is left over
 * (learned addresses, packet-ins) comes through events.h to the control thread.  Journey of a
 * message: connmgr -> bridge -> dispatch.h.
 *
 * Owner: the control thread, but for the handler's miss and userspace functions, which run on
 * workers under RCU. Does not know the configuration's form: vswitchd/apply calls this file and
 * bridge.h. */
#pragma once

#include "lib/dp/dp.h"
#include "lib/io/loop.h"

struct ofproto;
struct bridge;

/* Opens the datapath of this type ("netdev", "dummy").  NULL, or a heap error text. */
char *ofproto_open(struct loop *, const char *dp_type, const char *rundir,
                   struct ofproto **) MUST_USE;
/* All bridges must be gone.  'destroy': see dp_close(). */
void ofproto_close(struct ofproto *, bool destroy);

struct dp *ofproto_dp(struct ofproto *);
/* Bridges in no particular order: start with NULL. */
struct bridge *ofproto_next_bridge(const struct ofproto *, const struct bridge *);
struct bridge *ofproto_bridge_by_name(const struct ofproto *, const char *);
/* The same of a packet, whose tunnel counts too. */
bool ofproto_find_key_port(const struct ofproto *, const struct key *, struct bridge **,
                           uint32_t *ofp_port);
/* The bridge and OpenFlow port of a datapath port; false: none has it, or tunnels share it. */
bool ofproto_find_dp_port(const struct ofproto *, uint32_t dp_port, struct bridge **,
                          uint32_t *ofp_port);

/* Calls 'done' once everything that was changed before has taken effect on every packet: cached
 * flows are right again. */
void ofproto_settle(struct ofproto *, void (*done)(void *aux), void *aux);
/* While 'on', flows that a former process left in the datapath stay, whatever the rules say.  Else
 * they go a few seconds after the start, once no rule has changed for a second. */
void ofproto_set_restore_wait(struct ofproto *, bool on);
/* What zones of connections are to have; sorted by zone.  Zones that are not named any more get
 * back what the datapath has by itself. */
struct ofproto_zone {
    uint16_t zone;
    struct ct_timeouts timeouts;
    int64_t limit; /* -1: none of its own. */
};
void ofproto_set_zones(struct ofproto *, const struct ofproto_zone *, size_t n,
                       int64_t default_limit);
/* Rules, tables and ports get what cached flows have counted. */
void ofproto_pull_stats(struct ofproto *);
