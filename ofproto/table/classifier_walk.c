/* classifier_walk.c - see classifier.h: the writer's walks over rules, all or those within a match.
 */
#include "ofproto/table/classifier.h"

void classifier_walk_begin(struct classifier_walk *w, const struct classifier *c,
                           const struct match *within)
{
    *w = (struct classifier_walk){.classifier = c, .within = within};
}

static bool mask_has(const struct subtable *st, const struct flow *at_least)
{
    uint64_t missing[FLOW_WORDS];

    memcpy(missing, at_least, sizeof missing);
    for (unsigned i = 0; i < st->n_words; i++) {
        missing[st->word[i]] &= ~st->mask[i];
    }
    return is_all_zeros(missing, sizeof missing);
}

/* The next chain of the subtable that the walk is in; NULL: it is done. */
static struct rule *next_chain(struct classifier_walk *w, const struct subtable *st)
{
    const struct match *m = w->within;

    if (!m || w->pos) {
        return index_walk(&st->rules, &w->pos);
    }
    if (subtable_mask_equal(st, m)) {
        w->pos = UINT32_MAX; /* No other chain. */
        return classifier_find(w->classifier, m);
    }
    return mask_has(st, &m->mask) ? index_walk(&st->rules, &w->pos) : NULL;
}

struct rule *classifier_walk_next(struct classifier_walk *w)
{
    const struct classifier_list *list = w->classifier->list;

    while (!w->next) {
        if (!list || w->i >= list->n) {
            return NULL;
        }
        w->next = next_chain(w, list->e[w->i].subtable);
        if (!w->next) {
            w->i++;
            w->pos = 0;
        }
    }
    struct rule *r = w->next;
    w->next = r->next_same;
    return r;
}
