/* act_stack.c - actions that name a field and move no value to it: push and pop, check_pkt_larger,
 * delete_field.  Wire and text; see act-private.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

/* ---- push and pop ---- */

enum ofp_error act_dec_stack(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct subfield sub = {.ofs = wire_rd_u16(r)};
    enum ofp_error error = act_decode_header(d, r, &sub.field);

    if (error) {
        return error;
    }
    sub.n_bits = wire_rd_u16(r);
    if (!act_rest_is_zero(r)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    error = act_check_range(&sub);
    if (!error && row->type == ACT_STACK_POP && sub.field->access == ACCESS_RO) {
        error = OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    if (!error) {
        struct act_stack *a = acts_put(d->out, row->type, sizeof *a);
        a->field = sub;
    }
    return error;
}

void act_enc_stack(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                   struct wire_wr *w)
{
    const struct subfield *sub = &((const struct act_stack *)(const void *)a)->field;

    wire_wr_u16(w, (uint16_t)sub->ofs);
    tlv_header_encode(sub->field, ACT_NX_HEADERS, false, w);
    wire_wr_u16(w, (uint16_t)sub->n_bits);
}

char *act_parse_stack(struct act_parser *p, char *arg)
{
    struct subfield sub;
    char *error = act_parse_subfield(arg, &sub);

    if (!error) {
        struct act_stack *a = acts_put(p->out, act_wires[p->raw].type, sizeof *a);
        a->field = sub;
    }
    return error;
}

void act_format_stack(const struct act_stack *a, struct text *t)
{
    text_printf(t, "%s:", act_infos[a->act.type].name);
    subfield_format(&a->field, t);
}

/* ---- check_pkt_larger ---- */

enum ofp_error act_dec_check_pkt_larger(struct act_decoder *d, const struct act_wire *row UNUSED,
                                        struct wire_rd *r)
{
    uint16_t pkt_len = wire_rd_u16(r);
    struct subfield dst = {.ofs = wire_rd_u16(r), .n_bits = 1};
    enum ofp_error error = act_decode_header(d, r, &dst.field);

    if (error) {
        return error;
    }
    if (!act_rest_is_zero(r)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    error = act_check_range(&dst);
    if (!error && dst.field->access == ACCESS_RO) {
        error = OFPERR_OFPBAC_BAD_SET_ARGUMENT;
    }
    if (!error) {
        struct act_check_pkt_larger *a = acts_put(d->out, ACT_CHECK_PKT_LARGER, sizeof *a);
        a->pkt_len = pkt_len;
        a->dst = dst;
    }
    return error;
}

void act_enc_check_pkt_larger(const struct act *a, const struct act_wire *row UNUSED,
                              uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_check_pkt_larger *c = (const void *)a;

    wire_wr_u16(w, c->pkt_len);
    wire_wr_u16(w, (uint16_t)c->dst.ofs);
    tlv_header_encode(c->dst.field, ACT_NX_HEADERS, false, w);
}

/* N)->FIELD[b], as check_pkt_larger(N)->FIELD[b] is split; or N->FIELD[b]. */
char *act_parse_check_pkt_larger(struct act_parser *p, char *arg)
{
    struct subfield dst;
    uint64_t pkt_len;
    char *arrow = strstr(arg, "->");

    if (!arrow) {
        return xasprintf("%s: missing `->'", arg);
    }
    char *error = act_parse_subfield(arrow + 2, &dst);
    if (error) {
        return error;
    }
    if (dst.n_bits != 1) {
        return xstrdup("Only 1-bit destination field is allowed");
    }
    arrow[arrow > arg && arrow[-1] == ')' ? -1 : 0] = '\0';
    if (!text_to_u64(arg, &pkt_len) || pkt_len > UINT16_MAX) {
        return xasprintf("invalid %s \"%s\"", p->word, arg);
    }
    struct act_check_pkt_larger *a = acts_put(p->out, ACT_CHECK_PKT_LARGER, sizeof *a);
    a->pkt_len = (uint16_t)pkt_len;
    a->dst = dst;
    return NULL;
}

void act_format_check_pkt_larger(const struct act_check_pkt_larger *c, struct text *t)
{
    text_printf(t, "check_pkt_larger(%u)->", c->pkt_len);
    subfield_format(&c->dst, t);
}

/* ---- delete_field ---- */

/* Which fields can be deleted is left to acts_check(). */
enum ofp_error act_dec_delete_field(struct act_decoder *d, const struct act_wire *row UNUSED,
                                    struct wire_rd *r)
{
    const struct field *f = NULL;
    bool has_mask = false;
    enum ofp_error error = tlv_header_decode(r, d->h, &f, &has_mask);

    if (error == OFPERR_NXFMFC_INVALID_TLV_FIELD && f && !d->h->tlvs) {
        error = OFPERR_OK; /* Who has no table of tunnel options can still name one. */
    }
    if (error) {
        return error == OFPERR_NXFMFC_INVALID_TLV_FIELD ? error : OFPERR_OFPBMC_BAD_FIELD;
    }
    if (has_mask) {
        return OFPERR_OFPBMC_BAD_MASK;
    }
    struct act_delete_field *a = acts_put(d->out, ACT_DELETE_FIELD, sizeof *a);
    a->field = f;
    return OFPERR_OK;
}

void act_enc_delete_field(const struct act *a, const struct act_wire *row UNUSED,
                          uint8_t version UNUSED, struct wire_wr *w)
{
    tlv_header_encode(((const struct act_delete_field *)(const void *)a)->field, ACT_NX_HEADERS,
                      false, w);
}

char *act_parse_delete_field(struct act_parser *p, char *arg)
{
    const struct field *f = field_by_name(arg);

    if (!f || !f->cp[0].header) {
        return xasprintf("unknown field `%s'", arg);
    }
    struct act_delete_field *a = acts_put(p->out, ACT_DELETE_FIELD, sizeof *a);
    a->field = f;
    return NULL;
}
