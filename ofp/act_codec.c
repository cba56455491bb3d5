/* act_codec.c - bodies of the actions that set no field.  See act-private.h: 'r' stands behind the
 * action's header, and in experimenter forms the first two bytes are padding unless the action
 * uses them. */
#include "ofp/act-private.h"

enum ofp_error act_dec_null(struct act_decoder *d, const struct act_wire *row,
                            struct wire_rd *r UNUSED)
{
    struct act_null *a = acts_put(d->out, row->type, sizeof *a);
    a->act.raw = row == &act_wires[RAW_STRIP_VLAN] ? RAW_STRIP_VLAN : RAW_NONE;
    return OFPERR_OK;
}

void act_enc_null(const struct act *a UNUSED, const struct act_wire *row UNUSED,
                  uint8_t version UNUSED, struct wire_wr *w UNUSED)
{
}

/* ---- output ---- */

/* May a packet be sent there?  'port' in the 32-bit space. */
static bool port_is_output(uint32_t port)
{
    return port < 0xff00 || (port >= OFPP_IN_PORT && port <= OFPP_LOCAL);
}

static enum ofp_error put_output(struct acts *out, uint32_t port, uint16_t max_len)
{
    if (!port_is_output(port)) {
        return OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    struct act_output *a = acts_put(out, ACT_OUTPUT, sizeof *a);
    a->port = port;
    a->max_len = max_len;
    return OFPERR_OK;
}

enum ofp_error act_dec_output10(struct act_decoder *d, const struct act_wire *row UNUSED,
                                struct wire_rd *r)
{
    uint32_t port = port_from_10(wire_rd_u16(r));
    return put_output(d->out, port, wire_rd_u16(r));
}

void act_enc_output10(const struct act *a, const struct act_wire *row UNUSED,
                      uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_output *o = (const void *)a;
    wire_wr_u16(w, port_to_10(o->port));
    wire_wr_u16(w, o->max_len);
}

enum ofp_error act_dec_output(struct act_decoder *d, const struct act_wire *row UNUSED,
                              struct wire_rd *r)
{
    uint32_t port = wire_rd_u32(r);
    return put_output(d->out, port, wire_rd_u16(r));
}

void act_enc_output(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                    struct wire_wr *w)
{
    const struct act_output *o = (const void *)a;
    wire_wr_u32(w, o->port);
    wire_wr_u16(w, o->max_len);
}

/* ---- VLAN and MPLS ---- */

static enum ofp_error put_vlan(struct act_decoder *d, enum act_type type, unsigned value,
                               unsigned max)
{
    if (value > max) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    struct act_set_vlan *a = acts_put(d->out, type, sizeof *a);
    a->value = (uint16_t)value;
    a->push_if_absent = d->h->version == OFP10_VERSION;
    return OFPERR_OK;
}

enum ofp_error act_dec_set_vlan_vid(struct act_decoder *d, const struct act_wire *row,
                                    struct wire_rd *r)
{
    return put_vlan(d, row->type, wire_rd_u16(r), 0xfff);
}

void act_enc_set_vlan_vid(const struct act *a, const struct act_wire *row UNUSED,
                          uint8_t version UNUSED, struct wire_wr *w)
{
    wire_wr_u16(w, ((const struct act_set_vlan *)(const void *)a)->value);
}

enum ofp_error act_dec_set_vlan_pcp(struct act_decoder *d, const struct act_wire *row,
                                    struct wire_rd *r)
{
    return put_vlan(d, row->type, wire_rd_u8(r), 7);
}

void act_enc_set_vlan_pcp(const struct act *a, const struct act_wire *row UNUSED,
                          uint8_t version UNUSED, struct wire_wr *w)
{
    wire_wr_u8(w, (uint8_t)((const struct act_set_vlan *)(const void *)a)->value);
}

enum ofp_error act_dec_push_vlan(struct act_decoder *d, const struct act_wire *row UNUSED,
                                 struct wire_rd *r)
{
    uint16_t eth_type = wire_rd_u16(r);

    if (eth_type != 0x8100 && eth_type != 0x88a8) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    struct act_push_vlan *a = acts_put(d->out, ACT_PUSH_VLAN, sizeof *a);
    a->eth_type = eth_type;
    return OFPERR_OK;
}

void act_enc_push_vlan(const struct act *a, const struct act_wire *row UNUSED,
                       uint8_t version UNUSED, struct wire_wr *w)
{
    wire_wr_u16(w, ((const struct act_push_vlan *)(const void *)a)->eth_type);
}

enum ofp_error act_dec_push_mpls(struct act_decoder *d, const struct act_wire *row,
                                 struct wire_rd *r)
{
    struct wire_rd peek = *r;
    uint16_t eth_type = wire_rd_u16(&peek);

    if (eth_type != 0x8847 && eth_type != 0x8848) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    return act_dec_u16(d, row, r);
}

void act_enc_push_mpls(const struct act *a, const struct act_wire *row, uint8_t version,
                       struct wire_wr *w)
{
    act_enc_u16(a, row, version, w);
}

enum ofp_error act_dec_push_pbb(struct act_decoder *d, const struct act_wire *row,
                                struct wire_rd *r)
{
    struct wire_rd peek = *r;

