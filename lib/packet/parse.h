/* parse.h - frame to key.
 *
 * Layer 1, pure.  Second step of a packet's journey, again after each recirculation whose actions
 * changed headers. Never reads past the frame, whatever it says; what is truncated or malformed
 * leaves the members above it zero (IP with a bad header: eth_type only).  Does not verify
 * checksums. */
#pragma once

#include "lib/packet/packet.h"

/* Sets the packet's offsets and fills all of 'key' (metadata included).  What 'data' begins with
 * says packet_type.  False: it should be an Ethernet header, and is shorter; 'key' then has
 * metadata only. */
bool parse_key(struct packet *, struct key *key);
/* The same into a key that was filled before, or is zero. */
bool parse_key_again(struct packet *, struct key *key);
