/* dispatch_group.h - messages about groups; rows of the table in dispatch.c.  'r' stands at the
 * body. */
#pragma once

#include "ofproto/conn/ofconn.h"

struct bridge;

enum ofp_error dispatch_group_mod(struct bridge *, struct ofconn *, const struct msg_header *,
                                  struct wire_rd *r);
enum ofp_error dispatch_group_stats(struct bridge *, struct ofconn *, const struct msg_header *,
                                    struct wire_rd *r);
enum ofp_error dispatch_group_desc(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *r);
enum ofp_error dispatch_group_features(struct bridge *, struct ofconn *, const struct msg_header *,
                                       struct wire_rd *r);
