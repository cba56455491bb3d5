/* frag.h - IP fragments: what one says, and a datagram cut into them.
 *
 * Layer 1, pure.  RFC 791 section 3.2, RFC 8200 section 4.5.  Of parsed packets with Ethernet
 * header, VLAN tags included; not below MPLS labels.  Does not hold fragments: that is the
 * tracker's (lib/ct/ct_frag.c). */
#pragma once

#include "lib/packet/packet.h"

/* Offsets are from the IP header. */
struct frag_info {
    bool is_ip6;
    bool more;
    uint8_t proto;     /* IPv6: of the first header of the fragmentable part. */
    uint32_t id;       /* Host order. */
    uint32_t ofs;      /* Where its data belong in the datagram's, in bytes. */
    uint16_t hdr_len;  /* What each fragment repeats; IPv6: without the fragment header. */
    uint16_t next_ofs; /* IPv6: the byte that names the fragment header. */
    uint16_t data_ofs;
    uint32_t data_len;
};

/* May it be one?  Cheap; of a parsed packet. */
static inline bool frag_suspected(const struct packet *p)
{
    if (p->l3_ofs == PACKET_NO_OFS || p->len < p->l3_ofs + 20u) {
        return false;
    }
    const uint8_t *l3 = p->data + p->l3_ofs;
    return l3[0] >> 4 == 4 ? get_be16(l3 + 6) & 0x3fff
                           : l3[6] == 44 || l3[6] == 0 || l3[6] == 43 || l3[6] == 60;
}

/* Is it a fragment of something larger? */
bool frag_parse(const struct packet *, struct frag_info *);

/* Calls 'emit' with fragments of at most pkt->frag_max bytes of IP, which it owns.  False: it is
 * not larger than that, or cannot be cut (nothing emitted).  What has no buffer is lost, counted.
 * The transport checksum must be complete.  'pkt' stays the caller's. */
bool frag_split(const struct packet *pkt, struct packet_pool *,
                void (*emit)(void *aux, struct packet *), void *aux);
