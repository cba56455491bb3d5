/* jsonrpc.c - the server of jsonrpc.h. */
#include "lib/io/jsonrpc.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/io/json_frame.h"
#include "lib/io/stream.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(jsonrpc);

#define MAX_CONNECTIONS 128
#define LOW_OUT         65536 /* A reply in parts goes on below this. */

struct conn {
    struct jsonrpc_server *server;
    struct conn *next, **pprev;
    struct stream *stream;
    struct json_frame frame;
    struct text in; /* The message so far. */
    struct jsonrpc_request *pending;
};

struct jsonrpc_request {
    struct conn *conn; /* NULL once the peer is gone. */
    json_t *id;
    /* A reply in parts; 'more' NULL: not under way. */
    jsonrpc_more *more;
    bool waits; /* A stream: an empty part waits for jsonrpc_stream_wake(). */
    loop_cb *done;
    void *aux;
    struct loop_call next;
};

struct jsonrpc_server {
    struct loop *loop;
    struct listener *listener;
    struct conn *conns;
    unsigned n_conns;
    size_t max_message;
    jsonrpc_handler *handler;
    void *aux;
};

static void parts_end(struct jsonrpc_request *rq)
{
    loop_call_cancel(&rq->next);
    rq->done(rq->aux);
    json_decref(rq->id);
    free(rq);
}

/* 'flush': what is queued is still sent, if the loop goes on for that. */
static void conn_free(struct conn *c, bool flush)
{
    struct jsonrpc_request *rq = c->pending;

    *c->pprev = c->next;
    if (c->next) {
        c->next->pprev = c->pprev;
    }
    c->server->n_conns--;
    if (rq) {
        rq->conn = NULL;
    }
    text_deinit(&c->in);
    (flush ? stream_free_flushed : stream_free)(c->stream);
    free(c);
    if (rq && rq->more) {
        parts_end(rq);
    }
}

/* Takes the reply apart from its request, which is gone afterwards. */
static void reply(struct jsonrpc_request *rq, json_t *result, json_t *error)
{
    struct conn *c = rq->conn;
    json_t *msg = json_pack("{s:o, s:o, s:o}", "id", rq->id, "result", result, "error", error);

    free(rq);
    if (c) {
        c->pending = NULL;
        char *s = json_dumps(msg, JSON_COMPACT);
        if (!s || !stream_send(c->stream, s, strlen(s))) {
            log_warn_rl("%s: the reply does not fit or the peer is gone", stream_name(c->stream));
            json_decref(msg);
            free(s);
            conn_free(c, true);
            return;
        }
        free(s);
        stream_pause(c->stream, false);
    }
    json_decref(msg);
}

void jsonrpc_reply(struct jsonrpc_request *rq, json_t *result)
{
    reply(rq, result, json_null());
}

void jsonrpc_reply_error(struct jsonrpc_request *rq, json_t *error)
{
    reply(rq, json_null(), error);
}

static bool put(struct conn *c, const char *s, size_t n)
{
    return stream_send(c->stream, s, n);
}

/* The text as the inside of a JSON string. */
static bool put_part(struct conn *c, const struct text *part)
{
    json_t *json = json_stringn(text_cstr(part), part->len);
    char *s = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
    bool ok = s && put(c, s + 1, strlen(s) - 2);

    free(s);
    json_decref(json);
    return ok;
}

static void parts_next(void *rq_)
{
    static const char end[] = "\",\"error\":null}";
    struct jsonrpc_request *rq = rq_;
    struct conn *c = rq->conn;
    struct text part = TEXT_INIT;

    if (stream_queued(c->stream) > LOW_OUT) {
        return; /* drained_cb() goes on. */
    }
    bool more = rq->more(rq->aux, &part);
    bool ok = put_part(c, &part) && (more || put(c, end, strlen(end)));
    bool waits = more && rq->waits && !part.len;
    text_deinit(&part);
    if (!ok) {
        log_warn_rl("%s: a reply cannot be sent", stream_name(c->stream));
        conn_free(c, true);
    } else if (more && !waits) {
        loop_call_schedule(&rq->next);
    } else if (!more) {
        c->pending = NULL;
        parts_end(rq);
        stream_pause(c->stream, false);
    }
}

static void drained_cb(void *c_)
{
    struct conn *c = c_;

    if (c->pending && c->pending->more) {
        loop_call_schedule(&c->pending->next);
    }
}

void jsonrpc_reply_parts(struct jsonrpc_request *rq, jsonrpc_more *more, loop_cb *done, void *aux)
{
    struct conn *c = rq->conn;

    rq->more = more;
    rq->done = done;
    rq->aux = aux;
    if (!c) {
        parts_end(rq);
        return;
    }
    loop_call_init(&rq->next, c->server->loop, parts_next, rq);
    char *id = json_dumps(rq->id, JSON_ENCODE_ANY | JSON_COMPACT);
    char *head = xasprintf("{\"id\":%s,\"result\":\"", id);
    if (put(c, head, strlen(head))) {
        loop_call_schedule(&rq->next);
    } else {
        conn_free(c, true);
    }
    free(head);
    free(id);
}

