/* commands_dpctl.c - the arguments of dpctl/ commands; datapaths and bridges: dpctl/dump-dps,
 * dpif/. Texts: those of ovs-appctl. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "dpctl/direct.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofp/act.h"
#include "vswitchd/commands-private.h"

void dpctl_fail(struct control_request *req, char *text, const char *reason)
{
    char *line = reason ? xasprintf("%s: %s (%s)", log_program(), text, reason)
                        : xasprintf("%s: %s", log_program(), text);
    control_reply_error(req, line);
    free(line);
    free(text);
}

bool dpctl_names_datapath(const struct ofproto *p, const char *name)
{
    const struct dp *dp = ofproto_dp((struct ofproto *)p);
    const char *at = strchr(name, '@');

    if (at) {
        size_t n = (size_t)(at - name);
        return strlen(dp_type(dp)) == n && !strncmp(dp_type(dp), name, n) &&
               !strcmp(dp_name(dp), at + 1);
    }
    return !strcmp(dp_name(dp), name);
}

bool dpctl_elsewhere(struct control_request *req, const struct datapaths *d, int argc,
                     const char *const argv[])
{
    static const char prefix[] = "dpctl/";
    struct text out = TEXT_INIT;
    int i = 1;

    while (i < argc && argv[i][0] == '-' && argv[i][1]) {
        i++;
    }
    if (i == argc || strncmp(argv[i], "system@", 7)) {
        return false;
    }
    for (struct ofproto *p = NULL; (p = datapaths_next((struct datapaths *)(uintptr_t)d, p));) {
        if (dpctl_names_datapath(p, argv[i])) {
            return false;
        }
    }
    char *error = direct_run(argv[0] + strlen(prefix), argc - 1, argv + 1, &out);
    if (error) {
        dpctl_fail(req, error, NULL);
    } else {
        control_reply(req, out.len ? text_cstr(&out) : NULL);
    }
    text_deinit(&out);
    return true;
}

static bool read_option(struct control_request *req, const char *s, struct dpctl_args *a)
{
    if (!strcmp(s, "-m") || !strcmp(s, "--more")) {
        a->more = a->names = true;
    } else if (!strcmp(s, "-s") || !strcmp(s, "--statistics")) {
        a->stats = true;
    } else if (!strcmp(s, "--names")) {
        a->names = true;
    } else if (!strcmp(s, "--json")) {
        a->json = true;
    } else if (!strcmp(s, "--no-names")) {
        a->names = false;
    } else if (!strcmp(s, "--may-create") || !strcmp(s, "--clear")) {
        return true; /* Of mod-flow, which is not for flows of ours. */
    } else {
        dpctl_fail(req, xasprintf("Unrecognized option %s", s), NULL);
        return false;
    }
    return true;
}

bool dpctl_args_parse(struct control_request *req, struct datapaths *d, int argc,
                      const char *const argv[], struct dpctl_args *a)
{
    int i = 1;

    memset(a, 0, sizeof *a);
    if (direct_has(argv[0] + strlen("dpctl/")) && dpctl_elsewhere(req, d, argc, argv)) {
        return false;
    }
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        if (!read_option(req, argv[i], a)) {
            return false;
        }
    }
    for (struct ofproto *p = NULL; i < argc && (p = datapaths_next(d, p));) {
        if (dpctl_names_datapath(p, argv[i])) {
            a->p = p;
            i++;
            break;
        }
    }
    if (!a->p) {
        a->p = datapaths_next(d, NULL);
        if (i < argc && strchr(argv[i], '@')) {
            dpctl_fail(req, xstrdup("opening datapath"), "No such device");
            return false;
        }
        if (!a->p) {
            dpctl_fail(req, xstrdup("no datapath exists: add a bridge first"), NULL);
            return false;
        }
        if (datapaths_next(d, a->p)) {
            dpctl_fail(req,
                       xasprintf("multiple datapaths, specify one\n%s: datapath not found",
                                 log_program()),
                       "Invalid argument");
            return false;
        }
    }
    a->argc = argc - i;
    a->argv = argv + i;
    return true;
}

/* revalidator/wait: answered when all datapaths have settled and paid in what they counted. */
struct settling {
    struct control_request *req;
    struct datapaths *datapaths;
    int left;
};

static void settled(void *s_)
{
    struct settling *s = s_;

    if (--s->left) {
        return;
    }
    for (struct ofproto *p = NULL; (p = datapaths_next(s->datapaths, p));) {
        ofproto_pull_stats(p);
    }
    control_reply(s->req, NULL);
    free(s);
}

