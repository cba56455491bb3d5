/* xlate_type.c - fields that say what follows: EtherType, IP protocol, bottom of stack.  See
 * xlate-private.h.  OpenFlow 1.3.5 section 5.12 lets all header fields be set.
 *
 * The bytes that follow stay as they are, so what they mean is known when the packet is parsed
 * again. A checksum behind an IP protocol is that of the old one. */
#include "ofproto/xlate/xlate-private.h"

#define ETH_TYPE_MIN  0x0600
#define ETH_TYPE_NONE 0x05ff /* Of a key: 802.2 without an EtherType. */

bool xlate_type_is(const struct field *f)
{
    return f->id == MF_ETH_TYPE || f->id == MF_NW_PROTO || f->id == MF_MPLS_BOS;
}

static void eth_type_written(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key, *b = &ctx->base;

    ctx->wc.key.eth_type = UINT16_MAX;
    if (b->eth_type == htons(ETH_TYPE_NONE) || ntohs(k->eth_type) < ETH_TYPE_MIN) {
        xlate_trace_warn(ctx, "a length is no EtherType, which stays as it is");
        k->eth_type = b->eth_type;
        return;
    }
    if (k->eth_type == b->eth_type) {
        return;
    }
    xlate_commit_set(ctx, DP_SET_ETH_TYPE, &(union dp_set_value){.eth_type = k->eth_type},
                     &(union dp_set_value){.eth_type = UINT16_MAX});
    /* What is a tag now, or was the one below those in sight, is not there in the key. */
    ctx->s.freezing |= xlate_is_tag(k->eth_type) || xlate_is_tag(b->eth_type);
    b->eth_type = k->eth_type;
    ctx->lasting = ctx->s.unparsed = true;
}

static void ip_proto_written(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key, *b = &ctx->base;

    ctx->wc.key.ip_proto = UINT8_MAX;
    if (k->ip_proto == b->ip_proto) {
        return;
    }
    xlate_commit_set(ctx, DP_SET_IP_PROTO, &(union dp_set_value){.ip_proto = k->ip_proto},
                     &(union dp_set_value){.ip_proto = UINT8_MAX});
    b->ip_proto = k->ip_proto;
    ctx->lasting = ctx->s.unparsed = true;
}

static void bos_written(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;

    if (k->mpls_lse[0] == ctx->base.mpls_lse[0]) {
        return;
    }
    xlate_commit_set(ctx, DP_SET_MPLS, &(union dp_set_value){.mpls_lse = k->mpls_lse[0]},
                     &(union dp_set_value){.mpls_lse = UINT32_MAX});
    ctx->base.mpls_lse[0] = k->mpls_lse[0];
    ctx->lasting = ctx->s.unparsed = true;
}

void xlate_type_written(struct xlate_ctx *ctx, const struct field *f)
{
    if (f->id == MF_ETH_TYPE) {
        eth_type_written(ctx);
    } else if (f->id == MF_NW_PROTO) {
        ip_proto_written(ctx);
    } else {
        bos_written(ctx);
    }
}
