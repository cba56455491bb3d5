/* dpctl.c - sluice-dpctl: datapaths.  The dpctl/ commands of a running sluice-vswitchd, which owns
 * those of its bridges; where none runs, the kernel's, asked here (dpctl/direct.h).
 *
 * Options may stand anywhere, as users of ovs-dpctl have it; those of the command go with it.  Exit
 * status: 1 for whatever went wrong. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dpctl/direct.h"
#include "lib/dirs.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "utilities/ctlopts.h"

#define DAEMON CTLOPTS_DAEMON

static NORETURN void usage(void)
{
    printf("%s: datapaths\n"
           "usage: %s [OPTIONS] COMMAND [ARG...]\n\n"
           "Asks a running " DAEMON ", and where there is none the kernel itself.\n"
           "Datapaths are named [TYPE@]NAME; where there is one, the name may be left out.\n\n"
           "Of a daemon or of the kernel:\n"
           "  dump-dps                             names of the datapaths\n"
           "  show [-s] [DP...]                    counters and ports; -s: with theirs\n"
           "  add-dp DP [IFACE...]                 of the kernel, without bridges\n"
           "  del-dp DP\n"
           "  add-if DP IFACE[,type=T][,port_no=N]...\n"
           "  set-if DP IFACE[,type=T][,port_no=N][,dst_port=N]...\n"
           "  del-if DP IFACE...\n"
           "  cache-get-size [DP], cache-set-size [DP] masks-cache N\n"
           "  dump-flows [-m] [--names] [DP] [filter=MATCH] [type=TYPE]\n"
           "  add-flow [DP] FLOW ACTIONS\n"
           "  mod-flow [--clear] [--may-create] [-s] [DP] FLOW ACTIONS\n"
           "  get-flow [-m] [DP] ufid:UFID\n"
           "  del-flow [-s] [DP] FLOW|ufid:UFID\n"
           "  del-flows [DP]\n"
           "  add-flows [DP] FILE, mod-flows [DP] FILE, del-flows DP FILE\n\n"
           "Of a daemon:\n"
           "  dump-conntrack [-m] [-s] [--json] [DP] [FILTER]...\n"
           "  dump-conntrack-exp [DP] [zone=N]\n"
           "  flush-conntrack [DP] [FILTER]...\n"
           "      FILTER: [zone=N] [mark=X[/M]] [labels=X[/M]] [proto=P] [state=S] [ORIG [REPLY]]\n"
           "  ct-stats-show [-m] [DP] [zone=N]\n"
           "  ct-get-nconns [DP]\n"
           "  ct-get-maxconns [DP]\n"
           "  ct-set-maxconns [DP] N|SIZE\n"
           "  ct-set-limits [DP] [default=L] [zone=N,limit=L]...\n"
           "  ct-get-limits [DP] [zone=N[,N]...]\n"
           "  ct-del-limits [DP] [default] [zone=N[,N]...]\n"
           "  ct-enable-tcp-seq-chk [DP] [zone=N]\n"
           "  ct-disable-tcp-seq-chk [DP] [zone=N]\n"
           "  ipf-get-status [DP]\n"
           "  ipf-set-enabled [DP] v4|v6, ipf-set-disabled [DP] v4|v6\n"
           "  ipf-set-min-frag [DP] v4|v6 BYTES, ipf-set-max-nfrags [DP] N\n\n"
           "  -s, --statistics, -m, --more, --names, --no-names   more of it, names of ports\n"
           "  --read-only           refuse commands that change something\n"
           "  --json                a dump of connections as lines of JSON\n"
           "  -t, --timeout=SECS    give up after so long\n"
           "  --target=TARGET       a daemon's name (default: " DAEMON ") or its control socket\n"
           "  --rundir=DIR          where sockets and pid files are (default: %s)\n"
           "  -h, --help, -V, --version\n",
           ctlopts_program, ctlopts_program, dirs_rundir());
    exit(0);
}

struct options {
    const char *target; /* NULL: not said. */
    bool read_only;
    json_t *params; /* Options of the command first. */
};

/* Options that go with the command. */
static const struct {
    int code;
    const char *word;
} forwarded[] = {
    {'s', "-s"},           {'m', "-m"},      {'n', "--names"}, {'N', "--no-names"},
    {'c', "--may-create"}, {'C', "--clear"}, {'j', "--json"},
};

