/* xlate_normal.c - NORMAL: a MAC learning switch with VLANs.  See xlate-private.h.
 * IEEE 802.1Q.  No spanning tree, no bonds, no multicast snooping. */
#include "ofproto/xlate/xlate-private.h"

/* The packet's VLAN; false: it may not come in that way. */
static bool input_vlan(const struct xlate_ctx *ctx, const struct xlate_port *in, uint16_t *vlan)
{
    static const struct port_vlan trunk = {.mode = PORT_VLAN_TRUNK};
    return port_vlan_of(in ? &in->vlan : &trunk, &ctx->s.flow.key, vlan);
}

/* 01:80:c2:00:00:0x is for the bridge itself (802.1D table 7-10). */
static bool is_reserved(const uint8_t mac[6])
{
    static const uint8_t prefix[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};
    return !memcmp(mac, prefix, 5) && (mac[5] & 0xf0) == 0;
}

void xlate_output_vlan(struct xlate_ctx *ctx, const struct xlate_port *p,
                       const struct xlate_port *in, uint16_t vlan, uint16_t snap_len)
{
    struct key saved = ctx->s.flow.key, written = ctx->s.written, *k = &ctx->s.flow.key;
    struct xlate_encap encap = ctx->s.encap;
    bool unparsed = ctx->s.unparsed;
    struct xlate_packet before;
    struct port_vlan_change c = port_vlan_out(&p->vlan, in ? &in->vlan : NULL, k, vlan);

    xlate_packet_begin(ctx, &before);
    if (c.pop) {
        xlate_pop_vlan(ctx);
    }
    if (c.tci) {
        xlate_push_vlan(ctx, c.tpid);
        k->vlan[0].tci = htons(c.tci);
    }
    if (!ctx->out->error) {
        xlate_output_port_cut(ctx, p, snap_len);
    }
    *k = saved;
    ctx->s.written = written;
    ctx->s.encap = encap;
    ctx->s.unparsed = unparsed;
    xlate_packet_end(ctx, &before);
}

static bool is_flood_vlan(const struct xlate_bridge *b, uint16_t vlan)
{
    return b->flood_vlans && b->flood_vlans[vlan / 64] & BIT64(vlan % 64);
}

/* Ports of mirrors get nothing else, and protected ones nothing of each other. */
static bool may_go(const struct xlate_port *in, const struct xlate_port *to, uint16_t vlan)
{
    return to != in && !to->out_mirrors && port_vlan_carries(&to->vlan, vlan) &&
           !(in && in->vlan.is_protected && to->vlan.is_protected);
}

static void learn(struct xlate_ctx *ctx, const struct xlate_port *in, uint16_t vlan)
{
    struct xlate_out *out = ctx->out;
    struct fdb *fdb = ctx->s.bridge->fdb;
    const uint8_t *src = ctx->s.flow.key.eth_src;
    uint32_t known;

    if (!in || src[0] & 1 || is_flood_vlan(ctx->s.bridge, vlan)) {
        return;
    }
    credit_add_mac(out->credit, CREDIT_MAC_SRC, fdb, vlan, src, in->ofp_port);
    if (fdb_lookup(fdb, vlan, src, &known) && known == in->ofp_port) {
        return;
    }
    if (out->n_effects < XLATE_MAX_EFFECTS) {
        struct xlate_effect *e = &out->effects[out->n_effects++];
        e->fdb = fdb;
        memcpy(e->mac, src, 6);
        e->vlan = vlan;
        e->ofp_port = in->ofp_port;
    }
    xlate_trace_note(ctx, "learned that %02x:%02x:%02x:%02x:%02x:%02x is on port %s in VLAN %u",
                     src[0], src[1], src[2], src[3], src[4], src[5], in->name, vlan);
}

static void flood_vlan(struct xlate_ctx *ctx, const struct xlate_port *in, uint16_t vlan)
{
    const struct xlate_bridge *b = ctx->s.bridge;

    for (size_t i = 0; i < b->n_ports && !ctx->out->error; i++) {
        const struct xlate_port *p = b->port_list[i];
        if (may_go(in, p, vlan) && !(p->config & OFPPC_NO_FLOOD)) {
            xlate_output_vlan(ctx, p, in, vlan, 0);
        }
    }
}

void xlate_normal(struct xlate_ctx *ctx)
{
    const struct xlate_bridge *b = ctx->s.bridge;
    const struct xlate_port *in = xlate_cfg_ofp_port(b, ntohl(ctx->s.flow.in_port)), *to;
    uint8_t dst[6];
    uint16_t vlan;
    uint32_t port;

    if (ctx->s.flow.key.packet_type) {
        xlate_trace_warn(ctx, "NORMAL is for Ethernet only, dropping");
        return;
    }
    memcpy(dst, ctx->s.flow.key.eth_dst, sizeof dst);
    memset(ctx->wc.key.eth_src, 0xff, 6);
    memset(ctx->wc.key.eth_dst, 0xff, 6);
    memset(ctx->wc.key.vlan, 0xff, sizeof ctx->wc.key.vlan);
    if (is_reserved(dst)) {
        xlate_trace_warn(ctx, "dropping frame for a reserved address");
        return;
    }
    if (!input_vlan(ctx, in, &vlan)) {
        xlate_trace_warn(ctx, "VLAN not allowed on the input port, dropping");
        return;
    }
    learn(ctx, in, vlan);
    if (dst[0] & 1) {
        xlate_trace_note(ctx, "multicast, flooding");
        flood_vlan(ctx, in, vlan);
        return;
    }
    bool known = !is_flood_vlan(b, vlan) && fdb_lookup(b->fdb, vlan, dst, &port);
    credit_add_mac(ctx->out->credit, CREDIT_MAC_DST, b->fdb, vlan, dst, known ? port : OFPP_NONE);
    to = known ? xlate_cfg_ofp_port(b, port) : NULL;
    if (!to) {
        xlate_trace_note(ctx, "no learned MAC for destination, flooding");
        flood_vlan(ctx, in, vlan);
    } else if (to == in) {
        xlate_trace_warn(ctx, "learned port is input port, dropping");
    } else if (may_go(in, to, vlan)) {
        xlate_output_vlan(ctx, to, in, vlan, 0);
    } else {
        xlate_trace_warn(ctx, "the learned port does not take this VLAN or sender, dropping");
    }
}
