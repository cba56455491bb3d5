/* commands_dpctl_flows.c - dpctl/dump-flows, get-flow, del-flow, del-flows: cached flows.  Texts:
 * those of ovs-appctl dpctl. */
#include <limits.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "vswitchd/commands-private.h"
#include "dpctl/flow_line.h"

/* ---- identity ---- */

/* The executor's name of the flow, else one made of what it matches. */
static struct flow_line_ufid ufid_of(const struct dp_flow_view *f)
{
    struct flow_line_ufid id;

    if (f->ufid) {
        memcpy(&id, f->ufid, sizeof id);
        return id;
    }
    uint64_t masked[2 * KEY_WORDS];
    for (size_t i = 0; i < KEY_WORDS; i++) {
        masked[i] = key_words(f->key)[i] & key_words(f->mask)[i];
        masked[KEY_WORDS + i] = key_words(f->mask)[i];
    }
    for (unsigned i = 0; i < 2; i++) {
        uint64_t h = hash_bytes(masked, sizeof masked, i);
        memcpy(&id.w[2 * i], &h, sizeof h);
    }
    return id;
}

/* The flow that a command names: by its UFID, or by its key, in the text that we print of it. */
struct wanted {
    bool by_ufid;
    struct flow_line_ufid ufid;
    struct text key;
    struct dp_format format;
};

static bool is_wanted(const struct wanted *w, const struct dp_flow_view *f)
{
    if (w->by_ufid) {
        const struct flow_line_ufid id = ufid_of(f);
        return !memcmp(&id, &w->ufid, sizeof id);
    }
    struct text t = TEXT_INIT;
    dp_format_key(f->key, f->mask, false, &w->format, &t);
    bool same = !strcmp(text_cstr(&t), text_cstr(&w->key));
    text_deinit(&t);
    return same;
}

/* ---- dump ---- */

struct dump {
    struct text out;
    const struct dpctl_args *args;
    struct dp_format format;
    const struct match *filter;  /* NULL: all. */
    const struct wanted *wanted; /* NULL: all. */
    int64_t now_ms;
    char name[64]; /* Of the port last asked for. */
};

static const char *port_name(void *d_, uint32_t port_no)
{
    struct dump *d = d_;
    struct dp_port_info info;

    if (!dp_port_get(ofproto_dp(d->args->p), port_no, &info)) {
        return NULL;
    }
    memcpy(d->name, info.name, sizeof d->name);
    return d->name;
}

static void put_flow(struct dump *d, const struct dp_flow_view *f)
{
    struct text *t = &d->out;

    if (d->args->more) {
        const struct flow_line_ufid id = ufid_of(f);
        flow_line_put_ufid(t, &id);
        text_puts(t, ", ");
    }
    dp_format_key(f->key, f->mask, d->args->more, &d->format, t);
    text_puts(t, ", ");
    flow_line_put_stats(t, &f->own, d->now_ms);
    text_puts(t, d->args->more ? ", dp:ovs, actions:" : ", actions:");
    if (f->slow) {
        dp_format_slow(f->slow, &d->format, t);
    } else if (f->actions_len) {
        dp_format_actions(f->actions, f->actions_len, &d->format, t);
    } else {
        text_puts(t, "drop");
    }
    text_putc(t, '\n');
}

static enum dp_flow_decision dump_flow(void *d_, const struct dp_flow_view *f,
                                       struct dp_verdict *v UNUSED)
{
    struct dump *d = d_;

    if (d->wanted && !is_wanted(d->wanted, f)) {
        return DP_FLOW_KEEP;
    }
    if (!d->filter || flow_line_passes(d->filter, f->key, f->mask)) {
        put_flow(d, f);
    }
    return DP_FLOW_KEEP;
}

static void dump_init(struct dump *d, const struct dpctl_args *a, struct loop *loop)
{
    struct dp_features features;

    dp_get_features(ofproto_dp(a->p), &features);
    *d = (struct dump){
        .args = a,
        .now_ms = loop_now(loop),
        .format = {.port_name = a->names ? port_name : NULL,
                   .aux = d,
                   .kernel = features.kernel_keys,
                   .ip6_exthdr = features.ip6_exthdr,
                   .upcall_pid = features.upcall_pid},
    };
}

