/* dp.h - the datapath interface: ports, cached flows, packets out; and the handler that translates
 * misses.
 *
 * Layer 3.  ofproto sees datapaths only through this file.  Two executors stand behind it: user/
 * (our own) and kernel/ (openvswitch.ko).  Connections: conns.h.  All functions belong to the
 * control thread; the handler's functions say whose they are.
 *
 * Invariants: lib/dp knows translation only as 'struct dp_handler'.  A credit given with a verdict
 * is given back exactly once, by handler->release(), after a grace period. Datapath port numbers
 * are not OpenFlow port numbers. */
#pragma once

#include "lib/dp/action.h"
#include "lib/dp/conns.h"
#include "lib/packet/packet.h"

struct dp;
struct loop;

#define DP_PORT_NONE UINT32_MAX

/* What translation says about a packet that no cached flow matched. */
struct dp_verdict {
    struct dp_actions actions; /* Initialised by the caller, owned by it. */
    struct key mask;           /* Every bit looked at; recirc_id and in_port are exact always. */
    void *credit;              /* Goes with the cached flow; NULL allowed. */
    bool cache;                /* False: run once, do not install. */
    unsigned
        drop_reason; /* enum counter, counted if the actions are empty; 0 = COUNTER_drop_action. */
};

struct dp_flow_stats {
    uint64_t packets, bytes;
    int64_t used_ms;    /* Last hit, 0 = never. */
    uint16_t tcp_flags; /* Cumulative. */
};

struct dp_handler {
    void *aux;
    const char *rundir; /* Where it keeps what outlives the process; NULL: nowhere. */
    /* Worker threads, inside an RCU read section: translate.  The control thread, for the key of a
     * flow that a former process left: then there is no packet (NULL). */
    void (*miss)(void *aux, const struct packet *, const struct key *, int64_t now_ms,
                 struct dp_verdict *);
    /* Worker threads: a `userspace` action.  The packet is only lent; segmented or complete as on
     * the wire. */
    void (*userspace)(void *aux, const struct packet *, const struct key *, const void *cookie,
                      size_t len);
    /* Control thread: what a cached flow saw since the last call, and that it is gone (after
     * grace). */
    void (*credit)(void *aux, void *credit, const struct dp_flow_stats *delta);
    void (*release)(void *aux, void *credit);
    /* Control thread: a port's link, address, MTU changed, or its device vanished. */
    void (*port_changed)(void *aux, uint32_t port_no);
};

struct dp_port_info {
    uint32_t port_no;
    char name[64];
    char type[16]; /* "system", "internal", "tap", "dummy", "pcap". */
    uint8_t mac[6];
    unsigned mtu;
    bool admin_up, link_up, gone;
    uint32_t speed_mbps; /* 0 unknown. */
    bool full_duplex;
    int ifindex; /* 0 = none. */
};

struct dp_port_stats { /* UINT64_MAX = unknown. */
    uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_dropped, tx_dropped, rx_errors,
        tx_errors;
    uint64_t rx_frame, rx_over, rx_crc, collisions; /* Kinds of errors, of the device's own. */
    uint64_t tx_aborted, tx_carrier;
};

struct dp_features {
    bool ct, ct_zone, ct_mark, ct_label, ct_orig_tuple, ct_clear, recirc, clone, meter;
    bool ct_nat, ct_alg; /* Translation; helpers. */
    bool hash;           /* DP_ACTION_HASH, and dp_hash as a match field. */
    bool set_masked, trunc, ufid, ct_eventmask, ct_state_nat, ct_orig_tuple6, nd_ext;
    /* Of flows in text: see struct dp_format. */
    bool kernel_keys, ip6_exthdr;
    uint32_t upcall_pid;
    bool
        priority_is_class; /* `set(skb_priority)` takes classes of the kernel, not queue numbers. */
    bool immediate;        /* What a walk over flows asks for is done, and paid, when it returns. */
    unsigned max_vlan_headers, max_mpls_depth;
    /* Zones with timeout policies that `ct` must name: a bitmap of 65,536, the executor's; NULL: it
     * needs no names, or no zone has one. */
    const uint64_t *ct_timeout_zones;
    bool keeps_flows; /* They go on when the process ends. */
    /* Smaller recirculation ids are named by flows that a former process left; 0: none are. */
    uint32_t first_recirc_id;
};

/* Masks of an executor that looks flows up mask by mask, and the cache in front of that. */
struct dp_mask_stats {
    uint64_t hits, n_masks, cache_hits;
    uint32_t cache_size; /* UINT32_MAX: not known. */
    bool has_cache_hits;
};

/* type: "netdev" (AF_PACKET and TAP ports) or "dummy" (tests: any port name becomes a dummy port).
 * NULL on success, else a heap error text. */
char *dp_open(const char *type, const char *name, struct loop *, const struct dp_handler *,
              struct dp **) MUST_USE;
