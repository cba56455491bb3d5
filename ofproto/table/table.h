/* table.h - the flow tables of one bridge: lookup at a version, and what flow-mods do to them.
 *
 * Layer 4, pure.  Journey: translation -> tables_lookup(); flow-mods -> find, insert, replace,
 * remove -> tables_publish() -> new lookups see all of it at once -> grace -> tables_reclaim().
 *
 * Invariants:
 * - What was inserted, replaced or removed since the last tables_publish() is invisible to lookups
 *   and visible to every function of the writer.
 * - A removed rule stays findable for older versions until all readers of that time are done.
 * - At most one live rule of a table has a given match and priority.
 * Owner and threads: the control thread writes; lookups run on any thread inside an RCU (QSBR) read
 * section, without locks.
 * Specification: OpenFlow 1.3.5 sections 5.1-5.5, 6.4.  Does not decode flow-mods, and sends
 * nothing. */
#pragma once

#include "ofproto/table/rule.h"

struct tables;
struct table;

/* ---- the set ---- */

/* 'seed' keys the hash functions.  One reference is the caller's. */
struct tables *tables_new(uint64_t seed);
void tables_ref(struct tables *);
/* The last reference frees the rules as well, after grace; all credits must be back. */
void tables_unref(struct tables *);
/* The version that lookups use now; any thread. */
uint64_t tables_version(const struct tables *);
/* Makes everything since the last call visible at once. */
void tables_publish(struct tables *);
/* Changes of rules and groups from tables_begin() on are published by tables_commit(), all at once,
 * or taken back by tables_abort(); tables_publish() does nothing meanwhile.  No other writer,
 * reader's grace or turn of the loop comes between. */
void tables_begin(struct tables *);
void tables_commit(struct tables *);
/* The second tells the caller what has been taken back, by kind in this order; then UNDO_RULE_NEVER
 * for the rules that came again. */
enum undo_kind {
    UNDO_RULE_CAME,
    UNDO_GROUP_CAME,
    UNDO_GROUP_WENT,
    UNDO_RULE_WENT,
    UNDO_RULE_NEVER,
};
typedef void tables_undone_fn(void *aux, enum undo_kind, void *rule_or_group);
void tables_abort(struct tables *, tables_undone_fn *, void *aux);
/* Frees up to 'budget' removed rules that no reader can see any more.  True: more are ready. */
bool tables_reclaim(struct tables *, unsigned budget);
size_t tables_n_rules(const struct tables *); /* Live ones. */

/* ---- lookup: any thread, under RCU ---- */

/* The rule of table 'id' with the highest priority that matches 'flow' in 'version', or NULL.
 * Every bit of 'flow' that the answer depends on is or-ed into 'wc' (NULL: not wanted): any flow
 * that is equal under it gets the same answer. */
struct rule *tables_lookup(const struct tables *, uint8_t id, uint64_t version,
                           const struct flow *flow, struct flow *wc);

/* The rule with exactly this match and priority in 'version', or NULL. */
const struct rule *tables_find_visible(const struct tables *, uint8_t id, uint64_t version,
                                       const struct match *, uint16_t priority);
/* Live rules of a table with this cookie; 0 unless tables_count_cookie() has asked for it. */
uint32_t tables_cookie_count(const struct tables *, uint8_t id, uint64_t cookie);

/* ---- one table: control thread ---- */

void tables_count_cookie(struct tables *, uint8_t id, uint64_t cookie);

size_t table_n_rules(const struct tables *, uint8_t id);
/* Lookups and hits that credits have reported. */
void table_stats(const struct tables *, uint8_t id, uint64_t *lookups, uint64_t *matched);
void table_credit(struct tables *, uint8_t id, uint64_t lookups, uint64_t matched);

/* The live rule with exactly this match and priority, or NULL. */
struct rule *table_find(const struct tables *, uint8_t id, const struct match *, uint16_t priority);
/* Is there a live rule of this priority that some packet of 'match' matches too, other than one
 * with exactly this match? */
bool table_overlaps(const struct tables *, uint8_t id, const struct match *, uint16_t priority);

/* Which tunnel options (bit N: tun_metadataN) live rules match, or acts of rules and groups name:
 * their mappings cannot go. */
uint64_t tables_tun_options(const struct tables *);

/* Makes a rule and puts it in.  'acts' is taken over.  The table owns the rule; the pointer stays
 * valid until the rule is removed (take a reference to keep it longer).  There must be no live rule
 * with this match and priority: see tables_replace(). */
struct rule *tables_insert(struct tables *, const struct match *, const struct rule_args *,
                           struct rule_acts *acts);
/* Puts a new rule with the same match and priority in the place of 'old'; credits that still name
 * 'old' go to it.  'keep_counters': it begins with old's counters and last use;
 * 'keep_created': with its creation time (a MODIFY; now_ms is then the time of modification). */
struct rule *tables_replace(struct tables *, struct rule *old, const struct rule_args *,
                            struct rule_acts *acts, bool keep_counters, bool keep_created);
void tables_remove(struct tables *, struct rule *);

/* ---- selection (flow-mod MODIFY and DELETE, statistics) ---- */

/* Which rules a request means.  Rules match when they are at least as specific as 'match'. */
struct rule_criteria {
    uint8_t table_id; /* OFPTT_ALL: every table. */
    const struct match *match;
    uint64_t cookie, cookie_mask;
    uint32_t out_port, out_group; /* OFPP_ANY, OFPG_ANY: any. */
};
bool rule_criteria_match(const struct rule_criteria *, const struct rule *);
/* Calls 'visit' for each; it may remove or replace the rule it is given (a rule that it puts in is
 * not visited).  False from it ends the walk.  Costs a look at each rule
 * whose mask is larger than the request's, and at those with just its match. */
void tables_select(struct tables *, const struct rule_criteria *,
                   bool (*visit)(void *aux, struct rule *), void *aux);

/* A walk in stable order (table, then age) that may be interrupted for as long as one likes: rules
 * may come and go meanwhile. */
struct tables_cursor {
    struct tables_cursor *next, **pprev;
    struct rule *rule; /* Next to be given; NULL: begin with the first of 'table_id'. */
    unsigned table_id; /* OFP_N_TABLES: at the end. */
    bool one_table;
};
void tables_cursor_init(struct tables_cursor *, struct tables *, uint8_t id /* OFPTT_ALL */);
void tables_cursor_deinit(struct tables_cursor *);
struct rule *tables_cursor_next(struct tables_cursor *, struct tables *); /* NULL at the end. */

/* ---- timeouts ---- */

enum rule_timeout { RULE_IDLE, RULE_HARD };
/* Calls 'expired', which must remove the rule, for up to 'budget' rules that are due at 'now_ms'.
 * True: more may be due.  Credits should have been delivered shortly before. */
bool tables_expire(struct tables *, int64_t now_ms, unsigned budget,
                   void (*expired)(void *aux, struct rule *, enum rule_timeout), void *aux);
/* Makes the timeouts of a live rule no longer than these (seconds; 0: as they are). */
void tables_cut_timeouts(struct tables *, struct rule *, uint16_t idle, uint16_t hard);
/* When tables_expire() should be called next at the latest; INT64_MAX: never. */
int64_t tables_next_timeout(const struct tables *);
