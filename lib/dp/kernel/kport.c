/* kport.c - see kernel.h: the ports of the kernel datapath. */
#include <errno.h>
#include <stdlib.h>

#include "lib/dp/kernel/kernel.h"
#include "lib/dp/kernel/vport.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(kport);

#define MAX_NEWS 64 /* Read in one turn. */

typedef const char *port_option(void *aux, const char *key);

static struct kernel_port *find(const struct kernel *k, uint32_t no)
{
    struct kernel_port *p = k->ports;
    while (p && p->no != no) {
        p = p->next;
    }
    return p;
}

/* ---- requests ---- */

static void get_pids(const struct kernel *k, uint32_t pids[UPCALL_MAX_THREADS])
{
    for (unsigned i = 0; i < k->n_threads; i++) {
        pids[i] = upcall_pid(&k->threads[i]);
    }
}

static int get_by_name(struct kernel *k, const char *name, struct vport *v)
{
    return vport_get_by_name(k->sock, k->ifindex, name, v);
}

static int create(struct kernel *k, const char *name, const struct vport *wanted, uint32_t want_no,
                  struct vport *v)
{
    uint32_t pids[UPCALL_MAX_THREADS];

    get_pids(k, pids);
    return vport_new(k->sock, k->ifindex, name, wanted, want_no, pids, k->n_threads, v);
}

static int del_vport(struct kernel *k, uint32_t no)
{
    return vport_del(k->sock, k->ifindex, no);
}

/* A port that a former daemon left: its upcalls are ours from now on. */
static int adopt(struct kernel *k, const struct vport *v)
{
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_VPORT, OVS_VPORT_CMD_SET, 0, k->ifindex, &w);
    uint32_t pids[UPCALL_MAX_THREADS];
    get_pids(k, pids);
    nlwr_put_u32(&w, OVS_VPORT_ATTR_PORT_NO, v->no);
    nlwr_put_data(&w, OVS_VPORT_ATTR_UPCALL_PID, pids, k->n_threads * sizeof pids[0]);
    return nlsock_call(k->sock, &w, NULL, NULL);
}

/* ---- the class's operations ---- */

/* The number to ask for: the kernel does not know which are kept for devices that have vanished. */
static uint32_t number_for(const struct kernel *k, uint32_t want_no)
{
    const struct kernel_port *p = k->ports;

    while (p && !p->gone) {
        p = p->next;
    }
    if (want_no != DP_PORT_NONE || !p) {
        return want_no;
    }
    for (want_no = 1; find(k, want_no); want_no++) {
    }
    return want_no;
}

static const char *explain(int error)
{
    switch (error) {
    case ENODEV:
        return "No such device";
    case EBUSY:
        return "Device or resource busy: it belongs to another bridge or datapath";
    case EPERM:
        return "Operation not permitted: run as root, or with CAP_NET_ADMIN";
    default:
        return strerror(error);
    }
}

static void refresh(struct kernel_port *p)
{
    p->gone = link_get(p->name, &p->link) != 0;
}

static char *type_of(const char *name, const char *type, port_option *option, void *aux,
                     struct vport *wanted)
{
    const char *port = option ? option(aux, "dst_port") : NULL;

    *wanted = (struct vport){.type = vport_type_number(type)};
    if (wanted->type == OVS_VPORT_TYPE_UNSPEC) {
        return xasprintf("%s: the kernel datapath has no ports of type %s", name, type);
    }
    if (port && !text_to_u16(port, &wanted->dst_port)) {
        return xasprintf("%s: options:dst_port=%s: not a number of a port", name, port);
    }
    const char *exts = option ? option(aux, "exts") : NULL;
    wanted->gbp = exts && !strcmp(exts, "gbp");
    return strlen(name) < IFNAMSIZ
               ? NULL
               : xasprintf("%s: names of devices have %d characters at most", name, IFNAMSIZ - 1);
}

/* The port under this name as a former daemon left it, or a new one. */
static int take(struct kernel *k, const char *name, const struct vport *wanted, uint32_t want_no,
                struct vport *v)
{
    int error = get_by_name(k, name, v);

