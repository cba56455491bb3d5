/* rule_changes.h - a set of changed rules, asked which cached flows they may concern.
 *
 * Layer 4, pure.  Journey: flow-mods add to it; the walk over cached flows that follows asks for
 * each of them.  Rules of one table and one mask lie in a hash table, so that a flow's question
 * costs a look-up for each mask, not a comparison for each rule.  Where a flow's mask lacks some of
 * theirs (a prefix of an address, say), they lie in another one by those bits that it has.
 *
 * Invariant: it says the same as credit_depends() of each change, or yes where there would be too
 * many such tables.  Owner: the control thread.
 */
#pragma once

#include "ofproto/xlate/credit.h"

#define RULE_CHANGES_MAX    16384 /* Changes, */
#define RULE_CHANGES_SHAPES 64    /* and pairs of a table and a mask. */

struct rule_changes {
    struct rule_changes_shape *shapes[RULE_CHANGES_SHAPES];
    unsigned n_shapes;
    unsigned n;
    unsigned n_projected;
};

/* A rule with this match and priority came, went or changed.  False: there is no room. */
bool rule_changes_add(struct rule_changes *, struct tables *, uint8_t id, const struct match *,
                      uint16_t priority);
/* Must the flow with this credit, key and mask be translated again?  Never falsely false. */
bool rule_changes_concern(struct rule_changes *, const struct credit *, const struct key *key,
                          const struct key *mask);
void rule_changes_clear(struct rule_changes *); /* Empty and without memory, as when zeroed. */
