/* field_prereq.c - see field.h: prerequisites, walked over the rows of protocols.def. */
#include "lib/packet/field-private.h"

struct prereq {
    enum field_prereq parent;
    enum field_id field; /* MF_N_IDS: nothing to compare. */
    uint16_t v1, v2;
};

static const struct prereq prereqs[PREREQ_N] = {
#define PROTO(ID, TEXT, PARENT, FIELD, V1, V2) \
    [PREREQ_##ID] = {PREREQ_##PARENT, MF_##FIELD, V1, V2},
#include "lib/packet/protocols.def"
};

const struct field_word field_words[] = {
#define PROTO_WORD(WORD, PREREQ, ETH_TYPE, IP_PROTO) {#WORD, ETH_TYPE, IP_PROTO},
#include "lib/packet/protocols.def"
    {NULL, 0, 0},
};

/* Packets without an Ethernet header carry their EtherType in packet_type, name space 1. */
#define PACKET_TYPE_NS_ETHERTYPE 1

static uint64_t prereq_value(enum field_id id, const struct flow *flow)
{
    uint32_t packet_type = ntohl(flow->key.packet_type);
    if (id == MF_ETH_TYPE && packet_type >> 16 == PACKET_TYPE_NS_ETHERTYPE) {
        return packet_type & 0xffff;
    }
    return field_raw_get(&fields[id], flow);
}

/* On a match: some flag that implies a committed or related connection is required, or the packet
 * must be tracked and valid.  On a packet ('mask' NULL): it is new, established or a reply. */
static bool ct_met(const struct flow *flow, const struct flow *mask)
{
    uint32_t state = ntohl(flow->key.ct_state);
    if (!mask) {
        return (state & (CS_NEW | CS_EST | CS_RPL)) != 0;
    }
    uint32_t bits = ntohl(mask->key.ct_state);
    return state & bits & (CS_NEW | CS_EST | CS_REL | CS_RPL | CS_SNAT | CS_DNAT) ||
           (state & bits & CS_TRK && bits & CS_INV && !(state & CS_INV));
}

/* 'mask' is NULL for a packet.  A wild field of a match has the value 0, which is how "packet_type
 * not mentioned" counts as Ethernet and a wild icmpv6_code as 0. */
static bool met(enum field_prereq id, const struct flow *flow, const struct flow *mask)
{
    while (id != PREREQ_NONE) {
        const struct prereq *p = &prereqs[id];
        bool ok = true;
        if (p->field != MF_N_IDS) {
            uint64_t v = prereq_value(p->field, flow);
            ok = v == p->v1 || v == p->v2;
        } else if (id == PREREQ_VLAN_VID) {
            ok = (flow->key.vlan[0].tci & htons(VLAN_CFI)) != 0;
        } else if (id == PREREQ_CT) {
            ok = ct_met(flow, mask);
        } else if (id == PREREQ_IN_PORT) {
            ok = !mask || field_is_exact(&fields[MF_IN_PORT_OXM], mask);
        }
        if (!ok) {
            return false;
        }
        id = p->parent;
    }
    return true;
}

bool field_needs_ethernet(const struct field *f)
{
    for (enum field_prereq id = f->prereq; id != PREREQ_NONE; id = prereqs[id].parent) {
        if (id == PREREQ_ETHERNET) {
            return true;
        }
    }
    return false;
}

bool field_prereq_ok(const struct field *f, const struct match *m)
{
    return met(f->prereq, &m->flow, &m->mask);
}

/* Transport and ICMP headers are in the first fragment only. */
static bool in_transport_header(const struct field *f)
{
    switch (f->prereq) {
    case PREREQ_TCP:
    case PREREQ_UDP:
    case PREREQ_SCTP:
    case PREREQ_ICMPV4:
    case PREREQ_ICMPV6:
    case PREREQ_ND_CODE:
    case PREREQ_ND:
    case PREREQ_ND_SOLICIT:
    case PREREQ_ND_ADVERT:
        return true;
    default:
        return false;
    }
}

bool field_prereq_met(const struct field *f, const struct flow *flow)
{
    return met(f->prereq, flow, NULL) &&
           !(in_transport_header(f) && flow->key.ip_frag & KEY_FRAG_LATER);
}

void field_prereq_mask(const struct field *f, const struct flow *flow, struct flow *mask)
{
    if (in_transport_header(f)) {
        mask->key.ip_frag |= KEY_FRAG_LATER;
    }
    for (enum field_prereq id = f->prereq; id != PREREQ_NONE; id = prereqs[id].parent) {
        if (prereqs[id].field != MF_N_IDS) {
            field_mask_exact(&fields[prereqs[id].field], mask);
            if (prereqs[id].field == MF_ETH_TYPE) {
                mask->key.packet_type = UINT32_MAX;
            }
        } else if (id == PREREQ_VLAN_VID) {
            mask->key.vlan[0].tci |= htons(VLAN_CFI);
        } else if (id == PREREQ_CT) {
            mask->key.ct_state |= htonl(CS_NEW | CS_EST | CS_RPL);
        }
    }
}
