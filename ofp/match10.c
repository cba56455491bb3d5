/* match10.c - see match-private.h: the fixed match of OpenFlow 1.0 (section 5.2.3), 40 bytes.
 *
 * One word of wildcards says which fields count; two six-bit numbers in it, how many low bits of
 * the addresses do not.  Values of fields that do not count are dropped.  Fields without their
 * protocol are kept, for statistics show what the switch said: modifications have
 * match_normalise(). Never refuses anything. */
#include "ofp/match-private.h"

#define W_IN_PORT     BIT(0)
#define W_VLAN        BIT(1)
#define W_ETH_SRC     BIT(2)
#define W_ETH_DST     BIT(3)
#define W_ETH_TYPE    BIT(4)
#define W_IP_PROTO    BIT(5)
#define W_TP_SRC      BIT(6)
#define W_TP_DST      BIT(7)
#define IP_SRC_SHIFT  8
#define IP_DST_SHIFT  14
#define W_PCP         BIT(20)
#define W_TOS         BIT(21)
#define W_ALL         0x3fffffu
#define IP_WILD       32 /* Low bits that do not count; more means the same. */
#define VLAN_NONE     0xffff
#define DSCP_MASK     0xfc
#define PCP_MASK      7
#define FIXED_ETH_LEN 6

struct fixed {
    uint32_t wild;
    uint16_t in_port;
    uint8_t eth_src[FIXED_ETH_LEN], eth_dst[FIXED_ETH_LEN];
    uint16_t vlan;
    uint8_t pcp;
    uint16_t eth_type;
    uint8_t tos, ip_proto;
    uint32_t ip_src, ip_dst;
    uint16_t tp_src, tp_dst;
};

static void read_fixed(struct wire_rd *r, struct fixed *f)
{
    f->wild = wire_rd_u32(r);
    f->in_port = wire_rd_u16(r);
    wire_rd_copy(r, f->eth_src, sizeof f->eth_src);
    wire_rd_copy(r, f->eth_dst, sizeof f->eth_dst);
    f->vlan = wire_rd_u16(r);
    f->pcp = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    f->eth_type = wire_rd_u16(r);
    f->tos = wire_rd_u8(r);
    f->ip_proto = wire_rd_u8(r);
    wire_rd_skip(r, 2);
    f->ip_src = wire_rd_u32(r);
    f->ip_dst = wire_rd_u32(r);
    f->tp_src = wire_rd_u16(r);
    f->tp_dst = wire_rd_u16(r);
}

static void write_fixed(const struct fixed *f, struct wire_wr *w)
{
    wire_wr_u32(w, f->wild);
    wire_wr_u16(w, f->in_port);
    wire_wr_bytes(w, f->eth_src, sizeof f->eth_src);
    wire_wr_bytes(w, f->eth_dst, sizeof f->eth_dst);
    wire_wr_u16(w, f->vlan);
    wire_wr_u8(w, f->pcp);
    wire_wr_zeros(w, 1);
    wire_wr_u16(w, f->eth_type);
    wire_wr_u8(w, f->tos);
    wire_wr_u8(w, f->ip_proto);
    wire_wr_zeros(w, 2);
    wire_wr_u32(w, f->ip_src);
    wire_wr_u32(w, f->ip_dst);
    wire_wr_u16(w, f->tp_src);
    wire_wr_u16(w, f->tp_dst);
}

static be32 ip_mask(uint32_t wild, unsigned shift)
{
    unsigned n = wild >> shift & 0x3f;
    return n >= IP_WILD ? 0 : htonl(UINT32_MAX << n);
}

/* The numbers of low bits of an address that a mask leaves out. */
static uint32_t ip_wild(be32 mask, unsigned shift)
{
    uint32_t m = ntohl(mask);
    return (uint32_t)(m ? __builtin_ctz(m) : IP_WILD) << shift;
}

/* A tag's two fields, or the tag's absence. */
static void take_vlan(const struct fixed *f, struct match *m)
{
    uint16_t tci = 0, mask = 0;

    if (!(f->wild & W_VLAN) && f->vlan == VLAN_NONE) {
        mask = UINT16_MAX;
    } else {
        if (!(f->wild & W_VLAN)) {
            mask |= VLAN_CFI | VLAN_VID_MASK;
            tci |= VLAN_CFI | (f->vlan & VLAN_VID_MASK);
        }
        if (!(f->wild & W_PCP)) {
            mask |= VLAN_CFI | PCP_MASK << VLAN_PCP_SHIFT;
            tci |= VLAN_CFI | (uint16_t)((f->pcp & PCP_MASK) << VLAN_PCP_SHIFT);
        }
    }
    m->flow.key.vlan[0].tci = htons(tci);
    m->mask.key.vlan[0].tci = htons(mask);
}

