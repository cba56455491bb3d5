/* afpacket_tx.c - see afpacket.c: frames into the TX ring, and super-frames and what
 * goes through a queue by sendmmsg().  Any worker, under the port's tx_lock.
 *
 * Both ways are synchronous up to the device's queue, so that the order of frames is kept: the ring
 * is sent before the next super-frame is, and the other way round. */
#include <errno.h>
#include <sys/socket.h>

#include "lib/counter.h"
#include "lib/dp/port/afpacket-private.h"
#include "lib/dp/port/netdev.h"
#include "lib/dp/port/vnet.h"

#define RETRIES 3
/* Where the kernel looks for a frame in a slot. */
#define SLOT_DATA (TPACKET2_HDRLEN - sizeof(struct sockaddr_ll))

static void count_lost(uint64_t *counter, uint64_t n)
{
    port_add(counter, n);
    counter_add(COUNTER_drop_port_tx_error, n);
}

/* Tells the kernel to send 'n' slots, the last before tx.at.  What it leaves is dropped. */
static void send_ring(struct afpacket *a, uint32_t n)
{
    struct afpacket_ring *r = &a->tx;
    uint32_t n_left = 0;

    for (int i = 0; n && i < RETRIES; i++) {
        ssize_t sent = send(a->tx_fd, NULL, 0, MSG_DONTWAIT);
        if (sent >= 0 || (errno != EAGAIN && errno != ENOBUFS && errno != EINTR)) {
            break;
        }
    }
    while (n_left < n) {
        uint32_t last = (r->at + r->n_slots - 1) % r->n_slots;
        struct tpacket2_hdr *h = afpacket_slot(r, last);
        if (__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_SEND_REQUEST) {
            break;
        }
        __atomic_store_n(&h->tp_status, TP_STATUS_AVAILABLE, __ATOMIC_RELEASE);
        r->at = last;
        n_left++;
    }
    if (n_left) {
        count_lost(&a->up.tx.dropped, n_left);
    }
}

static bool fits_ring(const struct afpacket *a, const struct packet *pkt)
{
    return SLOT_DATA + sizeof(struct virtio_net_hdr) + pkt->len <= a->tx.slot_size;
}

/* False: no slot is free. */
static bool put_ring(struct afpacket *a, const struct packet *pkt)
{
    struct tpacket2_hdr *h = afpacket_slot(&a->tx, a->tx.at);
    uint8_t *to = (uint8_t *)h + SLOT_DATA;
    struct virtio_net_hdr vnet;

    if (__atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) != TP_STATUS_AVAILABLE) {
        return false;
    }
    vnet_from_packet(pkt, &vnet);
    memcpy(to, &vnet, sizeof vnet);
    memcpy(to + sizeof vnet, pkt->data, pkt->len);
    h->tp_len = (uint32_t)sizeof vnet + pkt->len;
    __atomic_store_n(&h->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
    afpacket_next(&a->tx);
    return true;
}

/* The socket of the packet's queue; -1: it goes by the default. */
static int queue_socket(const struct afpacket *a, const struct packet *pkt)
{
    size_t low = 0, high = pkt->priority ? a->n_queues : 0;

    while (low < high) {
        size_t at = (low + high) / 2;
        if (a->queues[at].queue == pkt->priority) {
            return a->queues[at].fd;
        }
        if (a->queues[at].queue < pkt->priority) {
            low = at + 1;
        } else {
            high = at;
        }
    }
    return -1;
}

/* Sends a run of small frames; returns its length. */
static unsigned send_small(struct afpacket *a, struct packet **pkts, unsigned n)
{
    unsigned i, n_put = 0;

    for (i = 0; i < n && fits_ring(a, pkts[i]) && queue_socket(a, pkts[i]) < 0; i++) {
        if (netdev_too_long(&a->up, pkts[i])) {
            count_lost(&a->up.tx.errors, 1);
        } else if (put_ring(a, pkts[i])) {
            n_put++;
            port_count(&a->up.tx, pkts[i]->len);
        } else {
            count_lost(&a->up.tx.dropped, 1);
        }
    }
    send_ring(a, n_put);
    return i;
}

/* Sends frames one by one. */
static void send_each(struct afpacket *a, int fd, struct packet **pkts, unsigned n)
{
    struct virtio_net_hdr vnet[PORT_TXQ_LEN];
    struct iovec iov[PORT_TXQ_LEN][2];
    struct mmsghdr msg[PORT_TXQ_LEN];
    unsigned at = 0;

    for (unsigned i = 0; i < n; i++) {
        vnet_from_packet(pkts[i], &vnet[i]);
        iov[i][0] = (struct iovec){&vnet[i], sizeof vnet[i]};
        iov[i][1] = (struct iovec){pkts[i]->data, pkts[i]->len};
        msg[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = iov[i], .msg_iovlen = 2}};
    }
    while (at < n) {
        int sent = sendmmsg(fd, &msg[at], n - at, MSG_DONTWAIT);
        for (int i = 0; i < sent; i++) {
            port_count(&a->up.tx, pkts[at++]->len);
        }
        if (sent <= 0) {
            /* This one cannot be sent (too long, device down, queue full); the next may. */
            count_lost(errno == EMSGSIZE || errno == EINVAL ? &a->up.tx.errors : &a->up.tx.dropped,
                       1);
            at++;
        }
    }
}

/* Sends a run of frames that the ring cannot hold; returns its length. */
static unsigned send_big(struct afpacket *a, struct packet **pkts, unsigned n)
{
    unsigned i = 0;

    while (i < MIN(n, PORT_TXQ_LEN) && !fits_ring(a, pkts[i]) && queue_socket(a, pkts[i]) < 0) {
        i++;
    }
    send_each(a, a->rx_fd, pkts, i);
    return i;
}

/* Sends a run of frames of one queue; returns its length. */
static unsigned send_queued(struct afpacket *a, struct packet **pkts, unsigned n)
{
    int fd = n ? queue_socket(a, pkts[0]) : -1;
    unsigned i = 0;

    while (fd >= 0 && i < MIN(n, PORT_TXQ_LEN) && pkts[i]->priority == pkts[0]->priority) {
        i++;
    }
    send_each(a, fd, pkts, i);
    return i;
}

void afpacket_tx(struct port *p, struct packet **pkts, unsigned n)
{
    struct afpacket *a = afpacket_of(p);

    if (a->tx_fd < 0) {
        count_lost(&p->tx.dropped, n);
    } else {
        for (unsigned i = 0; i < n;) {
            i += send_small(a, &pkts[i], n - i);
            i += send_big(a, &pkts[i], n - i);
            i += send_queued(a, &pkts[i], n - i);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        packet_free(pkts[i]);
    }
}
