/* edit.h - changes to a frame's headers, checksums kept right.
 *
 * Layer 1, pure.  Used by exec.  All work on a parsed packet (offsets valid) and do nothing when
 * the header is absent.  Transport checksums are updated incrementally; a partial checksum keeps
 * only its pseudo-header part up to date; UDP's zero checksum stays zero. */
#pragma once

#include "lib/packet/packet.h"

void edit_eth(struct packet *, const uint8_t dst[6], const uint8_t dst_mask[6],
              const uint8_t src[6], const uint8_t src_mask[6]);
bool edit_push_vlan(struct packet *, be16 tpid, be16 tci); /* False: no headroom. */
void edit_pop_vlan(struct packet *);
void edit_vlan_tci(struct packet *, be16 tci, be16 mask); /* Outermost tag. */
void edit_ip4(struct packet *, be32 src, be32 src_mask, be32 dst, be32 dst_mask, uint8_t tos,
              uint8_t tos_mask, uint8_t ttl, uint8_t ttl_mask);
void edit_ip6(struct packet *, const uint8_t src[16], const uint8_t src_mask[16],
              const uint8_t dst[16], const uint8_t dst_mask[16], be32 label, be32 label_mask,
              uint8_t tclass, uint8_t tclass_mask, uint8_t hlimit, uint8_t hlimit_mask);
/* TCP, UDP or SCTP by the packet's protocol. */
void edit_ports(struct packet *, uint8_t proto, be16 src, be16 src_mask, be16 dst, be16 dst_mask);
void edit_icmp(struct packet *, bool v6, uint8_t type, uint8_t type_mask, uint8_t code,
               uint8_t code_mask);
void edit_icmp_id(struct packet *, be16 id); /* Of echo and the like, either family. */
/* Ends of the packet that an ICMP error quotes, as far as it is there, and the sums that cover
 * them, the error's own too.  'ports': also the first two words of its transport header, or the
 * identifier of an ICMP message (src_port). IPv4 addresses are the first four bytes. */
void edit_quoted(struct packet *, const uint8_t *src, const uint8_t *dst, bool ports, be16 src_port,
                 be16 dst_port);
/* The same of the sequence number of a quoted TCP segment. */
void edit_quoted_seq(struct packet *, uint32_t (*map)(const void *aux, uint32_t seq),
                     const void *aux);
void edit_arp(struct packet *, const struct key *value,
              const struct key *mask); /* ip_src.. of the key */
void edit_nd(struct packet *, const struct key *value, const struct key *mask);
/* Flags, TTL, service path and index, and of MD type 1 the contexts (RFC 8300 section 2). */
void edit_nsh(struct packet *, const struct key *value, const struct key *mask);
/* I-SID and UCA of the I-TAG (IEEE 802.1Q clause 9.7). */
void edit_pbb(struct packet *, const struct key *value, const struct key *mask);
/* What follows is taken for something else: a checksum that was still to be completed is, before.
 */
void edit_eth_type(struct packet *, be16); /* Of a frame that has one: not 802.2 alone. */
void edit_ip_proto(struct packet *, uint8_t);
/* From the outermost header that has a TTL to the next one, or back: labels and IP, also IP in IP.
 */
void edit_copy_ttl(struct packet *, bool inwards);
/* MAC in MAC (IEEE 802.1Q clause 9.7): 18 bytes ahead of a frame, tags included, its addresses
 * being the outer ones too; false: no headroom.  Popped only where no tag is ahead of the I-TAG. */
bool edit_push_pbb(struct packet *, be32 tci);
void edit_pop_pbb(struct packet *);
bool edit_push_mpls(struct packet *, be16 eth_type, be32 lse);
void edit_pop_mpls(struct packet *, be16 eth_type);
void edit_mpls_lse(struct packet *, be32 lse, be32 mask); /* Outermost. */
