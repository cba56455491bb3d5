/* odp_rows.c - see odp-private.h: the words of ODP text, a row each, for printing and parsing.
 *
 * Shape and order are those of ovs-appctl dpctl/dump-flows. */
#include "lib/dp/odp-private.h"

/* ---- flags ---- */

static const char *const ct_state_names[] = {"new", "est", "rel",  "rpl",
                                             "inv", "trk", "snat", "dnat"};
static const char *const tcp_flag_names[] = {"fin", "syn", "rst", "psh",   "ack",   "urg",
                                             "ece", "cwr", "ns",  "[200]", "[400]", "[800]"};
static const char *const tunnel_flag_names[] = {"oam", "df", "csum", "key"};

const struct odp_flags odp_ct_state = {ct_state_names, ARRAY_SIZE(ct_state_names), CS_ALL};
const struct odp_flags odp_tcp_flags = {tcp_flag_names, ARRAY_SIZE(tcp_flag_names), 0xfff};
const struct odp_flags odp_tunnel_flags = {tunnel_flag_names, ARRAY_SIZE(tunnel_flag_names), 0xf};

/* ---- members of keys ---- */

#define M(NAME, STYLE, MEMBER)                                                                \
    {                                                                                         \
        NAME, ODP_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER), 0 \
    }
#define M_BITS(NAME, STYLE, MEMBER, FULL)                                                        \
    {                                                                                            \
        NAME, ODP_##STYLE, offsetof(struct key, MEMBER), sizeof(((struct key *)0)->MEMBER), FULL \
    }

static const struct odp_member dp_hash[] = {M(NULL, HEX, dp_hash)};
static const struct odp_member skb_mark[] = {M(NULL, HEX, skb_mark)};
static const struct odp_member ct_zone[] = {M(NULL, HEX, ct_zone)};
static const struct odp_member ct_mark[] = {M(NULL, HEX, ct_mark)};
static const struct odp_member ct_label[] = {M(NULL, HEX, ct_label)};
static const struct odp_member ct_tuple4[] = {
    M("src", IP4, ct_ip_src),    M("dst", IP4, ct_ip_dst),    M("proto", DEC, ct_proto),
    M("tp_src", DEC, ct_tp_src), M("tp_dst", DEC, ct_tp_dst),
};
static const struct odp_member ct_tuple6[] = {
    M("src", IP6, ct_ip6_src),     M("dst", IP6, ct_ip6_dst),     M("proto", DEC, ct_proto),
    M("src_port", DEC, ct_tp_src), M("dst_port", DEC, ct_tp_dst),
};
static const struct odp_member eth[] = {M("src", MAC, eth_src), M("dst", MAC, eth_dst)};
static const struct odp_member ip4[] = {
    M("src", IP4, ip_src), M("dst", IP4, ip_dst), M("proto", DEC, ip_proto),
    M("tos", HEX, ip_tos), M("ttl", DEC, ip_ttl),
};
static const struct odp_member ip6[] = {
    M("src", IP6, ip6_src),    M("dst", IP6, ip6_dst),   M_BITS("label", HEX, ip6_label, 0xfffff),
    M("proto", DEC, ip_proto), M("tclass", HEX, ip_tos), M("hlimit", DEC, ip_ttl),
};
static const struct odp_member exthdr[] = {M_BITS("hdrs", HEX, ip6_exthdr, 0x1ff)};
static const struct odp_member ports[] = {M("src", DEC, tp_src), M("dst", DEC, tp_dst)};
static const struct odp_member icmp[] = {
    M_BITS("type", DEC, tp_src, 0xff),
    M_BITS("code", DEC, tp_dst, 0xff),
};
static const struct odp_member nd[] = {
    M("target", IP6, nd_target),
    M("sll", MAC, arp_sha),
    M("tll", MAC, arp_tha),
};
static const struct odp_member nd_ext[] = {
    M("nd_reserved", HEX, nd_reserved),
    M("nd_options_type", DEC, nd_options_type),
};
static const struct odp_member arp[] = {
    M("sip", IP4, ip_src),  M("tip", IP4, ip_dst),  M("op", DEC, ip_proto),
    M("sha", MAC, arp_sha), M("tha", MAC, arp_tha),
};
static const struct odp_member nsh[] = {
    M_BITS("flags", DEC, nsh_flags, 3),
    M_BITS("ttl", DEC, nsh_ttl, 63),
    M("mdtype", DEC, nsh_mdtype),
    M("np", DEC, nsh_np),
    M_BITS("spi", HEX, nsh_spi, 0xffffff),
    M("si", DEC, nsh_si),
    M("c1", HEX, nsh_c[0]),
    M("c2", HEX, nsh_c[1]),
    M("c3", HEX, nsh_c[2]),
    M("c4", HEX, nsh_c[3]),
};
static const struct odp_member pbb[] = {
    M_BITS("isid", HEX, pbb_isid, 0xffffff),
    M_BITS("uca", DEC, pbb_uca, 1),
};

