/* match_format.c - see match.h: a match, or a packet's flow, as one line of text.
 *
 * The array below is the order of the reference (cli.md A5).  What shares its place in struct flow
 * is told apart by the protocol, not by prerequisites: a match that lacks them still prints. */
#include "lib/packet/field_map.h"
#include "ofp/field-text-private.h"
#include "ofp/format.h"
#include "ofp/match-private.h"

#include <stdio.h>

/* Which protocols print an item. */
enum shown {
    SHOW_ALWAYS,
    SHOW_ARP,
    SHOW_NOT_ARP,
    SHOW_IPV6,
    SHOW_NSH,
    SHOW_IPV4, /* Neither ARP nor IPv6. */
    SHOW_ICMP,
    SHOW_ICMPV6,
    SHOW_PORTS, /* Not ICMP. */
    SHOW_TCP,
    SHOW_ERSPAN1,
    SHOW_ERSPAN2,
    SHOW_NSH_MD1,
    SHOW_NW_PROTO, /* Not said by the protocol's word. */
};

/* How a value prints, if not as field_format() does. */
enum style {
    AS_FIELD,
    AS_VALUE /* without mask */,
    AS_NONZERO /* and not if zero */,
    AS_DECIMAL,
    AS_HEX,
    AS_HEX0,
    AS_HEX4,
    AS_HEX5,
    AS_DSCP
};

struct item {
    const char *label;
    enum field_id id;
    enum shown shown;
    enum style style;
};

static const struct item first_items[] = {
    {"pkt_mark", MF_PKT_MARK, SHOW_ALWAYS, AS_FIELD},
    {"recirc_id", MF_RECIRC_ID, SHOW_ALWAYS, AS_HEX},
    {"dp_hash", MF_DP_HASH, SHOW_ALWAYS, AS_FIELD},
    {"conj_id", MF_CONJ_ID, SHOW_ALWAYS, AS_FIELD},
    {"actset_output", MF_ACTSET_OUTPUT, SHOW_ALWAYS, AS_FIELD},
    {"ct_state", MF_CT_STATE, SHOW_ALWAYS, AS_FIELD},
    {"ct_zone", MF_CT_ZONE, SHOW_ALWAYS, AS_DECIMAL},
    {"ct_mark", MF_CT_MARK, SHOW_ALWAYS, AS_FIELD},
    {"ct_label", MF_CT_LABEL, SHOW_ALWAYS, AS_FIELD},
    {"ct_nw_src", MF_CT_NW_SRC, SHOW_ALWAYS, AS_FIELD},
    {"ct_ipv6_src", MF_CT_IPV6_SRC, SHOW_ALWAYS, AS_FIELD},
    {"ct_nw_dst", MF_CT_NW_DST, SHOW_ALWAYS, AS_FIELD},
    {"ct_ipv6_dst", MF_CT_IPV6_DST, SHOW_ALWAYS, AS_FIELD},
    {"ct_nw_proto", MF_CT_NW_PROTO, SHOW_ALWAYS, AS_FIELD},
    {"ct_tp_src", MF_CT_TP_SRC, SHOW_ALWAYS, AS_FIELD},
    {"ct_tp_dst", MF_CT_TP_DST, SHOW_ALWAYS, AS_FIELD},
};

