/* direct_flows.c - see direct.h: flows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dpctl/direct-private.h"
#include "dpctl/flow_line.h"
#include "lib/mem.h"

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- names of ports ---- */

static const char *port_name(void *ports_, uint32_t no)
{
    const struct direct_ports *ports = ports_;

    for (size_t i = 0; i < ports->n; i++) {
        if (ports->rows[i].info.port_no == no) {
            return ports->rows[i].info.name;
        }
    }
    return NULL;
}

static bool port_by_name(void *ports, const char *name, uint32_t *no)
{
    const struct direct_port *p = direct_ports_find(ports, name);

    if (p && !strcmp(p->info.name, name)) {
        *no = p->info.port_no;
        return true;
    }
    return false;
}

/* ---- lines ---- */

struct dump {
    struct direct_call *call;
    const struct match *filter; /* NULL: all. */
    struct dp_format format;
    const struct direct_ports *ports;
    unsigned n;
};

static char *read_ports(struct direct_call *call, struct direct_ports *ports)
{
    int e = direct_ports_read(call, ports);
    return e ? direct_failed(e, "listing the ports of %s", call->dp) : NULL;
}

static void dump_use(struct dump *d, struct direct_call *call, const struct direct_ports *ports)
{
    *d =
        (struct dump){.call = call, .ports = ports, .format = {.kernel = true, .ip6_exthdr = true}};
    if (call->names) {
        d->format.port_name = port_name;
        d->format.aux = (void *)(uintptr_t)ports;
    }
}

static void put_flow(void *d_, const struct dp_direct_flow *f)
{
    struct dump *d = d_;
    struct text *t = d->call->out;

    if (d->filter && !flow_line_passes(d->filter, &f->key, &f->mask)) {
        return;
    }
    d->n++;
    if (d->call->more && f->has_ufid) {
        struct flow_line_ufid id;
        memcpy(&id, f->ufid, sizeof id);
        flow_line_put_ufid(t, &id);
        text_puts(t, ", ");
    }
    dp_format_key(&f->key, &f->mask, d->call->more, &d->format, t);
    text_puts(t, ", ");
    flow_line_put_stats(t, &f->stats, now_ms());
    text_puts(t, d->call->more ? ", dp:ovs, actions:" : ", actions:");
    dp_direct_format_actions(f, &d->format, t);
    text_putc(t, '\n');
}

static void put_stats(void *d_, const struct dp_direct_flow *f)
{
    struct dump *d = d_;

    if (d->call->stats && !d->n++) {
        flow_line_put_stats(d->call->out, &f->stats, now_ms());
        text_putc(d->call->out, '\n');
    }
}

char *direct_dump_flows(struct direct_call *call)
{
    struct flow_line_selection s = {.ours = true};
    struct direct_ports ports;
    struct dump d;
    char *error = read_ports(call, &ports);

    for (int i = 0; !error && i < call->argc; i++) {
        const char *reason;
        error = flow_line_select(&s, call->argv[i], &reason);
    }
    dump_use(&d, call, &ports);
    d.filter = s.has_filter ? &s.filter : NULL;
    if (!error && s.ours) {
        int e = dp_direct_flow_walk(call->d, call->id, put_flow, &d);
        error = e ? direct_failed(e, "dumping the flows of %s", call->dp) : NULL;
    }
    free(ports.rows);
    return error;
}

/* ---- one flow ---- */

struct one {
    struct dump d;
    struct key key, mask;
    struct flow_line_ufid ufid;
    struct dp_actions actions;
    struct dp_direct_request request;
};

/* `[ufid:U,]KEY`, or `ufid:U` alone where the key is not 'needed'. */
static char *parse_flow(struct one *o, const char *text, bool needed)
{
    const char *key = text;

    if (!strncmp(text, FLOW_LINE_UFID, strlen(FLOW_LINE_UFID))) {
        if (!flow_line_parse_ufid(text, &o->ufid, &key)) {
            return xasprintf("%s: parsing flow ufid (Invalid argument)", text);
        }
        o->request.ufid = (const uint8_t *)&o->ufid;
    }
    key += strspn(key, " ");
    if (!*key && !needed && o->request.ufid) {
        return NULL;
    }
    o->request.key = &o->key;
    o->request.mask = &o->mask;
    char *why = dp_flow_parse(key, port_by_name, (void *)(uintptr_t)o->d.ports, &o->key, &o->mask);
    if (why) {
        char *error = xasprintf("parsing flow key: %s", why);
        free(why);
        return error;
    }
    return NULL;
}

static char *parse_actions(struct one *o, const char *text)
{
    o->request.actions = &o->actions;
    char *why = dp_actions_parse(text, port_by_name, (void *)(uintptr_t)o->d.ports, &o->actions);
    if (why) {
        char *error = xasprintf("parsing actions: %s", why);
        free(why);
        return error;
    }
    return NULL;
}

static char *ask(struct direct_call *call, struct one *o, dp_direct_flow_cb *cb, const char *what)
{
    const char *why;
    int e = dp_direct_flow(call->d, call->id, &o->request, cb, &o->d, &why);

    if (why) {
        return xasprintf("%s: %s", what, why);
    }
    return e == EEXIST   ? xasprintf("%s (File exists: mod-flow changes it)", what)
           : e == ENOENT ? xasprintf("%s (No such file or directory: there is no such flow)", what)
           : e           ? direct_failed(e, "%s", what)
                         : NULL;
}

