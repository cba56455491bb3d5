/* xlate_pbb.c - MAC in MAC: the header of a provider backbone bridge around a frame.  See
 * xlate-private.h.  OpenFlow 1.3.5 section 5.12, IEEE 802.1Q clause 9.7.
 *
 * The outer addresses are those of the frame within; a B-TAG is a matter of push_vlan. */
#include "ofproto/xlate/xlate-private.h"

#define ETH_TYPE_PBB 0x88e7

static bool is_pbb(const struct key *k)
{
    return k->eth_type == htons(ETH_TYPE_PBB);
}

/* Priority of the outermost tag, I-SID of the outermost I-TAG, if the frame has such. */
static uint32_t new_tci(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    uint32_t tci = 0;

    memset(ctx->wc.key.vlan, 0xff, sizeof ctx->wc.key.vlan);
    ctx->wc.key.eth_type = UINT16_MAX;
    if (xlate_vlan_depth(k)) {
        tci |= (uint32_t)(ntohs(k->vlan[0].tci) >> VLAN_PCP_SHIFT) << 29;
    }
    if (is_pbb(k)) {
        ctx->wc.key.pbb_isid = UINT32_MAX;
        tci |= ntohl(k->pbb_isid);
    }
    return tci;
}

void xlate_push_pbb(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key, *b = &ctx->base;
    const size_t tags = offsetof(struct key, vlan), n = sizeof(struct key) - tags;

    if (!xlate_must_be_ethernet(ctx, "push_pbb")) {
        return;
    }
    xlate_commit(ctx);
    uint32_t tci = new_tci(ctx);
    xlate_commit_action(ctx, DP_ACTION_PUSH_PBB, tci);
    memset((uint8_t *)k + tags, 0, n);
    memset((uint8_t *)&ctx->s.written + tags, 0, n);
    k->eth_type = htons(ETH_TYPE_PBB);
    k->pbb_isid = htonl(tci & 0xffffff);
    memcpy((uint8_t *)b + tags, (uint8_t *)k + tags, n);
    memset((uint8_t *)&ctx->committed + tags, 0xff, n); /* All of it is ours now. */
    b->eth_type = k->eth_type;
    ctx->s.unparsed = false;
    ctx->lasting = true;
}

void xlate_pop_pbb(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;

    memset(ctx->wc.key.vlan, 0xff, sizeof ctx->wc.key.vlan);
    ctx->wc.key.eth_type = UINT16_MAX;
    if (!is_pbb(k) || k->packet_type || xlate_vlan_depth(k)) {
        return; /* A B-TAG comes off first. */
    }
    xlate_commit(ctx);
    xlate_commit_action(ctx, DP_ACTION_POP_PBB, 0);
    ctx->lasting = ctx->s.freezing = true; /* Nothing is known of the frame within. */
}
