/* kflow_walk.c - see kflow.h: the control thread's side.  Statistics come by a dump that names
 * flows by their UFID only; deletions and replacements go out in batches, and bring the final
 * numbers back. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "lib/counter.h"
#include "lib/dp/kernel/kflow-private.h"
#include "lib/dp/kernel/slow.h"
#include "lib/io/loop.h"
#include "lib/log.h"
#include "lib/mem.h"

LOG_MODULE(kflow);

#define MAX_IDLE_MS      10000
#define MAX_IDLE_FULL_MS 100
#define UFID_ONLY        (OVS_UFID_F_OMIT_KEY | OVS_UFID_F_OMIT_MASK | OVS_UFID_F_OMIT_ACTIONS)
#define BATCH_MAX        128
#define PUT_ROOM         40000

/* ---- paying in ---- */

static void pay(struct kflows *fs, void *credit, const struct dp_flow_stats *delta)
{
    const struct dp_handler *h = &fs->up->handler;

    if (credit && delta->packets) {
        h->credit(h->aux, credit, delta);
    }
}

static void release(struct kflows *fs, void *credit)
{
    const struct dp_handler *h = &fs->up->handler;

    if (credit) {
        h->release(h->aux, credit);
    }
}

void kflow_collect_once(struct kflows *fs)
{
    struct kflow_once *o = __atomic_exchange_n(&fs->once, NULL, __ATOMIC_ACQUIRE), *next;

    for (; o; o = next) {
        next = o->next;
        pay(fs, o->credit, &o->stats);
        release(fs, o->credit);
        free(o);
    }
}

/* The kernel has counted up to 'now' (NULL: nothing new from there). */
static void pay_flow(struct kflows *fs, struct kflow *f, const struct dp_flow_stats *now)
{
    uint64_t own_packets = __atomic_load_n(&f->own_packets, __ATOMIC_RELAXED);
    uint64_t own_bytes = __atomic_load_n(&f->own_bytes, __ATOMIC_RELAXED);
    int64_t own_used = __atomic_load_n(&f->own_used_ms, __ATOMIC_RELAXED);
    struct dp_flow_stats delta = {.packets = own_packets - f->paid_own_packets,
                                  .bytes = own_bytes - f->paid_own_bytes,
                                  .used_ms = own_used};

    f->paid_own_packets = own_packets;
    f->paid_own_bytes = own_bytes;
    if (now && __atomic_load_n(&f->slow, __ATOMIC_RELAXED)) {
        f->total.used_ms = MAX(f->total.used_ms, now->used_ms); /* Its packets pay themselves. */
        f->kernel = *now;
    } else if (now && now->packets >= f->kernel.packets) {
        delta.packets += now->packets - f->kernel.packets;
        delta.bytes += now->bytes - f->kernel.bytes;
        delta.used_ms = MAX(delta.used_ms, now->used_ms);
        delta.tcp_flags = now->tcp_flags & (uint16_t)~f->total.tcp_flags;
        f->kernel = *now;
    }
    f->total.packets += delta.packets;
    f->total.bytes += delta.bytes;
    f->total.used_ms = MAX(f->total.used_ms, delta.used_ms);
    f->total.tcp_flags |= delta.tcp_flags;
    pay(fs, f->credit, &delta);
}

/* 'g' (NULL: nothing) takes the place of 'f' in the table, which has one of them always. */
static void supersede(struct kflows *fs, struct kflow *f, struct kflow *g)
{
    struct kflow_stripe *s = kflow_stripe(fs, &f->id);

    pthread_mutex_lock(&s->mutex);
    hmap_remove(&s->flows, &f->node);
    if (g) {
        hmap_insert(&s->flows, &g->node, (size_t)g->id.w[1]);
    }
    pthread_mutex_unlock(&s->mutex);
    if (!g) {
        __atomic_sub_fetch(&fs->n, 1, __ATOMIC_RELAXED);
        counter_inc(COUNTER_dp_flow_del);
    }
    pay_flow(fs, f, NULL);
    release(fs, f->credit);
    free(f);
}

void kflow_free(struct kflows *fs, struct kflow *f)
{
    supersede(fs, f, NULL);
}

/* ---- what the kernel says ---- */

