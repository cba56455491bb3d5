/* afxdp-private.h - the AF_XDP port, for its parts: opening (afxdp.c), the program on the device
 * (afxdp_prog.c), one queue's socket (afxdp_socket.c), frames (afxdp_io.c). */
#pragma once

#include <linux/if_xdp.h>

#include "lib/dp/port/port.h"

#define AFXDP_QUEUES 8     /* Receive queues of a device, at most: each has a socket. */
#define AFXDP_SLOTS  2048u /* Of each ring, and frames for each direction; a power of two. */

/* One that we share with the kernel.  Each cursor has one writer: we have the producer of 'fill'
 * and 'tx', the consumer of 'rx' and 'completion'. */
struct afxdp_ring {
    uint32_t *producer, *consumer, *flags;
    void *entries; /* struct xdp_desc of rx and tx, uint64_t of the others. */
    void *map;     /* NULL: none. */
    size_t map_len;
};

struct afxdp_queue {
    int fd; /* -1: none. */
    uint8_t *frames;
    struct afxdp_ring rx, tx, fill, completion; /* tx: of the first queue only. */
};

/* The frames that no packet to be sent is in; in shared memory, for the process that goes on. */
struct afxdp_free {
    uint32_t n;
    uint32_t ofs[AFXDP_SLOTS];
};

struct afxdp {
    struct port up;
    int memory_fd; /* Frames of all queues, then struct afxdp_free. */
    int map_fd;    /* Socket of each queue, for the program. */
    int link_fd;   /* The program is on the device for as long as this is open, by anyone. */
    int promisc_fd, epoll_fd;
    uint32_t xdp_flags; /* XDP_FLAGS_*_MODE that is wanted; 0: the best there is. */
    uint16_t bind_flags;
    uint32_t frame_size;
    unsigned n_queues;
    unsigned next; /* The queue to read first. */
    bool copies;   /* A send is over when the system call is. */
    uint8_t *memory;
    size_t memory_len;
    struct afxdp_free *free;
    struct afxdp_queue queue[AFXDP_QUEUES];
    char why[160]; /* The last open() failed; "": errno says it. */
};

static inline struct afxdp *afxdp_of(const struct port *p)
{
    return container_of_(p, struct afxdp, up);
}

/* Functions that can fail return 0 or a positive errno value. */

/* The program, in the best mode that 'xdp_flags' allows.  EBUSY: the device has one already. */
int afxdp_prog_attach(struct afxdp *);
int afxdp_prog_set_queue(const struct afxdp *, unsigned queue);

/* 'frames' of the queue must be mapped.  Binds, fills. */
int afxdp_socket_open(struct afxdp *, unsigned queue);
/* Of a socket that a former process made. */
int afxdp_socket_map(struct afxdp *, unsigned queue, int fd);
void afxdp_socket_close(struct afxdp_queue *);

int afxdp_rx(struct port *, const struct port_pools *, struct packet **, int max);
void afxdp_tx(struct port *, struct packet **, unsigned n);
