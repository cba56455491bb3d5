/* ct_adopt.c - see ct_kept-private.h: the entries that a former process left, one by one.
 *
 * Layer 2, pure; the thread that makes the tracker, before any packet.
 *
 * An entry is taken if it is live and not expired, its hash is that of its tuple, all its numbers
 * are ones that this build writes, and no other entry has its tuple.  One that was locked when the
 * process ended is taken too: its fields are each from before or after one packet, as they would be
 * had that packet been lost.  A translated one must have its twin, which is taken with it.  All
 * others are wiped, but for their generation, and are free slots.
 */
#include <stddef.h>

#include "lib/ct/ct_kept-private.h"
#include "lib/ct/ct_proto-private.h"
#include "lib/ct/ct_table-private.h"
#include "lib/packet/ip.h"

#define FLAGS_KNOWN \
    (CT_F_LIVE | CT_F_SEEN_REPLY | CT_F_LABEL | CT_F_SCALED | CT_F_NAT | CT_F_RELATED)
#define TIMEOUT_MAX (INT64_C(1000) << 32)
#define MAX_WSCALE  14

struct adopt {
    struct ct_table *table;
    int64_t now_ms, shift_ms; /* 'shift' is added to their times. */
    struct ct_adopted *out;
};

static bool tcp_ok(const struct ct_peer *p)
{
    return p->state <= CT_TCP_TIME_WAIT && (p->wscale & CT_WSCALE_MASK) <= MAX_WSCALE;
}

static bool states_ok(const struct ct_conn *c)
{
    switch (c->key.proto) {
    case IPPROTO_HDR_TCP:
        return tcp_ok(&c->peer[0]) && tcp_ok(&c->peer[1]);
    case IPPROTO_HDR_SCTP:
        return c->peer[0].state < CT_SCTP_N_STATES;
    default:
        return ct_other_state_ok(c);
    }
}

/* Its lengths are what is read by. */
static bool alg_ok(struct ct_table *t, uint32_t index)
{
    struct ct_pool *pool = &t->pools[index >> 31];
    size_t end = ((size_t)(index & CT_INDEX_SLOT) + 1) * sizeof(struct ct_alg);
    if (end > pool->algs.committed || !ct_table_touch_alg(t, index)) {
        return false;
    }
    struct ct_alg *a = ct_table_alg(t, index);
    if (pool->algs.part->partial && ct_table_conn(t, index)->flags & CT_F_RELATED &&
        !a->master.proto) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        if (a->now[i].n > sizeof a->now[i].text || a->last[i].n > sizeof a->last[i].text ||
            !ct_shift_ok(&a->shift[i])) {
            return false;
        }
    }
    return true;
}

/* Is all that belongs to the slot there? */
static bool parts_ok(struct ct_table *t, uint32_t index)
{
    struct ct_pool *pool = &t->pools[index >> 31];
    size_t end = (size_t)(index & CT_INDEX_SLOT) + 1;
    if (index & CT_INDEX_IP6 && end * sizeof(struct ct_addr6) > pool->addrs.committed) {
        return false;
    }
    const struct ct_conn *c = ct_table_conn(t, index);
    if ((c->flags & CT_F_RELATED || ct_helper_of(c) == CT_HELPER_FTP) && !alg_ok(t, index)) {
        return false;
    }
    if (!(c->flags & CT_F_LABEL)) {
        return true;
    }
    return end * 16 <= pool->labels.committed && ct_table_touch_label(t, index) &&
           !(pool->labels.part->partial && is_all_zeros(ct_table_label(t, index), 16));
}

/* Fills in the lookup of its tuple. */
static bool tuple_ok(struct ct_table *t, uint32_t index, struct ct_lookup *q)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    memset(q, 0, sizeof *q);
    q->is_ip6 = index & CT_INDEX_IP6;
    if (!c->generation || !parts_ok(t, index) || (q->is_ip6 && c->key.ip4_word)) {
        return false;
    }
    q->key = c->key;
    q->one_way = c->key.proto == IPPROTO_HDR_ICMP || c->key.proto == IPPROTO_HDR_ICMP6;
    if (q->is_ip6) {
        q->addr6 = *ct_table_addr6(t, index);
    }
    ct_table_prepare(t, q);
    return q->hash == c->hash;
}

