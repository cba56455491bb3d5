/* dispatch_stats.h - the multipart requests of a switch; rows of the table in dispatch.c.  'r'
 * stands at the body. */
#pragma once

#include "ofproto/conn/ofconn.h"

struct bridge;

enum ofp_error dispatch_desc(struct bridge *, struct ofconn *, const struct msg_header *,
                             struct wire_rd *r);
/* FLOW and AGGREGATE. */
enum ofp_error dispatch_flow_stats(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *r);
enum ofp_error dispatch_table_stats(struct bridge *, struct ofconn *, const struct msg_header *,
                                    struct wire_rd *r);
enum ofp_error dispatch_table_desc(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *r);
enum ofp_error dispatch_port_stats(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *r);
enum ofp_error dispatch_port_desc(struct bridge *, struct ofconn *, const struct msg_header *,
                                  struct wire_rd *r);
