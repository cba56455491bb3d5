/* dispatch_bundle.h - bundles: changes that a controller collects here and that then happen as one.
 * Rows of the table in dispatch.c.
 *
 * Layer 4.  Bundles belong to a connection's session and end with it.  Owner: the control thread.
 */
#pragma once

#include "ofproto/session.h"

enum ofp_error dispatch_bundle_control(struct bridge *, struct ofconn *, const struct msg_header *,
                                       struct wire_rd *r);
enum ofp_error dispatch_bundle_add(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *r);
void bundles_discard(struct session *); /* All of them. */
