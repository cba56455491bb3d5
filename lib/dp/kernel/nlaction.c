/* nlaction.c - see nlaction.h. */
#include "lib/dp/kernel/nlaction.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

#include "lib/dp/cookie.h"
#include "lib/dp/kernel/nlaction-private.h"
#include "lib/dp/kernel/nlkey.h"
#include "lib/packet/edit_encap.h"

#define MAX_DEPTH 4 /* Of clones; the kernel has a limit of its own. */

/* Which changes of a connection are worth an event: not each packet's of its protocol state. */
#define CT_EVENTS \
    (1u << IPCT_NEW | 1u << IPCT_RELATED | 1u << IPCT_DESTROY | 1u << IPCT_MARK | 1u << IPCT_LABEL)

struct put {
    const struct nlaction_env *env;
    struct nlwr *w;
    const char *why; /* NULL: all is well so far. */
    unsigned depth;
};

static void refuse(struct put *p, const char *why)
{
    p->why = p->why ? p->why : why;
}

/* ---- set ---- */

#define M(MEMBER, STRUCT, ATTR, HOST32)                                      \
    {                                                                        \
        offsetof(union dp_set_value, MEMBER), offsetof(struct STRUCT, ATTR), \
            sizeof(((union dp_set_value *)0)->MEMBER), HOST32                \
    }
/* UDP's and SCTP's are alike. */
#define PORTS                                                                                \
    {                                                                                        \
        M(ports.src, ovs_key_tcp, tcp_src, false), M(ports.dst, ovs_key_tcp, tcp_dst, false) \
    }

/* clang-format off */
const struct nlaction_header nlaction_headers[NLACTION_N_HEADERS] = {
    [DP_SET_ETH] = {OVS_KEY_ATTR_ETHERNET, sizeof(struct ovs_key_ethernet),
        {M(eth.src, ovs_key_ethernet, eth_src, false),
         M(eth.dst, ovs_key_ethernet, eth_dst, false)}},
    [DP_SET_IP4] = {OVS_KEY_ATTR_IPV4, sizeof(struct ovs_key_ipv4),
        {M(ip4.src, ovs_key_ipv4, ipv4_src, false), M(ip4.dst, ovs_key_ipv4, ipv4_dst, false),
         M(ip4.tos, ovs_key_ipv4, ipv4_tos, false), M(ip4.ttl, ovs_key_ipv4, ipv4_ttl, false)}},
    [DP_SET_IP6] = {OVS_KEY_ATTR_IPV6, sizeof(struct ovs_key_ipv6),
        {M(ip6.src, ovs_key_ipv6, ipv6_src, false), M(ip6.dst, ovs_key_ipv6, ipv6_dst, false),
         M(ip6.label, ovs_key_ipv6, ipv6_label, false),
         M(ip6.tclass, ovs_key_ipv6, ipv6_tclass, false),
         M(ip6.hlimit, ovs_key_ipv6, ipv6_hlimit, false)}},
    [DP_SET_TCP] = {OVS_KEY_ATTR_TCP, sizeof(struct ovs_key_tcp), PORTS},
    [DP_SET_UDP] = {OVS_KEY_ATTR_UDP, sizeof(struct ovs_key_udp), PORTS},
    [DP_SET_SCTP] = {OVS_KEY_ATTR_SCTP, sizeof(struct ovs_key_sctp), PORTS},
    [DP_SET_MPLS] = {OVS_KEY_ATTR_MPLS, 4, {{offsetof(union dp_set_value, mpls_lse), 0, 4, false}}},
    [DP_SET_SKB_MARK] = {OVS_KEY_ATTR_SKB_MARK, 4,
        {{offsetof(union dp_set_value, skb_mark), 0, 4, true}}},
    [DP_SET_SKB_PRIORITY] = {OVS_KEY_ATTR_PRIORITY, 4,
        {{offsetof(union dp_set_value, skb_priority), 0, 4, true}}},
};
/* clang-format on */

