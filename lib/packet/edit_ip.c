/* edit_ip.c - see edit.h: IPv4, IPv6 and what they carry, checksums kept right.
 *
 * What changes in a header changes the sums that cover it by the difference alone, so that a packet
 * that came in damaged leaves damaged (RFC 1624 section 5; for SCTP the CRC's error is kept). */
#include "lib/packet/csum.h"
#include "lib/packet/edit.h"
#include "lib/packet/ip.h"

/* The transport checksum field of a packet, and how a change is to be applied to it. */
struct l4_sum {
    uint8_t *field; /* NULL: there is none to update. */
    bool partial;   /* Holds the pseudo-header sum, not complemented. */
    bool never_0;   /* Zero means none (RFC 768), or is never right (RFC 3828). */
};

static struct l4_sum find_sum(struct packet *p, const struct ip_info *ip)
{
    static const struct {
        uint8_t ofs, len;
    } where[256] = {
        [IPPROTO_HDR_TCP] = {16, 18}, [IPPROTO_HDR_UDP] = {6, 8},     [IPPROTO_HDR_ICMP] = {2, 4},
        [IPPROTO_HDR_ICMP6] = {2, 4}, [IPPROTO_HDR_UDPLITE] = {6, 8}, [IPPROTO_HDR_DCCP] = {6, 8},
    };
    bool never_0 = ip->proto == IPPROTO_HDR_UDP || ip->proto == IPPROTO_HDR_UDPLITE;
    struct l4_sum sum = {NULL, false, never_0};

    if (!ip->has_l4 || !where[ip->proto].len || ip->l4_len < where[ip->proto].len ||
        ip->proto == (ip->version == 4 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP)) {
        return sum;
    }
    uint32_t l4 = (uint32_t)p->l3_ofs + ip->l4_ofs;
    sum.field = p->data + l4 + where[ip->proto].ofs;
    sum.partial = p->csum == CSUM_PARTIAL && p->csum_start == l4;
    if (sum.never_0 && !sum.partial && is_all_zeros(sum.field, 2)) {
        sum.field = NULL;
    }
    return sum;
}

/* 'n' bytes (2, 4, 6 or 16), at an even place of what the sum covers, changed. */
static void update(const struct l4_sum *sum, const void *old_v, const void *new_v, size_t n)
{
    be16 c;

    if (!sum->field) {
        return;
    }
    memcpy(&c, sum->field, 2);
    uint16_t gone = csum_fold(csum_add(0, old_v, n)); /* The complement of the old words' sum. */
    uint32_t acc = sum->partial ? c : (uint16_t)~c;
    c = csum_fold(csum_add(acc + gone, new_v, n));
    if (sum->partial) {
        c = (be16)~c;
    } else if (sum->never_0 && !c) {
        c = 0xffff;
    }
    memcpy(sum->field, &c, 2);
}

/* Overwrites under a mask; 'pseudo' says that the bytes are part of the pseudo-header, the only
 * thing that a partial sum covers. */
static void set_summed(uint8_t *at, const void *value, const void *mask, size_t n,
                       const struct l4_sum *sum, bool pseudo)
{
    const uint8_t *v = value, *m = mask;
    uint8_t old[16];

    memcpy(old, at, n);
    for (size_t i = 0; i < n; i++) {
        at[i] = (uint8_t)((at[i] & ~m[i]) | (v[i] & m[i]));
    }
    if (sum && (pseudo || !sum->partial)) {
        update(sum, old, at, n);
    }
}

void edit_ip4(struct packet *p, be32 src, be32 src_mask, be32 dst, be32 dst_mask, uint8_t tos,
              uint8_t tos_mask, uint8_t ttl, uint8_t ttl_mask)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip) || ip.version != 4) {
        return;
    }

    uint8_t *l3 = p->data + p->l3_ofs;
    const struct l4_sum header = {.field = l3 + 10};
    uint8_t old[20];
    memcpy(old, l3, sizeof old);
    if (src_mask || dst_mask) {
        struct l4_sum sum = find_sum(p, &ip);
        /* ICMP has no pseudo-header. */
        const struct l4_sum *l4 = ip.proto == IPPROTO_HDR_ICMP ? NULL : &sum;
        set_summed(l3 + 12, &src, &src_mask, 4, l4, true);
        set_summed(l3 + 16, &dst, &dst_mask, 4, l4, true);
        update(&header, old + 12, l3 + 12, 8);
    }
    if (tos_mask) {
        l3[1] = (uint8_t)((l3[1] & ~tos_mask) | (tos & tos_mask));
        update(&header, old, l3, 2);
    }
    if (ttl_mask) {
        l3[8] = (uint8_t)((l3[8] & ~ttl_mask) | (ttl & ttl_mask));
        update(&header, old + 8, l3 + 8, 2);
    }
}

