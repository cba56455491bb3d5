/* afxdp_io.c - see afxdp-private.h: frames out of the rings and into them.
 *
 * afxdp_rx(): the worker that has the port.  afxdp_tx(): any worker, under the port's tx_lock.
 * Nothing says whether a frame's checksum is complete: csum_find_partial() looks, for the devices
 * that hand over what a sender on this host left to them (veth). */
#include <errno.h>
#include <sys/socket.h>

#include "lib/counter.h"
#include "lib/dp/port/afxdp-private.h"
#include "lib/dp/port/netdev.h"
#include "lib/packet/csum.h"

#define SEND_RETRIES 4
#define SEND_BATCH   16 /* Frames that one call sends at least, where it copies. */

static bool needs_wakeup(const struct afxdp_ring *r)
{
    return __atomic_load_n(r->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP;
}

/* Up to 'max' frames of a queue; each goes back to the kernel once it is copied. */
static int rx_queue(struct afxdp *a, struct afxdp_queue *q, const struct port_pools *pools,
                    struct packet **pkts, int max)
{
    const struct xdp_desc *desc = q->rx.entries;
    uint64_t *fill = q->fill.entries;
    uint32_t at = *q->rx.consumer, to = *q->fill.producer;
    uint32_t n_ready = __atomic_load_n(q->rx.producer, __ATOMIC_ACQUIRE) - at;
    int n = 0;

    n_ready = MIN(n_ready, (uint32_t)max);

    for (uint32_t i = 0; i < n_ready; i++) {
        const struct xdp_desc *d = &desc[(at + i) % AFXDP_SLOTS];
        struct packet *pkt = port_packet(pools, d->len);
        if (pkt) {
            memcpy(packet_put(pkt, d->len), q->frames + d->addr, d->len);
            csum_find_partial(pkt);
            port_count(&a->up.rx, pkt->len);
            pkts[n++] = pkt;
        } else {
            port_add(&a->up.rx.dropped, 1);
            counter_inc(COUNTER_drop_port_rx_error);
        }
        fill[(to + i) % AFXDP_SLOTS] = d->addr - d->addr % a->frame_size;
    }
    __atomic_store_n(q->rx.consumer, at + n_ready, __ATOMIC_RELEASE);
    __atomic_store_n(q->fill.producer, to + n_ready, __ATOMIC_RELEASE);
    if (needs_wakeup(&q->fill)) {
        recvfrom(q->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
    }
    return n;
}

int afxdp_rx(struct port *p, const struct port_pools *pools, struct packet **pkts, int max)
{
    struct afxdp *a = afxdp_of(p);
    int n = 0;

    /* Each time another queue is the first, so that none starves. */
    for (unsigned i = 0; i < a->n_queues && n < max; i++) {
        struct afxdp_queue *q = &a->queue[(a->next + i) % a->n_queues];
        n += rx_queue(a, q, pools, &pkts[n], max - n);
    }
    a->next = (a->next + 1) % a->n_queues;
    return n;
}

/* ---- sending ---- */

static void give_back(struct afxdp *a, uint64_t addr)
{
    if (a->free->n < AFXDP_SLOTS) {
        a->free->ofs[a->free->n++] = (uint32_t)(addr - addr % a->frame_size);
    }
}

/* The frames that have been sent. */
static void reclaim(struct afxdp *a)
{
    struct afxdp_ring *r = &a->queue[0].completion;
    const uint64_t *entry = r->entries;
    uint32_t at = *r->consumer;
    uint32_t n = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - at;

    n = MIN(n, AFXDP_SLOTS);
    for (uint32_t i = 0; i < n; i++) {
        give_back(a, entry[(at + i) % AFXDP_SLOTS]);
    }
    __atomic_store_n(r->consumer, at + n, __ATOMIC_RELEASE);
}

/* Takes back what the kernel has not sent, which is to be seen only where it copies. */
static uint32_t take_back(struct afxdp *a, struct afxdp_ring *tx, uint64_t *n_bytes)
{
    const struct xdp_desc *desc = tx->entries;
    uint32_t at = __atomic_load_n(tx->consumer, __ATOMIC_ACQUIRE), n = *tx->producer - at;

    for (uint32_t i = 0; i < n && i < AFXDP_SLOTS; i++) {
        const struct xdp_desc *d = &desc[(at + i) % AFXDP_SLOTS];
        give_back(a, d->addr);
        *n_bytes -= d->len;
    }
    __atomic_store_n(tx->producer, at, __ATOMIC_RELEASE);
    return n;
}

/* Tells the kernel that there is something to send; how many of 'n' it left, which are taken off
 * 'n_bytes'. */
static uint32_t kick(struct afxdp *a, uint32_t n, uint64_t *n_bytes)
{
    struct afxdp_queue *q = &a->queue[0];

    if (!needs_wakeup(&q->tx)) {
        return 0;
    }
    for (uint32_t i = 0; i < n / SEND_BATCH + SEND_RETRIES; i++) {
        ssize_t sent = sendto(q->fd, NULL, 0, MSG_DONTWAIT, NULL, 0);
        if (!a->copies || __atomic_load_n(q->tx.consumer, __ATOMIC_ACQUIRE) == *q->tx.producer ||
            (sent < 0 && errno != EAGAIN && errno != EBUSY && errno != ENOBUFS && errno != EINTR)) {
            break;
        }
    }
    return a->copies ? take_back(a, &q->tx, n_bytes) : 0;
}

/* False: no frame is free, or the ring is full. */
static bool put(struct afxdp *a, const struct packet *pkt)
{
    struct afxdp_queue *q = &a->queue[0];
    struct xdp_desc *desc = q->tx.entries;
    uint32_t at = *q->tx.producer;

    if (!a->free->n || at - __atomic_load_n(q->tx.consumer, __ATOMIC_ACQUIRE) >= AFXDP_SLOTS) {
        return false;
    }
    uint32_t ofs = a->free->ofs[--a->free->n];
    memcpy(q->frames + ofs, pkt->data, pkt->len);
    desc[at % AFXDP_SLOTS] = (struct xdp_desc){.addr = ofs, .len = pkt->len};
    __atomic_store_n(q->tx.producer, at + 1, __ATOMIC_RELEASE);
    return true;
}

static void count_lost(uint64_t *counter, uint64_t n)
{
    port_add(counter, n);
    counter_add(COUNTER_drop_port_tx_error, n);
}

void afxdp_tx(struct port *p, struct packet **pkts, unsigned n)
{
    struct afxdp *a = afxdp_of(p);
    uint32_t n_put = 0;
    uint64_t n_bytes = 0;

    if (!a->memory) {
        count_lost(&p->tx.dropped, n);
    } else {
        reclaim(a);
        for (unsigned i = 0; i < n; i++) {
            if (netdev_too_long(p, pkts[i]) || pkts[i]->len > a->frame_size) {
                count_lost(&p->tx.errors, 1);
            } else if (put(a, pkts[i])) {
                n_put++;
                n_bytes += pkts[i]->len;
            } else {
                count_lost(&p->tx.dropped, 1);
            }
        }
        uint32_t n_left = n_put ? kick(a, n_put, &n_bytes) : 0;
        port_add(&p->tx.packets, n_put - n_left);
        port_add(&p->tx.bytes, n_bytes);
        if (n_left) {
            count_lost(&p->tx.dropped, n_left);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        packet_free(pkts[i]);
    }
}
