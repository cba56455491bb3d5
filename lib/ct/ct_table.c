/* ct_table.c - see ct_table-private.h: lookup, insertion, removal, and growth of the index. */
#include "lib/ct/ct_alg-private.h"
#include "lib/ct/ct_event-private.h"

#include <stdlib.h>

#include "lib/counter.h"
#include "lib/mem.h"

#define FIRST_BUCKETS   1024u
#define SPLITS_MAX      2u /* By one insertion. */
#define LOCKLESS_TRIES  3
#define INSERT_TRIES    3    /* Expired entries of the same tuple that make room. */
#define CHAIN_MAX       256u /* Steps of a lookup without the lock. */
#define RESERVE_DEFAULT (UINT32_C(1) << 24)

_Static_assert(FIRST_BUCKETS >= CT_N_STRIPES, "a bucket and its second half share a stripe");

static bool pool_reserve(struct ct_kept *k, struct ct_pool *pool, bool is_ip6, uint32_t max)
{
    /* A quarter more, for those that rest in limbo. */
    pool->n_slots = max + max / 4 + 4096;
    pool->n_used = 1;
    return ct_kept_reserve(k, &pool->conns, pool->n_slots, sizeof(struct ct_conn), false) &&
           ct_kept_reserve(k, &pool->labels, pool->n_slots, 16, true) &&
           ct_arena_reserve(&pool->zone_links,
                            (size_t)pool->n_slots * sizeof(struct ct_zone_link)) &&
           (!is_ip6 ||
            ct_kept_reserve(k, &pool->addrs, pool->n_slots, sizeof(struct ct_addr6), false));
}

/* And what the helpers expect. */
static bool algs_reserve(struct ct_table *t)
{
    for (int f = 0; f < 2; f++) {
        struct ct_pool *pool = &t->pools[f];
        if (!ct_kept_reserve(&t->kept, &pool->algs, pool->n_slots, sizeof(struct ct_alg), true)) {
            return false;
        }
    }
    return ct_kept_reserve(&t->kept, &t->expects, 1, ct_expects_size(), false);
}

static void release(struct ct_table *t)
{
    for (int f = 0; f < 2; f++) {
        ct_arena_release(&t->pools[f].conns);
        ct_arena_release(&t->pools[f].labels);
        ct_arena_release(&t->pools[f].addrs);
        ct_arena_release(&t->pools[f].zone_links);
        ct_arena_release(&t->pools[f].algs);
    }
    ct_arena_release(&t->buckets);
    ct_arena_release(&t->expects);
    ct_tags_release(t);
    ct_kept_release(&t->kept);
    t->kept.n_arenas = 0;
}

bool ct_table_init(struct ct_table *t, uint32_t max, uint64_t seed, const struct ct_store *store)
{
    memset(t, 0, sizeof *t);
    t->max = max;
    t->seed = seed;
    t->kept.store = store;
    for (uint32_t reserve = MAX(max, RESERVE_DEFAULT);; reserve = MAX(reserve / 2, max)) {
        if (reserve <= CT_INDEX_SLOT / 2 && pool_reserve(&t->kept, &t->pools[0], false, reserve) &&
            pool_reserve(&t->kept, &t->pools[1], true, reserve) && algs_reserve(t) &&
            ct_tags_init(t, t->pools[0].n_slots) &&
            ct_arena_reserve(&t->buckets, ((size_t)reserve / CT_BUCKET_LOAD + FIRST_BUCKETS) *
                                              sizeof(struct ct_bucket))) {
            t->reserved = reserve;
            break;
        }
        release(t);
        if (reserve == max) {
            return false;
        }
    }
    t->tags.partial = store != NULL; /* What was left there is in no list yet. */
    t->zones = xcalloc(CT_N_ZONES, sizeof *t->zones);
    for (int i = 0; i < CT_N_SHARDS; i++) {
        t->shards[i].table = t;
    }
    if (!ct_table_presize(t, 0)) {
        release(t);
        free(t->zones);
        return false;
    }
    return true;
}

/* ---- lookup ---- */

