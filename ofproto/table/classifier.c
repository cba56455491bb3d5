/* classifier.c - see classifier.h. */
#include "ofproto/table/classifier.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"

#define ACTS_BYTES 96 /* About what comes with a rule. */

/* Which stage a word of struct flow belongs to. */
static unsigned stage_of(unsigned word)
{
    size_t ofs = word * 8;

    if (ofs < offsetof(struct key, packet_type) || ofs >= sizeof(struct key)) {
        return 0; /* Metadata, tunnel, registers, OpenFlow port. */
    }
    if (ofs < offsetof(struct key, ip_src)) {
        return 1;
    }
    return ofs < offsetof(struct key, tp_src) / 8 * 8 ? 2 : 3;
}

void classifier_init(struct classifier *c, uint64_t seed)
{
    c->list = NULL;
    c->seed = seed;
    index_init(&c->by_mask);
}

void classifier_deinit(struct classifier *c)
{
    free(c->list);
    c->list = NULL;
    index_deinit(&c->by_mask);
}

/* ---- subtables ---- */

static void subtable_destroy(struct subtable *st)
{
    index_deinit(&st->rules);
    for (unsigned i = 0; i < SUBTABLE_STAGES - 1; i++) {
        index_deinit(&st->stages[i]);
    }
    free(st->tun);
    free(st);
}

/* Called only after grace, or for a subtable that no reader has seen. */
void subtable_unref(struct subtable *st)
{
    if (__atomic_sub_fetch(&st->refs, 1, __ATOMIC_ACQ_REL) == 0) {
        subtable_destroy(st);
    }
}

static void subtable_unref_rcu(struct rcu_head *rcu)
{
    subtable_unref(container_of_(rcu, struct subtable, rcu));
}

bool subtable_mask_equal(const struct subtable *st, const struct match *match)
{
    const uint64_t *m = flow_words(&match->mask);
    unsigned n_words = 0;

    for (unsigned i = 0; i < st->n_words; i++) {
        if (st->mask[i] != m[st->word[i]]) {
            return false;
        }
    }
    /* All of the subtable's are there: has the match more? */
    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        n_words += m[i] != 0;
    }
    return n_words == st->n_words && (!st->tun || !memcmp(st->tun, match->tun, sizeof match->tun));
}

static struct subtable *subtable_new(const struct match *match)
{
    struct subtable *st = xzalloc(sizeof *st);
    const uint64_t *m = flow_words(&match->mask);

    st->refs = 1;
    st->tun = match->mask.tun.present ? xmemdup(match->tun, sizeof match->tun) : NULL;
    index_init(&st->rules);
    for (unsigned s = 0; s < SUBTABLE_STAGES; s++) {
        for (unsigned i = 0; i < FLOW_WORDS; i++) {
            if (m[i] && stage_of(i) == s) {
                st->word[st->n_words] = (uint8_t)i;
                st->mask[st->n_words++] = m[i];
                st->last_stage = (uint8_t)s;
            }
        }
        st->stage_end[s] = st->n_words;
        if (s < SUBTABLE_STAGES - 1) {
            index_init(&st->stages[s]);
        }
    }
    return st;
}

/* Does the stage add words, and do others come after it?  Only then it has an index. */
static inline bool stage_is_indexed(const struct subtable *st, unsigned s)
{
    return s < st->last_stage && st->stage_end[s] > (s ? st->stage_end[s - 1] : 0);
}

/* ---- the list of subtables ---- */

static void free_list(struct rcu_head *rcu)
{
    free(container_of_(rcu, struct classifier_list, rcu));
}

static void publish_list(struct classifier *c, struct classifier_list *list)
{
    struct classifier_list *old = c->list;

    __atomic_store_n(&c->list, list, __ATOMIC_RELEASE);
    if (old) {
        urcu_qsbr_call_rcu(&old->rcu, free_list);
    }
}

/* A copy of the list without 'drop' and with 'add' at its place by priority; either may be NULL. */
static void relist(struct classifier *c, const struct subtable *drop, struct subtable *add)
{
    uint32_t n_old = c->list ? c->list->n : 0, n = 0;
    struct classifier_list *list = xmalloc(sizeof *list + (n_old + 1) * sizeof list->e[0]);

    for (uint32_t i = 0; i < n_old; i++) {
        const struct classifier_entry *e = &c->list->e[i];
        if (add && e->priority < add->max_priority) {
            list->e[n++] = (struct classifier_entry){add->max_priority, add};
            add = NULL;
        }
        if (e->subtable != drop) {
            list->e[n++] = *e;
        }
    }
    if (add) {
        list->e[n++] = (struct classifier_entry){add->max_priority, add};
    }
    list->n = n;
    if (!n) {
        free(list);
        list = NULL;
    }
    publish_list(c, list);
}

static uint32_t hash_mask(const struct classifier *c, const struct flow *mask)
{
    const uint64_t *words = flow_words(mask);
    uint64_t h = c->seed;

    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        if (words[i]) { /* Few are. */
            h = hash_mix(h ^ i, words[i]);
        }
    }
    return (uint32_t)h;
}

