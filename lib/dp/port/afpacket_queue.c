/* afpacket_queue.c - see afpacket.c: a socket for each queue of the device, whose priority is the
 * queue's class.  Control thread; workers send by them (afpacket_tx.c).
 *
 * A priority of one packet, as control data, would need NET_ADMIN on the worker. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dp/port/afpacket-private.h"
#include "lib/io/link_htb.h"
#include "lib/mem.h"

#define MAX_SOCKETS 256
#define SEND_BUF    (4 << 20) /* What waits for the rate is dropped beyond this. */

/* -1 with errno set. */
static int open_socket(int ifindex, uint32_t queue)
{
    const struct sockaddr_ll sll = {.sll_family = AF_PACKET, .sll_ifindex = ifindex};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1, priority = (int)link_htb_priority(queue), size = SEND_BUF;

    if (fd < 0) {
        return -1;
    }
    if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one) ||
        setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority) ||
        bind(fd, (const struct sockaddr *)(const void *)&sll, sizeof sll)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size)) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    return fd;
}

void afpacket_close_queues(struct afpacket *a)
{
    for (size_t i = 0; i < a->n_queues; i++) {
        close(a->queues[i].fd);
    }
    free(a->queues);
    a->queues = NULL;
    a->n_queues = 0;
}

int afpacket_set_queues(struct port *p, const uint32_t *queues, size_t n)
{
    struct afpacket *a = afpacket_of(p);
    struct afpacket_queue *all = n ? xcalloc(n, sizeof *all) : NULL;
    size_t n_all = 0;
    int error = 0;

    for (size_t i = 0; i < n && !error; i++) {
        if (!queues[i]) {
            continue; /* The default. */
        }
        int fd = n_all < MAX_SOCKETS ? open_socket(p->ifindex, queues[i]) : -1;
        if (fd >= 0) {
            all[n_all++] = (struct afpacket_queue){queues[i], fd};
        } else {
            error = n_all < MAX_SOCKETS ? errno : E2BIG;
        }
    }
    pthread_mutex_lock(&p->tx_lock);
    afpacket_close_queues(a);
    a->queues = all;
    a->n_queues = n_all;
    pthread_mutex_unlock(&p->tx_lock);
    return error;
}
