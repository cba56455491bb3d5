/* bridge_keep.h - what of a bridge outlives the process: its rules, groups, meters, what its tunnel
 * options mean, what was set on tables and ports, learned addresses, and whether it was managed, in
 * RUNDIR/BRIDGE.rules (journal.h).
 *
 * Layer 4, control thread.  Who changes one of these says so here, after the change (a rule that
 * goes: before).  The next process takes them over before its ports open (bridge_restore.c). */
#pragma once

#include "lib/packet/tlv_table.h"
#include "lib/wire.h"
#include "ofp/match.h"

struct bridge;
struct bridge_keep;
struct fdb_entry_info;
struct flow_mod;
struct rule;
struct table_config;

void bridge_keep_rule(struct bridge *, const struct rule *); /* As it is now. */
/* The same of one that the FLOW_MOD 'msg' has just added, which need not be encoded anew: of
 * OpenFlow 1.2 or later, and without tunnel options, which a message says by the table of its time.
 */
void bridge_keep_rule_as(struct bridge *, const struct rule *, const uint8_t *msg);
void bridge_keep_rule_gone(struct bridge *, const struct rule *);
/* All that a DELETE means: one record, however many they are. */
void bridge_keep_delete(struct bridge *, const struct flow_mod *);
void bridge_keep_control(struct bridge *);
void bridge_keep_tlvs(struct bridge *, enum tlv_command, const struct tlv_mapping *, size_t n);
void bridge_keep_group(struct bridge *, uint32_t id, bool gone);
void bridge_keep_meter(struct bridge *, uint16_t command, uint32_t id);
void bridge_keep_table(struct bridge *, const struct table_config *, uint8_t version);
void bridge_keep_table_name(struct bridge *, uint8_t id, const char *name); /* Empty: none. */
void bridge_keep_port(struct bridge *, const char *name, uint32_t config);
/* Learned, or on another port now.  Of more than KEEP_ADDRESSES_S a second only what is still there
 * at the next snapshot is kept: a flood of addresses is no reason to write without end. */
void bridge_keep_learned(struct bridge *, const struct fdb_entry_info *);
/* All of the port are forgotten; OFPP_ANY: of all ports. */
void bridge_keep_forgotten(struct bridge *, uint32_t ofp_port);
#define KEEP_ADDRESSES_S 1000
/* Any other message that changed the bridge, in OpenFlow 1.5, for bridge_restore() to repeat. */
void bridge_keep_message(struct bridge *, const void *msg, size_t len);
/* Before the tables go.  'remove': nothing is left for the next process. */
void bridge_keep_free(struct bridge *, bool remove);

/* Kinds of records. */
enum bridge_keep_kind {
    KEEP_RULE = 1, /* struct bridge_keep_past in network order, and a FLOW_MOD that adds. */
    KEEP_MESSAGE,  /* One that changes the bridge. */
    KEEP_CONTROL,  /* fail mode, has controllers; a byte each. */
    KEEP_PORT,     /* What PORT_MOD has set (32 bits), and the port's name. */
    /* VLAN (16 bits), address, OpenFlow port (32), used when (64); many.  KEEP_VLAN_ALL: all
     * addresses of the port are forgotten. */
    KEEP_ADDRESSES,
    /* Number (32); made when, now, packets, bytes; of each band packets, bytes, how far it is
     * ahead in microseconds: 64 bits each. */
    KEEP_METER,
    KEEP_TABLE_NAME, /* Number (8 bits), and the name that TABLE_FEATURES has set. */
    /* Number (32); made when, packets, bytes; of each bucket packets and bytes: 64 bits each. */
    KEEP_GROUP,
};
#define KEEP_VLAN_ALL UINT16_MAX
#define KEEP_MAX      70000         /* Bytes of a record. */
#define KEEP_VERSION  OFP15_VERSION /* Of the messages. */

/* bridge_keep.c, for bridge_keep_state.c: takes what 'w' has. */
void bridge_keep_put(struct bridge *, struct wire_wr *w, enum bridge_keep_kind, bool snapshot);
/* bridge_keep_state.c, the journal being there. */
void bridge_keep_address(struct bridge *, const struct fdb_entry_info *);
void bridge_keep_state(struct bridge *);                  /* All of it, into a snapshot. */
void bridge_keep_counted(struct bridge *, bool snapshot); /* What changes with the packets. */

/* bridge_restore.c: everything from the file. */
void bridge_restore(struct bridge *, const char *path);