    return wire_rd_u16(&peek) == 0x88e7 ? act_dec_u16(d, row, r) : OFPERR_OFPBAC_BAD_ARGUMENT;
}

void act_enc_push_pbb(const struct act *a, const struct act_wire *row, uint8_t version,
                      struct wire_wr *w)
{
    act_enc_u16(a, row, version, w);
}

/* ---- one integer ---- */

enum ofp_error act_dec_u8(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct act_u8 *a = acts_put(d->out, row->type, sizeof *a);
    a->value = wire_rd_u8(r);
    return OFPERR_OK;
}

void act_enc_u8(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                struct wire_wr *w)
{
    wire_wr_u8(w, ((const struct act_u8 *)(const void *)a)->value);
}

enum ofp_error act_dec_u16(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    struct act_u16 *a = acts_put(d->out, row->type, sizeof *a);
    a->value = wire_rd_u16(r);
    return OFPERR_OK;
}

void act_enc_u16(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                 struct wire_wr *w)
{
    wire_wr_u16(w, ((const struct act_u16 *)(const void *)a)->value);
}

enum ofp_error act_dec_u32(struct act_decoder *d, const struct act_wire *row, struct wire_rd *r)
{
    if (row->vendor) {
        wire_rd_skip(r, 2);
    }
    struct act_u32 *a = acts_put(d->out, row->type, sizeof *a);
    a->value = wire_rd_u32(r);
    return OFPERR_OK;
}

void act_enc_u32(const struct act *a, const struct act_wire *row, uint8_t version UNUSED,
                 struct wire_wr *w)
{
    if (row->vendor) {
        wire_wr_zeros(w, 2);
    }
    wire_wr_u32(w, ((const struct act_u32 *)(const void *)a)->value);
}

/* ---- resubmit ---- */

enum ofp_error act_dec_resubmit(struct act_decoder *d, const struct act_wire *row UNUSED,
                                struct wire_rd *r)
{
    struct act_resubmit *a = acts_put(d->out, ACT_RESUBMIT, sizeof *a);
    a->act.raw = RAW_RESUBMIT; /* Else it would go out as the longer form. */
    a->in_port = port_from_10(wire_rd_u16(r));
    a->table = OFPTT_ALL;
    return OFPERR_OK;
}

void act_enc_resubmit(const struct act *a, const struct act_wire *row UNUSED,
                      uint8_t version UNUSED, struct wire_wr *w)
{
    wire_wr_u16(w, port_to_10(((const struct act_resubmit *)(const void *)a)->in_port));
}

enum ofp_error act_dec_resubmit_table(struct act_decoder *d, const struct act_wire *row,
                                      struct wire_rd *r)
{
    struct act_resubmit *a = acts_put(d->out, ACT_RESUBMIT, sizeof *a);
    a->in_port = port_from_10(wire_rd_u16(r));
    a->table = wire_rd_u8(r);
    a->ct = row->subtype == 44;
    const uint8_t *pad = wire_rd_bytes(r, 3);
    return !pad || is_all_zeros(pad, 3) ? OFPERR_OK : OFPERR_OFPBAC_BAD_ARGUMENT;
}

void act_enc_resubmit_table(const struct act *a, const struct act_wire *row, uint8_t version,
                            struct wire_wr *w)
{
    act_enc_resubmit(a, row, version, w);
    wire_wr_u8(w, ((const struct act_resubmit *)(const void *)a)->table);
}

/* ---- clone ---- */

enum ofp_error act_dec_clone(struct act_decoder *d, const struct act_wire *row UNUSED,
                             struct wire_rd *r)
{
    struct act_decoder nested = {.out = d->out, .h = d->h, .outer = OUTER_CLONE, .depth = d->depth};
    size_t size = sizeof(struct act_write_actions);
    size_t ofs = act_nest_begin(d->out, ACT_CLONE, size);

    wire_rd_skip(r, 6);
    enum ofp_error error = act_decode_list(&nested, r);
    if (error) {
        return error;
    }
    return act_nest_end(d->out, ofs, size) ? OFPERR_OK : OFPERR_OFPBAC_TOO_MANY;
}

void act_enc_clone(const struct act *a, const struct act_wire *row UNUSED, uint8_t version,
                   struct wire_wr *w)
{
    const struct act_write_actions *c = (const void *)a;

    wire_wr_zeros(w, 6);
    act_encode_list(act_write_actions_nested(c), c->nested_len, version, w);
}

/* ---- note ---- */

enum ofp_error act_dec_note(struct act_decoder *d, const struct act_wire *row UNUSED,
                            struct wire_rd *r)
{
    size_t n = wire_rd_left(r);
    struct act_note *a = acts_put(d->out, ACT_NOTE, sizeof *a + n);
    a->n = (uint16_t)n;
    wire_rd_copy(r, a->data, n);
    return OFPERR_OK;
}

void act_enc_note(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                  struct wire_wr *w)
{
    const struct act_note *n = (const void *)a;
    wire_wr_bytes(w, n->data, n->n);
}

/* ---- metadata ---- */

enum ofp_error act_dec_write_metadata(struct act_decoder *d, const struct act_wire *row UNUSED,
                                      struct wire_rd *r)
{
    const uint8_t *pad = wire_rd_bytes(r, 6);
    if (pad && !is_all_zeros(pad, 6)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    struct act_write_metadata *a = acts_put(d->out, ACT_WRITE_METADATA, sizeof *a);
    a->value = wire_rd_u64(r);
    a->mask = wire_rd_u64(r);
    return OFPERR_OK;
}

void act_enc_write_metadata(const struct act *a, const struct act_wire *row UNUSED,
                            uint8_t version UNUSED, struct wire_wr *w)
{
    const struct act_write_metadata *m = (const void *)a;
    wire_wr_zeros(w, 6);
    wire_wr_u64(w, m->value);
    wire_wr_u64(w, m->mask);
}
