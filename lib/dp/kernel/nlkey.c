/* nlkey.c - see nlkey.h.
 *
 * One row of 'attrs' an attribute of fixed layout: when a key has it, and which member of the key
 * stands where in it.  Tags, labels, tunnels and NSH, which nest or repeat, are functions. */
#include "lib/dp/kernel/nlkey.h"

#include <linux/openvswitch.h>
#include <string.h>

#define ETH_TYPE_NONE 0x05ff /* struct key: 802.2 without SNAP. */

/* How a member of the key (left) stands in the attribute (right). */
enum as {
    AS_IS,     /* The same bytes. */
    HOST32,    /* be32, u32 */
    HOST16,    /* be16, u16 */
    LOW_BYTE,  /* be16, u8: ICMP type and code live in ports. */
    HIGH_ZERO, /* u8, be16: ARP's opcode. */
    FRAG,      /* KEY_FRAG_* bits, enum ovs_frag_type */
};

struct member {
    uint16_t key, attr;
    uint8_t n; /* Bytes, of the wider side. */
    uint8_t as;
};

#define MAX_MEMBERS 7
#define M(KEY, STRUCT, MEMBER, AS)                                                        \
    {                                                                                     \
        offsetof(struct key, KEY), offsetof(struct STRUCT, MEMBER),                       \
            MAX(sizeof(((struct key *)0)->KEY), sizeof(((struct STRUCT *)0)->MEMBER)), AS \
    }
/* An attribute that is one integer. */
#define WHOLE(KEY, N, AS)                   \
    {                                       \
        offsetof(struct key, KEY), 0, N, AS \
    }

typedef bool when_fn(const struct key *, const struct nlkey_features *);

struct attr {
    uint16_t type, size;
    when_fn *when; /* NULL: always. */
    struct member m[MAX_MEMBERS];
};

/* ---- when ---- */

static bool is_ip(const struct key *k)
{
    return key_is_ip4(k) || key_is_ip6(k);
}

static bool is_l4(const struct key *k, uint8_t proto)
{
    return is_ip(k) && k->ip_proto == proto && !(k->ip_frag & KEY_FRAG_LATER);
}

static bool with_ip4(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return key_is_ip4(k);
}

static bool with_ip6(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return key_is_ip6(k);
}

static bool with_arp(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return k->eth_type == htons(0x0806) || k->eth_type == htons(0x8035);
}

static bool with_tcp(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return is_l4(k, 6);
}

static bool with_udp(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return is_l4(k, 17);
}

static bool with_sctp(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return is_l4(k, 132);
}

static bool with_icmp(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return key_is_ip4(k) && is_l4(k, 1);
}

static bool with_icmp6(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return key_is_ip6(k) && is_l4(k, 58);
}

static bool with_nd(const struct key *k, const struct nlkey_features *f)
{
    return with_icmp6(k, f) && (k->tp_src == htons(135) || k->tp_src == htons(136)) && !k->tp_dst;
}

static bool with_ct_state(const struct key *k UNUSED, const struct nlkey_features *f)
{
    return f->ct_state;
}

static bool with_ct_zone(const struct key *k UNUSED, const struct nlkey_features *f)
{
    return f->ct_zone;
}

static bool with_ct_mark(const struct key *k UNUSED, const struct nlkey_features *f)
{
    return f->ct_mark;
}

static bool with_ct_label(const struct key *k UNUSED, const struct nlkey_features *f)
{
    return f->ct_label;
}

static bool with_tuple4(const struct key *k, const struct nlkey_features *f)
{
    return f->ct_orig_tuple && k->ct_proto && key_is_ip4(k);
}

static bool with_tuple6(const struct key *k, const struct nlkey_features *f)
{
    return f->ct_orig_tuple6 && k->ct_proto && key_is_ip6(k);
}

static bool with_exthdr(const struct key *k, const struct nlkey_features *f)
{
    return f->ip6_exthdr && key_is_ip6(k);
}

static bool with_ethernet(const struct key *k, const struct nlkey_features *f UNUSED)
{
    return !k->packet_type;
}

/* ---- the rows: metadata and Ethernet, then what stands behind the EtherType ---- */