/* ---- when a key has the header ---- */

static bool is_l4(const struct odp_out *o, uint8_t proto)
{
    return (key_is_ip4(o->key) || key_is_ip6(o->key)) && o->key->ip_proto == proto &&
           !(o->key->ip_frag & KEY_FRAG_LATER);
}

static bool with_tuple6(const struct odp_out *o)
{
    return key_is_ip6(o->key) || !is_all_zeros(o->key->ct_ip6_src, 16) ||
           !is_all_zeros(o->key->ct_ip6_dst, 16);
}

static bool with_tuple4(const struct odp_out *o)
{
    return !with_tuple6(o);
}

static bool with_ip4(const struct odp_out *o)
{
    return key_is_ip4(o->key);
}

static bool with_ip6(const struct odp_out *o)
{
    return key_is_ip6(o->key);
}

static bool with_tcp(const struct odp_out *o)
{
    return is_l4(o, 6);
}

static bool with_udp(const struct odp_out *o)
{
    return is_l4(o, 17);
}

static bool with_sctp(const struct odp_out *o)
{
    return is_l4(o, 132);
}

static bool with_icmp(const struct odp_out *o)
{
    return key_is_ip4(o->key) && is_l4(o, 1);
}

static bool with_icmp6(const struct odp_out *o)
{
    return key_is_ip6(o->key) && is_l4(o, 58);
}

static bool with_nd(const struct odp_out *o)
{
    const struct key *k = o->key;
    return with_icmp6(o) && (k->tp_src == htons(135) || k->tp_src == htons(136)) && !k->tp_dst;
}

static bool with_arp(const struct odp_out *o)
{
    return o->key->eth_type == htons(0x0806) || o->key->eth_type == htons(0x8035);
}

static bool with_mpls(const struct odp_out *o)
{
    return o->key->eth_type == htons(0x8847) || o->key->eth_type == htons(0x8848);
}

static bool with_nsh(const struct odp_out *o)
{
    return o->key->eth_type == htons(0x894f);
}

static bool with_pbb(const struct odp_out *o)
{
    return o->key->eth_type == htons(0x88e7);
}

static bool never(const struct odp_out *o UNUSED)
{
    return false;
}

/* ---- headers of keys ---- */

#define ROWS(R) R, ARRAY_SIZE(R)
#define NO_ROWS NULL, 0

