/* bridge_keep.c - see bridge_keep.h: what is written, and when. */
#include "ofproto/bridge_keep.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/group.h"
#include "ofp/tlv_table_msg.h"
#include "ofproto/journal.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"

LOG_MODULE(bridge_keep);

_Static_assert(KEEP_MAX <= JOURNAL_RECORD_MAX, "a record");

#define SLICE      1000 /* Rules of a snapshot in one turn of the loop, */
#define SLICE_SLOW 100  /* or, as the file that it will replace has everything, so many */
#define SLOW_MS    1    /* after such a rest: packet-ins go first. */
#define TICK_MS    1000
#define REFRESH_MS 60000 /* So old may the counters in the file be, */
#define REFRESH    10000 /* of bridges with that many rules at most. */

struct bridge_keep {
    struct bridge *bridge;
    struct journal *journal;
    struct tables_cursor cursor; /* While 'walking'. */
    bool walking;
    int64_t snapshot_ms, counted_ms;
    unsigned n_addresses; /* Written since the last tick. */
    struct loop_call slice;
    struct loop_timer rest, tick;
};

/* ---- records ---- */

void bridge_keep_put(struct bridge *br, struct wire_wr *w, enum bridge_keep_kind kind,
                     bool snapshot)
{
    if (w->err) {
        log_warn_rl("%s: something too long for the journal will not outlive this process",
                    br->name);
    } else if (snapshot) {
        journal_put_snapshot(br->keep->journal, (uint8_t)kind, w->data, w->len);
    } else {
        journal_put(br->keep->journal, (uint8_t)kind, w->data, w->len);
    }
    wire_wr_deinit(w);
}

/* The message about a rule; its acts are only lent. */
static void encode(const struct rule *rule, enum flow_mod_command command, struct wire_wr *w)
{
    struct flow_mod fm = {.command = (uint8_t)command,
                          .table_id = rule->table_id,
                          .priority = rule->priority,
                          .new_cookie = rule->cookie,
                          .idle_timeout = rule->idle_timeout,
                          .hard_timeout = rule->hard_timeout,
                          .importance = rule->importance,
                          .buffer_id = OFP_NO_BUFFER,
                          .out_port = OFPP_ANY,
                          .out_group = OFPG_ANY,
                          .flags = rule->flags};

    rule_match(rule, &fm.match);
    if (command == FM_ADD) {
        fm.acts = (struct acts){.data = rule->acts->data, .len = rule->acts->len};
    }
    flow_mod_encode(&fm, PROTOCOL_OF15, 0, w);
}

static void put_past(const struct rule *rule, struct wire_wr *w)
{
    wire_wr_u64(w, rule->packets);
    wire_wr_u64(w, rule->bytes);
    wire_wr_u64(w, (uint64_t)rule->created_ms);
    wire_wr_u64(w, (uint64_t)rule->modified_ms);
}

static void put_rule(struct bridge *br, const struct rule *rule, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    put_past(rule, &w);
    encode(rule, FM_ADD, &w);
    bridge_keep_put(br, &w, KEEP_RULE, snapshot);
}

void bridge_keep_rule(struct bridge *br, const struct rule *rule)
{
    if (br->keep) {
        put_rule(br, rule, false);
    }
}

void bridge_keep_rule_as(struct bridge *br, const struct rule *rule, const uint8_t *msg)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    if (br->keep) {
        put_past(rule, &w);
        wire_wr_bytes(&w, msg, get_be16(msg + 2));
        bridge_keep_put(br, &w, KEEP_RULE, false);
    }
}

void bridge_keep_rule_gone(struct bridge *br, const struct rule *rule)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    if (br->keep) {
        encode(rule, FM_DELETE_STRICT, &w);
        bridge_keep_put(br, &w, KEEP_MESSAGE, false);
    }
}

void bridge_keep_delete(struct bridge *br, const struct flow_mod *fm)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    if (br->keep) {
        flow_mod_encode(fm, PROTOCOL_OF15, 0, &w);
        bridge_keep_put(br, &w, KEEP_MESSAGE, false);
    }
}

static void put_control(struct bridge *br, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    wire_wr_u8(&w, (uint8_t)br->fail_mode);
    wire_wr_u8(&w, br->has_controllers);
    bridge_keep_put(br, &w, KEEP_CONTROL, snapshot);
}

