/* commands_dpctl_flows.c - dpctl/dump-flows, get-flow, del-flow, del-flows: cached flows.  Texts:
 * those of ovs-appctl dpctl. */
#include <limits.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/uuid.h"
#include "ofp/match.h"
#include "vswitchd/commands-private.h"

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
    if (f->actions_len) {
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
                   .put_cookie = ofproto_format_cookie,
                   .kernel = features.kernel_keys,
                   .ip6_exthdr = features.ip6_exthdr,
                   .upcall_pid = features.upcall_pid},
    };
}

/* ---- filters ---- */

/* The words of an OpenFlow match, without spaces.  NULL or a heap error text. */
static char *parse_filter(const char *s, struct match *m)
{
    char *copy = xstrdup(s), *save = NULL, *error = NULL;

    memset(m, 0, sizeof *m);
    for (char *word = strtok_r(copy, ", \t", &save); !error && word;
         word = strtok_r(NULL, ", \t", &save)) {
        char *value = strchr(word, '=');
        bool found = true;
        if (value) {
            *value++ = '\0';
        }
        char *why = match_parse_item(word, value ? value : "", NULL, m, &found);
        if (why) {
            error = xasprintf("bad value for %s (%s)", word, why);
            free(why);
        } else if (!found) {
            error = xasprintf("unknown field %s", word);
        }
    }
    /* Ports are the datapath's here. */
    m->flow.key.in_port = ntohl(m->flow.in_port);
    m->mask.key.in_port = ntohl(m->mask.in_port);
    free(copy);
    return error;
}

/* type=T1,T2: nothing is offloaded here. */
static bool has_type(const char *types, bool *shown)
{
    static const struct {
        const char *name;
        bool ours;
    } known[] = {{"ovs", true},
                 {"non-offloaded", true},
                 {"all", true},
                 {"tc", false},
                 {"dpdk", false},
                 {"offloaded", false},
                 {"partially-offloaded", false}};
    char *copy = xstrdup(types), *save = NULL;
    bool ok = true;

    *shown = false;
    for (char *word = strtok_r(copy, ",", &save); ok && word; word = strtok_r(NULL, ",", &save)) {
        ok = false;
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
            if (!strcmp(known[i].name, word)) {
                ok = true;
                *shown |= known[i].ours;
            }
        }
    }
    free(copy);
    return ok;
}

struct choice {
    struct match filter;
    bool has_filter, shown;
};

static bool parse_choice(struct control_request *req, const struct dpctl_args *a, struct choice *c)
{
    *c = (struct choice){.shown = true};
    for (int i = 0; i < a->argc; i++) {
        const char *s = a->argv[i];
        if (!strncmp(s, "filter=", 7) && !c->has_filter) {
            char *error = parse_filter(s + 7, &c->filter);
            if (error) {
                dpctl_fail(req, xasprintf("Failed to parse filter (%s: %s)", s + 7, error), NULL);
                free(error);
                return false;
            }
            c->has_filter = true;
        } else if (!strncmp(s, "type=", 5)) {
            if (!has_type(s + 5, &c->shown)) {
                dpctl_fail(req, xasprintf("Failed to parse type (%s)", s + 5), "Invalid argument");
                return false;
            }
        } else if (strncmp(s, "pmd=", 4)) { /* There is only one list. */
            dpctl_fail(req, xasprintf("unknown argument %s", s), "Invalid argument");
            return false;
        }
    }
    return true;
}

static void on_dump_flows(struct control_request *req, int argc, const char *const argv[],
                          void *datapaths)
{
    struct dpctl_args a;
    struct choice choice;
    struct dump d;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !parse_choice(req, &a, &choice)) {
        return;
    }
    dump_init(&d, &a, datapaths_loop(datapaths));
    d.filter = choice.has_filter ? &choice.filter : NULL;
    if (choice.shown) {
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
