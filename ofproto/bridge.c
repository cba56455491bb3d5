/* bridge.c - an OpenFlow switch as a whole: see bridge.h.  Ports are in bridge_port.c, rules in
 * bridge_flow.c, packets in bridge_packet.c, messages in dispatch.c. */
#include "ofproto/bridge_table.h"
#include "ofproto/bridge.h"

#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/learn.h"
#include "ofproto/bridge_monitor.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/ofproto_recirc.h"

LOG_MODULE(bridge);

/* Never used twice, over all datapaths: continuations and packet-ins under way name bridges by it.
 */
static uint32_t next_id = 1;

static void on_recv(void *br_, struct ofconn *c, const struct msg_header *h, const void *msg,
                    size_t len)
{
    struct bridge *br = br_;
    struct msg_header with_tlvs = *h;

    with_tlvs.tlvs = br->tlvs;
    dispatch(br, c, &with_tlvs, msg, len);
}

static void on_closed(void *br_, struct ofconn *c)
{
    (void)br_;
    bridge_packet_forget(c);
}

static void on_fail_open(void *br_, bool on)
{
    struct bridge *br = br_;
    if (on) {
        log_warn("%s: no controller answers: switching by itself (fail mode standalone)", br->name);
    } else if (br->fail_open) {
        log_info("%s: a controller answers again", br->name);
    }
    bridge_fail_open(br, on);
}

static void on_expiry(void *br_)
{
    bridge_flow_expire(br_);
}

char *bridge_new(struct ofproto *p, const char *name, struct bridge **out)
{
    static const struct conn_handler handler = {.recv = on_recv,
                                                .closed = on_closed,
                                                .fail_open = on_fail_open};
    struct bridge *br = xzalloc(sizeof *br);
    uint64_t seed = env_random(loop_env(p->loop));

    br->ofproto = p;
    br->name = xstrdup(name);
    br->id = next_id++;
    br->tables = tables_new(seed);
    br->tlvs = tlv_table_new();
    br->table_cfgs = bridge_tables_new();
    br->fdb = fdb_new(seed, FDB_DEFAULT_MAX, FDB_DEFAULT_AGE_MS);
    br->fail_mode = FAIL_SECURE;
    br->removed_tail = &br->removed;
    hmap_init(&br->ports);
    hmap_init(&br->meters);
    hmap_init(&br->port_configs);
    hmap_init(&br->learners);
    loop_timer_init(&br->expiry, p->loop, on_expiry, br);
    char *error = connmgr_new(p->loop, p->rundir, name, OFP_VERSIONS, &handler, br, &br->conns);
    if (error) {
        bridge_tables_free(br->table_cfgs);
        tables_unref(br->tables);
        tlv_table_unref(br->tlvs);
        fdb_unref(br->fdb);
        free(br->name);
        free(br);
        return error;
    }
    br->next = p->bridges;
    p->bridges = br;
    ofproto_recirc_bridge(p, br);
    ofproto_cfg_update(p);
    *out = br;
    return NULL;
}

void bridge_free(struct bridge *br)
{
    struct ofproto *p = br->ofproto;

    connmgr_free(br->conns);
    ofproto_recirc_write(p); /* They are written with its name. */
    bridge_keep_free(br, !br->detached);
    loop_timer_cancel(&br->expiry);
    for (struct bridge **i = &p->bridges; *i; i = &(*i)->next) {
        if (*i == br) {
            *i = br->next;
            break;
        }
    }
    /* Workers stop translating for it before its ports and tables go. */
    ofproto_cfg_update(p);
    bridge_ipfix_deinit(br); /* Its records name ports. */
    bridge_ports_deinit(br);
    bridge_port_configs_deinit(br);
    bridge_meters_deinit(br);
    bridge_pause_deinit(br);
    free(br->in_band);
    bridge_monitors_deinit(br);
    bridge_mirrors_deinit(br);
    learn_deinit(br);
    struct removed_rule *next;
    for (struct removed_rule *r = br->removed; r; r = next) {
        next = r->next;
        rule_unref(r->rule);
        free(r);
    }
    bridge_tables_free(br->table_cfgs);
    rule_acts_unref(br->last_acts);
    tables_unref(br->tables);
    tlv_table_unref(br->tlvs);
    fdb_unref(br->fdb);
    free(br->dp_desc);
    free(br->name);
    free(br);
}