static void take_ethernet(const struct fixed *f, struct match *m)
{
    struct key *v = &m->flow.key, *mask = &m->mask.key;

    if (!(f->wild & W_ETH_SRC)) {
        memcpy(v->eth_src, f->eth_src, sizeof v->eth_src);
        memset(mask->eth_src, 0xff, sizeof mask->eth_src);
    }
    if (!(f->wild & W_ETH_DST)) {
        memcpy(v->eth_dst, f->eth_dst, sizeof v->eth_dst);
        memset(mask->eth_dst, 0xff, sizeof mask->eth_dst);
    }
    if (!(f->wild & W_ETH_TYPE)) {
        v->eth_type = htons(f->eth_type);
        mask->eth_type = UINT16_MAX;
    }
    take_vlan(f, m);
}

static void take_ip(const struct fixed *f, struct match *m)
{
    struct key *v = &m->flow.key, *mask = &m->mask.key;

    if (!(f->wild & W_TOS)) {
        v->ip_tos = f->tos & DSCP_MASK;
        mask->ip_tos = DSCP_MASK;
    }
    if (!(f->wild & W_IP_PROTO)) {
        v->ip_proto = f->ip_proto;
        mask->ip_proto = UINT8_MAX;
    }
    mask->ip_src = ip_mask(f->wild, IP_SRC_SHIFT);
    mask->ip_dst = ip_mask(f->wild, IP_DST_SHIFT);
    v->ip_src = htonl(f->ip_src) & mask->ip_src;
    v->ip_dst = htonl(f->ip_dst) & mask->ip_dst;
    if (!(f->wild & W_TP_SRC)) {
        v->tp_src = htons(f->tp_src);
        mask->tp_src = UINT16_MAX;
    }
    if (!(f->wild & W_TP_DST)) {
        v->tp_dst = htons(f->tp_dst);
        mask->tp_dst = UINT16_MAX;
    }
}

enum ofp_error match10_decode(struct wire_rd *r, struct match *m)
{
    struct fixed f;

    match_init(m);
    read_fixed(r, &f);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!(f.wild & W_IN_PORT)) {
        m->flow.in_port = htonl(port_from_10(f.in_port));
        m->mask.in_port = UINT32_MAX;
    }
    take_ethernet(&f, m);
    take_ip(&f, m);
    /* Only what says something of a frame needs one: "everything" has no packet type. */
    uint32_t wild = f.wild | W_IN_PORT | 0x1fu << IP_SRC_SHIFT | 0x1fu << IP_DST_SHIFT;
    m->mask.key.packet_type = (wild & W_ALL) != W_ALL ? UINT32_MAX : 0;
    return OFPERR_OK;
}

static void put_vlan(const struct match *m, struct fixed *f)
{
    uint16_t tci = ntohs(m->flow.key.vlan[0].tci), mask = ntohs(m->mask.key.vlan[0].tci);

    if (mask & VLAN_CFI && !(tci & VLAN_CFI)) {
        f->vlan = VLAN_NONE;
        return;
    }
    if (mask & VLAN_VID_MASK) {
        f->vlan = tci & VLAN_VID_MASK;
    } else {
        f->wild |= W_VLAN;
    }
    if (mask >> VLAN_PCP_SHIFT) {
        f->pcp = (uint8_t)(tci >> VLAN_PCP_SHIFT);
    } else {
        f->wild |= W_PCP;
    }
}

void match10_encode(const struct match *m, struct wire_wr *w)
{
    const struct key *v = &m->flow.key, *mask = &m->mask.key;
    struct fixed f = {
        .in_port = m->mask.in_port ? port_to_10(ntohl(m->flow.in_port)) : 0,
        .eth_type = ntohs(v->eth_type),
        .tos = v->ip_tos & DSCP_MASK,
        .ip_proto = v->ip_proto,
        .ip_src = ntohl(v->ip_src),
        .ip_dst = ntohl(v->ip_dst),
        .tp_src = ntohs(v->tp_src),
        .tp_dst = ntohs(v->tp_dst),
    };

    memcpy(f.eth_src, v->eth_src, sizeof f.eth_src);
    memcpy(f.eth_dst, v->eth_dst, sizeof f.eth_dst);
    f.wild |= m->mask.in_port ? 0 : W_IN_PORT;
    f.wild |= is_all_zeros(mask->eth_src, sizeof mask->eth_src) ? W_ETH_SRC : 0;
    f.wild |= is_all_zeros(mask->eth_dst, sizeof mask->eth_dst) ? W_ETH_DST : 0;
    f.wild |= mask->eth_type ? 0 : W_ETH_TYPE;
    f.wild |= mask->ip_proto ? 0 : W_IP_PROTO;
    f.wild |= mask->tp_src ? 0 : W_TP_SRC;
    f.wild |= mask->tp_dst ? 0 : W_TP_DST;
    f.wild |= mask->ip_tos & DSCP_MASK ? 0 : W_TOS;
    f.wild |= ip_wild(mask->ip_src, IP_SRC_SHIFT) | ip_wild(mask->ip_dst, IP_DST_SHIFT);
    put_vlan(m, &f);
    write_fixed(&f, w);
}
