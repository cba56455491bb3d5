/* cache.h - a worker's cached flows: an exact-match cache in front of a masked table.
 *
 * Layer 3, pure.  Third step of a packet's journey: parse -> cache -> exec.  Each worker has one
 * struct cache and is its only writer; the control thread walks the flows beside it and swaps
 * their actions.
 *
 * Masked table: tuple-space search.  Flows with equal masks share a subtable (a hash table over
 * the words that the mask has); subtables are searched in the order of their recent hits.
 * Exact cache: remembers which flow a packet found.  Its key is the packet's key restricted to the
 * bits that any installed mask has ("relevant" bits): packets that agree there agree in every
 * subtable.  When a mask brings new bits, the exact cache starts empty again.
 *
 * Invariants:
 * - Every mask has in_port and recirc_id in full.
 * - A flow that the exact cache names is in the masked table: removal purges before it hands over.
 * - Ownership: a flow belongs to the worker until it is in the outbox, then to the control thread.
 *   What the control thread wants gone or has replaced travels through the inbox: the worker
 *   answers between two batches, when it holds no pointer from before.  That round trip is the
 *   grace period; the control thread empties the outbox only when it does not walk.
 * - Masks are bounded (cache_bound.c): from CACHE_MASKS_FREE on a new one grows to one that exists
 * or that packets cannot multiply, so that a search stays short whatever comes in.  A port has at
 * most CACHE_PORT_SHARE of the flows.
 * - Statistics have one writer, the worker; others read them with relaxed loads.
 *
 * Not here: time-outs (the control thread's walk), translation, actions. */
#pragma once

#include "lib/dp/dp.h"

#define CACHE_EXACT_SLOTS       8192 /* A power of two. */
#define CACHE_FLOW_LIMIT        200000
#define CACHE_MASKS_FREE        64
#define CACHE_MASKS_MAX         128
#define CACHE_PORTS             256 /* Classes of ports, by number. */
#define CACHE_PORT_SHARE(LIMIT) ((LIMIT) / 4 * 3)
#define CACHE_ONCE_LIMIT        65536 /* Verdicts that were not installed and wait to be freed. */

/* Something on its way between control thread and worker: an intrusive stack, taken whole. */
enum cache_msg_kind { CACHE_MSG_FLOW, CACHE_MSG_ACTS, CACHE_MSG_SUBTABLE };
struct cache_msg {
    struct cache_msg *next;
    enum cache_msg_kind kind;
    uint32_t epoch; /* Control thread's: the last walk that had begun when it came back. */
    struct cache_msg *asked_next, **asked_prev; /* Control thread's: in datapath->asked, or NULL. */
};
void cache_msg_push(struct cache_msg **stack, struct cache_msg *); /* Any thread. */
struct cache_msg *cache_msg_take(struct cache_msg **stack);        /* All of them, or NULL. */

/* A mask as the words that it has. */
struct cache_mask {
    struct key key;
    uint8_t n;
    uint8_t index[KEY_WORDS];
    uint64_t bits[KEY_WORDS];
};
void cache_mask_init(struct cache_mask *, const struct key *);
/* The words of 'key' under the mask, mask->n of them; and their hash. */
uint64_t cache_mask_apply(const struct cache_mask *, const struct key *, uint64_t seed,
                          uint64_t out[KEY_WORDS]);

/* A flow's actions, immutable; the control thread may put others in their place.  What they did is
 * counted here and not in the flow, so that a packet pays in to the rules that it was handled by,
 * even if its actions were replaced under its feet. */
struct cache_acts {
    struct cache_msg msg;
    void *credit;              /* The handler's; released by the control thread. */
    struct cache_flow *flow;   /* Whose they are; outlives them until they are collected. */
    struct dp_flow_stats ran;  /* Worker writes. */
    struct dp_flow_stats paid; /* Control thread's: what of 'ran' has been credited. */
    unsigned drop_reason;
    uint32_t len;
    uint64_t data[]; /* struct dp_action, 8-byte aligned. */
};
struct cache_acts *cache_acts_new(const struct dp_verdict *) MUST_USE; /* NULL: out of memory. */

struct cache_flow {
    uint64_t hash;           /* Worker only. */
    struct cache_acts *acts; /* Stored by the control thread (release), loaded by the worker. */
    struct cache_subtable *subtable;
    /* Worker writes. */
    uint32_t n_exact;       /* Slots of the exact cache that name it. */
    bool dead;              /* Out of the table. */
    uint32_t *n_port_flows; /* Its place in the cache's. */
    struct cache *once;     /* Never was in one: made by cache_run_once() of this cache. */
    /* Control thread's. */
    bool leaving;               /* Its removal has been asked for. */
    struct dp_flow_stats total; /* Of all actions that it has had, as far as credited. */
    int64_t created_ms;
    struct cache_msg msg;
    /* All flows of a cache.  The worker links; the control thread follows 'list_next' only, which
     * stays valid in a flow that was unlinked. */
    struct cache_flow *list_next, **list_prev;
    uint64_t words[]; /* The key under subtable->mask. */
};