const struct nlaction_nat_flag nlaction_nat_flags[NLACTION_N_NAT_FLAGS] = {
    {DP_NAT_SRC, OVS_NAT_ATTR_SRC},
    {DP_NAT_DST, OVS_NAT_ATTR_DST},
    {DP_NAT_PERSISTENT, OVS_NAT_ATTR_PERSISTENT},
    {DP_NAT_HASH, OVS_NAT_ATTR_PROTO_HASH},
    {DP_NAT_RANDOM, OVS_NAT_ATTR_PROTO_RANDOM},
};

/* Value or mask into 'to', which is zeroed. */
static void fill(const struct nlaction_header *h, const union dp_set_value *v, uint8_t *to)
{
    const uint8_t *from = (const uint8_t *)v;

    for (const struct nlaction_member *m = h->m; m < h->m + NLACTION_MAX_MEMBERS && m->n; m++) {
        if (m->host32) {
            be32 x;
            memcpy(&x, from + m->value, 4);
            memcpy(to + m->attr, &(uint32_t){ntohl(x)}, 4);
        } else {
            memcpy(to + m->attr, from + m->value, m->n);
        }
    }
}

/* Whole, without a mask: there is no tunnel on the packet that parts of it could stay of. */
static void put_set_tunnel(struct put *p, const struct dp_action_set *s)
{
    size_t nest = nlwr_nest(p->w, OVS_ACTION_ATTR_SET);
    struct key key;

    dp_action_tunnel_key(s, &key);
    nlkey_put_tunnel(&key, NULL, p->w);
    nlwr_end(p->w, nest);
}

static void put_set(struct put *p, const struct dp_action_set *s)
{
    const struct nlaction_header *h =
        s->a.u32 < NLACTION_N_HEADERS ? &nlaction_headers[s->a.u32] : NULL;

    if (s->a.u32 == DP_SET_TUNNEL) {
        put_set_tunnel(p, s);
        return;
    }
    if (!h || !h->attr) {
        refuse(p, "the kernel datapath cannot write a header of this kind");
        return;
    }
    if (!p->env->set_masked) {
        refuse(p, "this kernel cannot set parts of a header (Linux 4.0 can)");
        return;
    }
    size_t nest = nlwr_nest(p->w, OVS_ACTION_ATTR_SET_MASKED);
    uint8_t *to = nlwr_put(p->w, h->attr, 2 * (size_t)h->size);
    if (to) {
        fill(h, &s->value, to);
        fill(h, &s->mask, to + h->size);
    }
    nlwr_end(p->w, nest);
}

/* ---- ct ---- */

static void put_nat_flags(struct nlwr *w, uint8_t flags)
{
    for (size_t i = 0; i < NLACTION_N_NAT_FLAGS; i++) {
        if (flags & nlaction_nat_flags[i].flag) {
            nlwr_put_flag(w, nlaction_nat_flags[i].attr);
        }
    }
}

static void put_nat(struct nlwr *w, const struct dp_action_ct *ct)
{
    const size_t n = ct->nat_af == 4 ? 4 : 16;
    size_t nest = nlwr_nest(w, OVS_CT_ATTR_NAT);

    put_nat_flags(w, ct->nat_flags & (DP_NAT_SRC | DP_NAT_DST));
    if (ct->nat_flags & (DP_NAT_SRC | DP_NAT_DST)) {
        if (ct->nat_af) {
            nlwr_put_data(w, OVS_NAT_ATTR_IP_MIN, ct->nat_min, n);
            if (memcmp(ct->nat_min, ct->nat_max, n)) {
                nlwr_put_data(w, OVS_NAT_ATTR_IP_MAX, ct->nat_max, n);
            }
        }
        if (ct->nat_port_min) {
            nlwr_put_u16(w, OVS_NAT_ATTR_PROTO_MIN, ct->nat_port_min);
            if (ct->nat_port_max != ct->nat_port_min) {
                nlwr_put_u16(w, OVS_NAT_ATTR_PROTO_MAX, ct->nat_port_max);
            }
        }
    }
    put_nat_flags(w, ct->nat_flags & (DP_NAT_PERSISTENT | DP_NAT_HASH | DP_NAT_RANDOM));
    nlwr_end(w, nest);
}

