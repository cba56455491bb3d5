/* ofctl_session.c - see ofctl.h: requests and replies with one switch, and files of flows. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"
#include "ofp/nx_format.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

void session_open(struct session *s, const struct ofctl *ctl, const char *target)
{
    *s = (struct session){.ctl = ctl, .more = 1, .adds = WIRE_WR_INIT(SIZE_MAX)};
    s->conn = ofconn_open(target, ctl->versions, ".mgmt");
    s->version = ofconn_version(s->conn);
    s->protocol = protocol_plain(s->version);
    names_init(&s->names, s->conn);
    bool show = ctl->names == NAMES_YES || (ctl->names == NAMES_AUTO && isatty(STDOUT_FILENO));
    s->out = names_output(&s->names, show, ctl->exact);
}

void session_close(struct session *s)
{
    names_deinit(&s->names);
    ofconn_close(s->conn);
}

void session_check_usable(const struct session *s, uint32_t usable)
{
    struct text t = TEXT_INIT;

    if (!(usable & protocol_of_version(s->version))) {
        protocol_format(usable, &t);
        cmd_fatal("switch does not support any of the usable flow formats (%s)", text_cstr(&t));
    }
}

void session_print(const struct session *s, const uint8_t *msg, size_t len, FILE *stream)
{
    struct text t = TEXT_INIT;

    msg_print(msg, len, s->out, s->ctl->verbosity + s->more, &t);
    fwrite(text_cstr(&t), 1, t.len, stream);
    text_deinit(&t);
}

static void exit_if_error(const struct session *s, const uint8_t *msg, size_t len)
{
    if (ofconn_is_error(msg)) {
        fflush(stdout);
        session_print(s, msg, len, stderr);
        cmd_exit(1);
    }
}

static bool more_follow(const uint8_t *msg, size_t len)
{
    struct msg_header h;
    struct wire_rd r;

    wire_rd_init(&r, msg, len);
    return !msg_decode_header(&r, &h) && msg_is_multipart(h.type) && h.mp_flags & OFPMPF_MORE;
}

void session_dump(struct session *s, struct wire_wr *request, uint32_t xid, reply_cb *each,
                  void *aux)
{
    const uint8_t *msg;
    size_t len;
    bool more;

    ofconn_send(s->conn, request);
    do {
        msg = ofconn_recv_reply(s->conn, xid, &len);
        exit_if_error(s, msg, len);
        more = more_follow(msg, len);
        each(s, msg, len, aux);
    } while (more);
}

static void print_reply(struct session *s, const uint8_t *msg, size_t len, void *aux)
{
    session_print(s, msg, len, stdout);
}

void session_print_replies(struct session *s, struct wire_wr *request, uint32_t xid)
{
    session_dump(s, request, xid, print_reply, NULL);
}

void session_barrier(struct session *s)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t xid = ofconn_next_xid(s->conn);
    const uint8_t *msg;
    size_t len;

    msg_encode_simple(MSG_BARRIER_REQUEST, s->version, xid, NULL, 0, &w);
    ofconn_send(s->conn, &w);
    do {
        msg = ofconn_recv(s->conn, &len);
        exit_if_error(s, msg, len);
    } while (get_be32(msg + 4) != xid);
}

bool session_try(struct session *s, struct wire_wr *request)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t xid = get_be32(request->data + 4), barrier = ofconn_next_xid(s->conn);
    bool refused = false;
    const uint8_t *msg;
    size_t len;

    ofconn_send(s->conn, request);
    msg_encode_simple(MSG_BARRIER_REQUEST, s->version, barrier, NULL, 0, &w);
    ofconn_send(s->conn, &w);
    do {
        msg = ofconn_recv(s->conn, &len);
        refused |= ofconn_is_error(msg) && get_be32(msg + 4) == xid;
    } while (get_be32(msg + 4) != barrier);
    return !refused;
}

/* ---- formats of flows ---- */

/* OpenFlow 1.0 begins with its plain format; the others are asked for. */
static bool try_protocol(struct session *s, uint32_t want)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    bool nxm = want & PROTOCOL_NXM_ALL, was_nxm = s->protocol & PROTOCOL_NXM_ALL;
    uint32_t tid = PROTOCOL_OF10_TID | PROTOCOL_NXM_TID;
    bool has_tid = want & tid, had_tid = s->protocol & tid;

    if (nxm != was_nxm) {
        nx_format_encode_flow(want, ofconn_next_xid(s->conn), &w);
        if (!session_try(s, &w)) {
            return false;
        }
        s->protocol = nxm ? PROTOCOL_NXM : PROTOCOL_OF10;
    }
    if (has_tid != had_tid) {
        nx_format_encode_table_id(has_tid, s->version, ofconn_next_xid(s->conn), &w);
        if (!session_try(s, &w)) {
            return false;
        }
    }
    s->protocol = want;
    return true;
}

static void choose(struct session *s, uint32_t usable, const uint32_t *order, size_t n)
{
    struct text t = TEXT_INIT;

    flows_check_usable(s->ctl, usable);
    uint32_t allowed = usable & s->ctl->protocols & protocol_of_version(s->version);
    for (size_t i = 0; i < n; i++) {
        if (allowed & order[i] && try_protocol(s, order[i])) {
            return;
        }
    }
    protocol_format(usable, &t);
    cmd_fatal("switch does not support any of the usable flow formats (%s)", text_cstr(&t));
}

void session_choose_protocol(struct session *s, uint32_t usable)
{
    const uint32_t order[] = {protocol_plain(s->version), PROTOCOL_OF10_TID, PROTOCOL_NXM,
                              PROTOCOL_NXM_TID};

    choose(s, usable, order, s->version == OFP10_VERSION ? ARRAY_SIZE(order) : 1);
}

/* The richest first: Nicira's replies have the ages too. */
void session_choose_dump_protocol(struct session *s, uint32_t usable)
{
    const uint32_t plain = protocol_plain(s->version), order[] = {PROTOCOL_NXM, plain};

    choose(s, usable, order, ARRAY_SIZE(order));
}

void session_transact(struct session *s, struct wire_wr *request)
{
    ofconn_send(s->conn, request);
    session_barrier(s);
}

void lines_open(struct line_reader *r, const char *name, const char *what)
{
    *r = (struct line_reader){.name = name};
    r->stream = strcmp(name, "-") ? fopen(name, "r") : stdin;
    if (!r->stream) {
        cmd_fatal("%s: %s (%m)", name, what);
    }
}

bool lines_next(struct line_reader *r, char **text)
{
    ssize_t n;

    while ((n = getline(&r->line, &r->cap, r->stream)) >= 0) {
        char *s = r->line;
        r->number++;
        s[strcspn(s, "#\n\r")] = '\0';
        s += strspn(s, " \t");
        if (*s) {
            *text = s;
            return true;
        }
    }
    return false;
}

void lines_close(struct line_reader *r)
{
    free(r->line);
    if (r->stream != stdin) {
        fclose(r->stream);
    }
}
