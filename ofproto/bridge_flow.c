/* bridge_flow.c - what flow-mods and timeouts do to a bridge's rules.
 * Journey: FLOW_MOD -> dispatch.c -> here -> tables (a new version) -> revalidate.h; a rule that
 * goes and wants to be reported waits until cached flows have paid in their last packets, then
 * FLOW_REMOVED is sent. Specification: OpenFlow 1.3.5 sections 5.5, 6.4. */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/bridge_monitor.h"
#include "ofproto/bridge_table.h"
#include "ofproto/learn.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(bridge_flow);

/* ---- FLOW_REMOVED ---- */

static void send_removed(void *p_)
{
    struct ofproto *p = p_;

    /* By pointer to the datapath: a bridge may have gone meanwhile. */
    for (struct bridge *br = p->bridges; br; br = br->next) {
        if (!br->removed_waiting) {
            continue;
        }
        struct removed_rule *r = br->removed;
        br->removed = NULL;
        br->removed_tail = &br->removed;
        br->removed_waiting = false;
        while (r) {
            struct removed_rule *next = r->next;
            const struct rule *rule = r->rule;
            int64_t age = r->removed_ms - rule->created_ms;
            struct flow_removed fr = {.cookie = rule->cookie,
                                      .n_packets = rule->packets,
                                      .n_bytes = rule->bytes,
                                      .priority = rule->priority,
                                      .idle_timeout = rule->idle_timeout,
                                      .hard_timeout = rule->hard_timeout,
                                      .reason = r->reason,
                                      .table_id = rule->table_id,
                                      .duration_sec = (uint32_t)(age / 1000),
                                      .duration_nsec = (uint32_t)(age % 1000) * 1000000};
            rule_match(rule, &fr.match);
            connmgr_flow_removed(br->conns, &fr);
            rule_unref(r->rule);
            free(r);
            r = next;
        }
    }
}

static void report_removed(struct bridge *br, struct rule *rule, enum flow_removed_reason reason)
{
    struct removed_rule *r = xzalloc(sizeof *r);

    rule_ref(rule);
    r->rule = rule;
    r->removed_ms = loop_now(br->ofproto->loop);
    r->reason = (uint8_t)reason;
    *br->removed_tail = r;
    br->removed_tail = &r->next;
    if (!br->removed_waiting) {
        br->removed_waiting = true;
        revalidate_wait(br->ofproto->revalidator, send_removed, br->ofproto);
    }
}

void bridge_flow_forget_removed(struct bridge *br, struct removed_rule **tail)
{
    struct removed_rule *r = *tail;

    *tail = NULL;
    br->removed_tail = tail;
    while (r) {
        struct removed_rule *next = r->next;
        rule_unref(r->rule);
        free(r);
        r = next;
    }
}

/* ---- changes ---- */

static void rule_changed(struct bridge *br, const struct rule *rule)
{
    revalidate_rule(br->ofproto->revalidator, br->tables, rule);
}

/* The journal knows already. */
static void take_out(struct bridge *br, struct rule *rule, enum flow_removed_reason reason)
{
    rule_changed(br, rule);
    bridge_monitor_note(br, FLOW_UPDATE_DELETED, rule, NULL, (uint8_t)reason);
    if (rule->flags & OFPFF_SEND_FLOW_REM) {
        report_removed(br, rule, reason);
    }
    uint8_t table_id = rule->table_id;
    tables_remove(br->tables, rule);
    bridge_table_changed(br, table_id, NULL);
    learn_rule_gone(br, rule);
}

static void delete_rule(struct bridge *br, struct rule *rule, enum flow_removed_reason reason)
{
    bridge_keep_rule_gone(br, rule);
    take_out(br, rule, reason);
}

void bridge_flow_evict(struct bridge *br, struct rule *rule)
{
    delete_rule(br, rule, FR_EVICTION);
}

void bridge_flow_delete_rule(struct bridge *br, struct rule *rule)
{
    delete_rule(br, rule, FR_DELETE);
}

/* Where a new rule goes. */
static uint8_t table_of(const struct flow_mod *fm)
{
    return fm->table_id == OFPTT_ALL ? 0 : fm->table_id;
}

