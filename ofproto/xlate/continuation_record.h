/* continuation_record.h - a continuation as bytes that another process, of another build, can read.
 *
 * Layer 4, pure.  Bridges are said by their names, acts as OpenFlow has them, numbers in
 * network order.  What does not come back exactly as it was has no record: it is read back before
 * it is given out.  These are lists with instructions among them (goto_table of a list that was
 * frozen), acts that translation has made and no message has, and tunnels, whose members have no
 * form but a build's own. */
#pragma once

#include "lib/wire.h"
#include "ofp/act.h"
#include "ofproto/xlate/continuation.h"

#define CONTINUATION_RECORD_MAX 70000 /* Bytes. */

struct tlv_table;

struct continuation_record {
    uint32_t id;
    const char *bridge; /* Within what was read; n_bridge bytes. */
    size_t n_bridge;
    struct continuation_state state; /* But for bridge_id, which is 0. */
    struct acts acts, set;
    const uint8_t *stack; /* Within what was read. */
};

/* False: it has none; 'w' is of no use then. */
bool continuation_record_put(const struct continuation *, const char *bridge,
                             const struct tlv_table *, struct wire_wr *w) MUST_USE;
/* The number alone; 0: it is no record. */
uint32_t continuation_record_id(const void *data, size_t len);
/* Of whose bridge, with which the acts can be read. */
bool continuation_record_is_of(const void *data, size_t len, const char *bridge);
/* False: it is no record of this switch.  Else to be given to continuation_record_deinit(). */
bool continuation_record_get(const void *data, size_t len, const struct tlv_table *,
                             struct continuation_record *) MUST_USE;
void continuation_record_deinit(struct continuation_record *);
