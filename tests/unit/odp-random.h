/* odp-random.h - random keys with masks, and lists of datapath actions, as ODP text can say them;
 * rand() decides. */
#pragma once

#include "lib/dp/action_kernel.h"
#include "lib/dp/cookie.h"
#include "lib/dp/odp-private.h"
#include "tests/unit/packet-random.h"

/* ---- keys ---- */

static inline bool odp_key_has(const struct odp_attr *a, const struct key *key)
{
    const struct odp_out o = {.key = key};
    return !a->when || a->when(&o) || !strcmp(a->name, "encap");
}

/* All, none, or some bits; as many as the row has. */
static inline void random_mask(const struct odp_member *m, void *value, void *mask)
{
    uint8_t *v = (uint8_t *)value + m->ofs, *b = (uint8_t *)mask + m->ofs;
    const unsigned how = random_below(3);

    memset(b, how == 1 ? 0xff : 0, m->n);
    if (how == 2) {
        random_bytes(b, m->n);
    }
    for (unsigned i = 0; m->full && i < m->n; i++) {
        const unsigned shift = 8 * (m->n - 1 - i);
        b[i] &= shift < 32 ? (uint8_t)(m->full >> shift) : 0;
        v[i] &= shift < 32 ? (uint8_t)(m->full >> shift) : 0;
    }
}

/* 135 and 136 are matched whole where something of ND is. */
static inline void random_masks(struct key *key, struct key *mask)
{
    for (size_t i = 0; i < odp_n_key_attrs; i++) {
        const struct odp_attr *a = &odp_key_attrs[i];
        for (size_t j = 0; odp_key_has(a, key) && j < a->n; j++) {
            random_mask(&a->m[j], key, mask);
        }
    }
}

static inline void random_meta(struct key *key, struct key *mask)
{
    const bool v6 = key_is_ip6(key);

    key->in_port = random_below(1000);
    key->recirc_id = htonl(random_below(9));
    mask->in_port = mask->recirc_id = UINT32_MAX;
    key->ct_state = htonl(random_below(CS_ALL + 1));
    mask->ct_state = htonl(random_below(CS_ALL + 1));
    random_bytes(&key->ct_mark, 4);
    random_bytes(&key->ct_zone, 2);
    random_bytes(key->ct_label, random_below(2) ? 16 : 3);
    random_bytes(&key->skb_mark, 4);
    random_bytes(&key->dp_hash, 4);
    if (random_below(2)) {
        key->ct_proto = (uint8_t)(1 + random_below(255));
        random_bytes(&key->ct_tp_src, 4);
        random_bytes(v6 ? key->ct_ip6_src : (uint8_t *)&key->ct_ip_src, v6 ? 16 : 4);
        random_bytes(v6 ? key->ct_ip6_dst : (uint8_t *)&key->ct_ip_dst, v6 ? 16 : 4);
    }
}

/* Headers in full, as translation has them, and some bits of the values. */
static inline void random_option_match(struct key *key, struct key *mask)
{
    struct geneve_opt o;
    unsigned ofs = 0;

    random_options(key);
    mask->tun_opt_len = key->tun_opt_len ? UINT8_MAX : 0; /* The kernel shows no absence. */
    while (geneve_opt_next(key->tun_opt, key->tun_opt_len, &ofs, &o)) {
        uint8_t *m = mask->tun_opt + o.ofs;
        memcpy(m, "\xff\xff\xff\x1f", GENEVE_OPT_HEADER);
        if (random_below(2)) {
            random_bytes(m + GENEVE_OPT_HEADER, o.len);
        } else {
            memset(m + GENEVE_OPT_HEADER, random_below(2) ? 0xff : 0, o.len);
        }
        for (unsigned i = 0; is_all_zeros(m + GENEVE_OPT_HEADER, o.len) && i < o.len; i++) {
            key->tun_opt[o.ofs + GENEVE_OPT_HEADER + i] = 0; /* Not shown at all. */
        }
    }
}

