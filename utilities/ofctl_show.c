/* ofctl_show.c - see ofctl.h: what a switch says of itself, and its configuration. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

static void print_simple(struct session *s, enum msg_type type)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t xid = ofconn_next_xid(s->conn);

    msg_encode_simple(type, s->version, xid, NULL, 0, &w);
    session_print_replies(s, &w, xid);
}

static void simple_command(const char *target, enum msg_type type, void *aux)
{
    struct session s;

    session_open(&s, aux, target);
    print_simple(&s, type);
    session_close(&s);
}

void ofctl_show(int argc, char *argv[], void *aux)
{
    struct session s;

    session_open(&s, aux, argv[1]);
    print_simple(&s, MSG_FEATURES_REQUEST);
    print_simple(&s, MSG_PORT_DESC_REQUEST);
    print_simple(&s, MSG_GET_CONFIG_REQUEST);
    session_close(&s);
}

void ofctl_dump_desc(int argc, char *argv[], void *aux)
{
    simple_command(argv[1], MSG_DESC_REQUEST, aux);
}

void ofctl_dump_tables(int argc, char *argv[], void *aux)
{
    simple_command(argv[1], MSG_TABLE_STATS_REQUEST, aux);
}

void ofctl_dump_table_features(int argc, char *argv[], void *aux)
{
    simple_command(argv[1], MSG_TABLE_FEATURES_REQUEST, aux);
}

/* A port given on the command line is ignored: before OpenFlow 1.5 the request has no room for it.
 */
void ofctl_dump_ports_desc(int argc, char *argv[], void *aux)
{
    struct session s;
    uint32_t port;

    if (argc > 2) {
        /* Requests of this version have no place for it, but it is to exist. */
        session_open(&s, aux, argv[1]);
        if (!port_parse(argv[2], names_input(&s.names), &port)) {
            cmd_fatal("%s: unknown port `%s'", argv[1], argv[2]);
        }
        session_close(&s);
    }
    simple_command(argv[1], MSG_PORT_DESC_REQUEST, aux);
}

void ofctl_get_config(int argc, char *argv[], void *aux)
{
    simple_command(argv[1], MSG_GET_CONFIG_REQUEST, aux);
}

void ofctl_dump_ports(int argc, char *argv[], void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct session s;
    uint32_t port = OFPP_ANY;

    session_open(&s, aux, argv[1]);
    if (argc > 2 && !port_parse(argv[2], names_input(&s.names), &port)) {
        cmd_fatal("%s: unknown port `%s'", argv[1], argv[2]);
    }
    uint32_t xid = ofconn_next_xid(s.conn);
    port_stats_request_encode(port, s.version, xid, &w);
    session_print_replies(&s, &w, xid);
    session_close(&s);
}

void ofctl_dump_aggregate(int argc, char *argv[], void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_stats_request request;
    struct session s;

    session_open(&s, aux, argv[1]);
    flows_parse_request(s.ctl, argc > 2 ? argv[2] : "", true, names_input(&s.names), &request);
    uint32_t xid = ofconn_next_xid(s.conn);
    flow_stats_request_encode(&request, s.version, xid, &w);
    session_print_replies(&s, &w, xid);
    session_close(&s);
}

/* ---- configuration ---- */

static const char *const frag_modes[] = {"normal", "drop", "reassemble", "nx-match"};

static void take_config(struct session *s, const uint8_t *msg, size_t len, void *aux)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h) || h.type != MSG_GET_CONFIG_REPLY ||
        switch_config_decode(&r, aux)) {
        cmd_fatal("%s: bad reply to configuration request", ofconn_target(s->conn));
    }
}

static void get_config(struct session *s, struct switch_config *config)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t xid = ofconn_next_xid(s->conn);

    msg_encode_simple(MSG_GET_CONFIG_REQUEST, s->version, xid, NULL, 0, &w);
    session_dump(s, &w, xid, take_config, config);
}

static void set_config(struct session *s, const struct switch_config *config)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    switch_config_encode(config, false, s->version, ofconn_next_xid(s->conn), &w);
    session_transact(s, &w);
}