bool kflow_read_report(const struct nlsock_msg *m, struct kflow_report *rep)
{
    struct ovs_flow_stats stats;
    struct nlrd r;

    *rep = (struct kflow_report){.has_id = false};
    nlrd_init(&r, m->attrs, m->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case OVS_FLOW_ATTR_UFID:
            if (r.n == sizeof rep->id) {
                memcpy(&rep->id, r.data, sizeof rep->id);
                rep->has_id = true;
            }
            break;
        case OVS_FLOW_ATTR_STATS:
            if (r.n == sizeof stats) {
                memcpy(&stats, r.data, sizeof stats);
                rep->stats.packets = stats.n_packets;
                rep->stats.bytes = stats.n_bytes;
            }
            break;
        case OVS_FLOW_ATTR_TCP_FLAGS:
            rep->stats.tcp_flags = nlrd_u8(&r);
            break;
        case OVS_FLOW_ATTR_USED:
            rep->stats.used_ms = (int64_t)nlrd_u64(&r);
            break;
        default:
            break;
        }
    }
    return !r.err && m->family == NLSOCK_FLOW;
}

/* Flows lie all over the memory, in an order that is not the kernel's: what some of them need is
 * fetched while others are waited for. */
#define AHEAD 32

struct dump {
    struct kflows *fs;
    struct kflow_report ahead[AHEAD];
    struct kflow *flows[AHEAD]; /* NULL: nobody's here. */
    unsigned n_ahead;
    struct kflow_id *foreign; /* Nobody's here: to be deleted. */
    size_t n_foreign, cap;
};

static void note_foreign(struct dump *d, const struct kflow_id *id)
{
    if (d->fs->keep_foreign) {
        return;
    }
    if (d->n_foreign == d->cap) {
        d->cap = d->cap ? 2 * d->cap : 64;
        d->foreign = xrealloc(d->foreign, d->cap * sizeof d->foreign[0]);
    }
    d->foreign[d->n_foreign++] = *id;
}

/* What leads to the flow in the table: its bucket, then what hangs there. */
static void prefetch(struct kflow_stripe *s, const struct kflow_id *id, bool bucket)
{
    pthread_mutex_lock(&s->mutex);
    hmap_prefetch(&s->flows, (size_t)id->w[1], bucket);
    pthread_mutex_unlock(&s->mutex);
}

static void take_ahead(struct dump *d)
{
    for (unsigned i = 0; i < d->n_ahead; i++) {
        prefetch(kflow_stripe(d->fs, &d->ahead[i].id), &d->ahead[i].id, false);
    }
    for (unsigned i = 0; i < d->n_ahead; i++) {
        struct kflow_stripe *s = kflow_stripe(d->fs, &d->ahead[i].id);
        pthread_mutex_lock(&s->mutex);
        d->flows[i] = kflow_find_locked(s, &d->ahead[i].id);
        pthread_mutex_unlock(&s->mutex);
        if (d->flows[i]) {
            __builtin_prefetch(d->flows[i]->credit);
            __builtin_prefetch(&d->flows[i]->total);
        }
    }
    for (unsigned i = 0; i < d->n_ahead; i++) {
        if (d->flows[i]) { /* Only this thread frees. */
            d->flows[i]->seen = d->fs->n_dumps + 1;
            pay_flow(d->fs, d->flows[i], &d->ahead[i].stats);
        } else {
            note_foreign(d, &d->ahead[i].id);
        }
    }
    d->n_ahead = 0;
}

static void on_dumped(void *d_, const struct nlsock_msg *m)
{
    struct dump *d = d_;
    struct kflow_report *rep = &d->ahead[d->n_ahead];

    if (!kflow_read_report(m, rep) || !rep->has_id) {
        return;
    }
    prefetch(kflow_stripe(d->fs, &rep->id), &rep->id, true);
    if (++d->n_ahead == AHEAD) {
        take_ahead(d);
    }
}

/* ---- changes, in batches ---- */

/* One request of a batch: what it was about. */
struct change {
    struct kflow *flow;      /* NULL: a foreign one. */
    struct kflow *successor; /* Takes its place, with other actions; NULL: it is deleted. */
    int error;
    struct dp_flow_stats final; /* What it had counted by then. */
    bool has_final;
};

