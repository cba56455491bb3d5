/* port_stats.c - see port_stats.h.  OpenFlow 1.0 section 5.3.5, 1.3.5 section 7.3.5.6, 1.4 section
 * 7.3.5.6; the experimenter's properties are those of the Open vSwitch extension. */
#include "ofp/port_stats.h"

#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/format.h"
#include "ofp/port.h"
#include "ofp/prop.h"

#define PROP_ETHERNET   0
#define INTEL_VENDOR_ID 0x0000aa01
#define INTEL_RFC2819   1
#define INTEL_CUSTOM    2

#define N_COUNTERS 12
#define N_FIRST    8 /* What stands outside of the Ethernet property of 1.4. */

/* The counters in the order of the wire. */
static const uint16_t counter_ofs[N_COUNTERS] = {
    offsetof(struct ofp_port_stats, rx_packets),   offsetof(struct ofp_port_stats, tx_packets),
    offsetof(struct ofp_port_stats, rx_bytes),     offsetof(struct ofp_port_stats, tx_bytes),
    offsetof(struct ofp_port_stats, rx_dropped),   offsetof(struct ofp_port_stats, tx_dropped),
    offsetof(struct ofp_port_stats, rx_errors),    offsetof(struct ofp_port_stats, tx_errors),
    offsetof(struct ofp_port_stats, rx_frame_err), offsetof(struct ofp_port_stats, rx_over_err),
    offsetof(struct ofp_port_stats, rx_crc_err),   offsetof(struct ofp_port_stats, collisions),
};

void ofp_port_stats_init(struct ofp_port_stats *s)
{
    *s = (struct ofp_port_stats){.port = OFPP_ANY,
                                 .duration_sec = UINT32_MAX,
                                 .duration_nsec = UINT32_MAX};
    for (size_t i = 0; i < N_COUNTERS; i++) {
        memset((char *)s + counter_ofs[i], 0xff, sizeof(uint64_t));
    }
}

void ofp_port_stats_deinit(struct ofp_port_stats *s)
{
    free(s->custom);
    s->custom = NULL;
    s->n_custom = 0;
}

/* ---- encode ---- */

static void write_counters(const struct ofp_port_stats *s, size_t first, size_t n,
                           struct wire_wr *w)
{
    for (size_t i = first; i < first + n; i++) {
        uint64_t value;
        memcpy(&value, (const char *)s + counter_ofs[i], sizeof value);
        wire_wr_u64(w, value);
    }
}

static size_t start_intel(struct wire_wr *w, uint32_t exp_type)
{
    size_t start = prop_start(w, PROP_EXPERIMENTER);
    wire_wr_u32(w, INTEL_VENDOR_ID);
    wire_wr_u32(w, exp_type);
    return start;
}

static void write_rfc2819(const struct ofp_port_stats *s, struct wire_wr *w)
{
    size_t start = start_intel(w, INTEL_RFC2819);
    wire_wr_zeros(w, 4);
    for (size_t i = 0; i < RFC2819_N; i++) {
        wire_wr_u64(w, s->rfc2819[i]);
    }
    prop_finish(w, start);
}

static void write_custom(const struct ofp_port_stats *s, struct wire_wr *w)
{
    size_t start = start_intel(w, INTEL_CUSTOM);
    wire_wr_zeros(w, 2);
    wire_wr_u16(w, (uint16_t)s->n_custom);
    for (size_t i = 0; i < s->n_custom; i++) {
        size_t len = strnlen(s->custom[i].name, PORT_CUSTOM_NAME_MAX);
        wire_wr_u8(w, (uint8_t)len);
        wire_wr_bytes(w, s->custom[i].name, len);
        wire_wr_u64(w, s->custom[i].value);
    }
    prop_finish(w, start);
}