static bool entry_ok(struct ct_table *t, uint32_t index, struct ct_lookup *q)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    return !(c->flags & ~FLAGS_KNOWN) && c->class <= CT_CLASS_ESTABLISHED && states_ok(c) &&
           (c->key.icmp_type || c->helper <= CT_HELPER_TFTP) &&
           !!c->twin == !!(c->flags & CT_F_NAT) && tuple_ok(t, index, q);
}

/* Is this slot number one that the family has? */
static bool slot_ok(const struct ct_table *t, uint32_t index, uint32_t like)
{
    uint32_t slot = index & CT_INDEX_SLOT;
    return !((index ^ like) & CT_INDEX_IP6) && slot && slot < t->pools[like >> 31].n_used;
}

/* The twin of a translated entry. */
static bool twin_ok(struct ct_table *t, uint32_t index)
{
    const struct ct_conn *c = ct_table_conn(t, index);
    struct ct_lookup q;
    if (!slot_ok(t, c->twin, index)) {
        return false;
    }
    const struct ct_conn *w = ct_table_conn(t, c->twin);
    return w->flags == (CT_F_LIVE | CT_F_TWIN) && w->twin == index && w->key.zone == c->key.zone &&
           w->key.proto == c->key.proto && w->key.icmp_type == c->key.icmp_type &&
           tuple_ok(t, c->twin, &q) && !ct_table_clash_locked(t, &q, CT_F_TWIN);
}

static void adopt_twin(struct ct_table *t, uint32_t index)
{
    struct ct_conn *w = ct_table_conn(t, index);
    w->lock.held = 0;
    w->class = CT_CLASS_ESTABLISHED;
    w->expires_ms = CT_ANY_TIME;
    ct_table_link_locked(t, index);
}

/* A twin stays if its connection did. */
static bool twin_stays(const struct ct_table *t, uint32_t index)
{
    uint32_t conn = ct_table_conn(t, index)->twin;
    const struct ct_conn *c = slot_ok(t, conn, index) ? ct_table_conn(t, conn) : NULL;
    return c && c->flags & CT_F_LIVE && c->flags & CT_F_NAT && c->twin == index;
}

static bool times_ok(const struct adopt *a, struct ct_conn *c)
{
    int64_t latest = a->now_ms - a->shift_ms; /* By the clock of the former process. */
    if (c->expires_ms < 0 || c->expires_ms > latest + TIMEOUT_MAX || c->start_ms < 0 ||
        c->start_ms > latest) {
        return false;
    }
    c->expires_ms += a->shift_ms;
    c->start_ms = MAX(c->start_ms + a->shift_ms, 0);
    return true;
}

/* Whether the entry stays. */
static bool adopt_live(struct adopt *a, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(a->table, index);
    struct ct_lookup q;
    if (!entry_ok(a->table, index, &q) || !times_ok(a, c)) {
        a->out->n_damaged++;
        return false;
    }
    if (ct_table_expired(c, a->now_ms)) {
        a->out->n_expired++;
        return false;
    }
    bool locked = c->lock.held, nat = c->flags & CT_F_NAT;
    c->lock.held = 0;
    if ((nat && !twin_ok(a->table, index)) || !ct_table_adopt(a->table, index, &q)) {
        a->out->n_damaged++;
        return false;
    }
    if (nat) {
        adopt_twin(a->table, c->twin);
    }
    a->out->n_locked += locked;
    a->out->n_kept++;
    return true;
}

static void wipe(struct ct_table *t, uint32_t index)
{
    struct ct_conn *c = ct_table_conn(t, index);
    uint32_t generation = c->generation + 1 ? c->generation + 1 : 1;
    memset(c, 0, sizeof *c);
    c->generation = generation;
    c->class = CT_CLASS_ESTABLISHED;
    ct_slot_adopt_free(t, index);
}

