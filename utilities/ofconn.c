/* ofconn.c - see ofconn.h. */
#include "utilities/ofconn.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cmd.h"
#include "lib/dirs.h"
#include "lib/io/tls.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/switch.h"
#include "utilities/ofconn_tls.h"

LOG_MODULE(ofconn);

#define OUT_LIMIT         (1u << 30) /* Bytes: a whole file of flows. */
#define ECHO_REQUEST_TYPE 2

struct ofconn {
    char *target;
    int fd;
    struct tls *tls; /* NULL: none. */
    uint8_t version;
    uint32_t xid; /* The last one used. */
    struct wire_wr out;
    void (*on_lost)(void);
    uint8_t *in; /* Bytes received, from 'in_ofs' to 'in_len'. */
    size_t in_ofs, in_len, in_cap;
};

static int connect_unix(const char *path)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -errno;
    }
    if (strlen(path) < sizeof sun.sun_path) {
        strcpy(sun.sun_path, path);
    } else {
        close(fd);
        return -ENAMETOOLONG;
    }
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun)) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* `HOST[:PORT]`, HOST in brackets if it has colons. */
static int connect_tcp(const char *where)
{
    char *host = xstrdup(where), *name = host, *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    int fd = -EHOSTUNREACH;

    if (*name == '[' && strchr(name, ']')) {
        port = strchr(name, ']');
        *port++ = '\0';
        name++;
        port = *port == ':' ? port + 1 : NULL;
    } else {
        port = strchr(name, ':');
        if (port) {
            *port++ = '\0';
        }
    }
    if (getaddrinfo(name, port && *port ? port : "6653", &hints, &list)) {
        free(host);
        return -ENOENT;
    }
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd < 0) {
            fd = -errno;
        } else if (connect(fd, a->ai_addr, a->ai_addrlen)) {
            int error = errno;
            close(fd);
            fd = -error;
        } else {
            break;
        }
    }
    freeaddrinfo(list);
    free(host);
    return fd;
}

/* A bridge's socket, or any by its path: only "no such file" goes on to the next place. */
static int connect_named(const char *name, const char *suffix)
{
    const char *at = strchr(name, '@');
    char *places[] = {
        xstrdup(name),
        xasprintf("%s/%s%s", dirs_rundir(), name, suffix),
        at ? xasprintf("%s/%s%s", dirs_rundir(), at + 1, suffix) : NULL,
    };
    int fd = -ENOENT;

    for (size_t i = 0; i < ARRAY_SIZE(places) && fd == -ENOENT; i++) {
        fd = places[i] ? connect_unix(places[i]) : -ENOENT;
    }
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        free(places[i]);
    }
    if (fd == -ENOENT) {
        cmd_fatal("%s is not a bridge or a socket", name);
    }
    if (fd < 0) {
        cmd_fatal("%s: failed to connect to socket (%s)", name, strerror(-fd));
    }
    return fd;
}

bool ofconn_is_target(const char *s)
{
    return strchr(s, ':') != NULL;
}

static int connect_target(const char *target, const char *suffix)
{
    int fd;

    if (!ofconn_is_target(target)) {
        return connect_named(target, suffix);
    }
    if (!strncmp(target, "unix:", 5)) {
        fd = connect_unix(target + 5);
    } else if (!strncmp(target, "tcp:", 4) || !strncmp(target, "ssl:", 4)) {
        fd = connect_tcp(target + 4);
    } else {
        fd = -EAFNOSUPPORT;
    }
    if (fd < 0) {
        cmd_fatal("connecting to %s (%s)", target, strerror(-fd));
    }
    return fd;
}

static void NORETURN lost(const struct ofconn *c, const char *why)
{
    if (c->on_lost) {
        c->on_lost();
    }
    cmd_fatal("talking to %s (%s)", c->target, why);
}

static void versions_text(uint32_t versions, struct text *t)
{
    for (unsigned v = 1; v < 32; v++) {
        if (versions >> v & 1) {
            text_printf(t, "%s0x%02x", t->len ? ", " : "", v);
        }
    }
}

static void NORETURN not_agreed(const struct ofconn *c)
{
    cmd_fatal(ofconn_is_target(c->target) ? "connecting to %s (Protocol error)"
                                          : "%s: failed to connect to socket (Protocol error)",
              c->target);
}

static void negotiate(struct ofconn *c, uint32_t versions)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
    uint32_t theirs;
    size_t len;

    hello_encode(versions, ofconn_next_xid(c), &w);
    ofconn_send(c, &w);
    const uint8_t *msg = ofconn_recv(c, &len);
    if (msg[1] != 0 || hello_decode(msg, len, &theirs)) {
        not_agreed(c);
    }
    c->version = hello_negotiate(versions, theirs);
    if (c->version) {
        return;
    }
    struct text a = TEXT_INIT, b = TEXT_INIT;
    versions_text(versions, &a);
    versions_text(theirs, &b);
    log_warn("%s: version negotiation failed (we support version %s, peer supports version %s)",
             c->target, text_cstr(&a), text_cstr(&b));
    ofp_error_encode_hello(OFPERR_OFPHFC_INCOMPATIBLE, hello_negotiate(theirs, theirs),
                           "no common version", &w);
    ofconn_send(c, &w);
    ofconn_flush(c);
    not_agreed(c);
}

struct ofconn *ofconn_open(const char *target, uint32_t versions, const char *suffix)
{
    struct ofconn *c = xzalloc(sizeof *c);