/* clang-format off */
static const struct attr outer[] = {
    {OVS_KEY_ATTR_SKB_MARK, 4, NULL, {WHOLE(skb_mark, 4, HOST32)}},
    {OVS_KEY_ATTR_DP_HASH, 4, NULL, {WHOLE(dp_hash, 4, HOST32)}},
    {OVS_KEY_ATTR_RECIRC_ID, 4, NULL, {WHOLE(recirc_id, 4, HOST32)}},
    {OVS_KEY_ATTR_IN_PORT, 4, NULL, {WHOLE(in_port, 4, AS_IS)}},
    {OVS_KEY_ATTR_CT_STATE, 4, with_ct_state, {WHOLE(ct_state, 4, HOST32)}},
    {OVS_KEY_ATTR_CT_ZONE, 2, with_ct_zone, {WHOLE(ct_zone, 2, HOST16)}},
    {OVS_KEY_ATTR_CT_MARK, 4, with_ct_mark, {WHOLE(ct_mark, 4, HOST32)}},
    {OVS_KEY_ATTR_CT_LABELS, 16, with_ct_label, {WHOLE(ct_label, 16, AS_IS)}},
    {OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV4, sizeof(struct ovs_key_ct_tuple_ipv4), with_tuple4,
     {M(ct_ip_src, ovs_key_ct_tuple_ipv4, ipv4_src, AS_IS),
      M(ct_ip_dst, ovs_key_ct_tuple_ipv4, ipv4_dst, AS_IS),
      M(ct_tp_src, ovs_key_ct_tuple_ipv4, src_port, AS_IS),
      M(ct_tp_dst, ovs_key_ct_tuple_ipv4, dst_port, AS_IS),
      M(ct_proto, ovs_key_ct_tuple_ipv4, ipv4_proto, AS_IS)}},
    {OVS_KEY_ATTR_CT_ORIG_TUPLE_IPV6, sizeof(struct ovs_key_ct_tuple_ipv6), with_tuple6,
     {M(ct_ip6_src, ovs_key_ct_tuple_ipv6, ipv6_src, AS_IS),
      M(ct_ip6_dst, ovs_key_ct_tuple_ipv6, ipv6_dst, AS_IS),
      M(ct_tp_src, ovs_key_ct_tuple_ipv6, src_port, AS_IS),
      M(ct_tp_dst, ovs_key_ct_tuple_ipv6, dst_port, AS_IS),
      M(ct_proto, ovs_key_ct_tuple_ipv6, ipv6_proto, AS_IS)}},
    {OVS_KEY_ATTR_ETHERNET, sizeof(struct ovs_key_ethernet), with_ethernet,
     {M(eth_src, ovs_key_ethernet, eth_src, AS_IS),
      M(eth_dst, ovs_key_ethernet, eth_dst, AS_IS)}},
};

static const struct attr inner[] = {
    {OVS_KEY_ATTR_IPV4, sizeof(struct ovs_key_ipv4), with_ip4,
     {M(ip_src, ovs_key_ipv4, ipv4_src, AS_IS), M(ip_dst, ovs_key_ipv4, ipv4_dst, AS_IS),
      M(ip_proto, ovs_key_ipv4, ipv4_proto, AS_IS), M(ip_tos, ovs_key_ipv4, ipv4_tos, AS_IS),
      M(ip_ttl, ovs_key_ipv4, ipv4_ttl, AS_IS), M(ip_frag, ovs_key_ipv4, ipv4_frag, FRAG)}},
    {OVS_KEY_ATTR_IPV6, sizeof(struct ovs_key_ipv6), with_ip6,
     {M(ip6_src, ovs_key_ipv6, ipv6_src, AS_IS), M(ip6_dst, ovs_key_ipv6, ipv6_dst, AS_IS),
      M(ip6_label, ovs_key_ipv6, ipv6_label, AS_IS), M(ip_proto, ovs_key_ipv6, ipv6_proto, AS_IS),
      M(ip_tos, ovs_key_ipv6, ipv6_tclass, AS_IS), M(ip_ttl, ovs_key_ipv6, ipv6_hlimit, AS_IS),
      M(ip_frag, ovs_key_ipv6, ipv6_frag, FRAG)}},
    {OVS_KEY_ATTR_IPV6_EXTHDRS, sizeof(struct ovs_key_ipv6_exthdrs), with_exthdr,
     {WHOLE(ip6_exthdr, 2, HOST16)}},
    {OVS_KEY_ATTR_ARP, sizeof(struct ovs_key_arp), with_arp,
     {M(ip_src, ovs_key_arp, arp_sip, AS_IS), M(ip_dst, ovs_key_arp, arp_tip, AS_IS),
      M(ip_proto, ovs_key_arp, arp_op, HIGH_ZERO), M(arp_sha, ovs_key_arp, arp_sha, AS_IS),
      M(arp_tha, ovs_key_arp, arp_tha, AS_IS)}},
    {OVS_KEY_ATTR_TCP, sizeof(struct ovs_key_tcp), with_tcp,
     {M(tp_src, ovs_key_tcp, tcp_src, AS_IS), M(tp_dst, ovs_key_tcp, tcp_dst, AS_IS)}},
    {OVS_KEY_ATTR_TCP_FLAGS, 2, with_tcp, {WHOLE(tcp_flags, 2, AS_IS)}},
    {OVS_KEY_ATTR_UDP, sizeof(struct ovs_key_udp), with_udp,
     {M(tp_src, ovs_key_udp, udp_src, AS_IS), M(tp_dst, ovs_key_udp, udp_dst, AS_IS)}},
    {OVS_KEY_ATTR_SCTP, sizeof(struct ovs_key_sctp), with_sctp,
     {M(tp_src, ovs_key_sctp, sctp_src, AS_IS), M(tp_dst, ovs_key_sctp, sctp_dst, AS_IS)}},
    {OVS_KEY_ATTR_ICMP, sizeof(struct ovs_key_icmp), with_icmp,
     {M(tp_src, ovs_key_icmp, icmp_type, LOW_BYTE), M(tp_dst, ovs_key_icmp, icmp_code, LOW_BYTE)}},
    {OVS_KEY_ATTR_ICMPV6, sizeof(struct ovs_key_icmpv6), with_icmp6,
     {M(tp_src, ovs_key_icmpv6, icmpv6_type, LOW_BYTE),
      M(tp_dst, ovs_key_icmpv6, icmpv6_code, LOW_BYTE)}},
    {OVS_KEY_ATTR_ND, sizeof(struct ovs_key_nd), with_nd,
     {M(nd_target, ovs_key_nd, nd_target, AS_IS), M(arp_sha, ovs_key_nd, nd_sll, AS_IS),
      M(arp_tha, ovs_key_nd, nd_tll, AS_IS)}},
};
/* clang-format on */