static void on_wait(struct control_request *req, int argc, const char *const argv[],
                    void *datapaths)
{
    (void)argc;
    (void)argv;
    struct settling *s = xzalloc(sizeof *s);

    s->req = req;
    s->datapaths = datapaths;
    s->left = 1; /* Ours: so that none is the last before all are asked. */
    for (struct ofproto *p = NULL; (p = datapaths_next(datapaths, p));) {
        s->left++;
        dp_quiesce(ofproto_dp(p));
        ofproto_settle(p, settled, s);
    }
    settled(s);
}

/* ---- ports ---- */

struct port_row {
    uint32_t dp_port, ofp_port;
    char name[64], type[16];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct port_row *)a)->name, ((const struct port_row *)b)->name);
}

/* Appends the ports of a bridge; the caller frees. */
static struct port_row *bridge_rows(const struct bridge *br, struct port_row *rows, size_t *n)
{
    for (uint32_t no = bridge_next_port(br, 0); no != OFPP_NONE; no = bridge_next_port(br, no)) {
        struct bridge_port_info info;
        rows = xrealloc(rows, (*n + 1) * sizeof *rows);
        bridge_port_info(br, no, &info);
        struct port_row *row = &rows[(*n)++];
        row->dp_port = info.dp_port;
        row->ofp_port = no;
        snprintf(row->name, sizeof row->name, "%s", info.name);
        snprintf(row->type, sizeof row->type, "%s", info.peer ? "patch" : info.dp.type);
    }
    return rows;
}

const char *dpctl_shown_type(const struct dp *dp, const char *type)
{
    if (strcmp(type, "internal") || !strcmp(dp_type(dp), "system")) {
        return type;
    }
    return !strcmp(dp_type(dp), "dummy") ? "dummy-internal" : "tap";
}

static void put_bridge(struct text *t, const struct dp *dp, const struct bridge *br)
{
    size_t n = 0;
    struct port_row *rows = bridge_rows(br, NULL, &n);

    text_printf(t, "  %s:\n", bridge_name(br));
    if (n) {
        qsort(rows, n, sizeof *rows, by_name);
    }
    for (size_t i = 0; i < n; i++) {
        struct bridge_port_info info;
        uint32_t shown = rows[i].ofp_port == OFPP_LOCAL ? 65534 : rows[i].ofp_port;
        text_printf(t, "    %s %" PRIu32 "/", rows[i].name, shown);
        bridge_port_info(br, rows[i].ofp_port, &info);
        if (info.peer) {
            text_printf(t, "none: (patch: peer=%s)\n", info.peer);
        } else {
            text_printf(t, "%" PRIu32 ": (%s)\n", rows[i].dp_port,
                        *info.tunnel ? info.tunnel : dpctl_shown_type(dp, rows[i].type));
        }
    }
    free(rows);
}

static int bridges_by_name(const void *a, const void *b)
{
    return strcmp(bridge_name(*(struct bridge *const *)a), bridge_name(*(struct bridge *const *)b));
}

static void on_dpif_show(struct control_request *req, int argc, const char *const argv[],
                         void *datapaths)
{
    (void)argc;
    (void)argv;
    struct text t = TEXT_INIT;

    for (struct ofproto *p = NULL; (p = datapaths_next(datapaths, p));) {
        uint64_t hits, misses, lost, n_flows;
        struct bridge **all = NULL;
        size_t n = 0;
        dp_flow_stats_total(ofproto_dp(p), &hits, &misses, &lost, &n_flows);
        text_printf(&t, "%s@%s: hit:%" PRIu64 " missed:%" PRIu64 "\n", dp_type(ofproto_dp(p)),
                    dp_name(ofproto_dp(p)), hits, misses);
        for (struct bridge *br = NULL; (br = ofproto_next_bridge(p, br));) {
            all = xrealloc(all, (n + 1) * sizeof(struct bridge *));
            all[n++] = br;
        }
        if (n) {
            qsort(all, n, sizeof(struct bridge *), bridges_by_name);
        }
        for (size_t i = 0; i < n; i++) {
            put_bridge(&t, ofproto_dp(p), all[i]);
        }
        free(all);
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

static void on_dump_dps(struct control_request *req, int argc, const char *const argv[],
                        void *datapaths)
{
    (void)argc;
    (void)argv;
    struct text t = TEXT_INIT;

    for (struct ofproto *p = NULL; (p = datapaths_next(datapaths, p));) {
        text_printf(&t, "%s@%s\n", dp_type(ofproto_dp(p)), dp_name(ofproto_dp(p)));
    }
    control_reply(req, text_cstr(&t));
    text_deinit(&t);
}

void commands_register_dpctl(struct datapaths *d)
{
    commands_register_dpctl_flows(d);
    commands_register_dpctl_show(d);
    control_register("dpctl/dump-dps", "", 0, 0, on_dump_dps, d);
    control_register("dpif/show", "", 0, 0, on_dpif_show, d);
    control_register("dpif/dump-dps", "", 0, 0, on_dump_dps, d);
    control_register("revalidator/wait", "", 0, 0, on_wait, d);
}
