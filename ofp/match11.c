/* match11.c - see match-private.h: the fixed match of OpenFlow 1.1 (section A.2.3), 88 bytes.
 *
 * Like that of 1.0, with masks for addresses and metadata (a bit set does not count), MPLS, and two
 * VLAN numbers more.  Fields whose protocol is not matched are dropped, as the genuine switch does;
 * values out of range are errors. */
#include "ofp/match-private.h"

#include "ofp/port.h"

#define W_IN_PORT    BIT(0)
#define W_VLAN       BIT(1)
#define W_PCP        BIT(2)
#define W_ETH_TYPE   BIT(3)
#define W_TOS        BIT(4)
#define W_IP_PROTO   BIT(5)
#define W_TP_SRC     BIT(6)
#define W_TP_DST     BIT(7)
#define W_MPLS_LABEL BIT(8)
#define W_MPLS_TC    BIT(9)
#define MATCH_LEN    88
#define VLAN_ANY     0xfffe /* Any tag. */
#define VLAN_NONE    0xffff
#define DSCP_MASK    0xfc
#define PCP_MASK     7
#define LABEL_SHIFT  12
#define LABEL_MASK   0xfffff
#define TC_SHIFT     9
#define TC_MASK      7

struct fixed {
    uint32_t in_port, wild;
    uint8_t eth_src[6], eth_src_wild[6], eth_dst[6], eth_dst_wild[6];
    uint16_t vlan;
    uint8_t pcp;
    uint16_t eth_type;
    uint8_t tos, ip_proto;
    uint32_t ip_src, ip_src_wild, ip_dst, ip_dst_wild;
    uint16_t tp_src, tp_dst;
    uint32_t mpls_label;
    uint8_t mpls_tc;
    uint64_t metadata, metadata_wild;
};

static void read_fixed(struct wire_rd *r, struct fixed *f)
{
    f->in_port = wire_rd_u32(r);
    f->wild = wire_rd_u32(r);
    wire_rd_copy(r, f->eth_src, sizeof f->eth_src);
    wire_rd_copy(r, f->eth_src_wild, sizeof f->eth_src_wild);
    wire_rd_copy(r, f->eth_dst, sizeof f->eth_dst);
    wire_rd_copy(r, f->eth_dst_wild, sizeof f->eth_dst_wild);
    f->vlan = wire_rd_u16(r);
    f->pcp = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    f->eth_type = wire_rd_u16(r);
    f->tos = wire_rd_u8(r);
    f->ip_proto = wire_rd_u8(r);
    f->ip_src = wire_rd_u32(r);
    f->ip_src_wild = wire_rd_u32(r);
    f->ip_dst = wire_rd_u32(r);
    f->ip_dst_wild = wire_rd_u32(r);
    f->tp_src = wire_rd_u16(r);
    f->tp_dst = wire_rd_u16(r);
    f->mpls_label = wire_rd_u32(r);
    f->mpls_tc = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    f->metadata = wire_rd_u64(r);
    f->metadata_wild = wire_rd_u64(r);
}

static void write_fixed(const struct fixed *f, struct wire_wr *w)
{
    wire_wr_u16(w, OFPMT_STANDARD);
    wire_wr_u16(w, MATCH_LEN);
    wire_wr_u32(w, f->in_port);
    wire_wr_u32(w, f->wild);
    wire_wr_bytes(w, f->eth_src, sizeof f->eth_src);
    wire_wr_bytes(w, f->eth_src_wild, sizeof f->eth_src_wild);
    wire_wr_bytes(w, f->eth_dst, sizeof f->eth_dst);
    wire_wr_bytes(w, f->eth_dst_wild, sizeof f->eth_dst_wild);
    wire_wr_u16(w, f->vlan);
    wire_wr_u8(w, f->pcp);
    wire_wr_zeros(w, 1);
    wire_wr_u16(w, f->eth_type);
    wire_wr_u8(w, f->tos);
    wire_wr_u8(w, f->ip_proto);
    wire_wr_u32(w, f->ip_src);
    wire_wr_u32(w, f->ip_src_wild);
    wire_wr_u32(w, f->ip_dst);
    wire_wr_u32(w, f->ip_dst_wild);
    wire_wr_u16(w, f->tp_src);
    wire_wr_u16(w, f->tp_dst);
    wire_wr_u32(w, f->mpls_label);
    wire_wr_u8(w, f->mpls_tc);
    wire_wr_zeros(w, 3);
    wire_wr_u64(w, f->metadata);
    wire_wr_u64(w, f->metadata_wild);
}

/* ---- decode ---- */

