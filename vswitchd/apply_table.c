/* apply_table.c - limits, names and overflow of flow tables: the rows of Flow_Table.  Part of
 * apply.h.
 *
 * 'groups' and 'prefixes' have no effect: the least important rule goes first, and every field has
 * prefix tracking. */
#include "ofproto/bridge_table.h"

#include <stdlib.h>

#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

void apply_tables(struct apply *a, const struct applied_bridge *b, const struct config_row *bridge)
{
    const struct datum *d = config_datum(bridge, COL_Bridge_flow_tables);
    uint32_t next = 0;

    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        const struct config_row *row = NULL;
        while (next < d->n && d->keys[next].integer < id) {
            next++;
        }
        if (next < d->n && d->keys[next].integer == id) {
            row = config_value_ref(a->config, bridge, COL_Bridge_flow_tables, next);
        }
        if (!row) {
            bridge_table_configure(b->bridge, (uint8_t)id, NULL);
            continue;
        }
        int64_t limit = config_integer(row, COL_Flow_Table_flow_limit, BRIDGE_TABLE_NO_LIMIT);
        struct bridge_table_config c = {
            .name = config_string(row, COL_Flow_Table_name, NULL),
            .limit = (uint32_t)MIN(limit, BRIDGE_TABLE_NO_LIMIT),
            .evict = !strcmp(config_string(row, COL_Flow_Table_overflow_policy, ""), "evict")};
        bridge_table_configure(b->bridge, (uint8_t)id, &c);
    }
}
