/* datapath_ports.c - see dp.h: the ports of a datapath, and what happens to their devices.  Control
 * thread. A port is taken from its worker before it is closed, and from all senders (an RCU grace
 * period) before it is freed. */
#include <errno.h>
#include <stdlib.h>
#include <urcu-qsbr.h>

#include "lib/dp/user/datapath.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(dpif);

struct port *datapath_port(const struct datapath *dp, uint32_t no)
{
    return no < dp->n_ports ? dp->ports->by_no[no] : NULL;
}

static struct port *find_by_name(const struct datapath *dp, const char *name)
{
    for (uint32_t i = 0; i < dp->n_ports; i++) {
        struct port *p = dp->ports->by_no[i];
        if (p && !strcmp(p->name, name)) {
            return p;
        }
    }
    return NULL;
}

static uint32_t free_number(const struct datapath *dp)
{
    for (uint32_t i = 1; i < WORKER_MAX_PORTS; i++) {
        if (!dp->ports->by_no[i]) {
            return i;
        }
    }
    return DP_PORT_NONE;
}

static void attach(struct datapath *dp, struct port *p)
{
    if (dp->waits) {
        return;
    }
    p->worker = 0;
    for (unsigned i = 1; i < dp->n_workers; i++) {
        if (dp->workers[i]->n_ports < dp->workers[p->worker]->n_ports) {
            p->worker = i;
        }
    }
    dp->workers[p->worker]->n_ports++;
    worker_add_port(dp->workers[p->worker], p);
}

static void detach(struct datapath *dp, struct port *p)
{
    if (dp->waits) {
        return;
    }
    worker_del_port(dp->workers[p->worker], p);
    dp->workers[p->worker]->n_ports--;
}

void datapath_ports_attach(struct datapath *dp)
{
    for (uint32_t i = 0; i < dp->n_ports; i++) {
        struct port *p = dp->ports->by_no[i];
        if (p && !p->gone) {
            attach(dp, p);
        }
    }
}

char *datapath_port_add(struct dp *up, const char *name, const char *type, uint32_t want_no,
                        const char *(*option)(void *aux, const char *key), void *aux,
                        uint32_t *port_no)
{
    struct datapath *dp = datapath_of(up);
    uint32_t no = want_no == DP_PORT_NONE ? free_number(dp) : want_no;
    int error = 0;

    *port_no = DP_PORT_NONE;
    if (no >= WORKER_MAX_PORTS) {
        error = EFBIG;
    } else if (dp->ports->by_no[no]) {
        error = EBUSY;
    } else if (find_by_name(dp, name)) {
        error = EEXIST;
    }
    if (error) {
        return xasprintf("could not add network device %s to %s (%s)", name, dp->up.name,
                         strerror(error));
    }
    struct port *p;
    char *text = port_new(name, type, dp->dummy, option, aux, &p);
    if (text) {
        return text;
    }
    p->no = *port_no = no;
    dp->n_ports = MAX(dp->n_ports, no + 1);
    __atomic_store_n(&dp->ports->by_no[no], p, __ATOMIC_RELEASE);
    attach(dp, p);
    return NULL;
}

static void del_port(struct datapath *dp, struct port *p, bool destroy, bool workers_run)
{
    __atomic_store_n(&dp->ports->by_no[p->no], NULL, __ATOMIC_RELEASE);
    while (dp->n_ports && !dp->ports->by_no[dp->n_ports - 1]) {
        dp->n_ports--;
    }
    if (workers_run) {
        if (!p->gone) {
            detach(dp, p);
        }
        /* Workers finish the batches that may have found it; each lasts well below a
         * millisecond. */
        synchronize_rcu();
    }
    port_free(p, destroy);
}

void datapath_port_del(struct dp *up, uint32_t no, bool destroy)
{
    struct datapath *dp = datapath_of(up);
    struct port *p = datapath_port(dp, no);

    if (p) {
        del_port(dp, p, destroy, true);
    }
}

bool datapath_port_get(const struct dp *up, uint32_t no, struct dp_port_info *info)
{
    struct datapath *dp = datapath_of(up);
    const struct port *p = datapath_port(dp, no);

    if (p) {
        port_get_info(p, info);
    }
    return p != NULL;
}

void datapath_port_walk(const struct dp *up, dp_port_cb *cb, void *aux)
{
    struct datapath *dp = datapath_of(up);
    struct dp_port_info info;

    for (uint32_t no = 0; no < dp->n_ports; no++) {
        if (datapath_port_get(up, no, &info)) {
            cb(aux, &info);
        }
    }
}

