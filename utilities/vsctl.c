/* vsctl.c - sluice-vsctl: command line, transaction, output. */
#include "utilities/vsctl.h"

#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/dirs.h"
#include "lib/mem.h"

#define MAX_TRIES 20

const char *vsctl_program = "sluice-vsctl";

struct options {
    char *db; /* Path of the socket. */
    bool no_wait, dry_run, oneline, retry;
    unsigned timeout_s;
};

void vsctl_fatal(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fflush(stdout);
    fprintf(stderr, "%s: ", vsctl_program);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

void vsctl_fatal_text(char *error)
{
    vsctl_fatal("%s", error);
}

bool vsctl_option(const struct vcommand *c, const char *name)
{
    return json_object_get(c->options, name) != NULL;
}

/* Options of the program. */

static void print_commands(const struct vcommand_class *c)
{
    for (; c->name; c++) {
        printf("  %s %s\n", c->name, c->args);
    }
}

static NORETURN void usage(void)
{
    printf("%s: configuration of sluice-vswitchd\n"
           "usage: %s [OPTIONS] COMMAND [ARG...] [-- COMMAND [ARG...]]...\n\nCommands:\n",
           vsctl_program, vsctl_program);
    print_commands(vsctl_bridge_commands);
    print_commands(vsctl_tls_commands);
    print_commands(vsctl_zone_commands);
    print_commands(vsctl_db_commands);
    printf(
        "\nOptions:\n"
        "  --db=SERVER             the daemon's database (default: unix:%s/db.sock)\n"
        "  --rundir=DIR            where that is\n"
        "  --no-wait               do not wait until the configuration is applied\n"
        "  --retry                 keep trying to connect\n"
        "  -t, --timeout=SECS      give up after so long\n"
        "  --dry-run               change nothing\n"
        "  --oneline               the output of each command on one line\n"
        "  -f, --format=list|table|csv|json, -d, --data=string|bare|json, --no-headings, --bare\n"
        "  -h, --help, -V, --version\n",
        dirs_rundir());
    exit(0);
}

static NORETURN void version(void)
{
    /* Under the other name scripts look at the first number. */
    bool other_name = !strncmp(vsctl_program, "ovs-", 4);

    printf("%s (%sSluice) %s\nDB Schema 8.3.1\n", vsctl_program,
           other_name ? "compatible with Open vSwitch 3.1.0; " : "", PACKAGE_VERSION);
    exit(0);
}

/* Text of a program's option that has a value; NULL: 'arg' is another one.  '*i' moves on if the
 * value is the next word. */
static const char *option_value(char **argv, int argc, int *i, const char *name, const char *brief)
{
    const char *arg = argv[*i];
    size_t n = strlen(name);

    if (!strncmp(arg, name, n) && arg[n] == '=') {
        return arg + n + 1;
    }
    if (brief && !strncmp(arg, brief, 2) && arg[1] != '-' && arg[2]) {
        return arg + 2;
    }
    if (!strcmp(arg, name) || (brief && !strcmp(arg, brief))) {
        if (*i + 1 >= argc) {
            vsctl_fatal("option \"%s\" requires an argument", arg);
        }
        return argv[++*i];
    }
    return NULL;
}

static void set_timeout(struct options *o, const char *s)
{
    uint32_t seconds;

    if (!text_to_u32(s, &seconds)) {
        vsctl_fatal("value %s on -t or --timeout is invalid", s);
    }
    o->timeout_s = seconds;
}

static void set_db(struct options *o, const char *s)
{
    if (strncmp(s, "unix:", 5)) {
        vsctl_fatal("%s: only unix:PATH is supported for --db", s);
    }
    free(o->db);
    o->db = xstrdup(s + 5);
}

static void set_format(struct vctl *v, const char *s)
{
    if (!vsctl_has_format(s)) {
        vsctl_fatal("unsupported output format \"%s\" (list, table, csv or json)", s);
    }
    v->format = s;
}

static void set_data(struct vctl *v, const char *s)
{
    if (strcmp(s, "string") && strcmp(s, "bare") && strcmp(s, "json")) {
        vsctl_fatal("unsupported data format \"%s\" (string, bare or json)", s);
    }
    v->bare = !strcmp(s, "bare");
    v->data_json = !strcmp(s, "json");
}

/* False: not an option of the program. */
static bool parse_flag(struct options *o, struct vctl *v, const char *arg)
{
    if (!strcmp(arg, "--no-wait")) {
        o->no_wait = true;
    } else if (!strcmp(arg, "--dry-run")) {
        o->dry_run = true;
    } else if (!strcmp(arg, "--oneline")) {
        o->oneline = true;
    } else if (!strcmp(arg, "--retry")) {
        o->retry = true;
    } else if (!strcmp(arg, "--no-headings")) {
        v->headings = false;
    } else if (!strcmp(arg, "--bare")) {
        v->format = "list";
        v->bare = true;
        v->headings = false;
    } else if (!strcmp(arg, "-h") || !strcmp(arg, "--help")) {
        usage();
    } else if (!strcmp(arg, "-V") || !strcmp(arg, "--version")) {
        version();
    } else {
        /* Nothing is logged by a run without errors. */
        return !strcmp(arg, "--no-syslog") || !strncmp(arg, "-v", 2) ||
               !strncmp(arg, "--verbose", 9);
    }
    return true;
}

/* One that some command has. */
static void check_option(const char *arg)
{
    const struct vcommand_class *tables[] = {vsctl_bridge_commands, vsctl_tls_commands,
                                             vsctl_zone_commands, vsctl_db_commands};
    size_t len = strcspn(arg, "=");
    char *word = xasprintf("%.*s ", (int)len, arg);
    bool known = false;

    for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
        for (const struct vcommand_class *c = tables[t]; c->name; c++) {
            known |= strstr(c->options, word) != NULL;
        }
    }
    free(word);
    if (!known) {
        vsctl_fatal("unrecognized option '%s'", arg);
    }
}

