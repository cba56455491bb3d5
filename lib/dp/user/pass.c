/* pass.c - see pass.h. */
#include "lib/dp/user/pass.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/packet/parse.h"

static void count(uint64_t *c)
{
    __atomic_store_n(c, *c + 1, __ATOMIC_RELAXED);
}

static void on_output(void *aux, struct packet *pkt, uint32_t port_no)
{
    struct pass *p = aux;

    if (UNLIKELY(pkt->packet_type)) { /* Ports carry Ethernet; translation sees to it. */
        counter_inc(COUNTER_drop_not_ethernet);
        packet_free(pkt);
        return;
    }
    p->output(p->aux, pkt, port_no);
}

static void on_recirc(void *aux, struct packet *pkt, uint32_t id)
{
    struct pass *p = aux;

    if (pkt->n_recirc >= PASS_MAX_RECIRC || p->queue_n >= PASS_QUEUE) {
        counter_inc(COUNTER_drop_recirc_limit);
        packet_free(pkt);
        return;
    }
    pkt->n_recirc++;
    pkt->recirc_id = id;
    p->queue[(p->queue_head + p->queue_n++) % PASS_QUEUE] = pkt;
}

static void on_userspace(void *aux, const struct packet *pkt, const struct key *key,
                         const void *cookie, size_t len)
{
    struct pass *p = aux;
    p->handler->userspace(p->handler->aux, pkt, key, cookie, len);
}

bool pass_init(struct pass *p, const struct dp_handler *handler, struct ct *ct, uint64_t seed,
               struct packet_pool *pool, void (*output)(void *aux, struct packet *, uint32_t),
               void *aux)
{
    memset(p, 0, sizeof *p);
    p->handler = handler;
    p->pool = pool;
    p->output = output;
    p->aux = aux;
    p->burst = ct ? ct_burst_new() : NULL;
    p->random = seed;
    p->env = (struct exec_env){.aux = p,
                               .random = &p->random,
                               .pool = pool,
                               .ct = ct,
                               .burst = p->burst,
                               .output = on_output,
                               .recirc = on_recirc,
                               .userspace = on_userspace};
    dp_actions_init(&p->scratch);
    return cache_init(&p->cache, seed, CACHE_EXACT_SLOTS, CACHE_FLOW_LIMIT);
}

void pass_deinit(struct pass *p)
{
    cache_deinit(&p->cache);
    dp_actions_deinit(&p->scratch);
    ct_burst_free(p->burst);
}

static void run_actions(struct pass *p, struct packet *pkt, const struct key *key,
                        const void *actions, size_t len, unsigned drop_reason)
{
    if (!len) {
        counter_inc(drop_reason ? (enum counter)drop_reason : COUNTER_drop_action);
        packet_free(pkt);
        return;
    }
    exec_run(&p->env, pkt, key, actions, len);
}

static void run_flow(struct pass *p, struct packet *pkt, const struct key *key,
                     struct cache_acts *a)
{
    cache_acts_hit(a, pkt->len, key->tcp_flags, p->now_ms);
    run_actions(p, pkt, key, a->data, a->len, a->drop_reason);
}

static struct cache_flow *install(struct pass *p, const struct key *key, const struct dp_verdict *v)
{
    struct cache_acts *a = v->cache ? cache_acts_new(v) : NULL;
    struct cache_flow *f = a ? cache_add(&p->cache, key, &v->mask, a, p->now_ms) : NULL;

    if (!f) {
        free(a);
    }
    return f;
}

static void miss(struct pass *p, struct packet *pkt, const struct key *key)
{
    count(&p->misses);
    counter_inc(COUNTER_dp_miss);
    if (p->n_misses >= PASS_MISS_BUDGET || !cache_can_run_once(&p->cache)) {
        count(&p->lost);
        counter_inc(COUNTER_drop_miss_budget);
        packet_free(pkt);
        return;
    }
    p->n_misses++;

    struct dp_verdict v = {.actions = p->scratch, .cache = true};
    dp_actions_clear(&v.actions);
    p->handler->miss(p->handler->aux, pkt, key, p->now_ms, &v);
    p->scratch = v.actions;
    if (v.actions.overflow) {
        v.actions.len = 0;
        v.cache = false;
        v.drop_reason = COUNTER_drop_xlate_error;
    }

    struct cache_flow *f = install(p, key, &v);
    if (f) {
        run_flow(p, pkt, key, cache_flow_acts(f));
        return;
    }
    if (v.credit) {
        cache_run_once(&p->cache, v.credit, pkt->len, key->tcp_flags, p->now_ms);
    }
    run_actions(p, pkt, key, v.actions.data, v.actions.len, v.drop_reason);
}

