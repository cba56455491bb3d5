/* act_learn.c - NXAST_LEARN and NXAST_LEARN2 on the wire, and whether what they learn would be a
 * valid flow; see act-private.h.
 *
 * A specification is a header of 16 bits, a source and (but for outputs) a destination.  Fields are
 * named by NXM headers of four bytes in every version.  Ranges, prerequisites and read-only fields
 * are left to the check against the match, so that whatever a peer sends can be printed. */
#include "ofp/act-private.h"

#define N_BITS_MASK   0x07ff
#define KIND_SHIFT    11
#define KIND_MASK     3
#define SRC_IMMEDIATE 0x2000

#define FLAG_RESULT 0x4 /* NXAST_LEARN2: the header of a field follows. */
#define FLAGS_LEARN (LEARN_SEND_FLOW_REM | LEARN_DELETE_LEARNED)

static size_t imm_wire_size(unsigned n_bits)
{
    return DIV_ROUND_UP(n_bits, 16) * 2;
}

/* ---- decode ---- */

static enum ofp_error decode_subfield(const struct act_decoder *d, struct wire_rd *r,
                                      unsigned n_bits, struct subfield *sf)
{
    enum ofp_error error = act_decode_header4(d, r, &sf->field);

    sf->ofs = wire_rd_u16(r);
    sf->n_bits = n_bits;
    return error;
}

static enum ofp_error decode_spec(const struct act_decoder *d, uint16_t header, struct wire_rd *r)
{
    unsigned n_bits = header & N_BITS_MASK, kind = header >> KIND_SHIFT & KIND_MASK;
    bool imm = header & SRC_IMMEDIATE;
    size_t imm_len = imm ? DIV_ROUND_UP(n_bits, 8) : 0, size = imm_wire_size(n_bits);
    struct act_learn_spec spec = {.kind = (uint8_t)kind, .n_bits = (uint16_t)n_bits};
    enum ofp_error error = OFPERR_OK;

    if (kind > LEARN_OUTPUT || (kind == LEARN_OUTPUT && imm)) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    if (wire_rd_left(r) < (imm ? size : 6) + (kind == LEARN_OUTPUT ? 0 : 6)) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    const uint8_t *bytes = r->p + size - imm_len; /* Right-aligned. */
    if (imm) {
        wire_rd_skip(r, size);
    } else {
        error = decode_subfield(d, r, n_bits, &spec.src);
    }
    if (!error && kind != LEARN_OUTPUT) {
        error = decode_subfield(d, r, n_bits, &spec.dst);
    }
    if (error) {
        return error;
    }
    struct act_learn_spec *s = acts_put(d->out, ACT_LEARN, sizeof *s + imm_len);
    s->src = spec.src;
    s->dst = spec.dst;
    s->n_bits = spec.n_bits;
    s->kind = spec.kind;
    memcpy(s->imm, bytes, imm_len);
    return OFPERR_OK;
}

/* To the end, or to a header of zero, behind which all must be zero. */
static enum ofp_error decode_specs(const struct act_decoder *d, struct wire_rd *r)
{
    while (wire_rd_left(r) >= 2) {
        uint16_t header = wire_rd_u16(r);
        if (!header) {
            return is_all_zeros(r->p, wire_rd_left(r)) ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
        }
        enum ofp_error error = decode_spec(d, header, r);
        if (error) {
            return error;
        }
    }
    return OFPERR_OK;
}

/* What NXAST_LEARN2 has more. */
static enum ofp_error decode_learn2(const struct act_decoder *d, bool has_result, struct wire_rd *r,
                                    struct act_learn *l)
{
    l->limit = wire_rd_u32(r);
    l->result.ofs = wire_rd_u16(r);
    if (wire_rd_u16(r)) {
        return OFPERR_NXBAC_MUST_BE_ZERO;
    }
    if (!has_result) {
        return l->result.ofs ? OFPERR_OFPBAC_BAD_ARGUMENT : OFPERR_OK;
    }
    l->result.n_bits = 1;
    enum ofp_error error = act_decode_header(d, r, &l->result.field);
    return error                                  ? error
           : l->result.field->access == ACCESS_RO ? OFPERR_OFPBAC_BAD_SET_ARGUMENT
                                                  : OFPERR_OK;
}

static enum ofp_error decode_fixed(const struct act_decoder *d, bool second, struct wire_rd *r,
                                   struct act_learn *l)
{
    unsigned allowed = FLAGS_LEARN | (second ? FLAG_RESULT : 0);

    l->idle_timeout = wire_rd_u16(r);
    l->hard_timeout = wire_rd_u16(r);
    l->priority = wire_rd_u16(r);
    l->cookie = wire_rd_u64(r);
    unsigned flags = wire_rd_u16(r);
    l->flags = (uint8_t)(flags & FLAGS_LEARN);
    l->table = wire_rd_u8(r);
    uint8_t pad = wire_rd_u8(r);
    l->fin_idle_timeout = wire_rd_u16(r);
    l->fin_hard_timeout = wire_rd_u16(r);
    if (pad || l->table == OFPTT_ALL || flags & ~allowed) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    return second ? decode_learn2(d, flags & FLAG_RESULT, r, l) : OFPERR_OK;
}