static void encode_14(const struct ofp_port_stats *s, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_zeros(w, 4);
    wire_wr_u32(w, s->port);
    wire_wr_u32(w, s->duration_sec);
    wire_wr_u32(w, s->duration_nsec);
    write_counters(s, 0, N_FIRST, w);
    size_t prop = prop_start(w, PROP_ETHERNET);
    wire_wr_zeros(w, 4);
    write_counters(s, N_FIRST, N_COUNTERS - N_FIRST, w);
    prop_finish(w, prop);
    if (s->has_rfc2819) {
        write_rfc2819(s, w);
    }
    if (s->n_custom) {
        write_custom(s, w);
    }
    if (w->len - start > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}

void ofp_port_stats_encode(const struct ofp_port_stats *s, uint8_t version, struct wire_wr *w)
{
    if (version >= OFP14_VERSION) {
        encode_14(s, w);
        return;
    }
    ofp_port_encode_number(s->port, version, w);
    wire_wr_zeros(w, version == OFP10_VERSION ? 6 : 4);
    write_counters(s, 0, N_COUNTERS, w);
    if (version == OFP13_VERSION) {
        wire_wr_u32(w, s->duration_sec);
        wire_wr_u32(w, s->duration_nsec);
    }
}

/* ---- decode ---- */

static void read_counters(struct wire_rd *r, size_t first, size_t n, struct ofp_port_stats *s)
{
    for (size_t i = first; i < first + n; i++) {
        uint64_t value = wire_rd_u64(r);
        memcpy((char *)s + counter_ofs[i], &value, sizeof value);
    }
}

static void read_rfc2819(struct wire_rd *r, struct ofp_port_stats *s)
{
    wire_rd_skip(r, 4);
    for (size_t i = 0; i < RFC2819_N; i++) {
        s->rfc2819[i] = wire_rd_u64(r);
    }
    s->has_rfc2819 = true;
}

static void read_custom(struct wire_rd *r, struct ofp_port_stats *s)
{
    wire_rd_skip(r, 2);
    size_t n = wire_rd_u16(r);
    n = MIN(n, wire_rd_left(r) / 9 + 1); /* A name may be empty; one more to see the error. */
    free(s->custom);
    s->custom = xcalloc(n ? n : 1, sizeof *s->custom);
    for (s->n_custom = 0; s->n_custom < n && !r->err; s->n_custom++) {
        struct port_custom *c = &s->custom[s->n_custom];
        size_t len = wire_rd_u8(r);
        const uint8_t *name = wire_rd_bytes(r, len);
        memcpy(c->name, name ? name : (const uint8_t *)"",
               name ? MIN(len, PORT_CUSTOM_NAME_MAX) : 0);
        c->value = wire_rd_u64(r);
    }
}

static enum ofp_error decode_props(struct wire_rd *r, struct ofp_port_stats *s)
{
    while (wire_rd_left(r)) {
        struct prop p;
        enum ofp_error error = prop_decode(r, &p);
        if (error) {
            return error;
        }
        if (p.type == PROP_ETHERNET) {
            wire_rd_skip(&p.body, 4);
            read_counters(&p.body, N_FIRST, N_COUNTERS - N_FIRST, s);
            p.body.err |= wire_rd_left(&p.body) != 0;
        } else if (prop_is(&p, INTEL_VENDOR_ID, INTEL_RFC2819)) {
            read_rfc2819(&p.body, s);
        } else if (prop_is(&p, INTEL_VENDOR_ID, INTEL_CUSTOM)) {
            read_custom(&p.body, s);
        } /* Those of optical ports and of others say nothing that we know. */
        if (p.body.err) {
            return OFPERR_OFPBPC_BAD_LEN;
        }
    }
    return OFPERR_OK;
}

static enum ofp_error decode_14(struct wire_rd *r, struct ofp_port_stats *s)
{
    size_t len = wire_rd_u16(r);
    struct wire_rd p = wire_rd_sub(r, r->err || len < 2 ? SIZE_MAX : len - 2);

    wire_rd_skip(&p, 2);
    enum ofp_error error = ofp_port_decode_number(&p, OFP14_VERSION, &s->port);
    s->duration_sec = wire_rd_u32(&p);
    s->duration_nsec = wire_rd_u32(&p);
    read_counters(&p, 0, N_FIRST, s);
    if (p.err) {
        r->err = true;
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return error ? error : decode_props(&p, s);
}

enum ofp_error ofp_port_stats_decode(struct wire_rd *r, uint8_t version, struct ofp_port_stats *s,
                                     bool *end)
{
    ofp_port_stats_init(s);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    if (version >= OFP14_VERSION) {
        return decode_14(r, s);
    }
    enum ofp_error error = ofp_port_decode_number(r, version, &s->port);
    wire_rd_skip(r, version == OFP10_VERSION ? 6 : 4);
    read_counters(r, 0, N_COUNTERS, s);
    if (version == OFP13_VERSION) {
        s->duration_sec = wire_rd_u32(r);
        s->duration_nsec = wire_rd_u32(r);
    }
    return r->err ? OFPERR_OFPBRC_BAD_LEN : error;
}

/* ---- text ---- */

struct named_counter {
    const char *name;
    uint64_t value;
};

static void format_counters(struct text *s, const struct named_counter *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        text_puts(s, i ? ", " : "");
        format_counter(s, c[i].name, c[i].value);
    }
}

static const struct rfc2819_name {
    uint8_t counter;
    const char *name;
} rfc2819_rx[] =
    {
        {RFC2819_RX_SIZES, "1_to_64_packets"},
        {RFC2819_RX_SIZES + 1, "65_to_127_packets"},
        {RFC2819_RX_SIZES + 2, "128_to_255_packets"},
        {RFC2819_RX_SIZES + 3, "256_to_511_packets"},
        {RFC2819_RX_SIZES + 4, "512_to_1023_packets"},
        {RFC2819_RX_SIZES + 5, "1024_to_1522_packets"},
        {RFC2819_RX_SIZES + 6, "1523_to_max_packets"},
        {RFC2819_RX_BROADCAST, "broadcast_packets"},
        {RFC2819_RX_UNDERSIZED, "undersized_errors"},
        {RFC2819_RX_OVERSIZE, "oversize_errors"},
        {RFC2819_RX_FRAGMENTED, "rx_fragmented_errors"},
        {RFC2819_RX_JABBER, "rx_jabber_errors"},
},
  rfc2819_tx[] = {
      {RFC2819_TX_SIZES, "1_to_64_packets"},         {RFC2819_TX_SIZES + 1, "65_to_127_packets"},
      {RFC2819_TX_SIZES + 2, "128_to_255_packets"},  {RFC2819_TX_SIZES + 3, "256_to_511_packets"},
      {RFC2819_TX_SIZES + 4, "512_to_1023_packets"}, {RFC2819_TX_SIZES + 5, "1024_to_1522_packets"},
      {RFC2819_TX_SIZES + 6, "1523_to_max_packets"}, {RFC2819_TX_MULTICAST, "multicast_packets"},
      {RFC2819_TX_BROADCAST, "broadcast_packets"},
};

static void format_rfc2819(struct text *s, const char *label, const struct ofp_port_stats *ps,
                           const struct rfc2819_name *names, size_t n)
{
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        uint64_t value = ps->rfc2819[names[i].counter];
        if (value == UINT64_MAX) {
            continue;
        }
        text_printf(s, "%s%s=%" PRIu64 ", ", any ? "" : label, names[i].name, value);
        any = true;
    }
    text_puts(s, any ? "\n" : "");
}

