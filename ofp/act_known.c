/* act_known.c - see act_known-private.h. */
#include "ofp/act_known-private.h"

#define ETH_IP4             0x0800
#define ETH_IP6             0x86dd
#define ETH_MPLS            0x8847
#define ETH_MPLS_MC         0x8848
#define PACKET_TYPE_UNKNOWN UINT32_C(0x0001ffff)

bool act_known_is_ethernet(const struct act_known *k)
{
    return !k->m.flow.key.packet_type;
}

bool act_known_is_eth_type(const struct act_known *k, uint16_t eth_type)
{
    uint32_t packet_type = ntohl(k->m.flow.key.packet_type);

    if (packet_type >> 16 == 1) { /* Name space of EtherTypes. */
        return (uint16_t)packet_type == eth_type;
    }
    return k->m.mask.key.eth_type == htons(0xffff) && k->m.flow.key.eth_type == htons(eth_type);
}

bool act_known_is_ip(const struct act_known *k)
{
    return act_known_is_eth_type(k, ETH_IP4) || act_known_is_eth_type(k, ETH_IP6);
}

bool act_known_is_mpls(const struct act_known *k)
{
    return act_known_is_eth_type(k, ETH_MPLS) || act_known_is_eth_type(k, ETH_MPLS_MC);
}

bool act_known_has_tag(const struct act_known *k)
{
    return k->m.mask.key.vlan[0].tci & k->m.flow.key.vlan[0].tci & htons(VLAN_CFI);
}

void act_known_set_eth_type(struct act_known *k, uint16_t eth_type)
{
    k->m.flow.key.eth_type = htons(eth_type);
    k->m.mask.key.eth_type = htons(0xffff);
}

void act_known_set_tag(struct act_known *k)
{
    k->m.flow.key.vlan[0].tci |= htons(VLAN_CFI);
    k->m.mask.key.vlan[0].tci |= htons(VLAN_CFI);
}

void act_known_push_vlan(struct act_known *k)
{
    struct key *flow = &k->m.flow.key, *mask = &k->m.mask.key;

    k->n_below += (mask->vlan[1].tci & flow->vlan[1].tci & htons(VLAN_CFI)) != 0;
    flow->vlan[1] = flow->vlan[0];
    mask->vlan[1] = mask->vlan[0];
    memset(&flow->vlan[0], 0, sizeof flow->vlan[0]);
    memset(&mask->vlan[0], 0, sizeof mask->vlan[0]);
    act_known_set_tag(k);
}

void act_known_pop_vlan(struct act_known *k)
{
    struct key *flow = &k->m.flow.key, *mask = &k->m.mask.key;

    flow->vlan[0] = flow->vlan[1];
    mask->vlan[0] = mask->vlan[1];
    memset(&flow->vlan[1], 0, sizeof flow->vlan[1]);
    memset(&mask->vlan[1], 0, sizeof mask->vlan[1]);
    if (k->n_below) {
        k->n_below--;
        flow->vlan[1].tci = mask->vlan[1].tci = htons(VLAN_CFI);
    }
}

static void forget_tags(struct act_known *k)
{
    memset(k->m.flow.key.vlan, 0, sizeof k->m.flow.key.vlan);
    memset(k->m.mask.key.vlan, 0, sizeof k->m.mask.key.vlan);
    k->n_below = 0;
}

void act_known_forget_proto(struct act_known *k)
{
    k->m.flow.key.ip_proto = k->m.mask.key.ip_proto = 0;
}

void act_known_note_type(struct act_known *k, const struct field *f, const uint8_t *value)
{
    if (f->id == MF_ETH_TYPE) {
        act_known_forget_proto(k);
        k->m.flow.key.eth_type = value ? htons(get_be16(value)) : 0;
        k->m.mask.key.eth_type = value ? UINT16_MAX : 0;
    } else if (f->id == MF_NW_PROTO) {
        k->m.flow.key.ip_proto = value ? *value : 0;
        k->m.mask.key.ip_proto = value ? UINT8_MAX : 0;
    }
}

static void set_packet_type(struct act_known *k, uint32_t packet_type)
{
    k->m.flow.key.packet_type = htonl(packet_type);
    k->m.mask.key.packet_type = UINT32_MAX;
}

void act_known_encap(struct act_known *k, const struct act_encap *e)
{
    set_packet_type(k, e->packet_type);
    if (e->packet_type != PACKET_TYPE_ETHERNET) {
        act_known_set_eth_type(k, (uint16_t)e->packet_type);
        act_known_forget_proto(k);
    }
}

/* Behind Ethernet is what the EtherType says; behind others nobody knows, as the header does. */
void act_known_decap(struct act_known *k)
{
    if (!k->m.flow.key.packet_type) {
        set_packet_type(k, UINT32_C(1) << 16 | ntohs(k->m.flow.key.eth_type));
    } else {
        set_packet_type(k, PACKET_TYPE_UNKNOWN);
        act_known_set_eth_type(k, (uint16_t)PACKET_TYPE_UNKNOWN);
        act_known_forget_proto(k);
    }
}

void act_known_push_pbb(struct act_known *k, uint16_t eth_type)
{
    forget_tags(k);
    act_known_set_eth_type(k, eth_type);
    act_known_forget_proto(k);
}

void act_known_pop_pbb(struct act_known *k)
{
    const size_t ofs = offsetof(struct key, packet_type), n = sizeof(struct key) - ofs;

    memset((uint8_t *)&k->m.flow.key + ofs, 0, n);
    memset((uint8_t *)&k->m.mask.key + ofs, 0, n);
    k->n_below = 0;
}
