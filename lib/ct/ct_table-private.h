/* ct_table-private.h - the table of connections: slots, index, lists, limbo.
 *
 * Layer 2; lib/ct only.  Workers look up without a lock, as registered QSBR readers that stay
 * online during the call; they insert and remove under the stripe lock of the entry's hash.
 *
 * Index: buckets of a cache line (ct_bucket-private.h), linear hashing.  Both directions of a
 * connection have one hash and one bucket.  Buckets are split one at a time, under the stripe lock
 * that both halves share; a reader that missed while its stripe was being split looks again. Limbo:
 * an unlinked slot returns to the free list of its shard after a grace period, in batches, one
 * call_rcu() under way per shard.  So more slots than connections are reserved.
 *
 * Lock order: stripe, entry, then growth, a shard, a zone or a list of marks or labels.  Who splits
 * a bucket has that of growth, and does not wait for the stripe's. */
#pragma once

#include <urcu-qsbr.h>

#include "lib/ct/ct_arena-private.h"
#include "lib/ct/ct_bucket-private.h"
#include "lib/ct/ct_conn-private.h"
#include "lib/ct/ct_kept-private.h"
#include "lib/ct/ct_tag-private.h"
#include "lib/ct/ct_zone-private.h"
#include "lib/hash.h"

#define CT_N_STRIPES 256 /* Powers of two.  Not more than the first buckets. */
#define CT_N_SHARDS  16

struct ct_events;

struct ct_pool {
    struct ct_arena conns, labels, addrs; /* 'addrs' only of IPv6. */
    struct ct_arena zone_links, algs;
    uint32_t n_slots; /* Reserved. */
    uint32_t n_used;  /* Slots ever given out, slot 0 included. */
    uint32_t n_ready; /* So many have their memory; less than 'n_used': not asked for yet. */
    /* ct_room.c.  The control thread's, but for loads of 'room_low'. */
    uint32_t room_low;  /* With so many used, more should be made ready; 0: none has been. */
    uint32_t ahead;     /* So many are then. */
    uint32_t n_touched; /* Their pages are there, up to here. */
    uint32_t tick_used; /* 'n_used' at the last sweep. */
};

/* A pool's 'room_low' is reached; the control thread has been told. */
enum ct_room { CT_ROOM_ENOUGH, CT_ROOM_WANTED, CT_ROOM_TOLD };

struct ct_stripe {
    struct ct_spin lock;
    /* One more at the beginning and the end of a split of one of its buckets, odd meanwhile; two
     * more for each entry that comes. */
    uint32_t turn;
} __attribute__((aligned(CACHE_LINE)));

struct ct_shard {
    struct ct_spin lock;
    uint32_t head[CT_N_CLASSES], tail[CT_N_CLASSES]; /* Oldest first. */
    uint32_t free[2];                                /* By family. */
    uint32_t limbo;                                  /* Unlinked since the last batch. */
    uint32_t resting; /* The batch that waits for its grace period. */
    bool waiting;     /* 'rcu' is under way. */
    struct ct_table *table;
    struct rcu_head rcu;
} __attribute__((aligned(CACHE_LINE)));

struct ct_table {
    struct ct_pool pools[2];
    struct ct_arena buckets;
    struct ct_arena expects; /* ct_expect.c */
    struct ct_kept kept;
    uint8_t room;       /* enum ct_room */
    uint32_t n_buckets; /* At least CT_N_STRIPES. */
    uint32_t max;       /* Connections. */
    uint32_t reserved;  /* The most that 'max' may become. */
    uint32_t n;         /* Connections, and those about to be inserted. */
    uint32_t evict_pos[2];
    struct ct_events *events; /* NULL: nobody has ever listened. */
    uint8_t event_mask;       /* What they listen to. */
    uint32_t zone_limit;      /* Of zones without one; 0: none. */
    struct ct_zone *zones;    /* CT_N_ZONES. */
    struct ct_tags tags;
    uint64_t seed;
    struct ct_spin grow_lock; /* Pools and buckets. */
    struct ct_stripe stripes[CT_N_STRIPES];
    struct ct_shard shards[CT_N_SHARDS];
};

/* 'store' may be NULL, else it stays the caller's and lasts as long; ct_kept_begin() follows. */
bool ct_table_init(struct ct_table *, uint32_t max, uint64_t seed,
                   const struct ct_store *store) MUST_USE;
