/* ofctl_monitor.c - see ofctl.h: monitor and snoop, which print what comes until the peer closes.
 *
 * An event loop serves the connection and a control socket.  Reading never waits for the rest of a
 * message; writing does wait, as everywhere in this program. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lib/daemon.h"
#include "lib/dirs.h"
#include "lib/io/control.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/flow_monitor.h"
#include "ofp/nx_format.h"
#include "ofp/switch.h"
#include "utilities/ofctl.h"

LOG_MODULE(ofctl);

#define INVALID_TTL_TO_CONTROLLER 0x4 /* Of the switch's configuration, up to OpenFlow 1.2. */

struct monitor {
    struct session *s;
    struct loop *loop;
    struct loop_fd fd;
    struct loop_call pump; /* There may be whole messages in the buffer. */
    struct control *control;
    bool answer_echo, resume;
    bool blocked;                           /* ofctl/block */
    struct control_request *waiting, *exit; /* To be answered: ofctl/barrier, exit. */
    uint32_t barrier_xid;
    int signal; /* That ended it, or 0. */
};

/* ---- output ---- */

static void print_time(void)
{
    struct timespec now;
    struct tm tm;
    char s[32];

    clock_gettime(CLOCK_REALTIME, &now);
    strftime(s, sizeof s, "%Y-%m-%d %H:%M:%S", gmtime_r(&now.tv_sec, &tm));
    fprintf(stderr, "%s.%03ld: ", s, now.tv_nsec / 1000000);
}

static void send_message(struct monitor *m, const uint8_t *msg, size_t len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    fprintf(stderr, "send: ");
    session_print(m->s, msg, len, stderr);
    fflush(stderr);
    wire_wr_bytes(&w, msg, len);
    ofconn_send(m->s->conn, &w);
    ofconn_flush(m->s->conn);
}

/* Gives a paused packet back, so that the switch goes on with it. */
static void resume(struct monitor *m, const struct msg_header *h, struct wire_rd *r)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct packet_in pi;

    if (packet_in_decode(r, h, &pi) || !pi.continuation_len) {
        return;
    }
    /* What was for the controller stays here. */
    pi.buffer_id = OFP_NO_BUFFER;
    pi.total_len = pi.data_len;
    pi.userdata_len = 0;
    packet_in_encode_resume(&pi, h->version, h->xid, &w);
    if (!w.err) {
        send_message(m, w.data, w.len);
    }
    wire_wr_deinit(&w);
}

static void handle(struct monitor *m, const uint8_t *msg, size_t len)
{
    struct msg_header h;
    struct wire_rd r;

    if (m->s->ctl->timestamp) {
        print_time();
    }
    session_print(m->s, msg, len, stderr);
    fflush(stderr);
    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h)) {
        return;
    }
    if (h.type == MSG_ECHO_REQUEST && m->answer_echo) {
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        msg_encode_simple(MSG_ECHO_REPLY, msg[0], h.xid, msg + OFP_HEADER_LEN, len - OFP_HEADER_LEN,
                          &w);
        ofconn_send(m->s->conn, &w);
        ofconn_flush(m->s->conn);
    } else if (h.type == MSG_BARRIER_REPLY && m->waiting && h.xid == m->barrier_xid) {
        control_reply(m->waiting, NULL);
        m->waiting = NULL;
    } else if (h.type == MSG_NXT_PACKET_IN2 && m->resume) {
        resume(m, &h, &r);
    }
}

/* A slice of what has come, so that the control socket gets its turn. */
static void pump(void *m_)
{
    struct monitor *m = m_;
    const uint8_t *msg;
    size_t len;

    for (int i = 0; i < 64 && !m->blocked; i++) {
        msg = ofconn_poll(m->s->conn, &len);
        if (!msg) {
            return;
        }
        handle(m, msg, len);
    }
    if (!m->blocked) {
        loop_call_schedule(&m->pump);
    }
}

static void on_readable(void *m, unsigned events)
{
    pump(m);
}

/* ---- control commands ---- */

