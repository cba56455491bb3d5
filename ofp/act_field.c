/* act_field.c - the actions that write fields: set_field in all its wire forms, move, and output to
 * the port that a field names.  See act-private.h.
 *
 * Inside there is one form, struct act_set_field: a value and a mask.  The wire form it came in as
 * stays in 'raw', so that it goes out the same way where the version still has it. */
#include "ofp/act-private.h"

/* ---- masks ---- */

static bool mask_bit(const struct field *f, const struct field_value *mask, unsigned bit)
{
    return mask->b[f->n_bytes - 1 - bit / 8] >> bit % 8 & 1;
}

bool act_mask_full(const struct field *f, const struct field_value *mask)
{
    return is_all_ones(mask->b, f->n_bytes);
}

void act_set_field_normalise(struct act_set_field *sf)
{
    for (size_t i = 0; i < sf->field->n_bytes; i++) {
        sf->value.b[i] &= sf->mask.b[i];
    }
}

bool act_set_field_run(const struct act_set_field *sf, unsigned *ofs, unsigned *n_bits,
                       uint64_t *value)
{
    const struct field *f = sf->field;
    unsigned end = f->n_bits;

    while (*ofs < end && !mask_bit(f, &sf->mask, *ofs)) {
        ++*ofs;
    }
    if (*ofs >= end) {
        return false;
    }
    unsigned n = 0;
    while (n < 64 && *ofs + n < end && mask_bit(f, &sf->mask, *ofs + n)) {
        n++;
    }
    be64 v = 0;
    bits_copy(sf->value.b, f->n_bytes, *ofs, &v, sizeof v, 0, n);
    *value = be64toh(v);
    *n_bits = n;
    return true;
}

/* ---- headers ---- */

/* Class and field number known, if of another length? */
static bool is_known_field(uint32_t header)
{
    for (size_t i = 0; i < MF_N_IDS; i++) {
        for (size_t j = 0; j < FIELD_MAX_CODEPOINTS; j++) {
            if (fields[i].cp[j].header && fields[i].cp[j].header >> 9 == header >> 9) {
                return true;
            }
        }
    }
    return false;
}

/* The error that an action gets where a match would get 'error'.  'cut': the payload is shorter
 * than the header says, which counts only where the header is right. */
static enum ofp_error action_error(enum ofp_error error, uint32_t header, bool cut)
{
    bool experimenter = header >> 16 == 0xffff;
    unsigned n = header & 0xff;

    if (cut && error == OFPERR_OK) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (experimenter ? n < 4 : !n) {
        return experimenter ? OFPERR_OFPBMC_BAD_LEN : OFPERR_OFPBAC_BAD_SET_TYPE;
    }
    switch (error) {
    case OFPERR_OFPBMC_BAD_FIELD:
        return is_known_field(header) ? OFPERR_OFPBAC_BAD_SET_LEN : OFPERR_OFPBAC_BAD_SET_TYPE;
    case OFPERR_OFPBMC_BAD_LEN:
        return OFPERR_OFPBAC_BAD_SET_LEN;
    case OFPERR_OFPBMC_BAD_MASK:
        return OFPERR_OFPBAC_BAD_SET_MASK;
    case OFPERR_OFPBMC_BAD_VALUE:
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    default:
        return error;
    }
}

static uint32_t peek_header(const struct wire_rd *r)
{
    return wire_rd_left(r) >= 4 ? get_be32(r->p) : 0;
}

/* ---- legacy actions: one fixed field ---- */

bool act_raw_is_legacy(uint8_t raw)
{
    return raw && act_wires[raw].field != ACT_FIELD_NONE && act_wires[raw].field != MF_TUN_ID;
}

static struct act_set_field *put_fixed(struct acts *out, const struct act_wire *row)
{
    struct act_set_field *sf = acts_put(out, ACT_SET_FIELD, sizeof *sf);
    sf->field = &fields[row->field];
    sf->act.raw = (uint8_t)(row - act_wires);
    /* One name for the two forms of MPLS actions. */
    if (sf->act.raw == RAW_NX_SET_MPLS_LABEL) {
        sf->act.raw = RAW_SET_MPLS_LABEL;
    } else if (sf->act.raw == RAW_NX_SET_MPLS_TC) {
        sf->act.raw = RAW_SET_MPLS_TC;
    }
    memset(sf->mask.b, 0xff, sf->field->n_bytes);
    return sf;
}

