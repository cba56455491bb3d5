/* msg_print_group.c - prints group, meter and queue messages; see msg_print.h.  They are read
 * straight from the wire: the switch itself does not know them yet. */
#include "ofp/act.h"
#include "ofp/msg_print.h"

#define GROUP_ALL      UINT32_C(0xfffffffc)
#define GROUP_ADD_MOD  0x8000 /* Extension: add, or modify if it exists. */
#define METER_SLOWPATH UINT32_C(0xfffffffd)
#define METER_CTL      UINT32_C(0xfffffffe)
#define METER_ALL      UINT32_C(0xffffffff)
#define METER_BURST    0x4

/* ---- groups ---- */

enum { GT_ALL, GT_SELECT, GT_INDIRECT, GT_FF };
static const char *const group_types[] = {"all", "select", "indirect", "ff"};

static enum ofp_error print_bucket(struct msg_print *p, struct wire_rd *r, uint8_t type)
{
    struct text *s = p->out;
    uint16_t len = wire_rd_u16(r);
    if (r->err || len < 16 || len - 2u > wire_rd_left(r)) {
        return OFPERR_OFPGMFC_BAD_BUCKET;
    }
    struct wire_rd b = wire_rd_sub(r, len - 2u);
    uint16_t weight = wire_rd_u16(&b);
    uint32_t watch_port = wire_rd_u32(&b);
    uint32_t watch_group = wire_rd_u32(&b);
    wire_rd_skip(&b, 4);
    struct acts acts = ACTS_INIT;
    enum ofp_error err = acts_decode_actions(&b, wire_rd_left(&b), p->h, &acts);
    if (!err) {
        text_puts(s, ",bucket=");
        if (weight != (type == GT_SELECT ? 1 : 0)) {
            text_printf(s, "weight:%u,", weight);
        }
        if (watch_port != OFPP_ANY) {
            text_puts(s, "watch_port:");
            port_format(watch_port, p->names, s);
            text_putc(s, ',');
        }
        if (watch_group != OFPG_ANY) {
            text_printf(s, "watch_group:%" PRIu32 ",", watch_group);
        }
        text_puts(s, "actions=");
        acts_format(acts.data, acts.len, p->names, s);
    }
    acts_deinit(&acts);
    return err;
}

