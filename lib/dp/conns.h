/* conns.h - the connections of a datapath, whoever tracks them: lib/ct or the kernel.
 *
 * Layer 3, control thread.  dp_conns_*() forward to the executor's struct dp_conns_class; errors
 * are positive errno values, EOPNOTSUPP where the executor has no such thing.
 *
 * Invariants: a dump holds a bounded number of connections in memory, whatever there are.  Filters
 * and texts are those of lib/ct for both. */
#pragma once

#include "lib/ct/ct_info.h"
#include "lib/ct/ct_expected.h"
#include "lib/ct/ct_frag.h"
#include "lib/ct/ct_timeout.h"

struct dp;
struct dp_conns_class;
struct dp_conn_events_class;

/* False: enough. */
typedef bool dp_conn_cb(void *aux, const struct ct_info *);
typedef void dp_expected_cb(void *aux, const struct ct_expected *);

#define DP_ZONE_DEFAULT (-1)
struct dp_zone_limit {
    int32_t zone;          /* DP_ZONE_DEFAULT: of zones without one of their own. */
    uint32_t limit, count; /* Limit 0: none. */
};
typedef void dp_zone_limit_cb(void *aux, const struct dp_zone_limit *);

/* A dump under way; executors have more behind it. */
struct dp_conns_dump {
    const struct dp_conns_class *class;
    struct ct_filter filter;
    int error;   /* Of what failed on the way. */
    bool enough; /* The callback has said so. */
};

/* Fragments held until their datagrams are whole. */
struct dp_conn_frags_class {
    int (*get)(struct dp *, struct ct_frag_limits *, struct ct_frag_stats *);
    int (*set)(struct dp *, const struct ct_frag_limits *);
};

/* A member that is NULL: not offered. */
struct dp_conns_class {
    int (*dump_start)(struct dp *, struct dp_conns_dump **); /* The base is filled by conns.c. */
    bool (*dump_some)(struct dp *, struct dp_conns_dump *, dp_conn_cb *, void *aux);
    void (*dump_end)(struct dp *, struct dp_conns_dump *);
    int (*flush)(struct dp *, const struct ct_filter *);
    int (*count)(struct dp *, uint32_t *n);
    int (*get_max)(struct dp *, uint32_t *max);
    bool counts_invalid;
    int (*set_max)(struct dp *, uint32_t max);
    int (*set_tcp_liberal)(struct dp *, int32_t zone, bool);
    /* Those of 'zones' ('n' 0: all that have one), the default first. */
    int (*get_limits)(struct dp *, const struct dp_zone_limit *zones, size_t n, dp_zone_limit_cb *,
                      void *aux);
    int (*set_limits)(struct dp *, const struct dp_zone_limit *, size_t n);
    int (*del_limits)(struct dp *, const struct dp_zone_limit *zones, size_t n);
    int (*set_timeouts)(struct dp *, uint16_t zone, const struct ct_timeouts *);
    int (*dump_expected)(struct dp *, dp_expected_cb *, void *aux);
    const struct dp_conn_frags_class *frags;
    const struct dp_conn_events_class *events; /* conn_events.h */
};

/* In steps, between which other things may happen: what is committed or ends meanwhile may be in it
 * or not.  Each step looks at a bounded number of connections. */
int dp_conns_dump_start(struct dp *, const struct ct_filter *, struct dp_conns_dump **) MUST_USE;
/* False: that was all, or it failed: dump_end() says which. */
bool dp_conns_dump_some(struct dp *, struct dp_conns_dump *, dp_conn_cb *, void *aux) MUST_USE;
/* Frees it, at whatever step; 'dp' NULL: the datapath has gone.  0 or the error of a step. */
int dp_conns_dump_end(struct dp *, struct dp_conns_dump *);
/* All at once. */
int dp_conns_dump(struct dp *, const struct ct_filter *, dp_conn_cb *, void *aux) MUST_USE;
int dp_conns_flush(struct dp *, const struct ct_filter *) MUST_USE;
int dp_conns_count(struct dp *, uint32_t *n) MUST_USE; /* 0 with an error. */
int dp_conns_get_max(struct dp *, uint32_t *max) MUST_USE;
/* ERANGE: more than address space is reserved for. */
int dp_conns_set_max(struct dp *, uint32_t max) MUST_USE;
/* Invalid packets are counted by reason: the counters conntrack_inv_*. */
bool dp_conns_counts_invalid(const struct dp *);
/* Zone DP_ZONE_DEFAULT: in all zones; else also in this one. */
int dp_conns_set_tcp_liberal(struct dp *, int32_t zone, bool) MUST_USE;
int dp_conns_get_limits(struct dp *, const struct dp_zone_limit *zones, size_t n,
                        dp_zone_limit_cb *, void *aux) MUST_USE;
int dp_conns_set_limits(struct dp *, const struct dp_zone_limit *, size_t n) MUST_USE;
int dp_conns_del_limits(struct dp *, const struct dp_zone_limit *zones, size_t n) MUST_USE;
/* A zone's timeout policy; NULL: back to the defaults.  After that translation must see the new
 * features: dp_features.ct_timeout_zones. */
int dp_conns_set_timeouts(struct dp *, uint16_t zone, const struct ct_timeouts *) MUST_USE;
/* Connections that helpers wait for; at most some thousands. */
int dp_conns_dump_expected(struct dp *, dp_expected_cb *, void *aux) MUST_USE;
int dp_conns_get_frags(struct dp *, struct ct_frag_limits *, struct ct_frag_stats *) MUST_USE;
int dp_conns_set_frags(struct dp *, const struct ct_frag_limits *) MUST_USE;
