/* msg-again.h - decodes any message by its body's decoder, and encodes it again: for tests and
 * fuzzing, which want all decoders to see their bytes. */
#pragma once

#include "ofp/msg.h"

/* 'r' stands behind the header.  Writes the message as far as it decodes, nothing for those that
 * have no encoder or do not decode. */
void msg_again(struct wire_rd *r, const struct msg_header *, struct wire_wr *);
