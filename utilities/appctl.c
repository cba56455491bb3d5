/* appctl.c - sluice-appctl: sends one control command to a daemon and prints its answer.
 *
 * Target: --target NAME (its pid file in the run directory, or, where it writes none, the control
 * socket RUNDIR/NAME.PID.ctl that answers), or an absolute path of a socket.  Exit status: 1 cannot
 * ask, 2 the daemon says error. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/dirs.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "utilities/ctlopts.h"

static NORETURN void usage(void)
{
    printf("%s: control of a running sluice-vswitchd\n"
           "usage: %s [TARGET] COMMAND [ARG...]\n\n"
           "  -t, --target=TARGET     a daemon's name (default: %s) or its control socket\n"
           "  -T, --timeout=SECS      give up after so long\n"
           "  -f, --format=text|json  form of the answer, where the command has both\n"
           "  --pretty                (with --format=json) indented\n"
           "  --rundir=DIR            where sockets and pid files are (default: %s)\n"
           "  -h, --help, -V, --version\n\n"
           "`%s list-commands` lists the commands of the target.\n",
           ctlopts_program, ctlopts_program, CTLOPTS_DAEMON, dirs_rundir(), ctlopts_program);
    exit(0);
}

struct options {
    const char *target, *format;
    bool pretty;
};

static void parse_option(struct options *o, int c)
{
    switch (c) {
    case 't':
        o->target = optarg;
        break;
    case 'T':
        ctlopts_take(CTLOPTS_TIMEOUT, "-T", &o->target);
        break;
    case 'f':
        if (strcmp(optarg, "text") && strcmp(optarg, "json")) {
            ctlopts_fatal(xasprintf("unknown format \"%s\" (text or json)", optarg));
        }
        o->format = optarg;
        break;
    case 'p':
        o->pretty = true;
        break;
    case 'h':
        usage();
    default:
        if (!ctlopts_take(c, "-T", &o->target)) {
            exit(1);
        }
    }
}

static void parse_options(struct options *o, int argc, char *argv[])
{
    static const struct option long_options[] = {
        CTLOPTS_LONG,
        {"format", required_argument, NULL, 'f'},
        {"pretty", no_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    int c;

    /* '+': what follows the command is its own. */
    while ((c = getopt_long(argc, argv, "+t:T:f:v::hV", long_options, NULL)) != -1) {
        parse_option(o, c);
    }
    if (optind >= argc) {
        ctlopts_fatal(
            xstrdup("at least one non-option argument is required (use --help for help)"));
    }
}

static void print_answer(const json_t *answer, FILE *f, bool pretty)
{
    if (json_is_string(answer)) {
        fputs(json_string_value(answer), f);
    } else {
        char *s = json_dumps(answer, JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT));
        fprintf(f, "%s\n", s);
        free(s);
    }
}

/* Of an answer that is text, as it comes: some go on for ever. */
static void print_part(void *aux UNUSED, const char *s, size_t n)
{
    fwrite(s, 1, n, stdout);
    if (s[n - 1] == '\n') {
        fflush(stdout);
    }
}

/* The exit status. */
static int ask(struct jsonrpc_client *c, const struct options *o, const char *command,
               json_t *params)
{
    json_t *result, *error;
    int e = jsonrpc_call_text(c, command, params, print_part, NULL, &result, &error), status = 0;

    if (e) {
        fprintf(stderr, "%s: %s: transaction error (%s)\n", ctlopts_program, o->target,
                strerror(e));
        return 1;
    }
    if (!json_is_null(error)) {
        print_answer(error, stderr, o->pretty);
        fprintf(stderr, "%s: %s: server returned an error\n", ctlopts_program, o->target);
        status = 2;
    } else {
        print_answer(result, stdout, o->pretty);
    }
    json_decref(result);
    json_decref(error);
    return status;
}

int main(int argc, char *argv[])
{
    struct options o = {.target = CTLOPTS_DAEMON};
    char *why;
    int status = 0;

    ctlopts_program = basename(argv[0]);
    parse_options(&o, argc, argv);
    struct jsonrpc_client *client = ctlopts_connect(o.target, &why);
    if (!client) {
        ctlopts_fatal(why);
    }
    if (o.format && !strcmp(o.format, "json")) {
        status = ask(client, &o, "set-options", json_pack("[s, s]", "--format", "json"));
    }
    if (!status) {
        json_t *params = json_array();
        ctlopts_append(params, argc - optind - 1, argv + optind + 1);
        status = ask(client, &o, argv[optind], params);
    }
    jsonrpc_client_close(client);
    return status;
}
