/* act_encap.c - encap and decap, Nicira's actions for packets of other types than Ethernet, on the
 * wire and in text; see act-private.h.
 *
 * Properties of encap have a class (16 bits), a type and a length (8 bits each).  There are those
 * of NSH: the MD type and TLVs; they are taken with every header, as Open vSwitch does. Differences
 * from it in text: what does not fit its bits, and half bytes, are errors (it cuts them); zeros in
 * front of a TLV's data are printed, so that the text means the same data. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

#define PROP_CLASS_NSH 4
#define PROP_HEADER    4
#define TLV_HEADER     8 /* With the property's. */
#define TLV_MAX        (248 - TLV_HEADER)

static const struct {
    uint32_t packet_type;
    const char *name;
} headers[] = {
    {PACKET_TYPE_ETHERNET, "ethernet"},
    {PACKET_TYPE_NSH, "nsh"},
    {PACKET_TYPE_MPLS, "mpls"},
    {PACKET_TYPE_MPLS_MC, "mpls_mc"},
};

static const char *header_name(uint32_t packet_type)
{
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        if (headers[i].packet_type == packet_type) {
            return headers[i].name;
        }
    }
    return NULL;
}

static struct act_encap_prop *put_prop(struct acts *out, uint8_t type, size_t n_data)
{
    struct act_encap_prop *p = acts_put(out, ACT_ENCAP, sizeof *p + n_data);
    p->type = type;
    p->n_data = (uint8_t)n_data;
    return p;
}

/* ---- wire ---- */

/* 'r' stands behind the property's length 'len', and covers the padding. */
static enum ofp_error decode_nsh(struct acts *out, uint8_t type, size_t len, struct wire_rd *r)
{
    if (type == ENCAP_NSH_MDTYPE) {
        if (len > 8) {
            return OFPERR_NXBAC_BAD_ED_PROP;
        }
        put_prop(out, type, 0)->value = wire_rd_u8(r);
        return OFPERR_OK;
    }
    uint16_t tlv_class = wire_rd_u16(r);
    uint8_t tlv_type = wire_rd_u8(r), n = wire_rd_u8(r);
    if (len != ROUND_UP(TLV_HEADER + n, 8u)) {
        return OFPERR_NXBAC_BAD_ED_PROP;
    }
    struct act_encap_prop *p = put_prop(out, type, n);
    p->tlv_class = tlv_class;
    p->value = tlv_type;
    wire_rd_copy(r, p->data, n);
    return OFPERR_OK;
}

static enum ofp_error decode_prop(struct acts *out, struct wire_rd *r)
{
    uint8_t len = r->p[3]; /* There are multiples of 8 bytes. */
    if (len < PROP_HEADER || len > wire_rd_left(r)) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    struct wire_rd prop = wire_rd_sub(r, ROUND_UP(len, 8));
    uint16_t class = wire_rd_u16(&prop);
    uint8_t type = wire_rd_u8(&prop);
    wire_rd_skip(&prop, 1);
    return class == PROP_CLASS_NSH && (type == ENCAP_NSH_MDTYPE || type == ENCAP_NSH_TLV)
               ? decode_nsh(out, type, len, &prop)
               : OFPERR_NXBAC_UNKNOWN_ED_PROP;
}

enum ofp_error act_dec_encap(struct act_decoder *d, const struct act_wire *row UNUSED,
                             struct wire_rd *r)
{
    size_t ofs = act_nest_begin(d->out, ACT_ENCAP, sizeof(struct act_encap));
    struct act_encap *e = (void *)((char *)d->out->data + ofs);
    enum ofp_error error = OFPERR_OK;

    e->hdr_size = wire_rd_u16(r);
    e->packet_type = wire_rd_u32(r);
    if (!header_name(e->packet_type)) {
        return OFPERR_NXBAC_BAD_HEADER_TYPE;
    }
    while (!error && wire_rd_left(r)) {
        error = decode_prop(d->out, r);
    }
    if (!error && !act_nest_end(d->out, ofs, sizeof(struct act_encap))) {
        error = OFPERR_OFPBAC_TOO_MANY;
    }
    return error;
}

