/* dispatch_features.h - TABLE_FEATURES: what the tables can do, and their names.
 * Layer 4.  A row of the table in dispatch.c.  Owner: the control thread. */
#pragma once

#include "ofproto/conn/ofconn.h"

struct bridge;
struct session;
struct table_features;

/* Without a body it is answered; with one, or in several parts, it asks for other features. */
enum ofp_error dispatch_table_features(struct bridge *, struct ofconn *, const struct msg_header *,
                                       struct wire_rd *r);
/* What table 'id' can do, as a version says it; TABLE replies of 1.0 to 1.2 have some of it. */
void dispatch_features_get(const struct bridge *, uint8_t id, uint8_t version,
                           struct table_features *);
/* The parts that have come are forgotten. */
void dispatch_features_closed(struct session *);
