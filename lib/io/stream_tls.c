/* stream_tls.c - TLS over a stream's socket: see stream.h, tls.h.
 *
 * What arrives goes to the session; what comes out of it is the stream's input, and what the
 * session wants sent the stream's output.  Until the handshake is done, what the owner sends waits
 * in 'early'. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/io/stream-private.h"
#include "lib/io/tls.h"
#include "lib/log.h"

LOG_MODULE(stream);

/* What the session wants sent goes into the output. */
void stream_tls_output(struct stream *s)
{
    const uint8_t *data;
    size_t n = tls_output(s->tls, &data);

    if (n) {
        stream_buffer_append(&s->out, data, n);
        tls_sent(s->tls);
        s->above_low |= s->out.len > s->low_out;
        loop_call_schedule(&s->flush);
    }
}

void stream_tls_fail(struct stream *s)
{
    log_warn_rl("%s: TLS: %s", s->name, tls_error(s->tls));
    if (s->out.len && s->fd >= 0) {
        /* The alert, so that the peer can say why. */
        (void)send(s->fd, s->out.data + s->out.ofs, s->out.len, MSG_NOSIGNAL);
    }
    stream_fail(s, EPROTO);
}

/* False: the stream is gone, or over. */
bool stream_tls_handshake(struct stream *s)
{
    enum tls_status status = tls_status(s->tls);

    stream_tls_output(s); /* An alert too. */
    if (status == TLS_FAILED) {
        stream_tls_fail(s);
        return false;
    }
    if (status != TLS_OPEN) {
        return true;
    }
    s->handshaking = false;
    if (s->early.len && tls_write(s->tls, s->early.data + s->early.ofs, s->early.len)) {
        stream_tls_output(s);
    }
    free(s->early.data);
    s->early = (struct buffer){NULL, 0, 0, 0};
    stream_enter_cb(s); /* To be told whether it is still there. */
    stream_tell_connected(s);
    return stream_leave_cb(s);
}

/* Ciphertext that has arrived becomes input, as far as there is room and it is wanted. */
void stream_tls_decrypt(struct stream *s)
{
    if (s->handshaking && !stream_tls_handshake(s)) {
        return;
    }
    while (!s->handshaking && !s->paused && !s->again && s->cb && !s->over) {
        size_t room = MIN(STREAM_READ_CHUNK, s->max_in - s->in.len);
        stream_buffer_room(&s->in, room);
        size_t n = tls_read(s->tls, s->in.data + s->in.ofs + s->in.len, room);
        stream_tls_output(s);
        if (!n) {
            break;
        }
        s->in.len += n;
        if (!stream_present(s)) {
            return;
        }
    }
    if (!s->over && tls_status(s->tls) == TLS_FAILED) {
        stream_tls_fail(s);
    } else if (!s->over && tls_status(s->tls) == TLS_CLOSED) {
        stream_fail(s, 0);
    } else {
        stream_update_watch(s);
    }
}

void stream_tls_receive(struct stream *s)
{
    uint8_t buffer[STREAM_READ_CHUNK];
    ssize_t n = recv(s->fd, buffer, sizeof buffer, 0);

    if (n > 0) {
        tls_received(s->tls, buffer, (size_t)n);
        stream_tls_decrypt(s);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        if (s->handshaking) {
            log_warn_rl("%s: TLS: the peer ended the connection during the handshake", s->name);
        }
        stream_fail(s, n ? errno : s->handshaking ? ECONNRESET : 0);
    }
}

char *stream_accept_tls(struct stream *s)
{
    char *error = NULL;

    s->tls = tls_new(true, &error);
    s->handshaking = s->tls != NULL;
    stream_update_watch(s);
    return error;
}