static void encode_prop(const struct act_encap_prop *p, struct wire_wr *w)
{
    size_t len = p->type == ENCAP_NSH_TLV ? ROUND_UP(TLV_HEADER + p->n_data, 8u) : PROP_HEADER + 1;
    size_t start = w->len;

    wire_wr_u16(w, PROP_CLASS_NSH);
    wire_wr_u8(w, p->type);
    wire_wr_u8(w, (uint8_t)len);
    if (p->type == ENCAP_NSH_TLV) {
        wire_wr_u16(w, p->tlv_class);
        wire_wr_u8(w, p->value);
        wire_wr_u8(w, p->n_data);
        wire_wr_bytes(w, p->data, p->n_data);
    } else {
        wire_wr_u8(w, p->value);
    }
    wire_wr_pad(w, start, 8);
}

void act_enc_encap(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                   struct wire_wr *w)
{
    const struct act_encap *e = (const void *)a;
    const struct act *p;

    wire_wr_u16(w, e->hdr_size);
    wire_wr_u32(w, e->packet_type);
    ACT_FOR_EACH(p, act_encap_props(e), e->nested_len) {
        encode_prop((const struct act_encap_prop *)(const void *)p, w);
    }
}

enum ofp_error act_dec_decap(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    return wire_rd_left(r) > 6 ? OFPERR_NXBAC_UNKNOWN_ED_PROP : act_dec_u32(d, row, r);
}

void act_enc_decap(const struct act *a, const struct act_wire *row, uint8_t version,
                   struct wire_wr *w)
{
    act_enc_u32(a, row, version, w);
}

/* ---- print ---- */

static void format_prop(const struct act_encap_prop *p, struct text *t)
{
    if (p->type == ENCAP_NSH_MDTYPE) {
        text_printf(t, "md_type=%u", p->value);
        return;
    }
    text_printf(t, "tlv(0x%04x,%u,", p->tlv_class, p->value);
    text_puts(t, p->n_data ? "0x" : "0");
    for (size_t i = 0; i < p->n_data; i++) {
        text_printf(t, "%02x", p->data[i]);
    }
    text_putc(t, ')');
}

void act_format_encap(const struct act_encap *e, struct text *t)
{
    const struct act *p;

    text_printf(t, "encap(%s", header_name(e->packet_type));
    if (e->nested_len) {
        text_putc(t, '(');
        ACT_FOR_EACH(p, act_encap_props(e), e->nested_len) {
            text_puts(t, p != act_encap_props(e) ? "," : "");
            format_prop((const struct act_encap_prop *)(const void *)p, t);
        }
        text_putc(t, ')');
    }
    text_putc(t, ')');
}

void act_format_decap(const struct act_u32 *d, struct text *t)
{
    text_puts(t, "decap(");
    if (d->value != PACKET_TYPE_NEXT) {
        uint32_t type = d->value & 0xffff;
        text_printf(t, "packet_type(ns=%" PRIu32 ",type=%s%" PRIx32 ")", d->value >> 16,
                    type ? "0x" : "", type);
    }
    text_putc(t, ')');
}

/* ---- parse ---- */

/* CLASS,TYPE,0xDATA; without data `0`, as printed. */
static char *parse_tlv(struct acts *out, const char *arg)
{
    char *copy = xstrdup(arg), *rest = copy;
    const char *class = strsep(&rest, ","), *type = strsep(&rest, ","), *data = rest;
    uint16_t class_v;
    uint8_t type_v, *bytes = NULL;
    size_t n = 0;

    if (data && !strcmp(data, "0")) {
        bytes = xzalloc(1);
    } else if (data && data[0] == '0' && data[1] == 'x' && data[2]) {
        /* text_to_hex() lets dots and blanks pass. */
        bytes = strspn(data + 2, "0123456789abcdefABCDEF") == strlen(data + 2)
                    ? text_to_hex(data + 2, &n)
                    : NULL;
    }
    bool ok = bytes && n <= TLV_MAX && text_to_u16(class, &class_v) && text_to_u8(type, &type_v);
    if (ok) {
        struct act_encap_prop *p = put_prop(out, ENCAP_NSH_TLV, n);
        p->tlv_class = class_v;
        p->value = type_v;
        memcpy(p->data, bytes, n);
    }
    free(bytes);
    free(copy);
    return ok ? NULL : xasprintf("Invalid NSH TLV header: %s", arg);
}