/* Of those without a slot.  Sets *complete to false if it gave up on the way. */
static uint32_t walk_chain(const struct ct_table *t, const struct ct_bucket *b,
                           const struct ct_lookup *q, uint32_t limit, unsigned *dir, bool *complete)
{
    uint32_t index = __atomic_load_n(&b->more, __ATOMIC_ACQUIRE);
    for (uint32_t n = 0; index; n++) {
        if (n == limit) {
            *complete = false;
            return 0;
        }
        const struct ct_conn *c = ct_table_conn(t, index);
        int d = ct_table_match(t, index, c, q);
        if (d >= 0) {
            *dir = (unsigned)d;
            return index;
        }
        index = __atomic_load_n(&c->next, __ATOMIC_ACQUIRE);
    }
    return 0;
}

static inline uint32_t walk(const struct ct_table *t, const struct ct_lookup *q, uint32_t limit,
                            unsigned *dir, bool *complete)
{
    const struct ct_bucket *b = ct_table_bucket_of(t, q->hash);
#pragma GCC unroll 7
    for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++) {
        uint64_t word = ct_bucket_get(b, i);
        uint32_t index = (uint32_t)word;
        if (ct_bucket_hash(word) != q->hash || !index) {
            continue;
        }
        const struct ct_conn *c = ct_table_conn(t, index);
        __builtin_prefetch(c->packets, 1); /* Its second line, which the update needs. */
        int d = ct_table_match(t, index, c, q);
        if (d >= 0) {
            *dir = (unsigned)d;
            return index;
        }
    }
    return LIKELY(!__atomic_load_n(&b->more, __ATOMIC_ACQUIRE))
               ? 0
               : walk_chain(t, b, q, limit, dir, complete);
}

static uint32_t find(struct ct_table *t, const struct ct_lookup *q, unsigned *dir)
{
    struct ct_stripe *s = &t->stripes[q->hash % CT_N_STRIPES];
    for (int i = 0; i < LOCKLESS_TRIES; i++) {
        bool complete = true;
        uint32_t turn = __atomic_load_n(&s->turn, __ATOMIC_ACQUIRE);
        uint32_t index = walk(t, q, CHAIN_MAX, dir, &complete);
        if (index) {
            return index;
        }
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (complete && !(turn & 1) && __atomic_load_n(&s->turn, __ATOMIC_RELAXED) == turn) {
            return 0;
        }
    }
    ct_spin_lock(&s->lock);
    uint32_t index = walk(t, q, UINT32_MAX, dir, &(bool){false});
    ct_spin_unlock(&s->lock);
    return index;
}

uint32_t ct_table_find(struct ct_table *t, const struct ct_lookup *q, int64_t now_ms, unsigned *dir)
{
    uint32_t index = find(t, q, dir);
    if (!index) {
        return 0;
    }
    const struct ct_conn *c = ct_table_conn(t, index);
    *dir |= q->is_reply;
    if (UNLIKELY(__atomic_load_n(&c->flags, __ATOMIC_RELAXED) & CT_F_TWIN)) {
        *dir = 1;
        index = c->twin;
        c = ct_table_conn(t, index);
    }
    return !ct_table_expired(c, now_ms) ? index : 0;
}

static bool same_key(const struct ct_table *t, uint32_t index, const struct ct_lookup *q, bool back)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    if (!(back ? ct_key_turned(&c->key, &q->key) : ct_key_same(&c->key, &q->key))) {
        return false;
    }
    const struct ct_addr6 *a = q->is_ip6 ? ct_table_addr6(t, index) : NULL;
    return !a ||
           (!memcmp(a->a[0], q->addr6.a[back], 16) && !memcmp(a->a[1], q->addr6.a[!back], 16));
}

static bool clashes(const struct ct_table *t, uint32_t index, const struct ct_lookup *q,
                    uint8_t flags)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    if (c->hash != q->hash || index >> 31 != q->is_ip6) {
        return false;
    }
    uint8_t theirs = __atomic_load_n(&c->flags, __ATOMIC_RELAXED);
    bool one_way = flags & CT_F_ONE_WAY && theirs & CT_F_ONE_WAY;
    /* ICMP: requests and replies have one key. */
    bool apart = q->one_way && one_way && (flags ^ theirs) & CT_F_TWIN;
    return (!apart && same_key(t, index, q, false)) ||
           (!one_way && !q->one_way && same_key(t, index, q, true));
}

