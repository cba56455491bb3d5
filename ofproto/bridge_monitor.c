/* bridge_monitor.c - who monitors flows, and what has changed since they were told.  See
 * bridge_monitor.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/bridge_monitor-private.h"

#define MAX_MONITORS 1024 /* Of one connection. */
#define RETRY_MS     20   /* How often a paused peer is looked at. */

/* ---- notes ---- */

static void on_flush(void *br_)
{
    bridge_monitor_flush(br_);
}

static void on_retry(void *br_)
{
    struct bridge *br = br_;
    bool again = false;

    bridge_monitor_flush(br); /* What they do not hear now they would never. */
    for (struct watcher *w = br->monitors->watchers; w; w = w->next) {
        again |= w->paused && !bridge_monitor_send_rest(br, w);
    }
    if (again) {
        loop_timer_after(&br->monitors->retry, RETRY_MS);
    }
}

static void make_monitors(struct bridge *br)
{
    if (!br->monitors) {
        br->monitors = xzalloc(sizeof *br->monitors);
        loop_call_init(&br->monitors->flush, br->ofproto->loop, on_flush, br);
        loop_timer_init(&br->monitors->retry, br->ofproto->loop, on_retry, br);
    }
}

void bridge_monitor_cause(struct bridge *br, struct ofconn *conn, uint32_t xid)
{
    if (br->monitors) {
        br->monitors->cause = conn;
        br->monitors->cause_xid = xid;
    }
}

void bridge_monitor_note(struct bridge *br, enum flow_update_event event, struct rule *rule,
                         const struct rule *old, uint8_t reason)
{
    struct bridge_monitors *ms = br->monitors;

    if (!ms || !ms->watchers) {
        return;
    }
    if (ms->n_notes == ms->cap_notes) {
        ms->cap_notes = ms->cap_notes ? 2 * ms->cap_notes : 16;
        ms->notes = xrealloc(ms->notes, ms->cap_notes * sizeof *ms->notes);
    }
    const uint64_t number = ++ms->n_changes;
    rule_ref(rule);
    if (event != FLOW_UPDATE_DELETED) {
        rule->noted = number;
        rule->born = event == FLOW_UPDATE_MODIFIED ? old->born : number;
    }
    ms->notes[ms->n_notes++] = (struct monitor_note){.event = event,
                                                     .rule = rule,
                                                     .by = ms->cause,
                                                     .xid = ms->cause_xid,
                                                     .number = number,
                                                     .old_born = old ? old->born : UINT64_MAX,
                                                     .reason = reason};
    loop_call_schedule(&ms->flush);
}

size_t bridge_monitor_mark(const struct bridge *br)
{
    return br->monitors ? br->monitors->n_notes : 0;
}

void bridge_monitor_forget(struct bridge *br, size_t mark)
{
    while (br->monitors && br->monitors->n_notes > mark) {
        rule_unref(br->monitors->notes[--br->monitors->n_notes].rule);
    }
}

void bridge_monitor_flush(struct bridge *br)
{
    struct bridge_monitors *ms = br->monitors;

    if (!ms || !ms->n_notes) {
        return;
    }
    for (struct watcher *w = ms->watchers; w; w = w->next) {
        bridge_monitor_send_notes(br, w);
    }
    bridge_monitor_forget(br, 0);
    loop_call_cancel(&ms->flush);
}

/* ---- who asks ---- */

static void watcher_clear(struct watcher *w)
{
    while (w->monitors) {
        struct monitor *m = w->monitors;
        w->monitors = m->next;
        free(m);
    }
    w->n_monitors = 0;
}

static struct watcher **find_watcher(struct bridge *br, const struct session *s)
{
    struct watcher **w = &br->monitors->watchers;

    while (*w && (*w)->session != s) {
        w = &(*w)->next;
    }
    return w;
}

static void drop_watcher(struct watcher **at)
{
    struct watcher *w = *at;

    *at = w->next;
    bridge_monitor_stop_initial(w);
    watcher_clear(w);
    session_unref(w->session);
    free(w);
}

void bridge_monitor_closed(struct session *s)
{
    struct watcher **w = s->bridge->monitors ? find_watcher(s->bridge, s) : NULL;

    if (w && *w) {
        drop_watcher(w);
    }
}

void bridge_monitors_deinit(struct bridge *br)
{
    struct bridge_monitors *ms = br->monitors;

    if (!ms) {
        return;
    }
    while (ms->watchers) {
        drop_watcher(&ms->watchers);
    }
    bridge_monitor_forget(br, 0);
    loop_call_cancel(&ms->flush);
    loop_timer_cancel(&ms->retry);
    free(ms->notes);
    free(ms);
    br->monitors = NULL;
}

