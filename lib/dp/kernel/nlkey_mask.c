/* nlkey_mask.c - see nlkey.h: what the kernel wants of masks, and what it cannot see. */
#include "lib/dp/kernel/nlkey-private.h"

#define LSE_BOS htonl(0x100)

#define CLEAR(KEY, MEMBER) memset((KEY)->MEMBER, 0, sizeof(KEY)->MEMBER)

static bool is_ip(const struct key *k)
{
    return key_is_ip4(k) || key_is_ip6(k);
}

static bool is_arp(const struct key *k)
{
    return k->eth_type == htons(0x0806) || k->eth_type == htons(0x8035);
}

static bool is_mpls(const struct key *k)
{
    return k->eth_type == htons(0x8847) || k->eth_type == htons(0x8848);
}

static bool is_nd(const struct key *k)
{
    return key_is_ip6(k) && k->ip_proto == 58 && !(k->ip_frag & KEY_FRAG_LATER) &&
           (k->tp_src == htons(135) || k->tp_src == htons(136));
}

static bool looks_at_nd(const struct key *mask)
{
    return mask->nd_options_type || mask->nd_reserved || !is_all_zeros(mask->nd_target, 16) ||
           !is_all_zeros(mask->arp_sha, 6) || !is_all_zeros(mask->arp_tha, 6);
}

static bool looks_at_tuple(const struct key *mask)
{
    return mask->ct_proto || mask->ct_tp_src || mask->ct_tp_dst || mask->ct_ip_src ||
           mask->ct_ip_dst || !is_all_zeros(mask->ct_ip6_src, 16) ||
           !is_all_zeros(mask->ct_ip6_dst, 16);
}

/* Packets of which the tracker knows no connection have no tuple; nor has, in the kernel, ND. */
static bool has_no_tuple(const struct key *k)
{
    return !(k->ct_state & htonl(CS_TRK)) || k->ct_state & htonl(CS_INV) || is_nd(k);
}

static be16 low_byte_twice(be16 bits)
{
    return htons((uint16_t)((ntohs(bits) & 0xff) * 0x101));
}

static void widen_ip(const struct key *key, struct key *mask)
{
    bool nd = key_is_ip6(key) && looks_at_nd(mask);

    if (nd || mask->tp_src || mask->tp_dst || mask->tcp_flags) {
        mask->ip_proto = UINT8_MAX;
        mask->ip_frag |= KEY_FRAG_LATER; /* Later fragments have no such header. */
        if (nd && key->ip_proto == 58) {
            mask->tp_src = mask->tp_dst = UINT16_MAX;
        }
    }
    if (key->ip_proto == (key_is_ip4(key) ? 1 : 58)) { /* Type and code: the other byte is zero. */
        mask->tp_src = low_byte_twice(mask->tp_src);
        mask->tp_dst = low_byte_twice(mask->tp_dst);
    }
    if (mask->ip_frag) { /* One value of three in the kernel. */
        mask->ip_frag = KEY_FRAG_ANY | KEY_FRAG_LATER;
    }
}