/* False: the error has been sent. */
static bool select_flows(struct control_request *req, const struct dpctl_args *a,
                         struct flow_line_selection *s)
{
    *s = (struct flow_line_selection){.ours = true};
    for (int i = 0; i < a->argc; i++) {
        const char *reason;
        char *error = flow_line_select(s, a->argv[i], &reason);
        if (error) {
            dpctl_fail(req, error, reason);
            return false;
        }
    }
    return true;
}

static void on_dump_flows(struct control_request *req, int argc, const char *const argv[],
                          void *datapaths)
{
    struct dpctl_args a;
    struct flow_line_selection selection;
    struct dump d;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !select_flows(req, &a, &selection)) {
        return;
    }
    dump_init(&d, &a, datapaths_loop(datapaths));
    d.filter = selection.has_filter ? &selection.filter : NULL;
    if (selection.ours) {
        dp_flow_walk(ofproto_dp(a.p), dump_flow, &d);
    }
    if (d.out.len && !d.format.kernel) {
        char *text = xasprintf("flow-dump from the main thread:\n%s", text_cstr(&d.out));
        control_reply(req, text);
        free(text);
    } else {
        control_reply(req, d.out.len ? text_cstr(&d.out) : NULL);
    }
    text_deinit(&d.out);
}

/* ---- one flow ---- */

struct name_search {
    const char *name;
    uint32_t no;
};

static void on_port(void *s_, const struct dp_port_info *info)
{
    struct name_search *s = s_;

    if (!strcmp(info->name, s->name)) {
        s->no = info->port_no;
    }
}

static bool port_by_name(void *p, const char *name, uint32_t *no)
{
    struct name_search s = {.name = name, .no = DP_PORT_NONE};

    dp_port_walk(ofproto_dp(p), on_port, &s);
    *no = s.no;
    return s.no != DP_PORT_NONE;
}

/* What a key says, as flows of this datapath are printed. */
static char *parse_key(const struct dpctl_args *a, const char *text, struct wanted *w)
{
    struct dp_features features;
    struct key key, mask;

    char *why = dp_flow_parse(text, port_by_name, a->p, &key, &mask);
    if (why) {
        char *error = xasprintf("parsing flow key: %s", why);
        free(why);
        return error;
    }
    mask.recirc_id = UINT32_MAX; /* All flows have a pass: not to say it means the first. */
    dp_get_features(ofproto_dp(a->p), &features);
    w->format =
        (struct dp_format){.kernel = features.kernel_keys, .ip6_exthdr = features.ip6_exthdr};
    dp_format_key(&key, &mask, false, &w->format, &w->key);
    return NULL;
}

/* 'keys': a key may stand instead of the UFID.  False: the error has been sent. */
static bool parse_one(struct control_request *req, const struct dpctl_args *a, bool keys,
                      struct wanted *w)
{
    const char *text = a->argc == 1 ? a->argv[0] : "";
    bool is_ufid = !keys || !strncmp(text, FLOW_LINE_UFID, strlen(FLOW_LINE_UFID));

    *w = (struct wanted){.by_ufid = is_ufid};
    if (is_ufid) {
        w->by_ufid = flow_line_parse_ufid(text, &w->ufid, NULL);
        if (!w->by_ufid) {
            dpctl_fail(req, xstrdup("parsing flow ufid"), "Invalid argument");
        }
        return w->by_ufid;
    }
    char *error = parse_key(a, text, w);
    if (error) {
        dpctl_fail(req, error, NULL);
    }
    return !error;
}

static void on_get_flow(struct control_request *req, int argc, const char *const argv[],
                        void *datapaths)
{
    struct dpctl_args a;
    struct wanted w;
    struct dump d;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !parse_one(req, &a, false, &w)) {
        return;
    }
    dump_init(&d, &a, datapaths_loop(datapaths));
    d.wanted = &w;
    dp_flow_walk(ofproto_dp(a.p), dump_flow, &d);
    if (d.out.len) {
        control_reply(req, text_cstr(&d.out));
    } else {
        dpctl_fail(req, xstrdup("getting flow"), "No such file or directory");
    }
    text_deinit(&d.out);
}

struct deletion {
    const struct wanted *wanted; /* NULL: all. */
    struct text *stats;          /* Of what is deleted; NULL: not wanted. */
    int64_t now_ms;
    unsigned n;
};

