/* ofctl_session.c - see ofctl.h: requests and replies with one switch, and files of flows. */
#include <stdlib.h>
#include <unistd.h>

#include "lib/mem.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

void session_open(struct session *s, const struct ofctl *ctl, const char *target)
{
    *s = (struct session){.ctl = ctl, .more = 1};
    s->conn = ofconn_open(target, ctl->versions, ".mgmt");
    s->version = ofconn_version(s->conn);
    names_init(&s->names, s->conn);
    bool show = ctl->names == NAMES_YES || (ctl->names == NAMES_AUTO && isatty(STDOUT_FILENO));
    s->out = names_output(&s->names, show);
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

void session_transact(struct session *s, struct wire_wr *request)
{
    ofconn_send(s->conn, request);
    session_barrier(s);
}

void lines_open(struct line_reader *r, const char *name)
{
    *r = (struct line_reader){.name = name};
    r->stream = strcmp(name, "-") ? fopen(name, "r") : stdin;
    if (!r->stream) {
        cmd_fatal("%s: open failed (%m)", name);
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
