/* xlate_clone.c - clone(): a scope of its own over a copy of everything.  See xlate-private.h.
 *
 * Fields that the clone sets are set back by what comes after it.  For what cannot be undone that
 * way (labels, the tracker) the datapath copies the packet. */
#include "ofproto/xlate/xlate-private.h"

#define MAX_DP_CLONES 8 /* Nested; executors have bounds of their own. */

static bool can_be_undone(const void *acts, size_t len)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        switch (a->type) {
        case ACT_CT:
        case ACT_CT_CLEAR:
        case ACT_PUSH_MPLS:
        case ACT_POP_MPLS:
        case ACT_ENCAP:
        case ACT_DECAP:
        case ACT_METER:
        case ACT_RESUBMIT:
            return false;
        default:
            break;
        }
    }
    return true;
}

void xlate_packet_begin(struct xlate_ctx *ctx, struct xlate_packet *p)
{
    *p = (struct xlate_packet){
        .base = ctx->base,
        .committed = ctx->committed,
        .base_priority = ctx->base_priority,
        .dp_tracked = ctx->dp_tracked,
        .lasting = ctx->lasting,
        .ofs = ctx->out->actions.len,
    };
    ctx->lasting = false;
}

void xlate_packet_end(struct xlate_ctx *ctx, const struct xlate_packet *p)
{
    if (ctx->lasting) {
        dp_actions_clone_since(&ctx->out->actions, p->ofs);
        ctx->base = p->base;
        ctx->committed = p->committed;
        ctx->base_priority = p->base_priority;
        ctx->dp_tracked = p->dp_tracked;
    }
    ctx->lasting = p->lasting;
}

static void run(struct xlate_ctx *ctx, const struct act_write_actions *a)
{
    struct xlate_scope saved;

    if (!xlate_enter_scope(ctx, &saved)) {
        return;
    }
    acts_copy(&ctx->s.set, &saved.set);
    ctx->s.set_cookie = saved.set_cookie;
    xlate_stack_copy(&ctx->s.stack, &saved.stack);
    xlate_acts(ctx, act_write_actions_nested(a), a->nested_len);
    xlate_leave_scope(ctx, &saved);
}

void xlate_clone(struct xlate_ctx *ctx, const struct act_write_actions *a)
{
    struct dp_actions *list = &ctx->out->actions;

    if (!ctx->cfg->features.clone || ctx->n_clones >= MAX_DP_CLONES ||
        can_be_undone(act_write_actions_nested(a), a->nested_len)) {
        struct xlate_packet before;
        xlate_packet_begin(ctx, &before);
        run(ctx, a);
        xlate_packet_end(ctx, &before);
        return;
    }
    xlate_commit(ctx); /* Once, rather than in the clone and behind it. */
    struct key base = ctx->base, committed = ctx->committed;
    uint32_t base_priority = ctx->base_priority;
    bool dp_tracked = ctx->dp_tracked, lasting = ctx->lasting;
    size_t ofs = dp_actions_clone_begin(list);
    ctx->n_clones++;
    run(ctx, a);
    ctx->n_clones--;
    if (list->len == ofs + sizeof(struct dp_action)) {
        list->len = ofs; /* Nothing to be done. */
    } else {
        dp_actions_clone_end(list, ofs);
    }
    ctx->base = base;
    ctx->committed = committed;
    ctx->base_priority = base_priority;
    ctx->dp_tracked = dp_tracked;
    ctx->lasting = lasting;
}