static void put_ct(struct put *p, const struct dp_action_ct *ct)
{
    struct nlwr *w = p->w;
    size_t nest = nlwr_nest(w, OVS_ACTION_ATTR_CT);

    if (ct->commit) {
        if (ct->force && !p->env->force_commit) {
            refuse(p, "this kernel has no ct(force) (Linux 4.12 has)");
        }
        nlwr_put_flag(w, ct->force ? OVS_CT_ATTR_FORCE_COMMIT : OVS_CT_ATTR_COMMIT);
    }
    if (ct->zone) {
        nlwr_put_u16(w, OVS_CT_ATTR_ZONE, ct->zone);
    }
    if (ct->mark_mask) {
        uint32_t mark[2] = {ct->mark, ct->mark_mask};
        nlwr_put_data(w, OVS_CT_ATTR_MARK, mark, sizeof mark);
    }
    if (!is_all_zeros(ct->label_mask, 16)) {
        uint8_t *to = nlwr_put(w, OVS_CT_ATTR_LABELS, 32);
        if (to) {
            nlkey_label(to, ct->label);
            nlkey_label(to + 16, ct->label_mask);
        }
    }
    if (ct->alg) {
        nlwr_put_str(w, OVS_CT_ATTR_HELPER, ct->alg == 69 ? "tftp" : "ftp");
    }
    if (ct->nat) {
        put_nat(w, ct);
    }
    if (ct->timeout && p->env->ct_timeout) {
        char name[DP_CT_TIMEOUT_NAME];
        dp_ct_timeout_name(ct->zone, ct->timeout, name);
        nlwr_put_str(w, NLACTION_CT_TIMEOUT, name);
    }
    if (ct->commit && p->env->ct_eventmask) {
        nlwr_put_u32(w, OVS_CT_ATTR_EVENTMASK, CT_EVENTS);
    }
    nlwr_end(w, nest);
}

/* ---- the rest ---- */

static void put_userspace(uint32_t pid, const void *cookie, size_t n,
                          const struct dp_action_userspace *more, struct nlwr *w)
{
    size_t nest = nlwr_nest(w, OVS_ACTION_ATTR_USERSPACE);
    nlwr_put_u32(w, OVS_USERSPACE_ATTR_PID, pid);
    nlwr_put_data(w, OVS_USERSPACE_ATTR_USERDATA, cookie, n);
    if (more && more->has_tunnel_port) {
        nlwr_put_u32(w, OVS_USERSPACE_ATTR_EGRESS_TUN_PORT, more->tunnel_port);
    }
    if (more && more->actions) {
        nlwr_put_flag(w, OVS_USERSPACE_ATTR_ACTIONS);
    }
    nlwr_end(w, nest);
}

static void put_list(struct put *, const void *actions, size_t len);

static void put_clone(struct put *p, const struct dp_action *a)
{
    if (!p->env->clone) {
        refuse(p, "this kernel has no clone (Linux 4.12 has)");
    } else if (p->depth == MAX_DEPTH) {
        refuse(p, "clones nest too deeply");
    } else {
        size_t nest = nlwr_nest(p->w, OVS_ACTION_ATTR_CLONE);
        p->depth++;
        put_list(p, a + 1, a->len - sizeof *a);
        p->depth--;
        nlwr_end(p->w, nest);
    }
}

static void put_sample(struct put *p, const struct dp_action *a)
{
    if (p->depth == MAX_DEPTH) {
        refuse(p, "lists of actions nest too deeply");
        return;
    }
    size_t all = nlwr_nest(p->w, OVS_ACTION_ATTR_SAMPLE);
    nlwr_put_u32(p->w, OVS_SAMPLE_ATTR_PROBABILITY, a->u32);
    size_t list = nlwr_nest(p->w, OVS_SAMPLE_ATTR_ACTIONS);
    p->depth++;
    put_list(p, a + 1, a->len - sizeof *a);
    p->depth--;
    nlwr_end(p->w, list);
    nlwr_end(p->w, all);
}

