/* switch.c - see switch.h.  OpenFlow 1.0 section 5.3.1; 1.3.5 sections 7.3.1 (features), 7.3.2
 * (configuration), 7.3.5.1 (description), 7.5.1 and 6.3.1 (HELLO). */
#include "ofp/switch.h"

#include "ofp/table_features.h"

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

static const struct {
    uint32_t capability, wire;
    const char *name;
    uint8_t first, last;
} capabilities[] = {
    {OFPC_FLOW_STATS, 0x001, "FLOW_STATS", OFP10_VERSION, OFP15_VERSION},
    {OFPC_TABLE_STATS, 0x002, "TABLE_STATS", OFP10_VERSION, OFP15_VERSION},
    {OFPC_PORT_STATS, 0x004, "PORT_STATS", OFP10_VERSION, OFP15_VERSION},
    {OFPC_STP, 0x008, "STP", OFP10_VERSION, OFP10_VERSION},
    {OFPC_GROUP_STATS, 0x008, "GROUP_STATS", OFP11_VERSION, OFP15_VERSION},
    {OFPC_IP_REASM, 0x020, "IP_REASM", OFP10_VERSION, OFP15_VERSION},
    {OFPC_QUEUE_STATS, 0x040, "QUEUE_STATS", OFP10_VERSION, OFP15_VERSION},
    {OFPC_ARP_MATCH_IP, 0x080, "ARP_MATCH_IP", OFP10_VERSION, OFP11_VERSION},
    {OFPC_PORT_BLOCKED, 0x100, "PORT_BLOCKED", OFP12_VERSION, OFP15_VERSION},
    {OFPC_BUNDLES, 0x200, "BUNDLES", OFP14_VERSION, OFP15_VERSION},
    {OFPC_FLOW_MONITORING, 0x400, "FLOW_MONITORING", OFP14_VERSION, OFP15_VERSION},
};

static bool capability_in(size_t i, uint8_t version)
{
    return msg_version_in(version, capabilities[i].first, capabilities[i].last);
}

static uint32_t capabilities_to_wire(uint32_t bits, uint8_t version)
{
    uint32_t wire = 0;

    for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
        if (capability_in(i, version) && bits & capabilities[i].capability) {
            wire |= capabilities[i].wire;
        }
    }
    return wire;
}

static uint32_t capabilities_from_wire(uint32_t wire, uint8_t version)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
        if (capability_in(i, version) && wire & capabilities[i].wire) {
            bits |= capabilities[i].capability;
        }
    }
    return bits;
}

void switch_features_encode(const struct switch_features *f, uint8_t version, uint32_t xid,
                            struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_FEATURES_REPLY, version, xid);
    wire_wr_u64(w, f->datapath_id);
    wire_wr_u32(w, f->n_buffers);
    wire_wr_u8(w, f->n_tables);
    wire_wr_u8(w, version < OFP13_VERSION ? 0 : f->auxiliary_id);
    wire_wr_zeros(w, 2);
    wire_wr_u32(w, capabilities_to_wire(f->capabilities, version));
    wire_wr_u32(w, version == OFP10_VERSION ? f->actions : 0);
    for (size_t i = 0; version < OFP13_VERSION && i < f->n_ports; i++) {
        ofp_port_encode(&f->ports[i], version, w);
    }
    msg_finish(w, start);
}

enum ofp_error switch_features_decode(struct wire_rd *r, const struct msg_header *h,
                                      struct switch_features *f)
{
    *f = (struct switch_features){.datapath_id = wire_rd_u64(r)};
    f->n_buffers = wire_rd_u32(r);
    f->n_tables = wire_rd_u8(r);
    uint8_t auxiliary_id = wire_rd_u8(r);
    f->auxiliary_id = h->version < OFP13_VERSION ? 0 : auxiliary_id;
    wire_rd_skip(r, 2);
    f->capabilities = capabilities_from_wire(wire_rd_u32(r), h->version);
    uint32_t actions = wire_rd_u32(r);
    f->actions = h->version == OFP10_VERSION ? actions : 0;
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void switch_features_format(const struct switch_features *f, uint8_t version, struct text *s)
{
    text_printf(s, " dpid:%016" PRIx64 "\nn_tables:%u, n_buffers:%" PRIu32, f->datapath_id,
                f->n_tables, f->n_buffers);
    if (f->auxiliary_id) {
        text_printf(s, ", auxiliary_id:%u", f->auxiliary_id);
    }
    text_puts(s, "\ncapabilities:");
    bool any = false;
    for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
        if (capability_in(i, version) && f->capabilities & capabilities[i].capability) {
            text_printf(s, " %s", capabilities[i].name);
            any = true;
        }
    }
    text_puts(s, any ? "\n" : " 0\n");
    uint32_t actions = f->actions & table_features_known_actions(version);
    if (version == OFP10_VERSION && actions) {
        text_puts(s, "actions: ");
        table_features_format_actions(actions, version, s);
        text_putc(s, '\n');
    }
}

#define CONFIG_FRAGS       3
#define CONFIG_INVALID_TTL 4

void switch_config_encode(const struct switch_config *c, bool reply, uint8_t version, uint32_t xid,
                          struct wire_wr *w)
{
    size_t start = msg_start(w, reply ? MSG_GET_CONFIG_REPLY : MSG_SET_CONFIG, version, xid);
    bool invalid_ttl = version < OFP13_VERSION && c->invalid_ttl;
    wire_wr_u16(w, (uint16_t)((c->flags & CONFIG_FRAGS) | (invalid_ttl ? CONFIG_INVALID_TTL : 0)));
    wire_wr_u16(w, c->miss_send_len);
    msg_finish(w, start);
}

enum ofp_error switch_config_decode(struct wire_rd *r, const struct msg_header *h,
                                    struct switch_config *c)
{
    bool has_ttl = h->version < OFP13_VERSION;
    uint16_t flags = wire_rd_u16(r);

    c->miss_send_len = wire_rd_u16(r);
    c->flags = flags & CONFIG_FRAGS;
    c->invalid_ttl = has_ttl && flags & CONFIG_INVALID_TTL;
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    uint16_t known = has_ttl ? CONFIG_FRAGS | CONFIG_INVALID_TTL : CONFIG_FRAGS;
    return h->type == MSG_SET_CONFIG && flags & ~known ? OFPERR_OFPSCFC_BAD_FLAGS : OFPERR_OK;
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

void msg_encode_simple(enum msg_type type, uint8_t version, uint32_t xid, const void *body,
                       size_t body_len, struct wire_wr *w)
{
    size_t start = msg_start(w, type, version, xid);
    wire_wr_bytes(w, body, body_len);
    msg_finish(w, start);
}