static void on_send(struct control_request *rq, int argc, const char *const argv[], void *m)
{
    struct text reply = TEXT_INIT;
    bool ok = true;

    for (int i = 1; i < argc && ok; i++) {
        size_t len;
        uint8_t *msg = text_to_hex(argv[i], &len);
        ok = msg && len >= OFP_HEADER_LEN && len <= OFP_MAX_LEN;
        if (ok) {
            send_message(m, msg, len);
        }
        text_puts(&reply, ok                     ? "sent\n"
                          : !msg                 ? "Trailing garbage in hex data\n"
                          : len < OFP_HEADER_LEN ? "Message too short for OpenFlow\n"
                                                 : "Message too long for OpenFlow\n");
        free(msg);
    }
    if (ok) {
        control_reply(rq, text_cstr(&reply));
    } else {
        control_reply_error(rq, text_cstr(&reply));
    }
    text_deinit(&reply);
}

static void on_packet_out(struct control_request *rq, int argc, const char *const argv[], void *m_)
{
    struct monitor *m = m_;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct packet_out po;
    char *text = xstrdup(argv[1]);
    /* No names: asking for them would take other messages from the connection. */
    char *error = packet_out_parse(text, NULL, &po);

    free(text);
    if (error) {
        control_reply_error(rq, error);
        free(error);
        return;
    }
    packet_out_encode(&po, m->s->version, ofconn_next_xid(m->s->conn), &w);
    packet_out_deinit(&po);
    if (w.err) {
        wire_wr_deinit(&w);
        control_reply_error(rq, "the message is too long for OpenFlow");
        return;
    }
    session_print(m->s, w.data, w.len, stderr);
    fflush(stderr);
    ofconn_send(m->s->conn, &w);
    ofconn_flush(m->s->conn);
    control_reply(rq, NULL);
}

static void on_barrier(struct control_request *rq, int argc, const char *const argv[], void *m_)
{
    struct monitor *m = m_;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    if (m->waiting) {
        control_reply_error(rq, "already waiting for barrier reply");
        return;
    }
    m->waiting = rq;
    m->barrier_xid = ofconn_next_xid(m->s->conn);
    msg_encode_simple(MSG_BARRIER_REQUEST, m->s->version, m->barrier_xid, NULL, 0, &w);
    ofconn_send(m->s->conn, &w);
    ofconn_flush(m->s->conn);
}