static struct subtable *find_subtable(const struct classifier *c, const struct match *match)
{
    struct index_probe p;
    struct subtable *st = index_first(&c->by_mask, hash_mask(c, &match->mask), &p);

    while (st && !subtable_mask_equal(st, match)) {
        st = index_next(&p);
    }
    return st;
}

/* ---- rules ---- */

struct rule *classifier_new_rule(struct classifier *c, const struct match *match)
{
    struct subtable *st = find_subtable(c, match);

    if (!st) {
        st = subtable_new(match);
        st->mask_hash = hash_mask(c, &match->mask);
        index_insert(&c->by_mask, st->mask_hash, st);
    }
    size_t size = sizeof(struct rule) + st->n_words * sizeof(uint64_t);
    mem_expect(size + ACTS_BYTES);
    struct rule *r = xzalloc(size);
    uint64_t h = c->seed;
    for (unsigned i = 0; i < st->n_words; i++) {
        r->value[i] = flow_words(&match->flow)[st->word[i]] & st->mask[i];
        h = hash_mix(h, r->value[i]);
    }
    r->hash = (uint32_t)h;
    r->n_words = st->n_words;
    r->subtable = st;
    __atomic_add_fetch(&st->refs, 1, __ATOMIC_RELAXED);
    return r;
}

static bool same_value(const struct rule *a, const uint64_t *value)
{
    return !memcmp(a->value, value, a->n_words * sizeof value[0]);
}

static struct rule *find_head(const struct subtable *st, uint32_t hash, const uint64_t *value)
{
    struct index_probe p;

    for (struct rule *r = index_first(&st->rules, hash, &p); r; r = index_next(&p)) {
        if (same_value(r, value)) {
            return r;
        }
    }
    return NULL;
}

/* The head of the chain with this value. */
static struct rule *subtable_find(const struct subtable *st, uint64_t seed, const uint64_t *flow)
{
    uint64_t value[FLOW_WORDS], h = seed;

    for (unsigned i = 0; i < st->n_words; i++) {
        value[i] = flow[st->word[i]] & st->mask[i];
        h = hash_mix(h, value[i]);
    }
    return find_head(st, (uint32_t)h, value);
}

static void count_stages(struct classifier *c, const struct rule *r, bool add)
{
    struct subtable *st = r->subtable;
    uint64_t h = c->seed;
    unsigned i = 0;

    for (unsigned s = 0; s < st->last_stage; s++) {
        for (; i < st->stage_end[s]; i++) {
            h = hash_mix(h, r->value[i]);
        }
        if (!stage_is_indexed(st, s)) {
            continue;
        }
        if (add) {
            index_count_add(&st->stages[s], (uint32_t)h);
        } else {
            index_count_sub(&st->stages[s], (uint32_t)h);
        }
    }
}

static void raise_priority(struct classifier *c, struct subtable *st, uint16_t priority)
{
    if (!st->n_rules || priority > st->max_priority) {
        st->max_priority = priority;
        st->n_max = 0;
        relist(c, st->n_rules ? st : NULL, st);
    }
    st->n_max += priority == st->max_priority;
    st->n_rules++;
}

void classifier_insert(struct classifier *c, struct rule *r)
{
    struct subtable *st = r->subtable;
    struct rule *head = find_head(st, r->hash, r->value);

    raise_priority(c, st, r->priority);
    count_stages(c, r, true);
    if (!head) {
        index_insert(&st->rules, r->hash, r);
    } else if (r->priority >= head->priority) {
        r->next_same = head;
        index_replace(&st->rules, r->hash, head, r);
    } else {
        struct rule *prev = head;
        while (prev->next_same && prev->next_same->priority > r->priority) {
            prev = prev->next_same;
        }
        r->next_same = prev->next_same;
        __atomic_store_n(&prev->next_same, r, __ATOMIC_RELEASE);
    }
}

/* Recomputes the highest priority once enough rules have gone to pay for it. */
static void lower_priority(struct classifier *c, struct subtable *st, uint16_t gone)
{
    st->n_lowered++;
    if (gone == st->max_priority && st->n_max) {
        st->n_max--;
    }
    if (st->n_max || st->n_lowered < st->n_rules / 2) {
        return;
    }
    uint16_t max = 0;
    uint32_t n = 0, pos = 0;
    for (struct rule *r; (r = index_walk(&st->rules, &pos)) != NULL;) {
        for (; r; r = r->next_same) {
            n = r->priority > max ? 1 : n + (r->priority == max);
            max = MAX(max, r->priority);
        }
    }
    st->n_lowered = 0;
    st->n_max = n;
    if (max != st->max_priority) {
        st->max_priority = max;
        relist(c, st, st);
    }
}

