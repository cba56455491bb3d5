/* flow_counters.h - the flow statistics of 1.5 that are counters and no more (multipart type 17):
 * neither cookie nor instructions.  The request is a `struct flow_stats_request`.  Layer 2, pure.
 */
#pragma once

#include "ofp/match.h"
#include "ofp/oxs.h"

struct flow_counters {
    uint8_t table_id;
    uint8_t reason; /* 0: asked for, 1: a stat_trigger instruction. */
    uint16_t priority;
    struct match match;
    struct oxs oxs; /* What it does not have is all ones. */
};
/* Reads the next entry of a reply; OFPERR_OK and *end at the end. */
enum ofp_error flow_counters_decode(struct wire_rd *, const struct msg_header *,
                                    struct flow_counters *, bool *end) MUST_USE;
void flow_counters_encode(const struct flow_counters *, uint8_t version, struct wire_wr *);
/* One line, without newline. */
void flow_counters_format(const struct flow_counters *, const struct name_map *, struct text *);
