/* xlate.c - see xlate.h: the beginning and the end of a translation. */
#include "ofproto/xlate/xlate-private.h"

#include <stdio.h>

#include "lib/counter.h"
#include "lib/dp/action_kernel.h"
#include "ofp/match.h"

static const char *const error_texts[XLATE_N_ERRORS] = {
    [XLATE_OK] = "OK",
    [XLATE_NO_PORT] = "input port belongs to no bridge",
    [XLATE_NO_CONTINUATION] = "no recirculation data for recirc_id",
    [XLATE_NO_BRIDGE] = "the bridge has been deleted",
    [XLATE_TOO_DEEP] = "over max translation depth",
    [XLATE_TOO_MANY_LOOKUPS] = "too many resubmits",
    [XLATE_TOO_MANY_ACTIONS] = "too many actions",
    [XLATE_TOO_MANY_CONTINUATIONS] = "too many recirculation contexts",
    [XLATE_TOO_MANY_LABELS] = "too many VLAN tags or MPLS labels",
    [XLATE_STACK_OVERFLOW] = "stack overflow",
    [XLATE_TOO_MANY_OPTIONS] = "more tunnel options than a header holds",
    [XLATE_UNSUPPORTED_PACKET_TYPE] = "Unsupported packet type",
    [XLATE_UNSUPPORTED] = "unsupported action",
};

const char *xlate_error_text(enum xlate_error e)
{
    return error_texts[e < XLATE_N_ERRORS ? e : XLATE_UNSUPPORTED];
}

static void trace(struct xlate_ctx *ctx, struct xlate_trace_event ev)
{
    if (ctx->in->trace) {
        ev.depth = (int)ctx->nesting;
        ev.bridge = ctx->s.bridge;
        ev.table_id = ctx->s.table_id;
        ev.rule = ctx->s.rule;
        ev.flow = &ctx->s.flow;
        ev.key = &ctx->base;
        ctx->in->trace(ctx->in->trace_aux, &ev);
    }
}

static void trace_text(struct xlate_ctx *ctx, enum xlate_event event, const char *format,
                       va_list args)
{
    if (ctx->in->trace) {
        struct text t = TEXT_INIT;
        text_vprintf(&t, format, args);
        trace(ctx, (struct xlate_trace_event){.event = event, .text = text_cstr(&t)});
        text_deinit(&t);
    }
}

void xlate_error(struct xlate_ctx *ctx, enum xlate_error e)
{
    if (!ctx->out->error) {
        ctx->out->error = e;
        trace(ctx,
              (struct xlate_trace_event){.event = XLATE_EV_ERROR, .text = xlate_error_text(e)});
    }
}

void xlate_trace_note(struct xlate_ctx *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    trace_text(ctx, XLATE_EV_NOTE, format, args);
    va_end(args);
}

void xlate_trace_warn(struct xlate_ctx *ctx, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    trace_text(ctx, XLATE_EV_WARN, format, args);
    va_end(args);
}

void xlate_trace_fault(struct xlate_ctx *ctx, const char *text)
{
    trace(ctx, (struct xlate_trace_event){.event = XLATE_EV_ERROR, .text = text});
}

void xlate_trace_value(struct xlate_ctx *ctx, const struct subfield *f)
{
    if (ctx->in->trace) {
        struct text t = TEXT_INIT;
        subfield_format(f, &t);
        xlate_trace_note(ctx, "%s is now %#" PRIx64, text_cstr(&t), subfield_get(f, &ctx->s.flow));
        text_deinit(&t);
    }
}

void xlate_trace_act(struct xlate_ctx *ctx, const struct act *act)
{
    trace(ctx, (struct xlate_trace_event){.event = XLATE_EV_ACT, .act = act});
}

void xlate_trace_event(struct xlate_ctx *ctx, enum xlate_event event)
{
    trace(ctx, (struct xlate_trace_event){.event = event});
}

void xlate_trace_recirc(struct xlate_ctx *ctx, uint32_t id)
{
    trace(ctx, (struct xlate_trace_event){.event = XLATE_EV_RECIRC, .recirc_id = id});
}

