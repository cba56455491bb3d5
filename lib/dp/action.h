/* action.h - datapath actions: what translation tells an executor to do with a packet.
 *
 * Layer 3.  One row each in actions.def.  A list is a sequence of struct dp_action, 8-byte aligned,
 * 'len' bytes each, as netlink attributes are; both executors read it and dpctl prints it
 * (`set(ipv4(ttl=63)),2`). An empty list drops. */
#pragma once

#include "lib/packet/key.h"
#include "lib/text.h"

enum dp_action_type {
#define DP_ACTION(ID, ...) DP_ACTION_##ID,
#include "lib/dp/actions.def"
#undef DP_ACTION
    DP_ACTION_N
};

struct dp_action {
    uint16_t type;
    uint16_t len; /* Including this header and nested actions; multiple of 8. */
    uint32_t u32; /* OUTPUT: port; RECIRC: id (host order); TRUNC: max_len; PUSH_VLAN: tpid << 16 |
                     tci; HASH: basis; POP_MPLS: ethertype; METER: id; USERSPACE: cookie length;
                     SAMPLE: probability; PUSH_PBB: the I-TAG's TCI; COPY_TTL: 1 inwards, 0
                     outwards; CT_CLEAR, POP_VLAN, POP_PBB: 0 */
};

/* DP_ACTION_SET: one header's members, value and mask, in the layout of a whole key would be large;
 * each header has its own small structure.  value & ~mask == 0. */
enum dp_set_header {
    DP_SET_ETH,
    DP_SET_VLAN,
    DP_SET_IP4,
    DP_SET_IP6,
    DP_SET_TCP,
    DP_SET_UDP,
    DP_SET_SCTP,
    DP_SET_ICMP,
    DP_SET_ICMP6,
    DP_SET_ARP,
    DP_SET_ND,
    DP_SET_MPLS,
    DP_SET_SKB_MARK,
    DP_SET_NSH,
    DP_SET_PBB,
    DP_SET_SKB_PRIORITY,
    DP_SET_ETH_TYPE,
    DP_SET_IP_PROTO,
    DP_SET_TUNNEL
};

union dp_set_value {
    struct {
        uint8_t src[6], dst[6];
    } eth;
    be16 vlan_tci;
    struct {
        be32 src, dst;
        uint8_t tos, ttl;
    } ip4;
    struct {
        uint8_t src[16], dst[16];
        be32 label;
        uint8_t tclass, hlimit;
    } ip6;
    struct {
        be16 src, dst;
    } ports; /* TCP, UDP, SCTP */
    struct {
        uint8_t type, code;
    } icmp;
    struct {
        be32 sip, tip;
        be16 op;
        uint8_t sha[6], tha[6];
    } arp;
    struct {
        uint8_t target[16], sll[6], tll[6];
        be32 reserved;
        uint8_t options_type;
    } nd;
    be32 mpls_lse;
    struct {
        be32 spi; /* Low 24 bits. */
        be32 c[4];
        uint8_t flags, ttl, si;
    } nsh;
    struct {
        be32 isid; /* Low 24 bits. */
        uint8_t uca;
    } pbb;
    be16 eth_type;    /* Set whole. */
    uint8_t ip_proto; /* Set whole. */
    be32 skb_mark;
    be32 skb_priority; /* Set whole. */
    struct {
        be64 id;
        be32 src, dst;
        uint8_t ip6_src[16], ip6_dst[16];
        uint8_t tos, ttl;
        be16 flags;  /* KEY_TUN_* */
        be16 tp_dst; /* UDP; 0: the port's. */
        be16 gbp_id;
        uint8_t gbp_flags;
        uint8_t opt_len; /* Bytes of Geneve options, which stand behind the action's 'mask'. */
        be16 tp_src;     /* For the kernel; text and netlink only, as what follows. */
        be32 erspan_idx;
        uint8_t erspan_ver, erspan_dir, erspan_hwid;
    } tunnel;
};

struct dp_action_set {
    struct dp_action a; /* u32: enum dp_set_header */
    union dp_set_value value, mask;
    uint8_t options[]; /* TUNNEL: value.tunnel.opt_len bytes. */
};

