/* control_builtin.c - the commands that every daemon has: version, vlog, coverage, memory, time.
 *
 * Owner: the control thread. */
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/counter.h"
#include "lib/io/control-private.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(unixctl);

static char *version;

static void reply_text(struct control_request *rq, struct text *t)
{
    control_reply(rq, text_cstr(t));
    text_deinit(t);
}

/* 'error' NULL = success; freed. */
static void reply_outcome(struct control_request *rq, char *error)
{
    if (error) {
        control_reply_error(rq, error);
        free(error);
    } else {
        control_reply(rq, NULL);
    }
}

static void show_version(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    control_reply(rq, version);
}

/* Answers are text, whatever format is asked for. */
static void set_options(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)aux;
    if (argc == 3 && !strcmp(argv[1], "--format") &&
        (!strcmp(argv[2], "text") || !strcmp(argv[2], "json"))) {
        control_reply(rq, NULL);
    } else {
        control_reply_error(rq, "set-options takes --format text or --format json");
    }
}

/* vlog */

static void vlog_set(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    char *error = NULL;

    (void)aux;
    for (int i = 1; i < argc && !error; i++) {
        error = log_set(argv[i]);
    }
    reply_outcome(rq, error);
}

static void vlog_list(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct text t = TEXT_INIT;

    (void)argc, (void)argv, (void)aux;
    log_list(&t);
    reply_text(rq, &t);
}

static void vlog_list_pattern(struct control_request *rq, int argc, const char *const argv[],
                              void *aux)
{
    struct text t = TEXT_INIT;

    (void)argc, (void)argv, (void)aux;
    log_list_patterns(&t);
    reply_text(rq, &t);
}

static void vlog_message(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct text t = TEXT_INIT;

    (void)aux;
    for (int i = 1; i < argc; i++) {
        text_printf(&t, "%s%s", i > 1 ? " " : "", argv[i]);
    }
    log_info("%s", text_cstr(&t));
    text_deinit(&t);
    control_reply(rq, NULL);
}

static void vlog_reopen(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    if (!log_file_path()) {
        control_reply_error(rq, "Logging to file not configured");
        return;
    }
    log_reopen_file();
    control_reply(rq, NULL);
}

static void vlog_close(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    log_close_file();
    control_reply(rq, NULL);
}

/* 'aux' non-NULL: limits on. */
static void vlog_rate_limit(struct control_request *rq, int argc, const char *const argv[],
                            void *aux)
{
    char *error = argc < 2 ? log_rate_limit(NULL, aux != NULL) : NULL;

    for (int i = 1; i < argc && !error; i++) {
        error = log_rate_limit(strcasecmp(argv[i], "any") ? argv[i] : NULL, aux != NULL);
    }
    reply_outcome(rq, error);
}

/* coverage */

static void coverage_show(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct text t = TEXT_INIT;

    (void)argc, (void)argv, (void)aux;
    counter_show(&t);
    reply_text(rq, &t);
}

static void coverage_read(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    enum counter c;
    struct text t = TEXT_INIT;

    (void)argc, (void)aux;
    if (!counter_by_name(argv[1], &c)) {
        control_reply_error(rq, "No such counter");
        return;
    }
    text_printf(&t, "%" PRIu64 "\n", counter_read(c));
    reply_text(rq, &t);
}

/* memory */

struct usage_source {
    control_usage_cb *cb;
    void *aux;
    struct usage_source *next;
};

struct control_usage {
    struct {
        char *name;
        uint64_t value;
    } rows[64];
    size_t n;
};

static struct usage_source *sources;

void control_usage_register(control_usage_cb *cb, void *aux)
{
    struct usage_source *s = xmalloc(sizeof *s);
    *s = (struct usage_source){cb, aux, sources};
    sources = s;
}

void control_usage_unregister(control_usage_cb *cb, void *aux)
{
    for (struct usage_source **p = &sources; *p; p = &(*p)->next) {
        if ((*p)->cb == cb && (*p)->aux == aux) {
            struct usage_source *s = *p;
            *p = s->next;
            free(s);
            return;
        }
    }
}

