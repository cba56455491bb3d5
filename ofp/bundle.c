/* bundle.c - see bundle.h.  OpenFlow 1.4 sections 7.3.9 and 7.4.6, 1.5 section 7.3.5.19; EXT-230,
 * EXT-264. */
#include "ofp/bundle.h"

#include "ofp/format.h"

static const uint8_t *rest(struct wire_rd *r, size_t *len)
{
    *len = wire_rd_left(r);
    return wire_rd_bytes(r, *len);
}

/* ---- BUNDLE_CONTROL ---- */

enum ofp_error bundle_control_decode(struct wire_rd *r, struct bundle_control *c)
{
    c->id = wire_rd_u32(r);
    c->type = wire_rd_u16(r);
    c->flags = wire_rd_u16(r);
    c->props = rest(r, &c->props_len);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void bundle_control_encode(const struct bundle_control *c, uint8_t version, uint32_t xid,
                           struct wire_wr *w)
{
    size_t start =
        msg_start(w, version >= OFP14_VERSION ? MSG_BUNDLE_CONTROL : MSG_ONFT_BUNDLE_CONTROL,
                  version, xid);
    wire_wr_u32(w, c->id);
    wire_wr_u16(w, c->type);
    wire_wr_u16(w, c->flags);
    wire_wr_bytes(w, c->props, c->props_len);
    msg_finish(w, start);
}

static void format_start(uint32_t id, struct text *s)
{
    text_printf(s, "\n bundle_id=%#" PRIx32, id);
}

static void format_flags(uint16_t flags, struct text *s)
{
    static const struct bit_name names[] = {{BUNDLE_ATOMIC, "atomic"}, {BUNDLE_ORDERED, "ordered"}};

    text_puts(s, " flags=");
    format_bits(s, flags, names, ARRAY_SIZE(names), ' ');
}

void bundle_control_format(const struct bundle_control *c, struct text *s)
{
    static const char *const types[BUNDLE_N_TYPES] = {"OPEN_REQUEST",    "OPEN_REPLY",
                                                      "CLOSE_REQUEST",   "CLOSE_REPLY",
                                                      "COMMIT_REQUEST",  "COMMIT_REPLY",
                                                      "DISCARD_REQUEST", "DISCARD_REPLY"};

    format_start(c->id, s);
    text_printf(s, " type=%s", c->type < BUNDLE_N_TYPES ? types[c->type] : "");
    format_flags(c->flags, s);
}

/* ---- BUNDLE_ADD_MESSAGE ---- */

static bool may_be_in_bundle(enum msg_type type)
{
    return type == MSG_FLOW_MOD || type == MSG_GROUP_MOD || type == MSG_PORT_MOD ||
           type == MSG_PACKET_OUT || type == MSG_NXT_FLOW_MOD;
}

enum ofp_error bundle_add_decode(struct wire_rd *r, const struct msg_header *h,
                                 struct bundle_add *a)
{
    *a = (struct bundle_add){.type = MSG_N_TYPES, .id = wire_rd_u32(r)};
    wire_rd_skip(r, 2);
    a->flags = wire_rd_u16(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (wire_rd_left(r) < OFP_HEADER_LEN) {
        return OFPERR_OFPBFC_MSG_BAD_LEN;
    }
    /* The message says itself where it ends; properties follow behind padding. */
    a->msg_len = get_be16(r->p + 2);
    if (r->p[0] != h->version) {
        return OFPERR_OFPBFC_BAD_VERSION;
    }
    if (a->msg_len < OFP_HEADER_LEN || a->msg_len > wire_rd_left(r)) {
        return OFPERR_OFPBFC_MSG_BAD_LEN;
    }
    a->msg = wire_rd_bytes(r, a->msg_len);
    a->props = rest(r, &a->props_len);
    if (get_be32(a->msg + 4) != h->xid) {
        return OFPERR_OFPBFC_MSG_BAD_XID;
    }
    struct wire_rd inner;
    struct msg_header ih;
    wire_rd_init(&inner, a->msg, a->msg_len);
    if (msg_decode_header(&inner, &ih) || !may_be_in_bundle(ih.type)) {
        return OFPERR_OFPBFC_MSG_UNSUP;
    }
    a->type = ih.type;
    return OFPERR_OK;
}

void bundle_add_encode(const struct bundle_add *a, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start =
        msg_start(w,
                  version >= OFP14_VERSION ? MSG_BUNDLE_ADD_MESSAGE : MSG_ONFT_BUNDLE_ADD_MESSAGE,
                  version, xid);
    wire_wr_u32(w, a->id);
    wire_wr_zeros(w, 2);
    wire_wr_u16(w, a->flags);
    wire_wr_bytes(w, a->msg, a->msg_len);
    wire_wr_bytes(w, a->props, a->props_len);
    msg_finish(w, start);
}

void bundle_add_format(const struct bundle_add *a, struct text *s)
{
    format_start(a->id, s);
    format_flags(a->flags, s);
    text_putc(s, '\n');
}

/* ---- REQUESTFORWARD ---- */

enum ofp_error requestforward_decode(struct wire_rd *r, const struct msg_header *h,
                                     struct requestforward *rf)
{
    *rf = (struct requestforward){.msg_len = wire_rd_left(r)};
    if (rf->msg_len < OFP_HEADER_LEN) {
        return OFPERR_OFPBFC_MSG_BAD_LEN;
    }
    size_t said = get_be16(r->p + 2);
    if (said < OFP_HEADER_LEN || said > rf->msg_len) {
        return OFPERR_OFPBFC_MSG_BAD_LEN;
    }
    if (r->p[0] != h->version) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    rf->msg_len = said;
    rf->msg = wire_rd_bytes(r, said);
    struct wire_rd inner;
    wire_rd_init(&inner, rf->msg, rf->msg_len);
    enum ofp_error error = msg_decode_header(&inner, &rf->h);
    if (error) {
        return error;
    }
    bool group = rf->h.type == MSG_GROUP_MOD || rf->h.type == MSG_NXT_GROUP_MOD;
    rf->reason = group ? REQUESTFORWARD_GROUP_MOD : REQUESTFORWARD_METER_MOD;
    return group || rf->h.type == MSG_METER_MOD ? OFPERR_OK : OFPERR_OFPBFC_MSG_UNSUP;
}

void requestforward_encode(const struct requestforward *rf, uint8_t version, uint32_t xid,
                           struct wire_wr *w)
{
    enum msg_type type = version >= OFP14_VERSION   ? MSG_REQUESTFORWARD
                         : version == OFP13_VERSION ? MSG_ONFT_REQUESTFORWARD
                                                    : MSG_NXT_REQUESTFORWARD;
    size_t start = msg_start(w, type, version, xid);
    wire_wr_bytes(w, rf->msg, rf->msg_len);
    msg_finish(w, start);
}

/* ---- BUNDLE_FEATURES ---- */

enum ofp_error bundle_features_decode(struct wire_rd *r, const struct msg_header *h,
                                      struct bundle_features *f)
{
    bool reply = h->type == MSG_BUNDLE_FEATURES_REPLY;