    c->target = xstrdup(target);
    c->out = WIRE_WR_INIT(OUT_LIMIT);
    c->fd = connect_target(target, suffix);
    if (!strncmp(target, "ssl:", 4)) {
        char *error = NULL;
        c->tls = ofconn_tls_open(c->fd, &error);
        if (error) {
            cmd_fatal("connecting to %s (%s)", target, error);
        }
    }
    negotiate(c, versions);
    return c;
}

void ofconn_close(struct ofconn *c)
{
    if (c) {
        ofconn_flush(c);
        close(c->fd);
        tls_free(c->tls);
        wire_wr_deinit(&c->out);
        free(c->in);
        free(c->target);
        free(c);
    }
}

uint8_t ofconn_version(const struct ofconn *c)
{
    return c->version;
}

const char *ofconn_target(const struct ofconn *c)
{
    return c->target;
}

uint32_t ofconn_next_xid(struct ofconn *c)
{
    return ++c->xid;
}

void ofconn_send(struct ofconn *c, struct wire_wr *w)
{
    if (w->err) {
        cmd_fatal("a message is too long for OpenFlow");
    }
    if (c->out.len) {
        wire_wr_bytes(&c->out, w->data, w->len);
    } else { /* A whole file may be in it: as it is. */
        struct wire_wr was = c->out;
        size_t max = w->max;
        c->out = *w;
        c->out.max = was.max;
        *w = was;
        w->max = max;
    }
    wire_wr_deinit(w);
}

void ofconn_flush(struct ofconn *c)
{
    if (c->tls) {
        if (c->out.len && ofconn_tls_send(c->tls, c->fd, c->out.data, c->out.len)) {
            lost(c, strerror(errno));
        }
        c->out.len = 0;
        return;
    }
    for (size_t ofs = 0; ofs < c->out.len;) {
        ssize_t n = send(c->fd, c->out.data + ofs, c->out.len - ofs, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            lost(c, strerror(errno));
        }
        ofs += n > 0 ? (size_t)n : 0;
    }
    c->out.len = 0;
}

/* Makes room for 'n' bytes at in_ofs. */
static void reserve(struct ofconn *c, size_t n)
{
    if (c->in_ofs + n > c->in_cap) {
        if (c->in) {
            memmove(c->in, c->in + c->in_ofs, c->in_len - c->in_ofs);
        }
        c->in_len -= c->in_ofs;
        c->in_ofs = 0;
        if (n > c->in_cap) {
            c->in_cap = MAX(n, 4 * OFP_MAX_LEN);
            c->in = xrealloc(c->in, c->in_cap);
        }
    }
}

static ssize_t receive(struct ofconn *c, int flags)
{
    uint8_t *to = c->in + c->in_len;
    size_t room = c->in_cap - c->in_len;

    return c->tls ? ofconn_tls_recv(c->tls, c->fd, to, room, flags) : recv(c->fd, to, room, flags);
}

/* Makes 'n' bytes available at in_ofs. */
static void fill(struct ofconn *c, size_t n)
{
    reserve(c, n);
    while (c->in_len - c->in_ofs < n) {
        ssize_t got = receive(c, 0);
        if (!got) {
            lost(c, "End of file");
        }
        if (got < 0 && errno != EINTR) {
            lost(c, strerror(errno));
        }
        c->in_len += got > 0 ? (size_t)got : 0;
    }
}

const uint8_t *ofconn_recv(struct ofconn *c, size_t *len)
{
    for (;;) {
        ofconn_flush(c);
        fill(c, OFP_HEADER_LEN);
        *len = get_be16(c->in + c->in_ofs + 2);
        if (*len < OFP_HEADER_LEN) {
            lost(c, "Protocol error");
        }
        fill(c, *len);
        const uint8_t *msg = c->in + c->in_ofs;
        c->in_ofs += *len;
        if (msg[1] != ECHO_REQUEST_TYPE) {
            return msg;
        }
        struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);
        msg_encode_simple(MSG_ECHO_REPLY, msg[0], get_be32(msg + 4), msg + OFP_HEADER_LEN,
                          *len - OFP_HEADER_LEN, &w);
        ofconn_send(c, &w);
    }
}

int ofconn_fd(const struct ofconn *c)
{
    return c->fd;
}

void ofconn_on_lost(struct ofconn *c, void (*on_lost)(void))
{
    c->on_lost = on_lost;
}

/* Takes what is there without waiting; false if there is nothing. */
static bool read_some(struct ofconn *c)
{
    reserve(c, OFP_MAX_LEN);
    ssize_t got = receive(c, MSG_DONTWAIT);
    int error = got < 0 ? errno : 0;
    if (error == EAGAIN || error == EINTR) {
        return false;
    }
    if (got <= 0) {
        if (c->on_lost) {
            c->on_lost();
        }
        cmd_fatal("vconn_recv (%s)", got ? strerror(error) : "End of file");
    }
    c->in_len += (size_t)got;
    return true;
}

const uint8_t *ofconn_poll(struct ofconn *c, size_t *len)
{
    for (;;) {
        size_t have = c->in_len - c->in_ofs;
        const uint8_t *msg = c->in + c->in_ofs;
        *len = have >= OFP_HEADER_LEN ? get_be16(msg + 2) : OFP_HEADER_LEN;
        if (*len < OFP_HEADER_LEN) {
            lost(c, "Protocol error");
        }
        if (have >= *len) {
            c->in_ofs += *len;
            return msg;
        }
        if (!read_some(c)) {
            return NULL;
        }
    }
}

const uint8_t *ofconn_recv_reply(struct ofconn *c, uint32_t xid, size_t *len)
{
    const uint8_t *msg;

    do {
        msg = ofconn_recv(c, len);
    } while (get_be32(msg + 4) != xid);
    return msg;
}
