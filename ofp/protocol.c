/* protocol.c - see protocol.h. */
#include "ofp/protocol.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

/* ---- names ---- */

/* In the order of output: groups first, each taken where all of it is left. */
static const struct {
    const char *name;
    uint32_t set;
} names[] = {
    {"any", PROTOCOL_ANY},
    {"OpenFlow10", PROTOCOL_OF10_ALL},
    {"NXM", PROTOCOL_NXM_ALL},
    {"OXM", PROTOCOL_OXM},
    {"OpenFlow10-table_id", PROTOCOL_OF10},
    {"OpenFlow10+table_id", PROTOCOL_OF10_TID},
    {"NXM-table_id", PROTOCOL_NXM},
    {"NXM+table_id", PROTOCOL_NXM_TID},
    {"OpenFlow11", PROTOCOL_OF11},
    {"OXM-OpenFlow12", PROTOCOL_OF12},
    {"OXM-OpenFlow13", PROTOCOL_OF13},
    {"OXM-OpenFlow14", PROTOCOL_OF14},
    {"OXM-OpenFlow15", PROTOCOL_OF15},
};

uint32_t protocol_of_version(uint8_t version)
{
    static const uint32_t sets[] = {
        0,
        PROTOCOL_OF10_ALL | PROTOCOL_NXM_ALL,
        PROTOCOL_OF11,
        PROTOCOL_OF12,
        PROTOCOL_OF13,
        PROTOCOL_OF14,
        PROTOCOL_OF15,
    };
    return version < ARRAY_SIZE(sets) ? sets[version] : 0;
}

uint32_t protocol_plain(uint8_t version)
{
    uint32_t set = protocol_of_version(version);
    return set & -set; /* The lowest. */
}

uint8_t protocol_version(uint32_t protocol)
{
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        if (protocol_of_version(v) & protocol) {
            return v;
        }
    }
    return 0; /* None: encoders fail. */
}

void protocol_format(uint32_t set, struct text *t)
{
    bool first = true;

    if (!set) {
        text_puts(t, "none");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if ((set & names[i].set) == names[i].set) {
            text_printf(t, "%s%s", first ? "" : ",", names[i].name);
            set &= ~names[i].set;
            first = false;
        }
    }
}

static uint32_t find_name(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcasecmp(word, names[i].name)) {
            return names[i].set;
        }
    }
    return 0;
}

char *protocol_parse(const char *list, uint32_t *set)
{
    char *copy = xstrdup(list), *state = NULL, *error = NULL;

    *set = 0;
    for (char *w = strtok_r(copy, " ,\t", &state); w && !error;
         w = strtok_r(NULL, " ,\t", &state)) {
        uint32_t one = find_name(w);
        error = one ? NULL : xasprintf("%s: unknown flow protocol", w);
        *set |= one;
    }
    if (!error && !*set) {
        error = xasprintf("%s: no flow protocol specified", list);
    }
    free(copy);
    return error;
}

/* ---- what they carry ---- */

#define EXTENSIBLE (PROTOCOL_NXM_ALL | PROTOCOL_OXM)
#define NOT_OF10   (EXTENSIBLE | PROTOCOL_OF11)

/* The fields that the fixed matches of 1.0 and 1.1 have: whole, by prefix, by any mask.  All others
 * need an extensible match. */
