/* xlate_controller.c - packets to the controller: what the cookie of their `userspace` action says.
 * See xlate-private.h, cookie.h.  OpenFlow 1.3.5 section 6.1.2; controller() of the Nicira
 * extension.
 *
 * The cookie has a fixed size: what is more (user data, and for a paused packet the whole state)
 * stands in a continuation whose first act is the controller() itself, and the cookie names it. */
#include "ofp/meter.h"
#include "ofproto/xlate/xlate-private.h"

/* 'continuation': its id; 0: none. */
static void send_packet(struct xlate_ctx *ctx, const struct act_controller *a,
                        uint32_t continuation)
{
    const struct flow *f = &ctx->s.flow;
    struct cookie c = {.bridge_id = ctx->s.bridge->id,
                       .in_port = ntohl(f->in_port),
                       .rule_cookie = ctx->s.rule_cookie,
                       .metadata = f->metadata,
                       .max_len = a->max_len,
                       .controller_id = a->controller_id,
                       .reason = a->reason,
                       .paused = a->pause,
                       .table_id = ctx->s.table_id,
                       .ct = ctx->s.ct,
                       .continuation = continuation,
                       .inv_zone = ctx->s.inv_zone};

    memcpy(c.regs, f->regs, sizeof c.regs);
    xlate_commit(ctx);
    size_t metered = xlate_meter_begin(ctx, a->meter_id ? a->meter_id : OFPM_CONTROLLER);
    cookie_put(&ctx->out->actions, &c);
    xlate_meter_end(ctx, metered);
}

void xlate_controller(struct xlate_ctx *ctx, uint8_t reason, uint16_t max_len,
                      uint16_t controller_id)
{
    const struct xlate_port *in = xlate_cfg_ofp_port(ctx->s.bridge, ntohl(ctx->s.flow.in_port));
    const struct act_controller a = {.reason = reason,
                                     .max_len = max_len,
                                     .controller_id = controller_id};

    if (reason == PIR_NO_MATCH && in && in->config & OFPPC_NO_PACKET_IN) {
        xlate_trace_warn(ctx, "input port has OFPPC_NO_PACKET_IN");
        return;
    }
    send_packet(ctx, &a, 0);
}

void xlate_controller_act(struct xlate_ctx *ctx, const struct act_controller *a)
{
    if (a->pause) {
        ctx->s.freezing = ctx->s.pausing = true;
        xlate_freeze_acts(ctx, a, a->act.len);
        return;
    }
    uint32_t id = a->n_userdata ? xlate_freeze_act(ctx, &a->act) : 0;
    if (!ctx->out->error) {
        send_packet(ctx, a, id);
    }
}

void xlate_controller_pause(struct xlate_ctx *ctx)
{
    ctx->s.pausing = false;
    uint32_t id = xlate_freeze_paused(ctx);
    if (id) {
        send_packet(ctx, (const void *)ctx->s.frozen.data, id);
    }
}
