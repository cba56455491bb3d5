/* ct_burst.c - see ct_burst.h. */
#include "lib/ct/ct_burst.h"

#include <stdlib.h>

#include "lib/ct/ct-private.h"
#include "lib/mem.h"

struct item {
    enum ct_kind kind;
    const struct ct_bucket *bucket; /* Of a packet that is not invalid. */
    struct ct_packet x;
};

struct ct_burst {
    unsigned n;
    struct item items[CT_BURST_MAX];
};

struct ct_burst *ct_burst_new(void)
{
    return xzalloc_cacheline(sizeof(struct ct_burst));
}

void ct_burst_free(struct ct_burst *b)
{
    free(b);
}

void ct_burst_begin(struct ct_burst *b)
{
    b->n = 0;
}

unsigned ct_burst_add(const struct ct *ct, struct ct_burst *b, struct packet *p, uint16_t zone)
{
    /* Its connection is on it already. */
    bool known = p->ct.state & CS_TRK && p->ct.zone == zone && p->ct.conn.generation;
    if (b->n == CT_BURST_MAX || known) {
        return 0;
    }
    struct item *i = &b->items[b->n];
    i->kind = ct_extract(p, zone, &i->x);
    if (i->kind != CT_KIND_INVALID) {
        ct_table_prepare(&ct->table, &i->x.q);
        i->bucket = ct_table_prefetch_bucket(&ct->table, &i->x.q);
    }
    return ++b->n;
}

void ct_burst_look(const struct ct *ct, struct ct_burst *b)
{
    for (unsigned i = 0; i < b->n; i++) {
        if (b->items[i].kind != CT_KIND_INVALID) {
            ct_table_prefetch_entry(&ct->table, b->items[i].bucket, &b->items[i].x.q);
        }
    }
}

enum ct_fate ct_burst_execute(struct ct *ct, const struct ct_burst *b, unsigned number,
                              struct packet *p, const struct ct_args *args, int64_t now_ms)
{
    const struct item *i = number ? &b->items[number - 1] : NULL;
    return i && i->x.q.key.zone == args->zone
               ? ct_execute_extracted(ct, p, i->kind, &i->x, args, now_ms)
               : ct_execute(ct, p, args, now_ms);
}
