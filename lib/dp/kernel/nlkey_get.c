/* nlkey_get.c - see nlkey.h: keys and masks from the kernel. */
#include "lib/dp/kernel/nlkey-private.h"
#include "lib/packet/packet.h"

static uint8_t frag_from_kernel(uint8_t type)
{
    return type == OVS_FRAG_TYPE_NONE    ? 0
           : type == OVS_FRAG_TYPE_FIRST ? KEY_FRAG_ANY
                                         : KEY_FRAG_ANY | KEY_FRAG_LATER;
}

static bool get_member(const struct nlkey_member *m, bool is_mask, const uint8_t *from,
                       struct key *key)
{
    uint8_t *to = (uint8_t *)key + m->key;
    uint32_t u32;
    uint16_t u16;

    from += m->attr;
    switch ((enum nlkey_as)m->as) {
    case AS_IS:
        memcpy(to, from, m->n);
        break;
    case HOST32:
        memcpy(&u32, from, 4);
        memcpy(to, &(be32){htonl(u32)}, 4);
        break;
    case HOST16:
        memcpy(&u16, from, 2);
        memcpy(to, &(be16){htons(u16)}, 2);
        break;
    case HOST128:
        nlkey_label(to, from);
        break;
    case LOW_BYTE:
        to[0] = is_mask ? *from : 0;
        to[1] = *from;
        break;
    case HIGH_ZERO:
        if (!is_mask && from[0]) {
            return false;
        }
        *to = from[1];
        break;
    case FRAG:
        if (!is_mask && *from > OVS_FRAG_TYPE_LATER) {
            return false;
        }
        *to = is_mask ? (*from ? KEY_FRAG_ANY | KEY_FRAG_LATER : 0) : frag_from_kernel(*from);
        break;
    }
    return true;
}

struct get {
    bool is_mask;
    uint64_t seen;    /* Attributes met, but those that repeat behind a tag. */
    unsigned n_vlans; /* Tags whose ENCAP has been entered. */
    struct key *key;
};

static const struct nlkey_attr *find_attr(uint16_t type)
{
    for (size_t i = 0; i < N_OUTER; i++) {
        if (nlkey_outer[i].type == type) {
            return &nlkey_outer[i];
        }
    }
    for (size_t i = 0; i < N_INNER; i++) {
        if (nlkey_inner[i].type == type) {
            return &nlkey_inner[i];
        }
    }
    return NULL;
}

static bool get_row(const struct get *g, const struct nlkey_attr *a, const struct nlrd *r)
{
    if (r->n != a->size) {
        return false;
    }
    for (unsigned i = 0; i < nlkey_n_members(a); i++) {
        if (!get_member(&a->m[i], g->is_mask, r->data, g->key)) {
            return false;
        }
    }
    return true;
}

static bool get_gbp(struct key *k, const struct nlrd *opts)
{
    struct nlrd r;

    nlrd_init(&r, opts->data, opts->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_VXLAN_EXT_GBP) {
            uint32_t gbp = nlrd_u32(&r);
            k->tun_flags |= htons(KEY_TUN_GBP);
            k->tun_gbp_id = htons((uint16_t)gbp);
            k->tun_gbp_flags = (uint8_t)(gbp >> 16);
        }
    }
    return !r.err;
}

static bool get_options(const struct get *g, const struct nlrd *r)
{
    if (r->n > KEY_TUN_OPT_MAX || r->n % 4) {
        return false;
    }
    g->key->tun_opt_len = g->is_mask ? UINT8_MAX : (uint8_t)r->n;
    memcpy(g->key->tun_opt, r->data, r->n);
    return true;
}

/* A mask does not say of which version its key is, nor does a flow's key where that is not matched;
 * the members of both do not overlap. */
static bool get_erspan(const struct get *g, const struct nlrd *r)
{
    struct erspan_metadata m;
    struct key *k = g->key;

    if (r->n != sizeof m) {
        return false;
    }
    memcpy(&m, r->data, sizeof m);
    k->tun_erspan_ver = (uint8_t)m.version;
    if (g->is_mask || m.version != 2) {
        k->tun_erspan_idx = m.u.index;
    }
    if (g->is_mask || m.version != 1) {
        k->tun_erspan_dir = m.u.md2.dir;
        k->tun_erspan_hwid = (uint8_t)(m.u.md2.hwid_upper << 4 | m.u.md2.hwid);
    }
    return true;
}