void jsonrpc_reply_stream(struct jsonrpc_request *rq, jsonrpc_more *more, loop_cb *done, void *aux)
{
    rq->waits = true;
    if (rq->conn) {
        stream_pause(rq->conn->stream, false); /* To hear when the peer goes. */
    }
    jsonrpc_reply_parts(rq, more, done, aux);
}

void jsonrpc_stream_wake(struct jsonrpc_request *rq)
{
    loop_call_schedule(&rq->next);
}

/* False: not a request that can be answered; the connection is to end. */
static bool handle(struct conn *c, json_t *msg)
{
    json_t *method = json_object_get(msg, "method"), *id = json_object_get(msg, "id");
    json_t *params = json_object_get(msg, "params");

    if (!method && json_object_get(msg, "result")) {
        return true; /* A reply to something we never asked. */
    }
    if (!json_is_string(method) || !json_is_array(params) || !id) {
        log_warn_rl("%s: received something that is not a JSON-RPC request",
                    stream_name(c->stream));
        return false;
    }
    if (json_is_null(id)) {
        return true; /* A notification: none is defined. */
    }
    struct jsonrpc_request *rq = xmalloc(sizeof *rq);
    *rq = (struct jsonrpc_request){.conn = c, .id = json_incref(id)};
    c->pending = rq;
    stream_pause(c->stream, true);
    c->server->handler(c->server->aux, rq, json_string_value(method), params);
    return true;
}

static size_t recv_cb(void *c_, const uint8_t *p, size_t n)
{
    struct conn *c = c_;
    bool complete;

    if (c->pending) { /* A stream's: nothing is to come. */
        conn_free(c, true);
        return n;
    }
    size_t used = json_frame_scan(&c->frame, p, n, &complete);

    if (c->frame.bad || c->in.len + used > c->server->max_message) {
        log_warn_rl("%s: %s, closing", stream_name(c->stream),
                    c->frame.bad ? "received something that is not JSON"
                                 : "received a message that is too long");
        conn_free(c, true);
        return n;
    }
    text_put(&c->in, (const char *)p, used);
    if (!complete) {
        return used;
    }
    json_error_t error;
    json_t *msg = json_loadb(c->in.s, c->in.len, 0, &error);
    text_deinit(&c->in); /* Requests may be big, idle connections stay small. */
    stream_recv_again(c->stream);
    bool ok = msg != NULL;
    if (!ok) {
        log_warn_rl("%s: received malformed JSON (%s), closing", stream_name(c->stream),
                    error.text);
    } else {
        /* The handler may answer, and an answer that cannot be sent ends the connection. */
        struct jsonrpc_server *server = c->server;
        ok = handle(c, msg);
        bool still_there = false;
        for (struct conn *o = server->conns; o; o = o->next) {
            still_there |= o == c;
        }
        json_decref(msg);
        if (!still_there) {
            return used;
        }
    }
    if (!ok) {
        conn_free(c, true);
    }
    return used;
}

static void closed_cb(void *c_, int error)
{
    struct conn *c = c_;

    if (error) {
        log_info_rl("%s: connection lost (%s)", stream_name(c->stream), strerror(error));
    }
    conn_free(c, true);
}

static const struct stream_cb conn_cb = {.recv = recv_cb,
                                         .drained = drained_cb,
                                         .closed = closed_cb};

static void accepted(void *server_, struct stream *stream)
{
    struct jsonrpc_server *server = server_;

    if (server->n_conns >= MAX_CONNECTIONS) {
        log_warn_rl("%s: more than %u connections, closing one", listener_name(server->listener),
                    MAX_CONNECTIONS);
        stream_free(stream);
        return;
    }
    struct conn *c = xzalloc(sizeof *c);
    c->server = server;
    c->stream = stream;
    c->next = server->conns;
    c->pprev = &server->conns;
    if (c->next) {
        c->next->pprev = &c->next;
    }
    server->conns = c;
    server->n_conns++;
    stream_set_limits(stream, 65536, 4 * server->max_message, LOW_OUT);
    stream_set_cb(stream, &conn_cb, c);
}

char *jsonrpc_server_open(struct loop *loop, const char *target, size_t max_message,
                          jsonrpc_handler *handler, void *aux, struct jsonrpc_server **serverp)
{
    struct jsonrpc_server *server = xzalloc(sizeof *server);

    *server = (struct jsonrpc_server){
        .loop = loop, .max_message = max_message, .handler = handler, .aux = aux};
    char *error = listener_open(loop, target, 0, accepted, server, &server->listener);
    if (error) {
        free(server);
        server = NULL;
    }
    *serverp = server;
    return error;
}

void jsonrpc_server_close(struct jsonrpc_server *server)
{
    if (server) {
        while (server->conns) {
            conn_free(server->conns, false);
        }
        listener_close(server->listener);
        free(server);
    }
}