    f->bits = reply ? wire_rd_u16(r) : wire_rd_u32(r);
    wire_rd_skip(r, reply ? 6 : 4);
    f->props = rest(r, &f->props_len);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void bundle_features_encode(const struct bundle_features *f, bool reply, uint32_t xid,
                            struct wire_wr *w)
{
    size_t start = msg_start(w, reply ? MSG_BUNDLE_FEATURES_REPLY : MSG_BUNDLE_FEATURES_REQUEST,
                             OFP15_VERSION, xid);
    if (reply) {
        wire_wr_u16(w, (uint16_t)f->bits);
    } else {
        wire_wr_u32(w, f->bits);
    }
    wire_wr_zeros(w, reply ? 6 : 4);
    wire_wr_bytes(w, f->props, f->props_len);
    msg_finish(w, start);
}

void bundle_features_format(const struct bundle_features *f, bool reply, struct text *s)
{
    static const struct bit_name capabilities[] = {{BUNDLE_ATOMIC, "atomic"},
                                                   {BUNDLE_ORDERED, "ordered"},
                                                   {BUNDLE_TIME, "time"}};
    static const struct bit_name flags[] = {{1, "timestamp"}, {2, "time_set_sched"}};

    text_puts(s, reply ? " capabilities=" : " flags=");
    format_bits(s, f->bits, reply ? capabilities : flags,
                reply ? ARRAY_SIZE(capabilities) : ARRAY_SIZE(flags), ' ');
}
