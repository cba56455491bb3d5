/* cmd.c - see cmd.h.  Options go through getopt_long(), so abbreviations work. */
#include "lib/cmd.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/log.h"
#include "lib/mem.h"

/* Memory is left to the system: leak checkers need not hear of failures. */
void cmd_exit(int status)
{
    fflush(stdout);
    fflush(stderr);
    _exit(status);
}

void cmd_fatal(const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    fprintf(stderr, "%s: ", log_program());
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    cmd_exit(1);
}

void cmd_check(char *error)
{
    if (error) {
        cmd_fatal("%s", error);
    }
}

static void set_rundir(void *aux, const char *arg)
{
    dirs_set_rundir(arg);
}

static void set_verbose(void *aux, const char *arg)
{
    cmd_check(log_set(arg ? arg : "any:any:dbg"));
}

static void set_log_file(void *aux, const char *arg)
{
    char *path = arg ? xstrdup(arg) : xasprintf("%s/%s.log", dirs_logdir(), log_program());
    cmd_check(log_open_file(path));
    free(path);
}

static void set_timeout(void *aux, const char *arg)
{
    uint32_t seconds;
    if (!text_to_u32(arg, &seconds) || !seconds) {
        cmd_fatal("value %s on -t or --timeout is invalid", arg);
    }
    alarm(seconds);
}

static const struct cmd_option common_options[] = {
    {"rundir", 0, CMD_ARG_REQUIRED, "DIR", "directory of sockets and pid files", set_rundir},
    {"timeout", 't', CMD_ARG_REQUIRED, "SECS", "give up after SECS seconds", set_timeout},
    {"verbose", 'v', CMD_ARG_OPTIONAL, "SPEC", "set logging levels", set_verbose},
    {"log-file", 0, CMD_ARG_OPTIONAL, "FILE", "log to FILE as well", set_log_file},
    {"help", 'h', CMD_ARG_NONE, NULL, "show this text", NULL},
    {"version", 'V', CMD_ARG_NONE, NULL, "show the version", NULL},
};

static void print_options(const struct cmd_option *o, size_t n)
{
    for (; n; n--, o++) {
        char left[64];
        if (!o->help) {
            continue;
        }
        snprintf(left, sizeof left, "%c%c%c --%s%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
                 o->arg == CMD_ARG_OPTIONAL ? "[="
                 : o->arg                   ? "="
                                            : "",
                 o->arg ? o->metavar : "", o->arg == CMD_ARG_OPTIONAL ? "]" : "");
        printf("  %-32s %s\n", left, o->help);
    }
}

static void print_commands(const struct cmd_program *p)
{
    for (const struct cmd *c = p->commands; c < p->commands + p->n_commands; c++) {
        char left[96];
        if (c->help) {
            snprintf(left, sizeof left, "%s %s", c->name, c->usage);
            printf("  %-40s %s\n", left, c->help);
        }
    }
}

static void print_help(const struct cmd_program *p)
{
    printf("%s: %s\nusage: %s [OPTIONS] COMMAND [ARG...]\n", log_program(), p->synopsis,
           log_program());
    if (p->n_commands) {
        printf("\nCommands:\n");
        print_commands(p);
    }
    printf("\nOptions:\n");
    print_options(p->options, p->n_options);
    print_options(common_options, ARRAY_SIZE(common_options));
}

static void print_version(const struct cmd_program *p)
{
    printf("%s (Sluice) %s\n", log_program(), PACKAGE_VERSION);
    if (p->version_note) {
        printf("%s\n", p->version_note);
    }
}

/* The i-th of the program's own options and then the common ones. */
static const struct cmd_option *option_at(const struct cmd_program *p, size_t i)
{
    return i < p->n_options ? &p->options[i] : &common_options[i - p->n_options];
}

#define OPTION_BASE 256 /* Values of long options, beyond all letters. */

static size_t find_option(const struct cmd_program *p, size_t n, int c)
{
    for (size_t i = 0; i < n; i++) {
        if (c == OPTION_BASE + (int)i || (c < OPTION_BASE && option_at(p, i)->letter == c)) {
            return i;
        }
    }
    return n;
}

static void apply_option(const struct cmd_program *p, const struct cmd_option *o, void *aux)
{
    if (o->set) {
        o->set(aux, optarg);
    } else if (!strcmp(o->name, "help")) {
        print_help(p);
        exit(0);
    } else if (!strcmp(o->name, "version")) {
        print_version(p);
        exit(0);
    }
}

/* A program may be called by another name: ovs-ofctl. */
static const char *called_as(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    return strncmp(name, "lt-", 3) ? name : name + 3; /* As libtool runs what is not installed. */
}

int cmd_options(const struct cmd_program *p, int argc, char *argv[], void *aux)
{
    size_t n = p->n_options + ARRAY_SIZE(common_options);
    struct option *longs = xcalloc(n + 1, sizeof *longs);
    struct text shorts = TEXT_INIT;
    int c;

    log_set_program(called_as(argv[0]));
    text_puts(&shorts, p->permute ? "" : "+");
    for (size_t i = 0; i < n; i++) {
        const struct cmd_option *o = option_at(p, i);
        longs[i] = (struct option){o->name, (int)o->arg, NULL, OPTION_BASE + (int)i};
        if (o->letter) {
            text_putc(&shorts, o->letter);
            text_put(&shorts, "::", (size_t)(o->arg == CMD_ARG_OPTIONAL ? 2 : o->arg));
        }
    }
    while ((c = getopt_long(argc, argv, text_cstr(&shorts), longs, NULL)) != -1) {
        size_t i = find_option(p, n, c);
        if (i == n) {
            exit(1); /* getopt_long() has said what is wrong. */
        }
        apply_option(p, option_at(p, i), aux);
    }
    text_deinit(&shorts);
    free(longs);
    return optind;
}

static const struct cmd *find_command(const struct cmd_program *p, const char *name)
{
    for (size_t i = 0; i < p->n_commands; i++) {
        if (!strcmp(p->commands[i].name, name)) {
            return &p->commands[i];
        }
    }
    return NULL;
}

void cmd_run(const struct cmd_program *p, int argc, char *argv[], bool read_only, void *aux)
{
    if (argc < 1) {
        cmd_fatal("missing command name; use --help for help");
    }
    const struct cmd *c = find_command(p, argv[0]);
    int n = argc - 1;
    if (!c) {
        if (!strcmp(argv[0], "help")) {
            print_help(p);
        } else if (!strcmp(argv[0], "list-commands")) {
            printf("The available commands are:\n");
            print_commands(p);
        } else {
            cmd_fatal("unknown command '%s'; use --help for help", argv[0]);
        }
        return;
    }
    if (n < c->min_args) {
        cmd_fatal("'%s' command requires at least %d arguments", c->name, c->min_args);
    }
    if (n > c->max_args) {
        cmd_fatal("'%s' command takes at most %d arguments", c->name, c->max_args);
    }
    if (read_only && c->writes) {
        cmd_fatal("'%s' command does not work in read only mode", c->name);
    }
    c->run(argc, argv, aux);
}
