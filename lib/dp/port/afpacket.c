/* afpacket.c - a port on any Linux network device, through AF_PACKET sockets with mapped rings.
 *
 * TPACKET_V2 with PACKET_VNET_HDR: a slot is handed over as soon as its frame is in it, so that a
 * lone packet waits for nothing (V3 hands over blocks, after a time-out).  Slots are of the size of
 * the MTU; a super-frame that does not fit is left in the socket's queue by PACKET_COPY_THRESH, and
 * fetched from there: one system call for up to 64 KB.
 *
 * The device is set promiscuous, and an ingress drop behind the tap keeps the host's own stack from
 * taking the frames as well. */
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/dp/port/afpacket-private.h"
#include "lib/dp/port/netdev.h"
#include "lib/io/link.h"
#include "lib/log.h"

LOG_MODULE(netdev_linux);

#define RX_BYTES    (4u << 20) /* Of ring for each port: 20 ms of 100,000 frames a second. */
#define TX_BYTES    (1u << 20)
#define BLOCK_BYTES (64u << 10)
#define SLOT_MIN    2048u
#define SLOT_MAX    16384u
#define SLOT_EXTRA  160         /* Headers of the ring, Ethernet and VLAN in a slot. */
#define SOCKET_BUF  (16u << 20) /* Super-frames wait in the socket's queue. */

static int set_int(int fd, int option, int value)
{
    return setsockopt(fd, SOL_PACKET, option, &value, sizeof value);
}

static int bind_to(int fd, int ifindex, uint16_t protocol)
{
    struct sockaddr_ll sll = {.sll_family = AF_PACKET,
                              .sll_protocol = htons(protocol),
                              .sll_ifindex = ifindex};

    return bind(fd, (const struct sockaddr *)(const void *)&sll, sizeof sll);
}

/* -1 with errno set. */
static int make_ring(int fd, int option, uint32_t bytes, uint32_t slot_size,
                     struct afpacket_ring *r)
{
    struct tpacket_req req = {.tp_block_size = BLOCK_BYTES,
                              .tp_block_nr = bytes / BLOCK_BYTES,
                              .tp_frame_size = slot_size,
                              .tp_frame_nr = bytes / slot_size};

    *r = (struct afpacket_ring){.map_len = bytes,
                                .n_slots = req.tp_frame_nr,
                                .slot_size = slot_size};
    if (setsockopt(fd, SOL_PACKET, option, &req, sizeof req)) {
        return -1;
    }
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        return -1;
    }
    r->map = map;
    return 0;
}

/* A large buffer if we may, else what the system's limit gives. */
static void set_buffer(int fd, int force, int option)
{
    int size = SOCKET_BUF;

    if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof size)) {
        setsockopt(fd, SOL_SOCKET, option, &size, sizeof size);
    }
}

static int open_rx(struct afpacket *a, uint32_t slot_size)
{
    struct packet_mreq promisc = {.mr_ifindex = a->up.ifindex, .mr_type = PACKET_MR_PROMISC};
    int fd = a->rx_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || set_int(fd, PACKET_VERSION, TPACKET_V2) || set_int(fd, PACKET_VNET_HDR, 1) ||
        set_int(fd, PACKET_IGNORE_OUTGOING, 1) || set_int(fd, PACKET_COPY_THRESH, 1) ||
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof promisc)) {
        return -1;
    }
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (make_ring(fd, PACKET_RX_RING, RX_BYTES, slot_size, &a->rx)) {
        return -1;
    }
    return bind_to(fd, a->up.ifindex, ETH_P_ALL);
}

static int open_tx(struct afpacket *a, uint32_t slot_size)
{
    int fd = a->tx_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* PACKET_LOSS: the kernel skips a frame that it cannot send and goes on. */
    if (fd < 0 || set_int(fd, PACKET_VERSION, TPACKET_V2) || set_int(fd, PACKET_VNET_HDR, 1) ||
        set_int(fd, PACKET_LOSS, 1)) {
        return -1;
    }
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    if (make_ring(fd, PACKET_TX_RING, TX_BYTES, slot_size, &a->tx)) {
        return -1;
    }
    return bind_to(fd, a->up.ifindex, 0);
}

/* ---- from one process to the next ---- */

enum { VALUE_IFINDEX = PORT_VALUE_CLASS, VALUE_RX, VALUE_TX = VALUE_RX + 4 };

static void give_ring(const struct afpacket_ring *r, uint64_t value[4])
{
    value[0] = r->map_len;
    value[1] = r->n_slots;
    value[2] = r->slot_size;
    value[3] = __atomic_load_n(&r->at, __ATOMIC_RELAXED);
}

/* Of a ring that the kernel has made already. */
static bool take_ring(int fd, const uint64_t value[4], struct afpacket_ring *r)
{
    if (value[0] > MAX(RX_BYTES, TX_BYTES) || value[2] < SLOT_MIN || value[2] > SLOT_MAX ||
        value[1] * value[2] > value[0] || value[3] >= value[1]) {
        return false;
    }
    *r = (struct afpacket_ring){.map_len = (size_t)value[0],
                                .n_slots = (uint32_t)value[1],
                                .slot_size = (uint32_t)value[2],
                                .at = (uint32_t)value[3]};
    void *map = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    r->map = map == MAP_FAILED ? NULL : map;
    return r->map != NULL;
}

