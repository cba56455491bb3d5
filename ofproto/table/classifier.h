/* classifier.h - the rules of one table, found by tuple-space search.
 *
 * Layer 4, pure.  Rules with the same mask form a subtable, an index over their masked values;
 * subtables are searched in the order of their highest priority, until no better rule can come.
 * Within a subtable the words are looked at in stages (metadata, layer 2, IP protocol, layer 3, 4):
 * a flow that no rule shares the first stages with leaves without the later ones being looked at,
 * so that the mask of the cached flow stays narrow.  Before a stage with addresses or ports,
 * prefix.h says whether any rule has the flow's, and how few bits tell.
 *
 * Rules with conjunction() match together (conjunction.c): a lookup that meets one begins anew on a
 * slower way.
 *
 * Invariants: rules with equal masked values hang on one chain, highest priority first, newest
 * first.  A chain may hold versions of the same rule.
 * Threads: as table.h.  Does not know versions beyond asking rule_visible(). */
#pragma once

#include "ofproto/table/index.h"
#include "ofproto/table/prefix.h"
#include "ofproto/table/rule.h"

_Static_assert(FLOW_WORDS <= UINT8_MAX, "the number of a word fits a byte");

#define SUBTABLE_STAGES   5
#define SUBTABLE_PREFIXES 32768 /* From then on a prefix would tell little, and cost as much. */

/* A prefix that the mask has. */
struct subtable_prefix {
    uint8_t field; /* enum prefix_field */
    uint8_t n_bits;
    uint8_t stage;
    uint16_t byte; /* Where it begins in the values of rules. */
};

struct subtable {
    struct index rules;                       /* Heads of chains, by hash of all words. */
    struct index stages[SUBTABLE_STAGES - 1]; /* Hashes of the words up to that stage. */
    uint8_t stage_end[SUBTABLE_STAGES];       /* Words before the end of the stage. */
    uint8_t last_stage;                       /* Nothing is added after it. */
    uint8_t n_words;
    uint8_t word[FLOW_WORDS];  /* Which words of struct flow, by stage. */
    uint64_t mask[FLOW_WORDS]; /* In the same order. */

    /* Writer only. */
    uint32_t mask_hash;
    uint32_t n_rules;      /* Physically in, removed ones that wait included. */
    uint16_t max_priority; /* At least the highest of its rules. */
    uint32_t n_max;        /* Rules of that priority. */
    uint32_t n_lowered;    /* Removals since max_priority was last recomputed. */

    bool without_tries; /* Once it had SUBTABLE_PREFIXES rules: those that came then are in none. */
    uint8_t n_prefixes;
    struct subtable_prefix prefix[PREFIX_N_FIELDS];

    struct tun_place *tun; /* TUN_OPTIONS places, or NULL: no tunnel options in the mask. */

    uint32_t refs; /* Atomic: the classifier's and one for each rule. */
    struct rcu_head rcu;
};

struct classifier_entry {
    uint16_t priority;
    struct subtable *subtable;
};

struct classifier_list {
    struct rcu_head rcu;
    uint32_t n;
    struct classifier_entry e[];
};

struct classifier {
    struct classifier_list *list; /* RCU: highest priority first; NULL: no rules. */
    uint64_t seed;
    struct index by_mask; /* Writer: subtables by the hash of their mask. */
    struct prefixes prefixes;
};

void classifier_init(struct classifier *, uint64_t seed);
void classifier_deinit(struct classifier *); /* Must be empty. */

/* A rule for this match, with its value filled in and a reference on its subtable, which is made if
 * need be; not yet in. */
struct rule *classifier_new_rule(struct classifier *, const struct match *);
void classifier_insert(struct classifier *, struct rule *);
void classifier_remove(struct classifier *, struct rule *);

struct rule *classifier_lookup(const struct classifier *, uint64_t version, const struct flow *,
                               struct flow *wc);

/* The same for ordinary rules only, as if there were no others. */
struct rule *classifier_lookup_hard(const struct classifier *, uint64_t version,
                                    const struct flow *, struct flow *wc);

/* conjunction.c: have these acts a conjunction()? */
bool conjunction_is_in(const void *acts, size_t len);
/* What the rules of 'priority' among 'soft', which all match, lead to together; or NULL. */
struct rule *conjunction_resolve(const struct classifier *, uint64_t version, const struct flow *,
                                 struct flow *wc, struct rule *const *soft, size_t n_soft,
                                 uint16_t priority);

/* The rule with exactly this match and priority in 'version', or NULL; any thread. */
const struct rule *classifier_find_visible(const struct classifier *, uint64_t version,
                                           const struct match *, uint16_t priority);

/* ---- writer ---- */

/* The chain of rules with exactly this match, or NULL. */
struct rule *classifier_find(const struct classifier *, const struct match *);
/* Walks the rules that may be at least as specific as 'within' (NULL: all rules): of those with
 * its mask only the ones with its value; of those with a larger mask all. */
struct classifier_walk {
    const struct classifier *classifier;
    const struct match *within;
    uint32_t i, pos;
    struct rule *next;
};
void classifier_walk_begin(struct classifier_walk *, const struct classifier *,
                           const struct match *within);
struct rule *classifier_walk_next(struct classifier_walk *);

void subtable_unref(struct subtable *);
/* The head of the chain with this value; any thread. */
struct rule *subtable_find_head(const struct subtable *, uint32_t hash, const uint64_t *value);
/* Does the stage add words, and do others come after it?  Only then it has an index. */
static inline bool subtable_stage_is_indexed(const struct subtable *st, unsigned s)
{
    return s < st->last_stage && st->stage_end[s] > (s ? st->stage_end[s - 1] : 0);
}
/* Has the match the subtable's mask, and its tunnel options at the same places? */
bool subtable_mask_equal(const struct subtable *, const struct match *);
/* Which tunnel options (bit N: tun_metadataN) live rules match. */
uint64_t classifier_tun_options(const struct classifier *);
