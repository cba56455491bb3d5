/* bridge_meter.c - the meters of a bridge.
 * Journey: METER_MOD -> dispatch_meter.c -> here -> the datapath's meter, its number beside the
 * rules (table/meter_ids.h).  A meter that goes takes the rules that name it along; the datapath's
 * goes once no cached flow names it.
 *
 * A modified meter's own counters go on, those of its bands begin anew.
 * Specification: OpenFlow 1.3.5 sections 5.7, 6.7, 7.3.4.4. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/meter_ids.h"

LOG_MODULE(bridge_meter);

#define MAX_IDS 65536

/* ---- numbers of the datapath's meters, which bridges share ---- */

static uint32_t take_id(struct ofproto *p, uint32_t max)
{
    if (!p->meter_ids) {
        p->meter_ids = xcalloc(MAX_IDS / 64, sizeof(uint64_t));
    }
    for (uint32_t w = 0; w < MAX_IDS / 64; w++) {
        if (p->meter_ids[w] != UINT64_MAX) {
            uint32_t id = w * 64 + (uint32_t)__builtin_ctzll(~p->meter_ids[w]);
            if (id >= max) {
                break;
            }
            p->meter_ids[w] |= BIT64(id % 64);
            return id;
        }
    }
    return UINT32_MAX;
}

static void give_back_id(struct ofproto *p, uint32_t id)
{
    if (p->dp) {
        dp_meter_del(p->dp, id);
    }
    p->meter_ids[id / 64] &= ~BIT64(id % 64);
}

struct gone {
    struct ofproto *p;
    uint32_t id;
};

static void on_settled(void *g_)
{
    struct gone *g = g_;

    give_back_id(g->p, g->id);
    free(g);
}

static void give_back_later(struct ofproto *p, uint32_t id)
{
    struct gone *g = xzalloc(sizeof *g);

    g->p = p;
    g->id = id;
    revalidate_wait(p->revalidator, on_settled, g);
}

/* ---- meters ---- */

struct bridge_meter *bridge_meter_find(const struct bridge *br, uint32_t id)
{
    struct bridge_meter *m;

    HMAP_FOR_EACH_WITH_HASH(m, node, hash_u64(id, 0), &br->meters) {
        if (m->config.id == id) {
            return m;
        }
    }
    return NULL;
}

static int compare(const void *a_, const void *b_)
{
    const struct bridge_meter *const *a = a_, *const *b = b_;
    return (*a)->config.id < (*b)->config.id ? -1 : (*a)->config.id > (*b)->config.id;
}

struct bridge_meter **bridge_meters_list(const struct bridge *br, size_t *n)
{
    struct bridge_meter **list = xcalloc(hmap_count(&br->meters) + 1, sizeof *list), *m;

    *n = 0;
    HMAP_FOR_EACH(m, node, &br->meters) {
        list[(*n)++] = m;
    }
    qsort(list, *n, sizeof *list, compare);
    return list;
}

void bridge_meter_features(const struct bridge *br, struct meter_features *f)
{
    struct dp_meter_features dp;

    dp_meter_get_features(br->ofproto->dp, &dp);
    *f = (struct meter_features){.max_meters = dp.max_meters};
    if (dp.max_meters) {
        f->max_bands = (uint8_t)dp.max_bands;
        f->capabilities = OFPMF_KBPS | OFPMF_PKTPS | OFPMF_BURST | OFPMF_STATS;
        f->band_types = BIT(METER_BAND_DROP) | (dp.dscp_remark ? BIT(METER_BAND_DSCP_REMARK) : 0);
    }
}

void bridge_meter_get_stats(const struct bridge *br, const struct bridge_meter *m,
                            struct dp_meter_stats *s)
{
    if (dp_meter_get_stats(br->ofproto->dp, m->dp_id, s)) {
        *s = (struct dp_meter_stats){0};
    }
    s->packets += m->base.packets;
    s->bytes += m->base.bytes;
    for (unsigned i = 0; i < DP_METER_MAX_BANDS; i++) {
        s->bands[i].packets += m->base.bands[i].packets;
        s->bands[i].bytes += m->base.bands[i].bytes;
    }
}

static bool has_band(const struct meter *m, enum meter_band_type type)
{
    for (size_t i = 0; i < m->n_bands; i++) {
        if (m->bands[i].type == type) {
            return true;
        }
    }
    return false;
}

static enum ofp_error set(struct bridge *br, const struct meter *m, uint32_t dp_id)
{
    /* Neither unit: kilobits (7.3.4.4 leaves it open, others do the same). */
    struct dp_meter dp = {.kbps = !(m->flags & OFPMF_PKTPS), .n_bands = (unsigned)m->n_bands};

    for (size_t i = 0; i < m->n_bands; i++) {
        const struct meter_band *b = &m->bands[i];
        dp.bands[i] = (struct dp_band){.type = b->type == METER_BAND_DROP ? DP_BAND_DROP
                                                                          : DP_BAND_DSCP_REMARK,
                                       .rate = b->rate,
                                       .burst = m->flags & OFPMF_BURST ? b->burst_size : 0,
                                       .prec_level = b->prec_level};
    }
    int error = dp_meter_set(br->ofproto->dp, dp_id, &dp);
    if (error) {
        log_warn_rl("%s: meter %" PRIu32 " could not be set (%s)", br->name, m->id,
                    strerror(error));
        return OFPERR_OFPMMFC_OUT_OF_METERS;
    }
    return OFPERR_OK;
}

