/* datapath_flows.c - see dp.h: the control thread's view of the workers' cached flows.  It reads
 * them while workers add and unlink.  Memory is freed in datapath_reap() only, when each walk has
 * ended that may have met it: those that had begun when it came back from its worker. */
#include <limits.h>
#include <stdlib.h>

#include "lib/dp/user/datapath.h"
#include "lib/mem.h"

#define MAX_IDLE_MS      10000
#define MAX_IDLE_FULL_MS 100  /* While a worker has as many flows as it may. */
#define LOOK             2000 /* Flows looked at, */
#define FREE             5000 /* and freed, in one turn of the loop. */
#define CHANGE_COSTS     16   /* As many flows that stay as they are: it is translated again. */

/* Gives the handler, and the flow's total, what is new. */
static void credit(struct datapath *dp, struct cache_acts *a)
{
    const struct dp_flow_stats ran = {
        .packets = __atomic_load_n(&a->ran.packets, __ATOMIC_RELAXED),
        .bytes = __atomic_load_n(&a->ran.bytes, __ATOMIC_RELAXED),
        .used_ms = __atomic_load_n(&a->ran.used_ms, __ATOMIC_RELAXED),
        .tcp_flags = __atomic_load_n(&a->ran.tcp_flags, __ATOMIC_RELAXED),
    };
    const struct dp_flow_stats delta = {
        .packets = ran.packets - a->paid.packets,
        .bytes = ran.bytes - a->paid.bytes,
        .used_ms = ran.used_ms,
        .tcp_flags = ran.tcp_flags & (uint16_t)~a->paid.tcp_flags,
    };
    struct dp_flow_stats *total = &a->flow->total;

    if (!delta.packets) {
        return;
    }
    a->paid = ran;
    total->packets += delta.packets;
    total->bytes += delta.bytes;
    total->used_ms = MAX(total->used_ms, delta.used_ms);
    total->tcp_flags |= delta.tcp_flags;
    if (a->credit) {
        dp->up.handler.credit(dp->up.handler.aux, a->credit, &delta);
    }
}

static void free_acts(struct datapath *dp, struct cache_acts *a)
{
    if (a->credit) {
        dp->up.handler.release(dp->up.handler.aux, a->credit);
    }
    free(a);
}

static void reap(struct datapath *dp, struct cache_msg *m)
{
    struct cache_flow *f;

    switch (m->kind) {
    case CACHE_MSG_FLOW:
        f = container_of_(m, struct cache_flow, msg);
        free_acts(dp, f->acts);
        cache_flow_free(f);
        break;
    case CACHE_MSG_ACTS:
        free_acts(dp, container_of_(m, struct cache_acts, msg));
        break;
    case CACHE_MSG_SUBTABLE:
        free(container_of_(m, struct cache_subtable, msg));
        break;
    }
}

/* Can no walk meet it any more? */
static bool is_unseen(const struct datapath *dp, const struct cache_msg *m)
{
    const struct dp_flow_cursor *c = dp->walks;

    while (c && c->older) {
        c = c->older;
    }
    return !c || (int32_t)(m->epoch - c->epoch) < 0;
}

/* True: more can be freed. */
static bool free_some(struct datapath *dp, unsigned budget)
{
    struct cache_msg *m;

    for (; (m = dp->once) && budget; budget--) {
        dp->once = m->next;
        reap(dp, m);
    }
    for (; (m = dp->gone) && budget && is_unseen(dp, m); budget--) {
        dp->gone = m->next;
        reap(dp, m);
    }
    if (!dp->gone) {
        dp->gone_tail = &dp->gone;
    }
    return !budget;
}

static void credit_msg(struct datapath *dp, struct cache_msg *m)
{
    if (m->kind == CACHE_MSG_FLOW) {
        credit(dp, container_of_(m, struct cache_flow, msg)->acts);
    } else if (m->kind == CACHE_MSG_ACTS) {
        credit(dp, container_of_(m, struct cache_acts, msg));
    }
}

/* ---- asked of a worker, not back from it ---- */

static void ask(struct datapath *dp, struct cache *c, struct cache_msg *m)
{
    m->asked_next = dp->asked;
    m->asked_prev = &dp->asked;
    if (dp->asked) {
        dp->asked->asked_prev = &m->asked_next;
    }
    dp->asked = m;
    cache_msg_push(&c->inbox, m);
}

