/* ct_extract.c - from a packet to the tuple that finds its connection.
 *
 * Layer 2, pure; any worker.  First step of ct_execute().  Lengths are checked before anything is
 * read, and the header and transport checksums of the packet itself; a quoted packet has neither
 * to be whole nor to have a right checksum (RFC 792, RFC 4443 section 3).  Fragments were
 * put together before (ct_frag.c); of one that was not, a later one has no ports and is invalid, a
 * first one is tracked by its header. */
#include "lib/ct/ct_proto-private.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"

#define QUOTED_L4_MIN 8 /* RFC 792: the header and 64 bits of the data. */

/* What an ICMP type is to the tracker; types not here are invalid.  'pair' turns a reply into its
 * request.  ND and MLD are not here. */
enum icmp_role { ICMP_OTHER, ICMP_REQUEST, ICMP_REPLY, ICMP_ERROR };
struct icmp_type {
    uint8_t role; /* enum icmp_role */
    uint8_t pair;
};
static const struct icmp_type icmp_types[2][256] = {
    {
        [0] = {ICMP_REPLY, 8}, /* Echo. */
        [8] = {ICMP_REQUEST, 0},
        [13] = {ICMP_REQUEST, 14}, /* Timestamp. */
        [14] = {ICMP_REPLY, 13},
        [15] = {ICMP_REQUEST, 16}, /* Information. */
        [16] = {ICMP_REPLY, 15},
        [17] = {ICMP_REQUEST, 18}, /* Address mask. */
        [18] = {ICMP_REPLY, 17},
        [3] = {ICMP_ERROR, 0},  /* Destination unreachable. */
        [4] = {ICMP_ERROR, 0},  /* Source quench. */
        [5] = {ICMP_ERROR, 0},  /* Redirect. */
        [11] = {ICMP_ERROR, 0}, /* Time exceeded. */
        [12] = {ICMP_ERROR, 0}, /* Parameter problem. */
    },
    {
        [128] = {ICMP_REQUEST, 129}, /* Echo. */
        [129] = {ICMP_REPLY, 128},
        [139] = {ICMP_REQUEST, 140}, /* Node information (RFC 4620). */
        [140] = {ICMP_REPLY, 139},
        [1 ... 127] = {ICMP_ERROR, 0}, /* RFC 4443 section 2.1: all below 128. */
    },
};

uint8_t ct_extract_reply_type(bool is_ip6, uint8_t request)
{
    return icmp_types[is_ip6][request].pair;
}

static ALWAYS_INLINE void set_addresses(struct ct_packet *x, const uint8_t *l3,
                                        const struct ip_info *ip)
{
    x->q.is_ip6 = ip->version == 6;
    if (x->q.is_ip6) {
        memcpy(&x->q.addr6, l3 + 8, 32);
    } else {
        memcpy(x->q.key.ip4, l3 + 12, 8);
    }
    x->q.key.proto = ip->proto;
}

/* False, for this reason. */
static bool invalid(struct ct_packet *x, enum ct_reason reason)
{
    x->reason = (uint8_t)reason;
    return false;
}

static ALWAYS_INLINE bool set_ports(struct ct_packet *x, const uint8_t *l4)
{
    memcpy(x->q.key.port, l4, 4);
    return (x->q.key.port[0] && x->q.key.port[1]) ||
           invalid(x, CT_INV_port_zero); /* Nobody's port. */
}

/* Echo and the like: a reply's tuple is turned round, so that both find the one entry. */
static void set_icmp(struct ct_packet *x, const uint8_t *l4, struct icmp_type type)
{
    struct ct_key *k = &x->q.key;
    x->q.one_way = true;
    x->icmp_code = l4[1];
    memcpy(&k->port[0], l4 + 4, 2);
    k->port[1] = k->port[0];
    k->icmp_type = l4[0];
    if (type.role == ICMP_REPLY) {
        struct ct_key old = *k;
        struct ct_addr6 old6 = x->q.addr6;
        k->ip4[0] = old.ip4[1];
        k->ip4[1] = old.ip4[0];
        memcpy(x->q.addr6.a[0], old6.a[1], 16);
        memcpy(x->q.addr6.a[1], old6.a[0], 16);
        k->icmp_type = type.pair;
        x->q.is_reply = true;
    }
}

/* Window scale option of a SYN (RFC 7323 section 2.2; larger shifts count as 14). */
static uint8_t wscale_option(const uint8_t *opt, uint32_t len)
{
    for (uint32_t i = 0; i < len && opt[i] != 0;) {
        if (opt[i] == 1) {
            i++;
            continue;
        }
        if (len - i < 2 || opt[i + 1] < 2 || opt[i + 1] > len - i) {
            break;
        }
        if (opt[i] == 3 && opt[i + 1] == 3) {
            return CT_WSCALE_SEEN | MIN(opt[i + 2], 14);
        }
        i += opt[i + 1];
    }
    return 0;
}

