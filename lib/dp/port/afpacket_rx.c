/* afpacket_rx.c - see afpacket.c: frames out of the RX ring.  Worker thread. */
#include <errno.h>
#include <sys/socket.h>

#include "lib/counter.h"
#include "lib/dp/port/afpacket-private.h"
#include "lib/dp/port/vnet.h"

#define VLAN_TPID 0x8100

/* The next frame of the socket's queue, whole.  NULL: not there, or no buffer. */
static struct packet *fetch(struct afpacket *a, const struct port_pools *pools,
                            struct virtio_net_hdr *vnet)
{
    struct packet *pkt = packet_pool_get(pools->big);
    /* Without a buffer the frame must leave the queue all the same. */
    struct iovec iov[] = {{vnet, sizeof *vnet}, {pkt ? pkt->data : NULL, pkt ? PORT_BIG_BUF : 0}};
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov)};
    ssize_t n = recvmsg(a->rx_fd, &msg, MSG_DONTWAIT);

    if (!pkt || n < (ssize_t)sizeof *vnet || (msg.msg_flags & MSG_TRUNC)) {
        packet_free(pkt);
        return NULL;
    }
    packet_put(pkt, (uint32_t)n - (uint32_t)sizeof *vnet);
    return pkt;
}

/* Copies the slot's frame.  The kernel puts the virtio-net header right ahead of it. */
static struct packet *copy(const struct tpacket2_hdr *h, const struct port_pools *pools,
                           struct virtio_net_hdr *vnet)
{
    const uint8_t *frame = (const uint8_t *)h + h->tp_mac;
    struct packet *pkt = h->tp_snaplen == h->tp_len ? port_packet(pools, h->tp_snaplen) : NULL;

    if (pkt) {
        memcpy(vnet, frame - sizeof *vnet, sizeof *vnet);
        memcpy(packet_put(pkt, h->tp_snaplen), frame, h->tp_snaplen);
    }
    return pkt;
}

static struct packet *take(struct afpacket *a, const struct tpacket2_hdr *h, uint32_t status,
                           const struct port_pools *pools)
{
    struct virtio_net_hdr vnet;
    struct packet *pkt = status & TP_STATUS_COPY ? fetch(a, pools, &vnet) : copy(h, pools, &vnet);

    if (!pkt) {
        port_add(&a->up.rx.dropped, 1);
        counter_inc(COUNTER_drop_port_rx_error);
        return NULL;
    }
    uint16_t tpid = status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid : VLAN_TPID;
    if (!vnet_to_packet(&vnet, pkt) ||
        ((status & TP_STATUS_VLAN_VALID) && !vnet_restore_vlan(pkt, tpid, h->tp_vlan_tci))) {
        packet_free(pkt);
        port_add(&a->up.rx.errors, 1);
        counter_inc(COUNTER_drop_port_rx_error);
        return NULL;
    }
    return pkt;
}

int afpacket_rx(struct port *p, const struct port_pools *pools, struct packet **pkts, int max)
{
    struct afpacket *a = afpacket_of(p);
    int n = 0, n_slots = 0;

    /* Bounded even if nothing that arrives can be taken. */
    for (; n_slots < max; n_slots++) {
        struct tpacket2_hdr *h = afpacket_slot(&a->rx, a->rx.at);
        uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
        if (!(status & TP_STATUS_USER)) {
            break;
        }
        struct packet *pkt = take(a, h, status, pools);
        __atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
        afpacket_next(&a->rx);
        if (pkt) {
            port_count(&p->rx, pkt->len);
            pkts[n++] = pkt;
        }
    }
    if (!n_slots) {
        /* Woken without a frame: the device went down, which leaves an error to be taken. */
        int error;
        socklen_t len = sizeof error;
        getsockopt(a->rx_fd, SOL_SOCKET, SO_ERROR, &error, &len);
    }
    return n;
}
