/* gso.c - see gso.h.  UDP is cut into datagrams of their own (UDP_SEGMENT), not into IP
 * fragments. */
#include "lib/packet/gso.h"

#include "lib/counter.h"
#include "lib/packet/csum.h"
#include "lib/packet/ip.h"
#include "lib/packet/parse.h"

/* 64 kB in the smallest TCP segments that Linux makes (48 bytes) stay below. */
#define MAX_SEGMENTS 2048

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

struct plan {
    struct packet whole; /* The super-frame with its offsets valid; owns nothing. */
    struct ip_info ip;
    uint32_t l4_ofs;      /* From 'data'. */
    uint32_t header_len;  /* All headers. */
    uint32_t payload_len; /* All segments' together. */
    bool tcp;
    bool no_csum; /* UDP over IPv4 that came without. */
};

static bool make_plan(const struct packet *pkt, struct plan *plan)
{
    struct key key;

    plan->whole = *pkt;
    if (!parse_key(&plan->whole, &key) || plan->whole.l3_ofs == PACKET_NO_OFS) {
        return false;
    }
    uint32_t l3_ofs = plan->whole.l3_ofs;
    if (!ip_parse(pkt->data + l3_ofs, pkt->len - l3_ofs, false, &plan->ip) || plan->ip.frag) {
        return false;
    }
    const struct ip_info *ip = &plan->ip;
    plan->tcp = pkt->gso_type == GSO_TCPV4 || pkt->gso_type == GSO_TCPV6;
    if (pkt->gso_type == GSO_NONE || pkt->gso_size == 0 ||
        ip->proto != (plan->tcp ? IPPROTO_HDR_TCP : IPPROTO_HDR_UDP) ||
        (plan->tcp && ip->version != (pkt->gso_type == GSO_TCPV4 ? 4 : 6))) {
        return false;
    }

    plan->l4_ofs = l3_ofs + ip->l4_ofs;
    if (pkt->csum == CSUM_PARTIAL && pkt->csum_start != plan->l4_ofs) {
        return false; /* The frame in the frame is meant. */
    }
    const uint8_t *l4 = pkt->data + plan->l4_ofs;
    uint32_t l4_header = 8;
    if (plan->tcp) {
        if (ip->l4_len < 20) {
            return false;
        }
        l4_header = (l4[12] >> 4) * 4u;
    }
    if (l4_header < 8 || (plan->tcp && l4_header < 20) || l4_header > ip->l4_len) {
        return false;
    }
    plan->no_csum =
        !plan->tcp && pkt->csum != CSUM_PARTIAL && ip->version == 4 && get_be16(l4 + 6) == 0;
    plan->header_len = plan->l4_ofs + l4_header;
    plan->payload_len = ip->l4_len - l4_header;
    return plan->payload_len <= (uint32_t)MAX_SEGMENTS * pkt->gso_size;
}

/* IP length, identification and header checksum of segment 'i'. */
static void finish_ip(uint8_t *l3, const struct ip_info *ip, uint32_t len, uint32_t i)
{
    if (ip->version == 6) {
        put_be16(l3 + 4, (uint16_t)(len - 40));
        return;
    }
    put_be16(l3 + 2, (uint16_t)len);
    put_be16(l3 + 4, (uint16_t)(get_be16(l3 + 4) + i));
    memset(l3 + 10, 0, 2);
    be16 sum = csum(l3, ip->l4_ofs);
    memcpy(l3 + 10, &sum, sizeof sum);
}

static void finish_l4(const struct plan *plan, struct packet *seg, uint32_t ofs, bool last)
{
    uint8_t *l3 = seg->data + seg->l3_ofs, *l4 = seg->data + plan->l4_ofs;
    uint32_t len = seg->len - plan->l4_ofs;
    uint8_t *field = l4 + (plan->tcp ? 16 : 6);

    if (plan->tcp) {
        put_be32(l4 + 4, get_be32(l4 + 4) + ofs);
        if (!last) {
            l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        }
        if (ofs) {
            l4[13] &= (uint8_t)~TCP_CWR;
        }
    } else {
        put_be16(l4 + 4, (uint16_t)len);
    }
    seg->csum = CSUM_VALID;
    if (plan->no_csum) {
        return;
    }
    memset(field, 0, 2);
    be16 sum = csum_fold(csum_add(csum_pseudo(l3, &plan->ip, len), l4, len));
    if (!sum && !plan->tcp) {
        sum = 0xffff;
    }
    memcpy(field, &sum, sizeof sum);
}

bool gso_segment(const struct packet *pkt, struct packet_pool *pool,
                 void (*emit)(void *aux, struct packet *), void *aux)
{
    struct plan plan;

    if (!make_plan(pkt, &plan)) {
        return false;
    }
    uint32_t ofs = 0, i = 0;
    do {
        uint32_t n = MIN(plan.payload_len - ofs, pkt->gso_size);
        struct packet *seg = packet_clone_meta(&plan.whole, pool, plan.header_len + n);
        if (seg) {
            uint8_t *data = packet_put(seg, plan.header_len + n);
            memcpy(data, pkt->data, plan.header_len);
            memcpy(data + plan.header_len, pkt->data + plan.header_len + ofs, n);
            seg->gso_type = GSO_NONE;
            seg->gso_size = seg->gso_hdr_len = 0;
            finish_ip(data + seg->l3_ofs, &plan.ip, seg->len - seg->l3_ofs, i);
            finish_l4(&plan, seg, ofs, ofs + n >= plan.payload_len);
            emit(aux, seg);
        } else {
            counter_inc(COUNTER_drop_no_buffer);
        }
        ofs += n;
        i++;
    } while (ofs < plan.payload_len);
    return true;
}

void gso_count(const struct packet *pkt, uint32_t *n, uint64_t *bytes)
{
    struct plan plan;

    *n = 1;
    *bytes = pkt->len;
    if (make_plan(pkt, &plan) && plan.payload_len) {
        *n = (plan.payload_len + pkt->gso_size - 1) / pkt->gso_size;
        *bytes += (uint64_t)(*n - 1) * plan.header_len;
    }
}
