/* port_vlan.h - how a port takes part in VLANs: for NORMAL and for mirrors.
 *
 * Layer 4, pure.  A bridge knows a packet by its VLAN, 0 to 4095, 0 for none; how that VLAN looks
 * on the wire is the port's.  IEEE 802.1Q, 802.1ad; columns vlan_mode, tag, trunks and cvlans of
 * table Port.
 *
 * Invariants: the heap parts are owned by the struct; an access port or a tunnel has a tag. */
#pragma once

#include "lib/packet/key.h"

enum port_vlan_mode {
    PORT_VLAN_TRUNK,           /* VLANs come and go tagged. */
    PORT_VLAN_ACCESS,          /* One VLAN, untagged. */
    PORT_VLAN_NATIVE_TAGGED,   /* A trunk; what comes untagged is in the VLAN of 'tag'... */
    PORT_VLAN_NATIVE_UNTAGGED, /* ...and leaves untagged too. */
    PORT_VLAN_TUNNEL,          /* 802.1ad: whatever comes is wrapped in the VLAN of 'tag'. */
};

/* Is a tag with VLAN 0 sent where a packet leaves untagged?  It would carry the priority. */
enum port_vlan_priority { PORT_VLAN_PCP_NEVER, PORT_VLAN_PCP_IF_NONZERO, PORT_VLAN_PCP_ALWAYS };

#define PORT_VLAN_WORDS 64 /* Of a bitmap of VLANs. */

struct port_vlan {
    uint8_t mode;      /* enum port_vlan_mode */
    uint8_t priority;  /* enum port_vlan_priority */
    bool is_protected; /* Such ports do not talk to each other. */
    uint16_t tag;
    uint16_t outer_tpid; /* TUNNEL: of the tag put around; host order. */
    uint64_t *trunks;    /* VLANs carried by a trunk; NULL: all.  Heap. */
    uint64_t *cvlans;    /* TUNNEL: VLANs that may be wrapped; NULL: all.  Heap. */
};
#define PORT_VLAN_INIT ((struct port_vlan){.mode = PORT_VLAN_TRUNK, .outer_tpid = 0x88a8})

void port_vlan_copy(struct port_vlan *, const struct port_vlan *from); /* 'to' has nothing yet. */
void port_vlan_deinit(struct port_vlan *);
bool port_vlan_equal(const struct port_vlan *, const struct port_vlan *);
bool port_vlan_carries(const struct port_vlan *, uint16_t vlan);
/* The VLAN of a packet that came in there; false: it may not come in that way. */
bool port_vlan_of(const struct port_vlan *, const struct key *, uint16_t *vlan);
/* What a packet of 'vlan', which came in through 'in' (NULL: from nowhere), leaves this port with:
 * how many of its outer tags go, and the tag that comes, if any (CFI set; else 0). */
struct port_vlan_change {
    unsigned pop;
    uint16_t tpid, tci; /* Host order. */
};
struct port_vlan_change port_vlan_out(const struct port_vlan *, const struct port_vlan *in,
                                      const struct key *, uint16_t vlan);
