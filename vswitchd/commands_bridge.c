/* commands_bridge.c - bridge/, fdb/, ipfix/ and ofproto/list: a switch, its learned addresses, its
 * exporters. */
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act.h"
#include "vswitchd/commands-private.h"

static struct bridge *bridge_of(struct control_request *req, struct datapaths *d, const char *name,
                                const char *format)
{
    struct bridge *br = datapaths_bridge(d, name);

    if (!br) {
        char *error = xasprintf("%s%s", format, name);
        control_reply_error(req, error);
        free(error);
    }
    return br;
}

/* ---- fdb ---- */

#define FDB_HEADER  " Port  VLAN  MAC                Age\n"
#define FDB_BRIDGE  " Bridge "
#define FDB_ROW_PAD "        "

static void show_fdb_of(struct bridge *br, struct text *t)
{
    text_printf(t, " %s\n", bridge_name(br));
    bridge_fdb_show(br, FDB_ROW_PAD, t);
}

/* One bridge, or several under a header that has a column for their names: those that are given, or
 * all. */
static void on_fdb_show(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct text t = TEXT_INIT;

    text_puts(&t, argc == 2 ? FDB_HEADER : FDB_BRIDGE FDB_HEADER);
    for (int i = 1; i < argc; i++) {
        struct bridge *br = bridge_of(req, d, argv[i], "no such bridge ");
        if (!br) {
            text_deinit(&t);
            return;
        }
        if (argc == 2) {
            bridge_fdb_show(br, "", &t);
        } else {
            show_fdb_of(br, &t);
        }
    }
    for (struct ofproto *p = NULL; argc == 1 && (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            show_fdb_of(br, &t);
        }
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

static void on_fdb_flush(struct control_request *req, int argc, const char *const argv[], void *d)
{
    if (argc > 1) {
        struct bridge *br = bridge_of(req, d, argv[1], "no such bridge ");
        if (!br) {
            return;
        }
        bridge_fdb_flush(br);
    }
    for (struct ofproto *p = NULL; argc == 1 && (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            bridge_fdb_flush(br);
        }
    }
    control_reply(req, "table successfully flushed");
}

/* ---- exporters of IPFIX ---- */

static void show_ipfix_of(const struct bridge *br, struct text *t)
{
    struct text all = TEXT_INIT;

    bridge_ipfix_show(br, &all);
    if (all.len) {
        text_printf(t, "%s\n%s", bridge_name(br), text_cstr(&all));
    }
    text_deinit(&all);
}

static void on_ipfix_show(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct text t = TEXT_INIT;

    if (argc > 1) {
        struct bridge *br = bridge_of(req, d, argv[1], "no such bridge ");
        if (!br) {
            return;
        }
        show_ipfix_of(br, &t);
    }
    for (struct ofproto *p = NULL; argc == 1 && (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            show_ipfix_of(br, &t);
        }
    }
    control_reply(req, t.len ? text_cstr(&t) : NULL);
    text_deinit(&t);
}

static void on_ipfix_flush(struct control_request *req, int argc, const char *const argv[], void *d)
{
    (void)argc;
    struct bridge *br = bridge_of(req, d, argv[1], "no such bridge ");

    if (br) {
        bridge_ipfix_flush(br);
        control_reply(req, NULL);
    }
}

/* ---- bridges ---- */

static void on_dump_flows(struct control_request *req, int argc, const char *const argv[], void *d)
{
    (void)argc;
    struct bridge *br = bridge_of(req, d, argv[1], "Unknown bridge: ");
    struct text t = TEXT_INIT;

    if (br) {
        bridge_dump_flows(br, &t);
        control_reply(req, t.len ? text_cstr(&t) : NULL);
        text_deinit(&t);
    }
}

static void on_reconnect(struct control_request *req, int argc, const char *const argv[], void *d)
{
    if (argc > 1) {
        struct bridge *br = bridge_of(req, d, argv[1], "unknown bridge ");
        if (!br) {
            return;
        }
        connmgr_reconnect(bridge_conns(br));
    }
    for (struct ofproto *p = NULL; argc == 1 && (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            connmgr_reconnect(bridge_conns(br));
        }
    }
    control_reply(req, NULL);
}

static void on_list(struct control_request *req, int argc, const char *const argv[], void *d)
{
    (void)argc;
    (void)argv;
    struct text t = TEXT_INIT;

    for (struct ofproto *p = NULL; (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            text_printf(&t, "%s\n", bridge_name(br));
        }
    }
    control_reply(req, t.len ? text_cstr(&t) : NULL);
    text_deinit(&t);
}

/* ---- memory/show ---- */

static struct datapaths *usage_datapaths; /* As registered. */

static void put_usage(void *d, struct control_usage *u)
{
    uint64_t ports = 0, rules = 0, conns = 0;
    uint32_t n_conns;

    for (struct ofproto *p = NULL; (p = datapaths_next(d, p));) {
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            rules += bridge_n_rules(br);
            for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE;
                 n = bridge_next_port(br, n)) {
                ports++;
            }
        }
        conns += dp_conns_count(ofproto_dp(p), &n_conns) ? 0 : n_conns;
    }
    control_usage_put(u, "ports", ports);
    control_usage_put(u, "rules", rules);
    control_usage_put(u, "connections", conns);
    control_usage_put(u, "ct-listeners", commands_n_ct_listeners());
    /* What was allocated and not freed; the process's size has its high-water marks in it. */
    struct mallinfo2 heap = mallinfo2();
    control_usage_put(u, "heap_kB", (heap.uordblks + heap.hblkhd) >> 10);
}

void commands_register_bridge(struct datapaths *d)
{
    control_register("fdb/show", "[bridge...]", 0, INT_MAX, on_fdb_show, d);
    control_register("fdb/flush", "[bridge]", 0, 1, on_fdb_flush, d);
    control_register("ipfix/show", "[bridge]", 0, 1, on_ipfix_show, d);
    control_register("ipfix/flush", "bridge", 1, 1, on_ipfix_flush, d);
    control_register("bridge/dump-flows", "bridge", 1, 1, on_dump_flows, d);
    control_register("bridge/reconnect", "[bridge]", 0, 1, on_reconnect, d);
    control_register("ofproto/list", "", 0, 0, on_list, d);
    usage_datapaths = d;
    control_usage_register(put_usage, d);
}

void commands_register(struct datapaths *d)
{
    commands_register_dpctl(d);
    commands_register_ct(d);
    commands_register_bridge(d);
    commands_register_dummy(d);
    commands_register_trace(d);
}

void commands_unregister(void)
{
    commands_stop_dumps();
    commands_stop_ct_events();
    commands_stop_ct_revalidate();
    control_usage_unregister(put_usage, usage_datapaths);
}
