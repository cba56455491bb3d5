/* ofctl_bundle.c - see ofctl.h: changes that a switch makes all at once or not at all.
 *
 * Messages go into one bundle, atomic and ordered (OpenFlow 1.4, or the extension of 1.3).  Flows
 * of a file go there while the rest is still read, so that the switch works meanwhile; of a file
 * with an error in it nothing is committed. */
#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/bundle.h"
#include "ofp/group.h"
#include "ofp/packet_io.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

#define BUNDLE_ID    0
#define ADDS_AT_ONCE 65536 /* Bytes that are sent together. */

static void put_control(struct session *s, enum bundle_type type, uint32_t xid, struct wire_wr *w)
{
    const struct bundle_control c = {.id = BUNDLE_ID,
                                     .type = (uint16_t)type,
                                     .flags = BUNDLE_ATOMIC | BUNDLE_ORDERED};

    bundle_control_encode(&c, s->version, xid, w);
}

/* The message with this xid, the error of which is to be shown. */
static const uint8_t *by_xid(const struct wire_wr *messages, uint32_t xid)
{
    for (size_t ofs = 0; ofs < messages->len; ofs += get_be16(messages->data + ofs + 2)) {
        if (get_be32(messages->data + ofs + 4) == xid) {
            return messages->data + ofs;
        }
    }
    return NULL;
}

static void print_error(struct session *s, const struct wire_wr *messages,
                        const struct wire_wr *control, const uint8_t *msg, size_t len)
{
    struct wire_rd payload;
    const uint8_t *request = by_xid(messages, get_be32(msg + 4));
    request = request ? request : by_xid(control, get_be32(msg + 4));

    if (!request) {
        session_print(s, msg, len, stderr);
        return;
    }
    fprintf(stderr, "Error %s for: ", ofp_error_name(ofp_error_decode(msg, len, &payload)));
    session_print(s, request, get_be16(request + 2), stderr);
}

/* Waits for the reply with this xid or an error with it; prints errors on the way.  False: there
 * was one. */
static bool wait_for(struct session *s, const struct wire_wr *messages,
                     const struct wire_wr *control, uint32_t xid)
{
    bool good = true;
    uint32_t got;

    do {
        size_t len;
        const uint8_t *msg = ofconn_recv(s->conn, &len);
        got = get_be32(msg + 4);
        if (ofconn_is_error(msg)) {
            print_error(s, messages, control, msg, len);
            good = false;
        }
    } while (got != xid);
    return good;
}

/* Sends a control or barrier, and all before it, and waits for the answer. */
static void step(struct session *s, const struct wire_wr *messages, struct wire_wr *w, uint32_t xid)
{
    struct wire_wr known = WIRE_WR_INIT(OFP_MAX_LEN);

    wire_wr_bytes(&known, w->data, w->len);
    ofconn_send(s->conn, w);
    /* ADDs have the xids of what is in them. */
    if (!wait_for(s, messages, &known, xid)) {
        cmd_fatal("talking to %s (Protocol error)", ofconn_target(s->conn));
    }
    wire_wr_deinit(&known);
}

static void control(struct session *s, const struct wire_wr *messages, enum bundle_type type)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t xid = ofconn_next_xid(s->conn);

    put_control(s, type, xid, &w);
    step(s, messages, &w, xid);
}

bool session_bundle_may_add(const struct session *s)
{
    return s->version >= OFP13_VERSION;
}

void session_bundle_add(struct session *s, const struct wire_wr *messages, size_t ofs)
{
    const struct bundle_add a = {.id = BUNDLE_ID,
                                 .flags = BUNDLE_ATOMIC | BUNDLE_ORDERED,
                                 .msg = messages->data + ofs,
                                 .msg_len = get_be16(messages->data + ofs + 2)};

    if (!s->bundling) {
        fflush(stdout);
        control(s, messages, BUNDLE_OPEN_REQUEST);
        s->bundling = true;
    }
    bundle_add_encode(&a, s->version, get_be32(a.msg + 4), &s->adds);
    if (s->adds.err) {
        cmd_fatal("a message is too long for a bundle");
    }
    if (s->adds.len >= ADDS_AT_ONCE) {
        ofconn_send(s->conn, &s->adds);
        ofconn_flush(s->conn);
    }
}

