/* csum.c - see csum.h.  Sums are of 16-bit words as they lie in memory, so that no byte is ever
 * swapped (RFC 1071 section 2(B)). */
#include "lib/packet/csum.h"

#include "lib/packet/ip.h"

static uint32_t fold64(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    return (uint32_t)sum;
}

uint32_t csum_add(uint32_t partial, const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t sum = partial;

    for (; n >= 16; p += 16, n -= 16) {
        uint32_t w[4];
        memcpy(w, p, sizeof w);
        sum += (uint64_t)w[0] + w[1] + w[2] + w[3];
    }
    for (; n >= 2; p += 2, n -= 2) {
        uint16_t w;
        memcpy(&w, p, sizeof w);
        sum += w;
    }
    if (n) {
        uint16_t w = 0;
        memcpy(&w, p, 1);
        sum += w;
    }
    return fold64(sum);
}

be16 csum_fold(uint32_t partial)
{
    partial = (partial & 0xffff) + (partial >> 16);
    partial = (partial & 0xffff) + (partial >> 16);
    return (be16)~partial;
}

be16 csum(const void *data, size_t n)
{
    return csum_fold(csum_add(0, data, n));
}

uint32_t csum_pseudo4(be32 src, be32 dst, uint8_t proto, uint16_t l4_len)
{
    return fold64((uint64_t)src + dst + htons(proto) + htons(l4_len));
}

uint32_t csum_pseudo6(const uint8_t src[16], const uint8_t dst[16], uint8_t proto, uint32_t l4_len)
{
    uint32_t sum = csum_add(csum_add(0, src, 16), dst, 16);
    return fold64((uint64_t)sum + htonl(l4_len) + htons(proto));
}

/* CRC32c, reflected polynomial 0x82f63b78, four bits at a time. */
static uint32_t crc32c_update(uint32_t crc, const void *data, size_t n)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    const uint8_t *p = data;

    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibble[crc & 0xf];
        crc = crc >> 4 ^ nibble[crc & 0xf];
    }
    return crc;
}

uint32_t csum_crc32c(const void *data, size_t n)
{
    return htole32(~crc32c_update(UINT32_MAX, data, n));
}

/* Of an SCTP packet, with its checksum field taken as zero. */
static uint32_t sctp_crc(const uint8_t *l4, size_t n)
{
    static const uint8_t zero[4];
    uint32_t crc = crc32c_update(UINT32_MAX, l4, 8);
    crc = crc32c_update(crc, zero, sizeof zero);
    return htole32(~crc32c_update(crc, l4 + 12, n - 12));
}

bool csum_ip4_ok(const struct packet *p)
{
    struct ip_info ip;
    return ip_packet(p, &ip) && ip.version == 4 && csum(p->data + p->l3_ofs, ip.l4_ofs) == 0;
}

uint32_t csum_pseudo(const uint8_t *l3, const struct ip_info *ip, uint32_t l4_len)
{
    if (ip->version == 4) {
        be32 addr[2];
        memcpy(addr, l3 + 12, sizeof addr);
        return csum_pseudo4(addr[0], addr[1], ip->proto, (uint16_t)l4_len);
    }
    return csum_pseudo6(l3 + 8, l3 + ip->dst_ofs, ip->proto, l4_len);
}

static bool verify(const uint8_t *l3, const struct ip_info *ip)
{
    const uint8_t *l4 = l3 + ip->l4_ofs;
    uint32_t len = ip->l4_len;

    switch (ip->proto) {
    case IPPROTO_HDR_TCP:
        return len >= 20 && csum_fold(csum_add(csum_pseudo(l3, ip, len), l4, len)) == 0;
    case IPPROTO_HDR_UDP: {
        if (len < 8) {
            return false;
        }
        uint32_t udp_len = get_be16(l4 + 4);
        if (udp_len < 8 || udp_len > len) {
            return false;
        }
        if (get_be16(l4 + 6) == 0) {
            return ip->version == 4; /* RFC 768; RFC 8200 section 8.1 requires one. */
        }
        return csum_fold(csum_add(csum_pseudo(l3, ip, udp_len), l4, udp_len)) == 0;
    }
    case IPPROTO_HDR_UDPLITE: {
        if (len < 8) {
            return false;
        }
        uint32_t coverage = get_be16(l4 + 4) ? get_be16(l4 + 4) : len; /* RFC 3828 section 3.1. */
        return coverage >= 8 && coverage <= len && get_be16(l4 + 6) &&
               csum_fold(csum_add(csum_pseudo(l3, ip, len), l4, coverage)) == 0;
    }
    case IPPROTO_HDR_ICMP:
        return ip->version != 4 || (len >= 4 && csum(l4, len) == 0);
    case IPPROTO_HDR_ICMP6:
        return ip->version != 6 ||
               (len >= 4 && csum_fold(csum_add(csum_pseudo(l3, ip, len), l4, len)) == 0);
    case IPPROTO_HDR_SCTP: {
        uint32_t crc;
        if (len < 12) {
            return false;
        }
        memcpy(&crc, l4 + 8, sizeof crc);
        return crc == sctp_crc(l4, len);
    }
    default:
        return true;
    }
}

