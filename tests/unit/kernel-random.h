/* kernel-random.h - random keys as the kernel's upcalls could give them: those of packet-random.h
 * with metadata, without what the kernel does not carry; and random masks. */
#pragma once

#include "lib/dp/kernel/nlkey.h"
#include "tests/unit/packet-random.h"

static const struct nlkey_features kernel_all = {.ct_state = true,
                                                 .ct_zone = true,
                                                 .ct_mark = true,
                                                 .ct_label = true,
                                                 .ct_orig_tuple = true,
                                                 .ct_orig_tuple6 = true,
                                                 .ip6_exthdr = true,
                                                 .max_vlans = 2,
                                                 .max_mpls = 3};

static inline void random_ct(struct key *k)
{
    k->ct_state = htonl(CS_TRK | random_below(0x100));
    random_bytes(&k->ct_zone, 2);
    if (k->ct_state & htonl(CS_INV)) {
        return;
    }
    random_bytes(&k->ct_mark, 4);
    random_bytes(k->ct_label, 16);
    if (key_is_ip6(k) && (k->tp_src == htons(135) || k->tp_src == htons(136))) {
        return; /* ND has no tuple. */
    }
    k->ct_proto = (uint8_t)(1 + random_below(255));
    random_bytes(&k->ct_tp_src, 4);
    if (key_is_ip4(k)) {
        random_bytes(&k->ct_ip_src, 8);
    } else {
        random_bytes(k->ct_ip6_src, 32);
    }
}

static inline void random_tunnel(struct key *k)
{
    k->tun_flags = htons((uint16_t)random_below(2 * KEY_TUN_GBP));
    if (k->tun_flags & htons(KEY_TUN_KEY)) {
        random_bytes(&k->tun_id, 8);
    }
    if (k->tun_flags & htons(KEY_TUN_GBP)) {
        random_bytes(&k->tun_gbp_id, 2);
        random_bytes(&k->tun_gbp_flags, 1);
    }
    if (random_below(2)) {
        random_bytes(&k->tun_src, 8);
        k->tun_dst |= htonl(1);
    } else {
        random_bytes(k->tun_ip6_src, 32);
        k->tun_ip6_dst[15] |= 1;
    }
    random_bytes(&k->tun_tos, 1);
    random_bytes(&k->tun_ttl, 1);
    if (random_below(2)) {
        random_bytes(&k->tun_tp_src, 4);
    }
    if (k->tun_flags & htons(KEY_TUN_GBP)) { /* The kernel takes one of three. */
        return;
    }
    if (!random_below(4)) {
        random_erspan(k);
    } else {
        random_options(k);
    }
}

static inline void random_kernel_key(struct key *k)
{
    random_key(k);
    k->in_port = random_below(4);
    if (random_below(2)) {
        random_bytes(&k->skb_mark, 4);
        random_bytes(&k->recirc_id, 4);
        random_bytes(&k->dp_hash, 4);
    }
    if ((key_is_ip4(k) || key_is_ip6(k)) && random_below(2)) {
        random_ct(k);
    }
    if (k->in_port == 3) {
        random_tunnel(k);
    }
    k->nd_options_type = 0;
    k->nd_reserved = 0;
    k->pbb_isid = 0;
    k->pbb_uca = 0;
}

/* Few bits, many, or none, member by member. */
static inline void random_mask(struct key *mask)
{
    uint8_t *b = (uint8_t *)mask;

    memset(mask, 0, sizeof *mask);
    for (unsigned i = random_below(20); i; i--) {
        uint32_t at = random_below(sizeof *mask), n = 1 + random_below(8);
        uint8_t fill = random_below(2) ? 0xff : (uint8_t)random_below(256);
        memset(b + at, fill, MIN(n, sizeof *mask - at));
    }
    mask->packet_type = 0;
}