static struct rule_args args_of(const struct bridge *br, const struct flow_mod *fm)
{
    return (struct rule_args){.table_id = table_of(fm),
                              .priority = fm->priority,
                              .cookie = fm->new_cookie,
                              .idle_timeout = fm->idle_timeout,
                              .hard_timeout = fm->hard_timeout,
                              .importance = fm->importance,
                              .flags = (uint8_t)fm->flags,
                              .now_ms = loop_now(br->ofproto->loop)};
}

/* Rules come in rows that do the same: one list for all of a row.  A reference is the caller's. */
static struct rule_acts *acts_of(struct bridge *br, const struct flow_mod *fm)
{
    const struct rule_acts *last = br->last_acts;
    size_t len = fm->acts.len;

    if (!last || last->len != len || (len && memcmp(last->data, fm->acts.data, len))) {
        rule_acts_unref(br->last_acts);
        br->last_acts = rule_acts_new(fm->acts.data, len);
    }
    return rule_acts_ref(br->last_acts);
}

/* May the journal have the message itself? */
static bool is_record(const struct flow_mod *fm, const uint8_t *msg)
{
    return msg && fm->command == FM_ADD && !fm->before_12 && !fm->match.mask.tun.present &&
           !acts_tun_options(fm->acts.data, fm->acts.len);
}

static enum ofp_error add(struct bridge *br, const struct flow_mod *fm, const uint8_t *msg)
{
    struct rule_args args = args_of(br, fm);

    if ((fm->flags & OFPFF_CHECK_OVERLAP) &&
        table_overlaps(br->tables, args.table_id, &fm->match, fm->priority)) {
        return OFPERR_OFPFMFC_OVERLAP;
    }
    struct rule *old = table_find(br->tables, args.table_id, &fm->match, fm->priority);
    enum ofp_error error = old ? OFPERR_OK : bridge_table_make_room(br, args.table_id);
    if (error) {
        return error;
    }
    struct rule_acts *acts = acts_of(br, fm);
    struct rule *rule;
    if (old) {
        bool keep_counters = !(fm->flags & OFPFF_RESET_COUNTS) && !fm->before_12;
        rule = tables_replace(br->tables, old, &args, acts, keep_counters, false);
    } else {
        rule = tables_insert(br->tables, &fm->match, &args, acts);
    }
    bridge_table_changed(br, args.table_id, rule);
    rule_changed(br, rule);
    if (is_record(fm, msg)) {
        bridge_keep_rule_as(br, rule, msg);
    } else {
        bridge_keep_rule(br, rule);
    }
    bridge_monitor_note(br, FLOW_UPDATE_ADDED, rule, old, 0);
    learn_rule_added(br, rule);
    if (old) {
        learn_rule_gone(br, old);
    }
    return OFPERR_OK;
}

struct change {
    struct bridge *br;
    const struct flow_mod *fm;
    struct rule_acts *acts; /* MODIFY */
    size_t n;               /* Rules that it meant. */
};

static bool modify_one(void *c_, struct rule *rule)
{
    struct change *c = c_;
    c->n++;
    struct rule_args args = {.table_id = rule->table_id,
                             .priority = rule->priority,
                             .cookie = c->fm->modify_cookie ? c->fm->new_cookie : rule->cookie,
                             .idle_timeout = rule->idle_timeout,
                             .hard_timeout = rule->hard_timeout,
                             .importance = rule->importance,
                             .flags = rule->flags,
                             .now_ms = loop_now(c->br->ofproto->loop)};
    bool keep_counters = !(c->fm->flags & OFPFF_RESET_COUNTS);
    struct rule *now =
        tables_replace(c->br->tables, rule, &args, rule_acts_ref(c->acts), keep_counters, true);

    rule_changed(c->br, now);
    bridge_keep_rule(c->br, now);
    bridge_monitor_note(c->br, FLOW_UPDATE_MODIFIED, now, rule, 0);
    bridge_table_changed(c->br, now->table_id, now);
    learn_rule_added(c->br, now);
    learn_rule_gone(c->br, rule);
    return true;
}

static bool delete_one(void *c_, struct rule *rule)
{
    struct change *c = c_;
    take_out(c->br, rule, FR_DELETE);
    return true;
}

