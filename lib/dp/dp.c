/* dp.c - see dp.h: finds the executor of a type and forwards to it (class.h). */
#include <stdlib.h>

#include "lib/dp/class.h"
#include "lib/mem.h"

static const struct dp_class *const classes[] = {&userspace_class, &kernel_class};

static const struct dp_class *find_class(const char *type, const char **canonical)
{
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
        for (const char *const *t = classes[i]->types; *t; t++) {
            if (!strcmp(*t, type)) {
                *canonical = *t;
                return classes[i];
            }
        }
    }
    return NULL;
}

char *dp_open(const char *type, const char *name, struct loop *loop,
              const struct dp_handler *handler, struct dp **out)
{
    struct dp up = {.loop = loop, .handler = *handler};

    *out = NULL;
    up.class = find_class(type, &up.type);
    if (!up.class) {
        return xasprintf("unknown datapath type %s", type);
    }
    up.name = xstrdup(name);
    char *error = up.class->open(&up, out);
    if (error) {
        free(up.name);
    }
    return error;
}

void dp_close(struct dp *dp, bool destroy)
{
    if (dp) {
        char *name = dp->name;
        dp->class->close(dp, destroy);
        free(name);
    }
}

const char *dp_type(const struct dp *dp)
{
    return dp->type;
}

const char *dp_name(const struct dp *dp)
{
    return dp->name;
}

void dp_get_features(const struct dp *dp, struct dp_features *f)
{
    dp->class->get_features(dp, f);
}

char *dp_port_add(struct dp *dp, const char *name, const char *type, uint32_t want_no,
                  const char *(*option)(void *aux, const char *key), void *aux, uint32_t *port_no)
{
    return dp->class->port_add(dp, name, type, want_no, option, aux, port_no);
}

void dp_port_del(struct dp *dp, uint32_t port_no, bool destroy_device)
{
    dp->class->port_del(dp, port_no, destroy_device);
}

bool dp_port_get(const struct dp *dp, uint32_t port_no, struct dp_port_info *info)
{
    return dp->class->port_get(dp, port_no, info);
}

void dp_port_get_stats(const struct dp *dp, uint32_t port_no, struct dp_port_stats *s)
{
    dp->class->port_get_stats(dp, port_no, s);
}

int dp_port_set_up(struct dp *dp, uint32_t port_no, bool up)
{
    return dp->class->port_set_up(dp, port_no, up);
}

int dp_port_set_queues(struct dp *dp, uint32_t port_no, const uint32_t *queues, size_t n)
{
    return dp->class->port_set_queues ? dp->class->port_set_queues(dp, port_no, queues, n) : 0;
}

bool dp_port_get_queue_stats(const struct dp *dp, uint32_t port_no, struct dp_queue_stats *s,
                             size_t n)
{
    return dp->class->port_get_queue_stats && dp->class->port_get_queue_stats(dp, port_no, s, n);
}

bool dp_port_receive(struct dp *dp, uint32_t port_no, struct packet *pkt)
{
    return dp->class->port_receive(dp, port_no, pkt);
}

void dp_execute(struct dp *dp, struct packet *pkt, const void *actions, size_t len)
{
    dp->class->execute(dp, pkt, actions, len);
}

void dp_flow_walk(struct dp *dp, dp_flow_visit *visit, void *aux)
{
    dp->class->flow_walk(dp, visit, aux);
}

bool dp_flow_walk_part(struct dp *dp, struct dp_flow_cursor *c, unsigned budget,
                       dp_flow_visit *visit, void *aux)
{
    if (dp->class->flow_walk_part) {
        return dp->class->flow_walk_part(dp, c, budget, visit, aux);
    }
    dp->class->flow_walk(dp, visit, aux);
    return false;
}

bool dp_flow_walk_atomic(struct dp *dp, bool ahead, dp_flow_visit *visit, void (*publish)(void *),
                         void *aux)
{
    if (!dp->class->flow_walk_atomic) {
        return false;
    }
    dp->class->flow_walk_atomic(dp, ahead, visit, publish, aux);
    return true;
}

void dp_flow_stats_total(const struct dp *dp, uint64_t *hits, uint64_t *misses, uint64_t *lost,
                         uint64_t *n_flows)
{
    dp->class->flow_stats_total(dp, hits, misses, lost, n_flows);
}

void dp_format_features(const struct dp *dp, struct text *t)
{
    if (dp->class->format_features) {
        dp->class->format_features(dp, t);
    }
}

bool dp_get_mask_stats(const struct dp *dp, struct dp_mask_stats *s)
{
    return dp->class->get_mask_stats && dp->class->get_mask_stats(dp, s);
}

void dp_port_walk(const struct dp *dp, dp_port_cb *cb, void *aux)
{
    dp->class->port_walk(dp, cb, aux);
}

void dp_quiesce(struct dp *dp)
{
    dp->class->quiesce(dp);
}

void dp_settled(struct dp *dp)
{
    if (dp->class->settled) {
        dp->class->settled(dp);
    }
}