void ct_table_deinit(struct ct_table *); /* Waits for grace periods; no other user is left. */

static inline struct ct_conn *ct_table_conn(const struct ct_table *t, uint32_t index)
{
    const struct ct_pool *pool = &t->pools[index >> 31];
    return (struct ct_conn *)(void *)pool->conns.base + (index & CT_INDEX_SLOT);
}

static inline struct ct_bucket *ct_table_bucket(const struct ct_table *t, uint32_t b)
{
    return (struct ct_bucket *)(void *)t->buckets.base + b;
}

static inline struct ct_addr6 *ct_table_addr6(const struct ct_table *t, uint32_t index)
{
    return (struct ct_addr6 *)(void *)t->pools[1].addrs.base + (index & CT_INDEX_SLOT);
}

static inline uint8_t *ct_table_label(const struct ct_table *t, uint32_t index)
{
    return t->pools[index >> 31].labels.base + (size_t)16 * (index & CT_INDEX_SLOT);
}

/* Before the first use of the label of a slot.  False: out of memory. */
static inline bool ct_table_touch_label(struct ct_table *t, uint32_t index)
{
    return ct_arena_touch(&t->pools[index >> 31].labels, (size_t)16 * (index & CT_INDEX_SLOT));
}

static inline struct ct_alg *ct_table_alg(const struct ct_table *t, uint32_t index)
{
    return (struct ct_alg *)(void *)t->pools[index >> 31].algs.base + (index & CT_INDEX_SLOT);
}

/* Before its first use, as for labels. */
static inline bool ct_table_touch_alg(struct ct_table *t, uint32_t index)
{
    size_t begin = sizeof(struct ct_alg) * (index & CT_INDEX_SLOT);
    return ct_arena_touch(&t->pools[index >> 31].algs, begin) &&
           ct_arena_touch(&t->pools[index >> 31].algs, begin + sizeof(struct ct_alg) - 1);
}

static inline struct ct_zone_link *ct_table_zone_link(const struct ct_table *t, uint32_t index)
{
    return (struct ct_zone_link *)(void *)t->pools[index >> 31].zone_links.base +
           (index & CT_INDEX_SLOT);
}

static inline bool ct_table_expired(const struct ct_conn *c, int64_t now_ms)
{
    return __atomic_load_n(&c->expires_ms, __ATOMIC_RELAXED) <= now_ms;
}

/* Locks the entry if it still is the one that was found. */
static inline bool ct_table_lock_live(struct ct_conn *c, uint32_t generation, int64_t now_ms)
{
    ct_spin_lock(&c->lock);
    if (ct_conn_flags(c) & CT_F_LIVE && c->generation == generation &&
        !ct_table_expired(c, now_ms)) {
        return true;
    }
    ct_spin_unlock(&c->lock);
    return false;
}

/* Is it the entry of this tuple?  -1, or the direction: 0 if 'key' is its original one. */
static inline int ct_table_match(const struct ct_table *t, uint32_t index, const struct ct_conn *c,
                                 const struct ct_lookup *q)
{
    if (c->hash != q->hash || index >> 31 != q->is_ip6) {
        return -1;
    }
    uint8_t nat = __atomic_load_n(&c->flags, __ATOMIC_RELAXED) & CT_F_ONE_WAY;
    bool one_way = q->one_way || nat;
    if (UNLIKELY(q->one_way && nat && q->is_reply != (nat == CT_F_TWIN))) {
        return -1;
    }
    bool forth = ct_key_same(&c->key, &q->key);
    bool back = !one_way && ct_key_turned(&c->key, &q->key);
    if (UNLIKELY(q->is_ip6)) { /* With equal ports both may be so far: the addresses decide. */
        const struct ct_addr6 *a = ct_table_addr6(t, index);
        forth = forth && !memcmp(a, &q->addr6, sizeof *a);
        back = back && !memcmp(a->a[0], q->addr6.a[1], 16) && !memcmp(a->a[1], q->addr6.a[0], 16);
    }
    return forth ? 0 : back ? 1 : -1;
}

/* Locks the entry that was seen ahead, if it is the one that ct_table_find() would find.
 * Translated ones are left to that. */
