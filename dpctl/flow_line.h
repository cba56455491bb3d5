/* flow_line.h - a datapath flow as a line of dpctl dump-flows: its UFID, statistics, and what
 * filters select.
 *
 * Layer 5, any thread.  Commands of the daemon and those without one (direct.h) print the same. */
#pragma once

#include "lib/dp/dp.h"
#include "ofp/match.h"

#define FLOW_LINE_UFID "ufid:"

struct flow_line_ufid {
    uint32_t w[4];
};

void flow_line_put_ufid(struct text *, const struct flow_line_ufid *);
/* `ufid:XXXXXXXX-XXXX-XXXX-XXXX-XXXXXXXXXXXX`; 'rest' (may be NULL) is what follows it and a
 * comma. */
bool flow_line_parse_ufid(const char *, struct flow_line_ufid *, const char **rest);
/* `packets:1, bytes:42, used:0.100s, flags:S`; 'now_ms' of the clock of used_ms. */
void flow_line_put_stats(struct text *, const struct dp_flow_stats *, int64_t now_ms);

/* A flow of OpenFlow's kind without masks. */
char *flow_line_parse_filter(const char *, struct match *) MUST_USE;
/* Could packets of the flow have what the filter asks for? */
bool flow_line_passes(const struct match *filter, const struct key *, const struct key *mask);
/* '*ours': whether flows of these datapaths are among the types, none of which is offloaded. */
char *flow_line_parse_types(const char *, bool *ours) MUST_USE;

/* `filter=` and `type=` of dump-flows. */
struct flow_line_selection {
    struct match filter;
    bool has_filter, has_types, ours;
};
/* Takes one argument.  NULL, or a heap error text and '*reason' (may be NULL). */
char *flow_line_select(struct flow_line_selection *, const char *arg, const char **reason) MUST_USE;
