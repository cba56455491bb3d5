/* bridge_port_config.c - what controllers have set on ports (PORT_MOD), by the ports' names.
 *
 * Control thread.  It is here before a port opens, and while its device is away; the port itself
 * has it in 'desc.config'.  Whether a device is down is the device's own to say: of ports that have
 * one, OFPPC_PORT_DOWN is not kept.  bridge_keep.h takes it to the next process. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

static struct bridge_port_config_kept *find(const struct bridge *br, const char *name)
{
    struct bridge_port_config_kept *k;

    HMAP_FOR_EACH_WITH_HASH(k, node, hash_string(name, 0), &br->port_configs) {
        if (!strcmp(k->name, name)) {
            return k;
        }
    }
    return NULL;
}

uint32_t bridge_port_config_get(const struct bridge *br, const char *name)
{
    const struct bridge_port_config_kept *k = find(br, name);
    return k ? k->config : 0;
}

void bridge_port_config_set(struct bridge *br, const char *name, uint32_t config)
{
    struct bridge_port_config_kept *k = find(br, name);

    if (config == (k ? k->config : 0)) {
        return;
    }
    if (!config) {
        hmap_remove(&br->port_configs, &k->node);
        free(k);
    } else if (k) {
        k->config = config;
    } else {
        size_t n = strlen(name) + 1;
        k = xzalloc(sizeof *k + n);
        k->config = config;
        memcpy(k->name, name, n);
        hmap_insert(&br->port_configs, &k->node, hash_string(name, 0));
    }
    bridge_keep_port(br, name, config);
}

void bridge_port_configs_deinit(struct bridge *br)
{
    struct bridge_port_config_kept *k, *next;

    HMAP_FOR_EACH_SAFE(k, next, node, &br->port_configs) {
        free(k);
    }
    hmap_deinit(&br->port_configs);
}