struct batch {
    struct kflows *fs;
    struct nlsock *sock;
    struct nlsock_batch b;
    struct change changes[BATCH_MAX];
    unsigned n;
    struct key_pair pair;   /* Of the flow that is visited. */
    int64_t idle_before_ms; /* Who was used last before that goes. */
    bool dumped;            /* What the kernel has counted up to now is known. */
};

static void on_report(void *b_, const struct nlsock_msg *m)
{
    struct batch *b = b_;
    struct kflow_report rep;

    if ((m->cmd != OVS_FLOW_CMD_DEL && m->cmd != OVS_FLOW_CMD_SET) || !kflow_read_report(m, &rep) ||
        !rep.has_id) {
        return;
    }
    const uint32_t i = m->seq - b->b.first_seq;
    struct change *c = i < b->n ? &b->changes[i] : NULL;
    if (c && c->flow && !memcmp(&c->flow->id, &rep.id, sizeof rep.id)) {
        c->final = rep.stats;
        c->has_final = true;
    }
}

static void on_done(void *b_, unsigned i, int error)
{
    struct batch *b = b_;
    b->changes[i].error = error;
}

/* What has become of a flow that was to change.  True: it is to be deleted instead. */
static bool conclude(struct batch *b, struct change *c)
{
    struct kflow *f = c->flow, *g = c->successor;

    if (!c->error) {
        pay_flow(b->fs, f, c->has_final ? &c->final : NULL);
        if (g) { /* The kernel counts on. */
            g->kernel = f->kernel;
            g->total = f->total;
        }
        supersede(b->fs, f, g);
        return false;
    }
    if (g) {
        release(b->fs, g->credit);
        free(g);
    }
    if (c->error == ENOENT || c->error == ENODEV) {
        supersede(b->fs, f, NULL);
        return false;
    }
    if (!g || !slow_is_refusal(c->error)) { /* It comes anew, by an upcall. */
        log_warn_rl("%s: a flow could not be %s (%s)", b->fs->up->name, g ? "changed" : "deleted",
                    strerror(c->error));
    }
    f->doomed = true;
    return g != NULL;
}

static void del(struct batch *, const struct kflow_id *, struct kflow *);

static void flush(struct batch *b)
{
    struct kflow *doomed[BATCH_MAX];
    unsigned n_doomed = 0;

    if (!b->n) {
        return;
    }
    int error = nlsock_batch_run(&b->b, on_report, on_done, b);
    if (error) {
        log_warn_rl("%s: the kernel's answers were lost (%s)", b->fs->up->name, strerror(error));
    }
    for (unsigned i = 0; i < b->n; i++) {
        struct kflow *f = b->changes[i].flow;
        if (f && conclude(b, &b->changes[i])) {
            doomed[n_doomed++] = f;
        }
    }
    b->n = 0;
    nlsock_batch_begin(b->sock, &b->b);
    if (n_doomed) { /* None of them can be so once more. */
        for (unsigned i = 0; i < n_doomed; i++) {
            del(b, &doomed[i]->id, doomed[i]);
        }
        flush(b);
    }
}

static struct change *add_change(struct batch *b, uint8_t cmd, size_t room, struct nlwr *w)
{
    if (b->n == BATCH_MAX ||
        !nlsock_batch_add(&b->b, NLSOCK_FLOW, cmd, NLM_F_ECHO, b->fs->dp_ifindex, room, w)) {
        flush(b);
        if (!nlsock_batch_add(&b->b, NLSOCK_FLOW, cmd, NLM_F_ECHO, b->fs->dp_ifindex, room, w)) {
            return NULL;
        }
    }
    struct change *c = &b->changes[b->n++];
    memset(c, 0, sizeof *c);
    return c;
}

void kflow_put_del(const struct kflow_id *id, struct nlwr *w)
{
    nlwr_put_data(w, OVS_FLOW_ATTR_UFID, id, sizeof *id);
    nlwr_put_u32(w, OVS_FLOW_ATTR_UFID_FLAGS, UFID_ONLY);
}

static void del(struct batch *b, const struct kflow_id *id, struct kflow *f)
{
    struct nlwr w;
    struct change *c = add_change(b, OVS_FLOW_CMD_DEL, KFLOW_DEL_ROOM, &w);

    if (c) {
        c->flow = f;
        kflow_put_del(id, &w);
        nlsock_batch_end(&b->b, &w);
    }
}

/* Other actions: what the flow has counted by then, which the answer tells, is for the old
 * credit. */