struct cache_slot {
    struct cache_flow *flow; /* NULL: empty. */
    uint64_t hash;
};

struct cache_subtable {
    struct cache_msg msg;
    struct cache_mask mask;   /* Immutable. */
    struct cache_slot *slots; /* Worker only, as what follows. */
    uint32_t slot_mask, n_flows;
    uint64_t hits; /* Since the last sorting, halved there. */
};

struct cache {
    uint64_t seed;
    unsigned flow_limit;
    uint32_t n_flows; /* Read by others, relaxed. */
    uint32_t n_port_flows[CACHE_PORTS];
    struct cache_flow *flows;
    struct cache_subtable **subtables;
    uint32_t n_subtables, cap_subtables;
    uint32_t unsorted_hits;
    /* Exact cache. */
    struct cache_mask relevant;
    struct cache_slot *slots;
    uint64_t *slot_words; /* relevant.n words for each slot. */
    uint32_t n_slots, evict_tick;
    uint32_t generation;      /* Of 'relevant': a probe from before is void. */
    struct cache_flow *spare; /* For cache_run_once(), made ahead: it must not fail. */
    uint32_t n_once;          /* Calls of cache_run_once(); the worker writes. */
    uint32_t n_once_freed;    /* What the control thread has freed of these; it writes. */
    /* Messages. */
    struct cache_msg *inbox;  /* Control pushes, worker takes. */
    struct cache_msg *outbox; /* Worker pushes, control takes. */
};

/* False: out of memory.  'n_slots' is a power of two. */
bool cache_init(struct cache *, uint64_t seed, uint32_t n_slots, unsigned flow_limit) MUST_USE;
void cache_deinit(struct cache *); /* Empty (see cache_remove_all()), outbox taken. */

/* Worker.  The two lookups; NULL: not there.  A probe is good for one generation. */
struct cache_probe {
    uint32_t generation;
    uint64_t hash;
    uint64_t words[KEY_WORDS];
};
void cache_probe(const struct cache *, const struct key *, struct cache_probe *); /* Prefetches. */
struct cache_flow *cache_exact_find(const struct cache *, const struct cache_probe *);
void cache_exact_add(struct cache *, const struct cache_probe *, struct cache_flow *);
void cache_masked_prefetch(const struct cache *, const struct key *); /* Where a search begins. */
struct cache_flow *cache_masked_find(struct cache *, const struct key *);

/* Worker.  Installs a flow; 'acts' becomes the flow's.  Its mask may have more bits than 'mask'.
 * NULL: a limit is reached, or out of memory; 'acts' stays the caller's. */
struct cache_flow *cache_add(struct cache *, const struct key *, const struct key *mask,
                             struct cache_acts *acts, int64_t now_ms);
/* Worker, before it asks for a translation: can cache_run_once() be called?  False: out of memory,
 * or CACHE_ONCE_LIMIT reached: the control thread cannot keep up. */
bool cache_can_run_once(struct cache *) MUST_USE;
/* Worker: a verdict that is not installed ran for one packet; its credit goes to the outbox with
 * these statistics. */
void cache_run_once(struct cache *, void *credit, uint32_t bytes, be16 tcp_flags, int64_t now_ms);
/* Worker, between batches: does what the inbox asks.  Returns the number of messages. */
unsigned cache_run_inbox(struct cache *);
/* Worker (or the control thread once the worker has ended): every flow to the outbox. */
void cache_remove_all(struct cache *);

static inline struct cache_acts *cache_flow_acts(const struct cache_flow *f)
{
    return __atomic_load_n(&f->acts, __ATOMIC_ACQUIRE);
}

/* Worker: a packet runs these actions. */
static inline void cache_acts_hit(struct cache_acts *a, uint32_t bytes, be16 tcp_flags,
                                  int64_t now_ms)
{
    struct dp_flow_stats *s = &a->ran;

    __atomic_store_n(&s->packets, s->packets + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&s->bytes, s->bytes + bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&s->used_ms, now_ms, __ATOMIC_RELAXED);
    if (tcp_flags) {
        __atomic_store_n(&s->tcp_flags, (uint16_t)(s->tcp_flags | ntohs(tcp_flags)),
                         __ATOMIC_RELAXED);
    }
}

/* Control thread: frees a flow that came out of the outbox, but not its acts. */
void cache_flow_free(struct cache_flow *);
/* Control thread: the flow's whole key. */
void cache_flow_key(const struct cache_flow *, struct key *);