static void take_eth_addr(const uint8_t *addr, const uint8_t *wild, uint8_t *value, uint8_t *mask)
{
    for (int i = 0; i < 6; i++) {
        mask[i] = (uint8_t)~wild[i];
        value[i] = addr[i] & mask[i];
    }
}

static enum ofp_error take_vlan(const struct fixed *f, struct match *m)
{
    uint16_t tci = 0, mask = 0;

    if (f->wild & W_VLAN) {
        return OFPERR_OK; /* Then the priority does not count either. */
    }
    if (f->vlan == VLAN_NONE) {
        mask = UINT16_MAX;
    } else {
        if (f->vlan != VLAN_ANY) {
            if (f->vlan > VLAN_VID_MASK) {
                return OFPERR_OFPBMC_BAD_VALUE;
            }
            tci = f->vlan;
            mask = VLAN_VID_MASK;
        }
        tci |= VLAN_CFI;
        mask |= VLAN_CFI;
        if (!(f->wild & W_PCP)) {
            if (f->pcp > PCP_MASK) {
                return OFPERR_OFPBMC_BAD_VALUE;
            }
            tci |= (uint16_t)(f->pcp << VLAN_PCP_SHIFT);
            mask |= PCP_MASK << VLAN_PCP_SHIFT;
        }
    }
    m->flow.key.vlan[0].tci = htons(tci);
    m->mask.key.vlan[0].tci = htons(mask);
    return OFPERR_OK;
}

static enum ofp_error take_ports(const struct fixed *f, struct key *v, struct key *mask)
{
    switch (mask->ip_proto ? v->ip_proto : 0) {
    case IPPROTO_ICMP:
        if ((!(f->wild & W_TP_SRC) && f->tp_src > UINT8_MAX) ||
            (!(f->wild & W_TP_DST) && f->tp_dst > UINT8_MAX)) {
            return OFPERR_OFPBMC_BAD_FIELD;
        }
        break;
    case IPPROTO_TCP:
    case IPPROTO_UDP:
    case IPPROTO_SCTP:
        break;
    default:
        return OFPERR_OK;
    }
    if (!(f->wild & W_TP_SRC)) {
        v->tp_src = htons(f->tp_src);
        mask->tp_src = UINT16_MAX;
    }
    if (!(f->wild & W_TP_DST)) {
        v->tp_dst = htons(f->tp_dst);
        mask->tp_dst = UINT16_MAX;
    }
    return OFPERR_OK;
}

static enum ofp_error take_ip(const struct fixed *f, struct match *m)
{
    struct key *v = &m->flow.key, *mask = &m->mask.key;
    bool arp = v->eth_type == htons(0x0806) || v->eth_type == htons(0x8035);

    if (!key_is_ip4(v) && !arp) {
        return OFPERR_OK;
    }
    if (!(f->wild & W_TOS) && !arp) {
        if (f->tos & ~DSCP_MASK) {
            return OFPERR_OFPBMC_BAD_VALUE;
        }
        v->ip_tos = f->tos;
        mask->ip_tos = DSCP_MASK;
    }
    if (!(f->wild & W_IP_PROTO)) {
        v->ip_proto = f->ip_proto;
        mask->ip_proto = UINT8_MAX;
    }
    mask->ip_src = htonl(~f->ip_src_wild);
    mask->ip_dst = htonl(~f->ip_dst_wild);
    v->ip_src = htonl(f->ip_src) & mask->ip_src;
    v->ip_dst = htonl(f->ip_dst) & mask->ip_dst;
    return arp ? OFPERR_OK : take_ports(f, v, mask);
}

static bool is_mpls(const struct key *v)
{
    return v->eth_type == htons(0x8847) || v->eth_type == htons(0x8848);
}

static void take_mpls(const struct fixed *f, struct match *m)
{
    uint32_t lse = 0, mask = 0;

    if (!(f->wild & W_MPLS_LABEL)) {
        lse |= (f->mpls_label & LABEL_MASK) << LABEL_SHIFT;
        mask |= (uint32_t)LABEL_MASK << LABEL_SHIFT;
    }
    if (!(f->wild & W_MPLS_TC)) {
        lse |= (uint32_t)(f->mpls_tc & TC_MASK) << TC_SHIFT;
        mask |= TC_MASK << TC_SHIFT;
    }
    m->flow.key.mpls_lse[0] = htonl(lse);
    m->mask.key.mpls_lse[0] = htonl(mask);
}

enum ofp_error match11_decode(struct wire_rd *r, struct match *m)
{
    struct fixed f;
    struct key *v = &m->flow.key, *mask = &m->mask.key;

