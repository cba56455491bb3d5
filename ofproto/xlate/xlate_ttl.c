/* xlate_ttl.c - TTLs of IP, labels and NSH: set, counted down, copied.  See xlate-private.h.
 * OpenFlow 1.3.5 section 5.12, RFC 8300 section 2.2. */
#include "ofproto/xlate/xlate-private.h"

#define MPLS_TTL UINT32_C(0xff)

bool xlate_dec_ttl(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key;

    if (!xlate_is_ip(k)) {
        return true;
    }
    ctx->wc.key.ip_ttl = UINT8_MAX;
    if (k->ip_ttl <= 1) {
        return false;
    }
    k->ip_ttl--;
    ctx->s.written.ip_ttl = UINT8_MAX;
    return true;
}

void xlate_set_nw_ttl(struct xlate_ctx *ctx, uint8_t ttl)
{
    if (xlate_is_ip(&ctx->s.flow.key)) {
        ctx->s.flow.key.ip_ttl = ttl;
        ctx->s.written.ip_ttl = UINT8_MAX;
    }
}

bool xlate_dec_mpls_ttl(struct xlate_ctx *ctx)
{
    be32 *lse = &ctx->s.flow.key.mpls_lse[0];
    uint32_t ttl = ntohl(*lse) & MPLS_TTL;

    if (!xlate_is_mpls(&ctx->s.flow.key)) {
        return true;
    }
    xlate_look_at_labels(ctx);
    if (ttl <= 1) {
        return false;
    }
    *lse = htonl(ntohl(*lse) - 1);
    return true;
}

void xlate_set_mpls_ttl(struct xlate_ctx *ctx, uint8_t ttl)
{
    be32 *lse = &ctx->s.flow.key.mpls_lse[0];

    if (xlate_is_mpls(&ctx->s.flow.key)) {
        xlate_look_at_labels(ctx);
        *lse = htonl((ntohl(*lse) & ~MPLS_TTL) | ttl);
    }
}

bool xlate_dec_nsh_ttl(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key;

    if (k->eth_type != htons(0x894f)) {
        return true;
    }
    ctx->wc.key.nsh_ttl = UINT8_MAX;
    if (k->nsh_ttl <= 1) {
        return false;
    }
    k->nsh_ttl--;
    ctx->s.written.nsh_ttl = UINT8_MAX;
    return true;
}

/* The header below may be out of the key's sight: only the executor sees both. */
void xlate_copy_ttl(struct xlate_ctx *ctx, bool inwards)
{
    const struct key *k = &ctx->s.flow.key;

    ctx->wc.key.eth_type = UINT16_MAX;
    if (xlate_is_ip(k)) {
        ctx->wc.key.ip_proto = UINT8_MAX;
    }
    if (!xlate_is_mpls(k) &&
        (!xlate_is_ip(k) || (k->ip_proto != IPPROTO_IPIP && k->ip_proto != IPPROTO_IPV6))) {
        return; /* No header with a TTL that has another one behind it. */
    }
    xlate_commit(ctx);
    xlate_commit_action(ctx, DP_ACTION_COPY_TTL, inwards);
    ctx->lasting = ctx->s.unparsed = true;
}
