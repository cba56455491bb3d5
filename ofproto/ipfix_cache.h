/* ipfix_cache.h - flows whose records are not sent yet.
 *
 * Layer 4, pure: times come by argument.  Owner: the control thread.  Journey: a sample ->
 * ipfix_cache_add() -> a flow that grows -> a record, when it is 'active_ms' old, or has to make
 * room.
 *
 * Invariants: at most 'max' flows; those are in order of their start, since all may grow equally
 * old; without memory for one its sample is a record.  Where one of the two numbers is 0 nothing is
 * kept: each sample is a record. */
#pragma once

#include "lib/hmap.h"
#include "ofproto/ipfix_message.h"

#define IPFIX_CACHE_MAX 1000000 /* Flows, whoever wants more. */

struct ipfix_cache_flow;

struct ipfix_cache {
    void (*expire)(void *aux, const struct ipfix_flow_key *, const struct ipfix_count *,
                   enum ipfix_reason);
    void *aux;
    uint64_t seed;
    uint32_t max;
    int64_t active_ms;
    struct hmap flows;
    struct ipfix_cache_flow *oldest, *youngest;
};

void ipfix_cache_init(struct ipfix_cache *, uint64_t seed, uint32_t max, int64_t active_ms,
                      void (*expire)(void *aux, const struct ipfix_flow_key *,
                                     const struct ipfix_count *, enum ipfix_reason),
                      void *aux);
void ipfix_cache_deinit(struct ipfix_cache *); /* Nothing expires. */
/* True: a flow began.  'now_ms' is monotonic, 'wall_ms' since the epoch. */
bool ipfix_cache_add(struct ipfix_cache *, const struct ipfix_flow_key *,
                     const struct ipfix_flow_packet *, int64_t now_ms, int64_t wall_ms);
/* Those that are old enough; when the next one is, or INT64_MAX. */
int64_t ipfix_cache_run(struct ipfix_cache *, int64_t now_ms);
void ipfix_cache_flush(struct ipfix_cache *); /* All: IPFIX_FORCED_END. */
