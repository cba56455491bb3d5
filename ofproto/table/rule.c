/* rule.c - see rule.h. */
#include "ofproto/table/rule.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/table/classifier.h"

struct rule_acts *rule_acts_new(const void *acts, size_t len)
{
    struct rule_acts *ra = xmalloc(sizeof *ra + len);

    ra->refs = 1;
    ra->len = (uint32_t)len;
    if (len) {
        memcpy(ra->data, acts, len);
    }
    return ra;
}

struct rule_acts *rule_acts_ref(struct rule_acts *ra)
{
    __atomic_add_fetch(&ra->refs, 1, __ATOMIC_RELAXED);
    return ra;
}

static void acts_free_rcu(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct rule_acts, rcu));
}

void rule_acts_unref(struct rule_acts *ra)
{
    if (ra && __atomic_sub_fetch(&ra->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        urcu_qsbr_call_rcu(&ra->rcu, acts_free_rcu);
    }
}

void rule_ref(struct rule *r)
{
    __atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
}

bool rule_try_ref(struct rule *r)
{
    uint32_t n = __atomic_load_n(&r->refs, __ATOMIC_RELAXED);

    while (n && !__atomic_compare_exchange_n(&r->refs, &n, n + 1, true, __ATOMIC_ACQUIRE,
                                             __ATOMIC_RELAXED)) {
    }
    return n != 0;
}

static void rule_free_rcu(struct rcu_head *rcu)
{
    struct rule *r = container_of_(rcu, struct rule, rcu);

    subtable_unref(r->subtable);
    free(r);
}

void rule_unref(struct rule *r)
{
    /* A loop, not recursion: chains of successors can be long. */
    while (r && __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        struct rule *successor = r->successor;
        rule_acts_unref(r->acts);
        urcu_qsbr_call_rcu(&r->rcu, rule_free_rcu);
        r = successor;
    }
}

void rule_match(const struct rule *r, struct match *m)
{
    memset(m, 0, sizeof *m);
    for (unsigned i = 0; i < r->n_words; i++) {
        unsigned w = r->subtable->word[i];
        flow_words_mut(&m->flow)[w] = r->value[i];
        flow_words_mut(&m->mask)[w] = r->subtable->mask[i];
    }
    if (r->subtable->tun) {
        memcpy(m->tun, r->subtable->tun, sizeof m->tun);
    }
}

bool rule_is_table_miss(const struct rule *r)
{
    struct match m;

    if (r->priority || r->n_words > 1) {
        return false;
    }
    rule_match(r, &m);
    return match_is_catchall(&m);
}

/* The rule that stands now in the place of 'r'; shortens the way there. */
static struct rule *newest(struct rule *r)
{
    while (r->successor && r->successor->successor) {
        struct rule *next = r->successor;
        r->successor = next->successor;
        rule_ref(r->successor);
        rule_unref(next);
    }
    return r->successor ? r->successor : r;
}

void rule_credit(struct rule *r, uint64_t packets, uint64_t bytes, int64_t used_ms)
{
    r = newest(r);
    r->packets += packets;
    r->bytes += bytes;
    r->used_ms = MAX(r->used_ms, used_ms);
}