static void afpacket_hand_over(const struct port *p, struct handover_item *item)
{
    const struct afpacket *a = container_of_((struct port *)(uintptr_t)p, struct afpacket, up);

    item->fds[0] = a->rx_fd;
    item->fds[1] = a->tx_fd;
    item->n_fds = 2;
    item->value[VALUE_IFINDEX] = (uint64_t)p->ifindex;
    give_ring(&a->rx, &item->value[VALUE_RX]);
    give_ring(&a->tx, &item->value[VALUE_TX]);
}

/* The sockets that a former process had on this device. */
static bool take_sockets(struct afpacket *a)
{
    struct handover_item item;

    if (!port_taken(&a->up, &item)) {
        return false;
    }
    if (item.n_fds != 2 || item.value[VALUE_IFINDEX] != (uint64_t)a->up.ifindex ||
        !take_ring(item.fds[0], &item.value[VALUE_RX], &a->rx)) {
        handover_close_fds(&item);
        return false;
    }
    if (!take_ring(item.fds[1], &item.value[VALUE_TX], &a->tx)) {
        munmap(a->rx.map, a->rx.map_len);
        a->rx = (struct afpacket_ring){0};
        handover_close_fds(&item);
        return false;
    }
    a->rx_fd = item.fds[0];
    a->tx_fd = item.fds[1];
    a->inherited = true;
    return true;
}

/* The former process has come that far; it goes no further. */
static void afpacket_resume(struct port *p, const struct handover_item *item)
{
    struct afpacket *a = afpacket_of(p);

    if (a->inherited) {
        a->rx.at = (uint32_t)(item->value[VALUE_RX + 3] % a->rx.n_slots);
        a->tx.at = (uint32_t)(item->value[VALUE_TX + 3] % a->tx.n_slots);
    }
}

static int afpacket_open(struct port *p, port_option *option UNUSED, void *aux UNUSED)
{
    struct afpacket *a = afpacket_of(p);
    struct link_info link;
    uint32_t slot = SLOT_MIN;

    a->rx_fd = a->tx_fd = -1;
    int error = link_get(p->name, &link);
    if (error) {
        return error;
    }
    if (!link.ethernet) {
        return EINVAL; /* Of loopback, it would also take all that the host says to itself. */
    }
    a->up.ifindex = link.ifindex;
    __atomic_store_n(&p->mtu, link.mtu, __ATOMIC_RELAXED);
    while (slot < SLOT_MAX && slot < link.mtu + SLOT_EXTRA) {
        slot *= 2;
    }
    /* First the drop: the stack must not take what arrives meanwhile. */
    error = link_ingress_drop(a->up.ifindex, true);
    if (error) {
        log_warn("%s: cannot keep the host's stack from taking its frames as well (%s)", p->name,
                 strerror(error));
    }
    if (!take_sockets(a) && (open_rx(a, slot) || open_tx(a, slot))) {
        error = errno;
        p->class->close(p, false);
        return error;
    }
    p->rx_fd = a->rx_fd;
    port_set_can(p, PORT_TX_CSUM | PORT_TX_TSO | PORT_TX_USO);
    return 0;
}

static void close_socket(int *fd, struct afpacket_ring *r)
{
    if (r->map) {
        munmap(r->map, r->map_len);
    }
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
    *r = (struct afpacket_ring){0};
}

static void afpacket_close(struct port *p, bool destroy UNUSED)
{
    struct afpacket *a = afpacket_of(p);

    close_socket(&a->rx_fd, &a->rx);
    close_socket(&a->tx_fd, &a->tx);
    afpacket_close_queues(a);
    a->inherited = false;
    p->rx_fd = -1;
    if (a->up.ifindex) {
        link_ingress_drop(a->up.ifindex, false); /* The device itself may be gone. */
        a->up.ifindex = 0;
    }
}

static int afpacket_set_up(struct port *p, bool up)
{
    return netdev_set_up(p->name, up);
}

static void afpacket_get_info(const struct port *p, struct dp_port_info *info)
{
    netdev_get_info(p->name, info);
}

static void afpacket_get_stats(struct port *p, struct dp_port_stats *s)
{
    struct afpacket *a = afpacket_of(p);
    struct tpacket_stats st;
    socklen_t len = sizeof st;

    if (a->rx_fd >= 0 && !getsockopt(a->rx_fd, SOL_PACKET, PACKET_STATISTICS, &st, &len)) {
        a->kernel_drops += st.tp_drops;
    }
    s->rx_dropped += a->kernel_drops;
    netdev_get_stats(p, s);
}

const struct port_class port_afpacket = {
    .size = sizeof(struct afpacket),
    .open = afpacket_open,
    .close = afpacket_close,
    .rx = afpacket_rx,
    .tx = afpacket_tx,
    .set_up = afpacket_set_up,
    .set_queues = afpacket_set_queues,
    .get_info = afpacket_get_info,
    .get_stats = afpacket_get_stats,
    .has_device = true,
    .hand_over = afpacket_hand_over,
    .resume = afpacket_resume,
};