void edit_ip6(struct packet *p, const uint8_t src[16], const uint8_t src_mask[16],
              const uint8_t dst[16], const uint8_t dst_mask[16], be32 label, be32 label_mask,
              uint8_t tclass, uint8_t tclass_mask, uint8_t hlimit, uint8_t hlimit_mask)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip) || ip.version != 6) {
        return;
    }

    uint8_t *l3 = p->data + p->l3_ofs;
    struct l4_sum sum = find_sum(p, &ip);
    set_summed(l3 + 8, src, src_mask, 16, &sum, true);
    /* With segments left the pseudo-header has the last segment instead. */
    set_summed(l3 + 24, dst, dst_mask, 16, ip.routed ? NULL : &sum, true);

    uint32_t first = get_be32(l3);
    uint32_t mask = (ntohl(label_mask) & 0xfffff) | (uint32_t)tclass_mask << 20;
    uint32_t value = (ntohl(label) & 0xfffff) | (uint32_t)tclass << 20;
    put_be32(l3, (first & ~mask) | (value & mask));
    l3[7] = (uint8_t)((l3[7] & ~hlimit_mask) | (hlimit & hlimit_mask));
}

static void set_sctp_ports(struct packet *p, const struct ip_info *ip, uint8_t *l4,
                           const be16 value[2], const be16 mask[2])
{
    /* The CRC covers the whole packet: it cannot be known from a fragment, and is still to be
     * computed if partial. */
    bool with_crc = !ip->frag && p->csum != CSUM_PARTIAL;
    uint32_t stored, before = 0, after = 0;

    memcpy(&stored, l4 + 8, 4);
    memset(l4 + 8, 0, 4);
    before = with_crc ? csum_crc32c(l4, ip->l4_len) : 0;
    set_summed(l4, value, mask, 4, NULL, false);
    after = with_crc ? csum_crc32c(l4, ip->l4_len) : 0;
    stored ^= before ^ after;
    memcpy(l4 + 8, &stored, 4);
}

void edit_ports(struct packet *p, uint8_t proto, be16 src, be16 src_mask, be16 dst, be16 dst_mask)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip) || ip.proto != proto || !ip.has_l4) {
        return;
    }

    uint8_t *l4 = p->data + p->l3_ofs + ip.l4_ofs;
    const be16 value[2] = {src, dst}, mask[2] = {src_mask, dst_mask};
    if (proto == IPPROTO_HDR_SCTP) {
        if (ip.l4_len >= 12) {
            set_sctp_ports(p, &ip, l4, value, mask);
        }
    } else if (ip.l4_len >= (proto == IPPROTO_HDR_TCP ? 20 : 8)) {
        struct l4_sum sum = find_sum(p, &ip);
        set_summed(l4, value, mask, 4, &sum, false);
    }
}

void edit_icmp(struct packet *p, bool v6, uint8_t type, uint8_t type_mask, uint8_t code,
               uint8_t code_mask)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip) || ip.version != (v6 ? 6 : 4) || !ip.has_l4 || ip.l4_len < 4 ||
        ip.proto != (v6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP)) {
        return;
    }
    const uint8_t value[2] = {type, code}, mask[2] = {type_mask, code_mask};
    struct l4_sum sum = find_sum(p, &ip);
    set_summed(p->data + p->l3_ofs + ip.l4_ofs, value, mask, 2, &sum, false);
}

void edit_icmp_id(struct packet *p, be16 id)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip) || !ip.has_l4 || ip.l4_len < 8 ||
        ip.proto != (ip.version == 6 ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP)) {
        return;
    }
    const be16 mask = 0xffff;
    struct l4_sum sum = find_sum(p, &ip);
    set_summed(p->data + p->l3_ofs + ip.l4_ofs + 4, &id, &mask, 2, &sum, false);
}

