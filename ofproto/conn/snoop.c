/* snoop.c - see snoop.h. */
#include "ofproto/conn/snoop.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/mem.h"
#include "ofproto/conn/ofconn-private.h"

#define MAX_LISTENERS 8

struct ear {
    struct ear *next;
    struct snoop *snoop;
    struct stream *stream;
    bool greeted; /* Its HELLO has come. */
};

struct snoop {
    struct connmgr *mgr;
    struct listener *listener;
    struct ear *ears;
    size_t n_ears;
};

static void free_ear(struct ear *ear)
{
    struct snoop *s = ear->snoop;

    for (struct ear **p = &s->ears; *p; p = &(*p)->next) {
        if (*p == ear) {
            *p = ear->next;
            s->n_ears--;
            break;
        }
    }
    stream_free(ear->stream);
    free(ear);
}

static size_t on_recv(void *ear_, const uint8_t *bytes UNUSED, size_t n)
{
    struct ear *ear = ear_;
    ear->greeted = true;
    return n;
}

static void on_closed(void *ear_, int error UNUSED)
{
    free_ear(ear_);
}

static void on_accept(void *s_, struct stream *stream)
{
    static const struct stream_cb cb = {.recv = on_recv, .closed = on_closed};
    struct snoop *s = s_;
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    if (s->n_ears >= MAX_LISTENERS) {
        stream_free(stream);
        return;
    }
    struct ear *ear = xzalloc(sizeof *ear);
    ear->snoop = s;
    ear->stream = stream;
    ear->next = s->ears;
    s->ears = ear;
    s->n_ears++;
    stream_set_cb(stream, &cb, ear);
    hello_encode(connmgr_versions(s->mgr), 1, &w);
    (void)stream_send(stream, w.data, w.len);
    wire_wr_deinit(&w);
}

char *snoop_new(struct connmgr *mgr, const char *rundir, struct snoop **out)
{
    struct snoop *s = xzalloc(sizeof *s);
    char *target = xasprintf("punix:%s/%s.snoop", rundir, connmgr_bridge(mgr));

    s->mgr = mgr;
    char *error = listener_open(connmgr_loop(mgr), target, 0, on_accept, s, &s->listener);
    free(target);
    if (error) {
        free(s);
        s = NULL;
    }
    *out = s;
    return error;
}

void snoop_free(struct snoop *s)
{
    if (!s) {
        return;
    }
    while (s->ears) {
        free_ear(s->ears);
    }
    listener_close(s->listener);
    free(s);
}

bool snoop_active(const struct snoop *s)
{
    return s->ears != NULL;
}

void snoop_copy(struct snoop *s, const void *msg, size_t len)
{
    for (struct ear *ear = s->ears; ear; ear = ear->next) {
        bool room = stream_queued(ear->stream) + len <= OFCONN_ASYNC_BOUND;
        if (ear->greeted && (!room || !stream_send(ear->stream, msg, len))) {
            counter_inc(COUNTER_rconn_overflow);
        }
    }
}
