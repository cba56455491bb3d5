/* userspace.c - the userspace executor of dp.h (user/): opens and closes the workers and the
 * tracker, whose table is a file of the run directory.  Flows are in datapath_flows.c, ports in
 * datapath_ports.c. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/ct/ct_room.h"
#include "lib/dp/conn_file.h"
#include "lib/dp/user/datapath.h"
#include "lib/dp/user/meter.h"
#include "lib/mem.h"

#define TIMER_MS        1000
#define CT_SWEEP_BUDGET 100000 /* Connections looked at in each period. */
#define DEFAULT_WORKERS 4

static unsigned want_workers(void)
{
    const char *s = getenv("SLUICE_WORKERS");
    cpu_set_t cpus;
    uint32_t n;

    if (s && text_to_u32(s, &n) && n >= 1) {
        return MIN(n, WORKER_MAX);
    }
    if (sched_getaffinity(0, sizeof cpus, &cpus)) {
        return 1;
    }
    return (unsigned)MAX(1, MIN(CPU_COUNT(&cpus), DEFAULT_WORKERS));
}

static void on_timer(void *aux)
{
    struct datapath *dp = aux;

    if (dp->waits) {
        return;
    }
    datapath_expire(dp);
    ct_sweep(dp->ct, loop_now(dp->up.loop), CT_SWEEP_BUDGET);
    datapath_conns_watch(dp);
}

static void on_notify(void *aux, unsigned events UNUSED)
{
    struct datapath *dp = aux;
    uint64_t x;
    ssize_t unused UNUSED = read(dp->notify_fd, &x, sizeof x);

    datapath_reap(dp);
    if (!dp->waits) {
        ct_room_make(dp->ct);
    }
}

static char *start_workers(struct datapath *dp)
{
    unsigned n = dp->dummy ? 1 : want_workers();

    for (unsigned i = 0; i < n; i++) {
        struct worker *w = xzalloc_cacheline(sizeof *w);
        char *error = worker_start(w, i, !dp->dummy, &dp->up.handler, dp->ct, dp->meters, dp->ports,
                                   dp->notify_fd);
        if (error) {
            free(w);
            return error;
        }
        dp->workers[dp->n_workers++] = w;
    }
    return NULL;
}

static void close_datapath(struct dp *up, bool destroy)
{
    struct datapath *dp = datapath_of(up);

    datapath_events_end(dp);
    loop_timer_cancel(&dp->timer);
    loop_fd_deinit(&dp->notify);
    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_stop(dp->workers[i]);
    }
    datapath_flows_deinit(dp);
    datapath_ports_deinit(dp, destroy);
    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_deinit(dp->workers[i]);
        free(dp->workers[i]);
    }
    ct_free(dp->ct);
    datapath_events_deinit(dp);
    conn_file_close(dp->conns, destroy);
    if (dp->notify_fd >= 0) {
        close(dp->notify_fd);
    }
    meters_free(dp->meters);
    free(dp->ports);
    free(dp);
}

/* The tracker, with the connections of a former process if there are any. */
static struct ct *open_tracker(struct datapath *dp)
{
    struct ct_adopted adopted = {0};
    struct ct_config config = {.now_ms = loop_now(dp->up.loop), .adopted = &adopted};

    env_random_bytes(&dp->ct_seed, sizeof dp->ct_seed);
    config.hash_seed = dp->ct_seed;
    if (dp->up.handler.rundir) {
        char *path = xasprintf("%s/%s.conns", dp->up.handler.rundir, dp->up.name);
        dp->conns = conn_file_open(path);
        free(path);
    }
    if (!dp->conns) {
        return ct_new(&config);
    }
    config.store = conn_file_store(dp->conns);
    config.later = dp->waits;
    conn_file_expect_index(dp->conns, config.expect);
    struct ct *ct = ct_new(&config);
    if (ct) {
        if (!config.later) {
            conn_file_report(dp->conns, &adopted);
        }
        return ct;
    }
    conn_file_close(dp->conns, true); /* Without it, then. */
    dp->conns = NULL;
    config.store = NULL;
    config.later = false;
    return ct_new(&config);
}

static char *open_datapath(const struct dp *up, struct dp **out)
{
    struct datapath *dp = xzalloc(sizeof *dp);

    dp->up = *up;
    dp->dummy = !strcmp(up->type, "dummy");
    dp->waits = handover_waits();
    dp->ports = xzalloc(sizeof *dp->ports);
    dp->meters = meters_new();
    datapath_flows_init(dp);
    dp->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    dp->ct = open_tracker(dp);

    char *error = NULL;
    if (!dp->ct || dp->notify_fd < 0) {
        error = xasprintf("could not open datapath %s (%s)", up->name,
                          strerror(dp->ct ? errno : ENOMEM));
    }
    error = error ? error : start_workers(dp);
    if (error) {
        close_datapath(&dp->up, false);
        return error;
    }
    datapath_ports_init(dp);
    loop_fd_init(&dp->notify, up->loop, dp->notify_fd, on_notify, dp);
    loop_fd_want(&dp->notify, LOOP_READ);
    loop_timer_init(&dp->timer, up->loop, on_timer, dp);
    loop_timer_every(&dp->timer, TIMER_MS);
    *out = &dp->up;
    return NULL;
}

static void get_features(const struct dp *up UNUSED, struct dp_features *f)
{
    *f = (struct dp_features){
        .ct = true,
        .ct_zone = true,
        .ct_mark = true,
        .ct_label = true,
        .ct_orig_tuple = true,
        .ct_nat = true,
        .ct_alg = true,
        .ct_state_nat = true,
        .ct_clear = true,
        .recirc = true,
        .clone = true,
        .hash = true,
        .meter = true,
        .set_masked = true,
        .trunc = true,
        .ct_orig_tuple6 = true,
        .nd_ext = true,
        .max_vlan_headers = KEY_MAX_VLANS,
        .max_mpls_depth = KEY_MAX_MPLS,
    };
}

static void execute(struct dp *up, struct packet *pkt, const void *actions, size_t len)
{
    struct datapath *dp = datapath_of(up);
    /* Where the port's packets are processed, so that these keep their order with them. */
    const struct port *p = datapath_port(dp, pkt->in_port);

    worker_execute(dp->workers[p ? p->worker : 0], pkt, actions, len);
}

static void quiesce(struct dp *up)
{
    struct datapath *dp = datapath_of(up);

    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_quiesce(dp->workers[i]);
    }
}

static const char *const types[] = {"netdev", "dummy", NULL};

const struct dp_class userspace_class = {
    .types = types,
    .open = open_datapath,
    .close = close_datapath,
    .get_features = get_features,
    .port_add = datapath_port_add,
    .port_del = datapath_port_del,
    .port_get = datapath_port_get,
    .port_get_stats = datapath_port_get_stats,
    .port_set_up = datapath_port_set_up,
    .port_set_queues = datapath_port_set_queues,
    .port_get_queue_stats = datapath_port_get_queue_stats,
    .port_receive = datapath_port_receive,
    .execute = execute,
    .flow_walk = datapath_flow_walk,
    .flow_walk_part = datapath_flow_walk_part,
    .flow_walk_atomic = datapath_flow_walk_atomic,
    .flow_stats_total = datapath_flow_stats_total,
    .port_walk = datapath_port_walk,
    .conns = &userspace_conns,
    .meters = &userspace_meters,
    .handover = &userspace_handover,
    .quiesce = quiesce,
};