static void replace(struct batch *b, struct kflow *f, struct dp_verdict *v)
{
    const size_t packed = f->n_packed * sizeof f->data[0];
    struct kflow *g = v->cache && !v->actions.overflow
                          ? mem_try_zalloc(sizeof *g + packed + v->actions.len)
                          : NULL;
    struct nlwr w;
    struct change *c = g ? add_change(b, OVS_FLOW_CMD_SET, PUT_ROOM, &w) : NULL;

    if (c) {
        *g = (struct kflow){.id = f->id,
                            .state = KFLOW_INSTALLED,
                            .credit = v->credit,
                            .drop_reason = v->drop_reason,
                            .created_ms = f->created_ms,
                            .seen = f->seen,
                            .len = (uint32_t)v->actions.len,
                            .n_packed = f->n_packed};
        memcpy(g->data, f->data, packed);
        if (g->len) {
            memcpy(g->data + g->n_packed, v->actions.data, g->len);
        }
        if (kflow_put(b->fs, g, &w)) {
            nlwr_put_u32(&w, OVS_FLOW_ATTR_UFID_FLAGS, UFID_ONLY);
        }
        if (!w.err) {
            c->flow = f;
            c->successor = g;
            nlsock_batch_end(&b->b, &w);
            return;
        }
        b->n--;
        nlsock_batch_end(&b->b, &w);
    }
    free(g);
    release(b->fs, v->credit);
    del(b, &f->id, f);
}

/* Up to the dump just taken the old credit has had its pay; without that the kernel tells the rest
 * with the change. */
static void renew(struct batch *b, struct kflow *f, struct dp_verdict *v)
{
    if (!b->dumped || f->seen != b->fs->n_dumps) {
        replace(b, f, v);
        return;
    }
    release(b->fs, f->credit);
    f->credit = v->credit;
    f->drop_reason = v->drop_reason;
}

/* ---- walks ---- */

static int dump(struct kflows *fs, struct nlsock *sock, struct batch *b)
{
    struct dump d = {.fs = fs};
    struct nlwr w;

    nlsock_begin(sock, NLSOCK_FLOW, OVS_FLOW_CMD_GET, NLM_F_DUMP, fs->dp_ifindex, &w);
    nlwr_put_u32(&w, OVS_FLOW_ATTR_UFID_FLAGS, UFID_ONLY);
    int error = nlsock_call(sock, &w, on_dumped, &d);
    take_ahead(&d);
    if (!error) {
        __atomic_store_n(&fs->n_dumps, fs->n_dumps + 1, __ATOMIC_RELAXED);
    } else if (error != EINTR) {
        log_warn_rl("%s: flows could not be dumped (%s)", fs->up->name, strerror(error));
    }
    nlsock_batch_begin(sock, &b->b);
    for (size_t i = 0; i < d.n_foreign; i++) {
        del(b, &d.foreign[i], NULL);
    }
    fs->foreign += d.n_foreign;
    free(d.foreign);
    return error;
}

static void visit_one(struct batch *b, struct kflow *f, dp_flow_visit *visit, void *aux,
                      struct dp_verdict *v)
{
    struct dp_flow_view view = {.key = &b->pair.key,
                                .mask = &b->pair.mask,
                                .actions = kflow_actions(f),
                                .actions_len = f->len,
                                .stats = f->total,
                                .own = f->kernel,
                                .ufid = &f->id,
                                .slow = __atomic_load_n(&f->slow, __ATOMIC_RELAXED),
                                .credit = f->credit};

    kflow_key(f, &b->pair);
    dp_actions_clear(&v->actions);
    *v = (struct dp_verdict){.actions = v->actions, .cache = true};
    switch (visit(aux, &view, v)) {
    case DP_FLOW_KEEP:
        break;
    case DP_FLOW_DELETE:
        del(b, &f->id, f);
        break;
    case DP_FLOW_REPLACE:
        replace(b, f, v);
        break;
    case DP_FLOW_RENEW:
        renew(b, f, v);
        break;
    }
}

/* All flows as of now: changes free some on the way. */
static struct kflow **list_flows(struct kflows *fs, size_t *n)
{
    size_t cap = __atomic_load_n(&fs->n, __ATOMIC_RELAXED) + 1024;
    struct kflow **list = xcalloc(cap, sizeof *list), *f;