/* ---- members ---- */

static uint8_t frag_to_kernel(uint8_t frag)
{
    return !(frag & KEY_FRAG_ANY)  ? OVS_FRAG_TYPE_NONE
           : frag & KEY_FRAG_LATER ? OVS_FRAG_TYPE_LATER
                                   : OVS_FRAG_TYPE_FIRST;
}

static uint8_t frag_from_kernel(uint8_t type)
{
    return type == OVS_FRAG_TYPE_NONE    ? 0
           : type == OVS_FRAG_TYPE_FIRST ? KEY_FRAG_ANY
                                         : KEY_FRAG_ANY | KEY_FRAG_LATER;
}

static void put_member(const struct member *m, const struct key *values, bool is_mask, uint8_t *to)
{
    const uint8_t *from = (const uint8_t *)values + m->key;

    to += m->attr;
    switch ((enum as)m->as) {
    case AS_IS:
        memcpy(to, from, m->n);
        break;
    case HOST32:
        memcpy(to, &(uint32_t){ntohl(*(const be32 *)(const void *)from)}, 4);
        break;
    case HOST16:
        memcpy(to, &(uint16_t){ntohs(*(const be16 *)(const void *)from)}, 2);
        break;
    case LOW_BYTE:
        *to = from[1];
        break;
    case HIGH_ZERO:
        to[0] = is_mask ? *from : 0; /* Exact or wild: the opcode's high byte is always zero. */
        to[1] = *from;
        break;
    case FRAG:
        *to = is_mask ? (*from ? 0xff : 0) : frag_to_kernel(*from);
        break;
    }
}

