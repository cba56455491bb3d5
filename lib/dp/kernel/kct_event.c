/* kct_event.c - conn_events.h over ctnetlink's multicast groups.  As with dumps, what others than
 * this datapath track is heard too.  The kernel does not say how many messages an overrun lost: it
 * counts as one. */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/dp/conn_events.h"
#include "lib/dp/kernel/kct-private.h"
#include "lib/dp/kernel/kct_info.h"
#include "lib/env.h"
#include "lib/mem.h"

#define DATAGRAM_MAX 512 /* Events of one datagram; there are fewer. */

struct kct_events {
    struct kernel *k;
    struct nlsock *sock;
    struct loop_fd fd;
    void (*ready)(void *aux);
    void *aux;
    struct ct_event events[DATAGRAM_MAX]; /* Those of the last datagram from 'first' on. */
    unsigned first, n;
    uint64_t n_lost;
};

static void on_message(void *e_, const struct nlsock_msg *m)
{
    struct kct_events *e = e_;
    const struct env *env = loop_env(e->k->up.loop);

    if (m->family != NLSOCK_CONNTRACK || e->n == DATAGRAM_MAX) {
        return;
    }
    struct ct_event *event = &e->events[e->n];
    if (kct_info_get(m->attrs, m->n, env->now_ms, env->wall_ms, &event->info)) {
        event->type = m->cmd == IPCTNL_MSG_CT_DELETE ? CT_EVENT_DESTROY
                      : m->flags & NLM_F_CREATE      ? CT_EVENT_NEW
                                                     : CT_EVENT_UPDATE;
        e->n++;
    }
}

static bool next(struct dp *dp, struct ct_event *event)
{
    struct kct_events *e = kernel_of(dp)->ct_events;

    while (e && e->first == e->n) {
        e->first = e->n = 0;
        int error = nlsock_recv(e->sock, on_message, e);
        if (error == ENOBUFS) {
            e->n_lost++;
        } else if (error) {
            return false;
        }
    }
    if (e) {
        *event = e->events[e->first++];
    }
    return e != NULL;
}

static void on_fd(void *e_, unsigned events UNUSED)
{
    struct kct_events *e = e_;
    e->ready(e->aux);
}

static void stop(struct kernel *k)
{
    struct kct_events *e = k->ct_events;

    k->ct_events = NULL;
    if (e) {
        loop_fd_deinit(&e->fd);
        nlsock_free(e->sock);
        free(e);
    }
}

static int join(struct nlsock *s, unsigned mask)
{
    static const uint32_t groups[] = {[CT_EVENT_NEW] = NFNLGRP_CONNTRACK_NEW,
                                      [CT_EVENT_UPDATE] = NFNLGRP_CONNTRACK_UPDATE,
                                      [CT_EVENT_DESTROY] = NFNLGRP_CONNTRACK_DESTROY};
    int error = 0;

    for (unsigned i = 0; !error && i < ARRAY_SIZE(groups); i++) {
        error = mask & BIT(i) ? nlsock_join(s, groups[i]) : 0;
    }
    return error;
}

/* Another mask is another socket. */
static int listen_to(struct dp *dp, unsigned mask, void (*ready)(void *aux), void *aux)
{
    struct kernel *k = kernel_of(dp);
    uint64_t n_lost = k->ct_events ? k->ct_events->n_lost : 0;
    struct nlsock *sock = NULL;

    int error = mask ? nlsock_open_netfilter(&sock, SOCK_NONBLOCK) : 0;
    error = error || !mask ? error : join(sock, mask);
    if (error) {
        nlsock_free(sock);
        return error;
    }
    stop(k);
    if (mask) {
        struct kct_events *e = xzalloc(sizeof *e);
        e->k = k;
        e->sock = sock;
        e->ready = ready;
        e->aux = aux;
        e->n_lost = n_lost;
        loop_fd_init(&e->fd, dp->loop, sock->transport.fd, on_fd, e);
        loop_fd_want(&e->fd, LOOP_READ);
        k->ct_events = e;
    }
    return 0;
}

static uint64_t lost(const struct dp *dp)
{
    const struct kct_events *e = kernel_of(dp)->ct_events;
    return e ? e->n_lost : 0;
}

void kct_events_deinit(struct kernel *k)
{
    if (k->ct_events) {
        k->ct_events->ready(k->ct_events->aux);
    }
    stop(k);
}

const struct dp_conn_events_class kct_conn_events = {
    .listen = listen_to,
    .next = next,
    .lost = lost,
};
