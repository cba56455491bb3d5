/* ip.h - IPv4 and IPv6 headers up to the transport header.
 *
 * Layer 1, pure.  The one walk over IP options and extension headers, used by parse, csum, edit and
 * gso, and for packets quoted in ICMP errors.  RFC 791, RFC 8200; the extension header bits are
 * OpenFlow 1.3's OFPIEH_* (section A.2.3.8).  Does not verify checksums, does not reassemble. */
#pragma once

#include "lib/packet/packet.h"

#define IPPROTO_HDR_ICMP    1
#define IPPROTO_HDR_TCP     6
#define IPPROTO_HDR_UDP     17
#define IPPROTO_HDR_ICMP6   58
#define IPPROTO_HDR_SCTP    132
#define IPPROTO_HDR_UDPLITE 136
#define IPPROTO_HDR_DCCP    33
#define IPPROTO_HDR_GRE     47

#define ETH_TYPE_IP4 0x0800
#define ETH_TYPE_IP6 0x86dd

/* Bits of the match field ipv6_exthdr. */
#define IP_EXTHDR_NONEXT BIT(0)
#define IP_EXTHDR_ESP    BIT(1)
#define IP_EXTHDR_AUTH   BIT(2)
#define IP_EXTHDR_DEST   BIT(3)
#define IP_EXTHDR_FRAG   BIT(4)
#define IP_EXTHDR_ROUTER BIT(5)
#define IP_EXTHDR_HOP    BIT(6)
#define IP_EXTHDR_UNREP  BIT(7)
#define IP_EXTHDR_UNSEQ  BIT(8)

struct ip_info {
    uint8_t version;  /* 4 or 6. */
    uint8_t proto;    /* Of the transport header, or of the first header that was not walked. */
    uint8_t frag;     /* KEY_FRAG_* */
    bool has_l4;      /* A transport header begins at 'l4_ofs' (it may still be cut short). */
    bool routed;      /* IPv6 routing header with segments left: the pseudo-header does not use the
                         destination of the IP header (RFC 8200 section 8.1). */
    uint16_t exthdr;  /* IP_EXTHDR_* */
    uint16_t l4_ofs;  /* From the IP header. */
    uint16_t dst_ofs; /* From the IP header: the destination that the pseudo-header uses. */
    uint16_t proto_ofs; /* From the IP header: where 'proto' stands. */
    uint32_t l4_len;    /* Bytes of IP payload from 'l4_ofs', padding of the frame not counted. */
};

/* Reads the header at 'l3', of which 'avail' bytes may be read.  'quoted' accepts a packet that is
 * longer than 'avail' (l4_len is then what is there).  False: malformed or truncated. */
bool ip_parse(const uint8_t *l3, uint32_t avail, bool quoted, struct ip_info *) MUST_USE;

/* The same for a parsed packet whose Ethernet type is IP.  False: it is not IP, or malformed. */
bool ip_packet(const struct packet *, struct ip_info *) MUST_USE;

/* Ethernet type (host order) of the network header of a parsed packet; 0: unknown. */
uint16_t ip_eth_type(const struct packet *);