/* The rules that a MODIFY or DELETE means, strict or not. */
static void select_rules(struct change *c, bool strict, bool (*visit)(void *, struct rule *))
{
    const struct flow_mod *fm = c->fm;
    struct rule_criteria criteria = {.table_id = fm->table_id,
                                     .match = &fm->match,
                                     .cookie = fm->cookie,
                                     .cookie_mask = fm->cookie_mask,
                                     .out_port = OFPP_ANY,
                                     .out_group = OFPG_ANY};

    if (fm->command == FM_DELETE || fm->command == FM_DELETE_STRICT) {
        criteria.out_port = fm->out_port;
        criteria.out_group = fm->out_group;
    }
    if (!strict) {
        tables_select(c->br->tables, &criteria, visit, c);
        return;
    }
    unsigned first = fm->table_id == OFPTT_ALL ? 0 : fm->table_id;
    unsigned last = fm->table_id == OFPTT_ALL ? OFP_N_TABLES - 1 : fm->table_id;
    for (unsigned id = first; id <= last; id++) {
        struct rule *rule = table_find(c->br->tables, (uint8_t)id, &fm->match, fm->priority);
        if (rule && rule_criteria_match(&criteria, rule)) {
            visit(c, rule);
        }
    }
}

void bridge_flow_delete(struct bridge *br, const struct flow_mod *fm)
{
    struct change c = {.br = br, .fm = fm};

    bridge_keep_delete(br, fm);
    select_rules(&c, fm->command == FM_DELETE_STRICT, delete_one);
}

static enum ofp_error check(const struct bridge *br, const struct flow_mod *fm)
{
    struct dp_features features;
    bool deletes = fm->command == FM_DELETE || fm->command == FM_DELETE_STRICT;
    /* 1.0 names no table: it adds to the first, and changes and deletes in all. */
    bool all = fm->table_id == OFPTT_ALL && (deletes || fm->any_table);

    if (fm->table_id >= OFP_N_TABLES && !all) {
        return OFPERR_OFPFMFC_BAD_TABLE_ID;
    }
    dp_get_features(br->ofproto->dp, &features);
    enum ofp_error error = xlate_can_match(&fm->match, &features);
    if (!error && !deletes) {
        error = bridge_acts_check_kept(br, fm->acts.data, fm->acts.len);
    }
    return error;
}

enum ofp_error bridge_flow_mod(struct bridge *br, const struct flow_mod *fm, struct ofconn *conn,
                               const uint8_t *msg)
{
    struct change c = {.br = br, .fm = fm};
    enum ofp_error error = check(br, fm);

    if (error) {
        return error;
    }
    switch (fm->command) {
    case FM_ADD:
        error = add(br, fm, msg);
        break;
    case FM_MODIFY:
    case FM_MODIFY_STRICT:
        c.acts = rule_acts_new(fm->acts.data, fm->acts.len);
        select_rules(&c, fm->command == FM_MODIFY_STRICT, modify_one);
        rule_acts_unref(c.acts);
        if (!c.n && fm->before_12) {
            error = add(br, fm, msg);
        }
        break;
    case FM_DELETE:
    case FM_DELETE_STRICT:
        bridge_flow_delete(br, fm);
        break;
    default:
        return OFPERR_OFPFMFC_BAD_COMMAND;
    }
    if (error) {
        return error;
    }
    tables_publish(br->tables);
    bridge_flow_arm(br);
    if (fm->buffer_id != OFP_NO_BUFFER && conn && fm->command <= FM_MODIFY_STRICT) {
        return bridge_packet_resume_buffer(br, conn, fm->buffer_id);
    }
    return OFPERR_OK;
}

enum ofp_error bridge_flow_restore(struct bridge *br, const struct flow_mod *fm,
                                   int64_t modified_ms, struct rule **rule)
{
    struct rule_args args = args_of(br, fm);
    enum ofp_error error = check(br, fm);

    if (error) {
        return error;
    }
    args.now_ms = modified_ms;
    struct rule *old = table_find(br->tables, args.table_id, &fm->match, fm->priority);
    struct rule_acts *acts = acts_of(br, fm);
    *rule = old ? tables_replace(br->tables, old, &args, acts, false, false)
                : tables_insert(br->tables, &fm->match, &args, acts);
    learn_rule_added(br, *rule);
    if (old) {
        learn_rule_gone(br, old);
    }
    bridge_table_changed(br, args.table_id, *rule);
    return OFPERR_OK;
}

/* ---- timeouts ---- */

static void on_timeout(void *br_, struct rule *rule, enum rule_timeout which)
{
    delete_rule(br_, rule, which == RULE_IDLE ? FR_IDLE_TIMEOUT : FR_HARD_TIMEOUT);
}

