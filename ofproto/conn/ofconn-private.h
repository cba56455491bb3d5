/* ofconn-private.h - struct ofconn, for ofproto/conn only.
 *
 * An ofconn belongs to its connmgr, in the list of all; the stream belongs to the ofconn.  Closing
 * is never immediate, since the switch may be in the middle of using the connection: ofconn_close()
 * marks it, and a deferred call takes it away.
 *
 * Role, asynchronous configuration, miss_send_len and controller id are of the channel: those of
 * the main connection count, whichever connection changes them. */
#pragma once

#include "lib/io/stream.h"
#include "lib/rate.h"
#include "ofp/async.h"
#include "ofp/protocol.h"
#include "ofp/role.h"
#include "ofp/switch.h"
#include "ofproto/conn/connmgr.h"

#define OFCONN_MSGS_PER_TURN 50 /* Of one connection. */
/* Queued bytes, from which on...  Asynchronous messages alone do not stop the reading of requests:
 * a controller that sends while it does not read would wait for us, and we for it. */
#define OFCONN_WRITABLE    (256 * 1024)       /* ...replies of many parts wait, */
#define OFCONN_ASYNC_BOUND (512 * 1024)       /* asynchronous messages are dropped, */
#define OFCONN_OUT_BOUND   (768 * 1024)       /* no requests are read, */
#define OFCONN_OUT_LOW     (576 * 1024)       /* until it is no more than this, */
#define OFCONN_OUT_MAX     (64 * 1024 * 1024) /* the connection is given up. */
#define DEFAULT_PROBE_MS   5000
#define HELLO_WAIT_MS      5000
#define SERVICE_PROBE_MS   60000
#define DEFAULT_MISS_LEN   128

struct controller;

struct ofconn {
    struct connmgr *mgr;
    struct ofconn *next;
    struct stream *stream;
    struct controller *controller; /* An active controller's connection, else NULL. */
    uint8_t aux_id;                /* Not 0: an auxiliary one of that controller's. */
    const void *origin;            /* The listener's owner, for its removal. */
    bool service;                  /* mgmt and passive: no asynchronous messages by default. */

    uint8_t version; /* 0 before HELLO. */
    bool dying;
    int error;               /* Why; errno value. */
    struct loop_call reaper; /* Ends it. */
    struct loop_timer probe; /* Inactivity, and the wait for HELLO. */
    int64_t probe_ms, rx_ms; /* Interval (0: off); when something arrived last. */
    bool probing;            /* An ECHO_REQUEST is out. */
    unsigned holds;
    bool paused, out_blocked;

    /* The forms that the peer has chosen (nx_format.h). */
    uint32_t protocol; /* Of flows: one PROTOCOL_*. */
    enum packet_in_format packet_in_format;

    enum ofp_role role; /* Never ROLE_NOCHANGE. */
    struct async_config async;
    uint16_t miss_send_len, controller_id;
    bool limited; /* Packet-ins are. */
    struct rate rate;
    uint64_t n_overflow; /* Asynchronous messages dropped. */
    void *data;          /* The switch's. */
};

/* Takes the stream. */
struct ofconn *ofconn_new(struct connmgr *, struct stream *, struct controller *, bool service);
void ofconn_free(struct ofconn *); /* Tells the switch; out of the list already. */
void ofconn_close(struct ofconn *, int error);
void ofconn_set_probe(struct ofconn *, int64_t probe_ms);
/* Drops it when the peer does not read. */
void ofconn_send_async(struct ofconn *, const void *msg, size_t len);

/* ---- ofconn_async.c ---- */
void ofconn_async_init(struct ofconn *);
bool ofconn_wants(const struct ofconn *, enum async_kind, unsigned reason);
enum ofp_error ofconn_handle_set_async(struct ofconn *, const struct msg_header *,
                                       struct wire_rd *);
void ofconn_handle_get_async(struct ofconn *, const struct msg_header *);
enum ofp_error ofconn_handle_role(struct ofconn *, const struct msg_header *, struct wire_rd *);

/* ---- connmgr.c ---- */
/* Of an auxiliary connection the main one, which outlives it; of others itself. */
struct ofconn *connmgr_main(const struct ofconn *);
const struct conn_handler *connmgr_handler(struct connmgr *, void **aux);
struct loop *connmgr_loop(struct connmgr *);
uint32_t connmgr_versions(const struct connmgr *);
const char *connmgr_bridge(const struct connmgr *);
struct ofconn *connmgr_first(const struct connmgr *);
/* Puts the connection into the list, or takes it out. */
void connmgr_link(struct connmgr *, struct ofconn *);
void connmgr_unlink(struct connmgr *, struct ofconn *);
/* Probe and rate limit as configured. */
void connmgr_configure_conn(const struct controller *, struct ofconn *);
/* HELLO is over: versions agree. */
void connmgr_established(struct connmgr *, struct ofconn *);
/* It has ended, and is freed behind this. */
void connmgr_ended(struct connmgr *, struct ofconn *, int error);
/* A message of 'conn', either way, for those who listen at BR.snoop. */
void connmgr_snoop(struct connmgr *, const struct ofconn *conn, const void *msg, size_t len);
/* The generation of roles, shared by all connections; NULL: none yet. */
uint64_t *connmgr_generation(struct connmgr *, bool define);
