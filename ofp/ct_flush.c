/* ct_flush.c - see ct_flush.h; the codec (nicira-ext). */
#include "ofp/ct_flush.h"

#include "ofp/prop.h"

enum { PROP_ORIG, PROP_REPLY, PROP_ZONE, PROP_MARK, PROP_MARK_MASK, PROP_LABELS, PROP_LABELS_MASK };
enum { TUPLE_SRC, TUPLE_DST, TUPLE_SPORT, TUPLE_DPORT, TUPLE_ICMP_ID, TUPLE_ICMP_TYPE, TUPLE_CODE };

#define PROTO_ICMP   1
#define PROTO_ICMPV6 58

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool ct_flush_is_icmp(const struct ct_flush *f)
{
    return f->ip_proto == PROTO_ICMP || f->ip_proto == PROTO_ICMPV6;
}

/* ---- decode ---- */

static enum ofp_error decode_address(struct prop *p, uint8_t address[16], uint8_t *family)
{
    enum ofp_error error = prop_bytes(p, address, 16);
    if (error) {
        return error;
    }
    uint8_t mine = !memcmp(address, v4_prefix, sizeof v4_prefix) ? 4
                   : is_all_zeros(address, 16)                   ? 0
                                                                 : 6;
    if (*family && mine && *family != mine) {
        return OFPERR_OFPBPC_BAD_VALUE;
    }
    *family = mine;
    return OFPERR_OK;
}

static enum ofp_error decode_tuple(struct prop *nested, struct ct_flush_tuple *t, uint8_t *family)
{
    struct wire_rd r;
    enum ofp_error error = prop_nested(nested, &r);

    while (!error && wire_rd_left(&r)) {
        struct prop p;
        uint8_t byte;
        error = prop_decode(&r, &p);
        if (error) {
            break;
        }
        switch (p.type) {
        case TUPLE_SRC:
            error = decode_address(&p, t->src, family);
            break;
        case TUPLE_DST:
            error = decode_address(&p, t->dst, family);
            break;
        case TUPLE_SPORT:
        case TUPLE_ICMP_ID:
            error = prop_u16(&p, &t->src_port);
            break;
        case TUPLE_DPORT:
            error = prop_u16(&p, &t->dst_port);
            break;
        case TUPLE_ICMP_TYPE:
            error = prop_u8(&p, &byte);
            t->dst_port = (uint16_t)((t->dst_port & 0xff00) | byte);
            break;
        case TUPLE_CODE:
            error = prop_u8(&p, &byte);
            t->dst_port = (uint16_t)((t->dst_port & 0xff) | byte << 8);
            break;
        default: /* Newer than we are. */
            break;
        }
    }
    return error;
}

static enum ofp_error decode_prop(struct prop *p, struct ct_flush *f)
{
    switch (p->type) {
    case PROP_ORIG:
        return decode_tuple(p, &f->orig, &f->family);
    case PROP_REPLY:
        return decode_tuple(p, &f->reply, &f->family);
    case PROP_ZONE:
        f->has_zone = true;
        return prop_u16(p, &f->zone);
    case PROP_MARK:
        return prop_u32(p, &f->mark);
    case PROP_MARK_MASK:
        return prop_u32(p, &f->mark_mask);
    case PROP_LABELS:
        return prop_bytes(p, f->labels, sizeof f->labels);
    case PROP_LABELS_MASK:
        return prop_bytes(p, f->labels_mask, sizeof f->labels_mask);
    default:
        return OFPERR_OK;
    }
}

enum ofp_error ct_flush_decode(struct wire_rd *r, struct ct_flush *f)
{
    memset(f, 0, sizeof *f);
    f->ip_proto = wire_rd_u8(r);
    const uint8_t *zeros = wire_rd_bytes(r, 7);
    if (!zeros) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!is_all_zeros(zeros, 7)) {
        return OFPERR_NXBRC_MUST_BE_ZERO;
    }
    enum ofp_error error = OFPERR_OK;
    while (!error && wire_rd_left(r)) {
        struct prop p;
        error = prop_decode(r, &p);
        error = error ? error : decode_prop(&p, f);
    }
    return error;
}

/* ---- encode ---- */

/* Of ICMP there is always something to say. */
static void put_tuple(uint16_t type, const struct ct_flush_tuple *t, bool icmp, struct wire_wr *w)
{
    if (is_all_zeros(t, sizeof *t) && !icmp) {
        return;
    }
    size_t start = prop_start_nested(w, type);
    if (!is_all_zeros(t->src, sizeof t->src)) {
        prop_put_bytes(w, TUPLE_SRC, t->src, sizeof t->src);
    }
    if (!is_all_zeros(t->dst, sizeof t->dst)) {
        prop_put_bytes(w, TUPLE_DST, t->dst, sizeof t->dst);
    }
    if (icmp) {
        prop_put_u16(w, TUPLE_ICMP_ID, t->src_port);
        prop_put_u8(w, TUPLE_ICMP_TYPE, (uint8_t)t->dst_port);
        prop_put_u8(w, TUPLE_CODE, (uint8_t)(t->dst_port >> 8));
    } else {
        if (t->src_port) {
            prop_put_u16(w, TUPLE_SPORT, t->src_port);
        }
        if (t->dst_port) {
            prop_put_u16(w, TUPLE_DPORT, t->dst_port);
        }
    }
    prop_finish(w, start);
}

void ct_flush_encode(const struct ct_flush *f, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_CT_FLUSH, version, xid);
    wire_wr_u8(w, f->ip_proto);
    wire_wr_zeros(w, 7);
    put_tuple(PROP_ORIG, &f->orig, ct_flush_is_icmp(f), w);
    put_tuple(PROP_REPLY, &f->reply, ct_flush_is_icmp(f), w);
    if (f->has_zone) {
        prop_put_u16(w, PROP_ZONE, f->zone);
    }
    if (f->mark_mask || f->mark) {
        prop_put_u32(w, PROP_MARK, f->mark);
        prop_put_u32(w, PROP_MARK_MASK, f->mark_mask);
    }
    if (!is_all_zeros(f->labels, 16) || !is_all_zeros(f->labels_mask, 16)) {
        prop_put_bytes(w, PROP_LABELS, f->labels, 16);
        prop_put_bytes(w, PROP_LABELS_MASK, f->labels_mask, 16);
    }
    msg_finish(w, start);
}

/* ---- NXT_CT_FLUSH_ZONE ---- */

enum ofp_error ct_flush_zone_decode(struct wire_rd *r, uint16_t *zone)
{
    const uint8_t *zeros = wire_rd_bytes(r, 6);

    *zone = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return is_all_zeros(zeros, 6) ? OFPERR_OK : OFPERR_NXBRC_MUST_BE_ZERO;
}

void ct_flush_zone_encode(uint16_t zone, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_NXT_CT_FLUSH_ZONE, version, xid);
    wire_wr_zeros(w, 6);
    wire_wr_u16(w, zone);
    msg_finish(w, start);
}
