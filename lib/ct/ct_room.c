/* ct_room.c - see ct_room.h. */
#include "lib/ct/ct_room.h"

#include "lib/ct/ct-private.h"

#define AHEAD_MIN 1024u  /* Slots: 170 kB. */
#define AHEAD_MAX 32768u /* 5 MB. */
#define STEP      4096u  /* Slots at a time, so that workers do not wait long for the lock. */

bool ct_room_wanted(struct ct *ct)
{
    uint8_t *room = &ct->table.room, wanted = CT_ROOM_WANTED;
    return UNLIKELY(__atomic_load_n(room, __ATOMIC_RELAXED) == wanted) &&
           __atomic_compare_exchange_n(room, &wanted, CT_ROOM_TOLD, false, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

static void populate(const struct ct_arena *a, uint32_t from, uint32_t to, size_t element)
{
    ct_arena_populate(a, from * element, to * element);
}

static void make_slots(struct ct_table *t, bool is_ip6, uint32_t end)
{
    struct ct_pool *pool = &t->pools[is_ip6];
    const uint32_t used = __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED);
    uint32_t from = MAX(pool->n_touched, used);
    for (; from < end; from = pool->n_touched) {
        uint32_t to = MIN(from + STEP, end);
        if (!ct_slot_make_ready(t, is_ip6, to)) {
            return; /* Whoever needs one finds out. */
        }
        populate(&pool->conns, from, to, sizeof(struct ct_conn));
        populate(&pool->zone_links, from, to, sizeof(struct ct_zone_link));
        if (is_ip6) {
            populate(&pool->addrs, from, to, sizeof(struct ct_addr6));
        }
        pool->n_touched = to;
    }
}

/* True: as much was used up as tells that the run is too short. */
static bool look_after(struct ct_table *t, bool is_ip6)
{
    struct ct_pool *pool = &t->pools[is_ip6];
    uint32_t used = __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED);
    if (used == 1 || used < pool->room_low) {
        return false;
    }
    pool->ahead = pool->room_low ? MIN(2 * pool->ahead, AHEAD_MAX) : AHEAD_MIN;
    make_slots(t, is_ip6, MIN(used + pool->ahead, pool->n_slots));
    __atomic_store_n(&pool->room_low, used + pool->ahead / 2, __ATOMIC_RELAXED);
    return true;
}

/* The index for as many connections as there are slots ready: packets then need not split buckets.
 */
static void make_buckets(struct ct_table *t)
{
    uint32_t n = __atomic_load_n(&t->n, __ATOMIC_RELAXED);
    uint32_t end = (n + t->pools[0].ahead + t->pools[1].ahead) / CT_BUCKET_LOAD;
    end = (uint32_t)MIN(end, t->buckets.reserved / sizeof(struct ct_bucket));
    uint32_t from = __atomic_load_n(&t->n_buckets, __ATOMIC_RELAXED);
    if (from >= end) {
        return;
    }
    ct_spin_lock(&t->grow_lock);
    bool ok = ct_arena_grow(&t->buckets, end * sizeof(struct ct_bucket));
    ct_spin_unlock(&t->grow_lock);
    if (ok) {
        ct_arena_populate(&t->buckets, from * sizeof(struct ct_bucket),
                          end * sizeof(struct ct_bucket));
        for (; from < end; from++) {
            ct_table_split(t);
        }
    }
}

void ct_room_make(struct ct *ct)
{
    struct ct_table *t = &ct->table;
    __atomic_store_n(&t->room, CT_ROOM_ENOUGH, __ATOMIC_RELAXED);
    bool more = look_after(t, false);
    more |= look_after(t, true);
    if (more) {
        make_buckets(t);
    }
}

void ct_room_tick(struct ct *ct)
{
    for (int f = 0; f < 2; f++) {
        struct ct_pool *pool = &ct->table.pools[f];
        uint32_t used = __atomic_load_n(&pool->n_used, __ATOMIC_RELAXED);
        if (used - pool->tick_used < pool->ahead / 4) {
            pool->ahead = MAX(pool->ahead / 2, AHEAD_MIN);
        }
        pool->tick_used = used;
    }
    ct_room_make(ct);
}