/* Takes the program's options out of those before the first command; what is left begins at the
 * index returned: the first command's options, moved up to it. */
static int parse_options(struct options *o, struct vctl *v, int argc, char **argv)
{
    char **left = xcalloc((size_t)argc + 1, sizeof *left);
    int i = 1, n_left = 0;

    for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++) {
        const char *s;
        if ((s = option_value(argv, argc, &i, "--db", NULL))) {
            set_db(o, s);
        } else if ((s = option_value(argv, argc, &i, "--rundir", NULL))) {
            dirs_set_rundir(s);
        } else if ((s = option_value(argv, argc, &i, "--timeout", "-t"))) {
            set_timeout(o, s);
        } else if ((s = option_value(argv, argc, &i, "--format", "-f"))) {
            set_format(v, s);
        } else if ((s = option_value(argv, argc, &i, "--data", "-d"))) {
            set_data(v, s);
        } else if (!parse_flag(o, v, argv[i])) {
            check_option(argv[i]);
            left[n_left++] = argv[i];
        }
    }
    i -= n_left;
    memcpy(argv + i, left, (size_t)n_left * sizeof *left);
    free(left);
    if (!o->db) {
        o->db = dirs_in_rundir("db.sock");
    }
    return i;
}

/* Commands. */

static const struct vcommand_class *find_class(const char *name)
{
    const struct vcommand_class *tables[] = {vsctl_bridge_commands, vsctl_tls_commands,
                                             vsctl_zone_commands, vsctl_db_commands};

    for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
        for (const struct vcommand_class *c = tables[t]; c->name; c++) {
            if (!strcmp(c->name, name)) {
                return c;
            }
        }
    }
    vsctl_fatal("unknown command '%s'; use --help for help", name);
}

static void check_command(const struct vcommand *c)
{
    const char *name;
    json_t *unused;
    int n = c->argc - 1;

    json_object_foreach(c->options, name, unused)
    {
        char *word = xasprintf("%s ", name);
        if (!strstr(c->class->options, word)) {
            vsctl_fatal("'%s' command has no '%s' option", c->argv[0], name);
        }
        free(word);
    }
    if (n < c->class->min) {
        vsctl_fatal("'%s' command requires at least %d arguments", c->argv[0], c->class->min);
    }
    if (c->class->max >= 0 && n > c->class->max) {
        vsctl_fatal("'%s' command takes at most %d arguments", c->argv[0], c->class->max);
    }
}

