/* xlate_hash.c - what multipath and bundle choose by: hashes of a packet's fields.  See
 * xlate-private.h.  A symmetric one is the same for both directions. */
#include "lib/hash.h"
#include "ofproto/xlate/xlate-private.h"

/* What is hashed: zero where a method does not look. */
struct hashed {
    uint64_t eth, ports;
    uint8_t addr[16];
    be16 eth_type, vlan[KEY_MAX_VLANS];
    uint8_t proto, pad;
};

static void mix_addr(struct hashed *h, const void *a, const void *b, size_t n)
{
    const uint8_t *x = a, *y = b;

    for (size_t i = 0; i < n; i++) {
        h->addr[i] = x[i] ^ (y ? y[i] : 0);
    }
}

static void hash_addresses(struct xlate_ctx *ctx, struct hashed *h, bool src, bool dst)
{
    struct key *k = &ctx->s.flow.key, *m = &ctx->wc.key;
    bool ip6 = key_is_ip6(k);
    size_t n = ip6 ? 16 : 4;
    void *s = ip6 ? (void *)k->ip6_src : (void *)&k->ip_src;
    void *d = ip6 ? (void *)k->ip6_dst : (void *)&k->ip_dst;

    if (!ip6 && !key_is_ip4(k)) {
        return;
    }
    if (src) {
        memset(ip6 ? (void *)m->ip6_src : (void *)&m->ip_src, 0xff, n);
    }
    if (dst) {
        memset(ip6 ? (void *)m->ip6_dst : (void *)&m->ip_dst, 0xff, n);
    }
    mix_addr(h, src ? s : d, src && dst ? d : NULL, n);
}

static void hash_ports(struct xlate_ctx *ctx, struct hashed *h, bool udp)
{
    const struct key *k = &ctx->s.flow.key;

    if (!key_is_ip4(k) && !key_is_ip6(k)) {
        return;
    }
    ctx->wc.key.ip_proto = UINT8_MAX;
    h->proto = k->ip_proto;
    if ((k->ip_proto == IPPROTO_TCP || k->ip_proto == IPPROTO_SCTP ||
         (udp && k->ip_proto == IPPROTO_UDP)) &&
        !(k->ip_frag & KEY_FRAG_ANY)) { /* All fragments of a packet go one way. */
        ctx->wc.key.tp_src = ctx->wc.key.tp_dst = UINT16_MAX;
        h->ports = k->tp_src ^ k->tp_dst;
    }
}

static void hash_ethernet(struct xlate_ctx *ctx, struct hashed *h)
{
    const struct key *k = &ctx->s.flow.key;

    memset(ctx->wc.key.eth_src, 0xff, 6);
    memset(ctx->wc.key.eth_dst, 0xff, 6);
    memset(ctx->wc.key.vlan, 0xff, sizeof ctx->wc.key.vlan);
    for (unsigned i = 0; i < 6; i++) {
        h->eth = h->eth << 8 | (k->eth_src[i] ^ k->eth_dst[i]);
    }
    h->eth_type = k->eth_type;
    for (unsigned i = 0; i < KEY_MAX_VLANS; i++) {
        h->vlan[i] = k->vlan[i].tci & htons(VLAN_VID_MASK);
    }
}

uint32_t xlate_hash(struct xlate_ctx *ctx, enum act_hash what, uint16_t basis)
{
    struct hashed h = {.eth = 0};

    switch (what) {
    case ACT_HASH_ETH_SRC:
        memset(ctx->wc.key.eth_src, 0xff, 6);
        memcpy(&h.eth, ctx->s.flow.key.eth_src, 6);
        break;
    case ACT_HASH_SYMMETRIC_L4:
        hash_ethernet(ctx, &h);
        hash_addresses(ctx, &h, true, true);
        hash_ports(ctx, &h, false);
        break;
    case ACT_HASH_SYMMETRIC_L3L4:
    case ACT_HASH_SYMMETRIC_L3L4_UDP:
        hash_addresses(ctx, &h, true, true);
        hash_ports(ctx, &h, what == ACT_HASH_SYMMETRIC_L3L4_UDP);
        break;
    case ACT_HASH_SYMMETRIC_L3:
        hash_addresses(ctx, &h, true, true);
        break;
    case ACT_HASH_NW_SRC:
        hash_addresses(ctx, &h, true, false);
        break;
    case ACT_HASH_NW_DST:
        hash_addresses(ctx, &h, false, true);
        break;
    case ACT_N_HASHES:
        break;
    }
    return (uint32_t)hash_bytes(&h, sizeof h, basis);
}
