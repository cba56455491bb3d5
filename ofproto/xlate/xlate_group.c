/* xlate_group.c - groups: which buckets a packet takes, and what they do with it.  See
 * xlate-private.h.  OpenFlow 1.3.5 sections 5.6, 5.10, 6.6.
 *
 * A bucket is an action set of its own, run on a copy of the packet; what follows the group sees
 * the packet as it was.  What a bucket has written goes back by rewriting, as after an output to a
 * patch port, but where it could not be undone: then the bucket is a clone in the datapath too. */
#include "ofproto/xlate/xlate-private.h"

/* ---- liveness ---- */

static bool group_is_live(struct xlate_ctx *, uint32_t id, unsigned depth);

static bool port_is_live(const struct xlate_ctx *ctx, uint32_t ofp_port)
{
    const struct xlate_port *p = xlate_cfg_ofp_port(ctx->s.bridge, ofp_port);
    return p && __atomic_load_n(&p->live, __ATOMIC_RELAXED);
}

static bool bucket_is_live(struct xlate_ctx *ctx, const struct bucket *b, unsigned depth)
{
    if (b->watch_port == OFPP_ANY && b->watch_group == OFPG_ANY) {
        return true;
    }
    ctx->out->credit->watches = true;
    return (b->watch_port != OFPP_ANY && port_is_live(ctx, b->watch_port)) ||
           (b->watch_group != OFPG_ANY && group_is_live(ctx, b->watch_group, depth + 1));
}

bool xlate_group_bucket_is_live(struct xlate_ctx *ctx, const struct bucket *b)
{
    return bucket_is_live(ctx, b, 0);
}

/* Has it a live bucket? */
static bool group_is_live(struct xlate_ctx *ctx, uint32_t id, unsigned depth)
{
    struct group_entry *e = groups_find(ctx->s.bridge->tables, id, ctx->s.version);

    if (!e || depth > XLATE_MAX_DEPTH) {
        return false;
    }
    credit_add_group(ctx->out->credit, e, CREDIT_GROUP_WATCHED);
    for (size_t i = 0; i < e->group.n_buckets; i++) {
        if (++ctx->lookups > XLATE_MAX_RESUBMITS) {
            xlate_error(ctx, XLATE_TOO_MANY_LOOKUPS);
            return false;
        }
        if (bucket_is_live(ctx, &e->group.buckets[i], depth)) {
            return true;
        }
    }
    return false;
}

/* ---- buckets ---- */

/* Is there in it what rewriting cannot undo? */
static bool is_lasting(const struct bucket *b)
{
    const struct act *a;

    ACT_FOR_EACH(a, b->acts.data, b->acts.len) {
        switch (a->type) {
        case ACT_CT:
        case ACT_CT_CLEAR:
        case ACT_RESUBMIT:
        case ACT_PUSH_MPLS:
        case ACT_POP_MPLS:
        case ACT_ENCAP:
        case ACT_DECAP:
            return true;
        default:
            break;
        }
    }
    return false;
}

static void run_bucket(struct xlate_ctx *ctx, const struct bucket *b)
{
    struct xlate_packet before;
    struct xlate_scope saved;

    if (!xlate_enter_scope(ctx, &saved)) {
        return;
    }
    xlate_packet_begin(ctx, &before);
    ctx->s.in_group = true;
    xlate_set_write(ctx, b->acts.data, b->acts.len);
    xlate_leave_scope(ctx, &saved);
    xlate_packet_end(ctx, &before);
}

static void run_clone(struct xlate_ctx *ctx, const struct bucket *b)
{
    struct key base = ctx->base, committed = ctx->committed;
    uint32_t base_priority = ctx->base_priority;
    bool dp_tracked = ctx->dp_tracked, lasting = ctx->lasting;
    size_t ofs = dp_actions_clone_begin(&ctx->out->actions);

    run_bucket(ctx, b);
    dp_actions_clone_end(&ctx->out->actions, ofs);
    ctx->base = base;
    ctx->committed = committed;
    ctx->base_priority = base_priority;
    ctx->dp_tracked = dp_tracked;
    ctx->lasting = lasting;
}

static void take_bucket(struct xlate_ctx *ctx, struct group_entry *e, size_t i)
{
    const struct bucket *b = &e->group.buckets[i];

    if (++ctx->lookups > XLATE_MAX_RESUBMITS) {
        xlate_error(ctx, XLATE_TOO_MANY_LOOKUPS);
        return;
    }
    xlate_trace_note(ctx, "using bucket %" PRIu32, b->id);
    credit_add_group(ctx->out->credit, e, (uint32_t)i);
    if (ctx->cfg->features.clone && is_lasting(b)) {
        run_clone(ctx, b);
    } else {
        run_bucket(ctx, b);
    }
}

static void take_all(struct xlate_ctx *ctx, struct group_entry *e)
{
    for (size_t i = 0; i < e->group.n_buckets && !ctx->out->error; i++) {
        take_bucket(ctx, e, i);
    }
}

static size_t first_live(struct xlate_ctx *ctx, const struct group *g)
{
    size_t i = 0;

    while (i < g->n_buckets && !bucket_is_live(ctx, &g->buckets[i], 0)) {
        i++;
    }
    return i;
}

static void take_one(struct xlate_ctx *ctx, struct group_entry *e, size_t i)
{
    if (i < e->group.n_buckets) {
        take_bucket(ctx, e, i);
    } else {
        xlate_trace_note(ctx, "no live bucket");
    }
}

/* False: the hash must be computed first, which is under way: the act comes again. */
static bool choose(struct xlate_ctx *ctx, const struct act_u32 *a, struct group_entry *e, size_t *i)
{
    bool by_datapath = e->slots && ctx->cfg->features.recirc && ctx->cfg->features.hash;

    if (by_datapath && !a->act.resolved) {
        xlate_freeze_hash(ctx, a, (uint32_t)e->group.method_param);
        return false;
    }
    *i = by_datapath ? xlate_group_select_slot(ctx, e) : xlate_group_select(ctx, &e->group);
    return true;
}

void xlate_group(struct xlate_ctx *ctx, const struct act_u32 *a)
{
    struct group_entry *e = groups_find(ctx->s.bridge->tables, a->value, ctx->s.version);
    size_t i = 0;

    if (!e) {
        xlate_trace_note(ctx, "output to nonexistent group");
        return;
    }
    if (e->group.type == GROUP_SELECT && !choose(ctx, a, e, &i)) {
        credit_add_group(ctx->out->credit, e, CREDIT_GROUP_WATCHED);
        return;
    }
    credit_add_group(ctx->out->credit, e, CREDIT_GROUP_ITSELF);
    switch ((enum group_type)e->group.type) {
    case GROUP_ALL:
    case GROUP_INDIRECT:
        take_all(ctx, e);
        break;
    case GROUP_SELECT:
        take_one(ctx, e, i);
        break;
    case GROUP_FF:
        take_one(ctx, e, first_live(ctx, &e->group));
        break;
    case GROUP_N_TYPES:
        break;
    }
}
