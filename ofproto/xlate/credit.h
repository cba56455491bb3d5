/* credit.h - what a cached flow owes: the rules, tables and MACs to credit, and what it depends on.
 *
 * Layer 4, pure.  Journey: xlate() fills one -> it goes with the verdict into the cache -> each
 * time statistics are pulled, credit_apply() -> after the flow is gone and a grace period over,
 * credit_free().
 *
 * Invariants: what it names is referenced and outlives it.  Immutable but for 'dead' once it is
 * with a cached flow.
 * Threads: made by workers; applied, asked and freed by the control thread. */
#pragma once

#include "lib/dp/dp.h"
#include "ofproto/table/table.h"

struct continuation;
struct group_entry;
struct continuations;
struct fdb;
struct learned;
struct mirror_count;
struct tunnel_stats;

enum credit_type {
    CREDIT_RULE,         /* A rule that was hit. */
    CREDIT_TABLE,        /* A table that was searched. */
    CREDIT_CONTINUATION, /* A continuation that packets are sent to. */
    CREDIT_MAC_SRC,      /* An address that traffic keeps alive. */
    CREDIT_MAC_DST,      /* An address that was looked up. */
    CREDIT_LEARNED,      /* A flow that was learned, or could not be. */
    CREDIT_FIN,          /* A rule whose connection ends. */
    CREDIT_GROUP,        /* A group, or one of its buckets, that was run. */
    CREDIT_MIRROR,       /* A mirror that copies it. */
    CREDIT_TUNNEL_RX,    /* A tunnel port that the packets came in through, */
    CREDIT_TUNNEL_TX,    /* or went out of. */
};

struct credit_item {
    uint8_t type;
    uint8_t table_id;
    uint16_t vlan;
    uint8_t mac[6];
    bool matched; /* TABLE: the search found a rule. */
    /* MAC: OpenFlow port.  GROUP: index of the bucket, or CREDIT_GROUP_*.  TABLE: rules of a lower
     * priority cannot change what was found. */
    uint32_t port;
    union {
        struct rule *rule;
        struct tables *tables;
        struct continuation *continuation;
        struct fdb *fdb;
        struct learned *learned;
        struct {
            struct tables *tables; /* Reference, as is the rule. */
            struct rule *rule;
            uint16_t idle, hard; /* Seconds; 0: as it is. */
        } fin;
        struct group_entry *group;
        struct mirror_count *mirror;
        struct tunnel_stats *tunnel;
    } u; /* Reference. */
};

#define CREDIT_OWN    4 /* Many have no more. */
#define CREDIT_OPAQUE ((2 * KEY_WORDS + 63) / 64)

struct credit {
    struct credit_item *items; /* 'own', or heap. */
    unsigned n, cap;
    /* 32-bit words of struct key that lookups saw otherwise than in the packet.  Bit = word. */
    uint64_t opaque[CREDIT_OPAQUE];
    be32 in_port;                        /* The OpenFlow input port that lookups saw... */
    bool in_port_opaque;                 /* ...unless they saw several. */
    bool watches;                        /* It was asked whether a port or group is live. */
    bool stale;                          /* A rule was going while it was found: translate again. */
    bool acts_on_rules;                  /* It has LEARNED or FIN: see learn.h. */
    struct continuations *continuations; /* Reference if an item needs it. */
    struct credit_item own[CREDIT_OWN];
};

struct credit *credit_new(void);
/* Gives all references back. */
void credit_free(struct credit *, int64_t now_ms);

void credit_add_rule(struct credit *, struct rule *);
/* The table was searched, and 'found' (NULL: nothing). */
void credit_add_table(struct credit *, struct tables *, uint8_t id, const struct rule *found);
void credit_add_continuation(struct credit *, struct continuations *, struct continuation *);
#define CREDIT_GROUP_ITSELF  UINT32_MAX       /* To be credited for the group as a whole. */
#define CREDIT_GROUP_WATCHED (UINT32_MAX - 1) /* Only depended on. */
void credit_add_group(struct credit *, struct group_entry *, uint32_t bucket);
void credit_add_mac(struct credit *, enum credit_type, struct fdb *, uint16_t vlan,
                    const uint8_t mac[6], uint32_t port);
void credit_add_tunnel(struct credit *, enum credit_type, struct tunnel_stats *);

void credit_add_mirror(struct credit *, struct mirror_count *);

void credit_add_learned(struct credit *, struct learned *);
void credit_add_fin(struct credit *, struct tables *, const struct rule *, uint16_t idle,
                    uint16_t hard);

/* A lookup saw 'seen' of a packet that came with key 'packet'. */
void credit_note_opaque(struct credit *, const struct key *packet, const struct key *seen);

/* Control thread: the cached flow saw this much since the last time. */
void credit_apply(const struct credit *, const struct dp_flow_stats *delta);

/* Must a cached flow be translated again because a rule with this match and priority came, went or
 * changed in table 'id'?  'key' and 'mask' are the flow's.  Never falsely false. */
bool credit_depends(const struct credit *, const struct tables *, uint8_t id, const struct match *,
                    uint16_t priority, const struct key *key, const struct key *mask);
/* The same in parts, for many changes at once (rule_changes.h).  Did it search table 'id'?  Then
 * rules below priority 'reach' do not matter.  Did it ask how many rules are in it? */
bool credit_searched(const struct credit *, const struct tables *, uint8_t id, uint32_t *reach);
bool credit_counted(const struct credit *, const struct tables *, uint8_t id);
/* Of 64-bit word 'w' of a key, the bits that lookups saw otherwise than in the packet. */
uint64_t credit_opaque_bits(const struct credit *, unsigned w);
/* Did it search one of the tables of 'bitmap' (bit = table)? */
bool credit_visits(const struct credit *, const struct tables *, const uint64_t bitmap[4]);
bool credit_uses_group(const struct credit *, const struct group_entry *);
/* Did it look this address up, or does it keep it alive? */
bool credit_uses_mac(const struct credit *, const struct fdb *, uint16_t vlan,
                     const uint8_t mac[6]);
