/* datapath_conns.c - conns.h over the tracker of the userspace executor, lib/ct. */
#include <errno.h>
#include <stdlib.h>

#include "lib/dp/user/datapath.h"
#include "lib/mem.h"

/* Of one step: connections shown, entries of the table looked at. */
#define STEP_CONNS 128
#define STEP_SLOTS 4096

struct dump {
    struct dp_conns_dump up;
    uint32_t pos;
};

static int dump_start(struct dp *dp UNUSED, struct dp_conns_dump **d)
{
    *d = xzalloc(sizeof(struct dump));
    return 0;
}

static bool dump_some(struct dp *dp, struct dp_conns_dump *up, dp_conn_cb *cb, void *aux)
{
    struct dump *d = container_of_(up, struct dump, up);
    struct ct_info infos[STEP_CONNS];
    unsigned n = STEP_CONNS;
    bool more = ct_dump_some(datapath_of(dp)->ct, &up->filter, &d->pos, STEP_SLOTS, infos, &n,
                             loop_now(dp->loop));

    for (unsigned i = 0; i < n && !up->enough; i++) {
        up->enough = !cb(aux, &infos[i]);
    }
    return more;
}

static void dump_end(struct dp *dp UNUSED, struct dp_conns_dump *d)
{
    free(d);
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
    .dump_start = dump_start,
    .dump_some = dump_some,
    .dump_end = dump_end,
    .flush = flush,
    .count = count,
    .get_max = get_max,
    .set_max = set_max,
    .set_tcp_liberal = set_tcp_liberal,
};
