/* kflow.c - see kflow.h: the table and the upcall threads' side.  The control thread's is in
 * kflow_walk.c. */
#include "lib/dp/kernel/kflow.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/dp/cookie.h"
#include "lib/dp/kernel/kflow-private.h"
#include "lib/env.h"
#include "lib/hash.h"
#include "lib/mem.h"

void kflow_init(struct kflows *fs, const struct dp *up, int dp_ifindex,
                const struct nlkey_features *key_features, const struct nlaction_env *env)
{
    memset(fs, 0, sizeof *fs);
    fs->up = up;
    fs->dp_ifindex = dp_ifindex;
    fs->key_features = key_features;
    fs->action_env = *env;
    fs->limit = KFLOW_LIMIT;
    env_random_bytes(fs->seed, sizeof fs->seed);
    hmap_init(&fs->formers);
    for (unsigned i = 0; i < KFLOW_STRIPES; i++) {
        pthread_mutex_init(&fs->stripes[i].mutex, NULL);
        hmap_init(&fs->stripes[i].flows);
    }
}

static struct kflow_id identify(const struct kflows *fs, const struct key *key,
                                const struct key *mask)
{
    uint64_t words[2 * KEY_WORDS];

    for (size_t i = 0; i < KEY_WORDS; i++) {
        words[i] = key_words(key)[i] & key_words(mask)[i];
        words[KEY_WORDS + i] = key_words(mask)[i];
    }
    return (struct kflow_id){{hash_bytes(words, sizeof words, fs->seed[0]),
                              hash_bytes(words, sizeof words, fs->seed[1])}};
}

struct kflow_stripe *kflow_stripe(struct kflows *fs, const struct kflow_id *id)
{
    return &fs->stripes[id->w[0] % KFLOW_STRIPES];
}

struct kflow *kflow_find_locked(struct kflow_stripe *s, const struct kflow_id *id)
{
    struct kflow *f;

    HMAP_FOR_EACH_WITH_HASH(f, node, (size_t)id->w[1], &s->flows) {
        if (f->id.w[0] == id->w[0] && f->id.w[1] == id->w[1]) {
            return f;
        }
    }
    return NULL;
}

/* NULL: no memory.  The actions are copied. */
static struct kflow *new_flow(const struct key *key, const struct key *mask,
                              const struct dp_actions *actions)
{
    uint64_t packed[KEY_PACK_WORDS];
    const size_t n = key_pack(packed, key, mask);
    struct kflow *f = mem_try_zalloc(sizeof *f + n * sizeof *packed + actions->len);

    if (f) {
        f->n_packed = (uint32_t)n;
        memcpy(f->data, packed, n * sizeof *packed);
        f->len = (uint32_t)actions->len;
        if (f->len) {
            memcpy(f->data + n, actions->data, f->len);
        }
    }
    return f;
}

struct kflow *kflow_prepare(struct kflows *fs, const struct key *key, struct dp_verdict *v,
                            int64_t now_ms, bool *is_new)
{
    struct key mask = v->mask, seen;

    *is_new = false;
    if (!v->cache || v->actions.overflow) {
        return NULL;
    }
    nlkey_widen(key, fs->key_features, &mask);
    const enum nlkey_fit fit = nlkey_fit(key, &mask, fs->key_features, &seen);
    if (fit == NLKEY_NONE) {
        return NULL;
    }
    if (fit == NLKEY_LESS) {
        mask = seen;
        nlkey_widen(key, fs->key_features, &mask); /* With what is matched without being said. */
    }
    struct kflow_id id = identify(fs, key, &mask);
    struct kflow_stripe *s = kflow_stripe(fs, &id);
    pthread_mutex_lock(&s->mutex);
    struct kflow *f = kflow_find_locked(s, &id);
    if (f && __atomic_load_n(&f->state, __ATOMIC_ACQUIRE) == KFLOW_REFUSED) {
        f = NULL;
    } else if (!f &&
               __atomic_load_n(&fs->n, __ATOMIC_RELAXED) <
                   __atomic_load_n(&fs->limit, __ATOMIC_RELAXED) &&
               (f = new_flow(key, &mask, &v->actions))) {
        f->id = id;
        f->state = KFLOW_ASKED;
        f->credit = v->credit;
        f->drop_reason = v->drop_reason;
        f->slow = fit == NLKEY_LESS ? DP_SLOW_MATCH : 0;
        f->created_ms = now_ms;
        f->seen = __atomic_load_n(&fs->n_dumps, __ATOMIC_RELAXED);
        v->credit = NULL;
        hmap_insert(&s->flows, &f->node, (size_t)id.w[1]);
        __atomic_add_fetch(&fs->n, 1, __ATOMIC_RELAXED);
        counter_inc(COUNTER_dp_flow_add);
        *is_new = true;
    }
    pthread_mutex_unlock(&s->mutex);
    return f;
}

