/* xlate_encap.c - encap and decap: headers around whole packets, whose type changes with them.  See
 * xlate-private.h.  RFC 8300; OpenFlow 1.5.1 section 7.2.3.11 has the packet types.
 *
 * What encap puts on becomes an action when the packet is shown next, so that fields set in between
 * are in it already.  Decap of Ethernet leaves in sight what there is; behind NSH and labels it is
 * not known what follows, so the rest of the lists is frozen and the packet parsed again.
 *
 * What the packet's type does not allow is an error, which ends the translation: the packet is
 * dropped. */
#include "lib/dp/action_kernel.h"
#include "lib/packet/edit_encap.h"
#include "ofproto/xlate/xlate-private.h"

#define ETH_TYPE_MIN  0x0600
#define ETH_TYPE_NSH  0x894f
#define ETH_TYPE_TEB  0x6558
#define MPLS_BOS      UINT32_C(0x100)
#define DEFAULT_TTL   63
#define DEFAULT_SI    255
#define MD_TYPE_FIXED 1

/* From the packet's type on, all of the key is what the frame says. */
#define FRAME_OFS  offsetof(struct key, packet_type)
#define FRAME_SIZE (sizeof(struct key) - FRAME_OFS)

static void *frame_of(struct key *k)
{
    return (uint8_t *)k + FRAME_OFS;
}

static unsigned name_space(be32 packet_type)
{
    return ntohl(packet_type) >> 16;
}

static uint16_t type_in_space(be32 packet_type)
{
    return (uint16_t)ntohl(packet_type);
}

/* ---- encap ---- */

static void encap_ethernet(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key;

    if (name_space(k->packet_type) != PT_NS_ETHERTYPE || ntohs(k->eth_type) < ETH_TYPE_MIN) {
        xlate_trace_note(ctx, "Dropping packet as encap(ethernet) is not supported for packet type "
                              "ethernet.");
        xlate_error(ctx, XLATE_UNSUPPORTED_PACKET_TYPE);
        return;
    }
    k->packet_type = 0;
    memset(k->eth_src, 0, sizeof k->eth_src);
    memset(k->eth_dst, 0, sizeof k->eth_dst);
    ctx->s.encap.pending = true;
}

/* Nothing of what was in sight is. */
static void become(struct xlate_ctx *ctx, uint16_t eth_type)
{
    struct key *k = &ctx->s.flow.key;

    memset(frame_of(k), 0, FRAME_SIZE);
    memset(frame_of(&ctx->s.written), 0xff, FRAME_SIZE); /* None of it is the packet's own. */
    k->packet_type = PT_ETHERTYPE(eth_type);
    k->eth_type = htons(eth_type);
    ctx->s.encap.pending = true;
}

/* Class, type, length, data, padded to whole words (RFC 8300 section 2.5.1). */
static void add_tlv(struct xlate_encap *e, const struct act_encap_prop *p)
{
    const size_t len = NSH_TLV_HEADER + ROUND_UP(p->n_data, 4u);
    uint8_t *to = e->md + e->n_md;

    if (e->n_md + len > sizeof e->md) {
        return; /* xlate_can_execute() has refused it. */
    }
    memset(to, 0, len);
    put_be16(to, p->tlv_class);
    to[2] = p->value;
    to[3] = p->n_data;
    memcpy(to + NSH_TLV_HEADER, p->data, p->n_data);
    e->n_md = (uint8_t)(e->n_md + len);
}

static uint8_t read_props(struct xlate_encap *e, const struct act_encap *a)
{
    const struct act *i;
    uint8_t md_type = MD_TYPE_FIXED;

    e->n_md = 0;
    ACT_FOR_EACH(i, act_encap_props(a), a->nested_len) {
        const struct act_encap_prop *p = (const void *)i;
        if (p->type == ENCAP_NSH_MDTYPE) {
            md_type = p->value;
        } else {
            add_tlv(e, p);
        }
    }
    return md_type;
}

