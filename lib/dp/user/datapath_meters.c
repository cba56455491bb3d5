/* datapath_meters.c - the meters of the userspace datapath, behind lib/dp/meters.h. */
#include <errno.h>

#include "lib/dp/meters.h"
#include "lib/dp/user/datapath.h"
#include "lib/dp/user/meter.h"

static void get_features(const struct dp *dp UNUSED, struct dp_meter_features *f)
{
    *f = (struct dp_meter_features){.max_meters = METER_MAX,
                                    .max_bands = DP_METER_MAX_BANDS,
                                    .dscp_remark = true};
}

static int set(struct dp *dp, uint32_t id, const struct dp_meter *m)
{
    return meters_set(datapath_of(dp)->meters, id, m, loop_now(dp->loop)) ? 0 : EINVAL;
}

static int get_stats(struct dp *dp, uint32_t id, struct dp_meter_stats *s)
{
    return meters_get_stats(datapath_of(dp)->meters, id, loop_now(dp->loop), s) ? 0 : ENOENT;
}

static void fill(struct dp *dp, uint32_t id, const struct dp_meter_stats *s)
{
    meters_fill(datapath_of(dp)->meters, id, loop_now(dp->loop), s);
}

static void del(struct dp *dp, uint32_t id)
{
    meters_del(datapath_of(dp)->meters, id);
}

const struct dp_meters_class userspace_meters = {
    .get_features = get_features, .set = set, .get_stats = get_stats, .fill = fill, .del = del};
