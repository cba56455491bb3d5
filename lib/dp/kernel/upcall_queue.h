/* upcall_queue.h - upcalls that have been read and wait for their turn, fairly by port.
 *
 * Layer 3.  Journey: the socket of an upcall thread, which all ports of a CPU share, is emptied
 * here quickly -> each port has a queue -> they are served in turn.  So a port that floods the
 * switch with new flows waits, and loses, by itself.  Packets that have been through a first pass
 * and come back from the tracker stand in a queue of their own and go before the port's others: if
 * they were lost among them, no connection would ever get through while new ones keep coming.
 *
 * Invariants: bounded: a queue may be as long as there is room left for all, so that one alone gets
 * half of it, and there is always some for a port that has nothing yet.  Ports are told apart by
 * their number's low bits.  Its thread alone uses it. */
#pragma once

#include "lib/dp/kernel/nlsock.h"

#define UPCALL_QUEUES      64
#define UPCALL_QUEUE_BYTES (8 << 20) /* Of all. */

struct upcall_item {
    struct upcall_item *next;
    struct nlsock_msg msg; /* Its attributes are behind this. */
    _Alignas(8) uint8_t attrs[];
};

struct upcall_queue {
    struct upcall_item *first, **tail;
    size_t bytes;
};

struct upcall_queues {
    struct upcall_queue begun[UPCALL_QUEUES], fresh[UPCALL_QUEUES];
    unsigned n; /* Upcalls, of all. */
    size_t bytes;
    unsigned turn;
};

void upcall_queue_init(struct upcall_queues *);
void upcall_queue_deinit(struct upcall_queues *);
/* Copies an upcall.  False: its port has its share already, or there is no memory. */
bool upcall_queue_put(struct upcall_queues *, const struct nlsock_msg *) MUST_USE;
/* The next one, which the caller frees; NULL: there is none. */
struct upcall_item *upcall_queue_take(struct upcall_queues *);