static struct monitor **find_monitor(struct watcher *w, uint32_t id)
{
    struct monitor **m = &w->monitors;

    while (*m && (*m)->want.id != id) {
        m = &(*m)->next;
    }
    return m;
}

static void delete_monitor(struct watcher *w, struct monitor **at)
{
    struct monitor *m = *at;

    *at = m->next;
    w->n_monitors--;
    free(m);
}

static enum ofp_error apply(struct watcher *w, const struct flow_monitor_request *req)
{
    struct monitor **at = find_monitor(w, req->id);

    if (req->command > FLOW_MONITOR_CMD_DELETE) {
        return OFPERR_OFPMOFC_BAD_COMMAND;
    }
    if (req->command == FLOW_MONITOR_CMD_ADD && *at) {
        return OFPERR_OFPMOFC_MONITOR_EXISTS;
    }
    if (req->command != FLOW_MONITOR_CMD_ADD && !*at) {
        return OFPERR_OFPMOFC_UNKNOWN_MONITOR;
    }
    if (req->command == FLOW_MONITOR_CMD_DELETE) {
        delete_monitor(w, at);
        return OFPERR_OK;
    }
    if (req->table_id >= OFP_N_TABLES && req->table_id != OFPTT_ALL) {
        return protocol_version(w->protocol) >= OFP14_VERSION ? OFPERR_OFPMOFC_BAD_TABLE_ID
                                                              : OFPERR_OFPBRC_BAD_TABLE_ID;
    }
    if (!*at) {
        if (w->n_monitors == MAX_MONITORS) {
            return OFPERR_OFPBRC_EPERM;
        }
        *at = xzalloc(sizeof **at);
        w->n_monitors++;
    }
    (*at)->want = *req;
    bridge_flow_ethernet(&(*at)->want.match);
    (*at)->is_new = true;
    return OFPERR_OK;
}

static struct watcher *get_watcher(struct bridge *br, struct session *s)
{
    make_monitors(br);
    struct watcher **w = find_watcher(br, s);

    if (!*w) {
        *w = xzalloc(sizeof **w);
        (*w)->session = session_ref(s);
    }
    return *w;
}

/* All of the requests in a message, or none: 'old' has the monitors as they were. */
static enum ofp_error apply_all(struct watcher *w, const struct msg_header *h, struct wire_rd *r)
{
    struct monitor *old = NULL, **tail = &old;
    size_t n_old = w->n_monitors;
    enum ofp_error error = OFPERR_OK;
    bool end = false;

    for (const struct monitor *m = w->monitors; m; m = m->next) {
        *tail = xmemdup(m, sizeof *m);
        tail = &(*tail)->next;
    }
    while (!end && !error) {
        struct flow_monitor_request req;
        error = flow_monitor_request_decode(r, h, &req, &end);
        error = error || end ? error : apply(w, &req);
    }
    if (error) {
        struct monitor *now = w->monitors;
        w->monitors = old;
        w->n_monitors = n_old;
        old = now;
    }
    while (old) {
        struct monitor *next = old->next;
        free(old);
        old = next;
    }
    return error;
}

enum ofp_error bridge_monitor_request(struct bridge *br, struct ofconn *conn,
                                      const struct msg_header *h, struct wire_rd *r)
{
    struct watcher *w = get_watcher(br, session_of(conn, br));

    bridge_monitor_flush(br); /* Changes before it are none of its business. */
    w->protocol = flow_mod_protocol(h);
    enum ofp_error error = apply_all(w, h, r);
    if (!error) {
        bridge_monitor_send_initial(br, w, h);
    }
    if (!w->monitors) {
        bridge_monitor_closed(w->session);
    }
    return error;
}

enum ofp_error bridge_monitor_cancel(struct bridge *br, struct ofconn *conn,
                                     const struct msg_header *h UNUSED, struct wire_rd *r)
{
    struct watcher **w = br->monitors ? find_watcher(br, session_of(conn, br)) : NULL;
    uint32_t id;
    enum ofp_error error = flow_monitor_cancel_decode(r, &id);

    if (error) {
        return error;
    }
    struct monitor **m = w && *w ? find_monitor(*w, id) : NULL;
    if (!m || !*m) {
        return OFPERR_OFPMOFC_UNKNOWN_MONITOR;
    }
    bridge_monitor_flush(br);
    delete_monitor(*w, m);
    if (!(*w)->monitors) {
        drop_watcher(w);
    }
    return OFPERR_OK;
}
