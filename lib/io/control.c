/* control.c - see control.h: registry, checks of arguments, server. */
#include "lib/io/control.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/io/control-private.h"
#include "lib/io/jsonrpc.h"
#include "lib/io/unix_socket.h"
#include "lib/mem.h"
#include "lib/text.h"

#define MAX_REQUEST (1024 * 1024)
#define WHOLE_REPLY (256 * 1024) /* Longer ones go in parts: a connection's output is bounded. */
#define PART        (64 * 1024)

struct command {
    const char *name, *usage;
    int min, max;
    control_handler *handler;
    void *aux;
};

struct control_request {
    struct jsonrpc_request *rpc; /* NULL: control_run(). */
    char *text;                  /* control_run(): the answer. */
    bool failed;
};

struct control {
    struct jsonrpc_server *server;
};

static struct command *commands; /* Sorted by name. */
static size_t n_commands;

/* The place of 'name', or where it would be. */
static size_t find(const char *name, bool *found)
{
    size_t low = 0, high = n_commands;

    *found = false;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = strcmp(commands[mid].name, name);
        if (!c) {
            *found = true;
            return mid;
        }
        if (c < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

void control_register(const char *name, const char *usage, int min, int max,
                      control_handler *handler, void *aux)
{
    bool found;
    size_t i = find(name, &found);

    if (!found) {
        commands = xrealloc(commands, (n_commands + 1) * sizeof *commands);
        memmove(&commands[i + 1], &commands[i], (n_commands - i) * sizeof *commands);
        n_commands++;
    }
    commands[i] = (struct command){name, usage, min, max, handler, aux};
}

void control_unregister(const char *name)
{
    bool found;
    size_t i = find(name, &found);

    if (found) {
        n_commands--;
        memmove(&commands[i], &commands[i + 1], (n_commands - i) * sizeof *commands);
        if (!n_commands) {
            free(commands);
            commands = NULL;
        }
    }
}

struct long_text {
    char *s;
    size_t len, at;
};

/* Parts end at lines, so that none ends within a character. */
static bool long_more(void *t_, struct text *out)
{
    struct long_text *t = t_;
    size_t n = MIN(t->len - t->at, (size_t)PART);

    while (n && t->at + n < t->len && t->s[t->at + n - 1] != '\n') {
        n--;
    }
    n = n ? n : t->len - t->at; /* A line longer than a part: the rest at once. */
    text_put(out, t->s + t->at, n);
    t->at += n;
    return t->at < t->len;
}

static void long_done(void *t_)
{
    struct long_text *t = t_;

    free(t->s);
    free(t);
}

static void finish(struct control_request *rq, const char *text, bool failed)
{
    size_t len = text ? strlen(text) : 0;
    char *s = xasprintf("%s%s", text ? text : "", len && text[len - 1] != '\n' ? "\n" : "");

    if (rq->rpc && !failed && len > WHOLE_REPLY) {
        struct long_text *t = xmalloc(sizeof *t);
        *t = (struct long_text){.s = s, .len = strlen(s)};
        control_reply_parts(rq, long_more, long_done, t);
    } else if (rq->rpc) {
        /* Text that is not UTF-8 (a file name, say) cannot be JSON. */
        json_t *json = json_string(s);
        json = json ? json : json_string("the answer is not valid UTF-8\n");
        failed ? jsonrpc_reply_error(rq->rpc, json) : jsonrpc_reply(rq->rpc, json);
        free(s);
        free(rq);
    } else {
        rq->text = s;
        rq->failed = failed;
    }
}

void control_reply(struct control_request *rq, const char *text)
{
    finish(rq, text, false);
}

void control_reply_error(struct control_request *rq, const char *text)
{
    finish(rq, text, true);
}

void control_reply_parts(struct control_request *rq, control_more *more, loop_cb *done, void *aux)
{
    struct text all = TEXT_INIT;

    if (rq->rpc) {
        jsonrpc_reply_parts(rq->rpc, more, done, aux);
        free(rq);
        return;
    }
    while (more(aux, &all)) {
    }
    done(aux);
    finish(rq, text_cstr(&all), false);
    text_deinit(&all);
}

void control_reply_stream(struct control_request *rq, control_more *more, loop_cb *done, void *aux,
                          struct control_stream **stream)
{
    *stream = (struct control_stream *)rq->rpc;
    if (rq->rpc) {
        jsonrpc_reply_stream(rq->rpc, more, done, aux);
        free(rq);
    } else { /* What there is now. */
        struct text all = TEXT_INIT;
        more(aux, &all);
        done(aux);
        finish(rq, text_cstr(&all), false);
        text_deinit(&all);
    }
}

void control_stream_wake(struct control_stream *stream)
{
    if (stream) {
        jsonrpc_stream_wake((struct jsonrpc_request *)stream);
    }
}

static void reply_errorf(struct control_request *rq, char *text)
{
    control_reply_error(rq, text);
    free(text);
}

/* argv[0] is the command. */
static void run(struct control_request *rq, int argc, const char *const argv[])
{
    bool found;
    size_t i = find(argv[0], &found);
    const struct command *c = found ? &commands[i] : NULL;
    int n = argc - 1;

    if (!c) {
        reply_errorf(rq, xasprintf("\"%s\" is not a valid command (use \"list-commands\" to see "
                                   "a list of valid commands)",
                                   argv[0]));
    } else if (n < c->min) {
        reply_errorf(rq,
                     xasprintf("\"%s\" command requires at least %d arguments", argv[0], c->min));
    } else if (n > c->max) {
        reply_errorf(rq, xasprintf("\"%s\" command takes at most %d arguments", argv[0], c->max));
    } else {
        c->handler(rq, argc, argv, c->aux);
    }
}

static void handle(void *aux, struct jsonrpc_request *rpc, const char *method, json_t *params)
{
    size_t n = json_array_size(params);
    const char **argv = xcalloc(n + 2, sizeof *argv);
    struct control_request *rq = xzalloc(sizeof *rq);

    (void)aux;
    rq->rpc = rpc;
    argv[0] = method;
    for (size_t i = 0; i < n; i++) {
        argv[i + 1] = json_string_value(json_array_get(params, i));
        if (!argv[i + 1]) {
            reply_errorf(rq,
                         xasprintf("\"%s\" command has a parameter that is not a string", method));
            free(argv);
            return;
        }
    }
    run(rq, (int)n + 1, argv);
    free(argv);
}

bool control_run(const char *name, int argc, const char *const args[], char **text)
{
    const char **argv = xcalloc((size_t)argc + 2, sizeof *argv);
    struct control_request rq = {0};

    argv[0] = name;
    for (int i = 0; i < argc; i++) {
        argv[i + 1] = args[i];
    }
    run(&rq, argc + 1, argv);
    free(argv);
    *text = rq.text;
    return !rq.failed;
}

static void list_commands(struct control_request *rq, int argc, const char *const argv[], void *aux)
{
    struct text t = TEXT_INIT;

    (void)argc, (void)argv, (void)aux;
    text_puts(&t, "The available commands are:\n");
    for (size_t i = 0; i < n_commands; i++) {
        if (commands[i].usage) {
            text_printf(&t, "  %-23s %s", commands[i].name, commands[i].usage);
            while (t.len && t.s[t.len - 1] == ' ') {
                text_chomp(&t, ' ');
            }
            text_putc(&t, '\n');
        }
    }
    control_reply(rq, text_cstr(&t));
    text_deinit(&t);
}

/* The process id in sluice-PROGRAM.PID.ctl; 0: not such a name. */
static pid_t socket_pid(const char *name)
{
    size_t len = strlen(name);
    char *copy = len > 4 && !strcmp(name + len - 4, ".ctl") ? xstrndup(name, len - 4) : NULL;
    const char *dot = copy && !strncmp(copy, "sluice-", 7) ? strrchr(copy, '.') : NULL;
    uint32_t pid = 0;

    if (!dot || !text_to_u32(dot + 1, &pid) || pid > INT_MAX) {
        pid = 0;
    }
    free(copy);
    return (pid_t)pid;
}

/* A process whose end its parent has not noticed yet is as good as none. */
static bool is_dead(pid_t pid)
{
    char path[64], stat[512];

    if (kill(pid, 0)) {
        return errno == ESRCH;
    }
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(stat, 1, sizeof stat - 1, f) : 0;
    if (f) {
        fclose(f);
    }
    stat[n] = '\0';
    const char *state = strrchr(stat, ')'); /* PID (NAME) STATE ... */
    return state && !strncmp(state, ") Z", 3);
}

void control_remove_stale(const char *dir)
{
    DIR *d = opendir(dir);
    const struct dirent *e;

    while (d && (e = readdir(d))) {
        pid_t pid = socket_pid(e->d_name);
        if (pid && is_dead(pid)) {
            char *path = xasprintf("%s/%s", dir, e->d_name);
            (void)unix_socket_remove_stale(path); /* What may not be removed does no harm. */
            free(path);
        }
    }
    if (d) {
        closedir(d);
    }
}

char *control_open(struct loop *loop, const char *path, const char *version,
                   struct control **controlp)
{
    struct control *c = xzalloc(sizeof *c);
    char *target = xasprintf("punix:%s", path);
    char *error = jsonrpc_server_open(loop, target, MAX_REQUEST, handle, NULL, &c->server);

    free(target);
    if (error) {
        free(c);
        c = NULL;
    } else {
        control_register("list-commands", "", 0, 0, list_commands, NULL);
        control_builtin_register(loop, version);
    }
    *controlp = c;
    return error;
}

void control_close(struct control *c)
{
    if (c) {
        control_builtin_unregister();
        control_unregister("list-commands");
        jsonrpc_server_close(c->server);
        free(c);
    }
}
