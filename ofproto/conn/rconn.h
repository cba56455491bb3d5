/* rconn.h - one connection to an active controller, the main one or an auxiliary: connect, and
 * again after it ended, with back-off.
 *
 * Layer 4, inside ofproto/conn.  Owner: the control thread.  VOID (bad target) | CONNECTING (to the
 * end of HELLO) -> ACTIVE -> BACKOFF -> CONNECTING ...  The back-off is 1 s, doubling to the
 * maximum; a connection that lived longer than it resets it. */
#pragma once

#include "ofproto/conn/ofconn-private.h"

enum rconn_state { RCONN_VOID, RCONN_BACKOFF, RCONN_CONNECTING, RCONN_ACTIVE };

struct rconn {
    struct connmgr *mgr;
    struct controller *controller;
    const char *target; /* The controller's. */
    uint8_t aux_id;     /* 0: the main connection. */
    int64_t max_backoff_ms;
    enum rconn_state state;
    struct stream *stream; /* While connecting below OpenFlow; then it is the ofconn's. */
    struct ofconn *conn;
    struct loop_timer timer;
    int64_t backoff_ms;
    int64_t connected_ms, disconnected_ms; /* Last; -1: never. */
    char *last_error;                      /* Or NULL. */
};

void rconn_init(struct rconn *, struct connmgr *, struct controller *, const char *target,
                uint8_t aux_id);
void rconn_deinit(struct rconn *); /* Ends the connection at once. */
void rconn_stop(struct rconn *);   /* The same; rconn_start() may follow. */
void rconn_start(struct rconn *);
void rconn_reconnect(struct rconn *);
void rconn_established(struct rconn *); /* HELLO is over. */
void rconn_ended(struct rconn *, int error);
