/* ofconn.h - one OpenFlow connection, as the switch sees it.
 *
 * Layer 4.  Journey: bytes -> framing and HELLO, ECHO, role, async configuration (answered here) ->
 * conn_handler.recv() with a whole message -> the switch -> ofconn_send().
 *
 * Invariants: replies are never dropped: while the peer does not read, nothing more is read from
 * it. Asynchronous messages are dropped and counted instead.  Each connection handles a bounded
 * number of messages a turn. Owner: the control thread.  Specification: OpenFlow 1.3.5
 * sections 6.1-6.3, 7.5.  Does not know tables or translation. */
#pragma once

#include "ofp/msg.h"
#include "ofp/packet_io.h"
#include "ofp/port.h"

struct ofconn;

/* What the switch does with connections; the functions run on the control thread. */
struct conn_handler {
    /* A whole message that conn does not answer by itself; 'msg' is valid during the call only. */
    void (*recv)(void *aux, struct ofconn *, const struct msg_header *, const void *msg,
                 size_t len);
    /* The connection ends; the switch forgets it. */
    void (*closed)(void *aux, struct ofconn *);
    /* Fail-mode standalone: 'on' when no controller has been reachable for three probe intervals,
     * off when one is again. */
    void (*fail_open)(void *aux, bool on);
};

uint8_t ofconn_version(const struct ofconn *); /* Negotiated; 0 before HELLO. */
/* Queues a reply (not dropped). */
void ofconn_send(struct ofconn *, const void *msg, size_t len);
/* An error answering 'request'. */
void ofconn_send_error(struct ofconn *, enum ofp_error, const void *request, size_t len);
/* Between hold and release no further message of this connection is handled: for barriers, and for
 * long answers that are made in slices.  Nests.  Echo requests keep being answered meanwhile only
 * once released. */
void ofconn_hold(struct ofconn *);
void ofconn_release(struct ofconn *);
/* May more be queued without growing beyond the bound?  For sliced multipart replies. */
bool ofconn_writable(const struct ofconn *);
uint16_t ofconn_miss_send_len(const struct ofconn *);
void ofconn_set_miss_send_len(struct ofconn *, uint16_t);
/* 0: the main connection of its channel. */
uint8_t ofconn_aux_id(const struct ofconn *);
/* The main connection of its channel, which gets the asynchronous messages. */
struct ofconn *ofconn_main(struct ofconn *);
/* The role SLAVE may not change the switch. */
bool ofconn_is_slave(const struct ofconn *);
/* The switch's own data of this connection (packet buffers); freed by it in closed(). */
void ofconn_set_data(struct ofconn *, void *);
void *ofconn_data(const struct ofconn *);