enum ofp_error act_dec_learn(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    size_t ofs = act_nest_begin(d->out, ACT_LEARN, sizeof(struct act_learn));
    bool second = row == &act_wires[RAW_LEARN2];
    struct act_learn l;

    memset(&l, 0, sizeof l);
    l.act.type = ACT_LEARN;
    l.act.raw = second ? RAW_LEARN2 : RAW_NONE;
    enum ofp_error error = decode_fixed(d, second, r, &l);
    memcpy((char *)d->out->data + ofs, &l, sizeof l);
    if (!error) {
        error = decode_specs(d, r);
    }
    if (!error && !act_nest_end(d->out, ofs, sizeof l)) {
        error = OFPERR_OFPBAC_TOO_MANY;
    }
    return error;
}

/* ---- encode ---- */

static void encode_subfield(const struct subfield *sf, struct wire_wr *w)
{
    act_encode_header4(sf->field, w);
    wire_wr_u16(w, (uint16_t)sf->ofs);
}

static void encode_spec(const struct act_learn_spec *s, struct wire_wr *w)
{
    wire_wr_u16(w, (uint16_t)(s->n_bits | (unsigned)s->kind << KIND_SHIFT |
                              (s->src.field ? 0 : SRC_IMMEDIATE)));
    if (s->src.field) {
        encode_subfield(&s->src, w);
    } else {
        size_t n = DIV_ROUND_UP(s->n_bits, 8u);
        wire_wr_zeros(w, imm_wire_size(s->n_bits) - n);
        wire_wr_bytes(w, s->imm, n);
    }
    if (s->dst.field) {
        encode_subfield(&s->dst, w);
    }
}

void act_enc_learn(const struct act *a, const struct act_wire *row, uint8_t version UNUSED,
                   struct wire_wr *w)
{
    const struct act_learn *l = (const void *)a;
    const struct act *s;

    wire_wr_u16(w, l->idle_timeout);
    wire_wr_u16(w, l->hard_timeout);
    wire_wr_u16(w, l->priority);
    wire_wr_u64(w, l->cookie);
    wire_wr_u16(w, (uint16_t)(l->flags | (l->result.field ? FLAG_RESULT : 0)));
    wire_wr_u8(w, l->table);
    wire_wr_u8(w, 0);
    wire_wr_u16(w, l->fin_idle_timeout);
    wire_wr_u16(w, l->fin_hard_timeout);
    if (row == &act_wires[RAW_LEARN2]) {
        wire_wr_u32(w, l->limit);
        wire_wr_u16(w, (uint16_t)l->result.ofs);
        wire_wr_u16(w, 0);
        if (l->result.field) {
            tlv_header_encode(l->result.field, ACT_NX_HEADERS, false, w);
        }
    }
    ACT_FOR_EACH(s, act_learn_specs(l), l->nested_len) {
        encode_spec((const struct act_learn_spec *)(const void *)s, w);
    }
}

/* ---- check ---- */

static enum ofp_error check_read(const struct subfield *sf, const struct match *m)
{
    enum ofp_error error = act_check_range(sf);
    return error                           ? error
           : field_prereq_ok(sf->field, m) ? OFPERR_OK
                                           : OFPERR_OFPBAC_MATCH_INCONSISTENT;
}

/* A learned flow that matches an immediate value: what is matched so far is kept. */
static void add_match(const struct act_learn_spec *s, struct match *m)
{
    const struct field *f = s->dst.field;
    struct field_value value, mask, ones;
    unsigned imm_len = DIV_ROUND_UP(s->n_bits, 8u);

    if (f->n_bytes > FIELD_VALUE_MAX) {
        return; /* Nothing has it for a prerequisite. */
    }
    field_get(f, &m->flow, &value);
    field_get(f, &m->mask, &mask);
    memset(ones.b, 0xff, sizeof ones.b);
    bits_copy(s->imm, imm_len, 0, value.b, f->n_bytes, s->dst.ofs, s->n_bits);
    bits_copy(ones.b, sizeof ones.b, 0, mask.b, f->n_bytes, s->dst.ofs, s->n_bits);
    field_set_match(f, &value, &mask, m);
}

enum ofp_error act_learn_check(const struct act_learn *l, const struct match *m)
{
    const struct act *a;
    struct match learned;

    match_init(&learned);
    ACT_FOR_EACH(a, act_learn_specs(l), l->nested_len) {
        const struct act_learn_spec *s = (const void *)a;
        enum ofp_error error = s->src.field ? check_read(&s->src, m) : OFPERR_OK;
        if (!error && s->dst.field) {
            error = check_read(&s->dst, &learned);
        }
        if (!error && s->kind == LEARN_LOAD && s->dst.field->access == ACCESS_RO) {
            error = OFPERR_OFPBAC_BAD_SET_ARGUMENT;
        }
        if (error) {
            return error;
        }
        if (s->kind == LEARN_MATCH && !s->src.field) {
            add_match(s, &learned);
        }
    }
    return l->result.field ? act_check_range(&l->result) : OFPERR_OK;
}
