/* ct_conn-private.h - a connection as it lies in the arena, and the keys that find it.
 *
 * Layer 2, pure; lib/ct only.  An entry is its hot part, struct ct_conn, two cache lines in the
 * pool of its family, and parallel arrays for what most entries do not have: IPv6 addresses and
 * labels (an array's pages are taken when they are first written).
 *
 * Invariants:
 * - No pointers and no absolute addresses in here, so that the arena may be mapped elsewhere.
 * - An index is a slot number; bit 31 says which family's pool.  Slot 0 is never used: 0 = none.
 * - 'next', 'hash', 'key' and the IPv6 addresses do not change while the entry is linked, and not
 *   before a grace period after it was unlinked; readers use them without a lock.
 * - 'generation' is never 0 and changes when the entry goes.
 * - A connection whose addresses or ports are translated (CT_F_NAT) has a second slot, its twin
 *   (CT_F_TWIN), whose key is the tuple that replies carry; both are found by their keys only, not
 *   the other way round.  'twin' of each names the other.  A twin has nothing else, is in no list,
 *   never expires, does not count, and is unlinked before its connection's slot rests.
 * - Everything else is under 'lock', except 'link' (the lock of the shard) and loads of 'flags' and
 *   'expires_ms' as hints.  A slot that is not CT_F_LIVE is its maker's, who writes it without
 *   'lock'; whoever else comes there locks, asks ct_conn_flags() and reads no further. */
#pragma once

#include <sched.h>

#include "lib/ct/ct.h"

#define ALWAYS_INLINE inline __attribute__((__always_inline__))

struct ct_spin {
    uint8_t held;
};

static inline bool ct_spin_try(struct ct_spin *s)
{
    return !__atomic_exchange_n(&s->held, 1, __ATOMIC_ACQUIRE);
}

static inline void ct_spin_lock(struct ct_spin *s)
{
    for (unsigned n = 0; !ct_spin_try(s); n++) {
        if (n % 256 == 255) {
            sched_yield(); /* The holder may share our core. */
        }
    }
}

static inline void ct_spin_unlock(struct ct_spin *s)
{
    __atomic_store_n(&s->held, 0, __ATOMIC_RELEASE);
}

/* The original direction's tuple; 16 bytes that compare as words.  IPv6 entries have their
 * addresses apart and 'ip4' zero. */
struct ct_key {
    union {
        be32 ip4[2]; /* Source, destination. */
        uint64_t ip4_word;
    };
    union {
        be16 port[2]; /* ICMP: the identifier in both. */
        uint32_t ports_word;
    };
    union {
        struct {
            uint16_t zone;
            uint8_t proto;
            uint8_t icmp_type; /* ICMP: that of the request.  Else 0. */
        };
        uint32_t kind_word;
    };
};
_Static_assert(sizeof(struct ct_key) == 16, "compared as words");

static inline bool ct_key_same(const struct ct_key *a, const struct ct_key *b)
{
    return a->ip4_word == b->ip4_word && a->ports_word == b->ports_word &&
           a->kind_word == b->kind_word;
}

/* Is one the other's answer?  In either byte order its words have changed halves. */
static inline bool ct_key_turned(const struct ct_key *a, const struct ct_key *b)
{
    return a->ip4_word == (b->ip4_word << 32 | b->ip4_word >> 32) &&
           a->ports_word == (b->ports_word << 16 | b->ports_word >> 16) &&
           a->kind_word == b->kind_word;
}

struct ct_addr6 {
    uint64_t a[2][2]; /* Source, destination; network order. */
};

/* One end of a TCP connection: what it sent, and what its peer lets it send. */
struct ct_peer {
    uint32_t seq_lo;  /* Highest sequence number sent, plus one. */
    uint32_t seq_hi;  /* Highest that the peer's window allows, plus one. */
    uint16_t max_win; /* Largest window it advertised, in units of its scale. */
    uint8_t wscale;   /* CT_WSCALE_* */
    uint8_t state;    /* enum ct_tcp_state; of other protocols, in peer[0], enum ct_other_state. */
};
#define CT_WSCALE_MASK    0x0f
#define CT_WSCALE_UNKNOWN 0x40 /* This end was first seen in mid-stream. */
#define CT_WSCALE_SEEN    0x80 /* Its SYN had the option. */

/* What a full table gives up first.  Established entries are in no list. */
enum ct_class { CT_CLASS_UNREPLIED, CT_CLASS_CLOSING, CT_N_CLASSES, CT_CLASS_ESTABLISHED = 2 };

enum ct_helper { CT_HELPER_NONE, CT_HELPER_FTP, CT_HELPER_TFTP };

#define CT_F_LIVE       0x01 /* In the table. */
#define CT_F_SEEN_REPLY 0x02
#define CT_F_LABEL      0x04 /* It has a label, in the pool's label array. */
#define CT_F_SCALED     0x08 /* TCP: window scaling was negotiated. */
#define CT_F_NAT        0x10 /* Translated: has a twin. */
#define CT_F_TWIN       0x20
#define CT_F_RELATED    0x40 /* A helper expected it: 'master' of its struct ct_alg is set. */
#define CT_F_ONE_WAY    (CT_F_NAT | CT_F_TWIN) /* Set before it is inserted, for good. */

