/* flow_format.c - see match.h: a packet's flow as text.  It prints as the match of just this
 * packet, without the metadata that is zero. */
#include "lib/packet/tlv_table.h"
#include "ofp/match.h"

/* What every frame has. */
static const enum field_id ethernet[] = {MF_VLAN_TCI, MF_ETH_SRC, MF_ETH_DST, MF_ETH_TYPE};

/* Metadata, registers and the connection: named only where they say something. */
static const enum field_id metadata[] = {
    MF_DP_HASH,        MF_RECIRC_ID,        MF_CONJ_ID,        MF_ACTSET_OUTPUT,
    MF_IN_PORT_OXM,    MF_PKT_MARK,         MF_METADATA,       MF_TUN_ID,
    MF_TUN_SRC,        MF_TUN_DST,          MF_TUN_IPV6_SRC,   MF_TUN_FLAGS,
    MF_TUN_IPV6_DST,   MF_TUN_GBP_ID,       MF_TUN_GBP_FLAGS,  MF_TUN_TOS,
    MF_TUN_TTL,        MF_CT_STATE,         MF_CT_ZONE,        MF_CT_MARK,
    MF_CT_LABEL,       MF_CT_NW_SRC,        MF_CT_NW_DST,      MF_CT_IPV6_SRC,
    MF_CT_IPV6_DST,    MF_CT_NW_PROTO,      MF_CT_TP_SRC,      MF_CT_TP_DST,
    MF_TUN_ERSPAN_VER, MF_TUN_ERSPAN_IDX,   MF_TUN_ERSPAN_DIR, MF_TUN_ERSPAN_HWID,
    MF_TUN_GTPU_FLAGS, MF_TUN_GTPU_MSGTYPE,
};

/* Shown although the packet has it not, with what it has: neighbour discovery names both addresses,
 * and a service header what an IP header would say. */
static const struct {
    enum field_id with, too;
} pairs[] = {
    {MF_ND_TARGET, MF_ND_SLL}, {MF_ND_TARGET, MF_ND_TLL}, {MF_NSH_TTL, MF_NW_PROTO},
    {MF_NSH_TTL, MF_NW_TOS},   {MF_NSH_TTL, MF_NW_ECN},   {MF_NSH_TTL, MF_NW_TTL},
    {MF_NSH_TTL, MF_IP_FRAG},
};

static bool is_set(const struct field *f, const struct flow *flow)
{
    return !field_is_wild(f, flow); /* A value is not zero as a mask is not wild. */
}

/* By the table; a flow without has none. */
static void put_options(const struct flow *flow, struct match *m)
{
    const struct tlv_table *t = flow->tun.table;

    memset(&m->flow.tun, 0, sizeof m->flow.tun);
    for (uint64_t map = t ? flow->tun.present & tlv_table_mapped(t) : 0; map; map &= map - 1) {
        const unsigned i = (unsigned)__builtin_ctzll(map);
        if (!match_put_tun(m, i, TUN_PACKED, tlv_table_get(t, i)->len,
                           flow->tun.space + tlv_table_ofs(t, i), NULL)) {
            return; /* A table's fields have room. */
        }
    }
}

void flow_format(const struct flow *flow, const struct name_map *names, struct text *t)
{
    struct match m = {.flow = *flow};

    put_options(flow, &m);
    m.mask.key.packet_type = UINT32_MAX;
    for (size_t i = 0; i < ARRAY_SIZE(metadata); i++) {
        if (is_set(&fields[metadata[i]], flow)) {
            field_mask_exact(&fields[metadata[i]], &m.mask);
        }
    }
    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        m.mask.regs[i] = flow->regs[i] ? UINT32_MAX : 0;
    }
    if (!flow->key.packet_type) {
        for (size_t i = 0; i < ARRAY_SIZE(ethernet); i++) {
            field_mask_exact(&fields[ethernet[i]], &m.mask);
        }
        m.mask.key.vlan[1].tci =
            flow->key.vlan[0].tci ? UINT16_MAX : 0; /* None: if there is one. */
    }
    /* Whatever else this packet has. */
    for (const struct field *f = fields; f < fields + MF_N_IDS; f++) {
        switch (f->prereq) {
        case PREREQ_NONE:
        case PREREQ_ETHERNET:
        case PREREQ_VLAN_VID:
        case PREREQ_CT:
        case PREREQ_IN_PORT:
            break;
        default:
            if (field_prereq_met(f, flow) && !(f->id == MF_IPV6_EXTHDR || f->id == MF_ND_RESERVED ||
                                               f->id == MF_ND_OPTIONS_TYPE)) {
                field_mask_exact(f, &m.mask);
            }
            break;
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        if (field_prereq_met(&fields[pairs[i].with], flow)) {
            field_mask_exact(&fields[pairs[i].too], &m.mask);
        }
    }
    match_format(&m, names, -1, t);
}
