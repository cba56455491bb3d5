/* compose.c - see compose.h.  Members that the key's protocol does not have are ignored; of IPv6
 * extension headers each is written once, in the recommended order. */
#include "lib/packet/compose.h"

#include "lib/mem.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"

#define MAX_HEADERS 320    /* Bytes: more than any combination below. */
#define MAX_PAYLOAD 65000u /* Fits IP's length field with any headers. */

static void put16(struct packet *p, uint16_t v)
{
    put_be16(packet_put(p, 2), v);
}

static void put32(struct packet *p, uint32_t v)
{
    put_be32(packet_put(p, 4), v);
}

static void put_bytes(struct packet *p, const void *data, uint32_t n)
{
    if (n) {
        memcpy(packet_put(p, n), data, n);
    }
}

static void put_zeros(struct packet *p, uint32_t n)
{
    memset(packet_put(p, n), 0, n);
}

static void put_l2(struct packet *p, const struct key *key, uint32_t payload_len)
{
    put_bytes(p, key->eth_dst, 6);
    put_bytes(p, key->eth_src, 6);
    for (int i = 0; i < KEY_MAX_VLANS && key->vlan[i].tci & htons(VLAN_CFI); i++) {
        put_bytes(p, &key->vlan[i].tpid, 2);
        put16(p, ntohs(key->vlan[i].tci) & ~VLAN_CFI);
    }
    if (key->eth_type == htons(0x05ff)) {
        static const uint8_t llc_stp[3] = {0x42, 0x42, 0x03};
        put16(p, (uint16_t)MIN(payload_len + sizeof llc_stp, 1500));
        put_bytes(p, llc_stp, sizeof llc_stp);
    } else {
        put_bytes(p, &key->eth_type, 2);
    }
}

static void put_arp(struct packet *p, const struct key *key)
{
    static const uint8_t eth_ip4[6] = {0, 1, 0x08, 0, 6, 4};
    put_bytes(p, eth_ip4, sizeof eth_ip4);
    put16(p, key->ip_proto);
    put_bytes(p, key->arp_sha, 6);
    put_bytes(p, &key->ip_src, 4);
    put_bytes(p, key->arp_tha, 6);
    put_bytes(p, &key->ip_dst, 4);
}

static void put_mpls(struct packet *p, const struct key *key)
{
    for (int i = 0; i < KEY_MAX_MPLS; i++) {
        put_bytes(p, &key->mpls_lse[i], 4);
        if (key->mpls_lse[i] & htonl(0x100)) {
            return;
        }
    }
    put32(p, 0x140); /* The bottom, deeper than a key sees. */
}

static void put_nsh(struct packet *p, const struct key *key)
{
    uint16_t len = key->nsh_mdtype == 1 ? 6 : 2;
    put16(p, (uint16_t)((key->nsh_flags & 3) << 12 | (key->nsh_ttl & 0x3f) << 6 | len));
    put16(p, (uint16_t)(key->nsh_mdtype << 8 | key->nsh_np));
    put32(p, ntohl(key->nsh_spi) << 8 | key->nsh_si);
    if (key->nsh_mdtype == 1) {
        put_bytes(p, key->nsh_c, sizeof key->nsh_c);
    }
}

static void put_nd(struct packet *p, const struct key *key)
{
    const uint8_t *ll[2] = {key->arp_sha, key->arp_tha};
    int first = key->nd_options_type == 2;

    put_bytes(p, &key->nd_reserved, 4);
    put_bytes(p, key->nd_target, 16);
    for (int i = 0; i < 2; i++) {
        int which = i ^ first;
        if (!is_all_zeros(ll[which], 6) || key->nd_options_type == which + 1) {
            put16(p, (uint16_t)((which + 1) << 8 | 1));
            put_bytes(p, ll[which], 6);
        }
    }
}

/* Returns true if the payload belongs behind what was written. */
static bool put_l4(struct packet *p, const struct key *key, uint32_t payload_len)
{
    bool v6 = key_is_ip6(key);

    if (key->ip_proto == IPPROTO_HDR_TCP) {
        put_bytes(p, &key->tp_src, 2);
        put_bytes(p, &key->tp_dst, 2);
        put_zeros(p, 8);
        put16(p, 0x5000 | (ntohs(key->tcp_flags) & 0xfff));
        put_zeros(p, 6);
    } else if (key->ip_proto == IPPROTO_HDR_UDP) {
        put_bytes(p, &key->tp_src, 2);
        put_bytes(p, &key->tp_dst, 2);
        put16(p, (uint16_t)(8 + payload_len));
        put16(p, 0);
    } else if (key->ip_proto == IPPROTO_HDR_SCTP) {
        put_bytes(p, &key->tp_src, 2);
        put_bytes(p, &key->tp_dst, 2);
        put_zeros(p, 8);
    } else if (key->ip_proto == (v6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP)) {
        uint16_t type = ntohs(key->tp_src), code = ntohs(key->tp_dst);
        put16(p, (uint16_t)(type << 8 | (code & 0xff)));
        put16(p, 0);
        if (v6 && (type == 135 || type == 136) && code == 0) {
            put_nd(p, key);
            return false;
        }
        put_zeros(p, 4);
    }
    return true;
}

