/* handover.c - see handover.h. */
#include "lib/io/handover.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/mem.h"

#define ITEMS_MAX 70000 /* More ports than a switch has. */

/* As it goes over the socket: both ends are on one machine. */
struct message {
    uint32_t kind, n_fds;
    char key[HANDOVER_KEY];
    uint64_t value[HANDOVER_VALUES];
};

static struct handover_item *items; /* Of the former process. */
static size_t n_items;
static bool waits;
static struct {
    struct env env;
    int64_t since_us;
    char text[256];
} steps;

void handover_set_key(struct handover_item *item, const char *kind, const char *name)
{
    snprintf(item->key, sizeof item->key, "%s %s", kind, name);
}

void handover_close_fds(struct handover_item *item)
{
    for (unsigned i = 0; i < item->n_fds; i++) {
        close(item->fds[i]);
    }
    item->n_fds = 0;
}

bool handover_peer_ok(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;

    return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
           (peer.uid == geteuid() || peer.uid == 0);
}

void handover_put(struct handover *h, enum handover_kind kind, const struct handover_item *item)
{
    struct message m = {.kind = kind, .n_fds = item ? item->n_fds : 0};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(HANDOVER_FDS * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec iov = {&m, sizeof m};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

    if (h->fd < 0 || h->failed) {
        return;
    }
    if (item) {
        memcpy(m.key, item->key, sizeof m.key);
        memcpy(m.value, item->value, sizeof m.value);
    }
    if (m.n_fds) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(m.n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(m.n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), item->fds, m.n_fds * sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(h->fd, &msg, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    h->failed = n != (ssize_t)sizeof m;
}

void handover_offer(struct handover *h, const struct handover_item *item)
{
    handover_put(h, HANDOVER_ITEM, item);
}

static void take_fds(struct msghdr *msg, struct handover_item *item)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            item->n_fds = (unsigned)MIN(n, HANDOVER_FDS); /* There was room for no more. */
            memcpy(item->fds, CMSG_DATA(c), item->n_fds * sizeof(int));
        }
    }
}

enum handover_kind handover_get(struct handover *h, struct handover_item *item, int timeout_ms)
{
    struct message m;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(HANDOVER_FDS * sizeof(int))];
    } control;
    struct iovec iov = {&m, sizeof m};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    struct pollfd poll_fd = {.fd = h->fd, .events = POLLIN};
    int ready;

    *item = (struct handover_item){.n_fds = 0};
    do {
        ready = poll(&poll_fd, 1, timeout_ms);
    } while (ready < 0 && errno == EINTR);
    ssize_t n = ready > 0 ? recvmsg(h->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) : -1;
    if (n < 0) {
        return 0;
    }
    take_fds(&msg, item);
    if (n != (ssize_t)sizeof m || m.n_fds != item->n_fds || msg.msg_flags & MSG_CTRUNC ||
        m.key[sizeof m.key - 1] || !m.kind || m.kind > HANDOVER_REFUSED) {
        handover_close_fds(item);
        return 0;
    }
    memcpy(item->key, m.key, sizeof m.key);
    memcpy(item->value, m.value, sizeof m.value);
    return (enum handover_kind)m.kind;
}

void handover_keep(const struct handover_item *item)
{
    struct handover_item copy = *item;

    if (n_items == ITEMS_MAX) {
        handover_close_fds(&copy);
        return;
    }
    if (!(n_items & (n_items - 1))) {
        items = xrealloc(items, MAX(1, 2 * n_items) * sizeof *items);
    }
    items[n_items++] = copy;
}

bool handover_take(const char *kind, const char *name, struct handover_item *item)
{
    handover_set_key(item, kind, name);
    for (size_t i = 0; i < n_items; i++) {
        if (!strcmp(items[i].key, item->key)) {
            *item = items[i];
            items[i] = items[--n_items];
            return true;
        }
    }
    return false;
}

void handover_close_items(void)
{
    while (n_items) {
        handover_close_fds(&items[--n_items]);
    }
    free(items);
    items = NULL;
}

bool handover_waits(void)
{
    return waits;
}

void handover_set_waits(bool on)
{
    waits = on;
}

static int64_t lap(void)
{
    int64_t since_us = steps.since_us;

    env_refresh(&steps.env);
    steps.since_us = steps.env.now_us;
    return steps.since_us - since_us;
}

void handover_steps_begin(void)
{
    steps.text[0] = '\0';
    lap();
}

void handover_step(const char *name)
{
    size_t n = strlen(steps.text);

    snprintf(steps.text + n, sizeof steps.text - n, "%s%s %" PRId64, n ? ", " : "", name, lap());
}

const char *handover_steps_text(void)
{
    return steps.text;
}
