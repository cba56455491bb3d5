/* dispatch_ext.h - Nicira's messages to a switch; rows of the table in dispatch.c.  'r' stands at
 * the body. */
#pragma once

#include "ofproto/conn/ofconn.h"

struct bridge;

enum ofp_error dispatch_tlv_mod(struct bridge *, struct ofconn *, const struct msg_header *,
                                struct wire_rd *r);
enum ofp_error dispatch_tlv_request(struct bridge *, struct ofconn *, const struct msg_header *,
                                    struct wire_rd *r);
/* Of the bridge's exporter; of those of its collector sets. */
enum ofp_error dispatch_ipfix_bridge(struct bridge *, struct ofconn *, const struct msg_header *,
                                     struct wire_rd *r);
enum ofp_error dispatch_ipfix_flow(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *r);
enum ofp_error dispatch_ct_flush(struct bridge *, struct ofconn *, const struct msg_header *,
                                 struct wire_rd *r);
enum ofp_error dispatch_ct_flush_zone(struct bridge *, struct ofconn *, const struct msg_header *,
                                      struct wire_rd *r);
