/* commands_ct_events.c - ct/events: connections that come, change and go, as JSON lines while they
 * do.
 *
 * The datapath's events are taken in slices of a turn of the loop and copied to all who listen to
 * it.  Each has a queue of bounded length; what does not fit is lost to that reader alone, counted,
 * and told in its stream: {"event":"lost","lost":N}. */
#include <limits.h>
#include <stdlib.h>

#include "lib/dp/conn_events.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/commands-private.h"

LOG_MODULE(commands_ct_events);

#define QUEUE_MAX  (1024 * 1024) /* Bytes of text that wait for one reader. */
#define SLICE      1024          /* Events of one turn. */
#define EVENT_TEXT 1024          /* An event has fewer bytes. */

struct listener {
    struct listener *next;
    struct datapaths *datapaths; /* NULL: its datapath has gone. */
    struct ofproto *p;           /* To be found among the datapaths before use. */
    struct control_stream *stream;
    struct text queue;
    uint64_t n_lost;  /* Not told yet. */
    uint64_t dp_lost; /* The datapath's, as last seen. */
    bool update, has_zone, has_count, ended;
    uint16_t zone;
    uint32_t count; /* Events to go. */
};

static struct listener *listeners;
static struct loop_call more_call; /* Another slice. */

static bool is_there(const struct listener *l)
{
    struct ofproto *p = NULL;

    while (l->datapaths && (p = datapaths_next(l->datapaths, p)) && p != l->p) {
    }
    return l->datapaths && p;
}

/* ---- to one reader ---- */

static void put_lost(struct listener *l)
{
    text_printf(&l->queue, "{\"event\":\"lost\",\"lost\":%" PRIu64 "}\n", l->n_lost);
    l->n_lost = 0;
}

static void put_event(struct listener *l, const struct ct_event *e)
{
    static const char *const names[] = {"NEW", "UPDATE", "DESTROY"};
    const struct env *env = loop_env(datapaths_loop(l->datapaths));
    struct text json = TEXT_INIT;

    if ((l->has_zone && l->zone != e->info.zone) || (e->type == CT_EVENT_UPDATE && !l->update) ||
        l->ended) {
        return;
    }
    if (l->queue.len + EVENT_TEXT > QUEUE_MAX) {
        l->n_lost++;
        return;
    }
    if (l->n_lost) {
        put_lost(l);
    }
    ct_info_json(&e->info, env->now_ms, env->wall_ms, &json);
    text_printf(&l->queue, "{\"event\":\"%s\",\"time\":%" PRId64 ",%s\n", names[e->type],
                env->wall_ms, text_cstr(&json) + 1);
    text_deinit(&json);
    l->ended = l->has_count && --l->count == 0;
}

static bool stream_more(void *l_, struct text *t)
{
    struct listener *l = l_;

    if (l->n_lost && !l->queue.len) {
        put_lost(l);
    }
    text_put(t, l->queue.s, l->queue.len);
    text_deinit(&l->queue);
    return is_there(l) && !l->ended;
}

/* ---- from the datapath ---- */

static unsigned wanted(const struct ofproto *p)
{
    unsigned mask = 0;

    for (const struct listener *l = listeners; l; l = l->next) {
        if (l->p == p && l->datapaths) {
            mask |=
                BIT(CT_EVENT_NEW) | BIT(CT_EVENT_DESTROY) | (l->update ? BIT(CT_EVENT_UPDATE) : 0);
        }
    }
    return mask;
}

/* False: nobody listens to it any more, or it is being closed. */
static bool look(struct ofproto *p)
{
    bool there = false;

    for (struct listener *l = listeners; l; l = l->next) {
        if (l->p != p || !l->datapaths) {
            continue;
        }
        if (!is_there(l)) {
            l->datapaths = NULL;
            control_stream_wake(l->stream);
            continue;
        }
        uint64_t lost = dp_conn_events_lost(ofproto_dp(p));
        l->n_lost += lost - l->dp_lost;
        l->dp_lost = lost;
        there = true;
    }
    return there;
}

