/* tunnel_tx.c - the sending half of a tunnel port: see tunnel_port.h.  Runs under the port's
 * tx_lock, in any worker. */
#include <errno.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include "lib/counter.h"
#include "lib/dp/port/tunnel_port.h"
#include "lib/hash.h"

#define BATCH      32
#define TX_CONTROL 128 /* Bytes of control messages: address, TTL, TOS. */

struct tx_slot {
    uint8_t header[TUNNEL_MAX_HEADER];
    struct iovec iov[2];
    union {
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to;
    _Alignas(struct cmsghdr) uint8_t control[TX_CONTROL];
};

/* ---- one datagram ---- */

static void put_control(struct msghdr *m, int level, int type, const void *data, size_t n)
{
    struct cmsghdr *c = (void *)((uint8_t *)m->msg_control + m->msg_controllen);

    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(n);
    memcpy(CMSG_DATA(c), data, n);
    m->msg_controllen += CMSG_SPACE(n);
}

static void address4(const struct tunnel_port *t, const struct packet_tunnel *tun,
                     struct tx_slot *s, struct msghdr *m)
{
    s->to.v4 = (struct sockaddr_in){.sin_family = AF_INET,
                                    .sin_port = htons(t->dst_port),
                                    .sin_addr.s_addr = tun->dst};
    m->msg_namelen = sizeof s->to.v4;
    if (tun->src) {
        put_control(m, IPPROTO_IP, IP_PKTINFO,
                    &(struct in_pktinfo){.ipi_spec_dst.s_addr = tun->src},
                    sizeof(struct in_pktinfo));
    }
    put_control(m, IPPROTO_IP, IP_TTL, &(int){MAX(tun->ttl, 1)}, sizeof(int));
    put_control(m, IPPROTO_IP, IP_TOS, &(int){tun->tos}, sizeof(int));
}

static void address6(const struct tunnel_port *t, const struct packet_tunnel *tun,
                     struct tx_slot *s, struct msghdr *m)
{
    struct in6_pktinfo from = {.ipi6_ifindex = 0};

    s->to.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(t->dst_port)};
    memcpy(&s->to.v6.sin6_addr, tun->ip6_dst, 16);
    m->msg_namelen = sizeof s->to.v6;
    if (!is_all_zeros(tun->ip6_src, 16)) {
        memcpy(&from.ipi6_addr, tun->ip6_src, 16);
        put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof from);
    }
    put_control(m, IPPROTO_IPV6, IPV6_HOPLIMIT, &(int){MAX(tun->ttl, 1)}, sizeof(int));
    put_control(m, IPPROTO_IPV6, IPV6_TCLASS, &(int){tun->tos}, sizeof(int));
}

static void fill(const struct tunnel_port *t, struct packet *p, struct tx_slot *s,
                 struct mmsghdr *out)
{
    struct msghdr *m = &out->msg_hdr;

    s->iov[0] = (struct iovec){s->header, tunnel_header(p, t->type, t->gbp, s->header)};
    s->iov[1] = (struct iovec){p->data, p->len};
    *m = (struct msghdr){
        .msg_name = &s->to, .msg_iov = s->iov, .msg_iovlen = 2, .msg_control = s->control};
    memset(s->control, 0, sizeof s->control);
    if (p->tun.dst) {
        address4(t, &p->tun, s, m);
    } else {
        address6(t, &p->tun, s, m);
    }
}

/* ---- which socket ---- */

/* Of a flow: the same for all its packets. */
static uint32_t flow_hash(const struct packet *p)
{
    uint64_t h = hash_bytes(p->data, MIN(p->len, 12), 0);
    uint16_t type = p->len >= 38 ? get_be16(p->data + 12) : 0;

    if (type == 0x0800) {
        bool fragment = get_be16(p->data + 20) & 0x3fff;
        h = hash_bytes(p->data + 26, fragment ? 8 : 12, h); /* Addresses and ports. */
    } else if (type == 0x86dd && p->len >= 58) {
        h = hash_bytes(p->data + 22, 36, h);
    }
    return (uint32_t)(h ^ h >> 32);
}

/* What cannot be told with the datagram is told to the socket, when it changes. */
static void set_flags(const struct tunnel_port *t, bool v6, struct tunnel_tx *tx, uint16_t flags)
{
    int8_t df = (flags & KEY_TUN_DF) != 0, csum = (flags & KEY_TUN_CSUM) != 0;
    int off = !csum;

    if (tx->df != df) {
        int how = df ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT;
        setsockopt(tx->fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
                   &how, sizeof how);
        tx->df = df;
    }
    if (tx->csum != csum && t->dst_port) {
        if (v6) {
            setsockopt(tx->fd, IPPROTO_UDP, UDP_NO_CHECK6_TX, &off, sizeof off);
        } else {
            setsockopt(tx->fd, SOL_SOCKET, SO_NO_CHECK, &off, sizeof off);
        }
        tx->csum = csum;
    }
}

/* ---- batches ---- */

static void send_batch(struct tunnel_port *t, int fd, struct mmsghdr *m, unsigned n)
{
    unsigned done = 0;

    while (done < n) {
        int sent = sendmmsg(fd, m + done, n - done, MSG_DONTWAIT);
        for (int i = 0; i < sent; i++) {
            port_count(&t->up.tx, (uint32_t)m[done++].msg_hdr.msg_iov[1].iov_len);
        }
        if (sent <= 0) { /* The first of the rest cannot be sent. */
            counter_inc(COUNTER_drop_port_tx_error);
            port_add(errno == EAGAIN ? &t->up.tx.dropped : &t->up.tx.errors, 1);
            done++;
        }
    }
}

static bool can_follow(const struct packet *a, const struct packet *b)
{
    return !a->tun.dst == !b->tun.dst && a->tun.flags == b->tun.flags &&
           flow_hash(a) % TUNNEL_N_TX == flow_hash(b) % TUNNEL_N_TX;
}

static bool has_way(const struct tunnel_port *t, const struct packet *p)
{
    const struct tunnel_side *s = &t->side[!p->tun.dst];
    return t->admin_up && p->has_tunnel && s->n_tx &&
           (p->tun.dst || !is_all_zeros(p->tun.ip6_dst, 16));
}

/* Packets for one socket that is set for them all; how many there were. */
static unsigned send_run(struct tunnel_port *t, struct packet **pkts, unsigned n)
{
    struct tx_slot slots[BATCH];
    struct mmsghdr m[BATCH];
    bool v6 = !pkts[0]->tun.dst;
    struct tunnel_side *side = &t->side[v6];
    struct tunnel_tx *tx = &side->tx[flow_hash(pkts[0]) % side->n_tx];
    unsigned k = 0;

    while (k < MIN(n, BATCH) && (!k || (has_way(t, pkts[k]) && can_follow(pkts[0], pkts[k])))) {
        fill(t, pkts[k], &slots[k], &m[k]);
        k++;
    }
    set_flags(t, v6, tx, ntohs(pkts[0]->tun.flags));
    send_batch(t, tx->fd, m, k);
    return k;
}

void tunnel_port_tx(struct port *p, struct packet **pkts, unsigned n)
{
    struct tunnel_port *t = tunnel_port_of(p);

    for (unsigned i = 0; i < n;) {
        if (has_way(t, pkts[i])) {
            i += send_run(t, pkts + i, n - i);
        } else {
            counter_inc(COUNTER_drop_port_tx_error);
            port_add(&p->tx.errors, 1);
            i++;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        packet_free(pkts[i]);
    }
}
