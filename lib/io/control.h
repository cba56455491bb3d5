/* control.h - the control commands of a daemon (`sluice-appctl`, and ovs-appctl).
 *
 * Layer 1.  Owner: the control thread.  JSON-RPC 1.0 on a Unix socket; a request's method is the
 * command, its parameters are strings, its result or error is text. */
#pragma once

#include "lib/io/loop.h"

struct control;
struct control_request; /* To be answered exactly once, now or later. */

/* argv[0] is the command.  The strings are lent for the time of the call. */
typedef void control_handler(struct control_request *, int argc, const char *const argv[],
                             void *aux);

/* One registry for the process.  'usage' as list-commands shows it; 'name' and 'usage' must stay.
 * 'min' and 'max' (INT_MAX = any) count the arguments. */
void control_register(const char *name, const char *usage, int min, int max, control_handler *,
                      void *aux);
void control_unregister(const char *name);

/* 'text' may be NULL; a newline at its end is added if it lacks one.  It may be long. */
void control_reply(struct control_request *, const char *text);
void control_reply_error(struct control_request *, const char *text);
/* A text of any length, in parts of bounded work: see jsonrpc_reply_parts(). */
struct text;
typedef bool control_more(void *aux, struct text *);
void control_reply_parts(struct control_request *, control_more *, loop_cb *done, void *aux);

/* The same for what has no end: see jsonrpc_reply_stream().  '*stream' is set first, and valid
 * until 'done', which may come at once. */
struct control_stream;
void control_reply_stream(struct control_request *, control_more *, loop_cb *done, void *aux,
                          struct control_stream **stream);
void control_stream_wake(struct control_stream *);

/* What memory/show prints: 'name:value', sorted by name; names that are NULL or values of zero are
 * left out. */
struct control_usage;
typedef void control_usage_cb(void *aux, struct control_usage *);
void control_usage_register(control_usage_cb *, void *aux);
void control_usage_unregister(control_usage_cb *, void *aux);
void control_usage_put(struct control_usage *, const char *name, uint64_t value);

/* Serves on a Unix socket, with the built-in commands: list-commands, version, set-options, vlog,
 * coverage, memory, time.  'version' is the text of `version`.  NULL, or a heap string. */
char *control_open(struct loop *, const char *path, const char *version,
                   struct control **) MUST_USE;
void control_close(struct control *); /* NULL is fine. */

/* Removes the sockets sluice-*.PID.ctl in 'dir' whose processes were killed: none of that id lives,
 * and nobody listens. */
void control_remove_stale(const char *dir);

/* Runs a command without a socket: tests.  True: '*text' is the result, else the error; heap.
 * The handler must answer at once. */
bool control_run(const char *name, int argc, const char *const args[], char **text);
