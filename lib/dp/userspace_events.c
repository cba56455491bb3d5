/* userspace_events.c - conn_events.h over lib/ct.  Whoever fills the tracker's empty ring wakes the
 * control thread by an eventfd. */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/dp/conn_events.h"
#include "lib/dp/user/datapath.h"
#include "lib/mem.h"

struct datapath_events {
    struct loop_fd fd;
    void (*ready)(void *aux);
    void *aux;
};

/* Any thread. */
static void wake(void *e_)
{
    const struct datapath_events *e = e_;
    const uint64_t one = 1;
    ssize_t unused UNUSED = write(e->fd.fd, &one, sizeof one);
}

static void on_wake(void *e_, unsigned events UNUSED)
{
    struct datapath_events *e = e_;
    uint64_t n;
    ssize_t unused UNUSED = read(e->fd.fd, &n, sizeof n);

    if (e->ready) {
        e->ready(e->aux);
    }
}

static int listen_to(struct dp *up, unsigned mask, void (*ready)(void *aux), void *aux)
{
    struct datapath *dp = datapath_of(up);

    if (!dp->events && mask) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0) {
            return errno;
        }
        dp->events = xzalloc(sizeof *dp->events);
        loop_fd_init(&dp->events->fd, up->loop, fd, on_wake, dp->events);
        loop_fd_want(&dp->events->fd, LOOP_READ);
    }
    if (dp->events) {
        dp->events->ready = mask ? ready : NULL;
        dp->events->aux = aux;
        ct_events_listen(dp->ct, mask, wake, dp->events);
    }
    return 0;
}

static bool next(struct dp *up, struct ct_event *event)
{
    return ct_event_next(datapath_of(up)->ct, event);
}

static uint64_t lost(const struct dp *up)
{
    return ct_events_lost(datapath_of(up)->ct);
}

void datapath_events_end(struct datapath *dp)
{
    if (dp->events && dp->events->ready) {
        dp->events->ready(dp->events->aux);
    }
}

void datapath_events_deinit(struct datapath *dp)
{
    if (dp->events) {
        loop_fd_deinit(&dp->events->fd);
        close(dp->events->fd.fd);
        free(dp->events);
    }
}

const struct dp_conn_events_class userspace_conn_events = {
    .listen = listen_to,
    .next = next,
    .lost = lost,
};
