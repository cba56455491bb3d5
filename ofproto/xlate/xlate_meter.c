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
    ctx->lasting |= m.drops || m.remarks;
    ctx->s.metered |= m.drops && ctx->cfg->features.recirc;
    if (m.remarks && ctx->cfg->features.recirc && (key_is_ip4(k) || key_is_ip6(k))) {
        ctx->s.freezing = true; /* What comes next sees what it has become. */
    }
}

/* ---- behind a meter ----
 *
 * A cached flow pays for all of its packets to all that it names.  What a meter drops has met no
 * rule, group or port behind it, so the lists are cut in two ahead of the first act that names any.
 * Ports of the datapath count for themselves: the common meter:N,output:P stays one flow. */

static bool port_counts(const struct xlate_port *p)
{
    return p && (p->dp_port == DP_PORT_NONE || p->tunnel || p->dst_mirrors);
}

static bool output_counts(const struct xlate_ctx *ctx, uint32_t ofp_port)
{
    const struct xlate_bridge *b = ctx->s.bridge;

    switch (ofp_port) {
    case OFPP_CONTROLLER:
        return false;
    case OFPP_TABLE:
        return true;
    case OFPP_IN_PORT:
        return port_counts(xlate_cfg_ofp_port(b, ntohl(ctx->s.flow.in_port)));
    case OFPP_NORMAL:
    case OFPP_FLOOD:
    case OFPP_ALL:
    case OFPP_ANY: /* Any of them. */
        for (size_t i = 0; i < b->n_ports; i++) {
            if (port_counts(b->port_list[i])) {
                return true;
            }
        }
        return false;
    default:
        return port_counts(xlate_cfg_ofp_port(b, ofp_port));
    }
}

static bool any_counts(const struct xlate_ctx *ctx, const void *acts, size_t len)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (xlate_meter_counts(ctx, a)) {
            return true;
        }
    }
    return false;
}

bool xlate_meter_counts(const struct xlate_ctx *ctx, const struct act *a)
{
    const void *p = a;

    switch (a->type) {
    case ACT_GOTO_TABLE:
    case ACT_RESUBMIT:
    case ACT_GROUP:
    case ACT_LEARN: /* From what was dropped nothing is learned, and no flow kept fresh. */
    case ACT_FIN_TIMEOUT:
        return true;
    case ACT_CLONE: {
        const struct act_write_actions *clone = p;
        return any_counts(ctx, act_write_actions_nested(clone), clone->nested_len);
    }
    case ACT_OUTPUT:
        return output_counts(ctx, ((const struct act_output *)p)->port);
    case ACT_OUTPUT_TRUNC:
        return output_counts(ctx, ((const struct act_output_trunc *)p)->port);
    case ACT_ENQUEUE:
        return output_counts(ctx, ((const struct act_enqueue *)p)->port);
    case ACT_OUTPUT_REG:
        return true; /* To TABLE, perhaps. */
    case ACT_BUNDLE:
        return output_counts(ctx, OFPP_ANY);
    default:
        return false;
    }
}

/* ---- meters that no rule names ---- */

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
