/* stream_listen.c - the listeners of stream.h. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/handover.h"
#include "lib/io/resolve.h"
#include "lib/io/stream-private.h"
#include "lib/io/target.h"
#include "lib/io/unix_socket.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(stream);

#define ACCEPTS_PER_TURN 16
#define PAUSE_MS         1000
#define UNIX_MODE        0660

struct listener {
    struct loop *loop;
    char *name;
    char *path; /* punix only. */
    bool tls;
    struct unix_socket_id id;
    int fd;
    struct loop_fd watch;
    struct loop_timer resume; /* Out of descriptors: try again later. */
    listener_cb *cb;
    void *aux;
    unsigned n_accepted;
    bool busy, closed; /* Closed by its own callback. */
    struct listener *next;
};

static struct listener *listeners; /* All that are open, for the process that goes on. */

static char *peer_name(struct listener *l, const struct sockaddr_storage *ss)
{
    const char *kind = l->tls ? "ssl:" : "tcp:";
    struct text t = TEXT_INIT;

    if (ss->ss_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)ss;
        text_puts(&t, kind);
        text_ip4(&t, sin->sin_addr.s_addr);
        text_printf(&t, ":%u", ntohs(sin->sin_port));
    } else if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)ss;
        text_printf(&t, "%s[", kind);
        text_ip6(&t, sin6->sin6_addr.s6_addr);
        text_printf(&t, "]:%u", ntohs(sin6->sin6_port));
    } else {
        text_printf(&t, "unix#%u", l->n_accepted);
    }
    return text_steal(&t);
}

static void destroy(struct listener *l)
{
    for (struct listener **i = &listeners; *i; i = &(*i)->next) {
        if (*i == l) {
            *i = l->next;
            break;
        }
    }
    loop_timer_cancel(&l->resume);
    loop_fd_deinit(&l->watch);
    close(l->fd);
    if (l->path) {
        unix_socket_unlink(l->path, &l->id);
    }
    free(l->path);
    free(l->name);
    free(l);
}

static void accept_ready(void *l_, unsigned events)
{
    struct listener *l = l_;

    (void)events;
    if (handover_waits()) {
        return; /* They are still the former process's. */
    }
    for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
        struct sockaddr_storage ss = {.ss_family = AF_UNSPEC};
        socklen_t len = sizeof ss;
        int fd = accept4(l->fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                log_err_rl("%s: cannot accept (%s), pausing", l->name, strerror(errno));
                loop_fd_want(&l->watch, 0);
                loop_timer_after(&l->resume, PAUSE_MS);
            }
            return;
        }
        l->n_accepted++;
        char *name = peer_name(l, &ss);
        struct stream *s = stream_from_fd(l->loop, fd, name);
        char *error = l->tls ? stream_accept_tls(s) : NULL;
        if (error) {
            log_warn_rl("%s: refused: %s", name, error);
            free(error);
            free(name);
            stream_free(s);
            continue;
        }
        free(name);
        l->busy = true;
        l->cb(l->aux, s);
        l->busy = false;
        if (l->closed) {
            destroy(l);
            return;
        }
    }
}

static void resume_cb(void *l_)
{
    struct listener *l = l_;
    loop_fd_want(&l->watch, LOOP_READ);
}

static int listen_tcp(const struct target *t)
{
    struct resolve_addr a;
    int one = 1, error;

    if (!resolve_literal(*t->host ? t->host : "0.0.0.0", t->port, &a)) {
        return -EINVAL;
    }
    int fd = socket(a.ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a.ss.ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    }
    if (bind(fd, (struct sockaddr *)&a.ss, a.len) || listen(fd, 64)) {
        error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* The socket of a former process, where connections may be waiting, or one of our own. */
static int open_socket(const char *name, const struct target *t, struct unix_socket_id *id)
{
    struct handover_item item;

    if (handover_take("listen", name, &item) && item.n_fds == 1) {
        *id = (struct unix_socket_id){.dev = item.value[0], .ino = item.value[1]};
        return item.fds[0];
    }
    return t->kind == TARGET_UNIX ? unix_socket_listen(t->path, UNIX_MODE, id) : listen_tcp(t);
}

void listeners_hand_over(struct handover *h)
{
    for (const struct listener *l = listeners; l; l = l->next) {
        struct handover_item item = {.value = {l->id.dev, l->id.ino}, .n_fds = 1, .fds = {l->fd}};
        handover_set_key(&item, "listen", l->name);
        handover_offer(h, &item);
    }
}

char *listener_open(struct loop *loop, const char *name, uint16_t default_port, listener_cb *cb,
                    void *aux, struct listener **lp)
{
    struct target t;
    struct unix_socket_id id = {0, 0};
    char *error = target_parse(name, default_port, &t);

    *lp = NULL;
    if (!error && !t.passive) {
        error = xasprintf("%s: a passive target is needed (ptcp:, pssl: or punix:)", name);
    }
    if (error) {
        return error;
    }
    int fd = open_socket(name, &t, &id);
    if (fd < 0) {
        return xasprintf("%s: cannot listen (%s)", name, strerror(-fd));
    }
    struct listener *l = xzalloc(sizeof *l);
    l->loop = loop;
    l->name = xstrdup(name);
    l->path = t.kind == TARGET_UNIX ? xstrdup(t.path) : NULL;
    l->tls = t.kind == TARGET_SSL;
    l->id = id;
    l->fd = fd;
    l->cb = cb;
    l->aux = aux;
    loop_timer_init(&l->resume, loop, resume_cb, l);
    loop_fd_init(&l->watch, loop, fd, accept_ready, l);
    loop_fd_want(&l->watch, LOOP_READ);
    l->next = listeners;
    listeners = l;
    *lp = l;
    return NULL;
}

void listener_close(struct listener *l)
{
    if (!l || l->closed) {
        return;
    }
    if (l->busy) {
        l->closed = true;
    } else {
        destroy(l);
    }
}

uint16_t listener_port(const struct listener *l)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof ss;

    if (l->path || getsockname(l->fd, (struct sockaddr *)&ss, &len)) {
        return 0;
    }
    return ntohs(ss.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&ss)->sin6_port
                                          : ((struct sockaddr_in *)&ss)->sin_port);
}

const char *listener_name(const struct listener *l)
{
    return l->name;
}