struct dp_action_push_mpls {
    struct dp_action a;
    be32 lse;
    be16 eth_type;
};

/* DP_ACTION_CT.  Without 'commit' mark and label masks are zero. */
struct dp_action_ct {
    struct dp_action a;
    uint16_t zone; /* Host order. */
    uint16_t alg;  /* 0, 21, 69 */
    bool commit, force;
    uint8_t timeout; /* enum dp_ct_timeout, with commit: the zone has a policy for the packet. */
    uint32_t mark, mark_mask; /* Host order. */
    uint8_t label[16], label_mask[16];
    uint64_t cookie;   /* With commit: of the rule whose act it is, host order; all ones: none. */
    bool nat;          /* Translate; the rest is zero if only as the connection has it. */
    uint8_t nat_flags; /* DP_NAT_* */
    uint8_t nat_af;    /* 0: no address range; 4, 6. */
    uint16_t nat_port_min, nat_port_max; /* Host order; 0: no range; else max >= min. */
    uint8_t nat_min[16], nat_max[16];    /* IPv4: the first four bytes. */
};
#define DP_NAT_SRC        0x01
#define DP_NAT_DST        0x02
#define DP_NAT_PERSISTENT 0x04
#define DP_NAT_HASH       0x08
#define DP_NAT_RANDOM     0x10

/* For executors to which the action must say which of the zone's timeout policies holds. */
enum dp_ct_timeout {
    DP_CT_TIMEOUT_NONE,
    DP_CT_TIMEOUT_TCP4,
    DP_CT_TIMEOUT_TCP6,
    DP_CT_TIMEOUT_UDP4,
    DP_CT_TIMEOUT_UDP6,
    DP_CT_TIMEOUT_ICMP4,
    DP_CT_TIMEOUT_ICMP6,
    DP_CT_TIMEOUT_SCTP4,
    DP_CT_TIMEOUT_SCTP6,
    DP_CT_N_TIMEOUTS
};
#define DP_CT_TIMEOUT_NAME 32
/* As the kernel's tools show it: `ovs_tp_5_tcp4` of zone 5. */
void dp_ct_timeout_name(uint16_t zone, enum dp_ct_timeout, char name[DP_CT_TIMEOUT_NAME]);
/* DP_CT_TIMEOUT_NONE: no policy of this zone has the name. */
enum dp_ct_timeout dp_ct_timeout_of_name(uint16_t zone, const char *name);

/* DP_ACTION_USERSPACE: hands a copy to the handler with this cookie: a struct dp_cookie, and what
 * translation adds to it. */
struct dp_action_userspace {
    struct dp_action a;
    uint32_t pid; /* Whom the kernel tells; 0: the executor's own handler, as translation has it. */
    /* Never translation's: the kernel is to tell the flow's actions too, and how the packet would
     * leave by a tunnel's port. */
    bool actions, has_tunnel_port;
    uint16_t tunnel_port;
    uint8_t cookie[]; /* a.u32 bytes */
};

/* DP_ACTION_CLONE: nested actions follow the header; run on a copy. */

/* DP_ACTION_SAMPLE: the same, on a.u32 of DP_SAMPLE_ALWAYS packets. */
#define DP_SAMPLE_ALWAYS UINT32_MAX

/* DP_ACTION_CHECK_PKT_LEN: two lists follow, for frames longer than a.u32 bytes (a segment's, if it
 * is a super-frame), and for others; run on a copy. */
struct dp_action_check_pkt_len {
    struct dp_action a;
    uint32_t gt_len, le_len; /* Bytes of the lists; multiples of 8. */
};
static inline const void *dp_action_branch(const struct dp_action_check_pkt_len *c, bool gt)
{
    return (const uint8_t *)(c + 1) + (gt ? 0 : c->gt_len);
}

/* DP_ACTION_KERNEL: in the form that the kernel has: action_kernel.h. */

struct dp_actions {
    uint8_t *data; /* Heap, 8-byte aligned. */
    size_t len, cap;
    bool overflow; /* Longer than DP_ACTIONS_MAX: the list is not usable. */
};
#define DP_ACTIONS_MAX  32768
#define DP_ACTIONS_INIT ((struct dp_actions){NULL, 0, 0, false})

