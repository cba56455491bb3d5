/* edit_quoted.c - see edit.h: the packet that an ICMP error quotes.
 *
 * RFC 792, RFC 4443 section 3, RFC 5508 section 4.  What is quoted may be cut short anywhere behind
 * its IP header; a transport checksum that is not there needs no update. */
#include "lib/packet/csum.h"
#include "lib/packet/edit.h"
#include "lib/packet/ip.h"

#define ICMP_HEADER 8

/* A checksum field of what is quoted. */
struct sum {
    uint8_t *at; /* NULL: none. */
    bool zero_is_none;
};

static void change(uint8_t *at, const void *value, size_t n, const struct sum *sum)
{
    be16 c = 0;
    uint8_t old[16];

    memcpy(old, at, n);
    memcpy(at, value, n);
    if (!sum->at) {
        return;
    }
    memcpy(&c, sum->at, 2);
    if (sum->zero_is_none && !c) {
        return;
    }
    uint16_t gone = csum_fold(csum_add(0, old, n));
    c = csum_fold(csum_add((uint16_t)~c + gone, value, n));
    if (sum->zero_is_none && !c) {
        c = 0xffff;
    }
    memcpy(sum->at, &c, 2);
}

static struct sum l4_sum(uint8_t *l4, const struct ip_info *ip)
{
    struct sum sum = {NULL, ip->proto == IPPROTO_HDR_UDP};
    uint32_t ofs;

    switch (ip->proto) {
    case IPPROTO_HDR_TCP:
        ofs = 16;
        break;
    case IPPROTO_HDR_UDP:
    case IPPROTO_HDR_UDPLITE:
    case IPPROTO_HDR_DCCP:
        ofs = 6;
        break;
    case IPPROTO_HDR_ICMP:
    case IPPROTO_HDR_ICMP6:
        ofs = 2;
        break;
    default:
        return sum; /* SCTP's is of the whole packet, which is not there. */
    }
    sum.at = ip->has_l4 && ip->l4_len >= ofs + 2 ? l4 + ofs : NULL;
    return sum;
}

static void edit_inner(uint8_t *l3, const struct ip_info *ip, const uint8_t *src,
                       const uint8_t *dst, bool ports, be16 src_port, be16 dst_port)
{
    uint8_t *l4 = l3 + ip->l4_ofs;
    const struct sum sum = l4_sum(l4, ip), none = {NULL, false};
    const struct sum *pseudo = ip->proto == IPPROTO_HDR_ICMP ? &none : &sum;

    if (ip->version == 4) {
        const struct sum header = {l3 + 10, false};
        uint8_t old[8];
        memcpy(old, l3 + 12, 8);
        change(l3 + 12, src, 4, pseudo);
        change(l3 + 16, dst, 4, pseudo);
        uint8_t now[8];
        memcpy(now, l3 + 12, 8);
        memcpy(l3 + 12, old, 8);
        change(l3 + 12, now, 8, &header);
    } else {
        change(l3 + 8, src, 16, pseudo);
        change(l3 + 24, dst, 16, ip->routed ? &none : pseudo);
    }
    if (!ports || !ip->has_l4 || ip->l4_len < 8) {
        return;
    }
    if (ip->proto == IPPROTO_HDR_ICMP || ip->proto == IPPROTO_HDR_ICMP6) {
        change(l4 + 4, &src_port, 2, &sum);
    } else {
        const be16 both[2] = {src_port, dst_port};
        change(l4, both, 4, &sum);
    }
}

struct quoted {
    struct ip_info ip;
    uint8_t *l3;
    uint32_t n;   /* Bytes from 'l3' on. */
    uint8_t *sum; /* The error's own checksum; NULL: it is still to be computed. */
    be16 gone;    /* What it has of the quoted bytes. */
};

/* False: it is no ICMP error that quotes an IP packet. */
static bool open_quoted(struct packet *p, struct quoted *q)
{
    struct ip_info outer;

    if (!ip_packet(p, &outer) || !outer.has_l4 || outer.l4_len < ICMP_HEADER ||
        outer.proto != (outer.version == 6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP)) {
        return false;
    }
    uint32_t l4_ofs = (uint32_t)p->l3_ofs + outer.l4_ofs;
    uint8_t *l4 = p->data + l4_ofs;
    q->l3 = l4 + ICMP_HEADER;
    q->n = outer.l4_len - ICMP_HEADER;
    q->sum = p->csum == CSUM_PARTIAL && p->csum_start == l4_ofs ? NULL : l4 + 2;
    if (!ip_parse(q->l3, q->n, true, &q->ip) || q->ip.version != outer.version) {
        return false;
    }
    q->gone = csum(q->l3, q->n);
    return true;
}

static void close_quoted(const struct quoted *q)
{
    be16 sum;

    if (q->sum) {
        memcpy(&sum, q->sum, 2);
        sum = csum_fold(csum_add((uint16_t)~sum + (uint32_t)q->gone, q->l3, q->n));
        memcpy(q->sum, &sum, 2);
    }
}

void edit_quoted(struct packet *p, const uint8_t *src, const uint8_t *dst, bool ports,
                 be16 src_port, be16 dst_port)
{
    struct quoted q;

    if (open_quoted(p, &q)) {
        edit_inner(q.l3, &q.ip, src, dst, ports, src_port, dst_port);
        close_quoted(&q);
    }
}

void edit_quoted_seq(struct packet *p, uint32_t (*map)(const void *aux, uint32_t seq),
                     const void *aux)
{
    struct quoted q;

    if (open_quoted(p, &q) && q.ip.proto == IPPROTO_HDR_TCP && q.ip.has_l4 && q.ip.l4_len >= 8) {
        uint8_t *l4 = q.l3 + q.ip.l4_ofs;
        const struct sum sum = l4_sum(l4, &q.ip);
        be32 seq = htonl(map(aux, get_be32(l4 + 4)));
        change(l4 + 4, &seq, sizeof seq, &sum);
        close_quoted(&q);
    }
}