/* The words between two "--". */
static void parse_command(struct vcommand *c, int argc, char **argv)
{
    int i = 0;

    memset(c, 0, sizeof *c);
    c->options = json_object();
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *equals = strchr(argv[i], '=');
        char *name = equals ? xstrndup(argv[i], (size_t)(equals - argv[i])) : xstrdup(argv[i]);
        if (json_object_get(c->options, name)) {
            vsctl_fatal("'%s' option specified multiple times", name);
        }
        json_object_set_new(c->options, name, json_string(equals ? equals + 1 : ""));
        free(name);
    }
    if (i == argc) {
        vsctl_fatal("missing command name (use --help for help)");
    }
    c->argc = argc - i;
    c->argv = argv + i;
    c->class = find_class(c->argv[0]);
    check_command(c);
}

static struct vcommand *parse_commands(int argc, char **argv, size_t *n)
{
    struct vcommand *list = xcalloc((size_t)argc + 1, sizeof *list);

    *n = 0;
    for (int i = 0; i < argc;) {
        int end = i;
        while (end < argc && strcmp(argv[end], "--")) {
            end++;
        }
        if (end > i) {
            parse_command(&list[(*n)++], end - i, argv + i);
        }
        i = end + 1;
    }
    if (!*n) {
        vsctl_fatal("missing command name (use --help for help)");
    }
    return list;
}

/* The conversation. */

static json_t *call(struct vctl *v, const struct options *o, const char *method, json_t *params)
{
    json_t *result, *error;
    int e = jsonrpc_call(v->client, method, params, 0, &result, &error);

    if (e) {
        vsctl_fatal("unix:%s: database connection failed (%s)", o->db, strerror(e));
    }
    if (!json_is_null(error)) {
        vsctl_fatal("%s: %s", method, json_dumps(error, JSON_ENCODE_ANY));
    }
    json_decref(error);
    return result;
}

static void connect_db(struct vctl *v, const struct options *o)
{
    int error;

    while ((error = jsonrpc_client_open(o->db, &v->client)) && o->retry) {
        usleep(100000);
    }
    if (error) {
        vsctl_fatal("unix:%s: database connection failed (%s)", o->db, strerror(error));
    }
}

/* Everything there is. */
static void fetch(struct vctl *v, const struct options *o)
{
    json_t *schema = call(v, o, "get_schema", json_pack("[s]", "Open_vSwitch"));
    json_t *tables = json_object_get(schema, "tables"), *unused;
    json_t *params = json_pack("[s]", "Open_vSwitch");
    const char *table;

    json_object_foreach(tables, table, unused)
    {
        json_array_append_new(params, json_pack("{s:s, s:s, s:[]}", "op", "select", "table", table,
                                                "where"));
    }
    json_t *results = call(v, o, "transact", params);
    model_fill(v, tables, results);
    json_decref(results);
    json_decref(schema);
    if (!v->root) {
        vsctl_fatal("unix:%s: the database has no row in table Open_vSwitch", o->db);
    }
}

/* The error object of a transaction's result, or NULL. */
static const json_t *find_error(const json_t *results)
{
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *e = json_object_get(json_array_get(results, i), "error");
        if (json_is_string(e)) {
            return json_array_get(results, i);
        }
    }
    return NULL;
}

/* The real UUIDs of rows that `create` has made. */
static void print_created(struct vcommand *commands, size_t n, const json_t *params,
                          const json_t *results)
{
    for (size_t i = 0; i < n; i++) {
        const struct vrow *r = commands[i].created;
        for (size_t k = 1; r && k < json_array_size(params); k++) {
            const json_t *name = json_object_get(json_array_get(params, k), "uuid-name");
            if (name && json_equal(name, json_array_get(r->ref, 1))) {
                const json_t *uuid = json_object_get(json_array_get(results, k - 1), "uuid");
                text_printf(&commands[i].out, "%s\n", json_string_value(json_array_get(uuid, 1)));
            }
        }
    }
}

/* An @id that is used but never created. */
static void check_ids(struct vctl *v)
{
    const char *id;
    json_t *ref;

    json_object_foreach(v->ids, id, ref)
    {
        if (!model_follow(v, ref)) {
            vsctl_fatal("row id \"%s\" is referenced but never created (e.g. with \"-- --id=%s "
                        "create ...\")",
                        id, id);
        }
    }
}