/* clang-format off */
const struct odp_attr odp_key_attrs[] = {
    {"recirc_id", NO_ROWS, NULL, odp_put_recirc_id, odp_parse_recirc_id, false},
    {"dp_hash", ROWS(dp_hash), NULL, NULL, NULL, false},
    {"skb_priority", NO_ROWS, NULL, odp_put_skb_priority, odp_parse_skb_priority, false},
    {"tunnel", NO_ROWS, NULL, odp_put_tunnel, odp_parse_tunnel, false},
    {"in_port", NO_ROWS, NULL, odp_put_in_port, odp_parse_in_port, false},
    {"skb_mark", ROWS(skb_mark), NULL, NULL, NULL, false},
    {"ct_state", NO_ROWS, NULL, odp_put_ct_state, odp_parse_ct_state, false},
    {"ct_zone", ROWS(ct_zone), NULL, NULL, NULL, false},
    {"ct_mark", ROWS(ct_mark), NULL, NULL, NULL, false},
    {"ct_label", ROWS(ct_label), NULL, NULL, NULL, false},
    {"ct_tuple4", ROWS(ct_tuple4), with_tuple4, odp_put_tuple, NULL, false},
    {"ct_tuple6", ROWS(ct_tuple6), with_tuple6, odp_put_tuple, NULL, false},
    {"packet_type", NO_ROWS, NULL, odp_put_packet_type, odp_parse_packet_type, false},
    {"eth", ROWS(eth), NULL, odp_put_eth, NULL, false},
    {"vlan", NO_ROWS, NULL, odp_put_vlans, odp_parse_vlan, false}, /* With its EtherType. */
    {"encap", NO_ROWS, never, NULL, odp_parse_encap, false}, /* Printed behind vlan(). */
    {"eth_type", NO_ROWS, NULL, odp_put_eth_type, odp_parse_eth_type, false},
    {"ipv4", ROWS(ip4), with_ip4, odp_put_ip, odp_parse_ip4, false},
    {"ipv6", ROWS(ip6), with_ip6, odp_put_ip, odp_parse_ip6, false},
    {"key32", NO_ROWS, with_ip6, odp_put_key32, odp_parse_key32, false},
    {"ipv6_exthdrs", ROWS(exthdr), with_ip6, odp_put_exthdrs, NULL, true},
    {"tcp", ROWS(ports), with_tcp, NULL, NULL, false},
    {"tcp_flags", NO_ROWS, with_tcp, odp_put_tcp_flags, odp_parse_tcp_flags, false},
    {"udp", ROWS(ports), with_udp, NULL, NULL, false},
    {"sctp", ROWS(ports), with_sctp, NULL, NULL, false},
    {"icmp", ROWS(icmp), with_icmp, NULL, NULL, false},
    {"icmpv6", ROWS(icmp), with_icmp6, NULL, NULL, false},
    {"nd", ROWS(nd), with_nd, NULL, NULL, false},
    {"nd_ext", ROWS(nd_ext), with_nd, NULL, NULL, true},
    {"arp", ROWS(arp), with_arp, odp_put_arp, NULL, false},
    {"mpls", NO_ROWS, with_mpls, odp_put_mpls, odp_parse_mpls, false},
    {"nsh", ROWS(nsh), with_nsh, odp_put_nsh, NULL, false},
    {"pbb", ROWS(pbb), with_pbb, NULL, NULL, false},
};
/* clang-format on */
const size_t odp_n_key_attrs = ARRAY_SIZE(odp_key_attrs);

/* ---- set ---- */

#define V(NAME, STYLE, MEMBER)                                   \
    {                                                            \
        NAME, ODP_##STYLE, offsetof(union dp_set_value, MEMBER), \
            sizeof(((union dp_set_value *)0)->MEMBER), 0         \
    }
#define V_BITS(NAME, STYLE, MEMBER, FULL)                        \
    {                                                            \
        NAME, ODP_##STYLE, offsetof(union dp_set_value, MEMBER), \
            sizeof(((union dp_set_value *)0)->MEMBER), FULL      \
    }

