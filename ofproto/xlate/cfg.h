/* cfg.h - what translation needs to know of bridges and ports: a snapshot.
 *
 * Layer 4, pure.  The switch builds a new one whenever a port or bridge comes, goes or changes,
 * publishes it by an RCU pointer, and frees the old one after grace.
 *
 * Invariants: immutable after xlate_cfg_finish(), but for 'live' of ports.  Tables, fdb and
 * continuations are referenced, not copied; they live on from snapshot to snapshot. Threads: built
 * by the control thread, read by all. */
#pragma once

#include "lib/dp/dp.h"
#include "lib/hmap.h"
#include "ofp/table_features.h"
#include "ofproto/table/table.h"
#include "ofproto/xlate/mirror.h"
#include "ofproto/xlate/tunnel.h"

struct fdb;
struct continuations;
struct xlate_bridge;

/* A queue of a port that says what DSCP packets leave with. */
struct xlate_queue_dscp {
    uint32_t queue;
    uint8_t dscp; /* 0 to 63. */
};

/* OFPPC_* bits of 'config' that count here: PORT_DOWN, NO_RECV, NO_FWD, NO_FLOOD, NO_PACKET_IN. */
struct xlate_port {
    struct hmap_node node; /* In the bridge, by ofp_port. */
    struct xlate_bridge *bridge;
    uint32_t ofp_port;
    uint32_t dp_port; /* DP_PORT_NONE: patch port.  Tunnel ports share theirs. */
    uint32_t config;
    bool live;             /* Atomic; for buckets that watch it. */
    struct port_vlan vlan; /* For NORMAL and mirrors. */
    /* Mirrors of the bridge, a bit each: that copy what comes in here, what goes out, that copy to
     * here. */
    uint32_t src_mirrors, dst_mirrors, out_mirrors;
    struct xlate_queue_dscp *dscps; /* Ascending; heap. */
    size_t n_dscps;
    struct tunnel_config *tunnel;      /* Tunnel ports; else NULL. */
    struct tunnel_stats *tunnel_stats; /* Reference. */
    char *name;
    char *peer_name;         /* Patch ports: the other end's name, or NULL. */
    struct xlate_port *peer; /* Set by xlate_cfg_finish(), NULL if there is no such patch port. */
};

/* What tables see of fragments; the numbers are those of SET_CONFIG. */
enum xlate_frags {
    XLATE_FRAGS_NORMAL = 0,  /* No fragment has ports, nor the type and code of ICMP. */
    XLATE_FRAGS_DROP = 1,    /* Nothing. */
    XLATE_FRAGS_NX_MATCH = 3 /* What is there: the first one has ports. */
};

/* What of a bridge's packets is sampled. */
struct xlate_ipfix {
    uint32_t probability; /* Of what comes in and goes out, of DP_SAMPLE_ALWAYS. */
    bool input, output;   /* Whether at all. */
    size_t n_sets;
    uint32_t sets[]; /* The collector sets that `sample` may name. */
};

/* In-band control: who the bridge's own host must reach through it, whatever the rules say. */
struct xlate_in_band_peer {
    bool ip6;
    uint8_t pad;
    be16 port;        /* Of a controller; 0: a router on the way to one, by ARP or ND alone. */
    uint8_t addr[16]; /* The first 4 bytes, or all; the others are zero. */
};
struct xlate_in_band {
    uint8_t mac[6]; /* Of the LOCAL port. */
    size_t n;
    struct xlate_in_band_peer peers[];
};

struct xlate_bridge {
    struct xlate_bridge *next;
    struct xlate_cfg *cfg;
    uint32_t id; /* Chosen by the switch, never used again for another bridge. */
    char *name;
    struct tables *tables;      /* Reference. */
    struct fdb *fdb;            /* Reference. */
    struct tlv_table *tlvs;     /* Reference; NULL: no tunnel options are fields. */
    uint8_t frags;              /* enum xlate_frags */
    uint8_t miss[OFP_N_TABLES]; /* enum table_miss: what becomes of packets without a rule. */
    struct xlate_ipfix *ipfix;  /* NULL: nothing.  Owned. */
    bool fail_open;             /* No controller answers: NORMAL instead of the tables. */
    struct hmap ports;
    struct mirror mirrors[MIRRORS_MAX];
    unsigned n_mirrors;
    struct xlate_in_band *in_band; /* NULL: no controller is reached through it.  Owned. */
    uint64_t *flood_vlans;         /* VLANs in which NORMAL learns nothing; NULL: none.  Owned. */
    struct xlate_port **port_list; /* In order of ofp_port. */
    size_t n_ports;
};

struct xlate_cfg {
    struct xlate_bridge *bridges;
    struct dp_features features;
    uint64_t *timeout_zones;             /* Its ct_timeout_zones, a copy. */
    struct continuations *continuations; /* Reference. */
    struct xlate_port **by_dp_port;      /* n_dp_ports entries. */
    uint32_t n_dp_ports;
    struct tunnel_map tunnels; /* Their datapath ports are not in 'by_dp_port'. */
};

struct xlate_cfg *xlate_cfg_new(const struct dp_features *, struct continuations *);
struct xlate_bridge *xlate_cfg_add_bridge(struct xlate_cfg *, uint32_t id, const char *name,
                                          struct tables *, struct fdb *);
void xlate_bridge_set_tlvs(struct xlate_bridge *, struct tlv_table *);
/* Returns the port, whose config, VLANs and mirrors the caller may set.  'peer_name' not NULL: a
 * patch port. */
struct xlate_port *xlate_cfg_add_port(struct xlate_bridge *, uint32_t ofp_port, uint32_t dp_port,
                                      const char *name, const char *peer_name);
/* Makes a tunnel port of it, before xlate_cfg_finish(). */
void xlate_port_set_tunnel(struct xlate_port *, const struct tunnel_config *,
                           struct tunnel_stats *);
/* 'dscps' in ascending order of queues; they are copied. */
void xlate_port_set_dscps(struct xlate_port *, const struct xlate_queue_dscp *dscps, size_t n);
void xlate_cfg_finish(struct xlate_cfg *);
void xlate_cfg_free(struct xlate_cfg *); /* After grace. */

/* Lookups: any thread. */
const struct xlate_bridge *xlate_cfg_bridge(const struct xlate_cfg *, uint32_t id);
/* NULL: nobody's, or tunnel ports'. */
const struct xlate_port *xlate_cfg_dp_port(const struct xlate_cfg *, uint32_t dp_port);
const struct xlate_port *xlate_cfg_ofp_port(const struct xlate_bridge *, uint32_t ofp_port);