static void encap_nsh(struct xlate_ctx *ctx, const struct act_encap *a)
{
    struct key *k = &ctx->s.flow.key;
    const uint8_t np = nsh_np_of_type(k->packet_type);

    if (!np) {
        xlate_trace_note(ctx,
                         "Dropping packet as encap(nsh) is not supported for packet type "
                         "(%u,0x%x)",
                         name_space(k->packet_type), type_in_space(k->packet_type));
        xlate_error(ctx, XLATE_UNSUPPORTED_PACKET_TYPE);
        return;
    }
    become(ctx, ETH_TYPE_NSH);
    k->nsh_mdtype = read_props(&ctx->s.encap, a);
    k->nsh_np = np;
    k->nsh_ttl = DEFAULT_TTL;
    k->nsh_si = DEFAULT_SI;
}

static void encap_mpls(struct xlate_ctx *ctx, uint16_t eth_type)
{
    struct key *k = &ctx->s.flow.key;

    if (k->packet_type) { /* On labels, or between nothing and the packet. */
        xlate_push_mpls(ctx, eth_type);
        return;
    }
    if (!ctx->cfg->features.max_mpls_depth) {
        xlate_error(ctx, XLATE_TOO_MANY_LABELS);
        return;
    }
    const uint32_t lse = xlate_first_label(ctx);
    become(ctx, eth_type);
    k->mpls_lse[0] = htonl(lse);
}

void xlate_encap(struct xlate_ctx *ctx, const struct act_encap *a)
{
    xlate_commit(ctx); /* Changes to what goes out of sight, and a header that is not on yet. */
    ctx->s.encap.packet_type = a->packet_type;
    switch (a->packet_type) {
    case PACKET_TYPE_ETHERNET:
        encap_ethernet(ctx);
        break;
    case PACKET_TYPE_NSH:
        encap_nsh(ctx, a);
        break;
    default:
        encap_mpls(ctx, (uint16_t)a->packet_type);
        break;
    }
}

/* ---- the actions ---- */

static void put(struct xlate_ctx *ctx, enum action_kernel_kind kind, const void *data, size_t n)
{
    struct dp_actions *list = &ctx->out->actions;

    action_kernel_end(list, action_kernel_begin(list, kind, data, n));
    ctx->lasting = true;
}

static void put_push_eth(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *b = &ctx->base;
    uint8_t data[12];

    memcpy(data, k->eth_src, 6);
    memcpy(data + 6, k->eth_dst, 6);
    put(ctx, ACTION_KERNEL_PUSH_ETH, data, sizeof data);
    b->packet_type = 0;
    memcpy(b->eth_src, k->eth_src, 6);
    memcpy(b->eth_dst, k->eth_dst, 6);
    memset(ctx->committed.eth_src, 0xff, 6);
    memset(ctx->committed.eth_dst, 0xff, 6);
    memset(ctx->s.written.eth_src, 0xff, 6); /* None of it is the packet's own. */
    memset(ctx->s.written.eth_dst, 0xff, 6);
}

static void put_push_nsh(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    const struct xlate_encap *e = &ctx->s.encap;
    uint8_t data[NSH_MAX_LEN] = {k->nsh_flags, k->nsh_ttl, k->nsh_mdtype, k->nsh_np};
    size_t n_md = k->nsh_mdtype == MD_TYPE_FIXED ? sizeof k->nsh_c : e->n_md;

    put_be32(data + 4, ntohl(k->nsh_spi) << 8 | k->nsh_si);
    memcpy(data + NSH_BASE_LEN, k->nsh_mdtype == MD_TYPE_FIXED ? (const void *)k->nsh_c : e->md,
           n_md);
    put(ctx, ACTION_KERNEL_PUSH_NSH, data, NSH_BASE_LEN + n_md);
}

/* Of one label: more are pushed onto it. */
static void put_add_mpls(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    uint8_t data[8] = {0};

    memcpy(data, &k->mpls_lse[0], 4);
    memcpy(data + 4, &k->eth_type, 2);
    put(ctx, ACTION_KERNEL_ADD_MPLS, data, sizeof data);
}

void xlate_encap_commit(struct xlate_ctx *ctx)
{
    if (!ctx->s.encap.pending) {
        return;
    }
    ctx->s.encap.pending = false;
    if (ctx->s.encap.packet_type == PACKET_TYPE_ETHERNET) {
        put_push_eth(ctx);
        return;
    }
    if (ctx->s.encap.packet_type == PACKET_TYPE_NSH) {
        put_push_nsh(ctx);
    } else {
        put_add_mpls(ctx);
    }
    memcpy(frame_of(&ctx->base), frame_of(&ctx->s.flow.key), FRAME_SIZE);
    memset(frame_of(&ctx->committed), 0xff, FRAME_SIZE);
}

