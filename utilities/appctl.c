/* appctl.c - sluice-appctl: sends one control command to a daemon and prints its answer.
 *
 * Target: --target NAME (its pid file in the run directory, or, where it writes none, the control
 * socket RUNDIR/NAME.PID.ctl that answers), or an absolute path of a socket.  Exit status: 1 cannot
 * ask, 2 the daemon says error. */
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/io/jsonrpc.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "utilities/ctlsock.h"

#define DEFAULT_TARGET "sluice-vswitchd"

static const char *program = "sluice-appctl";

static NORETURN void fatal(char *error)
{
    fprintf(stderr, "%s: %s\n", program, error);
    free(error);
    exit(1);
}

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
           program, program, DEFAULT_TARGET, dirs_rundir(), program);
    exit(0);
}

struct options {
    const char *target, *format;
    bool pretty;
};

static void parse_option(struct options *o, int c)
{
    uint32_t seconds;

    switch (c) {
    case 't':
        o->target = optarg;
        break;
    case 'T':
        if (!text_to_u32(optarg, &seconds) || !seconds) {
            fatal(xasprintf("value %s on -T or --timeout is invalid", optarg));
        }
        alarm(seconds);
        break;
    case 'f':
        if (strcmp(optarg, "text") && strcmp(optarg, "json")) {
            fatal(xasprintf("unknown format \"%s\" (text or json)", optarg));
        }
        o->format = optarg;
        break;
    case 'p':
        o->pretty = true;
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
        {"target", required_argument, NULL, 't'},
        {"timeout", required_argument, NULL, 'T'},
        {"format", required_argument, NULL, 'f'},
        {"pretty", no_argument, NULL, 'p'},
        {"rundir", required_argument, NULL, 'r'},
        {"verbose", optional_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int c;

    /* '+': what follows the command is its own. */
    while ((c = getopt_long(argc, argv, "+t:T:f:v::hV", long_options, NULL)) != -1) {
        parse_option(o, c);
    }
    if (optind >= argc) {
        fatal(xstrdup("at least one non-option argument is required (use --help for help)"));
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
        fprintf(stderr, "%s: %s: transaction error (%s)\n", program, o->target, strerror(e));
        return 1;
    }
    if (!json_is_null(error)) {
        print_answer(error, stderr, o->pretty);
        fprintf(stderr, "%s: %s: server returned an error\n", program, o->target);
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
    struct options o = {.target = DEFAULT_TARGET};
    struct jsonrpc_client *client;
    char *why;
    int status = 0;

    program = basename(argv[0]);
    parse_options(&o, argc, argv);
    char *path = ctlsock_find(o.target, &why);
    if (!path) {
        fatal(why);
    }
    int error = jsonrpc_client_open(path, &client);
    if (error) {
        fatal(xasprintf("cannot connect to \"%s\" (%s)", path, strerror(error)));
    }
    if (o.format && !strcmp(o.format, "json")) {
        status = ask(client, &o, "set-options", json_pack("[s, s]", "--format", "json"));
    }
    if (!status) {
        json_t *params = json_array();
        for (int i = optind + 1; i < argc; i++) {
            json_t *s = json_string(argv[i]);
            if (!s) {
                fatal(xasprintf("argument %d is not valid UTF-8", i - optind));
            }
            json_array_append_new(params, s);
        }
        status = ask(client, &o, argv[optind], params);
    }
    jsonrpc_client_close(client);
    free(path);
    return status;
}