static enum dp_flow_decision delete_flow(void *d_, const struct dp_flow_view *f,
                                         struct dp_verdict *v UNUSED)
{
    struct deletion *d = d_;

    if (d->wanted && !is_wanted(d->wanted, f)) {
        return DP_FLOW_KEEP;
    }
    if (d->stats) {
        flow_line_put_stats(d->stats, &f->own, d->now_ms);
        text_putc(d->stats, '\n');
    }
    d->n++;
    return DP_FLOW_DELETE;
}

static void on_del_flow(struct control_request *req, int argc, const char *const argv[],
                        void *datapaths)
{
    struct text stats = TEXT_INIT;
    struct dpctl_args a;
    struct wanted w;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !parse_one(req, &a, true, &w)) {
        return;
    }
    struct deletion d = {.wanted = &w,
                         .stats = a.stats ? &stats : NULL,
                         .now_ms = loop_now(datapaths_loop(datapaths))};
    dp_flow_walk(ofproto_dp(a.p), delete_flow, &d);
    if (d.n) {
        control_reply(req, stats.len ? text_cstr(&stats) : NULL);
    } else {
        dpctl_fail(req, xstrdup("deleting flow"), "No such file or directory");
    }
    text_deinit(&stats);
    text_deinit(&w.key);
}

static void on_del_flows(struct control_request *req, int argc, const char *const argv[],
                         void *datapaths)
{
    struct dpctl_args a;
    struct deletion d = {.wanted = NULL};

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    if (a.argc) {
        dpctl_fail(req, xstrdup("datapath not found"), "Invalid argument");
    } else {
        dp_flow_walk(ofproto_dp(a.p), delete_flow, &d);
        control_reply(req, NULL);
    }
}

static void on_purge(struct control_request *req, int argc UNUSED, const char *const argv[] UNUSED,
                     void *datapaths)
{
    struct deletion d = {.wanted = NULL};

    for (struct ofproto *p = NULL; (p = datapaths_next(datapaths, p));) {
        dp_flow_walk(ofproto_dp(p), delete_flow, &d);
    }
    control_reply(req, NULL);
}

/* What is cached is what translation says; by hand it would be gone with the next look at it. Still
 * what is wrong with the words comes first. */
static void on_add_flow(struct control_request *req, int argc, const char *const argv[],
                        void *datapaths)
{
    struct dp_actions actions = DP_ACTIONS_INIT;
    struct wanted w = {.by_ufid = false};
    struct dpctl_args a;
    char *error = NULL;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a)) {
        return;
    }
    if (a.argc == 2) {
        error = parse_key(&a, a.argv[0], &w);
        char *why = error ? NULL : dp_actions_parse(a.argv[1], port_by_name, a.p, &actions);
        error = why ? xasprintf("parsing actions: %s", why) : error;
        free(why);
    }
    text_deinit(&w.key);
    dp_actions_deinit(&actions);
    if (error) {
        dpctl_fail(req, error, NULL);
    } else {
        dpctl_fail(req,
                   xstrdup("cached flows are made from the tables of bridges: use sluice-ofctl "
                           "add-flow"),
                   "Operation not supported");
    }
}

void commands_register_dpctl_flows(struct datapaths *d)
{
    control_register("dpctl/dump-flows",
                     "[-m] [--names | --no-names] [dp] [filter=MATCH] [type=TYPE[,TYPE]...]", 0,
                     INT_MAX, on_dump_flows, d);
    control_register("dpctl/get-flow", "[-m] [--names | --no-names] [dp] ufid:UFID", 1, INT_MAX,
                     on_get_flow, d);
    control_register("dpctl/add-flow", "[dp] flow actions", 0, INT_MAX, on_add_flow, d);
    control_register("dpctl/add-flows", "[dp] file", 1, INT_MAX, on_add_flow, d);
    control_register("dpctl/mod-flow", "[--clear] [--may-create] [-s] [dp] flow actions", 0,
                     INT_MAX, on_add_flow, d);
    control_register("dpctl/mod-flows", "[dp] file", 1, INT_MAX, on_add_flow, d);
    control_register("dpctl/del-flow", "[-s] [dp] {flow | ufid:UFID}", 1, INT_MAX, on_del_flow, d);
    control_register("dpctl/del-flows", "[dp]", 0, 2, on_del_flows, d);
    control_register("revalidator/purge", "", 0, 0, on_purge, d);
}
