/* packet-random.h - random keys of every protocol, as parse_key() would give them; rand() decides.
 */
#pragma once

#include <stdlib.h>

#include "lib/packet/geneve_opt.h"
#include "lib/packet/ip.h"
#include "lib/packet/key.h"

static inline void random_bytes(void *p, size_t n)
{
    /* rand() takes a lock for each number, which was nearly all that some programs did. */
    uint64_t x = UINT64_C(0x9e3779b97f4a7c15) * (1 + (uint64_t)rand());
    uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13; /* Marsaglia's xorshift. */
        x ^= x >> 7;
        x ^= x << 17;
        b[i] = (uint8_t)(x >> 24);
    }
}

static inline uint32_t random_below(uint32_t n)
{
    return (uint32_t)(rand() >> 3) % n;
}

/* Does csum_l4_ok() check what this key's packet carries? */
static inline bool random_has_csum(const struct key *key)
{
    switch (key->ip_proto) {
    case IPPROTO_HDR_TCP:
    case IPPROTO_HDR_UDP:
    case IPPROTO_HDR_SCTP:
        return true;
    default:
        return key->ip_proto == (key_is_ip6(key) ? IPPROTO_HDR_ICMP6 : IPPROTO_HDR_ICMP);
    }
}

static inline void random_l4(struct key *key)
{
    static const uint8_t protos[] = {6, 17, 132, 1, 58, 47, 99};
    key->ip_proto = protos[random_below(ARRAY_SIZE(protos))];
    if (key->ip_frag & KEY_FRAG_LATER || !random_has_csum(key)) {
        return;
    }
    random_bytes(&key->tp_src, 2);
    random_bytes(&key->tp_dst, 2);
    if (key->ip_proto == IPPROTO_HDR_TCP) {
        key->tcp_flags = htons((uint16_t)random_below(0x1000));
    } else if (key->ip_proto == IPPROTO_HDR_ICMP || key->ip_proto == IPPROTO_HDR_ICMP6) {
        key->tp_src &= htons(0xff);
        key->tp_dst &= htons(0xff);
        if (key->ip_proto == IPPROTO_HDR_ICMP6 && random_below(2)) {
            key->tp_src = htons((uint16_t)(135 + random_below(2)));
            key->tp_dst = 0;
            random_bytes(key->nd_target, 16);
            random_bytes(&key->nd_reserved, 4);
            unsigned opts = random_below(4);
            if (opts & 1) {
                random_bytes(key->arp_sha, 6);
                key->nd_options_type = 1;
            }
            if (opts & 2) {
                random_bytes(key->arp_tha, 6);
                key->nd_options_type = opts == 3 && random_below(2) ? 1 : 2;
            }
        }
    }
}

static inline void random_ip(struct key *key)
{
    key->ip_frag = random_below(4) ? 0 : random_below(2) ? KEY_FRAG_ANY : 3;
    random_bytes(&key->ip_tos, 1);
    random_bytes(&key->ip_ttl, 1);
    if (key_is_ip4(key)) {
        random_bytes(&key->ip_src, 4);
        random_bytes(&key->ip_dst, 4);
    } else {
        random_bytes(key->ip6_src, 16);
        random_bytes(key->ip6_dst, 16);
        key->ip6_label = htonl(random_below(0x100000));
        uint16_t bits = 0;
        if (random_below(2)) {
            bits = (uint16_t)random_below(128) & ~(IP_EXTHDR_NONEXT | IP_EXTHDR_ESP);
        }
        key->ip6_exthdr = htons(bits | (key->ip_frag ? IP_EXTHDR_FRAG : 0));
        if (key->ip_frag & KEY_FRAG_LATER) {
            key->ip6_exthdr &= htons((uint16_t)~IP_EXTHDR_AUTH); /* Behind the fragment header. */
        }
    }
    random_l4(key);
}

static inline void random_erspan(struct key *k)
{
    k->tun_erspan_ver = (uint8_t)(1 + random_below(2));
    if (k->tun_erspan_ver == 1) {
        k->tun_erspan_idx = htonl(random_below(1 << 20));
    } else {
        k->tun_erspan_dir = (uint8_t)random_below(2);
        k->tun_erspan_hwid = (uint8_t)random_below(64);
    }
}

/* Up to three Geneve options, whole ones. */
static inline void random_options(struct key *k)
{
    unsigned n = 0;

    for (unsigned i = random_below(4); i; i--) {
        uint8_t value[124];
        struct geneve_opt o = {.class = (uint16_t)random_below(0x10000),
                               .type = (uint8_t)random_below(256),
                               .len = (uint8_t)(4 * random_below(random_below(4) ? 4 : 20)),
                               .value = value};
        random_bytes(value, sizeof value);
        unsigned more = geneve_opt_put(k->tun_opt, n, KEY_TUN_OPT_MAX, &o);
        n = more ? more : n;
    }
    k->tun_opt_len = (uint8_t)n;
}

static inline void random_key(struct key *key)
{
    static const uint16_t types[] = {0x0800, 0x0800, 0x86dd, 0x86dd, 0x0806, 0x8035,
                                     0x8847, 0x8848, 0x88e7, 0x894f, 0x05ff, 0x9000};
    memset(key, 0, sizeof *key);
    random_bytes(key->eth_dst, 6);
    random_bytes(key->eth_src, 6);
    uint32_t n_vlans = random_below(KEY_MAX_VLANS + 1);
    for (uint32_t i = 0; i < n_vlans; i++) {
        key->vlan[i].tpid = htons(random_below(2) ? 0x8100 : 0x88a8);
        key->vlan[i].tci = htons((uint16_t)(random_below(0x10000) | VLAN_CFI));
    }
    key->eth_type = htons(types[random_below(ARRAY_SIZE(types))]);
    switch (ntohs(key->eth_type)) {
    case 0x0800:
    case 0x86dd:
        random_ip(key);
        break;
    case 0x0806:
    case 0x8035:
        random_bytes(&key->ip_proto, 1);
        random_bytes(&key->ip_src, 4);
        random_bytes(&key->ip_dst, 4);
        random_bytes(key->arp_sha, 6);
        random_bytes(key->arp_tha, 6);
        break;
    case 0x8847:
    case 0x8848: {
        uint32_t n = 1 + random_below(4);
        for (uint32_t i = 0; i < MIN(n, KEY_MAX_MPLS); i++) {
            random_bytes(&key->mpls_lse[i], 4);
            key->mpls_lse[i] &= htonl(0xfffffeff);
            key->mpls_lse[i] |= i == n - 1 ? htonl(0x100) : 0;
        }
        break;
    }
    case 0x88e7:
        key->pbb_isid = htonl(random_below(0x1000000));
        key->pbb_uca = (uint8_t)random_below(2);
        break;
    case 0x894f:
        key->nsh_flags = (uint8_t)random_below(4);
        key->nsh_ttl = (uint8_t)random_below(64);
        key->nsh_mdtype = (uint8_t)(1 + random_below(2));
        random_bytes(&key->nsh_np, 1);
        random_bytes(&key->nsh_si, 1);
        key->nsh_spi = htonl(random_below(0x1000000));
        if (key->nsh_mdtype == 1) {
            random_bytes(key->nsh_c, 16);
        }
        break;
    default:
        break;
    }
}
