/* connmgr.c - see connmgr.h: the connections of a switch, who listens and who calls.  Asynchronous
 * messages are in connmgr_async.c. */
#include "ofproto/conn/connmgr.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/conn/ofconn-private.h"
#include "ofproto/conn/rconn.h"
#include "ofproto/conn/snoop.h"

LOG_MODULE(connmgr);

#define DEFAULT_BACKOFF_MS 8000
#define MIN_PROBE_MS       5000
#define MAX_CONNS          512 /* Of a switch: each costs memory that a peer can ask for. */
#define FAIL_OPEN_PROBES   3   /* Intervals without a controller. */

/* One configured target, active or passive. */
struct controller {
    struct controller *next;
    struct connmgr *mgr;
    char *target;
    int64_t probe_ms;
    unsigned rate_limit, burst_limit;
    bool wanted; /* By the configuration that is being applied. */
    struct rconn rconn;
    unsigned n_aux;                       /* While the main connection is alive, these too: */
    struct rconn aux[CONTROLLER_MAX_AUX]; /* auxiliary ids 1 and on (OpenFlow 1.3.5, 6.3.6). */
    bool passive;
    struct listener *listener; /* Passive, if it could be opened. */
    char *error;               /* Of opening it, or NULL. */
};

struct connmgr {
    struct loop *loop;
    char *bridge;
    uint32_t versions;
    const struct conn_handler *handler;
    void *aux;
    struct ofconn *conns;
    struct controller *controllers; /* In the order of the configuration. */
    struct listener *mgmt;
    struct snoop *snoop;
    enum fail_mode fail_mode;
    struct loop_timer fail_timer;
    bool fail_open;
    bool has_generation;
    uint64_t generation;
};

/* ---- what the other files ask ---- */

const struct conn_handler *connmgr_handler(struct connmgr *mgr, void **aux)
{
    *aux = mgr->aux;
    return mgr->handler;
}

struct loop *connmgr_loop(struct connmgr *mgr)
{
    return mgr->loop;
}

uint32_t connmgr_versions(const struct connmgr *mgr)
{
    return mgr->versions;
}

const char *connmgr_bridge(const struct connmgr *mgr)
{
    return mgr->bridge;
}

struct ofconn *connmgr_first(const struct connmgr *mgr)
{
    return mgr->conns;
}

void connmgr_link(struct connmgr *mgr, struct ofconn *c)
{
    c->next = mgr->conns;
    mgr->conns = c;
}

void connmgr_unlink(struct connmgr *mgr, struct ofconn *c)
{
    for (struct ofconn **p = &mgr->conns; *p; p = &(*p)->next) {
        if (*p == c) {
            *p = c->next;
            return;
        }
    }
}

struct ofconn *connmgr_main(const struct ofconn *c)
{
    return c->aux_id ? c->controller->rconn.conn : (struct ofconn *)(uintptr_t)c;
}

uint64_t *connmgr_generation(struct connmgr *mgr, bool define)
{
    mgr->has_generation |= define;
    return mgr->has_generation ? &mgr->generation : NULL;
}

/* The primary's messages, else those of the controller named first. */
static const struct ofconn *snooped(const struct connmgr *mgr)
{
    const struct ofconn *first = NULL;

    for (const struct controller *c = mgr->controllers; c; c = c->next) {
        if (c->rconn.conn && c->rconn.conn->role == ROLE_PRIMARY) {
            return c->rconn.conn;
        }
        first = first ? first : c->rconn.conn;
    }
    return first;
}

void connmgr_snoop(struct connmgr *mgr, const struct ofconn *conn, const void *msg, size_t len)
{
    if (mgr->snoop && snoop_active(mgr->snoop) && conn == snooped(mgr)) {
        snoop_copy(mgr->snoop, msg, len);
    }
}

/* ---- fail mode ---- */