void dp_actions_init(struct dp_actions *);
void dp_actions_deinit(struct dp_actions *);
void dp_actions_clear(struct dp_actions *);
/* Appends a zeroed action of 'len' bytes (rounded up); never NULL: after overflow it points to a
 * scratch action. */
void *dp_actions_put(struct dp_actions *, enum dp_action_type, size_t len);
void dp_actions_output(struct dp_actions *, uint32_t port);
/* Appends a `set` of the tunnel that 'key' has, whole. */
void dp_actions_set_tunnel(struct dp_actions *, const struct key *);
/* The tunnel that it sets, as a key of nothing else. */
void dp_action_tunnel_key(const struct dp_action_set *, struct key *);
/* NULL: the list is empty. */
const struct dp_action *dp_actions_last(const struct dp_actions *);
/* Nesting: returns an offset for _end(). */
size_t dp_actions_clone_begin(struct dp_actions *);
void dp_actions_clone_end(struct dp_actions *, size_t);
/* The same for a `sample`. */
size_t dp_actions_sample_begin(struct dp_actions *, uint32_t probability);
void dp_actions_sample_end(struct dp_actions *, size_t);
/* What has been put since the list had 'ofs' bytes becomes a clone's. */
void dp_actions_clone_since(struct dp_actions *, size_t ofs);

#define DP_ACTION_FOR_EACH(A, DATA, LEN)                                \
    for ((A) = (const struct dp_action *)(const void *)(DATA);          \
         (A) && (const uint8_t *)(A) < (const uint8_t *)(DATA) + (LEN); \
         (A) = (const struct dp_action *)(const void *)((const uint8_t *)(A) + (A)->len))

/* Is it a well-formed list?  For bytes that have been out of our hands: 8-byte aligned. */
bool dp_actions_check(const void *data, size_t len) MUST_USE;

/* ODP text.  'port_name' may be NULL. */
void dp_actions_format(const void *data, size_t len, const char *(*port_name)(void *aux, uint32_t),
                       void *aux, struct text *);
/* How the flows of a datapath look in text. */
struct dp_format {
    const char *(*port_name)(void *aux, uint32_t); /* NULL: numbers. */
    void *aux;
    uint32_t upcall_pid;
    bool kernel;     /* As tools of the kernel show its flows: nothing of a key that is not matched,
                        `eth()`, no packet_type; cookies of their own length only. */
    bool ip6_exthdr; /* The kernel's keys have an attribute for extension headers, and tools of the
                        day no name for it: `key32(00 00/00 00)`. */
};
void dp_format_actions(const void *data, size_t len, const struct dp_format *, struct text *);
/* What a flow shows whose packets take the slow path; reasons: enum dp_slow. */
void dp_format_slow(unsigned reasons, const struct dp_format *, struct text *);
void dp_format_key(const struct key *, const struct key *mask, bool verbose,
                   const struct dp_format *, struct text *);
/* `recirc_id(0),in_port(2),eth_type(0x0800),ipv4(frag=no)`; verbose as -m. */
void dp_key_format(const struct key *, const struct key *mask, bool verbose,
                   const char *(*port_name)(void *aux, uint32_t), void *aux, struct text *);
/* The key of one packet from such text.  'port_by_name' may be NULL.  NULL, or a heap error text.
 */
char *dp_key_parse(const char *, bool (*port_by_name)(void *aux, const char *, uint32_t *port_no),
                   void *aux, struct key *) MUST_USE;
/* A flow's key and mask from such text: what it does not name is not matched.  An error's key and
 * mask are not to be used. */
char *dp_flow_parse(const char *, bool (*port_by_name)(void *aux, const char *, uint32_t *port_no),
                    void *aux, struct key *, struct key *mask) MUST_USE;
/* Appends the actions of ODP text, `drop` being none. */
char *dp_actions_parse(const char *, bool (*port_by_name)(void *aux, const char *, uint32_t *),
                       void *aux, struct dp_actions *) MUST_USE;
