/* msg_print_switch.c - prints messages about the switch, its ports and tables, and a controller's
 * role; see msg_print.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/msg_print.h"
#include "ofp/port.h"
#include "ofp/switch.h"

enum ofp_error msg_print_features_reply(struct msg_print *p, struct wire_rd *r)
{
    static const struct bit_name capabilities[] = {
        {OFPC_FLOW_STATS, "FLOW_STATS"}, {OFPC_TABLE_STATS, "TABLE_STATS"},
        {OFPC_PORT_STATS, "PORT_STATS"}, {OFPC_GROUP_STATS, "GROUP_STATS"},
        {OFPC_IP_REASM, "IP_REASM"},     {OFPC_QUEUE_STATS, "QUEUE_STATS"},
        {BIT(8), "PORT_BLOCKED"},
    };
    struct switch_features f;
    enum ofp_error err = switch_features_decode(r, p->h, &f);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    text_printf(s, " dpid:%016" PRIx64 "\nn_tables:%u, n_buffers:%" PRIu32, f.datapath_id,
                f.n_tables, f.n_buffers);
    if (f.auxiliary_id) {
        text_printf(s, ", auxiliary_id:%u", f.auxiliary_id);
    }
    uint32_t known = 0;
    for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++) {
        known |= capabilities[i].bit;
    }
    text_puts(s, "\ncapabilities: ");
    format_bits(s, f.capabilities & known, capabilities, ARRAY_SIZE(capabilities), ' ');
    return OFPERR_OK;
}

enum ofp_error msg_print_switch_config(struct msg_print *p, struct wire_rd *r)
{
    static const char *const frags[] = {"normal", "drop", "reassemble", "nx-match"};
    struct switch_config c;
    enum ofp_error err = switch_config_decode(r, &c);
    if (err) {
        return err;
    }
    bool invalid_ttl = p->h->version < OFP13_VERSION && c.flags & 4;
    text_printf(p->out, " frags=%s%s miss_send_len=%u", frags[c.flags & 3],
                invalid_ttl ? " invalid_ttl_to_controller" : "", c.miss_send_len);
    return OFPERR_OK;
}

enum ofp_error msg_print_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    struct switch_desc d;
    enum ofp_error err = switch_desc_decode(r, &d);
    if (err) {
        return err;
    }
    const struct {
        const char *label, *value;
    } lines[] = {{"Manufacturer", d.manufacturer},
                 {"Hardware", d.hardware},
                 {"Software", d.software},
                 {"Serial Num", d.serial},
                 {"DP Description", d.dp}};
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        text_printf(p->out, "\n%s: ", lines[i].label);
        format_escaped(p->out, lines[i].value, strlen(lines[i].value));
    }
    return OFPERR_OK;
}

/* ---- ports ---- */

enum ofp_error msg_print_port_status(struct msg_print *p, struct wire_rd *r)
{
    static const char *const reasons[] = {"ADD", "DEL", "MOD"};
    enum port_status_reason reason;
    struct ofp_port port;
    enum ofp_error err = port_status_decode(r, p->h, &reason, &port);
    if (err) {
        return err;
    }
    text_printf(p->out, " %s:", reasons[reason]);
    ofp_port_format(&port, p->h->version, p->out);
    return OFPERR_OK;
}

enum ofp_error msg_print_port_mod(struct msg_print *p, struct wire_rd *r)
{
    struct port_mod pm;
    enum ofp_error err = port_mod_decode(r, p->h, &pm);
    if (err) {
        return err;
    }
    struct text *s = p->out;
    text_puts(s, " port: ");
    port_format(pm.port, p->names, s);
    text_puts(s, ": addr:");
    text_mac(s, pm.hw_addr);
    text_puts(s, "\n     config: ");
    ofp_port_format_config(pm.config, s);
    text_puts(s, "\n     mask:   ");
    ofp_port_format_config(pm.mask, s);
    text_puts(s, "\n     advertise: ");
    if (pm.advertise) {
        ofp_port_format_features(pm.advertise, s);
    } else {
        text_puts(s, "UNCHANGED");
    }
    return OFPERR_OK;
}

