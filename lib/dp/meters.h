/* meters.h - the meters of a datapath: what measures packets for DP_ACTION_METER, and drops or
 * remarks those above a rate.
 *
 * Layer 3, control thread.  dp_meter_*() forward to the executor's struct dp_meters_class; errors
 * are positive errno values, EOPNOTSUPP where the executor has no meters.  The caller chooses the
 * numbers, below 'max_meters'.
 *
 * Invariants: a meter that does not exist lets packets pass.  Setting one anew begins its counters
 * at zero.  Super-frames count as the segments that they stand for. */
#pragma once

#include "lib/base.h"

struct dp;

#define DP_METER_MAX_BANDS 8

enum dp_band_type { DP_BAND_DROP, DP_BAND_DSCP_REMARK };

struct dp_band {
    enum dp_band_type type;
    uint32_t rate;      /* kbit/s or packets/s. */
    uint32_t burst;     /* kbit or packets; 0: the executor chooses. */
    uint8_t prec_level; /* DSCP_REMARK: added to the drop precedence. */
};

struct dp_meter {
    bool kbps; /* Else packets/s. */
    unsigned n_bands;
    struct dp_band bands[DP_METER_MAX_BANDS];
};

struct dp_meter_stats {
    uint64_t packets, bytes; /* That came in. */
    struct {
        uint64_t packets, bytes; /* That the band was applied to. */
        uint64_t ahead_us;       /* At the band's rate, what it let through is worth as much. */
    } bands[DP_METER_MAX_BANDS];
};

struct dp_meter_features {
    uint32_t max_meters; /* 0: there are none. */
    unsigned max_bands;
    bool dscp_remark;
};

struct dp_meters_class {
    void (*get_features)(const struct dp *, struct dp_meter_features *);
    int (*set)(struct dp *, uint32_t id, const struct dp_meter *);
    int (*get_stats)(struct dp *, uint32_t id, struct dp_meter_stats *);
    /* NULL: only the executor knows how full its meters are, and 'ahead_us' is 0. */
    void (*fill)(struct dp *, uint32_t id, const struct dp_meter_stats *);
    void (*del)(struct dp *, uint32_t id);
};

void dp_meter_get_features(const struct dp *, struct dp_meter_features *);
int dp_meter_set(struct dp *, uint32_t id, const struct dp_meter *) MUST_USE;
int dp_meter_get_stats(struct dp *, uint32_t id, struct dp_meter_stats *) MUST_USE;
/* The bands of a meter that has just been set are as full as 'ahead_us' says. */
void dp_meter_fill(struct dp *, uint32_t id, const struct dp_meter_stats *);
void dp_meter_del(struct dp *, uint32_t id);
