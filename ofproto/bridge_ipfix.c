/* bridge_ipfix.c - what of a bridge's packets is sampled, and who exports it: see bridge.h.
 *
 * Journey: configuration -> here -> the snapshot for translation, which writes `sample` and
 * `userspace` actions; a sample comes back by bridge_ipfix_sample() and goes to the exporter that
 * its cookie names.  Owner: the control thread.  RFC 7011. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/ipfix_exporter.h"
#include "ofproto/ofproto-private.h"

/* An exporter, and what it was made of. */
struct source {
    struct bridge_ipfix_config config; /* Its 'targets' are ours. */
    struct ipfix_exporter *exporter;
};

struct bridge_ipfix {
    struct source bridge; /* Without an exporter: only flows are sampled. */
    struct source *sets;  /* By their ids. */
    size_t n_sets;
};

/* ---- one exporter ---- */

static void get_interface(void *br, uint32_t ofp_port, struct ipfix_interface *i)
{
    const struct bridge_port *port = bridge_port_find(br, ofp_port);
    struct dp_port_info info;

    *i = (struct ipfix_interface){.name = port ? port->name : ""};
    if (port && !port->tunnel && port->dp_port != DP_PORT_NONE &&
        dp_port_get(port->bridge->ofproto->dp, port->dp_port, &info)) {
        i->ifindex = (uint32_t)info.ifindex;
    }
}

static void source_init(struct source *s, struct bridge *br, const struct bridge_ipfix_config *c)
{
    const struct ipfix_exporter_config e = {.targets = c->targets,
                                            .n_targets = c->n_targets,
                                            .active_ms = c->active_ms,
                                            .template_ms = c->template_ms,
                                            .max_flows = c->max_flows};
    char **targets = xcalloc(c->n_targets + 1, sizeof *targets);

    for (size_t i = 0; i < c->n_targets; i++) {
        targets[i] = xstrdup(c->targets[i]);
    }
    s->config = *c;
    s->config.targets = (const char *const *)targets;
    s->exporter = ipfix_exporter_new(br->ofproto->loop, &e, get_interface, br);
}

static void source_deinit(struct source *s)
{
    ipfix_exporter_free(s->exporter);
    for (size_t i = 0; i < s->config.n_targets; i++) {
        free((char *)s->config.targets[i]);
    }
    free((void *)s->config.targets);
}

static bool same(const struct bridge_ipfix_config *a, const struct bridge_ipfix_config *b)
{
    struct bridge_ipfix_config x = *a, y = *b;
    bool same_targets = a->n_targets == b->n_targets;

    for (size_t i = 0; same_targets && i < a->n_targets; i++) {
        same_targets = !strcmp(a->targets[i], b->targets[i]);
    }
    x.targets = y.targets = NULL;
    return same_targets && !memcmp(&x, &y, sizeof x);
}

/* ---- all of a bridge ---- */

static void ipfix_free(struct bridge_ipfix *x)
{
    if (x) {
        source_deinit(&x->bridge);
        for (size_t i = 0; i < x->n_sets; i++) {
            source_deinit(&x->sets[i]);
        }
        free(x->sets);
        free(x);
    }
}

static bool unchanged(const struct bridge_ipfix *x, const struct bridge_ipfix_config *bridge,
                      const struct bridge_ipfix_config *sets, size_t n)
{
    if (!x) {
        return !bridge && !n;
    }
    bool is_same = x->n_sets == n && !x->bridge.exporter == !bridge &&
                   (!bridge || same(&x->bridge.config, bridge));
    for (size_t i = 0; is_same && i < n; i++) {
        is_same = same(&x->sets[i].config, &sets[i]);
    }
    return is_same;
}

/* One of the same configuration goes on, out of 'old', where it then has no exporter. */
static void take_over(struct bridge_ipfix *old, const struct bridge_ipfix_config *c,
                      struct bridge *br, struct source *s)
{
    struct source *from = old && !c->is_set ? &old->bridge : NULL;

    for (size_t i = 0; old && c->is_set && i < old->n_sets; i++) {
        if (old->sets[i].config.collector_set == c->collector_set) {
            from = &old->sets[i];
        }
    }
    if (from && from->exporter && same(&from->config, c)) {
        *s = *from;
        *from = (struct source){.exporter = NULL};
    } else {
        source_init(s, br, c);
    }
}

