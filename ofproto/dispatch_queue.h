/* dispatch_queue.h - messages about queues of ports.  Rows of dispatch.c.  Control thread. */
#pragma once

#include "ofproto/ofproto-private.h"

enum ofp_error dispatch_queue_get_config(struct bridge *, struct ofconn *,
                                         const struct msg_header *, struct wire_rd *);
enum ofp_error dispatch_queue_desc(struct bridge *, struct ofconn *, const struct msg_header *,
                                   struct wire_rd *);
enum ofp_error dispatch_queue_stats(struct bridge *, struct ofconn *, const struct msg_header *,
                                    struct wire_rd *);