    match_init(m);
    read_fixed(r, &f);
    if (r->err) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (!(f.wild & W_IN_PORT)) {
        if (!ofp_port_ok(f.in_port)) {
            return OFPERR_OFPBMC_BAD_VALUE;
        }
        m->flow.in_port = htonl(f.in_port);
        m->mask.in_port = UINT32_MAX;
    }
    take_eth_addr(f.eth_src, f.eth_src_wild, v->eth_src, mask->eth_src);
    take_eth_addr(f.eth_dst, f.eth_dst_wild, v->eth_dst, mask->eth_dst);
    if (!(f.wild & W_ETH_TYPE)) {
        v->eth_type = htons(f.eth_type);
        mask->eth_type = UINT16_MAX;
    }
    m->mask.metadata = htobe64(~f.metadata_wild);
    m->flow.metadata = htobe64(f.metadata & ~f.metadata_wild);
    enum ofp_error error = take_vlan(&f, m);
    if (!error && mask->eth_type) {
        error = take_ip(&f, m);
        if (is_mpls(v)) {
            take_mpls(&f, m);
        }
    }
    mask->packet_type = match_implies_ethernet(m) ? UINT32_MAX : 0;
    return error;
}

/* ---- encode ---- */

static void put_eth_addr(const uint8_t *value, const uint8_t *mask, uint8_t *addr, uint8_t *wild)
{
    for (int i = 0; i < 6; i++) {
        addr[i] = value[i];
        wild[i] = (uint8_t)~mask[i];
    }
}

static void put_vlan(const struct match *m, struct fixed *f)
{
    uint16_t tci = ntohs(m->flow.key.vlan[0].tci), mask = ntohs(m->mask.key.vlan[0].tci);

    if (!mask) {
        f->wild |= W_VLAN | W_PCP;
    } else if (mask & VLAN_CFI && !(tci & VLAN_CFI)) {
        f->vlan = VLAN_NONE;
        f->wild |= W_PCP;
    } else {
        f->vlan = mask & VLAN_VID_MASK ? tci & VLAN_VID_MASK : VLAN_ANY;
        if (mask >> VLAN_PCP_SHIFT) {
            f->pcp = (uint8_t)(tci >> VLAN_PCP_SHIFT);
        } else {
            f->wild |= W_PCP;
        }
    }
}

static void put_mpls(const struct match *m, struct fixed *f)
{
    uint32_t lse = ntohl(m->flow.key.mpls_lse[0]), mask = ntohl(m->mask.key.mpls_lse[0]);

    if (mask & (uint32_t)LABEL_MASK << LABEL_SHIFT) {
        f->mpls_label = lse >> LABEL_SHIFT;
    } else {
        f->wild |= W_MPLS_LABEL;
    }
    if (mask & TC_MASK << TC_SHIFT) {
        f->mpls_tc = lse >> TC_SHIFT & TC_MASK;
    } else {
        f->wild |= W_MPLS_TC;
    }
}

void match11_encode(const struct match *m, struct wire_wr *w)
{
    const struct key *v = &m->flow.key, *mask = &m->mask.key;
    struct fixed f = {
        .in_port = m->mask.in_port ? ntohl(m->flow.in_port) : 0,
        .eth_type = ntohs(v->eth_type),
        .tos = v->ip_tos & DSCP_MASK,
        .ip_proto = v->ip_proto,
        .ip_src = ntohl(v->ip_src),
        .ip_src_wild = ~ntohl(mask->ip_src),
        .ip_dst = ntohl(v->ip_dst),
        .ip_dst_wild = ~ntohl(mask->ip_dst),
        .tp_src = ntohs(v->tp_src),
        .tp_dst = ntohs(v->tp_dst),
        .metadata = be64toh(m->flow.metadata),
        .metadata_wild = ~be64toh(m->mask.metadata),
    };

    put_eth_addr(v->eth_src, mask->eth_src, f.eth_src, f.eth_src_wild);
    put_eth_addr(v->eth_dst, mask->eth_dst, f.eth_dst, f.eth_dst_wild);
    f.wild |= m->mask.in_port ? 0 : W_IN_PORT;
    f.wild |= mask->eth_type ? 0 : W_ETH_TYPE;
    f.wild |= mask->ip_tos & DSCP_MASK ? 0 : W_TOS;
    f.wild |= mask->ip_proto ? 0 : W_IP_PROTO;
    f.wild |= mask->tp_src ? 0 : W_TP_SRC;
    f.wild |= mask->tp_dst ? 0 : W_TP_DST;
    put_vlan(m, &f);
    put_mpls(m, &f);
    write_fixed(&f, w);
}