static bool get_member(const struct member *m, bool is_mask, const uint8_t *from, struct key *key)
{
    uint8_t *to = (uint8_t *)key + m->key;
    uint32_t u32;
    uint16_t u16;

    from += m->attr;
    switch ((enum as)m->as) {
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

static unsigned n_members(const struct attr *a)
{
    unsigned n = 0;
    while (n < MAX_MEMBERS && a->m[n].n) {
        n++;
    }
    return n;
}

static void put_rows(const struct attr *rows, size_t n, const struct key *key,
                     const struct key *mask, const struct nlkey_features *f, struct nlwr *w)
{
    for (const struct attr *a = rows; a < rows + n; a++) {
        if (a->when && !a->when(key, f)) {
            continue;
        }
        uint8_t *to = nlwr_put(w, a->type, a->size);
        for (unsigned i = 0; to && i < n_members(a); i++) {
            put_member(&a->m[i], mask ? mask : key, mask != NULL, to);
        }
    }
}

/* ---- what nests or repeats ---- */

static void put_tunnel(const struct key *key, const struct key *mask, struct nlwr *w)
{
    const struct key *v = mask ? mask : key;
    bool v4 = key->tun_dst != 0, v6 = !is_all_zeros(key->tun_ip6_dst, 16);

    if (!v4 && !v6) {
        return;
    }
    size_t nest = nlwr_nest(w, OVS_KEY_ATTR_TUNNEL);
    nlwr_put_u64(w, OVS_TUNNEL_KEY_ATTR_ID, v->tun_id);
    if (v4) {
        nlwr_put_u32(w, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, v->tun_src);
        nlwr_put_u32(w, OVS_TUNNEL_KEY_ATTR_IPV4_DST, v->tun_dst);
    } else {
        nlwr_put_data(w, OVS_TUNNEL_KEY_ATTR_IPV6_SRC, v->tun_ip6_src, 16);
        nlwr_put_data(w, OVS_TUNNEL_KEY_ATTR_IPV6_DST, v->tun_ip6_dst, 16);
    }
    nlwr_put_u8(w, OVS_TUNNEL_KEY_ATTR_TOS, v->tun_tos);
    nlwr_put_u8(w, OVS_TUNNEL_KEY_ATTR_TTL, v->tun_ttl);
    if (v->tun_flags & htons(1)) {
        nlwr_put_flag(w, OVS_TUNNEL_KEY_ATTR_OAM);
    }
    nlwr_end(w, nest);
}

static unsigned n_labels(const struct key *k, const struct nlkey_features *f)
{
    unsigned n = 0, max = MIN(MAX(f->max_mpls, 1), KEY_MAX_MPLS);

    if (k->eth_type != htons(0x8847) && k->eth_type != htons(0x8848)) {
        return 0;
    }
    while (n < max && !(n && k->mpls_lse[n - 1] & htonl(0x100))) {
        n++;
    }
    return n;
}

static void put_nsh(const struct key *key, const struct key *mask, struct nlwr *w)
{
    const struct key *v = mask ? mask : key;
    struct ovs_nsh_key_base base = {.flags = v->nsh_flags,
                                    .ttl = v->nsh_ttl,
                                    .mdtype = v->nsh_mdtype,
                                    .np = v->nsh_np,
                                    .path_hdr =
                                        htonl(ntohl(v->nsh_spi) << 8 | (uint32_t)v->nsh_si)};
    if (key->eth_type != htons(0x894f)) {
        return;
    }
    size_t nest = nlwr_nest(w, OVS_KEY_ATTR_NSH);
    nlwr_put_data(w, OVS_NSH_KEY_ATTR_BASE, &base, sizeof base);
    if (key->nsh_mdtype == 1) {
        nlwr_put_data(w, OVS_NSH_KEY_ATTR_MD1, v->nsh_c, sizeof v->nsh_c);
    }
    nlwr_end(w, nest);
}

void nlkey_put(const struct key *key, const struct key *mask, const struct nlkey_features *f,
               struct nlwr *w)
{
    const struct key *v = mask ? mask : key;
    size_t encap[KEY_MAX_VLANS];
    unsigned n_vlans = 0, max = MIN(f->max_vlans, KEY_MAX_VLANS);

    put_tunnel(key, mask, w);
    put_rows(outer, ARRAY_SIZE(outer), key, mask, f, w);
    for (; n_vlans < max && key->vlan[n_vlans].tci; n_vlans++) {
        nlwr_put_u16(w, OVS_KEY_ATTR_ETHERTYPE, v->vlan[n_vlans].tpid);
        nlwr_put_u16(w, OVS_KEY_ATTR_VLAN, v->vlan[n_vlans].tci);
        encap[n_vlans] = nlwr_nest(w, OVS_KEY_ATTR_ENCAP);
    }
    /* A tag beyond those that the kernel looks at is the EtherType to it. */
    be16 type =
        n_vlans < KEY_MAX_VLANS && key->vlan[n_vlans].tci ? v->vlan[n_vlans].tpid : v->eth_type;
    if (mask || key->eth_type != htons(ETH_TYPE_NONE)) {
        nlwr_put_u16(w, OVS_KEY_ATTR_ETHERTYPE, type);
    }
    if (n_vlans == KEY_MAX_VLANS || !key->vlan[n_vlans].tci) {
        if (n_labels(key, f)) {
            nlwr_put_data(w, OVS_KEY_ATTR_MPLS, v->mpls_lse, 4 * n_labels(key, f));
        } else {
            put_rows(inner, ARRAY_SIZE(inner), key, mask, f, w);
        }
        put_nsh(key, mask, w);
    }
    while (n_vlans--) {
        nlwr_end(w, encap[n_vlans]);
    }
}

/* ---- from the kernel ---- */

struct get {
    bool is_mask;
    uint64_t seen;    /* Attributes met, but those that repeat behind a tag. */
    unsigned n_vlans; /* Tags whose ENCAP has been entered. */
    struct key *key;
};

static const struct attr *find_attr(uint16_t type)
{
    for (size_t i = 0; i < ARRAY_SIZE(outer); i++) {
        if (outer[i].type == type) {
            return &outer[i];
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(inner); i++) {
        if (inner[i].type == type) {
            return &inner[i];
        }
    }
    return NULL;
}

static bool get_row(const struct get *g, const struct attr *a, const struct nlrd *r)
{
    if (r->n != a->size) {
        return false;
    }
    for (unsigned i = 0; i < n_members(a); i++) {
        if (!get_member(&a->m[i], g->is_mask, r->data, g->key)) {
            return false;
        }
    }
    return true;
}

static bool get_tunnel(struct key *k, const struct nlrd *outer_attr)
{
    struct nlrd r;

    nlrd_init(&r, outer_attr->data, outer_attr->n);
    while (nlrd_next(&r)) {
        switch (r.type) {
        case OVS_TUNNEL_KEY_ATTR_ID:
            k->tun_id = nlrd_u64(&r);
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
        case OVS_TUNNEL_KEY_ATTR_OAM:
            k->tun_flags |= htons(1);
            break;
        default:
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
    const struct attr *row;
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
            ok &= r.n && r.n % 4 == 0;
            memcpy(k->mpls_lse, r.data, MIN(r.n, sizeof k->mpls_lse));
        } else if (r.type == OVS_KEY_ATTR_TUNNEL) {
            ok &= get_tunnel(k, &r);
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
    k->vlan[g->n_vlans].tpid = type;
    k->vlan[g->n_vlans++].tci = tci;
    return get_level(g, encap.data, encap.n);
}

bool nlkey_get(const void *attrs, size_t n, bool is_mask, struct key *key)
{
    struct get g = {.is_mask = is_mask, .key = key};

    memset(key, 0, sizeof *key);
    return get_level(&g, attrs, n);
}

/* ---- what the kernel wants of masks ---- */

static bool any_bits(const struct attr *rows, size_t n, const struct key *key,
                     const struct nlkey_features *f, const struct key *mask, bool l4)
{
    for (const struct attr *a = rows; a < rows + n; a++) {
        bool is_l3 = a->when == with_ip4 || a->when == with_ip6 || a->when == with_arp ||
                     a->when == with_exthdr;
        if (is_l3 == l4 || !a->when(key, f)) {
            continue;
        }
        for (unsigned i = 0; i < n_members(a); i++) {
            const uint8_t *bits = (const uint8_t *)mask + a->m[i].key;
            size_t width = a->m[i].as == HIGH_ZERO ? 1 : a->m[i].n;
            if (!is_all_zeros(bits, width)) {
                return true;
            }
        }
    }
    return false;
}

void nlkey_widen(const struct key *key, const struct nlkey_features *f, struct key *mask)
{
    mask->in_port = UINT32_MAX;
    mask->recirc_id = UINT32_MAX;
    mask->ct_state &= f->ct_state ? htonl(CS_ALL) : 0;
    /* A tag's presence and type are matched always; so is that there is none. */
    for (unsigned i = 0; i < MIN(f->max_vlans, KEY_MAX_VLANS); i++) {
        mask->vlan[i].tci |= key->vlan[i].tci ? htons(VLAN_CFI) : UINT16_MAX;
        mask->vlan[i].tpid |= key->vlan[i].tci ? UINT16_MAX : 0;
    }
    if (any_bits(inner, ARRAY_SIZE(inner), key, f, mask, true)) {
        mask->ip_proto = UINT8_MAX;
        mask->ip_frag |= KEY_FRAG_LATER; /* Later fragments have no such header. */
        if (with_nd(key, f) &&
            (!is_all_zeros(mask->nd_target, 16) || !is_all_zeros(mask->arp_sha, 6) ||
             !is_all_zeros(mask->arp_tha, 6))) {
            mask->tp_src = mask->tp_dst = UINT16_MAX;
        }
    }
    /* The kernel takes every EtherType mask for an exact one. */
    mask->eth_type = UINT16_MAX;
}