/* False: somebody else was faster; begin again. */
static bool commit(struct vctl *v, const struct options *o, struct vcommand *commands, size_t n)
{
    check_ids(v);
    json_t *params = model_operations(v, !o->no_wait);

    if (json_array_size(params) == 1 || o->dry_run) {
        json_decref(params);
        return true;
    }
    json_t *results = call(v, o, "transact", json_incref(params));
    const json_t *error = find_error(results);
    bool ok = !error;
    if (error) {
        if (strcmp(json_string_value(json_object_get(error, "error")), "timed out")) {
            vsctl_fatal("transaction error: %s", json_dumps(error, JSON_SORT_KEYS));
        }
    } else {
        print_created(commands, n, params, results);
    }
    json_decref(params);
    json_decref(results);
    return ok;
}

/* What became of the interfaces that this run has added. */
static void report_interfaces(struct vctl *v, const struct options *o)
{
    bool any = false;

    for (size_t i = 0; i < json_array_size(v->new_ifaces); i++) {
        json_t *name = json_array_get(v->new_ifaces, i);
        json_t *result =
            call(v, o, "transact",
                 json_pack("[s, {s:s, s:s, s:[[s, s, O]], s:[s]}]", "Open_vSwitch", "op", "select",
                           "table", "Interface", "where", "name", "==", name, "columns", "error"));
        const json_t *rows = json_object_get(json_array_get(result, 0), "rows");
        const char *error = json_string_value(json_object_get(json_array_get(rows, 0), "error"));
        if (error) {
            fprintf(stderr,
                    "%s: Error detected while setting up '%s': %s.  See sluice-vswitchd log for "
                    "details.\n",
                    vsctl_program, json_string_value(name), error);
            any = true;
        }
        json_decref(result);
    }
    if (any) {
        fprintf(stderr, "%s: The default log directory is \"%s\".\n", vsctl_program, dirs_logdir());
    }
}

static void print_output(const struct options *o, const struct vcommand *c)
{
    const char *s = text_cstr(&c->out);

    if (!o->oneline) {
        fputs(s, stdout);
        return;
    }
    size_t len = c->out.len;
    if (len && s[len - 1] == '\n') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '\n') {
            fputs("\\n", stdout);
        } else if (s[i] == '\\') {
            fputs("\\\\", stdout);
        } else {
            fputc(s[i], stdout);
        }
    }
    fputc('\n', stdout);
}

static void run(struct vctl *v, const struct options *o, struct vcommand *commands, size_t n)
{
    bool done = false;

    for (int tries = 0; !done; tries++) {
        if (tries == MAX_TRIES) {
            vsctl_fatal("the configuration keeps changing; giving up");
        }
        model_clear(v);
        fetch(v, o);
        for (size_t i = 0; i < n; i++) {
            text_clear(&commands[i].out);
            commands[i].created = NULL;
            commands[i].exit_code = 0;
            commands[i].class->run(v, &commands[i]);
        }
        done = commit(v, o, commands, n);
    }
}

static void on_alarm(int signo)
{
    static const char text[] = ": terminating with signal 14 (Alarm clock)\n";

    if (write(STDERR_FILENO, vsctl_program, strlen(vsctl_program)) > 0 &&
        write(STDERR_FILENO, text, sizeof text - 1) > 0) {
        signal(signo, SIG_DFL);
    }
    signal(signo, SIG_DFL);
    raise(signo);
}

int main(int argc, char *argv[])
{
    struct vctl v = {.format = "list", .headings = true};
    struct options o = {.db = NULL};
    int exit_code = 0;
    size_t n;

    vsctl_program = basename(argv[0]);
    if (!strncmp(vsctl_program, "lt-", 3)) {
        vsctl_program += 3;
    }
    signal(SIGPIPE, SIG_IGN);
    int first = parse_options(&o, &v, argc, argv);
    struct vcommand *commands = parse_commands(argc - first, argv + first, &n);
    if (o.timeout_s) {
        signal(SIGALRM, on_alarm);
        alarm(o.timeout_s);
    }
    connect_db(&v, &o);
    run(&v, &o, commands, n);
    for (size_t i = 0; i < n; i++) {
        print_output(&o, &commands[i]);
        exit_code = exit_code ? exit_code : commands[i].exit_code;
        text_deinit(&commands[i].out);
        json_decref(commands[i].options);
    }
    if (!o.no_wait && !o.dry_run) {
        report_interfaces(&v, &o);
    }
    free(commands);
    model_clear(&v);
    jsonrpc_client_close(v.client);
    free(o.db);
    return exit_code;
}
