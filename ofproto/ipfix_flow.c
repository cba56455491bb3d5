/* ipfix_flow.c - see ipfix_flow.h. */
#include "ofproto/ipfix_flow.h"

#include "lib/packet/ip.h"
#include "ofp/port.h"

#define ETH_LEN 14
#define TAG_LEN 4
#define IP6_LEN 40

static void read_layer2(const struct key *k, struct ipfix_flow_key *f)
{
    unsigned n_tags = 0;

    while (n_tags < KEY_MAX_VLANS && k->vlan[n_tags].tci) {
        n_tags++;
    }
    f->kind |= n_tags ? IPFIX_VLAN : 0;
    f->eth_header_len = (uint8_t)(ETH_LEN + n_tags * TAG_LEN);
    f->vlan_tci = k->vlan[0].tci;
    f->eth_type = k->eth_type;
    memcpy(f->eth_src, k->eth_src, sizeof f->eth_src);
    memcpy(f->eth_dst, k->eth_dst, sizeof f->eth_dst);
}

static void read_layer3(const struct key *k, struct ipfix_flow_key *f)
{
    if (key_is_ip4(k)) {
        f->kind |= IPFIX_IP4;
        memcpy(f->ip_src, &k->ip_src, sizeof k->ip_src);
        memcpy(f->ip_dst, &k->ip_dst, sizeof k->ip_dst);
    } else if (key_is_ip6(k)) {
        f->kind |= IPFIX_IP6;
        memcpy(f->ip_src, k->ip6_src, sizeof f->ip_src);
        memcpy(f->ip_dst, k->ip6_dst, sizeof f->ip_dst);
        f->ip6_label = k->ip6_label;
    } else {
        return;
    }
    f->ip_proto = k->ip_proto;
    f->ip_tos = k->ip_tos;
}

/* A later fragment has no ports, but belongs to a flow of its protocol nevertheless. */
static void read_layer4(const struct key *k, struct ipfix_flow_key *f)
{
    if (!(f->kind & (IPFIX_IP4 | IPFIX_IP6))) {
        return;
    }
    switch (k->ip_proto) {
    case IPPROTO_HDR_TCP:
        f->kind |= IPFIX_PORTS | IPFIX_TCP;
        break;
    case IPPROTO_HDR_UDP:
    case IPPROTO_HDR_SCTP:
        f->kind |= IPFIX_PORTS;
        break;
    case IPPROTO_HDR_ICMP:
        f->kind |= f->kind & IPFIX_IP4 ? IPFIX_ICMP4 : 0;
        break;
    case IPPROTO_HDR_ICMP6:
        f->kind |= f->kind & IPFIX_IP6 ? IPFIX_ICMP6 : 0;
        break;
    default:
        break;
    }
    if (f->kind & (IPFIX_PORTS | IPFIX_ICMP4 | IPFIX_ICMP6)) {
        f->tp_src = k->tp_src;
        f->tp_dst = k->tp_dst;
    }
}

/* As the header says, for frames are padded; what it says is believed up to the frame's length. */
static uint32_t ip_octets(const struct packet *p, const struct ipfix_flow_key *f)
{
    const uint32_t ofs = f->eth_header_len;
    const uint32_t rest = p->len > ofs ? p->len - ofs : 0;
    uint32_t said = rest;

    if (f->kind & IPFIX_IP4 && rest >= 4) {
        said = get_be16(p->data + ofs + 2);
    } else if (f->kind & IPFIX_IP6 && rest >= 6) {
        said = IP6_LEN + get_be16(p->data + ofs + 4);
    }
    return MIN(said, rest);
}

void ipfix_flow_read(const struct cookie_sample *c, const struct packet *p, const struct key *k,
                     struct ipfix_flow_key *f, struct ipfix_flow_packet *counted)
{
    *f = (struct ipfix_flow_key){.domain = c->domain,
                                 .point = c->point,
                                 .in_port = c->in_port,
                                 .out_port = c->out_port,
                                 .probability = (uint32_t)c->probability << 16 | c->probability};
    /* Where nothing is said, what has a port to leave by is on its way out. */
    f->direction = c->direction ? c->direction == 2 : c->out_port != OFPP_NONE;
    read_layer2(k, f);
    read_layer3(k, f);
    read_layer4(k, f);
    const bool ip = f->kind & (IPFIX_IP4 | IPFIX_IP6);
    *counted =
        (struct ipfix_flow_packet){.octets = ip ? ip_octets(p, f) : 0,
                                   .layer2_octets = p->len,
                                   .tcp_flags = f->kind & IPFIX_TCP ? ntohs(k->tcp_flags) : 0,
                                   .ttl = ip ? k->ip_ttl : 0,
                                   .malformed = ip && !k->ip_ttl && !k->ip_proto &&
                                                is_all_zeros(f->ip_src, 16) &&
                                                is_all_zeros(f->ip_dst, 16)};
}
