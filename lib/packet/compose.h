/* compose.h - key to frame: a packet that parse_key() gives back.
 *
 * Layer 1, pure.  For tests, ofproto/trace -generate, netdev-dummy/receive and packet-out text.
 * Checksums are right; lengths are minimal. */
#pragma once

#include "lib/packet/packet.h"

struct packet *compose_packet(const struct key *, const void *payload, uint32_t payload_len);