static uint16_t frag_mode(const char *word)
{
    for (unsigned i = 0; i < ARRAY_SIZE(frag_modes); i++) {
        if (!strcmp(word, frag_modes[i])) {
            return (uint16_t)i;
        }
    }
    cmd_fatal("%s: unknown fragment handling mode", word);
}

void ofctl_get_frags(int argc, char *argv[], void *aux)
{
    struct switch_config config;
    struct session s;

    session_open(&s, aux, argv[1]);
    get_config(&s, &config);
    puts(frag_modes[config.flags & 3]);
    session_close(&s);
}

/* Sets the mode and reads it back: what a switch does not do, it does not take. */
static void change_config(struct session *s, const struct switch_config *want)
{
    struct switch_config now;

    set_config(s, want);
    get_config(s, &now);
    if ((now.flags & 3) != (want->flags & 3)) {
        cmd_fatal("%s: setting fragment handling mode failed (this switch probably doesn't support "
                  "mode \"%s\")",
                  ofconn_target(s->conn), frag_modes[want->flags & 3]);
    }
}

void ofctl_set_frags(int argc, char *argv[], void *aux)
{
    struct switch_config config;
    struct session s;
    uint16_t mode = frag_mode(argv[2]);

    session_open(&s, aux, argv[1]);
    get_config(&s, &config);
    config.flags = (uint16_t)((config.flags & ~3) | mode);
    change_config(&s, &config);
    session_close(&s);
}

void ofctl_set_config(int argc, char *argv[], void *aux)
{
    struct switch_config config;
    struct session s;

    session_open(&s, aux, argv[1]);
    get_config(&s, &config);
    for (int i = 2; i < argc; i++) {
        if (!strncmp(argv[i], "frags=", 6)) {
            config.flags = (uint16_t)((config.flags & ~3) | frag_mode(argv[i] + 6));
        } else if (strncmp(argv[i], "miss_send_len=", 14) ||
                   !text_to_u16(argv[i] + 14, &config.miss_send_len)) {
            cmd_fatal("%s: neither frags=MODE nor miss_send_len=BYTES", argv[i]);
        }
    }
    change_config(&s, &config);
    session_close(&s);
}

/* ---- mod-port ---- */

static const struct {
    const char *word;
    uint32_t bit;
    bool set;
} port_actions[] = {
    {"up", OFPPC_PORT_DOWN, false},
    {"down", OFPPC_PORT_DOWN, true},
    {"stp", OFPPC_NO_STP, false},
    {"no-stp", OFPPC_NO_STP, true},
    {"receive", OFPPC_NO_RECV, false},
    {"no-receive", OFPPC_NO_RECV, true},
    {"receive-stp", OFPPC_NO_RECV_STP, false},
    {"no-receive-stp", OFPPC_NO_RECV_STP, true},
    {"flood", OFPPC_NO_FLOOD, false},
    {"no-flood", OFPPC_NO_FLOOD, true},
    {"forward", OFPPC_NO_FWD, false},
    {"no-forward", OFPPC_NO_FWD, true},
    {"packet-in", OFPPC_NO_PACKET_IN, false},
    {"no-packet-in", OFPPC_NO_PACKET_IN, true},
    {"noflood", OFPPC_NO_FLOOD, true}, /* The word of old. */
};

void ofctl_mod_port(int argc, char *argv[], void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct session s;
    size_t i = 0;

    session_open(&s, aux, argv[1]);
    const struct ofp_port *port = names_find_port(&s.names, argv[2]);
    if (!port) {
        cmd_fatal("%s: couldn't find port `%s'", argv[1], argv[2]);
    }
    while (i < ARRAY_SIZE(port_actions) && strcmp(argv[3], port_actions[i].word)) {
        i++;
    }
    if (i == ARRAY_SIZE(port_actions)) {
        cmd_fatal("unknown mod-port command '%s'", argv[3]);
    }
    struct port_mod mod = {.port = port->number, .mask = port_actions[i].bit};
    mod.config = port_actions[i].set ? mod.mask : 0;
    memcpy(mod.hw_addr, port->hw_addr, sizeof mod.hw_addr);
    port_mod_encode(&mod, s.version, ofconn_next_xid(s.conn), &w);
    session_transact(&s, &w);
    session_close(&s);
}
