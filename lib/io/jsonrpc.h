/* jsonrpc.h - JSON-RPC 1.0 over streams: a server on the loop, and a blocking client for
 * programs.
 *
 * Layer 1.  The server belongs to the control thread.  Requests of one connection are handed out
 * one by one, in order; the next one waits for the reply to the one before.  Sizes, nesting and
 * connections are bounded; what is not JSON closes its connection. */
#pragma once

#include <jansson.h>

#include "lib/io/loop.h"

struct jsonrpc_server;
struct jsonrpc_request; /* To be answered exactly once, now or later. */

/* 'params' is lent for the time of the call (json_incref() to keep it). */
typedef void jsonrpc_handler(void *aux, struct jsonrpc_request *, const char *method,
                             json_t *params);

/* 'target' punix:PATH or ptcp:.  'max_message' in bytes, requests and queued replies.  NULL, or a
 * heap string. */
char *jsonrpc_server_open(struct loop *, const char *target, size_t max_message, jsonrpc_handler *,
                          void *aux, struct jsonrpc_server **) MUST_USE;
/* Requests that are still out may be answered later, to nobody. */
void jsonrpc_server_close(struct jsonrpc_server *);

/* Both consume the request and the JSON value. */
void jsonrpc_reply(struct jsonrpc_request *, json_t *result);
void jsonrpc_reply_error(struct jsonrpc_request *, json_t *error);
/* A result that is one string of any length, in parts.  'more' appends the next one, which may be
 * empty, and returns false with the last; it is called from the loop, once a turn at most, and only
 * while little waits to be sent.  'done' comes once, at the end or when the peer has gone. Consumes
 * the request. */
struct text;
typedef bool jsonrpc_more(void *aux, struct text *);
void jsonrpc_reply_parts(struct jsonrpc_request *, jsonrpc_more *, loop_cb *done, void *aux);

/* The same without an end in sight: an empty part means that there is nothing for now, and 'more'
 * is called again after jsonrpc_stream_wake(), which may come until 'done'.  A peer that says
 * anything meanwhile is closed. */
void jsonrpc_reply_stream(struct jsonrpc_request *, jsonrpc_more *more, loop_cb *done, void *aux);
void jsonrpc_stream_wake(struct jsonrpc_request *);

/* Client.  Blocks; times in real milliseconds, 0 = no limit. */
struct jsonrpc_client;
/* 0 or an errno value. */
int jsonrpc_client_open(const char *unix_path, struct jsonrpc_client **);
void jsonrpc_client_close(struct jsonrpc_client *);
/* Sends a request and waits for its reply.  0: '*result' and '*error' are the reply's (new
 * references, JSON null is a value).  Else an errno value: ETIMEDOUT, ECONNRESET (closed), EPROTO
 * (not JSON-RPC)...  Consumes 'params'. */
int jsonrpc_call(struct jsonrpc_client *, const char *method, json_t *params, int timeout_ms,
                 json_t **result, json_t **error);
/* The same; of a result that is a string 'text' gets the parts as they come, and '*result' is an
 * empty string. */
typedef void jsonrpc_text(void *aux, const char *, size_t);
int jsonrpc_call_text(struct jsonrpc_client *, const char *method, json_t *params,
                      jsonrpc_text *text, void *aux, json_t **result, json_t **error);