void bridge_flow_expire(struct bridge *br)
{
    int64_t now = loop_now(br->ofproto->loop);

    if (tables_next_timeout(br->tables) <= now) {
        /* What looks idle may have been used: cached flows count on their own. */
        ofproto_pull_stats(br->ofproto);
        tables_expire(br->tables, now, 10000, on_timeout, br);
        tables_publish(br->tables);
    }
    bridge_flow_arm(br);
}

void bridge_flow_arm(struct bridge *br)
{
    int64_t at = tables_next_timeout(br->tables);

    if (at == INT64_MAX) {
        loop_timer_cancel(&br->expiry);
    } else {
        /* Not at once and not every millisecond: expiry pulls statistics. */
        loop_timer_at(&br->expiry, MAX(at, loop_now(br->ofproto->loop) + 100));
    }
}

/* ---- what the switch does to its own rules ---- */

struct refs_walk {
    struct bridge *br;
    enum act_type type;
    uint32_t id;
    enum flow_removed_reason reason;
};

static bool is_other(void *w_, uint32_t id)
{
    const struct refs_walk *w = w_;
    return w->id != OFPG_ANY && w->id != id;
}

static bool delete_if_named(void *w_, struct rule *rule)
{
    struct refs_walk *w = w_;

    if (!acts_refs(rule->acts->data, rule->acts->len, w->type, is_other, w)) {
        delete_rule(w->br, rule, w->reason);
    }
    return true;
}

void bridge_flow_delete_refs(struct bridge *br, enum act_type type, uint32_t id,
                             enum flow_removed_reason reason)
{
    struct refs_walk w = {br, type, id, reason};
    struct match any;
    struct rule_criteria all = {
        .table_id = OFPTT_ALL, .match = &any, .out_port = OFPP_ANY, .out_group = OFPG_ANY};

    match_init(&any);
    tables_select(br->tables, &all, delete_if_named, &w);
    bridge_flow_arm(br);
}

static bool flush_one(void *c_, struct rule *rule)
{
    struct change *c = c_;
    delete_rule(c->br, rule, FR_DELETE);
    return true;
}

void bridge_flow_flush(struct bridge *br)
{
    struct flow_mod fm = {.command = FM_ADD, .buffer_id = OFP_NO_BUFFER};
    struct rule_criteria all = {
        .table_id = OFPTT_ALL, .match = &fm.match, .out_port = OFPP_ANY, .out_group = OFPG_ANY};
    struct change c = {.br = br};

    match_init(&fm.match);
    tables_select(br->tables, &all, flush_one, &c);
    if (br->fail_mode == FAIL_STANDALONE && !br->has_controllers) {
        struct act_output *out = acts_put(&fm.acts, ACT_OUTPUT, sizeof *out);
        out->port = OFPP_NORMAL;
        add(br, &fm, NULL);
    }
    tables_publish(br->tables);
    acts_deinit(&fm.acts);
}

void bridge_fail_open(struct bridge *br, bool on)
{
    if (br->fail_open != on) {
        br->fail_open = on;
        ofproto_cfg_changed(br->ofproto);
    }
}

void bridge_dump_flows(struct bridge *br, struct text *t)
{
    struct tables_cursor cursor;
    struct rule *rule;

    ofproto_pull_stats(br->ofproto);
    tables_cursor_init(&cursor, br->tables, OFPTT_ALL);
    while ((rule = tables_cursor_next(&cursor, br->tables))) {
        struct match m;
        if (rule->cookie) {
            text_printf(t, "cookie=0x%" PRIx64 ", ", rule->cookie);
        }
        if (rule->table_id) {
            text_printf(t, "table_id=%u, ", rule->table_id);
        }
        text_printf(t, "duration=%" PRId64 "s, n_packets=%" PRIu64 ", n_bytes=%" PRIu64 ", ",
                    (loop_now(br->ofproto->loop) - rule->created_ms) / 1000, rule->packets,
                    rule->bytes);
        rule_match(rule, &m);
        match_format(&m, NULL, rule->priority, t);
        text_puts(t, ",actions=");
        acts_format(rule->acts->data, rule->acts->len, NULL, t);
        text_putc(t, '\n');
    }
    tables_cursor_deinit(&cursor);
    bridge_in_band_show(br, t);
}
