/* afpacket_tx.c - see afpacket.c: frames into the TX ring, and super-frames by sendmmsg().  Any
 * worker, under the port's tx_lock.
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
    a->tx.at = (a->tx.at + 1) % a->tx.n_slots;
    return true;
}

/* Sends a run of small frames; returns its length. */
static unsigned send_small(struct afpacket *a, struct packet **pkts, unsigned n)
{
    unsigned i, n_put = 0;

    for (i = 0; i < n && fits_ring(a, pkts[i]); i++) {
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

/* Sends a run of frames that the ring cannot hold; returns its length. */
static unsigned send_big(struct afpacket *a, struct packet **pkts, unsigned n)
{
    struct virtio_net_hdr vnet[PORT_TXQ_LEN];
    struct iovec iov[PORT_TXQ_LEN][2];
    struct mmsghdr msg[PORT_TXQ_LEN];
    unsigned n_run, at = 0;

    for (n_run = 0; n_run < MIN(n, PORT_TXQ_LEN) && !fits_ring(a, pkts[n_run]); n_run++) {
        vnet_from_packet(pkts[n_run], &vnet[n_run]);
        iov[n_run][0] = (struct iovec){&vnet[n_run], sizeof vnet[n_run]};
        iov[n_run][1] = (struct iovec){pkts[n_run]->data, pkts[n_run]->len};
        msg[n_run] = (struct mmsghdr){.msg_hdr = {.msg_iov = iov[n_run], .msg_iovlen = 2}};
    }
    while (at < n_run) {
        int sent = sendmmsg(a->rx_fd, &msg[at], n_run - at, MSG_DONTWAIT);
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
    return n_run;
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
        }
    }
    for (unsigned i = 0; i < n; i++) {
        packet_free(pkts[i]);
    }
}
