/* bridge_queue.c - the queues of a bridge's ports.  Journey: configuration -> bridge_port_set_qos()
 * -> classes of the kernel on the device (lib/io/link_htb.h), and the datapath, which may have to
 * open something to send by them -> set_queue chooses one; statistics are the classes'.
 * A queue's DSCP is translation's (xlate_queue.c).  See bridge.h.  OpenFlow 1.3.5
 * sections 5.12, 7.2.2, 7.3.5.8.
 *
 * A port without a device has queues by name only: nothing is shaped, and the datapath may know
 * what went through them. */
#include <errno.h>
#include <stdlib.h>

#include "lib/io/link_htb.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(bridge_queue);

#define DEFAULT_MBPS 100 /* Of a device that does not say how fast it is. */

static bool device_of(const struct bridge_port *port, struct dp_port_info *info)
{
    return port->dp_port != DP_PORT_NONE && !port->tunnel &&
           dp_port_get(port->bridge->ofproto->dp, port->dp_port, info) && !info->gone;
}

/* In bits per second. */
static uint64_t rate_of_all(const struct bridge_port *port)
{
    struct dp_port_info info;
    uint64_t mbps = device_of(port, &info) ? info.speed_mbps : 0;

    return port->qos->max_rate ? port->qos->max_rate : (mbps ? mbps : DEFAULT_MBPS) * 1000000;
}

static int set_device(const struct bridge_port *port, const struct dp_port_info *info)
{
    const struct bridge_qos *q = port->qos;
    struct link_htb_queue *queues = xcalloc(q->n + 1, sizeof *queues);

    for (size_t i = 0; i < q->n; i++) {
        const struct bridge_queue_config *c = &q->queues[i].config;
        queues[i] = (struct link_htb_queue){.queue = c->queue,
                                            .priority = c->priority,
                                            .min_rate = c->min_rate / 8,
                                            .max_rate = c->max_rate / 8,
                                            .burst = c->burst / 8};
    }
    int error = link_htb_set(info->ifindex, info->mtu, rate_of_all(port) / 8, queues, q->n);
    free(queues);
    return error;
}

void bridge_queues_to_device(struct bridge_port *port)
{
    struct dp_port_info info;

    if (!port->qos || !device_of(port, &info)) {
        return;
    }
    uint32_t *ids = xcalloc(port->qos->n + 1, sizeof *ids);
    for (size_t i = 0; i < port->qos->n; i++) {
        ids[i] = port->qos->queues[i].config.queue;
    }
    int error = info.ifindex ? set_device(port, &info) : 0;
    error = error ? error
                  : dp_port_set_queues(port->bridge->ofproto->dp, port->dp_port, ids, port->qos->n);
    if (error == EOPNOTSUPP && info.ifindex) {
        (void)link_htb_clear(info.ifindex); /* Classes that nothing would pass. */
    }
    if (error && !port->qos->error) {
        log_warn("%s: the queues of port %s cannot be made (%s): they do not hold what they say",
                 port->bridge->name, port->name, strerror(error));
    }
    port->qos->error = error;
    free(ids);
}

static void qos_free(struct bridge_qos *q)
{
    if (q) {
        free(q->queues);
        free(q);
    }
}

void bridge_queues_deinit(struct bridge_port *port, bool clear_device)
{
    struct dp_port_info info;

    if (port->qos && clear_device && device_of(port, &info)) {
        (void)dp_port_set_queues(port->bridge->ofproto->dp, port->dp_port, NULL, 0);
        int error = info.ifindex ? link_htb_clear(info.ifindex) : 0;
        if (error) {
            log_warn_rl("%s: the queues of port %s cannot be removed (%s)", port->bridge->name,
                        port->name, strerror(error));
        }
    }
    qos_free(port->qos);
    port->qos = NULL;
}

static bool is_equal(const struct bridge_qos *q, const struct bridge_qos_config *c)
{
    bool equal = q && q->n == c->n && q->max_rate == c->max_rate;

    for (size_t i = 0; equal && i < c->n; i++) {
        equal = !memcmp(&q->queues[i].config, &c->queues[i], sizeof c->queues[i]);
    }
    return equal;
}

static const struct bridge_queue *find_queue(const struct bridge_qos *q, uint32_t id)
{
    for (size_t i = 0; q && i < q->n; i++) {
        if (q->queues[i].config.queue == id) {
            return &q->queues[i];
        }
    }
    return NULL;
}

static bool has_dscps(const struct bridge_qos *q)
{
    bool has = false;

    for (size_t i = 0; q && i < q->n; i++) {
        has |= q->queues[i].config.dscp >= 0;
    }
    return has;
}

