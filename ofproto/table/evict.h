/* evict.h - which rule of a full table goes first: the least important, among those the one that
 * would end soonest.
 *
 * Layer 4, pure.  Owner: the control thread.  Journey: a flow-mod adds to a full table that evicts
 * -> evict_pop() -> the rule is removed.  OpenFlow 1.4.1 section 5.5, 7.3.6.
 *
 * Invariants: every live rule that was pushed is in the heap with a key not above its own now (a
 * use puts an idle timeout off); rules that are gone are found when they come up.  The heap's
 * length is bounded by twice the rules, and a little. */
#pragma once

#include "ofproto/table/rule.h"

struct evict_entry {
    struct rule *rule; /* Reference. */
    int64_t ends_ms;
    uint64_t seq; /* Of pushing: the older first. */
    uint16_t importance;
};

struct evict {
    struct evict_entry *heap;
    size_t n, cap;
    uint64_t pushed;
};

void evict_init(struct evict *);
void evict_deinit(struct evict *);
void evict_push(struct evict *, struct rule *);
/* The live rule to go first, which stays the table's; NULL: there is none. */
struct rule *evict_pop(struct evict *);
/* When the rule times out if nothing uses it any more; INT64_MAX: never. */
int64_t evict_ends_ms(const struct rule *);
