/* ofproto_zone.c - timeouts and limits of zones, as the configuration has them: see ofproto.h.
 *
 * Wanted and had are sorted alike and merged: only what differs is told to the datapath. */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/ofproto_keep.h"

LOG_MODULE(ofproto_zone);

static void complain(const struct ofproto *p, int32_t zone, const char *what, int error)
{
    if (error) {
        log_warn("%s: %s of zone %d cannot be set (%s)", dp_name(p->dp), what, zone,
                 strerror(error));
    }
}

static void set_limit(struct ofproto *p, int32_t zone, int64_t limit)
{
    const struct dp_zone_limit row = {.zone = zone, .limit = (uint32_t)MAX(limit, 0)};

    ofproto_forget_setting(p, SETTING_LIMIT, zone);
    complain(p, zone, "the limit",
             limit < 0 ? dp_conns_del_limits(p->dp, &row, 1) : dp_conns_set_limits(p->dp, &row, 1));
}

/* From 'old' to 'new'; both have a zone's number. */
static void change(struct ofproto *p, const struct ofproto_zone *old,
                   const struct ofproto_zone *new)
{
    if (memcmp(&old->timeouts, &new->timeouts, sizeof new->timeouts)) {
        complain(p, new->zone, "timeouts", dp_conns_set_timeouts(p->dp, new->zone, &new->timeouts));
        ofproto_cfg_changed(p); /* Translation may have to name them. */
    }
    if (old->limit != new->limit) {
        set_limit(p, new->zone, new->limit);
    }
}

void ofproto_set_zones(struct ofproto *p, const struct ofproto_zone *zones, size_t n,
                       int64_t default_limit)
{
    for (size_t i = 0, k = 0; i < n || k < p->n_zones;) {
        const struct ofproto_zone *new = i < n ? &zones[i] : NULL;
        const struct ofproto_zone *old = k < p->n_zones ? &p->zones[k] : NULL;
        bool takes_new = new && (!old || new->zone <= old->zone);
        bool takes_old = old && (!new || old->zone <= new->zone);
        const struct ofproto_zone none = {.zone = takes_new ? new->zone : old->zone, .limit = -1};
        change(p, takes_old ? old : &none, takes_new ? new : &none);
        i += takes_new;
        k += takes_old;
    }
    if (default_limit != p->zone_limit) {
        set_limit(p, DP_ZONE_DEFAULT, default_limit);
        p->zone_limit = default_limit;
    }
    free(p->zones);
    p->zones = n ? xmemdup(zones, n * sizeof *zones) : NULL;
    p->n_zones = n;
}
