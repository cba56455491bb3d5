/* stream_connect.c - how a stream gets its connection: see stream.h.  A name may have several
 * addresses, tried in their order. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/stream-private.h"
#include "lib/io/target.h"
#include "lib/io/tls.h"
#include "lib/io/unix_socket.h"
#include "lib/mem.h"

static void start_connect(struct stream *);

void stream_connection_done(struct stream *s)
{
    int error = 0;
    socklen_t len = sizeof error;

    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        stream_close_socket(s);
        s->error = error;
        start_connect(s);
        return;
    }
    s->connecting = false;
    if (s->out.len) {
        loop_call_schedule(&s->flush);
    }
    if (s->tls) {
        if (stream_tls_handshake(s)) {
            stream_update_watch(s);
        }
        return;
    }
    stream_update_watch(s);
    stream_tell_connected(s);
}

/* Tries the next address; without one left the last error is the answer. */
static void start_connect(struct stream *s)
{
    while (s->next_addr < s->n_addr) {
        const struct resolve_addr *a = &s->addr[s->next_addr++];
        int fd = socket(a->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            s->error = errno;
            continue;
        }
        if (!connect(fd, (const struct sockaddr *)&a->ss, a->len) || errno == EINPROGRESS) {
            stream_adopt_fd(s, fd);
            return;
        }
        s->error = errno;
        close(fd);
    }
    stream_fail(s, s->error ? s->error : EHOSTUNREACH);
}

static void resolved(void *s_, const struct resolve_addr *addr, size_t n)
{
    struct stream *s = s_;

    s->resolve = NULL;
    memcpy(s->addr, addr, n * sizeof *addr);
    s->n_addr = n;
    start_connect(s);
}

static void connect_tcp(struct stream *s, const struct target *t)
{
    s->connecting = true;
    if (resolve_literal(t->host, t->port, &s->addr[0])) {
        s->n_addr = 1;
        start_connect(s);
    } else {
        s->resolve = resolve_start(s->loop, t->host, t->port, resolved, s);
    }
}

static void connect_unix(struct stream *s, const struct target *t)
{
    int fd = unix_socket_connect(t->path, SOCK_NONBLOCK);

    if (fd < 0) {
        stream_fail(s, -fd);
    } else {
        /* Connected already; the loop says so when it is writable. */
        s->connecting = true;
        stream_adopt_fd(s, fd);
    }
}

/* OpenSSL's reason with the target before it. */
static char *with_target(const char *name, char *error)
{
    char *text = xasprintf("%s: %s", name, error);
    free(error);
    return text;
}

char *stream_connect(struct loop *l, const char *name, uint16_t default_port,
                     const struct stream_cb *cb, void *aux, struct stream **sp)
{
    struct target t;
    char *error = target_parse(name, default_port, &t);

    *sp = NULL;
    if (!error && t.passive) {
        error = xasprintf("%s: an active target is needed (tcp:, ssl: or unix:)", name);
    }
    if (error) {
        return error;
    }
    struct tls *tls = t.kind == TARGET_SSL ? tls_new(false, &error) : NULL;
    if (error) {
        return with_target(name, error);
    }
    struct stream *s = stream_new(l, name);
    s->tls = tls;
    s->handshaking = tls != NULL;
    stream_set_cb(s, cb, aux);
    if (t.kind == TARGET_UNIX) {
        connect_unix(s, &t);
    } else {
        connect_tcp(s, &t);
    }
    *sp = s;
    return NULL;
}
