/* bridge_port.c - the ports of a bridge: numbers, what is announced of them, their statistics.
 * Journey: configuration -> bridge_port_add() -> the datapath opens the device -> PORT_STATUS to
 * the controllers -> a new snapshot for translation.  See bridge.h. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/counter.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

LOG_MODULE(bridge_port);

#define MAX_PORT_NO 0xfeff /* OpenFlow 1.0 and the Nicira extensions have 16 bits. */

/* ofp_port_features bits of OpenFlow 1.3. */
#define OFPPF_COPPER BIT(11)

static uint32_t speed_feature(uint32_t mbps, bool full)
{
    switch (mbps) {
    case 10:
        return full ? BIT(1) : BIT(0);
    case 100:
        return full ? BIT(3) : BIT(2);
    case 1000:
        return full ? BIT(5) : BIT(4);
    case 10000:
        return BIT(6);
    case 40000:
        return BIT(7);
    case 100000:
        return BIT(8);
    case 1000000:
        return BIT(9);
    default:
        return mbps ? BIT(10) : 0;
    }
}

struct bridge_port *bridge_port_find(const struct bridge *br, uint32_t ofp_port)
{
    struct bridge_port *port;

    HMAP_FOR_EACH_WITH_HASH(port, node, hash_u64(ofp_port, 0), &br->ports) {
        if (port->ofp_port == ofp_port) {
            return port;
        }
    }
    return NULL;
}

struct bridge_port *bridge_port_by_ofp(const struct bridge *br, uint32_t ofp_port)
{
    struct bridge_port *port = bridge_port_find(br, ofp_port);
    return port && !port->gone ? port : NULL;
}

/* What the device says, in OpenFlow's terms; 'config' bits that only the controller sets stay.
 * False: there is no device. */
static bool describe(const struct bridge_port *port, struct ofp_port *d)
{
    struct dp_port_info info;

    *d = (struct ofp_port){.number = port->ofp_port, .config = port->desc.config};
    snprintf(d->name, sizeof d->name, "%s", port->name);
    if (port->dp_port == DP_PORT_NONE || port->tunnel) {
        /* Nothing tells a patch port that its other end has gone, nor a tunnel: they are up unless
         * set down.  Their addresses are made from the bridge and the number. */
        put_be16(d->hw_addr, port->tunnel ? 0x02fe : 0x02ff);
        put_be16(d->hw_addr + 2, (uint16_t)port->bridge->id);
        put_be16(d->hw_addr + 4, (uint16_t)port->ofp_port);
        d->state = d->config & OFPPC_PORT_DOWN ? OFPPS_LINK_DOWN : OFPPS_LIVE;
        return true;
    }
    if (!dp_port_get(port->bridge->ofproto->dp, port->dp_port, &info) || info.gone) {
        d->state = OFPPS_LINK_DOWN;
        return false;
    }
    memcpy(d->hw_addr, info.mac, 6);
    d->config &= ~(uint32_t)OFPPC_PORT_DOWN;
    if (!info.admin_up) {
        d->config |= OFPPC_PORT_DOWN;
    }
    bool live = info.link_up && info.admin_up;
    d->state = live ? OFPPS_LIVE : OFPPS_LINK_DOWN;
    d->curr = speed_feature(info.speed_mbps, info.full_duplex);
    if (d->curr) {
        d->curr |= OFPPF_COPPER;
    }
    d->curr_kbps = info.speed_mbps * 1000;
    return true;
}

static void forget_addresses(struct bridge *br, uint32_t ofp_port)
{
    fdb_flush_port(br->fdb, ofp_port);
    bridge_keep_forgotten(br, ofp_port);
}

/* The device has vanished or returned.  Meanwhile the port keeps its number, its rules stay. */
static void come_or_go(struct bridge_port *port, const struct ofp_port *d)
{
    struct bridge *br = port->bridge;

    port->gone = !port->gone;
    counter_inc(COUNTER_ofproto_update_port);
    if (port->gone) {
        forget_addresses(br, port->ofp_port);
        connmgr_port_status(br->conns, PORT_DELETE, &port->desc);
    } else {
        port->desc = *d;
        port->created_ms = loop_now(br->ofproto->loop);
        bridge_queues_to_device(port);
        connmgr_port_status(br->conns, PORT_ADD, d);
    }
    ofproto_cfg_changed(br->ofproto);
}