void bridge_set_ipfix(struct bridge *br, const struct bridge_ipfix_config *bridge,
                      const struct bridge_ipfix_config *sets, size_t n)
{
    if (unchanged(br->ipfix, bridge, sets, n)) {
        return;
    }
    struct bridge_ipfix *old = br->ipfix;
    br->ipfix = NULL;
    if (bridge || n) {
        struct bridge_ipfix *x = br->ipfix = xzalloc(sizeof *x);
        if (bridge) {
            take_over(old, bridge, br, &x->bridge);
        }
        x->sets = xcalloc(n + 1, sizeof *x->sets);
        for (; x->n_sets < n; x->n_sets++) {
            take_over(old, &sets[x->n_sets], br, &x->sets[x->n_sets]);
        }
    }
    ipfix_free(old);
    ofproto_cfg_changed(br->ofproto);
}

void bridge_ipfix_deinit(struct bridge *br)
{
    ipfix_free(br->ipfix);
    br->ipfix = NULL;
}

void bridge_ipfix_to_cfg(const struct bridge *br, struct xlate_bridge *xb)
{
    const struct bridge_ipfix *x = br->ipfix;

    if (x) {
        struct xlate_ipfix *to = xzalloc(sizeof *to + x->n_sets * sizeof to->sets[0]);
        if (x->bridge.exporter && ipfix_exporter_has_target(x->bridge.exporter)) {
            to->probability = DP_SAMPLE_ALWAYS / MAX(x->bridge.config.sampling, 1);
            to->input = x->bridge.config.input;
            to->output = x->bridge.config.output;
        }
        for (size_t i = 0; i < x->n_sets; i++) {
            if (ipfix_exporter_has_target(x->sets[i].exporter)) {
                to->sets[to->n_sets++] = x->sets[i].config.collector_set;
            }
        }
        xb->ipfix = to;
    }
}

void bridge_ipfix_sample(struct bridge *br, const struct cookie_sample *c, struct ipfix_flow_key *k,
                         const struct ipfix_flow_packet *p)
{
    const struct bridge_ipfix *x = br->ipfix;

    if (!x) {
        return; /* Not any more. */
    }
    if (!c->of_flow) {
        k->domain = x->bridge.config.domain;
        k->point = x->bridge.config.point;
        k->probability = DP_SAMPLE_ALWAYS / MAX(x->bridge.config.sampling, 1);
        if (x->bridge.exporter) {
            ipfix_exporter_sample(x->bridge.exporter, k, p);
        }
        return;
    }
    for (size_t i = 0; i < x->n_sets; i++) {
        if (x->sets[i].config.collector_set == c->collector_set) {
            ipfix_exporter_sample(x->sets[i].exporter, k, p);
            return;
        }
    }
}

/* ---- what they have done ---- */

static const struct source *source_at(const struct bridge *br, size_t i)
{
    const struct bridge_ipfix *x = br->ipfix;

    if (!x || i > x->n_sets) {
        return NULL;
    }
    return i ? &x->sets[i - 1] : &x->bridge;
}

bool bridge_ipfix_get_stats(const struct bridge *br, size_t i, struct ipfix_stats *s)
{
    const struct source *source = source_at(br, i);

    events_run(br->ofproto->events); /* Samples that workers have taken by now. */
    if (!source || !source->exporter) {
        return false;
    }
    ipfix_exporter_get_stats(source->exporter, s);
    s->collector_set = source->config.collector_set;
    return true;
}

void bridge_ipfix_show(const struct bridge *br, struct text *t)
{
    const struct source *s;
    struct ipfix_stats stats;

    for (size_t i = 0; (s = source_at(br, i)); i++) {
        if (bridge_ipfix_get_stats(br, i, &stats)) {
            if (i) {
                text_printf(t, "  collector set %" PRIu32 ":\n", s->config.collector_set);
            } else {
                text_puts(t, "  bridge:\n");
            }
            text_printf(t,
                        "    %" PRIu64 " packets sampled, %" PRIu64 " flows, %" PRIu64 " cached\n",
                        stats.counters[IPFIX_PACKETS], stats.counters[IPFIX_TOTAL_FLOWS],
                        stats.counters[IPFIX_CURRENT_FLOWS]);
            ipfix_exporter_show(s->exporter, "    ", t);
        }
    }
}

void bridge_ipfix_flush(struct bridge *br)
{
    const struct source *s;

    events_run(br->ofproto->events);
    for (size_t i = 0; (s = source_at(br, i)); i++) {
        if (s->exporter) {
            ipfix_exporter_flush(s->exporter);
        }
    }
}
