/* meter.h - meters of the userspace datapath.
 *
 * Layer 3, pure.  Journey: DP_ACTION_METER -> meters_run() -> on, remarked, or dropped.
 *
 * Each band is a virtual clock: the time at which all that was let through would have gone at the
 * band's rate.  What comes while that clock is no further ahead than the burst is within the rate,
 * and puts it on; so several workers need one atomic word a band, and no lock.
 *
 * Invariants: over any time a band lets through what its rate allows, its burst, and one frame
 * more. Of the bands that are exceeded, the one with the highest rate counts; only bands that are
 * not exceeded take a packet into account. Owner and threads: the control thread sets and deletes;
 * workers run them under RCU. Specification: OpenFlow 1.3.5 section 5.7. */
#pragma once

#include "lib/dp/meters.h"

#define METER_MAX      65536
#define METER_BURST_MS 100 /* At the band's rate, where no burst is given. */

struct meters;

struct meters *meters_new(void);
void meters_free(struct meters *); /* No worker is left. */
/* False: 'id' is not below METER_MAX. */
bool meters_set(struct meters *, uint32_t id, const struct dp_meter *, int64_t now_ms);
void meters_del(struct meters *, uint32_t id);
bool meters_get_stats(const struct meters *, uint32_t id, int64_t now_ms, struct dp_meter_stats *);
/* Its bands' clocks are ahead as 's' says. */
void meters_fill(struct meters *, uint32_t id, int64_t now_ms, const struct dp_meter_stats *s);
/* So many packets with so many bytes together, which go one way.  False: to be dropped; else
 * '*prec_level' is what to add to their drop precedence, 0 mostly. */
bool meters_run(struct meters *, uint32_t id, uint32_t packets, uint64_t bytes, int64_t now_ms,
                uint8_t *prec_level);
