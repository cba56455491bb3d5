/* ofproto_recirc.h - what recirculation ids mean outlives the process, on a datapath that keeps its
 * flows: in RUNDIR/ovs-TYPE.recirc (journal.h).
 *
 * Layer 4, control thread.  Journey: a flow that a former process has left sends a packet to an id
 * -> no flow of the next pass -> miss -> xlate() finds what the former process froze, and today's
 * tables go on from there.
 *
 * Invariants: an id that flows of the former process name is what that one meant by it, or unknown;
 * it stays as long as such flows do (ofproto_recirc_settled()), and then as long as flows of ours
 * name it, like any other.  What is frozen is written within a second: what is younger when the
 * process is killed is unknown to the next one. */
#pragma once

#include "lib/base.h"

struct bridge;
struct ofproto;

/* The datapath is open, no bridge is there yet. */
void ofproto_recirc_open(struct ofproto *);
/* The bridge has come: ids of its name are back. */
void ofproto_recirc_bridge(struct ofproto *, const struct bridge *);
void ofproto_recirc_tick(struct ofproto *);    /* Each second. */
void ofproto_recirc_write(struct ofproto *);   /* What is new; before a bridge goes. */
void ofproto_recirc_settled(struct ofproto *); /* The former process' flows are gone. */
void ofproto_recirc_close(struct ofproto *, bool remove);