static void parse_option(struct options *o, int c)
{
    for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
        if (forwarded[i].code == c) {
            json_array_append_new(o->params, json_string(forwarded[i].word));
            return;
        }
    }
    switch (c) {
    case 't':
        ctlopts_take(CTLOPTS_TIMEOUT, "-t", &o->target);
        break;
    case 'R':
        o->read_only = true;
        break;
    case 'h':
        usage();
    default:
        if (!ctlopts_take(c, "-t", &o->target)) {
            exit(1);
        }
    }
}

static void parse_options(struct options *o, int argc, char *argv[])
{
    static const struct option long_options[] = {
        CTLOPTS_LONG,
        {"statistics", no_argument, NULL, 's'},
        {"more", no_argument, NULL, 'm'},
        {"names", no_argument, NULL, 'n'},
        {"no-names", no_argument, NULL, 'N'},
        {"may-create", no_argument, NULL, 'c'},
        {"clear", no_argument, NULL, 'C'},
        {"json", no_argument, NULL, 'j'},
        {"read-only", no_argument, NULL, 'R'},
        {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "smt:v::hV", long_options, NULL)) != -1) {
        parse_option(o, c);
    }
    if (optind >= argc) {
        ctlopts_fatal(xstrdup("missing command name; use --help for help"));
    }
    if (o->read_only && !direct_is_read_only(argv[optind])) {
        ctlopts_fatal(xasprintf("'%s' command does not work in read only mode", argv[optind]));
    }
}

/* The daemon's words, said by us. */
static void print_error(const char *command, const char *text)
{
    static const char prefix[] = DAEMON ": ";

    if (strstr(text, "is not a valid command")) {
        fprintf(stderr, "%s: unknown command '%s'; use --help for help\n", ctlopts_program,
                command);
        return;
    }
    if (!strncmp(text, "\"dpctl/", 7) && strchr(text + 7, '"')) { /* "dpctl/CMD" command ... */
        size_t n = strcspn(text + 7, "\"");
        fprintf(stderr, "%s: '%.*s'%s", ctlopts_program, (int)n, text + 7, text + 7 + n + 1);
        return;
    }
    while (*text) {
        size_t n = strcspn(text, "\n");
        bool its = !strncmp(text, prefix, sizeof prefix - 1);
        size_t skip = its ? sizeof prefix - 1 : 0;
        fprintf(stderr, "%s: %.*s\n", ctlopts_program, (int)(n - skip), text + skip);
        text += n + (text[n] != '\0');
    }
}

static int ask(struct jsonrpc_client *c, const char *command, json_t *params)
{
    char *method = xasprintf("dpctl/%s", command);
    json_t *result, *error;
    int e = jsonrpc_call(c, method, params, 0, &result, &error), status = 0;

    free(method);
    if (e) {
        ctlopts_fatal(xasprintf(DAEMON ": transaction error (%s)", strerror(e)));
    }
    if (json_is_string(error)) {
        print_error(command, json_string_value(error));
        status = 1;
    } else if (json_is_string(result)) {
        fputs(json_string_value(result), stdout);
    }
    json_decref(result);
    json_decref(error);
    return status;
}

/* The kernel's, without a daemon. */
static int ask_kernel(const char *command, const json_t *params, char *no_daemon)
{
    const size_t n = json_array_size(params);
    const char **argv = xcalloc(n + 1, sizeof *argv);
    struct text out = TEXT_INIT;

    if (!direct_has(command)) { /* Of a daemon, or of nobody. */
        ctlopts_fatal(no_daemon);
    }
    for (size_t i = 0; i < n; i++) {
        argv[i] = json_string_value(json_array_get(params, i));
    }
    char *error = direct_run(command, (int)n, argv, &out);
    fputs(text_cstr(&out), stdout);
    text_deinit(&out);
    free(argv);
    if (error) {
        ctlopts_fatal(error);
    }
    free(no_daemon);
    return 0;
}

int main(int argc, char *argv[])
{
    struct options o = {.params = json_array()};
    char *why;
    int status;

    ctlopts_program = basename(argv[0]);
    parse_options(&o, argc, argv);
    ctlopts_append(o.params, argc - optind - 1, argv + optind + 1);
    struct jsonrpc_client *client = ctlopts_connect(o.target ? o.target : DAEMON, &why);
    if (client) {
        status = ask(client, argv[optind], o.params);
        jsonrpc_client_close(client);
    } else if (o.target) {
        ctlopts_fatal(why);
    } else {
        status = ask_kernel(argv[optind], o.params, why);
        json_decref(o.params);
    }
    return status;
}
