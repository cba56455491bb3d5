/* edit.c - see edit.h: Ethernet, VLAN, MPLS, ARP.  What IP carries is in edit_ip.c. */
#include "lib/packet/edit-private.h"

#include "lib/packet/csum.h"
#include "lib/packet/ip.h"

#define ETH_TYPE_TEB 0x6558 /* Transparent Ethernet bridging: a frame follows. */

static void set_masked(uint8_t *p, const void *value, const void *mask, size_t n)
{
    const uint8_t *v = value, *m = mask;
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)((p[i] & ~m[i]) | (v[i] & m[i]));
    }
}

/* Opens a gap of 'n' bytes at 'ofs' by moving what is ahead of it. */
static uint8_t *insert(struct packet *p, uint32_t ofs, uint32_t n)
{
    uint8_t *start = packet_push(p, n);
    if (!start) {
        return NULL;
    }
    memmove(start, start + n, ofs);
    return start + ofs;
}

static void cut(struct packet *p, uint32_t ofs, uint32_t n)
{
    memmove(p->data + n, p->data, ofs);
    packet_pull(p, n);
}

static bool is_frame(const struct packet *p)
{
    return !p->packet_type && p->len >= 14;
}

static bool has_vlan(const struct packet *p)
{
    if (!is_frame(p) || p->len < 18) {
        return false;
    }
    uint16_t tpid = get_be16(p->data + 12);
    return tpid == 0x8100 || tpid == 0x88a8;
}

void edit_eth(struct packet *p, const uint8_t dst[6], const uint8_t dst_mask[6],
              const uint8_t src[6], const uint8_t src_mask[6])
{
    if (is_frame(p)) {
        set_masked(p->data, dst, dst_mask, 6);
        set_masked(p->data + 6, src, src_mask, 6);
    }
}

bool edit_push_vlan(struct packet *p, be16 tpid, be16 tci)
{
    if (!is_frame(p)) {
        return true;
    }
    uint8_t *tag = insert(p, 12, 4);
    if (!tag) {
        return false;
    }
    tci &= htons((uint16_t)~VLAN_CFI); /* In an action it says "present". */
    memcpy(tag, &tpid, 2);
    memcpy(tag + 2, &tci, 2);
    edit_shift(p, 4);
    return true;
}

void edit_pop_vlan(struct packet *p)
{
    if (has_vlan(p)) {
        cut(p, 12, 4);
        edit_shift(p, -4);
    }
}

void edit_vlan_tci(struct packet *p, be16 tci, be16 mask)
{
    if (has_vlan(p)) {
        mask &= htons((uint16_t)~VLAN_CFI);
        set_masked(p->data + 14, &tci, &mask, 2);
    }
}

void edit_arp(struct packet *p, const struct key *value, const struct key *mask)
{
    static const uint8_t eth_ip4[6] = {0, 1, 0x08, 0, 6, 4};
    uint16_t type = ip_eth_type(p);

    if ((type != 0x0806 && type != 0x8035) || p->len - p->l3_ofs < 28 ||
        memcmp(p->data + p->l3_ofs, eth_ip4, sizeof eth_ip4)) {
        return;
    }
    uint8_t *arp = p->data + p->l3_ofs;
    if (mask->ip_proto == 0xff) {
        arp[6] = 0;
    }
    set_masked(arp + 7, &value->ip_proto, &mask->ip_proto, 1);
    set_masked(arp + 8, value->arp_sha, mask->arp_sha, 6);
    set_masked(arp + 14, &value->ip_src, &mask->ip_src, 4);
    set_masked(arp + 18, value->arp_tha, mask->arp_tha, 6);
    set_masked(arp + 24, &value->ip_dst, &mask->ip_dst, 4);
}

/* Says what follows: in the frame, or of the packet if it begins there. */
static void set_type(struct packet *p, uint32_t at, be16 eth_type)
{
    if (p->packet_type) {
        p->packet_type = PT_ETHERTYPE(ntohs(eth_type));
    } else {
        memcpy(p->data + at - 2, &eth_type, 2);
    }
}

bool edit_push_mpls(struct packet *p, be16 eth_type, be32 lse)
{
    uint32_t at = p->mpls_ofs != PACKET_NO_OFS ? p->mpls_ofs : p->l3_ofs;
    if (!packet_eth_type(p, at)) {
        return true;
    }
    uint8_t *label = insert(p, at, 4);
    if (!label) {
        return false;
    }
    set_type(p, at, eth_type);
    memcpy(label, &lse, 4);
    edit_shift(p, 4);
    p->mpls_ofs = (uint16_t)at;
    /* Below a label nothing is looked at, as after parse_key(). */
    p->l4_ofs = p->payload_ofs = PACKET_NO_OFS;
    return true;
}

