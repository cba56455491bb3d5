/* bridge_monitor.h - flow monitors: controllers that want to hear of changes to flows.
 *
 * Layer 4.  Journey: bridge_flow.c notes each change as it is made -> once the message (or bundle)
 * that made it is done, the notes go to those whose monitors match -> a peer that reads too slowly
 * is paused, and hears the rest when there is room again.  Owner: the control thread.
 * Specification: nicira-ext (NXST_FLOW_MONITOR), EXT-187, OpenFlow 1.4.1 section 7.3.5.17. */
#pragma once

#include "ofp/flow_monitor.h"
#include "ofproto/session.h"

struct rule;

/* Whose message is being handled, and which; NULL: nobody's. */
void bridge_monitor_cause(struct bridge *, struct ofconn *, uint32_t xid);
/* 'old': the rule in whose place it is, or NULL. */
void bridge_monitor_note(struct bridge *, enum flow_update_event, struct rule *,
                         const struct rule *old, uint8_t reason);
size_t bridge_monitor_mark(const struct bridge *);
void bridge_monitor_forget(struct bridge *, size_t mark); /* What was noted since never was. */
void bridge_monitor_flush(struct bridge *);
void bridge_monitor_closed(struct session *);
void bridge_monitors_deinit(struct bridge *);

/* Rows of dispatch.c. */
enum ofp_error bridge_monitor_request(struct bridge *, struct ofconn *, const struct msg_header *,
                                      struct wire_rd *);
enum ofp_error bridge_monitor_cancel(struct bridge *, struct ofconn *, const struct msg_header *,
                                     struct wire_rd *);