static const struct item tunnel_items[] = {
    {"tun_id", MF_TUN_ID, SHOW_ALWAYS, AS_FIELD},
    {"tun_src", MF_TUN_SRC, SHOW_ALWAYS, AS_FIELD},
    {"tun_dst", MF_TUN_DST, SHOW_ALWAYS, AS_FIELD},
    {"tun_ipv6_src", MF_TUN_IPV6_SRC, SHOW_ALWAYS, AS_FIELD},
    {"tun_ipv6_dst", MF_TUN_IPV6_DST, SHOW_ALWAYS, AS_FIELD},
    {"tun_gbp_id", MF_TUN_GBP_ID, SHOW_ALWAYS, AS_FIELD},
    {"tun_gbp_flags", MF_TUN_GBP_FLAGS, SHOW_ALWAYS, AS_VALUE},
    {"tun_tos", MF_TUN_TOS, SHOW_ALWAYS, AS_HEX},
    {"tun_ttl", MF_TUN_TTL, SHOW_ALWAYS, AS_FIELD},
    {"tun_erspan_ver", MF_TUN_ERSPAN_VER, SHOW_ALWAYS, AS_VALUE},
    {"tun_erspan_idx", MF_TUN_ERSPAN_IDX, SHOW_ERSPAN1, AS_VALUE},
    {"tun_erspan_dir", MF_TUN_ERSPAN_DIR, SHOW_ERSPAN2, AS_NONZERO},
    {"tun_erspan_hwid", MF_TUN_ERSPAN_HWID, SHOW_ERSPAN2, AS_NONZERO},
    {"gtpu_flags", MF_TUN_GTPU_FLAGS, SHOW_ALWAYS, AS_NONZERO},
    {"gtpu_msgtype", MF_TUN_GTPU_MSGTYPE, SHOW_ALWAYS, AS_NONZERO},
};

static const struct item port_items[] = {
    {"metadata", MF_METADATA, SHOW_ALWAYS, AS_FIELD},
    {"in_port", MF_IN_PORT_OXM, SHOW_ALWAYS, AS_FIELD},
    {"in_phy_port", MF_IN_PHY_PORT, SHOW_ALWAYS, AS_FIELD},
};

static const struct item ethernet_items[] = {
    {"dl_src", MF_ETH_SRC, SHOW_ALWAYS, AS_FIELD},
    {"dl_dst", MF_ETH_DST, SHOW_ALWAYS, AS_FIELD},
};

static const struct item network_items[] = {
    {"pbb_isid", MF_PBB_ISID, SHOW_ALWAYS, AS_FIELD},
    {"pbb_uca", MF_PBB_UCA, SHOW_ALWAYS, AS_FIELD},
    {"ipv6_src", MF_IPV6_SRC, SHOW_IPV6, AS_FIELD},
    {"ipv6_dst", MF_IPV6_DST, SHOW_IPV6, AS_FIELD},
    {"ipv6_label", MF_IPV6_LABEL, SHOW_IPV6, AS_HEX5},
    {"ipv6_exthdr", MF_IPV6_EXTHDR, SHOW_IPV6, AS_FIELD},
    {"arp_spa", MF_ARP_SPA, SHOW_ARP, AS_FIELD},
    {"arp_tpa", MF_ARP_TPA, SHOW_ARP, AS_FIELD},
    {"nsh_flags", MF_NSH_FLAGS, SHOW_NSH, AS_FIELD},
    {"nsh_ttl", MF_NSH_TTL, SHOW_NSH, AS_FIELD},
    {"nsh_mdtype", MF_NSH_MDTYPE, SHOW_NSH, AS_FIELD},
    {"nsh_np", MF_NSH_NP, SHOW_NSH, AS_FIELD},
    {"nsh_spi", MF_NSH_SPI, SHOW_NSH, AS_HEX0},
    {"nsh_si", MF_NSH_SI, SHOW_NSH, AS_FIELD},
    {"nsh_c1", MF_NSH_C1, SHOW_NSH_MD1, AS_HEX0},
    {"nsh_c2", MF_NSH_C2, SHOW_NSH_MD1, AS_HEX0},
    {"nsh_c3", MF_NSH_C3, SHOW_NSH_MD1, AS_HEX0},
    {"nsh_c4", MF_NSH_C4, SHOW_NSH_MD1, AS_HEX0},
    {"nw_src", MF_IP_SRC, SHOW_IPV4, AS_FIELD},
    {"nw_dst", MF_IP_DST, SHOW_IPV4, AS_FIELD},
    {"arp_op", MF_ARP_OP, SHOW_ARP, AS_FIELD},
    {"nw_proto", MF_NW_PROTO, SHOW_NW_PROTO, AS_FIELD},
    {"arp_sha", MF_ARP_SHA, SHOW_ARP, AS_FIELD},
    {"arp_tha", MF_ARP_THA, SHOW_ARP, AS_FIELD},
    {"nw_tos", MF_IP_DSCP, SHOW_ALWAYS, AS_DSCP},
    {"nw_ecn", MF_NW_ECN, SHOW_ALWAYS, AS_FIELD},
    {"nw_ttl", MF_NW_TTL, SHOW_ALWAYS, AS_FIELD},
    {"mpls_label", MF_MPLS_LABEL, SHOW_ALWAYS, AS_FIELD},
    {"mpls_tc", MF_MPLS_TC, SHOW_ALWAYS, AS_FIELD},
    {"mpls_ttl", MF_MPLS_TTL, SHOW_ALWAYS, AS_FIELD},
    {"mpls_bos", MF_MPLS_BOS, SHOW_ALWAYS, AS_FIELD},
    {"nw_frag", MF_IP_FRAG, SHOW_ALWAYS, AS_FIELD},
    {"icmp_type", MF_ICMP_TYPE, SHOW_ICMP, AS_FIELD},
    {"icmp_code", MF_ICMP_CODE, SHOW_ICMP, AS_FIELD},
    {"icmp_type", MF_ICMPV6_TYPE, SHOW_ICMPV6, AS_FIELD},
    {"icmp_code", MF_ICMPV6_CODE, SHOW_ICMPV6, AS_FIELD},
    {"nd_target", MF_ND_TARGET, SHOW_ICMPV6, AS_FIELD},
    {"nd_sll", MF_ND_SLL, SHOW_ICMPV6, AS_FIELD},
    {"nd_tll", MF_ND_TLL, SHOW_ICMPV6, AS_FIELD},
    {"nd_reserved", MF_ND_RESERVED, SHOW_ICMPV6, AS_FIELD},
    {"nd_options_type", MF_ND_OPTIONS_TYPE, SHOW_ICMPV6, AS_FIELD},
    {"tp_src", MF_TCP_SRC, SHOW_PORTS, AS_FIELD},
    {"tp_dst", MF_TCP_DST, SHOW_PORTS, AS_FIELD},
    {"tcp_flags", MF_TCP_FLAGS, SHOW_TCP, AS_FIELD},
};

