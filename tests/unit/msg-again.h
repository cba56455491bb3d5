/* msg-again.h - decodes any message by its body's decoder, and encodes it again: for tests and
 * fuzzing, which want all decoders to see their bytes.
 *
 * One function per body, again_BODY, where BODY is the last column of messages.def: a new body does
 * not compile without one.  They stand in msg-again-*.c, by module. */
#pragma once

#include "ofp/msg.h"

/* 'r' stands behind the header.  Writes the message as far as it decodes, nothing if it does
 * not. */
typedef void msg_again_fn(struct wire_rd *r, const struct msg_header *, struct wire_wr *);
msg_again_fn msg_again;

/* Several rows may share a body. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
#define MSG(ID, NAME, DIR, FORM, V10, V11, V12, V13, V14, V15, MIN_, UNIT, BODY) \
    msg_again_fn again_##BODY;
#include "ofp/messages.def"
#undef MSG
#pragma GCC diagnostic pop
