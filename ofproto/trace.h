/* trace.h - ofproto/trace: what the switch would do with a packet, and why, as text.
 *
 * Layer 4.  Journey: a control command names a bridge and a packet -> xlate() with a sink for its
 * events -> a tree of bridges, tables and actions -> text in the form of ovs-appctl ofproto/trace.
 * Recirculated instances follow, each as a block of its own.
 *
 * Invariants: no packet is sent and no counter is credited.  What the packet would teach
 * (addresses, flows) is applied only if asked for. Owner: the control thread.  Not done here:
 * parsing of arguments (vswitchd/commands_trace.c). */
#pragma once

#include "ofproto/bridge.h"
#include "ofp/act.h"

struct trace_request {
    struct flow flow;            /* in_port: OpenFlow's; key.in_port is filled in here. */
    const struct packet *packet; /* The frame, if there is one; else NULL. */
    bool effects;                /* What it teaches is learned. */
    bool names;                  /* Ports by name. */
    const uint32_t *ct_next;     /* CS_* of the passes through the tracker, in turn; */
    unsigned n_ct_next;          /* then CS_TRK | CS_NEW. */
    const struct acts *acts;     /* Instead of table 0: packet-out; or NULL. */
};

void trace_run(struct bridge *, const struct trace_request *, struct text *);
/* Acts of a trace are checked as those of packet-outs.  NULL, or a heap error text. */
char *trace_check_acts(struct bridge *, const struct flow *, struct acts *) MUST_USE;
/* The tunnel options that the match of just one packet has, as that packet would bring them.  NULL,
 * or a heap error text: the bridge does not map one, or it is too long. */
char *trace_put_options(const struct bridge *, const struct match *, struct key *) MUST_USE;
/* Those of a key that the bridge maps, and of which the mask looks at something, into a match that
 * has none. */
void trace_show_options(const struct bridge *, const struct key *key, const struct key *mask,
                        struct match *);
/* Names of the bridge's ports, for parsers and printers. */
struct name_map trace_names(struct bridge *);
