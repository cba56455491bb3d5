/* tlv.c - see match.h: one OXM or NXM type-length-value.
 *
 * Header: class 16, field 7, has-mask 1, length 8 bits; class 0xffff has four bytes of experimenter
 * id first in its payload.  OpenFlow 1.3.5 sections 7.2.3.2 and 7.2.3.9; Nicira's NXM is the same.
 */
#include "lib/packet/tlv_table.h"
#include "ofp/match.h"

#define CLASS_EXPERIMENTER 0xffff0000u
#define HAS_MASK           0x100u

struct tlv_head {
    /* Tunnel options have the length of their mapping, or whatever length they come in. */
    const struct field *field; /* NULL: unknown. */
    uint16_t n_value;          /* Bytes of the value, and of the mask if there is one. */
    uint16_t n_payload;        /* Bytes that follow the header and the experimenter. */
    bool has_mask;
};

/* The header without mask bit and without the length of a mask, as fields.def has it. */
static enum ofp_error head_decode(struct wire_rd *r, const struct msg_header *msg,
                                  struct tlv_head *h)
{
    uint32_t header = wire_rd_u32(r), experimenter = 0;
    unsigned n = header & 0xff, id_bytes = 0;

    *h = (struct tlv_head){.has_mask = (header & HAS_MASK) != 0};
    if (header >= CLASS_EXPERIMENTER) {
        if (n < 4) {
            return OFPERR_OFPBMC_BAD_LEN;
        }
        experimenter = wire_rd_u32(r);
        id_bytes = 4;
    }
    h->n_payload = (uint16_t)(n - id_bytes);
    h->n_value = h->has_mask ? h->n_payload / 2 : h->n_payload;
    if (r->err) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    const struct field_codepoint *cp = field_codepoint_by_header(header, experimenter, &h->field);
    bool fits = cp && (field_is_tun(h->field) || (cp->header & 0xff) == h->n_value + id_bytes);
    if (fits && h->has_mask && h->n_payload % 2) {
        h->field = NULL; /* Nothing to do with what length the field has. */
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (fits && field_is_tun(h->field)) {
        if (msg->tlvs) {
            h->field = tlv_table_field(msg->tlvs, field_tun_index(h->field));
        }
        return h->field ? OFPERR_OK : OFPERR_NXFMFC_INVALID_TLV_FIELD;
    }
    return fits ? OFPERR_OK : cp ? OFPERR_OFPBMC_BAD_LEN : OFPERR_OFPBMC_BAD_FIELD;
}

/* What can be said of a masked payload without knowing the field. */
static bool value_within_mask(const uint8_t *payload, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (payload[i] & ~payload[n + i]) {
            return false;
        }
    }
    return true;
}

static enum ofp_error check_mask(const struct field *f, const struct field_value *mask)
{
    if (is_all_ones(mask->b, f->n_bytes) || is_all_zeros(mask->b, f->n_bytes)) {
        return OFPERR_OK;
    }
    /* Unknown connection states cannot be promised to be clear. */
    if (f->maskable == MASK_NONE ||
        (f->id == MF_CT_STATE && field_value_to_u64(f, mask) & ~(uint64_t)CS_ALL)) {
        return OFPERR_OFPBMC_BAD_MASK;
    }
    return OFPERR_OK;
}

enum ofp_error tlv_decode(struct wire_rd *r, const struct msg_header *msg,
                          const struct field **field, struct field_value *value,
                          struct field_value *mask, bool *has_mask)
{
    struct tlv_head h;
    enum ofp_error error = head_decode(r, msg, &h);
    const uint8_t *payload = wire_rd_bytes(r, h.n_payload);

    *field = h.field;
    *has_mask = h.has_mask;
    memset(value, 0, sizeof *value);
    memset(mask, 0, sizeof *mask);
    if (!payload) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (h.has_mask && !value_within_mask(payload, h.n_value)) {
        return OFPERR_OFPBMC_BAD_WILDCARDS;
    }
    if (error) {
        return error;
    }
    if (h.n_value > h.field->n_bytes) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    unsigned skip = h.field->n_bytes - h.n_value; /* Short tunnel options: right-aligned. */
    memcpy(value->b + skip, payload, h.n_value);
    if (h.has_mask) {
        memcpy(mask->b + skip, payload + h.n_value, h.n_value);
        error = check_mask(h.field, mask);
        if (error) {
            return error;
        }
    } else {
        field_value_ones(h.field, mask);
    }
    return field_value_ok(h.field, value) ? OFPERR_OK : OFPERR_OFPBMC_BAD_VALUE;
}

/* Where the table says; else packed, in as few bytes as hold it. */
enum ofp_error tlv_tun_put(const struct msg_header *msg, const struct field *f,
                           const struct field_value *value, const struct field_value *mask,
                           struct match *m)
{
    unsigned index = field_tun_index(f);
    int ofs = msg->tlvs ? (int)tlv_table_ofs(msg->tlvs, index) : TUN_PACKED;

    if (field_is_mapped(f) && mask && is_all_ones(mask->b, f->n_bytes)) {
        mask = NULL;
    }
    unsigned len = field_wire_len(f, value, mask), skip = f->n_bytes - len;
    return match_put_tun(m, index, ofs, len, value->b + skip, mask ? mask->b + skip : NULL)
               ? OFPERR_OK
               : OFPERR_OFPBMC_BAD_VALUE;
}

enum ofp_error tlv_header_decode(struct wire_rd *r, const struct msg_header *msg,
                                 const struct field **field, bool *has_mask)
{
    struct tlv_head h;
    enum ofp_error error = head_decode(r, msg, &h);

    *field = h.field;
    *has_mask = h.has_mask;
    return error;
}

/* 'n': bytes of the value. */
static void put_header(const struct field *f, unsigned n, uint8_t version, bool has_mask,
                       struct wire_wr *w)
{
    const struct field_codepoint *cp = field_codepoint(f, version);

    if (!cp) {
        w->err = true;
        return;
    }
    wire_wr_u32(w, cp->header - f->n_bytes + n + (has_mask ? HAS_MASK + n : 0));
    if (cp->experimenter) {
        wire_wr_u32(w, cp->experimenter);
    }
}

void tlv_header_encode(const struct field *f, uint8_t version, bool has_mask, struct wire_wr *w)
{
    put_header(f, f->n_bytes, version, has_mask, w);
}

void tlv_encode(const struct field *f, const struct field_value *value,
                const struct field_value *mask, uint8_t version, struct wire_wr *w)
{
    unsigned n = field_wire_len(f, value, mask), skip = f->n_bytes - n;

    put_header(f, n, version, mask != NULL, w);
    wire_wr_bytes(w, value->b + skip, n);
    if (mask) {
        wire_wr_bytes(w, mask->b + skip, n);
    }
}

void tlv_tun_encode(const struct match *m, unsigned index, struct wire_wr *w)
{
    const struct field *f = &fields[MF_TUN_METADATA0 + index];
    const struct tun_place *p = &m->tun[index];

    put_header(f, p->len, OFP10_VERSION, p->masked, w);
    wire_wr_bytes(w, m->flow.tun.space + p->ofs, p->len);
    if (p->masked) {
        wire_wr_bytes(w, m->mask.tun.space + p->ofs, p->len);
    }
}
