/* learn.h - learned flows on the control thread: into their tables, kept fresh, taken out again.
 *
 * Layer 4.  Journey: an effect of a translation -> learn_apply(); each time a cached flow has had
 * packets -> learn_credit(); a rule that comes or goes -> learn_rule_added(), learn_rule_gone(), so
 * that flows with `delete_learned` go with the last rule that learns them. */
#pragma once

#include "ofproto/xlate/credit.h"
#include "ofproto/xlate/learned.h"

struct ofproto;
struct bridge;

void learn_apply(struct ofproto *, const struct learned *, int64_t now_ms);
/* What a credit asks for beyond credit_apply(): learned flows are refreshed, and put back if others
 * than the controller took them out; fin_timeout cuts timeouts. */
void learn_credit(struct ofproto *, const struct credit *, const struct dp_flow_stats *delta);

void learn_rule_added(struct bridge *, const struct rule *);
/* May remove other rules of the bridge; the caller publishes. */
void learn_rule_gone(struct bridge *, const struct rule *);
/* It never came: nothing that it learned goes. */
void learn_rule_forgotten(struct bridge *, const struct rule *);
void learn_deinit(struct bridge *);
