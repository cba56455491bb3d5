/* exec_set.c - `set`: header fields of a packet, by the functions of lib/packet/edit.h.  See
 * exec.h. */
#include "lib/dp/user/exec-private.h"
#include "lib/packet/edit.h"

static void set_arp(struct packet *p, const struct dp_action_set *s)
{
    struct key v = {.ip_src = s->value.arp.sip, .ip_dst = s->value.arp.tip};
    struct key m = {.ip_src = s->mask.arp.sip, .ip_dst = s->mask.arp.tip};

    v.ip_proto = (uint8_t)ntohs(s->value.arp.op);
    m.ip_proto = (uint8_t)ntohs(s->mask.arp.op);
    memcpy(v.arp_sha, s->value.arp.sha, 6);
    memcpy(m.arp_sha, s->mask.arp.sha, 6);
    memcpy(v.arp_tha, s->value.arp.tha, 6);
    memcpy(m.arp_tha, s->mask.arp.tha, 6);
    edit_arp(p, &v, &m);
}

static void set_nd(struct packet *p, const struct dp_action_set *s)
{
    struct key v = {0}, m = {0};

    memcpy(v.nd_target, s->value.nd.target, 16);
    memcpy(m.nd_target, s->mask.nd.target, 16);
    memcpy(v.arp_sha, s->value.nd.sll, 6);
    memcpy(m.arp_sha, s->mask.nd.sll, 6);
    memcpy(v.arp_tha, s->value.nd.tll, 6);
    memcpy(m.arp_tha, s->mask.nd.tll, 6);
    v.nd_reserved = s->value.nd.reserved;
    m.nd_reserved = s->mask.nd.reserved;
    v.nd_options_type = s->value.nd.options_type;
    m.nd_options_type = s->mask.nd.options_type;
    edit_nd(p, &v, &m);
}

static void nsh_to_key(const union dp_set_value *v, struct key *k)
{
    k->nsh_flags = v->nsh.flags;
    k->nsh_ttl = v->nsh.ttl;
    k->nsh_si = v->nsh.si;
    k->nsh_spi = v->nsh.spi;
    memcpy(k->nsh_c, v->nsh.c, sizeof k->nsh_c);
}

static void set_nsh(struct packet *p, const struct dp_action_set *s)
{
    struct key v = {0}, m = {0};

    nsh_to_key(&s->value, &v);
    nsh_to_key(&s->mask, &m);
    edit_nsh(p, &v, &m);
}

static void set_pbb(struct packet *p, const struct dp_action_set *s)
{
    struct key v = {.pbb_isid = s->value.pbb.isid, .pbb_uca = s->value.pbb.uca};
    struct key m = {.pbb_isid = s->mask.pbb.isid, .pbb_uca = s->mask.pbb.uca};

    edit_pbb(p, &v, &m);
}

static void set_ports(struct packet *p, uint8_t proto, const struct dp_action_set *s)
{
    edit_ports(p, proto, s->value.ports.src, s->mask.ports.src, s->value.ports.dst,
               s->mask.ports.dst);
}

static void set_tunnel(struct packet *p, const struct dp_action_set *s)
{
    p->tun.id = s->value.tunnel.id;
    p->tun.src = s->value.tunnel.src;
    p->tun.dst = s->value.tunnel.dst;
    memcpy(p->tun.ip6_src, s->value.tunnel.ip6_src, 16);
    memcpy(p->tun.ip6_dst, s->value.tunnel.ip6_dst, 16);
    p->tun.tos = s->value.tunnel.tos;
    p->tun.ttl = s->value.tunnel.ttl;
    p->tun.flags = s->value.tunnel.flags;
    p->tun.gbp_id = s->value.tunnel.gbp_id;
    p->tun.gbp_flags = s->value.tunnel.gbp_flags;
    p->tun.tp_src = p->tun.tp_dst = 0; /* They are the port's. */
    p->tun.opt_len = s->value.tunnel.opt_len;
    memcpy(p->tun_opt, s->options, p->tun.opt_len);
    p->has_tunnel = true;
}

void exec_set(struct packet *p, const struct dp_action_set *s)
{
    const union dp_set_value *v = &s->value, *m = &s->mask;

    switch ((enum dp_set_header)s->a.u32) {
    case DP_SET_ETH:
        edit_eth(p, v->eth.dst, m->eth.dst, v->eth.src, m->eth.src);
        break;
    case DP_SET_VLAN:
        edit_vlan_tci(p, v->vlan_tci, m->vlan_tci);
        break;
    case DP_SET_IP4:
        edit_ip4(p, v->ip4.src, m->ip4.src, v->ip4.dst, m->ip4.dst, v->ip4.tos, m->ip4.tos,
                 v->ip4.ttl, m->ip4.ttl);
        break;
    case DP_SET_IP6:
        edit_ip6(p, v->ip6.src, m->ip6.src, v->ip6.dst, m->ip6.dst, v->ip6.label, m->ip6.label,
                 v->ip6.tclass, m->ip6.tclass, v->ip6.hlimit, m->ip6.hlimit);
        break;
    case DP_SET_TCP:
        set_ports(p, 6, s);
        break;
    case DP_SET_UDP:
        set_ports(p, 17, s);
        break;
    case DP_SET_SCTP:
        set_ports(p, 132, s);
        break;
    case DP_SET_ICMP:
    case DP_SET_ICMP6:
        edit_icmp(p, s->a.u32 == DP_SET_ICMP6, v->icmp.type, m->icmp.type, v->icmp.code,
                  m->icmp.code);
        break;
    case DP_SET_ARP:
        set_arp(p, s);
        break;
    case DP_SET_ND:
        set_nd(p, s);
        break;
    case DP_SET_NSH:
        set_nsh(p, s);
        break;
    case DP_SET_PBB:
        set_pbb(p, s);
        break;
    case DP_SET_ETH_TYPE:
        edit_eth_type(p, v->eth_type);
        break;
    case DP_SET_IP_PROTO:
        edit_ip_proto(p, v->ip_proto);
        break;
    case DP_SET_MPLS:
        edit_mpls_lse(p, v->mpls_lse, m->mpls_lse);
        break;
    case DP_SET_SKB_MARK:
        p->mark = (p->mark & ~ntohl(m->skb_mark)) | ntohl(v->skb_mark & m->skb_mark);
        break;
    case DP_SET_SKB_PRIORITY:
        p->priority = ntohl(v->skb_priority);
        break;
    case DP_SET_TUNNEL:
        set_tunnel(p, s);
        break;
    }
}