static void put_check_pkt_len(struct put *p, const struct dp_action_check_pkt_len *c)
{
    if (!p->env->check_pkt_len) {
        refuse(p, "this kernel has no check_pkt_len (Linux 5.2 has)");
        return;
    }
    if (p->depth == MAX_DEPTH) {
        refuse(p, "lists of actions nest too deeply");
        return;
    }
    size_t all = nlwr_nest(p->w, OVS_ACTION_ATTR_CHECK_PKT_LEN);
    nlwr_put_u16(p->w, OVS_CHECK_PKT_LEN_ATTR_PKT_LEN, (uint16_t)c->a.u32);
    p->depth++;
    size_t gt = nlwr_nest(p->w, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_GREATER);
    put_list(p, dp_action_branch(c, true), c->gt_len);
    nlwr_end(p->w, gt);
    size_t le = nlwr_nest(p->w, OVS_CHECK_PKT_LEN_ATTR_ACTIONS_IF_LESS_EQUAL);
    put_list(p, dp_action_branch(c, false), c->le_len);
    nlwr_end(p->w, le);
    p->depth--;
    nlwr_end(p->w, all);
}

static void refuse_encap(struct put *p, const struct action_kernel *k)
{
    const bool eth = k->a.u32 == ACTION_KERNEL_PUSH_ETH || k->a.u32 == ACTION_KERNEL_POP_ETH;
    const bool push_nsh = k->a.u32 == ACTION_KERNEL_PUSH_NSH;
    const bool nsh = push_nsh || k->a.u32 == ACTION_KERNEL_POP_NSH;

    if (eth && !p->env->push_eth) {
        refuse(p, "this kernel has no push_eth and pop_eth (Linux 4.11 has)");
    }
    if (nsh && !p->env->push_nsh) {
        refuse(p, "this kernel has no push_nsh and pop_nsh (Linux 4.15 has)");
    }
    if (push_nsh && k->data[2] == 2 && k->n == NSH_BASE_LEN) {
        refuse(p, "the kernel pushes no NSH of MD type 2 without metadata");
    }
    if (k->a.u32 == ACTION_KERNEL_ADD_MPLS && !p->env->add_mpls) {
        refuse(p, "this kernel has no add_mpls (Linux 5.6 has)");
    }
}

static void put_kernel(struct put *p, const struct action_kernel *k)
{
    struct nlaction_kernel_nest nest;

    if (p->depth == MAX_DEPTH) {
        refuse(p, "lists of actions nest too deeply");
        return;
    }
    refuse_encap(p, k);
    nlaction_kernel_put(k, &nest, p->w);
    if (nest.has_list) {
        p->depth++;
        put_list(p, action_kernel_list(k), k->list_len);
        p->depth--;
    }
    nlaction_kernel_end(&nest, p->w);
}

