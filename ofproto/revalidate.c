/* revalidate.c - see revalidate.h. */
#include "ofproto/revalidate.h"

#include <limits.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"
#include "ofproto/xlate/rule_changes.h"

/* Beyond these many single changes it is cheaper to look at tables, or at all flows. */
#define MAX_TABLES 64
#define MAX_MACS   64
#define MAX_GROUPS 64

/* A walk that nobody waits for stops after a part, for who else needs the control thread. */
#define PART_MIN    200 /* Flows, */
#define PARTS_MAX   128 /* but so many parts at most. */
#define REST        4   /* Times as long as the part before, */
#define REST_MIN_MS 2   /* since threads that wait for grace get in the way of packets, */
#define REST_MAX_MS 500 /* but a change reaches cached flows after that at the latest. */

struct changes {
    bool all;
    struct rule_changes rules;
    struct {
        struct tables *tables; /* Reference. */
        uint64_t bitmap[4];
    } tables[MAX_TABLES]; /* Where single rules became too many. */
    unsigned n_tables;
    struct {
        struct fdb *fdb; /* Reference. */
        uint16_t vlan;
        uint8_t mac[6];
    } macs[MAX_MACS];
    unsigned n_macs;
    struct group_entry *groups[MAX_GROUPS]; /* References. */
    unsigned n_groups;
    bool liveness;
};

struct waiter {
    struct waiter *next;
    void (*done)(void *);
    void *aux;
};

struct waiters {
    struct waiter *first, **tail;
};

struct revalidator {
    struct ofproto *ofproto;
    struct changes pending, active; /* 'active' while 'running'. */
    struct waiters waiting, served; /* Of pending, of active. */
    bool running;
    bool closing; /* The ofproto has gone; only the end of a grace period is still awaited. */
    bool before;  /* So has one of revalidate_atomic(), since the last walk. */
    bool touched; /* The walk under way has replaced or removed a flow, */
    bool late;    /* which still has to reach the workers, and to be paid. */
    struct dp_flow_cursor cursor; /* Active between two parts of the walk. */
    unsigned n_seen, part;        /* Flows that it has met; and may in one part. */
    struct loop_call start;
    const struct tables *ahead; /* Of revalidate_atomic(), while it is under way, */
    void (*publish)(void *);    /* as are these. */
    void *publish_aux;
    struct loop_timer rest; /* Until the next part or walk, if nobody waits for it. */
};

static void waiters_init(struct waiters *w)
{
    w->first = NULL;
    w->tail = &w->first;
}

static void waiters_call(struct waiters *w)
{
    struct waiter *next, *i = w->first;

    waiters_init(w);
    for (; i; i = next) {
        next = i->next;
        i->done(i->aux);
        free(i);
    }
}

static void changes_clear(struct changes *c)
{
    rule_changes_clear(&c->rules);
    for (unsigned i = 0; i < c->n_tables; i++) {
        tables_unref(c->tables[i].tables);
    }
    for (unsigned i = 0; i < c->n_macs; i++) {
        fdb_unref(c->macs[i].fdb);
    }
    for (unsigned i = 0; i < c->n_groups; i++) {
        groups_unref(c->groups[i]);
    }
    memset(c, 0, sizeof *c);
}

static bool changes_empty(const struct changes *c)
{
    return !c->all && !c->rules.n && !c->n_tables && !c->n_macs && !c->n_groups && !c->liveness;
}

static bool depends(struct changes *c, const struct dp_flow_view *f)
{
    const struct credit *credit = f->credit;

    if (c->all || !credit || credit->stale || (c->liveness && credit->watches)) {
        return true;
    }
    for (unsigned i = 0; i < c->n_tables; i++) {
        if (credit_visits(credit, c->tables[i].tables, c->tables[i].bitmap)) {
            return true;
        }
    }
    if (rule_changes_concern(&c->rules, credit, f->key, f->mask)) {
        return true;
    }
    for (unsigned i = 0; i < c->n_macs; i++) {
        if (credit_uses_mac(credit, c->macs[i].fdb, c->macs[i].vlan, c->macs[i].mac)) {
            return true;
        }
    }
    for (unsigned i = 0; i < c->n_groups; i++) {
        if (credit_uses_group(credit, c->groups[i])) {
            return true;
        }
    }
    return false;
}

/* Is every bit of 'a' also in 'b'? */
static bool mask_within(const struct key *a, const struct key *b)
{
    const key_word *x = key_words(a), *y = key_words(b);

    for (size_t i = 0; i < KEY_WORDS; i++) {
        if (x[i] & ~y[i]) {
            return false;
        }
    }
    return true;
}

static bool same_actions(const struct dp_flow_view *f, const struct dp_actions *a)
{
    return f->actions_len == a->len && (!a->len || !memcmp(f->actions, a->data, a->len));
}

