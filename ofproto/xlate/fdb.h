/* fdb.h - the MAC learning table of a bridge.
 *
 * Layer 4, pure.  Journey: NORMAL looks up the destination and reports the source (xlate_effect);
 * the control thread learns it; credits of cached flows refresh it; it ages.
 *
 * Invariants: at most one entry per (VLAN, MAC), never a multicast address; at most 'max' entries;
 * where there is no more room, the longest unused one of the port that has most makes some.
 * Threads: lookups by any thread under RCU; the control thread writes. */
#pragma once

#include "lib/base.h"

#define FDB_DEFAULT_MAX    8192
#define FDB_DEFAULT_AGE_MS 300000

struct fdb;

struct fdb *fdb_new(uint64_t seed, uint32_t max, int64_t age_ms);
void fdb_ref(struct fdb *);   /* Any thread. */
void fdb_unref(struct fdb *); /* The last one frees, after grace. */

/* The OpenFlow port of this address; false: unknown. */
bool fdb_lookup(const struct fdb *, uint16_t vlan, const uint8_t mac[6], uint32_t *ofp_port);

/* Control thread.  True: something changed (new, or on another port), so that cached flows which
 * sent to this address must be looked at again (credit_uses_mac()). */
bool fdb_learn(struct fdb *, uint16_t vlan, const uint8_t mac[6], uint32_t ofp_port,
               int64_t now_ms);
void fdb_refresh(struct fdb *, uint16_t vlan, const uint8_t mac[6], uint32_t ofp_port,
                 int64_t used_ms);
/* Forgets aged entries; calls 'gone' (may be NULL) for each. */
void fdb_expire(struct fdb *, int64_t now_ms,
                void (*gone)(void *aux, uint16_t vlan, const uint8_t mac[6]), void *aux);
void fdb_flush(struct fdb *);
void fdb_flush_port(struct fdb *, uint32_t ofp_port);
void fdb_flush_vlans(struct fdb *, const uint64_t *vlans); /* A bit each, of 4096. */
void fdb_set(struct fdb *, uint32_t max, int64_t age_ms);
uint32_t fdb_count(const struct fdb *);

/* For fdb/show: least recently used first. */
struct fdb_entry_info {
    uint16_t vlan;
    uint8_t mac[6];
    uint32_t ofp_port;
    int64_t used_ms;
};
void fdb_dump(const struct fdb *, void (*visit)(void *aux, const struct fdb_entry_info *),
              void *aux);