/* 'actions' NULL: DEL, GET.  'ports' are those of the datapath. */
static char *change_one(struct direct_call *call, const struct direct_ports *ports,
                        enum dp_direct_cmd cmd, const char *flow, const char *actions)
{
    static const char *const doing[] = {
        [DP_DIRECT_ADD] = "adding a flow to",      [DP_DIRECT_MODIFY] = "changing a flow of",
        [DP_DIRECT_EITHER] = "changing a flow of", [DP_DIRECT_DEL] = "deleting a flow of",
        [DP_DIRECT_GET] = "getting a flow of",
    };
    struct one o = {.request = {.cmd = cmd, .clear = call->clear}};

    dump_use(&o.d, call, ports);
    char *error = parse_flow(&o, flow, actions != NULL);
    if (!error && actions) {
        error = parse_actions(&o, actions);
    }
    if (!error) {
        char *text = xasprintf("%s %s", doing[cmd], call->dp);
        error = ask(call, &o,
                    cmd == DP_DIRECT_GET ? put_flow
                    : call->stats        ? put_stats
                                         : NULL,
                    text);
        free(text);
    }
    dp_actions_deinit(&o.actions);
    return error;
}

static char *change_flow(struct direct_call *call, enum dp_direct_cmd cmd)
{
    struct direct_ports ports;
    char *error = read_ports(call, &ports);

    error =
        error ? error
              : change_one(call, &ports, cmd, call->argv[0], call->argc > 1 ? call->argv[1] : NULL);
    free(ports.rows);
    return error;
}

char *direct_add_flow(struct direct_call *call)
{
    return change_flow(call, DP_DIRECT_ADD);
}

static enum dp_direct_cmd modify(const struct direct_call *call)
{
    return call->may_create ? DP_DIRECT_EITHER : DP_DIRECT_MODIFY;
}

char *direct_mod_flow(struct direct_call *call)
{
    return change_flow(call, modify(call));
}

char *direct_del_flow(struct direct_call *call)
{
    return change_flow(call, DP_DIRECT_DEL);
}

char *direct_get_flow(struct direct_call *call)
{
    return strncmp(call->argv[0], FLOW_LINE_UFID, strlen(FLOW_LINE_UFID))
               ? xasprintf("%s: parsing flow ufid (Invalid argument)", call->argv[0])
               : change_flow(call, DP_DIRECT_GET);
}

/* ---- files of them ---- */

/* `[add|modify|delete] FLOW [ACTIONS]` */
static char *change_line(struct direct_call *call, const struct direct_ports *ports,
                         enum dp_direct_cmd cmd, char *line)
{
    const struct {
        const char *word;
        enum dp_direct_cmd cmd;
    } words[] = {{"add ", DP_DIRECT_ADD}, {"modify ", modify(call)}, {"delete ", DP_DIRECT_DEL}};

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strncmp(line, words[i].word, strlen(words[i].word))) {
            cmd = words[i].cmd;
            line += strlen(words[i].word);
            break;
        }
    }
    line += strspn(line, " \t");
    char *actions = line + strcspn(line, " \t");
    if (*actions) {
        *actions++ = '\0';
        actions += strspn(actions, " \t");
    }
    if (cmd != DP_DIRECT_DEL && !*actions) {
        return xasprintf("%s: there are no actions", line);
    }
    return change_one(call, ports, cmd, line, cmd == DP_DIRECT_DEL ? NULL : actions);
}

/* Blank lines and what follows a '#' are nothing. */
static char *change_lines(struct direct_call *call, enum dp_direct_cmd cmd, FILE *f,
                          const char *name)
{
    struct direct_ports ports;
    char *error = read_ports(call, &ports), *line = NULL;
    unsigned n = 0;
    size_t cap = 0;

    while (!error && getline(&line, &cap, f) > 0) {
        n++;
        line[strcspn(line, "#\n")] = '\0';
        char *begin = line + strspn(line, " \t");
        char *why = *begin ? change_line(call, &ports, cmd, begin) : NULL;
        if (why) {
            error = xasprintf("%s:%u: %s", name, n, why);
            free(why);
        }
    }
    free(line);
    free(ports.rows);
    return error;
}

static char *change_file(struct direct_call *call, enum dp_direct_cmd cmd)
{
    const char *name = call->argv[0];
    FILE *f = strcmp(name, "-") ? fopen(name, "re") : stdin;

    if (!f) {
        return xasprintf("%s: open (%s)", name, strerror(errno));
    }
    char *error = change_lines(call, cmd, f, name);
    if (f != stdin) {
        fclose(f);
    }
    return error;
}

char *direct_add_flows(struct direct_call *call)
{
    return change_file(call, DP_DIRECT_ADD);
}

char *direct_mod_flows(struct direct_call *call)
{
    return change_file(call, modify(call));
}

char *direct_del_flows(struct direct_call *call)
{
    if (call->argc) {
        return change_file(call, DP_DIRECT_DEL);
    }
    int e = dp_direct_flow_flush(call->d, call->id);
    return e ? direct_failed(e, "deleting the flows of %s", call->dp) : NULL;
}