static enum ofp_error print_port_request(struct msg_print *p, struct wire_rd *r, const char *label)
{
    uint32_t port;
    enum ofp_error err = port_request_decode(r, p->h, &port);
    if (!err) {
        text_puts(p->out, label);
        port_format(port, p->names, p->out);
    }
    return err;
}

enum ofp_error msg_print_port_stats_request(struct msg_print *p, struct wire_rd *r)
{
    return print_port_request(p, r, " port_no=");
}

enum ofp_error msg_print_port_desc_request(struct msg_print *p, struct wire_rd *r)
{
    return print_port_request(p, r, " port=");
}

#define OFP_PORT_LEN 64 /* struct ofp_port of 1.1 to 1.3. */

static int compare_ports(const void *a_, const void *b_)
{
    const struct ofp_port *a = a_, *b = b_;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* By number, whatever order the switch has; what came before an error is printed. */
enum ofp_error msg_print_port_desc_reply(struct msg_print *p, struct wire_rd *r)
{
    struct ofp_port *ports = xcalloc(wire_rd_left(r) / OFP_PORT_LEN + 1, sizeof *ports);
    enum ofp_error err = OFPERR_OK;
    size_t n = 0;

    text_putc(p->out, '\n');
    while (wire_rd_left(r) >= OFP_PORT_LEN && !err) {
        err = ofp_port_decode(r, p->h->version, &ports[n]);
        n += err == OFPERR_OK;
    }
    if (!err && wire_rd_left(r)) {
        err = OFPERR_OFPBRC_BAD_LEN;
    }
    qsort(ports, n, sizeof *ports, compare_ports);
    for (size_t i = 0; i < n; i++) {
        ofp_port_format(&ports[i], p->h->version, p->out);
    }
    free(ports);
    return err;
}

struct named_counter {
    const char *name;
    uint64_t value;
};

static void print_counters(struct text *s, const struct named_counter *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        text_puts(s, i ? ", " : "");
        format_counter(s, c[i].name, c[i].value);
    }
}

static void print_port_stats(struct msg_print *p, const struct ofp_port_stats *ps)
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
    struct text *s = p->out;
    text_puts(s, ps->port < 10 ? "  port  " : "  port ");
    port_format(ps->port, p->names, s);
    text_puts(s, ": rx ");
    print_counters(s, rx, ARRAY_SIZE(rx));
    text_puts(s, "\n           tx ");
    print_counters(s, tx, ARRAY_SIZE(tx));
    text_putc(s, '\n');
    if (ps->duration_sec != UINT32_MAX) {
        text_puts(s, "           duration=");
        format_duration(s, ps->duration_sec, ps->duration_nsec);
        text_putc(s, '\n');
    }
}

enum ofp_error msg_print_port_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct wire_rd count = *r;
    struct ofp_port_stats ps;
    bool end = false;
    unsigned n = 0;
    while (!ofp_port_stats_decode(&count, p->h->version, &ps, &end) && !end) {
        n++;
    }
    text_printf(p->out, " %u ports\n", n);
    for (;;) {
        enum ofp_error err = ofp_port_stats_decode(r, p->h->version, &ps, &end);
        if (err || end) {
            return err;
        }
        print_port_stats(p, &ps);
    }
}

/* ---- tables ---- */

