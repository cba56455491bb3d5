/* dp.c - see dp.h: opening and closing of the userspace datapath, and what is not ports
 * (user/datapath_ports.c) or flows (user/datapath_flows.c). */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/dp/user/datapath.h"
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
    struct dp *dp = aux;

    datapath_expire(dp);
    ct_sweep(dp->ct, loop_now(dp->loop), CT_SWEEP_BUDGET);
}

static void on_notify(void *aux, unsigned events UNUSED)
{
    struct dp *dp = aux;
    uint64_t x;
    ssize_t unused UNUSED = read(dp->notify_fd, &x, sizeof x);

    datapath_reap(dp);
}

static char *start_workers(struct dp *dp)
{
    unsigned n = dp->dummy ? 1 : want_workers();

    for (unsigned i = 0; i < n; i++) {
        struct worker *w = xzalloc_cacheline(sizeof *w);
        char *error =
            worker_start(w, i, !dp->dummy, &dp->handler, dp->ct, dp->ports, dp->notify_fd);
        if (error) {
            free(w);
            return error;
        }
        dp->workers[dp->n_workers++] = w;
    }
    return NULL;
}

char *dp_open(const char *type, const char *name, struct loop *loop,
              const struct dp_handler *handler, struct dp **out)
{
    bool dummy = !strcmp(type, "dummy");
    struct ct_config config = {0};

    *out = NULL;
    if (!dummy && strcmp(type, "netdev")) {
        return xasprintf("unknown datapath type %s", type);
    }
    struct dp *dp = xzalloc(sizeof *dp);
    dp->type = dummy ? "dummy" : "netdev";
    dp->name = xstrdup(name);
    dp->dummy = dummy;
    dp->loop = loop;
    dp->handler = *handler;
    dp->ports = xzalloc(sizeof *dp->ports);
    datapath_flows_init(dp);
    dp->notify_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    env_random_bytes(&config.hash_seed, sizeof config.hash_seed);
    dp->ct = ct_new(&config);

    char *error = NULL;
    if (!dp->ct || dp->notify_fd < 0) {
        error =
            xasprintf("could not open datapath %s (%s)", name, strerror(dp->ct ? errno : ENOMEM));
    }
    error = error ? error : start_workers(dp);
    if (error) {
        dp_close(dp, false);
        return error;
    }
    datapath_ports_init(dp);
    loop_fd_init(&dp->notify, loop, dp->notify_fd, on_notify, dp);
    loop_fd_want(&dp->notify, LOOP_READ);
    loop_timer_init(&dp->timer, loop, on_timer, dp);
    loop_timer_every(&dp->timer, TIMER_MS);
    *out = dp;
    return NULL;
}

void dp_close(struct dp *dp, bool destroy)
{
    if (!dp) {
        return;
    }
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
    if (dp->ct) {
        ct_free(dp->ct);
    }
    if (dp->notify_fd >= 0) {
        close(dp->notify_fd);
    }
    free(dp->ports);
    free(dp->name);
    free(dp);
}

const char *dp_type(const struct dp *dp)
{
    return dp->type;
}

const char *dp_name(const struct dp *dp)
{
    return dp->name;
}

void dp_get_features(const struct dp *dp UNUSED, struct dp_features *f)
{
    *f = (struct dp_features){
        .ct = true,
        .ct_zone = true,
        .ct_mark = true,
        .ct_label = true,
        .ct_orig_tuple = true,
        .ct_clear = true,
        .recirc = true,
        .clone = true,
        .max_vlan_headers = KEY_MAX_VLANS,
        .max_mpls_depth = KEY_MAX_MPLS,
    };
}

struct ct *dp_ct(struct dp *dp)
{
    return dp->ct;
}

void dp_execute(struct dp *dp, struct packet *pkt, const void *actions, size_t len)
{
    /* Where the port's packets are processed, so that these keep their order with them. */
    const struct port *p = datapath_port(dp, pkt->in_port);

    worker_execute(dp->workers[p ? p->worker : 0], pkt, actions, len);
}

void dp_quiesce(struct dp *dp)
{
    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_quiesce(dp->workers[i]);
    }
}
