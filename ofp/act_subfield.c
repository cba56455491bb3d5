/* act_subfield.c - how actions name fields and parts of them, on the wire and in text; see
 * act-private.h.
 *
 * Headers of Nicira's actions are the oldest of the field, in every version (ACT_NX_HEADERS).
 * Experimenter fields have eight bytes, for which not every action has room. */
#include "lib/mem.h"
#include "ofp/act-private.h"

bool act_is_experimenter(const struct field *f)
{
    const struct field_codepoint *cp = field_codepoint(f, ACT_NX_HEADERS);
    return cp && cp->experimenter;
}

bool act_has_header4(const struct field *f)
{
    const struct field_codepoint *cp = field_codepoint(f, ACT_NX_HEADERS);
    return cp && !cp->experimenter;
}

/* ---- wire ---- */

enum ofp_error act_decode_header(const struct act_decoder *d, struct wire_rd *r,
                                 const struct field **f)
{
    bool has_mask;
    enum ofp_error error = tlv_header_decode(r, d->h, f, &has_mask);

    if (error) {
        /* Cut off, or of a length that no field has. */
        return error == OFPERR_OFPBMC_BAD_LEN && !r->err ? OFPERR_OFPBMC_BAD_FIELD : error;
    }
    return has_mask ? OFPERR_OFPBMC_BAD_MASK : OFPERR_OK;
}

enum ofp_error act_decode_header4(const struct act_decoder *d, struct wire_rd *r,
                                  const struct field **f)
{
    if (wire_rd_left(r) >= 4 && get_be16(r->p) == 0xffff) {
        return OFPERR_OFPBAC_BAD_SET_TYPE;
    }
    bool has_mask; /* Says nothing here. */
    enum ofp_error error = tlv_header_decode(r, d->h, f, &has_mask);
    return error && error != OFPERR_NXFMFC_INVALID_TLV_FIELD ? OFPERR_OFPBAC_BAD_SET_TYPE : error;
}

enum ofp_error act_decode_subfield4(const struct act_decoder *d, struct wire_rd *r, unsigned ofs,
                                    unsigned n_bits, struct subfield *sub)
{
    enum ofp_error error = act_decode_header4(d, r, &sub->field);
    sub->ofs = (uint16_t)ofs;
    sub->n_bits = (uint16_t)n_bits;
    return error ? error : act_check_range(sub);
}

enum ofp_error act_check_range(const struct subfield *sub)
{
    return sub->n_bits && sub->ofs + sub->n_bits <= sub->field->n_bits ? OFPERR_OK
                                                                       : OFPERR_OFPBAC_BAD_SET_LEN;
}

void act_encode_header4(const struct field *f, struct wire_wr *w)
{
    tlv_header_encode(f, ACT_NX_HEADERS, false, w);
}

uint16_t act_ofs_nbits(const struct subfield *sub)
{
    return (uint16_t)(sub->ofs << 6 | (sub->n_bits - 1));
}

/* ---- text ---- */

char *act_parse_subfield(const char *s, struct subfield *sub)
{
    char *error = subfield_parse(s, sub);

    if (!error && !sub->field->cp[0].header) {
        error = xasprintf("%s: no OpenFlow message carries field %s", s, sub->field->name);
    }
    return error;
}

char *act_parse_subfield4(const char *s, const char *all, struct subfield *sub)
{
    char *error = act_parse_subfield(s, sub);

    if (!error && !act_has_header4(sub->field)) {
        error = xasprintf("%s: experimenter OXM field '%s' not supported", all, s);
    }
    return error;
}

char *act_too_wide(const char *all, const struct subfield *dst, const struct field_value *value,
                   const struct name_map *names)
{
    struct text t = TEXT_INIT;

    field_format(dst->field, value, NULL, names, &t);
    char *error =
        xasprintf("%s: value %s does not fit into %u bits", all, text_cstr(&t), dst->n_bits);
    text_deinit(&t);
    return error;
}
