/* apply_status.c - status columns: what became of the configuration.  See apply.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act.h"
#include "vswitchd/apply-private.h"

static const char *up_down(bool up)
{
    return up ? "up" : "down";
}

static void set_device(struct config *c, const struct config_row *row,
                       const struct dp_port_info *dp)
{
    struct text mac = TEXT_INIT;

    text_mac(&mac, dp->mac);
    config_set_string(c, row, COL_Interface_mac_in_use, text_cstr(&mac));
    text_deinit(&mac);
    config_set_string(c, row, COL_Interface_admin_state, up_down(dp->admin_up));
    config_set_string(c, row, COL_Interface_link_state, up_down(dp->link_up));
    if (dp->mtu) { /* Tunnels have neither. */
        config_set_integer(c, row, COL_Interface_mtu, dp->mtu);
        config_set_integer(c, row, COL_Interface_ifindex, dp->ifindex);
    }
    if (dp->speed_mbps) {
        config_set_integer(c, row, COL_Interface_link_speed, (int64_t)dp->speed_mbps * 1000000);
        config_set_string(c, row, COL_Interface_duplex, dp->full_duplex ? "full" : "half");
    } else {
        config_clear(c, row, COL_Interface_link_speed);
        config_clear(c, row, COL_Interface_duplex);
    }
}

/* What is known of a port only while it has its device. */
static void clear_device(struct config *c, const struct config_row *row)
{
    static const enum column_id columns[] = {COL_Interface_mac_in_use, COL_Interface_admin_state,
                                             COL_Interface_link_state, COL_Interface_mtu,
                                             COL_Interface_ifindex,    COL_Interface_link_speed,
                                             COL_Interface_duplex,     COL_Interface_statistics};

    config_set_integer(c, row, COL_Interface_ofport, -1);
    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        config_clear(c, row, columns[i]);
    }
}

void apply_status_port(struct apply *a, const struct applied_bridge *b,
                       const struct applied_port *p)
{
    const struct config_row *row = config_find_by_name(a->config, COL_Interface_name, p->name);
    struct bridge_port_info info;

    if (!row) {
        return;
    }
    config_set_string(a->config, row, COL_Interface_error, p->error);
    if (!p->ofp_port || !bridge_port_info(b->bridge, p->ofp_port, &info)) {
        clear_device(a->config, row);
        return;
    }
    if (info.dp.gone) {
        char *error = xasprintf("could not open network device %s (%s)", p->name, strerror(ENODEV));
        config_set_string(a->config, row, COL_Interface_error, error);
        free(error);
        clear_device(a->config, row);
        return;
    }
    if (info.queues_error && !p->error) {
        char *error =
            xasprintf("the queues of its QoS cannot be made (%s)", strerror(info.queues_error));
        config_set_string(a->config, row, COL_Interface_error, error);
        free(error);
    }
    uint32_t number = p->ofp_port == OFPP_LOCAL ? 65534 : p->ofp_port;
    config_set_integer(a->config, row, COL_Interface_ofport, number);
    config_set_integer(a->config, row, COL_Interface_ofport_kept, number);
    if (info.peer) {
        config_set_string(a->config, row, COL_Interface_link_state, "up");
    } else {
        set_device(a->config, row, &info.dp);
    }
}

static void set_controllers(struct apply *a, const struct applied_bridge *b)
{
    const struct config_row *bridge = config_find_by_name(a->config, COL_Bridge_name, b->name);
    size_t n;
    const struct config_row **rows =
        bridge ? config_refs(a->config, bridge, COL_Bridge_controller, &n) : NULL;
    struct connmgr_status s;

    for (size_t i = 0; rows && connmgr_status(bridge_conns(b->bridge), i, &s); i++) {
        for (size_t k = 0; k < n; k++) {
            if (strcmp(config_string(rows[k], COL_Controller_target, ""), s.target)) {
                continue;
            }
            config_set_boolean(a->config, rows[k], COL_Controller_is_connected, s.is_connected);
            config_set_string(a->config, rows[k], COL_Controller_role, s.role);
            config_set_map(a->config, rows[k], COL_Controller_status, "state", s.state);
            config_set_map(a->config, rows[k], COL_Controller_status, "last_error", s.last_error);
        }
    }
    free(rows);
}

void apply_status_run(void *a_)
{
    struct apply *a = a_;

    for (struct applied_bridge *b = a->bridges; b; b = b->next) {
        if (!b->bridge) {
            continue;
        }
        set_controllers(a, b);
        for (struct applied_port *p = b->ports; p; p = p->next) {
            apply_status_port(a, b, p);
        }
    }
}

static void set_statistics(struct config *c, const struct config_row *row,
                           const struct dp_port_stats *s)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"rx_packets", s->rx_packets}, {"tx_packets", s->tx_packets},
                {"rx_bytes", s->rx_bytes},     {"tx_bytes", s->tx_bytes},
                {"rx_dropped", s->rx_dropped}, {"tx_dropped", s->tx_dropped},
                {"rx_errors", s->rx_errors},   {"tx_errors", s->tx_errors},
                {"rx_frame_err", s->rx_frame}, {"rx_over_err", s->rx_over},
                {"rx_crc_err", s->rx_crc},     {"collisions", s->collisions}};

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].value != UINT64_MAX) {
            config_set_map_integer(c, row, COL_Interface_statistics, rows[i].name,
                                   (int64_t)rows[i].value);
        }
    }
}

void apply_statistics_run(void *a_)
{
    struct apply *a = a_;

    for (struct applied_bridge *b = a->bridges; b; b = b->next) {
        if (b->bridge) {
            apply_mirror_statistics(a, b);
        }
        for (struct applied_port *p = b->ports; b->bridge && p; p = p->next) {
            const struct config_row *row =
                config_find_by_name(a->config, COL_Interface_name, p->name);
            struct bridge_port_info info;
            struct dp_port_stats s;
            if (row && p->ofp_port && bridge_port_info(b->bridge, p->ofp_port, &info) &&
                !info.peer && !info.dp.gone) {
                dp_port_get_stats(ofproto_dp(bridge_ofproto(b->bridge)), info.dp_port, &s);
                set_statistics(a->config, row, *info.tunnel ? &info.stats : &s);
            }
        }
    }
}
