/* ofctl_mod.c - see ofctl.h: flow mods from the command line and from files, packet-outs.
 *
 * A file is read and checked as a whole before anything changes.  Its messages go out in windows,
 * each closed by a barrier, so that a large file costs few round trips; the first error ends the
 * program, and then flows behind the failing one in the same window may have been changed as well.
 */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/flow_mod.h"
#include "ofp/packet_io.h"
#include "utilities/ofctl.h"

#define WINDOW   500 /* Messages; as many error replies fit the socket's buffer. */
#define FILE_MAX (1u << 30)

/* Flows on their way.  Where the version leaves no choice of formats they are put into messages at
 * once, for that is shorter; in OpenFlow 1.0 they wait until all of them are known. */
struct outgoing {
    struct wire_wr all;       /* Whole messages. */
    struct flow_mod *waiting; /* Heap. */
    size_t n, cap;
    uint32_t usable; /* Formats that can carry all of them. */
    bool bundled;    /* Each goes into the bundle at once. */
};
#define OUTGOING_INIT ((struct outgoing){.all = WIRE_WR_INIT(FILE_MAX), .usable = PROTOCOL_ANY})

static void encode(struct session *s, struct outgoing *out, struct flow_mod *fm)
{
    size_t start = out->all.len;

    flow_mod_encode(fm, s->protocol, ofconn_next_xid(s->conn), &out->all);
    if (out->all.err) {
        cmd_fatal("the flow is too long for an OpenFlow message");
    }
    if (out->bundled) {
        session_bundle_add(s, &out->all, start);
    }
    flow_mod_deinit(fm);
}

static void put_flow_mod(struct session *s, char *text, int command, const char *file, int line,
                         struct outgoing *out)
{
    struct flow_mod fm;

    flows_parse(text, command, names_input(&s->names), file, line, &fm, &out->usable);
    if (s->version > OFP10_VERSION) {
        encode(s, out, &fm);
        return;
    }
    if (out->n == out->cap) {
        out->cap = MAX(2 * out->cap, 64);
        out->waiting = xrealloc(out->waiting, out->cap * sizeof *out->waiting);
    }
    out->waiting[out->n++] = fm;
}

/* All flows are there: what waited becomes messages. */
static void choose_format(struct session *s, struct outgoing *out)
{
    session_choose_protocol(s, out->usable);
    for (size_t i = 0; i < out->n; i++) {
        encode(s, out, &out->waiting[i]);
    }
    free(out->waiting);
}

/* Takes the bytes. */
static void send_all(struct session *s, struct outgoing *out)
{
    struct wire_wr *all = &out->all;
    size_t ofs = 0;

    if (out->bundled) {
        session_bundle_commit(s, all);
        return;
    }
    if (s->ctl->bundle) {
        session_bundle(s, all);
        return;
    }
    while (ofs < all->len) {
        struct wire_wr w = WIRE_WR_INIT(FILE_MAX);
        size_t start = ofs;
        for (int i = 0; i < WINDOW && ofs < all->len; i++) {
            ofs += get_be16(all->data + ofs + 2);
        }
        wire_wr_bytes(&w, all->data + start, ofs - start);
        ofconn_send(s->conn, &w);
        session_barrier(s);
    }
    wire_wr_deinit(all);
}

static void send_file(struct session *s, const char *name, int command)
{
    struct outgoing out = OUTGOING_INIT;
    struct line_reader r;
    char *text;

    lines_open(&r, name, "open failed");
    /* Who writes to our input may take longer than a bundle lives. */
    out.bundled = s->ctl->bundle && session_bundle_may_add(s) && strcmp(name, "-");
    while (lines_next(&r, &text)) {
        put_flow_mod(s, text, command, r.name, r.number, &out);
    }
    lines_close(&r);
    choose_format(s, &out);
    send_all(s, &out);
}

/* `-` as the flow reads flows from standard input. */
static void flow_mod_command(const char *target, const char *flow, int command, void *aux)
{
    struct session s;

    session_open(&s, aux, target);
    if (!strcmp(flow, "-")) {
        send_file(&s, flow, command);
    } else {
        struct outgoing out = OUTGOING_INIT;
        char *text = xstrdup(flow);
        put_flow_mod(&s, text, command, NULL, 0, &out);
        choose_format(&s, &out);
        send_all(&s, &out);
        free(text);
    }
    session_close(&s);
}

void ofctl_add_flow(int argc, char *argv[], void *aux)
{
    flow_mod_command(argv[1], argv[2], FM_ADD, aux);
}

void ofctl_mod_flows(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    flow_mod_command(argv[1], argv[2], ctl->strict ? FM_MODIFY_STRICT : FM_MODIFY, aux);
}

void ofctl_del_flows(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    flow_mod_command(argv[1], argc > 2 ? argv[2] : "", ctl->strict ? FM_DELETE_STRICT : FM_DELETE,
                     aux);
}

void ofctl_add_flows(int argc, char *argv[], void *aux)
{
    struct session s;

    session_open(&s, aux, argv[1]);
    send_file(&s, argv[2], -1);
    session_close(&s);
}

static void send_packet_out(struct session *s, const struct packet_out *po)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    packet_out_encode(po, s->version, ofconn_next_xid(s->conn), &w);
    session_transact(s, &w);
}

/* SWITCH IN_PORT ACTIONS PACKET...: the older form. */
static void packet_out_words(struct session *s, int argc, char *argv[])
{
    struct packet_out po = {.buffer_id = OFP_NO_BUFFER, .acts = ACTS_INIT};
    uint32_t port;

    match_init(&po.metadata);
    if (!port_parse(argv[2], names_input(&s->names), &port)) {
        cmd_fatal("%s: unknown port `%s'", argv[1], argv[2]);
    }
    packet_out_set_port(&po, port);
    char *actions = xstrdup(argv[3]);
    cmd_check(acts_parse(actions, names_input(&s->names), false, &po.acts));
    free(actions);
    for (int i = 4; i < argc; i++) {
        size_t n;
        uint8_t *frame = text_to_hex(argv[i], &n);
        if (!frame) {
            cmd_fatal("Trailing garbage in packet data");
        }
        if (n < 14) {
            cmd_fatal("Packet data too short for Ethernet");
        }
        po.data = frame;
        po.data_len = (uint32_t)n;
        send_packet_out(s, &po);
        free(frame);
    }
    po.data = NULL;
    packet_out_deinit(&po);
}

void ofctl_packet_out(int argc, char *argv[], void *aux)
{
    struct packet_out po;
    struct session s;

    session_open(&s, aux, argv[1]);
    if (argc == 3) {
        char *text = xstrdup(argv[2]);
        cmd_check(packet_out_parse(text, names_input(&s.names), &po));
        send_packet_out(&s, &po);
        packet_out_deinit(&po);
        free(text);
    } else if (argc > 4) {
        packet_out_words(&s, argc, argv);
    } else {
        cmd_fatal("Too many arguments (%d)", argc);
    }
    session_close(&s);
}
