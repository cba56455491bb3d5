/* cache.c - see cache.h: masks, flows, messages.  The two lookups are in cache_exact.c and
 * cache_masked.c. */
#include "lib/dp/user/cache.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/dp/user/cache-private.h"
#include "lib/hash.h"
#include "lib/mem.h"

/* About what a flow, its actions and its credit take together. */
#define FLOW_BYTES 640

void cache_msg_push(struct cache_msg **stack, struct cache_msg *m)
{
    struct cache_msg *head = __atomic_load_n(stack, __ATOMIC_RELAXED);
    do {
        m->next = head;
    } while (
        !__atomic_compare_exchange_n(stack, &head, m, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

struct cache_msg *cache_msg_take(struct cache_msg **stack)
{
    if (!__atomic_load_n(stack, __ATOMIC_RELAXED)) {
        return NULL;
    }
    return __atomic_exchange_n(stack, NULL, __ATOMIC_ACQUIRE);
}

void cache_mask_init(struct cache_mask *m, const struct key *key)
{
    m->key = *key;
    m->n = 0;
    for (unsigned i = 0; i < KEY_WORDS; i++) {
        uint64_t bits = key_words(key)[i];
        if (bits) {
            m->index[m->n] = (uint8_t)i;
            m->bits[m->n++] = bits;
        }
    }
}

uint64_t cache_mask_apply(const struct cache_mask *m, const struct key *key, uint64_t seed,
                          uint64_t out[KEY_WORDS])
{
    const key_word *w = key_words(key);
    uint64_t h = seed;

    for (unsigned i = 0; i < m->n; i++) {
        out[i] = w[m->index[i]] & m->bits[i];
        h = hash_mix(h, out[i]);
    }
    return h;
}

struct cache_acts *cache_acts_new(const struct dp_verdict *v)
{
    struct cache_acts *a = mem_try_alloc(sizeof *a + v->actions.len);
    if (a) {
        *a = (struct cache_acts){.msg.kind = CACHE_MSG_ACTS,
                                 .credit = v->credit,
                                 .drop_reason = v->drop_reason,
                                 .len = (uint32_t)v->actions.len};
        if (v->actions.len) {
            memcpy(a->data, v->actions.data, v->actions.len);
        }
    }
    return a;
}

void cache_flow_key(const struct cache_flow *f, struct key *key)
{
    const struct cache_mask *m = &f->subtable->mask;
    uint64_t w[KEY_WORDS] = {0};

    for (unsigned i = 0; i < m->n; i++) {
        w[m->index[i]] = f->words[i];
    }
    memcpy(key, w, sizeof *key);
}

bool cache_init(struct cache *c, uint64_t seed, uint32_t n_slots, unsigned flow_limit)
{
    struct key none = {0};

    *c = (struct cache){.seed = seed, .flow_limit = flow_limit, .n_slots = n_slots};
    c->slots = mem_try_zalloc(n_slots * sizeof *c->slots);
    c->slot_words = mem_try_zalloc((size_t)n_slots * KEY_WORDS * sizeof(uint64_t));
    cache_mask_init(&c->relevant, &none);
    if (!c->slots || !c->slot_words) {
        cache_deinit(c);
        return false;
    }
    return true;
}

void cache_deinit(struct cache *c)
{
    free(c->slots);
    free(c->slot_words);
    free(c->subtables);
    if (c->spare) {
        free(c->spare->acts);
        free(c->spare);
    }
    memset(c, 0, sizeof *c);
}

struct cache_flow *cache_add(struct cache *c, const struct key *key, const struct key *mask,
                             struct cache_acts *acts, int64_t now_ms)
{
    uint32_t *n_port_flows = &c->n_port_flows[key->in_port % CACHE_PORTS];

    if (c->n_flows >= c->flow_limit || *n_port_flows >= CACHE_PORT_SHARE(c->flow_limit)) {
        return NULL;
    }
    struct key m = *mask;
    m.in_port = UINT32_MAX;
    m.recirc_id = UINT32_MAX;
    cache_bound_mask(c, &m);

    struct cache_subtable *s = cache_masked_subtable(c, &m);
    if (!s) {
        return NULL;
    }
    mem_expect(FLOW_BYTES);
    struct cache_flow *f = mem_try_zalloc(sizeof *f + s->mask.n * sizeof(uint64_t));
    if (!f) {
        cache_masked_drop_if_empty(c, s);
        return NULL;
    }
    f->hash = cache_mask_apply(&s->mask, key, c->seed, f->words);
    f->acts = acts;
    acts->flow = f;
    f->subtable = s;
    f->created_ms = now_ms;
    f->msg.kind = CACHE_MSG_FLOW;
    if (!cache_masked_insert(s, f)) {
        free(f);
        return NULL;
    }
    cache_exact_widen(c, &s->mask.key);
    f->n_port_flows = n_port_flows;
    ++*n_port_flows;

    f->list_next = c->flows;
    f->list_prev = &c->flows;
    if (c->flows) {
        c->flows->list_prev = &f->list_next;
    }
    __atomic_store_n(&c->flows, f, __ATOMIC_RELEASE);
    __atomic_store_n(&c->n_flows, c->n_flows + 1, __ATOMIC_RELAXED);
    counter_inc(COUNTER_dp_flow_add);
    return f;
}

bool cache_can_run_once(struct cache *c)
{
    if (c->n_once - __atomic_load_n(&c->n_once_freed, __ATOMIC_RELAXED) >= CACHE_ONCE_LIMIT) {
        return false;
    }
    if (!c->spare) {
        struct cache_flow *f = mem_try_zalloc(sizeof *f);
        struct cache_acts *a = mem_try_zalloc(sizeof *a);
        if (!f || !a) {
            free(f);
            free(a);
            return false;
        }
        f->acts = a;
        f->msg.kind = CACHE_MSG_FLOW;
        c->spare = f;
    }
    return true;
}

void cache_run_once(struct cache *c, void *credit, uint32_t bytes, be16 tcp_flags, int64_t now_ms)
{
    struct cache_flow *f = c->spare;

    c->spare = NULL;
    f->acts->credit = credit;
    f->acts->flow = f;
    f->dead = true;
    f->once = c;
    c->n_once++;
    cache_acts_hit(f->acts, bytes, tcp_flags, now_ms);
    cache_msg_push(&c->outbox, &f->msg);
}

void cache_flow_free(struct cache_flow *f)
{
    if (f->once) {
        __atomic_store_n(&f->once->n_once_freed, f->once->n_once_freed + 1, __ATOMIC_RELAXED);
    }
    free(f);
}

/* Takes a flow out of the masked table and the list; its exact slots are purged by the caller.
 * Its subtable may go to the outbox before it: only walkers that began earlier read it. */
static void unlink_flow(struct cache *c, struct cache_flow *f)
{
    cache_masked_remove(c, f);
    --*f->n_port_flows;
    __atomic_store_n(f->list_prev, f->list_next, __ATOMIC_RELEASE);
    if (f->list_next) {
        f->list_next->list_prev = f->list_prev;
    }
    __atomic_store_n(&f->dead, true, __ATOMIC_RELAXED);
    __atomic_store_n(&c->n_flows, c->n_flows - 1, __ATOMIC_RELAXED);
    counter_inc(COUNTER_dp_flow_del);
}

unsigned cache_run_inbox(struct cache *c)
{
    struct cache_msg *all = cache_msg_take(&c->inbox), *next;
    uint32_t n_subtables = c->n_subtables;
    bool purge = false;
    unsigned n = 0;

    for (struct cache_msg *m = all; m; m = m->next) {
        n++;
        if (m->kind == CACHE_MSG_FLOW) {
            struct cache_flow *f = container_of_(m, struct cache_flow, msg);
            unlink_flow(c, f);
            purge |= f->n_exact != 0;
        }
    }
    if (purge) {
        cache_exact_purge(c);
    }
    if (c->n_subtables != n_subtables) {
        cache_exact_narrow(c);
    }
    for (struct cache_msg *m = all; m; m = next) {
        next = m->next;
        cache_msg_push(&c->outbox, m); /* From here the control thread owns it. */
    }
    return n;
}

void cache_remove_all(struct cache *c)
{
    cache_run_inbox(c);
    cache_exact_clear(c);
    while (c->flows) {
        struct cache_flow *f = c->flows;
        unlink_flow(c, f);
        cache_msg_push(&c->outbox, &f->msg);
    }
}
