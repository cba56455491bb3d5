/* ofproto-private.h - what the files of ofproto/ share: the structures behind ofproto.h and
 * bridge.h. */
#pragma once

#include <urcu/urcu-qsbr.h>

#include "lib/hmap.h"
#include "lib/packet/tlv_table.h"
#include "lib/dp/meters.h"
#include "ofp/flow_mod.h"
#include "ofp/group.h"
#include "ofp/ipfix.h"
#include "ofp/meter.h"
#include "ofp/packet_io.h"
#include "ofp/port.h"
#include "ofp/port_stats.h"
#include "ofp/queue.h"
#include "ofproto/bridge.h"
#include "ofproto/bridge_keep.h"
#include "ofproto/conn/connmgr.h"
#include "ofproto/events.h"
#include "ofproto/ofproto.h"
#include "ofproto/revalidate.h"
#include "ofproto/xlate/xlate.h"

struct ofproto {
    struct loop *loop;
    struct dp *dp;
    char *rundir;
    struct xlate_cfg *cfg; /* RCU: workers read it. */
    struct continuations *continuations;
    struct bridge *bridges;
    struct tunnel_device *tunnel_devices; /* ofproto_tunnel.c */
    struct events *events;
    struct ofproto_keep *keep;     /* NULL: nothing outlives the process. */
    struct ofproto_recirc *recirc; /* NULL: nor need it know what ids mean. */
    struct revalidator *revalidator;
    struct admit_watch *admit_watch;
    uint64_t *meter_ids;        /* Of the datapath, a bit each that is taken; NULL: none yet. */
    struct ofproto_zone *zones; /* As they were last set, */
    size_t n_zones;
    int64_t zone_limit;          /* and the default limit; -1: none was given. */
    struct loop_call cfg_call;   /* Builds a new cfg before the loop sleeps. */
    struct loop_timer tick;      /* Each second: timeouts, ages, reclaiming. */
    int64_t opened_ms, rules_ms; /* rules_ms: a rule came, went or changed last. */
    bool restore_wait;           /* Somebody is still restoring the rules. */
    bool settled;                /* The datapath knows that they are in place. */
};

/* A rule that has left its table and whose FLOW_REMOVED waits until its counters are final. */
struct removed_rule {
    struct removed_rule *next;
    struct rule *rule; /* Reference. */
    int64_t removed_ms;
    uint8_t reason; /* enum flow_removed_reason */
};

struct bridge_port {
    struct hmap_node node; /* In bridge.ports, by OpenFlow number. */
    struct bridge *bridge;
    uint32_t ofp_port, dp_port;   /* dp_port: DP_PORT_NONE for patch ports. */
    char *name, *peer;            /* peer: patch ports only. */
    struct tunnel_config *tunnel; /* Tunnel ports only, as are the statistics. */
    struct tunnel_stats *tunnel_stats;
    struct port_vlan vlan;
    struct bridge_qos *qos; /* NULL: the port has no queues. */
    struct ofp_port desc;   /* As last announced. */
    bool gone;              /* No device: only the number is left. */
    int64_t created_ms;
};

/* What PORT_MOD has set on the port of that name. */
struct bridge_port_config_kept {
    struct hmap_node node; /* In bridge.port_configs, by name. */
    uint32_t config;
    char name[];
};

struct bridge_queue {
    struct bridge_queue_config config;
    int64_t created_ms;
};

struct bridge_qos {
    uint64_t max_rate;
    struct bridge_queue *queues; /* By number, ascending. */
    size_t n;
    int error; /* Of the device, which refused; said once. */
};

struct bridge_mirror {
    uint8_t id[16]; /* Of its row. */
    bool select_all;
    uint32_t *src_ports, *dst_ports; /* OpenFlow numbers; heap. */
    size_t n_src, n_dst;
    struct mirror mirror;
};

struct bridge_meter {
    struct hmap_node node; /* In bridge.meters, by number. */
    struct meter config;
    uint32_t dp_id;
    int64_t created_ms;
    struct dp_meter_stats base; /* From before the last change, or the former process. */
};

