/* bridge_restore.c - see bridge_keep.h: what a former process left, before the first port opens.
 *
 * Control thread.  Records are taken as a controller's messages are: each is decoded and checked in
 * full, and one that does not fit any more is left out, with a line in the log.  Idle timeouts
 * begin anew, since the file does not know when a rule was last used; hard ones and ages go on. */
#include <stdlib.h>

#include "lib/log.h"
#include "ofp/group.h"
#include "ofp/table_features.h"
#include "ofp/table_mod.h"
#include "ofp/tlv_table_msg.h"
#include "ofproto/bridge_table.h"
#include "ofproto/journal.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"

LOG_MODULE(bridge_restore);

struct restore {
    struct bridge *bridge;
    uint64_t n_refused;
};

static enum ofp_error decode(const struct msg_header *h, struct wire_rd *rd, struct flow_mod *fm)
{
    const struct act_limits limits = {.n_tables = OFP_N_TABLES, .cur_table = 255};
    enum ofp_error error = flow_mod_decode(rd, h, &limits, fm);

    if (!error) {
        bridge_flow_ethernet(&fm->match);
    }
    return error;
}

static enum ofp_error header(const struct restore *r, struct wire_rd *rd, struct msg_header *h)
{
    enum ofp_error error = msg_decode_header(rd, h);
    h->tlvs = r->bridge->tlvs;
    return error;
}

static enum ofp_error on_rule(struct restore *r, struct wire_rd *rd)
{
    uint64_t packets = wire_rd_u64(rd), bytes = wire_rd_u64(rd);
    int64_t created = (int64_t)wire_rd_u64(rd), modified = (int64_t)wire_rd_u64(rd);
    int64_t now = loop_now(r->bridge->ofproto->loop);
    struct msg_header h;
    struct flow_mod fm;
    struct wire_rd body;
    struct rule *rule;

    wire_rd_init(&body, rd->p, wire_rd_left(rd));
    enum ofp_error error = rd->err ? OFPERR_OFPBRC_BAD_LEN : header(r, &body, &h);
    if (error) {
        return error;
    }
    if (h.type != MSG_FLOW_MOD || (error = decode(&h, &body, &fm)) != OFPERR_OK) {
        return error ? error : OFPERR_OFPBRC_BAD_TYPE;
    }
    modified = MAX(MIN(modified, now), 0);
    error = fm.command != FM_ADD ? OFPERR_OFPFMFC_BAD_COMMAND
                                 : bridge_flow_restore(r->bridge, &fm, modified, &rule);
    if (!error) {
        rule->packets = packets;
        rule->bytes = bytes;
        rule->created_ms = MAX(MIN(created, modified), 0);
        rule->used_ms = now;
    }
    flow_mod_deinit(&fm);
    return error;
}

static enum ofp_error on_gone(struct restore *r, const struct msg_header *h, struct wire_rd *rd)
{
    struct flow_mod fm;
    enum ofp_error error = decode(h, rd, &fm);

    if (!error) {
        if (fm.command == FM_DELETE || fm.command == FM_DELETE_STRICT) {
            bridge_flow_delete(r->bridge, &fm);
        }
        flow_mod_deinit(&fm);
    }
    return error;
}

static enum ofp_error on_tlvs(struct restore *r, const struct msg_header *h, struct wire_rd *rd)
{
    struct tlv_table_mod m;
    enum ofp_error error = tlv_table_mod_decode(rd, &m);

    (void)h;
    error = error ? error : bridge_tlv_change(r->bridge, m.command, m.maps.maps, m.maps.n);
    tlv_maps_deinit(&m.maps);
    return error;
}

static enum ofp_error on_group(struct restore *r, const struct msg_header *h, struct wire_rd *rd)
{
    struct group_mod gm;
    enum ofp_error error = group_mod_decode(rd, h, &gm);

    if (!error) {
        error = bridge_group_mod(r->bridge, &gm);
        group_mod_deinit(&gm);
    }
    return error;
}

static enum ofp_error on_meter(struct restore *r, const struct msg_header *h, struct wire_rd *rd)
{
    struct meter_mod mm;
    enum ofp_error error = meter_mod_decode(rd, h, &mm);

