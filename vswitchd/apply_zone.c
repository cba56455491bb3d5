/* apply_zone.c - timeouts and limits of zones of connections: the rows of CT_Zone by datapath. Part
 * of apply.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

static void get_timeouts(struct apply *a, const struct config_row *row, struct ct_timeouts *t)
{
    size_t n;
    const struct config_row **policies =
        config_refs(a->config, row, COL_CT_Zone_timeout_policy, &n);
    const struct datum *d = n ? config_datum(policies[0], COL_CT_Timeout_Policy_timeouts) : NULL;
    enum ct_timeout to;

    for (uint32_t i = 0; d && i < d->n; i++) {
        if (ct_timeout_parse(d->keys[i].string, &to)) {
            t->has |= BIT64(to);
            t->seconds[to] = (uint32_t)d->values[i].integer;
        }
    }
    free(policies);
}

/* The row of this type of datapath, or NULL. */
static const struct config_row *datapath_row(struct apply *a, const char *type)
{
    const struct config_row *root = config_root(a->config);
    const struct datum *d = config_datum(root, COL_Open_vSwitch_datapaths);

    for (uint32_t i = 0; i < d->n; i++) {
        if (!strcmp(d->keys[i].string, type)) {
            return config_value_ref(a->config, root, COL_Open_vSwitch_datapaths, i);
        }
    }
    return NULL;
}

void apply_zones(struct apply *a)
{
    struct ofproto *p = NULL;

    while ((p = datapaths_next(a->datapaths, p))) {
        const struct config_row *row = datapath_row(a, dp_type(ofproto_dp(p)));
        const struct datum *d = row ? config_datum(row, COL_Datapath_ct_zones) : NULL;
        uint32_t n = d ? d->n : 0;
        struct ofproto_zone *zones = xcalloc(n, sizeof *zones); /* By number, as they lie there. */
        for (uint32_t i = 0; i < n; i++) {
            const struct config_row *zone =
                config_value_ref(a->config, row, COL_Datapath_ct_zones, i);
            zones[i].zone = (uint16_t)d->keys[i].integer;
            zones[i].limit = config_integer(zone, COL_CT_Zone_limit, -1);
            get_timeouts(a, zone, &zones[i].timeouts);
        }
        ofproto_set_zones(p, zones, n,
                          row ? config_integer(row, COL_Datapath_ct_zone_default_limit, -1) : -1);
        free(zones);
    }
}
