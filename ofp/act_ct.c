/* act_ct.c - NXAST_CT and NXAST_NAT on the wire; see act-private.h.
 *
 * ct carries a list of actions of its own, which may be nat and writes of ct_mark and ct_label.
 * Flags that the Nicira extension does not define are not checked, but kept, as with Open vSwitch.
 */
#include "ofp/act-private.h"

#define NX_CT_COMMIT 0x1
#define NX_CT_FORCE  0x2

/* Which items of a range follow, in this order. */
#define NAT_IPV4_MIN  0x01
#define NAT_IPV4_MAX  0x02
#define NAT_IPV6_MIN  0x04
#define NAT_IPV6_MAX  0x08
#define NAT_PROTO_MIN 0x10
#define NAT_PROTO_MAX 0x20

/* `nat` alone undoes translation and needs no commit. */
static bool nested_needs_commit(const struct act_ct *ct)
{
    const struct act *first = act_ct_nested(ct);
    const struct act_nat *nat = (const void *)first;

    return ct->nested_len &&
           !(first->type == ACT_NAT && first->len == ct->nested_len && !nat->flags && !nat->af);
}

static enum ofp_error verify(const struct act_ct *ct)
{
    if (ct->force && !ct->commit) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    if (ct->zone_src.field && ct->zone_src.n_bits != 16) {
        return OFPERR_OFPBAC_BAD_SET_LEN;
    }
    return !ct->commit && nested_needs_commit(ct) ? OFPERR_OFPBAC_BAD_ARGUMENT : OFPERR_OK;
}

enum ofp_error act_dec_ct(struct act_decoder *d, const struct act_wire *row UNUSED,
                          struct wire_rd *r)
{
    size_t ofs = act_nest_begin(d->out, ACT_CT, sizeof(struct act_ct));
    struct act_ct ct = {.act = {.type = ACT_CT, .len = sizeof ct}};
    uint16_t flags = wire_rd_u16(r);
    struct wire_rd header = wire_rd_sub(r, 4);
    uint16_t zone = wire_rd_u16(r);

    ct.commit = flags & NX_CT_COMMIT;
    ct.force = flags & NX_CT_FORCE;
    ct.other_flags = flags & (uint16_t) ~(NX_CT_COMMIT | NX_CT_FORCE);
    ct.table = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    ct.alg = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBAC_BAD_LEN;
    }
    if (get_be32(header.p)) {
        enum ofp_error error =
            act_decode_subfield4(d, &header, zone >> 6, (zone & 0x3f) + 1u, &ct.zone_src);
        if (error) {
            return error;
        }
    } else {
        ct.zone_imm = zone;
    }
    memcpy((char *)d->out->data + ofs, &ct, sizeof ct);

    if (d->outer != OUTER_CT) { /* Else refused in a moment: no recursion on the peer's word. */
        struct act_decoder nested = {
            .out = d->out, .h = d->h, .outer = OUTER_CT, .depth = d->depth};
        enum ofp_error error = act_decode_list(&nested, r);
        if (error) {
            return error;
        }
    }
    if (!act_nest_end(d->out, ofs, sizeof ct)) {
        return OFPERR_OFPBAC_TOO_MANY;
    }
    return verify((const struct act_ct *)(const void *)((char *)d->out->data + ofs));
}

void act_enc_ct(const struct act *a, const struct act_wire *row UNUSED, uint8_t version,
                struct wire_wr *w)
{
    const struct act_ct *ct = (const void *)a;

    wire_wr_u16(w, (uint16_t)((ct->commit ? NX_CT_COMMIT : 0) | (ct->force ? NX_CT_FORCE : 0) |
                              ct->other_flags));
    if (ct->zone_src.field) {
        act_encode_header4(ct->zone_src.field, w);
        wire_wr_u16(w, act_ofs_nbits(&ct->zone_src));
    } else {
        wire_wr_u32(w, 0);
        wire_wr_u16(w, ct->zone_imm);
    }
    wire_wr_u8(w, ct->table);
    wire_wr_zeros(w, 3);
    wire_wr_u16(w, ct->alg);
    act_encode_list(act_ct_nested(ct), ct->nested_len, version, w);
}

/* ---- nat ---- */

