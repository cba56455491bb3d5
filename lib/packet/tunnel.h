/* tunnel.h - the headers between an outer IP header and the Ethernet frame that it carries.
 *
 * Layer 1, pure.  Last step of a packet's journey through a tunnel port, and first: the port has
 * sockets that take and give what stands behind the UDP header, or, with GRE, behind the IP header;
 * here it is put ahead of a frame, and taken off.
 * Specifications: RFC 7348 (VXLAN) with the group policy extension of its draft (GBP), RFC 8926
 * (Geneve), RFC 2784 and 2890 (GRE; Ethernet frames as protocol 0x6558).  Not here: addresses, TTL
 * and TOS, which travel beside (struct packet_tunnel). */
#pragma once

#include "lib/packet/packet.h"

enum tunnel_type { TUNNEL_VXLAN, TUNNEL_GENEVE, TUNNEL_GRE, TUNNEL_N_TYPES };

struct tunnel_type_info {
    const char *name;   /* Of the type of interface. */
    const char *device; /* How names of its datapath ports begin. */
    uint16_t dst_port;  /* Default; 0: not over UDP. */
};
extern const struct tunnel_type_info tunnel_types[TUNNEL_N_TYPES];

/* False: no such type. */
bool tunnel_type_by_name(const char *, enum tunnel_type *) MUST_USE;

#define TUNNEL_MAX_HEADER (8 + KEY_TUN_OPT_MAX)

/* The header that goes ahead of this frame (complete, one frame), by its 'tun'; how many bytes.
 * 'gbp': VXLAN carries the group policy. */
unsigned tunnel_header(const struct packet *, enum tunnel_type, bool gbp,
                       uint8_t header[TUNNEL_MAX_HEADER]);
/* The packet begins with the header: takes it off, and fills in what it says in 'tun'.  False: not
 * an Ethernet frame in a tunnel of this type. */
bool tunnel_pop(struct packet *, enum tunnel_type, bool gbp) MUST_USE;
/* Where the sender is another stack of this host (a veth, a bridge), the frame can still have a
 * partial checksum, and be a TCP super-frame: what a device would do was left to the outer one, and
 * sockets do not tell.  Says so in the packet.  A frame that only looks like it stays right: its
 * checksum is computed again. */
void tunnel_find_offload(struct packet *);