enum ofp_error act_dec_legacy(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct act_set_field *sf = put_fixed(d->out, row);

    if (row->vendor && sf->field->n_bytes == 4) {
        wire_rd_skip(r, 2);
    }
    wire_rd_copy(r, sf->value.b, sf->field->n_bytes);
    return field_value_ok(sf->field, &sf->value) ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
}

void act_enc_legacy(const struct act *a, const struct act_wire *row, uint8_t version UNUSED,
                    struct wire_wr *w)
{
    const struct act_set_field *sf = (const void *)a;

    if (row->vendor && sf->field->n_bytes == 4) {
        wire_wr_zeros(w, 2);
    }
    wire_wr_bytes(w, sf->value.b, sf->field->n_bytes);
}

/* The whole TOS byte, of which ECN must be zero. */
enum ofp_error act_dec_nw_tos(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    uint8_t tos = wire_rd_u8(r);

    if (tos & 3) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    put_fixed(d->out, row)->value.b[0] = tos >> 2;
    return OFPERR_OK;
}

void act_enc_nw_tos(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                    struct wire_wr *w)
{
    wire_wr_u8(w, (uint8_t)(((const struct act_set_field *)(const void *)a)->value.b[0] << 2));
}

enum ofp_error act_dec_tunnel(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    wire_rd_skip(r, 2);
    put_be64(put_fixed(d->out, row)->value.b, wire_rd_u32(r));
    return OFPERR_OK;
}

void act_enc_tunnel(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                    struct wire_wr *w)
{
    wire_wr_zeros(w, 2);
    wire_wr_bytes(w, ((const struct act_set_field *)(const void *)a)->value.b + 4, 4);
}

enum ofp_error act_dec_tunnel64(struct act_decoder *d, const struct act_wire *row,
                                struct wire_rd *r)
{
    wire_rd_skip(r, 6);
    put_be64(put_fixed(d->out, row)->value.b, wire_rd_u64(r));
    return OFPERR_OK;
}

void act_enc_tunnel64(const struct act *a, const struct act_wire *row UNUSED,
                      uint8_t version UNUSED, struct wire_wr *w)
{
    wire_wr_zeros(w, 6);
    wire_wr_bytes(w, ((const struct act_set_field *)(const void *)a)->value.b, 8);
}

/* ---- TLVs ---- */

/* A TLV to the end of 'r'; what follows must be zero. */
static enum ofp_error decode_tlv(struct act_decoder *d, struct wire_rd *r, uint8_t raw,
                                 bool may_mask)
{
    uint32_t header = peek_header(r);
    struct wire_rd peek = *r;
    struct act_set_field tmp = {.field = NULL};
    bool has_mask;
    enum ofp_error head = tlv_header_decode(&peek, d->h, &tmp.field, &has_mask);
    enum ofp_error error = tlv_decode(r, d->h, &tmp.field, &tmp.value, &tmp.mask, &has_mask);

    if (error == OFPERR_OFPBMC_BAD_WILDCARDS && !tmp.field) {
        error = OFPERR_OFPBMC_BAD_FIELD; /* Here the type counts for more. */
    }
    /* Part of a field can be set where it can only be matched whole: nsh_spi[0]. */
    if (error && error != OFPERR_OFPBMC_BAD_MASK) {
        return action_error(!r->err ? error : peek.err ? OFPERR_OK : head, header, r->err);
    }
    if (has_mask && !may_mask) {
        return OFPERR_OFPBAC_BAD_SET_MASK;
    }
    if (!has_mask) {
        memset(tmp.mask.b, 0xff, tmp.field->n_bytes);
    }
    if (!act_rest_is_zero(r) || tmp.field->access == ACCESS_RO ||
        !field_value_ok(tmp.field, &tmp.value)) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    /* OpenFlow forbids to set the input port this way. */
    if (tmp.field->id == MF_IN_PORT_OXM && raw == RAW_NONE) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    if (tmp.field->id == MF_VLAN_VID &&
        (!(tmp.value.b[0] & VLAN_CFI >> 8) || !(tmp.mask.b[0] & VLAN_CFI >> 8))) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT; /* OpenFlow 1.5.1 section 7.2.6.7. */
    }
    struct act_set_field *sf = acts_put(d->out, ACT_SET_FIELD, sizeof *sf);
    sf->act.raw = raw;
    sf->field = tmp.field;
    sf->value = tmp.value;
    sf->mask = tmp.mask;
    act_set_field_normalise(sf);
    return OFPERR_OK;
}