/* A match on its way to text. */
struct printing {
    const struct match *m;
    struct field_map map; /* What is matched. */
    const struct name_map *names;
    struct text *t;
    const struct field_word *word; /* Or NULL. */
    uint16_t eth_type;             /* 0 if not matched exactly. */
    uint8_t ip_proto;
    bool shown[SHOW_NW_PROTO + 1];
};

/* The most special word that the match's types allow. */
static const struct field_word *choose_word(uint16_t eth_type, int ip_proto)
{
    const struct field_word *best = NULL;

    for (const struct field_word *w = field_words; w->word; w++) {
        if (w->eth_type && w->eth_type == eth_type &&
            ((!w->ip_proto && !best) || (w->ip_proto && w->ip_proto == ip_proto))) {
            best = w;
        }
    }
    return best;
}

static void find_protocols(struct printing *p)
{
    const struct flow *v = &p->m->flow, *mask = &p->m->mask;
    uint32_t packet_type = ntohl(v->key.packet_type);
    bool has_type = mask->key.eth_type == UINT16_MAX;
    bool has_proto = mask->key.ip_proto == UINT8_MAX;

    p->eth_type = has_type ? ntohs(v->key.eth_type) : 0;
    bool by_type = mask->key.packet_type && packet_type >> 16 == 1;
    if (by_type) {
        p->eth_type = (uint16_t)packet_type;
    }
    if (!by_type || has_type) { /* Both: the datapath's view. */
        p->word = choose_word(p->eth_type, has_proto ? v->key.ip_proto : -1);
    }
    p->ip_proto = has_proto ? v->key.ip_proto : 0;
    bool ip4 = p->eth_type == 0x0800, ip6 = p->eth_type == 0x86dd;
    bool arp = p->eth_type == 0x0806 || p->eth_type == 0x8035, nsh = p->eth_type == 0x894f;
    bool icmp = ip4 && p->ip_proto == 1, icmp6 = ip6 && p->ip_proto == 58;
    bool *s = p->shown;
    s[SHOW_ALWAYS] = true;
    s[SHOW_ARP] = arp;
    s[SHOW_NOT_ARP] = !arp;
    s[SHOW_IPV6] = ip6;
    s[SHOW_NSH] = nsh;
    s[SHOW_IPV4] = !arp && !ip6;
    s[SHOW_ICMP] = icmp;
    s[SHOW_ICMPV6] = icmp6;
    s[SHOW_PORTS] = !icmp && !icmp6;
    s[SHOW_TCP] = (ip4 || ip6) && p->ip_proto == 6;
    s[SHOW_ERSPAN1] = v->key.tun_erspan_ver == 1;
    s[SHOW_ERSPAN2] = v->key.tun_erspan_ver == 2;
    s[SHOW_NSH_MD1] = nsh && v->key.nsh_mdtype == 1;
    s[SHOW_NW_PROTO] = !arp && !(p->word && p->word->ip_proto);
}

