/* xlate_mirror.c - copies for the mirrors of a bridge.  See xlate-private.h, mirror.h.
 *
 * A packet that comes in is copied as it came, before any table; one that goes out as it goes. The
 * bits of ctx->s.mirrors say which mirrors have had this packet; continuations carry them on. */
#include "ofproto/xlate/xlate-private.h"

static bool selects(const struct mirror *m, uint16_t vlan)
{
    return !m->vlans || m->vlans[vlan / 64] & BIT64(vlan % 64);
}

/* All that send to the same place have had it. */
static uint32_t same_place(const struct xlate_bridge *b, const struct mirror *m)
{
    uint32_t bits = 0;

    for (unsigned i = 0; i < b->n_mirrors; i++) {
        const struct mirror *o = &b->mirrors[i];
        if (o->out_port == m->out_port && (m->out_port || o->out_vlan == m->out_vlan)) {
            bits |= BIT(i);
        }
    }
    return bits;
}

static void copy_to(struct xlate_ctx *ctx, const struct mirror *m, const struct xlate_port *in,
                    uint16_t vlan)
{
    const struct xlate_bridge *b = ctx->s.bridge;
    const struct xlate_port *to;

    if (m->out_port) {
        to = xlate_cfg_ofp_port(b, m->out_port);
        if (to && to != in) {
            xlate_output_vlan(ctx, to, in, vlan, m->snap_len);
        }
        return;
    }
    if (vlan == m->out_vlan) {
        return; /* It is there. */
    }
    for (size_t i = 0; i < b->n_ports && !ctx->out->error; i++) {
        to = b->port_list[i];
        if (to != in && !(to->config & OFPPC_NO_FLOOD) &&
            port_vlan_carries(&to->vlan, m->out_vlan)) {
            xlate_output_vlan(ctx, to, in, m->out_vlan, m->snap_len);
        }
    }
}

/* 'mirrors': those whose selection of ports this is.  'at': where the packet is seen. */
static void mirror(struct xlate_ctx *ctx, uint32_t mirrors, const struct xlate_port *at)
{
    const struct xlate_bridge *b = ctx->s.bridge;
    const struct xlate_port *in = xlate_cfg_ofp_port(b, ntohl(ctx->s.flow.in_port));
    uint16_t vlan;

    mirrors &= ~ctx->s.mirrors;
    if (!mirrors) {
        return;
    }
    memset(ctx->wc.key.vlan, 0xff, sizeof ctx->wc.key.vlan);
    if (!port_vlan_of(&at->vlan, &ctx->s.flow.key, &vlan)) {
        vlan = 0;
    }
    for (unsigned i = 0; i < b->n_mirrors && !ctx->out->error; i++) {
        const struct mirror *m = &b->mirrors[i];
        if (mirrors & BIT(i) && !(ctx->s.mirrors & BIT(i)) && selects(m, vlan)) {
            ctx->s.mirrors |= same_place(b, m);
            credit_add_mirror(ctx->out->credit, m->count);
            xlate_trace_note(ctx, "mirror %u copies it", i + 1);
            copy_to(ctx, m, in, vlan);
        }
    }
}

bool xlate_mirror_in(struct xlate_ctx *ctx, const struct xlate_port *in)
{
    if (in && in->out_mirrors) {
        xlate_trace_warn(ctx,
                         "dropping packet received on port %s, which is reserved exclusively "
                         "for mirroring",
                         in->name);
        return false;
    }
    if (in) {
        mirror(ctx, in->src_mirrors, in);
    }
    return true;
}

void xlate_mirror_out(struct xlate_ctx *ctx, const struct xlate_port *to)
{
    mirror(ctx, to->dst_mirrors, to);
}