enum ofp_error act_nat_verify(const struct act_nat *nat, unsigned present)
{
    size_t size = nat->af == 6 ? 16 : 4;
    bool bad = (nat->flags & ~NAT_FLAGS) != 0;

    bad |= (nat->flags & NAT_SRC) && (nat->flags & NAT_DST);
    bad |= (nat->flags & NAT_PROTO_HASH) && (nat->flags & NAT_PROTO_RANDOM);
    if (nat->af) {
        bad |= is_all_zeros(nat->addr_min, size);
        bad |= present & (NAT_IPV4_MAX | NAT_IPV6_MAX) &&
               memcmp(nat->addr_max, nat->addr_min, size) < 0;
    } else {
        bad |= present & (NAT_PROTO_MIN | NAT_PROTO_MAX);
    }
    if (present & NAT_PROTO_MIN) {
        bad |= !nat->proto_min;
        bad |= present & NAT_PROTO_MAX && nat->proto_max < nat->proto_min;
    }
    return bad ? OFPERR_OFPBAC_BAD_ARGUMENT : OFPERR_OK;
}

static bool present_ok(unsigned present)
{
    bool v4 = present & (NAT_IPV4_MIN | NAT_IPV4_MAX);
    bool v6 = present & (NAT_IPV6_MIN | NAT_IPV6_MAX);

    return !(v4 && v6) && !(present & NAT_IPV4_MAX && !(present & NAT_IPV4_MIN)) &&
           !(present & NAT_IPV6_MAX && !(present & NAT_IPV6_MIN)) &&
           !(present & NAT_PROTO_MAX && !(present & NAT_PROTO_MIN));
}

enum ofp_error act_dec_nat(struct act_decoder *d, const struct act_wire *row UNUSED,
                           struct wire_rd *r)
{
    struct act_nat *nat = acts_put(d->out, ACT_NAT, sizeof *nat);

    wire_rd_skip(r, 2);
    nat->flags = wire_rd_u16(r);
    unsigned present = wire_rd_u16(r);
    if (!present_ok(present)) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    size_t size = present & NAT_IPV6_MIN ? 16 : 4;
    nat->af = present & NAT_IPV6_MIN ? 6 : present & NAT_IPV4_MIN ? 4 : 0;
    if (nat->af) {
        wire_rd_copy(r, nat->addr_min, size);
    }
    if (present & (NAT_IPV4_MAX | NAT_IPV6_MAX)) {
        wire_rd_copy(r, nat->addr_max, size);
    }
    if (present & NAT_PROTO_MIN) {
        nat->proto_min = wire_rd_u16(r);
    }
    if (present & NAT_PROTO_MAX) {
        nat->proto_max = wire_rd_u16(r);
    }
    if (r->err) {
        return OFPERR_OFPBAC_BAD_ARGUMENT;
    }
    return act_nat_verify(nat, present);
}

void act_enc_nat(const struct act *a, const struct act_wire *row UNUSED, uint8_t version UNUSED,
                 struct wire_wr *w)
{
    const struct act_nat *nat = (const void *)a;
    size_t size = nat->af == 6 ? 16 : 4;
    bool min = nat->af && !is_all_zeros(nat->addr_min, size);
    bool max = min && !is_all_zeros(nat->addr_max, size);
    bool proto_min = min && nat->proto_min;
    bool proto_max = proto_min && nat->proto_max;
    unsigned present = 0;

    present |= min ? (nat->af == 6 ? NAT_IPV6_MIN : NAT_IPV4_MIN) : 0;
    present |= max ? (nat->af == 6 ? NAT_IPV6_MAX : NAT_IPV4_MAX) : 0;
    present |= (proto_min ? NAT_PROTO_MIN : 0) | (proto_max ? NAT_PROTO_MAX : 0);
    wire_wr_zeros(w, 2);
    wire_wr_u16(w, nat->flags);
    wire_wr_u16(w, (uint16_t)present);
    wire_wr_bytes(w, nat->addr_min, min ? size : 0);
    wire_wr_bytes(w, nat->addr_max, max ? size : 0);
    if (proto_min) {
        wire_wr_u16(w, nat->proto_min);
    }
    if (proto_max) {
        wire_wr_u16(w, nat->proto_max);
    }
}
