/* fuzz-frames.c - frames of every protocol that compose_packet() knows, mutated.
 *
 *   fuzz-frames [--seed N] [--count N] [--send DEVICE [--rate N]]
 *
 * Without --send, each goes through the parser, the checksums and the connection tracker.  With it,
 * they are written to a network device through an AF_PACKET socket, some as super-frames with a
 * virtio-net header, 'rate' a second.  Half of the frames come from few addresses and ports, so
 * that they meet in caches and connections; a fifth stays as composed.  The same seed gives the
 * same frames. */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#include "lib/ct/ct.h"
#include "lib/packet/compose.h"
#include "lib/packet/csum.h"
#include "lib/packet/parse.h"
#include "lib/text.h"
#include "tests/unit/packet-random.h"

#define MAX_FRAME 9000
#define MTU_FRAME 1514

struct frame {
    struct virtio_net_hdr vnet; /* As the kernel takes it: directly ahead of the bytes. */
    uint8_t b[MAX_FRAME];
    uint32_t len;
};

static uint8_t few(uint8_t *last)
{
    return *last = (uint8_t)(1 + random_below(3));
}

/* A world of three hosts. */
static void crowd(struct key *key)
{
    memset(key->eth_src, 0, 6);
    memset(key->eth_dst, 0, 6);
    key->eth_src[0] = key->eth_dst[0] = 2;
    few(&key->eth_src[5]);
    few(&key->eth_dst[5]);
    if (key_is_ip4(key)) {
        key->ip_src = htonl(0x0a010100 | random_below(4));
        key->ip_dst = htonl(0x0a010100 | random_below(4));
    } else if (key_is_ip6(key)) {
        memset(key->ip6_src, 0, 16);
        memset(key->ip6_dst, 0, 16);
        key->ip6_src[0] = key->ip6_dst[0] = 0xfc;
        few(&key->ip6_src[15]);
        few(&key->ip6_dst[15]);
    }
    if (!(key->ip_frag & KEY_FRAG_LATER) &&
        (key->ip_proto == IPPROTO_HDR_TCP || key->ip_proto == IPPROTO_HDR_UDP)) {
        key->tp_src = htons((uint16_t)(1 + random_below(3)));
        key->tp_dst = htons((uint16_t)(1 + random_below(3)));
    }
}

/* A frame of TCP becomes one that the sender's kernel would have left to the device. */
static void make_super(struct frame *f, const struct packet *p, const struct key *key)
{
    if (key->ip_proto == IPPROTO_HDR_TCP && p->l4_ofs != PACKET_NO_OFS && !key->ip_frag) {
        f->vnet.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        f->vnet.gso_type = key_is_ip4(key) ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6;
        f->vnet.hdr_len = p->payload_ofs;
        f->vnet.gso_size = (uint16_t)(1 + random_below(1400));
        f->vnet.csum_start = p->l4_ofs;
        f->vnet.csum_offset = 16;
    }
}

static void compose(struct frame *f)
{
    uint8_t payload[MAX_FRAME - 600];
    uint32_t room = random_below(16) ? random_below(64) : 1400 + random_below(6000);
    bool super = room > 64;
    struct key key;

    random_key(&key);
    if (random_below(2)) {
        crowd(&key);
    }
    random_bytes(payload, room);
    struct packet *p = compose_packet(&key, payload, room);
    memset(&f->vnet, 0, sizeof f->vnet);
    f->len = MIN(p->len, MAX_FRAME);
    if (super) {
        parse_key(p, &key);
        make_super(f, p, &key);
    }
    memcpy(f->b, p->data, f->len);
    packet_free(p);
}

static void mutate_once(struct frame *f)
{
    uint32_t ofs = random_below(MIN(f->len, 100));
    switch (random_below(6)) {
    case 0:
    case 1:
        f->b[ofs] ^= (uint8_t)BIT(random_below(8));
        break;
    case 2:
        f->b[ofs] = (uint8_t)random_below(256);
        break;
    case 3:
        f->b[ofs] = random_below(2) ? 0xff : 0;
        break;
    case 4:
        f->len = MAX(ofs, 1);
        break;
    default: /* Behind the addresses, where lengths and types are. */
        ofs = 12 + random_below(50);
        f->b[MIN(f->len - 1, ofs)] = (uint8_t)random_below(256);
        break;
    }
}

