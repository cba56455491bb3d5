/* commands_flows.c - dpctl/dump-flows: cached flows of datapaths, with its filters.  Texts: those
 * of ovs-appctl dpctl. */
#include <limits.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/match.h"
#include "vswitchd/commands-private.h"

struct dump {
    struct text out;
    const struct dpctl_args *args;
    int64_t now_ms;
    const struct match *filter; /* NULL: all. */
    char name[64];              /* Of the port last asked for. */
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

/* A flow passes if the bits that it and the filter both look at are the same. */
static bool passes(const struct match *filter, const struct key *key, const struct key *mask)
{
    const uint8_t *want = (const uint8_t *)&filter->flow.key, *have = (const uint8_t *)key;
    const uint8_t *want_mask = (const uint8_t *)&filter->mask.key;
    const uint8_t *have_mask = (const uint8_t *)mask;

    for (size_t i = 0; i < sizeof *key; i++) {
        if ((want[i] ^ have[i]) & want_mask[i] & have_mask[i]) {
            return false;
        }
    }
    return true;
}

static enum dp_flow_decision dump_flow(void *d_, const struct dp_flow_view *f, struct dp_verdict *v)
{
    (void)v;
    struct dump *d = d_;
    struct text *t = &d->out;
    const char *(*name)(void *, uint32_t) = d->args->names ? port_name : NULL;

    if (d->filter && !passes(d->filter, f->key, f->mask)) {
        return DP_FLOW_KEEP;
    }
    dp_key_format(f->key, f->mask, d->args->more, name, d, t);
    text_printf(t, ", packets:%" PRIu64 ", bytes:%" PRIu64 ", used:", f->stats.packets,
                f->stats.bytes);
    if (f->stats.used_ms) {
        int64_t age = MAX(d->now_ms - f->stats.used_ms, 0);
        text_printf(t, "%" PRId64 ".%03ds", age / 1000, (int)(age % 1000));
    } else {
        text_puts(t, "never");
    }
    put_tcp_flags(t, f->stats.tcp_flags);
    text_puts(t, d->args->more ? ", dp:ovs, actions:" : ", actions:");
    if (f->actions_len) {
        dp_actions_format(f->actions, f->actions_len, name, d, ofproto_format_cookie, t);
    } else {
        text_puts(t, "drop");
    }
    text_putc(t, '\n');
    return DP_FLOW_KEEP;
}

/* ---- filters ---- */

/* One item of an exact flow: each field after what it needs. */
static char *parse_filter_item(const char *key, const char *value, struct match *m)
{
    const struct field *field;
    struct field_value mask;
    bool found;
    uint32_t port;

    if (!strcmp(key, "in_port")) {
        /* Of the datapath, as in what is dumped. */
        if (!text_to_u32(value, &port)) {
            return xasprintf("bad value for in_port (%s)", value);
        }
        m->flow.key.in_port = port;
        m->mask.key.in_port = UINT32_MAX;
        return NULL;
    }
    char *error = match_parse_field(key, value, NULL, m, &found, &field, &mask);
    if (error) {
        char *text = xasprintf("bad value for %s (%s)", key, error);
        free(error);
        return text;
    }
    if (!found) {
        return xasprintf("unknown field %s", key);
    }
    return field && !field_prereq_ok(field, m)
               ? xasprintf("prerequisites not met for setting %s", key)
               : NULL;
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
    struct selection s;

    if (!dpctl_args_parse(req, datapaths, argc, argv, &a) || !select_flows(req, &a, &s)) {
        return;
    }
    struct dump d = {.args = &a,
                     .now_ms = loop_now(datapaths_loop(datapaths)),
                     .filter = s.has_filter ? &s.filter : NULL};
    if (s.ours) {
        dp_flow_walk(ofproto_dp(a.p), dump_flow, &d);
    }
    if (d.out.len) {
        char *text = xasprintf("flow-dump from the main thread:\n%s", text_cstr(&d.out));
        control_reply(req, text);
        free(text);
    } else {
        control_reply(req, NULL);
    }
    text_deinit(&d.out);
}

void commands_register_flows(struct datapaths *d)
{
    control_register("dpctl/dump-flows",
                     "[-m] [--names | --no-names] [dp] [filter=FLOW] [type=TYPE,...]", 0, INT_MAX,
                     on_dump_flows, d);
}
