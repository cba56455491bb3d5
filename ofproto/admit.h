/* admit.h - would the first packet of a connection be let in by the rules of today?
 *
 * Layer 4, control thread.  The packet is built again from the connection's original tuple and
 * translated from table 0, through its passes of the tracker as +trk+new, without side effects.  It
 * is admitted if one of the passes commits it in the connection's zone.
 *
 * What a tuple does not tell: the input port, so that every port of every bridge is tried and one
 * that admits it is enough; addresses of Ethernet, VLANs, tunnels, TTL, TOS, marks.  A "no" that
 * such a field has part in is "not known"; a "yes" stays one, for NORMAL behind a commit looks at
 * addresses too, so that a rule which refuses by such a field alone is not seen.  Not known, too,
 * is a connection which begins where another one was translated to: its first packet was another
 * one in table 0.
 *
 * admit_run_*() goes over all connections in steps. */
#pragma once

#include "ofproto/bridge.h"
#include "ofproto/ofproto.h"

enum admit { ADMIT_YES, ADMIT_NO, ADMIT_UNKNOWN };

struct admit_config {
    struct ct_filter filter;
    bool end;                                           /* Connections that are not admitted end. */
    void (*refused)(void *aux, const struct ct_info *); /* Told of each of those; or NULL. */
    void *aux;
};

struct admit_result {
    uint64_t n, n_refused, n_unknown, n_ended;
};

struct admit_run;
/* 0, or an errno value. */
int admit_run_start(struct ofproto *, const struct admit_config *, struct admit_run **) MUST_USE;
bool admit_run_some(struct admit_run *) MUST_USE; /* False: the end. */
/* 'gone': the datapath is, or is about to be. */
void admit_run_free(struct admit_run *, bool gone, struct admit_result *);

/* ---- by itself, after rules have changed ---- */

struct admit_watch;
struct admit_watch *admit_watch_new(struct ofproto *);
void admit_watch_free(struct admit_watch *);
/* Each second; 'quiet': the rules are in place and nobody is changing them. */
void admit_watch_tick(struct admit_watch *, bool quiet);
