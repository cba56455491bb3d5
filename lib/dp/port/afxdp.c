/* afxdp.c - a port on any Linux network device, through AF_XDP sockets: type "afxdp".
 *
 * A program on the device hands every frame to the socket of its receive queue, ahead of the host's
 * stack; frames are copied from and to memory that we share with the kernel.  options:xdp-mode is
 * native-with-zerocopy, native, generic or best-effort (the default: what the device can).
 *
 * The price beside AF_PACKET: no super-frames (a device with a program gets none from its peer, and
 * what we send is cut), no checksums by the device, a frame within a page, and a VLAN tag that the
 * sender's device would have added is lost (veth: `ethtool -K PEER txvlan off`).
 *
 * Needs NET_ADMIN, NET_RAW and BPF, and IPC_LOCK or a limit of locked memory that is large enough:
 * not to be had with --user.  Control thread.  Documentation/networking/af_xdp.rst. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dp/port/afxdp-private.h"
#include "lib/dp/port/netdev.h"
#include "lib/io/link.h"
#include "lib/mem.h"

#define FRAME_MIN   2048u
#define FRAME_MAX   4096u /* A page. */
#define FRAME_EXTRA (256u + ETH_HEADERS)
#define ETH_HEADERS (14u + 2 * 4u) /* Of a frame, beside its MTU. */

static const struct {
    const char *name;
    uint32_t xdp_flags;
    uint16_t bind_flags;
} modes[] = {
    {"best-effort", 0, XDP_USE_NEED_WAKEUP},
    {"native-with-zerocopy", XDP_FLAGS_DRV_MODE, XDP_USE_NEED_WAKEUP | XDP_ZEROCOPY},
    {"native", XDP_FLAGS_DRV_MODE, XDP_USE_NEED_WAKEUP | XDP_COPY},
    {"generic", XDP_FLAGS_SKB_MODE, XDP_USE_NEED_WAKEUP | XDP_COPY},
};

static int set_mode(struct afxdp *a, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (!strcmp(name, modes[i].name)) {
            a->xdp_flags = modes[i].xdp_flags;
            a->bind_flags = modes[i].bind_flags;
            return 0;
        }
    }
    snprintf(a->why, sizeof a->why,
             "options:xdp-mode is best-effort, native-with-zerocopy, native or generic");
    return EINVAL;
}

/* What of the device the frames and sockets depend on. */
static int measure(struct afxdp *a, const struct link_info *link)
{
    a->n_queues = netdev_rx_queues(a->up.name);
    if (a->n_queues > AFXDP_QUEUES) {
        snprintf(a->why, sizeof a->why,
                 "it has %u receive queues, and at most %d are served: ethtool -L %s combined %d",
                 a->n_queues, AFXDP_QUEUES, a->up.name, AFXDP_QUEUES);
        return EINVAL;
    }
    if (link->mtu + FRAME_EXTRA > FRAME_MAX) {
        snprintf(a->why, sizeof a->why, "its MTU is %u, and AF_XDP takes at most %u", link->mtu,
                 FRAME_MAX - FRAME_EXTRA);
        return EINVAL;
    }
    a->frame_size = link->mtu + FRAME_EXTRA > FRAME_MIN ? FRAME_MAX : FRAME_MIN;
    return 0;
}

static size_t frames_len(const struct afxdp *a)
{
    return (size_t)(a->n_queues + 1) * AFXDP_SLOTS * a->frame_size;
}

static int map_memory(struct afxdp *a)
{
    size_t len = frames_len(a) + sizeof *a->free;
    uint8_t *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, a->memory_fd, 0);

    if (memory == MAP_FAILED) {
        return errno;
    }
    a->memory = memory;
    a->memory_len = len;
    a->free = (struct afxdp_free *)(void *)(memory + frames_len(a));
    for (unsigned i = 0; i < a->n_queues; i++) {
        size_t before = i ? i + 1 : 0; /* The first one's frames to send are behind its others. */
        a->queue[i].frames = memory + before * AFXDP_SLOTS * a->frame_size;
    }
    return 0;
}

