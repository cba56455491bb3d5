/* class.h - what an executor behind dp.h must provide.
 *
 * Layer 3.  dp.c finds the class by the datapath's type and forwards each call of dp.h; the
 * contracts are those of dp.h. userspace.c is one (types "netdev" and "dummy").
 *
 * Invariants: an implementation embeds struct dp as 'up'; 'up' is filled by dp_open() before open()
 * is called, and freed by dp_close() after close().  Owner: the control thread. */
#pragma once

#include "lib/dp/dp.h"
#include "lib/dp/dp_handover.h"
#include "lib/dp/meters.h"

struct dp_class {
    const char *const *types; /* The datapath types that it serves, NULL-terminated. */
    /* NULL and '*dp' set (it has taken over 'up'), or a heap error text. */
    char *(*open)(const struct dp *up, struct dp **dp);
    void (*close)(struct dp *, bool destroy); /* Frees it, but for what 'up' points to. */
    void (*get_features)(const struct dp *, struct dp_features *);
    char *(*port_add)(struct dp *, const char *name, const char *type, uint32_t want_no,
                      const char *(*option)(void *aux, const char *key), void *aux,
                      uint32_t *port_no);
    void (*port_del)(struct dp *, uint32_t port_no, bool destroy_device);
    bool (*port_get)(const struct dp *, uint32_t port_no, struct dp_port_info *);
    void (*port_get_stats)(const struct dp *, uint32_t port_no, struct dp_port_stats *);
    int (*port_set_up)(struct dp *, uint32_t port_no, bool up);
    /* NULL: nothing is to be done for them. */
    int (*port_set_queues)(struct dp *, uint32_t port_no, const uint32_t *queues, size_t n);
    /* NULL: does not count. */
    bool (*port_get_queue_stats)(const struct dp *, uint32_t port_no, struct dp_queue_stats *,
                                 size_t n);
    bool (*port_receive)(struct dp *, uint32_t port_no, struct packet *);
    void (*execute)(struct dp *, struct packet *, const void *actions, size_t len);
    void (*flow_walk)(struct dp *, dp_flow_visit *, void *aux);
    bool (*flow_walk_part)(struct dp *, struct dp_flow_cursor *, unsigned budget, dp_flow_visit *,
                           void *aux); /* NULL: all at once. */
    /* NULL: cannot. */
    void (*flow_walk_atomic)(struct dp *, bool ahead, dp_flow_visit *, void (*publish)(void *),
                             void *aux);
    void (*flow_stats_total)(const struct dp *, uint64_t *hits, uint64_t *misses, uint64_t *lost,
                             uint64_t *n_flows);
    bool (*get_mask_stats)(const struct dp *, struct dp_mask_stats *); /* NULL: has none. */
    void (*format_features)(const struct dp *, struct text *);         /* NULL: nothing to add. */
    void (*port_walk)(const struct dp *, dp_port_cb *, void *aux);
    const struct dp_conns_class *conns;
    const struct dp_meters_class *meters;     /* NULL: has none. */
    const struct dp_handover_class *handover; /* NULL: cannot be handed over. */
    void (*quiesce)(struct dp *);
    void (*settled)(struct dp *); /* NULL: nothing is left by former processes. */
};

struct dp {
    const struct dp_class *class;
    const char *type; /* One of the class's. */
    char *name;       /* Heap. */
    struct loop *loop;
    struct dp_handler handler; /* Its 'rundir' only while it is opened. */
};

extern const struct dp_class userspace_class;                   /* userspace.c */
extern const struct dp_conns_class userspace_conns;             /* user/datapath_conns.c */
extern const struct dp_conn_events_class userspace_conn_events; /* userspace_events.c */
extern const struct dp_meters_class userspace_meters;           /* user/datapath_meters.c */
extern const struct dp_handover_class userspace_handover;       /* user/datapath_handover.c */
extern const struct dp_class kernel_class;                      /* kernel/kernel.c */
