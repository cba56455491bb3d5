/* nlkey-private.h - the rows that nlkey.c (to the kernel) and nlkey_get.c (from it) share. */
#pragma once

#include <linux/erspan.h>
#include <linux/openvswitch.h>

#include "lib/dp/kernel/nlkey.h"

#define ETH_TYPE_NONE 0x05ff /* struct key: 802.2 without SNAP. */

/* How a member of the key (left) stands in the attribute (right). */
enum nlkey_as {
    AS_IS,     /* The same bytes. */
    HOST32,    /* be32, u32 */
    HOST16,    /* be16, u16 */
    HOST128,   /* Big endian, the host's: labels. */
    LOW_BYTE,  /* be16, u8: ICMP type and code live in ports. */
    HIGH_ZERO, /* u8, be16: ARP's opcode. */
    FRAG,      /* KEY_FRAG_* bits, enum ovs_frag_type */
};

struct nlkey_member {
    uint16_t key, attr;
    uint8_t n; /* Bytes, of the wider side. */
    uint8_t as;
};

#define MAX_MEMBERS 7
typedef bool nlkey_when(const struct key *, const struct nlkey_features *);

struct nlkey_attr {
    uint16_t type, size;
    nlkey_when *when; /* NULL: always. */
    struct nlkey_member m[MAX_MEMBERS];
};

/* Attributes of metadata and Ethernet, and of what stands behind the EtherType. */
#define N_OUTER 11
#define N_INNER 11
extern const struct nlkey_attr nlkey_outer[N_OUTER], nlkey_inner[N_INNER];

/* Attributes of tunnels without a payload. */
#define N_TUNNEL_FLAGS 3
extern const struct nlkey_tunnel_flag {
    uint16_t attr, flag; /* KEY_TUN_* */
} nlkey_tunnel_flags[N_TUNNEL_FLAGS];

/* Labels of an MPLS key that the kernel looks at. */
unsigned nlkey_n_labels(const struct key *, const struct nlkey_features *);
unsigned nlkey_n_members(const struct nlkey_attr *);