bool csum_l4_ok(struct packet *p)
{
    struct ip_info ip;

    if (p->csum == CSUM_BAD) {
        return false;
    }
    if (p->csum != CSUM_UNKNOWN || p->l4_ofs == PACKET_NO_OFS || !ip_packet(p, &ip) || ip.frag ||
        !ip.has_l4) {
        return true;
    }
    p->csum = verify(p->data + p->l3_ofs, &ip) ? CSUM_VALID : CSUM_BAD;
    return p->csum == CSUM_VALID;
}

void csum_l4_set(struct packet *p)
{
    static const struct {
        uint8_t ofs, header, version; /* Version 0: both. */
    } fields[256] = {
        [IPPROTO_HDR_TCP] = {16, 20, 0}, [IPPROTO_HDR_UDP] = {6, 8, 0},
        [IPPROTO_HDR_ICMP] = {2, 4, 4},  [IPPROTO_HDR_ICMP6] = {2, 4, 6},
        [IPPROTO_HDR_SCTP] = {8, 12, 0},
    };
    struct ip_info ip;
    if (p->l4_ofs == PACKET_NO_OFS || !ip_packet(p, &ip) || ip.frag || !fields[ip.proto].ofs ||
        (fields[ip.proto].version && fields[ip.proto].version != ip.version)) {
        return;
    }

    const uint8_t *l3 = p->data + p->l3_ofs;
    uint8_t *l4 = p->data + p->l4_ofs, *field = l4 + fields[ip.proto].ofs;
    uint32_t len = ip.proto == IPPROTO_HDR_UDP && ip.l4_len >= 8 ? get_be16(l4 + 4) : ip.l4_len;
    if (len > ip.l4_len || len < fields[ip.proto].header) {
        return;
    }
    p->csum = CSUM_VALID;
    if (ip.proto == IPPROTO_HDR_SCTP) {
        uint32_t crc = sctp_crc(l4, len);
        memcpy(field, &crc, sizeof crc);
        return;
    }
    memset(field, 0, 2);
    be16 sum =
        csum_fold(csum_add(ip.proto == IPPROTO_HDR_ICMP ? 0 : csum_pseudo(l3, &ip, len), l4, len));
    if (!sum && ip.proto == IPPROTO_HDR_UDP) {
        sum = 0xffff; /* RFC 768: zero means none. */
    }
    memcpy(field, &sum, sizeof sum);
}

void csum_complete(struct packet *p)
{
    struct ip_info ip;

    if (p->csum != CSUM_PARTIAL) {
        return;
    }
    p->csum = CSUM_UNKNOWN;
    if (p->l3_ofs != PACKET_NO_OFS && ip_packet(p, &ip) && ip.has_l4 &&
        ip.proto == IPPROTO_HDR_SCTP) {
        uint8_t *l4 = p->data + p->l3_ofs + ip.l4_ofs;
        if (ip.l4_len >= 12) {
            uint32_t crc = sctp_crc(l4, ip.l4_len);
            memcpy(l4 + 8, &crc, sizeof crc);
            p->csum = CSUM_VALID;
        }
        return;
    }
    uint32_t field = (uint32_t)p->csum_start + p->csum_ofs;
    if (field + 2 > p->len) {
        return;
    }
    be16 sum = csum(p->data + p->csum_start, p->len - p->csum_start);
    if (!sum) {
        sum = 0xffff; /* The same value, and not UDP's "none". */
    }
    memcpy(p->data + field, &sum, sizeof sum);
    p->csum = CSUM_VALID;
}

/* Where the network header is, behind at most two VLAN tags; 0: no IP. */
static uint32_t find_ip(const struct packet *p)
{
    uint32_t ofs = 12;

    for (int i = 0; i < 3 && ofs + 2 <= p->len; i++, ofs += 4) {
        uint16_t type = get_be16(p->data + ofs);
        if (type == ETH_TYPE_IP4 || type == ETH_TYPE_IP6) {
            return ofs + 2;
        }
        if (type != 0x8100 && type != 0x88a8) {
            break;
        }
    }
    return 0;
}

void csum_find_partial(struct packet *p)
{
    uint32_t l3 = find_ip(p), field;
    struct ip_info ip;

    if (!l3 || !ip_parse(p->data + l3, p->len - l3, false, &ip) || ip.frag || !ip.has_l4) {
        return;
    }
    switch (ip.proto) {
    case IPPROTO_HDR_TCP:
        field = 16;
        break;
    case IPPROTO_HDR_UDP:
        field = 6;
        break;
    default:
        return;
    }
    if (ip.l4_len < field + 2) {
        return;
    }
    uint32_t start = l3 + ip.l4_ofs;
    be16 sum = (be16)~csum_fold(csum_pseudo(p->data + l3, &ip, ip.l4_len)), is;
    memcpy(&is, p->data + start + field, sizeof is);
    if (is == sum && is) {
        p->csum = CSUM_PARTIAL;
        p->csum_start = (uint16_t)start;
        p->csum_ofs = (uint16_t)field;
    }
}