struct ct_conn {
    uint32_t next; /* In the bucket's chain. */
    uint32_t hash;
    uint32_t generation;
    struct ct_spin lock;
    uint8_t flags; /* CT_F_* */
    uint8_t class; /* enum ct_class */
    union {
        uint8_t icmp_code; /* ICMP: of the first packet. */
        uint8_t helper;    /* TCP and UDP: enum ct_helper. */
    };
    struct ct_key key;
    int64_t expires_ms;
    struct ct_peer peer[2]; /* 0 = the original sender. */
    /* Second cache line. */
    uint64_t packets[2], bytes[2]; /* By direction; bytes of IP. */
    int64_t start_ms;
    uint64_t admitted_by;
    uint32_t link[2]; /* Class list: previous, next; then, as 'next', the free and limbo lists. */
    uint32_t mark;
    uint32_t twin; /* Of a translated connection its twin, of a twin its connection; else 0. */
};
_Static_assert(sizeof(struct ct_conn) == 2 * CACHE_LINE, "two cache lines");

/* Of a slot that may be nobody's, or not in the table yet, locked or as a hint.  Who sees CT_F_LIVE
 * sees all that was written before it. */
static inline uint8_t ct_conn_flags(const struct ct_conn *c)
{
    return __atomic_load_n(&c->flags, __ATOMIC_ACQUIRE);
}

/* Who goes from slot to slot reads them, as a hint, without the lock. */
static inline void ct_conn_set_flags(struct ct_conn *c, uint8_t flags)
{
    __atomic_store_n(&c->flags, flags, __ATOMIC_RELAXED);
}

static inline void ct_conn_count(struct ct_conn *c, unsigned dir, uint32_t bytes)
{
    c->packets[dir]++;
    c->bytes[dir] += bytes;
}

#define CT_SHIFT_MAX (1 << 24)
/* A stream of which something was made longer or shorter at 'pos'; in the sender's numbers. */
struct ct_shift {
    uint32_t pos;
    int32_t before, after; /* What is added up to there, and behind. */
};

static inline bool ct_shift_ok(const struct ct_shift *s)
{
    return s->before > -CT_SHIFT_MAX && s->before < CT_SHIFT_MAX && s->after > -CT_SHIFT_MAX &&
           s->after < CT_SHIFT_MAX;
}

/* The beginning of a line, when a stream stood at 'seq'. */
struct ct_line {
    uint32_t seq;
    bool known, skip; /* 'skip': the line is of no interest. */
    uint8_t n;
    char text[97];
};

/* What only entries with a helper, and those that one expected, have; in an array of its own. */
struct ct_alg {
    struct ct_key master; /* CT_F_RELATED: the original tuple of the control connection. */
    struct ct_addr6 master6;
    struct ct_shift shift[2]; /* By direction, as 'now' and 'last'. */
    struct ct_line now[2];    /* Behind the last segment, */
    struct ct_line last[2];   /* and ahead of it. */
    uint8_t held[2], pad[6];
};

#define CT_INDEX_IP6  BIT(31)
#define CT_INDEX_SLOT (~CT_INDEX_IP6)

/* A packet's tuple, ready to be looked up either way round. */
struct ct_lookup {
    struct ct_key key;     /* Of an ICMP reply: already turned into its request's. */
    struct ct_addr6 addr6; /* As in 'key'. */
    uint32_t hash;         /* The same for both directions. */
    uint32_t ahead;        /* The entry that a burst has seen under this hash, or 0. */
    uint32_t turn;         /* The stripe's when a burst looked, */
    bool absent;           /* and found no entry of this hash. */
    bool is_ip6;
    bool one_way;  /* ICMP: an entry is found only as 'key'. */
    bool is_reply; /* ICMP: 'key' is a reply's, turned round. */
};

static inline enum ct_helper ct_helper_of(const struct ct_conn *c)
{
    return c->key.icmp_type || c->helper > CT_HELPER_TFTP ? CT_HELPER_NONE
                                                          : (enum ct_helper)c->helper;
}

/* The port that names an entry's helper, as ct_args.alg has it; 0: it has none. */
static inline uint16_t ct_helper_alg(const struct ct_conn *c)
{
    static const uint16_t ports[] = {
        [CT_HELPER_NONE] = 0, [CT_HELPER_FTP] = 21, [CT_HELPER_TFTP] = 69};
    return ports[ct_helper_of(c)];
}

/* What became of an entry that a packet was shown to. */
enum ct_verdict {
    CT_VALID,   /* Part of the connection. */
    CT_OPENING, /* Of it too, but nothing that establishes: stays +new. */
    CT_ANEW,    /* The old connection is over, and this packet begins another. */
    CT_INVALID
};
