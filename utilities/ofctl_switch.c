/* ofctl_switch.c - see ofctl.h: tables, queues, tunnel options, exporters, tracked connections. */
#include <strings.h>

#include "ofp/ct_flush.h"
#include "ofp/queue.h"
#include "ofp/switch.h"
#include "ofp/table_mod.h"
#include "ofp/tlv_table_msg.h"
#include "utilities/ofctl.h"

#define N_TABLES 254

/* A request without a body, in versions from 'first' on. */
static void print_simple(const char *command, const char *target, enum msg_type type, uint8_t first,
                         void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct session s;

    session_open(&s, aux, target);
    if (s.version < first) {
        cmd_fatal("%s needs OpenFlow 1.%d or later ('-O OpenFlow1%d')", command, first - 1,
                  first - 1);
    }
    uint32_t xid = ofconn_next_xid(s.conn);
    msg_encode_simple(type, s.version, xid, NULL, 0, &w);
    session_print_replies(&s, &w, xid);
    session_close(&s);
}

void ofctl_dump_table_features(int argc, char *argv[], void *aux)
{
    print_simple(argv[0], argv[1], MSG_TABLE_FEATURES_REQUEST, OFP13_VERSION, aux);
}

void ofctl_dump_table_desc(int argc, char *argv[], void *aux)
{
    print_simple(argv[0], argv[1], MSG_TABLE_DESC_REQUEST, OFP14_VERSION, aux);
}

void ofctl_dump_tlv_map(int argc, char *argv[], void *aux)
{
    print_simple(argv[0], argv[1], MSG_NXT_TLV_TABLE_REQUEST, OFP10_VERSION, aux);
}

void ofctl_dump_ipfix_bridge(int argc, char *argv[], void *aux)
{
    print_simple(argv[0], argv[1], MSG_NXST_IPFIX_BRIDGE_REQUEST, OFP10_VERSION, aux);
}

void ofctl_dump_ipfix_flow(int argc, char *argv[], void *aux)
{
    print_simple(argv[0], argv[1], MSG_NXST_IPFIX_FLOW_REQUEST, OFP10_VERSION, aux);
}

/* ---- mod-table ---- */

static void take_desc(struct session *s, const uint8_t *msg, size_t len, void *aux)
{
    struct table_config *tables = aux, c;
    struct msg_header h;
    struct wire_rd r;
    bool end = false;

    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h) || h.type != MSG_TABLE_DESC_REPLY) {
        cmd_fatal("%s: bad reply to table description request", ofconn_target(s->conn));
    }
    while (!table_desc_decode(&r, &c, &end) && !end) {
        if (c.table_id < N_TABLES) {
            c.has_vacancy = c.warn_vacant;
            c.vacancy = 0; /* The switch's to say. */
            tables[c.table_id] = c;
        }
    }
}

/* What a table has, so that one setting leaves the others alone. */
static void get_tables(struct session *s, struct table_config *tables)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    for (unsigned i = 0; i < N_TABLES; i++) {
        table_config_init(&tables[i]);
        tables[i].table_id = (uint8_t)i;
    }
    if (s->version >= OFP14_VERSION) {
        uint32_t xid = ofconn_next_xid(s->conn);
        msg_encode_simple(MSG_TABLE_DESC_REQUEST, s->version, xid, NULL, 0, &w);
        session_dump(s, &w, xid, take_desc, tables);
    }
}

static void check_versions(const struct session *s, const char *setting, uint32_t versions)
{
    struct text list = TEXT_INIT;

    if (versions & BIT(s->version)) {
        return;
    }
    for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
        if (versions & BIT(v)) {
            text_printf(&list, "%sOpenFlow1%d", list.len ? ", " : "", v - 1);
        }
    }
    cmd_fatal("table_mod '%s' requires one of the OpenFlow versions %s", setting, text_cstr(&list));
}

static void send_table_mod(struct session *s, const char *setting, struct table_config c)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t versions;
    char *error = table_mod_parse(setting, &c, &versions);

    if (error) {
        cmd_fatal("%s", error);
    }
    check_versions(s, setting, versions);
    table_mod_encode(&c, s->version, ofconn_next_xid(s->conn), &w);
    session_transact(s, &w);
}

void ofctl_mod_table(int argc, char *argv[], void *aux)
{
    struct table_config tables[N_TABLES], all;
    uint32_t versions;
    struct session s;
    uint8_t id;

    if (!strcasecmp(argv[2], "ALL")) {
        id = OFPTT_ALL;
    } else if (!text_to_u8(argv[2], &id)) {
        cmd_fatal("unknown table \"%s\"", argv[2]);
    }
    session_open(&s, aux, argv[1]);
    table_config_init(&all);
    char *error = table_mod_parse(argv[3], &all, &versions);
    if (error) {
        cmd_fatal("%s", error);
    }
    check_versions(&s, argv[3], versions);
    get_tables(&s, tables);
    if (id < N_TABLES) {
        send_table_mod(&s, argv[3], tables[id]);
    } else if (s.version < OFP14_VERSION) {
        all.table_id = id;
        send_table_mod(&s, argv[3], all);
    } else {
        for (unsigned i = 0; i < N_TABLES; i++) {
            send_table_mod(&s, argv[3], tables[i]);
        }
    }
    session_close(&s);
}

