/* ct_nat-private.h - network address translation: what a connection's packets are rewritten to.
 *
 * Layer 2, pure; lib/ct only; any worker.  A translated connection is one whose reply tuple is not
 * its original tuple turned round (see ct_conn-private.h): that alone says how both directions are
 * rewritten.  ct_nat_pick.c chooses the reply tuple when it is committed, ct_nat.c rewrites. */
#pragma once

#include "lib/ct/ct_proto-private.h"
#include "lib/ct/ct_table-private.h"

/* A tuple as a packet carries it. */
struct ct_ends {
    bool is_ip6;
    uint8_t proto;
    uint8_t addr[2][16]; /* Source, destination; IPv4: the first four bytes, the rest zero. */
    be16 port[2];        /* ICMP: the identifier in both. */
};

/* Of the packets of direction 'dir' as they arrive.  The entry does not go meanwhile. */
void ct_nat_ends(const struct ct_table *, uint32_t index, unsigned dir, struct ct_ends *);

struct ct_nat_plan {
    struct ct_ends to;
    uint8_t state;          /* CS_SNAT, CS_DNAT: which ends change.  0: none. */
    struct ct_shift quoted; /* Of the stream whose segments errors of this direction quote. */
};
/* How packets of this direction are rewritten; entry locked. */
void ct_nat_plan(const struct ct_table *, uint32_t index, unsigned dir, struct ct_nat_plan *);
/* Rewrites a packet, or an ICMP error and what it quotes. */
void ct_nat_apply(struct packet *, const struct ct_nat_plan *);
void ct_nat_apply_error(struct packet *, const struct ct_nat_plan *);
/* ct_alg.c: by how much the number 'seq', as the receiver of the stream has it, was made larger. */
uint32_t ct_shift_back(const struct ct_shift *, uint32_t seq);

/* Of a slot that is not in the table yet: a free reply tuple as 'nat' asks for; the twin is made if
 * it is not the plain one.  False: none is free. */
bool ct_nat_pick(struct ct_table *, uint32_t index, const struct ct_lookup *, const struct ct_nat *,
                 uint64_t random, int64_t now_ms);
/* The same with this translation of its packets, but for the source port if that is taken. */
bool ct_nat_set(struct ct_table *, uint32_t index, const struct ct_lookup *,
                const struct ct_ends *to, int64_t now_ms);
