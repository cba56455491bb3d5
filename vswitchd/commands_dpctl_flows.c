/* commands_dpctl_flows.c - dpctl/dump-flows, get-flow, del-flow, del-flows: cached flows.  Texts:
 * those of ovs-appctl dpctl. */
#include <limits.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/uuid.h"
#include "ofp/match.h"
#include "vswitchd/commands-private.h"
#include "vswitchd/exact_flow.h"

#define UFID_PREFIX "ufid:"

/* ---- identity ---- */

struct ufid {
    uint32_t w[4];
};

/* The executor's name of the flow, else one made of what it matches. */
static struct ufid ufid_of(const struct dp_flow_view *f)
{
    struct ufid id;

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

static void put_ufid(struct text *t, const struct ufid *id)
{
    text_printf(t, UFID_PREFIX "%08x-%04x-%04x-%04x-%04x%08x", id->w[0], id->w[1] >> 16,
                id->w[1] & 0xffff, id->w[2] >> 16, id->w[2] & 0xffff, id->w[3]);
}

static bool parse_ufid(const char *s, struct ufid *id)
{
    struct uuid u;

    if (strncmp(s, UFID_PREFIX, strlen(UFID_PREFIX)) || !uuid_parse(s + strlen(UFID_PREFIX), &u)) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        id->w[i] = get_be32(u.b + 4 * i);
    }
    return true;
}

/* ---- dump ---- */

struct dump {
    struct text out;
    const struct dpctl_args *args;
    struct dp_format format;
    const struct match *filter; /* NULL: all. */
    const struct ufid *wanted;  /* NULL: all. */
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

static void put_tcp_flags(struct text *t, uint16_t flags)
{
    static const char letters[] = "SFPRU.ECN"; /* In this order. */
    static const uint16_t bits[] = {0x002, 0x001, 0x008, 0x004, 0x020, 0x010, 0x040, 0x080, 0x100};

    if (flags) {
        text_puts(t, ", flags:");
        for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
            if (flags & bits[i]) {
                text_putc(t, letters[i]);
            }
        }
    }
}

