/* nlkey.c - see nlkey.h.
 *
 * One row of 'attrs' an attribute of fixed layout: when a key has it, and which member of the key
 * stands where in it.  Tags, labels, tunnels and NSH, which nest or repeat, are functions. */
#include "lib/dp/kernel/nlkey-private.h"

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

/* ---- when ---- */

static bool is_l4(const struct key *k, uint8_t proto)
{
    return (key_is_ip4(k) || key_is_ip6(k)) && k->ip_proto == proto &&
           !(k->ip_frag & KEY_FRAG_LATER);
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
    return with_icmp6(k, f) && (k->tp_src == htons(135) || k->tp_src == htons(136));
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
    /* The kernel has ND in the same place. */
    return f->ct_orig_tuple6 && k->ct_proto && key_is_ip6(k) && !with_nd(k, f);
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
const struct nlkey_attr nlkey_outer[N_OUTER] = {
    {OVS_KEY_ATTR_SKB_MARK, 4, NULL, {WHOLE(skb_mark, 4, HOST32)}},
    {OVS_KEY_ATTR_DP_HASH, 4, NULL, {WHOLE(dp_hash, 4, HOST32)}},
    {OVS_KEY_ATTR_RECIRC_ID, 4, NULL, {WHOLE(recirc_id, 4, HOST32)}},
    {OVS_KEY_ATTR_IN_PORT, 4, NULL, {WHOLE(in_port, 4, AS_IS)}},
    {OVS_KEY_ATTR_CT_STATE, 4, with_ct_state, {WHOLE(ct_state, 4, HOST32)}},
    {OVS_KEY_ATTR_CT_ZONE, 2, with_ct_zone, {WHOLE(ct_zone, 2, HOST16)}},
    {OVS_KEY_ATTR_CT_MARK, 4, with_ct_mark, {WHOLE(ct_mark, 4, HOST32)}},
    {OVS_KEY_ATTR_CT_LABELS, 16, with_ct_label, {WHOLE(ct_label, 16, HOST128)}},
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

const struct nlkey_attr nlkey_inner[N_INNER] = {
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

void nlkey_label(uint8_t to[16], const uint8_t from[16])
{
    for (unsigned i = 0; i < 16; i++) {
        to[i] = from[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 15 - i : i];
    }
}

static void put_member(const struct nlkey_member *m, const struct key *values, bool is_mask,
                       uint8_t *to)
{
    const uint8_t *from = (const uint8_t *)values + m->key;

    to += m->attr;
    switch ((enum nlkey_as)m->as) {
    case AS_IS:
        memcpy(to, from, m->n);
        break;
    case HOST32:
        memcpy(to, &(uint32_t){ntohl(*(const be32 *)(const void *)from)}, 4);
        break;
    case HOST16:
        memcpy(to, &(uint16_t){ntohs(*(const be16 *)(const void *)from)}, 2);
        break;
    case HOST128:
        nlkey_label(to, from);
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

unsigned nlkey_n_members(const struct nlkey_attr *a)
{
    unsigned n = 0;
    while (n < MAX_MEMBERS && a->m[n].n) {
        n++;
    }
    return n;
}

static bool row_is_zero(const struct nlkey_attr *a, const struct key *mask)
{
    bool zero = true;
    for (unsigned i = 0; i < nlkey_n_members(a); i++) {
        zero &= is_all_zeros((const uint8_t *)mask + a->m[i].key,
                             a->m[i].as == HIGH_ZERO ? 1 : a->m[i].n);
    }
    return zero;
}

static void put_rows(const struct nlkey_attr *rows, size_t n, const struct key *key,
                     const struct key *mask, const struct nlkey_features *f, struct nlwr *w)
{
    for (const struct nlkey_attr *a = rows; a < rows + n; a++) {
        if ((a->when && !a->when(key, f)) || (mask && f->bare_masks && row_is_zero(a, mask))) {
            continue;
        }
        uint8_t *to = nlwr_put(w, a->type, a->size);
        for (unsigned i = 0; to && i < nlkey_n_members(a); i++) {
            put_member(&a->m[i], mask ? mask : key, mask != NULL, to);
        }
    }
}

/* ---- what nests or repeats ---- */

const struct nlkey_tunnel_flag nlkey_tunnel_flags[N_TUNNEL_FLAGS] = {
    {OVS_TUNNEL_KEY_ATTR_DONT_FRAGMENT, KEY_TUN_DF},
    {OVS_TUNNEL_KEY_ATTR_CSUM, KEY_TUN_CSUM},
    {OVS_TUNNEL_KEY_ATTR_OAM, KEY_TUN_OAM},
};

/* The key says of which version; the mask, where it is 'v', has the same layout. */
static void put_erspan(const struct key *key, const struct key *v, struct nlwr *w)
{
    struct erspan_metadata m = {.version = v->tun_erspan_ver};

    if (key->tun_erspan_ver == 1) {
        m.u.index = v->tun_erspan_idx;
    } else {
        m.u.md2.dir = v->tun_erspan_dir & 1;
        m.u.md2.hwid = v->tun_erspan_hwid & 0xf;
        m.u.md2.hwid_upper = v->tun_erspan_hwid >> 4 & 3;
    }
    nlwr_put_data(w, OVS_TUNNEL_KEY_ATTR_ERSPAN_OPTS, &m, sizeof m);
}

static bool looks_at_erspan(const struct key *v)
{
    return v->tun_erspan_ver || v->tun_erspan_idx || v->tun_erspan_dir || v->tun_erspan_hwid;
}

/* Of a key, the attributes that are there; of a mask, those that are looked at: the kernel takes
 * presence itself for something to match. */
void nlkey_put_tunnel(const struct key *key, const struct key *mask, struct nlwr *w)
{
    const struct key *v = mask ? mask : key;
    uint16_t flags = ntohs(v->tun_flags);

    if (!key_has_tunnel(key)) {
        return;
    }
    size_t nest = nlwr_nest(w, OVS_KEY_ATTR_TUNNEL);
    if (v->tun_id || flags & KEY_TUN_KEY) {
        nlwr_put_u64(w, OVS_TUNNEL_KEY_ATTR_ID, v->tun_id);
    }
    if (key->tun_dst) {
        nlwr_put_u32(w, OVS_TUNNEL_KEY_ATTR_IPV4_SRC, v->tun_src);
        nlwr_put_u32(w, OVS_TUNNEL_KEY_ATTR_IPV4_DST, v->tun_dst);
    } else {
        nlwr_put_data(w, OVS_TUNNEL_KEY_ATTR_IPV6_SRC, v->tun_ip6_src, 16);
        nlwr_put_data(w, OVS_TUNNEL_KEY_ATTR_IPV6_DST, v->tun_ip6_dst, 16);
    }
    nlwr_put_u8(w, OVS_TUNNEL_KEY_ATTR_TOS, v->tun_tos);
    nlwr_put_u8(w, OVS_TUNNEL_KEY_ATTR_TTL, v->tun_ttl);
    for (size_t i = 0; i < ARRAY_SIZE(nlkey_tunnel_flags); i++) {
        if (flags & nlkey_tunnel_flags[i].flag) {
            nlwr_put_flag(w, nlkey_tunnel_flags[i].attr);
        }
    }
    if (v->tun_tp_src) {
        nlwr_put_u16(w, OVS_TUNNEL_KEY_ATTR_TP_SRC, v->tun_tp_src);
    }
    if (v->tun_tp_dst) {
        nlwr_put_u16(w, OVS_TUNNEL_KEY_ATTR_TP_DST, v->tun_tp_dst);
    }
    /* The kernel takes the one or the other.  Where a mask has both and the key none, the policy is
     * left out: nlkey_fit() sees it missing. */
    const bool erspan = key->tun_erspan_ver && looks_at_erspan(v);
    const bool options =
        v->tun_opt_len && !key->tun_erspan_ver && !(key->tun_flags & htons(KEY_TUN_GBP));
    if (!options && !erspan && (flags & KEY_TUN_GBP || v->tun_gbp_id || v->tun_gbp_flags)) {
        size_t opts = nlwr_nest(w, OVS_TUNNEL_KEY_ATTR_VXLAN_OPTS);
        nlwr_put_u32(w, OVS_VXLAN_EXT_GBP, (uint32_t)v->tun_gbp_flags << 16 | ntohs(v->tun_gbp_id));
        nlwr_end(w, opts);
    }
    if (erspan) {
        put_erspan(key, v, w);
    }
    /* As many bytes in the mask, which makes their number one that is matched. */
    if (options) {
        nlwr_put_data(w, OVS_TUNNEL_KEY_ATTR_GENEVE_OPTS, v->tun_opt, key->tun_opt_len);
    }
    nlwr_end(w, nest);
}

unsigned nlkey_n_labels(const struct key *k, const struct nlkey_features *f)
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

    const bool bare = mask && f->bare_masks;
    if (!bare || !is_all_zeros((const uint8_t *)mask + KEY_TUN_OFS, KEY_TUN_SIZE)) {
        nlkey_put_tunnel(key, mask, w);
    }
    put_rows(nlkey_outer, N_OUTER, key, mask, f, w);
    for (; n_vlans < max && key->vlan[n_vlans].tci; n_vlans++) {
        nlwr_put_u16(w, OVS_KEY_ATTR_ETHERTYPE, v->vlan[n_vlans].tpid);
        nlwr_put_u16(w, OVS_KEY_ATTR_VLAN, v->vlan[n_vlans].tci);
        encap[n_vlans] = nlwr_nest(w, OVS_KEY_ATTR_ENCAP);
    }
    /* A tag beyond those that the kernel looks at is the EtherType to it. */
    be16 type =
        n_vlans < KEY_MAX_VLANS && key->vlan[n_vlans].tci ? v->vlan[n_vlans].tpid : v->eth_type;
    bool said = mask || key->eth_type != htons(ETH_TYPE_NONE);
    if (said && (type || !f->bare_masks)) {
        nlwr_put_u16(w, OVS_KEY_ATTR_ETHERTYPE, type);
    }
    if (n_vlans == KEY_MAX_VLANS || !key->vlan[n_vlans].tci) {
        if (bare && is_all_zeros(v->mpls_lse, sizeof v->mpls_lse) && nlkey_n_labels(key, f)) {
            /* Nothing of them. */
        } else if (nlkey_n_labels(key, f)) {
            nlwr_put_data(w, OVS_KEY_ATTR_MPLS, v->mpls_lse, 4 * nlkey_n_labels(key, f));
        } else {
            put_rows(nlkey_inner, N_INNER, key, mask, f, w);
        }
        if (!bare || !is_all_zeros(&v->nsh_flags, sizeof *v - offsetof(struct key, nsh_flags))) {
            put_nsh(key, mask, w);
        }
    }
    while (n_vlans--) {
        nlwr_end(w, encap[n_vlans]);
    }
}
