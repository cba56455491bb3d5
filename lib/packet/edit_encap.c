/* edit_encap.c - see edit_encap.h. */
#include "lib/packet/edit_encap.h"

#include "lib/packet/edit-private.h"

#define ETH_HEADER   14
#define ETH_TYPE_NSH 0x894f
#define ETH_TYPE_MIN 0x0600

static const struct {
    uint8_t np;
    uint16_t eth_type; /* 0: Ethernet. */
} next_protocols[] = {
    {NSH_NP_IP4, 0x0800}, {NSH_NP_IP6, 0x86dd},  {NSH_NP_ETHERNET, 0},
    {NSH_NP_NSH, 0x894f}, {NSH_NP_MPLS, 0x8847},
};

static be32 type_of(uint16_t eth_type)
{
    return eth_type ? PT_ETHERTYPE(eth_type) : 0;
}

uint8_t nsh_np_of_type(be32 packet_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(next_protocols); i++) {
        if (type_of(next_protocols[i].eth_type) == packet_type) {
            return next_protocols[i].np;
        }
    }
    return 0;
}

bool nsh_np_to_type(uint8_t np, be32 *packet_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(next_protocols); i++) {
        if (next_protocols[i].np == np) {
            *packet_type = type_of(next_protocols[i].eth_type);
            return true;
        }
    }
    return false;
}

static void forget_offsets(struct packet *p)
{
    p->l3_ofs = p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
}

/* Room for a header ahead of all there is, which goes out of sight. */
static uint8_t *push(struct packet *p, uint32_t n)
{
    uint8_t *h = packet_push(p, n);

    if (h) {
        edit_shift(p, (int)n);
        forget_offsets(p);
    }
    return h;
}

static void pull(struct packet *p, uint32_t n)
{
    packet_pull(p, n);
    edit_shift(p, -(int)n);
    forget_offsets(p);
}

bool edit_push_nsh(struct packet *p, const struct edit_nsh_header *nsh)
{
    const uint32_t len = NSH_BASE_LEN + nsh->n_md;
    uint8_t *h = push(p, len);

    if (!h) {
        return false;
    }
    /* Version 0; O bit and one that is not assigned; TTL; length in words. */
    put_be16(h, (uint16_t)((nsh->flags & 3) << 12 | (nsh->ttl & 0x3f) << 6 | len / 4));
    h[2] = nsh->mdtype & 0xf;
    h[3] = nsh->np;
    memcpy(h + 4, &nsh->path, sizeof nsh->path);
    if (nsh->n_md) {
        memcpy(h + NSH_BASE_LEN, nsh->md, nsh->n_md);
    }
    p->packet_type = PT_ETHERTYPE(ETH_TYPE_NSH);
    p->l3_ofs = 0;
    return true;
}

void edit_pop_nsh(struct packet *p)
{
    if (packet_eth_type(p, 0) != ETH_TYPE_NSH || p->len < NSH_BASE_LEN) {
        return;
    }
    const uint32_t len = (get_be16(p->data) & 0x3f) * 4u;
    be32 type;
    if (len >= NSH_BASE_LEN && len <= p->len && nsh_np_to_type(p->data[3], &type)) {
        pull(p, len);
        p->packet_type = type;
    }
}

bool edit_push_eth(struct packet *p, const uint8_t src[6], const uint8_t dst[6])
{
    const uint16_t type = packet_eth_type(p, 0);

    if (!p->packet_type) {
        return true;
    }
    uint8_t *h = packet_push(p, ETH_HEADER);
    if (!h) {
        return false;
    }
    edit_shift(p, ETH_HEADER); /* What was in sight stays so. */
    memcpy(h, dst, 6);
    memcpy(h + 6, src, 6);
    put_be16(h + 12, type);
    p->packet_type = 0;
    return true;
}

void edit_pop_eth(struct packet *p)
{
    const uint32_t at = p->mpls_ofs != PACKET_NO_OFS ? p->mpls_ofs : p->l3_ofs;
    const uint16_t type = packet_eth_type(p, at);

    /* Farther in is a SNAP header, which goes too, or a tag, with which it stays. */
    if (p->packet_type || type < ETH_TYPE_MIN ||
        (at != ETH_HEADER && get_be16(p->data + 12) >= ETH_TYPE_MIN)) {
        return;
    }
    packet_pull(p, at);
    edit_shift(p, -(int)at);
    p->packet_type = PT_ETHERTYPE(type);
}

bool edit_add_mpls(struct packet *p, be16 eth_type, be32 lse)
{
    uint8_t *h = push(p, sizeof lse);

    if (!h) {
        return false;
    }
    memcpy(h, &lse, sizeof lse);
    p->packet_type = PT_ETHERTYPE(ntohs(eth_type));
    p->mpls_ofs = 0;
    return true;
}