bool bridge_port_is_live(const struct bridge_port *port)
{
    return !port->gone && port->desc.state & OFPPS_LIVE;
}

/* Groups that watch the port switch over at once: for that no new snapshot is needed. */
static void publish_live(const struct bridge_port *port)
{
    struct ofproto *p = port->bridge->ofproto;
    const struct xlate_bridge *xb = xlate_cfg_bridge(p->cfg, port->bridge->id);
    const struct xlate_port *xp = xb ? xlate_cfg_ofp_port(xb, port->ofp_port) : NULL;

    if (xp) {
        __atomic_store_n(&((struct xlate_port *)(uintptr_t)xp)->live, bridge_port_is_live(port),
                         __ATOMIC_RELAXED);
        revalidate_liveness(p->revalidator);
    }
}

void bridge_port_refresh(struct bridge_port *port)
{
    struct ofp_port d;
    bool there = describe(port, &d);

    if (there == port->gone) {
        come_or_go(port, &d);
    }
    if (port->gone || !memcmp(&d, &port->desc, sizeof d)) {
        return;
    }
    bool forwarding_changed = d.config != port->desc.config;
    bool was_live = bridge_port_is_live(port);
    port->desc = d;
    counter_inc(COUNTER_ofproto_update_port);
    connmgr_port_status(port->bridge->conns, PORT_MODIFY, &d);
    if (forwarding_changed) {
        ofproto_cfg_changed(port->bridge->ofproto);
    } else if (was_live != bridge_port_is_live(port)) {
        publish_live(port);
    }
}

void bridge_ports_refresh_tunnels(struct bridge *br, uint32_t dp_port)
{
    struct bridge_port *port;

    HMAP_FOR_EACH(port, node, &br->ports) {
        if (port->tunnel && port->dp_port == dp_port) {
            bridge_port_refresh(port);
        }
    }
}

static uint32_t choose_number(const struct bridge *br, const struct bridge_port_config *c)
{
    if (!strcmp(c->name, br->name)) {
        return OFPP_LOCAL;
    }
    if (c->ofp_port && c->ofp_port <= MAX_PORT_NO && !bridge_port_find(br, c->ofp_port)) {
        return c->ofp_port;
    }
    for (uint32_t n = 1; n <= MAX_PORT_NO; n++) {
        if (!bridge_port_find(br, n)) {
            return n;
        }
    }
    return OFPP_NONE;
}

static char *open_tunnel(struct bridge_port *port, const struct bridge_port_config *c)
{
    struct tunnel_config config;
    char *error = tunnel_config_parse(c->name, c->type, c->option, c->aux, &config);

    error =
        error ? error : ofproto_tunnel_get(port->bridge->ofproto, c->name, &config, &port->dp_port);
    if (!error) {
        port->tunnel = xmemdup(&config, sizeof config);
        port->tunnel_stats = tunnel_stats_new();
    }
    return error;
}

static char *open_device(struct bridge_port *port, const struct bridge_port_config *c)
{
    struct bridge *br = port->bridge;
    uint32_t *dp_port = &port->dp_port;
    const char *type = c->type && *c->type ? c->type : "system";

    if (tunnel_is_type(type)) {
        return open_tunnel(port, c);
    }
    return dp_port_add(br->ofproto->dp, c->name, type, DP_PORT_NONE, c->option, c->aux, dp_port);
}

char *bridge_port_add(struct bridge *br, const struct bridge_port_config *c, uint32_t *ofp_port)
{
    uint32_t number = choose_number(br, c);
    const char *peer = NULL;
    char *error = NULL;

    if (number == OFPP_NONE) {
        return xasprintf("%s: bridge %s has no free port number", c->name, br->name);
    }
    if (c->type && !strcmp(c->type, "patch")) {
        peer = c->option ? c->option(c->aux, "peer") : NULL;
        if (!peer) {
            return xasprintf("%s: a patch port needs options:peer, the name of its other end",
                             c->name);
        }
    }
    struct bridge_port *port = xzalloc(sizeof *port);
    port->bridge = br;
    port->ofp_port = number;
    port->dp_port = DP_PORT_NONE;
    error = peer ? NULL : open_device(port, c);
    if (error) {
        free(port);
        return error;
    }
    port->name = xstrdup(c->name);
    port->peer = peer ? xstrdup(peer) : NULL;
    port_vlan_copy(&port->vlan, c->vlan);
    port->desc.config = bridge_port_config_get(br, c->name);
    port->created_ms = loop_now(br->ofproto->loop);
    hmap_insert(&br->ports, &port->node, hash_u64(number, 0));
    port->gone = !describe(port, &port->desc);
    /* Now, not at the end of the turn: the device already delivers. */
    ofproto_cfg_update(br->ofproto);
    if (!port->gone) {
        connmgr_port_status(br->conns, PORT_ADD, &port->desc);
    }
    *ofp_port = number;
    return NULL;
}