    *n = 0;
    for (unsigned i = 0; i < KFLOW_STRIPES; i++) {
        struct kflow_stripe *s = &fs->stripes[i];
        pthread_mutex_lock(&s->mutex);
        for (size_t j = 0; j < AHEAD; j++) {
            hmap_prefetch(&s->flows, j, false);
        }
        HMAP_FOR_EACH(f, node, &s->flows) {
            hmap_prefetch(&s->flows, f->node.hash + AHEAD, false);
            if (*n < cap && __atomic_load_n(&f->state, __ATOMIC_ACQUIRE) != KFLOW_ASKED) {
                list[(*n)++] = f;
            }
        }
        pthread_mutex_unlock(&s->mutex);
    }
    return list;
}

/* Those that will be considered soon: of one its numbers, of a nearer one what it owes. */
static void fetch_ahead(struct kflow *const *list, size_t i, size_t n)
{
    if (i + AHEAD < n) {
        const uint8_t *f = (const uint8_t *)list[i + AHEAD];
        for (size_t at = 0; at < offsetof(struct kflow, len); at += CACHE_LINE) {
            __builtin_prefetch(f + at);
        }
    }
    if (i + AHEAD / 2 < n) {
        __builtin_prefetch(list[i + AHEAD / 2]->credit);
    }
}

/* Two dumps have not had it: somebody else has deleted it, or the answer to its request was lost.
 */
static bool has_vanished(const struct kflows *fs, const struct kflow *f)
{
    return (int32_t)(fs->n_dumps - f->seen) >= 2;
}

static void consider(struct batch *b, struct kflow *f, dp_flow_visit *visit, void *aux,
                     struct dp_verdict *v)
{
    if (f->state == KFLOW_REFUSED || has_vanished(b->fs, f)) {
        kflow_free(b->fs, f);
        return;
    }
    pay_flow(b->fs, f, NULL);
    if (f->doomed || MAX(f->total.used_ms, f->created_ms) < b->idle_before_ms) {
        del(b, &f->id, f);
    } else if (visit) {
        visit_one(b, f, visit, aux, v);
    }
}

static int walk(struct kflows *fs, struct nlsock *sock, dp_flow_visit *visit, void *aux,
                int64_t idle_before_ms)
{
    struct batch *b = xzalloc(sizeof *b);
    struct dp_verdict v = {.cache = true};
    size_t n;

    b->fs = fs;
    b->sock = sock;
    b->idle_before_ms = idle_before_ms;
    dp_actions_init(&v.actions);
    kflow_collect_once(fs);
    int error = dump(fs, sock, b);
    b->dumped = !error;
    struct kflow **list = list_flows(fs, &n);
    for (size_t i = 0; i < n; i++) {
        fetch_ahead(list, i, n);
        consider(b, list[i], visit, aux, &v);
    }
    flush(b);
    free(list);
    free(b);
    dp_actions_deinit(&v.actions);
    return error;
}

int kflow_walk(struct kflows *fs, struct nlsock *sock, dp_flow_visit *visit, void *aux)
{
    return walk(fs, sock, visit, aux, INT64_MIN);
}

uint32_t kflow_adapt(uint32_t limit, uint32_t n, int64_t ms)
{
    if (ms > 2000) {
        limit = (uint32_t)(limit * 1000 / ms);
    } else if (ms > 1300) {
        limit = limit / 4 * 3;
    } else if (ms < 1000 && n > limit / 2) {
        limit += 1000;
    }
    return MIN(MAX(limit, KFLOW_LIMIT_MIN), KFLOW_LIMIT);
}

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

int kflow_expire(struct kflows *fs, struct nlsock *sock)
{
    uint32_t n = __atomic_load_n(&fs->n, __ATOMIC_RELAXED);
    int64_t idle_before_ms =
        loop_now(fs->up->loop) - (n >= fs->limit ? MAX_IDLE_FULL_MS : MAX_IDLE_MS);
    int64_t start = clock_ms(); /* The work's own time: it is not warped. */
    int error = walk(fs, sock, NULL, NULL, idle_before_ms);

    fs->walk_ms = clock_ms() - start;
    __atomic_store_n(&fs->limit, kflow_adapt(fs->limit, n, fs->walk_ms), __ATOMIC_RELAXED);
    return error;
}