/* Is there a flow to be learned?  Only a packet may do that, and at once: so the next one must
 * miss. */
static bool learns(const struct xlate_out *out)
{
    for (unsigned i = 0; i < out->n_effects; i++) {
        if (out->effects[i].learned) {
            return true;
        }
    }
    return false;
}

static enum dp_flow_decision visit(void *r_, const struct dp_flow_view *f, struct dp_verdict *v)
{
    struct revalidator *r = r_;

    r->n_seen++;
    if (!depends(&r->active, f)) {
        return DP_FLOW_KEEP;
    }
    r->touched = true;
    struct xlate_in in = {.cfg = r->ofproto->cfg,
                          .key = f->key,
                          .now_ms = loop_now(r->ofproto->loop),
                          .revalidation = true,
                          .ahead = r->ahead};
    struct xlate_out out;
    enum dp_flow_decision decision = DP_FLOW_DELETE;

    xlate_out_init(&out);
    xlate(&in, &out);
    /* The cached key has only the bits of the old mask: a translation that looked at more cannot
     * stand for all packets of the flow. */
    if (!out.error && out.cache && mask_within(&out.mask, f->mask) && !learns(&out)) {
        decision = same_actions(f, &out.actions) ? DP_FLOW_RENEW : DP_FLOW_REPLACE;
        dp_actions_deinit(&v->actions);
        v->actions = out.actions;
        v->mask = *f->mask;
        v->credit = out.credit;
        v->cache = true;
        v->drop_reason = out.drop_reason;
        out.actions = DP_ACTIONS_INIT;
        out.credit = NULL;
    }
    xlate_out_deinit(&out);
    return decision;
}

static void grace_work(void *r_)
{
    (void)r_;
    urcu_qsbr_synchronize_rcu(); /* On a helper thread. */
}

static int64_t now_us(const struct revalidator *r)
{
    struct env now = *loop_env(r->ofproto->loop);

    env_refresh(&now);
    return now.now_us;
}

/* Where flows are many and changes come all the time (a controller answers a flood of packet-ins),
 * walks leave the control thread most of its time, unless somebody waits for their end. */
static void rest_after(struct revalidator *r, int64_t began_us)
{
    int64_t ms = MAX((now_us(r) - began_us) * REST / 1000, REST_MIN_MS);

    loop_timer_after(&r->rest, MIN(ms, REST_MAX_MS));
}

/* The second grace period is over: what the walk asked for has reached every worker. */
static void settled(void *r_)
{
    struct revalidator *r = r_;

    r->running = false;
    if (r->closing) {
        free(r);
        return;
    }
    if (r->late && r->served.first) {
        ofproto_pull_stats(r->ofproto); /* The last packets of flows that are gone. */
    }
    waiters_call(&r->served);
    if (!changes_empty(&r->pending) || r->waiting.first) {
        loop_call_schedule(&r->start);
    }
}

static void walk_ended(struct revalidator *r)
{
    struct dp_features features = {.immediate = true};

    if (!r->closing && r->touched) {
        dp_get_features(r->ofproto->dp, &features);
    }
    changes_clear(&r->active);
    r->late = !r->closing && r->touched && !features.immediate;
    if (r->late) {
        loop_offload(r->ofproto->loop, grace_work, settled, r);
    } else {
        settled(r);
    }
}

/* The next part of the walk; all that is left of it if somebody waits. */
static void walk(struct revalidator *r)
{
    bool all = r->served.first || r->waiting.first || env_time_stopped();
    int64_t began_us = now_us(r);
    bool more = dp_flow_walk_part(r->ofproto->dp, &r->cursor, all ? UINT_MAX : r->part, visit, r);

    rest_after(r, began_us);
    if (!more) {
        r->part = MAX(r->n_seen / PARTS_MAX, PART_MIN);
        walk_ended(r);
    }
}

/* The first one: no worker translates with the old tables any more.  Flows that are made during the
 * walk need no look. */
static void grace_done(void *r_)
{
    struct revalidator *r = r_;

    r->touched = r->before;
    r->before = false;
    r->n_seen = 0;
    if (r->closing || changes_empty(&r->active)) {
        walk_ended(r);
    } else {
        walk(r);
    }
}

static void start(void *r_)
{
    struct revalidator *r = r_;

    if (r->cursor.active && (r->waiting.first || !loop_timer_pending(&r->rest))) {
        walk(r);
    }
    if (r->running) {
        return; /* settled() starts again. */
    }
    bool rests = loop_timer_pending(&r->rest) && !env_time_stopped();
    if (!r->waiting.first && (changes_empty(&r->pending) || rests)) {
        return; /* After the rest, or when somebody waits. */
    }
    r->running = true;
    r->active = r->pending;
    memset(&r->pending, 0, sizeof r->pending);
    r->served = r->waiting;
    if (!r->served.first) {
        r->served.tail = &r->served.first;
    }
    waiters_init(&r->waiting);
    loop_offload(r->ofproto->loop, grace_work, grace_done, r);
}

