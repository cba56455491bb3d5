/* tunnel.c - see tunnel.h. */
#include "lib/packet/tunnel.h"

#include "lib/packet/csum.h"
#include "lib/packet/geneve_opt.h"

#define ETH_HEADER   14
#define PROTO_BRIDGE 0x6558 /* Ethernet frames, in Geneve and GRE. */

const struct tunnel_type_info tunnel_types[TUNNEL_N_TYPES] = {
    [TUNNEL_VXLAN] = {"vxlan", "vxlan_sys", 4789},
    [TUNNEL_GENEVE] = {"geneve", "genev_sys", 6081},
    [TUNNEL_GRE] = {"gre", "gre_sys", 0},
};

bool tunnel_type_by_name(const char *name, enum tunnel_type *type)
{
    for (unsigned i = 0; i < TUNNEL_N_TYPES; i++) {
        if (!strcmp(name, tunnel_types[i].name)) {
            *type = (enum tunnel_type)i;
            return true;
        }
    }
    return false;
}

/* VXLAN and Geneve have 24 bits of it. */
static uint32_t low_id(be64 id, uint32_t mask)
{
    return (uint32_t)be64toh(id) & mask;
}

/* ---- VXLAN ---- */

#define VXLAN_LEN   8
#define VXLAN_VNI   0x08 /* First byte. */
#define VXLAN_GBP   0x80
#define GBP_DONT    0x40 /* Second byte: do not learn; */
#define GBP_APPLIED 0x08 /* the policy has been applied. */
#define GBP_FLAGS   (GBP_DONT | GBP_APPLIED)

static unsigned put_vxlan(const struct packet_tunnel *t, bool gbp, uint8_t *h)
{
    memset(h, 0, VXLAN_LEN);
    h[0] = VXLAN_VNI;
    if (gbp && (t->gbp_id || t->gbp_flags)) {
        h[0] |= VXLAN_GBP;
        h[1] = t->gbp_flags & GBP_FLAGS;
        put_be16(h + 2, ntohs(t->gbp_id));
    }
    put_be32(h + 4, low_id(t->id, 0xffffff) << 8);
    return VXLAN_LEN;
}

static unsigned get_vxlan(struct packet_tunnel *t, bool gbp, const uint8_t *h, uint32_t n)
{
    if (n < VXLAN_LEN || !(h[0] & VXLAN_VNI)) {
        return 0;
    }
    if (gbp && h[0] & VXLAN_GBP) {
        t->flags |= htons(KEY_TUN_GBP);
        t->gbp_flags = h[1] & GBP_FLAGS;
        t->gbp_id = htons(get_be16(h + 2));
    }
    t->id = htobe64(get_be32(h + 4) >> 8);
    t->flags |= htons(KEY_TUN_KEY);
    return VXLAN_LEN;
}

/* ---- Geneve ---- */

#define GENEVE_LEN      8
#define GENEVE_OPTIONS  0x3f /* First byte: words of options; above: the version. */
#define GENEVE_OAM      0x80 /* Second byte. */
#define GENEVE_CRITICAL 0x40

static bool has_critical(const uint8_t *options, unsigned n)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    while (geneve_opt_next(options, n, &ofs, &o)) {
        if (o.type & GENEVE_OPT_CRITICAL) {
            return true;
        }
    }
    return false;
}

static unsigned put_geneve(const struct packet *p, uint8_t *h)
{
    const struct packet_tunnel *t = &p->tun;

    memset(h, 0, GENEVE_LEN);
    h[0] = t->opt_len / 4;
    h[1] = t->flags & htons(KEY_TUN_OAM) ? GENEVE_OAM : 0;
    h[1] |= has_critical(p->tun_opt, t->opt_len) ? GENEVE_CRITICAL : 0;
    put_be16(h + 2, PROTO_BRIDGE);
    put_be32(h + 4, low_id(t->id, 0xffffff) << 8);
    memcpy(h + GENEVE_LEN, p->tun_opt, t->opt_len);
    return GENEVE_LEN + t->opt_len;
}

