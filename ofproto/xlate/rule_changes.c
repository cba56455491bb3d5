/* rule_changes.c - see rule_changes.h. */
#include "ofproto/xlate/rule_changes.h"

#include <stdlib.h>

#include "lib/hash.h"
#include "lib/hmap.h"
#include "lib/mem.h"

#define MAX_PROJECTIONS 32    /* Of one shape. */
#define MAX_PROJECTED   65536 /* Entries in all of them. */

struct entry {
    struct hmap_node node;
    uint32_t reach; /* The highest priority among the changes of this match. */
    be32 in_port;
    uint64_t words[]; /* Masked, as many as the shape has. */
};

/* Where masks of flows lack some of the shape's bits: the shape's entries by those that they have.
 * Made when a flow asks; entries that become equal are one. */
struct projection {
    struct hmap entries;
    be32 in_port_known;
    uint64_t known[]; /* As many as the shape has words. */
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
    struct projection *projections[MAX_PROJECTIONS];
    unsigned n_projections;
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

static struct entry *find(const struct hmap *entries, const struct rule_changes_shape *s,
                          const uint64_t *words, be32 in_port, size_t hash)
{
    struct entry *e;

    HMAP_FOR_EACH_WITH_HASH(e, node, hash, entries) {
        if (e->in_port == in_port && !memcmp(e->words, words, s->n_words * sizeof *words)) {
            return e;
        }
    }
    return NULL;
}

/* The entry with these words, made if need be. */
static struct entry *make_entry(struct hmap *entries, const struct rule_changes_shape *s,
                                const uint64_t *words, be32 in_port)
{
    size_t hash = hash_words(words, s->n_words, in_port);
    struct entry *e = find(entries, s, words, in_port, hash);

    if (!e) {
        e = xzalloc(sizeof *e + s->n_words * sizeof *words);
        e->in_port = in_port;
        memcpy(e->words, words, s->n_words * sizeof *words);
        hmap_insert(entries, &e->node, hash);
    }
    return e;
}

static void entries_clear(struct hmap *entries)
{
    struct entry *e, *next;

    HMAP_FOR_EACH_SAFE(e, next, node, entries) {
        hmap_remove(entries, &e->node);
        free(e);
    }
    hmap_deinit(entries);
}

static void drop_projections(struct rule_changes *c, struct rule_changes_shape *s)
{
    for (unsigned i = 0; i < s->n_projections; i++) {
        c->n_projected -= hmap_count(&s->projections[i]->entries);
        entries_clear(&s->projections[i]->entries);
        free(s->projections[i]);
    }
    s->n_projections = 0;
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
    size_t n = hmap_count(&s->entries);
    struct entry *e = make_entry(&s->entries, s, words, m->flow.in_port & s->in_port_mask);
    c->n += hmap_count(&s->entries) > n;
    e->reach = MAX(e->reach, s->conj ? UINT16_MAX : (uint32_t)priority);
    drop_projections(c, s); /* They lack it. */
    return true;
}

static struct projection *project(struct rule_changes *c, struct rule_changes_shape *s,
                                  const uint64_t *known, be32 in_port_known)
{
    struct projection *p = xzalloc(sizeof *p + s->n_words * sizeof *known);
    struct entry *e;

    hmap_init(&p->entries);
    p->in_port_known = in_port_known;
    memcpy(p->known, known, s->n_words * sizeof *known);
    HMAP_FOR_EACH(e, node, &s->entries) {
        uint64_t words[KEY_WORDS];
        for (unsigned i = 0; i < s->n_words; i++) {
            words[i] = e->words[i] & known[i];
        }
        struct entry *to = make_entry(&p->entries, s, words, e->in_port & in_port_known);
        to->reach = MAX(to->reach, e->reach);
    }
    c->n_projected += hmap_count(&p->entries);
    s->projections[s->n_projections++] = p;
    return p;
}

/* The shape's entries by the bits that are known; NULL: too many such sets. */
static const struct hmap *entries_by(struct rule_changes *c, struct rule_changes_shape *s,
                                     const uint64_t *known, be32 in_port_known)
{
    if (in_port_known == s->in_port_mask && !memcmp(known, s->bits, s->n_words * sizeof *known)) {
        return &s->entries;
    }
    for (unsigned i = 0; i < s->n_projections; i++) {
        const struct projection *p = s->projections[i];
        if (p->in_port_known == in_port_known &&
            !memcmp(p->known, known, s->n_words * sizeof *known)) {
            return &p->entries;
        }
    }
    if (s->n_projections == MAX_PROJECTIONS || c->n_projected >= MAX_PROJECTED) {
        return NULL;
    }
    return &project(c, s, known, in_port_known)->entries;
}

static bool shape_concerns(struct rule_changes *c, struct rule_changes_shape *s,
                           const struct credit *credit, const struct key *key,
                           const struct key *mask)
{
    uint64_t words[KEY_WORDS], known[KEY_WORDS];
    uint32_t reach;

    if (credit_counted(credit, s->tables, s->table_id)) {
        return true;
    }
    if (!credit_searched(credit, s->tables, s->table_id, &reach)) {
        return false;
    }
    for (unsigned i = 0; i < s->n_words; i++) {
        unsigned w = s->index[i];
        known[i] = s->bits[i] & key_words(mask)[w] & ~credit_opaque_bits(credit, w);
        words[i] = key_words(key)[w] & known[i];
    }
    be32 in_port_known = credit->in_port_opaque ? 0 : s->in_port_mask;
    be32 in_port = credit->in_port & in_port_known;
    const struct hmap *entries = entries_by(c, s, known, in_port_known);
    if (!entries) {
        return true;
    }
    const struct entry *e =
        find(entries, s, words, in_port, hash_words(words, s->n_words, in_port));
    return e && e->reach >= reach;
}

bool rule_changes_concern(struct rule_changes *c, const struct credit *credit,
                          const struct key *key, const struct key *mask)
{
    for (unsigned i = 0; i < c->n_shapes; i++) {
        if (shape_concerns(c, c->shapes[i], credit, key, mask)) {
            return true;
        }
    }
    return false;
}

void rule_changes_clear(struct rule_changes *c)
{
    for (unsigned i = 0; i < c->n_shapes; i++) {
        struct rule_changes_shape *s = c->shapes[i];
        drop_projections(c, s);
        entries_clear(&s->entries);
        tables_unref(s->tables);
        free(s);
    }
    memset(c, 0, sizeof *c);
}
