/* vnet.c - see vnet.h.  virtio 1.2 section 5.1.6.2. */
#include "lib/dp/port/vnet.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

static const uint8_t gso_to_vnet[] = {
    [GSO_NONE] = VIRTIO_NET_HDR_GSO_NONE,
    [GSO_TCPV4] = VIRTIO_NET_HDR_GSO_TCPV4,
    [GSO_TCPV6] = VIRTIO_NET_HDR_GSO_TCPV6,
    [GSO_UDP] = VIRTIO_NET_HDR_GSO_UDP_L4,
};

/* Only the first segment of a TCP super-frame may carry CWR: the kernel must be told. */
static bool tcp_has_cwr(const struct packet *p)
{
    uint32_t flags = (uint32_t)p->csum_start + 13;
    return p->csum == CSUM_PARTIAL && flags < p->len && (p->data[flags] & 0x80);
}

void vnet_from_packet(const struct packet *p, struct virtio_net_hdr *h)
{
    *h = (struct virtio_net_hdr){0};
    if (p->csum == CSUM_PARTIAL) {
        h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
        h->csum_start = p->csum_start;
        h->csum_offset = p->csum_ofs;
    } else if (p->csum == CSUM_VALID) {
        h->flags = VIRTIO_NET_HDR_F_DATA_VALID;
    }
    if (p->gso_type != GSO_NONE) {
        h->gso_type = gso_to_vnet[p->gso_type];
        h->gso_size = p->gso_size;
        h->hdr_len = p->gso_hdr_len;
        if (p->gso_type != GSO_UDP && tcp_has_cwr(p)) {
            h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
        }
    }
}

bool vnet_to_packet(const struct virtio_net_hdr *h, struct packet *p)
{
    uint8_t type = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;

    p->csum = h->flags & VIRTIO_NET_HDR_F_DATA_VALID ? CSUM_VALID : CSUM_UNKNOWN;
    if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        if ((uint32_t)h->csum_start + h->csum_offset + 2 > p->len) {
            return false;
        }
        p->csum = CSUM_PARTIAL;
        p->csum_start = h->csum_start;
        p->csum_ofs = h->csum_offset;
    }
    if (type == VIRTIO_NET_HDR_GSO_NONE) {
        return true;
    }
    for (unsigned i = GSO_TCPV4; i < ARRAY_SIZE(gso_to_vnet); i++) {
        if (gso_to_vnet[i] == type) {
            p->gso_type = (uint8_t)i;
            p->gso_size = h->gso_size;
            p->gso_hdr_len = h->hdr_len;
            return h->gso_size != 0 && p->csum == CSUM_PARTIAL;
        }
    }
    return false;
}

bool vnet_restore_vlan(struct packet *p, uint16_t tpid, uint16_t tci)
{
    if (p->len < 12 || !packet_push(p, 4)) {
        return false;
    }
    memmove(p->data, p->data + 4, 12);
    put_be16(p->data + 12, tpid);
    put_be16(p->data + 14, tci);
    p->csum_start += p->csum == CSUM_PARTIAL ? 4 : 0;
    p->gso_hdr_len += p->gso_type != GSO_NONE ? 4 : 0;
    return true;
}