/* Meters that no rule names are looked for by every translation. */
static bool is_implicit(uint32_t id)
{
    return id == OFPM_CONTROLLER || id == OFPM_SLOWPATH;
}

static void publish(struct bridge *br, const struct bridge_meter *m)
{
    struct meter_id old, id = {.dp_id = m->dp_id,
                               .remarks = has_band(&m->config, METER_BAND_DSCP_REMARK),
                               .drops = has_band(&m->config, METER_BAND_DROP)};
    bool modified = meter_ids_find(br->tables, m->config.id, &old);

    meter_ids_set(br->tables, m->config.id, &id);
    if (is_implicit(m->config.id) ||
        (modified && (old.remarks != id.remarks || old.drops != id.drops))) {
        revalidate_all(br->ofproto->revalidator);
    }
}

static enum ofp_error add(struct bridge *br, struct meter *config, const struct meter_features *f)
{
    if (bridge_meter_find(br, config->id)) {
        return OFPERR_OFPMMFC_METER_EXISTS;
    }
    uint32_t dp_id = take_id(br->ofproto, f->max_meters);
    if (dp_id == UINT32_MAX) {
        return OFPERR_OFPMMFC_OUT_OF_METERS;
    }
    enum ofp_error error = set(br, config, dp_id);
    if (error) {
        give_back_id(br->ofproto, dp_id);
        return error;
    }
    struct bridge_meter *m = xzalloc(sizeof *m);
    m->config = *config;
    *config = (struct meter){.id = m->config.id};
    m->dp_id = dp_id;
    m->created_ms = loop_now(br->ofproto->loop);
    hmap_insert(&br->meters, &m->node, hash_u64(m->config.id, 0));
    publish(br, m);
    return OFPERR_OK;
}

static enum ofp_error modify(struct bridge *br, struct meter *config)
{
    struct bridge_meter *m = bridge_meter_find(br, config->id);
    struct dp_meter_stats s;

    if (!m) {
        return OFPERR_OFPMMFC_UNKNOWN_METER;
    }
    bridge_meter_get_stats(br, m, &s);
    enum ofp_error error = set(br, config, m->dp_id);
    if (!error) {
        m->base = (struct dp_meter_stats){.packets = s.packets, .bytes = s.bytes};
        meter_deinit(&m->config);
        m->config = *config;
        *config = (struct meter){.id = m->config.id};
        publish(br, m);
    }
    return error;
}

void bridge_meter_restore(struct bridge *br, struct bridge_meter *m, struct dp_meter_stats *s,
                          int64_t ago_ms)
{
    for (unsigned i = 0; i < DP_METER_MAX_BANDS; i++) {
        uint64_t *ahead = &s->bands[i].ahead_us;
        *ahead -= MIN(*ahead, (uint64_t)ago_ms * 1000);
    }
    m->base = *s;
    dp_meter_fill(br->ofproto->dp, m->dp_id, s);
}

static void forget(struct bridge *br, struct bridge_meter *m)
{
    meter_ids_unset(br->tables, m->config.id);
    hmap_remove(&br->meters, &m->node);
    meter_deinit(&m->config);
    free(m);
}

static void delete_one(struct bridge *br, struct bridge_meter *m)
{
    uint32_t id = m->config.id, dp_id = m->dp_id;

    if (meter_ids_ref_count(br->tables, id)) {
        bridge_flow_delete_refs(br, ACT_METER, id, FR_METER_DELETE);
        tables_publish(br->tables);
    }
    if (is_implicit(id)) {
        revalidate_all(br->ofproto->revalidator);
    }
    forget(br, m);
    give_back_later(br->ofproto, dp_id);
}

static void delete (struct bridge *br, uint32_t id)
{
    struct bridge_meter *m, *next;

    if (id != OFPM_ALL) {
        m = bridge_meter_find(br, id);
        if (m) {
            delete_one(br, m);
        }
        return;
    }
    HMAP_FOR_EACH_SAFE(m, next, node, &br->meters) {
        delete_one(br, m);
    }
}

/* What the kernel cannot do takes one, which is not metered; elsewhere a meter of it sees nothing.
 */
static bool has_slow_path(const struct bridge *br)
{
    struct dp_features f;

    dp_get_features(br->ofproto->dp, &f);
    return f.kernel_keys;
}

enum ofp_error bridge_meter_mod(struct bridge *br, struct meter_mod *mm)
{
    struct meter_features f;

    bridge_meter_features(br, &f);
    enum ofp_error error = meter_mod_check(mm, &f);
    if (error) {
        return error;
    }
    if (mm->meter.id == OFPM_SLOWPATH && mm->command != MM_DELETE && has_slow_path(br)) {
        return OFPERR_OFPMMFC_INVALID_METER;
    }
    switch (mm->command) {
    case MM_ADD:
        error = add(br, &mm->meter, &f);
        break;
    case MM_MODIFY:
        error = modify(br, &mm->meter);
        break;
    default:
        delete (br, mm->meter.id);
        break;
    }
    if (!error) {
        bridge_keep_meter(br, mm->command, mm->meter.id);
    }
    return error;
}

void bridge_meters_deinit(struct bridge *br)
{
    struct bridge_meter *m, *next;

    HMAP_FOR_EACH_SAFE(m, next, node, &br->meters) {
        give_back_id(br->ofproto, m->dp_id);
        forget(br, m);
    }
    hmap_deinit(&br->meters);
}