static void put_number(const char *format, uint64_t value, uint64_t mask, bool exact,
                       struct text *t)
{
    text_printf(t, format, (unsigned)value);
    if (!exact) {
        text_putc(t, '/');
        text_printf(t, format, (unsigned)mask);
    }
}

/* The field is matched. */
static void put_item(const struct printing *p, const struct item *item)
{
    const struct field *f = &fields[item->id];
    struct field_value value, mask;
    struct text *t = p->t;

    field_get(f, &p->m->flow, &value);
    field_get(f, &p->m->mask, &mask);
    bool exact = field_is_exact(f, &p->m->mask);
    uint64_t v = field_value_to_u64(f, &value), m = field_value_to_u64(f, &mask);
    if (item->style == AS_NONZERO && !v) {
        return;
    }
    text_puts(t, item->label);
    text_putc(t, '=');
    switch (item->style) {
    case AS_FIELD:
        if (f->format == FMT_DECIMAL && !exact) { /* Matches have both parts in hexadecimal. */
            put_number(f->n_bytes == 1 ? "0x%02x" : "0x%x", v, m, exact, t);
        } else {
            field_format(f, &value, exact ? NULL : &mask, p->names, t);
        }
        break;
    case AS_VALUE:
    case AS_NONZERO:
        field_format(f, &value, NULL, p->names, t);
        break;
    case AS_DECIMAL:
        text_printf(t, "%" PRIu64, v);
        break;
    case AS_HEX:
        put_number("%#x", v, m, exact, t);
        break;
    case AS_HEX0:
        put_number("0x%x", v, m, exact, t);
        break;
    case AS_HEX4:
        put_number("0x%04x", v, m, exact, t);
        break;
    case AS_HEX5:
        put_number("0x%05x", v, m, exact, t);
        break;
    case AS_DSCP:
        text_printf(t, "%u", (unsigned)v << 2);
        break;
    }
    text_putc(t, ',');
}

static void put_items(const struct printing *p, const struct item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) { /* Of a hundred a match has five. */
        if (field_map_has(&p->map, items[i].id) && p->shown[items[i].shown]) {
            put_item(p, &items[i]);
        }
    }
}

static void put_regs(const struct printing *p)
{
    char label[8];

    for (unsigned i = 0; i < FLOW_N_REGS; i++) {
        if (p->m->mask.regs[i]) {
            struct item item = {label, (enum field_id)(MF_REG0 + i), SHOW_ALWAYS, AS_FIELD};
            snprintf(label, sizeof label, "reg%u", i);
            put_item(p, &item);
        }
    }
}