void xlate_trace_thaw(struct xlate_ctx *ctx, uint8_t table_id)
{
    char text[32];

    snprintf(text, sizeof text, "Resuming from table %u", table_id);
    trace(ctx, (struct xlate_trace_event){.event = XLATE_EV_THAW, .text = text});
}

void xlate_out_init(struct xlate_out *out)
{
    memset(out, 0, sizeof *out);
    dp_actions_init(&out->actions);
}

void xlate_out_deinit(struct xlate_out *out)
{
    dp_actions_deinit(&out->actions);
    credit_free(out->credit, out->now_ms);
    out->credit = NULL;
}

/* What every answer depends on: executors and dumps want these whole. */
static void init_mask(struct xlate_ctx *ctx)
{
    struct key *m = &ctx->wc.key;

    m->in_port = UINT32_MAX;
    m->recirc_id = UINT32_MAX;
    m->packet_type = UINT32_MAX;
    m->eth_type = UINT16_MAX;
    if (key_is_ip4(ctx->in->key) || key_is_ip6(ctx->in->key)) {
        m->ip_frag = KEY_FRAG_ANY | KEY_FRAG_LATER;
    }
}

static void set_bridge(struct xlate_ctx *ctx, const struct xlate_bridge *bridge, uint32_t in_port)
{
    ctx->s.bridge = bridge;
    ctx->s.version = xlate_version(ctx, bridge);
    ctx->s.flow.in_port = ctx->s.flow.in_phy_port = htonl(in_port);
    ctx->out->credit->in_port = ctx->s.flow.in_port;
    xlate_options_read(ctx, true);
    xlate_trace_event(ctx, XLATE_EV_BRIDGE);
}

static void start_table(struct xlate_ctx *ctx, const struct xlate_port *port, uint32_t ofp_port)
{
    if (port) {
        xlate_sample_in(ctx);
    }
    if (port && port->config & (OFPPC_PORT_DOWN | OFPPC_NO_RECV)) {
        xlate_trace_warn(ctx, "port is down or has OFPPC_NO_RECV, packet dropped");
        return;
    }
    if (xlate_mirror_in(ctx, port)) {
        xlate_table(ctx, 0, ofp_port, false);
    }
}

static void start_port(struct xlate_ctx *ctx)
{
    uint32_t in_port = ctx->in->key->in_port;
    const struct xlate_port *port = tunnel_map_is_tunnel(&ctx->cfg->tunnels, in_port)
                                        ? xlate_tunnel_input(ctx)
                                        : xlate_cfg_dp_port(ctx->cfg, in_port);

    if (!port) {
        xlate_error(ctx, XLATE_NO_PORT);
        return;
    }
    set_bridge(ctx, port->bridge, port->ofp_port);
    if (!port->tunnel || xlate_tunnel_accept(ctx, port)) {
        start_table(ctx, port, port->ofp_port);
    }
}

static void start_packet_out(struct xlate_ctx *ctx)
{
    set_bridge(ctx, ctx->in->bridge, ctx->in->ofp_in_port);
    if (ctx->in->metadata) {
        ctx->s.flow.metadata = ctx->in->metadata->metadata;
        memcpy(ctx->s.flow.regs, ctx->in->metadata->regs, sizeof ctx->s.flow.regs);
    }
    if (ctx->in->resume) {
        xlate_resume(ctx, ctx->in->resume);
    } else if (ctx->in->is_packet_out) {
        xlate_acts(ctx, ctx->in->acts, ctx->in->acts_len);
    } else {
        const struct xlate_port *port = xlate_cfg_ofp_port(ctx->in->bridge, ctx->in->ofp_in_port);
        if (port && port->tunnel) {
            (void)xlate_tunnel_input(ctx); /* It has decided. */
        }
        if (!port || !port->tunnel || xlate_tunnel_accept(ctx, port)) {
            start_table(ctx, port, ctx->in->ofp_in_port);
        }
    }
}