    if (!error) {
        error = bridge_meter_mod(r->bridge, &mm);
        meter_deinit(&mm.meter);
    }
    return error;
}

static enum ofp_error on_table(struct restore *r, const struct msg_header *h, struct wire_rd *rd)
{
    struct table_config c;
    enum ofp_error error = table_mod_decode(rd, h, &c);

    return error ? error : bridge_table_mod(r->bridge, &c, h->version);
}

static enum ofp_error on_message(struct restore *r, struct wire_rd *rd)
{
    /* One row a message that bridge_keep_message() and its like write. */
    static const struct {
        enum msg_type type;
        enum ofp_error (*handle)(struct restore *, const struct msg_header *, struct wire_rd *);
    } handlers[] = {{MSG_FLOW_MOD, on_gone},
                    {MSG_NXT_TLV_TABLE_MOD, on_tlvs},
                    {MSG_GROUP_MOD, on_group},
                    {MSG_METER_MOD, on_meter},
                    {MSG_TABLE_MOD, on_table}};
    struct msg_header h;
    enum ofp_error error = header(r, rd, &h);

    for (size_t i = 0; !error && i < ARRAY_SIZE(handlers); i++) {
        if (handlers[i].type == h.type) {
            return handlers[i].handle(r, &h, rd);
        }
    }
    return error ? error : OFPERR_OFPBRC_BAD_TYPE;
}

/* So that a configuration that has changed meanwhile has the effect that it has on a live bridge.
 */
static enum ofp_error on_control(struct restore *r, struct wire_rd *rd)
{
    uint8_t fail_mode = wire_rd_u8(rd), has_controllers = wire_rd_u8(rd);

    if (rd->err || fail_mode > FAIL_SECURE) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    r->bridge->fail_mode = (enum fail_mode)fail_mode;
    r->bridge->has_controllers = has_controllers;
    return OFPERR_OK;
}

/* The port, that will open later, takes it then. */
/* The rest, as text.  False: it is none, or too long. */
static bool get_name(struct wire_rd *rd, char *name, size_t size)
{
    size_t n = wire_rd_left(rd);

    if (rd->err || n >= size || memchr(rd->p, '\0', n)) {
        return false;
    }
    memcpy(name, rd->p, n);
    name[n] = '\0';
    return true;
}

static enum ofp_error on_port(struct restore *r, struct wire_rd *rd)
{
    uint32_t config = wire_rd_u32(rd);
    char name[256];

    if (!get_name(rd, name, sizeof name) || !*name) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    bridge_port_config_set(r->bridge, name, config);
    return OFPERR_OK;
}

static enum ofp_error on_table_name(struct restore *r, struct wire_rd *rd)
{
    uint8_t id = wire_rd_u8(rd);
    char name[sizeof((struct table_features *)0)->name];

    if (!get_name(rd, name, sizeof name) || id >= OFP_N_TABLES) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    bridge_table_rename(r->bridge, id, name);
    return OFPERR_OK;
}

static void forget(struct fdb *fdb, uint32_t ofp_port)
{
    if (ofp_port == OFPP_ANY) {
        fdb_flush(fdb);
    } else {
        fdb_flush_port(fdb, ofp_port);
    }
}

/* Those that are too old go at the next tick. */
static enum ofp_error on_addresses(struct restore *r, struct wire_rd *rd)
{
    struct fdb *fdb = r->bridge->fdb;
    int64_t now = loop_now(r->bridge->ofproto->loop);

    while (wire_rd_left(rd)) {
        uint8_t mac[6];
        uint16_t vlan = wire_rd_u16(rd);
        wire_rd_copy(rd, mac, sizeof mac);
        uint32_t port = wire_rd_u32(rd);
        int64_t used = (int64_t)wire_rd_u64(rd);
        if (rd->err || (vlan > 4095 && vlan != KEEP_VLAN_ALL)) {
            return OFPERR_OFPBRC_BAD_LEN;
        }
        if (vlan == KEEP_VLAN_ALL) {
            forget(fdb, port);
        } else {
            fdb_learn(fdb, vlan, mac, port, MAX(MIN(used, now), 0));
        }
    }
    return OFPERR_OK;
}