/* The version says which members there are, and so is matched. */
static inline void random_erspan_match(struct key *key, struct key *mask)
{
    random_erspan(key);
    mask->tun_erspan_ver = UINT8_MAX;
    if (key->tun_erspan_ver == 1) {
        mask->tun_erspan_idx = random_below(2) ? UINT32_MAX : htonl(0xff);
    } else {
        mask->tun_erspan_dir = 1;
        mask->tun_erspan_hwid = random_below(2) ? 0x3f : 0xf;
    }
}

static inline void random_tunnel_match(struct key *key, struct key *mask)
{
    random_bytes(&key->tun_id, 8);
    random_bytes(&mask->tun_id, 8);
    if (random_below(2)) {
        key->tun_dst = htonl(0x0a000000 | random_below(1000));
        key->tun_src = htonl(0x0a010001 | random_below(1000)); /* Zero is no attribute. */
        mask->tun_dst = random_below(2) ? UINT32_MAX : htonl(0xffff0000);
        mask->tun_src = random_below(2) ? UINT32_MAX : htonl(0xff);
    } else {
        random_bytes(key->tun_ip6_dst, 16);
        memset(mask->tun_ip6_dst, 0xff, 16);
    }
    random_bytes(&key->tun_ttl, 1);
    mask->tun_ttl = random_below(2) ? UINT8_MAX : 0;
    mask->tun_flags = htons((uint16_t)(KEY_TUN_KEY | random_below(8)));
    key->tun_flags = htons((uint16_t)random_below(16)) & mask->tun_flags;
    if (random_below(2)) {
        random_bytes(&key->tun_gbp_id, 2);
        mask->tun_gbp_id = random_below(2) ? UINT16_MAX : htons(0xff);
        key->tun_flags |= htons(KEY_TUN_GBP);
        mask->tun_flags |= htons(KEY_TUN_GBP);
    } else if (random_below(2)) {
        random_erspan_match(key, mask);
    } else if (random_below(2)) {
        random_option_match(key, mask);
    }
    if (random_below(2)) {
        key->tun_tp_dst = htons((uint16_t)(1 + random_below(0xffff)));
        mask->tun_tp_dst = UINT16_MAX;
    }
}

/* What odp_rows.c has functions for. */
static inline void random_special(struct key *key, struct key *mask)
{
    const bool tcp = (key_is_ip4(key) || key_is_ip6(key)) && key->ip_proto == 6;

    mask->eth_type = key->eth_type == htons(0x9000) && random_below(2) ? htons(0xff00) : UINT16_MAX;
    for (unsigned i = 0; i < KEY_MAX_VLANS && key->vlan[i].tci; i++) {
        mask->vlan[i].tpid = UINT16_MAX;
        mask->vlan[i].tci = htons((uint16_t)(VLAN_CFI | (random_below(2) ? 0xfff : 0) |
                                             (random_below(2) ? 7u << VLAN_PCP_SHIFT : 0)));
        if (!random_below(4)) {
            mask->vlan[i].tci = htons((uint16_t)(VLAN_CFI | random_below(0x10000)));
        }
    }
    if (key_is_ip4(key) || key_is_ip6(key)) {
        mask->ip_frag = (uint8_t)random_below(4);
    }
    mask->ip_proto = mask->ip_proto ? UINT8_MAX : 0; /* It decides what follows. */
    if (tcp && !(key->ip_frag & KEY_FRAG_LATER)) {
        mask->tcp_flags = htons((uint16_t)(random_below(2) ? 0xfff : random_below(0x1000)));
        key->tcp_flags &= mask->tcp_flags;
    }
    if (key->eth_type != htons(0x8847) && key->eth_type != htons(0x8848)) {
        return;
    }
    unsigned deepest = random_below(KEY_MAX_MPLS), i = 0;
    for (bool last = false; i <= deepest && !last; i++) {
        mask->mpls_lse[i] = random_below(2) ? UINT32_MAX : htonl(0xfffff100);
        last = key->mpls_lse[i] & htonl(0x100);
    }
    for (; i < KEY_MAX_MPLS; i++) {
        key->mpls_lse[i] = 0;
    }
}

