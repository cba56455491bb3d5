/* ct_zone.c - see ct_zone.h and ct_zone-private.h. */
#include "lib/ct/ct-private.h"

#include "lib/counter.h"

#define EXPIRE_LOOK 16u /* Connections of a full zone looked at for an expired one. */

/* ---- the list, the zone locked ---- */

static void append(struct ct_table *t, struct ct_zone *z, uint32_t index)
{
    *ct_table_zone_link(t, index) = (struct ct_zone_link){.prev = z->tail};
    if (z->tail) {
        ct_table_zone_link(t, z->tail)->next = index;
    } else {
        z->head = index;
    }
    z->tail = index;
}

static void take_out(struct ct_table *t, struct ct_zone *z, uint32_t index)
{
    const struct ct_zone_link *l = ct_table_zone_link(t, index);
    if (l->prev) {
        ct_table_zone_link(t, l->prev)->next = l->next;
    } else {
        z->head = l->next;
    }
    if (l->next) {
        ct_table_zone_link(t, l->next)->prev = l->prev;
    } else {
        z->tail = l->prev;
    }
}

/* ---- for the table ---- */

uint32_t ct_zone_size(const struct ct_table *t, uint16_t zone)
{
    return __atomic_load_n(&t->zones[zone].n, __ATOMIC_RELAXED);
}

/* 0: none. */
static uint32_t limit_of(const struct ct_table *t, const struct ct_zone *z)
{
    return __atomic_load_n(&z->limited, __ATOMIC_ACQUIRE)
               ? __atomic_load_n(&z->limit, __ATOMIC_RELAXED)
               : __atomic_load_n(&t->zone_limit, __ATOMIC_RELAXED);
}

static bool link_below(struct ct_table *t, uint32_t index, bool limited)
{
    struct ct_zone *z = &t->zones[ct_table_conn(t, index)->key.zone];
    ct_spin_lock(&z->lock);
    const uint32_t limit = limited ? limit_of(t, z) : 0;
    const bool ok = !limit || z->n < limit;
    if (ok) {
        append(t, z, index);
        __atomic_store_n(&z->n, z->n + 1, __ATOMIC_RELAXED);
    }
    ct_spin_unlock(&z->lock);
    return ok;
}

bool ct_zone_link(struct ct_table *t, uint32_t index)
{
    return link_below(t, index, true);
}

void ct_zone_adopt(struct ct_table *t, uint32_t index)
{
    link_below(t, index, false);
}

void ct_zone_unlink(struct ct_table *t, uint32_t index)
{
    struct ct_zone *z = &t->zones[ct_table_conn(t, index)->key.zone];
    ct_spin_lock(&z->lock);
    take_out(t, z, index);
    __atomic_store_n(&z->n, z->n - 1, __ATOMIC_RELAXED);
    ct_spin_unlock(&z->lock);
}

uint32_t ct_zone_turn(struct ct_table *t, uint16_t zone, uint32_t *generation)
{
    struct ct_zone *z = &t->zones[zone];
    ct_spin_lock(&z->lock);
    uint32_t index = z->head;
    if (index) {
        *generation = __atomic_load_n(&ct_table_conn(t, index)->generation, __ATOMIC_RELAXED);
        take_out(t, z, index);
        append(t, z, index);
    }
    ct_spin_unlock(&z->lock);
    return index;
}

static bool expire_one(struct ct_table *t, uint16_t zone, int64_t now_ms)
{
    uint32_t generation;
    for (unsigned i = 0; i < EXPIRE_LOOK; i++) {
        uint32_t index = ct_zone_turn(t, zone, &generation);
        if (!index) {
            return false;
        }
        if (ct_table_expire(t, index, now_ms)) {
            return true;
        }
    }
    return false;
}

bool ct_zone_admit(struct ct_table *t, uint16_t zone, int64_t now_ms)
{
    const uint32_t limit = limit_of(t, &t->zones[zone]);
    const uint32_t n = ct_zone_size(t, zone);
    if (LIKELY(!limit || n < limit) || (n == limit && expire_one(t, zone, now_ms))) {
        return true;
    }
    counter_inc(COUNTER_conntrack_zone_full);
    return false;
}

/* ---- for the control thread ---- */

void ct_zone_set_limit(struct ct *ct, int32_t zone, uint32_t limit)
{
    if (zone == CT_ZONE_DEFAULT) {
        __atomic_store_n(&ct->table.zone_limit, limit, __ATOMIC_RELAXED);
        return;
    }
    struct ct_zone *z = &ct->table.zones[(uint16_t)zone];
    __atomic_store_n(&z->limit, limit, __ATOMIC_RELAXED);
    __atomic_store_n(&z->limited, true, __ATOMIC_RELEASE);
}

void ct_zone_del_limit(struct ct *ct, int32_t zone)
{
    if (zone == CT_ZONE_DEFAULT) {
        ct_zone_set_limit(ct, zone, 0);
    } else if (ct_zone_has_limit(ct, (uint16_t)zone)) {
        __atomic_store_n(&ct->table.zones[(uint16_t)zone].limited, false, __ATOMIC_RELAXED);
    }
}

uint32_t ct_zone_get_limit(const struct ct *ct, int32_t zone)
{
    return zone == CT_ZONE_DEFAULT ? ct->table.zone_limit
                                   : limit_of(&ct->table, &ct->table.zones[(uint16_t)zone]);
}

bool ct_zone_has_limit(const struct ct *ct, uint16_t zone)
{
    return ct->table.zones[zone].limited;
}

uint32_t ct_zone_get_count(const struct ct *ct, uint16_t zone)
{
    return ct_zone_size(&ct->table, zone);
}

void ct_zone_set_liberal(struct ct *ct, uint16_t zone, bool on)
{
    __atomic_store_n(&ct->table.zones[zone].liberal, on, __ATOMIC_RELAXED);
}
