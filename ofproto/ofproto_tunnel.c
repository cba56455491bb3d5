/* ofproto_tunnel.c - the datapath ports that tunnel ports share: one for each type and UDP port.
 *
 * Control thread.  The first tunnel port of a kind adds the datapath port, the last one takes it
 * away.  See ofproto-private.h. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/ofproto-private.h"

struct tunnel_device {
    struct tunnel_device *next;
    enum tunnel_type type;
    uint16_t dst_port;
    bool gbp;
    uint32_t dp_port;
    unsigned refs;
};

/* The port that takes the same packets as one with this configuration would; NULL: none. */
static const struct bridge_port *find_clash(const struct ofproto *p, const struct tunnel_config *c)
{
    for (const struct bridge *br = p->bridges; br; br = br->next) {
        const struct bridge_port *port;
        HMAP_FOR_EACH(port, node, &br->ports) {
            if (port->tunnel && tunnel_config_clashes(port->tunnel, c)) {
                return port;
            }
        }
    }
    return NULL;
}

static const char *device_option(void *c_, const char *key)
{
    static char number[8]; /* Control thread only; read before the next call. */
    const struct tunnel_config *c = c_;

    if (!strcmp(key, "dst_port") && c->dst_port) {
        snprintf(number, sizeof number, "%u", c->dst_port);
        return number;
    }
    return !strcmp(key, "exts") && c->gbp ? "gbp" : NULL;
}

static char *add_device(struct ofproto *p, const struct tunnel_config *c, uint32_t *dp_port)
{
    char name[TUNNEL_DEVICE_NAME];

    tunnel_device_name(c, name);
    char *error = dp_port_add(p->dp, name, tunnel_types[c->type].name, DP_PORT_NONE, device_option,
                              (void *)(uintptr_t)c, dp_port);
    if (error) {
        return error;
    }
    struct tunnel_device *d = xzalloc(sizeof *d);
    *d = (struct tunnel_device){.next = p->tunnel_devices,
                                .type = c->type,
                                .dst_port = c->dst_port,
                                .gbp = c->gbp,
                                .dp_port = *dp_port,
                                .refs = 1};
    p->tunnel_devices = d;
    return NULL;
}

char *ofproto_tunnel_get(struct ofproto *p, const char *name, const struct tunnel_config *c,
                         uint32_t *dp_port)
{
    const struct bridge_port *clash = find_clash(p, c);
    struct tunnel_device *d = p->tunnel_devices;

    if (clash) {
        struct text t = TEXT_INIT;
        tunnel_config_format(c, &t);
        char *error =
            xasprintf("%s: attempting to add tunnel port with same config as port '%s' (%s: %s)",
                      name, clash->name, tunnel_types[c->type].name, text_cstr(&t));
        text_deinit(&t);
        return error;
    }
    while (d && (d->type != c->type || d->dst_port != c->dst_port)) {
        d = d->next;
    }
    if (!d) {
        return add_device(p, c, dp_port);
    }
    if (d->gbp != c->gbp) {
        return xasprintf("%s: all vxlan ports of UDP port %u must agree on options:exts", name,
                         c->dst_port);
    }
    d->refs++;
    *dp_port = d->dp_port;
    return NULL;
}

void ofproto_tunnel_put(struct ofproto *p, uint32_t dp_port, bool destroy)
{
    struct tunnel_device **i = &p->tunnel_devices, *d;

    while (*i && (*i)->dp_port != dp_port) {
        i = &(*i)->next;
    }
    d = *i;
    if (d && !--d->refs) {
        *i = d->next;
        free(d);
        dp_port_del(p->dp, dp_port, destroy);
    }
}
