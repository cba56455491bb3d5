/* classifier_lookup.c - see classifier.h: the best rule for a flow, and which of the flow's bits
 * say so.  Any thread, under RCU. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/table/classifier.h"

struct lookup {
    uint64_t seed, version;
    struct prefix_lookup prefix; /* The flow, too. */
    struct flow *wc;             /* NULL: not wanted. */
};

static inline struct lookup lookup_of(const struct classifier *c, uint64_t version,
                                      const struct flow *flow, struct flow *wc)
{
    return (struct lookup){.seed = c->seed,
                           .version = version,
                           .prefix = {.prefixes = &c->prefixes, .flow = flow},
                           .wc = wc};
}

static inline void unwildcard(const struct subtable *st, unsigned n, struct flow *wc)
{
    uint64_t *w = flow_words_mut(wc);

    for (unsigned i = 0; i < n; i++) {
        w[st->word[i]] |= st->mask[i];
    }
}

/* No rule of the subtable has a prefix that the flow has, in a field of this stage. */
static bool prefix_is_missing(const struct subtable *st, unsigned stage, struct lookup *l)
{
    for (unsigned i = 0; i < st->n_prefixes; i++) {
        const struct subtable_prefix *p = &st->prefix[i];
        if (p->stage == stage && prefix_excludes(&l->prefix, p->field, p->n_bits, l->wc)) {
            return true;
        }
    }
    return false;
}

/* The bits that say that no rule of the subtable matches, which 'stage' has shown: those before the
 * first stage of which a few leading bits say it too, and these. */
static void unwildcard_why_not(const struct subtable *st, unsigned stage, struct lookup *l)
{
    const bool tries = !__atomic_load_n(&st->without_tries, __ATOMIC_ACQUIRE);
    unsigned s = 0;

    while (tries && s <= stage && !prefix_is_missing(st, s, l)) {
        s++;
    }
    if (!tries || s > stage) {
        unwildcard(st, st->stage_end[stage], l->wc);
    } else if (s) {
        unwildcard(st, st->stage_end[s - 1], l->wc);
    }
}

static struct rule *subtable_lookup(const struct subtable *st, struct lookup *l)
{
    const uint64_t *flow = flow_words(l->prefix.flow);
    uint64_t value[FLOW_WORDS], h = l->seed;
    struct rule *r = NULL;
    unsigned i = 0, s;

    for (s = 0; s <= st->last_stage; s++) {
        for (; i < st->stage_end[s]; i++) {
            value[i] = flow[st->word[i]] & st->mask[i];
            h = hash_mix(h, value[i]);
        }
        if (subtable_stage_is_indexed(st, s) && !index_contains(&st->stages[s], (uint32_t)h)) {
            break;
        }
    }
    if (s > st->last_stage) {
        r = subtable_find_head(st, (uint32_t)h, value);
        while (r && !rule_visible(r, l->version)) {
            r = __atomic_load_n(&r->next_same, __ATOMIC_ACQUIRE);
        }
        s = st->last_stage;
    }
    if (l->wc && r) {
        unwildcard(st, st->n_words, l->wc);
    } else if (l->wc) {
        unwildcard_why_not(st, s, l);
    }
    return r;
}

/* ---- conjunctive rules ---- */

static struct rule *next_visible(struct rule *r, uint64_t version)
{
    do {
        r = __atomic_load_n(&r->next_same, __ATOMIC_ACQUIRE);
    } while (r && !rule_visible(r, version));
    return r;
}

static struct rule *next_hard(struct rule *r, uint64_t version)
{
    while (r && r->conj) {
        r = next_visible(r, version);
    }
    return r;
}

static inline struct rule *better(struct rule *best, struct rule *r)
{
    return r && (!best || r->priority > best->priority) ? r : best;
}

struct rule *classifier_lookup_hard(const struct classifier *c, uint64_t version,
                                    const struct flow *flow, struct flow *wc)
{
    const struct classifier_list *list = __atomic_load_n(&c->list, __ATOMIC_ACQUIRE);
    struct lookup l = lookup_of(c, version, flow, wc);
    struct rule *best = NULL;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct classifier_entry *e = &list->e[i];
        if (best && best->priority >= e->priority) {
            break;
        }
        struct rule *r = subtable_lookup(e->subtable, &l);
        best = better(best, next_hard(r, version));
    }
    return best;
}

/* All conjunctive rules of 'priority' give way to what is next on their chains. */
static size_t lower(struct rule **soft, size_t n, uint16_t priority, uint64_t version,
                    struct rule **best)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++) {
        struct rule *r = soft[i];
        r = r->priority == priority ? next_visible(r, version) : r;
        if (r && r->conj) {
            soft[left++] = r;
        } else {
            *best = better(*best, r);
        }
    }
    return left;
}

static struct rule *lookup_with_conj(const struct classifier *c, uint64_t version,
                                     const struct flow *flow, struct flow *wc)
{
    const struct classifier_list *list = __atomic_load_n(&c->list, __ATOMIC_ACQUIRE);
    struct lookup l = lookup_of(c, version, flow, wc);
    struct rule *best = NULL, *found = NULL;
    struct rule **soft = list ? xmalloc(list->n * sizeof *soft) : NULL;
    size_t n = 0;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct classifier_entry *e = &list->e[i];
        if (best && best->priority >= e->priority) {
            break;
        }
        struct rule *r = subtable_lookup(e->subtable, &l);
        if (r && r->conj) {
            soft[n++] = r;
        } else {
            best = better(best, r);
        }
    }
    while (n && !found) {
        const struct rule *top = soft[0];
        for (size_t i = 1; i < n; i++) {
            top = soft[i]->priority > top->priority ? soft[i] : top;
        }
        if (best && best->priority >= top->priority) {
            break;
        }
        uint16_t priority = top->priority;
        found = conjunction_resolve(c, version, flow, wc, soft, n, priority);
        n = lower(soft, n, priority, version, &best);
    }
    free(soft);
    return found ? found : best;
}

struct rule *classifier_lookup(const struct classifier *c, uint64_t version,
                               const struct flow *flow, struct flow *wc)
{
    const struct classifier_list *list = __atomic_load_n(&c->list, __ATOMIC_ACQUIRE);
    struct lookup l = lookup_of(c, version, flow, wc);
    struct rule *best = NULL;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct classifier_entry *e = &list->e[i];
        if (best && best->priority >= e->priority) {
            break;
        }
        struct rule *r = subtable_lookup(e->subtable, &l);
        if (UNLIKELY(r && r->conj)) {
            return lookup_with_conj(c, version, flow, wc);
        }
        best = better(best, r);
    }
    return best;
}