static void forget_asked(struct cache_msg *m)
{
    if (m->asked_prev) {
        *m->asked_prev = m->asked_next;
        if (m->asked_next) {
            m->asked_next->asked_prev = m->asked_prev;
        }
        m->asked_prev = NULL;
    }
}

/* A worker that sleeps has done all that it did by these, and lets go of them only when it wakes:
 * whoever has waited for it until it slept counts on that too. */
static void credit_asked(struct datapath *dp)
{
    for (struct cache_msg *m = dp->asked; m; m = m->asked_next) {
        credit_msg(dp, m);
    }
}

/* ---- back ---- */

/* What workers have let go of pays in at once, even if its memory has to wait: whoever walks to get
 * statistics counts on it.  Replaced actions come before their flow does, or together with it. */
static void collect(struct datapath *dp, struct cache_msg *m)
{
    struct cache_msg *next;

    for (; m; m = next) {
        next = m->next;
        credit_msg(dp, m);
        forget_asked(m);
        if (m->kind == CACHE_MSG_FLOW && container_of_(m, struct cache_flow, msg)->once) {
            m->next = dp->once;
            dp->once = m;
        } else {
            m->epoch = dp->epoch;
            m->next = NULL;
            *dp->gone_tail = m;
            dp->gone_tail = &m->next;
        }
    }
}

void datapath_reap(struct datapath *dp)
{
    for (unsigned i = 0; i < dp->n_workers; i++) {
        collect(dp, cache_msg_take(&dp->workers[i]->pass.cache.outbox));
    }
    if (free_some(dp, FREE)) {
        loop_call_schedule(&dp->more);
    }
}

static void ask_removal(struct datapath *dp, struct cache *c, struct cache_flow *f)
{
    f->leaving = true;
    ask(dp, c, &f->msg);
}

static bool masks_fit(const struct key *flow, const struct key *wanted)
{
    for (unsigned i = 0; i < KEY_WORDS; i++) {
        if (key_words(wanted)[i] & ~key_words(flow)[i]) {
            return false;
        }
    }
    return true;
}

/* Other actions for the flow.  A translation that looked at more bits than the flow's mask has
 * cannot stand for all its packets: then NULL, and the flow has to go. */
static struct cache_acts *other_acts(struct datapath *dp, struct cache_flow *f,
                                     struct dp_verdict *v)
{
    struct key wanted = v->mask;
    wanted.in_port = UINT32_MAX;
    wanted.recirc_id = UINT32_MAX;

    bool fits = !v->actions.overflow && v->cache && masks_fit(&f->subtable->mask.key, &wanted);
    struct cache_acts *a = fits ? cache_acts_new(v) : NULL;
    if (a) {
        a->flow = f;
    } else if (v->credit) {
        dp->up.handler.release(dp->up.handler.aux, v->credit);
    }
    return a;
}

/* 'a' NULL: the flow goes. */
static void change_flow(struct datapath *dp, struct cache *c, struct cache_flow *f,
                        struct cache_acts *a)
{
    struct cache_acts *old = f->acts;

    if (!a) {
        ask_removal(dp, c, f);
        return;
    }
    __atomic_store_n(&f->acts, a, __ATOMIC_RELEASE);
    ask(dp, c, &old->msg); /* The worker may still run it. */
}

/* What is decided and not done yet. */
struct later {
    struct cache *cache;
    struct cache_flow *flow;
    struct cache_acts *acts; /* Or NULL. */
};

struct walk {
    struct datapath *dp;
    dp_flow_visit *visit;
    void *aux;
    struct dp_verdict verdict;
    bool wait; /* Decisions are kept in 'later'. */
    struct later *later;
    size_t n_later, cap_later;
};

static bool decide(struct walk *w, struct cache *c, struct cache_flow *f, struct cache_acts *a)
{
    if (!w->wait) {
        change_flow(w->dp, c, f, a);
        return true;
    }
    if (w->n_later == w->cap_later) {
        w->cap_later = w->cap_later ? 2 * w->cap_later : 256;
        w->later = xrealloc(w->later, w->cap_later * sizeof *w->later);
    }
    w->later[w->n_later++] = (struct later){c, f, a};
    return true;
}