/* '*room': a free slot of the bucket, or none: CT_BUCKET_SLOTS. */
static inline uint32_t clash_in(const struct ct_table *t, const struct ct_bucket *b,
                                const struct ct_lookup *q, uint8_t flags, unsigned *room)
{
    *room = CT_BUCKET_SLOTS;
#pragma GCC unroll 7
    for (unsigned i = CT_BUCKET_SLOTS; i-- > 0;) {
        uint64_t word = b->slot[i];
        *room = word ? *room : i;
        if (UNLIKELY(ct_bucket_hash(word) == q->hash) && word &&
            clashes(t, (uint32_t)word, q, flags)) {
            return (uint32_t)word;
        }
    }
    for (uint32_t index = b->more; index; index = ct_table_conn(t, index)->next) {
        if (clashes(t, index, q, flags)) {
            return index;
        }
    }
    return 0;
}

uint32_t ct_table_clash_locked(const struct ct_table *t, const struct ct_lookup *q, uint8_t flags)
{
    unsigned room;
    return clash_in(t, ct_table_bucket_of(t, q->hash), q, flags, &room);
}

bool ct_table_taken(struct ct_table *t, const struct ct_lookup *q, uint8_t flags, int64_t now_ms)
{
    struct ct_stripe *s = &t->stripes[q->hash % CT_N_STRIPES];
    ct_spin_lock(&s->lock);
    uint32_t other = ct_table_clash_locked(t, q, flags);
    uint32_t conn =
        other && ct_table_conn(t, other)->flags & CT_F_TWIN ? ct_table_conn(t, other)->twin : other;
    ct_spin_unlock(&s->lock);
    return conn && !ct_table_expire(t, conn, now_ms);
}

void ct_table_deinit(struct ct_table *t)
{
    for (;;) { /* Each round empties 'limbo' into 'resting' once. */
        bool resting = false;
        for (int i = 0; i < CT_N_SHARDS; i++) {
            ct_spin_lock(&t->shards[i].lock);
            resting |= t->shards[i].waiting;
            ct_spin_unlock(&t->shards[i].lock);
        }
        if (!resting) {
            break;
        }
        rcu_barrier();
    }
    release(t);
    free(t->zones);
    ct_events_free(t->events);
}

/* ---- buckets, the stripe's lock held ---- */

void ct_table_unlink_locked(struct ct_table *t, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(t, index);
    struct ct_bucket *b = ct_table_bucket_of(t, c->hash);
    if (ct_bucket_take(b, ct_bucket_word(c->hash, index))) {
        return;
    }
    for (uint32_t *p = &b->more; *p; p = &ct_table_conn(t, *p)->next) {
        if (*p == index) {
            __atomic_store_n(p, c->next, __ATOMIC_RELEASE); /* 'next' stays, for readers on it. */
            return;
        }
    }
}

/* Into this slot of its bucket, if there is such a one. */
static inline void link_in(struct ct_table *t, struct ct_bucket *b, unsigned room, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(t, index);
    c->next = b->more;
    /* Live only with all else in place: a process may end at any instruction, and leave it so. */
    __atomic_store_n(&c->flags, c->flags | CT_F_LIVE, __ATOMIC_RELEASE);
    if (LIKELY(room < CT_BUCKET_SLOTS)) {
        ct_bucket_set(b, room, ct_bucket_word(c->hash, index));
    } else {
        __atomic_store_n(&b->more, index, __ATOMIC_RELEASE);
    }
    struct ct_stripe *s = &t->stripes[c->hash % CT_N_STRIPES];
    __atomic_store_n(&s->turn, s->turn + 2, __ATOMIC_RELEASE);
}

void ct_table_link_locked(struct ct_table *t, uint32_t index)
{
    struct ct_bucket *b = ct_table_bucket_of(t, ct_table_conn(t, index)->hash);
    link_in(t, b, ct_bucket_room(b), index);
}

