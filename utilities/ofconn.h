/* ofconn.h - a client's OpenFlow connection: blocking, one at a time, failures end the program.
 *
 * Utilities only.  Messages out are collected and sent by ofconn_flush() or before the next wait;
 * messages in are whole.  Echo requests are answered on the way. */
#pragma once

#include "ofp/msg.h"

struct ofconn;

/* TARGET is `tcp:HOST[:PORT]`, `ssl:HOST[:PORT]` (after tls_configure()), `unix:PATH`, a socket's
 * path, or a bridge's name, for which SUFFIX is
 * ".mgmt" or ".snoop".  'versions' is a bitmap, bit n = wire version n. */
struct ofconn *ofconn_open(const char *target, uint32_t versions, const char *suffix);
void ofconn_close(struct ofconn *);
uint8_t ofconn_version(const struct ofconn *); /* What was negotiated. */
const char *ofconn_target(const struct ofconn *);
uint32_t ofconn_next_xid(struct ofconn *);

/* Takes the writer's bytes, which must be whole messages; the writer is empty again. */
void ofconn_send(struct ofconn *, struct wire_wr *);
void ofconn_flush(struct ofconn *);
/* The next whole message, valid until the next call. */
const uint8_t *ofconn_recv(struct ofconn *, size_t *len);
/* For event loops: the descriptor to wait for, and the next message if a whole one has come, else
 * NULL; echo requests too.  'lost' is called before the end of the connection ends the program. */
int ofconn_fd(const struct ofconn *);
const uint8_t *ofconn_poll(struct ofconn *, size_t *len);
void ofconn_on_lost(struct ofconn *, void (*lost)(void));
/* The next message that answers 'xid'; others are dropped. */
const uint8_t *ofconn_recv_reply(struct ofconn *, uint32_t xid, size_t *len);
/* Is this message an error? */
static inline bool ofconn_is_error(const uint8_t *msg)
{
    return msg[1] == 1;
}

/* Do target words name a switch's socket rather than a file?  (diff-flows) */
bool ofconn_is_target(const char *);
