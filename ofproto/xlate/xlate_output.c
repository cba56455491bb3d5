/* xlate_output.c - the output family.  See xlate-private.h.  OpenFlow 1.3.5 sections 4.5, 5.12. */
#include "ofproto/xlate/xlate-private.h"

/* What the packet is in the peer bridge: it came in through the peer port and has no past. */
static void become_new(struct xlate_ctx *ctx, const struct xlate_port *peer)
{
    struct flow *f = &ctx->s.flow;

    ctx->s.bridge = peer->bridge;
    ctx->s.version = tables_version(peer->bridge->tables);
    ctx->s.rule = NULL;
    ctx->s.rule_cookie = UINT64_MAX;
    ctx->s.table_id = 0;
    f->in_port = f->in_phy_port = htonl(peer->ofp_port);
    f->metadata = 0;
    memset(f->regs, 0, sizeof f->regs);
    f->actset_output = htonl(OFPP_UNSET);
    memset((uint8_t *)&f->key + KEY_TUN_OFS, 0, KEY_TUN_SIZE);
    memset((uint8_t *)&ctx->s.written + KEY_TUN_OFS, 0xff, KEY_TUN_SIZE);
    xlate_untrack(ctx);
}

static void output_patch(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    const struct xlate_port *peer = port->peer;
    struct xlate_scope saved;

    if (!peer) {
        xlate_trace_warn(ctx, "Nonexistent patch port peer");
        return;
    }
    if (peer->config & (OFPPC_PORT_DOWN | OFPPC_NO_RECV)) {
        xlate_trace_warn(ctx, "patch port peer is down or has OFPPC_NO_RECV");
        return;
    }
    if (!xlate_enter_scope(ctx, &saved)) {
        return;
    }
    become_new(ctx, peer);
    xlate_trace_event(ctx, XLATE_EV_BRIDGE);
    if (ctx->s.was_mpls) {
        xlate_freeze_table(ctx, 0, false);
    } else {
        xlate_table(ctx, 0, peer->ofp_port, false);
    }
    xlate_leave_scope(ctx, &saved);
}

void xlate_output_port(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    if (port->config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) {
        xlate_trace_warn(ctx, "port is down or has OFPPC_NO_FWD set, skipping output");
    } else if (port->dp_port == DP_PORT_NONE) {
        output_patch(ctx, port);
    } else {
        xlate_commit(ctx);
        if (port->tunnel && !xlate_tunnel_output(ctx, port)) {
            return;
        }
        dp_actions_output(&ctx->out->actions, port->dp_port);
    }
}

/* To every port but the one it came in. */
static void flood(struct xlate_ctx *ctx, bool all)
{
    const struct xlate_bridge *b = ctx->s.bridge;
    uint32_t in_port = ntohl(ctx->s.flow.in_port);

    for (size_t i = 0; i < b->n_ports && !ctx->out->error; i++) {
        const struct xlate_port *p = b->port_list[i];
        if (p->ofp_port != in_port && (all || !(p->config & OFPPC_NO_FLOOD))) {
            xlate_output_port(ctx, p);
        }
    }
}

static uint8_t reason_of(const struct xlate_ctx *ctx)
{
    if (ctx->s.rule && rule_is_table_miss(ctx->s.rule)) {
        return PIR_NO_MATCH;
    }
    if (ctx->in->acts) {
        return PIR_PACKET_OUT;
    }
    return ctx->s.in_action_set ? PIR_ACTION_SET : PIR_ACTION;
}

void xlate_controller(struct xlate_ctx *ctx, uint8_t reason, uint16_t max_len,
                      uint16_t controller_id)
{
    const struct flow *f = &ctx->s.flow;
    const struct xlate_port *in = xlate_cfg_ofp_port(ctx->s.bridge, ntohl(f->in_port));
    struct cookie c = {.bridge_id = ctx->s.bridge->id,
                       .in_port = ntohl(f->in_port),
                       .rule_cookie = ctx->s.rule_cookie,
                       .metadata = f->metadata,
                       .max_len = max_len,
                       .controller_id = controller_id,
                       .reason = reason,
                       .table_id = ctx->s.table_id,
                       .ct = ctx->s.ct,
                       .inv_zone = ctx->s.inv_zone};

    if (reason == PIR_NO_MATCH && in && in->config & OFPPC_NO_PACKET_IN) {
        xlate_trace_warn(ctx, "input port has OFPPC_NO_PACKET_IN");
        return;
    }
    memcpy(c.regs, f->regs, sizeof c.regs);
    xlate_commit(ctx);
    cookie_put(&ctx->out->actions, &c);
}

void xlate_output(struct xlate_ctx *ctx, uint32_t ofp_port, uint16_t max_len)
{
    uint32_t in_port = ntohl(ctx->s.flow.in_port);
    const struct xlate_port *port;

    switch (ofp_port) {
    case OFPP_CONTROLLER:
        xlate_controller(ctx, reason_of(ctx), max_len, 0);
        return;
    case OFPP_NORMAL:
        xlate_normal(ctx);
        return;
    case OFPP_FLOOD:
    case OFPP_ALL:
        flood(ctx, ofp_port == OFPP_ALL);
        return;
    case OFPP_TABLE:
        xlate_resubmit(ctx, 0, in_port, false);
        return;
    case OFPP_IN_PORT:
        port = xlate_cfg_ofp_port(ctx->s.bridge, in_port);
        break;
    default:
        if (ofp_port == in_port) {
            xlate_trace_warn(ctx, "skipping output to input port");
            return;
        }
        port = xlate_cfg_ofp_port(ctx->s.bridge, ofp_port);
    }
    if (port) {
        xlate_output_port(ctx, port);
    } else {
        xlate_trace_warn(ctx, "Nonexistent output port");
    }
}
