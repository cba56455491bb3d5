/* datapath.h - the userspace datapath object: workers, ports, tracker.
 *
 * Layer 3, control thread only.  dp.c opens and closes it; the functions of dp.h that deal with
 * flows are in datapath_flows.c, those that deal with ports in datapath_ports.c. */
#pragma once

#include "lib/dp/user/worker.h"
#include "lib/io/link.h"
#include "lib/io/loop.h"

struct dp {
    const char *type; /* "netdev" or "dummy" */
    char *name;
    bool dummy;
    struct loop *loop;
    struct dp_handler handler;
    struct ct *ct;
    struct worker_ports *ports;
    uint32_t n_ports; /* Highest number in use + 1. */
    struct worker *workers[WORKER_MAX];
    unsigned n_workers;
    int notify_fd; /* Workers write it: see worker_start(). */
    struct loop_fd notify;
    struct loop_timer timer;
    struct link_monitor *monitor; /* NULL: no devices, or no rtnetlink. */
    unsigned n_walks;             /* Under way: nothing is freed. */
    struct cache_msg *gone;       /* Taken from the outboxes, to be freed. */
    struct loop_call more;        /* Another slice of the work below. */
    struct {
        bool active;
        unsigned worker;         /* Whose flows are looked at, */
        struct cache_flow *next; /* and which is the next. */
        bool asked;              /* The worker has something in its inbox. */
    } expire;
};

/* datapath_flows.c */
void datapath_flows_init(struct dp *);
void datapath_flows_deinit(struct dp *); /* The workers have ended: frees all that is gone. */
/* Begins a look at all flows that credits what is new and removes idle ones.  Goes on in slices. */
void datapath_expire(struct dp *);
void datapath_reap(struct dp *); /* Takes what is in the outboxes, frees a slice of it. */

/* datapath_ports.c */
void datapath_ports_init(struct dp *);
void datapath_ports_deinit(struct dp *, bool destroy);
struct port *datapath_port(const struct dp *, uint32_t no); /* NULL: no such port. */
