/* port.c - see port.h.  OpenFlow 1.0 section 5.2.1, 1.3.5 section 7.2.1, 1.4 section 7.2.1. */
#include "ofp/port.h"

#include <ctype.h>

#include "ofp/format.h"
#include "ofp/prop.h"

/* What a version knows. */
#define CONFIG_10    0x7f
#define CONFIG_11    (OFPPC_PORT_DOWN | OFPPC_NO_RECV | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN)
#define STATE_10     (OFPPS_LINK_DOWN | OFPPS_STP_MASK)
#define STATE_11     (OFPPS_LINK_DOWN | OFPPS_BLOCKED | OFPPS_LIVE)
#define FEATURES_ALL 0xffff

#define PROP_ETHERNET 0

static const struct bit_name config_names[] = {
    {OFPPC_PORT_DOWN, "PORT_DOWN"},       {OFPPC_NO_STP, "NO_STP"},     {OFPPC_NO_RECV, "NO_RECV"},
    {OFPPC_NO_RECV_STP, "NO_RECV_STP"},   {OFPPC_NO_FLOOD, "NO_FLOOD"}, {OFPPC_NO_FWD, "NO_FWD"},
    {OFPPC_NO_PACKET_IN, "NO_PACKET_IN"},
};

static const struct bit_name state_names[] = {
    {OFPPS_LINK_DOWN, "LINK_DOWN"},
    {OFPPS_BLOCKED, "BLOCKED"},
    {OFPPS_LIVE, "LIVE"},
};

static const struct bit_name feature_names[] = {
    {BIT(0), "10MB-HD"},          {BIT(1), "10MB-FD"},   {BIT(2), "100MB-HD"},
    {BIT(3), "100MB-FD"},         {BIT(4), "1GB-HD"},    {BIT(5), "1GB-FD"},
    {BIT(6), "10GB-FD"},          {BIT(7), "40GB-FD"},   {BIT(8), "100GB-FD"},
    {BIT(9), "1TB-FD"},           {BIT(10), "OTHER"},    {BIT(11), "COPPER"},
    {BIT(12), "FIBER"},           {BIT(13), "AUTO_NEG"}, {BIT(14), "AUTO_PAUSE"},
    {BIT(15), "AUTO_PAUSE_ASYM"},
};

static uint32_t config_all(uint8_t version)
{
    return version == OFP10_VERSION ? CONFIG_10 : CONFIG_11;
}

/* 1.0 has no speeds above 10 Gbps, so what is behind them stands 4 bits lower there. */
#define SPEEDS_10  0x07f
#define OTHERS_10  0xf80
#define OTHERS_SFT 4

static uint32_t read_features(struct wire_rd *r, uint8_t version)
{
    uint32_t f = wire_rd_u32(r);

    return version == OFP10_VERSION ? (f & SPEEDS_10) | (f & OTHERS_10) << OTHERS_SFT
                                    : f & FEATURES_ALL;
}

static void write_features(struct wire_wr *w, uint32_t f, uint8_t version)
{
    wire_wr_u32(w, version == OFP10_VERSION ? (f & SPEEDS_10) | (f >> OTHERS_SFT & OTHERS_10) : f);
}

static uint32_t features_kbps(uint32_t f)
{
    static const uint32_t kbps[] = {10000,   10000,   100000,  100000,
                                    1000000, 1000000, 10000000}; /* By bit, as far as 1.0 goes. */

    for (size_t i = ARRAY_SIZE(kbps); i-- > 0;) {
        if (f & BIT(i)) {
            return kbps[i];
        }
    }
    return 0;
}

/* ---- numbers ---- */