static void close_device(struct bridge_port *port, bool destroy)
{
    struct ofproto *p = port->bridge->ofproto;

    bridge_queues_deinit(port, destroy);
    if (port->tunnel) {
        ofproto_tunnel_put(p, port->dp_port, destroy);
    } else if (port->dp_port != DP_PORT_NONE) {
        dp_port_del(p->dp, port->dp_port, destroy);
    }
}

static void port_free(struct bridge_port *port)
{
    free(port->tunnel);
    tunnel_stats_unref(port->tunnel_stats);
    free(port->name);
    free(port->peer);
    port_vlan_deinit(&port->vlan);
    free(port);
}

void bridge_port_del(struct bridge *br, uint32_t ofp_port, bool destroy_device)
{
    struct bridge_port *port = bridge_port_find(br, ofp_port);

    if (!port) {
        return;
    }
    hmap_remove(&br->ports, &port->node);
    forget_addresses(br, ofp_port);
    bridge_port_config_set(br, port->name, 0);
    ofproto_cfg_update(br->ofproto);
    close_device(port, destroy_device);
    if (!port->gone) {
        connmgr_port_status(br->conns, PORT_DELETE, &port->desc);
    }
    port_free(port);
}

static void close_ports(struct bridge *br, bool destroy_devices)
{
    struct bridge_port *port, *next;

    HMAP_FOR_EACH_SAFE(port, next, node, &br->ports) {
        hmap_remove(&br->ports, &port->node);
        close_device(port, destroy_devices);
        port_free(port);
    }
}

void bridge_detach_ports(struct bridge *br)
{
    ofproto_pull_stats(br->ofproto); /* What is kept of the rules is to be up to date. */
    br->detached = true;
    close_ports(br, false);
}

void bridge_ports_deinit(struct bridge *br)
{
    close_ports(br, true);
    hmap_deinit(&br->ports);
}

void bridge_port_set_vlan(struct bridge *br, uint32_t ofp_port, const struct port_vlan *vlan)
{
    struct bridge_port *port = bridge_port_find(br, ofp_port);

    if (port && !port_vlan_equal(&port->vlan, vlan)) {
        port_vlan_deinit(&port->vlan);
        port_vlan_copy(&port->vlan, vlan);
        ofproto_cfg_changed(br->ofproto);
    }
}

static void tunnel_info(const struct bridge_port *port, struct bridge_port_info *info)
{
    const struct tunnel_stats *s = port->tunnel_stats;
    const char *type = tunnel_types[port->tunnel->type].name;
    struct text t = TEXT_INIT;

    tunnel_config_format(port->tunnel, &t);
    snprintf(info->tunnel, sizeof info->tunnel, "%s: %s", type, text_cstr(&t));
    text_deinit(&t);
    info->dp = (struct dp_port_info){.port_no = port->dp_port, .admin_up = true, .link_up = true};
    snprintf(info->dp.type, sizeof info->dp.type, "%s", type);
    memcpy(info->dp.mac, port->desc.hw_addr, 6);
    memset(&info->stats, 0xff, sizeof info->stats);
    info->stats.rx_packets = s->rx_packets;
    info->stats.rx_bytes = s->rx_bytes;
    info->stats.tx_packets = s->tx_packets;
    info->stats.tx_bytes = s->tx_bytes;
}

bool bridge_port_info(const struct bridge *br, uint32_t ofp_port, struct bridge_port_info *info)
{
    const struct bridge_port *port = bridge_port_find(br, ofp_port);

    memset(info, 0, sizeof *info);
    if (!port) {
        return false;
    }
    info->name = port->name;
    info->ofp_port = port->ofp_port;
    info->dp_port = port->dp_port;
    info->peer = port->peer;
    info->queues_error = port->qos ? port->qos->error : 0;
    if (port->tunnel) {
        tunnel_info(port, info);
    } else if (port->dp_port != DP_PORT_NONE) {
        dp_port_get(br->ofproto->dp, port->dp_port, &info->dp);
    }
    return true;
}

