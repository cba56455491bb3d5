/* snoop.h - RUNDIR/BR.snoop: whoever connects gets a copy of every message that the switch
 * exchanges with its controller.
 *
 * Layer 4, inside ofproto/conn.  Owner: the control thread.  A listener greets as OpenFlow does;
 * what it sends is ignored.  One that does not read loses messages, which are counted. */
#pragma once

#include "ofproto/conn/connmgr.h"

struct snoop;

/* NULL, or a heap error text. */
char *snoop_new(struct connmgr *, const char *rundir, struct snoop **) MUST_USE;
void snoop_free(struct snoop *);         /* NULL is fine. */
bool snoop_active(const struct snoop *); /* Does anybody listen? */
void snoop_copy(struct snoop *, const void *msg, size_t len);