/* A mask of zeros says that the option is there. */
static void put_tun_options(const struct printing *p)
{
    for (uint64_t map = p->m->mask.tun.present; map; map &= map - 1) {
        unsigned i = (unsigned)__builtin_ctzll(map);
        const struct tun_place *place = &p->m->tun[i];
        const uint8_t *mask = p->m->mask.tun.space + place->ofs;
        text_printf(p->t, "tun_metadata%u", i);
        if (!place->masked || !is_all_zeros(mask, place->len)) {
            text_putc(p->t, '=');
            field_format_hex(p->m->flow.tun.space + place->ofs, place->len, p->t);
            if (!is_all_ones(mask, place->len)) {
                text_putc(p->t, '/');
                field_format_hex(mask, place->len, p->t);
            }
        }
        text_putc(p->t, ',');
    }
}

static void put_tunnel(const struct printing *p)
{
    put_items(p, tunnel_items, ARRAY_SIZE(tunnel_items));
    if (field_map_has(&p->map, MF_TUN_FLAGS)) {
        text_printf(p->t, "tun_flags=%coam,", ntohs(p->m->flow.key.tun_flags) & 1 ? '+' : '-');
    }
    put_tun_options(p);
}

/* dl_vlan and dl_vlan_pcp where that says it all, else the bits. */
static void put_vlan(const struct printing *p, unsigned i)
{
    unsigned tci = ntohs(p->m->flow.key.vlan[i].tci), mask = ntohs(p->m->mask.key.vlan[i].tci);
    unsigned vid = mask & VLAN_VID_MASK, pcp = mask & 0xe000;
    char nth[2] = {i ? (char)('0' + i) : '\0', '\0'};

    if (!mask) {
        return;
    }
    if (tci & VLAN_CFI && (vid == VLAN_VID_MASK || (!vid && pcp)) && (!pcp || pcp == 0xe000)) {
        if (vid) {
            text_printf(p->t, "dl_vlan%s=%u,", nth, tci & VLAN_VID_MASK);
        }
        if (pcp) {
            text_printf(p->t, "dl_vlan_pcp%s=%u,", nth, tci >> VLAN_PCP_SHIFT);
        }
    } else if (mask == UINT16_MAX) {
        text_printf(p->t, "vlan_tci%s=0x%04x,", nth, tci);
    } else {
        text_printf(p->t, "vlan_tci%s=0x%04x/0x%04x,", nth, tci, mask);
    }
}

static void put_packet_type(const struct printing *p)
{
    const struct match *m = p->m;

    /* Ethernet goes without saying, but for the datapath's view, which has a recirc_id. */
    if (!m->mask.key.packet_type) {
        return;
    }
    if (m->flow.key.packet_type) {
        put_item(p, &(struct item){"packet_type", MF_PACKET_TYPE, SHOW_ALWAYS, AS_FIELD});
    } else if (m->mask.key.recirc_id) {
        text_puts(p->t, "eth,");
    }
}

void match_format(const struct match *m, const struct name_map *names, int priority, struct text *t)
{
    struct printing p = {.m = m, .names = names, .t = t};
    size_t start = t->len;

    if (priority >= 0 && priority != 32768) {
        text_puts(t, "priority=");
        format_decimal(t, (uint64_t)priority);
        text_putc(t, ',');
    }
    if (names && names->exact && match_format_raw(m, t)) {
        return;
    }
    field_map_init(&p.map, &m->mask);
    find_protocols(&p);
    put_items(&p, first_items, ARRAY_SIZE(first_items));
    put_packet_type(&p);
    if (p.word) {
        text_puts(t, p.word->word);
        text_putc(t, ',');
    }
    put_regs(&p);
    put_tunnel(&p);
    put_items(&p, port_items, ARRAY_SIZE(port_items));
    put_vlan(&p, 0);
    put_vlan(&p, 1);
    put_items(&p, ethernet_items, ARRAY_SIZE(ethernet_items));
    if (!p.word && m->mask.key.eth_type) {
        put_item(&p, &(struct item){"dl_type", MF_ETH_TYPE, SHOW_ALWAYS, AS_HEX4});
    }
    put_items(&p, network_items, ARRAY_SIZE(network_items));
    if (t->len > start) {
        text_chomp(t, ',');
    }
}