/* Makes usable what is kept of an arena. */
static bool grow(struct ct_arena *a, const struct ct_pool *pool, size_t element)
{
    size_t kept = a->part ? MIN(a->part->kept, a->part->kept_again) : 0;
    return ct_arena_grow(a, MIN(kept, pool->n_slots * element));
}

static bool grow_pool(struct ct_pool *pool)
{
    return grow(&pool->conns, pool, sizeof(struct ct_conn)) && grow(&pool->labels, pool, 16) &&
           grow(&pool->algs, pool, sizeof(struct ct_alg)) &&
           grow(&pool->addrs, pool, sizeof(struct ct_addr6));
}

/* The process that gives the table has its pages: none is to be taken. */
static void believe_room(struct ct_arena *a)
{
    if (a->part) {
        a->has_room = MIN(a->part->kept, a->part->kept_again);
        a->has_room = a->store->size > a->offset ? MIN(a->has_room, a->store->size - a->offset) : 0;
    }
}

bool ct_adopt_grow(struct ct_table *t)
{
    for (int f = 0; f < 2; f++) {
        believe_room(&t->pools[f].conns);
        believe_room(&t->pools[f].addrs);
    }
    return grow_pool(&t->pools[0]) && grow_pool(&t->pools[1]);
}

/* How many slots of a pool may be read.  0: none. */
static uint32_t slots_of(struct ct_pool *pool)
{
    bool ok = grow_pool(pool);
    size_t n = pool->conns.committed / sizeof(struct ct_conn);
    return ok ? (uint32_t)MIN(n, pool->n_slots) : 0;
}

/* One after the last slot ever given out; adds the live ones up.  The rest must be zero. */
static uint32_t used_of(const struct ct_table *t, bool is_ip6, uint32_t n, uint32_t *live)
{
    uint32_t used = 1;
    for (uint32_t slot = 1; slot < n; slot++) {
        const struct ct_conn *c = ct_table_conn(t, slot | (is_ip6 ? CT_INDEX_IP6 : 0));
        used = c->generation || c->flags ? slot + 1 : used;
        *live += c->flags & CT_F_LIVE ? 1 : 0;
    }
    if (used < n) {
        memset(ct_table_conn(t, used | (is_ip6 ? CT_INDEX_IP6 : 0)), 0,
               (n - used) * sizeof(struct ct_conn));
    }
    return used;
}

/* What was kept of labels and addresses may be less than there are slots, which are used again. */
static bool grow_rest(struct ct_pool *pool)
{
    return ct_arena_grow(&pool->labels, pool->n_used * (size_t)16) &&
           (!pool->addrs.reserved ||
            ct_arena_grow(&pool->addrs, pool->n_used * sizeof(struct ct_addr6)));
}

bool ct_adopt(struct ct_table *t, int64_t now_ms, struct ct_adopted *out)
{
    const struct ct_header *h = (const struct ct_header *)(const void *)t->kept.arena.base;
    struct adopt a = {.table = t, .now_ms = now_ms, .out = out};
    uint32_t live = 0;
    /* A clock behind the former one's: it was warped, in a test. */
    a.shift_ms = MIN(now_ms - (int64_t)h->now_ms, 0);
    for (int family = 0; family < 2; family++) {
        struct ct_pool *pool = &t->pools[family];
        pool->n_used = used_of(t, family, slots_of(pool), &live);
        if (!ct_arena_grow(&pool->zone_links, pool->n_used * sizeof(struct ct_zone_link))) {
            return false;
        }
    }
    if (!ct_table_presize(t, live)) {
        return false;
    }
    for (uint32_t index = 0; (index = ct_table_next(t, index)) != 0;) {
        uint8_t flags = ct_table_conn(t, index)->flags;
        if (!(flags & CT_F_TWIN) && (!(flags & CT_F_LIVE) || !adopt_live(&a, index))) {
            wipe(t, index);
        }
    }
    for (uint32_t index = 0; (index = ct_table_next(t, index)) != 0;) {
        if (ct_table_conn(t, index)->flags & CT_F_TWIN && !twin_stays(t, index)) {
            wipe(t, index);
        }
    }
    ct_kept_tick(&t->kept, now_ms);
    return grow_rest(&t->pools[0]) && grow_rest(&t->pools[1]);
}
