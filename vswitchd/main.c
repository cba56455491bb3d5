/* main.c - sluice-vswitchd: options, start, end.
 *
 * The control thread: it runs the loop, and is the only writer of configuration and OpenFlow
 * objects. Order of the start: detach, directories, user, log, pid file, configuration, control
 * socket, apply, ready.  The end goes the other way round. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <urcu/urcu-qsbr.h>

#include "lib/counter.h"
#include "lib/daemon.h"
#include "lib/dirs.h"
#include "lib/io/control.h"
#include "lib/io/link.h"
#include "lib/io/loop.h"
#include "lib/io/tls.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/apply.h"
#include "vswitchd/commands.h"
#include "vswitchd/config.h"
#include "vswitchd/config_server.h"
#include "vswitchd/datapaths.h"
#include "vswitchd/handover.h"
#include "vswitchd/user.h"

LOG_MODULE(vswitchd);

#define PROGRAM         "sluice-vswitchd"
#define HANDOVER_SOCKET "handover.sock" /* In the run directory. */
#define VERSION_TEXT    PROGRAM " (Sluice) " PACKAGE_VERSION

struct options {
    char *conf, *log_file, *pidfile, *control;
    char *tls_file[3]; /* Private key, certificate, CA certificate. */
    const char *tls_protocols, *tls_ciphers;
    const char *user;
    bool bootstrap_ca;
    bool detach, no_chdir, overwrite_pidfile, default_log, upgrade;
};

struct daemon {
    struct loop *loop;
    struct config *config;
    struct config_server *server;
    struct control *control;
    struct datapaths *datapaths;
    struct apply *apply;
    struct loop_timer tick;
    struct control_request *exit_request; /* Answered at the very end. */
    bool cleanup;
    struct handover_server *handover;
    bool own_control; /* Its path is this process's alone. */
};

static NORETURN void die(char *error)
{
    fprintf(stderr, "%s: %s\n", PROGRAM, error);
    free(log_set("console:off")); /* Once is enough there. */
    log_emer("%s", error);
    free(error);
    daemon_remove_pidfile();
    exit(1);
}

static void usage(void)
{
    printf("%s: stateful OpenFlow 1.3 switch\n"
           "usage: %s [OPTIONS]\n\n"
           "  --rundir=DIR            sockets and pid files (default: %s)\n"
           "  --conf=FILE             the configuration (default: %s/conf.json)\n"
           "  --unixctl=SOCKET        control socket (default: RUNDIR/%s.PID.ctl; none: no one)\n"
           "  --pidfile[=FILE]        write a pid file (default: RUNDIR/%s.pid)\n"
           "  --overwrite-pidfile     even if its process lives\n"
           "  --detach                run in the background, once initialised\n"
           "  --no-chdir              do not change to / then\n"
           "  --upgrade               go on in the place of the process that runs, if one does\n"
           "  --user=USER[:GROUP]     drop privileges, but network administration\n"
           "  -p, --private-key=FILE  TLS: our key, for ssl: and pssl:\n"
           "  -c, --certificate=FILE  TLS: our certificate\n"
           "  -C, --ca-cert=FILE      TLS: who may be our peer\n"
           "  --bootstrap-ca-cert=FILE  the same, taken from the first peer if there is none\n"
           "  --ssl-protocols=LIST    TLS: TLSv1.2, TLSv1.3 or both\n"
           "  --ssl-ciphers=LIST      TLS 1.2: ciphers, in OpenSSL's words\n"
           "  --log-file[=FILE]       log to a file (default: %s/%s.log)\n"
           "  -v, --verbose[=SPEC]    log levels: [MODULE][:DESTINATION][:LEVEL]\n"
           "  -h, --help              this text\n"
           "  -V, --version           the version\n",
           PROGRAM, PROGRAM, dirs_rundir(), dirs_sysconfdir(), PROGRAM, PROGRAM, dirs_logdir(),
           PROGRAM);
}

/* Options. */

/* A path that stays right after a change of directory. */
static char *absolute(const char *path)
{
    char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);
    char *s = cwd ? xasprintf("%s/%s", cwd, path) : xstrdup(path);
    free(cwd);
    return s;
}