void nlkey_widen(const struct key *key, const struct nlkey_features *f, struct key *mask)
{
    mask->in_port = UINT32_MAX;
    mask->recirc_id = UINT32_MAX;
    mask->ct_state &= f->ct_state ? htonl(CS_ALL) : 0;
    if (f->ct_state && looks_at_tuple(mask)) {
        mask->ct_proto = UINT8_MAX; /* Or the kernel does not tell of the tuple. */
        if (!key->ct_proto) {
            mask->ct_state |= htonl(CS_TRK | CS_INV);
        }
    }
    /* The kernel takes every EtherType mask for an exact one; so it does a tunnel's family. */
    mask->eth_type = UINT16_MAX;
    if (key->tun_dst) {
        mask->tun_dst = UINT32_MAX;
    } else if (!is_all_zeros(key->tun_ip6_dst, 16)) {
        memset(mask->tun_ip6_dst, 0xff, 16);
    }
    if (mask->tun_id) { /* Whether there is one, and whether there is a policy, is matched too. */
        mask->tun_flags |= htons(KEY_TUN_KEY);
    }
    if (mask->tun_gbp_id || mask->tun_gbp_flags) {
        mask->tun_flags |= htons(KEY_TUN_GBP);
    }
    if (!is_all_zeros(mask->tun_opt, sizeof mask->tun_opt)) {
        mask->tun_opt_len = UINT8_MAX;
    }
    /* A tag's presence and type are matched always; so is that there is none. */
    for (unsigned i = 0; i < MIN(f->max_vlans, KEY_MAX_VLANS); i++) {
        mask->vlan[i].tci |= key->vlan[i].tci ? htons(VLAN_CFI) : UINT16_MAX;
        mask->vlan[i].tpid = UINT16_MAX;
    }
    if (is_ip(key)) {
        widen_ip(key, mask);
    } else if (is_mpls(key)) { /* So is the number of labels. */
        for (unsigned i = 0; i < nlkey_n_labels(key, f); i++) {
            mask->mpls_lse[i] |= LSE_BOS;
        }
    } else if (key->eth_type == htons(0x894f)) {
        mask->nsh_mdtype = UINT8_MAX;
    }
}

/* ---- what packets of the key's protocols cannot have ---- */

static void clear_tunnel(const struct key *key, struct key *bits)
{
    /* A port gives all its packets from tunnels, or none; the port is matched. */
    if (!key_has_tunnel(key)) {
        memset((uint8_t *)bits + KEY_TUN_OFS, 0, KEY_TUN_SIZE);
        return;
    }
    if (key->tun_erspan_ver == 1) {
        bits->tun_erspan_dir = bits->tun_erspan_hwid = 0;
    } else if (key->tun_erspan_ver) {
        bits->tun_erspan_idx = 0;
        bits->tun_erspan_dir &= 1; /* All that there is of it. */
        bits->tun_erspan_hwid &= 0x3f;
    } else {
        bits->tun_erspan_ver = bits->tun_erspan_dir = bits->tun_erspan_hwid = 0;
        bits->tun_erspan_idx = 0;
    }
    if (key->tun_erspan_ver || key->tun_flags & htons(KEY_TUN_GBP)) { /* Of such a port. */
        bits->tun_opt_len = 0;
    } else if (key->tun_opt_len) { /* Of a Geneve port. */
        bits->tun_flags &= htons((uint16_t)~KEY_TUN_GBP);
        bits->tun_gbp_id = 0;
        bits->tun_gbp_flags = 0;
    }
    memset(bits->tun_opt + key->tun_opt_len, 0, sizeof bits->tun_opt - key->tun_opt_len);
    if (key->tun_dst) {
        CLEAR(bits, tun_ip6_src);
        CLEAR(bits, tun_ip6_dst);
    } else {
        bits->tun_src = bits->tun_dst = 0;
    }
}

static void clear_ct(const struct key *key, const struct nlkey_features *f, struct key *bits)
{
    bool ip4 = key_is_ip4(key), ip6 = key_is_ip6(key);

    if (!f->ct_state) {
        bits->ct_zone = 0;
        bits->ct_mark = 0;
        CLEAR(bits, ct_label);
    }
    if (!f->ct_state || has_no_tuple(key) || !(ip4 || ip6)) {
        bits->ct_proto = 0;
        bits->ct_tp_src = bits->ct_tp_dst = 0;
    }
    if (!f->ct_state || has_no_tuple(key) || !ip4) {
        bits->ct_ip_src = bits->ct_ip_dst = 0;
    }
    if (!f->ct_state || has_no_tuple(key) || !ip6) {
        CLEAR(bits, ct_ip6_src);
        CLEAR(bits, ct_ip6_dst);
    }
}

static void clear_l2(const struct key *key, const struct key *mask, const struct nlkey_features *f,
                     struct key *bits)
{
    unsigned n = nlkey_n_labels(key, f);