static void put_one(struct put *p, const struct dp_action *a)
{
    const struct dp_action_push_mpls *m = (const void *)a;
    const struct dp_action_userspace *u = (const void *)a;
    struct nlwr *w = p->w;

    switch ((enum dp_action_type)a->type) {
    case DP_ACTION_OUTPUT:
        nlwr_put_u32(w, OVS_ACTION_ATTR_OUTPUT, a->u32);
        break;
    case DP_ACTION_USERSPACE:
        put_userspace(u->pid ? u->pid : p->env->upcall_pid, u->cookie, a->u32, u, w);
        break;
    case DP_ACTION_SET:
        put_set(p, (const void *)a);
        break;
    case DP_ACTION_PUSH_VLAN:
        nlwr_put_data(w, OVS_ACTION_ATTR_PUSH_VLAN,
                      &(struct ovs_action_push_vlan){.vlan_tpid = htons((uint16_t)(a->u32 >> 16)),
                                                     .vlan_tci =
                                                         htons((uint16_t)(a->u32 | VLAN_CFI))},
                      sizeof(struct ovs_action_push_vlan));
        break;
    case DP_ACTION_POP_VLAN:
        nlwr_put_flag(w, OVS_ACTION_ATTR_POP_VLAN);
        break;
    case DP_ACTION_RECIRC:
        nlwr_put_u32(w, OVS_ACTION_ATTR_RECIRC, a->u32);
        break;
    case DP_ACTION_HASH:
        nlwr_put_data(w, OVS_ACTION_ATTR_HASH,
                      &(struct ovs_action_hash){.hash_alg = OVS_HASH_ALG_L4, .hash_basis = a->u32},
                      sizeof(struct ovs_action_hash));
        break;
    case DP_ACTION_PUSH_MPLS:
        nlwr_put_data(w, OVS_ACTION_ATTR_PUSH_MPLS,
                      &(struct ovs_action_push_mpls){.mpls_lse = m->lse,
                                                     .mpls_ethertype = m->eth_type},
                      sizeof(struct ovs_action_push_mpls));
        break;
    case DP_ACTION_POP_MPLS:
        nlwr_put_u16(w, OVS_ACTION_ATTR_POP_MPLS, htons((uint16_t)a->u32));
        break;
    case DP_ACTION_CT:
        put_ct(p, (const void *)a);
        break;
    case DP_ACTION_TRUNC:
        if (!p->env->trunc) {
            refuse(p, "this kernel cannot truncate (Linux 4.8 can)");
        }
        nlwr_put_u32(w, OVS_ACTION_ATTR_TRUNC, a->u32);
        break;
    case DP_ACTION_CT_CLEAR:
        if (!p->env->ct_clear) {
            refuse(p, "this kernel has no ct_clear (Linux 4.15 has)");
        }
        nlwr_put_flag(w, OVS_ACTION_ATTR_CT_CLEAR);
        break;
    case DP_ACTION_METER:
        if (!p->env->meter) {
            refuse(p, "this kernel has no meters (Linux 4.18 has)");
        }
        nlwr_put_u32(w, OVS_ACTION_ATTR_METER, a->u32);
        break;
    case DP_ACTION_CLONE:
        put_clone(p, a);
        break;
    case DP_ACTION_SAMPLE:
        put_sample(p, a);
        break;
    case DP_ACTION_CHECK_PKT_LEN:
        put_check_pkt_len(p, (const void *)a);
        break;
    case DP_ACTION_COPY_TTL:
    case DP_ACTION_PUSH_PBB:
    case DP_ACTION_POP_PBB:
        refuse(p, "the kernel datapath has no such action");
        break;
    case DP_ACTION_KERNEL:
        put_kernel(p, (const void *)a);
        break;
    case DP_ACTION_N:
        break;
    }
}

static void put_list(struct put *p, const void *actions, size_t len)
{
    const struct dp_action *a;

    DP_ACTION_FOR_EACH(a, actions, len) {
        put_one(p, a);
    }
}

bool nlaction_put(const void *actions, size_t len, const struct nlaction_env *env, struct nlwr *w,
                  const char **why)
{
    struct put p = {.env = env, .w = w};

    put_list(&p, actions, len);
    if (w->err) {
        refuse(&p, "the list of actions is too long for the kernel");
    }
    *why = p.why;
    return !p.why;
}

bool nlaction_can(const void *actions, size_t len, const struct nlaction_env *env)
{
    _Alignas(8) uint8_t scratch[NLACTION_MAX];
    const char *why;
    struct nlwr w;

    nlwr_init(&w, scratch, sizeof scratch);
    return nlaction_put(actions, len, env, &w, &why);
}

void nlaction_put_slow(unsigned reasons, const struct nlaction_env *env, struct nlwr *w)
{
    struct dp_cookie cookie;

    dp_cookie_slow_path(&cookie, reasons);
    put_userspace(env->upcall_pid, &cookie, sizeof cookie, NULL, w);
}
