/* afxdp_socket.c - see afxdp-private.h: the socket of one receive queue, its frames and its rings.
 *
 * The frames are the port's shared memory; the rings are the kernel's, mapped.  A frame to receive
 * into is in 'fill', with the kernel, or in 'rx'; as many exist as 'fill' has slots, so it never
 * overflows.  Control thread.  Documentation/networking/af_xdp.rst. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dp/port/afxdp-private.h"

static int set_number(int fd, int option, uint32_t value)
{
    return setsockopt(fd, SOL_XDP, option, &value, sizeof value);
}

static bool map_ring(int fd, const struct xdp_ring_offset *ofs, size_t entry, off_t where,
                     struct afxdp_ring *r)
{
    size_t len = (size_t)ofs->desc + AFXDP_SLOTS * entry;
    uint8_t *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, where);

    if (map == MAP_FAILED) {
        return false;
    }
    *r = (struct afxdp_ring){.producer = (uint32_t *)(void *)(map + ofs->producer),
                             .consumer = (uint32_t *)(void *)(map + ofs->consumer),
                             .flags = (uint32_t *)(void *)(map + ofs->flags),
                             .entries = map + ofs->desc,
                             .map = map,
                             .map_len = len};
    return true;
}

int afxdp_socket_map(struct afxdp *a, unsigned queue, int fd)
{
    struct afxdp_queue *q = &a->queue[queue];
    struct xdp_mmap_offsets ofs;
    socklen_t len = sizeof ofs;

    q->fd = fd;
    if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &ofs, &len)) {
        return errno;
    }
    if (len != sizeof ofs) {
        return EPROTO; /* A kernel before 5.4, whose rings have no flags. */
    }
    if (!map_ring(fd, &ofs.rx, sizeof(struct xdp_desc), XDP_PGOFF_RX_RING, &q->rx) ||
        !map_ring(fd, &ofs.fr, sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_FILL_RING, &q->fill) ||
        !map_ring(fd, &ofs.cr, sizeof(uint64_t), (off_t)XDP_UMEM_PGOFF_COMPLETION_RING,
                  &q->completion) ||
        (!queue && !map_ring(fd, &ofs.tx, sizeof(struct xdp_desc), XDP_PGOFF_TX_RING, &q->tx))) {
        return errno;
    }
    return 0;
}

/* All frames to receive into are the kernel's. */
static void fill_all(const struct afxdp *a, const struct afxdp_ring *fill)
{
    uint64_t *entry = fill->entries;

    for (uint32_t i = 0; i < AFXDP_SLOTS; i++) {
        entry[i] = (uint64_t)i * a->frame_size;
    }
    __atomic_store_n(fill->producer, AFXDP_SLOTS, __ATOMIC_RELEASE);
}

int afxdp_socket_open(struct afxdp *a, unsigned queue)
{
    struct afxdp_queue *q = &a->queue[queue];
    uint32_t n_frames = queue ? AFXDP_SLOTS : 2 * AFXDP_SLOTS; /* The first one also sends. */
    struct xdp_umem_reg umem = {.addr = (uint64_t)(uintptr_t)q->frames,
                                .len = (uint64_t)n_frames * a->frame_size,
                                .chunk_size = a->frame_size};
    struct sockaddr_xdp address = {.sxdp_family = AF_XDP,
                                   .sxdp_flags = a->bind_flags,
                                   .sxdp_ifindex = (uint32_t)a->up.ifindex,
                                   .sxdp_queue_id = queue};
    int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

    q->fd = fd;
    if (fd < 0 || setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof umem) ||
        set_number(fd, XDP_UMEM_FILL_RING, AFXDP_SLOTS) ||
        set_number(fd, XDP_UMEM_COMPLETION_RING, AFXDP_SLOTS) ||
        set_number(fd, XDP_RX_RING, AFXDP_SLOTS) ||
        (!queue && set_number(fd, XDP_TX_RING, AFXDP_SLOTS))) {
        return errno;
    }
    int error = afxdp_socket_map(a, queue, fd);
    if (error) {
        return error;
    }
    fill_all(a, &q->fill);
    return bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) ? errno : 0;
}

static void unmap_ring(struct afxdp_ring *r)
{
    if (r->map) {
        munmap(r->map, r->map_len);
    }
}

void afxdp_socket_close(struct afxdp_queue *q)
{
    unmap_ring(&q->rx);
    unmap_ring(&q->tx);
    unmap_ring(&q->fill);
    unmap_ring(&q->completion);
    if (q->fd >= 0) {
        close(q->fd);
    }
    *q = (struct afxdp_queue){.fd = -1};
}
