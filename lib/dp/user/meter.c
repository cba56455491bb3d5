/* meter.c - see meter.h. */
#include "lib/dp/user/meter.h"

#include <stdlib.h>
#include <urcu/urcu-qsbr.h>

#include "lib/mem.h"

/* Time is counted in 64ths of a nanosecond since the meter was set: fine enough for what a frame
 * costs at the highest rates, and enough for four years. */
#define YEAR_S UINT64_C(31536000)
#define PER_US INT64_C(64000)
#define PER_MS INT64_C(64000000)
#define PER_S  UINT64_C(64000000000)

struct band {
    struct dp_band config;
    int64_t burst;           /* Time that the clock may be ahead. */
    int64_t clock;           /* Atomic. */
    uint64_t packets, bytes; /* Atomic. */
};

struct meter {
    struct rcu_head rcu;
    bool kbps;
    unsigned n_bands;
    int64_t start_ms;
    uint64_t packets, bytes; /* Atomic. */
    struct band bands[];
};

struct meters {
    struct meter *by_id[METER_MAX]; /* RCU. */
    uint32_t n;                     /* Beyond all ids that were ever in use; control thread. */
};

struct meters *meters_new(void)
{
    return xzalloc(sizeof(struct meters));
}

void meters_free(struct meters *ms)
{
    for (unsigned i = 0; ms && i < ms->n; i++) {
        free(ms->by_id[i]);
    }
    free(ms);
}

static void free_meter(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct meter, rcu));
}

static void publish(struct meters *ms, uint32_t id, struct meter *m)
{
    struct meter *old = ms->by_id[id];

    ms->n = MAX(ms->n, id + 1);
    __atomic_store_n(&ms->by_id[id], m, __ATOMIC_RELEASE);
    if (old) {
        urcu_qsbr_call_rcu(&old->rcu, free_meter);
    }
}

static int64_t burst_time(const struct dp_band *b)
{
    if (!b->burst || !b->rate) {
        return METER_BURST_MS * PER_MS;
    }
    /* A year is as good as more. */
    uint64_t seconds = MIN((uint64_t)b->burst / b->rate, YEAR_S);
    return (int64_t)(seconds * PER_S + (uint64_t)b->burst % b->rate * PER_S / b->rate);
}

bool meters_set(struct meters *ms, uint32_t id, const struct dp_meter *config, int64_t now_ms)
{
    if (id >= METER_MAX) {
        return false;
    }
    struct meter *m = xzalloc(sizeof *m + config->n_bands * sizeof m->bands[0]);
    m->kbps = config->kbps;
    m->n_bands = config->n_bands;
    m->start_ms = now_ms;
    for (unsigned i = 0; i < m->n_bands; i++) {
        m->bands[i].config = config->bands[i];
        m->bands[i].burst = burst_time(&config->bands[i]);
    }
    publish(ms, id, m);
    return true;
}

void meters_del(struct meters *ms, uint32_t id)
{
    if (id < METER_MAX) {
        publish(ms, id, NULL);
    }
}

static uint64_t get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void count(uint64_t *packets_, uint64_t *bytes_, uint32_t packets, uint64_t bytes)
{
    __atomic_add_fetch(packets_, packets, __ATOMIC_RELAXED);
    __atomic_add_fetch(bytes_, bytes, __ATOMIC_RELAXED);
}

bool meters_get_stats(const struct meters *ms, uint32_t id, int64_t now_ms,
                      struct dp_meter_stats *s)
{
    const struct meter *m = id < METER_MAX ? ms->by_id[id] : NULL;

    *s = (struct dp_meter_stats){0};
    if (!m) {
        return false;
    }
    s->packets = get(&m->packets);
    s->bytes = get(&m->bytes);
    for (unsigned i = 0; i < m->n_bands; i++) {
        s->bands[i].packets = get(&m->bands[i].packets);
        s->bands[i].bytes = get(&m->bands[i].bytes);
        int64_t ahead =
            __atomic_load_n(&m->bands[i].clock, __ATOMIC_RELAXED) - (now_ms - m->start_ms) * PER_MS;
        s->bands[i].ahead_us = (uint64_t)(MAX(ahead, 0) / PER_US);
    }
    return true;
}

void meters_fill(struct meters *ms, uint32_t id, int64_t now_ms, const struct dp_meter_stats *s)
{
    struct meter *m = id < METER_MAX ? ms->by_id[id] : NULL;

    for (unsigned i = 0; m && i < m->n_bands; i++) {
        struct band *b = &m->bands[i];
        uint64_t ahead = MIN(s->bands[i].ahead_us, YEAR_S * 1000000);
        __atomic_store_n(&b->clock, (now_ms - m->start_ms) * PER_MS + (int64_t)ahead * PER_US,
                         __ATOMIC_RELAXED);
    }
}

/* Is it within the band's rate?  Then it has been taken into account. */
static bool within(struct band *b, uint64_t cost, int64_t now)
{
    int64_t clock = __atomic_load_n(&b->clock, __ATOMIC_RELAXED), next;

    if (!b->config.rate) {
        return false;
    }
    do {
        int64_t from = MAX(clock, now);
        if (from - now > b->burst) {
            return false;
        }
        next = from + (int64_t)cost;
    } while (!__atomic_compare_exchange_n(&b->clock, &clock, next, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

bool meters_run(struct meters *ms, uint32_t id, uint32_t packets, uint64_t bytes, int64_t now_ms,
                uint8_t *prec_level)
{
    struct meter *m = id < METER_MAX ? __atomic_load_n(&ms->by_id[id], __ATOMIC_ACQUIRE) : NULL;
    struct band *hit = NULL;

    *prec_level = 0;
    if (!m) {
        return true;
    }
    count(&m->packets, &m->bytes, packets, bytes);
    /* A kilobit a second is a bit each 64,000,000 units. */
    uint64_t work = m->kbps ? bytes * 8 * (PER_S / 1000) : packets * PER_S;
    for (unsigned i = 0; i < m->n_bands; i++) {
        struct band *b = &m->bands[i];
        uint64_t cost = b->config.rate ? work / b->config.rate : 0;
        if (!within(b, cost, (now_ms - m->start_ms) * PER_MS) &&
            (!hit || b->config.rate > hit->config.rate)) {
            hit = b;
        }
    }
    if (!hit) {
        return true;
    }
    count(&hit->packets, &hit->bytes, packets, bytes);
    *prec_level = hit->config.type == DP_BAND_DSCP_REMARK ? hit->config.prec_level : 0;
    return hit->config.type == DP_BAND_DSCP_REMARK;
}
