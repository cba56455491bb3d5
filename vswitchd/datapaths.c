/* datapaths.c - see datapaths.h. */
#include "vswitchd/datapaths.h"

#include <stdlib.h>

#include "lib/mem.h"

#define MAX_TYPES 4 /* There are fewer than these types of datapaths. */

struct datapaths {
    struct loop *loop;
    char *rundir;
    struct ofproto *all[MAX_TYPES];
    size_t n;
};

struct datapaths *datapaths_new(struct loop *loop, const char *rundir)
{
    struct datapaths *d = xzalloc(sizeof *d);

    d->loop = loop;
    d->rundir = xstrdup(rundir);
    return d;
}

void datapaths_free(struct datapaths *d, bool destroy)
{
    for (size_t i = 0; i < d->n; i++) {
        ofproto_close(d->all[i], destroy);
    }
    free(d->rundir);
    free(d);
}

char *datapaths_get(struct datapaths *d, const char *type, struct ofproto **p)
{
    for (size_t i = 0; i < d->n; i++) {
        if (!strcmp(dp_type(ofproto_dp(d->all[i])), type)) {
            *p = d->all[i];
            return NULL;
        }
    }
    if (d->n == MAX_TYPES) {
        return xasprintf("%s: too many datapath types", type);
    }
    char *error = ofproto_open(d->loop, type, d->rundir, p);
    if (!error) {
        d->all[d->n++] = *p;
    }
    return error;
}

void datapaths_trim(struct datapaths *d)
{
    size_t kept = 0;

    for (size_t i = 0; i < d->n; i++) {
        if (ofproto_next_bridge(d->all[i], NULL)) {
            d->all[kept++] = d->all[i];
        } else {
            ofproto_close(d->all[i], true);
        }
    }
    d->n = kept;
}

struct ofproto *datapaths_next(const struct datapaths *d, const struct ofproto *p)
{
    for (size_t i = 0; p && i < d->n; i++) {
        if (d->all[i] == p) {
            return i + 1 < d->n ? d->all[i + 1] : NULL;
        }
    }
    return d->n && !p ? d->all[0] : NULL;
}

struct bridge *datapaths_bridge(const struct datapaths *d, const char *name)
{
    for (size_t i = 0; i < d->n; i++) {
        struct bridge *br = ofproto_bridge_by_name(d->all[i], name);
        if (br) {
            return br;
        }
    }
    return NULL;
}

struct loop *datapaths_loop(const struct datapaths *d)
{
    return d->loop;
}