static void next_frame(struct frame *f)
{
    compose(f);
    if (random_below(5)) {
        for (uint32_t n = 1 + random_below(4); n; n--) {
            mutate_once(f);
        }
    }
}

/* ---- in process ---- */

static struct ct *tracker;

static void try_frame(const struct frame *f, uint64_t i)
{
    struct packet *p = packet_new_data(f->b, f->len); /* Exactly as long. */
    struct key key;

    if (parse_key(p, &key) && (key_is_ip4(&key) || key_is_ip6(&key))) {
        struct ct_args args = {.zone = (uint16_t)(i & 1), .commit = i & 2, .force = !(i & 31)};
        csum_ip4_ok(p);
        ct_execute(tracker, p, &args, (int64_t)i);
        csum_l4_set(p);
    }
    packet_free(p);
    if (!(i % 1000)) {
        ct_sweep(tracker, (int64_t)i, 1000);
        urcu_qsbr_quiescent_state();
    }
}

/* ---- to a device ---- */

static int open_device(const char *name)
{
    int one = 1, fd = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};

    if (fd < 0 || !to.sll_ifindex || bind(fd, (struct sockaddr *)&to, sizeof to) ||
        setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof one)) {
        fprintf(stderr, "fuzz-frames: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

/* False: the kernel does not take this frame. */
static bool send_frame(int fd, const struct frame *f)
{
    uint32_t len = f->vnet.gso_type ? f->len : MIN(f->len, MTU_FRAME);

    while (send(fd, &f->vnet, sizeof f->vnet + len, 0) < 0) {
        if (errno == ENETDOWN || errno == ENXIO) {
            perror("fuzz-frames");
            exit(1); /* The device is gone, for all frames. */
        }
        if (errno != ENOBUFS && errno != EAGAIN) {
            return false;
        }
        usleep(100);
    }
    return true;
}

static int64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

/* The later of 'due_us' and now: who is late does not catch up by a burst, for which the host's
 * queues have no room. */
static int64_t wait_until(int64_t due_us)
{
    int64_t now = now_us();
    if (now < due_us) {
        usleep((useconds_t)(due_us - now));
    }
    return MAX(now, due_us);
}

#define BURST 32 /* Frames that are sent at once. */

struct options {
    uint64_t seed, count, rate;
    const char *device;
};

static bool parse_option(struct options *o, const char *name, const char *value)
{
    if (!strcmp(name, "--seed")) {
        return text_to_u64(value, &o->seed);
    }
    if (!strcmp(name, "--count")) {
        return text_to_u64(value, &o->count);
    }
    if (!strcmp(name, "--rate")) {
        return text_to_u64(value, &o->rate) && o->rate;
    }
    o->device = value;
    return !strcmp(name, "--send");
}

static void run(const struct options *o)
{
    static struct frame f;
    int fd = o->device ? open_device(o->device) : -1;
    int64_t due_us = now_us();
    uint64_t n_refused = 0;

    for (uint64_t i = 0; i < o->count;) {
        next_frame(&f);
        if (!o->device) {
            try_frame(&f, i++);
            continue;
        }
        if (!send_frame(fd, &f)) {
            n_refused++; /* Too short, or a super-frame that is none: not one of the count. */
            continue;
        }
        if (!(++i % BURST)) {
            due_us = wait_until(due_us + BURST * INT64_C(1000000) / (int64_t)o->rate);
        }
    }
    printf("%" PRIu64 " frames", o->count);
    if (o->device) {
        printf(" and %" PRIu64 " that the kernel did not take\n", n_refused);
    } else {
        printf(", %" PRIu32 " connections at the end\n", ct_count(tracker));
    }
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .count = 50000, .rate = 50000};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || !parse_option(&o, argv[i], argv[i + 1])) {
            fprintf(stderr,
                    "usage: fuzz-frames [--seed N] [--count N] [--send DEVICE [--rate N]]\n");
            return 2;
        }
    }
    srand((unsigned)o.seed);
    urcu_qsbr_register_thread();
    tracker = ct_new(&(struct ct_config){.max_conns = 1000});
    run(&o);
    ct_free(tracker);
    urcu_qsbr_unregister_thread();
    return 0;
}