/* 'destroy': also what a restart would need (TAP devices). */
void dp_close(struct dp *, bool destroy);
const char *dp_type(const struct dp *);
const char *dp_name(const struct dp *); /* "ovs-netdev" */
void dp_get_features(const struct dp *, struct dp_features *);
/* What else the executor can do, a line each, `NAME: Yes`. */
void dp_format_features(const struct dp *, struct text *);

/* 'want_no' DP_PORT_NONE: any free number.  'option' gives the value of Interface options:KEY or
 * NULL.  NULL on success, else a heap error text ("could not open network device p9 (No such
 * device)"). */
char *dp_port_add(struct dp *, const char *name, const char *type, uint32_t want_no,
                  const char *(*option)(void *aux, const char *key), void *aux,
                  uint32_t *port_no) MUST_USE;
void dp_port_del(struct dp *, uint32_t port_no, bool destroy_device);
bool dp_port_get(const struct dp *, uint32_t port_no, struct dp_port_info *);
void dp_port_get_stats(const struct dp *, uint32_t port_no, struct dp_port_stats *);
/* All ports that the executor has, those that nobody here added too. */
typedef void dp_port_cb(void *aux, const struct dp_port_info *);
void dp_port_walk(const struct dp *, dp_port_cb *, void *aux);
/* Administrative state, and what mod-port of a switch needs. */
int dp_port_set_up(struct dp *, uint32_t port_no, bool up);
/* The queues of a port, in ascending order, beside the kernel's on its device.  0 or errno. */
int dp_port_set_queues(struct dp *, uint32_t port_no, const uint32_t *queues, size_t n);
/* What has left by the queues that '*s' names.  False: the executor does not count it; where a
 * device has the queues, the kernel does. */
struct dp_queue_stats {
    uint32_t queue;
    uint64_t packets, bytes;
};
bool dp_port_get_queue_stats(const struct dp *, uint32_t port_no, struct dp_queue_stats *s,
                             size_t n);
/* Dummy ports only: a frame arrives (consumed).  False: no such port. */
bool dp_port_receive(struct dp *, uint32_t port_no, struct packet *);

/* Runs actions on a packet (consumed), as for packet-out. */
void dp_execute(struct dp *, struct packet *, const void *actions, size_t len);

/* Walks all cached flows, statistics included.  The visitor decides. */
enum dp_flow_decision {
    DP_FLOW_KEEP,
    DP_FLOW_DELETE,
    DP_FLOW_REPLACE,
    DP_FLOW_RENEW, /* As REPLACE, but the actions are the same: only who is paid changes. */
};
struct dp_flow_view {
    const struct key *key, *mask;
    const void *actions;
    size_t actions_len;
    struct dp_flow_stats stats; /* Totals. */
    struct dp_flow_stats own;   /* What the executor itself counts for the flow. */
    const void *ufid;           /* 16 bytes that name it; NULL: it has no name. */
    unsigned slow; /* enum dp_slow: 'actions' are for packets that take the slow path, which is what
                      the executor has for the flow. */
    void *credit;
};
typedef enum dp_flow_decision dp_flow_visit(void *aux, const struct dp_flow_view *,
                                            struct dp_verdict *replacement);
/* Before each visit handler->credit() has had what is new. */
void dp_flow_walk(struct dp *, dp_flow_visit *, void *aux);
/* The same in parts, between which the control thread does other things: flows that were there at
 * the beginning, and are still.  'budget' is how many to look at; one that is to change counts as
 * many.  True: there is more to do.  A walk that has begun goes on to its end, or until the
 * datapath is closed; meanwhile no flow's memory is freed.  An executor that has no parts does all
 * at once. */
struct dp_flow_cursor {
    bool active; /* Between two parts.  All of it is the executor's, and zero at first. */
    bool asked;
    unsigned worker;
    uint32_t epoch;
    void *next;
    struct dp_flow_cursor *older;
};
bool dp_flow_walk_part(struct dp *, struct dp_flow_cursor *, unsigned budget, dp_flow_visit *,
                       void *aux);
/* The same as one change with 'publish': what the visitor decides takes effect together with it,
 * between two batches of packets, which make all of their passes on one side of it.  'ahead': flows
 * are visited before it, without holding packets up, and only those that come meanwhile behind it;
 * else all behind it, while packets wait.  False: this executor cannot, and has called nothing. */
bool dp_flow_walk_atomic(struct dp *, bool ahead, dp_flow_visit *, void (*publish)(void *aux),
                         void *aux) MUST_USE;
/* The rules are in place: what a former process left in the datapath, and carried its traffic
 * meanwhile, may go. */
void dp_settled(struct dp *);
void dp_flow_stats_total(const struct dp *, uint64_t *hits, uint64_t *misses, uint64_t *lost,
                         uint64_t *n_flows);

/* False: this executor has none. */
bool dp_get_mask_stats(const struct dp *, struct dp_mask_stats *);

/* Waits, in tests and before statistics are read, until what has been received is processed. */
void dp_quiesce(struct dp *);
