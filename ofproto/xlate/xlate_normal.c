/* xlate_normal.c - NORMAL: a MAC learning switch with access and trunk ports.  See xlate-private.h.
 * IEEE 802.1Q.  No spanning tree, no bonds, no multicast snooping. */
#include "ofproto/xlate/xlate-private.h"

static uint16_t vid_of(const struct key *k)
{
    return ntohs(k->vlan[0].tci) & VLAN_VID_MASK;
}

static bool is_tagged(const struct key *k)
{
    return (k->vlan[0].tci & htons(VLAN_CFI)) != 0;
}

static bool carries(const struct xlate_port *p, uint16_t vlan)
{
    if (p->vlan_tag != XLATE_VLAN_NONE) {
        return p->vlan_tag == vlan;
    }
    return !p->trunks || p->trunks[vlan / 64] & BIT64(vlan % 64);
}

/* The packet's VLAN; false: it may not come in that way. */
static bool input_vlan(const struct xlate_ctx *ctx, const struct xlate_port *in, uint16_t *vlan)
{
    const struct key *k = &ctx->s.flow.key;
    uint16_t vid = is_tagged(k) ? vid_of(k) : 0;

    if (in && in->vlan_tag != XLATE_VLAN_NONE) {
        *vlan = in->vlan_tag;
        return !vid; /* A priority tag is none. */
    }
    *vlan = vid;
    return !in || carries(in, vid);
}

/* 01:80:c2:00:00:0x is for the bridge itself (802.1D table 7-10). */
static bool is_reserved(const uint8_t mac[6])
{
    static const uint8_t prefix[5] = {0x01, 0x80, 0xc2, 0x00, 0x00};
    return !memcmp(mac, prefix, 5) && (mac[5] & 0xf0) == 0;
}

/* Out of 'p' with the tag that the VLAN has there; the packet is as before afterwards. */
static void send_in_vlan(struct xlate_ctx *ctx, const struct xlate_port *p, uint16_t vlan)
{
    struct key_vlan saved[KEY_MAX_VLANS];
    struct key *k = &ctx->s.flow.key;
    bool want_tag = p->vlan_tag == XLATE_VLAN_NONE && vlan;

    memcpy(saved, k->vlan, sizeof saved);
    if (want_tag && !(is_tagged(k) && vid_of(k) == vlan)) {
        if (is_tagged(k)) {
            xlate_set_vlan(ctx, vlan, VLAN_VID_MASK, false);
        } else {
            xlate_push_vlan(ctx, 0x8100);
            xlate_set_vlan(ctx, vlan, VLAN_VID_MASK, false);
        }
    } else if (!want_tag && is_tagged(k) && (vid_of(k) || p->vlan_tag != XLATE_VLAN_NONE)) {
        xlate_pop_vlan(ctx);
    }
    xlate_output_port(ctx, p);
    memcpy(k->vlan, saved, sizeof saved);
}

static void learn(struct xlate_ctx *ctx, const struct xlate_port *in, uint16_t vlan)
{
    struct xlate_out *out = ctx->out;
    struct fdb *fdb = ctx->s.bridge->fdb;
    const uint8_t *src = ctx->s.flow.key.eth_src;
    uint32_t known;

    if (!in || src[0] & 1) {
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
        if (p != in && !(p->config & OFPPC_NO_FLOOD) && carries(p, vlan)) {
            send_in_vlan(ctx, p, vlan);
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
    bool known = fdb_lookup(b->fdb, vlan, dst, &port);
    credit_add_mac(ctx->out->credit, CREDIT_MAC_DST, b->fdb, vlan, dst, known ? port : OFPP_NONE);
    to = known ? xlate_cfg_ofp_port(b, port) : NULL;
    if (!to) {
        xlate_trace_note(ctx, "no learned MAC for destination, flooding");
        flood_vlan(ctx, in, vlan);
    } else if (to == in) {
        xlate_trace_warn(ctx, "learned port is input port, dropping");
    } else if (carries(to, vlan)) {
        send_in_vlan(ctx, to, vlan);
    }
}
