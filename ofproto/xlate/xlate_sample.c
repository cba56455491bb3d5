/* xlate_sample.c - samples for IPFIX: of the action `sample`, and of all that a bridge takes in or
 * sends.  See xlate-private.h; sample() of the Nicira extension.
 *
 * A sample is the packet as it is at that point, with a cookie that says whose it is; what becomes
 * of it, ofproto/bridge_ipfix.c says.  Where one packet in many is taken, the datapath chooses. */
#include <stdio.h>

#include "ofproto/xlate/xlate-private.h"

/* `userspace(...)` for this share of the packets, of DP_SAMPLE_ALWAYS. */
static void put(struct xlate_ctx *ctx, uint32_t probability, const struct cookie_sample *c)
{
    struct dp_actions *list = &ctx->out->actions;

    if (probability == DP_SAMPLE_ALWAYS) {
        cookie_put_sample(list, c);
    } else {
        size_t ofs = dp_actions_sample_begin(list, probability);
        cookie_put_sample(list, c);
        dp_actions_sample_end(list, ofs);
    }
}

static bool has_set(const struct xlate_ipfix *x, uint32_t id)
{
    for (size_t i = 0; x && i < x->n_sets; i++) {
        if (x->sets[i] == id) {
            return true;
        }
    }
    return false;
}

/* A number of the action, or what a field holds, which is then looked at. */
static uint32_t number(struct xlate_ctx *ctx, uint32_t value, const struct subfield *src)
{
    if (!src->field) {
        return value;
    }
    subfield_mask(src, &ctx->wc);
    return (uint32_t)subfield_get(src, &ctx->s.flow);
}

void xlate_sample(struct xlate_ctx *ctx, const struct act_sample *a)
{
    const uint32_t in_port = ntohl(ctx->s.flow.in_port);
    struct cookie_sample c = {.bridge_id = ctx->s.bridge->id,
                              .in_port = in_port,
                              .out_port = OFPP_NONE,
                              .dp_out_port = DP_PORT_NONE,
                              .of_flow = true,
                              .probability = a->probability,
                              .collector_set = a->collector_set_id,
                              .direction = a->direction};

    if (!has_set(ctx->s.bridge->ipfix, a->collector_set_id)) {
        xlate_trace_note(ctx, "no collector set has the id %u", a->collector_set_id);
        return;
    }
    if (a->sampling_port != OFPP_NONE && a->sampling_port != in_port) {
        const struct xlate_port *port = xlate_cfg_ofp_port(ctx->s.bridge, a->sampling_port);
        if (!port) {
            char text[64];
            snprintf(text, sizeof text, "can't use unknown port %u in flow sample action",
                     a->sampling_port);
            xlate_trace_fault(ctx, text);
            return;
        }
        c.out_port = port->ofp_port;
        c.dp_out_port = port->dp_port;
    }
    c.domain = number(ctx, a->domain, &a->domain_src);
    c.point = number(ctx, a->point, &a->point_src);
    xlate_commit(ctx);
    put(ctx, (uint32_t)a->probability << 16 | a->probability, &c);
}

void xlate_sample_in(struct xlate_ctx *ctx)
{
    const struct xlate_ipfix *x = ctx->s.bridge->ipfix;
    const struct cookie_sample c = {.bridge_id = ctx->s.bridge->id,
                                    .in_port = ntohl(ctx->s.flow.in_port),
                                    .out_port = OFPP_NONE,
                                    .dp_out_port = DP_PORT_NONE};

    if (x && x->input) {
        put(ctx, x->probability, &c);
    }
}

void xlate_sample_out(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    const struct xlate_ipfix *x = ctx->s.bridge->ipfix;
    const struct cookie_sample c = {.bridge_id = ctx->s.bridge->id,
                                    .in_port = ntohl(ctx->s.flow.in_port),
                                    .out_port = port->ofp_port,
                                    .dp_out_port = port->dp_port};

    if (x && x->output) {
        put(ctx, x->probability, &c);
    }
}
