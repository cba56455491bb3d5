/* port.c - see port.h.  `struct ofp_port` of 1.1 to 1.3 (OpenFlow 1.3.5 section 7.2.1); 1.0 and the
 * property lists of 1.4 are refused with BAD_VERSION. */
#include "ofp/port.h"

#include "ofp/format.h"

#define CONFIG_ALL   (OFPPC_PORT_DOWN | OFPPC_NO_RECV | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN)
#define STATE_ALL    (OFPPS_LINK_DOWN | OFPPS_BLOCKED | OFPPS_LIVE)
#define FEATURES_ALL 0xffff

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

enum ofp_error ofp_port_decode(struct wire_rd *r, uint8_t version, struct ofp_port *port)
{
    *port = (struct ofp_port){.number = OFPP_ANY};
    if (!msg_version_in(version, OFP11_VERSION, OFP13_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    port->number = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    wire_rd_copy(r, port->hw_addr, sizeof port->hw_addr);
    wire_rd_skip(r, 2);
    wire_rd_copy(r, port->name, OFP_PORT_NAME_LEN);
    port->config = wire_rd_u32(r) & CONFIG_ALL;
    port->state = wire_rd_u32(r) & STATE_ALL;
    port->curr = wire_rd_u32(r) & FEATURES_ALL;
    port->advertised = wire_rd_u32(r) & FEATURES_ALL;
    port->supported = wire_rd_u32(r) & FEATURES_ALL;
    port->peer = wire_rd_u32(r) & FEATURES_ALL;
    port->curr_kbps = wire_rd_u32(r);
    port->max_kbps = wire_rd_u32(r);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void ofp_port_encode(const struct ofp_port *port, uint8_t version, struct wire_wr *w)
{
    if (!msg_version_in(version, OFP11_VERSION, OFP13_VERSION)) {
        w->err = true;
        return;
    }
    char name[OFP_PORT_NAME_LEN] = "";
    memcpy(name, port->name, strnlen(port->name, OFP_PORT_NAME_LEN - 1));

    wire_wr_u32(w, port->number);
    wire_wr_zeros(w, 4);
    wire_wr_bytes(w, port->hw_addr, sizeof port->hw_addr);
    wire_wr_zeros(w, 2);
    wire_wr_bytes(w, name, sizeof name);
    wire_wr_u32(w, port->config & CONFIG_ALL);
    wire_wr_u32(w, port->state & STATE_ALL);
    wire_wr_u32(w, port->curr);
    wire_wr_u32(w, port->advertised);
    wire_wr_u32(w, port->supported);
    wire_wr_u32(w, port->peer);
    wire_wr_u32(w, port->curr_kbps);
    wire_wr_u32(w, port->max_kbps);
}

void ofp_port_format_features(uint32_t features, struct text *s)
{
    format_bits(s, features, feature_names, ARRAY_SIZE(feature_names), ' ');
}

void ofp_port_format_config(uint32_t config, struct text *s)
{
    format_bits(s, config, config_names, ARRAY_SIZE(config_names), ' ');
}

void ofp_port_format(const struct ofp_port *port, uint8_t version, struct text *s)
{
    text_putc(s, ' ');
    port_format(port->number, NULL, s);
    text_putc(s, '(');
    format_escaped(s, port->name, strnlen(port->name, sizeof port->name));
    text_puts(s, "): addr:");
    text_mac(s, port->hw_addr);

    text_puts(s, "\n     config:     ");
    ofp_port_format_config(port->config, s);
    text_puts(s, "\n     state:      ");
    uint32_t state = version == OFP10_VERSION ? port->state & OFPPS_LINK_DOWN : port->state;
    format_bits(s, state, state_names, ARRAY_SIZE(state_names), ' ');
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

/* ---- PORT_STATUS, PORT_MOD ---- */

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
    enum ofp_error err = ofp_port_decode(r, h->version, port);
    if (err) {
        return err;
    }
    return value > PORT_MODIFY ? OFPERR_NXBRC_BAD_REASON : OFPERR_OK;
}

enum ofp_error port_mod_decode(struct wire_rd *r, const struct msg_header *h, struct port_mod *pm)
{
    *pm = (struct port_mod){.port = OFPP_ANY};
    if (!msg_version_in(h->version, OFP11_VERSION, OFP13_VERSION)) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    pm->port = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    wire_rd_copy(r, pm->hw_addr, sizeof pm->hw_addr);
    wire_rd_skip(r, 2);
    pm->config = wire_rd_u32(r) & CONFIG_ALL;
    pm->mask = wire_rd_u32(r) & CONFIG_ALL;
    pm->advertise = wire_rd_u32(r) & FEATURES_ALL;
    wire_rd_skip(r, 4);
    pm->config &= pm->mask;
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void port_mod_encode(const struct port_mod *pm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_PORT_MOD, version, xid);
    if (!msg_version_in(version, OFP11_VERSION, OFP13_VERSION)) {
        w->err = true;
    }
    wire_wr_u32(w, pm->port);
    wire_wr_zeros(w, 4);
    wire_wr_bytes(w, pm->hw_addr, sizeof pm->hw_addr);
    wire_wr_zeros(w, 2);
    wire_wr_u32(w, pm->config & CONFIG_ALL);
    wire_wr_u32(w, pm->mask & CONFIG_ALL);
    wire_wr_u32(w, pm->advertise);
    wire_wr_zeros(w, 4);
    msg_finish(w, start);
}

/* ---- PORT_STATS, PORT_DESC ---- */

enum ofp_error port_request_decode(struct wire_rd *r, const struct msg_header *h, uint32_t *port)
{
    *port = OFPP_ANY;
    if (h->type == MSG_PORT_DESC_REQUEST && h->version < OFP15_VERSION) {
        return OFPERR_OK;
    }
    if (h->version == OFP10_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    *port = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}

void port_stats_request_encode(uint32_t port, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    size_t start = msg_start(w, MSG_PORT_STATS_REQUEST, version, xid);
    if (version == OFP10_VERSION) {
        w->err = true;
    }
    wire_wr_u32(w, port);
    wire_wr_zeros(w, 4);
    msg_finish(w, start);
}

/* The counters in the order of the wire (OpenFlow 1.3.5 section 7.3.5.6). */
#define N_COUNTERS 12
static const uint16_t counter_ofs[N_COUNTERS] = {
    offsetof(struct ofp_port_stats, rx_packets),   offsetof(struct ofp_port_stats, tx_packets),
    offsetof(struct ofp_port_stats, rx_bytes),     offsetof(struct ofp_port_stats, tx_bytes),
    offsetof(struct ofp_port_stats, rx_dropped),   offsetof(struct ofp_port_stats, tx_dropped),
    offsetof(struct ofp_port_stats, rx_errors),    offsetof(struct ofp_port_stats, tx_errors),
    offsetof(struct ofp_port_stats, rx_frame_err), offsetof(struct ofp_port_stats, rx_over_err),
    offsetof(struct ofp_port_stats, rx_crc_err),   offsetof(struct ofp_port_stats, collisions),
};

void ofp_port_stats_encode(const struct ofp_port_stats *stats, uint8_t version, struct wire_wr *w)
{
    if (version != OFP13_VERSION) {
        w->err = true;
        return;
    }
    wire_wr_u32(w, stats->port);
    wire_wr_zeros(w, 4);
    for (size_t i = 0; i < N_COUNTERS; i++) {
        uint64_t value;
        memcpy(&value, (const char *)stats + counter_ofs[i], sizeof value);
        wire_wr_u64(w, value);
    }
    wire_wr_u32(w, stats->duration_sec);
    wire_wr_u32(w, stats->duration_nsec);
}

enum ofp_error ofp_port_stats_decode(struct wire_rd *r, uint8_t version,
                                     struct ofp_port_stats *stats, bool *end)
{
    *stats = (struct ofp_port_stats){.port = OFPP_ANY};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    if (version != OFP13_VERSION) {
        return OFPERR_OFPBRC_BAD_VERSION;
    }
    stats->port = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    for (size_t i = 0; i < N_COUNTERS; i++) {
        uint64_t value = wire_rd_u64(r);
        memcpy((char *)stats + counter_ofs[i], &value, sizeof value);
    }
    stats->duration_sec = wire_rd_u32(r);
    stats->duration_nsec = wire_rd_u32(r);
    return r->err ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OK;
}