static inline bool ct_table_lock_ahead(const struct ct_table *t, const struct ct_lookup *q,
                                       int64_t now_ms, unsigned *dir)
{
    struct ct_conn *c = ct_table_conn(t, q->ahead);
    ct_spin_lock(&c->lock);
    if ((ct_conn_flags(c) & (CT_F_LIVE | CT_F_ONE_WAY)) == CT_F_LIVE &&
        !ct_table_expired(c, now_ms)) {
        int d = ct_table_match(t, q->ahead, c, q);
        if (d >= 0) {
            *dir = (unsigned)d | q->is_reply;
            return true;
        }
    }
    ct_spin_unlock(&c->lock);
    return false;
}

/* Fills the hash of a lookup that has the rest. */
static inline void ct_table_prepare(const struct ct_table *t, struct ct_lookup *q)
{
    const struct ct_key *k = &q->key;
    /* The two ends go in by size, so that both directions hash alike. */
    uint64_t h;
    if (LIKELY(!q->is_ip6)) {
        uint64_t a = (uint64_t)k->ip4[0] << 16 | k->port[0];
        uint64_t b = (uint64_t)k->ip4[1] << 16 | k->port[1];
        uint64_t w[2] = {MIN(a, b) | k->proto * BIT64(48), MAX(a, b) | (uint64_t)k->zone << 48};
        h = hash_words(w, 2, t->seed ^ k->icmp_type);
    } else {
        const uint64_t(*a)[2] = q->addr6.a;
        uint64_t rest = (uint64_t)k->zone << 16 | (uint64_t)k->proto << 8 | k->icmp_type;
        bool swap = a[0][0] != a[1][0]   ? a[0][0] > a[1][0]
                    : a[0][1] != a[1][1] ? a[0][1] > a[1][1]
                                         : k->port[0] > k->port[1];
        uint64_t ports = (uint64_t)k->port[swap] << 48 | (uint64_t)k->port[!swap] << 32;
        uint64_t w[5] = {a[swap][0], a[swap][1], a[!swap][0], a[!swap][1], ports | rest};
        h = hash_words(w, 5, ~t->seed);
    }
    q->hash = (uint32_t)(h ^ h >> 32);
}

static inline struct ct_bucket *ct_table_bucket_of(const struct ct_table *t, uint32_t hash)
{
    uint32_t n = __atomic_load_n(&t->n_buckets, __ATOMIC_ACQUIRE);
    uint32_t top = UINT32_C(1) << (31 - __builtin_clz(n));
    uint32_t b = hash & (2 * top - 1);
    return ct_table_bucket(t, b < n ? b : b & (top - 1));
}

/* Ahead of ct_table_find(): its line of the index, which is returned; then, that one being there,
 * its entry, which is noted. */
static inline const struct ct_bucket *ct_table_prefetch_bucket(const struct ct_table *t,
                                                               const struct ct_lookup *q)
{
    const struct ct_bucket *b = ct_table_bucket_of(t, q->hash);
    __builtin_prefetch(b, 1);
    return b;
}

static inline void ct_table_prefetch_entry(const struct ct_table *t, const struct ct_bucket *b,
                                           struct ct_lookup *q)
{
    q->turn = __atomic_load_n(&t->stripes[q->hash % CT_N_STRIPES].turn, __ATOMIC_ACQUIRE);
    uint32_t index = __atomic_load_n(&b->more, __ATOMIC_ACQUIRE);
    /* All of them, without a branch: which one it is cannot be foretold. */
#pragma GCC unroll 7
    for (unsigned i = 0; i < CT_BUCKET_SLOTS; i++) {
        uint64_t word = ct_bucket_get(b, i);
        index = ct_bucket_hash(word) == q->hash ? (uint32_t)word : index;
    }
    q->ahead = index;
    q->absent = !index && !(q->turn & 1);
    if (index) {
        const struct ct_conn *c = ct_table_conn(t, index);
        __builtin_prefetch(c, 1);
        __builtin_prefetch(c->packets, 1);
        if (UNLIKELY(index & CT_INDEX_IP6)) {
            __builtin_prefetch(ct_table_addr6(t, index));
        }
    }
}

/* Is it certain, without another look, that ct_table_find() would find nothing? */
static inline bool ct_table_still_absent(const struct ct_table *t, const struct ct_lookup *q)
{
    const struct ct_stripe *s = &t->stripes[q->hash % CT_N_STRIPES];
    return q->absent && __atomic_load_n(&s->turn, __ATOMIC_RELAXED) == q->turn;
}

