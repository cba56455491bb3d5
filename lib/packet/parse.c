/* parse.c - see parse.h. */
#include "lib/packet/parse.h"

#include "lib/packet/ip.h"

#define ETH_TYPE_VLAN  0x8100
#define ETH_TYPE_QINQ  0x88a8
#define ETH_TYPE_ARP   0x0806
#define ETH_TYPE_RARP  0x8035
#define ETH_TYPE_MPLS  0x8847
#define ETH_TYPE_MPLSM 0x8848
#define ETH_TYPE_PBB   0x88e7
#define ETH_TYPE_NSH   0x894f
#define ETH_TYPE_MIN   0x0600 /* Below, the field is an 802.3 length. */
#define ETH_TYPE_NONE  0x05ff /* Key value for 802.2 without SNAP. */

#define MAX_LABELS 16 /* Label stack entries looked at in search of the bottom. */

/* What is left of the frame. */
struct cursor {
    const uint8_t *p;
    uint32_t left;
};

static void skip(struct cursor *c, uint32_t n)
{
    c->p += n;
    c->left -= n;
}

static void set_metadata(const struct packet *p, struct key *key)
{
    key->in_port = p->in_port;
    key->recirc_id = htonl(p->recirc_id);
    key->skb_mark = htonl(p->mark);
    key->dp_hash = htonl(p->hash);
    if (p->ct.state) {
        const struct packet_ct *ct = &p->ct;
        key->ct_state = htonl(ct->state);
        key->ct_zone = htons(ct->zone);
        key->ct_mark = htonl(ct->mark);
        memcpy(key->ct_label, ct->label, sizeof key->ct_label);
        if (ct->state & CS_TRK && !(ct->state & CS_INV) && ct->orig_proto) {
            key->ct_proto = ct->orig_proto;
            key->ct_tp_src = ct->orig_tp_src;
            key->ct_tp_dst = ct->orig_tp_dst;
            if (ct->orig_is_ip6) {
                memcpy(key->ct_ip6_src, ct->orig_src, 16);
                memcpy(key->ct_ip6_dst, ct->orig_dst, 16);
            } else {
                memcpy(&key->ct_ip_src, ct->orig_src, 4);
                memcpy(&key->ct_ip_dst, ct->orig_dst, 4);
            }
        }
    }
    if (p->has_tunnel) {
        key->tun_id = p->tun.id;
        key->tun_src = p->tun.src;
        key->tun_dst = p->tun.dst;
        memcpy(key->tun_ip6_src, p->tun.ip6_src, 16);
        memcpy(key->tun_ip6_dst, p->tun.ip6_dst, 16);
        key->tun_flags = p->tun.flags;
        key->tun_gbp_id = p->tun.gbp_id;
        key->tun_gbp_flags = p->tun.gbp_flags;
        key->tun_tos = p->tun.tos;
        key->tun_ttl = p->tun.ttl;
        key->tun_tp_src = p->tun.tp_src;
        key->tun_tp_dst = p->tun.tp_dst;
        if (p->tun.opt_len) {
            key->tun_opt_len = p->tun.opt_len;
            memcpy(key->tun_opt, p->tun_opt, p->tun.opt_len);
        }
    }
}

/* Addresses, tags and Ethernet type; leaves the cursor at the network header. */
static uint16_t parse_l2(struct cursor *c, struct key *key)
{
    memcpy(key->eth_dst, c->p, 6);
    memcpy(key->eth_src, c->p + 6, 6);
    uint16_t type = get_be16(c->p + 12);
    skip(c, 14);

    for (int i = 0; i < KEY_MAX_VLANS; i++) {
        if ((type != ETH_TYPE_VLAN && type != ETH_TYPE_QINQ) || c->left < 4) {
            break;
        }
        key->vlan[i].tpid = htons(type);
        key->vlan[i].tci = htons(get_be16(c->p) | VLAN_CFI);
        type = get_be16(c->p + 2);
        skip(c, 4);
    }
    if (UNLIKELY(type < ETH_TYPE_MIN)) {
        static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
        type = ETH_TYPE_NONE;
        if (c->left >= 8 && !memcmp(c->p, snap, sizeof snap) &&
            get_be16(c->p + 6) >= ETH_TYPE_MIN) {
            type = get_be16(c->p + 6);
            skip(c, 8);
        }
    }
    key->eth_type = htons(type);
    return type;
}

