/* ct_slot.c - see ct_table-private.h: slots of the arena, the class lists that a full table takes
 * from, and limbo. */
#include "lib/ct/ct_table-private.h"

#include "lib/counter.h"

/* Slots of each family looked at for an expired entry when the table is full. */
#define EVICT_LOOK 8u
#define FREE_STEP  64u /* Slots that rested, freed without letting others have the lock. */
#define RUN        32u /* Slots whose memory is asked for at a time. */

static struct ct_shard *shard_of(struct ct_table *t, const struct ct_conn *c)
{
    return &t->shards[(c->hash >> 28) % CT_N_SHARDS];
}

/* ---- lists of a shard, its lock held ---- */

static void list_append(struct ct_table *t, struct ct_shard *sh, uint32_t index, uint8_t class)
{
    struct ct_conn *c = ct_table_conn(t, index);
    c->link[0] = sh->tail[class];
    c->link[1] = 0;
    if (sh->tail[class]) {
        ct_table_conn(t, sh->tail[class])->link[1] = index;
    } else {
        sh->head[class] = index;
    }
    sh->tail[class] = index;
}

static void list_remove(struct ct_table *t, struct ct_shard *sh, uint32_t index, uint8_t class)
{
    struct ct_conn *c = ct_table_conn(t, index);
    if (c->link[0]) {
        ct_table_conn(t, c->link[0])->link[1] = c->link[1];
    } else {
        sh->head[class] = c->link[1];
    }
    if (c->link[1]) {
        ct_table_conn(t, c->link[1])->link[0] = c->link[0];
    } else {
        sh->tail[class] = c->link[0];
    }
}

void ct_slot_set_class(struct ct_table *t, uint32_t index, enum ct_class class)
{
    struct ct_conn *c = ct_table_conn(t, index);
    struct ct_shard *sh = shard_of(t, c);
    ct_spin_lock(&sh->lock);
    if (c->class < CT_N_CLASSES) {
        list_remove(t, sh, index, c->class);
    }
    c->class = class;
    if (class < CT_N_CLASSES) {
        list_append(t, sh, index, class);
    }
    ct_spin_unlock(&sh->lock);
}

/* ---- limbo ---- */

static void on_grace(struct rcu_head *rcu);

static void rest_locked(struct ct_shard *sh)
{
    if (!sh->waiting && sh->limbo) {
        sh->resting = sh->limbo;
        sh->limbo = 0;
        sh->waiting = true;
        call_rcu(&sh->rcu, on_grace);
    }
}

static void push_free(struct ct_table *t, struct ct_shard *sh, uint32_t index)
{
    ct_table_conn(t, index)->link[1] = sh->free[index >> 31];
    __atomic_store_n(&sh->free[index >> 31], index, __ATOMIC_RELAXED); /* pop_free() looks. */
}

/* At most 'n' of the list. */
static void free_locked(struct ct_table *t, struct ct_shard *sh, uint32_t *list, uint32_t n)
{
    for (; *list && n; n--) {
        uint32_t index = *list;
        struct ct_conn *c = ct_table_conn(t, index);
        *list = c->link[1];
        push_free(t, sh, index);
    }
}

/* The batch is free, in steps, for workers wait for the lock; the next one begins its rest. */
static void on_grace(struct rcu_head *rcu)
{
    struct ct_shard *sh = container_of_(rcu, struct ct_shard, rcu);
    ct_spin_lock(&sh->lock);
    while (sh->resting) {
        free_locked(sh->table, sh, &sh->resting, FREE_STEP);
        ct_spin_unlock(&sh->lock);
        ct_spin_lock(&sh->lock);
    }
    sh->waiting = false;
    rest_locked(sh);
    ct_spin_unlock(&sh->lock);
}

void ct_slot_end_rest(struct ct_table *t, struct ct_shard *sh)
{
    ct_spin_lock(&sh->lock);
    free_locked(t, sh, &sh->resting, UINT32_MAX);
    free_locked(t, sh, &sh->limbo, UINT32_MAX);
    ct_spin_unlock(&sh->lock);
}

/* ---- slots ---- */

/* It will be written soon. */
static inline void expect_slot(const struct ct_table *t, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    __builtin_prefetch(c, 1);
    __builtin_prefetch(c->packets, 1);
}

