/* names.c - see names.h. */
#include "utilities/names.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/switch.h"
#include "ofp/table_features.h"

/* Adds the ports of one PORT_DESC reply; true if more follow. */
static bool add_ports(struct names *n, const uint8_t *msg, size_t len)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h) || h.type != MSG_PORT_DESC_REPLY) {
        return false; /* A switch without names. */
    }
    while (wire_rd_left(&r)) {
        struct ofp_port port;
        if (ofp_port_decode(&r, h.version, &port)) {
            break;
        }
        n->ports = xrealloc(n->ports, (n->n_ports + 1) * sizeof *n->ports);
        n->ports[n->n_ports++] = port;
    }
    return (h.mp_flags & OFPMPF_MORE) != 0;
}

static void fetch(struct names *n)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    const uint8_t *msg;
    size_t len;

    if (n->fetched || !n->conn) {
        return;
    }
    n->fetched = true;
    uint32_t xid = ofconn_next_xid(n->conn);
    port_request_encode(MSG_PORT_DESC_REQUEST, OFPP_ANY, ofconn_version(n->conn), xid, &w);
    ofconn_send(n->conn, &w);
    do {
        msg = ofconn_recv_reply(n->conn, xid, &len);
    } while (add_ports(n, msg, len));
}

/* Adds the tables of one TABLE_FEATURES reply; true if more follow. */
static bool add_tables(struct names *n, const uint8_t *msg, size_t len)
{
    struct table_features f;
    struct msg_header h;
    struct wire_rd r;
    bool end = false;

    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h) || h.type != MSG_TABLE_FEATURES_REPLY) {
        return false; /* A switch without names. */
    }
    while (!table_features_decode(&r, &h, &f, &end) && !end) {
        memcpy(n->tables[f.table_id], f.name, sizeof n->tables[0]);
    }
    return (h.mp_flags & OFPMPF_MORE) != 0;
}

static void fetch_tables(struct names *n)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    const uint8_t *msg;
    size_t len;

    if (n->tables_fetched || !n->conn || ofconn_version(n->conn) < OFP13_VERSION) {
        return;
    }
    n->tables_fetched = true;
    uint32_t xid = ofconn_next_xid(n->conn);
    size_t start = msg_start(&w, MSG_TABLE_FEATURES_REQUEST, ofconn_version(n->conn), xid);
    msg_finish(&w, start);
    ofconn_send(n->conn, &w);
    do {
        msg = ofconn_recv_reply(n->conn, xid, &len);
    } while (add_tables(n, msg, len));
}

static bool table_by_name(void *aux, const char *name, uint8_t *table)
{
    struct names *n = aux;

    fetch_tables(n);
    for (unsigned id = 0; *name && id < OFP_N_TABLES; id++) {
        if (!strcmp(n->tables[id], name)) {
            *table = (uint8_t)id;
            return true;
        }
    }
    return false;
}

static const char *table_name(void *aux, uint8_t table)
{
    const struct names *n = aux;
    return n->tables[table][0] ? n->tables[table] : NULL;
}

static bool port_by_name(void *aux, const char *name, uint32_t *port)
{
    struct names *n = aux;

    fetch(n);
    for (size_t i = 0; i < n->n_ports; i++) {
        if (!strcmp(n->ports[i].name, name)) {
            *port = n->ports[i].number;
            return true;
        }
    }
    return false;
}

static const char *port_name(void *aux, uint32_t port)
{
    const struct names *n = aux;

    for (size_t i = 0; i < n->n_ports; i++) {
        if (n->ports[i].number == port) {
            return n->ports[i].name;
        }
    }
    return NULL;
}

void names_init(struct names *n, struct ofconn *conn)
{
    *n = (struct names){.conn = conn};
    n->in =
        (struct name_map){.aux = n, .port_by_name = port_by_name, .table_by_name = table_by_name};
    n->out = (struct name_map){.aux = n, .port_name = port_name, .table_name = table_name};
    n->exact = (struct name_map){.exact = true};
}

void names_deinit(struct names *n)
{
    free(n->ports);
}

const struct name_map *names_input(struct names *n)
{
    return &n->in;
}

const struct name_map *names_output(struct names *n, bool show, bool exact)
{
    if (!show) {
        return exact ? &n->exact : NULL;
    }
    n->out.exact = exact;
    fetch(n);
    fetch_tables(n);
    return &n->out;
}

const struct ofp_port *names_find_port(struct names *n, const char *s)
{
    bool is_number = *s && strspn(s, "0123456789") == strlen(s);
    uint64_t v = is_number ? strtoull(s, NULL, 10) : 0;

    fetch(n);
    for (size_t i = 0; i < n->n_ports; i++) {
        uint32_t number = n->ports[i].number;
        bool same = v == number || (number == OFPP_LOCAL && v == 0xfffe);
        if (is_number ? same : !strcmp(n->ports[i].name, s)) {
            return &n->ports[i];
        }
    }
    return NULL;
}