static inline void clear_unmatched(struct key *key, const struct key *mask, size_t ofs, size_t n)
{
    for (size_t i = ofs; i < ofs + n; i++) {
        ((uint8_t *)key)[i] &= ((const uint8_t *)mask)[i];
    }
}

/* Members of headers that the key has not, or is not shown to have, are zero. */
static inline void canonical(struct key *key, struct key *mask)
{
    bool kept[sizeof *key] = {false};

    for (int keep = 1; keep >= 0; keep--) {
        for (size_t i = 0; i < odp_n_key_attrs; i++) {
            const struct odp_attr *a = &odp_key_attrs[i];
            for (size_t j = 0; odp_key_has(a, key) == keep && j < a->n; j++) {
                for (size_t b = a->m[j].ofs; b < (size_t)a->m[j].ofs + a->m[j].n; b++) {
                    kept[b] |= keep;
                    ((uint8_t *)key)[b] &= kept[b] ? 0xff : 0;
                    ((uint8_t *)mask)[b] &= kept[b] ? 0xff : 0;
                }
                if (keep && (a->quiet || (!key->ct_proto && a->put == odp_put_tuple))) {
                    clear_unmatched(key, mask, a->m[j].ofs, a->m[j].n);
                }
            }
        }
    }
    if (!(key_is_ip4(key) || key_is_ip6(key)) || key->ip_proto != 6 ||
        key->ip_frag & KEY_FRAG_LATER) {
        key->tcp_flags = mask->tcp_flags = 0;
    }
}

/* 'bare': bits that are not matched are zero, as nothing shows them. */
static inline void random_flow(struct key *key, struct key *mask, bool bare)
{
    memset(mask, 0, sizeof *mask);
    random_key(key);
    random_meta(key, mask);
    random_masks(key, mask);
    if (!random_below(3)) {
        random_tunnel_match(key, mask);
    }
    random_special(key, mask);
    if (!random_below(4)) { /* Exact. */
        mask->ct_state = htonl(CS_ALL);
    }
    if (bare) {
        clear_unmatched(key, mask, 0, sizeof *key);
    }
    clear_unmatched(key, mask, offsetof(struct key, ip_frag), 1);
    canonical(key, mask);
}

/* ---- actions ---- */

static inline void random_tunnel_set(struct dp_actions *l)
{
    struct key k = {.tun_flags = htons((uint16_t)random_below(32))};

    random_bytes(&k.tun_dst, 4);
    random_bytes(&k.tun_tos, 1);
    random_bytes(&k.tun_ttl, 1);
    random_bytes(&k.tun_tp_dst, 2);
    if (k.tun_flags & htons(KEY_TUN_GBP)) {
        random_bytes(&k.tun_gbp_id, 2);
    } else if (random_below(2)) {
        random_erspan(&k);
    } else {
        random_options(&k);
    }
    if (k.tun_flags & htons(KEY_TUN_KEY)) {
        random_bytes(&k.tun_id, 8);
    }
    dp_actions_set_tunnel(l, &k);
}

