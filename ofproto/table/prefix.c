/* prefix.c - see prefix.h. */
#include "ofproto/table/prefix.h"

#include <stdlib.h>

#include "lib/mem.h"

#define MAX_WORDS  (PREFIX_MAX_BITS / 32)
#define FIRST_LOG  4 /* The first chunk has 16 nodes, each further one twice as many. */
#define MAX_CHUNKS 24

/* Two of these may stand behind each rule and field, so they are small. */
struct node {
    uint32_t child[2];    /* Numbers of nodes; 0: none. */
    uint32_t rules_depth; /* Rules with exactly this prefix << DEPTH_BITS | length of the prefix. */
    uint32_t bits[];      /* The field's words, host order, zero behind the prefix. */
};

#define DEPTH_BITS 8
#define MAX_RULES  ((UINT32_C(1) << (32 - DEPTH_BITS)) - 1) /* Once reached, it stays. */
_Static_assert(PREFIX_MAX_BITS < 1 << DEPTH_BITS, "a depth fits");

struct prefix_trie {
    uint32_t root;
    uint32_t n_gone; /* Nodes ever given back. */
    uint32_t n_used; /* Nodes ever taken, the first being number 1. */
    uint32_t free;   /* Chained by child[0]. */
    unsigned n_words;
    char *chunk[MAX_CHUNKS];
};

static const struct {
    uint16_t ofs;
    uint8_t n_bytes;
} fields_[PREFIX_N_FIELDS] = {
#define PREFIX_FIELD(MEMBER) {offsetof(struct flow, key.MEMBER), sizeof(((struct key *)0)->MEMBER)},
    KEY_PREFIX_MEMBERS(PREFIX_FIELD)
#undef PREFIX_FIELD
};

