/* key.h - what a frame says: the datapath's match key.
 *
 * Layer 1, pure.  parse_key() fills one per packet and pass; caches compare it word by word under
 * masks; struct flow (flow.h) begins with it.  It has what can be seen on a packet and its
 * metadata, and nothing of OpenFlow: no registers, no OpenFlow port numbers.
 *
 * Invariants: the size is a multiple of 8 and there is no padding that is not a member, so a key
 * can be hashed and compared as words; members that the packet's protocol does not have are
 * zero.  All integers are big endian except 'in_port'.
 *
 * Tunnel options stand as they came, behind their length: which is which, a bridge's table says
 * (tlv_table.h).  A mask that looks at one has 'tun_opt_len' and the headers of all options in
 * full, for they say where its value is. */
#pragma once

#include "lib/base.h"

#define KEY_MAX_VLANS 2
#define KEY_MAX_MPLS  3

/* IP fragment bits (match field ip_frag). */
#define KEY_FRAG_ANY   0x1
#define KEY_FRAG_LATER 0x2

/* tun_flags bits, host order values; OpenFlow sees the first one alone. */
#define KEY_TUN_OAM  0x1
#define KEY_TUN_DF   0x2  /* Outer header: do not fragment. */
#define KEY_TUN_CSUM 0x4  /* The outer UDP or GRE header has a checksum. */
#define KEY_TUN_KEY  0x8  /* There is a tunnel id, be it zero. */
#define KEY_TUN_GBP  0x10 /* There is a group policy, be it zero. */

#define KEY_TUN_OPT_MAX 252 /* Bytes of Geneve options: 63 words (RFC 8926 section 3.4). */

/* ct_state bits, host order values; on the wire and in the kernel the same. */
#define CS_NEW  0x01
#define CS_EST  0x02
#define CS_REL  0x04
#define CS_RPL  0x08
#define CS_INV  0x10
#define CS_TRK  0x20
#define CS_SNAT 0x40
#define CS_DNAT 0x80
#define CS_ALL  0xff

#define VLAN_CFI       0x1000 /* In a key: the tag is present. */
#define VLAN_VID_MASK  0x0fff
#define VLAN_PCP_SHIFT 13

struct key_vlan {
    be16 tpid;
    be16 tci; /* VLAN_CFI set if there is a tag, else 0. */
};

struct key {
    /* Tunnel the packet came through; all zero if none.  The options come first, so that the rest
     * is one piece. */
    uint8_t tun_opt[256]; /* Whole words; zero behind tun_opt_len. */
    be64 tun_id;
    be32 tun_src, tun_dst;
    uint8_t tun_ip6_src[16], tun_ip6_dst[16];
    be16 tun_flags; /* KEY_TUN_* */
    be16 tun_gbp_id;
    uint8_t tun_gbp_flags, tun_tos, tun_ttl, tun_gtpu_flags;
    be32 tun_erspan_idx;
    uint8_t tun_erspan_ver, tun_erspan_dir, tun_erspan_hwid, tun_gtpu_msgtype;
    be16 tun_tp_src, tun_tp_dst; /* Outer UDP ports. */
    uint8_t tun_opt_len, pad7[3];

    /* Metadata. */
    uint32_t in_port; /* Datapath port number, host order. */
    be32 recirc_id;
    be32 ct_state; /* CS_* */
    be32 ct_mark;
    uint8_t ct_label[16];
    be32 skb_mark; /* OpenFlow: pkt_mark. */
    be32 dp_hash;
    be16 ct_zone;
    uint8_t ct_proto; /* Original-direction tuple of the connection; 0 if none. */
    uint8_t pad1;
    be16 ct_tp_src, ct_tp_dst;
    be32 ct_ip_src, ct_ip_dst;
    uint8_t ct_ip6_src[16], ct_ip6_dst[16];

    /* Layer 2. */
    be32 packet_type; /* 0 = Ethernet; of others eth_type is the low half. */
    be16 eth_type;    /* Innermost; 0x05ff for 802.2 without SNAP. */
    uint8_t eth_dst[6];
    uint8_t eth_src[6];
    uint8_t pad2[6];
    struct key_vlan vlan[KEY_MAX_VLANS]; /* Outermost first. */
    be32 mpls_lse[KEY_MAX_MPLS];         /* Outermost first. */
    be32 pbb_isid;                       /* Low 24 bits; */
    uint8_t pbb_uca, pad3[7];

    /* Layer 3. */
    be32 ip_src, ip_dst; /* ARP: spa, tpa. */
    uint8_t ip6_src[16], ip6_dst[16];
    be32 ip6_label;   /* Low 20 bits. */
    uint8_t ip_proto; /* ARP: low 8 bits of the opcode. */
    uint8_t ip_tos, ip_ttl, ip_frag;
    uint8_t nd_target[16];
    uint8_t arp_sha[6]; /* ND: source link layer address option. */
    uint8_t arp_tha[6]; /* ND: target link layer address option. */
    be16 ip6_exthdr;    /* OFPIEH_* bits. */
    uint8_t nd_options_type, pad4;
    be32 nd_reserved;

    /* Layer 4. */
    be16 tp_src, tp_dst; /* ICMP: type, code. */
    be16 tcp_flags;      /* Low 12 bits. */
    uint8_t pad5[6];

    /* NSH (eth_type 0x894f). */
    uint8_t nsh_flags, nsh_mdtype, nsh_np, nsh_si;
    be32 nsh_spi; /* Low 24 bits. */
    be32 nsh_c[4];
    uint8_t nsh_ttl, pad6[7];
};

/* The tunnel's members, which are moved and compared together. */
#define KEY_TUN_OFS  offsetof(struct key, tun_opt)
#define KEY_TUN_SIZE (offsetof(struct key, in_port) - KEY_TUN_OFS)
_Static_assert(offsetof(struct key, tun_opt) % 8 == 0, "options are whole words");

#define KEY_WORDS (sizeof(struct key) / 8)
_Static_assert(sizeof(struct key) % 8 == 0, "a key is whole words");

/* Addresses and ports: what rules match prefixes of, so that how many bits of them a look-up needs
 * to see depends on the packet. */
#define KEY_PREFIX_MEMBERS(M) M(ip_src) M(ip_dst) M(ip6_src) M(ip6_dst) M(tp_src) M(tp_dst)

/* Members are written as what they are, and read as words: the compiler must know. */
typedef uint64_t __attribute__((__may_alias__)) key_word;

static inline const key_word *key_words(const struct key *k)
{
    return (const key_word *)(const void *)k;
}

static inline bool key_has_tunnel(const struct key *k)
{
    return k->tun_dst || !is_all_zeros(k->tun_ip6_dst, 16);
}

/* Zeroes a key that is one already, or was zero once: most have no options to clear. */
static inline void key_clear(struct key *k)
{
    if (UNLIKELY(k->tun_opt_len)) {
        memset(k->tun_opt, 0, sizeof k->tun_opt);
    }
    memset(&k->tun_id, 0, sizeof *k - offsetof(struct key, tun_id));
}

static inline bool key_is_ip4(const struct key *k)
{
    return k->eth_type == htons(0x0800);
}

static inline bool key_is_ip6(const struct key *k)
{
    return k->eth_type == htons(0x86dd);
}
