/* bridge_monitor_initial.c - the flows that a monitor begins with.  See bridge_monitor.h.
 *
 * They are sent in slices, as the peer reads: what waits for it is bounded, and others are served
 * meanwhile.  Only rules that were there at the request are told here; what comes later is told as
 * it comes, so each rule once.  Of one that changes or goes before its turn only that is told. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/bridge_monitor-private.h"

#define RULES_PER_SLICE 2000
#define WAIT_MS         5 /* Between looks at a peer that does not read. */

struct monitor_initial {
    struct sending sending;
    struct tables *tables; /* Reference. */
    struct tables_cursor cursor;
    uint64_t version; /* Of the tables, at the request. */
    struct loop_timer next;
};

static void initial_free(struct monitor_initial *in)
{
    loop_timer_cancel(&in->next);
    bridge_monitor_finish(&in->sending);
    tables_cursor_deinit(&in->cursor);
    tables_unref(in->tables);
    free(in);
}

void bridge_monitor_stop_initial(struct watcher *w)
{
    if (w->initial) {
        initial_free(w->initial);
        w->initial = NULL;
    }
}

static void done(struct watcher *w)
{
    bridge_monitor_stop_initial(w);
    for (struct monitor *m = w->monitors; m; m = m->next) {
        m->is_new = false;
    }
    ofconn_release(w->session->conn);
}

static void slice(void *in_)
{
    struct monitor_initial *in = in_;
    struct watcher *w = in->sending.to;

    if (!ofconn_writable(w->session->conn)) {
        loop_timer_after(&in->next, WAIT_MS);
        return;
    }
    for (unsigned i = 0; i < RULES_PER_SLICE; i++) {
        const struct rule *rule = tables_cursor_next(&in->cursor, in->tables);
        if (!rule) {
            done(w);
            return;
        }
        uint16_t flags = rule->added <= in->version
                             ? bridge_monitor_wanted(w, rule, FLOW_MONITOR_INITIAL, true)
                             : 0;
        if (flags) {
            bridge_monitor_put_rule(&in->sending, FLOW_UPDATE_INITIAL, rule, 0,
                                    flags & FLOW_MONITOR_ACTIONS);
        }
    }
    mp_reply_flush(&in->sending.mp); /* Else what changes now would overtake it. */
    loop_timer_after(&in->next, 0);
}

static bool wants_any(const struct watcher *w)
{
    for (const struct monitor *m = w->monitors; m; m = m->next) {
        if (m->is_new && m->want.flags & FLOW_MONITOR_INITIAL) {
            return true;
        }
    }
    return false;
}

void bridge_monitor_send_initial(struct bridge *br, struct watcher *w, const struct msg_header *h)
{
    struct sending sending = {.to = w};

    if (!wants_any(w)) {
        bridge_monitor_begin(&sending, h->xid);
        bridge_monitor_finish(&sending);
        for (struct monitor *m = w->monitors; m; m = m->next) {
            m->is_new = false;
        }
        return;
    }
    struct monitor_initial *in = xzalloc(sizeof *in);
    in->sending.to = w;
    in->tables = br->tables;
    in->version = tables_version(br->tables);
    tables_ref(in->tables);
    tables_cursor_init(&in->cursor, in->tables, OFPTT_ALL);
    loop_timer_init(&in->next, br->ofproto->loop, slice, in);
    w->initial = in;
    bridge_monitor_begin(&in->sending, h->xid);
    ofconn_hold(w->session->conn);
    slice(in);
}
