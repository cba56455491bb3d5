/* connmgr.h - all OpenFlow connections of one switch.
 *
 * Layer 4.  Active controllers with back-off and probes, passive listeners, and the always present
 * service sockets RUNDIR/BR.mgmt and RUNDIR/BR.snoop.  Owner: the control thread. */
#pragma once

#include "lib/io/loop.h"
#include "ofp/bundle.h"
#include "ofp/table_mod.h"
#include "ofproto/conn/ofconn.h"

struct connmgr;

enum fail_mode { FAIL_STANDALONE, FAIL_SECURE };

#define CONTROLLER_MAX_AUX 8

struct controller_config {
    const char *target;               /* "tcp:127.0.0.1:6653", "ptcp:6653", ... */
    int max_backoff_ms;               /* 0: 8000 */
    int inactivity_probe_ms;          /* -1: default 5000; 0: off */
    unsigned rate_limit, burst_limit; /* Packet-ins a second; 0: unlimited. */
    bool in_band;                     /* What it says and is told may pass the switch itself. */
    unsigned n_aux; /* Auxiliary connections, to an active one; CONTROLLER_MAX_AUX at most. */
};

struct connmgr_status {
    const char *target;
    bool is_connected;
    const char *role;       /* "other", "master", "slave" */
    const char *state;      /* "ACTIVE", "BACKOFF", "CONNECTING", "IDLE", "VOID" */
    const char *last_error; /* Or NULL. */
    int64_t sec_since_connect, sec_since_disconnect; /* -1: never. */
};

/* 'versions': bitmap of wire versions.  The service listeners open at once; NULL, or a heap error
 * text. */
char *connmgr_new(struct loop *, const char *rundir, const char *bridge, uint32_t versions,
                  const struct conn_handler *, void *aux, struct connmgr **) MUST_USE;
void connmgr_free(struct connmgr *);
void connmgr_set_versions(struct connmgr *, uint32_t versions);
void connmgr_set_fail_mode(struct connmgr *, enum fail_mode);
/* Makes the controllers these; connections to unchanged targets stay.  Bad targets are logged and
 * shown by the status. */
void connmgr_set_controllers(struct connmgr *, const struct controller_config *, size_t n);
/* False: there is no controller 'i'. */
bool connmgr_status(const struct connmgr *, size_t i, struct connmgr_status *);
void connmgr_reconnect(struct connmgr *); /* bridge/reconnect */

/* ---- asynchronous messages: to each connection that wants them, in its own version ---- */

/* 'except': the connection that caused it, or NULL. */
void connmgr_port_status(struct connmgr *, enum port_status_reason, const struct ofp_port *);
struct flow_removed;
/* 1.4 and later hear of it. */
void connmgr_table_status(struct connmgr *, enum table_status_reason, const struct table_config *);
/* A change of a group or a meter that 'by' made; 'encode' writes the message that made it. */
void connmgr_requestforward(struct connmgr *, const struct ofconn *by, enum requestforward_reason,
                            void (*encode)(const void *mod, uint8_t version, uint32_t xid,
                                           struct wire_wr *),
                            const void *mod, uint32_t xid);
void connmgr_flow_removed(struct connmgr *, const struct flow_removed *);
/* 'pin' has all of the frame in 'data'; each connection gets at most 'max_len' of it, or its
 * miss_send_len where no rule sent the packet (invalid TTL; no match with all ones as cookie).
 * 'buffer' (may be NULL) is asked, once per connection that gets less than everything, for a buffer
 * id; without one the whole frame goes out.  Only connections of this controller_id get it. */
void connmgr_packet_in(struct connmgr *, const struct packet_in *pin, uint16_t max_len,
                       uint16_t controller_id,
                       uint32_t (*buffer)(void *aux, struct ofconn *, const struct packet_in *),
                       void *aux);
/* Does anybody want packet-ins at all? */
bool connmgr_wants_packet_ins(const struct connmgr *);
