/* field_seeds.c - see field_seeds.h.  Values are patterns, so that the seeds are always the same.
 */
#include "tests/fuzz/field_seeds.h"

#include <stdlib.h>

#include "lib/mem.h"

/* How to make each prerequisite true: a field and its value, and what has to be true before. */
static const struct {
    enum field_id field;
    enum field_prereq parent;
    uint64_t value;
} prereqs[] = {
#define PROTO(ID, TEXT, PARENT, FIELD, VALUE1, VALUE2) {MF_##FIELD, PREREQ_##PARENT, VALUE1},
#include "lib/packet/protocols.def"
};

static void match_exactly(struct match *m, enum field_id id, uint64_t v)
{
    const struct field *f = &fields[id];
    struct field_value value, ones;

    field_value_from_u64(f, v, &value);
    field_value_ones(f, &ones);
    field_set_match(f, &value, &ones, m);
}

static void satisfy(struct match *m, const struct field *f)
{
    bool ip6 = strstr(f->name, "v6") != NULL;

    for (enum field_prereq p = f->prereq; p != PREREQ_NONE; p = prereqs[p].parent) {
        if (p == PREREQ_VLAN_VID) {
            match_exactly(m, MF_VLAN_VID, 0x1005);
        } else if (p == PREREQ_CT) {
            match_exactly(m, MF_ETH_TYPE, ip6 ? 0x86dd : 0x0800);
            match_exactly(m, MF_CT_STATE, 0x21); /* +new+trk */
            if (f->id == MF_CT_TP_SRC || f->id == MF_CT_TP_DST) {
                match_exactly(m, MF_CT_NW_PROTO, 6);
            }
        } else if (p == PREREQ_IN_PORT) {
            match_exactly(m, MF_IN_PORT_OXM, 1);
        } else if (prereqs[p].field != MF_N_IDS) {
            match_exactly(m, prereqs[p].field, prereqs[p].value);
        }
    }
}

/* A value that the field may have. */
static void choose(const struct field *f, struct field_value *value)
{
    memset(value, 0, sizeof *value);
    if (f->format == FMT_PORT || f->format == FMT_PORT10) {
        field_value_from_u64(f, 1, value);
        return;
    }
    if (f->id == MF_VLAN_VID) {
        field_value_from_u64(f, 0x1005, value); /* With the bit that says: a tag. */
        return;
    }
    for (unsigned pattern = 0xa5; pattern; pattern >>= 1) {
        for (unsigned i = 0; i < f->n_bits; i++) {
            if (pattern & BIT(i % 8)) {
                value->b[f->n_bytes - 1 - i / 8] |= (uint8_t)BIT(i % 8);
            } else {
                value->b[f->n_bytes - 1 - i / 8] &= (uint8_t)~BIT(i % 8);
            }
        }
        if (f->size && f->size <= 8 && f->format != FMT_PORT10) {
            uint64_t room = f->store >> f->shift; /* Less than n_bits: arp_op. */
            field_value_from_u64(f, field_value_to_u64(f, value) & room, value);
        }
        if (field_value_ok(f, value)) {
            return;
        }
    }
}

static char *make_acts(const struct field *f, const struct field_value *value, struct acts *acts)
{
    struct text t = TEXT_INIT;

    text_printf(&t, f->access == ACCESS_CT ? "ct(commit,exec(set_field:" : "set_field:");
    field_format(f, value, NULL, NULL, &t);
    text_printf(&t, "->%s%s", f->name, f->access == ACCESS_CT ? "))" : "");
    char *error = acts_parse(t.s, NULL, true, acts);
    text_deinit(&t);
    return error;
}

/* Is it what it should be: a message that the codec takes? */
static char *check(const struct field *f, const void *msg, size_t len)
{
    struct flow_mod back;
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    enum ofp_error error = msg_decode_header(&r, &h);
    if (!error) {
        error = flow_mod_decode(&r, &h, NULL, &back);
    }
    if (error) {
        return xasprintf("%s: the codec does not take its own FLOW_MOD: %s", f->name,
                         ofp_error_name(error));
    }
    flow_mod_deinit(&back);
    return NULL;
}

char *field_seeds(void (*emit)(void *aux, const void *msg, size_t len), void *aux)
{
    char *error = NULL;

    for (const struct field *f = fields; f < fields + MF_N_IDS && !error; f++) {
        struct flow_mod fm = {.command = FM_ADD, .buffer_id = OFP_NO_BUFFER};
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        struct field_value value, ones;
        if ((!f->size && !field_is_tun(f)) || !field_codepoint(f, OFP13_VERSION)) {
            continue;
        }
        match_init(&fm.match);
        satisfy(&fm.match, f);
        choose(f, &value);
        field_value_ones(f, &ones);
        field_set_match(f, &value, &ones, &fm.match);
        /* The standard's OXM_OF_IN_PORT may be loaded, but not be the argument of Set-Field. */
        if (f->access != ACCESS_RO && f->id != MF_IN_PORT_OXM) {
            error = make_acts(f, &value, &fm.acts);
        }
        if (!error) {
            flow_mod_encode(&fm, PROTOCOL_OF13, 0, &w);
            error = check(f, w.data, w.len);
        }
        if (!error) {
            emit(aux, w.data, w.len);
        }
        flow_mod_deinit(&fm);
        wire_wr_deinit(&w);
    }
    return error;
}