enum ofp_error ofp_port_decode_number(struct wire_rd *r, uint8_t version, uint32_t *port)
{
    *port = version == OFP10_VERSION ? port_from_10(wire_rd_u16(r)) : wire_rd_u32(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return ofp_port_ok(*port) ? OFPERR_OK : OFPERR_OFPBAC_BAD_OUT_PORT;
}

void ofp_port_encode_number(uint32_t port, uint8_t version, struct wire_wr *w)
{
    if (version == OFP10_VERSION) {
        wire_wr_u16(w, port_to_10(port));
    } else {
        wire_wr_u32(w, port);
    }
}

/* ---- the structure ---- */

static void read_name(struct wire_rd *r, struct ofp_port *port)
{
    char *name = port->name;

    wire_rd_copy(r, name, OFP_PORT_NAME_LEN);
    name[OFP_PORT_NAME_LEN - 1] = '\0';
    while (isprint((unsigned char)*name)) {
        name++;
    }
    *name = '\0';
}

static void write_name(struct wire_wr *w, const struct ofp_port *port)
{
    char name[OFP_PORT_NAME_LEN] = "";

    memcpy(name, port->name, strnlen(port->name, OFP_PORT_NAME_LEN - 1));
    wire_wr_bytes(w, name, sizeof name);
}

static void read_all_features(struct wire_rd *r, uint8_t version, struct ofp_port *port)
{
    port->curr = read_features(r, version);
    port->advertised = read_features(r, version);
    port->supported = read_features(r, version);
    port->peer = read_features(r, version);
    if (version == OFP10_VERSION) {
        port->curr_kbps = features_kbps(port->curr);
        port->max_kbps = features_kbps(port->supported);
    } else {
        port->curr_kbps = wire_rd_u32(r);
        port->max_kbps = wire_rd_u32(r);
    }
}

static void write_all_features(struct wire_wr *w, uint8_t version, const struct ofp_port *port)
{
    write_features(w, port->curr, version);
    write_features(w, port->advertised, version);
    write_features(w, port->supported, version);
    write_features(w, port->peer, version);
    if (version != OFP10_VERSION) {
        wire_wr_u32(w, port->curr_kbps);
        wire_wr_u32(w, port->max_kbps);
    }
}

static enum ofp_error decode_props(struct wire_rd *r, uint8_t version, struct ofp_port *port)
{
    while (wire_rd_left(r)) {
        struct prop p;
        enum ofp_error error = prop_decode(r, &p);
        if (error) {
            return error;
        }
        if (p.type == PROP_ETHERNET) {
            wire_rd_skip(&p.body, 4);
            read_all_features(&p.body, version, port);
            if (p.body.err || wire_rd_left(&p.body)) {
                return OFPERR_OFPBPC_BAD_LEN;
            }
        } else {
            prop_keep(&port->props, p.start, p.len);
        }
    }
    return OFPERR_OK;
}

static enum ofp_error decode_14(struct wire_rd *r, uint8_t version, struct ofp_port *port)
{
    struct wire_rd whole = *r;
    uint32_t number = wire_rd_u32(r);
    uint16_t len = wire_rd_u16(r);
    struct wire_rd p = wire_rd_sub(&whole, len);