static inline void random_set(struct dp_actions *l)
{
    const uint32_t header = random_below((uint32_t)odp_n_set_attrs);

    if (header == DP_SET_TUNNEL) {
        random_tunnel_set(l);
        return;
    }
    struct dp_action_set *s = dp_actions_put(l, DP_ACTION_SET, sizeof *s);
    uint8_t *v = (uint8_t *)&s->value, *m = (uint8_t *)&s->mask;
    const struct odp_set_attr *a = &odp_set_attrs[header];

    s->a.u32 = header;
    if (header == DP_SET_VLAN) {
        s->value.vlan_tci = htons((uint16_t)random_below(0x10000));
        s->mask.vlan_tci = htons(random_below(2) ? 0xfff : 0xe000);
    } else if (header == DP_SET_MPLS) {
        random_bytes(&s->value.mpls_lse, 4);
        s->mask.mpls_lse = random_below(2) ? UINT32_MAX : htonl(0xfffff000);
    }
    for (size_t i = 0; i < a->n; i++) {
        random_bytes(v + a->m[i].ofs, a->m[i].n);
        random_mask(&a->m[i], v, m);
    }
    if (a->n && is_all_zeros(m, sizeof s->mask)) { /* Sets nothing: there is no text for it. */
        memset(m + a->m[0].ofs, 0xff, a->m[0].n);
    }
    for (size_t i = 0; i < sizeof s->value; i++) {
        v[i] &= m[i];
    }
}

static inline void random_nat(struct dp_action_ct *ct)
{
    ct->nat = true;
    if (!random_below(4)) {
        return;
    }
    ct->nat_flags = random_below(2) ? DP_NAT_SRC : DP_NAT_DST;
    ct->nat_flags |= (uint8_t)(random_below(8) << 2);
    ct->nat_af = (uint8_t)(random_below(3) * 2);
    ct->nat_af += ct->nat_af ? 2 : 0;
    random_bytes(ct->nat_min, ct->nat_af == 4 ? 4 : ct->nat_af == 6 ? 16 : 0);
    memcpy(ct->nat_max, ct->nat_min, 16);
    if (ct->nat_af && random_below(2)) {
        ct->nat_max[3] ^= 1;
    }
    if (random_below(2)) {
        ct->nat_port_min = (uint16_t)(1 + random_below(100));
        ct->nat_port_max = (uint16_t)(ct->nat_port_min + random_below(3));
    }
}

static inline void random_ct(struct dp_actions *l)
{
    struct dp_action_ct *ct = dp_actions_put(l, DP_ACTION_CT, sizeof *ct);

    ct->cookie = UINT64_MAX;
    ct->zone = (uint16_t)random_below(3);
    ct->alg = random_below(2) ? 0 : random_below(2) ? 21 : 69;
    ct->commit = random_below(2);
    if (ct->commit) {
        ct->timeout = (uint8_t)random_below(DP_CT_N_TIMEOUTS);
        ct->force = random_below(2);
        random_bytes(&ct->mark_mask, 4);
        ct->mark = 0x12345678 & ct->mark_mask;
        random_bytes(ct->label_mask, random_below(2) ? 16 : 2);
        random_bytes(ct->label, 16);
        for (unsigned i = 0; i < 16; i++) {
            ct->label[i] &= ct->label_mask[i];
        }
    }
    if (random_below(2)) {
        random_nat(ct);
    }
}

static inline void random_userspace(struct dp_actions *l)
{
    const size_t n = random_below(20);
    struct dp_action_userspace *u = dp_actions_put(l, DP_ACTION_USERSPACE, sizeof *u + n);

    u->pid = 1 + random_below(UINT32_MAX - 1);
    u->a.u32 = (uint32_t)n;
    random_bytes(u->cookie, n);
    u->actions = random_below(2);
    u->has_tunnel_port = random_below(2);
    u->tunnel_port = u->has_tunnel_port ? (uint16_t)random_below(65536) : 0;
}

static inline void random_actions(struct dp_actions *l, unsigned depth);

static inline void random_check_pkt_len(struct dp_actions *l, unsigned depth)
{
    const size_t ofs = l->len;

    dp_actions_put(l, DP_ACTION_CHECK_PKT_LEN, sizeof(struct dp_action_check_pkt_len));
    const size_t first = l->len;
    random_actions(l, depth);
    const size_t second = l->len;
    random_actions(l, depth);
    struct dp_action_check_pkt_len *c = (void *)(l->data + ofs);
    c->a.u32 = random_below(2000);
    c->a.len = (uint16_t)(l->len - ofs);
    c->gt_len = (uint32_t)(second - first);
    c->le_len = (uint32_t)(l->len - second);
}

