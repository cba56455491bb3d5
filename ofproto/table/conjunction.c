/* conjunction.c - see classifier.h: rules that match together.
 *
 * A rule whose acts are conjunction(ID,k/n) does not match by itself.  Where rules of one priority
 * cover all n clauses of an ID, the search begins again with conj_id=ID, for ordinary rules only;
 * if it finds none, the next lower priority has its turn.  (Nicira extension; Open vSwitch,
 * ovs-actions(7).) */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/table/classifier.h"

#define ON_STACK 32

/* One conjunction() of a rule that matched. */
struct part {
    uint32_t id;
    uint8_t n_clauses, clause;
};

struct parts {
    struct part *p, stack[ON_STACK];
    size_t n, cap;
};

bool conjunction_is_in(const void *acts, size_t len)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (a->type == ACT_CONJUNCTION) {
            return true;
        }
    }
    return false;
}

static void parts_add(struct parts *ps, const struct rule *r)
{
    const struct act *a;

    ACT_FOR_EACH(a, r->acts->data, r->acts->len) {
        if (a->type != ACT_CONJUNCTION) {
            continue;
        }
        const struct act_conjunction *c = (const void *)a;
        if (ps->n == ps->cap) {
            struct part *more = xmalloc(2 * ps->cap * sizeof *more);
            memcpy(more, ps->p, ps->n * sizeof *more);
            if (ps->p != ps->stack) {
                free(ps->p);
            }
            ps->p = more;
            ps->cap *= 2;
        }
        ps->p[ps->n++] = (struct part){c->id, c->n_clauses, c->clause};
    }
}

static int compare_parts(const void *a_, const void *b_)
{
    const struct part *a = a_, *b = b_;

    if (a->id != b->id) {
        return a->id < b->id ? -1 : 1;
    }
    return (int)a->n_clauses - b->n_clauses;
}

/* An id all of whose clauses are there, the lowest after '*at'; false: no other. */
static bool next_complete(const struct parts *ps, size_t *at, uint32_t *id)
{
    for (size_t i = *at; i < ps->n;) {
        const struct part *first = &ps->p[i];
        uint64_t seen = 0;
        for (; i < ps->n && !compare_parts(first, &ps->p[i]); i++) {
            seen |= UINT64_C(1) << (ps->p[i].clause % CONJUNCTION_MAX_CLAUSES);
        }
        uint64_t all = first->n_clauses >= 64 ? UINT64_MAX : (UINT64_C(1) << first->n_clauses) - 1;
        if ((seen & all) == all) {
            *at = i;
            *id = first->id;
            return true;
        }
    }
    return false;
}

struct rule *conjunction_resolve(const struct classifier *c, uint64_t version,
                                 const struct flow *flow, struct flow *wc, struct rule *const *soft,
                                 size_t n_soft, uint16_t priority)
{
    struct parts ps = {.p = ps.stack, .cap = ON_STACK};
    struct rule *found = NULL;
    struct flow again = *flow;
    uint32_t id;
    size_t at = 0;

    for (size_t i = 0; i < n_soft; i++) {
        if (soft[i]->priority == priority) {
            parts_add(&ps, soft[i]);
        }
    }
    qsort(ps.p, ps.n, sizeof ps.p[0], compare_parts);
    while (!found && next_complete(&ps, &at, &id)) {
        again.conj_id = htonl(id);
        found = classifier_lookup_hard(c, version, &again, wc);
    }
    if (ps.p != ps.stack) {
        free(ps.p);
    }
    return found;
}
