/* act_sample.c - the sample action in its four wire forms, and its text; see act-private.h.
 *
 * SAMPLE has no port, SAMPLE2 a port, SAMPLE3 a direction too, SAMPLE4 fields in place of the
 * observation's numbers.  The shortest that can say it is sent, or the one it came in as. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

#define DIRECTION_MAX 2
#define SRC_MAX       32 /* Bits of the fields. */

static const char *const directions[DIRECTION_MAX + 1] = {"", ",ingress", ",egress"};

/* ---- wire ---- */

static void put_sample(struct act_decoder *d, const struct act_wire *row, struct act_sample *s)
{
    struct act_sample *a = acts_put(d->out, ACT_SAMPLE, sizeof *a);

    s->act = a->act;
    s->act.raw = (uint8_t)(row - act_wires);
    *a = *s;
    if (a->act.raw == RAW_SAMPLE) {
        a->act.raw = RAW_NONE;
    }
}

/* The port, and the direction with the zeros behind where the form has them. */
static enum ofp_error decode_port(const struct act_wire *row, struct wire_rd *r,
                                  struct act_sample *s)
{
    bool direction = row != &act_wires[RAW_SAMPLE2];

    s->sampling_port = port_from_10(wire_rd_u16(r));
    if (!direction) {
        return OFPERR_OK;
    }
    s->direction = wire_rd_u8(r);
    const uint8_t *zeros = wire_rd_bytes(r, 5);
    if (zeros && !is_all_zeros(zeros, 5)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    return s->direction <= DIRECTION_MAX ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
}

enum ofp_error act_dec_sample(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct act_sample s = {.probability = wire_rd_u16(r), .sampling_port = OFPP_NONE};
    enum ofp_error error = OFPERR_OK;

    s.collector_set_id = wire_rd_u32(r);
    s.domain = wire_rd_u32(r);
    s.point = wire_rd_u32(r);
    if (row != &act_wires[RAW_SAMPLE]) {
        error = decode_port(row, r, &s);
    }
    if (!error && !s.probability) {
        error = OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    if (!error) {
        put_sample(d, row, &s);
    }
    return error;
}

/* A field's header, or zero; and the range in it, or the number. */
static enum ofp_error decode_source(const struct act_decoder *d, struct wire_rd *r,
                                    struct subfield *src, uint32_t *imm)
{
    struct wire_rd header = *r;

    if (!wire_rd_u32(r)) {
        *imm = wire_rd_u32(r);
        return OFPERR_OK;
    }
    uint16_t ofs_nbits = wire_rd_u16(r), zero = wire_rd_u16(r);
    enum ofp_error error =
        act_decode_subfield4(d, &header, ofs_nbits >> 6, (ofs_nbits & 0x3f) + 1u, src);
    if (error) {
        return error;
    }
    return src->n_bits > SRC_MAX ? OFPERR_OFPBAC_BAD_SET_LEN
           : zero                ? OFPERR_NXBRC_MUST_BE_ZERO
                                 : OFPERR_OK;
}

enum ofp_error act_dec_sample4(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct act_sample s = {.probability = wire_rd_u16(r)};

    s.collector_set_id = wire_rd_u32(r);
    enum ofp_error error = decode_source(d, r, &s.domain_src, &s.domain);
    if (!error) {
        error = decode_source(d, r, &s.point_src, &s.point);
    }
    if (!error) {
        error = decode_port(row, r, &s);
    }
    if (!error && !s.probability) {
        error = OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    if (!error) {
        put_sample(d, row, &s);
    }
    return error;
}

const struct act_wire *act_sample_row(const struct act_sample *s)
{
    enum act_raw need = s->domain_src.field || s->point_src.field ? RAW_SAMPLE4
                        : s->direction                            ? RAW_SAMPLE3
                        : s->sampling_port != OFPP_NONE           ? RAW_SAMPLE2
                                                                  : RAW_SAMPLE;
    return &act_wires[MAX(need, (enum act_raw)s->act.raw)]; /* The rows stand in this order. */
}

void act_enc_sample(const struct act *a, const struct act_wire *row, uint8_t version UNUSED,
                    struct wire_wr *w)
{
    const struct act_sample *s = (const void *)a;

    wire_wr_u16(w, s->probability);
    wire_wr_u32(w, s->collector_set_id);
    wire_wr_u32(w, s->domain);
    wire_wr_u32(w, s->point);
    if (row != &act_wires[RAW_SAMPLE]) {
        wire_wr_u16(w, port_to_10(s->sampling_port));
        wire_wr_u8(w, s->direction);
    }
}

static void encode_source(const struct subfield *src, uint32_t imm, struct wire_wr *w)
{
    if (src->field) {
        act_encode_header4(src->field, w);
        wire_wr_u16(w, act_ofs_nbits(src));
        wire_wr_zeros(w, 2);
    } else {
        wire_wr_zeros(w, 4);
        wire_wr_u32(w, imm);
    }
}

void act_enc_sample4(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                     struct wire_wr *w)
{
    const struct act_sample *s = (const void *)a;

    wire_wr_u16(w, s->probability);
    wire_wr_u32(w, s->collector_set_id);
    encode_source(&s->domain_src, s->domain, w);
    encode_source(&s->point_src, s->point, w);
    wire_wr_u16(w, port_to_10(s->sampling_port));
    wire_wr_u8(w, s->direction);
}

/* ---- text ---- */

/* A number or a field. */
static char *parse_source(const char *key, const char *value, struct subfield *src, uint32_t *imm)
{
    *src = (struct subfield){NULL, 0, 0};
    if (text_to_u32(value, imm)) {
        return NULL;
    }
    char *error = act_parse_subfield4(value, value, src);
    if (error) {
        free(error);
        return xasprintf("invalid numeric format %s", value);
    }
    return src->n_bits > SRC_MAX ? xasprintf("%s: %s has %" PRIu32 " bits, at most %d can be used",
                                             key, value, src->n_bits, SRC_MAX)
                                 : NULL;
}

static char *parse_item(const struct act_parser *p, const char *key, const char *value,
                        struct act_sample *s)
{
    if (!strcmp(key, "probability")) {
        return !text_to_u16(value, &s->probability) ? xasprintf("invalid probability \"%s\"", value)
               : !s->probability ? xasprintf("invalid probability value \"%s\"", value)
                                 : NULL;
    }
    if (!strcmp(key, "collector_set_id")) {
        return text_to_u32(value, &s->collector_set_id)
                   ? NULL
                   : xasprintf("invalid numeric format %s", value);
    }
    if (!strcmp(key, "obs_domain_id")) {
        return parse_source(key, value, &s->domain_src, &s->domain);
    }
    if (!strcmp(key, "obs_point_id")) {
        return parse_source(key, value, &s->point_src, &s->point);
    }
    if (!strcmp(key, "sampling_port")) {
        return port_parse(value, p->names, &s->sampling_port)
                   ? NULL
                   : xasprintf("%s: unknown port", value);
    }
    if (!strcmp(key, "ingress") || !strcmp(key, "egress")) {
        s->direction = *key == 'i' ? 1 : 2;
        return NULL;
    }
    return xasprintf("invalid key \"%s\" in \"sample\" argument", key);
}

char *act_parse_sample(struct act_parser *p, char *arg)
{
    struct act_sample s = {.sampling_port = OFPP_NONE};
    char *key, *value, *error = NULL;

    while (!error && text_next_kv(&arg, &key, &value)) {
        error = parse_item(p, key, value, &s);
    }
    if (!error && !s.probability) {
        error = xstrdup("non-zero \"probability\" must be specified on sample");
    }
    if (!error) {
        struct act_sample *a = acts_put(p->out, ACT_SAMPLE, sizeof *a);
        s.act = a->act;
        *a = s;
    }
    return error;
}

static void format_source(const char *key, const struct subfield *src, uint32_t imm, struct text *t)
{
    text_printf(t, ",%s=", key);
    if (src->field) {
        subfield_format(src, t);
    } else {
        text_printf(t, "%" PRIu32, imm);
    }
}

void act_format_sample(const struct act_sample *s, const struct name_map *names, struct text *t)
{
    text_printf(t, "sample(probability=%u,collector_set_id=%" PRIu32, s->probability,
                s->collector_set_id);
    format_source("obs_domain_id", &s->domain_src, s->domain, t);
    format_source("obs_point_id", &s->point_src, s->point, t);
    if (s->sampling_port != OFPP_NONE) {
        text_puts(t, ",sampling_port=");
        port_format(s->sampling_port, names, t);
    }
    text_puts(t, directions[s->direction]);
    text_putc(t, ')');
}