static void replace(char **where, char *s)
{
    free(*where);
    *where = s;
}

enum {
    OPT_RUNDIR = 256,
    OPT_CONF,
    OPT_UNIXCTL,
    OPT_PIDFILE,
    OPT_OVERWRITE,
    OPT_DETACH,
    OPT_NO_CHDIR,
    OPT_UPGRADE,
    OPT_USER,
    OPT_LOG_FILE,
    OPT_BOOTSTRAP,
    OPT_PROTOCOLS,
    OPT_CIPHERS
};

static const struct option long_options[] = {
    {"rundir", required_argument, NULL, OPT_RUNDIR},
    {"conf", required_argument, NULL, OPT_CONF},
    {"unixctl", required_argument, NULL, OPT_UNIXCTL},
    {"pidfile", optional_argument, NULL, OPT_PIDFILE},
    {"overwrite-pidfile", no_argument, NULL, OPT_OVERWRITE},
    {"detach", no_argument, NULL, OPT_DETACH},
    {"no-chdir", no_argument, NULL, OPT_NO_CHDIR},
    {"upgrade", no_argument, NULL, OPT_UPGRADE},
    {"user", required_argument, NULL, OPT_USER},
    {"log-file", optional_argument, NULL, OPT_LOG_FILE},
    {"private-key", required_argument, NULL, 'p'},
    {"certificate", required_argument, NULL, 'c'},
    {"ca-cert", required_argument, NULL, 'C'},
    {"bootstrap-ca-cert", required_argument, NULL, OPT_BOOTSTRAP},
    {"ssl-protocols", required_argument, NULL, OPT_PROTOCOLS},
    {"ssl-ciphers", required_argument, NULL, OPT_CIPHERS},
    {"verbose", optional_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

/* False: not one of TLS's. */
static bool parse_tls_option(struct options *o, int c)
{
    switch (c) {
    case 'p':
        replace(&o->tls_file[0], absolute(optarg));
        return true;
    case 'c':
        replace(&o->tls_file[1], absolute(optarg));
        return true;
    case 'C':
    case OPT_BOOTSTRAP:
        replace(&o->tls_file[2], absolute(optarg));
        o->bootstrap_ca = c == OPT_BOOTSTRAP;
        return true;
    case OPT_PROTOCOLS:
        o->tls_protocols = optarg;
        return true;
    case OPT_CIPHERS:
        o->tls_ciphers = optarg;
        return true;
    default:
        return false;
    }
}

static void parse_option(struct options *o, int c)
{
    switch (c) {
    case OPT_RUNDIR:
        dirs_set_rundir(optarg);
        break;
    case OPT_CONF:
        replace(&o->conf, absolute(optarg));
        break;
    case OPT_UNIXCTL:
        replace(&o->control, strcmp(optarg, "none") ? absolute(optarg) : xstrdup("none"));
        break;
    case OPT_PIDFILE:
        replace(&o->pidfile, xstrdup(optarg ? optarg : PROGRAM ".pid"));
        break;
    case OPT_OVERWRITE:
        o->overwrite_pidfile = true;
        break;
    case OPT_DETACH:
        o->detach = true;
        break;
    case OPT_NO_CHDIR:
        o->no_chdir = true;
        break;
    case OPT_UPGRADE:
        o->upgrade = true;
        break;
    case OPT_USER:
        o->user = optarg;
        break;
    case OPT_LOG_FILE:
        o->default_log = !optarg;
        replace(&o->log_file,
                optarg ? absolute(optarg) : xasprintf("%s/%s.log", dirs_logdir(), PROGRAM));
        break;
    case 'v': {
        char *error = log_set(optarg ? optarg : "any:any:dbg");
        if (error) {
            die(error);
        }
        break;
    }
    case 'h':
        usage();
        exit(0);
    case 'V':
        puts(VERSION_TEXT);
        exit(0);
    default:
        exit(1); /* getopt_long() has said why. */
    }
}

static void parse_options(struct options *o, int argc, char *argv[])
{
    int c;

    memset(o, 0, sizeof *o);
    while ((c = getopt_long(argc, argv, "v::hVp:c:C:", long_options, NULL)) != -1) {
        if (!parse_tls_option(o, c)) {
            parse_option(o, c);
        }
    }
    if (optind < argc) {
        die(xasprintf("unexpected argument \"%s\" (use --help for help)", argv[optind]));
    }
    if (!o->conf) {
        o->conf = xasprintf("%s/conf.json", dirs_sysconfdir());
    }
    if (o->pidfile) {
        replace(&o->pidfile, dirs_in_rundir(o->pidfile));
    }
}

static void free_options(struct options *o)
{
    free(o->conf);
    free(o->log_file);
    free(o->pidfile);
    free(o->control);
    for (size_t i = 0; i < ARRAY_SIZE(o->tls_file); i++) {
        free(o->tls_file[i]);
    }
}

/* Start. */

static void check(char *error)
{
    if (error) {
        die(error);
    }
}

/* Makes a directory and its parents; a failure shows where something is to be put into it.  True:
 * it was not there before. */
static bool make_directory(const char *path)
{
    char *copy = xstrdup(path);

    for (char *p = copy + 1; *p; p++) {
        if (*p == '/') {
            *p = '\0';
            (void)mkdir(copy, 0755);
            *p = '/';
        }
    }
    bool made = !mkdir(copy, 0755);
    free(copy);
    return made;
}

static char *folder_of(const char *path) /* Absolute. */
{
    const char *end = strrchr(path, '/');
    return end == path ? xstrdup("/") : xstrndup(path, (size_t)(end - path));
}

static void make_directories(const struct options *o)
{
    char *conf_dir = folder_of(o->conf);
    const char *dirs[] = {conf_dir, dirs_rundir(), o->default_log ? dirs_logdir() : NULL};

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        if (dirs[i] && make_directory(dirs[i]) && o->user) {
            check(user_give_dir(dirs[i], o->user));
        }
    }
    free(conf_dir);
}

static void stop(void *d_)
{
    struct daemon *d = d_;
    loop_stop(d->loop);
}

static void reopen_log(void *d)
{
    (void)d;
    log_reopen_file();
}

static void tick(void *d_)
{
    struct daemon *d = d_;
    counter_tick(loop_now(d->loop));
}

static void cmd_exit(struct control_request *rq, int argc, const char *const argv[], void *d_)
{
    struct daemon *d = d_;

    if (argc > 1 && strcmp(argv[1], "--cleanup")) {
        control_reply_error(rq, "exit takes no argument but --cleanup");
        return;
    }
    d->cleanup |= argc > 1;
    if (d->exit_request) {
        control_reply(rq, NULL);
        return;
    }
    d->exit_request = rq;
    loop_stop(d->loop);
}

static void set_versions(struct config *config)
{
    config_set_string(config, config_root(config), COL_Open_vSwitch_ovs_version, PACKAGE_VERSION);
    config_set_string(config, config_root(config), COL_Open_vSwitch_db_version, SCHEMA_VERSION);
}

static void open_all(struct daemon *d, const struct options *o)
{
    char *db = dirs_in_rundir("db.sock");

    check(config_open(d->loop, o->conf, &d->config));
    set_versions(d->config);
    check(config_server_open(d->loop, db, d->config, &d->server));
    control_register("exit", "[--cleanup]", 0, 1, cmd_exit, d);
    control_remove_stale(dirs_rundir());
    if (strcmp(o->control, "none")) {
        check(control_open(d->loop, o->control, VERSION_TEXT, &d->control));
    }
    d->datapaths = datapaths_new(d->loop, dirs_rundir());
    commands_register(d->datapaths);
    apply_tls_options(&(struct tls_files){o->tls_file[0], o->tls_file[1], o->tls_file[2],
                                          o->bootstrap_ca, o->tls_protocols, o->tls_ciphers});
    tls_watch(d->loop);
    d->apply = apply_new(d->config, d->datapaths);
    free(db);
}

static void close_all(struct daemon *d)
{
    handover_server_close(d->handover);
    apply_free(d->apply, d->cleanup);
    commands_unregister();
    datapaths_free(d->datapaths, d->cleanup);
    config_server_close(d->server);
    config_close(d->config);
    if (d->exit_request) {
        control_reply(d->exit_request, NULL);
    }
    loop_turn(d->loop, 0); /* Sends that. */
    loop_turn(d->loop, 0); /* Sends the ends of streams, which the one before has put. */
    control_close(d->control);
    control_unregister("exit");
    tls_deinit();
}

static void start_process(struct options *o)
{
    log_set_program(PROGRAM);
    signal(SIGPIPE, SIG_IGN);
    if (o->detach) {
        check(daemon_detach());
    }
    if (!o->control) {
        o->control = xasprintf("%s/%s.%ld.ctl", dirs_rundir(), PROGRAM, (long)getpid());
    }
    make_directories(o);
    if (o->user) {
        check(user_become(o->user));
    }
    if (o->log_file) {
        check(log_open_file(o->log_file));
    }
    log_open_syslog();
    if (o->pidfile && !o->upgrade) {
        check(daemon_write_pidfile(o->pidfile, o->overwrite_pidfile));
    }
}

/* Another process has it all.  Nothing that it goes on with may be touched. */
static void gone(void *d_, bool pidfile)
{
    struct daemon *d = d_;

    log_info("handed over, exiting");
    if (d->own_control) {
        control_close(d->control);
    }
    if (!pidfile) {
        daemon_remove_pidfile();
    }
    _exit(0);
}

static void begin_upgrade(struct options *o)
{
    char *path = dirs_in_rundir(HANDOVER_SOCKET);

    check(handover_begin(path, &o->upgrade));
    free(path);
}

/* The ports are open, and still the former process's. */
static void finish_upgrade(struct daemon *d, const struct options *o)
{
    check(handover_finish(d->datapaths, o->pidfile != NULL));
}

/* What others need to find us. */
static void announce(struct daemon *d, const struct options *o, bool was_upgrade)
{
    char *path = dirs_in_rundir(HANDOVER_SOCKET);
    char *error =
        handover_server_open(d->loop, path, d->config, d->datapaths, gone, d, &d->handover);

    if (error) {
        log_warn("%s: this process cannot be upgraded in service", error);
        free(error);
    }
    free(path);
    handover_close_items(); /* Nobody wants the rest. */
    if (o->pidfile && was_upgrade) {
        error = daemon_write_pidfile(o->pidfile, true);
        if (error) {
            log_warn("%s", error); /* It forwards already. */
            free(error);
        }
    }
}

int main(int argc, char *argv[])
{
    struct options o;
    struct daemon d = {.loop = NULL};

    mem_init();
    parse_options(&o, argc, argv);
    const bool own_control = !o.control;
    start_process(&o);

    /* The control thread reads the tables too: an RCU reader that is offline while it sleeps. */
    urcu_qsbr_register_thread();
    d.loop = loop_new();
    loop_set_wait_hooks(d.loop, urcu_qsbr_thread_offline, urcu_qsbr_thread_online);
    loop_signal(d.loop, SIGTERM, stop, &d);
    loop_signal(d.loop, SIGINT, stop, &d);
    loop_signal(d.loop, SIGHUP, reopen_log, &d);
    loop_timer_init(&d.tick, d.loop, tick, &d);
    loop_timer_every(&d.tick, 1000);
    d.own_control = own_control;
    const bool wants_upgrade = o.upgrade;
    if (o.upgrade) {
        begin_upgrade(&o);
    }
    open_all(&d, &o);

    log_info("%s started, configuration in %s", VERSION_TEXT, o.conf);
    loop_turn(d.loop,
              0); /* Applies what was loaded, so that the parent's exit means a working switch. */
    if (o.upgrade) {
        finish_upgrade(&d, &o);
    }
    announce(&d, &o, wants_upgrade);
    /* Only now: the ports that were loaded have their drops, and keep them without a gap. */
    unsigned stale = link_ingress_drop_clean();
    if (stale) {
        log_info("%u devices are the host's again: a killed process had kept their frames from it",
                 stale);
    }
    daemon_ready(!o.no_chdir, false);
    loop_run(d.loop);
    log_info("exiting");

    close_all(&d);
    loop_timer_cancel(&d.tick);
    /* The loop's helper threads may still wait for a grace period, which is not to wait for us. */
    urcu_qsbr_unregister_thread();
    loop_free(d.loop);
    daemon_remove_pidfile();
    free_options(&o);
    return 0;
}