/* The index of the live, unexpired entry of this tuple, or 0; *dir is 0 if 'key' is its original
 * direction.  It may go at any moment: lock it and ask CT_F_LIVE, or compare its generation. */
uint32_t ct_table_find(struct ct_table *, const struct ct_lookup *, int64_t now_ms, unsigned *dir);
/* Puts a slot of ct_slot_alloc() into the table, with the twin that it has if CT_F_NAT is set.
 * False: another has its tuple, slot and twin are given back. */
bool ct_table_insert(struct ct_table *, uint32_t index, const struct ct_lookup *, int64_t now_ms);
/* Is there an entry that a new one of this tuple would collide with?  'flags': CT_F_ONE_WAY bits of
 * the new one. */
bool ct_table_taken(struct ct_table *, const struct ct_lookup *, uint8_t flags, int64_t now_ms);

/* ---- ct_twin.c ---- */

/* Makes the twin of a connection that is not in the table yet, and puts it there under the tuple
 * that replies will carry.  False: that tuple is taken, or no slot is left. */
bool ct_twin_insert(struct ct_table *, uint32_t index, const struct ct_lookup *, int64_t now_ms);
/* Takes the twin out; its connection is not (or not yet) in the table. */
void ct_twin_remove(struct ct_table *, uint32_t index);

/* ---- ct_table.c, for ct_twin.c: the stripe's lock held ---- */

/* The entry that one of 'q' and 'flags' would collide with, or 0. */
uint32_t ct_table_clash_locked(const struct ct_table *, const struct ct_lookup *q, uint8_t flags);
void ct_table_link_locked(struct ct_table *, uint32_t index);
void ct_table_unlink_locked(struct ct_table *, uint32_t index);

#define CT_ANY_TIME  INT64_MAX
#define CT_ANY_CLASS UINT8_MAX
/* Takes out the entry if it still is 'generation', of that class, and expired at 'now_ms'.  False
 * if it was not. */
bool ct_table_remove(struct ct_table *, uint32_t index, uint32_t generation, uint8_t class,
                     int64_t now_ms);
/* Takes out the entry in this slot if there is one and it has expired (counted). */
bool ct_table_expire(struct ct_table *, uint32_t index, int64_t now_ms);
/* The next slot ever used after *pos (0 = from the start), through both pools; 0: no more. */
uint32_t ct_table_next(const struct ct_table *, uint32_t pos);

/* Moves half of a bucket to a new one, unless another is about it or there is no memory. */
void ct_table_split(struct ct_table *);

/* Adoption, by one thread before others begin: an index for that many, then entries as they lie in
 * their slots.  False: no memory; the tuple is another's. */
bool ct_table_presize(struct ct_table *, uint32_t n) MUST_USE;
bool ct_table_adopt(struct ct_table *, uint32_t index, const struct ct_lookup *) MUST_USE;

/* ---- ct_slot.c ---- */

/* No worker is in the table: all that rests is free at once. */
void ct_slot_end_rest(struct ct_table *, struct ct_shard *);
/* The first 'n' slots of the family have their memory.  False: there is none, or no such slot. */
bool ct_slot_make_ready(struct ct_table *, bool is_ip6, size_t n) MUST_USE;
/* The slot holds nothing and is nobody's. */
void ct_slot_adopt_free(struct ct_table *, uint32_t index);

/* Begins an insertion: a slot with its key, all else zero, which only the caller writes until it is
 * inserted.  0: the table or the zone is full (counted).  May evict. */
uint32_t ct_slot_alloc(struct ct_table *, const struct ct_lookup *, int64_t now_ms);
/* Entry locked, or nobody else's yet: moves it to the list of its new class. */
void ct_slot_set_class(struct ct_table *, uint32_t index, enum ct_class);
/* The same for a twin, which does not count.  0: none left. */
uint32_t ct_slot_alloc_twin(struct ct_table *, const struct ct_lookup *);
/* No longer (or never) linked: to limbo, and out of the count. */
void ct_slot_give_back(struct ct_table *, uint32_t index);
void ct_slot_give_back_twin(struct ct_table *, uint32_t index);