/* ---- queues ---- */

static void parse_queue_args(struct session *s, int argc, char *argv[], struct queue_request *q)
{
    *q = (struct queue_request){.port = OFPP_ANY, .queue = QUEUE_ALL};
    if (argc > 2 && !port_parse(argv[2], names_input(&s->names), &q->port)) {
        cmd_fatal("%s: unknown port `%s'", argv[1], argv[2]);
    }
    if (argc > 3 && strcasecmp(argv[3], "ALL") && !text_to_u32(argv[3], &q->queue)) {
        cmd_fatal("%s: bad queue id", argv[3]);
    }
}

static void print_queues(struct session *s, const struct queue_request *q, enum msg_type type)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t xid = ofconn_next_xid(s->conn);

    queue_request_encode(q, type, s->version, xid, &w);
    session_print_replies(s, &w, xid);
}

void ofctl_queue_stats(int argc, char *argv[], void *aux)
{
    struct queue_request q;
    struct session s;

    session_open(&s, aux, argv[1]);
    parse_queue_args(&s, argc, argv, &q);
    q.port = q.port == OFPP_ALL ? OFPP_ANY : q.port;
    print_queues(&s, &q, MSG_QUEUE_STATS_REQUEST);
    session_close(&s);
}

/* 1.0 cannot ask for all ports. */
void ofctl_queue_get_config(int argc, char *argv[], void *aux)
{
    struct queue_request q;
    struct session s;

    session_open(&s, aux, argv[1]);
    parse_queue_args(&s, argc, argv, &q);
    if (s.version >= OFP14_VERSION) {
        print_queues(&s, &q, MSG_QUEUE_DESC_REQUEST);
    } else if (s.version == OFP10_VERSION && q.port == OFPP_ANY) {
        (void)names_output(&s.names, true, false); /* Gets the ports. */
        for (size_t i = 0; i < s.names.n_ports; i++) {
            q.port = s.names.ports[i].number;
            if (q.port < OFPP_FIRST_BAD) {
                print_queues(&s, &q, MSG_QUEUE_GET_CONFIG_REQUEST);
            }
        }
    } else {
        print_queues(&s, &q, MSG_QUEUE_GET_CONFIG_REQUEST);
    }
    session_close(&s);
}

/* ---- tunnel options ---- */

static void change_tlv_maps(const char *target, enum tlv_command command, const char *maps,
                            void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct tlv_table_mod m = {.command = command};
    struct session s;
    char *error = maps ? tlv_maps_parse(maps, &m.maps) : NULL;

    if (error) {
        cmd_fatal("%s", error);
    }
    session_open(&s, aux, target);
    tlv_table_mod_encode(&m, s.version, ofconn_next_xid(s.conn), &w);
    tlv_maps_deinit(&m.maps);
    session_transact(&s, &w);
    session_close(&s);
}

void ofctl_add_tlv_map(int argc, char *argv[], void *aux)
{
    change_tlv_maps(argv[1], TLV_ADD, argv[2], aux);
}

void ofctl_del_tlv_map(int argc, char *argv[], void *aux)
{
    bool all = argc < 3;

    change_tlv_maps(argv[1], all ? TLV_CLEAR : TLV_DELETE, all ? NULL : argv[2], aux);
}

/* ---- tracked connections ---- */

void ofctl_ct_flush_zone(int argc, char *argv[], void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct session s;
    uint16_t zone;

    if (!text_to_u16(argv[2], &zone)) {
        cmd_fatal("invalid zone_id \"%s\"", argv[2]);
    }
    session_open(&s, aux, argv[1]);
    ct_flush_zone_encode(zone, s.version, ofconn_next_xid(s.conn), &w);
    session_transact(&s, &w);
    session_close(&s);
}

void ofctl_ct_flush(int argc, char *argv[], void *aux)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct ct_flush f;
    struct session s;
    char *error = ct_flush_parse((size_t)argc - 2, argv + 2, &f);

    if (error) {
        cmd_fatal("Failed to parse CT match: %s", error);
    }
    session_open(&s, aux, argv[1]);
    ct_flush_encode(&f, s.version, ofconn_next_xid(s.conn), &w);
    session_transact(&s, &w);
    session_close(&s);
}