static bool get_tunnel(const struct get *g, const struct nlrd *outer_attr)
{
    struct key *k = g->key;
    struct nlrd r;

    nlrd_init(&r, outer_attr->data, outer_attr->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case OVS_TUNNEL_KEY_ATTR_ID:
            k->tun_id = nlrd_u64(&r);
            k->tun_flags |= htons(KEY_TUN_KEY);
            break;
        case OVS_TUNNEL_KEY_ATTR_IPV4_SRC:
            k->tun_src = nlrd_u32(&r);
            break;
        case OVS_TUNNEL_KEY_ATTR_IPV4_DST:
            k->tun_dst = nlrd_u32(&r);
            break;
        case OVS_TUNNEL_KEY_ATTR_IPV6_SRC:
        case OVS_TUNNEL_KEY_ATTR_IPV6_DST:
            if (r.n != 16) {
                return false;
            }
            memcpy(r.type == OVS_TUNNEL_KEY_ATTR_IPV6_SRC ? k->tun_ip6_src : k->tun_ip6_dst, r.data,
                   16);
            break;
        case OVS_TUNNEL_KEY_ATTR_TOS:
            k->tun_tos = nlrd_u8(&r);
            break;
        case OVS_TUNNEL_KEY_ATTR_TTL:
            k->tun_ttl = nlrd_u8(&r);
            break;
        case OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS:
            if (!get_gbp(k, &r)) {
                return false;
            }
            break;
        case OVS_TUNNEL_KEY_ATTR_TP_SRC:
            k->tun_tp_src = nlrd_u16(&r);
            break;
        case OVS_TUNNEL_KEY_ATTR_TP_DST:
            k->tun_tp_dst = nlrd_u16(&r);
            break;
        case OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS:
            if (!get_erspan(g, &r)) {
                return false;
            }
            break;
        case OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS:
            if (!get_options(g, &r)) {
                return false;
            }
            break;
        default:
            for (size_t i = 0; i < N_TUNNEL_FLAGS; i++) {
                if (nlkey_tunnel_flags[i].attr == r.type) {
                    k->tun_flags |= htons(nlkey_tunnel_flags[i].flag);
                }
            }
            break; /* What a key does not hold, nothing matches. */
        }
    }
    return !r.err;
}

static bool get_nsh(struct key *k, const struct nlrd *outer_attr)
{
    struct ovs_nsh_key_base base;
    struct nlrd r;

    nlrd_init(&r, outer_attr->data, outer_attr->n);
    while (nlrd_next(&r)) {
        if (r.type == OVS_NSH_KEY_ATTR_BASE) {
            if (r.n != sizeof base) {
                return false;
            }
            memcpy(&base, r.data, sizeof base);
            k->nsh_flags = base.flags;
            k->nsh_ttl = base.ttl;
            k->nsh_mdtype = base.mdtype;
            k->nsh_np = base.np;
            k->nsh_spi = htonl(ntohl(base.path_hdr) >> 8);
            k->nsh_si = (uint8_t)ntohl(base.path_hdr);
        } else if (r.type == OVS_NSH_KEY_ATTR_MD1) {
            if (r.n != sizeof k->nsh_c) {
                return false;
            }
            memcpy(k->nsh_c, r.data, sizeof k->nsh_c);
        }
    }
    return !r.err;
}

/* Twice is malformed, but for what stands once more behind each tag. */
static bool first_time(struct get *g, uint16_t type)
{
    uint64_t bit = type < 64 ? BIT64(type) : 0;
    bool repeats =
        type == OVS_KEY_ATTR_ETHERTYPE || type == OVS_KEY_ATTR_VLAN || type == OVS_KEY_ATTR_ENCAP;

    if (!repeats && g->seen & bit) {
        return false;
    }
    g->seen |= bit;
    return true;
}

/* One level of attributes; ENCAP's are the next.  Depth is bounded by the tags of a key. */
static bool get_level(struct get *g, const void *attrs, size_t n)
{
    struct key *k = g->key;
    const struct nlkey_attr *row;
    struct nlrd r, encap = {0};
    be16 type = 0, tci = 0;
    bool has_type = false, has_tci = false, ok = true;

    nlrd_init(&r, attrs, n);
    while (ok && nlrd_next(&r)) {
        ok = first_time(g, r.type);
        if (r.type == OVS_KEY_ATTR_ETHERTYPE) {
            ok &= !has_type;
            has_type = true;
            type = nlrd_u16(&r);
        } else if (r.type == OVS_KEY_ATTR_VLAN) {
            ok &= !has_tci;
            has_tci = true;
            tci = nlrd_u16(&r);
        } else if (r.type == OVS_KEY_ATTR_ENCAP) {
            ok &= !encap.data;
            encap = r;
        } else if (r.type == OVS_KEY_ATTR_MPLS) {
            ok &= r.n % 4 == 0; /* No label: the frame was cut off. */
            memcpy(k->mpls_lse, r.data, MIN(r.n, sizeof k->mpls_lse));
        } else if (r.type == OVS_KEY_ATTR_TUNNEL) {
            ok &= get_tunnel(g, &r);
        } else if (r.type == OVS_KEY_ATTR_NSH) {
            ok &= get_nsh(k, &r);
        } else if ((row = find_attr(r.type))) {
            ok &= get_row(g, row, &r);
        }
    }
    if (!ok || r.err) {
        return false;
    }
    if (!has_tci && !encap.data) {
        k->eth_type = has_type ? type : g->is_mask ? 0 : htons(ETH_TYPE_NONE);
        return true;
    }
    if (!encap.data || g->n_vlans == KEY_MAX_VLANS) {
        return false;
    }
    if (!g->is_mask && !(tci & htons(VLAN_CFI))) { /* A tag that was cut off. */
        k->eth_type = type;
        return !tci && !encap.n;
    }
    k->vlan[g->n_vlans].tpid = type;
    k->vlan[g->n_vlans++].tci = tci;
    return get_level(g, encap.data, encap.n);
}

bool nlkey_get(const void *attrs, size_t n, bool is_mask, struct key *key)
{
    struct get g = {.is_mask = is_mask, .key = key};

    memset(key, 0, sizeof *key);
    if (!get_level(&g, attrs, n)) {
        return false;
    }
    /* A packet without that header is of the type that its EtherType says; it is always matched. */
    if (is_mask) {
        key->packet_type = UINT32_MAX;
    } else if (!(g.seen & BIT64(OVS_KEY_ATTR_ETHERNET))) {
        key->packet_type = PT_ETHERTYPE(ntohs(key->eth_type));
    }
    return true;
}