enum ofp_error act_dec_set_field(struct act_decoder *d, const struct act_wire *row UNUSED,
                                 struct wire_rd *r)
{
    return decode_tlv(d, r, RAW_NONE, d->h->version >= OFP15_VERSION);
}

void act_enc_set_field(const struct act *a, const struct act_wire *row UNUSED, uint8_t version,
                       struct wire_wr *w)
{
    const struct act_set_field *sf = (const void *)a;
    tlv_encode(sf->field, &sf->value, act_mask_full(sf->field, &sf->mask) ? NULL : &sf->mask,
               version, w);
}

enum ofp_error act_dec_reg_load2(struct act_decoder *d, const struct act_wire *row UNUSED,
                                 struct wire_rd *r)
{
    return decode_tlv(d, r, RAW_REG_LOAD2, true);
}

void act_enc_reg_load2(const struct act *a, const struct act_wire *row, uint8_t version UNUSED,
                       struct wire_wr *w)
{
    act_enc_set_field(a, row, ACT_NX_HEADERS, w);
}

/* ---- load and move ---- */

enum ofp_error act_dec_reg_load(struct act_decoder *d, const struct act_wire *row UNUSED,
                                struct wire_rd *r)
{
    uint16_t ofs_nbits = wire_rd_u16(r);
    struct subfield dst;
    enum ofp_error error =
        act_decode_subfield4(d, r, ofs_nbits >> 6, (ofs_nbits & 0x3f) + 1u, &dst);
    uint64_t value = wire_rd_u64(r);

    if (error) {
        return error;
    }
    if (dst.field->access == ACCESS_RO) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    if (dst.n_bits < 64 && value >> dst.n_bits) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    be64 v = htobe64(value);
    act_put_load(d->out, &dst, &v, sizeof v);
    return OFPERR_OK;
}

void act_put_load(struct acts *out, const struct subfield *dst, const void *value, size_t len)
{
    struct act_set_field *sf = acts_put(out, ACT_SET_FIELD, sizeof *sf);
    struct field_value ones;

    sf->act.raw = RAW_REG_LOAD;
    sf->field = dst->field;
    memset(ones.b, 0xff, sizeof ones.b);
    bits_copy(ones.b, sizeof ones.b, 0, sf->mask.b, dst->field->n_bytes, dst->ofs, dst->n_bits);
    bits_copy(value, (unsigned)len, 0, sf->value.b, dst->field->n_bytes, dst->ofs,
              MIN(dst->n_bits, 8u * (unsigned)len));
    act_set_field_normalise(sf);
}

/* The first run of the mask; the caller makes it the only one. */
void act_enc_reg_load(const struct act *a, const struct act_wire *row UNUSED,
                      uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_set_field *sf = (const void *)a;
    unsigned ofs = 0, n_bits = 1;
    uint64_t value = 0;

    (void)act_set_field_run(sf, &ofs, &n_bits, &value);
    wire_wr_u16(w, (uint16_t)(ofs << 6 | (n_bits - 1)));
    act_encode_header4(sf->field, w);
    wire_wr_u64(w, value);
}

static enum ofp_error decode_move(struct act_decoder *d, struct wire_rd *r, uint8_t raw)
{
    struct subfield src, dst;

