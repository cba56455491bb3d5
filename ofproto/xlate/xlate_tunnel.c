/* xlate_tunnel.c - tunnel ports: into one and out of one.  See xlate-private.h, tunnel.h.
 *
 * The tunnel members of the key are what came with the packet, as far as the pipeline has not
 * written others.  Nothing in the packet's own headers changes: `set(tunnel)` says in which outer
 * header the datapath's port has to wrap the frame. */
#include "ofproto/xlate/xlate-private.h"

#define TOS_ECN  0x03
#define ECN_ECT0 0x02
#define ECN_CE   0x03

/* ---- in ---- */

static bool is_ip(const struct key *k)
{
    return key_is_ip4(k) || key_is_ip6(k);
}

/* RFC 6040 section 4.2: what the outer header has met goes on in the inner one.  False: the packet
 * must be dropped, for its sender does not know of congestion marks. */
static bool take_congestion(struct xlate_ctx *ctx)
{
    struct key *k = &ctx->s.flow.key;

    ctx->wc.key.tun_tos |= TOS_ECN;
    if ((k->tun_tos & TOS_ECN) != ECN_CE || !is_ip(k)) {
        return true;
    }
    ctx->wc.key.ip_tos |= TOS_ECN;
    if (!(k->ip_tos & TOS_ECN)) {
        xlate_trace_note(ctx, "dropping tunnel packet marked ECN CE but is not ECN capable");
        return false;
    }
    k->ip_tos |= ECN_CE;
    ctx->s.written.ip_tos |= TOS_ECN;
    return true;
}

const struct xlate_port *xlate_tunnel_input(struct xlate_ctx *ctx)
{
    const struct key *k = ctx->in->key;
    struct key *wc = &ctx->wc.key;

    wc->tun_id = UINT64_MAX;
    if (k->tun_dst || k->tun_src) {
        wc->tun_src = wc->tun_dst = UINT32_MAX;
    } else {
        memset(wc->tun_ip6_src, 0xff, 16);
        memset(wc->tun_ip6_dst, 0xff, 16);
    }
    return tunnel_map_find(&ctx->cfg->tunnels, k);
}

bool xlate_tunnel_accept(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    credit_add_tunnel(ctx->out->credit, CREDIT_TUNNEL_RX, port->tunnel_stats);
    return take_congestion(ctx) &&
           (port->tunnel->type != TUNNEL_GENEVE || xlate_options_accept(ctx));
}

/* ---- out ---- */

/* Bytes of the key's tunnel are needed as they are: those that nobody wrote depend on the packet,
 * if it came through a tunnel; whether it did, its port tells. */
static void look_at(struct xlate_ctx *ctx, size_t ofs, size_t n)
{
    uint8_t *wc = (uint8_t *)&ctx->wc.key + ofs;
    const uint8_t *written = (const uint8_t *)&ctx->s.written + ofs;

    for (size_t i = 0; i < n && key_has_tunnel(ctx->in->key); i++) {
        wc[i] |= (uint8_t)~written[i];
    }
}

#define LOOK_AT(CTX, MEMBER) \
    look_at(CTX, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER))

