/* ct_frag.h - datagrams put together before they are tracked.
 *
 * Layer 2, pure; any worker, before ct_execute().  Fragments are held by zone, so that each zone
 * sees datagrams; what leaves is cut again to the size that came in (packet->frag_max,
 * lib/packet/frag.h).  Bounded in number, bytes and time; overlaps end the datagram (RFC 5722). */
#pragma once

#include "lib/ct/ct.h"

/* Takes over a fragment.  The datagram, parsed, if this one was the last that it needed; else NULL:
 * it is held, or was dropped (counted).  A packet that is no fragment comes back as it is. */
struct packet *ct_frag_take(struct ct *, struct packet *, uint16_t zone, int64_t now_ms);
