/* reassembly.h - the byte streams of TCP connections, from segments in any order.
 *
 * Utilities only.  One stream is one direction of a connection.  Bytes that come again are dropped,
 * those that come early are kept until the gap before them is filled; when too much is kept, or at
 * the end, the gap is skipped and the reader told.  Memory is bounded: by the number of streams
 * (the one that was silent for longest makes room) and the bytes that each keeps.
 *
 * Does not look at checksums, windows or acknowledgements, and takes the first copy of a byte. */
#pragma once

#include "lib/base.h"

#define REASSEMBLY_MAX_STREAMS 256
#define REASSEMBLY_MAX_KEPT    (1u << 18) /* Bytes kept of one stream. */

struct reassembly_flow { /* Zeroed before it is filled in: compared as bytes. */
    uint8_t src[16], dst[16];
    uint16_t src_port, dst_port; /* Host order. */
    uint8_t ip_version;          /* 4: the first four bytes of each address; 6. */
    uint8_t pad[3];
};

/* The next bytes of a stream.  'gap': bytes before them are missing. */
typedef void reassembly_data(void *aux, const struct reassembly_flow *, void **owned, bool gap,
                             const uint8_t *, size_t len);

struct reassembly;
/* 'data' may hang something on a stream at '*owned', which 'drop' frees. */
struct reassembly *reassembly_new(reassembly_data *data, void (*drop)(void *owned), void *aux);
/* Gives out what is kept, gaps or not. */
void reassembly_free(struct reassembly *);
/* A segment: SYN starts the stream over, at the number behind it.  Without one, the first segment
 * seen starts it. */
void reassembly_segment(struct reassembly *, const struct reassembly_flow *, uint32_t seq, bool syn,
                        const uint8_t *, size_t len);
