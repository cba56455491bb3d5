/* apply_mirror.c - mirrors and flooded VLANs of a bridge.  Part of apply.h. */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

LOG_MODULE(apply_mirror);

#define BITMAP_SIZE (PORT_VLAN_WORDS * sizeof(uint64_t))

const uint64_t *apply_vlan_bitmap(const struct config_row *row, enum column_id id,
                                  uint64_t words[PORT_VLAN_WORDS])
{
    const struct datum *d = config_datum(row, id);

    memset(words, 0, BITMAP_SIZE);
    for (uint32_t i = 0; i < d->n; i++) {
        words[d->keys[i].integer / 64] |= BIT64(d->keys[i].integer % 64);
    }
    return d->n ? words : NULL;
}

/* The OpenFlow numbers of the ports that a column names, as far as they are ports of this bridge.
 */
static uint32_t *port_numbers(struct apply *a, const struct applied_bridge *b,
                              const struct config_row *row, enum column_id id, size_t *n)
{
    size_t n_ports, n_ifaces;
    const struct config_row **ports = config_refs(a->config, row, id, &n_ports);
    uint32_t *numbers = xcalloc(n_ports + 1, sizeof *numbers);

    *n = 0;
    for (size_t i = 0; i < n_ports; i++) {
        const struct config_row **ifaces =
            config_refs(a->config, ports[i], COL_Port_interfaces, &n_ifaces);
        const struct applied_port *p =
            n_ifaces ? apply_find_port(b, config_string(ifaces[0], COL_Interface_name, "")) : NULL;
        if (p && p->ofp_port) {
            numbers[(*n)++] = p->ofp_port;
        }
        free(ifaces);
    }
    free(ports);
    return numbers;
}

static bool is_true(const struct config_row *row, enum column_id id)
{
    const struct datum *d = config_datum(row, id);
    return d->n && d->keys[0].boolean;
}

/* A mirror under construction: what its configuration points to. */
struct parts {
    uint64_t vlans[PORT_VLAN_WORDS];
    uint32_t *src, *dst;
};

/* False: it has nowhere to copy to. */
static bool configure(struct apply *a, const struct applied_bridge *b, const struct config_row *row,
                      struct parts *parts, struct bridge_mirror_config *c)
{
    size_t n_out;
    uint32_t *out = port_numbers(a, b, row, COL_Mirror_output_port, &n_out);

    *c = (struct bridge_mirror_config){
        .select_all = is_true(row, COL_Mirror_select_all),
        .vlans = apply_vlan_bitmap(row, COL_Mirror_select_vlan, parts->vlans),
        .out_port = n_out ? out[0] : 0,
        .out_vlan = (uint16_t)config_integer(row, COL_Mirror_output_vlan, 0),
        .snap_len = (uint16_t)config_integer(row, COL_Mirror_snaplen, 0)};
    free(out);
    memcpy(c->id, config_uuid(row), sizeof c->id);
    parts->src = port_numbers(a, b, row, COL_Mirror_select_src_port, &c->n_src);
    parts->dst = port_numbers(a, b, row, COL_Mirror_select_dst_port, &c->n_dst);
    c->src_ports = parts->src;
    c->dst_ports = parts->dst;
    if (c->vlans && !c->select_all && !config_datum(row, COL_Mirror_select_src_port)->n &&
        !config_datum(row, COL_Mirror_select_dst_port)->n) {
        c->select_all = true; /* Every packet of these VLANs. */
    }
    return c->out_port || c->out_vlan;
}

void apply_mirrors(struct apply *a, const struct applied_bridge *b, const struct config_row *bridge)
{
    uint64_t words[PORT_VLAN_WORDS];
    size_t n;
    const struct config_row **rows = config_refs(a->config, bridge, COL_Bridge_mirrors, &n);
    struct parts *parts = xcalloc(n + 1, sizeof *parts);
    struct bridge_mirror_config *c = xcalloc(n + 1, sizeof *c);
    unsigned used = 0;

    for (size_t i = 0; i < n; i++) {
        const char *name = config_string(rows[i], COL_Mirror_name, "");
        if (used == MIRRORS_MAX) {
            log_warn_rl("%s: mirror %s is one more than the %d that a bridge can have", b->name,
                        name, MIRRORS_MAX);
        } else if (configure(a, b, rows[i], &parts[i], &c[used])) {
            used++;
        } else {
            log_warn_rl("%s: mirror %s copies nothing: it has no output_port of this bridge, and "
                        "no output_vlan",
                        b->name, name);
        }
    }
    bridge_set_mirrors(b->bridge, c, used);
    bridge_set_flood_vlans(b->bridge, apply_vlan_bitmap(bridge, COL_Bridge_flood_vlans, words));
    for (size_t i = 0; i < n; i++) {
        free(parts[i].src);
        free(parts[i].dst);
    }
    free(parts);
    free(c);
    free(rows);
}

void apply_mirror_statistics(struct apply *a, const struct applied_bridge *b)
{
    const struct config_row *bridge = config_find_by_name(a->config, COL_Bridge_name, b->name);
    size_t n = 0;
    const struct config_row **rows =
        bridge ? config_refs(a->config, bridge, COL_Bridge_mirrors, &n) : NULL;
    uint64_t packets, bytes;

    for (size_t i = 0; i < n; i++) {
        if (bridge_mirror_stats(b->bridge, config_uuid(rows[i])->b, &packets, &bytes)) {
            config_set_map_integer(a->config, rows[i], COL_Mirror_statistics, "tx_packets",
                                   (int64_t)packets);
            config_set_map_integer(a->config, rows[i], COL_Mirror_statistics, "tx_bytes",
                                   (int64_t)bytes);
        }
    }
    free(rows);
}
