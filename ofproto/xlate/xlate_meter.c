/* xlate_meter.c - meters.  See xlate-private.h.  OpenFlow 1.3.5 sections 5.7, 5.9. */
#include "ofproto/xlate/xlate-private.h"

#include "ofproto/table/meter_ids.h"

static void put_meter(struct xlate_ctx *ctx, uint32_t dp_id)
{
    struct dp_action *a = dp_actions_put(&ctx->out->actions, DP_ACTION_METER, sizeof *a);
    a->u32 = dp_id;
}

void xlate_meter(struct xlate_ctx *ctx, uint32_t id)
{
    const struct key *k = &ctx->s.flow.key;
    struct meter_id m;

    if (!meter_ids_find(ctx->s.bridge->tables, id, &m)) {
        xlate_trace_note(ctx, "nonexistent meter");
        return;
    }
    xlate_commit(ctx); /* It measures, and may remark, the packet as it is now. */
    put_meter(ctx, m.dp_id);
    if (m.remarks && ctx->cfg->features.recirc && (key_is_ip4(k) || key_is_ip6(k))) {
        ctx->s.freezing = true; /* What comes next sees what it has become. */
    }
}

size_t xlate_meter_begin(struct xlate_ctx *ctx, uint32_t id)
{
    struct meter_id m;

    if (!ctx->cfg->features.clone || !meter_ids_find(ctx->s.bridge->tables, id, &m)) {
        return SIZE_MAX;
    }
    size_t ofs = dp_actions_clone_begin(&ctx->out->actions);
    put_meter(ctx, m.dp_id);
    return ofs;
}

void xlate_meter_end(struct xlate_ctx *ctx, size_t ofs)
{
    if (ofs != SIZE_MAX) {
        dp_actions_clone_end(&ctx->out->actions, ofs);
    }
}
