/* direct.c - see direct.h: options, and which command is meant. */
#include "dpctl/direct-private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "lib/mem.h"

char *direct_failed(int error, const char *what, ...)
{
    struct text t = TEXT_INIT;
    va_list args;
    const char *why = error == EPERM ? "Operation not permitted: run as root, or with CAP_NET_ADMIN"
                      : error == EINVAL
                          ? "Invalid argument: the kernel does not take it, and its log "
                            "(dmesg) may say why"
                          : strerror(error);

    va_start(args, what);
    text_vprintf(&t, what, args);
    va_end(args);
    text_printf(&t, " (%s)", why);
    return text_steal(&t);
}

const char *direct_dp_name(const char *arg, char **error)
{
    const char *at = strchr(arg, '@');

    *error = NULL;
    if (!at) {
        return arg;
    }
    if (strncmp(arg, "system@", 7)) {
        *error = xasprintf("opening datapath %s failed (No such device: only those of the kernel, "
                           "system@NAME, are there without a daemon)",
                           arg);
        return NULL;
    }
    return at + 1;
}

/* ---- the commands ---- */

enum dp_arg { DP_NONE, DP_NEEDED, DP_MAY /* Where there is one, its name may be left out. */ };

static const struct command {
    const char *name;
    direct_fn *fn;
    bool writes;
    enum dp_arg dp;
    int min, max; /* Arguments behind the datapath. */
} commands[] = {
    {"add-dp", direct_add_dp, true, DP_NONE, 1, INT16_MAX},
    {"del-dp", direct_del_dp, true, DP_NEEDED, 0, 0},
    {"dump-dps", direct_dump_dps, false, DP_NONE, 0, 0},
    {"show", direct_show, false, DP_NONE, 0, INT16_MAX},
    {"add-if", direct_add_if, true, DP_NEEDED, 1, INT16_MAX},
    {"set-if", direct_set_if, true, DP_NEEDED, 1, INT16_MAX},
    {"del-if", direct_del_if, true, DP_NEEDED, 1, INT16_MAX},
    {"cache-get-size", direct_cache_get_size, false, DP_MAY, 0, 0},
    {"cache-set-size", direct_cache_set_size, true, DP_MAY, 2, 2},
    {"dump-flows", direct_dump_flows, false, DP_MAY, 0, 3},
    {"add-flow", direct_add_flow, true, DP_MAY, 2, 2},
    {"mod-flow", direct_mod_flow, true, DP_MAY, 2, 2},
    {"get-flow", direct_get_flow, false, DP_MAY, 1, 1},
    {"del-flow", direct_del_flow, true, DP_MAY, 1, 1},
    {"add-flows", direct_add_flows, true, DP_MAY, 1, 1},
    {"mod-flows", direct_mod_flows, true, DP_MAY, 1, 1},
    {"del-flows", direct_del_flows, true, DP_MAY, 0, 1},
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

bool direct_has(const char *command)
{
    return find(command) != NULL;
}

bool direct_is_read_only(const char *name)
{
    static const char *const looks[] = {"dump-", "ct-get-", "ct-stats-", "ipf-get-", "list-"};
    const struct command *c = find(name);

    for (size_t i = 0; !c && i < ARRAY_SIZE(looks); i++) { /* The daemon's. */
        if (!strncmp(name, looks[i], strlen(looks[i]))) {
            return true;
        }
    }
    return c && !c->writes;
}

/* ---- arguments ---- */

static char *read_option(const char *s, struct direct_call *call)
{
    static const char *const ignored[] = {"--no-names"}; /* It is so. */

    if (!strcmp(s, "-m") || !strcmp(s, "--more")) {
        call->more = call->names = true;
    } else if (!strcmp(s, "-s") || !strcmp(s, "--statistics")) {
        call->stats = true;
    } else if (!strcmp(s, "--names")) {
        call->names = true;
    } else if (!strcmp(s, ignored[0])) {
        call->names = false;
    } else if (!strcmp(s, "--may-create")) {
        call->may_create = true;
    } else if (!strcmp(s, "--clear")) {
        call->clear = true;
    } else {
        return xasprintf("Unrecognized option %s", s);
    }
    return NULL;
}

struct only {
    char name[64];
    unsigned n;
};

static void on_name(void *o_, const char *name)
{
    struct only *o = o_;

    o->n++;
    if (strlen(name) < sizeof o->name) {
        memcpy(o->name, name, strlen(name) + 1);
    }
}

static char *find_only(struct direct_call *call, struct only *o)
{
    *o = (struct only){.n = 0};
    int error = dp_direct_names(call->d, on_name, o);
    if (error) {
        return direct_failed(error, "listing the datapaths of the kernel");
    }
    if (o->n != 1) {
        return xstrdup(o->n ? "multiple datapaths, specify one"
                            : "no datapaths exist: add-dp makes one");
    }
    call->dp = o->name;
    return NULL;
}

/* The datapath: the first argument, where there are more than the command needs. */
static char *take_dp(struct direct_call *call, const struct command *c, struct only *o)
{
    char *error = NULL;
    bool named = c->dp == DP_NEEDED;

    if (c->dp == DP_MAY && call->argc) {
        named = c->fn == direct_dump_flows ? !strchr(call->argv[0], '=') : call->argc > c->min;
    }
    if (named) {
        call->dp = direct_dp_name(call->argv[0], &error);
        call->argc--;
        call->argv++;
    } else {
        error = find_only(call, o);
    }
    if (error) {
        return error;
    }
    int e = dp_direct_find(call->d, call->dp, &call->id);
    return e ? direct_failed(e, "opening datapath system@%s failed", call->dp) : NULL;
}

static char *run(struct direct_call *call, const struct command *c)
{
    struct only only;
    char *error = c->dp == DP_NONE ? NULL : take_dp(call, c, &only);

    return error ? error : c->fn(call);
}

char *direct_run(const char *command, int argc, const char *const argv[], struct text *out)
{
    const struct command *c = find(command);
    struct direct_call call = {.out = out};
    char *error = NULL;
    int i = 0;

    if (!c) {
        return xasprintf("unknown command '%s'; use --help for help", command);
    }
    for (; !error && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        error = read_option(argv[i], &call);
    }
    call.argc = argc - i;
    call.argv = argv + i;
    if (!error && call.argc < c->min + (c->dp == DP_NEEDED)) {
        return xasprintf("'%s' command requires at least %d arguments", command,
                         c->min + (c->dp == DP_NEEDED));
    }
    if (!error && call.argc > c->max + (c->dp != DP_NONE)) {
        return xasprintf("'%s' command takes at most %d arguments", command,
                         c->max + (c->dp != DP_NONE));
    }
    error = error ? error : dp_direct_open(&call.d);
    if (!error) {
        error = run(&call, c);
        dp_direct_close(call.d);
    }
    return error;
}
