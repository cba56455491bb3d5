/* effect.h - what a translated packet teaches the switch, once.
 *
 * Layer 4.  Journey: xlate() says it -> effect_push() on a worker, by the ring of events.h to the
 * control thread -> effect_apply().  Packet-out and ofproto/trace, which are on the control thread,
 * apply at once. */
#pragma once

#include "ofproto/xlate/xlate.h"

struct ofproto;

/* Any thread. */
void effect_push(struct ofproto *, const struct xlate_effect *);
/* Control thread. */
void effect_apply(struct ofproto *, const struct xlate_effect *, int64_t now_ms);
