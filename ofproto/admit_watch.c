/* admit_watch.c - connections that rules no longer admit, reported or ended after the rules have
 * changed: see admit.h, and bridge_set_admit().
 *
 * One run at a time, in slices of a turn of the loop; the next one not before ten times as long as
 * the last one took. */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/admit.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(admit);

struct admit_watch {
    struct ofproto *p;
    struct admit_run *run; /* NULL: none is under way. */
    bool end;
    int64_t rules_ms; /* Of the rules that were looked at last; */
    int64_t start_ms, next_ms;
    struct loop_call call;
};

static enum bridge_admit mode_of(const struct ofproto *p)
{
    enum bridge_admit mode = BRIDGE_ADMIT_IGNORE;

    for (const struct bridge *br = p->bridges; br; br = br->next) {
        mode = MAX(mode, br->admit);
    }
    return mode;
}

static void finish(struct admit_watch *w)
{
    int64_t now = loop_now(w->p->loop);
    struct admit_result r;

    admit_run_free(w->run, false, &r);
    w->run = NULL;
    w->next_ms = now + 10 * (now - w->start_ms);
    if (r.n_refused) {
        log_info("%s: the rules have changed, and would no longer admit %" PRIu64 " of %" PRIu64
                 " connections%s; not known of %" PRIu64,
                 dp_name(w->p->dp), r.n_refused, r.n, w->end ? ", which end" : "", r.n_unknown);
    }
}

static void on_call(void *w_)
{
    struct admit_watch *w = w_;

    if (admit_run_some(w->run)) {
        loop_call_schedule(&w->call);
    } else {
        finish(w);
    }
}

void admit_watch_tick(struct admit_watch *w, bool quiet)
{
    enum bridge_admit mode = mode_of(w->p);
    int64_t now = loop_now(w->p->loop);

    if (mode == BRIDGE_ADMIT_IGNORE) {
        w->rules_ms = w->p->rules_ms; /* Only what changes from now on. */
        return;
    }
    if (w->run || !quiet || w->rules_ms == w->p->rules_ms || now < w->next_ms) {
        return;
    }
    w->rules_ms = w->p->rules_ms;
    w->start_ms = now;
    w->end = mode == BRIDGE_ADMIT_END;
    int error = admit_run_start(w->p, &(struct admit_config){.end = w->end}, &w->run);
    if (error) {
        log_warn_rl("%s: connections cannot be checked against the rules (%s)", dp_name(w->p->dp),
                    strerror(error));
    } else {
        loop_call_schedule(&w->call);
    }
}

struct admit_watch *admit_watch_new(struct ofproto *p)
{
    struct admit_watch *w = xzalloc(sizeof *w);

    w->p = p;
    loop_call_init(&w->call, p->loop, on_call, w);
    return w;
}

void admit_watch_free(struct admit_watch *w)
{
    loop_call_cancel(&w->call);
    if (w->run) {
        admit_run_free(w->run, true, NULL);
    }
    free(w);
}