static void put_ip4(struct packet *p, const struct key *key)
{
    uint16_t frag = !key->ip_frag ? 0 : key->ip_frag & KEY_FRAG_LATER ? 0x2064 : 0x2000;

    put16(p, (uint16_t)(0x4500 | key->ip_tos));
    put32(p, 0); /* Length and identification. */
    put16(p, frag);
    put16(p, (uint16_t)(key->ip_ttl << 8 | key->ip_proto));
    put16(p, 0);
    put_bytes(p, &key->ip_src, 4);
    put_bytes(p, &key->ip_dst, 4);
}

static void put_ip6(struct packet *p, const struct key *key)
{
    static const struct {
        uint16_t bit;
        uint8_t proto, len;
    } chain[] = {
        {IP_EXTHDR_HOP, 0, 8},   {IP_EXTHDR_DEST, 60, 8},  {IP_EXTHDR_ROUTER, 43, 24},
        {IP_EXTHDR_FRAG, 44, 8}, {IP_EXTHDR_AUTH, 51, 16},
    };
    uint16_t want = ntohs(key->ip6_exthdr) | (key->ip_frag ? IP_EXTHDR_FRAG : 0);

    put32(p, 0x60000000 | (uint32_t)key->ip_tos << 20 | (ntohl(key->ip6_label) & 0xfffff));
    put16(p, 0);
    uint8_t *next = packet_put(p, 1); /* Where the protocol of the header to come belongs. */
    *packet_put(p, 1) = key->ip_ttl;
    put_bytes(p, key->ip6_src, 16);
    put_bytes(p, key->ip6_dst, 16);
    for (size_t i = 0; i < ARRAY_SIZE(chain); i++) {
        if (!(want & chain[i].bit)) {
            continue;
        }
        *next = chain[i].proto;
        next = packet_put(p, chain[i].len);
        memset(next, 0, chain[i].len);
        if (chain[i].bit == IP_EXTHDR_FRAG) {
            put_be16(next + 2, !key->ip_frag ? 0 : key->ip_frag & KEY_FRAG_LATER ? 0x0321 : 0x0001);
        } else if (chain[i].bit == IP_EXTHDR_AUTH) {
            next[1] = chain[i].len / 4 - 2;
        } else {
            next[1] = chain[i].len / 8 - 1;
        }
        if (chain[i].bit == IP_EXTHDR_HOP || chain[i].bit == IP_EXTHDR_DEST) {
            next[2] = 1; /* PadN over the rest. */
            next[3] = 4;
        }
    }
    *next = key->ip_proto;
}

static void finish_ip(struct packet *p, uint32_t l3_ofs)
{
    uint8_t *l3 = p->data + l3_ofs;
    struct key key;

    if (l3[0] >> 4 == 4) {
        put_be16(l3 + 2, (uint16_t)(p->len - l3_ofs));
        be16 sum = csum(l3, 20);
        memcpy(l3 + 10, &sum, sizeof sum);
    } else {
        put_be16(l3 + 4, (uint16_t)(p->len - l3_ofs - 40));
    }
    parse_key(p, &key);
    csum_l4_set(p);
}

struct packet *compose_packet(const struct key *key, const void *payload, uint32_t payload_len)
{
    payload_len = MIN(payload_len, MAX_PAYLOAD);
    struct packet *p = packet_new(MAX_HEADERS + payload_len);
    bool with_payload = true;

    p->packet_type = key->packet_type;
    if (!key->packet_type) {
        put_l2(p, key, payload_len);
    }
    uint32_t l3_ofs = p->len;
    switch (ntohs(key->eth_type)) {
    case 0x0800:
    case 0x86dd:
        if (key_is_ip4(key)) {
            put_ip4(p, key);
        } else {
            put_ip6(p, key);
        }
        if (!(key->ip_frag & KEY_FRAG_LATER)) {
            with_payload = put_l4(p, key, payload_len);
        }
        break;
    case 0x0806:
    case 0x8035:
        put_arp(p, key);
        break;
    case 0x8847:
    case 0x8848:
        put_mpls(p, key);
        break;
    case 0x88e7:
        put32(p, (uint32_t)(key->pbb_uca & 1) << 27 | (ntohl(key->pbb_isid) & 0xffffff));
        break;
    case 0x894f:
        put_nsh(p, key);
        break;
    default:
        break;
    }
    if (with_payload) {
        put_bytes(p, payload, payload_len);
    }
    if (key_is_ip4(key) || key_is_ip6(key)) {
        finish_ip(p, l3_ofs);
    }
    return p;
}
