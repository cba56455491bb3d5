/* bridge_monitor-private.h - what bridge_monitor.c (who asks) and bridge_monitor_send.c (what they
 * are told) share. */
#pragma once

#include "ofproto/bridge_monitor.h"
#include "ofproto/ofproto-private.h"

struct monitor {
    struct monitor *next;
    struct flow_monitor_request want;
    bool is_new; /* Its request is being answered: INITIAL entries are under way. */
};

/* A connection with monitors. */
struct watcher {
    struct watcher *next;
    struct session *session; /* Reference. */
    uint32_t protocol;       /* Of its last request. */
    struct monitor *monitors;
    size_t n_monitors;
    bool paused;
    uint64_t paused_at; /* The first change that it has not heard of. */
    struct monitor_initial
        *initial; /* The answer to its last request, while there is more of it. */
};

struct monitor_note {
    enum flow_update_event event;
    struct rule *rule;       /* Reference. */
    const struct ofconn *by; /* Only compared. */
    uint32_t xid;
    uint64_t number;   /* Of the change. */
    uint64_t old_born; /* Of the rule in whose place it is; UINT64_MAX: of none. */
    uint8_t reason;
};

struct bridge_monitors {
    struct watcher *watchers;
    struct monitor_note *notes;
    size_t n_notes, cap_notes;
    uint64_t n_changes;   /* Noted so far: their numbers begin with 1. */
    struct ofconn *cause; /* NULL: nobody. */
    uint32_t cause_xid;
    struct loop_call flush;  /* Of what no message made. */
    struct loop_timer retry; /* While somebody is paused. */
};

/* ---- bridge_monitor_initial.c ---- */
/* The answer to a request: all flows that its new monitors want to begin with, in slices; holds the
 * connection until then. */
void bridge_monitor_send_initial(struct bridge *, struct watcher *, const struct msg_header *);
void bridge_monitor_stop_initial(struct watcher *); /* The watcher goes. */

/* ---- bridge_monitor_send.c ---- */
struct sending { /* What one watcher is being told. */
    struct watcher *to;
    struct mp_reply mp;
    bool open; /* 'mp' is begun. */
    uint32_t abbrev_xid;
    bool abbrev; /* The last entry said only this xid. */
};
void bridge_monitor_begin(struct sending *, uint32_t xid);
void bridge_monitor_finish(struct sending *);
void bridge_monitor_put_rule(struct sending *, enum flow_update_event, const struct rule *,
                             uint8_t reason, bool with_acts);
/* The flags of all monitors ('new_only': that are new) which want to hear of this; 0: none does. */
uint16_t bridge_monitor_wanted(const struct watcher *, const struct rule *, uint16_t event,
                               bool new_only);
void bridge_monitor_send_notes(struct bridge *, struct watcher *);
/* True: it was paused, and has heard everything now. */
bool bridge_monitor_send_rest(struct bridge *, struct watcher *);
