/* conns.c - see conns.h: forwards to the executor. */
#include "lib/dp/conns.h"

#include <errno.h>

#include "lib/dp/class.h"
#include "lib/dp/conn_events.h"

#define FORWARD(DP, OP, ...) \
    ((DP)->class->conns->OP ? (DP)->class->conns->OP((DP), __VA_ARGS__) : EOPNOTSUPP)

int dp_conns_dump_start(struct dp *dp, const struct ct_filter *f, struct dp_conns_dump **d)
{
    *d = NULL;
    int error = FORWARD(dp, dump_start, d);
    if (!error) {
        (*d)->class = dp->class->conns;
        (*d)->filter = *f;
    }
    return error;
}

bool dp_conns_dump_some(struct dp *dp, struct dp_conns_dump *d, dp_conn_cb *cb, void *aux)
{
    return d->class->dump_some(dp, d, cb, aux) && !d->enough;
}

int dp_conns_dump_end(struct dp *dp, struct dp_conns_dump *d)
{
    int error = d->error;

    d->class->dump_end(dp, d);
    return error;
}

int dp_conns_dump(struct dp *dp, const struct ct_filter *f, dp_conn_cb *cb, void *aux)
{
    struct dp_conns_dump *d;
    int error = dp_conns_dump_start(dp, f, &d);

    if (error) {
        return error;
    }
    while (dp_conns_dump_some(dp, d, cb, aux)) {
    }
    return dp_conns_dump_end(dp, d);
}

int dp_conns_flush(struct dp *dp, const struct ct_filter *f)
{
    return FORWARD(dp, flush, f);
}

int dp_conns_count(struct dp *dp, uint32_t *n)
{
    *n = 0;
    return FORWARD(dp, count, n);
}

int dp_conns_get_max(struct dp *dp, uint32_t *max)
{
    *max = 0;
    return FORWARD(dp, get_max, max);
}

int dp_conns_set_max(struct dp *dp, uint32_t max)
{
    return FORWARD(dp, set_max, max);
}

int dp_conns_set_tcp_liberal(struct dp *dp, int32_t zone, bool liberal)
{
    return FORWARD(dp, set_tcp_liberal, zone, liberal);
}

bool dp_conns_counts_invalid(const struct dp *dp)
{
    return dp->class->conns->counts_invalid;
}

int dp_conns_get_limits(struct dp *dp, const struct dp_zone_limit *zones, size_t n,
                        dp_zone_limit_cb *cb, void *aux)
{
    return FORWARD(dp, get_limits, zones, n, cb, aux);
}

int dp_conns_set_limits(struct dp *dp, const struct dp_zone_limit *limits, size_t n)
{
    return FORWARD(dp, set_limits, limits, n);
}

int dp_conns_del_limits(struct dp *dp, const struct dp_zone_limit *zones, size_t n)
{
    return FORWARD(dp, del_limits, zones, n);
}

int dp_conns_set_timeouts(struct dp *dp, uint16_t zone, const struct ct_timeouts *timeouts)
{
    return FORWARD(dp, set_timeouts, zone, timeouts);
}

int dp_conn_events_listen(struct dp *dp, unsigned mask, void (*ready)(void *aux), void *aux)
{
    const struct dp_conn_events_class *events = dp->class->conns->events;
    return events ? events->listen(dp, mask, ready, aux) : EOPNOTSUPP;
}

bool dp_conn_events_next(struct dp *dp, struct ct_event *event)
{
    const struct dp_conn_events_class *events = dp->class->conns->events;
    return events && events->next(dp, event);
}

uint64_t dp_conn_events_lost(const struct dp *dp)
{
    const struct dp_conn_events_class *events = dp->class->conns->events;
    return events ? events->lost(dp) : 0;
}

int dp_conns_dump_expected(struct dp *dp, dp_expected_cb *cb, void *aux)
{
    return FORWARD(dp, dump_expected, cb, aux);
}

int dp_conns_get_frags(struct dp *dp, struct ct_frag_limits *limits, struct ct_frag_stats *stats)
{
    const struct dp_conn_frags_class *frags = dp->class->conns->frags;
    return frags ? frags->get(dp, limits, stats) : EOPNOTSUPP;
}

int dp_conns_set_frags(struct dp *dp, const struct ct_frag_limits *limits)
{
    const struct dp_conn_frags_class *frags = dp->class->conns->frags;
    return frags ? frags->set(dp, limits) : EOPNOTSUPP;
}