static const struct {
    enum field_id id;
    uint32_t exact, prefix, masked;
} fixed_fields[] = {
    {MF_IN_PORT, PROTOCOL_ANY, PROTOCOL_ANY, PROTOCOL_ANY},
    {MF_IN_PORT_OXM, NOT_OF10, NOT_OF10, NOT_OF10},
    {MF_METADATA, NOT_OF10, NOT_OF10, NOT_OF10},
    {MF_ETH_SRC, PROTOCOL_ANY, NOT_OF10, NOT_OF10},
    {MF_ETH_DST, PROTOCOL_ANY, NOT_OF10, NOT_OF10},
    {MF_ETH_TYPE, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_VLAN_TCI, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_DL_VLAN, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_VLAN_VID, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_DL_VLAN_PCP, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_VLAN_PCP, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_MPLS_LABEL, NOT_OF10, EXTENSIBLE, EXTENSIBLE},
    {MF_MPLS_TC, NOT_OF10, EXTENSIBLE, EXTENSIBLE},
    {MF_IP_SRC, PROTOCOL_ANY, PROTOCOL_ANY, NOT_OF10},
    {MF_IP_DST, PROTOCOL_ANY, PROTOCOL_ANY, NOT_OF10},
    {MF_NW_PROTO, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_NW_TOS, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_IP_DSCP, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_NW_ECN, NOT_OF10, EXTENSIBLE, EXTENSIBLE},
    {MF_ARP_OP, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_ARP_SPA, PROTOCOL_ANY, PROTOCOL_ANY, NOT_OF10},
    {MF_ARP_TPA, PROTOCOL_ANY, PROTOCOL_ANY, NOT_OF10},
    {MF_TCP_SRC, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_TCP_DST, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_UDP_SRC, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_UDP_DST, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_SCTP_SRC, NOT_OF10, EXTENSIBLE, EXTENSIBLE},
    {MF_SCTP_DST, NOT_OF10, EXTENSIBLE, EXTENSIBLE},
    {MF_ICMP_TYPE, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
    {MF_ICMP_CODE, PROTOCOL_ANY, EXTENSIBLE, EXTENSIBLE},
};

/* Ones, then zeros. */
static bool is_prefix(const uint8_t *mask, size_t n)
{
    size_t i = 0;

    while (i < n && mask[i] == 0xff) {
        i++;
    }
    if (i == n) {
        return true;
    }
    unsigned zeros = (uint8_t)~mask[i];
    return !(zeros & (zeros + 1)) && is_all_zeros(mask + i + 1, n - i - 1);
}

uint32_t protocol_of_field(const struct field *f, const struct field_value *mask)
{
    struct field_value ones;

    if (is_all_zeros(mask->b, sizeof mask->b)) {
        return PROTOCOL_ANY;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fixed_fields); i++) {
        if (fixed_fields[i].id == f->id) {
            field_value_ones(f, &ones);
            return !memcmp(mask, &ones, f->n_bytes) ? fixed_fields[i].exact
                   : is_prefix(mask->b, f->n_bytes) ? fixed_fields[i].prefix
                                                    : fixed_fields[i].masked;
        }
    }
    return EXTENSIBLE;
}

uint32_t protocol_of_match(const struct match *m)
{
    const struct key *mask = &m->mask.key;

    /* Behind IPv6 the fixed matches have nothing. */
    return mask->eth_type == UINT16_MAX && m->flow.key.eth_type == htons(0x86dd) &&
                   (mask->ip_proto || mask->ip_tos || mask->tp_src || mask->tp_dst)
               ? EXTENSIBLE
               : PROTOCOL_ANY;
}

/* Only the set_field of the text is bound to what the field can be matched by: the other words
 * have wire forms of their own. */
static uint32_t of_set_field(const struct act_set_field *a)
{
    struct field_value ones;

    if (a->act.raw && a->act.raw != RAW_SET_FIELD && a->act.raw != RAW_REG_LOAD2) {
        return PROTOCOL_ANY;
    }
    field_value_ones(a->field, &ones);
    return protocol_of_field(a->field, &ones);
}

uint32_t protocol_of_acts(const void *acts, size_t len)
{
    uint32_t set = PROTOCOL_ANY;
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        const void *p = a;
        switch ((enum act_type)a->type) {
        case ACT_SET_FIELD:
            set &= of_set_field(p);
            break;
        case ACT_CT: /* Nested lists hold no lists: act_verify(). */
            set &= protocol_of_acts(act_ct_nested(p), ((const struct act_ct *)p)->nested_len);
            break;
        case ACT_WRITE_ACTIONS:
        case ACT_CLONE: /* Not deeper than ACT_MAX_DEPTH. */
            set &= protocol_of_acts(act_write_actions_nested(p),
                                    ((const struct act_write_actions *)p)->nested_len);
            break;
        case ACT_PUSH_VLAN:
            set &= PROTOCOL_OF11_UP;
            break;
        case ACT_WRITE_METADATA:
            set &= NOT_OF10;
            break;
        case ACT_METER:
        case ACT_ENCAP:
            set &= PROTOCOL_OF13_UP;
            break;
        default:
            break;
        }
    }
    return set;
}