/* ---- decap ---- */

static void refuse_decap(struct xlate_ctx *ctx, const char *why)
{
    const be32 type = ctx->s.flow.key.packet_type;

    xlate_trace_note(ctx, why, name_space(type), type_in_space(type));
    xlate_error(ctx, XLATE_UNSUPPORTED_PACKET_TYPE);
}

static void decap_ethernet(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key, *b = &ctx->base;

    ctx->wc.key.vlan[0].tci |= htons(VLAN_CFI);
    ctx->wc.key.eth_type = UINT16_MAX;
    if (xlate_vlan_depth(k) || xlate_is_tag(k->eth_type)) {
        refuse_decap(ctx, "Dropping packet, cannot decap Ethernet if VLAN is present.");
        return;
    }
    if (ntohs(k->eth_type) < ETH_TYPE_MIN) {
        refuse_decap(ctx, "Dropping packet, cannot decap Ethernet without an EtherType.");
        return;
    }
    put(ctx, ACTION_KERNEL_POP_ETH, NULL, 0);
    k->packet_type = b->packet_type = PT_ETHERTYPE(ntohs(k->eth_type));
    struct key *const keys[] = {k, b, &ctx->s.written, &ctx->committed};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        memset(keys[i]->eth_src, 0, 6);
        memset(keys[i]->eth_dst, 0, 6);
    }
}

/* What comes to light is of this type; no more is known of it. */
static void resume_as(struct xlate_ctx *ctx, be32 packet_type)
{
    struct key *const keys[] = {&ctx->s.flow.key, &ctx->base, &ctx->s.written, &ctx->committed};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        memset(frame_of(keys[i]), 0, FRAME_SIZE);
    }
    ctx->base.packet_type = packet_type;
    ctx->base.eth_type = packet_type ? htons(type_in_space(packet_type)) : 0;
    ctx->s.flow.key.packet_type = ctx->base.packet_type;
    ctx->s.flow.key.eth_type = ctx->base.eth_type;
    ctx->lasting = ctx->s.freezing = true;
}

static void decap_nsh(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    be32 type;

    ctx->wc.key.nsh_np = UINT8_MAX;
    if (!nsh_np_to_type(k->nsh_np, &type)) {
        xlate_trace_note(ctx, "Dropping packet as NSH next protocol %u is not supported",
                         k->nsh_np);
        xlate_error(ctx, XLATE_UNSUPPORTED_PACKET_TYPE);
        return;
    }
    put(ctx, ACTION_KERNEL_POP_NSH, NULL, 0);
    resume_as(ctx, type);
}

/* Labels do not say what is behind the last one; 'said' does, in the action. */
static void decap_mpls(struct xlate_ctx *ctx, uint32_t said)
{
    const struct key *k = &ctx->s.flow.key;
    const bool bottom = (k->mpls_lse[0] & htonl(MPLS_BOS)) != 0;
    uint16_t eth_type = ntohs(k->eth_type);

    ctx->wc.key.mpls_lse[0] |= htonl(MPLS_BOS);
    if (bottom) {
        eth_type = said ? (uint16_t)said : ETH_TYPE_TEB;
        if (said && said >> 16 != PT_NS_ETHERTYPE) {
            refuse_decap(ctx, "Dropping packet as decap() of its last label must say what follows");
            return;
        }
    }
    xlate_commit_action(ctx, DP_ACTION_POP_MPLS, eth_type);
    resume_as(ctx, bottom && !said ? 0 : PT_ETHERTYPE(eth_type));
}

void xlate_decap(struct xlate_ctx *ctx, uint32_t said)
{
    const struct key *k = &ctx->s.flow.key;

    xlate_commit(ctx);
    if (!k->packet_type) {
        decap_ethernet(ctx);
    } else if (k->packet_type == PT_ETHERTYPE(ETH_TYPE_NSH)) {
        decap_nsh(ctx);
    } else if (xlate_is_mpls(k)) {
        decap_mpls(ctx, said);
    } else {
        refuse_decap(ctx, "Dropping packet as the decap() does not support packet type (%u,0x%x)");
    }
}
