/* tap.c - a TAP device: the LOCAL port of a bridge, and other internal ports.
 *
 * The device is persistent: it keeps its addresses over a restart of the daemon, and is removed
 * when the port is closed with 'destroy'.  Each frame comes and goes with a virtio-net header, so
 * that the host's stack may use partial checksums and super-frames.  One system call per frame: TAP
 * has no rings. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/counter.h"
#include "lib/dp/port/netdev.h"
#include "lib/dp/port/port.h"
#include "lib/dp/port/vnet.h"
#include "lib/mem.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#define TUN_PATH "/dev/net/tun"

struct tap {
    struct port up;
    int fd;
    /* Of a frame that does not fit a small buffer; the worker's.  PORT_BIG_BUF bytes, which have no
     * memory until there is such a frame. */
    uint8_t *rest;
};

static struct tap *tap_of(const struct port *p)
{
    return container_of_(p, struct tap, up);
}

static int attach_fd(struct tap *t)
{
    struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};

    if (strlen(t->up.name) >= IFNAMSIZ) {
        return ENAMETOOLONG;
    }
    t->fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (t->fd < 0) {
        return errno;
    }
    strcpy(ifr.ifr_name, t->up.name);
    if (ioctl(t->fd, TUNSETIFF, &ifr) || ioctl(t->fd, TUNSETPERSIST, 1)) {
        return errno;
    }
    unsigned offload = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    if (!ioctl(t->fd, TUNSETOFFLOAD, offload | TUN_F_USO4 | TUN_F_USO6)) {
        port_set_can(&t->up, PORT_TX_CSUM | PORT_TX_TSO | PORT_TX_USO);
    } else if (!ioctl(t->fd, TUNSETOFFLOAD, offload)) {
        port_set_can(&t->up, PORT_TX_CSUM | PORT_TX_TSO);
    } else {
        port_set_can(&t->up, 0);
    }
    t->up.ifindex = (int)if_nametoindex(t->up.name);
    return 0;
}

/* The queue that a former process has read so far: what is in it stays there. */
static bool take_fd(struct tap *t)
{
    struct handover_item item;

    if (!port_taken(&t->up, &item)) {
        return false;
    }
    if (item.n_fds != 1) {
        handover_close_fds(&item);
        return false;
    }
    t->fd = item.fds[0];
    t->up.ifindex = (int)item.value[PORT_VALUE_CLASS];
    port_set_can(&t->up, (unsigned)item.value[PORT_VALUE_CLASS + 1]);
    return true;
}

static void tap_hand_over(const struct port *p, struct handover_item *item)
{
    item->fds[item->n_fds++] = tap_of(p)->fd;
    item->value[PORT_VALUE_CLASS] = (uint64_t)p->ifindex;
    item->value[PORT_VALUE_CLASS + 1] = port_can(p);
}

static int tap_open(struct port *p, port_option *option UNUSED, void *aux UNUSED)
{
    struct tap *t = tap_of(p);

    t->fd = -1;
    t->rest = t->rest ? t->rest : xmalloc(PORT_BIG_BUF);
    int error = take_fd(t) ? 0 : attach_fd(t);
    p->rx_fd = t->fd;
    return error;
}

/* Of what every TAP device comes from, not of this one. */
static char *tap_explain(const struct port *p, int error)
{
    if (tap_of(p)->fd >= 0 || error == ENAMETOOLONG) {
        return NULL;
    }
    const char *remedy = "";
    if (error == EACCES || error == EPERM) {
        remedy = ": the daemon's user may not open it, chmod 0666 " TUN_PATH " lets it";
    } else if (error == ENOENT || error == ENODEV) {
        remedy = ": modprobe tun makes it";
    }
    return xasprintf(TUN_PATH ": %s%s", strerror(error), remedy);
}