void edit_nd(struct packet *p, const struct key *value, const struct key *mask)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip) || ip.version != 6 || !ip.has_l4 || ip.l4_len < 24 ||
        ip.proto != IPPROTO_HDR_ICMP6) {
        return;
    }
    uint8_t *l4 = p->data + p->l3_ofs + ip.l4_ofs;
    if ((l4[0] != 135 && l4[0] != 136) || l4[1] != 0) {
        return;
    }

    struct l4_sum sum = find_sum(p, &ip);
    set_summed(l4 + 4, &value->nd_reserved, &mask->nd_reserved, 4, &sum, false);
    set_summed(l4 + 8, value->nd_target, mask->nd_target, 16, &sum, false);
    bool first = true;
    /* Options that the packet does not have are not added. */
    for (uint32_t ofs = 24, n; ip.l4_len - ofs >= 8; ofs += n) {
        n = l4[ofs + 1] * 8u;
        if (n == 0 || n > ip.l4_len - ofs) {
            break;
        }
        bool sll = l4[ofs] == 1, tll = l4[ofs] == 2;
        if ((!sll && !tll) || n != 8) {
            continue;
        }
        set_summed(l4 + ofs + 2, sll ? value->arp_sha : value->arp_tha,
                   sll ? mask->arp_sha : mask->arp_tha, 6, &sum, false);
        if (first) {
            /* Two bytes, because sums are of such: the type, and the length as it is. */
            const uint8_t type[2] = {value->nd_options_type},
                          type_mask[2] = {mask->nd_options_type};
            set_summed(l4 + ofs, type, type_mask, 2, &sum, false);
            first = false;
        }
    }
}

void edit_ip_proto(struct packet *p, uint8_t proto)
{
    struct ip_info ip;
    if (!ip_packet(p, &ip)) {
        return;
    }

    csum_complete(p);
    uint8_t *l3 = p->data + p->l3_ofs, old[2];
    memcpy(old, l3 + 8, sizeof old);
    l3[ip.proto_ofs] = proto;
    if (ip.version == 4) {
        const struct l4_sum header = {.field = l3 + 10};
        update(&header, old, l3 + 8, 2);
    }
    p->l4_ofs = p->payload_ofs = PACKET_NO_OFS;
}

/* ---- TTLs from header to header ---- */

/* A header that has a TTL. */
struct ttl {
    uint8_t *at;  /* NULL: there is none. */
    uint8_t *ip4; /* The IPv4 header that it is in, or NULL. */
};

static struct ttl ttl_of_ip(const struct packet *p, uint32_t ofs)
{
    uint8_t *l3 = p->data + ofs;
    uint32_t left = p->len > ofs ? p->len - ofs : 0;

    if (left >= 20 && l3[0] >> 4 == 4) {
        return (struct ttl){l3 + 8, l3};
    }
    return left >= 40 && l3[0] >> 4 == 6 ? (struct ttl){l3 + 7, NULL} : (struct ttl){NULL, NULL};
}

/* Behind a label: another one, or what IP it may be. */
static struct ttl ttl_behind_label(const struct packet *p, uint32_t ofs)
{
    bool bottom = p->data[ofs + 2] & 1;

    if (bottom) {
        return ttl_of_ip(p, ofs + 4);
    }
    return p->len - ofs >= 8 ? (struct ttl){p->data + ofs + 7, NULL} : (struct ttl){NULL, NULL};
}

void edit_copy_ttl(struct packet *p, bool inwards)
{
    struct ttl outer = {NULL, NULL}, inner = {NULL, NULL};
    struct ip_info ip;

    if (p->mpls_ofs != PACKET_NO_OFS && p->len - p->mpls_ofs >= 4) {
        outer.at = p->data + p->mpls_ofs + 3;
        inner = ttl_behind_label(p, p->mpls_ofs);
    } else if (ip_packet(p, &ip) && ip.has_l4 && (ip.proto == 4 || ip.proto == 41)) {
        outer = ttl_of_ip(p, p->l3_ofs);
        inner = ttl_of_ip(p, (uint32_t)p->l3_ofs + ip.l4_ofs);
    }
    const struct ttl *to = inwards ? &inner : &outer;
    if (!outer.at || !inner.at) {
        return;
    }
    uint8_t old[2];
    memcpy(old, to->ip4 ? to->ip4 + 8 : to->at, to->ip4 ? 2 : 1);
    *to->at = *(inwards ? outer.at : inner.at);
    if (to->ip4) {
        const struct l4_sum header = {.field = to->ip4 + 10};
        update(&header, old, to->ip4 + 8, 2);
    }
}
