/* table.c - one table: what flow-mods and statistics ask of it.  See table.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/table/table-private.h"

size_t table_n_rules(const struct tables *ts, uint8_t id)
{
    const struct table *t = table_get(ts, id);
    return t ? t->n_rules : 0;
}

void table_stats(const struct tables *ts, uint8_t id, uint64_t *lookups, uint64_t *matched)
{
    const struct table *t = table_get(ts, id);

    *lookups = t ? t->lookups : 0;
    *matched = t ? t->matched : 0;
}

void table_credit(struct tables *ts, uint8_t id, uint64_t lookups, uint64_t matched)
{
    if (id < OFP_N_TABLES) {
        struct table *t = table_make(ts, id); /* Empty tables count their misses too. */
        t->lookups += lookups;
        t->matched += matched;
    }
}

struct rule *table_find(const struct tables *ts, uint8_t id, const struct match *match,
                        uint16_t priority)
{
    const struct table *t = table_get(ts, id);
    struct rule *r = t ? classifier_find(&t->cls, match) : NULL;

    while (r && !(r->priority == priority && rule_is_live(r))) {
        r = r->next_same;
    }
    return r;
}

/* Is there a packet that both match? */
static bool rule_overlaps(const struct rule *r, const struct match *m)
{
    const uint64_t *value = flow_words(&m->flow), *mask = flow_words(&m->mask);

    for (unsigned i = 0; i < r->n_words; i++) {
        unsigned w = r->subtable->word[i];
        if ((r->value[i] ^ value[w]) & r->subtable->mask[i] & mask[w]) {
            return false;
        }
    }
    return true;
}

bool table_overlaps(const struct tables *ts, uint8_t id, const struct match *match,
                    uint16_t priority)
{
    const struct table *t = table_get(ts, id);
    const struct rule *same = table_find(ts, id, match, priority);
    struct classifier_walk w;

    if (!t) {
        return false;
    }
    classifier_walk_begin(&w, &t->cls, NULL);
    for (const struct rule *r; (r = classifier_walk_next(&w)) != NULL;) {
        if (r->priority == priority && r != same && rule_is_live(r) && rule_overlaps(r, match)) {
            return true;
        }
    }
    return false;
}

/* ---- selection ---- */

/* Does every packet of the rule match 'm'? */
static bool rule_is_within(const struct rule *r, const struct match *m)
{
    const uint64_t *value = flow_words(&m->flow), *mask = flow_words(&m->mask);
    unsigned n_seen = 0;

    for (unsigned i = 0; i < r->n_words; i++) {
        unsigned w = r->subtable->word[i];
        n_seen += mask[w] != 0;
        if ((mask[w] & ~r->subtable->mask[i]) || ((r->value[i] ^ value[w]) & mask[w])) {
            return false;
        }
    }
    for (unsigned w = 0; w < FLOW_WORDS; w++) {
        n_seen -= mask[w] != 0;
    }
    return !n_seen; /* All words of 'm' are among the rule's. */
}

bool rule_criteria_match(const struct rule_criteria *c, const struct rule *r)
{
    return (c->table_id == OFPTT_ALL || c->table_id == r->table_id) &&
           !((r->cookie ^ c->cookie) & c->cookie_mask) &&
           (c->out_group == OFPG_ANY ||
            acts_output_to_group(r->acts->data, r->acts->len, c->out_group)) &&
           (c->out_port == OFPP_ANY ||
            acts_output_to_port(r->acts->data, r->acts->len, c->out_port)) &&
           rule_is_within(r, c->match);
}

struct selection {
    struct rule **rules;
    size_t n, cap;
};

static void select_add(struct selection *s, struct rule *r)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 16;
        s->rules = xrealloc(s->rules, s->cap * sizeof s->rules[0]);
    }
    s->rules[s->n++] = r;
}

/* Those that a request for everything may mean, in the order in which they came: neighbours in time
 * are neighbours in memory, which those of the classifier are not. */
static void select_all(const struct table *t, const struct rule_criteria *c, struct selection *s)
{
    for (struct rule *r = t->first; r; r = r->list_next) {
        if (rule_criteria_match(c, r)) {
            select_add(s, r);
        }
    }
}

static void select_in(const struct table *t, const struct rule_criteria *c, struct selection *s)
{
    struct classifier_walk w;

    classifier_walk_begin(&w, &t->cls, c->match);
    for (struct rule *r; (r = classifier_walk_next(&w)) != NULL;) {
        if (rule_is_live(r) && rule_criteria_match(c, r)) {
            select_add(s, r);
        }
    }
}

void tables_select(struct tables *ts, const struct rule_criteria *c,
                   bool (*visit)(void *aux, struct rule *), void *aux)
{
    struct selection s = {NULL, 0, 0};
    unsigned first = c->table_id == OFPTT_ALL ? 0 : c->table_id;
    unsigned last = c->table_id == OFPTT_ALL ? OFP_N_TABLES - 1 : c->table_id;

    /* All are found first, because the visitor changes what is walked over. */
    for (unsigned id = first; id <= last; id++) {
        const struct table *t = table_get(ts, (uint8_t)id);
        if (t) {
            (match_is_catchall(c->match) ? select_all : select_in)(t, c, &s);
        }
    }
    for (size_t i = 0; i < s.n; i++) {
        /* The visitor may have taken out others with one. */
        if (rule_is_live(s.rules[i]) && !visit(aux, s.rules[i])) {
            break;
        }
    }
    free(s.rules);
}
