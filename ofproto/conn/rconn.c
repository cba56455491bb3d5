/* rconn.c - see rconn.h. */
#include "ofproto/conn/rconn.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(rconn);

#define FIRST_BACKOFF_MS 1000

static int64_t now(const struct rconn *r)
{
    return loop_now(r->timer.loop);
}

static void set_error(struct rconn *r, const char *text)
{
    free(r->last_error);
    r->last_error = xstrdup(text);
}

static void start_backoff(struct rconn *r)
{
    r->backoff_ms = r->backoff_ms ? MIN(2 * r->backoff_ms, r->max_backoff_ms)
                                  : MIN(FIRST_BACKOFF_MS, r->max_backoff_ms);
    r->state = RCONN_BACKOFF;
    loop_timer_after(&r->timer, r->backoff_ms);
}

static void failed(struct rconn *r, const char *why)
{
    stream_free(r->stream);
    r->stream = NULL;
    set_error(r, why);
    start_backoff(r);
    log_info_rl("%s: connection failed (%s), waiting %" PRId64 " seconds before reconnect",
                r->target, why, r->backoff_ms / 1000);
}

static void on_connected(void *r_)
{
    struct rconn *r = r_;
    struct stream *s = r->stream;

    r->stream = NULL; /* The connection's from now. */
    r->conn = ofconn_new(r->mgr, s, r->controller, false);
    r->conn->aux_id = r->aux_id;
    connmgr_configure_conn(r->controller, r->conn);
}

/* Nothing is read before there is a connection. */
static size_t on_early_recv(void *r_ UNUSED, const uint8_t *bytes UNUSED, size_t n UNUSED)
{
    return 0;
}

static void on_closed(void *r_, int error)
{
    failed(r_, error ? strerror(error) : "End of file");
}

static void start_connect(struct rconn *r)
{
    static const struct stream_cb cb = {.connected = on_connected,
                                        .recv = on_early_recv,
                                        .closed = on_closed};
    char *error = stream_connect(r->timer.loop, r->target, OFP_PORT, &cb, r, &r->stream);

    if (error) {
        log_warn("%s", error); /* It names the target. */
        set_error(r, error);
        free(error);
        r->state = RCONN_VOID; /* Trying again would not help. */
        return;
    }
    r->state = RCONN_CONNECTING;
    loop_timer_after(&r->timer, MAX(r->backoff_ms, FIRST_BACKOFF_MS));
}

static void on_timer(void *r_)
{
    struct rconn *r = r_;

    if (r->state == RCONN_BACKOFF) {
        start_connect(r);
    } else if (r->state == RCONN_CONNECTING && r->conn) {
        ofconn_close(r->conn, ETIMEDOUT); /* No HELLO in time. */
    } else if (r->state == RCONN_CONNECTING) {
        failed(r, strerror(ETIMEDOUT));
    }
}

void rconn_init(struct rconn *r, struct connmgr *mgr, struct controller *controller,
                const char *target, uint8_t aux_id)
{
    *r = (struct rconn){.mgr = mgr,
                        .controller = controller,
                        .target = target,
                        .aux_id = aux_id,
                        .connected_ms = -1,
                        .disconnected_ms = -1};
    loop_timer_init(&r->timer, connmgr_loop(mgr), on_timer, r);
}

void rconn_stop(struct rconn *r)
{
    loop_timer_cancel(&r->timer);
    stream_free(r->stream);
    r->stream = NULL;
    if (r->conn) {
        connmgr_unlink(r->mgr, r->conn);
        ofconn_free(r->conn);
        r->conn = NULL;
    }
    r->state = RCONN_VOID;
    r->backoff_ms = 0;
}

void rconn_deinit(struct rconn *r)
{
    rconn_stop(r);
    free(r->last_error);
    r->last_error = NULL;
}

void rconn_start(struct rconn *r)
{
    if (r->state == RCONN_VOID) {
        start_connect(r);
    }
}

void rconn_reconnect(struct rconn *r)
{
    if (r->conn) {
        ofconn_close(r->conn, ECONNABORTED);
    } else if (r->state == RCONN_BACKOFF) {
        loop_timer_after(&r->timer, 0);
    }
}

void rconn_established(struct rconn *r)
{
    if (r->aux_id) {
        log_info("%s: auxiliary connection %u: connected", r->target, r->aux_id);
    } else {
        log_info("%s: connected", r->target);
    }
    r->state = RCONN_ACTIVE;
    r->connected_ms = now(r);
    loop_timer_cancel(&r->timer);
}

void rconn_ended(struct rconn *r, int error)
{
    bool was_active = r->state == RCONN_ACTIVE;

    r->conn = NULL;
    if (was_active) {
        r->disconnected_ms = now(r);
        if (now(r) - r->connected_ms >= r->backoff_ms) {
            r->backoff_ms = 0;
        }
    }
    failed(r, strerror(error));
}
