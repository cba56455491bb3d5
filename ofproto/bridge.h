/* bridge.h - an OpenFlow switch on a datapath: its ports, tables and connections.
 *
 * Layer 4.  Owner: the control thread.  Called by vswitchd/apply (configuration) and by the control
 * commands (fdb/show, bridge/dump-flows).  Specification: OpenFlow 1.3.5. */
#pragma once

#include "lib/dp/dp.h"
#include "ofproto/conn/connmgr.h"
#include "ofproto/xlate/mirror.h"

struct ofproto;
struct bridge;
struct text;

/* NULL, or a heap error text.  The switch begins in fail mode secure without rules. */
char *bridge_new(struct ofproto *, const char *name, struct bridge **) MUST_USE;
void bridge_free(struct bridge *); /* Ports go, their devices too if they are ours. */
/* Before bridge_free(): closes the ports but leaves their devices, and what is kept of the rules,
 * for the next start. */
void bridge_detach_ports(struct bridge *);
/* Whether rules outlive the process, in a file of the run directory.  The first call takes over
 * those of a former one: it comes before the first port and before bridge_set_control(). */
void bridge_keep_rules(struct bridge *, bool on);
/* All of it as it is now, in a new file that is complete on return: another process reads it. */
void bridge_keep_write(struct bridge *);
const char *bridge_name(const struct bridge *);
struct ofproto *bridge_ofproto(const struct bridge *);
void bridge_set_datapath_id(struct bridge *, uint64_t);
void bridge_set_dp_desc(struct bridge *, const char *); /* NULL: "None" */
/* What becomes of connections that its rules no longer admit: admit.h.  They have no bridge of
 * their own: the most that any bridge of the datapath wants happens to all of it. */
enum bridge_admit { BRIDGE_ADMIT_IGNORE, BRIDGE_ADMIT_REPORT, BRIDGE_ADMIT_END };
void bridge_set_admit(struct bridge *, enum bridge_admit);
struct connmgr *bridge_conns(struct bridge *);
/* Fail mode and controllers together: whether rules are flushed, and whether the NORMAL flow of a
 * standalone switch without controllers is there, depends on both. */
void bridge_set_control(struct bridge *, enum fail_mode, const struct controller_config *,
                        size_t n);
/* The rows of fdb/show, each behind 'indent'. */
void bridge_fdb_show(struct bridge *, const char *indent, struct text *);
void bridge_fdb_flush(struct bridge *);
void bridge_fdb_set(struct bridge *, uint32_t max, int64_t age_ms);

struct bridge_port_config {
    const char *name;
    const char *type;  /* "", "system", "internal", "patch", "dummy", "pcap", ... */
    uint32_t ofp_port; /* Wanted; 0: any.  OFPP_LOCAL for the port named as the bridge. */
    const struct port_vlan *vlan;
    const char *(*option)(void *aux, const char *key); /* options:KEY or NULL. */
    void *aux;
};
/* NULL, or a heap error text.  '*ofp_port' gets the number it has. */
char *bridge_port_add(struct bridge *, const struct bridge_port_config *,
                      uint32_t *ofp_port) MUST_USE;
void bridge_port_del(struct bridge *, uint32_t ofp_port, bool destroy_device);
void bridge_port_set_vlan(struct bridge *, uint32_t ofp_port, const struct port_vlan *);

/* ---- bridge_queue.c ---- */

/* The queues of a port.  Rates in bits per second, sizes in bits; 0: not said. */
struct bridge_queue_config {
    uint32_t queue;
    uint16_t priority;
    int16_t dscp; /* Of what leaves by it, 0 to 63; -1: as it was. */
    uint64_t min_rate, max_rate, burst;
};
struct bridge_qos_config {
    uint64_t max_rate;                        /* Of all together; 0: the device's speed. */
    const struct bridge_queue_config *queues; /* By number, ascending. */
    size_t n;
};
/* NULL: none, which takes away those that were set before. */
void bridge_port_set_qos(struct bridge *, uint32_t ofp_port, const struct bridge_qos_config *);

/* ---- bridge_mirror.c ---- */

struct bridge_mirror_config {
    uint8_t id[16]; /* Keeps its counters as long as this stays. */
    bool select_all;
    const uint32_t *src_ports, *dst_ports; /* OpenFlow numbers. */
    size_t n_src, n_dst;
    const uint64_t *vlans; /* Bitmap of PORT_VLAN_WORDS words; NULL: any. */
    uint32_t out_port;     /* 0: none, then 'out_vlan'. */
    uint16_t out_vlan, snap_len;
};
/* At most MIRRORS_MAX. */
void bridge_set_mirrors(struct bridge *, const struct bridge_mirror_config *, unsigned n);
bool bridge_mirror_stats(const struct bridge *, const uint8_t id[16], uint64_t *packets,
                         uint64_t *bytes);
/* Bitmap of PORT_VLAN_WORDS words of VLANs in which nothing is learned; NULL: none. */
void bridge_set_flood_vlans(struct bridge *, const uint64_t *vlans);

/* ---- bridge_ipfix.c ---- */

/* An exporter of IPFIX.  It is compared as bytes, but for 'targets': zero what is not said. */
struct bridge_ipfix_config {
    const char *const *targets; /* `IP:PORT` */
    size_t n_targets;
    int64_t active_ms;      /* 0, as 'max_flows' 0: each sample is a record. */
    int64_t template_ms;    /* How often templates are sent again. */
    uint32_t max_flows;     /* Cached at once. */
    uint32_t collector_set; /* Its id, if 'is_set'; else the following four say something. */
    uint32_t sampling;      /* One packet of so many; at least 1. */
    uint32_t domain, point; /* Observation domain and point. */
    bool input, output;     /* What comes in, what goes out. */
    bool is_set;
    uint8_t pad[5];
};
/* 'bridge': for all its packets, NULL: none; 'sets': for those of `sample`, by ascending id. */
void bridge_set_ipfix(struct bridge *, const struct bridge_ipfix_config *bridge,
                      const struct bridge_ipfix_config *sets, size_t n);
/* What each exporter has done, indented lines; none: nothing. */
void bridge_ipfix_show(const struct bridge *, struct text *);
void bridge_ipfix_flush(struct bridge *); /* Records of all that is cached, now. */

struct bridge_port_info {
    const char *name;
    uint32_t ofp_port, dp_port; /* dp_port: DP_PORT_NONE for patch ports. */
    const char *peer;           /* Patch ports. */
    char tunnel[256];           /* Tunnel ports: `vxlan: key=1, remote_ip=192.0.2.1`; else "". */
    struct dp_port_stats stats; /* Of tunnel ports only. */
    struct dp_port_info dp;     /* Zero for patch ports; of tunnel ports what can be told. */
    int queues_error;           /* Why its queues do not hold what they say; errno, 0: they do. */
};
/* Also of a port whose device is gone (dp.gone), which bridge_next_port() passes over. */
bool bridge_port_info(const struct bridge *, uint32_t ofp_port, struct bridge_port_info *);
/* Port numbers in ascending order, LOCAL last; start with 0; OFPP_NONE at the end. */
uint32_t bridge_next_port(const struct bridge *, uint32_t after);

/* For bridge/dump-flows and ofproto commands: one line a rule. */
void bridge_dump_flows(struct bridge *, struct text *);
size_t bridge_n_rules(const struct bridge *);
