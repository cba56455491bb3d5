/* gso.h - software segmentation of super-frames.
 *
 * Layer 1, pure.  One step before output, and before anything that changes lengths, for a way out
 * that cannot carry the frame.  TCP over IPv4 and IPv6 and UDP, with VLAN tags; each segment gets a
 * complete checksum, sequence numbers, flags (FIN, PSH on the last only; CWR on the first only) and
 * IP identification. */
#pragma once

#include "lib/packet/packet.h"

/* Calls 'emit' with each segment, which it owns and whose offsets and checksum are valid.  False if
 * the frame is not what its metadata says (nothing emitted).  A segment for which there is no
 * buffer is counted as COUNTER_drop_no_buffer, as if lost on the wire.  'pkt' stays the caller's.
 */
bool gso_segment(const struct packet *pkt, struct packet_pool *,
                 void (*emit)(void *aux, struct packet *), void *aux);
/* How many frames it stands for, and how long they are together; one, if it is not what its
 * metadata says. */
void gso_count(const struct packet *, uint32_t *n, uint64_t *bytes);
