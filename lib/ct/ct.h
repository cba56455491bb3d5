/* ct.h - connection tracking as a library: packet in, ct fields out.
 *
 * Layer 2, pure: time comes by argument, randomness by a seed, no I/O.  Called by every worker
 * (fast path) and by the control thread (dump, flush, limits, sweep).  The callers are registered
 * liburcu QSBR readers.
 *
 * Journey: exec meets a `ct` action -> ct_execute() -> packet->ct holds state, zone, mark, label,
 * original tuple.
 *
 * Invariants:
 * - A connection is in the table under its original and its reply tuple, both with the zone; the
 *   reply tuple is the original one turned round, unless it is translated (NAT).
 * - Nothing is remembered that was not committed.
 * - Established entries are not evicted while another choice exists.
 * - A reference is {index, generation}; a stale one is detected, never followed.
 * - No peer input makes it allocate beyond the limit, loop without bound, or assert.
 *
 * Slots of removed entries come back after an RCU grace period: a caller that never says
 * rcu_quiescent_state() makes the table refuse new connections in the end. */
#pragma once

#include "lib/ct/ct_info.h"
#include "lib/ct/ct_store.h"
#include "lib/packet/packet.h"

struct ct;

struct ct_config {
    uint32_t max_conns; /* Default 3,000,000 if 0. */
    uint64_t hash_seed;
    bool tcp_liberal; /* Mid-stream pick-up, no window check. */
    /* Where the table outlives the process, NULL: nowhere.  It must last as long as the tracker. */
    const struct ct_store *store;
    int64_t now_ms; /* With a store. */
    struct ct_adopted
        *adopted;       /* Zeroed; gets what became of what was found there.  May be NULL. */
    bool later;         /* Another process still has the store: ct_start() follows. */
    uint32_t expect[2]; /* Then: how many slots that one uses, by family. */
    const void *index;  /* What that process has given (ct_index.h), or NULL; 8-byte aligned. */
    size_t index_size;
};
/* NULL: the address space could not be reserved, or a new store has no room for its header. */
struct ct *ct_new(const struct ct_config *);
/* Of one made with 'later': looks at the store, which nobody else has any more.  Before any other
 * call but ct_free().  False: the store cannot be used, and nor can the tracker. */
bool ct_start(struct ct *, const struct ct_config *) MUST_USE;
void ct_free(struct ct *);

/* Network address translation.  A range is of one address (or port) if its ends are equal. */
#define CT_NAT_SRC        0x01
#define CT_NAT_DST        0x02
#define CT_NAT_PERSISTENT 0x04 /* The address by the source's alone, the same after a restart. */
#define CT_NAT_HASH       0x08 /* The first port to try: by the tuple, ... */
#define CT_NAT_RANDOM     0x10 /* ... or at random; else the packet's own. */
struct ct_nat {
    uint8_t flags; /* CT_NAT_*; neither SRC nor DST: only what the connection has. */
    bool has_addr, is_ip6;
    uint8_t addr_min[16], addr_max[16]; /* IPv4: the first four bytes. */
    uint16_t port_min, port_max;        /* Host order; 0: no range.  ICMP: the identifier. */
};

struct ct_args {
    uint16_t zone; /* Host order. */
    bool commit, force;
    uint32_t mark, mark_mask; /* Host order; written only with commit. */
    uint8_t label[16], label_mask[16];
    uint16_t
        alg; /* 21 (FTP, of TCP), 69 (TFTP, of UDP): the helper of a connection that this makes. */
    const struct ct_nat *nat; /* NULL: no translation, not even of a connection that has one. */
    /* What admits the connection, remembered in it by the commit that makes it; shown nowhere yet.
     */
    uint64_t admitted_by; /* Rule cookie, host order; all ones: no rule (a packet-out). */
};

enum ct_fate {
    CT_GOES_ON,
    CT_DROPPED, /* It was to be committed, and the table or its zone was full, no tuple was left
                   to translate it to (counted). */
};
/* Tracks a parsed IPv4 or IPv6 packet; sets packet->ct, and rewrites the packet as its connection
 * is translated (its offsets stay valid).  Anything it cannot track becomes trk|inv.  The packet
 * stays the caller's, dropped or not.  Any worker. */
enum ct_fate ct_execute(struct ct *, struct packet *, const struct ct_args *, int64_t now_ms);
void ct_clear(struct packet *); /* packet->ct to untracked. */

/* Removes expired entries, at most 'budget' looked at; gives freed slots back after a grace period.
 * Returns the number removed.  Control thread. */
unsigned ct_sweep(struct ct *, int64_t now_ms, unsigned budget);

/* ---- all entries ---- */

/* A walk over live entries, resumable: *pos starts 0; returns the number of infos filled (up to n),
 * 0 at the end.  Looks at each slot ever used, whatever the filter. */
unsigned ct_dump(struct ct *, const struct ct_filter *, uint32_t *pos, struct ct_info *, unsigned n,
                 int64_t now_ms);
/* The same in bounded steps: looks at 'budget' slots at most.  '*n' is the room in 'infos', then
 * how many are filled.  False: the end. */
bool ct_dump_some(struct ct *, const struct ct_filter *, uint32_t *pos, unsigned budget,
                  struct ct_info *infos, unsigned *n, int64_t now_ms);
unsigned ct_flush(struct ct *, const struct ct_filter *,
                  int64_t now_ms); /* Returns how many went. */
uint32_t ct_count(const struct ct *);
/* What one takes at most: IPv6, label, translated, its share of the index. */
#define CT_BYTES_MAX 384
uint32_t ct_get_max(const struct ct *);
bool ct_set_max(struct ct *, uint32_t max); /* False: more than the address space reserved for. */
void ct_set_tcp_liberal(struct ct *, bool);
