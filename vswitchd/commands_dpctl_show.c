/* commands_dpctl_show.c - dpctl/show, caches, add-if, del-if, add-dp, del-dp,
 * dpif/show-dp-features: what a datapath is and has.  Texts: those of ovs-appctl dpctl. */
#include <limits.h>
#include <stdlib.h>

#include "dpctl/direct.h"
#include "dpctl/show.h"
#include "lib/mem.h"
#include "vswitchd/commands-private.h"

/* ---- show ---- */

struct ports {
    struct dp_port_info *rows;
    size_t n;
};

static void collect(void *p_, const struct dp_port_info *info)
{
    struct ports *p = p_;

    p->rows = xrealloc(p->rows, (p->n + 1) * sizeof *p->rows);
    p->rows[p->n++] = *info;
}

static int by_number(const void *a, const void *b)
{
    const struct dp_port_info *x = a, *y = b;
    return x->port_no < y->port_no ? -1 : x->port_no > y->port_no;
}

static struct ports list_ports(const struct dp *dp)
{
    struct ports p = {NULL, 0};

    dp_port_walk(dp, collect, &p);
    if (p.n) {
        qsort(p.rows, p.n, sizeof *p.rows, by_number);
    }
    return p;
}

static void put_datapath(struct text *t, const struct dp *dp, bool stats)
{
    uint64_t hits, misses, lost, n_flows;
    struct ports ports = list_ports(dp);

    dp_flow_stats_total(dp, &hits, &misses, &lost, &n_flows);
    struct dp_mask_stats masks;
    bool has_masks = dp_get_mask_stats(dp, &masks);
    show_put_datapath(t, dp_type(dp), dp_name(dp),
                      &(struct show_lookups){.hits = hits,
                                             .misses = misses,
                                             .lost = lost,
                                             .flows = n_flows,
                                             .masks = has_masks ? &masks : NULL});
    for (size_t i = 0; i < ports.n; i++) {
        const struct dp_port_info *p = &ports.rows[i];
        struct dp_port_stats s;
        if (stats) {
            dp_port_get_stats(dp, p->port_no, &s);
        }
        show_put_port(t, p->port_no, p->name, dpctl_shown_type(dp, p->type), stats ? &s : NULL);
    }
    free(ports.rows);
}