/* A packet without an Ethernet header. */
static uint16_t parse_type(const struct packet *p, struct key *key)
{
    uint16_t type = packet_eth_type(p, 0);

    key->packet_type = p->packet_type;
    key->eth_type = htons(type);
    return type;
}

static void parse_arp(const struct cursor *c, struct key *key)
{
    static const uint8_t eth_ip4[6] = {0, 1, 0x08, 0, 6, 4};
    if (c->left < 28 || memcmp(c->p, eth_ip4, sizeof eth_ip4)) {
        return;
    }
    uint16_t op = get_be16(c->p + 6);
    key->ip_proto = op <= UINT8_MAX ? (uint8_t)op : 0;
    memcpy(key->arp_sha, c->p + 8, 6);
    memcpy(&key->ip_src, c->p + 14, 4);
    memcpy(key->arp_tha, c->p + 18, 6);
    memcpy(&key->ip_dst, c->p + 24, 4);
}

/* The label stack; l3_ofs moves behind the entry with the bottom-of-stack bit. */
static void parse_mpls(struct cursor *c, struct packet *p, struct key *key)
{
    p->mpls_ofs = p->l3_ofs;
    p->l3_ofs = PACKET_NO_OFS;
    for (int i = 0; i < MAX_LABELS && c->left >= 4; i++) {
        if (i < KEY_MAX_MPLS) {
            memcpy(&key->mpls_lse[i], c->p, 4);
        }
        bool bottom = c->p[2] & 1;
        skip(c, 4);
        if (bottom) {
            p->l3_ofs = (uint16_t)(c->p - p->data);
            break;
        }
    }
}

static void parse_pbb(const struct cursor *c, struct key *key)
{
    if (c->left >= 4) {
        uint32_t itag = get_be32(c->p);
        key->pbb_isid = htonl(itag & 0xffffff);
        key->pbb_uca = itag >> 27 & 1;
    }
}

static void parse_nsh(const struct cursor *c, struct key *key)
{
    if (c->left < 8) {
        return;
    }
    uint16_t first = get_be16(c->p);
    uint32_t len = (first & 0x3f) * 4u;
    uint8_t mdtype = c->p[2] & 0xf;
    if (first >> 14 || len > c->left || (mdtype == 1 ? len != 24 : mdtype != 2 || len < 8)) {
        return;
    }
    key->nsh_flags = first >> 12 & 3;
    key->nsh_ttl = first >> 6 & 0x3f;
    key->nsh_mdtype = mdtype;
    key->nsh_np = c->p[3];
    key->nsh_spi = htonl(get_be32(c->p + 4) >> 8);
    key->nsh_si = c->p[7];
    if (mdtype == 1) {
        memcpy(key->nsh_c, c->p + 8, sizeof key->nsh_c);
    }
}

/* Neighbour solicitation or advertisement (RFC 4861 sections 4.3, 4.4), 'len' >= 24. */
static void parse_nd(const uint8_t *l4, uint32_t len, struct key *key)
{
    static const uint8_t none[6];
    uint8_t ll[2][6] = {{0}};
    uint8_t first = 0;

    for (uint32_t ofs = 24, n; ofs < len; ofs += n) {
        if (len - ofs < 8) {
            return;
        }
        n = l4[ofs + 1] * 8u;
        if (n == 0 || n > len - ofs) {
            return;
        }
        uint8_t type = l4[ofs];
        if ((type == 1 || type == 2) && n == 8) {
            if (memcmp(ll[type - 1], none, 6)) {
                return; /* Twice: which one holds cannot be told. */
            }
            memcpy(ll[type - 1], l4 + ofs + 2, 6);
            first = first ? first : type;
        }
    }
    memcpy(&key->nd_reserved, l4 + 4, 4);
    memcpy(key->nd_target, l4 + 8, 16);
    memcpy(key->arp_sha, ll[0], 6);
    memcpy(key->arp_tha, ll[1], 6);
    key->nd_options_type = first;
}

static void parse_icmp6(const uint8_t *l4, uint32_t len, struct packet *p, struct key *key)
{
    if (len < 4) {
        return;
    }
    key->tp_src = htons(l4[0]);
    key->tp_dst = htons(l4[1]);
    if (len >= 8) {
        p->payload_ofs = (uint16_t)(p->l4_ofs + 8);
    }
    if ((l4[0] == 135 || l4[0] == 136) && l4[1] == 0 && len >= 24) {
        parse_nd(l4, len, key);
    }
}

