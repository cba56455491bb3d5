/* edit_encap.h - headers put around whole packets and taken off again, so that a packet's type
 * changes with them: Ethernet, NSH (RFC 8300), labels ahead of a frame.
 *
 * Layer 1, pure.  Used by exec, for the datapath's push_eth, pop_eth, push_nsh, pop_nsh, add_mpls.
 * All work on a parsed packet and do nothing when its type does not allow it.  Afterwards the
 * offsets hold, what is within a new header being out of sight, but for pop_nsh, behind which the
 * packet must be parsed again.  A frame with tags keeps its Ethernet header.
 *
 * Pushes return false if there is not enough headroom: the packet is as before. */
#pragma once

#include "lib/packet/packet.h"

#define NSH_BASE_LEN   8  /* Base and service path header. */
#define NSH_MD1_LEN    16 /* Fixed context of MD type 1. */
#define NSH_MD2_MAX    244
#define NSH_TLV_HEADER 4                            /* Of what MD type 2 consists of. */
#define NSH_MAX_LEN    (NSH_BASE_LEN + NSH_MD2_MAX) /* The length field: 63 words. */

/* Next protocols (RFC 8300 section 2.2). */
enum nsh_np {
    NSH_NP_IP4 = 1,
    NSH_NP_IP6 = 2,
    NSH_NP_ETHERNET = 3,
    NSH_NP_NSH = 4,
    NSH_NP_MPLS = 5
};

/* Next protocol of a packet of this type; 0: there is none. */
uint8_t nsh_np_of_type(be32 packet_type);
/* The type of what is behind; false: none that is known. */
bool nsh_np_to_type(uint8_t np, be32 *packet_type);

/* As the datapath's action has it: flags, TTL, MD type, next protocol, path header, and 'n_md'
 * bytes of metadata, whole words, at most NSH_MD2_MAX. */
struct edit_nsh_header {
    uint8_t flags, ttl, mdtype, np;
    be32 path; /* SPI << 8 | SI */
    const uint8_t *md;
    uint32_t n_md;
};
bool edit_push_nsh(struct packet *, const struct edit_nsh_header *) MUST_USE;
void edit_pop_nsh(struct packet *);
bool edit_push_eth(struct packet *, const uint8_t src[6], const uint8_t dst[6]) MUST_USE;
void edit_pop_eth(struct packet *);
/* A label stack entry ahead of everything, an Ethernet header included. */
bool edit_add_mpls(struct packet *, be16 eth_type, be32 lse) MUST_USE;
