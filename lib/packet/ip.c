/* ip.c - see ip.h. */
#include "lib/packet/ip.h"

#define MAX_EXTHDRS 16 /* A longer chain is treated as malformed. */

static bool parse4(const uint8_t *l3, uint32_t avail, bool quoted, struct ip_info *info)
{
    uint32_t ihl = (l3[0] & 0xf) * 4u;
    uint32_t total = get_be16(l3 + 2);

    if (ihl < 20 || ihl > avail || total < ihl || (total > avail && !quoted)) {
        return false;
    }
    uint16_t frag = get_be16(l3 + 6);
    if (frag & 0x3fff) {
        info->frag = KEY_FRAG_ANY | (frag & 0x1fff ? KEY_FRAG_LATER : 0);
    }
    info->proto = l3[9];
    info->proto_ofs = 9;
    info->l4_ofs = (uint16_t)ihl;
    info->dst_ofs = 16;
    info->l4_len = MIN(total, avail) - ihl;
    info->has_l4 = !(info->frag & KEY_FRAG_LATER);
    return true;
}

/* Rank of each header in the order RFC 8200 section 4.1 recommends.  Destination options may stand
 * in two places: ahead of a routing header, and last. */
static void note_exthdr(struct ip_info *info, uint16_t bit, unsigned *max_rank, unsigned *n_dest)
{
    unsigned rank = 0;

    switch (bit) {
    case IP_EXTHDR_HOP:
        rank = 0;
        break;
    case IP_EXTHDR_DEST:
        rank = *n_dest == 0 && *max_rank <= 1 ? 1 : 6;
        if (++*n_dest > 2) {
            info->exthdr |= IP_EXTHDR_UNREP;
        }
        break;
    case IP_EXTHDR_ROUTER:
        rank = 2;
        break;
    case IP_EXTHDR_FRAG:
        rank = 3;
        break;
    case IP_EXTHDR_AUTH:
        rank = 4;
        break;
    default:
        rank = 5;
        break;
    }
    if (bit != IP_EXTHDR_DEST && info->exthdr & bit) {
        info->exthdr |= IP_EXTHDR_UNREP;
    }
    if (rank < *max_rank || (bit == IP_EXTHDR_HOP && info->exthdr)) {
        info->exthdr |= IP_EXTHDR_UNSEQ;
    }
    *max_rank = MAX(*max_rank, rank);
    info->exthdr |= bit;
}

/* A routing header with segments left: where the final destination stands. */
static void note_routing(const uint8_t *h, uint32_t len, uint32_t ofs, struct ip_info *info)
{
    if (h[3] == 0) {
        return;
    }
    info->routed = true;
    if (len >= 24) {
        /* Segment routing (type 4) lists the last segment first; types 0 and 2 have it last. */
        info->dst_ofs = (uint16_t)(h[2] == 4 ? ofs + 8 : ofs + len - 16);
    }
}

static bool parse6(const uint8_t *l3, uint32_t avail, bool quoted, struct ip_info *info)
{
    if (avail < 40) {
        return false;
    }
    uint32_t end = 40u + get_be16(l3 + 4);
    if (end > avail) {
        if (!quoted) {
            return false;
        }
        end = avail;
    }

    unsigned max_rank = 0, n_dest = 0;
    uint32_t ofs = 40;
    info->proto = l3[6];
    info->proto_ofs = 6;
    info->dst_ofs = 24;
    for (unsigned n = 0;; n++) {
        static const uint16_t bits[256] = {
            [0] = IP_EXTHDR_HOP,   [43] = IP_EXTHDR_ROUTER, [44] = IP_EXTHDR_FRAG,
            [50] = IP_EXTHDR_ESP,  [51] = IP_EXTHDR_AUTH,   [59] = IP_EXTHDR_NONEXT,
            [60] = IP_EXTHDR_DEST,
        };
        uint16_t bit = bits[info->proto];
        if (!bit) {
            break;
        }
        if (bit == IP_EXTHDR_NONEXT || bit == IP_EXTHDR_ESP) {
            note_exthdr(info, bit, &max_rank, &n_dest);
            break;
        }
        if (n == MAX_EXTHDRS || end - ofs < 8) {
            return false;
        }
        const uint8_t *h = l3 + ofs;
        uint32_t len = bit == IP_EXTHDR_FRAG   ? 8
                       : bit == IP_EXTHDR_AUTH ? (h[1] + 2u) * 4
                                               : (h[1] + 1u) * 8;
        if (len < 8 || len > end - ofs) {
            return false;
        }
        note_exthdr(info, bit, &max_rank, &n_dest);
        if (bit == IP_EXTHDR_ROUTER) {
            note_routing(h, len, ofs, info);
        }
        info->proto = h[0];
        info->proto_ofs = (uint16_t)ofs;
        ofs += len;
        if (bit == IP_EXTHDR_FRAG) {
            uint16_t frag = get_be16(h + 2);
            /* Offset 0 without more fragments is an atomic fragment (RFC 6946): whole. */
            if (frag & 0xfff9) {
                info->frag = KEY_FRAG_ANY | (frag & 0xfff8 ? KEY_FRAG_LATER : 0);
            }
            if (info->frag & KEY_FRAG_LATER) {
                break;
            }
        }
    }
    info->l4_ofs = (uint16_t)ofs;
    info->l4_len = end - ofs;
    info->has_l4 = !(info->frag & KEY_FRAG_LATER);
    return true;
}

bool ip_parse(const uint8_t *l3, uint32_t avail, bool quoted, struct ip_info *info)
{
    *info = (struct ip_info){0};
    if (avail < 20) {
        return false;
    }
    info->version = l3[0] >> 4;
    return info->version == 4   ? parse4(l3, avail, quoted, info)
           : info->version == 6 ? parse6(l3, avail, quoted, info)
                                : false;
}

uint16_t ip_eth_type(const struct packet *p)
{
    return p->mpls_ofs == PACKET_NO_OFS ? packet_eth_type(p, p->l3_ofs) : 0;
}

bool ip_packet(const struct packet *p, struct ip_info *info)
{
    uint16_t type = ip_eth_type(p);
    return (type == ETH_TYPE_IP4 || type == ETH_TYPE_IP6) &&
           ip_parse(p->data + p->l3_ofs, p->len - p->l3_ofs, false, info) &&
           info->version == (type == ETH_TYPE_IP4 ? 4 : 6);
}
