/* dpctl.c - sluice-dpctl: the dpctl/ commands of a running sluice-vswitchd, which owns the
 * datapaths.
 *
 * Options may stand anywhere, as users of ovs-dpctl have it; those of the command go with it.  Exit
 * status: 1 for whatever went wrong. */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/io/jsonrpc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "utilities/ctlsock.h"

#define DAEMON "sluice-vswitchd"

static const char *program = "sluice-dpctl";

static NORETURN void fatal(char *error)
{
    fprintf(stderr, "%s: %s\n", program, error);
    free(error);
    exit(1);
}

static NORETURN void usage(void)
{
    printf("%s: the datapaths of a running " DAEMON "\n"
           "usage: %s [OPTIONS] COMMAND [ARG...]\n\n"
           "Datapaths are named [TYPE@]NAME; where there is one, the name may be left out.\n"
           "  dump-dps                             names of the datapaths\n"
           "  show [-s] [DP...]                    counters and ports; -s: with theirs\n"
           "  add-if [DP] IFACE[,type=T][,port_no=N]...\n"
           "  del-if [DP] IFACE...\n"
           "  dump-flows [-m] [--names] [DP] [filter=MATCH] [type=TYPE]\n"
           "  get-flow [DP] ufid:UFID\n"
           "  del-flow [DP] ufid:UFID\n"
           "  del-flows [DP]\n"
           "  dump-conntrack [-m] [-s] [--json] [DP] [FILTER]...\n"
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
           "  ct-disable-tcp-seq-chk [DP] [zone=N]\n\n"
           "  -s, --statistics, -m, --more, --names, --no-names   more of it, names of ports\n"
           "  --json                a dump of connections as lines of JSON\n"
           "  -t, --timeout=SECS    give up after so long\n"
           "  --target=TARGET       a daemon's name (default: " DAEMON ") or its control socket\n"
           "  --rundir=DIR          where sockets and pid files are (default: %s)\n"
           "  -h, --help, -V, --version\n",
           program, program, dirs_rundir());
    exit(0);
}

struct options {
    const char *target;
    json_t *params; /* Options of the command first. */
};

static void parse_option(struct options *o, int c)
{
    uint32_t seconds;

    switch (c) {
    case 's':
        json_array_append_new(o->params, json_string("-s"));
        break;
    case 'm':
        json_array_append_new(o->params, json_string("-m"));
        break;
    case 'n':
        json_array_append_new(o->params, json_string("--names"));
        break;
    case 'j':
        json_array_append_new(o->params, json_string("--json"));
        break;
    case 'N':
        json_array_append_new(o->params, json_string("--no-names"));
        break;
    case 't':
        if (!text_to_u32(optarg, &seconds) || !seconds) {
            fatal(xasprintf("value %s on -t or --timeout is invalid", optarg));
        }
        alarm(seconds);
        break;
    case 'T':
        o->target = optarg;
        break;
    case 'r':
        dirs_set_rundir(optarg);
        break;
    case 'v':
        break; /* Nothing is logged. */
    case 'h':
        usage();
    case 'V':
        printf("%s (Sluice) %s\n", program, PACKAGE_VERSION);
        exit(0);
    default:
        exit(1);
    }
}

static void parse_options(struct options *o, int argc, char *argv[])
{
    static const struct option long_options[] = {
        {"statistics", no_argument, NULL, 's'},    {"more", no_argument, NULL, 'm'},
        {"names", no_argument, NULL, 'n'},         {"no-names", no_argument, NULL, 'N'},
        {"json", no_argument, NULL, 'j'},          {"timeout", required_argument, NULL, 't'},
        {"target", required_argument, NULL, 'T'},  {"rundir", required_argument, NULL, 'r'},
        {"verbose", optional_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0},
    };
    int c;

    while ((c = getopt_long(argc, argv, "smt:v::hV", long_options, NULL)) != -1) {
        parse_option(o, c);
    }
    if (optind >= argc) {
        fatal(xstrdup("missing command name; use --help for help"));
    }
}

/* The daemon's words, said by us. */
static void print_error(const char *command, const char *text)
{
    static const char prefix[] = DAEMON ": ";

    if (strstr(text, "is not a valid command")) {
        fprintf(stderr, "%s: unknown command '%s'; use --help for help\n", program, command);
        return;
    }
    if (!strncmp(text, "\"dpctl/", 7) && strchr(text + 7, '"')) { /* "dpctl/CMD" command ... */
        size_t n = strcspn(text + 7, "\"");
        fprintf(stderr, "%s: '%.*s'%s", program, (int)n, text + 7, text + 7 + n + 1);
        return;
    }
    while (*text) {
        size_t n = strcspn(text, "\n");
        bool its = !strncmp(text, prefix, sizeof prefix - 1);
        size_t skip = its ? sizeof prefix - 1 : 0;
        fprintf(stderr, "%s: %.*s\n", program, (int)(n - skip), text + skip);
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
        fatal(xasprintf(DAEMON ": transaction error (%s)", strerror(e)));
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

int main(int argc, char *argv[])
{
    struct options o = {.target = DAEMON, .params = json_array()};
    struct jsonrpc_client *client;
    char *why;

    program = basename(argv[0]);
    parse_options(&o, argc, argv);
    for (int i = optind + 1; i < argc; i++) {
        json_t *s = json_string(argv[i]);
        if (!s) {
            fatal(xasprintf("argument %d is not valid UTF-8", i - optind));
        }
        json_array_append_new(o.params, s);
    }
    char *path = ctlsock_find(o.target, &why);
    if (!path) {
        fatal(why);
    }
    int error = jsonrpc_client_open(path, &client);
    if (error) {
        fatal(xasprintf("cannot connect to \"%s\" (%s)", path, strerror(error)));
    }
    int status = ask(client, argv[optind], o.params);
    jsonrpc_client_close(client);
    free(path);
    return status;
}
