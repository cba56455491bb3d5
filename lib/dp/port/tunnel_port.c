/* tunnel_port.c - a tunnel of the userspace datapath: see tunnel_port.h, port.h.
 *
 * Received datagrams become packets with 'tun' filled in.  What is not an Ethernet frame in a
 * tunnel of this type is counted as an error of the port. */
#include "lib/dp/port/tunnel_port.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/counter.h"
#include "lib/mem.h"

#define BATCH       32
#define SOCKET_BUF  (4 << 20)
#define N_OVERFLOW  BATCH
#define RX_CONTROL  128 /* Bytes of control messages: address, TTL, TOS. */
#define IP4_MIN_HDR 20

/* ---- open and close ---- */

static int set_on(int fd, int level, int option)
{
    int on = 1;
    return setsockopt(fd, level, option, &on, sizeof on);
}

static void set_buffers(int fd)
{
    int n = SOCKET_BUF;

    /* The first needs rights that not everybody has; then as much as anybody may. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &n, sizeof n)) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n, sizeof n);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &n, sizeof n)) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof n);
    }
}

/* -1 with errno. */
static int open_socket(const struct tunnel_port *t, bool v6)
{
    bool udp = t->dst_port != 0;
    int fd = socket(v6 ? AF_INET6 : AF_INET,
                    (udp ? SOCK_DGRAM : SOCK_RAW) | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    udp ? IPPROTO_UDP : IPPROTO_GRE);

    if (fd < 0) {
        return -1;
    }
    set_buffers(fd);
    if (v6 && udp && set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int bind_rx(const struct tunnel_port *t, int fd, bool v6)
{
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(t->dst_port)};
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(t->dst_port)};
    int bad = v6 ? set_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) ||
                       set_on(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT) ||
                       set_on(fd, IPPROTO_IPV6, IPV6_RECVTCLASS)
                 : set_on(fd, IPPROTO_IP, IP_PKTINFO) || set_on(fd, IPPROTO_IP, IP_RECVTTL) ||
                       set_on(fd, IPPROTO_IP, IP_RECVTOS);

    if (bad) {
        return -1;
    }
    if (!t->dst_port) {
        return 0;
    }
    if (v6) { /* Tunnels may do without a checksum (RFC 6935). */
        set_on(fd, IPPROTO_UDP, UDP_NO_CHECK6_RX);
        return bind(fd, (struct sockaddr *)&a6, sizeof a6);
    }
    return bind(fd, (struct sockaddr *)&a4, sizeof a4);
}

/* Receiving sockets of a former process, with what waits in them. */
static void take_sockets(struct tunnel_port *t)
{
    struct handover_item item;

    if (!port_taken(&t->up, &item)) {
        return;
    }
    unsigned n = 0;
    if (item.value[PORT_VALUE_CLASS] == t->dst_port) {
        for (unsigned i = 0; i < 2; i++) {
            bool has = item.value[PORT_VALUE_CLASS + 1] & BIT(i) && n < item.n_fds;
            t->side[i].rx = has ? item.fds[n++] : -1;
        }
    }
    while (n < item.n_fds) {
        close(item.fds[n++]);
    }
}

static void tunnel_hand_over(const struct port *p, struct handover_item *item)
{
    const struct tunnel_port *t = tunnel_port_of(p);

    item->value[PORT_VALUE_CLASS] = t->dst_port;
    for (unsigned i = 0; i < 2; i++) {
        if (t->side[i].rx >= 0) {
            item->value[PORT_VALUE_CLASS + 1] |= BIT(i);
            item->fds[item->n_fds++] = t->side[i].rx;
        }
    }
}

/* 0, or a positive errno. */
static int open_side(struct tunnel_port *t, bool v6)
{
    struct tunnel_side *s = &t->side[v6];

    if (s->rx < 0) {
        s->rx = open_socket(t, v6);
        if (s->rx < 0) {
            return v6 && errno == EAFNOSUPPORT ? 0 : errno;
        }
        if (bind_rx(t, s->rx, v6)) {
            return errno;
        }
    }
    for (s->n_tx = 0; s->n_tx < (t->dst_port ? TUNNEL_N_TX : 1); s->n_tx++) {
        /* Each raw socket has a copy of all that arrives: the one must do for both. */
        int fd = t->dst_port ? open_socket(t, v6) : dup(s->rx);
        if (fd < 0) {
            return errno;
        }
        s->tx[s->n_tx] = (struct tunnel_tx){.fd = fd, .df = -1, .csum = -1};
    }
    return 0;
}

