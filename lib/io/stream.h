/* stream.h - non-blocking byte streams: TCP, TLS, Unix sockets, socket pairs; and listeners.
 *
 * Layer 1.  Owner: the control thread.  ssl: and pssl: are TCP with a session of tls.h over it: a
 * stream is connected when the handshake is done, and what is sent before waits for it.
 *
 * Invariants: callbacks come from the loop, never from inside a call of this file; any callback
 * may call stream_free().  closed() comes once at most, and is the last one; the stream then still
 * is to be freed.  Input and output are bounded. */
#pragma once

#include "lib/io/loop.h"

struct stream;
struct listener;

struct stream_cb {
    /* An active stream is connected.  Optional. */
    void (*connected)(void *aux);
    /* Bytes that have arrived; returns how many of them it is done with.  The others come again,
     * with more behind them.  Required. */
    size_t (*recv)(void *aux, const uint8_t *, size_t n);
    /* The output queue has fallen to the low mark after it was above.  Optional. */
    void (*drained)(void *aux);
    /* 0 = the peer has closed; else an errno value: EMSGSIZE if recv() could use nothing of a full
     * input buffer, EHOSTUNREACH if the name is unknown, EPROTO if TLS failed (the reason is
     * logged).  Required. */
    void (*closed)(void *aux, int error);
};

/* NULL, or a heap string if the target is malformed or not supported.  Failures to connect come by
 * closed(). */
char *stream_connect(struct loop *, const char *target, uint16_t default_port,
                     const struct stream_cb *, void *aux, struct stream **) MUST_USE;
/* Two streams joined by a socket pair; their callbacks are to be set. */
void stream_pair(struct loop *, struct stream **, struct stream **);
void stream_free(struct stream *); /* NULL is fine.  What is queued is lost. */
/* Gives the stream away: it is freed when its queue is sent, or has not been for 2 seconds. */
void stream_free_flushed(struct stream *);

void stream_set_cb(struct stream *, const struct stream_cb *, void *aux);
/* Defaults: 128 KiB in, 4 MiB out, low mark 64 KiB. */
void stream_set_limits(struct stream *, size_t max_in, size_t max_out, size_t low_out);

/* Queues all of it, or returns false: it would not fit, or the stream is closed. */
bool stream_send(struct stream *, const void *, size_t);
size_t stream_queued(const struct stream *); /* Bytes that the kernel has not taken yet. */
/* Stops reading: the peer feels it.  Going on presents first what was left over. */
void stream_pause(struct stream *, bool);
/* From within recv(): present what is left over again in the next turn (work in slices). */
void stream_recv_again(struct stream *);

const char *stream_name(const struct stream *); /* "tcp:10.0.0.1:6653" */

typedef void listener_cb(void *aux, struct stream *); /* Owns it from now; sets its callbacks. */
/* NULL, or a heap string that says what could not be done. */
char *listener_open(struct loop *, const char *target, uint16_t default_port, listener_cb *,
                    void *aux, struct listener **) MUST_USE;
void listener_close(struct listener *);             /* NULL is fine. */
uint16_t listener_port(const struct listener *);    /* Host order; 0 for punix. */
const char *listener_name(const struct listener *); /* As given. */
/* Offers the sockets of all listeners: handover.h.  listener_open() takes what a former process has
 * offered under its target's name, and accepts nothing while handover_waits(). */
struct handover;
void listeners_hand_over(struct handover *);