static void on_set_output_file(struct control_request *rq, int argc, const char *const argv[],
                               void *m)
{
    int fd = open(argv[1], O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);

    fflush(stderr);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) {
        control_reply_error(rq, strerror(errno));
    } else {
        control_reply(rq, NULL);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void on_block(struct control_request *rq, int argc, const char *const argv[], void *m_)
{
    struct monitor *m = m_;

    control_reply(rq, m->blocked ? "already blocking" : NULL);
    m->blocked = true;
    loop_fd_want(&m->fd, 0);
}

static void on_unblock(struct control_request *rq, int argc, const char *const argv[], void *m_)
{
    struct monitor *m = m_;

    control_reply(rq, m->blocked ? NULL : "already unblocked");
    m->blocked = false;
    loop_fd_want(&m->fd, LOOP_READ);
    loop_call_schedule(&m->pump);
}

static void on_exit_command(struct control_request *rq, int argc, const char *const argv[],
                            void *m_)
{
    struct monitor *m = m_;

    if (m->exit) {
        control_reply(rq, NULL);
        return;
    }
    m->exit = rq;
    loop_stop(m->loop);
}

static const struct {
    const char *name, *usage;
    int min, max;
    control_handler *handler;
} control_commands[] = {
    {"exit", "", 0, 0, on_exit_command},
    {"ofctl/send", "OFMSG...", 1, INT_MAX, on_send},
    {"ofctl/packet-out", "\"in_port=PORT packet=HEX actions=ACTIONS\"", 1, 1, on_packet_out},
    {"ofctl/barrier", "", 0, 0, on_barrier},
    {"ofctl/set-output-file", "FILE", 1, 1, on_set_output_file},
    {"ofctl/block", "", 0, 0, on_block},
    {"ofctl/unblock", "", 0, 0, on_unblock},
};

static void open_control(struct monitor *m)
{
    const char *where = m->s->ctl->unixctl;
    char *path, *error;

    if (where && !strcmp(where, "none")) {
        return;
    }
    path = where ? dirs_in_rundir(where)
                 : xasprintf("%s/%s.%ld.ctl", dirs_rundir(), log_program(), (long)getpid());
    for (size_t i = 0; i < ARRAY_SIZE(control_commands); i++) {
        control_register(control_commands[i].name, control_commands[i].usage,
                         control_commands[i].min, control_commands[i].max,
                         control_commands[i].handler, m);
    }
    error = control_open(m->loop, path, PACKAGE_VERSION, &m->control);
    if (error && (where || m->s->ctl->detach)) {
        cmd_fatal("%s", error);
    } else if (error) {
        log_dbg("%s", error); /* A user without a run directory can listen all the same. */
    }
    free(error);
    free(path);
}

/* ---- the loop ---- */

static void on_sigterm(void *m_)
{
    struct monitor *m = m_;

    m->signal = SIGTERM;
    loop_stop(m->loop);
}

static void on_sigint(void *m_)
{
    struct monitor *m = m_;

    m->signal = SIGINT;
    loop_stop(m->loop);
}

static void become_daemon(const struct ofctl *ctl)
{
    if (ctl->detach) {
        fflush(stdout); /* The answers to `watch:` are the caller's, who sees no more of it. */
        cmd_check(daemon_detach());
    }
    if (ctl->pidfile) {
        char *path = *ctl->pidfile ? dirs_in_rundir(ctl->pidfile)
                                   : xasprintf("%s/%s.pid", dirs_rundir(), log_program());
        cmd_check(daemon_write_pidfile(path, ctl->overwrite_pidfile));
        free(path);
    }
}

static void close_monitor(struct monitor *m)
{
    if (m->exit) {
        control_reply(m->exit, NULL);
        loop_turn(m->loop, 0); /* Sends it. */
    }
    control_close(m->control);
    loop_call_cancel(&m->pump);
    loop_fd_deinit(&m->fd);
    daemon_remove_pidfile();
}

/* The end of file ends the program in ofconn_poll(): its sockets and files are to go first. */
static struct monitor *running;
static void on_lost(void)
{
    if (running) {
        control_close(running->control);
    }
    daemon_remove_pidfile();
}

static void listen_forever(struct session *s, bool answer_echo, bool resume)
{
    const struct ofctl *ctl = s->ctl;
    struct monitor m = {.s = s, .answer_echo = answer_echo, .resume = resume};

    s->more = 2;
    become_daemon(ctl);
    m.loop = loop_new();
    loop_signal(m.loop, SIGTERM, on_sigterm, &m);
    loop_signal(m.loop, SIGINT, on_sigint, &m);
    loop_fd_init(&m.fd, m.loop, ofconn_fd(s->conn), on_readable, &m);
    loop_fd_want(&m.fd, LOOP_READ);
    loop_call_init(&m.pump, m.loop, pump, &m);
    loop_call_schedule(&m.pump); /* Of what came while requests were answered. */
    open_control(&m);
    running = &m;
    ofconn_on_lost(s->conn, on_lost);
    ofconn_flush(s->conn);
    daemon_ready(!ctl->no_chdir, true);
    loop_run(m.loop);
    close_monitor(&m);
    loop_free(m.loop);
    if (m.signal) { /* End as it would have, now that no files are left behind. */
        signal(m.signal, SIG_DFL);
        raise(m.signal);
    }
}

/* ---- setting up ---- */

static void change_config(struct session *s, uint16_t flags, const uint16_t *miss_send_len)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct switch_config config;
    struct msg_header h;
    struct wire_rd r;
    size_t len;

    uint32_t xid = ofconn_next_xid(s->conn);
    msg_encode_simple(MSG_GET_CONFIG_REQUEST, s->version, xid, NULL, 0, &w);
    ofconn_send(s->conn, &w);
    const uint8_t *msg = ofconn_recv_reply(s->conn, xid, &len);
    wire_rd_init(&r, msg, len);
    if (msg_decode_header(&r, &h) || h.type != MSG_GET_CONFIG_REPLY ||
        switch_config_decode(&r, &h, &config)) {
        session_print(s, msg, len, stderr);
        cmd_exit(1);
    }
    config.flags |= flags;
    if (miss_send_len) {
        config.miss_send_len = *miss_send_len;
    }
    switch_config_encode(&config, false, s->version, ofconn_next_xid(s->conn), &w);
    session_transact(s, &w);
}