struct bridge {
    struct bridge *next;
    struct ofproto *ofproto;
    char *name;
    uint32_t id; /* Translation's; never used twice. */
    uint64_t datapath_id;
    char *dp_desc;
    struct tables *tables;
    struct rule_acts *last_acts; /* Reference, or NULL: of the last rule that was added. */
    struct tlv_table *tlvs;      /* Reference. */
    struct bridge_tables *table_cfgs;
    struct fdb *fdb;
    struct hmap ports, meters, port_configs;
    struct bridge_mirror *mirrors;
    unsigned n_mirrors;
    struct bridge_ipfix *ipfix; /* NULL: nothing is sampled. */
    uint64_t *flood_vlans;      /* Bitmap of PORT_VLAN_WORDS, or NULL. */
    struct connmgr *conns;
    enum fail_mode fail_mode;
    uint8_t frags;  /* enum xlate_frags */
    bool fail_open; /* Translation takes NORMAL for the rules: no controller answers. */
    bool has_controllers;
    struct xlate_in_band_peer *in_band; /* bridge_in_band.c: controllers, then routers; heap. */
    size_t n_in_band;
    int64_t routes_ms; /* The routers were looked for. */
    enum bridge_admit admit;
    struct bridge_monitors *monitors; /* bridge_monitor.h; NULL: nobody has asked. */
    struct bridge_pause *paused;      /* bridge_pause.c; heap. */
    size_t n_paused;
    struct hmap learners; /* learn.c: who has delete_learned. */
    struct removed_rule *removed, **removed_tail;
    bool removed_waiting; /* A settle for 'removed' is under way. */
    struct loop_timer expiry;
    struct bridge_keep *keep; /* NULL: nothing outlives the process. */
    bool was_restored;        /* Or did not want to be. */
    bool detached;            /* What is kept stays, for the next start. */
};

/* ofproto.c */
void ofproto_cfg_changed(struct ofproto *); /* A new snapshot before the loop sleeps. */
void ofproto_cfg_update(struct ofproto *);  /* Now. */

/* ofproto_tunnel.c */
/* The datapath port of a tunnel port to be; NULL, or a heap error text.  Each get needs a put. */
char *ofproto_tunnel_get(struct ofproto *, const char *name, const struct tunnel_config *,
                         uint32_t *dp_port) MUST_USE;
void ofproto_tunnel_put(struct ofproto *, uint32_t dp_port, bool destroy);

/* bridge_port.c */
/* What OpenFlow sees; bridge_port_find() also finds those whose device is gone. */
struct bridge_port *bridge_port_by_ofp(const struct bridge *, uint32_t ofp_port);
struct bridge_port *bridge_port_find(const struct bridge *, uint32_t ofp_port);
bool bridge_port_is_live(const struct bridge_port *);
void bridge_port_refresh(struct bridge_port *); /* The datapath says it changed. */
void bridge_ports_refresh_tunnels(struct bridge *, uint32_t dp_port);
void bridge_ports_deinit(struct bridge *);
void bridge_port_get_stats(const struct bridge_port *, struct ofp_port_stats *);
enum ofp_error bridge_port_mod(struct bridge *, const struct port_mod *);

/* bridge_port_config.c */
uint32_t bridge_port_config_get(const struct bridge *, const char *name);
void bridge_port_config_set(struct bridge *, const char *name, uint32_t config); /* 0: nothing. */
void bridge_port_configs_deinit(struct bridge *);

/* bridge_queue.c */
void bridge_queues_to_device(struct bridge_port *); /* It has been opened, or opened again. */
void bridge_queues_deinit(struct bridge_port *, bool clear_device);
/* As OpenFlow says it. */
void bridge_queue_get_config(const struct bridge_port *, const struct bridge_queue *,
                             struct queue_config *);
void bridge_queues_to_cfg(const struct bridge_port *, struct xlate_port *);
/* Of all queues of the port, in their order. */
void bridge_queues_get_stats(const struct bridge_port *, struct queue_stats *);

/* bridge_table.c */
void bridge_tables_to_cfg(const struct bridge *, struct xlate_bridge *);

/* bridge_mirror.c */
void bridge_mirrors_deinit(struct bridge *);
/* Into the snapshot, whose ports are there. */
void bridge_mirrors_to_cfg(const struct bridge *, struct xlate_bridge *);

/* bridge_ipfix.c */
void bridge_ipfix_deinit(struct bridge *);
void bridge_ipfix_to_cfg(const struct bridge *, struct xlate_bridge *);
/* A packet was sampled; the rest of 'key' is filled in. */
void bridge_ipfix_sample(struct bridge *, const struct cookie_sample *, struct ipfix_flow_key *key,
                         const struct ipfix_flow_packet *);
/* Of exporter 'i': 0 the bridge's, then the collector sets'.  False: there is none. */
bool bridge_ipfix_get_stats(const struct bridge *, size_t i, struct ipfix_stats *);

/* bridge_flow.c: what flow-mods and timeouts do */
/* A match that says Ethernet and nothing that only Ethernet has, and one that leaves the type of
 * packets open, as is usual, are the same flow, and controllers get back the one that is usual. */
static inline void bridge_flow_ethernet(struct match *m)
{
    if (!m->flow.key.packet_type && !match_implies_ethernet(m)) {
        m->mask.key.packet_type = 0;
    }
}
/* 'msg': the message that it was; NULL: none. */
enum ofp_error bridge_flow_mod(struct bridge *, const struct flow_mod *, struct ofconn *,
                               const uint8_t *msg);
/* A rule of a former process, in the place of one with its match and priority; 'rule' gets it.  It
 * shows at the next tables_publish(). */
