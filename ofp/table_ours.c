/* table_ours.c - see table_features.h: what our tables can do, derived from the rows of fields.def
 * and actions.def; and the names of standard actions, by version.  The table-miss entry can do what
 * others can. */
#include "ofp/act-private.h"
#include "ofp/table_features.h"

#define N     -1 /* No number in that version. */
#define YES   true
#define NO    false
#define FIRST OFP13_VERSION /* Below, replies have no room for it. */

/* Do we execute it, and may it be in an action set? */
static const struct {
    bool exec, in_set;
} types[] = {
#define ACT(ID, STRUCT, NAME, EXEC, RANK, SLOT) \
    [ACT_##ID] = {EXEC, sizeof(#SLOT) != sizeof "NONE" || #SLOT[0] != 'N'},
#include "ofp/actions.def"
};

enum { ACT_NONE = ACT_N_TYPES, ACT_APPLY_ACTIONS };

/* Wire forms of actions, with their numbers by version. */
static const struct {
    uint16_t type;
    int8_t number[OFP15_VERSION];
} actions[RAW_N] = {
#define ACT_WIRE(ID, NAME, TYPE, OF10, OF11, OF12, OF13, OF14, OF15, ...) \
    [RAW_##ID] = {ACT_##TYPE, {OF10, OF11, OF12, OF13, OF14, OF15}},
#include "ofp/actions.def"
};

static const struct {
    uint16_t type, number;
} instructions[] = {
#define ACT_INST(ID, NAME, NUMBER, ...) {ACT_##ID, NUMBER},
#include "ofp/actions.def"
};
#undef N
#undef YES
#undef NO

/* What has no number in 1.5 is left from 1.1 (the mod_* family, for which 1.2 has set_field) and is
 * understood but not advertised. */
static uint32_t our_actions(bool in_set, uint8_t version)
{
    uint32_t bits = 0;

    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        uint16_t type = actions[i].type;
        int number = actions[i].number[version - 1];
        if (type < ACT_N_TYPES && types[type].exec && number >= 0 && number < 32 &&
            actions[i].number[OFP15_VERSION - 1] >= 0 && (!in_set || types[type].in_set)) {
            bits |= BIT(number);
        }
    }
    return bits;
}

static uint32_t our_instructions(bool last_table)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
        uint16_t type = instructions[i].type;
        if ((type >= ACT_N_TYPES || types[type].exec) && (type != ACT_GOTO_TABLE || !last_table)) {
            bits |= BIT(instructions[i].number);
        }
    }
    return bits;
}

void table_features_ours(struct table_features *tf, uint8_t table_id, uint8_t n_tables,
                         uint8_t version)
{
    memset(tf, 0, sizeof *tf);
    tf->table_id = table_id;
    tf->metadata_match = tf->metadata_write = UINT64_MAX;
    tf->has_capabilities = version >= OFP14_VERSION;
    tf->has_props = true;
    struct table_instruction_features *f = &tf->hit;
    f->instructions = our_instructions(table_id + 1 >= n_tables);
    for (unsigned next = table_id + 1u; next < n_tables; next++) {
        f->next[next / 8] |= (uint8_t)BIT(next % 8);
    }
    f->write.actions = our_actions(true, version);
    f->apply.actions = our_actions(false, version);
    for (int i = 0; i < MF_N_IDS; i++) {
        if (!fields[i].size || !field_codepoint(&fields[i], version)) {
            continue;
        }
        field_set_add(&tf->match, i);
        field_set_add(&tf->wildcard, i);
        if (fields[i].maskable == MASK_BIT) {
            field_set_add(&tf->mask, i);
        }
        if (fields[i].access == ACCESS_RW) {
            field_set_add(&f->write.set_field, i);
        }
    }
    f->apply.set_field = f->write.set_field;
    tf->miss = tf->hit;
}

/* In the order of print.  LAST: versions beyond have a number for compatibility only. */
static const struct {
    uint16_t raw;
    const char *name;
    uint8_t last;
} action_names[] = {
    {RAW_OUTPUT_10, "output", OFP10_VERSION},
    {RAW_OUTPUT_11, "output", OFP15_VERSION},
    {RAW_GROUP, "group", OFP15_VERSION},
    {RAW_ENQUEUE, "enqueue", OFP10_VERSION},
    {RAW_SET_FIELD, "set_field", OFP15_VERSION},
    {RAW_SET_VLAN_VID, "set_vlan_vid", OFP11_VERSION},
    {RAW_SET_VLAN_PCP, "set_vlan_pcp", OFP11_VERSION},
    {RAW_STRIP_VLAN, "strip_vlan", OFP10_VERSION},
    {RAW_POP_VLAN, "strip_vlan", OFP15_VERSION},
    {RAW_PUSH_VLAN, "push_vlan", OFP15_VERSION},
    {RAW_SET_DL_SRC, "mod_dl_src", OFP11_VERSION},
    {RAW_SET_DL_DST, "mod_dl_dst", OFP11_VERSION},
    {RAW_SET_NW_SRC, "mod_nw_src", OFP11_VERSION},
    {RAW_SET_NW_DST, "mod_nw_dst", OFP11_VERSION},
    {RAW_SET_NW_TOS, "mod_nw_tos", OFP11_VERSION},
    {RAW_SET_NW_ECN, "mod_nw_ecn", OFP11_VERSION},
    {RAW_SET_NW_TTL, "mod_nw_ttl", OFP15_VERSION},
    {RAW_SET_TP_SRC, "mod_tp_src", OFP11_VERSION},
    {RAW_SET_TP_DST, "mod_tp_dst", OFP11_VERSION},
    {RAW_DEC_TTL, "dec_ttl", OFP15_VERSION},
    {RAW_SET_MPLS_LABEL, "set_mpls_label", OFP11_VERSION},
    {RAW_SET_MPLS_TC, "set_mpls_tc", OFP11_VERSION},
    {RAW_SET_MPLS_TTL, "set_mpls_ttl", OFP15_VERSION},
    {RAW_DEC_MPLS_TTL, "dec_mpls_ttl", OFP15_VERSION},
    {RAW_PUSH_MPLS, "push_mpls", OFP15_VERSION},
    {RAW_POP_MPLS, "pop_mpls", OFP15_VERSION},
    {RAW_COPY_TTL_OUT, "copy_ttl_out", OFP15_VERSION},
    {RAW_COPY_TTL_IN, "copy_ttl_in", OFP15_VERSION},
    {RAW_PUSH_PBB, "push_pbb", OFP15_VERSION},
    {RAW_POP_PBB, "pop_pbb", OFP15_VERSION},
    {RAW_SET_QUEUE, "set_queue", OFP15_VERSION},
};

uint32_t table_features_known_actions(uint8_t version)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < ARRAY_SIZE(action_names); i++) {
        int number = actions[action_names[i].raw].number[version - 1];
        bits |= number >= 0 && version <= action_names[i].last ? BIT(number) : 0;
    }
    return bits;
}

void table_features_format_actions(uint32_t bits, uint8_t version, struct text *s)
{
    bool any = false;

    for (size_t i = 0; i < ARRAY_SIZE(action_names); i++) {
        int number = actions[action_names[i].raw].number[version - 1];
        if (number >= 0 && version <= action_names[i].last && bits & BIT(number)) {
            text_printf(s, "%s%s", any ? " " : "", action_names[i].name);
            any = true;
        }
    }
    text_puts(s, any ? "" : "<none>");
}