static void on_show(struct control_request *req, int argc, const char *const argv[],
                    void *datapaths)
{
    struct text t = TEXT_INIT;
    bool stats = false;
    int first = 1;

    if (dpctl_elsewhere(req, datapaths, argc, argv)) {
        return;
    }
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "-s") && strcmp(argv[first], "--statistics")) {
            dpctl_fail(req, xasprintf("Unrecognized option %s", argv[first]), NULL);
            return;
        }
        stats = true;
    }
    for (int i = first; i < argc; i++) {
        struct ofproto *p = NULL;
        while ((p = datapaths_next(datapaths, p)) && !dpctl_names_datapath(p, argv[i])) {
        }
        if (!p) {
            text_deinit(&t);
            dpctl_fail(req, xasprintf("opening datapath %s failed", argv[i]), "No such device");
            return;
        }
        put_datapath(&t, ofproto_dp(p), stats);
    }
    for (struct ofproto *p = NULL; first == argc && (p = datapaths_next(datapaths, p));) {
        put_datapath(&t, ofproto_dp(p), stats);
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

/* ---- caches ---- */

static void on_cache_get_size(struct control_request *req, int argc, const char *const argv[],
                              void *datapaths)
{
    struct text t = TEXT_INIT;
    struct dp_mask_stats masks;
    struct dpctl_args a;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    const struct dp *dp = ofproto_dp(a.p);
    text_printf(&t, "%s@%s:\n", dp_type(dp), dp_name(dp));
    if (dp_get_mask_stats(dp, &masks)) {
        show_put_caches(&t, &masks);
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

/* The cache is the kernel's: the daemon is not asked. */
static void on_cache_set_size(struct control_request *req, int argc, const char *const argv[],
                              void *datapaths)
{
    struct text out = TEXT_INIT;
    struct dpctl_args a;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    const struct dp *dp = ofproto_dp(a.p);
    char *error = NULL;
    if (a.argc != 2) {
        error = xstrdup("which cache, and what size?");
    } else if (strcmp(dp_type(dp), "system")) {
        error = xasprintf("Cache name \"%s\" not found on dpif", a.argv[0]);
    } else {
        char *name = xasprintf("system@%s", dp_name(dp));
        const char *const words[] = {name, a.argv[0], a.argv[1]};
        error = direct_run("cache-set-size", ARRAY_SIZE(words), words, &out);
        free(name);
    }
    if (error) {
        dpctl_fail(req, error, NULL);
    } else {
        control_reply(req, text_cstr(&out));
    }
    text_deinit(&out);
}

/* ---- ports that belong to no bridge ---- */

static const char *no_option(void *aux UNUSED, const char *key UNUSED)
{
    return NULL;
}

/* 'error': NULL or a heap text, which it frees. */
static void answer(struct control_request *req, char *error)
{
    if (error) {
        dpctl_fail(req, error, NULL);
    } else {
        control_reply(req, NULL);
    }
}

static void on_add_if(struct control_request *req, int argc, const char *const argv[],
                      void *datapaths)
{
    struct dpctl_args a;
    char *error = NULL;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    for (int i = 0; !error && i < a.argc; i++) {
        struct show_new_port p;
        uint32_t no;
        error = show_parse_port(a.argv[i], &p);
        if (!error) {
            error = p.option ? xasprintf("%s: unknown option %s", p.name, p.option)
                             : dp_port_add(ofproto_dp(a.p), p.name, p.type, p.number, no_option,
                                           NULL, &no);
        }
        free(p.copy);
    }
    answer(req, error);
}

static const struct bridge *owner(struct ofproto *p, uint32_t dp_port)
{
    for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
        for (uint32_t n = bridge_next_port(br, 0); n != OFPP_NONE; n = bridge_next_port(br, n)) {
            struct bridge_port_info info;
            if (bridge_port_info(br, n, &info) && !info.peer && info.dp_port == dp_port) {
                return br;
            }
        }
    }
    return NULL;
}

/* NULL or a heap error text.  'name': of the device or its number. */
static char *del_if(struct ofproto *p, const char *name)
{
    struct ports ports = list_ports(ofproto_dp(p));
    uint32_t number;
    bool is_number = text_to_u32(name, &number), found = false;
    char *error = NULL;

    for (size_t i = 0; !found && i < ports.n; i++) {
        const struct dp_port_info *row = &ports.rows[i];
        found = !strcmp(row->name, name) || (is_number && row->port_no == number);
        if (found) {
            const struct bridge *br = owner(p, row->port_no);
            if (br) {
                error = xasprintf("%s: port of bridge %s: remove it with sluice-vsctl del-port",
                                  row->name, bridge_name(br));
            } else {
                dp_port_del(ofproto_dp(p), row->port_no, true);
            }
        }
    }
    free(ports.rows);
    return found ? error : xasprintf("no port named %s", name);
}

static void on_del_if(struct control_request *req, int argc, const char *const argv[],
                      void *datapaths)
{
    struct dpctl_args a;
    char *error = NULL;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    for (int i = 0; !error && i < a.argc; i++) {
        error = del_if(a.p, a.argv[i]);
    }
    answer(req, error);
}

/* Ports are configured through their bridges: what is said must be as it is. */
static char *set_if(struct ofproto *p, const char *spec)
{
    struct ports ports = list_ports(ofproto_dp(p));
    struct show_new_port wanted;
    char *error = show_parse_port(spec, &wanted);
    size_t i = 0;

    while (!error && i < ports.n && strcmp(ports.rows[i].name, wanted.name)) {
        i++;
    }
    if (!error) {
        error = i == ports.n ? xasprintf("no port named %s", wanted.name)
                             : show_must_be(&wanted, &ports.rows[i]);
    }
    free(wanted.copy);
    free(ports.rows);
    return error;
}

static void on_set_if(struct control_request *req, int argc, const char *const argv[],
                      void *datapaths)
{
    struct dpctl_args a;
    char *error = NULL;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    for (int i = 0; !error && i < a.argc; i++) {
        error = set_if(a.p, a.argv[i]);
    }
    answer(req, error);
}

/* Datapaths come with the first bridge of their type and go with the last. */
static void on_change_dp(struct control_request *req, int argc, const char *const argv[],
                         void *datapaths)
{
    if (dpctl_elsewhere(req, datapaths, argc, argv)) {
        return;
    }
    dpctl_fail(req,
               xasprintf("%s: datapaths come and go with the bridges on them: use sluice-vsctl "
                         "add-br, del-br and datapath_type",
                         argv[1]),
               "Operation not supported");
}

/* ---- features ---- */

static void put_yes_no(struct text *t, const char *name, bool yes)
{
    text_printf(t, "%s: %s\n", name, yes ? "Yes" : "No");
}

static void on_features(struct control_request *req, int argc UNUSED, const char *const argv[],
                        void *datapaths)
{
    const struct bridge *br = datapaths_bridge(datapaths, argv[1]);
    struct text t = TEXT_INIT;
    struct dp_features f;

    if (!br) {
        control_reply_error(req, "no such bridge");
        return;
    }
    dp_get_features(ofproto_dp(bridge_ofproto(br)), &f);
    put_yes_no(&t, "Masked set action", f.set_masked);
    put_yes_no(&t, "Tunnel push pop", false);
    put_yes_no(&t, "Ufid", f.ufid);
    put_yes_no(&t, "Truncate action", f.trunc);
    put_yes_no(&t, "Clone action", f.clone);
    put_yes_no(&t, "Meter action", f.meter);
    put_yes_no(&t, "Conntrack eventmask", f.ct_eventmask);
    put_yes_no(&t, "Conntrack clear", f.ct_clear);
    text_printf(&t, "Max VLAN headers: %u\nMax MPLS depth: %u\n", f.max_vlan_headers,
                f.max_mpls_depth);
    put_yes_no(&t, "Recirc", f.recirc);
    put_yes_no(&t, "CT state", f.ct);
    put_yes_no(&t, "CT zone", f.ct_zone);
    put_yes_no(&t, "CT mark", f.ct_mark);
    put_yes_no(&t, "CT label", f.ct_label);
    put_yes_no(&t, "CT state NAT", f.ct_state_nat);
    put_yes_no(&t, "CT orig tuple", f.ct_orig_tuple);
    put_yes_no(&t, "CT orig tuple for IPv6", f.ct_orig_tuple6);
    put_yes_no(&t, "IPv6 ND Extension", f.nd_ext);
    dp_format_features(ofproto_dp(bridge_ofproto(br)), &t);
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

void commands_register_dpctl_show(struct datapaths *d)
{
    control_register("dpctl/show", "[-s] [dp...]", 0, INT_MAX, on_show, d);
    control_register("dpctl/cache-get-size", "[dp]", 0, 1, on_cache_get_size, d);
    control_register("dpctl/cache-set-size", "[dp] cache size", 2, 3, on_cache_set_size, d);
    control_register("dpctl/add-if", "[dp] iface[,type=TYPE][,port_no=N]...", 1, INT_MAX, on_add_if,
                     d);
    control_register("dpctl/set-if", "[dp] iface[,type=TYPE][,port_no=N]...", 1, INT_MAX, on_set_if,
                     d);
    control_register("dpctl/del-if", "[dp] iface...", 1, INT_MAX, on_del_if, d);
    control_register("dpctl/add-dp", "dp [iface...]", 1, INT_MAX, on_change_dp, d);
    control_register("dpctl/del-dp", "dp", 1, 1, on_change_dp, d);
    control_register("dpif/show-dp-features", "bridge", 1, 1, on_features, d);
}
