/* apply.c - bridges and their connections: see apply.h.  Ports are in apply_port.c, status columns
 * in apply_status.c. */
#include <limits.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/msg.h"
#include "vswitchd/apply-private.h"

LOG_MODULE(apply);

#define RETRY_MS      1000
#define STATUS_MS     500
#define STATISTICS_MS 5000

static void bridge_remove(struct apply *a, struct applied_bridge *b)
{
    for (struct applied_bridge **i = &a->bridges; *i; i = &(*i)->next) {
        if (*i == b) {
            *i = b->next;
            break;
        }
    }
    if (b->bridge) {
        bridge_free(b->bridge);
    }
    apply_ports_free(b);
    free(b->name);
    free(b->type);
    free(b->error);
    free(b);
}

static struct applied_bridge *bridge_find(struct apply *a, const char *name)
{
    struct applied_bridge *b = a->bridges;
    while (b && strcmp(b->name, name)) {
        b = b->next;
    }
    return b;
}

/* The userspace datapath is also what an empty type means. */
static const char *datapath_type(const struct config_row *row)
{
    const char *type = config_string(row, COL_Bridge_datapath_type, "");
    return *type ? type : "netdev";
}

static char *open_bridge(struct apply *a, struct applied_bridge *b)
{
    struct ofproto *p;

    if (strcmp(b->type, "netdev") && strcmp(b->type, "system") && strcmp(b->type, "dummy")) {
        return xasprintf(
            "%s: datapath type \"%s\" is not known here: set datapath_type=netdev, the "
            "userspace datapath, or system, the kernel's",
            b->name, b->type);
    }
    char *error = datapaths_get(a->datapaths, b->type, &p);
    return error ? error : bridge_new(p, b->name, &b->bridge);
}

/* 16 hexadecimal digits, with or without 0x. */
static bool parse_datapath_id(const char *s, uint64_t *id)
{
    char *end;

    if (!strncmp(s, "0x", 2)) {
        s += 2;
    }
    if (!*s || strlen(s) > 16 || strspn(s, "0123456789abcdefABCDEF") != strlen(s)) {
        return false;
    }
    *id = strtoull(s, &end, 16);
    return *id != 0;
}

static void set_datapath_id(struct apply *a, struct applied_bridge *b, const struct config_row *row)
{
    const char *wanted = config_map(row, COL_Bridge_other_config, "datapath-id");
    uint64_t id;
    char text[17];

    if (!wanted || !parse_datapath_id(wanted, &id)) {
        if (wanted) {
            log_warn(
                "%s: other_config:datapath-id \"%s\" is not 16 hexadecimal digits: using one of "
                "our own",
                b->name, wanted);
        }
        /* From the row's UUID: the same after a restart, another in each switch. */
        id = get_be64(config_uuid(row)) & UINT64_C(0xffffffffffff);
    }
    bridge_set_datapath_id(b->bridge, id);
    snprintf(text, sizeof text, "%016" PRIx64, id);
    config_set_string(a->config, row, COL_Bridge_datapath_id, text);
}

static void set_protocols(struct applied_bridge *b, const struct config_row *row)
{
    static const struct {
        const char *name;
        uint8_t version;
    } known[] = {{"OpenFlow10", OFP10_VERSION}, {"OpenFlow11", OFP11_VERSION},
                 {"OpenFlow12", OFP12_VERSION}, {"OpenFlow13", OFP13_VERSION},
                 {"OpenFlow14", OFP14_VERSION}, {"OpenFlow15", OFP15_VERSION}};
    uint32_t versions = 0;

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (!config_datum(row, COL_Bridge_protocols)->n ||
            config_has(row, COL_Bridge_protocols, known[i].name)) {
            versions |= BIT(known[i].version);
        }
    }
    if (!versions) {
        log_warn(
            "%s: none of its protocols is spoken here: no connection will succeed; add OpenFlow13",
            b->name);
    }
    connmgr_set_versions(bridge_conns(b->bridge), versions);
}

/* Columns have 64 bits; what is beyond an int is as good as its maximum. */
static int small_integer(const struct config_row *row, enum column_id id, int dflt)
{
    int64_t v = config_integer(row, id, dflt);
    return (int)MAX(MIN(v, INT_MAX), dflt);
}

static void set_control(struct apply *a, struct applied_bridge *b, const struct config_row *row)
{
    size_t n;
    const struct config_row **rows = config_refs(a->config, row, COL_Bridge_controller, &n);
    struct controller_config *c = xcalloc(n, sizeof *c);
    bool secure = !strcmp(config_string(row, COL_Bridge_fail_mode, "standalone"), "secure");
    bool no_in_band = config_map_boolean(row, COL_Bridge_other_config, "disable-in-band", false);

    for (size_t i = 0; i < n; i++) {
        int64_t n_aux =
            config_map_integer(rows[i], COL_Controller_other_config, "auxiliary-connections", 0);
        c[i] = (struct controller_config){
            .target = config_string(rows[i], COL_Controller_target, ""),
            .max_backoff_ms = small_integer(rows[i], COL_Controller_max_backoff, 0),
            .inactivity_probe_ms = small_integer(rows[i], COL_Controller_inactivity_probe, -1),
            .rate_limit = (unsigned)small_integer(rows[i], COL_Controller_controller_rate_limit, 0),
            .burst_limit =
                (unsigned)small_integer(rows[i], COL_Controller_controller_burst_limit, 0),
            .in_band = !no_in_band &&
                       strcmp(config_string(rows[i], COL_Controller_connection_mode, "in-band"),
                              "out-of-band"),
            .n_aux = (unsigned)MAX(MIN(n_aux, CONTROLLER_MAX_AUX), 0)};
    }
    bridge_set_control(b->bridge, secure ? FAIL_SECURE : FAIL_STANDALONE, c, n);
    free(c);
    free(rows);
}

