/* rule_changes.c - see rule_changes.h. */
#include "ofproto/xlate/rule_changes.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/hmap.h"
#include "lib/mem.h"

#define COMPARED_MAX \
    32 /* Rules that are compared one by one where a flow's mask has too few bits. */

struct entry {
    struct hmap_node node;
    uint32_t reach; /* The highest priority among the changes of this match. */
    be32 in_port;
    uint64_t words[]; /* Masked, as many as the shape has. */
};

/* Rules of one table whose masks are the same. */
struct rule_changes_shape {
    struct tables *tables; /* Reference. */
    uint8_t table_id;
    bool conj; /* conj_id is matched: the priority is that of clauses, which may be any. */
    be32 in_port_mask;
    unsigned n_words;
    uint8_t index[KEY_WORDS];
    uint64_t bits[KEY_WORDS];
    struct hmap entries;
};

static bool has_mask(const struct rule_changes_shape *s, const struct match *m)
{
    unsigned n = 0;

    for (unsigned w = 0; w < KEY_WORDS; w++) {
        uint64_t bits = flow_words(&m->mask)[w];
        if (bits) {
            if (n == s->n_words || s->index[n] != w || s->bits[n] != bits) {
                return false;
            }
            n++;
        }
    }
    return n == s->n_words && s->in_port_mask == m->mask.in_port && s->conj == !!m->mask.conj_id;
}

static struct rule_changes_shape *shape_new(struct tables *ts, uint8_t id, const struct match *m)
{
    struct rule_changes_shape *s = xzalloc(sizeof *s);

    tables_ref(ts);
    s->tables = ts;
    s->table_id = id;
    s->conj = m->mask.conj_id != 0;
    s->in_port_mask = m->mask.in_port;
    hmap_init(&s->entries);
    for (unsigned w = 0; w < KEY_WORDS; w++) {
        if (flow_words(&m->mask)[w]) {
            s->index[s->n_words] = (uint8_t)w;
            s->bits[s->n_words++] = flow_words(&m->mask)[w];
        }
    }
    return s;
}

static struct rule_changes_shape *shape_of(struct rule_changes *c, struct tables *ts, uint8_t id,
                                           const struct match *m)
{
    for (unsigned i = 0; i < c->n_shapes; i++) {
        struct rule_changes_shape *s = c->shapes[i];
        if (s->tables == ts && s->table_id == id && has_mask(s, m)) {
            return s;
        }
    }
    if (c->n_shapes == RULE_CHANGES_SHAPES) {
        return NULL;
    }
    return c->shapes[c->n_shapes++] = shape_new(ts, id, m);
}

static struct entry *find(const struct rule_changes_shape *s, const uint64_t *words, be32 in_port,
                          size_t hash)
{
    struct entry *e;

    HMAP_FOR_EACH_WITH_HASH(e, node, hash, &s->entries) {
        if (e->in_port == in_port && !memcmp(e->words, words, s->n_words * sizeof *words)) {
            return e;
        }
    }
    return NULL;
}

bool rule_changes_add(struct rule_changes *c, struct tables *ts, uint8_t id, const struct match *m,
                      uint16_t priority)
{
    struct rule_changes_shape *s = c->n < RULE_CHANGES_MAX ? shape_of(c, ts, id, m) : NULL;
    uint64_t words[KEY_WORDS];

    if (!s) {
        return false;
    }
    for (unsigned i = 0; i < s->n_words; i++) {
        words[i] = flow_words(&m->flow)[s->index[i]] & s->bits[i];
    }
    be32 in_port = m->flow.in_port & s->in_port_mask;
    size_t hash = hash_words(words, s->n_words, in_port);
    struct entry *e = find(s, words, in_port, hash);
    if (!e) {
        e = xzalloc(sizeof *e + s->n_words * sizeof *words);
        e->in_port = in_port;
        memcpy(e->words, words, s->n_words * sizeof *words);
        hmap_insert(&s->entries, &e->node, hash);
        c->n++;
    }
    e->reach = MAX(e->reach, s->conj ? UINT16_MAX : (uint32_t)priority);
    return true;
}

/* Where the flow's mask does not have all bits of the rules'. */
static bool compare_all(const struct rule_changes_shape *s, const struct credit *credit,
                        const struct key *key, const struct key *mask, uint32_t reach)
{
    struct entry *e;

    if (hmap_count(&s->entries) > COMPARED_MAX) {
        return true;
    }
    HMAP_FOR_EACH(e, node, &s->entries) {
        bool differs =
            !credit->in_port_opaque && ((e->in_port ^ credit->in_port) & s->in_port_mask);
        for (unsigned i = 0; i < s->n_words && !differs; i++) {
            unsigned w = s->index[i];
            uint64_t known = s->bits[i] & key_words(mask)[w] & ~credit_opaque_bits(credit, w);
            differs = ((e->words[i] ^ key_words(key)[w]) & known) != 0;
        }
        if (!differs && e->reach >= reach) {
            return true;
        }
    }
    return false;
}

static bool shape_concerns(const struct rule_changes_shape *s, const struct credit *credit,
                           const struct key *key, const struct key *mask)
{
    uint64_t words[KEY_WORDS];
    uint32_t reach;

    if (credit_counted(credit, s->tables, s->table_id)) {
        return true;
    }
    if (!credit_searched(credit, s->tables, s->table_id, &reach)) {
        return false;
    }
    if (s->in_port_mask && credit->in_port_opaque) {
        return compare_all(s, credit, key, mask, reach);
    }
    for (unsigned i = 0; i < s->n_words; i++) {
        unsigned w = s->index[i];
        if (s->bits[i] & ~(key_words(mask)[w] & ~credit_opaque_bits(credit, w))) {
            return compare_all(s, credit, key, mask, reach);
        }
        words[i] = key_words(key)[w] & s->bits[i];
    }
    be32 in_port = credit->in_port & s->in_port_mask;
    const struct entry *e = find(s, words, in_port, hash_words(words, s->n_words, in_port));
    return e && e->reach >= reach;
}

bool rule_changes_concern(const struct rule_changes *c, const struct credit *credit,
                          const struct key *key, const struct key *mask)
{
    for (unsigned i = 0; i < c->n_shapes; i++) {
        if (shape_concerns(c->shapes[i], credit, key, mask)) {
            return true;
        }
    }
    return false;
}

void rule_changes_clear(struct rule_changes *c)
{
    for (unsigned i = 0; i < c->n_shapes; i++) {
        struct rule_changes_shape *s = c->shapes[i];
        struct entry *e, *next;
        HMAP_FOR_EACH_SAFE(e, next, node, &s->entries) {
            hmap_remove(&s->entries, &e->node);
            free(e);
        }
        hmap_deinit(&s->entries);
        tables_unref(s->tables);
        free(s);
    }
    memset(c, 0, sizeof *c);
}