    *r = whole;
    wire_rd_skip(&p, 8);
    wire_rd_copy(&p, port->hw_addr, sizeof port->hw_addr);
    wire_rd_skip(&p, 2);
    read_name(&p, port);
    port->config = wire_rd_u32(&p) & CONFIG_11;
    port->state = wire_rd_u32(&p) & STATE_11;
    if (r->err || p.err) {
        r->err = true;
        return OFPERR_OFPBRC_BAD_LEN;
    }
    port->number = number;
    return ofp_port_ok(number) ? decode_props(&p, version, port) : OFPERR_OFPBAC_BAD_OUT_PORT;
}

enum ofp_error ofp_port_decode(struct wire_rd *r, uint8_t version, struct ofp_port *port)
{
    *port = (struct ofp_port){.number = OFPP_ANY};
    if (version >= OFP14_VERSION) {
        return decode_14(r, version, port);
    }
    enum ofp_error error = ofp_port_decode_number(r, version, &port->number);
    wire_rd_skip(r, version == OFP10_VERSION ? 0 : 4);
    wire_rd_copy(r, port->hw_addr, sizeof port->hw_addr);
    wire_rd_skip(r, version == OFP10_VERSION ? 0 : 2);
    read_name(r, port);
    port->config = wire_rd_u32(r) & config_all(version);
    port->state = wire_rd_u32(r) & (version == OFP10_VERSION ? STATE_10 : STATE_11);
    read_all_features(r, version, port);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : error;
}

static void encode_14(const struct ofp_port *port, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_u32(w, port->number);
    size_t len = w->len;
    wire_wr_zeros(w, 4);
    wire_wr_bytes(w, port->hw_addr, sizeof port->hw_addr);
    wire_wr_zeros(w, 2);
    write_name(w, port);
    wire_wr_u32(w, port->config & CONFIG_11);
    wire_wr_u32(w, port->state & STATE_11);
    size_t prop = prop_start(w, PROP_ETHERNET);
    wire_wr_zeros(w, 4);
    write_all_features(w, version, port);
    prop_finish(w, prop);
    wire_wr_bytes(w, port->props.bytes, port->props.len);
    wire_wr_patch16(w, len, (uint16_t)(w->len - start));
}

void ofp_port_encode(const struct ofp_port *port, uint8_t version, struct wire_wr *w)
{
    if (version >= OFP14_VERSION) {
        encode_14(port, version, w);
        return;
    }
    ofp_port_encode_number(port->number, version, w);
    wire_wr_zeros(w, version == OFP10_VERSION ? 0 : 4);
    wire_wr_bytes(w, port->hw_addr, sizeof port->hw_addr);
    wire_wr_zeros(w, version == OFP10_VERSION ? 0 : 2);
    write_name(w, port);
    wire_wr_u32(w, port->config & config_all(version));
    wire_wr_u32(w, port->state & (version == OFP10_VERSION ? STATE_10 : STATE_11));
    write_all_features(w, version, port);
}

/* ---- text ---- */

void ofp_port_format_features(uint32_t features, struct text *s)
{
    format_bits(s, features, feature_names, ARRAY_SIZE(feature_names), ' ');
}

void ofp_port_format_config(uint32_t config, struct text *s)
{
    format_bits(s, config, config_names, ARRAY_SIZE(config_names), ' ');
}

static void format_state(uint32_t state, uint8_t version, struct text *s)
{
    static const char *const stp[] = {"", "STP_LEARN", "STP_FORWARD", "STP_BLOCK"};

    if (version == OFP10_VERSION) {
        const char *name = stp[(state & OFPPS_STP_MASK) >> 8];
        text_puts(s, name); /* The reference has no blank behind it. */
        state &= OFPPS_LINK_DOWN;
        if (*name && !state) {
            return;
        }
    }
    format_bits(s, state & ~(uint32_t)OFPPS_STP_MASK, state_names, ARRAY_SIZE(state_names), ' ');
}

void ofp_port_format(const struct ofp_port *port, uint8_t version, struct text *s)
{
    text_putc(s, ' ');
    port_format(port->number, NULL, s);
    text_printf(s, "(%.*s): addr:", (int)sizeof port->name, port->name);
    text_mac(s, port->hw_addr);

    text_puts(s, "\n     config:     ");
    ofp_port_format_config(port->config, s);
    text_puts(s, "\n     state:      ");
    format_state(port->state, version, s);
    const struct {
        const char *label;
        uint32_t features;
    } features[] = {{"current:    ", port->curr},
                    {"advertised: ", port->advertised},
                    {"supported:  ", port->supported},
                    {"peer:       ", port->peer}};
    for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
        if (features[i].features) {
            text_printf(s, "\n     %s", features[i].label);
            ofp_port_format_features(features[i].features, s);
        }
    }
    text_printf(s, "\n     speed: %" PRIu32 " Mbps now, %" PRIu32 " Mbps max\n",
                port->curr_kbps / 1000, port->max_kbps / 1000);
}

/* ---- PORT_STATUS ---- */