const char *bridge_name(const struct bridge *br)
{
    return br->name;
}

struct ofproto *bridge_ofproto(const struct bridge *br)
{
    return br->ofproto;
}

void bridge_set_datapath_id(struct bridge *br, uint64_t id)
{
    if (br->datapath_id != id) {
        br->datapath_id = id;
        connmgr_reconnect(br->conns); /* Controllers know a switch by it. */
    }
}

void bridge_set_dp_desc(struct bridge *br, const char *desc)
{
    free(br->dp_desc);
    br->dp_desc = desc ? xstrdup(desc) : NULL;
}

void bridge_set_admit(struct bridge *br, enum bridge_admit admit)
{
    br->admit = admit;
}

struct connmgr *bridge_conns(struct bridge *br)
{
    return br->conns;
}

/* Listeners serve whoever comes; only a controller that the switch calls itself manages it. */
static bool has_active(const struct controller_config *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strncmp(c[i].target, "ptcp:", 5) && strncmp(c[i].target, "punix:", 6) &&
            strncmp(c[i].target, "pssl:", 5)) {
            return true;
        }
    }
    return false;
}

void bridge_set_control(struct bridge *br, enum fail_mode mode, const struct controller_config *c,
                        size_t n)
{
    bool was_alone = !br->has_controllers && br->fail_mode == FAIL_STANDALONE;
    bool managed = has_active(c, n);
    bool alone = !managed && mode == FAIL_STANDALONE;
    bool lost_controllers = br->has_controllers && !managed;

    br->fail_mode = mode;
    br->has_controllers = managed;
    bridge_keep_control(br);
    connmgr_set_fail_mode(br->conns, mode);
    bridge_in_band_set(br, c, n); /* Before the first attempt to connect. */
    connmgr_set_controllers(br->conns, c, n);
    if (br->fail_open && (mode == FAIL_SECURE || !managed)) {
        bridge_fail_open(br, false);
    }
    if (was_alone != alone || lost_controllers) {
        /* The rules of the last manager do not outlive it; bridge_flow_flush() puts in what an
         * unmanaged switch has. */
        bridge_flow_flush(br);
    }
}

struct fdb_rows {
    struct text *out;
    const char *indent;
    int64_t now_ms;
};

static void put_fdb_row(void *r_, const struct fdb_entry_info *e)
{
    struct fdb_rows *r = r_;

    text_puts(r->out, r->indent);
    if (e->ofp_port == OFPP_LOCAL) {
        text_puts(r->out, "LOCAL");
    } else {
        text_printf(r->out, "%5" PRIu32, e->ofp_port);
    }
    text_printf(r->out, "  %4u  ", e->vlan);
    text_mac(r->out, e->mac);
    text_printf(r->out, "  %3" PRId64 "\n", (r->now_ms - e->used_ms) / 1000);
}

void bridge_fdb_show(struct bridge *br, const char *indent, struct text *t)
{
    struct fdb_rows rows = {t, indent, loop_now(br->ofproto->loop)};

    ofproto_pull_stats(br->ofproto); /* Traffic keeps addresses young. */
    fdb_dump(br->fdb, put_fdb_row, &rows);
}

void bridge_fdb_flush(struct bridge *br)
{
    fdb_flush(br->fdb);
    bridge_keep_forgotten(br, OFPP_ANY);
    revalidate_all(br->ofproto->revalidator);
}

void bridge_fdb_set(struct bridge *br, uint32_t max, int64_t age_ms)
{
    fdb_set(br->fdb, max, age_ms);
}

size_t bridge_n_rules(const struct bridge *br)
{
    return tables_n_rules(br->tables);
}