/* Within the bounds that the schema's documentation gives. */
static void set_fdb(struct applied_bridge *b, const struct config_row *row)
{
    int64_t size = config_map_integer(row, COL_Bridge_other_config, "mac-table-size", 8192);
    int64_t age = config_map_integer(row, COL_Bridge_other_config, "mac-aging-time", 300);

    bridge_fdb_set(b->bridge, (uint32_t)MAX(MIN(size, 1000000), 10),
                   MAX(MIN(age, 3600), 15) * 1000);
}

static void set_admit(const struct applied_bridge *b, const struct config_row *row)
{
    const char *s = config_map(row, COL_Bridge_other_config, "ct-revalidate");
    enum bridge_admit admit = !s                     ? BRIDGE_ADMIT_IGNORE
                              : !strcmp(s, "report") ? BRIDGE_ADMIT_REPORT
                              : !strcmp(s, "end")    ? BRIDGE_ADMIT_END
                                                     : BRIDGE_ADMIT_IGNORE;

    if (s && !admit) {
        log_warn("%s: other_config:ct-revalidate \"%s\" is neither report nor end: ignored",
                 b->name, s);
    }
    bridge_set_admit(b->bridge, admit);
}

/* True: something failed and is to be tried again. */
static bool apply_bridge(struct apply *a, const struct config_row *row)
{
    const char *name = config_string(row, COL_Bridge_name, "");
    struct applied_bridge *b = bridge_find(a, name);

    if (!b) {
        b = xzalloc(sizeof *b);
        b->name = xstrdup(name);
        b->type = xstrdup(datapath_type(row));
        b->next = a->bridges;
        a->bridges = b;
    }
    if (!b->bridge) {
        char *error = open_bridge(a, b);
        if (error && (!b->error || strcmp(error, b->error))) {
            log_err("%s", error);
        }
        free(b->error);
        b->error = error;
    }
    config_set_map(a->config, row, COL_Bridge_status, "error", b->error);
    if (!b->bridge) {
        return true;
    }
    set_fdb(b, row); /* Its size and age hold for what is kept of it. */
    bridge_keep_rules(b->bridge,
                      config_map_boolean(row, COL_Bridge_other_config, "restore-rules", true));
    bool failed = apply_ports(a, b, row);
    apply_mirrors(a, b, row);
    apply_ipfix(a, b, row);
    apply_tables(a, b, row);
    set_datapath_id(a, b, row);
    bridge_set_dp_desc(b->bridge, config_map(row, COL_Bridge_other_config, "dp-desc"));
    set_admit(b, row);
    set_protocols(b, row);
    set_control(a, b, row);
    return failed;
}

static void on_apply(void *a_, struct config *config)
{
    struct apply *a = a_;
    struct applied_bridge *next;
    bool failed = false;
    size_t n;

    counter_inc(COUNTER_bridge_reconfigure);
    apply_tls(a);
    const struct config_row **rows =
        config_refs(config, config_root(config), COL_Open_vSwitch_bridges, &n);
    for (struct applied_bridge *b = a->bridges; b; b = b->next) {
        b->wanted = false;
        for (size_t i = 0; i < n; i++) {
            b->wanted |= !strcmp(b->name, config_string(rows[i], COL_Bridge_name, "")) &&
                         !strcmp(b->type, datapath_type(rows[i]));
        }
    }
    for (struct applied_bridge *b = a->bridges; b; b = next) {
        next = b->next;
        if (!b->wanted) {
            bridge_remove(a, b);
        }
    }
    bool wait = config_map_boolean(config_root(config), COL_Open_vSwitch_other_config,
                                   "flow-restore-wait", false);
    for (size_t i = 0; i < n; i++) {
        failed |= apply_bridge(a, rows[i]);
    }
    datapaths_set_restore_wait(a->datapaths, wait);
    free(rows);
    datapaths_trim(a->datapaths);
    apply_zones(a);
    int64_t next_cfg = config_integer(config_root(config), COL_Open_vSwitch_next_cfg, 0);
    config_set_integer(config, config_root(config), COL_Open_vSwitch_cur_cfg, next_cfg);
    apply_status_run(a);
    if (failed) {
        loop_timer_after(&a->retry, RETRY_MS);
    } else {
        loop_timer_cancel(&a->retry);
    }
}

static void on_retry(void *a_)
{
    struct apply *a = a_;
    on_apply(a, a->config);
}

struct apply *apply_new(struct config *config, struct datapaths *d)
{
    struct apply *a = xzalloc(sizeof *a);
    struct loop *loop = datapaths_loop(d);

    a->config = config;
    a->datapaths = d;
    loop_timer_init(&a->retry, loop, on_retry, a);
    loop_timer_init(&a->status, loop, apply_status_run, a);
    loop_timer_init(&a->statistics, loop, apply_statistics_run, a);
    loop_timer_every(&a->status, STATUS_MS);
    loop_timer_every(&a->statistics, STATISTICS_MS);
    config_set_apply(config, on_apply, a);
    return a;
}

void apply_free(struct apply *a, bool destroy)
{
    struct applied_bridge *next;

    config_set_apply(a->config, NULL, NULL);
    loop_timer_cancel(&a->retry);
    loop_timer_cancel(&a->status);
    loop_timer_cancel(&a->statistics);
    for (struct applied_bridge *b = a->bridges; b; b = next) {
        next = b->next;
        if (b->bridge && !destroy) {
            /* What a restart finds again stays: the devices of internal ports. */
            bridge_detach_ports(b->bridge);
        }
        bridge_remove(a, b);
    }
    free(a->tls);
    free(a);
}
