/* packet_io-private.h - what the files behind packet_io.h share.
 *
 * Layer 2, pure; for ofp/packet_*.c only. */
#pragma once

#include "ofp/packet_io.h"

/* A match of type OXM whose fields need not be known or have their prerequisites: what a switch
 * says of a packet is shown as far as it is understood. */
enum ofp_error packet_in_decode_metadata(struct wire_rd *, const struct msg_header *,
                                         struct match *) MUST_USE;
/* The reason as 'version' has it: what it lacks is ACTION, or NO_MATCH. */
uint8_t packet_in_reason_for(uint8_t reason, uint8_t version);

/* NXT_PACKET_IN2 and NXT_RESUME: their properties.  Unknown ones are passed over, or refused if
 * 'strict'. */
enum ofp_error packet_in2_decode(struct wire_rd *, const struct msg_header *, bool strict,
                                 struct packet_in *) MUST_USE;
void packet_in2_encode(const struct packet_in *, uint8_t version, struct wire_wr *);
