/* stream.c - see stream.h.  Output is sent from a deferred call, so that what one turn queues
 * leaves in few system calls and stream_send() never calls back. */
#include "lib/io/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/io/resolve.h"
#include "lib/io/stream-private.h"
#include "lib/io/target.h"
#include "lib/io/tls.h"
#include "lib/io/unix_socket.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(stream);

#define LINGER_MS       2000
#define DEFAULT_MAX_IN  (128 * 1024)
#define DEFAULT_MAX_OUT (4 * 1024 * 1024)
#define DEFAULT_LOW_OUT (64 * 1024)

void stream_buffer_room(struct buffer *b, size_t n)
{
    if (b->ofs && b->ofs + b->len + n > b->cap) {
        memmove(b->data, b->data + b->ofs, b->len);
        b->ofs = 0;
    }
    if (b->len + n > b->cap) {
        b->cap = MAX(b->len + n, b->cap * 2);
        b->data = xrealloc(b->data, b->cap);
    }
}

void stream_buffer_append(struct buffer *b, const void *data, size_t n)
{
    if (n) {
        stream_buffer_room(b, n);
        memcpy(b->data + b->ofs + b->len, data, n);
        b->len += n;
    }
}

static void buffer_take(struct buffer *b, size_t n)
{
    b->len -= n;
    b->ofs = b->len ? b->ofs + n : 0;
    if (!b->len && b->cap > 2 * STREAM_READ_CHUNK) {
        /* A burst is over: idle connections stay small. */
        free(b->data);
        b->data = NULL;
        b->cap = 0;
    }
}

void stream_close_socket(struct stream *s)
{
    loop_fd_deinit(&s->watch);
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

static void destroy(struct stream *s)
{
    stream_close_socket(s);
    if (s->resolve) {
        resolve_cancel(s->resolve);
    }
    loop_call_cancel(&s->flush);
    loop_call_cancel(&s->deliver);
    loop_call_cancel(&s->fail);
    loop_timer_cancel(&s->linger);
    free(s->in.data);
    free(s->out.data);
    free(s->early.data);
    tls_free(s->tls);
    free(s->name);
    free(s);
}

/* Around each callback.  stream_leave_cb() is false if the stream is gone. */
void stream_enter_cb(struct stream *s)
{
    s->in_cb++;
}

bool stream_leave_cb(struct stream *s)
{
    if (--s->in_cb == 0 && s->freed) {
        destroy(s);
        return false;
    }
    return !s->freed;
}

void stream_update_watch(struct stream *s)
{
    if (s->fd < 0) {
        return;
    }
    bool rd = !s->connecting && (s->handshaking || (!s->paused && !s->again && s->cb));
    bool wr = s->connecting || (s->out.len && !s->flush.pprev);
    loop_fd_want(&s->watch, (rd ? LOOP_READ : 0) | (wr ? LOOP_WRITE : 0));
}

static void tell_closed(void *s_)
{
    struct stream *s = s_;

    if (s->lingering) {
        destroy(s);
    } else if (s->cb && !s->told) {
        s->told = true;
        stream_enter_cb(s);
        s->cb->closed(s->aux, s->error);
        stream_leave_cb(s);
    }
}

/* The end; closed() follows from the loop. */
void stream_fail(struct stream *s, int error)
{
    if (!s->over) {
        s->over = true;
        s->error = error;
        stream_close_socket(s);
        loop_call_cancel(&s->flush);
        loop_call_schedule(&s->fail);
    }
}

/* Presents the input; false if the stream is gone. */
bool stream_present(struct stream *s)
{
    if (!s->in.len || s->paused || !s->cb || s->told) {
        return true;
    }
    s->again = false;
    stream_enter_cb(s);
    size_t used = s->cb->recv(s->aux, s->in.data + s->in.ofs, s->in.len);
    if (!stream_leave_cb(s)) {
        return false;
    }
    buffer_take(&s->in, MIN(used, s->in.len));
    if (s->again && s->in.len && !s->paused) {
        loop_call_schedule(&s->deliver);
    } else {
        s->again = false;
        if (s->in.len >= s->max_in && !s->paused) {
            stream_fail(s, EMSGSIZE);
        }
    }
    stream_update_watch(s);
    return true;
}

void stream_tell_connected(struct stream *s)
{
    if (s->cb && s->cb->connected) {
        stream_enter_cb(s);
        s->cb->connected(s->aux);
        stream_leave_cb(s);
    }
}

static void deliver_cb(void *s_)
{
    struct stream *s = s_;

    s->again = false;
    if (stream_present(s) && !s->over) {
        if (s->tls) {
            stream_tls_decrypt(s);
        } else {
            stream_update_watch(s);
        }
    }
}

static void read_some(struct stream *s)
{
    if (s->tls) {
        stream_tls_receive(s);
        return;
    }
    size_t room = MIN(STREAM_READ_CHUNK, s->max_in - s->in.len);

    stream_buffer_room(&s->in, room);
    ssize_t n = recv(s->fd, s->in.data + s->in.ofs + s->in.len, room, 0);
    if (n > 0) {
        s->in.len += (size_t)n;
        (void)stream_present(s);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        stream_fail(s, n ? errno : 0);
    }
}

static void flush_cb(void *s_)
{
    struct stream *s = s_;

    if (s->over || s->connecting) {
        return;
    }
    while (s->out.len) {
        ssize_t n = send(s->fd, s->out.data + s->out.ofs, s->out.len, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EINTR) {
                stream_fail(s, errno);
                return;
            }
            break;
        }
        buffer_take(&s->out, (size_t)n);
    }
    stream_update_watch(s);
    if (s->lingering && !s->out.len) {
        destroy(s);
    } else if (s->above_low && s->out.len <= s->low_out) {
        s->above_low = false;
        if (s->cb && s->cb->drained) {
            stream_enter_cb(s);
            s->cb->drained(s->aux);
            stream_leave_cb(s);
        }
    }
}