static ALWAYS_INLINE bool set_tcp(struct ct_packet *x, const uint8_t *l4, uint32_t len)
{
    uint32_t hdr = len >= 20 ? (l4[12] >> 4) * 4u : 0;
    if (hdr < 20 || hdr > len) {
        return invalid(x, CT_INV_malformed);
    }
    x->tcp = (struct ct_tcp_seg){
        .seq = get_be32(l4 + 4),
        .ack = get_be32(l4 + 8),
        .len = len - hdr,
        .win = get_be16(l4 + 14),
        .flags = l4[13] & 0x3f,
    };
    if (x->tcp.flags & CT_FLAG_SYN) {
        x->tcp.wscale = wscale_option(l4 + 20, hdr - 20);
    }
    return (ct_tcp_flags_ok(x->tcp.flags) || invalid(x, CT_INV_tcp_flags)) && set_ports(x, l4);
}

/* The lookup of a packet's answer. */
static void turn_round(struct ct_lookup *q)
{
    struct ct_key old = q->key;
    struct ct_addr6 old6 = q->addr6;
    if (q->one_way) {
        q->is_reply = !q->is_reply;
        return;
    }
    q->key.ip4[0] = old.ip4[1];
    q->key.ip4[1] = old.ip4[0];
    q->key.port[0] = old.port[1];
    q->key.port[1] = old.port[0];
    memcpy(q->addr6.a[0], old6.a[1], 16);
    memcpy(q->addr6.a[1], old6.a[0], 16);
}

static bool set_sctp(struct ct_packet *x, const uint8_t *l4, uint32_t len)
{
    if (len < 12) {
        return invalid(x, CT_INV_malformed);
    }
    x->sctp = (struct ct_sctp_seg){l4, len};
    return (ct_sctp_ok(&x->sctp) || invalid(x, CT_INV_sctp_chunks)) && set_ports(x, l4);
}

/* UDP-Lite: its length field is the checksum's coverage, 0 all (RFC 3828 section 3.1). */
static bool set_udplite(struct ct_packet *x, const uint8_t *l4, uint32_t len)
{
    uint32_t coverage = len >= 8 ? get_be16(l4 + 4) : 1;
    return ((coverage == 0 || (coverage >= 8 && coverage <= len)) ||
            invalid(x, CT_INV_malformed)) &&
           set_ports(x, l4);
}

/* DCCP: the header's length in words is at byte 4 (RFC 4340 section 5.1). */
static bool set_dccp(struct ct_packet *x, const uint8_t *l4, uint32_t len)
{
    return ((len >= 12 && l4[4] * 4u >= 12 && l4[4] * 4u <= len) || invalid(x, CT_INV_malformed)) &&
           set_ports(x, l4);
}

/* The packet that an ICMP error quotes: only the tuple counts. */
static bool set_quoted(struct ct_packet *x, const uint8_t *l3, uint32_t len, bool is_ip6)
{
    struct ip_info ip;
    if (!ip_parse(l3, len, true, &ip) || (ip.version == 6) != is_ip6 || ip.frag & KEY_FRAG_LATER) {
        return false;
    }
    const uint8_t *l4 = l3 + ip.l4_ofs;
    set_addresses(x, l3, &ip);
    switch (ip.proto) {
    case IPPROTO_HDR_TCP:
    case IPPROTO_HDR_UDP:
    case IPPROTO_HDR_SCTP:
    case IPPROTO_HDR_UDPLITE:
    case IPPROTO_HDR_DCCP:
        return ip.l4_len >= QUOTED_L4_MIN && set_ports(x, l4);
    case IPPROTO_HDR_ICMP:
    case IPPROTO_HDR_ICMP6: {
        if (ip.proto != (is_ip6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP) ||
            ip.l4_len < QUOTED_L4_MIN) {
            return false;
        }
        struct icmp_type type = icmp_types[is_ip6][l4[0]];
        if (type.role != ICMP_REQUEST && type.role != ICMP_REPLY) {
            return false; /* An error about an error is never sent (RFC 1122 section 3.2.2). */
        }
        set_icmp(x, l4, type);
        return true;
    }
    default:
        return true;
    }
}

static enum ct_kind extract_icmp(struct ct_packet *x, const uint8_t *l4, uint32_t len, bool is_ip6)
{
    if (len < 8) {
        x->reason = CT_INV_malformed;
        return CT_KIND_INVALID;
    }
    struct icmp_type type = icmp_types[is_ip6][l4[0]];
    switch ((enum icmp_role)type.role) {
    case ICMP_REQUEST:
    case ICMP_REPLY:
        set_icmp(x, l4, type);
        return CT_KIND_PACKET;
    case ICMP_ERROR: {
        uint16_t zone = x->q.key.zone;
        memset(&x->q, 0, sizeof x->q);
        x->q.key.zone = zone;
        if (!set_quoted(x, l4 + 8, len - 8, is_ip6)) {
            x->reason = CT_INV_icmp_quote;
            return CT_KIND_INVALID;
        }
        turn_round(&x->q);
        return CT_KIND_ERROR;
    }
    case ICMP_OTHER:
        break;
    }
    x->reason = CT_INV_icmp_type;
    return CT_KIND_INVALID;
}