void session_bundle_commit(struct session *s, struct wire_wr *messages)
{
    uint32_t xid = ofconn_next_xid(s->conn);
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    if (s->bundling) {
        ofconn_send(s->conn, &s->adds);
    } else {
        fflush(stdout);
        control(s, messages, BUNDLE_OPEN_REQUEST);
    }
    msg_encode_simple(MSG_BARRIER_REQUEST, s->version, xid, NULL, 0, &w);
    step(s, messages, &w, xid);
    control(s, messages, BUNDLE_COMMIT_REQUEST);
    s->bundling = false;
    wire_wr_deinit(messages);
}

void session_bundle(struct session *s, struct wire_wr *messages)
{
    if (!session_bundle_may_add(s)) {
        cmd_fatal("bundles need OpenFlow 1.3 or later ('-O OpenFlow13')");
    }
    for (size_t ofs = 0; ofs < messages->len; ofs += get_be16(messages->data + ofs + 2)) {
        session_bundle_add(s, messages, ofs);
    }
    session_bundle_commit(s, messages);
}

/* ---- bundle SWITCH FILE ---- */

static void put_flow(struct session *s, char *text, const struct line_reader *r,
                     struct wire_wr *all, uint32_t *usable)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_mod fm;

    flows_parse(text, -1, names_input(&s->names), r->name, r->number, &fm, usable);
    flow_mod_encode(&fm, s->protocol, ofconn_next_xid(s->conn), &w);
    if (w.err) {
        cmd_fatal("%s:%d: the flow is too long for an OpenFlow message", r->name, r->number);
    }
    wire_wr_bytes(all, w.data, w.len);
    wire_wr_deinit(&w);
    flow_mod_deinit(&fm);
}

static void put_group(struct session *s, char *text, const struct line_reader *r,
                      struct wire_wr *all, uint32_t *usable)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct group_mod gm;

    group_mods_parse(text, -1, names_input(&s->names), r->name, r->number, &gm, usable);
    group_mods_encode(&gm, s->version, ofconn_next_xid(s->conn), &w);
    wire_wr_bytes(all, w.data, w.len);
    wire_wr_deinit(&w);
    group_mod_deinit(&gm);
}

static void put_packet_out(struct session *s, char *text, struct wire_wr *all)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct packet_out po;

    cmd_check(packet_out_parse(text, names_input(&s->names), &po));
    packet_out_encode(&po, s->version, ofconn_next_xid(s->conn), &w);
    wire_wr_bytes(all, w.data, w.len);
    wire_wr_deinit(&w);
    packet_out_deinit(&po);
}

static void put_line(struct session *s, char *text, const struct line_reader *r,
                     struct wire_wr *all, uint32_t *usable)
{
    size_t n = strcspn(text, " \t");
    char *rest = text + n + strspn(text + n, " \t");

    text[n] = '\0';
    if (!strcmp(text, "flow")) {
        put_flow(s, rest, r, all, usable);
    } else if (!strcmp(text, "group")) {
        put_group(s, rest, r, all, usable);
    } else if (!strcmp(text, "packet-out")) {
        put_packet_out(s, rest, all);
    } else {
        cmd_fatal("%s:%d: Unsupported bundle message type: %s", r->name, r->number, text);
    }
}

void ofctl_bundle(int argc, char *argv[], void *aux)
{
    struct wire_wr all = WIRE_WR_INIT(SIZE_MAX);
    uint32_t usable = PROTOCOL_ANY;
    struct line_reader r;
    struct session s;
    char *text;

    session_open(&s, aux, argv[1]);
    lines_open(&r, argv[2], "open failed");
    while (lines_next(&r, &text)) {
        put_line(&s, text, &r, &all, &usable);
    }
    lines_close(&r);
    flows_check_usable(s.ctl, usable);
    session_check_usable(&s, usable);
    session_bundle(&s, &all);
    session_close(&s);
}
