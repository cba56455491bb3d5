/* apply_ipfix.c - exporters of a bridge: the rows of IPFIX and Flow_Sample_Collector_Set.  Part of
 * apply.h.
 *
 * other_config:enable-tunnel-sampling and virtual_obs_id have no effect: records tell nothing of
 * the outer headers of tunnels. */
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/apply-private.h"
#include "vswitchd/datum.h"

LOG_MODULE(apply_ipfix);

#define SAMPLING         400 /* One packet of so many, as is usual. */
#define TEMPLATE_SECONDS 600

/* Each config's targets are heap, its strings the row's. */
static void read_ipfix(const struct config_row *row, struct bridge_ipfix_config *c)
{
    const struct datum *d = config_datum(row, COL_IPFIX_targets);
    const char **targets = xcalloc(d->n + 1, sizeof *targets);
    int64_t interval =
        config_map_integer(row, COL_IPFIX_other_config, "template-interval", TEMPLATE_SECONDS);

    for (uint32_t i = 0; i < d->n; i++) {
        targets[i] = d->keys[i].string;
    }
    c->targets = targets;
    c->n_targets = d->n;
    c->active_ms = config_integer(row, COL_IPFIX_cache_active_timeout, 0) * 1000;
    c->max_flows = (uint32_t)config_integer(row, COL_IPFIX_cache_max_flows, 0);
    c->template_ms = MAX(MIN(interval, 86400), 1) * 1000;
}

static void read_bridge(const struct config_row *row, struct bridge_ipfix_config *c)
{
    read_ipfix(row, c);
    c->sampling = (uint32_t)config_integer(row, COL_IPFIX_sampling, SAMPLING);
    c->domain = (uint32_t)config_integer(row, COL_IPFIX_obs_domain_id, 0);
    c->point = (uint32_t)config_integer(row, COL_IPFIX_obs_point_id, 0);
    c->input = config_map_boolean(row, COL_IPFIX_other_config, "enable-input-sampling", true);
    c->output = config_map_boolean(row, COL_IPFIX_other_config, "enable-output-sampling", true);
}

static int compare(const void *a_, const void *b_)
{
    const struct bridge_ipfix_config *a = a_, *b = b_;
    return a->collector_set < b->collector_set ? -1 : a->collector_set > b->collector_set;
}

/* Those of the bridge that name an exporter, by id; of two with one id, the older. */
static size_t read_sets(struct apply *a, const struct applied_bridge *b,
                        const struct config_row *bridge, struct bridge_ipfix_config **sets)
{
    size_t n_rows, n = 0, n_refs;
    const struct config_row **rows =
        config_rows(a->config, TABLE_Flow_Sample_Collector_Set, &n_rows);

    *sets = xcalloc(n_rows + 1, sizeof **sets);
    for (size_t i = 0; i < n_rows; i++) {
        const struct config_row **of =
            config_refs(a->config, rows[i], COL_Flow_Sample_Collector_Set_bridge, &n_refs);
        const bool ours = n_refs && of[0] == bridge;
        free(of);
        const struct config_row **ipfix =
            config_refs(a->config, rows[i], COL_Flow_Sample_Collector_Set_ipfix, &n_refs);
        const uint32_t id = (uint32_t)config_integer(rows[i], COL_Flow_Sample_Collector_Set_id, 0);
        bool again = false;
        for (size_t j = 0; ours && j < n; j++) {
            again |= (*sets)[j].collector_set == id;
        }
        if (again) {
            log_warn_rl("%s: two rows of Flow_Sample_Collector_Set have id %" PRIu32
                        ": the older holds",
                        b->name, id);
        } else if (ours && n_refs) {
            (*sets)[n].collector_set = id;
            (*sets)[n].is_set = true;
            read_ipfix(ipfix[0], &(*sets)[n++]);
        }
        free(ipfix);
    }
    free(rows);
    qsort(*sets, n, sizeof **sets, compare);
    return n;
}

void apply_ipfix(struct apply *a, const struct applied_bridge *b, const struct config_row *bridge)
{
    size_t n_rows;
    const struct config_row **rows = config_refs(a->config, bridge, COL_Bridge_ipfix, &n_rows);
    struct bridge_ipfix_config own, *sets;
    size_t n = read_sets(a, b, bridge, &sets);

    memset(&own, 0, sizeof own);
    if (n_rows) {
        read_bridge(rows[0], &own);
    }
    bridge_set_ipfix(b->bridge, n_rows ? &own : NULL, sets, n);
    for (size_t i = 0; i < n; i++) {
        free((void *)sets[i].targets);
    }
    free((void *)own.targets);
    free(sets);
    free(rows);
}
