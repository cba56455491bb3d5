/* kernel.c - see kernel.h: opens and closes the datapath, runs packets. */
#include "lib/dp/kernel/kernel.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/counter.h"
#include "lib/dp/kernel/slow.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/packet/csum.h"

LOG_MODULE(kernel);

#define TIMER_MS        1000
#define DEFAULT_THREADS 4
#define FEATURES        (OVS_DP_F_UNALIGNED | OVS_DP_F_VPORT_PIDS)

/* ---- the datapath in the kernel ---- */

static void on_datapath(void *ifindex, const struct nlsock_msg *m)
{
    if (m->family == NLSOCK_DATAPATH) {
        *(int *)ifindex = m->dp_ifindex;
    }
}

static int set_datapath(struct kernel *k, uint8_t cmd, uint32_t features)
{
    long n_cpus = sysconf(_SC_NPROCESSORS_CONF);
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_DATAPATH, cmd, NLM_F_ECHO, k->ifindex, &w);
    if (cmd == OVS_DP_CMD_NEW) {
        nlwr_put_str(&w, OVS_DP_ATTR_NAME, k->up.name);
        nlwr_put_u32(&w, OVS_DP_ATTR_UPCALL_PID, 0);
    }
    nlwr_put_u32(&w, OVS_DP_ATTR_USER_FEATURES, features);
    if (features & OVS_DP_F_DISPATCH_UPCALL_PER_CPU) {
        uint32_t *pids = nlwr_put(&w, OVS_DP_ATTR_PER_CPU_PIDS, (size_t)n_cpus * sizeof *pids);
        for (long i = 0; pids && i < n_cpus; i++) {
            pids[i] = upcall_pid(&k->threads[i % k->n_threads]);
        }
    }
    return nlsock_call(k->sock, &w, on_datapath, &k->ifindex);
}

static int find_datapath(struct kernel *k)
{
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, 0, 0, &w);
    nlwr_put_str(&w, OVS_DP_ATTR_NAME, k->up.name);
    return nlsock_call(k->sock, &w, on_datapath, &k->ifindex);
}

/* Makes it, or takes over what a former daemon left. */
static int make_datapath(struct kernel *k)
{
    k->ifindex = 0;
    int error = set_datapath(k, OVS_DP_CMD_NEW, FEATURES);

    k->adopted = error == EEXIST;
    return k->adopted ? find_datapath(k) : error;
}

/* Upcalls go by CPU where the kernel can, else by the flow's hash over the ports' sockets. */
static int choose_dispatch(struct kernel *k)
{
    k->per_cpu = !set_datapath(k, OVS_DP_CMD_SET, FEATURES | OVS_DP_F_DISPATCH_UPCALL_PER_CPU);
    k->action_env.upcall_pid = k->per_cpu ? UINT32_MAX : upcall_pid(&k->threads[0]);
    return k->per_cpu ? 0 : set_datapath(k, OVS_DP_CMD_SET, FEATURES);
}

static void delete_datapath(struct kernel *k)
{
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_DATAPATH, OVS_DP_CMD_DEL, 0, k->ifindex, &w);
    int error = nlsock_call(k->sock, &w, NULL, NULL);
    if (error && error != ENODEV) {
        log_warn("%s: could not be deleted (%s)", k->up.name, strerror(error));
    }
}

/* ---- opening and closing ---- */

static unsigned want_threads(void)
{
    cpu_set_t cpus;

    if (sched_getaffinity(0, sizeof cpus, &cpus)) {
        return 1;
    }
    return (unsigned)MAX(1, MIN(CPU_COUNT(&cpus), DEFAULT_THREADS));
}