static void changed(struct revalidator *r)
{
    loop_call_schedule(&r->start);
}

struct revalidator *revalidator_new(struct ofproto *p)
{
    struct revalidator *r = xzalloc(sizeof *r);

    r->ofproto = p;
    r->part = PART_MIN;
    waiters_init(&r->waiting);
    waiters_init(&r->served);
    loop_call_init(&r->start, p->loop, start, r);
    loop_timer_init(&r->rest, p->loop, start, r);
    return r;
}

void revalidator_free(struct revalidator *r)
{
    r->closing = true;
    loop_call_cancel(&r->start);
    loop_timer_cancel(&r->rest);
    waiters_call(&r->served);
    waiters_call(&r->waiting);
    changes_clear(&r->pending);
    if (!r->running || r->cursor.active) { /* The datapath has gone, and with it the walk. */
        changes_clear(&r->active);
        free(r);
    } /* Else the grace period under way has our pointer, and frees it at its end. */
}

static void add_table(struct changes *c, struct tables *t, uint8_t id)
{
    unsigned i;

    for (i = 0; i < c->n_tables && c->tables[i].tables != t; i++) {
    }
    if (i == MAX_TABLES) {
        c->all = true;
        return;
    }
    if (i == c->n_tables) {
        tables_ref(t);
        c->tables[c->n_tables++].tables = t;
    }
    c->tables[i].bitmap[id / 64] |= BIT64(id % 64);
}

static bool has_table(const struct changes *c, const struct tables *t, uint8_t id)
{
    for (unsigned i = 0; i < c->n_tables; i++) {
        if (c->tables[i].tables == t) {
            return c->tables[i].bitmap[id / 64] >> id % 64 & 1;
        }
    }
    return c->all;
}

void revalidate_rule(struct revalidator *r, struct tables *t, const struct rule *rule)
{
    struct match m;

    r->ofproto->rules_ms = loop_now(r->ofproto->loop);
    changed(r);
    if (has_table(&r->pending, t, rule->table_id)) {
        return; /* One more changes nothing. */
    }
    rule_match(rule, &m);
    if (!rule_changes_add(&r->pending.rules, t, rule->table_id, &m, rule->priority)) {
        add_table(&r->pending, t, rule->table_id);
    }
}

void revalidate_mac(struct revalidator *r, struct fdb *fdb, uint16_t vlan, const uint8_t mac[6])
{
    struct changes *c = &r->pending;

    changed(r);
    if (c->n_macs == MAX_MACS) {
        c->all = true;
        return;
    }
    fdb_ref(fdb);
    c->macs[c->n_macs].fdb = fdb;
    c->macs[c->n_macs].vlan = vlan;
    memcpy(c->macs[c->n_macs++].mac, mac, 6);
}

void revalidate_group(struct revalidator *r, struct group_entry *e)
{
    struct changes *c = &r->pending;

    changed(r);
    if (c->n_groups == MAX_GROUPS) {
        c->all = true;
        return;
    }
    groups_ref(e);
    c->groups[c->n_groups++] = e;
}

void revalidate_liveness(struct revalidator *r)
{
    r->pending.liveness = true;
    changed(r);
}

void revalidate_all(struct revalidator *r)
{
    r->pending.all = true;
    changed(r);
}

void revalidate_wait(struct revalidator *r, void (*done)(void *), void *aux)
{
    struct waiter *w = xzalloc(sizeof *w);

    w->done = done;
    w->aux = aux;
    *r->waiting.tail = w;
    r->waiting.tail = &w->next;
    changed(r);
}

static void on_publish(void *r_)
{
    struct revalidator *r = r_;

    r->ahead = NULL;
    r->publish(r->publish_aux);
    if (r->pending.all) { /* It has changed more than rules. */
        r->active.all = true;
        changes_clear(&r->pending);
    }
}

bool revalidate_atomic(struct revalidator *r, const struct tables *ahead, void (*publish)(void *),
                       void *aux)
{
    struct changes others = r->active; /* Of a walk that still waits for its grace period. */
    bool touched = r->touched;
    int64_t began_us = now_us(r);

    r->active = r->pending;
    memset(&r->pending, 0, sizeof r->pending);
    r->touched = false;
    r->ahead = ahead;
    r->publish = publish;
    r->publish_aux = aux;
    bool done = dp_flow_walk_atomic(r->ofproto->dp, ahead != NULL, visit, on_publish, r);
    if (done) {
        rest_after(r, began_us);
        changes_clear(&r->active);
    } else {
        r->pending = r->active;
    }
    r->ahead = NULL;
    r->before |= r->touched;
    r->touched = touched;
    r->active = others;
    return done;
}
