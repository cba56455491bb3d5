/* bridge_keep_state.c - see bridge_keep.h: what is kept beside rules and groups: what controllers
 * have set on tables and ports, the addresses that NORMAL has learned, how far meters and groups
 * have counted.
 *
 * Control thread.  bridge_restore.c reads it; all numbers are in network order.  Addresses and
 * meters change with the packets: they are written with each snapshot, and once a minute. */
#include <stdlib.h>

#include "ofproto/bridge_table.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"

#define ADDRESSES 2000 /* In one record. */

/* ---- tables ---- */

static void put_table(struct bridge *br, const struct table_config *c, uint8_t version,
                      bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    table_mod_encode(c, version, 0, &w);
    bridge_keep_put(br, &w, KEEP_MESSAGE, snapshot);
}

void bridge_keep_table(struct bridge *br, const struct table_config *c, uint8_t version)
{
    if (br->keep) {
        put_table(br, c, version, false);
    }
}

static void put_table_name(struct bridge *br, uint8_t id, const char *name, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    wire_wr_u8(&w, id);
    wire_wr_bytes(&w, name, strlen(name));
    bridge_keep_put(br, &w, KEEP_TABLE_NAME, snapshot);
}

void bridge_keep_table_name(struct bridge *br, uint8_t id, const char *name)
{
    if (br->keep) {
        put_table_name(br, id, name, false);
    }
}

static void put_tables(struct bridge *br)
{
    struct table_config c;

    for (unsigned id = 0; id < OFP_N_TABLES; id++) {
        const char *name = bridge_table_mod_name(br, (uint8_t)id);
        if (name) {
            put_table_name(br, (uint8_t)id, name, true);
        }
        bridge_table_get_mods(br, (uint8_t)id, &c);
        if (c.miss_config) {
            put_table(br, &c, OFP11_VERSION, true);
        }
        if (c.evict || c.warn_vacant) {
            put_table(br, &c, KEEP_VERSION, true);
        }
    }
}

/* ---- ports ---- */

static void put_port(struct bridge *br, const char *name, uint32_t config, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    wire_wr_u32(&w, config);
    wire_wr_bytes(&w, name, strlen(name));
    bridge_keep_put(br, &w, KEEP_PORT, snapshot);
}

void bridge_keep_port(struct bridge *br, const char *name, uint32_t config)
{
    if (br->keep) {
        put_port(br, name, config, false);
    }
}

static void put_ports(struct bridge *br)
{
    const struct bridge_port_config_kept *k;

    HMAP_FOR_EACH(k, node, &br->port_configs) {
        put_port(br, k->name, k->config, true);
    }
}

/* ---- addresses ---- */

static void encode(const struct fdb_entry_info *e, struct wire_wr *w)
{
    wire_wr_u16(w, e->vlan);
    wire_wr_bytes(w, e->mac, sizeof e->mac);
    wire_wr_u32(w, e->ofp_port);
    wire_wr_u64(w, (uint64_t)e->used_ms);
}

void bridge_keep_address(struct bridge *br, const struct fdb_entry_info *e)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    if (br->keep) {
        encode(e, &w);
        bridge_keep_put(br, &w, KEEP_ADDRESSES, false);
    }
}

struct addresses {
    struct bridge *br;
    struct wire_wr w;
    unsigned n; /* In 'w'. */
    bool snapshot;
};

static void put_addresses(struct addresses *a)
{
    if (a->n) {
        bridge_keep_put(a->br, &a->w, KEEP_ADDRESSES, a->snapshot);
    }
    a->w = WIRE_WR_INIT(KEEP_MAX);
    a->n = 0;
}

static void put_one(void *a_, const struct fdb_entry_info *e)
{
    struct addresses *a = a_;

    encode(e, &a->w);
    if (++a->n == ADDRESSES) {
        put_addresses(a);
    }
}

/* ---- meters ---- */

static void put_meter(struct bridge *br, const struct bridge_meter *m, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);
    struct dp_meter_stats s;

    bridge_meter_get_stats(br, m, &s);
    wire_wr_u32(&w, m->config.id);
    wire_wr_u64(&w, (uint64_t)m->created_ms);
    wire_wr_u64(&w, (uint64_t)loop_now(br->ofproto->loop));
    wire_wr_u64(&w, s.packets);
    wire_wr_u64(&w, s.bytes);
    for (size_t i = 0; i < MIN(m->config.n_bands, (size_t)DP_METER_MAX_BANDS); i++) {
        wire_wr_u64(&w, s.bands[i].packets);
        wire_wr_u64(&w, s.bands[i].bytes);
        wire_wr_u64(&w, s.bands[i].ahead_us);
    }
    bridge_keep_put(br, &w, KEEP_METER, snapshot);
}

/* ---- groups ---- */

static void put_group(struct bridge *br, const struct group_entry *e, bool snapshot)
{
    struct wire_wr w = WIRE_WR_INIT(KEEP_MAX);

    wire_wr_u32(&w, e->group.id);
    wire_wr_u64(&w, (uint64_t)e->created_ms);
    wire_wr_u64(&w, e->total->packets);
    wire_wr_u64(&w, e->total->bytes);
    for (size_t i = 0; i < e->group.n_buckets; i++) {
        wire_wr_u64(&w, e->buckets[i]->packets);
        wire_wr_u64(&w, e->buckets[i]->bytes);
    }
    bridge_keep_put(br, &w, KEEP_GROUP, snapshot);
}

static void put_groups(struct bridge *br, bool snapshot)
{
    size_t n;
    struct group_entry **list = groups_list(br->tables, &n);

    for (size_t i = 0; i < n; i++) {
        put_group(br, list[i], snapshot);
    }
    free(list);
}

/* ---- all of it ---- */

void bridge_keep_counted(struct bridge *br, bool snapshot)
{
    struct addresses a = {.br = br, .w = WIRE_WR_INIT(KEEP_MAX), .snapshot = snapshot};
    const struct bridge_meter *m;

    fdb_dump(br->fdb, put_one, &a);
    put_addresses(&a);
    HMAP_FOR_EACH(m, node, &br->meters) {
        put_meter(br, m, snapshot);
    }
    put_groups(br, snapshot);
}

void bridge_keep_state(struct bridge *br)
{
    put_tables(br);
    put_ports(br);
    bridge_keep_counted(br, true);
}
