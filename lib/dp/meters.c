/* meters.c - see meters.h: forwards to the executor. */
#include "lib/dp/meters.h"

#include <errno.h>

#include "lib/dp/class.h"

void dp_meter_get_features(const struct dp *dp, struct dp_meter_features *f)
{
    *f = (struct dp_meter_features){0};
    if (dp->class->meters) {
        dp->class->meters->get_features(dp, f);
    }
}

int dp_meter_set(struct dp *dp, uint32_t id, const struct dp_meter *m)
{
    return dp->class->meters ? dp->class->meters->set(dp, id, m) : EOPNOTSUPP;
}

int dp_meter_get_stats(struct dp *dp, uint32_t id, struct dp_meter_stats *s)
{
    *s = (struct dp_meter_stats){0};
    return dp->class->meters ? dp->class->meters->get_stats(dp, id, s) : EOPNOTSUPP;
}

void dp_meter_fill(struct dp *dp, uint32_t id, const struct dp_meter_stats *s)
{
    if (dp->class->meters && dp->class->meters->fill) {
        dp->class->meters->fill(dp, id, s);
    }
}

void dp_meter_del(struct dp *dp, uint32_t id)
{
    if (dp->class->meters) {
        dp->class->meters->del(dp, id);
    }
}
