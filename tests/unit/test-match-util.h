/* test-match-util.h - random values, and matches that give a field what it needs; for the tests of
 * ofp/match.h. */
#pragma once

#include "ofp/match.h"

static inline uint64_t rnd(void)
{
    static uint64_t x = 88172645463325252;
    x ^= x << 13;
    x ^= x >> 7;
    return x ^= x << 17;
}

/* A value the field may have, not zero unless it must. */
static inline void random_value(const struct field *f, struct field_value *v)
{
    do {
        memset(v, 0, sizeof *v);
        for (unsigned i = 0; i < f->n_bytes && i < FIELD_VALUE_MAX; i++) {
            v->b[i] = (uint8_t)rnd();
        }
        if (f->size && f->size <= 8 && f->format != FMT_PORT10) {
            field_value_from_u64(f, field_value_to_u64(f, v) & f->store >> f->shift, v);
        }
        if (f->format == FMT_PORT || f->format == FMT_PORT10) {
            field_value_from_u64(f, 1 + rnd() % 0xfeff, v);
        } else if (f->id == MF_VLAN_VID) {
            v->b[0] |= 0x10;
        } else if (f->id == MF_NSH_MDTYPE) {
            v->b[0] = 1 + (v->b[0] & 1);
        } else if (f->id == MF_PACKET_TYPE) {
            field_value_from_u64(f, 0x00010800, v);
        }
    } while (!field_value_ok(f, v) || is_all_zeros(v, sizeof *v));
}

static inline void match_set_u64(struct match *m, enum field_id id, uint64_t value)
{
    struct field_value v, ones;
    field_value_from_u64(&fields[id], value, &v);
    field_value_ones(&fields[id], &ones);
    field_set_match(&fields[id], &v, &ones, m);
}

/* The smallest match in which a field with this prerequisite may stand. */
static inline void prereq_match(enum field_prereq p, struct match *m)
{
    static const struct {
        uint16_t eth_type;
        uint8_t proto, type;
    } need[PREREQ_N] = {
        [PREREQ_ARP] = {0x0806, 0, 0},          [PREREQ_IPV4] = {0x0800, 0, 0},
        [PREREQ_IPV6] = {0x86dd, 0, 0},         [PREREQ_IP_ANY] = {0x86dd, 0, 0},
        [PREREQ_MPLS] = {0x8847, 0, 0},         [PREREQ_TCP] = {0x0800, 6, 0},
        [PREREQ_UDP] = {0x86dd, 17, 0},         [PREREQ_SCTP] = {0x0800, 132, 0},
        [PREREQ_ICMPV4] = {0x0800, 1, 0},       [PREREQ_ICMPV6] = {0x86dd, 58, 0},
        [PREREQ_ND] = {0x86dd, 58, 135},        [PREREQ_ND_SOLICIT] = {0x86dd, 58, 135},
        [PREREQ_ND_ADVERT] = {0x86dd, 58, 136}, [PREREQ_NSH] = {0x894f, 0, 0},
        [PREREQ_PBB] = {0x88e7, 0, 0},
    };
    match_init(m);
    if (need[p].eth_type) {
        match_set_u64(m, MF_ETH_TYPE, need[p].eth_type);
    }
    if (need[p].proto) {
        match_set_u64(m, MF_NW_PROTO, need[p].proto);
    }
    if (need[p].type) {
        match_set_u64(m, MF_ICMPV6_TYPE, need[p].type);
    }
    if (p == PREREQ_VLAN_VID) {
        match_set_u64(m, MF_VLAN_VID, 0x1005);
    } else if (p == PREREQ_IN_PORT) {
        match_set_u64(m, MF_IN_PORT_OXM, 5);
    } else if (p == PREREQ_CT) {
        m->flow.key.ct_state = m->mask.key.ct_state = htonl(CS_TRK | CS_EST);
    }
}

/* A random match of one field and what it needs; 'masked' where the field can be. */
static inline void random_match(const struct field *f, bool masked, struct match *m)
{
    struct field_value value, mask;

    prereq_match(f->prereq, m);
    random_value(f, &value);
    if (masked && f->maskable == MASK_BIT) {
        do {
            random_value(f, &mask);
        } while (f->id == MF_CT_STATE && field_value_to_u64(f, &mask) > CS_ALL);
    } else {
        field_value_ones(f, &mask);
    }
    field_set_match(f, &value, &mask, m);
}
