/* tunnel_inner.c - see tunnel.h: a frame out of a tunnel whose sender left work to a device that it
 * never met. */
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"
#include "lib/packet/tunnel.h"

#define ETH_LARGEST 1522 /* Bytes of the usual largest frame, with a tag. */
#define SEGMENT     1348 /* Payload that fits everywhere, with tunnels around it. */

static bool is_partial(const struct packet *p, const struct ip_info *ip, unsigned ofs)
{
    be16 pseudo = (be16)~csum_fold(csum_pseudo(p->data + p->l3_ofs, ip, ip->l4_len));
    return !memcmp(p->data + p->l4_ofs + ofs, &pseudo, sizeof pseudo);
}

void tunnel_find_offload(struct packet *p)
{
    struct ip_info ip;
    struct key key;

    if (!parse_key(p, &key) || p->l4_ofs == PACKET_NO_OFS || !ip_packet(p, &ip) || ip.frag) {
        return;
    }
    bool tcp = ip.proto == IPPROTO_HDR_TCP;
    unsigned ofs = tcp ? 16 : 6;
    if ((!tcp && ip.proto != IPPROTO_HDR_UDP) || ip.l4_len < (tcp ? 20 : 8) ||
        !is_partial(p, &ip, ofs)) {
        return;
    }
    p->csum = CSUM_PARTIAL;
    p->csum_start = p->l4_ofs;
    p->csum_ofs = (uint16_t)ofs;
    if (tcp && p->len > ETH_LARGEST && p->payload_ofs != PACKET_NO_OFS) {
        p->gso_type = ip.version == 4 ? GSO_TCPV4 : GSO_TCPV6;
        p->gso_size = SEGMENT;
        p->gso_hdr_len = p->payload_ofs;
    }
}