    bits->packet_type = 0; /* Which attributes there are says it. */
    if (key->packet_type) {
        CLEAR(bits, eth_dst);
        CLEAR(bits, eth_src);
    }
    for (unsigned i = 0; i < KEY_MAX_VLANS; i++) {
        if (!key->vlan[i].tci) { /* One more would show in the EtherType. */
            bits->vlan[i] = (struct key_vlan){0, 0};
        }
    }
    if (!is_mpls(key)) {
        CLEAR(bits, mpls_lse);
    } else if (n && key->mpls_lse[n - 1] & mask->mpls_lse[n - 1] & LSE_BOS) {
        memset(&bits->mpls_lse[n], 0, (KEY_MAX_MPLS - n) * sizeof bits->mpls_lse[0]);
    }
    if (key->eth_type != htons(0x88e7)) {
        bits->pbb_isid = 0;
        bits->pbb_uca = 0;
    }
    if (key->eth_type != htons(0x894f)) {
        memset(&bits->nsh_flags, 0, sizeof *bits - offsetof(struct key, nsh_flags));
    } else if (key->nsh_mdtype != 1) {
        CLEAR(bits, nsh_c);
    }
}

static void clear_l3_l4(const struct key *key, struct key *bits)
{
    bool ip = is_ip(key), later = key->ip_frag & KEY_FRAG_LATER;
    uint8_t proto = ip && !later ? key->ip_proto : 0;

    if (!key_is_ip4(key) && !is_arp(key)) {
        bits->ip_src = bits->ip_dst = 0;
    }
    if (!key_is_ip6(key)) {
        CLEAR(bits, ip6_src);
        CLEAR(bits, ip6_dst);
        bits->ip6_label = 0;
        bits->ip6_exthdr = 0;
    }
    if (!ip) {
        bits->ip_tos = bits->ip_ttl = bits->ip_frag = 0;
        bits->ip_proto = is_arp(key) ? bits->ip_proto : 0;
    }
    if (!is_nd(key)) {
        CLEAR(bits, nd_target);
        bits->nd_options_type = 0;
        bits->nd_reserved = 0;
        if (!is_arp(key)) {
            CLEAR(bits, arp_sha);
            CLEAR(bits, arp_tha);
        }
    }
    /* With bits here, nlkey_widen() has made the protocol exact. */
    bool icmp = proto == (key_is_ip4(key) ? 1 : 58);
    if (proto != 6 && proto != 17 && proto != 132 && !icmp) {
        bits->tp_src = bits->tp_dst = 0;
    }
    if (proto != 6) {
        bits->tcp_flags = 0;
    }
}

static bool is_tag(be16 type)
{
    return type == htons(0x8100) || type == htons(0x88a8);
}

/* A frame that ends within a tag, or ahead of its first label: the kernel does not take the key
 * that it gives itself. */
static bool is_cut_off(const struct key *k, const struct nlkey_features *f)
{
    unsigned n = 0, max = MIN(f->max_vlans, KEY_MAX_VLANS);

    while (n < max && k->vlan[n].tci) {
        n++;
    }
    return (n < max && is_tag(k->eth_type)) ||
           (is_mpls(k) && is_all_zeros(k->mpls_lse, sizeof k->mpls_lse));
}

enum nlkey_fit nlkey_fit(const struct key *key, const struct key *mask,
                         const struct nlkey_features *f, struct key *seen)
{
    _Alignas(8) uint8_t buf[2048];
    struct key bits = *mask;
    struct nlwr w;

    nlwr_init(&w, buf, sizeof buf);
    nlkey_put(key, mask, f, &w);
    if (is_cut_off(key, f) || w.err || !nlkey_get(buf, w.len, true, seen)) {
        return NLKEY_NONE;
    }
    clear_tunnel(key, &bits);
    clear_ct(key, f, &bits);
    clear_l2(key, mask, f, &bits);
    clear_l3_l4(key, &bits);
    for (size_t i = 0; i < KEY_WORDS; i++) {
        if (key_words(&bits)[i] & ~key_words(seen)[i]) {
            return NLKEY_LESS;
        }
    }
    return NLKEY_ALL;
}
