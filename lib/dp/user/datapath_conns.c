/* datapath_conns.c - conns.h over the tracker of the userspace executor, lib/ct. */
#include <errno.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/ct/ct_busy.h"
#include "lib/ct/ct_zone.h"
#include "lib/dp/user/datapath.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(conntrack);

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

static int set_tcp_liberal(struct dp *dp, int32_t zone, bool liberal)
{
    if (zone == DP_ZONE_DEFAULT) {
        ct_set_tcp_liberal(datapath_of(dp)->ct, liberal);
    } else {
        ct_zone_set_liberal(datapath_of(dp)->ct, (uint16_t)zone, liberal);
    }
    return 0;
}

static void show_limit(const struct ct *ct, int32_t zone, dp_zone_limit_cb *cb, void *aux)
{
    uint32_t n = zone == DP_ZONE_DEFAULT ? 0 : ct_zone_get_count(ct, (uint16_t)zone);
    cb(aux, &(struct dp_zone_limit){zone, ct_zone_get_limit(ct, zone), n});
}

static int get_limits(struct dp *dp, const struct dp_zone_limit *zones, size_t n,
                      dp_zone_limit_cb *cb, void *aux)
{
    const struct ct *ct = datapath_of(dp)->ct;

    for (size_t i = 0; i < n; i++) {
        show_limit(ct, zones[i].zone, cb, aux);
    }
    if (!n) {
        show_limit(ct, DP_ZONE_DEFAULT, cb, aux);
        for (int32_t zone = 0; zone < CT_N_ZONES; zone++) {
            if (ct_zone_has_limit(ct, (uint16_t)zone)) {
                show_limit(ct, zone, cb, aux);
            }
        }
    }
    return 0;
}

static int set_limits(struct dp *dp, const struct dp_zone_limit *limits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ct_zone_set_limit(datapath_of(dp)->ct, limits[i].zone, limits[i].limit);
    }
    return 0;
}

static int del_limits(struct dp *dp, const struct dp_zone_limit *zones, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ct_zone_del_limit(datapath_of(dp)->ct, zones[i].zone);
    }
    return 0;
}

static int set_timeouts(struct dp *dp, uint16_t zone, const struct ct_timeouts *timeouts)
{
    ct_zone_set_timeouts(datapath_of(dp)->ct, zone, timeouts);
    return 0;
}

static int dump_expected(struct dp *dp, dp_expected_cb *cb, void *aux)
{
    struct ct_expected xs[16];
    uint32_t pos = 0;
    unsigned n;

    while ((n = ct_expected_dump(datapath_of(dp)->ct, &pos, xs, ARRAY_SIZE(xs),
                                 loop_now(dp->loop))) > 0) {
        for (unsigned i = 0; i < n; i++) {
            cb(aux, &xs[i]);
        }
    }
    return 0;
}

static int get_frags(struct dp *dp, struct ct_frag_limits *limits, struct ct_frag_stats *stats)
{
    ct_frag_get_limits(datapath_of(dp)->ct, limits);
    ct_frag_get_stats(datapath_of(dp)->ct, stats);
    return 0;
}

static int set_frags(struct dp *dp, const struct ct_frag_limits *limits)
{
    ct_frag_set_limits(datapath_of(dp)->ct, limits);
    return 0;
}

static const struct dp_conn_frags_class userspace_frags = {.get = get_frags, .set = set_frags};

void datapath_conns_watch(struct datapath *dp)
{
    uint64_t n = counter_read(COUNTER_conntrack_full) + counter_read(COUNTER_conntrack_zone_full);

    if (n > dp->n_refused) {
        struct text t = TEXT_INIT;
        struct ct_busy busy;
        ct_busy_look(dp->ct, &busy);
        ct_busy_format(&busy, &t);
        log_warn_rl("%s: %" PRIu64 " connections refused, %" PRIu32 " of %" PRIu32 " are there; %s",
                    dp->up.name, n - dp->n_refused, ct_count(dp->ct), ct_get_max(dp->ct),
                    text_cstr(&t));
        text_deinit(&t);
    }
    dp->n_refused = n;
}

_Static_assert(CT_ZONE_DEFAULT == DP_ZONE_DEFAULT, "one word for it");

const struct dp_conns_class userspace_conns = {
    .dump_start = dump_start,
    .dump_some = dump_some,
    .dump_end = dump_end,
    .flush = flush,
    .count = count,
    .get_max = get_max,
    .counts_invalid = true,
    .set_max = set_max,
    .set_tcp_liberal = set_tcp_liberal,
    .get_limits = get_limits,
    .set_limits = set_limits,
    .del_limits = del_limits,
    .set_timeouts = set_timeouts,
    .dump_expected = dump_expected,
    .frags = &userspace_frags,
    .events = &userspace_conn_events,
};