void classifier_remove(struct classifier *c, struct rule *r)
{
    struct subtable *st = r->subtable;
    struct rule *head = find_head(st, r->hash, r->value);

    if (head == r) {
        if (r->next_same) {
            index_replace(&st->rules, r->hash, r, r->next_same);
        } else {
            index_remove(&st->rules, r->hash, r);
        }
    } else {
        while (head->next_same != r) {
            head = head->next_same;
        }
        __atomic_store_n(&head->next_same, r->next_same, __ATOMIC_RELEASE);
    }
    count_stages(c, r, false);
    if (--st->n_rules) {
        lower_priority(c, st, r->priority);
    } else {
        relist(c, st, NULL);
        index_remove(&c->by_mask, st->mask_hash, st);
        urcu_qsbr_call_rcu(&st->rcu, subtable_unref_rcu);
    }
}

/* ---- lookup ---- */

static inline void unwildcard(const struct subtable *st, unsigned n, struct flow *wc)
{
    if (wc) {
        uint64_t *w = flow_words_mut(wc);
        for (unsigned i = 0; i < n; i++) {
            w[st->word[i]] |= st->mask[i];
        }
    }
}

static struct rule *subtable_lookup(const struct subtable *st, uint64_t seed, uint64_t version,
                                    const uint64_t *flow, struct flow *wc)
{
    uint64_t value[FLOW_WORDS], h = seed;
    unsigned i = 0;

    for (unsigned s = 0; s <= st->last_stage; s++) {
        for (; i < st->stage_end[s]; i++) {
            value[i] = flow[st->word[i]] & st->mask[i];
            h = hash_mix(h, value[i]);
        }
        if (stage_is_indexed(st, s) && !index_contains(&st->stages[s], (uint32_t)h)) {
            unwildcard(st, i, wc);
            return NULL;
        }
    }
    unwildcard(st, st->n_words, wc);
    struct rule *r = find_head(st, (uint32_t)h, value);
    while (r && !rule_visible(r, version)) {
        r = __atomic_load_n(&r->next_same, __ATOMIC_ACQUIRE);
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
    struct rule *best = NULL;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct classifier_entry *e = &list->e[i];
        if (best && best->priority >= e->priority) {
            break;
        }
        struct rule *r = subtable_lookup(e->subtable, c->seed, version, flow_words(flow), wc);
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
    struct rule *best = NULL, *found = NULL;
    struct rule **soft = list ? xmalloc(list->n * sizeof *soft) : NULL;
    size_t n = 0;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct classifier_entry *e = &list->e[i];
        if (best && best->priority >= e->priority) {
            break;
        }
        struct rule *r = subtable_lookup(e->subtable, c->seed, version, flow_words(flow), wc);
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
    struct rule *best = NULL;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct classifier_entry *e = &list->e[i];
        if (best && best->priority >= e->priority) {
            break;
        }
        struct rule *r = subtable_lookup(e->subtable, c->seed, version, flow_words(flow), wc);
        if (UNLIKELY(r && r->conj)) {
            return lookup_with_conj(c, version, flow, wc);
        }
        best = better(best, r);
    }
    return best;
}

const struct rule *classifier_find_visible(const struct classifier *c, uint64_t version,
                                           const struct match *match, uint16_t priority)
{
    const struct classifier_list *list = __atomic_load_n(&c->list, __ATOMIC_ACQUIRE);

    for (uint32_t i = 0; list && i < list->n; i++) {
        if (list->e[i].priority < priority) {
            break;
        }
        if (!subtable_mask_equal(list->e[i].subtable, match)) {
            continue;
        }
        const struct rule *r =
            subtable_find(list->e[i].subtable, c->seed, flow_words(&match->flow));
        while (r && (r->priority != priority || !rule_visible(r, version))) {
            r = __atomic_load_n(&r->next_same, __ATOMIC_ACQUIRE);
        }
        return r;
    }
    return NULL;
}

/* ---- the writer's searches ---- */

struct rule *classifier_find(const struct classifier *c, const struct match *match)
{
    const struct subtable *st = find_subtable(c, match);
    return st ? subtable_find(st, c->seed, flow_words(&match->flow)) : NULL;
}

static bool has_live_rule(const struct subtable *st)
{
    uint32_t pos = 0;

    for (const struct rule *r; (r = index_walk(&st->rules, &pos)) != NULL;) {
        for (; r; r = r->next_same) {
            if (rule_is_live(r)) {
                return true;
            }
        }
    }
    return false;
}

static uint64_t tun_present(const struct subtable *st)
{
    for (unsigned i = 0; i < st->n_words; i++) {
        if (st->word[i] == offsetof(struct flow, tun.present) / 8) {
            return st->mask[i];
        }
    }
    return 0;
}

uint64_t classifier_tun_options(const struct classifier *c)
{
    const struct classifier_list *list = c->list;
    uint64_t options = 0;

    for (uint32_t i = 0; list && i < list->n; i++) {
        const struct subtable *st = list->e[i].subtable;
        if (st->tun && has_live_rule(st)) {
            options |= tun_present(st);
        }
    }
    return options;
}
