/* ct_expected.c - see ct_expected.h.  One whose control connection has gone is not shown: it will
 * not be met either. */
#include "lib/ct/ct_expected.h"

#include "lib/ct/ct-private.h"
#include "lib/ct/ct_alg-private.h"

static void set_tuple(const struct ct_ends *ends, struct ct_tuple *t)
{
    *t = (struct ct_tuple){.is_ip6 = ends->is_ip6,
                           .proto = ends->proto,
                           .src_port = ends->port[0],
                           .dst_port = ends->port[1]};
    memcpy(t->src, ends->addr[0], 16);
    memcpy(t->dst, ends->addr[1], 16);
}

/* What it has of its control connection.  False: that is over. */
static bool set_parent(struct ct *ct, struct ct_ref master, struct ct_expected *x, int64_t now_ms)
{
    struct ct_conn *c = ct_table_conn(&ct->table, master.index);
    struct ct_info info;
    if (!ct_table_lock_live(c, master.generation, now_ms)) {
        return false;
    }
    ct_info_fill(&ct->table, master.index, &info, now_ms);
    ct_spin_unlock(&c->lock);
    x->parent = info.orig;
    x->mark = info.mark;
    memcpy(x->label, info.label, sizeof x->label);
    return true;
}

unsigned ct_expected_dump(struct ct *ct, uint32_t *pos, struct ct_expected *xs, unsigned n,
                          int64_t now_ms)
{
    struct ct_expect e;
    unsigned filled = 0;
    while (filled < n && ct_expect_next(ct->expects, pos, now_ms, &e)) {
        xs[filled].zone = e.zone;
        set_tuple(&e.tuple, &xs[filled].tuple);
        filled += set_parent(ct, e.master, &xs[filled], now_ms);
    }
    return filled;
}

void ct_expected_format(const struct ct_expected *x, struct text *t)
{
    const char *name = ct_proto_name(x->tuple.proto);
    text_printf(t, "%s,orig=(", name ? name : "?");
    ct_info_put_tuple(&x->tuple, t);
    text_putc(t, ')');
    if (x->zone) {
        text_printf(t, ",zone=%u", x->zone);
    }
    ct_info_put_mark(x->mark, x->label, t);
    text_puts(t, ",parent=(");
    ct_info_put_tuple(&x->parent, t);
    text_putc(t, ')');
}