    if (!error && v->type == wanted->type && v->dst_port == wanted->dst_port &&
        v->gbp == wanted->gbp) {
        return find(k, v->no) ? EEXIST : adopt(k, v);
    }
    if (!error) { /* Another kind of port under this name: ours of old. */
        (void)del_vport(k, v->no);
    }
    error = create(k, name, wanted, number_for(k, want_no), v);
    if (error == EBUSY && want_no == DP_PORT_NONE) { /* Somebody else's number. */
        error = create(k, name, wanted, want_no, v);
    }
    return error;
}

char *kport_add(struct dp *up, const char *name, const char *type, uint32_t want_no,
                const char *(*option)(void *aux, const char *key), void *aux, uint32_t *port_no)
{
    struct kernel *k = kernel_of(up);
    struct vport wanted, v;

    *port_no = DP_PORT_NONE;
    char *why = type_of(name, type, option, aux, &wanted);
    if (why) {
        return why;
    }
    uint32_t vport = wanted.type;
    int error = take(k, name, &wanted, want_no, &v);
    if (error) {
        return vport == OVS_VPORT_TYPE_NETDEV && error == ENODEV
                   ? xasprintf("could not open network device %s (%s)", name, explain(error))
                   : xasprintf("could not add network device %s to %s (%s)", name, up->name,
                               explain(error));
    }
    struct kernel_port *p = xzalloc(sizeof *p);
    p->no = *port_no = v.no;
    p->internal = vport != OVS_VPORT_TYPE_NETDEV;
    p->vport = vport;
    p->dst_port = wanted.dst_port;
    p->gbp = wanted.gbp;
    memcpy(p->name, name, strlen(name) + 1);
    memcpy(p->type, type, strlen(type) + 1);
    refresh(p);
    p->next = k->ports;
    k->ports = p;
    return NULL;
}

static void remove_port(struct kernel *k, struct kernel_port *p, bool destroy)
{
    for (struct kernel_port **i = &k->ports; *i; i = &(*i)->next) {
        if (*i == p) {
            *i = p->next;
            break;
        }
    }
    int error = destroy && !p->gone ? del_vport(k, p->no) : 0;
    if (error && error != ENODEV) {
        log_warn("%s: could not be removed from %s (%s)", p->name, k->up.name, strerror(error));
    }
    free(p);
}

void kport_del(struct dp *up, uint32_t no, bool destroy)
{
    struct kernel *k = kernel_of(up);
    struct kernel_port *p = find(k, no);

    if (p) {
        remove_port(k, p, destroy);
    } else if (destroy && no) { /* One that another made; number 0 goes with the datapath. */
        (void)del_vport(k, no);
    }
}

bool kport_get(const struct dp *up, uint32_t no, struct dp_port_info *info)
{
    const struct kernel_port *p = find(kernel_of(up), no);

    if (!p) {
        return false;
    }
    *info = (struct dp_port_info){.port_no = no,
                                  .mtu = p->link.mtu,
                                  .admin_up = p->link.admin_up,
                                  .link_up = p->link.carrier,
                                  .gone = p->gone,
                                  .ifindex = p->link.ifindex};
    memcpy(info->name, p->name, sizeof info->name);
    memcpy(info->type, p->type, sizeof info->type);
    memcpy(info->mac, p->link.mac, sizeof info->mac);
    return true;
}

void kport_get_stats(const struct dp *up, uint32_t no, struct dp_port_stats *s)
{
    struct vport v;

    memset(s, 0xff, sizeof *s); /* All unknown. */
    const struct kernel *k = kernel_of(up);
    if (!vport_get_by_number(k->sock, k->ifindex, no, &v)) {
        vport_stats(&v, s);
    }
}

int kport_set_up(struct dp *base, uint32_t no, bool up)
{
    const struct kernel_port *p = find(kernel_of(base), no);

    return !p || p->gone ? ENODEV : link_set_up(p->link.ifindex, up);
}

/* ---- devices come and go ---- */

/* A device that has returned is no port of the datapath any more: it is made one again. */
static void bring_back(struct kernel *k, struct kernel_port *p)
{
    struct vport v;
    const struct vport wanted = {.type = p->vport, .dst_port = p->dst_port, .gbp = p->gbp};
    int error = create(k, p->name, &wanted, p->no, &v);

    if (error && error != EEXIST) {
        log_warn_rl("%s: network device has returned but cannot be added (%s)", p->name,
                    strerror(error));
    } else {
        log_info("%s: network device has returned", p->name);
        refresh(p);
    }
}