static struct cache_flow *find_exact(struct pass *p, struct pass_work *w)
{
    struct cache *c = &p->cache;

    if (w->probe.generation != c->generation) {
        cache_probe(c, &w->key, &w->probe);
    }
    struct cache_flow *f = cache_exact_find(c, &w->probe);
    if (f) {
        counter_inc(COUNTER_dp_cache_exact_hit);
    }
    return f;
}

static struct cache_flow *find_masked(struct pass *p, struct pass_work *w)
{
    struct cache_flow *f = cache_masked_find(&p->cache, &w->key);

    if (f) {
        counter_inc(COUNTER_dp_cache_masked_hit);
        cache_exact_add(&p->cache, &w->probe, f);
    }
    return f;
}

/* Finds flows: the exact ones first, while what the search for the others begins with is fetched.
 */
static void find_flows(struct pass *p, unsigned n_work)
{
    struct cache_flow *found[PASS_BATCH];

    for (unsigned i = 0; i < n_work; i++) {
        found[i] = find_exact(p, &p->work[i]);
        if (!found[i]) {
            cache_masked_prefetch(&p->cache, &p->work[i].key);
        }
    }
    for (unsigned i = 0; i < n_work; i++) {
        struct pass_work *w = &p->work[i];
        const struct cache_flow *f = found[i] ? found[i] : find_masked(p, w);
        w->acts = f ? cache_flow_acts(f) : NULL;
        __builtin_prefetch(w->acts, 1);
    }
}

/* Where the tracker comes first, lets it look ahead. */
static void look_ahead(struct pass *p, unsigned n_work)
{
    ct_burst_begin(p->burst);
    for (unsigned i = 0; i < n_work; i++) {
        struct pass_work *w = &p->work[i];
        const struct dp_action_ct *ct = w->acts ? exec_first_ct(w->acts->data, w->acts->len) : NULL;
        w->ct_number = ct ? ct_burst_add(p->env.ct, p->burst, w->packet, ct->zone) : 0;
    }
    ct_burst_look(p->env.ct, p->burst);
}

static void one(struct pass *p, struct pass_work *w)
{
    if (!w->acts) { /* A packet before it may have brought the flow. */
        const struct cache_flow *f = find_exact(p, w);
        f = f ? f : find_masked(p, w);
        if (!f) {
            miss(p, w->packet, &w->key);
            return;
        }
        w->acts = cache_flow_acts(f);
    }
    count(&p->hits);
    p->env.ct_number = w->ct_number;
    run_flow(p, w->packet, &w->key, w->acts);
    p->env.ct_number = 0;
}

/* One pass of up to PASS_BATCH packets, in steps: keys, flows, entries of connections; so that the
 * cache lines of all are on their way together. */
static void run_once(struct pass *p, struct packet *const *packets, unsigned n)
{
    unsigned n_work = 0;

    for (unsigned i = 0; i < n; i++) {
        struct pass_work *w = &p->work[n_work];
        w->packet = packets[i];
        w->ct_number = 0;
        if (!parse_key_again(w->packet, &w->key)) {
            counter_inc(COUNTER_drop_parse_short);
            packet_free(w->packet);
            continue;
        }
        cache_probe(&p->cache, &w->key, &w->probe);
        n_work++;
    }
    find_flows(p, n_work);
    if (p->burst) {
        look_ahead(p, n_work);
    }
    for (unsigned i = 0; i < n_work; i++) {
        one(p, &p->work[i]);
    }
}

static void begin(struct pass *p, int64_t now_ms)
{
    p->now_ms = p->env.now_ms = now_ms;
    p->n_passes = p->n_misses = 0;
}

static void drain_queue(struct pass *p)
{
    while (p->queue_n) {
        struct packet *again[PASS_BATCH];
        unsigned n = 0;

        while (p->queue_n && n < PASS_BATCH) {
            struct packet *pkt = p->queue[p->queue_head];
            p->queue_head = (p->queue_head + 1) % PASS_QUEUE;
            p->queue_n--;
            if (p->n_passes >= PASS_BUDGET) {
                counter_inc(COUNTER_drop_recirc_limit);
                packet_free(pkt);
                continue;
            }
            p->n_passes++;
            again[n++] = pkt;
        }
        run_once(p, again, n);
    }
}

void pass_run(struct pass *p, struct packet *const *packets, unsigned n, int64_t now_ms)
{
    begin(p, now_ms);
    run_once(p, packets, n);
    drain_queue(p);
}

void pass_execute(struct pass *p, struct packet *pkt, const void *actions, size_t len,
                  int64_t now_ms)
{
    struct key key;

    begin(p, now_ms);
    parse_key(pkt, &key);
    run_actions(p, pkt, &key, actions, len, COUNTER_drop_action);
    drain_queue(p);
}