static uint32_t pop_free_locked(struct ct_table *t, struct ct_shard *sh, bool is_ip6)
{
    ct_spin_lock(&sh->lock);
    uint32_t index = sh->free[is_ip6];
    if (index) {
        uint32_t next = ct_table_conn(t, index)->link[1];
        __atomic_store_n(&sh->free[is_ip6], next, __ATOMIC_RELAXED);
        expect_slot(t, next);
    }
    ct_spin_unlock(&sh->lock);
    return index;
}

bool ct_slot_make_ready(struct ct_table *t, bool is_ip6, size_t n)
{
    struct ct_pool *pool = &t->pools[is_ip6];
    ct_spin_lock(&t->grow_lock);
    bool ok = n <= pool->n_slots &&
              (pool->n_ready >= n ||
               (ct_arena_grow(&pool->conns, n * sizeof(struct ct_conn)) &&
                ct_arena_grow(&pool->labels, n * 16) &&
                ct_arena_grow(&pool->algs, n * sizeof(struct ct_alg)) &&
                ct_arena_grow(&pool->zone_links, n * sizeof(struct ct_zone_link)) &&
                (!is_ip6 || ct_arena_grow(&pool->addrs, n * sizeof(struct ct_addr6)))));
    if (ok && pool->n_ready < n) {
        __atomic_store_n(&pool->n_ready, (uint32_t)n, __ATOMIC_RELEASE);
    }
    ct_spin_unlock(&t->grow_lock);
    return ok;
}

static inline uint32_t pop_free(struct ct_table *t, struct ct_shard *sh, bool is_ip6)
{
    /* There are none, as a rule, until connections have ended. */
    return __atomic_load_n(&sh->free[is_ip6], __ATOMIC_RELAXED) ? pop_free_locked(t, sh, is_ip6)
                                                                : 0;
}

/* None of those that were made ready is left.  False: no memory for a few more, or all are used. */
static bool grow(struct ct_table *t, bool is_ip6)
{
    const struct ct_pool *pool = &t->pools[is_ip6];
    uint32_t used = __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED);
    return used < pool->n_slots && ct_slot_make_ready(t, is_ip6, MIN(used + RUN, pool->n_slots));
}

static void want_room(struct ct_table *t)
{
    uint8_t enough = CT_ROOM_ENOUGH;
    if (__atomic_load_n(&t->room, __ATOMIC_RELAXED) == enough) {
        __atomic_compare_exchange_n(&t->room, &enough, CT_ROOM_WANTED, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
    }
}

static uint32_t new_slot(struct ct_table *t, bool is_ip6)
{
    struct ct_pool *pool = &t->pools[is_ip6];
    uint32_t n = __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED);
    for (;;) {
        if (n >= __atomic_load_n(&pool->n_ready, __ATOMIC_ACQUIRE)) {
            if (!grow(t, is_ip6)) {
                return 0;
            }
            n = __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED);
        } else if (__atomic_compare_exchange_n(&pool->n_used, &n, n + 1, false, __ATOMIC_RELEASE,
                                               __ATOMIC_RELAXED)) {
            if (UNLIKELY(n >= __atomic_load_n(&pool->room_low, __ATOMIC_RELAXED))) {
                want_room(t);
            }
            expect_slot(t, (n + 2) | (is_ip6 ? CT_INDEX_IP6 : 0));
            return n | (is_ip6 ? CT_INDEX_IP6 : 0);
        }
    }
}

static uint32_t take_slot(struct ct_table *t, bool is_ip6, uint32_t hash)
{
    unsigned first = hash >> 28;
    uint32_t index = pop_free(t, &t->shards[first % CT_N_SHARDS], is_ip6);
    if (!index) {
        index = new_slot(t, is_ip6);
    }
    for (unsigned i = 1; !index && i < CT_N_SHARDS; i++) {
        index = pop_free(t, &t->shards[(first + i) % CT_N_SHARDS], is_ip6);
    }
    return index;
}

static bool evict_expired(struct ct_table *t, int64_t now_ms)
{
    for (unsigned i = 0; i < 2 * EVICT_LOOK; i++) {
        bool is_ip6 = i & 1;
        uint32_t used = __atomic_load_n(&t->pools[is_ip6].n_used, __ATOMIC_ACQUIRE);
        uint32_t pos = __atomic_fetch_add(&t->evict_pos[is_ip6], 1, __ATOMIC_RELAXED) % used;
        uint32_t index = pos | (is_ip6 ? CT_INDEX_IP6 : 0);
        if (pos && ct_table_expire(t, index, now_ms)) {
            return true;
        }
    }
    return false;
}