static char *parse_prop(struct acts *out, bool nsh, const char *key, const char *value)
{
    uint8_t v;

    if (nsh && !strcmp(key, "md_type")) {
        if (!text_to_u8(value, &v)) {
            return xasprintf("invalid md_type \"%s\"", value);
        }
        if (v != 1 && v != 2) {
            return xstrdup("invalid md_type");
        }
        put_prop(out, ENCAP_NSH_MDTYPE, 0)->value = v;
        return NULL;
    }
    return nsh && !strcmp(key, "tlv") ? parse_tlv(out, value)
                                      : xasprintf("Invalid property: %s", key);
}

static char *parse_header(struct act_parser *p, const char *name, char *props)
{
    size_t ofs = act_nest_begin(p->out, ACT_ENCAP, sizeof(struct act_encap));
    struct act_encap *e = (void *)((char *)p->out->data + ofs);
    char *key, *value, *error = NULL;
    bool found = false, nsh;

    for (size_t i = 0; i < ARRAY_SIZE(headers) && !found; i++) {
        found = !strcmp(name, headers[i].name);
        e->packet_type = headers[i].packet_type;
    }
    if (!found) {
        return xstrdup("Encap hdr not supported: ");
    }
    nsh = e->packet_type == PACKET_TYPE_NSH;
    while (!error && text_next_kv(&props, &key, &value)) {
        error = parse_prop(p->out, nsh, key, value);
    }
    if (!error && !act_nest_end(p->out, ofs, sizeof(struct act_encap))) {
        error = xstrdup("encap: too many properties");
    }
    return error;
}

char *act_parse_encap(struct act_parser *p, char *arg)
{
    char *name, *props, *more, *rest;

    if (!text_next_kv(&arg, &name, &props)) {
        return xstrdup("Missing encap hdr: ");
    }
    char *error = parse_header(p, name, props);
    if (!error && text_next_kv(&arg, &more, &rest)) {
        error = xasprintf("Invalid property: %s", more);
    }
    return error;
}

static char *parse_packet_type(char *arg, uint32_t *packet_type)
{
    char *key, *value;
    uint16_t ns, type;

    if (!text_next_kv(&arg, &key, &value) || strcmp(key, "ns")) {
        return xstrdup("Missing packet_type attribute ns");
    }
    if (!text_to_u16(value, &ns)) {
        return xasprintf("invalid ns \"%s\"", value);
    }
    if (ns > 1) {
        return xasprintf("Unsupported ns value: %u", ns);
    }
    if (!text_next_kv(&arg, &key, &value) || strcmp(key, "type")) {
        return xstrdup("Missing packet_type attribute type");
    }
    if (!text_to_u16(value, &type)) {
        return xasprintf("invalid type \"%s\"", value);
    }
    *packet_type = (uint32_t)ns << 16 | type;
    return NULL;
}

char *act_parse_decap(struct act_parser *p, char *arg)
{
    uint32_t packet_type = PACKET_TYPE_NEXT;
    char *key, *value, *error = NULL;

    while (!error && text_next_kv(&arg, &key, &value)) {
        error = !strcmp(key, "packet_type") ? parse_packet_type(value, &packet_type)
                                            : xasprintf("Invalid decap argument: %s", key);
    }
    if (!error) {
        struct act_u32 *a = acts_put(p->out, ACT_DECAP, sizeof *a);
        a->value = packet_type;
    }
    return error;
}
