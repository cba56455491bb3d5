/* nlsock_real.c - the transport of nlsock.h to the real kernel, by libmnl. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "lib/dp/kernel/nlsock.h"

#define RECV_BUFFER (4 * 1024 * 1024) /* Upcalls of a burst wait here. */

static ssize_t send_real(void *nl, const void *data, size_t n)
{
    return mnl_socket_sendto(nl, data, n);
}

static ssize_t recv_real(void *nl, void *data, size_t n)
{
    return mnl_socket_recvfrom(nl, data, n);
}

static int recv_many_real(void *nl, void *to, size_t slot, size_t *len, unsigned n)
{
    struct mmsghdr messages[NLSOCK_MANY];
    struct iovec places[NLSOCK_MANY];

    memset(messages, 0, sizeof messages);
    n = MIN(n, NLSOCK_MANY);
    for (unsigned i = 0; i < n; i++) {
        places[i] = (struct iovec){.iov_base = (uint8_t *)to + i * slot, .iov_len = slot};
        messages[i].msg_hdr.msg_iov = &places[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int got = recvmmsg(mnl_socket_get_fd(nl), messages, n, MSG_WAITFORONE, NULL);
    for (int i = 0; i < got; i++) {
        len[i] = messages[i].msg_len;
    }
    return got;
}

static void close_real(void *nl)
{
    mnl_socket_close(nl);
}

int nlsock_open_real(int protocol, int flags, struct nlsock **out)
{
    static const int on = 1, rcvbuf = RECV_BUFFER;
    const struct timeval patience = {.tv_sec = NLSOCK_TIMEOUT_MS / 1000};
    struct mnl_socket *nl = mnl_socket_open2(protocol, SOCK_CLOEXEC | flags);

    *out = NULL;
    if (!nl) {
        return errno;
    }
    if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) {
        int error = errno;
        mnl_socket_close(nl);
        return error;
    }
    int fd = mnl_socket_get_fd(nl);
    /* Better with, but not in vain without: old kernels, no CAP_NET_ADMIN over the machine. */
    (void)mnl_socket_setsockopt(nl, NETLINK_EXT_ACK, (void *)(uintptr_t)&on, sizeof on);
    /* Without this what is refused comes back whole, as long as it may be. */
    bool short_acks =
        !mnl_socket_setsockopt(nl, NETLINK_CAP_ACK, (void *)(uintptr_t)&on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf, sizeof rcvbuf)) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof rcvbuf);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const struct nlsock_transport t = {.send = send_real,
                                       .recv = recv_real,
                                       .recv_many = short_acks ? recv_many_real : NULL,
                                       .close = close_real,
                                       .aux = nl,
                                       .fd = fd,
                                       .port_id = mnl_socket_get_portid(nl)};
    *out = nlsock_new(&t);
    return 0;
}
