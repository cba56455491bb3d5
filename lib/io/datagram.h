/* datagram.h - messages to a collector by UDP: sent or counted as lost, never waited for.
 *
 * Layer 1.  Control thread.  Destinations are literal addresses, `IP:PORT` or `[IP6]:PORT`: who
 * sends samples must not wait for a name.
 *
 * Invariant: the socket is connected, so that the kernel tells what a router or the host there
 * said.  Where there is no way yet (no route, no address) it is tried again, once a second at
 * most. */
#pragma once

#include "lib/io/loop.h"

struct datagram;

/* NULL, or a heap error text. */
char *datagram_new(struct loop *, const char *target, struct datagram **) MUST_USE;
void datagram_free(struct datagram *);
const char *datagram_target(const struct datagram *);
/* 0, or why it was not sent, errno: EAGAIN if the socket's buffer is full.  ECONNREFUSED is said of
 * an earlier one, for which nobody was there; this one has then been sent. */
int datagram_send(struct datagram *, const void *, size_t);
/* Bytes that go there without being fragmented, as far as the kernel knows; 0: it does not. */
size_t datagram_room(const struct datagram *);