/* From here on nobody finds it, and it is off the lists; let_go() must follow. */
static void remove_locked(struct ct_table *t, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(t, index);
    ct_event(t, index, CT_EVENT_DESTROY, CT_ANY_TIME);
    __atomic_store_n(&c->flags, c->flags & ~CT_F_LIVE, __ATOMIC_RELAXED);
    __atomic_store_n(&c->generation, c->generation + 1 ? c->generation + 1 : 1, __ATOMIC_RELAXED);
    ct_slot_set_class(t, index, CT_CLASS_ESTABLISHED);
    ct_zone_unlink(t, index);
    ct_tags_leave(t, index);
    ct_spin_unlock(&c->lock);
    ct_table_unlink_locked(t, index);
}

/* No lock held: the twin first, so that nobody comes through it to a slot that is used again. */
static void let_go(struct ct_table *t, uint32_t index)
{
    if (ct_table_conn(t, index)->flags & CT_F_NAT) {
        ct_twin_remove(t, index);
    }
    ct_slot_give_back(t, index);
}

bool ct_table_remove(struct ct_table *t, uint32_t index, uint32_t generation, uint8_t class,
                     int64_t now_ms)
{
    struct ct_conn *c = ct_table_conn(t, index);
    struct ct_stripe *s = &t->stripes[__atomic_load_n(&c->hash, __ATOMIC_RELAXED) % CT_N_STRIPES];
    ct_spin_lock(&s->lock);
    ct_spin_lock(&c->lock);
    bool ok = ct_conn_flags(c) & CT_F_LIVE && c->generation == generation &&
              (class == CT_ANY_CLASS || c->class == class) && ct_table_expired(c, now_ms);
    if (ok) {
        remove_locked(t, index);
    } else {
        ct_spin_unlock(&c->lock);
    }
    ct_spin_unlock(&s->lock);
    if (ok) {
        let_go(t, index);
    }
    return ok;
}

bool ct_table_expire(struct ct_table *t, uint32_t index, int64_t now_ms)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    /* Before ct_table_remove() reads the hash: they must be of the same connection. */
    uint32_t generation = __atomic_load_n(&c->generation, __ATOMIC_ACQUIRE);
    if (ct_conn_flags(c) & CT_F_LIVE && ct_table_expired(c, now_ms) &&
        ct_table_remove(t, index, generation, CT_ANY_CLASS, now_ms)) {
        counter_inc(COUNTER_conntrack_expired);
        return true;
    }
    return false;
}

/* Moves to 'high' what the 'bit' of its hash puts there; chains go into slots as far as they can.
 */
static void share(struct ct_table *t, struct ct_bucket *low, struct ct_bucket *high, uint32_t bit)
{
    for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++) {
        uint64_t word = low->slot[i];
        if (ct_bucket_hash(word) & bit) {
            ct_bucket_put(high, word);
            ct_bucket_set(low, i, 0);
        }
    }
    uint32_t *tail[2] = {&low->more, &high->more};
    for (uint32_t index = low->more; index;) {
        struct ct_conn *c = ct_table_conn(t, index);
        uint32_t next = c->next;
        bool up = c->hash & bit;
        if (!ct_bucket_put(up ? high : low, ct_bucket_word(c->hash, index))) {
            __atomic_store_n(tail[up], index, __ATOMIC_RELEASE);
            tail[up] = &c->next;
        }
        index = next;
    }
    __atomic_store_n(tail[0], 0, __ATOMIC_RELEASE);
    __atomic_store_n(tail[1], 0, __ATOMIC_RELEASE);
}