static void start_recirculated(struct xlate_ctx *ctx)
{
    const struct continuation *c =
        continuation_find(ctx->cfg->continuations, ntohl(ctx->in->key->recirc_id));
    const struct xlate_bridge *bridge = c ? xlate_cfg_bridge(ctx->cfg, c->state.bridge_id) : NULL;

    if (!bridge) {
        xlate_error(ctx, c ? XLATE_NO_BRIDGE : XLATE_NO_CONTINUATION);
        return;
    }
    set_bridge(ctx, bridge, c->state.in_port);
    xlate_thaw(ctx, c);
}

/* Errors that may be gone for the next packet are not cached. */
static bool is_lasting(enum xlate_error e)
{
    return e != XLATE_NO_PORT && e != XLATE_NO_CONTINUATION && e != XLATE_NO_BRIDGE &&
           e != XLATE_TOO_MANY_CONTINUATIONS;
}

static bool is_edit(const struct dp_action *a)
{
    switch ((enum dp_action_type)a->type) {
    case DP_ACTION_SET:
    case DP_ACTION_PUSH_VLAN:
    case DP_ACTION_POP_VLAN:
    case DP_ACTION_PUSH_MPLS:
    case DP_ACTION_POP_MPLS:
    case DP_ACTION_COPY_TTL:
    case DP_ACTION_PUSH_PBB:
    case DP_ACTION_POP_PBB:
        return true;
    default:
        return action_kernel_is_encap(a);
    }
}

/* What is changed and goes nowhere. */
static void forget_last_edits(struct dp_actions *list)
{
    const struct dp_action *a;
    size_t end = 0;

    DP_ACTION_FOR_EACH(a, list->data, list->len) {
        if (!is_edit(a)) {
            end = (size_t)((const uint8_t *)a - list->data) + a->len;
        }
    }
    list->len = end;
}

static void finish(struct xlate_ctx *ctx)
{
    struct xlate_out *out = ctx->out;

    if (out->actions.overflow) {
        xlate_error(ctx, XLATE_TOO_MANY_ACTIONS);
    }
    forget_last_edits(&out->actions);
    if (out->error) {
        dp_actions_clear(&out->actions);
        out->n_effects = 0;
        out->drop_reason = out->error == XLATE_NO_CONTINUATION || out->error == XLATE_NO_BRIDGE
                               ? COUNTER_drop_recirc_unknown
                               : COUNTER_drop_xlate_error;
    }
    xlate_trace_event(ctx, XLATE_EV_END);
    xlate_options_settle(ctx);
    out->mask = ctx->wc.key;
    out->n_lookups = ctx->lookups;
    out->cache = is_lasting(out->error) && !out->credit->stale && !ctx->in->bridge;
    acts_deinit(&ctx->s.set);
    acts_deinit(&ctx->s.frozen);
    xlate_stack_deinit(&ctx->s.stack);
}

void xlate(const struct xlate_in *in, struct xlate_out *out)
{
    struct xlate_ctx ctx = {.in = in, .cfg = in->cfg, .out = out};

    counter_inc(in->revalidation ? COUNTER_xlate_revalidate : COUNTER_xlate);
    out->credit = credit_new();
    out->now_ms = in->now_ms;
    ctx.base = *in->key;
    ctx.s.flow.key = *in->key;
    ctx.s.flow.actset_output = htonl(OFPP_UNSET);
    ctx.s.goto_table = XLATE_NO_GOTO;
    ctx.s.rule_cookie = UINT64_MAX;
    ctx.s.ct = COOKIE_CT_KEY; /* Whether it was tracked is the key's to say: nothing looks yet. */
    init_mask(&ctx);
    if (in->bridge) {
        start_packet_out(&ctx);
    } else if (in->key->recirc_id) {
        start_recirculated(&ctx);
    } else {
        start_port(&ctx);
    }
    if (ctx.s.bridge) {
        xlate_finish_scope(&ctx);
    }
    finish(&ctx);
}
