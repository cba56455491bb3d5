/* meter_ids.h - which meter of the datapath is behind a meter of the bridge.
 *
 * Layer 4, pure.  Kept beside the rules, for translation; without versions, since a meter comes
 * ahead of the rules that name it and goes behind them.
 * Owner and threads: as table.h. */
#pragma once

#include "lib/base.h"

struct tables;

struct meter_id {
    uint32_t dp_id;
    bool remarks; /* It changes packets: translation goes on with what has become of them. */
    bool drops;   /* Not all that come to it go on: what is counted behind it is counted apart. */
};

/* False: there is no such meter.  Any thread, inside an RCU read section. */
bool meter_ids_find(const struct tables *, uint32_t id, struct meter_id *);
void meter_ids_set(struct tables *, uint32_t id, const struct meter_id *);
void meter_ids_unset(struct tables *, uint32_t id);
/* How many live rules name it. */
uint32_t meter_ids_ref_count(const struct tables *, uint32_t id);
/* With the tables, after grace. */
void meter_ids_deinit(struct tables *);