void ct_table_split(struct ct_table *t)
{
    if (!ct_spin_try(&t->grow_lock)) {
        return; /* Another will. */
    }
    uint32_t n = t->n_buckets;
    if (!ct_arena_grow(&t->buckets, ((size_t)n + 1) * sizeof(struct ct_bucket))) {
        ct_spin_unlock(&t->grow_lock);
        return; /* Longer chains. */
    }
    uint32_t top = UINT32_C(1) << (31 - __builtin_clz(n));
    struct ct_stripe *s = &t->stripes[n % CT_N_STRIPES];
    if (!ct_spin_try(&s->lock)) { /* Its holder may wait for growth. */
        ct_spin_unlock(&t->grow_lock);
        return;
    }
    __atomic_store_n(&s->turn, s->turn + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    share(t, ct_table_bucket(t, n - top), ct_table_bucket(t, n), top);
    __atomic_store_n(&t->n_buckets, n + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&s->turn, s->turn + 1, __ATOMIC_RELEASE);
    ct_spin_unlock(&s->lock);
    __builtin_prefetch(ct_table_bucket(t, n + 1 - top), 1); /* The next to be split. */
    ct_spin_unlock(&t->grow_lock);
}

bool ct_table_insert(struct ct_table *t, uint32_t index, const struct ct_lookup *q, int64_t now_ms)
{
    struct ct_conn *c = ct_table_conn(t, index);
    struct ct_stripe *s = &t->stripes[c->hash % CT_N_STRIPES];
    struct ct_bucket *b;
    unsigned room;
    for (int tries = 0;; tries++) {
        ct_spin_lock(&s->lock);
        b = ct_table_bucket_of(t, q->hash);
        uint32_t other = clash_in(t, b, q, c->flags, &room);
        if (LIKELY(!other)) {
            break;
        }
        const struct ct_conn *o = ct_table_conn(t, other);
        uint32_t conn = o->flags & CT_F_TWIN ? o->twin : other;
        ct_spin_unlock(&s->lock);
        if (tries == INSERT_TRIES || !ct_table_expire(t, conn, now_ms)) {
            let_go(t, index);
            return false;
        }
    }
    /* Nobody else's until it is linked, so that its own lock is not needed. */
    const bool ok = ct_zone_link(t, index);
    if (LIKELY(ok)) {
        ct_slot_set_class(t, index, CT_CLASS_UNREPLIED);
        ct_tags_enter(t, index);
        ct_event(t, index, CT_EVENT_NEW, now_ms);
        link_in(t, b, room, index);
    }
    ct_spin_unlock(&s->lock);
    if (UNLIKELY(!ok)) {
        let_go(t, index);
        return false;
    }
    counter_inc(COUNTER_conntrack_new);
    uint32_t n = __atomic_load_n(&t->n, __ATOMIC_RELAXED);
    for (unsigned i = 0;
         i < SPLITS_MAX && __atomic_load_n(&t->n_buckets, __ATOMIC_RELAXED) < n / CT_BUCKET_LOAD;
         i++) {
        ct_table_split(t);
    }
    return true;
}

bool ct_table_presize(struct ct_table *t, uint32_t n)
{
    uint32_t want = MAX(MIN(n, t->reserved) / CT_BUCKET_LOAD, FIRST_BUCKETS);
    if (!ct_arena_grow(&t->buckets, (size_t)want * sizeof(struct ct_bucket))) {
        return false;
    }
    t->n_buckets = want;
    return true;
}

bool ct_table_adopt(struct ct_table *t, uint32_t index, const struct ct_lookup *q)
{
    struct ct_conn *c = ct_table_conn(t, index);
    uint32_t steps = 0;
    for (uint32_t i = ct_table_bucket_of(t, c->hash)->more; i; i = ct_table_conn(t, i)->next) {
        steps++;
    }
    if (steps >= CHAIN_MAX || ct_table_clash_locked(t, q, c->flags)) {
        return false;
    }
    enum ct_class class = (enum ct_class)c->class;
    ct_table_link_locked(t, index);
    c->class = CT_CLASS_ESTABLISHED; /* In no list yet. */
    ct_slot_set_class(t, index, class);
    ct_zone_adopt(t, index);
    t->n++;
    return true;
}

uint32_t ct_table_next(const struct ct_table *t, uint32_t pos)
{
    uint32_t slot = (pos & CT_INDEX_SLOT) + 1;
    uint32_t family = pos & CT_INDEX_IP6;
    if (slot < __atomic_load_n(&t->pools[family >> 31].n_used, __ATOMIC_ACQUIRE)) {
        return family | slot;
    }
    return !family && __atomic_load_n(&t->pools[1].n_used, __ATOMIC_ACQUIRE) > 1 ? CT_INDEX_IP6 | 1
                                                                                 : 0;
}
