/* tunnel.h - tunnel ports: what an interface's options say, and which port a packet that came out
 * of a tunnel belongs to.
 *
 * Layer 4, pure.  All tunnel ports of one type and UDP port share one datapath port; what tells
 * them apart is on the packet: the key and the two outer addresses.
 *
 * Invariants: addresses have 16 bytes, IPv4 as ::ffff:a.b.c.d; all zeros: any.  No two ports of a
 * map match the same packets equally well.
 * Threads: a map is built by the control thread, as a part of struct xlate_cfg, and read by all.
 * Not here: headers (lib/packet/tunnel.h), devices (lib/dp). */
#pragma once

#include "lib/hmap.h"
#include "lib/packet/key.h"
#include "lib/packet/tunnel.h"

struct text;
struct xlate_port;

struct tunnel_config {
    enum tunnel_type type;
    uint16_t dst_port; /* UDP; 0: the type has none. */
    uint8_t remote[16], local[16];
    bool remote_flow, local_flow; /* From tun_dst, tun_src. */
    bool in_key_present, in_key_flow, out_key_present, out_key_flow;
    be64 in_key, out_key;
    uint8_t tos, ttl;
    bool tos_inherit, ttl_inherit;
    bool df, csum, gbp;
};

typedef const char *tunnel_option(void *aux, const char *key);

/* Is this a type of interface that is a tunnel? */
bool tunnel_is_type(const char *type);
/* Reads Interface options.  NULL, or a heap error text that begins with 'name'. */
char *tunnel_config_parse(const char *name, const char *type, tunnel_option *, void *aux,
                          struct tunnel_config *) MUST_USE;
/* `key=5, remote_ip=192.0.2.1`: what is not the default, in order of its name. */
void tunnel_config_format(const struct tunnel_config *, struct text *);
/* Would both take the same packets? */
bool tunnel_config_clashes(const struct tunnel_config *, const struct tunnel_config *);
/* `vxlan_sys_4789`: the datapath port that carries it. */
#define TUNNEL_DEVICE_NAME 16
void tunnel_device_name(const struct tunnel_config *, char name[TUNNEL_DEVICE_NAME]);

/* What traffic did, as far as it is credited; one to each OpenFlow port. */
struct tunnel_stats {
    uint32_t refs;
    uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes; /* Control thread only. */
};
struct tunnel_stats *tunnel_stats_new(void);                  /* One reference. */
struct tunnel_stats *tunnel_stats_ref(struct tunnel_stats *); /* Any thread. */
void tunnel_stats_unref(struct tunnel_stats *);

/* ---- the map ---- */

/* Kinds of match, the more specific first: key, then remote address, then local address. */
#define TUNNEL_N_KINDS 12

struct tunnel_map {
    struct hmap kinds[TUNNEL_N_KINDS];
    struct hmap devices; /* Datapath ports that are tunnels. */
};
void tunnel_map_init(struct tunnel_map *);
void tunnel_map_deinit(struct tunnel_map *);
/* 'config' and 'port' must live as long as the map. */
void tunnel_map_add(struct tunnel_map *, uint32_t dp_port, const struct tunnel_config *config,
                    struct xlate_port *port);
/* Do packets of this datapath port come out of tunnels? */
bool tunnel_map_is_tunnel(const struct tunnel_map *, uint32_t dp_port);
/* By in_port and the tunnel members of the key, all of which count; NULL: nobody's. */
const struct xlate_port *tunnel_map_find(const struct tunnel_map *, const struct key *);
