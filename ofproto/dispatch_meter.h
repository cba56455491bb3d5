/* dispatch_meter.h - messages about meters; rows of the table in dispatch.c.  'r' stands at the
 * body. */
#pragma once

#include "ofproto/conn/ofconn.h"

struct bridge;

enum ofp_error dispatch_meter_mod(struct bridge *, struct ofconn *, const struct msg_header *,
                                  struct wire_rd *r);
enum ofp_error dispatch_meter_stats(struct bridge *, struct ofconn *, const struct msg_header *,
                                    struct wire_rd *r);
enum ofp_error dispatch_meter_config(struct bridge *, struct ofconn *, const struct msg_header *,
                                     struct wire_rd *r);
enum ofp_error dispatch_meter_features(struct bridge *, struct ofconn *, const struct msg_header *,
                                       struct wire_rd *r);