static int open_poll(struct tunnel_port *t)
{
    t->up.rx_fd = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; t->up.rx_fd >= 0 && i < 2; i++) {
        struct epoll_event ev = {.events = EPOLLIN};
        if (t->side[i].rx >= 0 && epoll_ctl(t->up.rx_fd, EPOLL_CTL_ADD, t->side[i].rx, &ev)) {
            return errno;
        }
    }
    return t->up.rx_fd < 0 ? errno : 0;
}

static void read_options(struct tunnel_port *t, port_option *option, void *aux)
{
    const char *port = option ? option(aux, "dst_port") : NULL;

    if (port && !text_to_u16(port, &t->dst_port)) {
        t->dst_port = tunnel_types[t->type].dst_port;
    }
    const char *exts = option ? option(aux, "exts") : NULL;
    t->gbp = exts && !strcmp(exts, "gbp");
}

static int tunnel_open(struct port *p, port_option *option, void *aux)
{
    struct tunnel_port *t = tunnel_port_of(p);

    if (!tunnel_type_by_name(p->type, &t->type)) {
        return EAFNOSUPPORT;
    }
    t->dst_port = tunnel_types[t->type].dst_port;
    read_options(t, option, aux);
    t->admin_up = true;
    t->side[0].rx = t->side[1].rx = -1;
    t->overflow = mmap(NULL, N_OVERFLOW * sizeof t->overflow[0], PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (t->overflow == MAP_FAILED) {
        t->overflow = NULL;
        return ENOMEM;
    }
    take_sockets(t);
    int error = open_side(t, false);
    error = error ? error : open_side(t, true);
    error = error ? error : open_poll(t);
    return error;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void tunnel_close(struct port *p, bool destroy UNUSED)
{
    struct tunnel_port *t = tunnel_port_of(p);

    for (unsigned i = 0; i < 2 && t->overflow; i++) {
        struct tunnel_side *s = &t->side[i];
        close_fd(&s->rx);
        while (s->n_tx) {
            close_fd(&s->tx[--s->n_tx].fd);
        }
    }
    close_fd(&p->rx_fd);
    if (t->overflow) {
        munmap(t->overflow, N_OVERFLOW * sizeof t->overflow[0]);
        t->overflow = NULL;
    }
}

static char *tunnel_explain(const struct port *p, int error)
{
    const struct tunnel_port *t = tunnel_port_of(p);

    if (error == EADDRINUSE) {
        return xasprintf("UDP port %u is in use: by another switch, or by a device of the kernel; "
                         "see `ss -lun' and `ip -d link'",
                         t->dst_port);
    }
    return error == EPERM ? xstrdup("Operation not permitted: GRE needs CAP_NET_RAW") : NULL;
}

/* ---- receiving ---- */

/* What came beside a datagram. */
static void read_control(struct msghdr *m, struct packet_tunnel *tun)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        const void *data = CMSG_DATA(c);
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            tun->dst = ((const struct in_pktinfo *)data)->ipi_addr.s_addr;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) {
            tun->ttl = (uint8_t) * (const int *)data;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            tun->tos = *(const uint8_t *)data;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            memcpy(tun->ip6_dst, &((const struct in6_pktinfo *)data)->ipi6_addr, 16);
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT) {
            tun->ttl = (uint8_t) * (const int *)data;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            tun->tos = (uint8_t) * (const int *)data;
        }
    }
}

static void read_source(const struct sockaddr_storage *from, struct packet_tunnel *tun)
{
    if (from->ss_family == AF_INET) {
        tun->src = ((const struct sockaddr_in *)(const void *)from)->sin_addr.s_addr;
        tun->tp_src = ((const struct sockaddr_in *)(const void *)from)->sin_port;
    } else {
        memcpy(tun->ip6_src, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 16);
        tun->tp_src = ((const struct sockaddr_in6 *)(const void *)from)->sin6_port;
    }
}

struct rx_slot {
    struct sockaddr_storage from;
    struct iovec iov[2];
    _Alignas(struct cmsghdr) uint8_t control[RX_CONTROL];
};