void control_usage_put(struct control_usage *u, const char *name, uint64_t value)
{
    size_t i = 0;

    if (!value) {
        return;
    }
    while (i < u->n && strcmp(u->rows[i].name, name) < 0) {
        i++;
    }
    if (i < u->n && !strcmp(u->rows[i].name, name)) {
        u->rows[i].value += value; /* Several bridges count the same thing. */
    } else if (u->n < ARRAY_SIZE(u->rows)) {
        memmove(&u->rows[i + 1], &u->rows[i], (u->n - i) * sizeof u->rows[0]);
        u->rows[i].name = xstrdup(name);
        u->rows[i].value = value;
        u->n++;
    }
}

static void memory_show(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct control_usage u = {.n = 0};
    struct text t = TEXT_INIT;

    (void)argc, (void)argv, (void)aux;
    for (struct usage_source *s = sources; s; s = s->next) {
        s->cb(s->aux, &u);
    }
    for (size_t i = 0; i < u.n; i++) {
        text_printf(&t, "%s%s:%" PRIu64, i ? " " : "", u.rows[i].name, u.rows[i].value);
        free(u.rows[i].name);
    }
    text_putc(&t, '\n');
    reply_text(rq, &t);
}

/* time: for tests.  A warp goes in steps, one in each turn of the loop, and is answered when what
 * became due has run. */
static struct {
    struct loop *loop;
    struct loop_call call;
    int64_t left_ms, step_ms;
    struct control_request *request;
} warp;

static void time_stop(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    (void)argc, (void)argv, (void)aux;
    env_time_stop();
    control_reply(rq, NULL);
}

static void warp_step(void *aux)
{
    (void)aux;
    if (warp.left_ms <= 0) {
        struct control_request *rq = warp.request;
        warp.request = NULL;
        control_reply(rq, "warped");
        return;
    }
    int64_t ms = MIN(warp.step_ms, warp.left_ms);
    env_time_warp(ms);
    warp.left_ms -= ms;
    loop_call_schedule(&warp.call);
}

/* time/warp [TOTAL] STEP, in ms. */
static void time_warp(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    uint32_t total = 0, step = 0;

    (void)aux;
    bool ok = text_to_u32(argv[1], &total) && text_to_u32(argv[argc - 1], &step);
    if (!ok || !total || !step) {
        control_reply_error(rq, "invalid MSECS");
    } else if (warp.request) {
        control_reply_error(rq, "another time/warp is under way");
    } else {
        warp.left_ms = total;
        warp.step_ms = step;
        warp.request = rq;
        loop_call_schedule(&warp.call);
    }
}

static const struct {
    const char *name, *usage;
    int min, max;
    control_handler *handler;
    bool aux;
} builtins[] = {
    {"version", "", 0, 0, show_version, false},
    {"set-options", "[--format text|json]", 2, 2, set_options, false},
    {"vlog/set", "{spec | PATTERN:destination:pattern}", 1, INT_MAX, vlog_set, false},
    {"vlog/list", "", 0, 0, vlog_list, false},
    {"vlog/list-pattern", "", 0, 0, vlog_list_pattern, false},
    {"vlog/message", "text...", 1, INT_MAX, vlog_message, false},
    {"vlog/reopen", "", 0, 0, vlog_reopen, false},
    {"vlog/close", "", 0, 0, vlog_close, false},
    {"vlog/enable-rate-limit", "[module]...", 0, INT_MAX, vlog_rate_limit, true},
    {"vlog/disable-rate-limit", "[module]...", 0, INT_MAX, vlog_rate_limit, false},
    {"coverage/show", "", 0, 0, coverage_show, false},
    {"coverage/read-counter", "counter", 1, 1, coverage_read, false},
    {"memory/show", "", 0, 0, memory_show, false},
    {"time/stop", "", 0, 0, time_stop, false},
    {"time/warp", "[total_msecs] msecs", 1, 2, time_warp, false},
};

void control_builtin_register(struct loop *loop, const char *version_)
{
    free(version);
    version = xstrdup(version_);
    loop_call_init(&warp.call, loop, warp_step, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(builtins); i++) {
        control_register(builtins[i].name, builtins[i].usage, builtins[i].min, builtins[i].max,
                         builtins[i].handler, builtins[i].aux ? &warp : NULL);
    }
}

void control_builtin_unregister(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(builtins); i++) {
        control_unregister(builtins[i].name);
    }
    loop_call_cancel(&warp.call);
    if (warp.request) {
        struct control_request *rq = warp.request;
        warp.request = NULL;
        control_reply_error(rq, "the daemon ends");
    }
    free(version);
    version = NULL;
}
