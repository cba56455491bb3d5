/* xlate_length.c - check_pkt_larger.  See xlate-private.h.
 *
 * Only the executor knows a packet's length.  So the rest of the lists, the callers' too, is frozen
 * twice, with the bit set and not set, and the executor sends the packet to one of the two. */
#include "ofproto/xlate/xlate-private.h"

void xlate_check_pkt_larger(struct xlate_ctx *ctx, const struct act_check_pkt_larger *a)
{
    ctx->s.check = *a;
    ctx->s.checking = true;
    ctx->s.freezing = true;
}

/* One of the lists; the packet is as before afterwards.  Returns its bytes. */
static uint32_t branch(struct xlate_ctx *ctx, const struct act_check_pkt_larger *a, bool gt)
{
    struct dp_actions *list = &ctx->out->actions;
    size_t begin = list->len;
    struct flow flow = ctx->s.flow;
    struct key written = ctx->s.written, base = ctx->base, committed = ctx->committed;
    uint32_t base_priority = ctx->base_priority;
    bool dp_tracked = ctx->dp_tracked;
    uint8_t bit = gt;

    xlate_write(ctx, &a->dst, &bit, sizeof bit);
    xlate_trace_note(ctx, "for packets %s %u bytes:", gt ? "larger than" : "of up to", a->pkt_len);
    xlate_trace_value(ctx, &a->dst);
    xlate_freeze_rest(ctx);
    ctx->s.flow = flow;
    ctx->s.written = written;
    ctx->base = base;
    ctx->committed = committed;
    ctx->base_priority = base_priority;
    ctx->dp_tracked = dp_tracked;
    return (uint32_t)(list->len - begin);
}

void xlate_check_branches(struct xlate_ctx *ctx)
{
    const struct act_check_pkt_larger *a = &ctx->s.check;
    struct dp_actions *list = &ctx->out->actions;

    ctx->s.checking = false;
    xlate_commit(ctx); /* Once, rather than in both. */
    size_t ofs = list->len;
    dp_actions_put(list, DP_ACTION_CHECK_PKT_LEN, sizeof(struct dp_action_check_pkt_len));
    uint32_t gt_len = branch(ctx, a, true), le_len = branch(ctx, a, false);
    if (!list->overflow) {
        struct dp_action_check_pkt_len *c = (void *)(list->data + ofs);
        c->a.u32 = a->pkt_len;
        c->a.len = (uint16_t)(list->len - ofs);
        c->gt_len = gt_len;
        c->le_len = le_len;
    }
}
