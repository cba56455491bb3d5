/* switch.c - see switch.h.  OpenFlow 1.3.5 sections 7.3.1 (features), 7.3.2
 * (configuration), 7.3.5.1 (description), 7.3.5.4 (table statistics), 7.5.1 and 6.3.1 (HELLO). */
#include "ofp/switch.h"

#define HELLO_ELEM_BITMAP 1
#define VERSIONS_KNOWN    0x7eu /* 1.0 to 1.5: what a bitmap may name that we understand. */

/* ---- HELLO ---- */

void hello_encode(uint32_t versions, uint32_t xid, struct wire_wr *w)
{
    versions &= VERSIONS_KNOWN;
    uint8_t highest = versions ? (uint8_t)(31 - __builtin_clz(versions)) : OFP13_VERSION;
    size_t start = msg_start(w, MSG_HELLO, highest, xid);
    /* Everything up to the highest: the header says it all, and old peers like it short. */
    if (versions != ((BIT(highest + 1) - 1) & VERSIONS_KNOWN)) {
        wire_wr_u16(w, HELLO_ELEM_BITMAP);
        wire_wr_u16(w, 8);
        wire_wr_u32(w, versions);
    }
    msg_finish(w, start);
}

enum ofp_error hello_decode_body(struct wire_rd *r, uint8_t version, uint32_t *versions)
{
    *versions = version >= 31 ? UINT32_MAX & ~1u : (BIT(version + 1) - 1) & ~1u;
    bool odd = false;
    while (wire_rd_left(r)) {
        uint16_t type = wire_rd_u16(r);
        uint16_t len = wire_rd_u16(r);
        struct wire_rd elem = wire_rd_sub(r, len >= 4 ? len - 4u : SIZE_MAX);
        wire_rd_skip(r, MIN(wire_rd_left(r), (size_t)(ROUND_UP(len, 8) - len)));
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        uint32_t bitmap = type == HELLO_ELEM_BITMAP ? wire_rd_u32(&elem) : 0;
        if (!elem.err && bitmap & ~1u) {
            *versions = bitmap & ~1u; /* Further words name versions that nobody has. */
        } else {
            odd = true;
        }
    }
    return odd ? OFPERR_OFPBRC_BAD_TYPE : OFPERR_OK;
}

enum ofp_error hello_decode(const void *msg, size_t len, uint32_t *versions)
{
    struct wire_rd r;
    wire_rd_init(&r, msg, len);
    *versions = 0;
    uint8_t version = wire_rd_u8(&r);
    uint8_t type = wire_rd_u8(&r);
    uint16_t msg_len = wire_rd_u16(&r);
    wire_rd_skip(&r, 4);
    if (r.err || msg_len != len) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (type || !version) {
        return type ? OFPERR_OFPBRC_BAD_TYPE : OFPERR_OFPBRC_BAD_VERSION;
    }
    /* Elements that are malformed or unknown are ignored: what the peer speaks is known anyhow. */
    (void)hello_decode_body(&r, version, versions);
    return OFPERR_OK;
}

uint8_t hello_negotiate(uint32_t ours, uint32_t theirs)
{
    uint32_t common = ours & theirs & ~1u;
    return common ? (uint8_t)(31 - __builtin_clz(common)) : 0;
}

/* ---- FEATURES, CONFIG, DESC ---- */

void switch_features_encode(const struct switch_features *f, uint8_t version, uint32_t xid,
                            struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_FEATURES_REPLY, version, xid);
    if (version < OFP13_VERSION) { /* Lists the ports. */
        w->err = true;
    }
    wire_wr_u64(w, f->datapath_id);
    wire_wr_u32(w, f->n_buffers);
    wire_wr_u8(w, f->n_tables);
    wire_wr_u8(w, f->auxiliary_id);
    wire_wr_zeros(w, 2);
    wire_wr_u32(w, f->capabilities);
    wire_wr_zeros(w, 4);
    msg_finish(w, start);
}

enum ofp_error switch_features_decode(struct wire_rd *r, const struct msg_header *h,
                                      struct switch_features *f)
{
    *f = (struct switch_features){0};
    if (h->version < OFP13_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    f->datapath_id = wire_rd_u64(r);
    f->n_buffers = wire_rd_u32(r);
    f->n_tables = wire_rd_u8(r);
    f->auxiliary_id = wire_rd_u8(r);
    wire_rd_skip(r, 2);
    f->capabilities = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void switch_config_encode(const struct switch_config *c, bool reply, uint8_t version, uint32_t xid,
                          struct wire_wr *w)
{
    size_t start = msg_start(w, reply ? MSG_GET_CONFIG_REPLY : MSG_SET_CONFIG, version, xid);
    wire_wr_u16(w, c->flags);
    wire_wr_u16(w, c->miss_send_len);
    msg_finish(w, start);
}

enum ofp_error switch_config_decode(struct wire_rd *r, struct switch_config *c)
{
    c->flags = wire_rd_u16(r);
    c->miss_send_len = wire_rd_u16(r);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

static const struct {
    uint16_t ofs, len; /* 'len' bytes on the wire; one more in the structure. */
} desc_fields[] = {
    {offsetof(struct switch_desc, manufacturer), 256},
    {offsetof(struct switch_desc, hardware), 256},
    {offsetof(struct switch_desc, software), 256},
    {offsetof(struct switch_desc, serial), 32},
    {offsetof(struct switch_desc, dp), 256},
};

void switch_desc_encode_reply(const struct switch_desc *desc, uint8_t version, uint32_t xid,
                              struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_DESC_REPLY, version, xid);
    for (size_t i = 0; i < ARRAY_SIZE(desc_fields); i++) {
        const char *s = (const char *)desc + desc_fields[i].ofs;
        size_t len = strnlen(s, desc_fields[i].len - 1u); /* The wire wants the NUL too. */
        wire_wr_bytes(w, s, len);
        wire_wr_zeros(w, desc_fields[i].len - len);
    }
    msg_finish(w, start);
}

enum ofp_error switch_desc_decode(struct wire_rd *r, struct switch_desc *desc)
{
    memset(desc, 0, sizeof *desc);
    for (size_t i = 0; i < ARRAY_SIZE(desc_fields); i++) {
        wire_rd_copy(r, (char *)desc + desc_fields[i].ofs, desc_fields[i].len);
    }
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

/* ---- TABLE ---- */

void table_stats_encode(const struct table_stats *t, uint8_t version, struct wire_wr *w)
{
    if (version < OFP13_VERSION) {
        w->err = true;
        return;
    }
    wire_wr_u8(w, t->table_id);
    wire_wr_zeros(w, 3);
    wire_wr_u32(w, t->active);
    wire_wr_u64(w, t->lookup);
    wire_wr_u64(w, t->matched);
}

enum ofp_error table_stats_decode(struct wire_rd *r, uint8_t version, struct table_stats *t,
                                  bool *end)
{
    *t = (struct table_stats){0};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    if (version < OFP13_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    t->table_id = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    t->active = wire_rd_u32(r);
    t->lookup = wire_rd_u64(r);
    t->matched = wire_rd_u64(r);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void msg_encode_simple(enum msg_type type, uint8_t version, uint32_t xid, const void *body,
                       size_t body_len, struct wire_wr *w)
{
    size_t start = msg_start(w, type, version, xid);
    wire_wr_bytes(w, body, body_len);
    msg_finish(w, start);
}
