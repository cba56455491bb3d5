/* stream-private.h - a stream, for the files that make it: stream.c (callbacks, input, output),
 * stream_connect.c, stream_tls.c, stream_listen.c.  Private to lib/io. */
#pragma once

#include "lib/io/resolve.h"
#include "lib/io/stream.h"

struct tls;

#define STREAM_READ_CHUNK 32768 /* Bytes taken from the kernel at once. */

struct buffer {
    uint8_t *data;
    size_t ofs, len, cap; /* 'len' bytes from 'ofs'. */
};

struct stream {
    struct loop *loop;
    char *name;
    int fd; /* -1 before a socket exists and after the end. */
    struct loop_fd watch;
    struct loop_call flush, deliver, fail;
    struct loop_timer linger;
    const struct stream_cb *cb; /* NULL: not set yet, or given away. */
    void *aux;
    struct buffer in, out; /* TLS: plaintext that came, ciphertext to go. */
    struct tls *tls;       /* NULL: none. */
    struct buffer early;   /* TLS: what waits for the end of the handshake. */
    size_t max_in, max_out, low_out;
    struct resolve *resolve;
    struct resolve_addr addr[RESOLVE_MAX]; /* Still to be tried, from next_addr. */
    size_t n_addr, next_addr;
    int error;      /* For closed(); valid when 'over'. */
    unsigned in_cb; /* Callbacks on the stack. */
    bool connecting, handshaking, over, told, freed, paused, again, above_low, lingering;
};

/* ---- stream.c ---- */

struct stream *stream_new(struct loop *, const char *name);
/* A connected stream over 'fd', which it owns from now.  'name' is copied. */
struct stream *stream_from_fd(struct loop *, int fd, const char *name);
void stream_adopt_fd(struct stream *, int fd);
void stream_close_socket(struct stream *);
void stream_buffer_room(struct buffer *, size_t n);
void stream_buffer_append(struct buffer *, const void *, size_t n);
void stream_update_watch(struct stream *);
/* Around each callback; false: the stream is gone. */
void stream_enter_cb(struct stream *);
bool stream_leave_cb(struct stream *);
void stream_tell_connected(struct stream *);
bool stream_present(struct stream *);         /* Presents the input; false: it is gone. */
void stream_fail(struct stream *, int error); /* The end; closed() follows from the loop. */

/* ---- stream_connect.c ---- */

void stream_connection_done(struct stream *); /* Connected, or the next address's turn. */

/* ---- stream_tls.c ---- */

/* A stream of stream_from_fd() whose peer is to begin TLS.  NULL or why not, heap. */
char *stream_accept_tls(struct stream *) MUST_USE;
bool stream_tls_handshake(
    struct stream *) MUST_USE;            /* Goes on; false: the stream is gone, or over. */
void stream_tls_receive(struct stream *); /* The socket is readable. */
void stream_tls_decrypt(struct stream *); /* Input from what has arrived, as far as wanted. */
void stream_tls_output(struct stream *);  /* What the session wants sent goes into the output. */
void stream_tls_fail(struct stream *);
