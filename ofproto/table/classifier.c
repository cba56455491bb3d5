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
    if (ofs == offsetof(struct key, ip_proto) / 8 * 8) {
        return 2; /* Before the addresses: a rule for another protocol needs none of these. */
    }
    return ofs < offsetof(struct key, tp_src) / 8 * 8 ? 3 : 4;
}

void classifier_init(struct classifier *c, uint64_t seed)
{
    c->list = NULL;
    c->seed = seed;
    index_init(&c->by_mask);
    prefixes_init(&c->prefixes);
}

void classifier_deinit(struct classifier *c)
{
    free(c->list);
    c->list = NULL;
    index_deinit(&c->by_mask);
    prefixes_deinit(&c->prefixes);
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

static void note_prefixes(struct subtable *st, const struct match *match)
{
    for (enum prefix_field f = 0; f < PREFIX_N_FIELDS; f++) {
        struct subtable_prefix *p = &st->prefix[st->n_prefixes];
        unsigned byte, n_bits = prefix_of_mask(f, &match->mask), word = prefix_word(f, &byte),
                       i = 0;
        if (!n_bits) {
            continue;
        }
        while (st->word[i] != word) {
            i++;
        }
        *p = (struct subtable_prefix){.field = (uint8_t)f,
                                      .n_bits = (uint8_t)n_bits,
                                      .stage = (uint8_t)stage_of(word),
                                      .byte = (uint16_t)(i * 8 + byte)};
        st->n_prefixes++;
    }
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
    note_prefixes(st, match);
    return st;
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

struct rule *subtable_find_head(const struct subtable *st, uint32_t hash, const uint64_t *value)
{
    struct index_probe p;

    for (struct rule *r = index_first(&st->rules, hash, &p); r; r = index_next(&p)) {
        if (!memcmp(r->value, value, r->n_words * sizeof value[0])) {
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
    return subtable_find_head(st, (uint32_t)h, value);
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
        if (!subtable_stage_is_indexed(st, s)) {
            continue;
        }
        if (add) {
            index_count_add(&st->stages[s], (uint32_t)h);
        } else {
            index_count_sub(&st->stages[s], (uint32_t)h);
        }
    }
}

static void enter_prefixes(struct classifier *c, struct rule *r)
{
    struct subtable *st = r->subtable;

    if (st->n_rules > SUBTABLE_PREFIXES) { /* Seen before this rule is. */
        __atomic_store_n(&st->without_tries, true, __ATOMIC_RELEASE);
    }
    r->in_tries = !st->without_tries;
    for (unsigned i = 0; r->in_tries && i < st->n_prefixes; i++) {
        const struct subtable_prefix *p = &st->prefix[i];
        prefixes_add(&c->prefixes, p->field, (const uint8_t *)r->value + p->byte, p->n_bits);
    }
}

static void leave_prefixes(struct classifier *c, const struct rule *r)
{
    const struct subtable *st = r->subtable;

    for (unsigned i = 0; r->in_tries && i < st->n_prefixes; i++) {
        const struct subtable_prefix *p = &st->prefix[i];
        prefixes_remove(&c->prefixes, p->field, (const uint8_t *)r->value + p->byte, p->n_bits);
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
    struct rule *head = subtable_find_head(st, r->hash, r->value);

    raise_priority(c, st, r->priority);
    count_stages(c, r, true);
    enter_prefixes(c, r);
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
    struct rule *head = subtable_find_head(st, r->hash, r->value);

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
    leave_prefixes(c, r);
    if (--st->n_rules) {
        lower_priority(c, st, r->priority);
    } else {
        relist(c, st, NULL);
        index_remove(&c->by_mask, st->mask_hash, st);
        urcu_qsbr_call_rcu(&st->rcu, subtable_unref_rcu);
    }
}

/* ---- exact searches ---- */

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