static void fd_ready(void *s_, unsigned events)
{
    struct stream *s = s_;

    if (s->connecting) {
        stream_connection_done(s);
    } else if (events & LOOP_READ) {
        /* The flush, if writable too, comes from the deferred call. */
        if (events & LOOP_WRITE) {
            loop_call_schedule(&s->flush);
            stream_update_watch(s);
        }
        read_some(s);
    } else {
        flush_cb(s);
    }
}

static void linger_over(void *s_)
{
    destroy(s_);
}

struct stream *stream_new(struct loop *l, const char *name)
{
    struct stream *s = xzalloc(sizeof *s);

    s->loop = l;
    s->name = xstrdup(name);
    s->fd = -1;
    stream_set_limits(s, DEFAULT_MAX_IN, DEFAULT_MAX_OUT, DEFAULT_LOW_OUT);
    loop_call_init(&s->flush, l, flush_cb, s);
    loop_call_init(&s->deliver, l, deliver_cb, s);
    loop_call_init(&s->fail, l, tell_closed, s);
    loop_timer_init(&s->linger, l, linger_over, s);
    return s;
}

void stream_adopt_fd(struct stream *s, int fd)
{
    int one = 1;

    s->fd = fd;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* Fails on Unix sockets. */
    loop_fd_init(&s->watch, s->loop, fd, fd_ready, s);
    stream_update_watch(s);
}

struct stream *stream_from_fd(struct loop *l, int fd, const char *name)
{
    struct stream *s = stream_new(l, name);

    if (fd < 0) {
        stream_fail(s, EMFILE);
    } else {
        stream_adopt_fd(s, fd);
    }
    return s;
}

void stream_pair(struct loop *l, struct stream **a, struct stream **b)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds)) {
        fds[0] = fds[1] = -1;
    }
    *a = stream_from_fd(l, fds[0], "pair:0");
    *b = stream_from_fd(l, fds[1], "pair:1");
}

void stream_free(struct stream *s)
{
    if (!s || s->freed) {
        return;
    }
    if (s->in_cb) {
        s->freed = true; /* stream_leave_cb() does it. */
        stream_close_socket(s);
        s->over = true;
    } else {
        destroy(s);
    }
}

void stream_free_flushed(struct stream *s)
{
    if (!s || s->over || s->connecting || !s->out.len) {
        stream_free(s);
        return;
    }
    if (s->tls) {
        tls_shutdown(s->tls);
        stream_tls_output(s);
    }
    /* The memory goes with the linger timer or the last byte; what is on the stack of a callback
     * sees 'freed'. */
    struct stream *l = stream_from_fd(s->loop, dup(s->fd), s->name);
    l->lingering = true;
    l->out = s->out;
    s->out = (struct buffer){NULL, 0, 0, 0};
    loop_call_schedule(&l->flush);
    loop_timer_after(&l->linger, LINGER_MS);
    stream_free(s);
}

void stream_set_cb(struct stream *s, const struct stream_cb *cb, void *aux)
{
    s->cb = cb;
    s->aux = aux;
    if (s->over && !s->told) {
        loop_call_schedule(&s->fail);
    }
    stream_update_watch(s);
}

void stream_set_limits(struct stream *s, size_t max_in, size_t max_out, size_t low_out)
{
    s->max_in = max_in;
    s->max_out = max_out;
    s->low_out = low_out;
}

bool stream_send(struct stream *s, const void *data, size_t n)
{
    if (s->over || s->freed || n > s->max_out || stream_queued(s) > s->max_out - n) {
        return false;
    }
    if (!n) {
        return true;
    }
    if (s->handshaking) {
        stream_buffer_append(&s->early, data, n);
        return true;
    }
    if (s->tls) {
        if (!tls_write(s->tls, data, n)) {
            stream_tls_fail(s);
            return false;
        }
        stream_tls_output(s);
    } else {
        stream_buffer_append(&s->out, data, n);
    }
    if (s->out.len > s->low_out) {
        s->above_low = true;
    }
    /* If the kernel was full already, writability starts the next flush. */
    if (!s->connecting && !(s->watch.want & LOOP_WRITE)) {
        loop_call_schedule(&s->flush);
    }
    return true;
}

size_t stream_queued(const struct stream *s)
{
    return s->out.len + s->early.len;
}

void stream_pause(struct stream *s, bool pause)
{
    if (s->paused == pause) {
        return;
    }
    s->paused = pause;
    if (!pause && (s->in.len || s->tls) && !s->over) {
        s->again = true;
        loop_call_schedule(&s->deliver);
    }
    stream_update_watch(s);
}

void stream_recv_again(struct stream *s)
{
    s->again = true;
}

const char *stream_name(const struct stream *s)
{
    return s->name;
}
