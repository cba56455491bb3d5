/* ct_relate.c - see ct_alg-private.h: connections that a helper expected, and what they inherit. */
#include "lib/ct/ct-private.h"

#include "lib/counter.h"
#include "lib/ct/ct_alg-private.h"

void ct_relate(struct ct *ct, const struct ct_lookup *q, int64_t now_ms, struct ct_relation *r)
{
    r->yes = false;
    if (LIKELY(!ct_expect_find(ct->expects, q, false, now_ms, &r->e))) {
        return;
    }
    const struct ct_table *t = &ct->table;
    struct ct_ref master = r->e.master;
    struct ct_conn *c = ct_table_conn(t, master.index);
    if (!ct_table_lock_live(c, master.generation, now_ms)) {
        return; /* Nobody is there any more who could have expected it. */
    }
    r->yes = true;
    r->mark = c->mark;
    r->has_label = c->flags & CT_F_LABEL;
    if (r->has_label) {
        memcpy(r->label, ct_table_label(t, master.index), 16);
    }
    r->key = c->key;
    memset(&r->addr6, 0, sizeof r->addr6);
    if (q->is_ip6) {
        r->addr6 = *ct_table_addr6(t, master.index);
    }
    ct_spin_unlock(&c->lock);
    counter_inc(COUNTER_conntrack_related);
}

void ct_relate_inherit(struct ct_table *t, uint32_t index, const struct ct_relation *r)
{
    struct ct_conn *c = ct_table_conn(t, index);
    struct ct_alg *a = ct_table_alg(t, index);
    ct_conn_set_flags(c, c->flags | CT_F_RELATED);
    a->master = r->key;
    a->master6 = r->addr6;
    c->mark = r->mark;
    if (r->has_label && ct_table_touch_label(t, index)) {
        memcpy(ct_table_label(t, index), r->label, 16);
        ct_conn_set_flags(c, c->flags | CT_F_LABEL);
    }
}