/* Which options are known, translation decides: what must not be ignored is dropped there. */
static unsigned get_geneve(struct packet *p, const uint8_t *h, uint32_t n)
{
    struct packet_tunnel *t = &p->tun;

    if (n < GENEVE_LEN || h[0] >> 6 || get_be16(h + 2) != PROTO_BRIDGE) {
        return 0;
    }
    unsigned len = (h[0] & GENEVE_OPTIONS) * 4u;
    if (n < GENEVE_LEN + len || !geneve_opts_ok(h + GENEVE_LEN, len)) {
        return 0;
    }
    t->id = htobe64(get_be32(h + 4) >> 8);
    t->flags |= htons(KEY_TUN_KEY | (h[1] & GENEVE_OAM ? KEY_TUN_OAM : 0));
    t->opt_len = (uint8_t)len;
    memcpy(p->tun_opt, h + GENEVE_LEN, len);
    return GENEVE_LEN + len;
}

/* ---- GRE ---- */

#define GRE_LEN   4
#define GRE_CSUM  0x8000
#define GRE_KEY   0x2000
#define GRE_SEQ   0x1000
#define GRE_KNOWN (GRE_CSUM | GRE_KEY | GRE_SEQ)

static unsigned put_gre(const struct packet *p, uint8_t *h)
{
    const struct packet_tunnel *t = &p->tun;
    unsigned n = GRE_LEN;
    uint16_t flags = 0;

    if (t->flags & htons(KEY_TUN_CSUM)) {
        flags |= GRE_CSUM;
        put_be32(h + n, 0);
        n += 4;
    }
    if (t->flags & htons(KEY_TUN_KEY)) {
        flags |= GRE_KEY;
        put_be32(h + n, low_id(t->id, UINT32_MAX));
        n += 4;
    }
    put_be16(h, flags);
    put_be16(h + 2, PROTO_BRIDGE);
    if (flags & GRE_CSUM) {
        be16 sum = csum_fold(csum_add(csum_add(0, h, n), p->data, p->len));
        memcpy(h + GRE_LEN, &sum, sizeof sum);
    }
    return n;
}

static unsigned get_gre(struct packet_tunnel *t, const uint8_t *h, uint32_t n)
{
    uint16_t flags = n >= GRE_LEN ? get_be16(h) : UINT16_MAX;
    unsigned len = GRE_LEN + (flags & GRE_CSUM ? 4 : 0) + (flags & GRE_KEY ? 4 : 0) +
                   (flags & GRE_SEQ ? 4 : 0);

    if (flags & ~GRE_KNOWN || n < len || get_be16(h + 2) != PROTO_BRIDGE ||
        (flags & GRE_CSUM && csum(h, n))) {
        return 0;
    }
    if (flags & GRE_CSUM) {
        t->flags |= htons(KEY_TUN_CSUM);
    }
    if (flags & GRE_KEY) {
        t->id = htobe64(get_be32(h + GRE_LEN + (flags & GRE_CSUM ? 4 : 0)));
        t->flags |= htons(KEY_TUN_KEY);
    }
    return len;
}

/* ---- both ways ---- */

unsigned tunnel_header(const struct packet *p, enum tunnel_type type, bool gbp,
                       uint8_t header[TUNNEL_MAX_HEADER])
{
    switch (type) {
    case TUNNEL_VXLAN:
        return put_vxlan(&p->tun, gbp, header);
    case TUNNEL_GENEVE:
        return put_geneve(p, header);
    case TUNNEL_GRE:
        return put_gre(p, header);
    case TUNNEL_N_TYPES:
        break;
    }
    return 0;
}

bool tunnel_pop(struct packet *p, enum tunnel_type type, bool gbp)
{
    unsigned n = type == TUNNEL_VXLAN    ? get_vxlan(&p->tun, gbp, p->data, p->len)
                 : type == TUNNEL_GENEVE ? get_geneve(p, p->data, p->len)
                                         : get_gre(&p->tun, p->data, p->len);

    if (!n || p->len < n + ETH_HEADER) {
        return false;
    }
    packet_pull(p, n);
    p->has_tunnel = true;
    return true;
}