static bool visit_one(struct walk *w, struct cache *c, struct cache_flow *f)
{
    struct dp_flow_view view;
    struct key key;

    struct cache_acts *a = cache_flow_acts(f);
    credit(w->dp, a);
    cache_flow_key(f, &key);
    view.stats = view.own = f->total;
    view.ufid = NULL;
    view.slow = 0;
    view.key = &key;
    view.mask = &f->subtable->mask.key;
    view.actions = a->data;
    view.actions_len = a->len;
    view.credit = a->credit;

    dp_actions_clear(&w->verdict.actions);
    w->verdict = (struct dp_verdict){.actions = w->verdict.actions, .cache = true};
    switch (w->visit(w->aux, &view, &w->verdict)) {
    case DP_FLOW_KEEP:
        return false;
    case DP_FLOW_DELETE:
        return decide(w, c, f, NULL);
    case DP_FLOW_REPLACE:
    case DP_FLOW_RENEW: /* The credit is the worker's as much as the actions are. */
        return decide(w, c, f, other_acts(w->dp, f, &w->verdict));
    }
    return false;
}

/* ---- walks ---- */

static void begin_worker(struct datapath *dp, struct dp_flow_cursor *c, unsigned worker)
{
    c->worker = worker;
    c->asked = false;
    if (worker < dp->n_workers) {
        c->next = __atomic_load_n(&dp->workers[worker]->pass.cache.flows, __ATOMIC_ACQUIRE);
    }
}

static void begin_walk(struct datapath *dp, struct dp_flow_cursor *c)
{
    datapath_reap(dp);
    c->active = true;
    c->epoch = ++dp->epoch;
    c->older = dp->walks;
    dp->walks = c;
    begin_worker(dp, c, 0);
}

/* NULL: there is none left.  A flow that comes next may have been unlinked since the last part: it
 * is not freed before the walk's end, and leads back into the list. */
static struct cache_flow *next_flow(struct datapath *dp, struct dp_flow_cursor *c)
{
    while (!c->next && c->worker < dp->n_workers) {
        if (c->asked) {
            worker_wake(dp->workers[c->worker]);
        }
        begin_worker(dp, c, c->worker + 1);
    }
    struct cache_flow *f = c->next;
    if (f) {
        c->next = __atomic_load_n(&f->list_next, __ATOMIC_ACQUIRE);
    }
    return f;
}

static void end_walk(struct datapath *dp, struct dp_flow_cursor *c)
{
    struct dp_flow_cursor **i = &dp->walks;

    while (*i != c) {
        i = &(*i)->older;
    }
    *i = c->older;
    c->active = false;
    datapath_reap(dp);
}

bool datapath_flow_walk_part(struct dp *up, struct dp_flow_cursor *c, unsigned budget,
                             dp_flow_visit *visit, void *aux)
{
    struct datapath *dp = datapath_of(up);
    struct walk w = {.dp = dp, .visit = visit, .aux = aux};
    struct cache_flow *f = NULL;
    unsigned spent = 0;

    if (!c->active) {
        begin_walk(dp, c);
    }
    dp_actions_init(&w.verdict.actions);
    while (spent < budget && (f = next_flow(dp, c))) {
        bool asked = !f->leaving && visit_one(&w, &dp->workers[c->worker]->pass.cache, f);
        c->asked |= asked;
        spent += asked ? CHANGE_COSTS : 1;
    }
    dp_actions_deinit(&w.verdict.actions);
    if (f) {
        return true;
    }
    credit_asked(dp);
    end_walk(dp, c);
    return false;
}

void datapath_flow_walk(struct dp *up, dp_flow_visit *visit, void *aux)
{
    struct dp_flow_cursor c = {.active = false};

    while (datapath_flow_walk_part(up, &c, UINT_MAX, visit, aux)) {
    }
}

/* Down to 'end', which is not visited any more. */
static void visit_worker(struct walk *w, struct worker *worker, const struct cache_flow *end)
{
    struct cache *c = &worker->pass.cache;
    struct cache_flow *f = __atomic_load_n(&c->flows, __ATOMIC_ACQUIRE), *next;
    bool asked = false;

    for (; f && f != end; f = next) {
        next = __atomic_load_n(&f->list_next, __ATOMIC_ACQUIRE);
        if (!f->leaving) {
            asked |= visit_one(w, c, f);
        }
    }
    if (asked) {
        worker_wake(worker);
    }
}

