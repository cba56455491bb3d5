/* bridge_keep.h - what of a bridge outlives the process: its rules, what its tunnel options mean,
 * and whether it was managed, in RUNDIR/BRIDGE.rules (journal.h).
 *
 * Layer 4, control thread.  Who changes one of these says so here, after the change (a rule that
 * goes: before).  The next process takes them over before its ports open (bridge_restore.c). */
#pragma once

#include "lib/packet/tlv_table.h"
#include "ofp/match.h"

struct bridge;
struct bridge_keep;
struct flow_mod;
struct rule;

void bridge_keep_rule(struct bridge *, const struct rule *); /* As it is now. */
void bridge_keep_rule_gone(struct bridge *, const struct rule *);
/* All that a DELETE means: one record, however many they are. */
void bridge_keep_delete(struct bridge *, const struct flow_mod *);
void bridge_keep_control(struct bridge *);
void bridge_keep_tlvs(struct bridge *, enum tlv_command, const struct tlv_mapping *, size_t n);
void bridge_keep_group(struct bridge *, uint32_t id, bool gone);
void bridge_keep_meter(struct bridge *, uint16_t command, uint32_t id);
/* Any other message that changed the bridge, in OpenFlow 1.5, for bridge_restore() to repeat. */
void bridge_keep_message(struct bridge *, const void *msg, size_t len);
/* Before the tables go.  'remove': nothing is left for the next process. */
void bridge_keep_free(struct bridge *, bool remove);

/* Kinds of records. */
enum bridge_keep_kind {
    KEEP_RULE = 1, /* struct bridge_keep_past in network order, and a FLOW_MOD that adds. */
    KEEP_MESSAGE,  /* One that changes the bridge. */
    KEEP_CONTROL,  /* fail mode, has controllers; a byte each. */
};
#define KEEP_VERSION OFP15_VERSION /* Of the messages. */

/* bridge_restore.c: everything from the file. */
void bridge_restore(struct bridge *, const char *path);
