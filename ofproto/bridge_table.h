/* bridge_table.h - how the tables of a bridge are configured: names, limits, eviction, vacancy
 * events, what becomes of packets that no rule matches.
 *
 * Layer 4.  Owner: the control thread.  Two masters: table Flow_Table of the configuration and
 * TABLE_MOD, TABLE_FEATURES of controllers.  OpenFlow 1.4.1 sections 7.3.4.1, 7.4.5; 1.1 and 1.2:
 * A.3.3. */
#pragma once

#include "ofp/table_mod.h"
#include "ofproto/table/evict.h"

struct bridge;

#define BRIDGE_TABLE_NO_LIMIT 4000000 /* What one peer can make us remember. */

struct bridge_table_config { /* Of a row of Flow_Table. */
    const char *name;        /* Or NULL. */
    uint32_t limit;          /* BRIDGE_TABLE_NO_LIMIT: none. */
    bool evict;              /* A full table makes room; else it refuses. */
};

struct bridge_tables; /* All 254, made as they are needed. */
struct bridge_tables *bridge_tables_new(void);
void bridge_tables_free(struct bridge_tables *);

/* Room for one more rule in table 'id': OFPFMFC_TABLE_FULL, or a rule was evicted if need be. */
enum ofp_error bridge_table_make_room(struct bridge *, uint8_t id) MUST_USE;
/* A rule has come or gone: for eviction, and vacancy events.  'rule' NULL: gone. */
void bridge_table_changed(struct bridge *, uint8_t id, struct rule *);
/* 'id' OFPTT_ALL: each. */
enum ofp_error bridge_table_mod(struct bridge *, const struct table_config *, uint8_t version);
/* As TABLE_DESC says it. */
void bridge_table_get(const struct bridge *, uint8_t id, struct table_config *);
/* As controllers set it, and the defaults where they did not. */
void bridge_table_get_mods(const struct bridge *, uint8_t id, struct table_config *);
const char *bridge_table_name(const struct bridge *, uint8_t id); /* NULL: none. */
/* A controller's name for it, shown where Flow_Table has none; empty, or what is shown: none. */
void bridge_table_rename(struct bridge *, uint8_t id, const char *name);
const char *bridge_table_mod_name(const struct bridge *, uint8_t id); /* NULL: none. */
uint32_t bridge_table_limit(const struct bridge *, uint8_t id);
/* NULL: no row for this table.  What is above the limit is evicted or stays, as the row says. */
void bridge_table_configure(struct bridge *, uint8_t id, const struct bridge_table_config *);