/* A whole packet of what was received: the small one, or one that holds the overflow too. */
static struct packet *gather(const struct tunnel_port *t, unsigned slot, struct packet *small,
                             uint32_t n, const struct port_pools *pools)
{
    uint32_t room = PORT_SMALL_BUF;

    if (n <= room) {
        return packet_put(small, n) ? small : NULL;
    }
    struct packet *big = port_packet(pools, n);
    if (big) {
        memcpy(packet_put(big, n), small->data, room);
        memcpy(big->data + room, t->overflow[slot], n - room);
    }
    packet_free(small);
    return big;
}

/* A raw IPv4 socket gives the IP header too. */
static bool skip_ip4(struct packet *p)
{
    uint32_t n = p->len ? (p->data[0] & 0xfu) * 4 : 0;

    if (n < IP4_MIN_HDR || p->len < n) {
        return false;
    }
    packet_pull(p, n);
    return true;
}

/* NULL: counted. */
static struct packet *accept_one(struct tunnel_port *t, bool v6, struct packet *p,
                                 struct mmsghdr *m, const struct sockaddr_storage *from)
{
    if (!p) {
        counter_inc(COUNTER_drop_no_buffer);
        port_add(&t->up.rx.dropped, 1);
        return NULL;
    }
    read_source(from, &p->tun);
    p->tun.tp_dst = htons(t->dst_port);
    read_control(&m->msg_hdr, &p->tun);
    if (m->msg_hdr.msg_flags & MSG_TRUNC || (!v6 && !t->dst_port && !skip_ip4(p)) ||
        !tunnel_pop(p, t->type, t->gbp)) {
        port_add(&t->up.rx.errors, 1);
        packet_free(p);
        return NULL;
    }
    tunnel_find_offload(p);
    port_count(&t->up.rx, p->len);
    return p;
}

static int rx_side(struct tunnel_port *t, bool v6, const struct port_pools *pools,
                   struct packet **pkts, int max)
{
    struct rx_slot slots[BATCH];
    struct mmsghdr m[BATCH];
    struct packet *small[BATCH];
    unsigned n = 0, n_out = 0;

    for (; n < (unsigned)MIN(max, BATCH) && (small[n] = packet_pool_get(pools->small)); n++) {
        struct rx_slot *s = &slots[n];
        s->iov[0] = (struct iovec){small[n]->data, PORT_SMALL_BUF};
        s->iov[1] = (struct iovec){t->overflow[n], sizeof t->overflow[n]};
        m[n].msg_hdr = (struct msghdr){.msg_name = &s->from,
                                       .msg_namelen = sizeof s->from,
                                       .msg_iov = s->iov,
                                       .msg_iovlen = 2,
                                       .msg_control = s->control,
                                       .msg_controllen = sizeof s->control};
    }
    int got = n ? recvmmsg(t->side[v6].rx, m, n, MSG_DONTWAIT, NULL) : 0;
    for (unsigned i = 0; i < n; i++) {
        if (got < 0 || i >= (unsigned)got) {
            packet_free(small[i]);
            continue;
        }
        struct packet *p = gather(t, i, small[i], m[i].msg_len, pools);
        p = accept_one(t, v6, p, &m[i], &slots[i].from);
        if (p) {
            pkts[n_out++] = p;
        }
    }
    return (int)n_out;
}

static int tunnel_rx(struct port *p, const struct port_pools *pools, struct packet **pkts, int max)
{
    struct tunnel_port *t = tunnel_port_of(p);
    int n = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (t->side[i].rx >= 0 && n < max) {
            n += rx_side(t, i, pools, pkts + n, max - n);
        }
    }
    return n;
}

/* ---- the rest ---- */

static int tunnel_set_up(struct port *p, bool up)
{
    tunnel_port_of(p)->admin_up = up;
    return 0;
}

static void tunnel_get_info(const struct port *p, struct dp_port_info *info)
{
    info->admin_up = info->link_up = tunnel_port_of(p)->admin_up;
    info->mtu = 65535;
}

const struct port_class port_tunnel = {
    .size = sizeof(struct tunnel_port),
    .open = tunnel_open,
    .close = tunnel_close,
    .rx = tunnel_rx,
    .tx = tunnel_port_tx,
    .set_up = tunnel_set_up,
    .get_info = tunnel_get_info,
    .explain = tunnel_explain,
    .hand_over = tunnel_hand_over,
};
