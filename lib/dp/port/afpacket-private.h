/* afpacket-private.h - the AF_PACKET port, for its parts: opening (afpacket.c), receiving
 * (afpacket_rx.c), sending (afpacket_tx.c), queues (afpacket_queue.c). */
#pragma once

#include <linux/if_packet.h>

#include "lib/dp/port/port.h"

struct afpacket_ring {
    uint8_t *map; /* NULL: none. */
    size_t map_len;
    uint32_t n_slots, slot_size;
    uint32_t at; /* Of who receives, or sends; the control thread looks at it while they run. */
};

static inline void afpacket_next(struct afpacket_ring *r)
{
    __atomic_store_n(&r->at, (r->at + 1) % r->n_slots, __ATOMIC_RELAXED);
}

static inline struct tpacket2_hdr *afpacket_slot(const struct afpacket_ring *r, uint32_t i)
{
    return (struct tpacket2_hdr *)(void *)(r->map + (size_t)i * r->slot_size);
}

/* Packets of one queue: the priority of a socket is the class of what it sends, and only the
 * control thread may choose one. */
struct afpacket_queue {
    uint32_t queue;
    int fd;
};

struct afpacket {
    struct port up;
    /* Two sockets: with a TX ring, a socket sends nothing but the ring. */
    int rx_fd; /* Receives; also sends what is too big for the TX ring. */
    int tx_fd; /* Has the TX ring; receives nothing. */
    struct afpacket_ring rx, tx;
    bool inherited;                /* Both sockets are a former process's. */
    struct afpacket_queue *queues; /* Ascending; heap; under tx_lock, as is n_queues. */
    size_t n_queues;
    uint64_t kernel_drops; /* Control thread: read and reset with each PACKET_STATISTICS. */
};

static inline struct afpacket *afpacket_of(const struct port *p)
{
    return container_of_(p, struct afpacket, up);
}

/* afpacket_queue.c: control thread */
int afpacket_set_queues(struct port *, const uint32_t *queues, size_t n);
void afpacket_close_queues(struct afpacket *); /* tx_lock is held. */

int afpacket_rx(struct port *, const struct port_pools *, struct packet **, int max);
void afpacket_tx(struct port *, struct packet **, unsigned n);
