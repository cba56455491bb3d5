/* datagram.c - see datagram.h. */
#include "lib/io/datagram.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/resolve.h"
#include "lib/mem.h"
#include "lib/text.h"

#define RETRY_MS    1000
#define UDP_LEN     8
#define IP4_LEN     20
#define IP6_LEN     40
#define SEND_BUFFER (1 << 20)

struct datagram {
    struct loop *loop;
    char *target;
    struct resolve_addr to;
    int fd; /* -1: there is no way there yet. */
    int error;
    int64_t retry_ms;
};

static void try_connect(struct datagram *d)
{
    const int size = SEND_BUFFER;

    d->fd = socket(d->to.ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd >= 0) {
        setsockopt(d->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    if (d->fd < 0 || connect(d->fd, (const void *)&d->to.ss, d->to.len)) {
        d->error = errno;
        d->retry_ms = loop_now(d->loop) + RETRY_MS;
        if (d->fd >= 0) {
            close(d->fd);
            d->fd = -1;
        }
    }
}

/* In place: `HOST:PORT`, the host in brackets if it has colons itself. */
static bool split(char *s, char **host, uint16_t *port)
{
    char *colon = strrchr(s, ':');

    if (!colon || !text_to_u16(colon + 1, port) || !*port) {
        return false;
    }
    *colon = '\0';
    *host = s;
    if (*s == '[' && colon > s + 1 && colon[-1] == ']') {
        colon[-1] = '\0';
        *host = s + 1;
        return true;
    }
    return !strchr(s, ':');
}

char *datagram_new(struct loop *loop, const char *target, struct datagram **out)
{
    struct datagram *d = xzalloc(sizeof *d);
    char *copy = xstrdup(target), *host;
    uint16_t port;

    if (!split(copy, &host, &port) || !resolve_literal(host, port, &d->to)) {
        free(copy);
        free(d);
        return xasprintf("%s: not an address and a port, as 192.0.2.1:4739 or [2001:db8::1]:4739",
                         target);
    }
    free(copy);
    d->loop = loop;
    d->target = xstrdup(target);
    try_connect(d);
    *out = d;
    return NULL;
}

void datagram_free(struct datagram *d)
{
    if (d) {
        if (d->fd >= 0) {
            close(d->fd);
        }
        free(d->target);
        free(d);
    }
}

const char *datagram_target(const struct datagram *d)
{
    return d->target;
}

int datagram_send(struct datagram *d, const void *data, size_t len)
{
    if (d->fd < 0 && loop_now(d->loop) >= d->retry_ms) {
        try_connect(d);
    }
    if (d->fd < 0) {
        return d->error;
    }
    if (send(d->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
        return 0;
    }
    int error = errno;
    if (error == ECONNREFUSED && send(d->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        error = errno;
    }
    return error;
}

size_t datagram_room(const struct datagram *d)
{
    const bool is_ip6 = d->to.ss.ss_family == AF_INET6;
    const size_t headers = UDP_LEN + (is_ip6 ? IP6_LEN : IP4_LEN);
    int mtu;
    socklen_t len = sizeof mtu;

    if (d->fd < 0 ||
        getsockopt(d->fd, is_ip6 ? IPPROTO_IPV6 : IPPROTO_IP, is_ip6 ? IPV6_MTU : IP_MTU, &mtu,
                   &len) ||
        mtu < (int)headers) {
        return 0;
    }
    return (size_t)mtu - headers;
}
