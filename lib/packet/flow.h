/* flow.h - everything an OpenFlow rule can match: a packet's key and the pipeline's own fields.
 *
 * Layer 1, pure.  struct flow lives in translation and on the OpenFlow side only.  The same
 * structure serves as value and as mask (struct match has one of each).
 *
 * Invariants: 'key' comes first; whole words, no anonymous padding; everything is big endian except
 * key.in_port, which rules never match (they match 'in_port').  Registers overlap by construction:
 * xregN is reg2N, reg2N+1; xxregN is four in a row, most significant first. */
#pragma once

#include "lib/packet/key.h"

#define FLOW_N_REGS 32

struct flow {
    struct key key;
    be64 metadata;
    be32 regs[FLOW_N_REGS];
    be32 in_port; /* OpenFlow port number. */
    be32 in_phy_port;
    be32 actset_output; /* OpenFlow port number. */
    be32 conj_id;
};

#define FLOW_WORDS (sizeof(struct flow) / 8)
_Static_assert(sizeof(struct flow) % 8 == 0, "a flow is whole words");

/* Value and mask; invariant: value & ~mask == 0. */
struct match {
    struct flow flow;
    struct flow mask;
};

static inline const uint64_t *flow_words(const struct flow *f)
{
    return (const uint64_t *)(const void *)f;
}

static inline uint64_t *flow_words_mut(struct flow *f)
{
    return (uint64_t *)(void *)f;
}

void match_init(struct match *); /* Matches everything. */
bool match_equal(const struct match *, const struct match *);
bool match_is_catchall(const struct match *); /* packet_type = Ethernet counts as none. */
uint32_t match_hash(const struct match *, uint64_t seed);
/* Is every packet that 'a' matches also matched by 'b'? (non-strict flow-mods: b is the request) */
bool match_is_subset(const struct match *a, const struct match *b);
/* Is there a packet that both match? (CHECK_OVERLAP) */
bool match_overlaps(const struct match *a, const struct match *b);
bool match_covers(const struct match *, const struct flow *); /* Does the flow match? */