    src.n_bits = dst.n_bits = wire_rd_u16(r);
    src.ofs = wire_rd_u16(r);
    dst.ofs = wire_rd_u16(r);
    if (raw != RAW_NONE) {
        wire_rd_skip(r, 2);
    }
    enum ofp_error error = act_decode_header(d, r, &src.field);
    if (!error) {
        error = act_decode_header(d, r, &dst.field);
    }
    if (error) {
        return error;
    }
    if (!act_rest_is_zero(r)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    if (act_check_range(&src) || act_check_range(&dst)) {
        return OFPERR_OFPBAC_BAD_SET_LEN;
    }
    if (dst.field->access == ACCESS_RO) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    struct act_reg_move *a = acts_put(d->out, ACT_REG_MOVE, sizeof *a);
    a->act.raw = raw == RAW_ONF_COPY_FIELD ? raw : RAW_NONE;
    a->src = src;
    a->dst = dst;
    return OFPERR_OK;
}

enum ofp_error act_dec_reg_move(struct act_decoder *d, const struct act_wire *row UNUSED,
                                struct wire_rd *r)
{
    return decode_move(d, r, RAW_NONE);
}

static void encode_move(const struct act_reg_move *m, bool pad, uint8_t version, struct wire_wr *w)
{
    wire_wr_u16(w, m->src.n_bits);
    wire_wr_u16(w, m->src.ofs);
    wire_wr_u16(w, m->dst.ofs);
    if (pad) {
        wire_wr_zeros(w, 2);
    }
    tlv_header_encode(m->src.field, version, false, w);
    tlv_header_encode(m->dst.field, version, false, w);
}

void act_enc_reg_move(const struct act *a, const struct act_wire *row UNUSED,
                      uint8_t version UNUSED, struct wire_wr *w)
{
    encode_move((const void *)a, false, ACT_NX_HEADERS, w);
}

enum ofp_error act_dec_copy_field(struct act_decoder *d, const struct act_wire *row,
                                  struct wire_rd *r)
{
    if (row->vendor) {
        wire_rd_skip(r, 2);
    }
    return decode_move(d, r, (uint8_t)(row - act_wires));
}

void act_enc_copy_field(const struct act *a, const struct act_wire *row, uint8_t version,
                        struct wire_wr *w)
{
    if (row->vendor) {
        wire_wr_zeros(w, 2);
    }
    encode_move((const void *)a, true, version, w);
}

/* ---- output:FIELD ---- */

static void put_output_reg(struct acts *out, const struct subfield *src, uint16_t max_len,
                           uint8_t raw)
{
    struct act_output_reg *a = acts_put(out, ACT_OUTPUT_REG, sizeof *a);
    a->act.raw = raw;
    a->src = *src;
    a->max_len = max_len;
}

enum ofp_error act_dec_output_reg(struct act_decoder *d, const struct act_wire *row UNUSED,
                                  struct wire_rd *r)
{
    uint16_t ofs_nbits = wire_rd_u16(r);
    struct subfield src;
    enum ofp_error error =
        act_decode_subfield4(d, r, ofs_nbits >> 6, (ofs_nbits & 0x3f) + 1u, &src);
    uint16_t max_len = wire_rd_u16(r);

    if (error) {
        return error;
    }
    if (!act_rest_is_zero(r)) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    put_output_reg(d->out, &src, max_len, RAW_NONE);
    return OFPERR_OK;
}

void act_enc_output_reg(const struct act *a, const struct act_wire *row UNUSED,
                        uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_output_reg *o = (const void *)a;
    wire_wr_u16(w, act_ofs_nbits(&o->src));
    act_encode_header4(o->src.field, w);
    wire_wr_u16(w, o->max_len);
}

enum ofp_error act_dec_output_reg2(struct act_decoder *d, const struct act_wire *row UNUSED,
                                   struct wire_rd *r)
{
    uint16_t ofs_nbits = wire_rd_u16(r), max_len = wire_rd_u16(r);
    struct subfield src = {.ofs = ofs_nbits >> 6, .n_bits = (uint16_t)((ofs_nbits & 0x3f) + 1)};
    enum ofp_error error = act_decode_header(d, r, &src.field);

    if (!error) {
        error = act_check_range(&src);
    }
    if (error) {
        return error;
    }
    if (!act_rest_is_zero(r)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    bool needed = act_is_experimenter(src.field);
    put_output_reg(d->out, &src, max_len, needed ? RAW_NONE : RAW_OUTPUT_REG2);
    return OFPERR_OK;
}

void act_enc_output_reg2(const struct act *a, const struct act_wire *row UNUSED,
                         uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_output_reg *o = (const void *)a;
    wire_wr_u16(w, act_ofs_nbits(&o->src));
    wire_wr_u16(w, o->max_len);
    tlv_header_encode(o->src.field, ACT_NX_HEADERS, false, w);
}