void edit_pop_mpls(struct packet *p, be16 eth_type)
{
    uint32_t at = p->mpls_ofs;
    if (at == PACKET_NO_OFS || p->len - at < 4) {
        return;
    }
    set_type(p, at, eth_type);
    if (p->packet_type == PT_ETHERTYPE(ETH_TYPE_TEB)) {
        p->packet_type = 0; /* Labels were ahead of a frame. */
    }
    cut(p, at, 4);
    edit_shift(p, -4);
    bool more = eth_type == htons(0x8847) || eth_type == htons(0x8848);
    p->mpls_ofs = more ? (uint16_t)at : PACKET_NO_OFS;
    if (!more) {
        p->l3_ofs = (uint16_t)at;
    }
}

void edit_mpls_lse(struct packet *p, be32 lse, be32 mask)
{
    if (p->mpls_ofs != PACKET_NO_OFS && p->len - p->mpls_ofs >= 4) {
        set_masked(p->data + p->mpls_ofs, &lse, &mask, 4);
    }
}

/* Overwrites the bits of 'mask' in the 'n' bytes at 'at'; no checksum covers them. */
static void set_plain(uint8_t *at, const void *value, const void *mask, size_t n)
{
    const uint8_t *v = value, *m = mask;

    for (size_t i = 0; i < n; i++) {
        at[i] = (uint8_t)((at[i] & ~m[i]) | (v[i] & m[i]));
    }
}

/* The header behind this EtherType, or NULL if the frame has another one or fewer than 'len' bytes
 * of it. */
static uint8_t *header_of(struct packet *p, uint16_t eth_type, uint32_t len)
{
    if (p->mpls_ofs != PACKET_NO_OFS || packet_eth_type(p, p->l3_ofs) != eth_type ||
        p->len < p->l3_ofs + len) {
        return NULL;
    }
    return p->data + p->l3_ofs;
}

void edit_nsh(struct packet *p, const struct key *value, const struct key *mask)
{
    uint8_t *h = header_of(p, 0x894f, 8);

    if (!h) {
        return;
    }
    /* Version, O bit and two flags, TTL, length: flags are bits 12 and 13, the TTL 6 to 11. */
    be16 v = htons((uint16_t)((value->nsh_flags & 3) << 12 | (value->nsh_ttl & 0x3f) << 6));
    be16 m = htons((uint16_t)((mask->nsh_flags & 3) << 12 | (mask->nsh_ttl & 0x3f) << 6));
    be32 path = htonl(ntohl(value->nsh_spi) << 8 | value->nsh_si);
    be32 path_mask = htonl(ntohl(mask->nsh_spi) << 8 | mask->nsh_si);
    set_plain(h, &v, &m, 2);
    set_plain(h + 4, &path, &path_mask, 4);
    if ((h[2] & 0xf) == 1 && p->len - p->l3_ofs >= 24) {
        set_plain(h + 8, value->nsh_c, mask->nsh_c, sizeof value->nsh_c);
    }
}

void edit_pbb(struct packet *p, const struct key *value, const struct key *mask)
{
    uint8_t *h = header_of(p, 0x88e7, 4);

    if (!h) {
        return;
    }
    be32 v = htonl((value->pbb_uca & 1u) << 27 | (ntohl(value->pbb_isid) & 0xffffff));
    be32 m = htonl((mask->pbb_uca & 1u) << 27 | (ntohl(mask->pbb_isid) & 0xffffff));
    set_plain(h, &v, &m, 4);
}

bool edit_push_pbb(struct packet *p, be32 tci)
{
    static const uint8_t type[2] = {0x88, 0xe7};

    if (!is_frame(p)) {
        return true;
    }
    uint8_t *h = packet_push(p, 18);
    if (!h) {
        return false;
    }
    memcpy(h, h + 18, 12);
    memcpy(h + 12, type, sizeof type);
    memcpy(h + 14, &tci, sizeof tci);
    edit_shift(p, 18);
    p->l3_ofs = 14;
    p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
    return true;
}

/* What remains begins with the customer's addresses. */
void edit_pop_pbb(struct packet *p)
{
    if (p->l3_ofs == 14 && header_of(p, 0x88e7, 18)) {
        packet_pull(p, 18);
        edit_shift(p, -18);
        p->l3_ofs = p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
    }
}

void edit_eth_type(struct packet *p, be16 type)
{
    uint32_t at = p->mpls_ofs != PACKET_NO_OFS ? p->mpls_ofs : p->l3_ofs;

    if (packet_eth_type(p, at) < 0x0600) {
        return;
    }
    csum_complete(p);
    set_type(p, at, type);
    p->l3_ofs = (uint16_t)at;
    p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
}
