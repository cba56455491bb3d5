/* ipfix_flow.h - which flow a sampled packet belongs to, and what of it is counted.
 *
 * Layer 4, pure, any thread.  Journey: a `userspace` action with the cookie of a sample, on a
 * worker
 * -> ipfix_flow_read() -> the control thread (events.h) -> bridge_ipfix.c -> a cache.
 *
 * A key is compared as bytes: it has no padding that is not zero.  Of the packet only its headers
 * matter; nothing of it is kept. */
#pragma once

#include "lib/packet/packet.h"
#include "ofproto/xlate/cookie.h"

/* What a record has beside what all have: a template's bits. */
enum ipfix_kind {
    IPFIX_ANY = 0,
    IPFIX_VLAN = 1,
    IPFIX_IP4 = 2,
    IPFIX_IP6 = 4,
    IPFIX_PORTS = 8,
    IPFIX_TCP = 16,
    IPFIX_ICMP4 = 32,
    IPFIX_ICMP6 = 64,
};

struct ipfix_flow_key {
    uint32_t domain, point;
    uint32_t in_port, out_port;    /* OpenFlow; OFPP_NONE: not known. */
    uint32_t probability;          /* Of DP_SAMPLE_ALWAYS. */
    uint8_t direction;             /* flowDirection: 0 in, 1 out. */
    uint8_t kind;                  /* enum ipfix_kind bits. */
    uint8_t eth_header_len;        /* Tags included. */
    uint8_t ip_proto, ip_tos, pad; /* pad: zero, as all that the kind does not have. */
    uint8_t eth_src[6], eth_dst[6];
    be16 eth_type, vlan_tci; /* Of the outer tag. */
    be16 tp_src, tp_dst;
    uint8_t pad2[2];
    be32 ip6_label;
    uint8_t ip_src[16], ip_dst[16]; /* IPv4: the first four. */
};
_Static_assert(sizeof(struct ipfix_flow_key) == 84, "no padding but 'pad'");

/* Of one packet. */
struct ipfix_flow_packet {
    uint32_t octets, layer2_octets; /* IP header and payload; the whole frame. */
    uint16_t tcp_flags;
    uint8_t ttl;
    bool malformed; /* It says IP, and is none. */
};

/* 'probability', domain and point of samples that are the bridge's are the caller's to fill in. */
void ipfix_flow_read(const struct cookie_sample *, const struct packet *, const struct key *,
                     struct ipfix_flow_key *, struct ipfix_flow_packet *);