static const struct odp_member set_eth[] = {V("src", MAC, eth.src), V("dst", MAC, eth.dst)};
static const struct odp_member set_ip4[] = {
    V("src", IP4, ip4.src),
    V("dst", IP4, ip4.dst),
    V("tos", HEX, ip4.tos),
    V("ttl", DEC, ip4.ttl),
};
static const struct odp_member set_ip6[] = {
    V("src", IP6, ip6.src),
    V("dst", IP6, ip6.dst),
    V_BITS("label", HEX, ip6.label, 0xfffff),
    V("tclass", HEX, ip6.tclass),
    V("hlimit", DEC, ip6.hlimit),
};
static const struct odp_member set_ports[] = {V("src", DEC, ports.src), V("dst", DEC, ports.dst)};
static const struct odp_member set_icmp[] = {V("type", DEC, icmp.type), V("code", DEC, icmp.code)};
static const struct odp_member set_arp[] = {
    V("sip", IP4, arp.sip), V("tip", IP4, arp.tip), V_BITS("op", DEC, arp.op, 0xff),
    V("sha", MAC, arp.sha), V("tha", MAC, arp.tha),
};
static const struct odp_member set_nd[] = {
    V("target", IP6, nd.target),
    V("sll", MAC, nd.sll),
    V("tll", MAC, nd.tll),
    V("reserved", HEX, nd.reserved),
    V("options_type", DEC, nd.options_type),
};
static const struct odp_member set_nsh[] = {
    V("flags", HEX, nsh.flags),
    V_BITS("ttl", DEC, nsh.ttl, 0x3f),
    V_BITS("spi", HEX, nsh.spi, 0xffffff),
    V("si", DEC, nsh.si),
    V("c1", HEX, nsh.c[0]),
    V("c2", HEX, nsh.c[1]),
    V("c3", HEX, nsh.c[2]),
    V("c4", HEX, nsh.c[3]),
};
static const struct odp_member set_pbb[] = {V("isid", HEX, pbb.isid), V("uca", DEC, pbb.uca)};
static const struct odp_member set_mark[] = {V(NULL, HEX, skb_mark)};
static const struct odp_member set_priority[] = {V(NULL, HEX, skb_priority)};
static const struct odp_member set_eth_type[] = {V(NULL, HEX, eth_type)};
static const struct odp_member set_ip_proto[] = {V(NULL, DEC, ip_proto)};

const struct odp_member odp_ct_label = {"label", ODP_HEX, 0, 16, 0};

const struct odp_set_attr odp_set_attrs[] = {
    [DP_SET_ETH] = {"eth", ROWS(set_eth)},
    [DP_SET_VLAN] = {"vlan", NO_ROWS},
    [DP_SET_IP4] = {"ipv4", ROWS(set_ip4)},
    [DP_SET_IP6] = {"ipv6", ROWS(set_ip6)},
    [DP_SET_TCP] = {"tcp", ROWS(set_ports)},
    [DP_SET_UDP] = {"udp", ROWS(set_ports)},
    [DP_SET_SCTP] = {"sctp", ROWS(set_ports)},
    [DP_SET_ICMP] = {"icmp", ROWS(set_icmp)},
    [DP_SET_ICMP6] = {"icmpv6", ROWS(set_icmp)},
    [DP_SET_ARP] = {"arp", ROWS(set_arp)},
    [DP_SET_ND] = {"nd", ROWS(set_nd)},
    [DP_SET_NSH] = {"nsh", ROWS(set_nsh)},
    [DP_SET_PBB] = {"pbb", ROWS(set_pbb)},
    [DP_SET_MPLS] = {"mpls", NO_ROWS},
    [DP_SET_SKB_MARK] = {"skb_mark", ROWS(set_mark)},
    [DP_SET_SKB_PRIORITY] = {"skb_priority", ROWS(set_priority)},
    [DP_SET_ETH_TYPE] = {"eth_type", ROWS(set_eth_type)},
    [DP_SET_IP_PROTO] = {"ip_proto", ROWS(set_ip_proto)},
    [DP_SET_TUNNEL] = {"tunnel", NO_ROWS},
};
const size_t odp_n_set_attrs = ARRAY_SIZE(odp_set_attrs);
