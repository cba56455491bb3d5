/* bridge_monitor_send.c - what flow monitors tell.  See bridge_monitor.h.
 *
 * Pausing bounds what waits for a slow peer by the number of flows, however often they change:
 * while it is paused only the end of flows that it knows is told, then what is there and has
 * changed meanwhile. */
#include "ofproto/bridge_monitor-private.h"

static void send_part(void *watcher_, const void *msg, size_t len)
{
    struct watcher *w = watcher_;

    if (w->session->conn) {
        ofconn_send(w->session->conn, msg, len);
    }
}

void bridge_monitor_begin(struct sending *s, uint32_t xid)
{
    if (!s->open) {
        mp_reply_init(&s->mp, flow_monitor_reply_type(s->to->protocol),
                      protocol_version(s->to->protocol), xid, send_part, s->to);
        s->open = true;
    }
}

void bridge_monitor_finish(struct sending *s)
{
    if (s->open) {
        mp_reply_finish(&s->mp);
        s->open = false;
    }
}

static void put(struct sending *s, const struct flow_update *u)
{
    bridge_monitor_begin(s, 0);
    flow_update_encode(u, s->to->protocol, mp_reply_entry(&s->mp));
    mp_reply_entry_end(&s->mp);
}

void bridge_monitor_put_rule(struct sending *s, enum flow_update_event event,
                             const struct rule *rule, uint8_t reason, bool with_acts)
{
    struct flow_update u = {.event = event,
                            .table_id = rule->table_id,
                            .reason = reason,
                            .priority = rule->priority,
                            .idle_timeout = rule->idle_timeout,
                            .hard_timeout = rule->hard_timeout,
                            .cookie = rule->cookie};

    if (with_acts) { /* Borrowed: the encoder only reads. */
        u.acts = (struct acts){.data = rule->acts->data, .len = rule->acts->len};
    }
    rule_match(rule, &u.match);
    put(s, &u);
    s->abbrev = false;
}

static void put_abbrev(struct sending *s, uint32_t xid)
{
    struct flow_update u = {.event = FLOW_UPDATE_ABBREV, .xid = xid};

    if (!s->abbrev || s->abbrev_xid != xid) {
        put(s, &u);
        s->abbrev = true;
        s->abbrev_xid = xid;
    }
}

uint16_t bridge_monitor_wanted(const struct watcher *w, const struct rule *rule, uint16_t event,
                               bool new_only)
{
    uint16_t flags = 0;

    for (const struct monitor *m = w->monitors; m; m = m->next) {
        struct rule_criteria c = {.table_id = m->want.table_id,
                                  .match = &m->want.match,
                                  .out_port = m->want.out_port,
                                  .out_group = m->want.out_group};
        if (m->want.flags & event && (m->is_new || !new_only) && rule_criteria_match(&c, rule)) {
            flags |= m->want.flags;
        }
    }
    return flags;
}

static uint16_t flag_of(enum flow_update_event event)
{
    return event == FLOW_UPDATE_DELETED    ? FLOW_MONITOR_DELETE
           : event == FLOW_UPDATE_MODIFIED ? FLOW_MONITOR_MODIFY
                                           : FLOW_MONITOR_ADD;
}

/* That it is paused, or no more: an entry, or a message of its own. */
static void put_paused(struct sending *s, bool resumed)
{
    struct flow_update u = {.event = resumed ? FLOW_UPDATE_RESUMED : FLOW_UPDATE_PAUSED};
    uint8_t version = protocol_version(s->to->protocol);
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    if (version >= OFP14_VERSION) {
        put(s, &u);
        bridge_monitor_finish(s);
        return;
    }
    bridge_monitor_finish(s);
    flow_monitor_paused_encode(resumed, version, 0, &w);
    send_part(s->to, w.data, w.len);
    wire_wr_deinit(&w);
}

/* From change 'number' on. */
static void pause(struct bridge *br, struct sending *s, uint64_t number)
{
    struct watcher *w = s->to;

    put_paused(s, false);
    w->paused = true;
    w->paused_at = number;
    if (!loop_timer_pending(&br->monitors->retry)) {
        loop_timer_after(&br->monitors->retry, 20);
    }
}

/* Of flows that it has heard of, only the end. */
static void put_while_paused(struct sending *s, const struct monitor_note *n)
{
    uint64_t born = n->event == FLOW_UPDATE_DELETED ? n->rule->born : n->old_born;
    bool gone = n->event == FLOW_UPDATE_DELETED || n->event == FLOW_UPDATE_ADDED;

    if (gone && born < s->to->paused_at) {
        uint16_t flags = bridge_monitor_wanted(s->to, n->rule, FLOW_MONITOR_DELETE, false);
        if (flags) {
            bridge_monitor_put_rule(s, FLOW_UPDATE_DELETED, n->rule,
                                    n->event == FLOW_UPDATE_DELETED ? n->reason : FR_DELETE,
                                    flags & FLOW_MONITOR_ACTIONS);
        }
    }
}

void bridge_monitor_send_notes(struct bridge *br, struct watcher *w)
{
    const struct bridge_monitors *ms = br->monitors;
    struct sending s = {.to = w};

    for (size_t i = 0; i < ms->n_notes; i++) {
        const struct monitor_note *n = &ms->notes[i];
        if (!w->paused && !ofconn_writable(w->session->conn)) {
            pause(br, &s, n->number);
        }
        if (w->paused) {
            put_while_paused(&s, n);
            continue;
        }
        uint16_t flags = bridge_monitor_wanted(w, n->rule, flag_of(n->event), false);
        bool full =
            n->by != w->session->conn || flags & (FLOW_MONITOR_OWN | FLOW_MONITOR_NO_ABBREV);
        if (flags && !full) {
            put_abbrev(&s, n->xid);
        } else if (flags) {
            bridge_monitor_put_rule(&s, n->event, n->rule, n->reason, flags & FLOW_MONITOR_ACTIONS);
        }
    }
    bridge_monitor_finish(&s);
}

bool bridge_monitor_send_rest(struct bridge *br, struct watcher *w)
{
    struct sending s = {.to = w};
    struct tables_cursor cursor;
    const struct rule *rule;

    if (!w->paused || !ofconn_writable(w->session->conn)) {
        return false;
    }
    tables_cursor_init(&cursor, br->tables, OFPTT_ALL);
    while ((rule = tables_cursor_next(&cursor, br->tables))) {
        enum flow_update_event event =
            rule->born >= w->paused_at ? FLOW_UPDATE_ADDED : FLOW_UPDATE_MODIFIED;
        uint16_t flags =
            rule->noted >= w->paused_at ? bridge_monitor_wanted(w, rule, flag_of(event), false) : 0;
        if (flags) {
            bridge_monitor_put_rule(&s, event, rule, 0, flags & FLOW_MONITOR_ACTIONS);
        }
    }
    tables_cursor_deinit(&cursor);
    put_paused(&s, true);
    w->paused = false;
    return true;
}