void bridge_queues_to_cfg(const struct bridge_port *port, struct xlate_port *xp)
{
    const struct bridge_qos *q = port->qos;
    size_t n = 0;

    if (port->dp_port == DP_PORT_NONE || !has_dscps(q)) {
        return; /* The queue goes through a patch port as it is. */
    }
    struct xlate_queue_dscp *dscps = xcalloc(q->n, sizeof *dscps);
    for (size_t i = 0; i < q->n; i++) {
        const struct bridge_queue_config *c = &q->queues[i].config;
        if (c->dscp >= 0) {
            dscps[n++] = (struct xlate_queue_dscp){c->queue, (uint8_t)c->dscp};
        }
    }
    xlate_port_set_dscps(xp, dscps, n);
    free(dscps);
}

void bridge_port_set_qos(struct bridge *br, uint32_t ofp_port, const struct bridge_qos_config *c)
{
    struct bridge_port *port = bridge_port_find(br, ofp_port);

    if (!port || (!c && !port->qos) || (c && is_equal(port->qos, c))) {
        return;
    }
    if (has_dscps(port->qos)) {
        ofproto_cfg_changed(br->ofproto);
    }
    if (!c) {
        bridge_queues_deinit(port, true);
        return;
    }
    struct bridge_qos *q = xzalloc(sizeof *q);
    q->error = port->qos ? port->qos->error : 0;
    q->max_rate = c->max_rate;
    q->n = c->n;
    q->queues = xcalloc(c->n + 1, sizeof *q->queues);
    for (size_t i = 0; i < c->n; i++) {
        const struct bridge_queue *old = find_queue(port->qos, c->queues[i].queue);
        q->queues[i].config = c->queues[i];
        q->queues[i].created_ms = old ? old->created_ms : loop_now(br->ofproto->loop);
    }
    qos_free(port->qos);
    port->qos = q;
    if (has_dscps(q)) {
        ofproto_cfg_changed(br->ofproto);
    }
    bridge_queues_to_device(port);
}

/* Tenths of a percent. */
static uint16_t share(uint64_t rate, uint64_t all)
{
    if (!rate) {
        return QUEUE_RATE_UNSET;
    }
    return rate >= all ? 1000 : (uint16_t)(1000.0L * (long double)rate / (long double)all);
}

void bridge_queue_get_config(const struct bridge_port *port, const struct bridge_queue *q,
                             struct queue_config *c)
{
    uint64_t all = rate_of_all(port);

    *c = (struct queue_config){.port = port->ofp_port,
                               .queue = q->config.queue,
                               .min_rate = share(q->config.min_rate, all),
                               .max_rate = share(q->config.max_rate, all)};
}

struct filling {
    struct queue_stats *stats;
    size_t n;
};

static void fill(void *filling_, const struct link_htb_stats *s)
{
    struct filling *f = filling_;

    for (size_t i = 0; i < f->n; i++) {
        if (f->stats[i].queue == s->queue) {
            f->stats[i].bytes = s->bytes;
            f->stats[i].packets = s->packets;
            f->stats[i].errors = s->dropped;
        }
    }
}

/* Those of a port without a device. */
static void fill_from_dp(const struct bridge_port *port, struct filling *f)
{
    struct dp_queue_stats *s = xcalloc(f->n + 1, sizeof *s);

    for (size_t i = 0; i < f->n; i++) {
        s[i].queue = f->stats[i].queue;
    }
    if (dp_port_get_queue_stats(port->bridge->ofproto->dp, port->dp_port, s, f->n)) {
        for (size_t i = 0; i < f->n; i++) {
            f->stats[i].bytes = s[i].bytes;
            f->stats[i].packets = s[i].packets;
            f->stats[i].errors = 0;
        }
    }
    free(s);
}

void bridge_queues_get_stats(const struct bridge_port *port, struct queue_stats *stats)
{
    int64_t now = loop_now(port->bridge->ofproto->loop);
    struct filling f = {stats, port->qos->n};
    struct dp_port_info info;

    for (size_t i = 0; i < f.n; i++) {
        int64_t age = now - port->qos->queues[i].created_ms;
        stats[i] = (struct queue_stats){.port = port->ofp_port,
                                        .queue = port->qos->queues[i].config.queue,
                                        .bytes = UINT64_MAX,
                                        .packets = UINT64_MAX,
                                        .errors = UINT64_MAX,
                                        .duration_sec = (uint32_t)(age / 1000),
                                        .duration_nsec = (uint32_t)(age % 1000) * 1000000};
    }
    if (!device_of(port, &info)) {
        return;
    }
    if (info.ifindex) {
        (void)link_htb_get_stats(info.ifindex, fill, &f); /* Without it they stay unknown. */
    } else {
        fill_from_dp(port, &f);
    }
}