static char *start_threads(struct kernel *k)
{
    for (unsigned n = want_threads(); k->n_threads < n; k->n_threads++) {
        char *error =
            upcall_start(&k->threads[k->n_threads], &k->flows, &k->up, k->ifindex, &k->families);
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* Somebody has deleted the datapath under our feet: it is made anew, with the same ports.  Flows
 * come back with their packets. */
static void revive(struct kernel *k)
{
    int error = make_datapath(k);

    error = error ? error : choose_dispatch(k);
    if (error) {
        log_warn_rl("%s: the datapath has gone, and could not be made again (%s)", k->up.name,
                    strerror(error));
        return;
    }
    log_warn("%s: the datapath had gone, and has been made again", k->up.name);
    k->flows.dp_ifindex = k->ifindex;
    for (unsigned i = 0; i < k->n_threads; i++) {
        __atomic_store_n(&k->threads[i].dp_ifindex, k->ifindex, __ATOMIC_RELAXED);
    }
    kport_restore(k);
}

static void on_timer(void *k_)
{
    struct kernel *k = k_;

    if (kflow_expire(&k->flows, k->sock) == ENODEV) {
        revive(k);
    }
    kct_timeouts_tick(k);
    /* A quarter of this thread's time at most. */
    loop_timer_after(&k->timer, MAX(TIMER_MS, 4 * k->flows.walk_ms));
}

/* What a former daemon has left is its flows, and ports that are none any more. */
static void settled(struct dp *up)
{
    struct kernel *k = kernel_of(up);

    if (k->flows.keep_foreign) {
        kflow_adopt(&k->flows, k->sock);
    }
    if (k->adopted) {
        k->adopted = false;
        kport_remove_foreign(k);
    }
}

static void close_kernel(struct dp *up, bool destroy)
{
    struct kernel *k = kernel_of(up);

    loop_timer_cancel(&k->timer);
    for (unsigned i = 0; i < k->n_threads; i++) {
        upcall_stop(&k->threads[i]);
    }
    if (k->opened) {
        (void)kflow_walk(&k->flows, k->sock, NULL, NULL);
        kflow_deinit(&k->flows);
        kport_deinit(k, destroy);
        if (destroy) {
            delete_datapath(k);
        }
        kct_deinit(k, destroy);
    }
    nlsock_free(k->sock);
    free(k);
}

static char *cannot_open(const struct kernel *k, int error)
{
    switch (error) {
    case ENOENT:
        return xasprintf("could not open datapath %s: this kernel has no openvswitch datapath (is "
                         "the module openvswitch loaded? modprobe openvswitch); "
                         "datapath_type=netdev needs none",
                         k->up.name);
    case EPERM:
        return xasprintf("could not open datapath %s: the kernel does not permit it (run as root, "
                         "or with CAP_NET_ADMIN)",
                         k->up.name);
    default:
        return xasprintf("could not open datapath %s (%s)", k->up.name, strerror(error));
    }
}

static char *too_old(struct kernel *k)
{
    char *text = xasprintf("could not open datapath %s: this kernel's openvswitch datapath is too "
                           "old, its flows have no identifiers (Linux 4.0 or later is needed); "
                           "datapath_type=netdev needs none",
                           k->up.name);

    if (!k->adopted) {
        delete_datapath(k);
    }
    close_kernel(&k->up, false);
    return text;
}

/* A former daemon's flows go on with its traffic until settled(), under ids that we do not use. */
static void inherit(struct kernel *k)
{
    if (!k->adopted) {
        return;
    }
    int error = kflow_inherit(&k->flows, k->sock, &k->features.first_recirc_id);
    if (error) {
        log_warn("%s: cannot read the flows that are there (%s): they are deleted", k->up.name,
                 strerror(error));
    }
    log_info("%s: taken over; recirculation ids from %u", k->up.name, k->features.first_recirc_id);
}

static char *open_kernel(const struct dp *up, struct dp **out)
{
    struct kernel *k = xzalloc(sizeof *k);

    k->up = *up;
    loop_timer_init(&k->timer, up->loop, on_timer, k);
    int error = nlsock_open(false, &k->sock);
    if (!error) {
        error = nlsock_resolve(k->sock, &k->families);
        k->sock->families = &k->families;
    }
    error = error ? error : make_datapath(k);
    if (error) {
        char *text = cannot_open(k, error);
        close_kernel(&k->up, false);
        return text;
    }
    if (!kprobe_run(k)) {
        return too_old(k);
    }
    kflow_init(&k->flows, &k->up, k->ifindex, &k->key_features, &k->action_env);
    k->opened = true;
    inherit(k);
    char *text = start_threads(k);
    if (!text && (error = choose_dispatch(k))) {
        text = cannot_open(k, error);
    }
    if (text) {
        close_kernel(&k->up, false);
        return text;
    }
    k->flows.action_env = k->action_env;
    kport_init(k);
    kct_timeouts_inherit(k);
    loop_timer_after(&k->timer, TIMER_MS);
    *out = &k->up;
    return NULL;
}

/* ---- the rest of the class ---- */

static void get_features(const struct dp *up, struct dp_features *f)
{
    const struct kernel *k = kernel_of(up);

    *f = k->features;
    f->kernel_keys = f->ufid = f->immediate = f->priority_is_class = f->keeps_flows = true;
    f->set_masked = k->action_env.set_masked;
    f->trunc = k->action_env.trunc;
    f->ct_eventmask = k->action_env.ct_eventmask;
    f->ct_state_nat = k->key_features.ct_state; /* Bits of one attribute, Linux 4.6 on. */
    f->ct_orig_tuple6 = k->key_features.ct_orig_tuple6;
    f->ip6_exthdr = k->key_features.ip6_exthdr;
    f->ct_timeout_zones = k->ct_timeout_zones;
    f->upcall_pid = k->action_env.upcall_pid;
}

static bool port_receive(struct dp *up UNUSED, uint32_t no UNUSED, struct packet *pkt)
{
    packet_free(pkt);
    return false;
}

/* 0 or an errno: ENOSYS if it has not been asked, since it does not have such actions. */
static int ask(struct kernel *k, const struct packet *pkt, const void *actions, size_t len)
{
    const char *why;
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_PACKET, OVS_PACKET_CMD_EXECUTE, 0, k->ifindex, &w);
    nlwr_put_data(&w, OVS_PACKET_ATTR_PACKET, pkt->data, pkt->len);
    size_t nest = nlwr_nest(&w, OVS_PACKET_ATTR_KEY);
    if (pkt->in_port != DP_PORT_NONE) {
        nlwr_put_u32(&w, OVS_KEY_ATTR_IN_PORT, pkt->in_port);
    }
    nlwr_put_u32(&w, OVS_KEY_ATTR_SKB_MARK, pkt->mark);
    nlwr_put_u32(&w, OVS_KEY_ATTR_PRIORITY, pkt->priority);
    if (pkt->packet_type) { /* With no Ethernet header beside it. */
        nlwr_put_u16(&w, OVS_KEY_ATTR_ETHERTYPE, htons(packet_eth_type(pkt, 0)));
    }
    nlwr_end(&w, nest);
    nest = nlwr_nest(&w, OVS_PACKET_ATTR_ACTIONS);
    bool ok = nlaction_put(actions, len, &k->action_env, &w, &why);
    nlwr_end(&w, nest);
    return ok ? nlsock_call(k->sock, &w, NULL, NULL) : ENOSYS;
}

static void drop(const struct kernel *k, const char *why)
{
    counter_inc(COUNTER_drop_kernel);
    log_warn_rl("%s: a packet could not be sent (%s)", k->up.name, why);
}

static void slow_execute(void *k_, const struct packet *pkt, const void *actions, size_t len)
{
    struct kernel *k = k_;

    int error = ask(k, pkt, actions, len);
    if (error) {
        drop(k, strerror(error));
    }
}

static void slow_refuse(void *k, const char *why)
{
    drop(k, why);
}

static void execute(struct dp *up, struct packet *pkt, const void *actions, size_t len)
{
    struct kernel *k = kernel_of(up);
    const struct slow_env env = {
        .aux = k, .actions = &k->action_env, .execute = slow_execute, .refuse = slow_refuse};

    if (pkt->csum == CSUM_PARTIAL && pkt->gso_type == GSO_NONE) {
        csum_complete(pkt); /* The kernel takes what it is given for complete. */
    }
    int error = ask(k, pkt, actions, len);
    const bool refused = slow_is_refused_packet(error, actions, len);
    if (error == ENOSYS || refused) {
        slow_run(&env, pkt, actions, len, refused);
        return;
    }
    if (error) {
        drop(k, strerror(error));
    }
    packet_free(pkt);
}

static void flow_walk(struct dp *up, dp_flow_visit *visit, void *aux)
{
    struct kernel *k = kernel_of(up);
    (void)kflow_walk(&k->flows, k->sock, visit, aux);
}

static void on_stats(void *stats_, const struct nlsock_msg *m)
{
    struct ovs_dp_stats *stats = stats_;
    struct nlrd r;

    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_DP_ATTR_STATS && r.n == sizeof *stats) {
            memcpy(stats, r.data, sizeof *stats);
        }
    }
}