uint32_t bridge_next_port(const struct bridge *br, uint32_t after)
{
    const struct bridge_port *port;
    uint32_t best = OFPP_NONE;

    HMAP_FOR_EACH(port, node, &br->ports) {
        if (!port->gone && port->ofp_port > after && port->ofp_port < best) {
            best = port->ofp_port;
        }
    }
    return best;
}

void bridge_port_get_stats(const struct bridge_port *port, struct ofp_port_stats *s)
{
    struct dp_port_stats dp;
    int64_t age = loop_now(port->bridge->ofproto->loop) - port->created_ms;

    ofp_port_stats_init(s);
    s->port = port->ofp_port;
    s->duration_sec = (uint32_t)(age / 1000);
    s->duration_nsec = (uint32_t)(age % 1000) * 1000000;
    if (port->tunnel) {
        const struct tunnel_stats *t = port->tunnel_stats;
        s->rx_packets = t->rx_packets;
        s->rx_bytes = t->rx_bytes;
        s->tx_packets = t->tx_packets;
        s->tx_bytes = t->tx_bytes;
        return;
    }
    if (port->dp_port == DP_PORT_NONE) {
        return;
    }
    dp_port_get_stats(port->bridge->ofproto->dp, port->dp_port, &dp);
    s->rx_packets = dp.rx_packets;
    s->tx_packets = dp.tx_packets;
    s->rx_bytes = dp.rx_bytes;
    s->tx_bytes = dp.tx_bytes;
    s->rx_dropped = dp.rx_dropped;
    s->tx_dropped = dp.tx_dropped;
    s->rx_errors = dp.rx_errors;
    s->tx_errors = dp.tx_errors;
    s->rx_frame_err = dp.rx_frame;
    s->rx_over_err = dp.rx_over;
    s->rx_crc_err = dp.rx_crc;
    s->collisions = dp.collisions;
}

enum ofp_error bridge_port_mod(struct bridge *br, const struct port_mod *m)
{
    const uint32_t settable = OFPPC_PORT_DOWN | OFPPC_NO_STP | OFPPC_NO_RECV | OFPPC_NO_RECV_STP |
                              OFPPC_NO_FLOOD | OFPPC_NO_FWD | OFPPC_NO_PACKET_IN;
    struct bridge_port *port = bridge_port_by_ofp(br, m->port);

    if (!port) {
        return OFPERR_OFPPMFC_BAD_PORT;
    }
    if (memcmp(m->hw_addr, port->desc.hw_addr, 6)) {
        return OFPERR_OFPPMFC_BAD_HW_ADDR;
    }
    uint32_t config = (port->desc.config & ~m->mask) | (m->config & m->mask);
    config = (port->desc.config & ~settable) | (config & settable);
    uint32_t toggled = config ^ port->desc.config;
    if ((toggled & OFPPC_PORT_DOWN) && port->dp_port != DP_PORT_NONE && !port->tunnel) {
        int error = dp_port_set_up(br->ofproto->dp, port->dp_port, !(config & OFPPC_PORT_DOWN));
        if (error) {
            log_warn_rl("%s: cannot set port %s %s (%s)", br->name, port->name,
                        config & OFPPC_PORT_DOWN ? "down" : "up", strerror(error));
            return OFPERR_OFPPMFC_EPERM;
        }
    }
    if (toggled) {
        /* Setting it up or down may have been announced by bridge_port_refresh() already. */
        struct ofp_port d, announced = port->desc;
        port->desc.config = config;
        describe(port, &d);
        port->desc = d;
        if (memcmp(&d, &announced, sizeof d)) {
            counter_inc(COUNTER_ofproto_update_port);
            connmgr_port_status(br->conns, PORT_MODIFY, &d);
        }
        ofproto_cfg_changed(br->ofproto);
        bool has_device = port->dp_port != DP_PORT_NONE && !port->tunnel;
        bridge_port_config_set(br, port->name,
                               d.config &
                                   (has_device ? settable & ~(uint32_t)OFPPC_PORT_DOWN : settable));
    }
    return OFPERR_OK;
}