static inline uint32_t load(const uint32_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void store(uint32_t *p, uint32_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

void prefixes_init(struct prefixes *p)
{
    memset(p, 0, sizeof *p);
}

void prefixes_deinit(struct prefixes *p)
{
    for (unsigned f = 0; f < PREFIX_N_FIELDS; f++) {
        for (unsigned i = 0; p->trie[f] && i < MAX_CHUNKS; i++) {
            free(p->trie[f]->chunk[i]);
        }
        free(p->trie[f]);
        p->trie[f] = NULL;
    }
}

unsigned prefix_word(enum prefix_field f, unsigned *byte)
{
    *byte = fields_[f].ofs % 8;
    return fields_[f].ofs / 8;
}

/* The first 'n_bytes' at 'from' as words in host order, the rest of them zero. */
static void words_of(const uint8_t *from, unsigned n_bytes, uint32_t words[MAX_WORDS])
{
    uint8_t bytes[MAX_WORDS * 4] = {0};

    memcpy(bytes, from, n_bytes);
    for (unsigned i = 0; i < MAX_WORDS; i++) {
        be32 w;
        memcpy(&w, &bytes[i * 4], sizeof w);
        words[i] = ntohl(w);
    }
}

static void field_words(enum prefix_field f, const struct flow *flow, uint32_t words[MAX_WORDS])
{
    words_of((const uint8_t *)flow + fields_[f].ofs, fields_[f].n_bytes, words);
}

static inline uint32_t leading_ones(unsigned n) /* 0 to 32. */
{
    return n ? UINT32_MAX << (32 - n) : 0;
}

static void cut(uint32_t words[MAX_WORDS], unsigned n_bits)
{
    for (unsigned i = 0; i < MAX_WORDS; i++) {
        words[i] &= leading_ones(n_bits > i * 32 ? MIN(n_bits - i * 32, 32U) : 0);
    }
}

unsigned prefix_of_mask(enum prefix_field f, const struct flow *mask)
{
    uint32_t words[MAX_WORDS], ones[MAX_WORDS];
    unsigned n = 0;

    field_words(f, mask, words);
    while (n < MAX_WORDS && words[n] == UINT32_MAX) {
        n++;
    }
    n = n * 32 + (n < MAX_WORDS && words[n] ? (unsigned)__builtin_clz(~words[n]) : 0);
    memset(ones, 0xff, sizeof ones);
    cut(ones, n);
    return memcmp(words, ones, sizeof words) ? 0 : n;
}

static inline bool bit_of(const uint32_t *words, unsigned n)
{
    return words[n / 32] >> (31 - n % 32) & 1;
}

/* The first bit of 'from' to 'to' in which they differ, or 'to'. */
static unsigned common(const uint32_t *node_bits, const uint32_t *words, unsigned from, unsigned to)
{
    for (unsigned i = from / 32; i * 32 < to; i++) {
        uint32_t differ = load(&node_bits[i]) ^ words[i];
        if (i == from / 32) {
            differ &= ~leading_ones(from % 32);
        }
        if (differ) {
            return MIN(i * 32 + (unsigned)__builtin_clz(differ), to);
        }
    }
    return to;
}

/* ---- nodes ---- */

static inline unsigned depth_of(const struct node *n)
{
    return load(&n->rules_depth) & ((1U << DEPTH_BITS) - 1);
}

static inline uint32_t rules_of(const struct node *n)
{
    return load(&n->rules_depth) >> DEPTH_BITS;
}

static void count_rule(struct node *n, int by)
{
    uint32_t rules = rules_of(n);

    if (rules < MAX_RULES) {
        store(&n->rules_depth, (rules + (uint32_t)by) << DEPTH_BITS | depth_of(n));
    }
}

static unsigned chunk_of(uint32_t number, uint32_t *at)
{
    uint32_t n = number - 1 + (1U << FIRST_LOG);
    unsigned log = 31 - (unsigned)__builtin_clz(n);

    *at = n - (1U << log);
    return log - FIRST_LOG;
}

static inline size_t node_size(const struct prefix_trie *t)
{
    return sizeof(struct node) + t->n_words * sizeof(uint32_t);
}

static struct node *node_of(const struct prefix_trie *t, uint32_t number)
{
    uint32_t at;
    unsigned i = chunk_of(number, &at);
    char *chunk = __atomic_load_n(&t->chunk[i], __ATOMIC_ACQUIRE);

    return (struct node *)(void *)(chunk + at * node_size(t));
}

static uint32_t node_new(struct prefix_trie *t, const uint32_t *words, unsigned depth,
                         uint32_t n_rules)
{
    uint32_t number = t->free;

    if (number) {
        t->free = node_of(t, number)->child[0];
    } else {
        uint32_t at;
        number = ++t->n_used;
        unsigned i = chunk_of(number, &at);
        if (!at) {
            size_t n = (size_t)1 << (FIRST_LOG + i);
            __atomic_store_n(&t->chunk[i], xzalloc(n * node_size(t)), __ATOMIC_RELEASE);
        }
    }
    struct node *n = node_of(t, number);
    uint32_t bits[MAX_WORDS];
    memcpy(bits, words, sizeof bits);
    cut(bits, depth);
    for (unsigned i = 0; i < t->n_words; i++) {
        store(&n->bits[i], bits[i]);
    }
    store(&n->child[0], 0);
    store(&n->child[1], 0);
    store(&n->rules_depth, n_rules << DEPTH_BITS | depth);
    return number;
}

/* It hangs on nothing any more.  Who sees what is written to it from now on sees 'n_gone' too. */
static void node_free(struct prefix_trie *t, uint32_t number)
{
    store(&t->n_gone, t->n_gone + 1);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    store(&node_of(t, number)->child[0], t->free);
    t->free = number;
}

/* What was written to the node is seen by who comes to it from here. */
static void set_link(uint32_t *link, uint32_t number)
{
    __atomic_store_n(link, number, __ATOMIC_RELEASE);
}

/* ---- writer ---- */

static struct prefix_trie *make_trie(struct prefixes *p, enum prefix_field f)
{
    struct prefix_trie *t = p->trie[f];

    if (!t) {
        t = xzalloc(sizeof *t);
        t->n_words = (fields_[f].n_bytes + 3U) / 4;
        __atomic_store_n(&p->trie[f], t, __ATOMIC_RELEASE);
    }
    return t;
}

void prefixes_add(struct prefixes *p, enum prefix_field f, const uint8_t *value, unsigned n_bits)
{
    struct prefix_trie *t = make_trie(p, f);
    uint32_t *link = &t->root, words[MAX_WORDS];
    unsigned from = 0;

    words_of(value, (n_bits + 7) / 8, words);
    while (*link) {
        struct node *n = node_of(t, *link);
        unsigned depth = depth_of(n), same = common(n->bits, words, from, MIN(depth, n_bits));
        if (same < depth) { /* A node between: where they part, or this prefix itself. */
            uint32_t between = node_new(t, words, same, same == n_bits);
            struct node *b = node_of(t, between);
            set_link(&b->child[bit_of(n->bits, same)], *link);
            if (same < n_bits) {
                set_link(&b->child[bit_of(words, same)], node_new(t, words, n_bits, 1));
            }
            set_link(link, between);
            return;
        }
        if (depth == n_bits) {
            count_rule(n, 1);
            return;
        }
        from = depth;
        link = &n->child[bit_of(words, from)];
    }
    set_link(link, node_new(t, words, n_bits, 1));
}

/* Takes out the node at 'link' if it has become of no use; its only child takes its place. */
static bool splice(struct prefix_trie *t, uint32_t *link)
{
    uint32_t number = *link;
    const struct node *n = node_of(t, number);

    if (rules_of(n) || (n->child[0] && n->child[1])) {
        return false;
    }
    set_link(link, n->child[0] ? n->child[0] : n->child[1]);
    node_free(t, number);
    return true;
}

void prefixes_remove(struct prefixes *p, enum prefix_field f, const uint8_t *value, unsigned n_bits)
{
    struct prefix_trie *t = p->trie[f];
    uint32_t *above = NULL, *link = &t->root, words[MAX_WORDS];
    struct node *n;

    words_of(value, (n_bits + 7) / 8, words);
    while (depth_of(n = node_of(t, *link)) < n_bits) {
        above = link;
        link = &n->child[bit_of(words, depth_of(n))];
    }
    count_rule(n, -1);
    if (splice(t, link) && above) {
        splice(t, above);
    }
}

/* ---- readers ---- */

static void all_may_match(enum prefix_field f, struct prefix_seen *s)
{
    memset(s->lens, 0xff, sizeof s->lens);
    s->n_bits = (uint8_t)(fields_[f].n_bytes * 8);
}

static void walk(enum prefix_field f, const struct prefix_trie *t, const struct flow *flow,
                 struct prefix_seen *s)
{
    const unsigned width = fields_[f].n_bytes * 8U;
    const uint32_t n_gone = load(&t->n_gone);
    uint32_t words[MAX_WORDS];
    unsigned from = 0;
    bool first = true;

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    field_words(f, flow, words);
    for (uint32_t at = __atomic_load_n(&t->root, __ATOMIC_ACQUIRE); at; first = false) {
        const struct node *n = node_of(t, at);
        unsigned depth = depth_of(n);
        if (depth > width || (!first && depth <= from)) {
            all_may_match(f, s); /* Another node by now.  So a walk ends. */
            return;
        }
        unsigned same = common(n->bits, words, from, depth);
        s->n_bits = (uint8_t)(same < depth ? same + 1 : depth);
        if (same < depth) {
            break;
        }
        if (depth && rules_of(n)) {
            s->lens[(depth - 1) / 64] |= UINT64_C(1) << (depth - 1) % 64;
        }
        if (depth == width) {
            break;
        }
        bool bit = bit_of(words, depth);
        at = __atomic_load_n(&n->child[bit], __ATOMIC_ACQUIRE);
        if (!at && load(&n->child[!bit])) {
            s->n_bits = (uint8_t)(depth + 1);
        }
        from = depth;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (load(&t->n_gone) != n_gone) {
        all_may_match(f, s);
    }
}

static void look_at(enum prefix_field f, unsigned n_bits, struct flow *wc)
{
    uint8_t *w = (uint8_t *)wc + fields_[f].ofs;

    memset(w, 0xff, n_bits / 8);
    if (n_bits % 8) {
        w[n_bits / 8] |= (uint8_t)(0xff00U >> n_bits % 8);
    }
}

bool prefix_excludes(struct prefix_lookup *l, enum prefix_field f, unsigned n_bits, struct flow *wc)
{
    struct prefix_seen *s = &l->seen[f];

    if (!s->known) {
        const struct prefix_trie *t = __atomic_load_n(&l->prefixes->trie[f], __ATOMIC_ACQUIRE);
        s->known = true;
        if (t) {
            walk(f, t, l->flow, s);
        } else {
            all_may_match(f, s);
        }
    }
    look_at(f, MIN(n_bits, (unsigned)s->n_bits), wc);
    return !(s->lens[(n_bits - 1) / 64] >> (n_bits - 1) % 64 & 1);
}