#define CUSTOM_A_LINE 3

static void format_custom(struct text *s, const struct ofp_port_stats *ps)
{
    if (!ps->n_custom) {
        return;
    }
    text_puts(s, "           CUSTOM Statistics");
    for (size_t i = 0, n = 0; i < ps->n_custom; i++) {
        if (!ps->custom[i].name[0]) {
            continue;
        }
        text_puts(s, n++ % CUSTOM_A_LINE ? " " : "\n                      ");
        format_printable(s, ps->custom[i].name, strlen(ps->custom[i].name));
        text_printf(s, "=%" PRIu64 ",", ps->custom[i].value);
    }
    text_putc(s, '\n');
}

void ofp_port_stats_format(const struct ofp_port_stats *ps, const struct name_map *names,
                           struct text *s)
{
    const struct named_counter rx[] = {
        {"pkts", ps->rx_packets}, {"bytes", ps->rx_bytes},     {"drop", ps->rx_dropped},
        {"errs", ps->rx_errors},  {"frame", ps->rx_frame_err}, {"over", ps->rx_over_err},
        {"crc", ps->rx_crc_err},
    };
    const struct named_counter tx[] = {
        {"pkts", ps->tx_packets}, {"bytes", ps->tx_bytes},  {"drop", ps->tx_dropped},
        {"errs", ps->tx_errors},  {"coll", ps->collisions},
    };
    text_puts(s, ps->port < 10 ? "  port  " : "  port ");
    port_format(ps->port, names, s);
    text_puts(s, ": rx ");
    format_counters(s, rx, ARRAY_SIZE(rx));
    text_puts(s, "\n           tx ");
    format_counters(s, tx, ARRAY_SIZE(tx));
    text_putc(s, '\n');
    if (ps->duration_sec != UINT32_MAX) {
        text_puts(s, "           duration=");
        format_duration(s, ps->duration_sec, ps->duration_nsec);
        text_putc(s, '\n');
    }
    if (ps->has_rfc2819) {
        format_rfc2819(s, "           rx rfc2819 ", ps, rfc2819_rx, ARRAY_SIZE(rfc2819_rx));
        format_rfc2819(s, "           tx rfc2819 ", ps, rfc2819_tx, ARRAY_SIZE(rfc2819_tx));
    }
    format_custom(s, ps);
}