static enum ofp_error on_metered(struct restore *r, struct wire_rd *rd)
{
    int64_t now = loop_now(r->bridge->ofproto->loop);
    struct bridge_meter *m = bridge_meter_find(r->bridge, wire_rd_u32(rd));
    int64_t created = (int64_t)wire_rd_u64(rd), then = (int64_t)wire_rd_u64(rd);
    struct dp_meter_stats s = {.packets = wire_rd_u64(rd)};

    s.bytes = wire_rd_u64(rd);
    for (unsigned i = 0; i < DP_METER_MAX_BANDS && wire_rd_left(rd); i++) {
        s.bands[i].packets = wire_rd_u64(rd);
        s.bands[i].bytes = wire_rd_u64(rd);
        s.bands[i].ahead_us = wire_rd_u64(rd);
    }
    if (rd->err || wire_rd_left(rd)) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (!m) {
        return OFPERR_OFPMMFC_UNKNOWN_METER;
    }
    m->created_ms = MAX(MIN(created, now), 0);
    bridge_meter_restore(r->bridge, m, &s, now - MAX(MIN(then, now), 0));
    return OFPERR_OK;
}

static enum ofp_error on_group_counted(struct restore *r, struct wire_rd *rd)
{
    int64_t now = loop_now(r->bridge->ofproto->loop);
    struct group_entry *e = groups_live(r->bridge->tables, wire_rd_u32(rd));
    int64_t created = (int64_t)wire_rd_u64(rd);
    uint64_t packets = wire_rd_u64(rd), bytes = wire_rd_u64(rd);

    if (rd->err || !e || wire_rd_left(rd) != e->group.n_buckets * 16) {
        return rd->err || e ? OFPERR_OFPBRC_BAD_LEN : OFPERR_OFPGMFC_UNKNOWN_GROUP;
    }
    e->created_ms = MAX(MIN(created, now), 0);
    e->total->packets = packets;
    e->total->bytes = bytes;
    for (size_t i = 0; i < e->group.n_buckets; i++) {
        e->buckets[i]->packets = wire_rd_u64(rd);
        e->buckets[i]->bytes = wire_rd_u64(rd);
    }
    return OFPERR_OK;
}

static void on_record(void *r_, uint8_t kind, const void *data, size_t len)
{
    struct restore *r = r_;
    enum ofp_error error = OFPERR_OFPBRC_BAD_TYPE;
    struct wire_rd rd;

    wire_rd_init(&rd, data, len);
    switch (kind) {
    case KEEP_RULE:
        error = on_rule(r, &rd);
        break;
    case KEEP_MESSAGE:
        error = on_message(r, &rd);
        break;
    case KEEP_CONTROL:
        error = on_control(r, &rd);
        break;
    case KEEP_PORT:
        error = on_port(r, &rd);
        break;
    case KEEP_ADDRESSES:
        error = on_addresses(r, &rd);
        break;
    case KEEP_METER:
        error = on_metered(r, &rd);
        break;
    case KEEP_GROUP:
        error = on_group_counted(r, &rd);
        break;
    case KEEP_TABLE_NAME:
        error = on_table_name(r, &rd);
        break;
    }
    if (error) {
        r->n_refused++;
        log_warn_rl("%s: a rule of the former process cannot be taken over: %s", r->bridge->name,
                    ofp_error_name(error));
    }
}

void bridge_restore(struct bridge *br, const char *path)
{
    struct restore r = {.bridge = br};
    struct journal_read read;

    journal_read(path, on_record, &r, &read);
    tables_publish(br->tables);
    if (read.refused) {
        log_warn("%s: the rules of the former process are lost: %s", path, read.refused);
    } else if (read.found) {
        log_info("%s: %zu rules of the former process are back", br->name,
                 tables_n_rules(br->tables));
    }
    if (read.n_damaged || read.n_cut) {
        log_warn("%s: %" PRIu64 " damaged records are left out; %" PRIu64
                 " bytes at the end were cut off",
                 path, read.n_damaged, read.n_cut);
    }
    if (r.n_refused) {
        log_warn("%s: %" PRIu64 " records do not fit this switch any more", path, r.n_refused);
    }
    bridge_flow_arm(br);
}