enum ofp_error msg_print_table_mod(struct msg_print *p, struct wire_rd *r)
{
    uint8_t table = wire_rd_u8(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (table == OFPTT_ALL) {
        text_puts(p->out, " table_id: ALL_TABLES");
    } else {
        text_puts(p->out, " table_id=");
        flow_format_table(table, p->names, p->out);
    }
    return OFPERR_OK;
}

enum ofp_error msg_print_table_stats_reply(struct msg_print *p, struct wire_rd *r)
{
    struct table_stats prev = {0}, t;
    int first = -1; /* Of the tables that are like 'prev', and not printed yet. */
    bool any = false;
    for (;;) {
        bool end;
        enum ofp_error err = table_stats_decode(r, p->h->version, &t, &end);
        bool same = !err && !end && any && t.active == prev.active && t.lookup == prev.lookup &&
                    t.matched == prev.matched;
        if (first >= 0 && !same) {
            msg_print_table_dittos(p, (unsigned)first, prev.table_id);
            first = -1;
        }
        if (err || end) {
            return err;
        }
        if (same) {
            first = first < 0 ? t.table_id : first;
        } else {
            text_puts(p->out, "\n  table ");
            flow_format_table(t.table_id, p->names, p->out);
            text_printf(p->out,
                        ":\n    active=%" PRIu32 ", lookup=%" PRIu64 ", matched=%" PRIu64 "\n",
                        t.active, t.lookup, t.matched);
        }
        prev = t;
        any = true;
    }
}

/* ---- roles and asynchronous messages ---- */

static const char *const roles[] = {"nochange", "equal", "primary", "secondary"};

static void print_generation(struct text *s, uint64_t id)
{
    if (id != UINT64_MAX) {
        text_printf(s, " generation_id=%" PRIu64, id);
    }
}

enum ofp_error msg_print_role(struct msg_print *p, struct wire_rd *r)
{
    uint32_t role = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    uint64_t generation = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (role >= ARRAY_SIZE(roles)) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    text_printf(p->out, " role=%s", roles[role]);
    print_generation(p->out, role ? generation : UINT64_MAX);
    return OFPERR_OK;
}

enum ofp_error msg_print_role_status(struct msg_print *p, struct wire_rd *r)
{
    static const char *const reasons[] = {"primary_request", "configuration_changed",
                                          "experimenter_data_changed"};
    uint32_t role = wire_rd_u32(r);
    uint8_t reason = wire_rd_u8(r);
    wire_rd_skip(r, 3);
    uint64_t generation = wire_rd_u64(r);
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!role || role >= ARRAY_SIZE(roles)) {
        return OFPERR_OFPRRFC_BAD_ROLE;
    }
    text_printf(p->out, " role=%s", roles[role]);
    print_generation(p->out, generation);
    text_puts(p->out, " reason=");
    msg_print_enum(p->out, reasons, ARRAY_SIZE(reasons), reason);
    return OFPERR_OK;
}

/* The kinds of asynchronous messages, with the names of their reasons' bits. */
static const struct {
    const char *label;
    const char *reasons[4];
} async_kinds[] = {
    {"       PACKET_IN", {"no_match", "action", "invalid_ttl", NULL}},
    {"     PORT_STATUS", {"add", "delete", "modify", NULL}},
    {"    FLOW_REMOVED", {"idle", "hard", "delete", "group_delete"}},
    {"     ROLE_STATUS", {NULL}}, /* Not in 1.3: never on. */
    {"    TABLE_STATUS", {NULL}},
    {"  REQUESTFORWARD", {NULL}},
};
#define N_ASYNC_13 3 /* The kinds that 1.3 has masks for. */

static void print_async_role(struct text *s, const uint32_t masks[N_ASYNC_13][2], int role)
{
    text_printf(s, "\n %s:\n", role ? "secondary" : "primary");
    for (size_t kind = 0; kind < ARRAY_SIZE(async_kinds); kind++) {
        text_printf(s, "%s:", async_kinds[kind].label);
        bool any = false;
        for (size_t bit = 0; kind < N_ASYNC_13 && bit < 4; bit++) {
            const char *reason = async_kinds[kind].reasons[bit];
            if (reason && masks[kind][role] & BIT(bit)) {
                text_printf(s, " %s", reason);
                any = true;
            }
        }
        text_puts(s, any ? "\n" : " (off)\n");
    }
}

enum ofp_error msg_print_async(struct msg_print *p, struct wire_rd *r)
{
    if (p->h->version > OFP13_VERSION && p->h->type != MSG_NXT_SET_ASYNC_CONFIG) {
        return OFPERR_OFPBRC_BAD_VERSION; /* Properties. */
    }
    uint32_t masks[N_ASYNC_13][2];
    for (size_t i = 0; i < N_ASYNC_13; i++) {
        masks[i][0] = wire_rd_u32(r);
        masks[i][1] = wire_rd_u32(r);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    print_async_role(p->out, masks, 0);
    print_async_role(p->out, masks, 1);
    return OFPERR_OK;
}