static bool try_packet_in_format(struct session *s, enum packet_in_format format)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    nx_format_encode_packet_in(format, s->version, ofconn_next_xid(s->conn), &w);
    return session_try(s, &w);
}

/* -P: a switch that does not have the form asked for is an error.  Without it the richest that the
 * switch has. */
static void set_packet_in_format(struct session *s, int format)
{
    static const char *const names[] = {"standard", "nxt_packet_in", "nxt_packet_in2"};

    if (format < 0) {
        if (!try_packet_in_format(s, PACKET_IN_NXT2) && s->version == OFP10_VERSION) {
            (void)try_packet_in_format(s, PACKET_IN_NXT);
        }
    } else if (!try_packet_in_format(s, (enum packet_in_format)format)) {
        cmd_fatal("%s: could not set packet-in format to %s", ofconn_target(s->conn),
                  names[format]);
    }
}

/* `watch:` and what of the flows is watched; the switch answers with those that there are. */
static void watch(struct session *s, const char *spec, uint32_t id)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    struct flow_monitor_request request;
    char *text = xstrdup(spec);
    uint32_t usable, xid;

    cmd_check(flow_monitor_parse(text, names_input(&s->names), &request, &usable));
    flows_check_usable(s->ctl, usable);
    request.id = id;
    xid = ofconn_next_xid(s->conn);
    size_t start = msg_start(&w, flow_monitor_request_type(s->protocol), s->version, xid);
    flow_monitor_request_encode(&request, s->protocol, &w);
    msg_finish(&w, start);
    session_print_replies(s, &w, xid);
    free(text);
}

void ofctl_monitor(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    struct session s;
    uint16_t miss_send_len;
    uint32_t n_watches = 0;
    bool resume = false;

    session_open(&s, ctl, argv[1]);
    for (int i = 2; i < argc; i++) {
        if (text_to_u16(argv[i], &miss_send_len)) {
            change_config(&s, 0, &miss_send_len);
        } else if (!strcmp(argv[i], "resume")) {
            miss_send_len = UINT16_MAX;
            change_config(&s, 0, &miss_send_len);
            resume = true;
        } else if (!strcmp(argv[i], "invalid_ttl") && s.version <= OFP12_VERSION) {
            change_config(&s, INVALID_TTL_TO_CONTROLLER, NULL);
        } else if (!strcmp(argv[i], "invalid_ttl")) {
            cmd_fatal("invalid_ttl requires one of the OpenFlow versions OpenFlow10, OpenFlow11, "
                      "OpenFlow12 but none is enabled (use -O)");
        } else if (!strncmp(argv[i], "watch:", 6)) {
            watch(&s, argv[i] + 6, n_watches++);
        } else {
            cmd_fatal("%s: unsupported \"monitor\" argument", argv[i]);
        }
    }
    set_packet_in_format(&s, ctl->packet_in_format);
    listen_forever(&s, true, resume);
    session_close(&s);
}

void ofctl_snoop(int argc, char *argv[], void *aux)
{
    const struct ofctl *ctl = aux;
    struct session s = {.ctl = ctl};

    s.conn = ofconn_open(argv[1], ctl->versions, ".snoop");
    s.version = ofconn_version(s.conn);
    listen_forever(&s, false, false);
    session_close(&s);
}