enum ofp_error bridge_flow_restore(struct bridge *, const struct flow_mod *, int64_t modified_ms,
                                   struct rule **rule);
void bridge_flow_evict(struct bridge *, struct rule *);            /* To be published. */
void bridge_flow_delete_rule(struct bridge *, struct rule *);      /* Not yet published. */
void bridge_flow_delete(struct bridge *, const struct flow_mod *); /* As that: all it means. */
void bridge_flow_expire(struct bridge *);
void bridge_flow_arm(struct bridge *); /* Sets the timer of the next timeout. */
/* Rules whose end was noted since removed_tail was 'tail' are there after all. */
void bridge_flow_forget_removed(struct bridge *, struct removed_rule **tail);
void bridge_flow_flush(struct bridge *);
void bridge_fail_open(struct bridge *, bool on);

/* Removes the rules that name the group or meter, or any (OFPG_ANY); publishing is the caller's. */
void bridge_flow_delete_refs(struct bridge *, enum act_type, uint32_t id, enum flow_removed_reason);

/* bridge_group.c */
/* Takes what it needs out of the group. */
enum ofp_error bridge_group_mod(struct bridge *, struct group_mod *);
/* Can the acts be executed here, and is there what they name? */
enum ofp_error bridge_acts_check(const struct bridge *, const void *acts, size_t len);
/* The same for a rule or a bucket, which may not output to TABLE (OpenFlow 1.3.5 section 4.5). */
enum ofp_error bridge_acts_check_kept(const struct bridge *, const void *acts, size_t len);

/* bridge_meter.c */
enum ofp_error bridge_meter_mod(struct bridge *, struct meter_mod *); /* As bridge_group_mod(). */
struct bridge_meter *bridge_meter_find(const struct bridge *, uint32_t id);
/* All, by number; the caller's to free. */
struct bridge_meter **bridge_meters_list(const struct bridge *, size_t *n);
void bridge_meter_get_stats(const struct bridge *, const struct bridge_meter *,
                            struct dp_meter_stats *);
/* As a former process has left it; 'ago_ms': then. */
void bridge_meter_restore(struct bridge *, struct bridge_meter *, struct dp_meter_stats *,
                          int64_t ago_ms);
void bridge_meter_features(const struct bridge *, struct meter_features *);
void bridge_meters_deinit(struct bridge *);

/* bridge_packet.c */
/* May it come in where it says, and are its actions possible? */
enum ofp_error bridge_packet_out_check(const struct bridge *, const struct packet_out *);
/* What the check has let through. */
enum ofp_error bridge_packet_out_send(struct bridge *, struct ofconn *, const struct packet_out *);
void bridge_packet_in(struct bridge *, struct events_item *);
void bridge_packet_forget(struct ofconn *); /* Its buffers. */
/* The buffered frame, the caller's to free; NULL: unknown. */
struct packet *bridge_packet_buffer_take(struct ofconn *, uint32_t buffer_id,
                                         uint32_t *ofp_in_port);
enum ofp_error bridge_packet_resume_buffer(struct bridge *, struct ofconn *, uint32_t buffer_id);

/* A packet that controller(pause) sent, given back. */
enum ofp_error bridge_packet_resume(struct bridge *, const struct packet_in *);

/* bridge_pause.c */
#define BRIDGE_PAUSE_NAME 8 /* Bytes of the `continuation` of a PACKET_IN. */
void bridge_pause_put(struct bridge *, const struct continuation *,
                      uint8_t name[BRIDGE_PAUSE_NAME]);
/* NULL: unknown, or it was too long ago. */
const struct continuation *bridge_pause_find(const struct bridge *, const uint8_t *name,
                                             size_t len);
void bridge_pause_expire(struct bridge *, int64_t now_ms);
void bridge_pause_deinit(struct bridge *);

/* bridge_in_band.c */
void bridge_in_band_set(struct bridge *, const struct controller_config *, size_t n);
void bridge_in_band_tick(struct bridge *, int64_t now_ms);
void bridge_in_band_to_cfg(const struct bridge *, struct xlate_bridge *);
void bridge_in_band_show(const struct bridge *, struct text *);

/* bridge_tlv.c: all of the change or, on error, none. */
enum ofp_error bridge_tlv_change(struct bridge *, enum tlv_command, const struct tlv_mapping *,
                                 size_t n);

/* dispatch.c */
void dispatch(struct bridge *, struct ofconn *, const struct msg_header *, const void *msg,
              size_t len);
/* The same for one message of a bundle that is being committed; the error is the caller's to send.
 */
enum ofp_error dispatch_change_flow(struct bridge *, struct ofconn *, struct flow_mod *,
                                    const uint8_t *msg); /* Decoded before. */
enum ofp_error dispatch_change(struct bridge *, struct ofconn *, const void *msg,
                               size_t len) MUST_USE;