static void flow_stats_total(const struct dp *up, uint64_t *hits, uint64_t *misses, uint64_t *lost,
                             uint64_t *n_flows)
{
    struct kernel *k = kernel_of(up);
    struct ovs_dp_stats stats = {0};
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_DATAPATH, OVS_DP_CMD_GET, 0, k->ifindex, &w);
    if (nlsock_call(k->sock, &w, on_stats, &stats)) {
        memset(&stats, 0, sizeof stats);
    }
    *hits = stats.n_hit;
    *misses = stats.n_missed;
    *lost = stats.n_lost;
    *n_flows = stats.n_flows;
}

static void quiesce(struct dp *up UNUSED)
{
}

static const char *const types[] = {"system", NULL};

const struct dp_class kernel_class = {
    .types = types,
    .open = open_kernel,
    .close = close_kernel,
    .get_features = get_features,
    .format_features = kprobe_format_more,
    .port_add = kport_add,
    .port_del = kport_del,
    .port_get = kport_get,
    .port_get_stats = kport_get_stats,
    .port_set_up = kport_set_up,
    .port_receive = port_receive,
    .execute = execute,
    .flow_walk = flow_walk,
    .flow_stats_total = flow_stats_total,
    .get_mask_stats = kshow_get_mask_stats,
    .port_walk = kshow_port_walk,
    .conns = &kct_conns,
    .meters = &kernel_meters,
    .quiesce = quiesce,
    .settled = settled,
};