void bridge_keep_control(struct bridge *br)
{
    if (br->keep) {
        put_control(br, false);
    }
}

static void put_tlvs(struct bridge *br, enum tlv_command command, const struct tlv_mapping *maps,
                     size_t n, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);
    struct tlv_table_mod m = {.command = command, .maps = {.n = n}};

    m.maps.maps = n ? xmemdup(maps, n * sizeof *maps) : NULL;
    tlv_table_mod_encode(&m, KEEP_VERSION, 0, &w);
    tlv_maps_deinit(&m.maps);
    bridge_keep_put(br, &w, KEEP_MESSAGE, snapshot);
}

void bridge_keep_tlvs(struct bridge *br, enum tlv_command command, const struct tlv_mapping *maps,
                      size_t n)
{
    if (br->keep) {
        put_tlvs(br, command, maps, n, false);
    }
}

static void put_group(struct bridge *br, uint16_t command, const struct group *g, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);
    /* Lent. */
    struct group_mod gm = {.command = command, .command_bucket = BUCKET_ALL, .group = *g};

    group_mod_encode(&gm, KEEP_VERSION, 0, &w);
    bridge_keep_put(br, &w, KEEP_MESSAGE, snapshot);
}

void bridge_keep_group(struct bridge *br, uint32_t id, bool gone)
{
    const struct group_entry *e = br->keep && !gone ? groups_live(br->tables, id) : NULL;

    if (br->keep && gone) {
        put_group(br, GM_DELETE, &(struct group){.id = id}, false);
    } else if (e) {
        put_group(br, GM_ADD_OR_MODIFY, &e->group, false);
    }
}

static void put_meter(struct bridge *br, uint16_t command, const struct meter *m, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);
    struct meter_mod mm = {.command = command, .meter = *m}; /* Lent. */

    meter_mod_encode(&mm, KEEP_VERSION, 0, &w);
    bridge_keep_put(br, &w, KEEP_MESSAGE, snapshot);
}

void bridge_keep_meter(struct bridge *br, uint16_t command, uint32_t id)
{
    const struct bridge_meter *m = br->keep ? bridge_meter_find(br, id) : NULL;

    if (br->keep) {
        put_meter(br, command, m ? &m->config : &(struct meter){.id = id}, false);
    }
}

static void put_meters(struct bridge *br)
{
    size_t n;
    struct bridge_meter **list = bridge_meters_list(br, &n);

    for (size_t i = 0; i < n; i++) {
        put_meter(br, MM_ADD, &list[i]->config, true);
    }
    free(list);
}

/* Groups name each other: first all are there, then they are what they are. */
static void put_groups(struct bridge *br)
{
    size_t n;
    struct group_entry **list = groups_list(br->tables, &n);

    for (size_t i = 0; i < n; i++) {
        put_group(br, GM_ADD, &(struct group){.id = list[i]->group.id, .type = GROUP_ALL}, true);
    }
    for (size_t i = 0; i < n; i++) {
        put_group(br, GM_MODIFY, &list[i]->group, true);
    }
    free(list);
}

void bridge_keep_learned(struct bridge *br, const struct fdb_entry_info *e)
{
    if (br->keep && br->keep->n_addresses < KEEP_ADDRESSES_S) {
        br->keep->n_addresses++;
        bridge_keep_address(br, e);
    }
}

void bridge_keep_forgotten(struct bridge *br, uint32_t ofp_port)
{
    bridge_keep_address(br, &(struct fdb_entry_info){.vlan = KEEP_VLAN_ALL, .ofp_port = ofp_port});
}

void bridge_keep_message(struct bridge *br, const void *msg, size_t len)
{
    if (br->keep) {
        journal_put(br->keep->journal, KEEP_MESSAGE, msg, len);
    }
}

/* ---- snapshots ---- */

static void stop_walk(struct bridge_keep *k)
{
    loop_call_cancel(&k->slice);
    loop_timer_cancel(&k->rest);
    if (k->walking) {
        tables_cursor_deinit(&k->cursor);
        k->walking = false;
    }
}