static bool any_active(const struct connmgr *mgr, bool connected)
{
    for (const struct controller *c = mgr->controllers; c; c = c->next) {
        if (!c->passive && (!connected || c->rconn.state == RCONN_ACTIVE)) {
            return true;
        }
    }
    return false;
}

static int64_t fail_open_delay(const struct connmgr *mgr)
{
    int64_t probe = DEFAULT_PROBE_MS;

    for (const struct controller *c = mgr->controllers; c; c = c->next) {
        probe = MAX(probe, c->passive ? 0 : c->probe_ms);
    }
    return FAIL_OPEN_PROBES * probe;
}

static void set_fail_open(struct connmgr *mgr, bool on)
{
    if (on != mgr->fail_open) {
        mgr->fail_open = on;
        mgr->handler->fail_open(mgr->aux, on);
    }
}

static void on_fail_timer(void *mgr_)
{
    set_fail_open(mgr_, true);
}

/* Runs the timer only while it has something to wait for. */
static void update_fail_mode(struct connmgr *mgr)
{
    bool lost =
        mgr->fail_mode == FAIL_STANDALONE && any_active(mgr, false) && !any_active(mgr, true);

    if (!lost) {
        loop_timer_cancel(&mgr->fail_timer);
        set_fail_open(mgr, false);
    } else if (!mgr->fail_open && !loop_timer_pending(&mgr->fail_timer)) {
        loop_timer_after(&mgr->fail_timer, fail_open_delay(mgr));
    }
}

/* ---- auxiliary connections ---- */

static void stop_aux(struct controller *c, unsigned first)
{
    for (unsigned i = first; i < CONTROLLER_MAX_AUX; i++) {
        rconn_stop(&c->aux[i]);
    }
}

static void start_aux(struct controller *c)
{
    for (unsigned i = 0; i < c->n_aux; i++) {
        rconn_start(&c->aux[i]);
    }
}

static struct rconn *rconn_of(const struct ofconn *conn)
{
    struct controller *c = conn->controller;
    return conn->aux_id ? &c->aux[conn->aux_id - 1] : &c->rconn;
}

void connmgr_established(struct connmgr *mgr, struct ofconn *conn)
{
    if (conn->controller) {
        rconn_established(rconn_of(conn));
        if (!conn->aux_id) {
            start_aux(conn->controller);
            update_fail_mode(mgr);
        }
    }
}

void connmgr_ended(struct connmgr *mgr, struct ofconn *conn, int error)
{
    if (conn->controller) {
        if (!conn->aux_id) {
            stop_aux(conn->controller, 0); /* While there is still a main one for them. */
        }
        rconn_ended(rconn_of(conn), error);
        update_fail_mode(mgr);
    } else {
        log_dbg("%s: service connection ended (%s)", mgr->bridge, strerror(error));
    }
}

/* ---- listeners ---- */

/* A service connection; NULL, and the stream is gone, if there are too many. */
static struct ofconn *accept_conn(struct connmgr *mgr, struct stream *s)
{
    size_t n = 0;

    for (const struct ofconn *c = mgr->conns; c; c = c->next) {
        n++;
    }
    if (n >= MAX_CONNS) {
        log_warn_rl("%s: refusing %s: %zu connections are open", mgr->bridge, stream_name(s), n);
        stream_free(s);
        return NULL;
    }
    return ofconn_new(mgr, s, NULL, true);
}

static void on_mgmt(void *mgr_, struct stream *s)
{
    (void)accept_conn(mgr_, s);
}

void connmgr_configure_conn(const struct controller *ctl, struct ofconn *conn)
{
    ofconn_set_probe(conn, ctl->probe_ms);
    conn->limited = ctl->rate_limit != 0;
    if (conn->limited) {
        unsigned burst = ctl->burst_limit ? ctl->burst_limit : ctl->rate_limit / 4;
        rate_init(&conn->rate, ctl->rate_limit, MAX(burst, 1), loop_now(ctl->mgr->loop));
    }
}