void kport_restore(struct kernel *k)
{
    struct vport v;

    for (struct kernel_port *p = k->ports; p; p = p->next) {
        if (get_by_name(k, p->name, &v) == ENODEV) {
            refresh(p);
            if (!p->gone || p->internal) {
                log_warn_rl("%s: has been removed from %s by somebody else", p->name, k->up.name);
                bring_back(k, p);
            }
        }
    }
}

struct numbers {
    const struct kernel *k;
    uint32_t *no;
    size_t n, cap;
};

static void on_listed(void *x_, const struct nlsock_msg *m)
{
    struct numbers *x = x_;
    struct vport v = {.found = false};

    vport_read(&v, m);
    if (m->family != NLSOCK_VPORT || !v.found || !v.no || find(x->k, v.no)) {
        return; /* Ours, or the datapath's own. */
    }
    if (x->n == x->cap) {
        x->cap = x->cap ? 2 * x->cap : 16;
        x->no = xrealloc(x->no, x->cap * sizeof x->no[0]);
    }
    x->no[x->n++] = v.no;
}

void kport_remove_foreign(struct kernel *k)
{
    struct numbers x = {.k = k};
    struct nlwr w;

    nlsock_begin(k->sock, NLSOCK_VPORT, OVS_VPORT_CMD_GET, NLM_F_DUMP, k->ifindex, &w);
    int error = nlsock_call(k->sock, &w, on_listed, &x);
    for (size_t i = 0; !error && i < x.n; i++) {
        log_info("%s: port %u of a former process is removed", k->up.name, x.no[i]);
        (void)del_vport(k, x.no[i]);
    }
    free(x.no);
}

static void on_link(void *k_, const struct link_info *link)
{
    struct kernel *k = k_;

    for (struct kernel_port *p = k->ports; p; p = p->next) {
        if (link && link->ifindex != p->link.ifindex && strcmp(link->name, p->name)) {
            continue;
        }
        bool was_gone = p->gone;
        refresh(p);
        if (!was_gone && p->gone) {
            log_warn("%s: network device has vanished, waiting for it to return", p->name);
        } else if (was_gone && !p->gone && !p->internal) {
            bring_back(k, p);
        }
        if (k->up.handler.port_changed) {
            k->up.handler.port_changed(k->up.handler.aux, p->no);
        }
    }
}

static void on_news(void *removed, const struct nlsock_msg *m)
{
    *(bool *)removed |= m->family == NLSOCK_VPORT && m->cmd == OVS_VPORT_CMD_DEL;
}

static void on_news_fd(void *k_, unsigned events UNUSED)
{
    struct kernel *k = k_;
    bool removed = false;
    int error;

    for (unsigned i = 0; i < MAX_NEWS; i++) {
        error = nlsock_recv(k->news, on_news, &removed);
        removed |= error == ENOBUFS;
        if (error && error != ENOBUFS) {
            break;
        }
    }
    if (removed) {
        kport_restore(k);
    }
}

static void listen_to_news(struct kernel *k)
{
    int error = k->families.vport_group ? nlsock_open(true, &k->news) : ENOENT;

    if (!error) {
        k->news->families = &k->families;
        error = nlsock_join(k->news, k->families.vport_group);
    }
    if (error) {
        log_warn("%s: does not hear of ports that others remove (%s)", k->up.name, strerror(error));
        nlsock_free(k->news);
        k->news = NULL;
        return;
    }
    loop_fd_init(&k->news_fd, k->up.loop, k->news->transport.fd, on_news_fd, k);
    loop_fd_want(&k->news_fd, LOOP_READ);
}

void kport_init(struct kernel *k)
{
    int error = link_monitor_new(k->up.loop, on_link, k, &k->monitor);
    if (error) {
        log_warn("cannot watch network devices (%s): changes of links go unnoticed",
                 strerror(error));
    }
    listen_to_news(k);
}

void kport_deinit(struct kernel *k, bool destroy)
{
    loop_fd_deinit(&k->news_fd);
    nlsock_free(k->news);
    link_monitor_free(k->monitor);
    while (k->ports) {
        remove_port(k, k->ports, destroy);
    }
}
