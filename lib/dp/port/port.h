/* port.h - datapath ports: where frames come from and go to.
 *
 * Layer 3.  First and last step of a packet's journey.  A port has a class (AF_PACKET, AF_XDP, TAP,
 * tunnel, pcap, dummy); the control thread opens and closes it, one worker receives from it, any
 * worker sends.
 *
 * Invariants:
 * - open, close, set_up, get_info: control thread.  close only while no worker receives from it,
 *   and under 'tx_lock'.
 * - rx: the one worker that has the port.  tx: under 'tx_lock', taken once per flush.
 * - A class gets in tx only what 'tx_can' says; port_queue() segments and completes the rest.
 * - Packets never change threads: those from rx go back to that worker's pools.
 * - rx counters have one writer, tx counters are written under 'tx_lock'; others read relaxed.
 * - A port whose device vanished stays, with 'gone' set and nothing open, until it is opened again
 *   or removed; what is sent to it then is dropped and counted. */
#pragma once

#include <pthread.h>

#include "lib/dp/dp.h"
#include "lib/io/handover.h"

#define PORT_MAX_SENDERS 8  /* Threads that may send: the workers. */
#define PORT_TXQ_LEN     64 /* Packets queued per sender before a flush. */
#define PORT_SMALL_BUF   2048
#define PORT_BIG_BUF     (65536 + 256)

/* What a port can be given (tx_can). */
#define PORT_TX_CSUM 1u /* CSUM_PARTIAL */
#define PORT_TX_TSO  2u /* GSO_TCPV4, GSO_TCPV6 */
#define PORT_TX_USO  4u /* GSO_UDP */

struct port_pools { /* One per worker. */
    struct packet_pool *small, *big;
};

struct port_counters {
    uint64_t packets, bytes, dropped, errors;
};

struct port_txq {
    unsigned n;
    struct packet *pkt[PORT_TXQ_LEN];
} __attribute__((aligned(CACHE_LINE)));

typedef const char *port_option(void *aux, const char *key);

struct port {
    const struct port_class *class;
    uint32_t no;
    char name[64], type[16];
    unsigned worker; /* Which one receives. */
    bool gone;
    int ifindex;     /* Of the device that is open; 0: none. */
    int rx_fd;       /* To poll; -1: nothing is received. */
    unsigned tx_can; /* By port_can() and port_set_can(): workers send while it is opened again. */
    unsigned mtu;    /* Of the device; relaxed: the control thread follows its changes. */
    struct port_counters rx;
    pthread_mutex_t tx_lock;
    struct port_counters tx;
    struct port_txq txq[PORT_MAX_SENDERS];
};

struct port_class {
    size_t size; /* Of the structure that begins with struct port. */
    /* Sets ifindex, rx_fd and tx_can.  0, or a positive errno.  'option' NULL: opened again after
     * it was gone, with what it was told the first time. */
    int (*open)(struct port *, port_option *, void *aux);
    /* Idempotent; 'destroy': also a device that the port made. */
    void (*close)(struct port *, bool destroy);
    /* Up to 'max' frames.  0: none now; -1: no more until it is opened again. */
    int (*rx)(struct port *, const struct port_pools *, struct packet **, int max);
    /* Sends and frees. */
    void (*tx)(struct port *, struct packet **, unsigned n);
    int (*set_up)(struct port *, bool up); /* 0 or a positive errno. */
    /* So that packets of these priorities leave by the device's queues; in ascending order.
     * NULL: it has none. */
    int (*set_queues)(struct port *, const uint32_t *queues, size_t n);
    /* What has left by each of them; NULL: the kernel counts it, or nobody. */
    void (*get_queue_stats)(const struct port *, struct dp_queue_stats *, size_t n);
    void (*get_info)(const struct port *, struct dp_port_info *);
    void (*get_stats)(struct port *, struct dp_port_stats *); /* Corrects; NULL allowed. */
    /* Why the last open() failed, where its errno alone would mislead: a heap text, or NULL.  The
     * whole member may be NULL. */
    char *(*explain)(const struct port *, int error);
    bool has_device; /* Its name is a network device's. */
    /* Fills in what the process that goes on needs of an open port: descriptors, and numbers from
     * value[PORT_VALUE_CLASS] on.  NULL: it opens its own.  open() finds the same by port_taken();
     * 'resume' gets it again once nobody receives or sends any more. */
    void (*hand_over)(const struct port *, struct handover_item *);
    void (*resume)(struct port *, const struct handover_item *); /* NULL: nothing moves. */
};
#define PORT_VALUE_CLASS 10 /* Ahead of it: the port's number and counters. */
extern const struct port_class port_afpacket, port_afxdp, port_tap, port_pcap, port_dummy,
    port_tunnel;

/* 'dummy': whatever needs the kernel becomes a dummy port.  NULL on success, else a heap error
 * text. */
char *port_new(const char *name, const char *type, bool dummy, port_option *, void *aux,
               struct port **) MUST_USE;
void port_free(struct port *, bool destroy);
/* The device is gone, or back. */
void port_suspend(struct port *);
int port_resume(struct port *); /* 0 or a positive errno; then it stays gone. */
void port_get_info(const struct port *, struct dp_port_info *);
void port_get_stats(struct port *, struct dp_port_stats *);

/* To the process that goes on, and from the one before (handover.h). */
void port_hand_over(const struct port *, struct handover *, bool with_fds);
bool port_resume_from(struct port *); /* False: it was handed no state. */

/* Sender 'id' has a packet for the port (taken over).  True: the queue was empty before, a flush is
 * due at the end of the batch. */
bool port_queue(struct port *, unsigned id, struct packet *, struct packet_pool *);
void port_flush(struct port *, unsigned id);

/* For classes. */
/* What a former process had open under this name; the caller's.  False: nothing. */
bool port_taken(const struct port *, struct handover_item *) MUST_USE;
struct packet *port_packet(const struct port_pools *, uint32_t len); /* An empty one, or NULL. */

/* PORT_TX_* */
static inline unsigned port_can(const struct port *p)
{
    return __atomic_load_n(&p->tx_can, __ATOMIC_RELAXED);
}

static inline void port_set_can(struct port *p, unsigned can)
{
    __atomic_store_n(&p->tx_can, can, __ATOMIC_RELAXED);
}

/* To a counter of the port. */
static inline void port_add(uint64_t *counter, uint64_t n)
{
    __atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void port_count(struct port_counters *c, uint32_t bytes)
{
    port_add(&c->packets, 1);
    port_add(&c->bytes, bytes);
}