static bool udp_length_ok(const struct packet *p, const uint8_t *l4, const struct ip_info *ip)
{
    if (ip->l4_len < 8) {
        return false;
    }
    uint32_t udp_len = get_be16(l4 + 4);
    return ip->frag || p->gso_type != GSO_NONE || (udp_len >= 8 && udp_len <= ip->l4_len);
}

/* IPv4 without options, whole, no fragment: all that ip_packet() would find is known. */
static inline bool is_plain4(const struct packet *p)
{
    if (p->l3_ofs == PACKET_NO_OFS || p->mpls_ofs != PACKET_NO_OFS || p->len < p->l3_ofs + 20u) {
        return false;
    }
    const uint8_t *l3 = p->data + p->l3_ofs;
    uint32_t total = get_be16(l3 + 2);
    return packet_eth_type(p, p->l3_ofs) == ETH_TYPE_IP4 && l3[0] == 0x45 && total >= 20 &&
           total <= p->len - p->l3_ofs && !(get_be16(l3 + 6) & 0x3fff);
}

/* Of a packet with this IP header. */
static ALWAYS_INLINE enum ct_kind extract(struct packet *p, const struct ip_info *ip_,
                                          struct ct_packet *x)
{
    const struct ip_info ip = *ip_;
    if (!ip.has_l4) {
        x->reason = ip.frag & KEY_FRAG_LATER ? CT_INV_fragment : CT_INV_malformed;
        return CT_KIND_INVALID;
    }
    const uint8_t *l3 = p->data + p->l3_ofs, *l4 = l3 + ip.l4_ofs;
    if (ip.version == 4 && !csum_header4_ok(l3, ip.l4_ofs)) {
        x->reason = CT_INV_ip_csum;
        return CT_KIND_INVALID;
    }
    x->l3_len = ip.l4_ofs + ip.l4_len;
    set_addresses(x, l3, &ip);

    enum ct_kind kind = CT_KIND_PACKET;
    switch (ip.proto) {
    case IPPROTO_HDR_TCP:
        kind = set_tcp(x, l4, ip.l4_len) ? kind : CT_KIND_INVALID;
        break;
    case IPPROTO_HDR_UDP:
        kind = (udp_length_ok(p, l4, &ip) || invalid(x, CT_INV_malformed)) && set_ports(x, l4)
                   ? kind
                   : CT_KIND_INVALID;
        break;
    case IPPROTO_HDR_SCTP:
        kind = set_sctp(x, l4, ip.l4_len) ? kind : CT_KIND_INVALID;
        break;
    case IPPROTO_HDR_UDPLITE:
        kind = set_udplite(x, l4, ip.l4_len) ? kind : CT_KIND_INVALID;
        break;
    case IPPROTO_HDR_DCCP:
        kind = set_dccp(x, l4, ip.l4_len) ? kind : CT_KIND_INVALID;
        break;
    case IPPROTO_HDR_ICMP:
    case IPPROTO_HDR_ICMP6: {
        bool is_ip6 = ip.version == 6;
        if (ip.proto != (is_ip6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP)) {
            x->reason = CT_INV_icmp_type; /* Of the other family. */
            return CT_KIND_INVALID;
        }
        kind = extract_icmp(x, l4, ip.l4_len, is_ip6);
        break;
    }
    default:
        break;
    }
    if (kind != CT_KIND_INVALID && p->csum != CSUM_VALID && !csum_l4_ok(p)) {
        x->reason = CT_INV_l4_csum;
        kind = CT_KIND_INVALID;
    }
    return kind;
}

static enum ct_kind extract_any(struct packet *p, const struct ip_info *ip, struct ct_packet *x)
{
    return extract(p, ip, x);
}

enum ct_kind ct_extract(struct packet *p, uint16_t zone, struct ct_packet *x)
{
    struct ip_info ip;
    x->q = (struct ct_lookup){.key.zone = zone};
    x->icmp_code = 0;
    x->reason = CT_INV_malformed;
    x->l3_len = 0;
    if (UNLIKELY(!is_plain4(p))) {
        return ip_packet(p, &ip) ? extract_any(p, &ip, x) : CT_KIND_INVALID;
    }
    const uint8_t *l3 = p->data + p->l3_ofs;
    ip = (struct ip_info){.version = 4,
                          .proto = l3[9],
                          .has_l4 = true,
                          .l4_ofs = 20,
                          .dst_ofs = 16,
                          .l4_len = get_be16(l3 + 2) - 20u};
    if (LIKELY(ip.proto == IPPROTO_HDR_TCP)) { /* Most: of these the compiler knows the way. */
        ip.proto = IPPROTO_HDR_TCP;
        return extract(p, &ip, x);
    }
    if (LIKELY(ip.proto == IPPROTO_HDR_UDP)) {
        ip.proto = IPPROTO_HDR_UDP;
        return extract(p, &ip, x);
    }
    return extract_any(p, &ip, x);
}