void port_status_encode(enum port_status_reason reason, const struct ofp_port *port,
                        uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_PORT_STATUS, version, xid);
    wire_wr_u8(w, (uint8_t)reason);
    wire_wr_zeros(w, 7);
    ofp_port_encode(port, version, w);
    msg_finish(w, start);
}

enum ofp_error port_status_decode(struct wire_rd *r, const struct msg_header *h,
                                  enum port_status_reason *reason, struct ofp_port *port)
{
    uint8_t value = wire_rd_u8(r);
    wire_rd_skip(r, 7);
    *reason = (enum port_status_reason)MIN(value, PORT_MODIFY);
    if (value > PORT_MODIFY) {
        *port = (struct ofp_port){.number = OFPP_ANY};
        return OFPERR_NXBRC_BAD_REASON;
    }
    return ofp_port_decode(r, h->version, port);
}

/* ---- PORT_MOD ---- */

static enum ofp_error decode_mod_props(struct wire_rd *r, uint32_t *advertise)
{
    while (wire_rd_left(r)) {
        struct prop p;
        enum ofp_error error = prop_decode(r, &p);
        if (!error && p.type == PROP_ETHERNET) {
            error = prop_u32(&p, advertise);
        }
        if (error) {
            return error;
        }
        /* Optical ports and experimenters: nothing that we could change. */
    }
    *advertise &= FEATURES_ALL;
    return OFPERR_OK;
}

enum ofp_error port_mod_decode(struct wire_rd *r, const struct msg_header *h, struct port_mod *pm)
{
    uint8_t version = h->version;

    *pm = (struct port_mod){.port = OFPP_ANY};
    enum ofp_error error = ofp_port_decode_number(r, version, &pm->port);
    wire_rd_skip(r, version == OFP10_VERSION ? 0 : 4);
    wire_rd_copy(r, pm->hw_addr, sizeof pm->hw_addr);
    wire_rd_skip(r, version == OFP10_VERSION ? 0 : 2);
    pm->config = wire_rd_u32(r);
    pm->mask = wire_rd_u32(r) & config_all(version);
    pm->config &= pm->mask;
    if (version < OFP14_VERSION) {
        pm->advertise = read_features(r, version);
        wire_rd_skip(r, 4);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return error || version < OFP14_VERSION ? error : decode_mod_props(r, &pm->advertise);
}

void port_mod_encode(const struct port_mod *pm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_PORT_MOD, version, xid);
    ofp_port_encode_number(pm->port, version, w);
    wire_wr_zeros(w, version == OFP10_VERSION ? 0 : 4);
    wire_wr_bytes(w, pm->hw_addr, sizeof pm->hw_addr);
    wire_wr_zeros(w, version == OFP10_VERSION ? 0 : 2);
    wire_wr_u32(w, pm->config & config_all(version));
    wire_wr_u32(w, pm->mask & config_all(version));
    if (version < OFP14_VERSION) {
        write_features(w, pm->advertise, version);
        wire_wr_zeros(w, 4);
    } else if (pm->advertise) {
        prop_put_u32(w, PROP_ETHERNET, pm->advertise);
    }
    msg_finish(w, start);
}

/* ---- requests ---- */

enum ofp_error port_request_decode(struct wire_rd *r, const struct msg_header *h, uint32_t *port)
{
    *port = OFPP_ANY;
    if (h->type == MSG_PORT_DESC_REQUEST && h->version < OFP15_VERSION) {
        return OFPERR_OK;
    }
    enum ofp_error error = ofp_port_decode_number(r, h->version, port);
    wire_rd_skip(r, h->version == OFP10_VERSION ? 6 : 4);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : error;
}

void port_request_encode(enum msg_type type, uint32_t port, uint8_t version, uint32_t xid,
                         struct wire_wr *w)
{
    size_t start = msg_start(w, type, version, xid);
    if (type != MSG_PORT_DESC_REQUEST || version >= OFP15_VERSION) {
        ofp_port_encode_number(port, version, w);
        wire_wr_zeros(w, version == OFP10_VERSION ? 6 : 4);
    }
    msg_finish(w, start);
}
