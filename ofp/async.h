/* async.h - which asynchronous messages a controller wants: SET_ASYNC, GET_ASYNC_REPLY, Nicira's.
 * Layer 2, pure.  1.3 has masks for three kinds of message, 1.4 properties for six. */
#pragma once

#include "ofp/msg.h"

enum async_kind {
    ASYNC_PACKET_IN,
    ASYNC_PORT_STATUS,
    ASYNC_FLOW_REMOVED,
    ASYNC_ROLE_STATUS,
    ASYNC_TABLE_STATUS,
    ASYNC_REQUESTFORWARD,
    ASYNC_N_KINDS
};

struct async_config {
    /* Bit n = reason n.  [0]: roles primary and equal; [1]: secondary. */
    uint32_t mask[ASYNC_N_KINDS][2];
    /* Those that were in the message, bit = 2 * kind + (secondary ? 0 : 1), as its properties are
     * numbered; the rest of a decoded structure is 0. */
    uint32_t given;
};
/* h->type: SET_ASYNC, GET_ASYNC_REPLY, NXT_SET_ASYNC_CONFIG, NXT_SET_ASYNC_CONFIG2.  Errors of what
 * sets: OFPACFC_INVALID (a reason that the version lacks), OFPACFC_UNSUPPORTED (a kind). */
enum ofp_error async_decode(struct wire_rd *, const struct msg_header *,
                            struct async_config *) MUST_USE;
/* Masks, or the properties 'given'; without the reasons that the version lacks. */
void async_encode(const struct async_config *, enum msg_type, uint8_t version, uint32_t xid,
                  struct wire_wr *);
void async_format(const struct async_config *, uint8_t version, struct text *);