static void on_ready(void *p_)
{
    struct ofproto *p = p_;
    struct ct_event e;
    unsigned n = 0;

    if (!look(p)) {
        return;
    }
    for (; n < SLICE && dp_conn_events_next(ofproto_dp(p), &e); n++) {
        for (struct listener *l = listeners; l; l = l->next) {
            if (l->p == p && l->datapaths) {
                put_event(l, &e);
            }
        }
    }
    for (struct listener *l = listeners; l; l = l->next) {
        if (l->p == p) {
            control_stream_wake(l->stream);
        }
    }
    if (n == SLICE) {
        loop_call_schedule(&more_call);
    }
}

static void on_more(void *d)
{
    struct ofproto *p = NULL;

    while ((p = datapaths_next(d, p))) {
        on_ready(p);
    }
}

/* ---- the command ---- */

static void stream_done(void *l_)
{
    struct listener *l = l_, **at = &listeners;
    bool there = is_there(l);
    struct ofproto *p = l->p;

    while (*at != l) {
        at = &(*at)->next;
    }
    *at = l->next;
    text_deinit(&l->queue);
    free(l);
    /* To less; where that fails, to what nobody gets. */
    int error = there ? dp_conn_events_listen(ofproto_dp(p), wanted(p), on_ready, p) : 0;
    if (error) {
        log_warn_rl("connections are still listened to (%s)", strerror(error));
    }
}

/* What is left after the datapath: [zone=N] [COUNT]. */
static bool parse_rest(struct control_request *req, const struct dpctl_args *a, struct listener *l)
{
    int i = 0;

    if (i < a->argc && !strncmp(a->argv[i], "zone=", 5)) {
        l->has_zone = text_to_u16(a->argv[i] + 5, &l->zone);
        if (!l->has_zone) {
            dpctl_fail(req, xstrdup("failed to parse zone"), "Invalid argument");
            return false;
        }
        i++;
    }
    if (i < a->argc) {
        l->has_count = text_to_u32(a->argv[i], &l->count) && l->count;
        if (!l->has_count || i + 1 < a->argc) {
            dpctl_fail(req, xasprintf("%s: neither zone=N nor a number of events", a->argv[i]),
                       "Invalid argument");
            return false;
        }
    }
    return true;
}

static void on_events(struct control_request *req, int argc, const char *const argv[], void *d)
{
    struct listener *l = xzalloc(sizeof *l);
    const char **left = xcalloc((size_t)argc + 1, sizeof *left);
    struct dpctl_args a;
    int n = 0;

    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--update")) {
            left[n++] = argv[i];
        } else {
            l->update = true;
        }
    }
    if (!dpctl_args_parse(req, d, n, left, &a) || !parse_rest(req, &a, l)) {
        free(left);
        free(l);
        return;
    }
    free(left);
    l->datapaths = d;
    l->p = a.p;
    l->next = listeners;
    listeners = l;
    struct dp *dp = ofproto_dp(a.p);
    int error = dp_conn_events_listen(dp, wanted(a.p), on_ready, a.p);
    if (error) {
        listeners = l->next;
        free(l);
        dpctl_fail(req, xstrdup("connections cannot be listened to"), strerror(error));
        return;
    }
    l->dp_lost = dp_conn_events_lost(dp);
    control_reply_stream(req, stream_more, stream_done, l, &l->stream);
}

unsigned commands_n_ct_listeners(void)
{
    unsigned n = 0;

    for (const struct listener *l = listeners; l; l = l->next) {
        n++;
    }
    return n;
}

void commands_stop_ct_events(void)
{
    for (struct listener *l = listeners; l; l = l->next) {
        l->datapaths = NULL;
        control_stream_wake(l->stream); /* Its reply ends like any other. */
    }
    loop_call_cancel(&more_call);
}

void commands_register_ct_events(struct datapaths *d)
{
    loop_call_init(&more_call, datapaths_loop(d), on_more, d);
    control_register("ct/events", "[--update] [dp] [zone=N] [COUNT]", 0, 4, on_events, d);
}