/* Makes room: an expired entry if one is near, else the oldest of the least worth. */
static bool evict(struct ct_table *t, uint32_t hash, int64_t now_ms)
{
    static const enum counter counters[] = {COUNTER_conntrack_evict_unreplied,
                                            COUNTER_conntrack_evict_closing};
    if (evict_expired(t, now_ms)) {
        return true;
    }
    for (uint8_t class = 0; class < CT_N_CLASSES; class ++) {
        for (unsigned i = 0; i < CT_N_SHARDS; i++) {
            struct ct_shard *sh = &t->shards[(hash + i) % CT_N_SHARDS];
            ct_spin_lock(&sh->lock);
            uint32_t index = sh->head[class];
            uint32_t generation =
                index ? __atomic_load_n(&ct_table_conn(t, index)->generation, __ATOMIC_RELAXED) : 0;
            ct_spin_unlock(&sh->lock);
            if (index && ct_table_remove(t, index, generation, class, CT_ANY_TIME)) {
                counter_inc(counters[class]);
                return true;
            }
        }
    }
    return false;
}

void ct_slot_give_back_twin(struct ct_table *t, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(t, index);
    struct ct_shard *sh = shard_of(t, c);
    ct_spin_lock(&sh->lock);
    c->link[1] = sh->limbo;
    sh->limbo = index;
    rest_locked(sh);
    ct_spin_unlock(&sh->lock);
}

void ct_slot_give_back(struct ct_table *t, uint32_t index)
{
    __atomic_fetch_sub(&t->n, 1, __ATOMIC_RELAXED);
    ct_slot_give_back_twin(t, index);
}

void ct_slot_adopt_free(struct ct_table *t, uint32_t index)
{
    push_free(t, &t->shards[index % CT_N_SHARDS], index);
}

/* Room in the table for one more, counted; else the refusal is. */
static bool admit(struct ct_table *t, uint32_t hash, int64_t now_ms)
{
    uint32_t max = __atomic_load_n(&t->max, __ATOMIC_RELAXED);
    if (__atomic_fetch_add(&t->n, 1, __ATOMIC_RELAXED) >= max && !evict(t, hash, now_ms)) {
        __atomic_fetch_sub(&t->n, 1, __ATOMIC_RELAXED);
        counter_inc(COUNTER_conntrack_full);
        return false;
    }
    return true;
}

uint32_t ct_slot_alloc_twin(struct ct_table *t, const struct ct_lookup *q)
{
    uint32_t index = take_slot(t, q->is_ip6, q->hash);
    if (!index) {
        return 0;
    }
    struct ct_conn *c = ct_table_conn(t, index);
    __builtin_prefetch(ct_table_zone_link(t, index), 1);
    /* Whoever has an old reference, or goes from slot to slot, reads these, and no more while it is
     * not CT_F_LIVE. */
    ct_conn_set_flags(c, 0);
    __atomic_store_n(&c->expires_ms, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&c->hash, q->hash, __ATOMIC_RELAXED);
    if (!c->generation) {
        __atomic_store_n(&c->generation, 1, __ATOMIC_RELAXED);
    }
    memset(&c->class, 0, offsetof(struct ct_conn, expires_ms) - offsetof(struct ct_conn, class));
    memset(c->peer, 0, sizeof c->peer);
    memset(c->packets, 0, sizeof *c - offsetof(struct ct_conn, packets));
    c->next = 0;
    c->class = CT_CLASS_ESTABLISHED;
    c->key = q->key;
    if (q->is_ip6) {
        *ct_table_addr6(t, index) = q->addr6;
    }
    return index;
}

uint32_t ct_slot_alloc(struct ct_table *t, const struct ct_lookup *q, int64_t now_ms)
{
    if (!ct_zone_admit(t, q->key.zone, now_ms) || !admit(t, q->hash, now_ms)) {
        return 0;
    }
    uint32_t index = ct_slot_alloc_twin(t, q);
    if (!index) {
        __atomic_fetch_sub(&t->n, 1, __ATOMIC_RELAXED);
        counter_inc(COUNTER_conntrack_full);
    }
    return index;
}
