/* xlate_output.c - the output family.  See xlate-private.h.  OpenFlow 1.3.5 sections 4.5, 5.12. */
#include "lib/counter.h"
#include "ofproto/xlate/xlate-private.h"

/* What the packet is in the peer bridge: it came in through the peer port and has no past. */
static void become_new(struct xlate_ctx *ctx, const struct xlate_port *peer)
{
    struct flow *f = &ctx->s.flow;

    ctx->s.bridge = peer->bridge;
    ctx->s.version = xlate_version(ctx, peer->bridge);
    ctx->s.rule = NULL;
    ctx->s.rule_cookie = UINT64_MAX;
    ctx->s.table_id = 0;
    f->in_port = f->in_phy_port = htonl(peer->ofp_port);
    f->metadata = 0;
    memset(f->regs, 0, sizeof f->regs);
    f->actset_output = htonl(OFPP_UNSET);
    memset((uint8_t *)&f->key + KEY_TUN_OFS, 0, KEY_TUN_SIZE);
    memset((uint8_t *)&ctx->s.written + KEY_TUN_OFS, 0xff, KEY_TUN_SIZE);
    xlate_options_forget(ctx);
    ctx->s.mirrors = 0; /* Those of another bridge. */
    xlate_untrack(ctx);
}

static void output_patch(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    const struct xlate_port *peer = port->peer;
    struct xlate_packet before;
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
    xlate_packet_begin(ctx, &before);
    become_new(ctx, peer);
    xlate_trace_event(ctx, XLATE_EV_BRIDGE);
    if (!xlate_mirror_in(ctx, peer)) {
        /* It ends here. */
    } else if (ctx->s.unparsed) {
        xlate_freeze_table(ctx, 0, false);
    } else {
        xlate_table(ctx, 0, peer->ofp_port, false);
    }
    xlate_leave_scope(ctx, &saved);
    xlate_packet_end(ctx, &before);
}

void xlate_output_port(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    xlate_output_port_cut(ctx, port, 0);
}

/* False: it did not leave. */
static bool output_dp(struct xlate_ctx *ctx, const struct xlate_port *port, uint16_t max_len)
{
    uint32_t trunc = ctx->s.trunc;

    xlate_commit(ctx);
    if (port->tunnel && !xlate_tunnel_output(ctx, port)) {
        return false;
    }
    xlate_sample_out(ctx, port);
    if (max_len || trunc) {
        struct dp_action *a = dp_actions_put(&ctx->out->actions, DP_ACTION_TRUNC, sizeof *a);
        a->u32 = max_len && trunc ? MIN(max_len, trunc) : MAX(max_len, trunc);
    }
    dp_actions_output(&ctx->out->actions, port->dp_port);
    return true;
}

static void mirror_out(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    uint32_t trunc = ctx->s.trunc;

    ctx->s.trunc = 0; /* Mirrors have their own. */
    xlate_mirror_out(ctx, port);
    ctx->s.trunc = trunc;
}

void xlate_output_port_cut(struct xlate_ctx *ctx, const struct xlate_port *port, uint16_t max_len)
{
    if (port->config & (OFPPC_NO_FWD | OFPPC_PORT_DOWN)) {
        xlate_trace_warn(ctx, "port is down or has OFPPC_NO_FWD set, skipping output");
        return;
    }
    if (port->dp_port == DP_PORT_NONE) {
        output_patch(ctx, port);
        mirror_out(ctx, port);
    } else if (ctx->s.flow.key.packet_type) {
        xlate_trace_warn(ctx, "Trying to send non-Ethernet packet through legacy L2 port. Dropping "
                              "packet.");
        ctx->out->drop_reason = COUNTER_drop_not_ethernet;
    } else {
        struct xlate_dscp dscp;
        xlate_dscp_begin(ctx, port, &dscp);
        if (output_dp(ctx, port, max_len)) {
            mirror_out(ctx, port);
        }
        xlate_dscp_end(ctx, &dscp);
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
    if (ctx->in->is_packet_out && !ctx->in->resume) {
        return PIR_PACKET_OUT;
    }
    if (ctx->s.in_group) {
        return PIR_GROUP;
    }
    return ctx->s.in_action_set ? PIR_ACTION_SET : PIR_ACTION;
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

void xlate_output_reg(struct xlate_ctx *ctx, const struct act_output_reg *a)
{
    uint64_t v = subfield_get(&a->src, &ctx->s.flow);
    uint32_t port = v <= UINT16_MAX ? port_from_10((uint16_t)v) : (uint32_t)v;

    subfield_mask(&a->src, &ctx->wc);
    if (v > UINT32_MAX || (port >= OFPP_MAX && port < OFPP_UNSET)) {
        xlate_trace_warn(ctx, "output port %#" PRIx64 " is out of range", v);
        return;
    }
    xlate_trace_note(ctx, "output port is %u", port);
    xlate_output(ctx, port, a->max_len);
}

/* In a patch port's peer it holds for what goes out there. */
void xlate_output_trunc(struct xlate_ctx *ctx, const struct act_output_trunc *a)
{
    uint32_t outer = ctx->s.trunc;

    ctx->s.trunc = outer ? MIN(outer, a->max_len) : a->max_len;
    xlate_output(ctx, a->port, 0);
    ctx->s.trunc = outer;
}