/* But for DROP, whose word is an empty list's. */
static inline void random_kernel_action(struct dp_actions *l, unsigned depth)
{
    const enum action_kernel_kind kind = random_below(ACTION_KERNEL_DROP);
    uint8_t data[ACTION_KERNEL_MAX];
    size_t n = 0;

    random_bytes(data, sizeof data);
    switch (kind) {
    case ACTION_KERNEL_PUSH_ETH:
        n = 12;
        break;
    case ACTION_KERNEL_PUSH_NSH:
        data[2] = (uint8_t)(1 + random_below(2));
        n = data[2] == 1 ? 24 : 8 + 4 * random_below(63);
        break;
    case ACTION_KERNEL_HASH_SYM:
        n = 4;
        break;
    case ACTION_KERNEL_ADD_MPLS:
        n = 8;
        memcpy(data + 4, random_below(2) ? "\x88\x47\0" : "\x88\x48\0", 4);
        break;
    case ACTION_KERNEL_PSAMPLE:
        n = 4 + random_below(17);
        break;
    default:
        break;
    }
    size_t ofs = action_kernel_begin(l, kind, data, n);
    if (kind == ACTION_KERNEL_DEC_TTL) {
        random_actions(l, depth);
    }
    action_kernel_end(l, ofs);
}

/* An action of each row of actions.def; a new row needs its case, or its number here. */
static inline void random_action(struct dp_actions *l, enum dp_action_type type, unsigned depth)
{
    struct dp_action *a;
    struct dp_action_push_mpls *m;
    size_t ofs;

    switch (type) {
    case DP_ACTION_USERSPACE:
        random_userspace(l);
        return;
    case DP_ACTION_SET:
        random_set(l);
        return;
    case DP_ACTION_CT:
        random_ct(l);
        return;
    case DP_ACTION_PUSH_MPLS:
        m = dp_actions_put(l, type, sizeof *m);
        random_bytes(&m->lse, 4);
        m->eth_type = htons(random_below(2) ? 0x8847 : 0x8848);
        return;
    case DP_ACTION_CLONE:
        ofs = dp_actions_clone_begin(l);
        random_actions(l, depth);
        dp_actions_clone_end(l, ofs);
        return;
    case DP_ACTION_SAMPLE: /* Text has tenths of a percent. */
        ofs = dp_actions_sample_begin(l, (uint32_t)(UINT32_MAX * (random_below(1001) / 10.0 / 100) +
                                                    0.5));
        random_actions(l, depth);
        dp_actions_sample_end(l, ofs);
        return;
    case DP_ACTION_CHECK_PKT_LEN:
        random_check_pkt_len(l, depth);
        return;
    case DP_ACTION_KERNEL:
        random_kernel_action(l, depth);
        return;
    default:
        a = dp_actions_put(l, type, sizeof *a);
        a->u32 =
            type == DP_ACTION_PUSH_VLAN
                ? (random_below(2) ? 0x81001000 : 0x88a81000) | (random_below(0x10000) & 0xefff)
            : type == DP_ACTION_POP_MPLS ? 0x0800
            : type == DP_ACTION_COPY_TTL ? random_below(2)
            : type == DP_ACTION_POP_VLAN || type == DP_ACTION_POP_PBB || type == DP_ACTION_CT_CLEAR
                ? 0
                : random_below(70000);
    }
}

static inline void random_actions(struct dp_actions *l, unsigned depth)
{
    for (unsigned n = random_below(4); depth && n; n--) {
        random_action(l, (enum dp_action_type)random_below(DP_ACTION_N), depth - 1);
    }
}
