/* xlate_in_band.c - what passes whatever the rules say, so that a switch whose controllers are
 * reached through its own ports finds them.  See xlate-private.h.
 *
 * DHCP of the LOCAL port; ARP and neighbour discovery by which it finds others, and by which
 * controllers and the routers on the way to them find others and are found, by switches behind this
 * one too; the controllers' connections.  Of what is compared, as many leading bits are in the mask
 * as tell the two apart. */
#include "ofproto/xlate/xlate-private.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2
#define DHCP_SERVER 67
#define DHCP_CLIENT 68
#define ND_SOLICIT  135
#define ND_ADVERT   136

static bool same(const void *is_, const void *wanted_, void *mask_, size_t n)
{
    const uint8_t *is = is_, *wanted = wanted_;
    uint8_t *mask = mask_;

    for (size_t i = 0; i < n; i++) {
        uint8_t differ = is[i] ^ wanted[i];
        if (differ) {
            unsigned lead = (unsigned)__builtin_clz(differ) - 24;
            mask[i] |= (uint8_t)(0xff00 >> (lead + 1));
            return false;
        }
        mask[i] = UINT8_MAX;
    }
    return true;
}

/* Is an address (of 4 or 16 bytes, in the key and in the mask) a peer's, and with a controller's
 * the port?  'port' NULL: it need not be. */
static bool is_peer(const struct xlate_in_band *b, bool ip6, const void *addr, void *mask,
                    const be16 *port, be16 *port_mask)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct xlate_in_band_peer *p = &b->peers[i];
        if (p->ip6 == ip6 && (!port || p->port) && same(addr, p->addr, mask, ip6 ? 16 : 4) &&
            (!port || same(port, &p->port, port_mask, sizeof *port))) {
            return true;
        }
    }
    return false;
}

static bool is_port(be16 is, uint16_t wanted, be16 *mask)
{
    be16 w = htons(wanted);
    return same(&is, &w, mask, sizeof is);
}

static bool is_dhcp(struct xlate_ctx *ctx, const struct xlate_in_band *b)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *m = &ctx->wc.key;

    if (ctx->s.flow.in_port == htonl(OFPP_LOCAL)) {
        return same(k->eth_src, b->mac, m->eth_src, 6) &&
               is_port(k->tp_src, DHCP_CLIENT, &m->tp_src) &&
               is_port(k->tp_dst, DHCP_SERVER, &m->tp_dst);
    }
    return is_port(k->tp_src, DHCP_SERVER, &m->tp_src) &&
           is_port(k->tp_dst, DHCP_CLIENT, &m->tp_dst) && same(k->eth_dst, b->mac, m->eth_dst, 6);
}

static bool is_ip_of_peer(struct xlate_ctx *ctx, const struct xlate_in_band *b, bool ip6, bool src)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *m = &ctx->wc.key;

    if (ip6) {
        return is_peer(b, true, src ? k->ip6_src : k->ip6_dst, src ? m->ip6_src : m->ip6_dst, NULL,
                       NULL);
    }
    return is_peer(b, false, src ? &k->ip_src : &k->ip_dst, src ? &m->ip_src : &m->ip_dst, NULL,
                   NULL);
}

/* ARP by its opcode: of the LOCAL port, a controller or a router, or about one of the latter. */
static bool is_arp(struct xlate_ctx *ctx, const struct xlate_in_band *b)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *m = &ctx->wc.key;

    return (k->ip_proto == ARP_REQUEST ? same(k->eth_src, b->mac, m->eth_src, 6)
                                       : same(k->eth_dst, b->mac, m->eth_dst, 6)) ||
           is_ip_of_peer(ctx, b, false, true) || is_ip_of_peer(ctx, b, false, false);
}

/* The same of neighbour discovery, whose target is who is looked for. */
static bool is_nd(struct xlate_ctx *ctx, const struct xlate_in_band *b)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *m = &ctx->wc.key;
    bool asks = k->tp_src == htons(ND_SOLICIT);

    return (asks ? same(k->eth_src, b->mac, m->eth_src, 6)
                 : same(k->eth_dst, b->mac, m->eth_dst, 6)) ||
           is_ip_of_peer(ctx, b, true, asks) ||
           is_peer(b, true, k->nd_target, m->nd_target, NULL, NULL);
}

static bool is_connection(struct xlate_ctx *ctx, const struct xlate_in_band *b, bool ip6)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *m = &ctx->wc.key;

    return is_peer(b, ip6, ip6 ? (const void *)k->ip6_dst : &k->ip_dst,
                   ip6 ? (void *)m->ip6_dst : &m->ip_dst, &k->tp_dst, &m->tp_dst) ||
           is_peer(b, ip6, ip6 ? (const void *)k->ip6_src : &k->ip_src,
                   ip6 ? (void *)m->ip6_src : &m->ip_src, &k->tp_src, &m->tp_src);
}

bool xlate_in_band(struct xlate_ctx *ctx)
{
    const struct xlate_in_band *b = ctx->s.bridge->in_band;
    const struct key *k = &ctx->s.flow.key;
    bool ip6 = key_is_ip6(k);

    if (!b || k->packet_type) {
        return false;
    }
    ctx->wc.key.eth_type = UINT16_MAX;
    if (k->eth_type == htons(0x0806)) {
        ctx->wc.key.ip_proto = UINT8_MAX;
        return (k->ip_proto == ARP_REQUEST || k->ip_proto == ARP_REPLY) && is_arp(ctx, b);
    }
    if (!ip6 && !key_is_ip4(k)) {
        return false;
    }
    ctx->wc.key.ip_proto = UINT8_MAX;
    switch (k->ip_proto) {
    case IPPROTO_TCP:
        return is_connection(ctx, b, ip6);
    case IPPROTO_UDP:
        return !ip6 && is_dhcp(ctx, b);
    case IPPROTO_ICMPV6:
        if (!ip6) {
            return false;
        }
        ctx->wc.key.tp_src = UINT16_MAX;
        return (k->tp_src == htons(ND_SOLICIT) || k->tp_src == htons(ND_ADVERT)) && is_nd(ctx, b);
    default:
        return false;
    }
}