static int make_memory(struct afxdp *a)
{
    a->memory_fd = memfd_create("sluice-afxdp", MFD_CLOEXEC);
    if (a->memory_fd < 0 || ftruncate(a->memory_fd, (off_t)(frames_len(a) + sizeof *a->free))) {
        return errno;
    }
    int error = map_memory(a);
    if (!error) {
        for (uint32_t i = 0; i < AFXDP_SLOTS; i++) {
            a->free->ofs[i] = (AFXDP_SLOTS + i) * a->frame_size;
        }
        a->free->n = AFXDP_SLOTS;
    }
    return error;
}

/* Sockets, then the program, then its map: nothing arrives before all can take it. */
static int open_sockets(struct afxdp *a)
{
    int error = make_memory(a);

    for (unsigned i = 0; i < a->n_queues && !error; i++) {
        error = afxdp_socket_open(a, i);
    }
    error = error ? error : afxdp_prog_attach(a);
    for (unsigned i = 0; i < a->n_queues && !error; i++) {
        error = afxdp_prog_set_queue(a, i);
    }
    if (error == EBUSY) {
        snprintf(a->why, sizeof a->why, "another program has its frames: ip link show dev %s",
                 a->up.name);
    } else if (error == EPERM || error == EACCES) {
        snprintf(a->why, sizeof a->why,
                 "not permitted: AF_XDP needs root, without --user, or CAP_BPF and CAP_IPC_LOCK");
    }
    return error;
}

/* ---- from one process to the next ---- */

enum { FD_MEMORY, FD_MAP, FD_LINK, FD_SOCKETS };
enum { VALUE_IFINDEX = PORT_VALUE_CLASS, VALUE_FRAME_SIZE, VALUE_QUEUES };
_Static_assert(FD_SOCKETS + AFXDP_QUEUES <= HANDOVER_FDS, "a message has room for all of a port's");

static void afxdp_hand_over(const struct port *p, struct handover_item *item)
{
    const struct afxdp *a = afxdp_of(p);

    item->fds[FD_MEMORY] = a->memory_fd;
    item->fds[FD_MAP] = a->map_fd;
    item->fds[FD_LINK] = a->link_fd;
    for (unsigned i = 0; i < a->n_queues; i++) {
        item->fds[FD_SOCKETS + i] = a->queue[i].fd;
    }
    item->n_fds = FD_SOCKETS + a->n_queues;
    item->value[VALUE_IFINDEX] = (uint64_t)p->ifindex;
    item->value[VALUE_FRAME_SIZE] = a->frame_size;
    item->value[VALUE_QUEUES] = a->n_queues;
}

/* Rings and free frames are shared memory, cursors included: nothing else is to be handed over.
 * False: there is nothing, or it is of another shape, and the sockets must be made anew. */
static bool take_sockets(struct afxdp *a)
{
    struct handover_item item;

    if (!port_taken(&a->up, &item)) {
        return false;
    }
    if (item.n_fds != FD_SOCKETS + a->n_queues || item.value[VALUE_QUEUES] != a->n_queues ||
        item.value[VALUE_FRAME_SIZE] != a->frame_size ||
        item.value[VALUE_IFINDEX] != (uint64_t)a->up.ifindex) {
        handover_close_fds(&item);
        return false;
    }
    a->memory_fd = item.fds[FD_MEMORY];
    a->map_fd = item.fds[FD_MAP];
    a->link_fd = item.fds[FD_LINK];
    bool ok = !map_memory(a);
    for (unsigned i = 0; i < a->n_queues; i++) {
        a->queue[i].fd = item.fds[FD_SOCKETS + i];
        ok = ok && !afxdp_socket_map(a, i, a->queue[i].fd);
    }
    return ok;
}

/* ---- opening, closing ---- */

/* One descriptor to wait for all queues by. */
static int make_rx_fd(struct afxdp *a)
{
    if (a->n_queues == 1) {
        a->up.rx_fd = a->queue[0].fd;
        return 0;
    }
    a->up.rx_fd = a->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (unsigned i = 0; i < a->n_queues && a->epoll_fd >= 0; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        if (epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, a->queue[i].fd, &event)) {
            return errno;
        }
    }
    return a->epoll_fd < 0 ? errno : 0;
}

