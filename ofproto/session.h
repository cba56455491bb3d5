/* session.h - what the switch keeps for one OpenFlow connection: packet buffers, and requests that
 * are answered later (barriers, long dumps).
 *
 * Layer 4.  Made at the connection's first message, ends with it; requests under way hold a
 * reference and find 'conn' NULL when the connection has gone.  Owner: the control thread. */
#pragma once

#include "ofproto/conn/ofconn.h"

#define SESSION_N_BUFFERS 256

struct packet;
struct bridge;

struct session_buffer {
    struct packet *packet; /* Owned; NULL: free. */
    uint32_t ofp_in_port;
    uint32_t id;
};

struct session {
    unsigned refs;
    struct bridge *bridge;
    struct ofconn *conn; /* NULL: gone. */
    struct session_buffer buffers[SESSION_N_BUFFERS];
    uint32_t next_buffer;
    size_t buffered_bytes;
    struct bundle *bundles; /* dispatch_bundle.c */
    size_t bundle_bytes;
    struct features_request *features; /* Whose last part has not come; dispatch_features.c */
};

struct session *session_of(struct ofconn *, struct bridge *); /* Borrowed. */
struct session *session_ref(struct session *);
void session_unref(struct session *);
void session_closed(struct ofconn *); /* The connection ends. */

/* Answers a BARRIER_REQUEST when everything before it has taken effect; holds the connection until
 * then. */
void session_barrier(struct session *, const struct msg_header *);
/* Answers a FLOW request in slices; holds the connection until then.  Takes over nothing. */
struct flow_stats_request;
void session_dump_flows(struct session *, const struct msg_header *,
                        const struct flow_stats_request *);