void datapath_port_get_stats(const struct dp *up, uint32_t no, struct dp_port_stats *s)
{
    struct datapath *dp = datapath_of(up);
    struct port *p = datapath_port(dp, no);

    memset(s, 0xff, sizeof *s); /* All unknown. */
    if (p) {
        port_get_stats(p, s);
    }
}

int datapath_port_set_up(struct dp *base, uint32_t no, bool up)
{
    struct datapath *dp = datapath_of(base);
    struct port *p = datapath_port(dp, no);

    if (!p) {
        return ENODEV;
    }
    int error = p->gone ? ENODEV : p->class->set_up(p, up);
    if (!error && dp->up.handler.port_changed && !p->class->has_device) {
        dp->up.handler.port_changed(dp->up.handler.aux, no); /* No kernel to tell. */
    }
    return error;
}

int datapath_port_set_queues(struct dp *up, uint32_t no, const uint32_t *queues, size_t n)
{
    struct port *p = datapath_port(datapath_of(up), no);

    if (!p || p->gone) {
        return ENODEV;
    }
    if (p->class->set_queues) {
        return p->class->set_queues(p, queues, n);
    }
    /* What a device's own queues would hold goes past them; without a device there are none. */
    return n && p->class->has_device ? EOPNOTSUPP : 0;
}

bool datapath_port_get_queue_stats(const struct dp *up, uint32_t no, struct dp_queue_stats *s,
                                   size_t n)
{
    const struct port *p = datapath_port(datapath_of(up), no);

    if (!p || !p->class->get_queue_stats) {
        return false;
    }
    p->class->get_queue_stats(p, s, n);
    return true;
}

bool datapath_port_receive(struct dp *up, uint32_t no, struct packet *pkt)
{
    struct datapath *dp = datapath_of(up);
    struct port *p = datapath_port(dp, no);

    if (!p || p->class != &port_dummy || !dp->dummy) {
        packet_free(pkt);
        return false;
    }
    pkt->in_port = no;
    port_count(&p->rx, pkt->len);
    worker_receive(dp->workers[p->worker], pkt);
    return true;
}

/* Devices come and go. */

static void device_gone(struct datapath *dp, struct port *p)
{
    log_warn("%s: network device has vanished, waiting for it to return", p->name);
    detach(dp, p);
    port_suspend(p);
}

static void device_back(struct datapath *dp, struct port *p)
{
    int error = port_resume(p);

    if (error) {
        log_warn("%s: network device has returned but cannot be opened (%s)", p->name,
                 strerror(error));
        return;
    }
    log_info("%s: network device has returned", p->name);
    attach(dp, p);
}

/* Compares the port with its device as it is now. */
static void check_device(struct datapath *dp, struct port *p)
{
    struct link_info link;
    int error = link_get(p->name, &link);
    bool exists = !error;

    if (error && error != ENODEV) {
        log_warn_rl("%s: cannot look at network device (%s)", p->name, strerror(error));
        return;
    }

    /* A device of that name may be another one than the port has open. */
    if (!p->gone && (!exists || p->ifindex != link.ifindex)) {
        device_gone(dp, p);
    }
    if (p->gone && exists) {
        device_back(dp, p);
    }
    if (exists) {
        __atomic_store_n(&p->mtu, link.mtu, __ATOMIC_RELAXED);
    }
}

static void on_link(void *aux, const struct link_info *link)
{
    struct datapath *dp = aux;

    for (uint32_t i = 0; i < dp->n_ports; i++) {
        struct port *p = dp->ports->by_no[i];
        /* By index: the port's device has another name now. */
        if (p && p->class->has_device &&
            (!link || link->ifindex == p->ifindex || !strcmp(p->name, link->name))) {
            check_device(dp, p);
            if (dp->up.handler.port_changed) {
                dp->up.handler.port_changed(dp->up.handler.aux, p->no);
            }
        }
    }
}

void datapath_ports_init(struct datapath *dp)
{
    if (!dp->dummy) {
        int error = link_monitor_new(dp->up.loop, on_link, dp, &dp->monitor);
        if (error) {
            log_warn("cannot watch network devices (%s): changes of links go unnoticed",
                     strerror(error));
        }
    }
}

void datapath_ports_deinit(struct datapath *dp, bool destroy)
{
    link_monitor_free(dp->monitor);
    for (uint32_t i = dp->n_ports; i-- > 0;) {
        if (dp->ports->by_no[i]) {
            del_port(dp, dp->ports->by_no[i], destroy, false);
        }
    }
}