static void put_flow(struct dump *d, const struct dp_flow_view *f)
{
    struct text *t = &d->out;
    const struct dp_flow_stats *s = &f->own;

    if (d->args->more) {
        const struct ufid id = ufid_of(f);
        put_ufid(t, &id);
        text_puts(t, ", ");
    }
    dp_format_key(f->key, f->mask, d->args->more, &d->format, t);
    text_printf(t, ", packets:%" PRIu64 ", bytes:%" PRIu64 ", used:", s->packets, s->bytes);
    if (s->used_ms) {
        int64_t age = MAX(d->now_ms - s->used_ms, 0);
        text_printf(t, "%" PRId64 ".%03ds", age / 1000, (int)(age % 1000));
    } else {
        text_puts(t, "never");
    }
    put_tcp_flags(t, s->tcp_flags);
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

/* Could packets of the flow have what the filter asks for? */
static bool passes(const struct match *filter, const struct dp_flow_view *f)
{
    const uint64_t *want = flow_words(&filter->flow), *mask = flow_words(&filter->mask);

    for (size_t i = 0; i < KEY_WORDS; i++) {
        if ((key_words(f->key)[i] ^ want[i]) & mask[i] & key_words(f->mask)[i]) {
            return false;
        }
    }
    return true;
}

static enum dp_flow_decision dump_flow(void *d_, const struct dp_flow_view *f,
                                       struct dp_verdict *v UNUSED)
{
    struct dump *d = d_;

    if (d->wanted) {
        const struct ufid id = ufid_of(f);
        if (memcmp(&id, d->wanted, sizeof id)) {
            return DP_FLOW_KEEP;
        }
    }
    if (!d->filter || passes(d->filter, f)) {
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

/* ---- filters ---- */

/* One item of an exact flow: each field after what it needs. */
static char *parse_filter_item(const char *key, const char *value, struct match *m)
{
    uint32_t port;
    bool exact;

    if (!strcmp(key, "in_port")) {
        /* Of the datapath, as in what is dumped. */
        if (!text_to_u32(value, &port)) {
            return xasprintf("bad value for in_port (%s)", value);
        }
        m->flow.key.in_port = port;
        m->mask.key.in_port = UINT32_MAX;
        return NULL;
    }
    return exact_flow_item(key, value, NULL, m, &exact);
}

static char *parse_filter(const char *s, struct match *m)
{
    char *copy = xstrdup(s), *cursor = copy, *key, *value, *error = NULL;

    match_init(m);
    while (!error && text_next_kv(&cursor, &key, &value)) {
        error = parse_filter_item(key, value, m);
    }
    free(copy);
    if (error) {
        char *text = xasprintf("Failed to parse filter (%s: %s)", s, error);
        free(error);
        error = text;
    }
    return error;
}

/* '*ours': whether flows of this datapath are among the types, none of which is offloaded. */
static char *parse_types(const char *s, bool *ours)
{
    static const struct {
        const char *name;
        bool ours;
    } types[] = {{"ovs", true},        {"tc", false},           {"dpdk", false},
                 {"offloaded", false}, {"non-offloaded", true}, {"partially-offloaded", false},
                 {"all", true}};
    char *copy = xstrdup(s), *save = NULL, *error = NULL;

    *ours = false;
    for (char *w = strtok_r(copy, ",", &save); w && !error; w = strtok_r(NULL, ",", &save)) {
        size_t i = 0;
        while (i < ARRAY_SIZE(types) && strcmp(types[i].name, w)) {
            i++;
        }
        if (i == ARRAY_SIZE(types)) {
            error = xasprintf("Failed to parse type (%s)", w);
        } else {
            *ours |= types[i].ours;
        }
    }
    free(copy);
    return error;
}

struct selection {
    struct match filter;
    bool has_filter, has_types, ours;
};

/* False: the error has been sent. */
static bool select_flows(struct control_request *req, const struct dpctl_args *a,
                         struct selection *s)
{
    *s = (struct selection){.ours = true};
    for (int i = 0; i < a->argc; i++) {
        const char *arg = a->argv[i], *reason = NULL;
        char *error = NULL;
        if (!s->has_filter && !strncmp(arg, "filter=", 7)) {
            s->has_filter = true;
            error = parse_filter(arg + 7, &s->filter);
        } else if (!s->has_types && !strncmp(arg, "type=", 5)) {
            s->has_types = true;
            error = parse_types(arg + 5, &s->ours);
            reason = "Invalid argument";
        } else if (!strncmp(arg, "pmd=", 4)) {
            error = xasprintf("%s: flows are not dumped by thread here", arg);
            reason = "Operation not supported";
        } else {
            error = xstrdup("datapath not found");
            reason = "Invalid argument";
        }
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
    struct selection selection;
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

static bool parse_one(struct control_request *req, const struct dpctl_args *a, struct ufid *id)
{
    if (a->argc != 1 || !parse_ufid(a->argv[0], id)) {
        dpctl_fail(req, xstrdup("parsing flow ufid"), "Invalid argument");
        return false;
    }
    return true;
}

static void on_get_flow(struct control_request *req, int argc, const char *const argv[],
                        void *datapaths)
{
    struct dpctl_args a;
    struct ufid id;
    struct dump d;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !parse_one(req, &a, &id)) {
        return;
    }
    dump_init(&d, &a, datapaths_loop(datapaths));
    d.wanted = &id;
    dp_flow_walk(ofproto_dp(a.p), dump_flow, &d);
    if (d.out.len) {
        control_reply(req, text_cstr(&d.out));
    } else {
        dpctl_fail(req, xstrdup("getting flow"), "No such file or directory");
    }
    text_deinit(&d.out);
}

struct deletion {
    const struct ufid *wanted; /* NULL: all. */
    unsigned n;
};

static enum dp_flow_decision delete_flow(void *d_, const struct dp_flow_view *f,
                                         struct dp_verdict *v UNUSED)
{
    struct deletion *d = d_;

    if (d->wanted) {
        const struct ufid id = ufid_of(f);
        if (memcmp(&id, d->wanted, sizeof id)) {
            return DP_FLOW_KEEP;
        }
    }
    d->n++;
    return DP_FLOW_DELETE;
}

static void on_del_flow(struct control_request *req, int argc, const char *const argv[],
                        void *datapaths)
{
    struct dpctl_args a;
    struct ufid id;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !parse_one(req, &a, &id)) {
        return;
    }
    struct deletion d = {.wanted = &id};
    dp_flow_walk(ofproto_dp(a.p), delete_flow, &d);
    if (d.n) {
        control_reply(req, NULL);
    } else {
        dpctl_fail(req, xstrdup("deleting flow"), "No such file or directory");
    }
}

static void on_del_flows(struct control_request *req, int argc, const char *const argv[],
                         void *datapaths)
{
    struct dpctl_args a;
    struct deletion d = {.wanted = NULL};

    if (dpctl_args_parse(req, datapaths, argc, argv, &a)) {
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

/* What is cached is what translation says; by hand it would be gone with the next look at it. */
static void on_add_flow(struct control_request *req, int argc UNUSED,
                        const char *const argv[] UNUSED, void *datapaths UNUSED)
{
    dpctl_fail(req,
               xstrdup("cached flows are made from the tables of bridges: use sluice-ofctl "
                       "add-flow"),
               "Operation not supported");
}

void commands_register_dpctl_flows(struct datapaths *d)
{
    control_register("dpctl/dump-flows",
                     "[-m] [--names | --no-names] [dp] [filter=MATCH] [type=TYPE[,TYPE]...]", 0,
                     INT_MAX, on_dump_flows, d);
    control_register("dpctl/get-flow", "[-m] [--names | --no-names] [dp] ufid:UFID", 1, INT_MAX,
                     on_get_flow, d);
    control_register("dpctl/add-flow", "[dp] flow actions", 0, INT_MAX, on_add_flow, d);
    control_register("dpctl/mod-flow", "[dp] flow actions", 0, INT_MAX, on_add_flow, d);
    control_register("dpctl/del-flow", "[dp] ufid:UFID", 1, 2, on_del_flow, d);
    control_register("dpctl/del-flows", "[dp]", 0, 1, on_del_flows, d);
    control_register("revalidator/purge", "", 0, 0, on_purge, d);
}
