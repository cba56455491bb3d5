/* field_bits.c - see field.h: ranges of bits of fields. */
#include "lib/packet/field-private.h"

void bits_copy(const void *src_, unsigned src_len, unsigned src_ofs, void *dst_, unsigned dst_len,
               unsigned dst_ofs, unsigned n)
{
    const uint8_t *src = src_;
    uint8_t *dst = dst_;

    /* As many bits at a time as lie within one byte on both sides. */
    while (n) {
        unsigned s = src_ofs % 8, d = dst_ofs % 8;
        unsigned chunk = MIN(MIN(8 - s, 8 - d), n);
        unsigned mask = (1u << chunk) - 1;
        unsigned bits = (unsigned)src[src_len - 1 - src_ofs / 8] >> s & mask;
        uint8_t *p = &dst[dst_len - 1 - dst_ofs / 8];
        *p = (uint8_t)((*p & ~(mask << d)) | bits << d);
        src_ofs += chunk;
        dst_ofs += chunk;
        n -= chunk;
    }
}

uint64_t subfield_get(const struct subfield *sf, const struct flow *flow)
{
    struct field_value v;
    uint8_t out[8] = {0};

    field_get(sf->field, flow, &v);
    bits_copy(v.b, sf->field->n_bytes, sf->ofs, out, sizeof out, 0, MIN(sf->n_bits, 64u));
    return get_be64(out);
}

void subfield_set(const struct subfield *sf, uint64_t value, struct flow *flow)
{
    struct field_value v;
    uint8_t in[8];

    put_be64(in, value);
    field_get(sf->field, flow, &v);
    bits_copy(in, sizeof in, 0, v.b, sf->field->n_bytes, sf->ofs, MIN(sf->n_bits, 64u));
    field_set(sf->field, &v, flow);
}

void subfield_move(const struct subfield *src, const struct subfield *dst, struct flow *flow)
{
    struct field_value from, to;

    field_get(src->field, flow, &from);
    field_get(dst->field, flow, &to);
    bits_copy(from.b, src->field->n_bytes, src->ofs, to.b, dst->field->n_bytes, dst->ofs,
              MIN(src->n_bits, dst->n_bits));
    field_set(dst->field, &to, flow);
}

void subfield_mask(const struct subfield *sf, struct flow *mask)
{
    const struct field *f = sf->field;
    struct field_value ones, v;

    if (f->format == FMT_PORT10) { /* Ports are matched whole. */
        field_mask_exact(f, mask);
        return;
    }
    memset(&ones, 0xff, sizeof ones);
    field_get(f, mask, &v);
    bits_copy(ones.b, sizeof ones, 0, v.b, f->n_bytes, sf->ofs, sf->n_bits);
    if (field_is_tun(f)) {
        field_tun_set(f, &v, mask);
    } else if (f->size > 8) {
        memcpy((uint8_t *)mask + f->ofs, v.b, f->size);
    } else if (f->size) {
        field_raw_set(f, field_value_to_u64(f, &v), mask);
    }
}
