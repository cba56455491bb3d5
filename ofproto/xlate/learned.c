/* learned.c - see learned.h. */
#include "ofproto/xlate/learned.h"

#include <stdlib.h>

#include "lib/mem.h"

struct learned *learned_new(struct tables *ts, const struct match *m, const struct rule_args *args,
                            struct rule_acts *acts, uint32_t limit)
{
    struct learned *l = xzalloc(sizeof *l);

    l->refs = 1;
    tables_ref(ts);
    l->tables = ts;
    l->match = *m;
    l->args = *args;
    l->acts = acts;
    l->limit = limit;
    return l;
}

void learned_ref(struct learned *l)
{
    __atomic_add_fetch(&l->refs, 1, __ATOMIC_RELAXED);
}

void learned_unref(struct learned *l)
{
    if (l && __atomic_sub_fetch(&l->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        tables_unref(l->tables);
        rule_acts_unref(l->acts);
        free(l);
    }
}

bool learned_is_rule(const struct learned *l, const struct rule *r)
{
    const struct rule_args *a = &l->args;

    return r->cookie == a->cookie && r->flags == a->flags && r->acts->len == l->acts->len &&
           !memcmp(r->acts->data, l->acts->data, l->acts->len);
}
