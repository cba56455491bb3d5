/* prop.c - see prop.h. */
#include "ofp/prop.h"

enum ofp_error prop_decode_exp(struct wire_rd *r, uint16_t first_exp, struct prop *p)
{
    const uint8_t *start = r->p;

    *p = (struct prop){.type = wire_rd_u16(r), .start = start};
    size_t len = wire_rd_u16(r);
    if (len < 4) {
        r->err = true;
    }
    p->body = wire_rd_sub(r, r->err ? 0 : len - 4);
    wire_rd_skip(r, ROUND_UP(len, 8) - len);
    if (p->type >= first_exp) {
        p->experimenter = wire_rd_u32(&p->body);
        p->exp_type = wire_rd_u32(&p->body);
    }
    p->len = (size_t)(r->p - start);
    if (r->err || p->body.err) {
        r->err = true;
        return OFPERR_OFPBPC_BAD_LEN;
    }
    return p->type >= first_exp && !p->experimenter ? OFPERR_OFPBPC_BAD_EXPERIMENTER : OFPERR_OK;
}

static enum ofp_error check(const struct wire_rd *r)
{
    return r->err ? OFPERR_OFPBPC_BAD_LEN : OFPERR_OK;
}

void prop_keep(struct prop_list *list, const void *property, size_t len)
{
    if (len <= sizeof list->bytes - list->len) {
        memcpy(list->bytes + list->len, property, len);
        list->len = (uint8_t)(list->len + len);
    }
}

enum ofp_error prop_u32(struct prop *p, uint32_t *value)
{
    *value = wire_rd_u32(&p->body);
    return wire_rd_left(&p->body) ? OFPERR_OFPBPC_BAD_LEN : check(&p->body);
}

enum ofp_error prop_u16(struct prop *p, uint16_t *value)
{
    *value = wire_rd_u16(&p->body);
    return check(&p->body);
}

enum ofp_error prop_u8(struct prop *p, uint8_t *value)
{
    *value = wire_rd_u8(&p->body);
    return check(&p->body);
}

enum ofp_error prop_bytes(struct prop *p, void *bytes, size_t n)
{
    wire_rd_copy(&p->body, bytes, n);
    return check(&p->body);
}

enum ofp_error prop_nested(struct prop *p, struct wire_rd *r)
{
    wire_rd_skip(&p->body, 4);
    *r = p->body;
    return check(r);
}

/* ---- encode ---- */

size_t prop_start(struct wire_wr *w, uint16_t type)
{
    size_t start = w->len;
    wire_wr_u16(w, type);
    wire_wr_u16(w, 0);
    return start;
}

void prop_finish(struct wire_wr *w, size_t start)
{
    if (w->len - start > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
    wire_wr_pad(w, start, 8);
}

void prop_put_bytes(struct wire_wr *w, uint16_t type, const void *bytes, size_t n)
{
    size_t start = prop_start(w, type);
    wire_wr_bytes(w, bytes, n);
    prop_finish(w, start);
}

void prop_put_u32(struct wire_wr *w, uint16_t type, uint32_t value)
{
    size_t start = prop_start(w, type);
    wire_wr_u32(w, value);
    prop_finish(w, start);
}

void prop_put_u16(struct wire_wr *w, uint16_t type, uint16_t value)
{
    size_t start = prop_start(w, type);
    wire_wr_u16(w, value);
    wire_wr_zeros(w, 2); /* Part of the payload, as the reference has it. */
    prop_finish(w, start);
}

void prop_put_u8(struct wire_wr *w, uint16_t type, uint8_t value)
{
    prop_put_bytes(w, type, &value, 1);
}

size_t prop_start_nested(struct wire_wr *w, uint16_t type)
{
    size_t start = prop_start(w, type);
    wire_wr_zeros(w, 4);
    return start;
}
