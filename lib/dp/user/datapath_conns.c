/* datapath_conns.c - conns.h over the tracker of the userspace executor, lib/ct. */
#include <errno.h>

#include "lib/dp/user/datapath.h"

#define DUMP_BATCH 64

static int dump(struct dp *dp, const struct ct_filter *f, dp_conn_cb *cb, void *aux)
{
    struct ct_info infos[DUMP_BATCH];
    uint32_t pos = 0;
    unsigned n;

    while ((n = ct_dump(datapath_of(dp)->ct, f, &pos, infos, DUMP_BATCH, loop_now(dp->loop)))) {
        for (unsigned i = 0; i < n; i++) {
            if (!cb(aux, &infos[i])) {
                return 0;
            }
        }
    }
    return 0;
}

static int flush(struct dp *dp, const struct ct_filter *f)
{
    ct_flush(datapath_of(dp)->ct, f, loop_now(dp->loop));
    return 0;
}

static int count(struct dp *dp, uint32_t *n)
{
    *n = ct_count(datapath_of(dp)->ct);
    return 0;
}

static int get_max(struct dp *dp, uint32_t *max)
{
    *max = ct_get_max(datapath_of(dp)->ct);
    return 0;
}

static int set_max(struct dp *dp, uint32_t max)
{
    return ct_set_max(datapath_of(dp)->ct, max) ? 0 : ERANGE;
}

static int set_tcp_liberal(struct dp *dp, bool liberal)
{
    ct_set_tcp_liberal(datapath_of(dp)->ct, liberal);
    return 0;
}

const struct dp_conns_class userspace_conns = {
    .dump = dump,
    .flush = flush,
    .count = count,
    .get_max = get_max,
    .set_max = set_max,
    .set_tcp_liberal = set_tcp_liberal,
};
