/* ct_twin.c - see ct_table-private.h: the second slot of a translated connection.
 *
 * Layer 2, pure; any worker.  The two slots lie in different chains, so they come and go one after
 * the other: the twin is there first and is unlinked last but before its connection's slot rests.
 * Who finds a twin whose connection is not live has found nothing. */
#include "lib/ct/ct_table-private.h"

static struct ct_stripe *stripe_of(struct ct_table *t, const struct ct_conn *c)
{
    return &t->stripes[c->hash % CT_N_STRIPES];
}

bool ct_twin_insert(struct ct_table *t, uint32_t index, const struct ct_lookup *q, int64_t now_ms)
{
    if (ct_table_taken(t, q, CT_F_TWIN, now_ms)) {
        return false;
    }
    uint32_t twin = ct_slot_alloc_twin(t, q);
    if (!twin) {
        return false;
    }
    struct ct_conn *c = ct_table_conn(t, twin);
    struct ct_stripe *s = stripe_of(t, c);
    ct_conn_set_flags(c, CT_F_TWIN);
    c->twin = index;
    __atomic_store_n(&c->expires_ms, CT_ANY_TIME, __ATOMIC_RELAXED);
    ct_spin_lock(&s->lock);
    bool ok = !ct_table_clash_locked(t, q, CT_F_TWIN);
    if (ok) {
        struct ct_conn *main = ct_table_conn(t, index);
        ct_conn_set_flags(main, main->flags | CT_F_NAT);
        main->twin = twin;
        ct_table_link_locked(t, twin);
    }
    ct_spin_unlock(&s->lock);
    if (!ok) {
        ct_slot_give_back_twin(t, twin);
    }
    return ok;
}

void ct_twin_remove(struct ct_table *t, uint32_t index)
{
    uint32_t twin = ct_table_conn(t, index)->twin;
    struct ct_conn *c = ct_table_conn(t, twin);
    struct ct_stripe *s = stripe_of(t, c);
    ct_spin_lock(&s->lock);
    ct_spin_lock(&c->lock);
    __atomic_store_n(&c->flags, c->flags & ~CT_F_LIVE, __ATOMIC_RELAXED);
    __atomic_store_n(&c->generation, c->generation + 1 ? c->generation + 1 : 1, __ATOMIC_RELAXED);
    ct_spin_unlock(&c->lock);
    ct_table_unlink_locked(t, twin);
    ct_spin_unlock(&s->lock);
    ct_slot_give_back_twin(t, twin);
}