static void split(const uint8_t ip[16], be32 *ip4, uint8_t ip6[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (!memcmp(ip, mapped, sizeof mapped)) {
        memcpy(ip4, ip + 12, 4);
    } else {
        memcpy(ip6, ip, 16);
    }
}

static void choose_addresses(struct xlate_ctx *ctx, const struct tunnel_config *c,
                             union dp_set_value *v)
{
    const struct key *k = &ctx->s.flow.key;

    if (c->remote_flow) {
        LOOK_AT(ctx, tun_dst);
        LOOK_AT(ctx, tun_ip6_dst);
        v->tunnel.dst = k->tun_dst;
        memcpy(v->tunnel.ip6_dst, k->tun_ip6_dst, 16);
    } else {
        split(c->remote, &v->tunnel.dst, v->tunnel.ip6_dst);
    }
    if (c->local_flow) {
        LOOK_AT(ctx, tun_src);
        LOOK_AT(ctx, tun_ip6_src);
        v->tunnel.src = k->tun_src;
        memcpy(v->tunnel.ip6_src, k->tun_ip6_src, 16);
    } else {
        split(c->local, &v->tunnel.src, v->tunnel.ip6_src);
    }
    if (v->tunnel.dst) { /* One family. */
        memset(v->tunnel.ip6_src, 0, 16);
        memset(v->tunnel.ip6_dst, 0, 16);
    } else {
        v->tunnel.src = 0;
    }
}

/* RFC 6040 section 4.1: congestion met inside is not told outside. */
static void choose_tos_ttl(struct xlate_ctx *ctx, const struct tunnel_config *c,
                           union dp_set_value *v)
{
    const struct key *k = &ctx->s.flow.key;

    v->tunnel.tos = c->tos;
    v->tunnel.ttl = c->ttl;
    if (!is_ip(k) || ctx->s.unparsed) {
        return;
    }
    ctx->wc.key.ip_tos |= (uint8_t)~ctx->s.written.ip_tos & (c->tos_inherit ? UINT8_MAX : TOS_ECN);
    uint8_t ecn = k->ip_tos & TOS_ECN;
    uint8_t dscp = c->tos_inherit ? k->ip_tos & (uint8_t)~TOS_ECN : c->tos;
    v->tunnel.tos = dscp | (ecn == ECN_CE ? ECN_ECT0 : ecn);
    if (c->ttl_inherit) {
        ctx->wc.key.ip_ttl |= (uint8_t)~ctx->s.written.ip_ttl;
        v->tunnel.ttl = k->ip_ttl;
    }
}

static void choose_key(struct xlate_ctx *ctx, const struct tunnel_config *c, union dp_set_value *v)
{
    const struct key *k = &ctx->s.flow.key;
    bool udp6 = c->dst_port && !v->tunnel.dst; /* RFC 8200 section 8.1: peers may insist. */
    uint16_t flags = (c->df ? KEY_TUN_DF : 0) | (c->csum || udp6 ? KEY_TUN_CSUM : 0) |
                     (c->out_key_present ? KEY_TUN_KEY : 0);

    v->tunnel.id = c->out_key;
    if (c->out_key_flow) {
        LOOK_AT(ctx, tun_id);
        v->tunnel.id = k->tun_id;
    }
    if (c->type == TUNNEL_GENEVE) {
        if (key_has_tunnel(ctx->in->key)) {
            ctx->wc.key.tun_flags |= htons(KEY_TUN_OAM) & ~ctx->s.written.tun_flags;
        }
        flags |= ntohs(k->tun_flags) & KEY_TUN_OAM;
    }
    if (c->gbp) {
        LOOK_AT(ctx, tun_gbp_id);
        LOOK_AT(ctx, tun_gbp_flags);
        v->tunnel.gbp_id = k->tun_gbp_id;
        v->tunnel.gbp_flags = k->tun_gbp_flags;
    }
    v->tunnel.flags = htons(flags);
    v->tunnel.tp_dst = htons(c->dst_port);
}

/* It came to this address, and would come again. */
static bool is_own_address(struct xlate_ctx *ctx, const union dp_set_value *v)
{
    const struct key *k = ctx->in->key;

    if (!key_has_tunnel(k)) {
        return false;
    }
    if (k->tun_dst) {
        ctx->wc.key.tun_dst = UINT32_MAX;
        return v->tunnel.dst == k->tun_dst;
    }
    memset(ctx->wc.key.tun_ip6_dst, 0xff, 16);
    return !memcmp(v->tunnel.ip6_dst, k->tun_ip6_dst, 16);
}

static void emit(struct xlate_ctx *ctx, const union dp_set_value *v, const struct key *options)
{
    unsigned n = options->tun_opt_len;
    struct dp_action_set *a = dp_actions_put(&ctx->out->actions, DP_ACTION_SET, sizeof *a + n);

    if (!ctx->out->actions.overflow) {
        a->a.u32 = DP_SET_TUNNEL;
        a->value = *v;
        a->value.tunnel.opt_len = (uint8_t)n;
        memcpy(a->options, options->tun_opt, n);
        memset(&a->mask.tunnel, 0xff, sizeof a->mask.tunnel);
    }
}

bool xlate_tunnel_output(struct xlate_ctx *ctx, const struct xlate_port *port)
{
    union dp_set_value v = {.tunnel.id = 0};

    choose_addresses(ctx, port->tunnel, &v);
    if (!v.tunnel.dst && is_all_zeros(v.tunnel.ip6_dst, 16)) {
        xlate_trace_note(ctx, "Tunneling decided against output");
        return false;
    }
    if (is_own_address(ctx, &v)) {
        xlate_trace_note(ctx, "Not tunneling to our own address");
        return false;
    }
    choose_tos_ttl(ctx, port->tunnel, &v);
    choose_key(ctx, port->tunnel, &v);
    struct key options = {0};
    if (port->tunnel->type == TUNNEL_GENEVE && !xlate_options_write(ctx, &options)) {
        return false;
    }
    emit(ctx, &v, &options);
    /* Whoever sees the packet next may find this in the place of what it came with. */
    memset((uint8_t *)&ctx->committed + KEY_TUN_OFS, 0xff, KEY_TUN_SIZE);
    credit_add_tunnel(ctx->out->credit, CREDIT_TUNNEL_TX, port->tunnel_stats);
    return true;
}

/* ---- across recirculation ---- */

bool xlate_tunnel_must_be_kept(const struct xlate_ctx *ctx)
{
    return ctx->s.tun_written.present ||
           !is_all_zeros((const uint8_t *)&ctx->s.written + KEY_TUN_OFS, KEY_TUN_SIZE) ||
           !is_all_zeros((const uint8_t *)&ctx->committed + KEY_TUN_OFS, KEY_TUN_SIZE);
}