/* For as long as the socket lives, which receives nothing. */
static int set_promiscuous(struct afxdp *a)
{
    struct packet_mreq promisc = {.mr_ifindex = a->up.ifindex, .mr_type = PACKET_MR_PROMISC};

    a->promisc_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    return a->promisc_fd < 0 || setsockopt(a->promisc_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
                                           &promisc, sizeof promisc)
               ? errno
               : 0;
}

static bool copies(const struct afxdp *a)
{
    struct xdp_options options;
    socklen_t len = sizeof options;

    return getsockopt(a->queue[0].fd, SOL_XDP, XDP_OPTIONS, &options, &len) ||
           !(options.flags & XDP_OPTIONS_ZEROCOPY);
}

static int open_device(struct afxdp *a)
{
    struct link_info link;
    int error = link_get(a->up.name, &link);

    if (error) {
        return error;
    }
    if (!link.ethernet) {
        return EINVAL;
    }
    a->up.ifindex = link.ifindex;
    __atomic_store_n(&a->up.mtu, link.mtu, __ATOMIC_RELAXED);
    error = measure(a, &link);
    error = error ? error : set_promiscuous(a);
    if (!error && !take_sockets(a)) {
        error = open_sockets(a);
    }
    a->copies = !error && copies(a);
    return error ? error : make_rx_fd(a);
}

static void afxdp_close(struct port *p, bool destroy UNUSED)
{
    struct afxdp *a = afxdp_of(p);
    int *fds[] = {&a->link_fd, &a->map_fd, &a->memory_fd, &a->promisc_fd, &a->epoll_fd};

    /* First the program: what arrives is the host's again. */
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        if (*fds[i] >= 0) {
            close(*fds[i]);
        }
        *fds[i] = -1;
    }
    for (unsigned i = 0; i < AFXDP_QUEUES; i++) {
        afxdp_socket_close(&a->queue[i]);
    }
    if (a->memory) {
        munmap(a->memory, a->memory_len);
    }
    a->memory = NULL;
    a->free = NULL;
    a->n_queues = 0;
    p->rx_fd = -1;
    p->ifindex = 0;
}

static int afxdp_open(struct port *p, port_option *option, void *aux)
{
    struct afxdp *a = afxdp_of(p);
    const char *mode = option ? option(aux, "xdp-mode") : NULL;
    int error = 0;

    a->memory_fd = a->map_fd = a->link_fd = a->promisc_fd = a->epoll_fd = -1;
    for (unsigned i = 0; i < AFXDP_QUEUES; i++) {
        a->queue[i].fd = -1;
    }
    a->why[0] = '\0';
    if (option) {
        error = set_mode(a, mode ? mode : modes[0].name);
    }
    error = error ? error : open_device(a);
    if (error) {
        afxdp_close(p, false);
    }
    return error;
}

static char *afxdp_explain(const struct port *p, int error UNUSED)
{
    const struct afxdp *a = afxdp_of(p);
    return a->why[0] ? xstrdup(a->why) : NULL;
}

static int afxdp_set_up(struct port *p, bool up)
{
    return netdev_set_up(p->name, up);
}

static void afxdp_get_info(const struct port *p, struct dp_port_info *info)
{
    netdev_get_info(p->name, info);
}

static void afxdp_get_stats(struct port *p, struct dp_port_stats *s)
{
    const struct afxdp *a = afxdp_of(p);

    for (unsigned i = 0; i < a->n_queues; i++) {
        struct xdp_statistics st = {0};
        socklen_t len = sizeof st;
        if (!getsockopt(a->queue[i].fd, SOL_XDP, XDP_STATISTICS, &st, &len)) {
            s->rx_dropped += st.rx_dropped + st.rx_ring_full;
        }
    }
    netdev_get_stats(p, s);
}

const struct port_class port_afxdp = {
    .size = sizeof(struct afxdp),
    .open = afxdp_open,
    .close = afxdp_close,
    .rx = afxdp_rx,
    .tx = afxdp_tx,
    .set_up = afxdp_set_up,
    .get_info = afxdp_get_info,
    .get_stats = afxdp_get_stats,
    .explain = afxdp_explain,
    .has_device = true,
    .hand_over = afxdp_hand_over,
};