/* New flows come at the head of a worker's list.  Was the one that stood there removed meanwhile,
 * all are visited once more. */
void datapath_flow_walk_atomic(struct dp *up, bool ahead, dp_flow_visit *visit,
                               void (*publish)(void *), void *aux)
{
    struct datapath *dp = datapath_of(up);
    struct walk w = {.dp = dp, .visit = visit, .aux = aux, .wait = true};
    const struct cache_flow **ends = xcalloc(dp->n_workers, sizeof(struct cache_flow *));
    struct dp_flow_cursor c;

    dp_actions_init(&w.verdict.actions);
    begin_walk(dp, &c); /* So that no flow is freed meanwhile. */
    for (unsigned i = 0; ahead && i < dp->n_workers; i++) {
        ends[i] = __atomic_load_n(&dp->workers[i]->pass.cache.flows, __ATOMIC_ACQUIRE);
        visit_worker(&w, dp->workers[i], NULL);
    }
    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_pause(dp->workers[i]);
    }
    publish(aux);
    for (size_t i = 0; i < w.n_later; i++) {
        change_flow(dp, w.later[i].cache, w.later[i].flow, w.later[i].acts);
    }
    w.wait = false;
    for (unsigned i = 0; i < dp->n_workers; i++) {
        visit_worker(&w, dp->workers[i], ends[i]);
    }
    for (unsigned i = 0; i < dp->n_workers; i++) {
        worker_resume(dp->workers[i]);
    }
    credit_asked(dp);
    end_walk(dp, &c);
    dp_actions_deinit(&w.verdict.actions);
    free(w.later);
    free(ends);
}

/* ---- idle flows ---- */

static void expire_one(struct datapath *dp, struct cache *c, struct cache_flow *f)
{
    bool full = __atomic_load_n(&c->n_flows, __ATOMIC_RELAXED) >= c->flow_limit;
    int64_t max_idle = full ? MAX_IDLE_FULL_MS : MAX_IDLE_MS;

    credit(dp, cache_flow_acts(f));
    if (!f->leaving && loop_now(dp->up.loop) - MAX(f->total.used_ms, f->created_ms) > max_idle) {
        ask_removal(dp, c, f);
        dp->expire.asked = true;
    }
}

static void expire_slice(struct datapath *dp)
{
    struct cache_flow *f = NULL;

    for (unsigned i = 0; i < LOOK && (f = next_flow(dp, &dp->expire)); i++) {
        expire_one(dp, &dp->workers[dp->expire.worker]->pass.cache, f);
    }
    if (f) {
        loop_call_schedule(&dp->more);
    } else {
        end_walk(dp, &dp->expire);
    }
}

void datapath_expire(struct datapath *dp)
{
    if (!dp->expire.active) { /* Else the last one is not through yet. */
        begin_walk(dp, &dp->expire);
        expire_slice(dp);
    }
}

static void on_more(void *aux)
{
    struct datapath *dp = aux;

    datapath_reap(dp);
    if (dp->expire.active) {
        expire_slice(dp);
    }
}

void datapath_flows_init(struct datapath *dp)
{
    dp->gone_tail = &dp->gone;
    loop_call_init(&dp->more, dp->up.loop, on_more, dp);
}

void datapath_flows_deinit(struct datapath *dp)
{
    loop_call_cancel(&dp->more);
    dp->walks = NULL;
    do {
        datapath_reap(dp);
    } while (dp->gone || dp->once);
    loop_call_cancel(&dp->more);
}

void datapath_flow_stats_total(const struct dp *up, uint64_t *hits, uint64_t *misses,
                               uint64_t *lost, uint64_t *n_flows)
{
    struct datapath *dp = datapath_of(up);
    *hits = *misses = *lost = *n_flows = 0;
    for (unsigned i = 0; i < dp->n_workers; i++) {
        const struct pass *p = &dp->workers[i]->pass;
        *hits += __atomic_load_n(&p->hits, __ATOMIC_RELAXED);
        *misses += __atomic_load_n(&p->misses, __ATOMIC_RELAXED);
        *lost += __atomic_load_n(&p->lost, __ATOMIC_RELAXED);
        *n_flows += __atomic_load_n(&p->cache.n_flows, __ATOMIC_RELAXED);
    }
}
