/* flow.h - everything an OpenFlow rule can match: a packet's key and the pipeline's own fields.
 *
 * Layer 1, pure.  struct flow lives in translation and on the OpenFlow side only.  The same
 * structure serves as value and as mask (struct match has one of each).
 *
 * Invariants: 'key' comes first; whole words, no anonymous padding; everything is big endian except
 * key.in_port, which rules never match (they match 'in_port').  Registers overlap by construction:
 * xregN is reg2N, reg2N+1; xxregN is four in a row, most significant first.
 *
 * Tunnel options (tun_metadataN) share one space, in which a TLV table gives each its place
 * (tlv_table.h).  A match says where its own are, so that it can be sent and printed without the
 * table; where there is none (tools), they are packed in the order of their numbers.  A flow that
 * is translated, and its masks, have the table: field.h reads and writes their options by it. */
#pragma once

#include "lib/packet/key.h"

#define FLOW_N_REGS 32

#define TUN_OPTIONS    64  /* tun_metadata0..63 */
#define TUN_OPTION_MAX 124 /* Bytes of one. */
#define TUN_SPACE      256 /* Bytes of all. */

struct tlv_table;

struct flow_tun {
    uint64_t present; /* Bit N: option N is there; in a mask: that it is there is looked at. */
    union {
        const struct tlv_table *table; /* NULL in matches.  Not owned. */
        uint64_t table_word;
    };
    uint8_t space[TUN_SPACE];
};

struct flow {
    struct key key;
    be64 metadata;
    be32 regs[FLOW_N_REGS];
    be32 in_port; /* OpenFlow port number. */
    be32 in_phy_port;
    be32 actset_output; /* OpenFlow port number. */
    be32 conj_id;
    struct flow_tun tun;
};

#define FLOW_WORDS (sizeof(struct flow) / 8)
_Static_assert(sizeof(struct flow) % 8 == 0, "a flow is whole words");

/* Where option N of a match lies; all zero unless bit N of mask.tun.present is set. */
struct tun_place {
    uint16_t ofs; /* In the space. */
    uint8_t len;  /* Bytes; 0: only that it is there, or an empty value. */
    bool masked;  /* Goes out with a mask, be it all ones. */
};

/* Value and mask; invariant: value & ~mask == 0. */
struct match {
    struct flow flow;
    struct flow mask;
    struct tun_place tun[TUN_OPTIONS];
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

/* Adds tunnel option 'index': 'len' bytes of value and mask (NULL: exact), at 'ofs' of the space
 * or, with TUN_PACKED, behind those of lower numbers, while the higher ones move up.  False: it is
 * there already, or there is no room. */
#define TUN_PACKED (-1)
bool match_put_tun(struct match *, unsigned index, int ofs, unsigned len, const uint8_t *value,
                   const uint8_t *mask) MUST_USE;
unsigned match_tun_used(const struct match *); /* Bytes of the space. */
