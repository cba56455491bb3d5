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

/* Out of the list first: who waited for it to settle is called meanwhile, and may look around. */
static void close_datapath(struct datapaths *d, size_t i, bool destroy)
{
    struct ofproto *p = d->all[i];

    d->n--;
    memmove(&d->all[i], &d->all[i + 1], (d->n - i) * sizeof(d->all[0]));
    ofproto_close(p, destroy);
}

void datapaths_free(struct datapaths *d, bool destroy)
{
    while (d->n) {
        close_datapath(d, d->n - 1, destroy);
    }
    free(d->rundir);
    free(d);
}

void datapaths_set_restore_wait(struct datapaths *d, bool on)
{
    for (size_t i = 0; i < d->n; i++) {
        ofproto_set_restore_wait(d->all[i], on);
    }
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
    for (size_t i = d->n; i-- > 0;) {
        if (!ofproto_next_bridge(d->all[i], NULL)) {
            close_datapath(d, i, true);
        }
    }
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