static void parse_l4(const struct ip_info *ip, struct packet *p, struct key *key)
{
    const uint8_t *l4 = p->data + p->l4_ofs;
    uint32_t len = ip->l4_len, hdr;

    switch (ip->proto) {
    case IPPROTO_HDR_TCP:
        if (len < 20) {
            return;
        }
        key->tcp_flags = htons(get_be16(l4 + 12) & 0xfff);
        hdr = (l4[12] >> 4) * 4u;
        if (hdr < 20 || hdr > len) {
            hdr = 0;
        }
        break;
    case IPPROTO_HDR_UDP:
        hdr = 8;
        break;
    case IPPROTO_HDR_SCTP:
        hdr = 12;
        break;
    case IPPROTO_HDR_ICMP:
        if (ip->version == 4 && len >= 8) {
            key->tp_src = htons(l4[0]);
            key->tp_dst = htons(l4[1]);
            p->payload_ofs = (uint16_t)(p->l4_ofs + 8);
        }
        return;
    case IPPROTO_HDR_ICMP6:
        if (ip->version == 6) {
            parse_icmp6(l4, len, p, key);
        }
        return;
    default:
        return;
    }
    if (len < hdr) {
        return;
    }
    memcpy(&key->tp_src, l4, 2);
    memcpy(&key->tp_dst, l4 + 2, 2);
    if (hdr) {
        p->payload_ofs = (uint16_t)(p->l4_ofs + hdr);
    }
}

static void parse_ip(const struct cursor *c, uint8_t version, struct packet *p, struct key *key)
{
    struct ip_info ip;
    const uint8_t *l3 = c->p;

    if (!ip_parse(l3, c->left, false, &ip) || ip.version != version) {
        return;
    }
    if (version == 4) {
        key->ip_tos = l3[1];
        key->ip_ttl = l3[8];
        memcpy(&key->ip_src, l3 + 12, 4);
        memcpy(&key->ip_dst, l3 + 16, 4);
    } else {
        uint32_t first = get_be32(l3);
        key->ip_tos = (uint8_t)(first >> 20);
        key->ip6_label = htonl(first & 0xfffff);
        key->ip_ttl = l3[7];
        memcpy(key->ip6_src, l3 + 8, 16);
        memcpy(key->ip6_dst, l3 + 24, 16);
        key->ip6_exthdr = htons(ip.exthdr);
    }
    key->ip_proto = ip.proto;
    key->ip_frag = ip.frag;
    if (ip.has_l4) {
        p->l4_ofs = (uint16_t)(p->l3_ofs + ip.l4_ofs);
        parse_l4(&ip, p, key);
    }
}

bool parse_key(struct packet *p, struct key *key)
{
    memset(key->tun_opt, 0, sizeof key->tun_opt);
    key->tun_opt_len = 0;
    return parse_key_again(p, key);
}

bool parse_key_again(struct packet *p, struct key *key)
{
    key_clear(key);
    set_metadata(p, key);
    p->l3_ofs = p->l4_ofs = p->payload_ofs = p->mpls_ofs = PACKET_NO_OFS;
    if (!p->packet_type && p->len < 14) {
        return false;
    }

    struct cursor c = {p->data, p->len};
    uint16_t type = UNLIKELY(p->packet_type) ? parse_type(p, key) : parse_l2(&c, key);
    p->l3_ofs = (uint16_t)(c.p - p->data);
    switch (type) {
    case ETH_TYPE_IP4:
        parse_ip(&c, 4, p, key);
        break;
    case ETH_TYPE_IP6:
        parse_ip(&c, 6, p, key);
        break;
    case ETH_TYPE_ARP:
    case ETH_TYPE_RARP:
        parse_arp(&c, key);
        break;
    case ETH_TYPE_MPLS:
    case ETH_TYPE_MPLSM:
        parse_mpls(&c, p, key);
        break;
    case ETH_TYPE_PBB:
        parse_pbb(&c, key);
        break;
    case ETH_TYPE_NSH:
        parse_nsh(&c, key);
        break;
    default:
        break;
    }
    return true;
}
