/* datapath.h - the userspace datapath object: workers, ports, tracker.
 *
 * Layer 3, control thread only.  An executor behind dp.h (class.h): userspace.c opens and closes
 * it; the operations on flows are in datapath_flows.c, those on ports in datapath_ports.c. */
#pragma once

#include "lib/dp/class.h"
#include "lib/dp/user/worker.h"
#include "lib/io/link.h"
#include "lib/io/loop.h"

struct datapath {
    struct dp up;
    bool dummy; /* Its type is "dummy": no threads, no devices. */
    bool waits; /* Another process still has its packets: no port is received from. */
    struct ct *ct;
    struct datapath_events *events; /* NULL: nobody has ever listened. */
    struct meters *meters;
    uint64_t ct_seed;
    uint64_t n_refused;      /* Connections, as they were last looked at. */
    struct conn_file *conns; /* That 'ct' lies in; NULL: memory. */
    struct worker_ports *ports;
    uint32_t n_ports; /* Highest number in use + 1. */
    struct worker *workers[WORKER_MAX];
    unsigned n_workers;
    int notify_fd; /* Workers write it: see worker_start(). */
    struct loop_fd notify;
    struct loop_timer timer;
    struct link_monitor *monitor; /* NULL: no devices, or no rtnetlink. */
    struct dp_flow_cursor *walks; /* Under way, the newest first. */
    uint32_t epoch;               /* Of the newest that has begun. */
    /* Taken from the outboxes, to be freed: those that no walk can meet, */
    struct cache_msg *once;
    /* and those that the walks may that had begun when they came.  Oldest first. */
    struct cache_msg *gone, **gone_tail;
    struct cache_msg *asked;      /* Of workers, that have not given it back yet. */
    struct loop_call more;        /* Another slice of the work below. */
    struct dp_flow_cursor expire; /* The walk that removes idle flows. */
};

static inline struct datapath *datapath_of(const struct dp *up)
{
    return container_of_((struct dp *)(uintptr_t)up, struct datapath, up);
}

/* datapath_conns.c */
void datapath_conns_watch(struct datapath *); /* Once a second: says why commits are refused. */

/* ../userspace_events.c */
void datapath_events_end(struct datapath *);    /* The datapath goes: says so. */
void datapath_events_deinit(struct datapath *); /* After the tracker, which may call until then. */

/* datapath_flows.c */
void datapath_flows_init(struct datapath *);
void datapath_flows_deinit(struct datapath *); /* The workers have ended: frees all that is gone. */
/* Begins a look at all flows that credits what is new and removes idle ones.  Goes on in slices. */
void datapath_expire(struct datapath *);
void datapath_reap(struct datapath *); /* Takes what is in the outboxes, frees a slice of it. */
/* Operations of the class. */
void datapath_flow_walk(struct dp *, dp_flow_visit *, void *aux);
bool datapath_flow_walk_part(struct dp *, struct dp_flow_cursor *, unsigned budget, dp_flow_visit *,
                             void *aux);
void datapath_flow_walk_atomic(struct dp *, bool ahead, dp_flow_visit *, void (*publish)(void *),
                               void *aux);
void datapath_flow_stats_total(const struct dp *, uint64_t *hits, uint64_t *misses, uint64_t *lost,
                               uint64_t *n_flows);

/* datapath_ports.c */
void datapath_ports_init(struct datapath *);
void datapath_ports_deinit(struct datapath *, bool destroy);
struct port *datapath_port(const struct datapath *, uint32_t no); /* NULL: no such port. */
void datapath_ports_attach(struct datapath *); /* It waits no longer: all of them. */
/* Operations of the class. */
char *datapath_port_add(struct dp *, const char *name, const char *type, uint32_t want_no,
                        const char *(*option)(void *aux, const char *key), void *aux,
                        uint32_t *port_no);
void datapath_port_del(struct dp *, uint32_t port_no, bool destroy_device);
bool datapath_port_get(const struct dp *, uint32_t port_no, struct dp_port_info *);
void datapath_port_walk(const struct dp *, dp_port_cb *, void *aux);
void datapath_port_get_stats(const struct dp *, uint32_t port_no, struct dp_port_stats *);
int datapath_port_set_up(struct dp *, uint32_t port_no, bool up);
int datapath_port_set_queues(struct dp *, uint32_t port_no, const uint32_t *queues, size_t n);
bool datapath_port_get_queue_stats(const struct dp *, uint32_t port_no, struct dp_queue_stats *,
                                   size_t n);
bool datapath_port_receive(struct dp *, uint32_t port_no, struct packet *);
