/* table_features.c - see switch.h: what a table can do, derived from the rows of fields.def and
 * actions.def (OpenFlow 1.3.5 section 7.3.5.5).  All tables are alike but for the tables that may
 * follow; the table-miss entry can do what others can, so the _MISS properties are left out. */
#include "ofp/match.h"
#include "ofp/switch.h"

enum table_prop {
    PROP_INSTRUCTIONS = 0,
    PROP_NEXT_TABLES = 2,
    PROP_WRITE_ACTIONS = 4,
    PROP_APPLY_ACTIONS = 6,
    PROP_MATCH = 8,
    PROP_WILDCARDS = 10,
    PROP_WRITE_SETFIELD = 12,
    PROP_APPLY_SETFIELD = 14,
};

#define N     0xffff /* No number in that version. */
#define YES   true
#define NO    false
#define FIRST OFP13_VERSION
#define LAST  OFP14_VERSION

/* Do we execute it, and may it be in an action set? */
static const struct {
    bool exec, in_set;
} types[] = {
#define ACT(ID, STRUCT, NAME, EXEC, RANK, SLOT) \
    [ACT_##ID] = {EXEC, sizeof(#SLOT) != sizeof "NONE" || #SLOT[0] != 'N'},
#include "ofp/actions.def"
};

enum { ACT_NONE = ACT_N_TYPES, ACT_APPLY_ACTIONS };

/* Standard actions by version, from 1.3.  What has no number in 1.5 is left from 1.1 (the
 * mod_* family, for which 1.2 has set_field) and is understood but not advertised. */
static const struct {
    uint16_t type, number[2], number15;
} actions[] = {
#define ACT_WIRE(ID, NAME, TYPE, OF10, OF11, OF12, OF13, OF14, OF15, ...) \
    {ACT_##TYPE, {OF13, OF14}, OF15},
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

static size_t prop_start(struct wire_wr *w, enum table_prop prop)
{
    size_t start = w->len;
    wire_wr_u16(w, (uint16_t)prop);
    wire_wr_u16(w, 0);
    return start;
}

static void prop_finish(struct wire_wr *w, size_t start)
{
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
    wire_wr_pad(w, start, 8);
}

static void put_instructions(const struct table_features *tf, struct wire_wr *w)
{
    size_t start = prop_start(w, PROP_INSTRUCTIONS);
    for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
        uint16_t type = instructions[i].type;
        bool last = tf->table_id + 1 >= tf->n_tables;
        if ((type < ACT_N_TYPES && !types[type].exec) || (type == ACT_GOTO_TABLE && last)) {
            continue;
        }
        wire_wr_u16(w, instructions[i].number);
        wire_wr_u16(w, 4);
    }
    prop_finish(w, start);
}

static void put_next_tables(const struct table_features *tf, struct wire_wr *w)
{
    size_t start = prop_start(w, PROP_NEXT_TABLES);
    for (unsigned next = tf->table_id + 1u; next < tf->n_tables; next++) {
        wire_wr_u8(w, (uint8_t)next);
    }
    prop_finish(w, start);
}

static void put_actions(enum table_prop prop, uint8_t version, struct wire_wr *w)
{
    size_t start = prop_start(w, prop);
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        uint16_t type = actions[i].type;
        uint16_t number = actions[i].number[version - FIRST];
        if (type < ACT_N_TYPES && types[type].exec && number != 0xffff &&
            actions[i].number15 != 0xffff && (prop == PROP_APPLY_ACTIONS || types[type].in_set)) {
            wire_wr_u16(w, number);
            wire_wr_u16(w, 4);
        }
    }
    prop_finish(w, start);
}

static void put_fields(enum table_prop prop, uint8_t version, struct wire_wr *w)
{
    size_t start = prop_start(w, prop);
    for (int i = 0; i < MF_N_IDS; i++) {
        const struct field *f = &fields[i];
        bool set = prop == PROP_WRITE_SETFIELD || prop == PROP_APPLY_SETFIELD;
        bool can = set ? f->size && f->access == ACCESS_RW : f->size || field_is_tun(f);
        if (can && field_codepoint(f, version)) {
            tlv_header_encode(f, version, prop == PROP_MATCH && f->maskable == MASK_BIT, w);
        }
    }
    prop_finish(w, start);
}

void table_features_encode(const struct table_features *tf, uint8_t version, struct wire_wr *w)
{
    if (!msg_version_in(version, FIRST, LAST)) {
        w->err = true;
        return;
    }
    size_t start = w->len;
    wire_wr_u16(w, 0);
    wire_wr_u8(w, tf->table_id);
    wire_wr_zeros(w, 5);
    char name[32] = "";
    memcpy(name, tf->name, strnlen(tf->name, sizeof name - 1));
    wire_wr_bytes(w, name, sizeof name);
    wire_wr_u64(w, UINT64_MAX); /* Metadata that can be matched, and written. */
    wire_wr_u64(w, UINT64_MAX);
    wire_wr_u32(w, 0); /* Configuration: 1.3 has only deprecated bits. */
    wire_wr_u32(w, tf->max_entries);
    put_instructions(tf, w);
    put_next_tables(tf, w);
    put_actions(PROP_WRITE_ACTIONS, version, w);
    put_actions(PROP_APPLY_ACTIONS, version, w);
    put_fields(PROP_MATCH, version, w);
    put_fields(PROP_WILDCARDS, version, w);
    put_fields(PROP_WRITE_SETFIELD, version, w);
    put_fields(PROP_APPLY_SETFIELD, version, w);
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}