static void tap_close(struct port *p, bool destroy)
{
    struct tap *t = tap_of(p);

    if (p->rx_fd >= 0) {
        if (destroy) {
            ioctl(t->fd, TUNSETPERSIST, 0);
        }
        close(t->fd);
    }
    free(t->rest);
    t->rest = NULL;
    p->rx_fd = -1;
    p->ifindex = 0;
}

/* The frame in 'pkt' (its first part) and t->rest, 'len' bytes, as one packet. */
static struct packet *assemble(struct tap *t, const struct port_pools *pools, struct packet *pkt,
                               uint32_t len)
{
    if (len <= PORT_SMALL_BUF) {
        packet_put(pkt, len);
        return pkt;
    }
    struct packet *big = port_packet(pools, len);
    if (big) {
        uint8_t *to = packet_put(big, len);
        memcpy(to, pkt->data, PORT_SMALL_BUF);
        memcpy(to + PORT_SMALL_BUF, t->rest, len - PORT_SMALL_BUF);
    }
    packet_free(pkt);
    return big;
}

static int tap_rx(struct port *p, const struct port_pools *pools, struct packet **pkts, int max)
{
    struct tap *t = tap_of(p);
    int n = 0;

    while (n < max) {
        struct virtio_net_hdr vnet;
        struct packet *pkt = packet_pool_get(pools->small);
        if (!pkt) {
            break;
        }
        struct iovec iov[] = {{&vnet, sizeof vnet},
                              {pkt->data, PORT_SMALL_BUF},
                              {t->rest, PORT_BIG_BUF - PORT_SMALL_BUF}};
        ssize_t got = readv(t->fd, iov, ARRAY_SIZE(iov));
        if (got < (ssize_t)sizeof vnet) {
            packet_free(pkt);
            bool lost = got < 0 && errno != EAGAIN && errno != EINTR;
            return n ? n : lost ? -1 : 0;
        }
        uint32_t len = (uint32_t)got - (uint32_t)sizeof vnet;
        pkt = assemble(t, pools, pkt, len);
        if (!pkt || !vnet_to_packet(&vnet, pkt)) {
            packet_free(pkt);
            port_add(&p->rx.errors, 1);
            counter_inc(COUNTER_drop_port_rx_error);
            continue;
        }
        port_count(&p->rx, len);
        pkts[n++] = pkt;
    }
    return n;
}

static void tap_tx(struct port *p, struct packet **pkts, unsigned n)
{
    struct tap *t = tap_of(p);

    for (unsigned i = 0; i < n; i++) {
        struct packet *pkt = pkts[i];
        struct virtio_net_hdr vnet;
        vnet_from_packet(pkt, &vnet);
        struct iovec iov[] = {{&vnet, sizeof vnet}, {pkt->data, pkt->len}};
        if (p->rx_fd >= 0 && writev(t->fd, iov, ARRAY_SIZE(iov)) > 0) {
            port_count(&p->tx, pkt->len);
        } else {
            port_add(&p->tx.dropped, 1);
            counter_inc(COUNTER_drop_port_tx_error);
        }
        packet_free(pkt);
    }
}

static int tap_set_up(struct port *p, bool up)
{
    return netdev_set_up(p->name, up);
}

static void tap_get_info(const struct port *p, struct dp_port_info *info)
{
    netdev_get_info(p->name, info);
}

/* What the device receives wrong is what we sent: no frame comes to us wrong through memory. */
static void tap_get_stats(struct port *p, struct dp_port_stats *s)
{
    netdev_get_stats(p, s);
    if (s->collisions != UINT64_MAX) {
        s->rx_frame = s->rx_over = s->rx_crc = 0;
    }
}

const struct port_class port_tap = {
    .size = sizeof(struct tap),
    .open = tap_open,
    .close = tap_close,
    .rx = tap_rx,
    .tx = tap_tx,
    .set_up = tap_set_up,
    .get_info = tap_get_info,
    .get_stats = tap_get_stats,
    .explain = tap_explain,
    .has_device = true,
    .hand_over = tap_hand_over,
};
