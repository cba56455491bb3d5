/* learned.h - a flow that a learn action has made of a packet.
 *
 * Layer 4, pure.  Journey: xlate_learn() makes one -> as an effect to the control thread, which
 * puts the flow into its table -> in the credit of the cached flow, so that traffic keeps it fresh.
 * Immutable; references are counted atomically. */
#pragma once

#include "ofproto/table/table.h"

struct learned {
    uint32_t refs;         /* Atomic. */
    struct tables *tables; /* Reference. */
    struct match match;
    struct rule_args args;
    struct rule_acts *acts; /* Reference. */
    uint32_t limit;         /* Flows of the table with this cookie; 0: any number. */
};

/* The reference on 'acts' is taken over. */
struct learned *learned_new(struct tables *, const struct match *, const struct rule_args *,
                            struct rule_acts *acts, uint32_t limit);
void learned_ref(struct learned *);
void learned_unref(struct learned *); /* NULL is fine. */
/* Is this the flow that would be put in? */
bool learned_is_rule(const struct learned *, const struct rule *);