static void on_accept(void *ctl_, struct stream *s)
{
    struct controller *ctl = ctl_;
    struct ofconn *conn = accept_conn(ctl->mgr, s);

    if (conn) {
        conn->origin = ctl;
        connmgr_configure_conn(ctl, conn);
    }
}

static void open_listener(struct controller *c)
{
    c->error = listener_open(c->mgr->loop, c->target, OFP_PORT, on_accept, c, &c->listener);
    if (c->error) {
        log_warn("%s: %s", c->mgr->bridge, c->error);
    }
}

/* ---- controllers ---- */

static bool is_passive(const char *target)
{
    return !strncmp(target, "ptcp:", 5) || !strncmp(target, "pssl:", 5) ||
           !strncmp(target, "punix:", 6);
}

static void end_conns(struct connmgr *mgr, const struct controller *of)
{
    struct ofconn *next;

    for (struct ofconn *c = mgr->conns; c; c = next) {
        next = c->next;
        if (!of || c->origin == of) {
            connmgr_unlink(mgr, c);
            ofconn_free(c);
        }
    }
}

static void free_controller(struct controller *c)
{
    for (unsigned i = 0; i < CONTROLLER_MAX_AUX; i++) {
        rconn_deinit(&c->aux[i]);
    }
    rconn_deinit(&c->rconn);
    end_conns(c->mgr, c);
    listener_close(c->listener);
    free(c->error);
    free(c->target);
    free(c);
}

static struct controller *take_controller(struct connmgr *mgr, const char *target)
{
    for (struct controller **p = &mgr->controllers; *p; p = &(*p)->next) {
        if (!strcmp((*p)->target, target)) {
            struct controller *c = *p;
            *p = c->next;
            return c;
        }
    }
    struct controller *c = xzalloc(sizeof *c);
    c->mgr = mgr;
    c->target = xstrdup(target);
    c->passive = is_passive(target);
    rconn_init(&c->rconn, mgr, c, c->target, 0);
    for (unsigned i = 0; i < CONTROLLER_MAX_AUX; i++) {
        rconn_init(&c->aux[i], mgr, c, c->target, (uint8_t)(i + 1));
    }
    return c;
}

static void configure(struct controller *c, const struct controller_config *cfg)
{
    int64_t probe = cfg->inactivity_probe_ms;

    c->probe_ms = probe < 0 ? DEFAULT_PROBE_MS : probe ? MAX(probe, MIN_PROBE_MS) : 0;
    c->rate_limit = cfg->rate_limit;
    c->burst_limit = cfg->burst_limit;
    c->rconn.max_backoff_ms = cfg->max_backoff_ms > 0 ? cfg->max_backoff_ms : DEFAULT_BACKOFF_MS;
    for (unsigned i = 0; i < CONTROLLER_MAX_AUX; i++) {
        c->aux[i].max_backoff_ms = c->rconn.max_backoff_ms;
    }
    c->n_aux = c->passive ? 0 : MIN(cfg->n_aux, CONTROLLER_MAX_AUX);
    stop_aux(c, c->n_aux);
    if (c->rconn.state == RCONN_ACTIVE) {
        start_aux(c);
    }
    if (c->passive && !c->listener && !c->error) {
        open_listener(c);
    }
    for (struct ofconn *conn = c->mgr->conns; conn; conn = conn->next) {
        if (conn->controller == c || conn->origin == c) {
            connmgr_configure_conn(c, conn);
        }
    }
}

void connmgr_set_controllers(struct connmgr *mgr, const struct controller_config *cfg, size_t n)
{
    struct controller *list = NULL, **tail = &list;

    for (size_t i = 0; i < n; i++) {
        struct controller *c = take_controller(mgr, cfg[i].target);
        configure(c, &cfg[i]);
        c->next = NULL;
        *tail = c;
        tail = &c->next;
    }
    while (mgr->controllers) {
        struct controller *c = mgr->controllers;
        mgr->controllers = c->next;
        free_controller(c);
    }
    mgr->controllers = list;
    for (struct controller *c = list; c; c = c->next) {
        if (!c->passive) {
            rconn_start(&c->rconn);
        }
    }
    update_fail_mode(mgr);
}