/* What rules may need comes before them. */
static void begin(struct bridge_keep *k)
{
    struct bridge *br = k->bridge;
    struct tlv_mapping maps[64];
    uint64_t mapped = tlv_table_mapped(br->tlvs);
    size_t n = 0;

    stop_walk(k);
    journal_begin(k->journal);
    put_control(br, true);
    for (unsigned i = 0; i < 64; i++) {
        if (mapped & BIT64(i)) {
            maps[n++] = *tlv_table_get(br->tlvs, i);
        }
    }
    if (n) {
        put_tlvs(br, TLV_ADD, maps, n, true);
    }
    put_meters(br);
    put_groups(br);
    bridge_keep_state(br);
    tables_cursor_init(&k->cursor, br->tables, OFPTT_ALL);
    k->walking = true;
    k->snapshot_ms = k->counted_ms = loop_now(br->ofproto->loop);
}

/* True: that was the last rule. */
static bool walk(struct bridge_keep *k, size_t budget)
{
    struct rule *rule;

    for (; budget; budget--) {
        rule = tables_cursor_next(&k->cursor, k->bridge->tables);
        if (!rule) {
            stop_walk(k);
            journal_end(k->journal);
            return true;
        }
        put_rule(k->bridge, rule, true);
    }
    return false;
}

static void on_slice(void *k_)
{
    struct bridge_keep *k = k_;

    bool slow = journal_is_kept(k->journal) && !env_time_stopped();

    /* Else the next tick goes on. */
    if (k->walking && !journal_busy(k->journal) && !walk(k, slow ? SLICE_SLOW : SLICE)) {
        if (slow) {
            loop_timer_after(&k->rest, SLOW_MS);
        } else {
            loop_call_schedule(&k->slice);
        }
    }
}

static void on_tick(void *k_)
{
    struct bridge_keep *k = k_;
    struct bridge *br = k->bridge;
    int64_t now = loop_now(br->ofproto->loop);
    bool old = now - k->snapshot_ms >= REFRESH_MS && tables_n_rules(br->tables) <= REFRESH &&
               journal_idle(k->journal);

    k->n_addresses = 0;
    if (!k->walking && (old || journal_wants_snapshot(k->journal))) {
        ofproto_pull_stats(br->ofproto);
        begin(k);
    } else if (now - k->counted_ms >= REFRESH_MS) {
        k->counted_ms = now;
        ofproto_pull_stats(br->ofproto);
        bridge_keep_counted(br, false);
    }
    loop_call_schedule(&k->slice);
}

/* ---- on and off ---- */

static char *path_of(const struct bridge *br)
{
    return xasprintf("%s/%s.rules", br->ofproto->rundir, br->name);
}

void bridge_keep_rules(struct bridge *br, bool on)
{
    struct loop *loop = br->ofproto->loop;

    if (on == (br->keep != NULL)) {
        return;
    }
    char *path = path_of(br);
    if (!on) {
        bridge_keep_free(br, true);
    } else {
        if (!br->was_restored) {
            bridge_restore(br, path);
        }
        struct bridge_keep *k = xzalloc(sizeof *k);
        k->bridge = br;
        k->journal = journal_new(loop, path);
        loop_call_init(&k->slice, loop, on_slice, k);
        loop_timer_init(&k->rest, loop, on_slice, k);
        loop_timer_init(&k->tick, loop, on_tick, k);
        loop_timer_every(&k->tick, TICK_MS);
        br->keep = k;
        begin(k);
        loop_call_schedule(&k->slice);
    }
    if (!on) {
        unlink(path); /* A former process' too. */
    }
    br->was_restored = true;
    free(path);
}

void bridge_keep_write(struct bridge *br)
{
    struct bridge_keep *k = br->keep;

    if (k) {
        begin(k);
        while (!walk(k, SLICE)) {
        }
        journal_flush(k->journal);
    }
}

void bridge_keep_free(struct bridge *br, bool remove)
{
    struct bridge_keep *k = br->keep;

    if (k) {
        loop_timer_cancel(&k->tick);
        if (!remove) { /* With the last counters. */
            bridge_keep_write(br);
        }
        stop_walk(k);
        journal_close(k->journal, remove);
        free(k);
        br->keep = NULL;
    }
}