/* From the type on; 'r' ends with the group. */
static enum ofp_error print_group(struct msg_print *p, struct wire_rd *r)
{
    uint8_t type = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    uint32_t id = wire_rd_u32(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (type >= ARRAY_SIZE(group_types)) {
        return OFPERR_OFPGMFC_BAD_TYPE;
    }
    text_printf(p->out, " group_id=%" PRIu32 ",type=%s", id, group_types[type]);
    while (wire_rd_left(r)) {
        enum ofp_error err = print_bucket(p, r, type);
        if (err) {
            return err;
        }
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_group_mod(struct msg_print *p, struct wire_rd *r)
{
    static const char *const names[] = {"ADD", "MOD", "DEL"};
    if (!msg_version_in(p->h->version, OFP11_VERSION, OFP14_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    uint16_t command = wire_rd_u16(r);
    if (command >= ARRAY_SIZE(names) && command != GROUP_ADD_MOD) {
        return OFPERR_OFPGMFC_BAD_COMMAND;
    }
    if (wire_rd_left(r) && *r->p >= ARRAY_SIZE(group_types)) {
        return OFPERR_OFPGMFC_BAD_TYPE;
    }
    size_t before = p->out->len;
    text_printf(p->out, "\n %s", command == GROUP_ADD_MOD ? "ADD_OR_MOD" : names[command]);
    enum ofp_error err = print_group(p, r);
    if (err) {
        text_truncate(p->out, before); /* A group is shown as a whole or not at all. */
    }
    return err;
}

enum ofp_error msg_print_group_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    if (!msg_version_in(p->h->version, OFP11_VERSION, OFP14_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    while (wire_rd_left(r)) {
        uint16_t len = wire_rd_u16(r);
        struct wire_rd group = wire_rd_sub(r, len >= 8 ? len - 2u : SIZE_MAX);
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        size_t before = p->out->len;
        text_putc(p->out, '\n');
        enum ofp_error err = print_group(p, &group);
        if (err) {
            text_truncate(p->out, before);
            return err;
        }
    }
    return OFPERR_OK;
}

static void print_group_id(struct text *s, uint32_t id)
{
    if (id == OFPG_ANY || id == GROUP_ALL) {
        text_printf(s, " group_id=%s", id == OFPG_ANY ? "ANY" : "ALL");
    } else {
        text_printf(s, " group_id=%" PRIu32, id);
    }
}

enum ofp_error msg_print_group_request(struct msg_print *p, struct wire_rd *r)
{
    uint32_t id = wire_rd_u32(r);
    print_group_id(p->out, id);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

enum ofp_error msg_print_group_desc_request(struct msg_print *p, struct wire_rd *r)
{
    print_group_id(p->out, p->h->version < OFP15_VERSION ? GROUP_ALL : wire_rd_u32(r));
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

static enum ofp_error print_group_stats(struct msg_print *p, struct wire_rd *g)
{
    struct text *s = p->out;
    wire_rd_skip(g, 2);
    uint32_t id = wire_rd_u32(g);
    uint32_t ref_count = wire_rd_u32(g);
    wire_rd_skip(g, 4);
    uint64_t packets = wire_rd_u64(g);
    uint64_t bytes = wire_rd_u64(g);
    uint32_t sec = UINT32_MAX, nsec = 0;
    if (p->h->version >= OFP13_VERSION) {
        sec = wire_rd_u32(g);
        nsec = wire_rd_u32(g);
    }
    if (g->err || wire_rd_left(g) % 16) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    text_printf(s, "\n group_id=%" PRIu32 ",", id);
    if (sec != UINT32_MAX) {
        text_puts(s, "duration=");
        format_duration(s, sec, nsec);
        text_putc(s, ',');
    }
    text_printf(s, "ref_count=%" PRIu32 ",packet_count=%" PRIu64 ",byte_count=%" PRIu64, ref_count,
                packets, bytes);
    for (unsigned i = 0; wire_rd_left(g); i++) {
        packets = wire_rd_u64(g);
        bytes = wire_rd_u64(g);
        if (packets != UINT64_MAX) {
            text_printf(s, ",bucket%u:packet_count=%" PRIu64 ",byte_count=%" PRIu64, i, packets,
                        bytes);
        }
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_group_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    while (wire_rd_left(r)) {
        uint16_t len = wire_rd_u16(r);
        struct wire_rd group = wire_rd_sub(r, len >= 8 ? len - 2u : SIZE_MAX);
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        enum ofp_error err = print_group_stats(p, &group);
        if (err) {
            return err;
        }
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_group_features_reply(struct msg_print *p, struct wire_rd *r)
{
    static const char *const names[] = {"all", "select", "indirect", "fast failover"};
    struct text *s = p->out;
    uint32_t types = wire_rd_u32(r);
    uint32_t capabilities = wire_rd_u32(r);
    uint32_t max_groups[4], actions[4];
    for (size_t i = 0; i < 4; i++) {
        max_groups[i] = wire_rd_u32(r);
    }
    for (size_t i = 0; i < 4; i++) {
        actions[i] = wire_rd_u32(r);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    text_printf(s, "\n Group table:\n    Types:  0x%" PRIx32 "\n    Capabilities:  0x%" PRIx32 "\n",
                types, capabilities);
    for (size_t i = 0; i < 4; i++) {
        if (types & BIT(i)) {
            text_printf(s, "    %s group:\n       max_groups=0x%" PRIx32 "\n       actions: ",
                        names[i], max_groups[i]);
            msg_print_action_bits(s, actions[i]);
            text_putc(s, '\n');
        }
    }
    return OFPERR_OK;
}

/* ---- meters ---- */

static void print_meter_id(struct text *s, uint32_t id, char separator)
{
    const char *name = id == METER_ALL        ? "all"
                       : id == METER_CTL      ? "controller"
                       : id == METER_SLOWPATH ? "slowpath"
                                              : NULL;
    if (name) {
        text_printf(s, "meter%c%s", separator, name);
    } else {
        text_printf(s, "meter%c%" PRIu32, separator, id);
    }
}

static void print_meter_flags(struct text *s, uint16_t flags)
{
    static const struct bit_name names[] = {
        {BIT(0), "kbps"}, {BIT(1), "pktps"}, {BIT(2), "burst"}, {BIT(3), "stats"}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (flags & names[i].bit) {
            text_printf(s, "%s ", names[i].name);
            flags &= (uint16_t)~names[i].bit;
        }
    }
    if (flags) {
        text_printf(s, "flags:0x%x ", flags);
    }
}

static enum ofp_error print_bands(struct text *s, struct wire_rd *r, uint16_t flags)
{
    while (wire_rd_left(r)) {
        uint16_t type = wire_rd_u16(r);
        uint16_t len = wire_rd_u16(r);
        uint32_t rate = wire_rd_u32(r);
        uint32_t burst = wire_rd_u32(r);
        uint8_t level = wire_rd_u8(r);
        wire_rd_skip(r, 3);
        if (r->err || len != 16) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        if (type != 1 && type != 2) {
            return OFPERR_OFPMMFC_BAD_BAND;
        }
        text_printf(s, "type=%s rate=%" PRIu32, type == 1 ? "drop" : "dscp_remark", rate);
        if (flags & METER_BURST) {
            text_printf(s, " burst_size=%" PRIu32, burst);
        }
        if (type == 2) {
            text_printf(s, " prec_level=%u", level);
        }
        text_putc(s, '\n');
    }
    return OFPERR_OK;
}

static enum ofp_error print_meter(struct msg_print *p, struct wire_rd *r, uint16_t flags)
{
    uint32_t id = wire_rd_u32(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    print_meter_id(p->out, id, '=');
    text_putc(p->out, ' ');
    print_meter_flags(p->out, flags);
    text_puts(p->out, "bands=\n");
    return print_bands(p->out, r, flags);
}

enum ofp_error msg_print_meter_mod(struct msg_print *p, struct wire_rd *r)
{
    static const char *const names[] = {"ADD", "MOD", "DEL"};
    uint16_t command = wire_rd_u16(r);
    uint16_t flags = wire_rd_u16(r);
    if (command >= ARRAY_SIZE(names)) {
        return OFPERR_OFPMMFC_BAD_COMMAND;
    }
    size_t before = p->out->len;
    text_printf(p->out, " %s ", names[command]);
    enum ofp_error err = print_meter(p, r, flags);
    if (err) {
        text_truncate(p->out, before);
    }
    return err;
}

enum ofp_error msg_print_meter_request(struct msg_print *p, struct wire_rd *r)
{
    uint32_t id = wire_rd_u32(r);
    text_putc(p->out, ' ');
    print_meter_id(p->out, id, '=');
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

enum ofp_error msg_print_meter_config_reply(struct msg_print *p, struct wire_rd *r)
{
    while (wire_rd_left(r)) {
        uint16_t len = wire_rd_u16(r);
        struct wire_rd meter = wire_rd_sub(r, len >= 8 ? len - 2u : SIZE_MAX);
        uint16_t flags = wire_rd_u16(&meter);
        if (r->err) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        text_putc(p->out, '\n');
        enum ofp_error err = print_meter(p, &meter, flags);
        if (err) {
            return err;
        }
    }
    return OFPERR_OK;
}

static enum ofp_error print_meter_stats(struct msg_print *p, struct wire_rd *r)
{
    struct text *s = p->out;
    uint32_t id = wire_rd_u32(r);
    uint16_t len = wire_rd_u16(r);
    struct wire_rd m = wire_rd_sub(r, len >= 40 ? len - 6u : SIZE_MAX);
    wire_rd_skip(&m, 6);
    uint32_t flows = wire_rd_u32(&m);
    uint64_t packets = wire_rd_u64(&m);
    uint64_t bytes = wire_rd_u64(&m);
    uint32_t sec = wire_rd_u32(&m);
    uint32_t nsec = wire_rd_u32(&m);
    if (r->err || m.err || wire_rd_left(&m) % 16) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    text_putc(s, '\n');
    print_meter_id(s, id, ':');
    text_printf(s,
                " flow_count:%" PRIu32 " packet_in_count:%" PRIu64 " byte_in_count:%" PRIu64
                " duration:",
                flows, packets, bytes);
    format_duration(s, sec, nsec);
    text_puts(s, " bands:\n");
    for (unsigned i = 0; wire_rd_left(&m); i++) {
        packets = wire_rd_u64(&m);
        bytes = wire_rd_u64(&m);
        text_printf(s, "%u: packet_count:%" PRIu64 " byte_count:%" PRIu64 "\n", i, packets, bytes);
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_meter_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    enum ofp_error err = OFPERR_OK;
    while (!err && wire_rd_left(r)) {
        err = print_meter_stats(p, r);
    }
    return err;
}

enum ofp_error msg_print_meter_features_reply(struct msg_print *p, struct wire_rd *r)
{
    static const struct bit_name types[] = {{BIT(1), "drop"}, {BIT(2), "dscp_remark"}};
    static const struct bit_name flags[] = {
        {BIT(0), "kbps"}, {BIT(1), "pktps"}, {BIT(2), "burst"}, {BIT(3), "stats"}};
    uint32_t max_meter = wire_rd_u32(r);
    uint32_t band_types = wire_rd_u32(r);
    uint32_t capabilities = wire_rd_u32(r);
    uint8_t max_bands = wire_rd_u8(r);
    uint8_t max_color = wire_rd_u8(r);
    text_printf(p->out,
                "\nmax_meter:%" PRIu32 " max_bands:%u max_color:%u\nband_types: ", max_meter,
                max_bands, max_color);
    format_bits(p->out, band_types, types, ARRAY_SIZE(types), ' ');
    text_puts(p->out, "\ncapabilities: ");
    format_bits(p->out, capabilities, flags, ARRAY_SIZE(flags), ' ');
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}