static int64_t seconds_since(const struct connmgr *mgr, int64_t ms)
{
    return ms < 0 ? -1 : (loop_now(mgr->loop) - ms) / 1000;
}

bool connmgr_status(const struct connmgr *mgr, size_t i, struct connmgr_status *st)
{
    static const char *const states[] = {"VOID", "BACKOFF", "CONNECTING", "ACTIVE"};
    static const char *const roles[] = {
        [ROLE_EQUAL] = "other", [ROLE_PRIMARY] = "master", [ROLE_SECONDARY] = "slave"};
    const struct controller *c = mgr->controllers;

    while (c && i--) {
        c = c->next;
    }
    if (!c) {
        return false;
    }
    const struct rconn *r = &c->rconn;
    const struct ofconn *conn = r->conn;
    if (c->passive) {
        for (conn = mgr->conns; conn && conn->origin != c; conn = conn->next) {
        }
    }
    bool connected = conn && conn->version;
    *st = (struct connmgr_status){
        .target = c->target,
        .is_connected = connected,
        .role = roles[conn ? conn->role : ROLE_EQUAL],
        .state = connected && conn->probing ? "IDLE"
                 : c->passive               ? states[connected ? RCONN_ACTIVE : RCONN_VOID]
                                            : states[r->state],
        .last_error = c->passive ? c->error : r->last_error,
        .sec_since_connect = seconds_since(mgr, r->connected_ms),
        .sec_since_disconnect = seconds_since(mgr, r->disconnected_ms),
    };
    return true;
}

/* ---- life ---- */

static char *open_services(struct connmgr *mgr, const char *rundir)
{
    char *target = xasprintf("punix:%s/%s.mgmt", rundir, mgr->bridge);
    char *error = listener_open(mgr->loop, target, 0, on_mgmt, mgr, &mgr->mgmt);

    free(target);
    if (!error) {
        error = snoop_new(mgr, rundir, &mgr->snoop);
    }
    return error;
}

char *connmgr_new(struct loop *loop, const char *rundir, const char *bridge, uint32_t versions,
                  const struct conn_handler *handler, void *aux, struct connmgr **out)
{
    struct connmgr *mgr = xzalloc(sizeof *mgr);

    mgr->loop = loop;
    mgr->bridge = xstrdup(bridge);
    mgr->versions = versions;
    mgr->handler = handler;
    mgr->aux = aux;
    loop_timer_init(&mgr->fail_timer, loop, on_fail_timer, mgr);
    char *error = open_services(mgr, rundir);
    if (error) {
        connmgr_free(mgr);
        mgr = NULL;
    }
    *out = mgr;
    return error;
}

void connmgr_free(struct connmgr *mgr)
{
    if (!mgr) {
        return;
    }
    loop_timer_cancel(&mgr->fail_timer);
    while (mgr->controllers) {
        struct controller *c = mgr->controllers;
        mgr->controllers = c->next;
        free_controller(c);
    }
    end_conns(mgr, NULL);
    listener_close(mgr->mgmt);
    snoop_free(mgr->snoop);
    free(mgr->bridge);
    free(mgr);
}

void connmgr_set_versions(struct connmgr *mgr, uint32_t versions)
{
    mgr->versions = versions;
    /* Who speaks a version no longer wanted has to agree on another one. */
    for (struct ofconn *c = mgr->conns; c; c = c->next) {
        if (c->version && !(versions & BIT(c->version))) {
            ofconn_close(c, ECONNABORTED);
        }
    }
}

void connmgr_set_fail_mode(struct connmgr *mgr, enum fail_mode mode)
{
    mgr->fail_mode = mode;
    update_fail_mode(mgr);
}

void connmgr_reconnect(struct connmgr *mgr)
{
    for (struct controller *c = mgr->controllers; c; c = c->next) {
        rconn_reconnect(&c->rconn);
    }
}