bool kflow_put(const struct kflows *fs, struct kflow *f, struct nlwr *w)
{
    uint8_t slow = __atomic_load_n(&f->slow, __ATOMIC_RELAXED);
    struct key_pair pair = {.filled = {{0}}};
    const char *why;

    kflow_key(f, &pair);
    nlwr_put_data(w, OVS_FLOW_ATTR_UFID, &f->id, sizeof f->id);
    size_t nest = nlwr_nest(w, OVS_FLOW_ATTR_KEY);
    nlkey_put(&pair.key, NULL, fs->key_features, w);
    nlwr_end(w, nest);
    nest = nlwr_nest(w, OVS_FLOW_ATTR_MASK);
    nlkey_put(&pair.key, &pair.mask, fs->key_features, w);
    nlwr_end(w, nest);
    nest = nlwr_nest(w, OVS_FLOW_ATTR_ACTIONS);
    const size_t start = w->len;
    if (!slow && !nlaction_put(kflow_actions(f), f->len, &fs->action_env, w, &why)) {
        slow = DP_SLOW_ACTION;
        __atomic_store_n(&f->slow, slow, __ATOMIC_RELAXED);
        w->len = start;
        w->err = false;
    }
    if (slow) {
        nlaction_put_slow(slow, &fs->action_env, w);
    }
    nlwr_end(w, nest);
    return !w->err;
}

void kflow_installed(struct kflow *f, bool yes)
{
    __atomic_store_n(&f->state, yes ? KFLOW_INSTALLED : KFLOW_REFUSED, __ATOMIC_RELEASE);
}

bool kflow_refused(struct kflow *f)
{
    if (__atomic_load_n(&f->slow, __ATOMIC_RELAXED)) {
        return false;
    }
    __atomic_store_n(&f->slow, DP_SLOW_ACTION | DP_SLOW_REFUSED, __ATOMIC_RELAXED);
    return true;
}

void kflow_hit(struct kflow *f, uint32_t bytes, int64_t now_ms)
{
    __atomic_add_fetch(&f->own_packets, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&f->own_bytes, bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&f->own_used_ms, now_ms, __ATOMIC_RELAXED);
}

void kflow_run_once(struct kflows *fs, void *credit, uint32_t bytes, int64_t now_ms)
{
    struct kflow_once *o = credit ? xzalloc(sizeof *o) : NULL;

    if (!o) {
        return;
    }
    o->credit = credit;
    o->stats = (struct dp_flow_stats){.packets = 1, .bytes = bytes, .used_ms = now_ms};
    o->next = __atomic_load_n(&fs->once, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&fs->once, &o->next, o, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
}

void kflow_deinit(struct kflows *fs)
{
    kflow_forget_inherited(fs);
    kflow_collect_once(fs);
    hmap_deinit(&fs->formers);
    for (unsigned i = 0; i < KFLOW_STRIPES; i++) {
        struct kflow *f, *next;
        HMAP_FOR_EACH_SAFE(f, next, node, &fs->stripes[i].flows) {
            kflow_free(fs, f);
        }
        hmap_deinit(&fs->stripes[i].flows);
        pthread_mutex_destroy(&fs->stripes[i].mutex);
    }
}
