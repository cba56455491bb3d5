/* xlate_commit.c - the datapath actions that take the packet from what it is to what OpenFlow sees.
 * See xlate-private.h.
 *
 * Called before anything that shows the packet: output, ct, recirc, userspace.  A member of a
 * header is set whole as far as it was written, unless the packet is known to have the value
 * already. */
#include "ofproto/xlate/xlate-private.h"

/* Bytes of the key, and where they go in the value of a set action. */
struct member {
    uint16_t key, value, n;
};
#define MEMBER(KEY, VALUE)                                              \
    {                                                                   \
        offsetof(struct key, KEY), offsetof(union dp_set_value, VALUE), \
            sizeof(((struct key *)0)->KEY)                              \
    }
/* The low byte of a 16-bit member of the key or of the action. */
#define MEMBER_LOW_KEY(KEY, VALUE)                                            \
    {                                                                         \
        offsetof(struct key, KEY) + 1, offsetof(union dp_set_value, VALUE), 1 \
    }
#define MEMBER_LOW_VALUE(KEY, VALUE)                                          \
    {                                                                         \
        offsetof(struct key, KEY), offsetof(union dp_set_value, VALUE) + 1, 1 \
    }
#define MAX_MEMBERS 6

static const struct header {
    enum dp_set_header type;
    struct member m[MAX_MEMBERS]; /* The first with n == 0 ends them. */
} headers[] = {
    [DP_SET_ETH] = {DP_SET_ETH, {MEMBER(eth_src, eth.src), MEMBER(eth_dst, eth.dst)}},
    [DP_SET_IP4] = {DP_SET_IP4,
                    {MEMBER(ip_src, ip4.src), MEMBER(ip_dst, ip4.dst), MEMBER(ip_tos, ip4.tos),
                     MEMBER(ip_ttl, ip4.ttl)}},
    [DP_SET_IP6] = {DP_SET_IP6,
                    {MEMBER(ip6_src, ip6.src), MEMBER(ip6_dst, ip6.dst),
                     MEMBER(ip6_label, ip6.label), MEMBER(ip_tos, ip6.tclass),
                     MEMBER(ip_ttl, ip6.hlimit)}},
    [DP_SET_TCP] = {DP_SET_TCP, {MEMBER(tp_src, ports.src), MEMBER(tp_dst, ports.dst)}},
    [DP_SET_UDP] = {DP_SET_UDP, {MEMBER(tp_src, ports.src), MEMBER(tp_dst, ports.dst)}},
    [DP_SET_SCTP] = {DP_SET_SCTP, {MEMBER(tp_src, ports.src), MEMBER(tp_dst, ports.dst)}},
    [DP_SET_ICMP] = {DP_SET_ICMP,
                     {MEMBER_LOW_KEY(tp_src, icmp.type), MEMBER_LOW_KEY(tp_dst, icmp.code)}},
    [DP_SET_ICMP6] = {DP_SET_ICMP6,
                      {MEMBER_LOW_KEY(tp_src, icmp.type), MEMBER_LOW_KEY(tp_dst, icmp.code)}},
    [DP_SET_ARP] = {DP_SET_ARP,
                    {MEMBER(ip_src, arp.sip), MEMBER(ip_dst, arp.tip),
                     MEMBER_LOW_VALUE(ip_proto, arp.op), MEMBER(arp_sha, arp.sha),
                     MEMBER(arp_tha, arp.tha)}},
    [DP_SET_ND] = {DP_SET_ND,
                   {MEMBER(nd_target, nd.target), MEMBER(arp_sha, nd.sll), MEMBER(arp_tha, nd.tll),
                    MEMBER(nd_reserved, nd.reserved), MEMBER(nd_options_type, nd.options_type)}},
    [DP_SET_NSH] = {DP_SET_NSH,
                    {MEMBER(nsh_flags, nsh.flags), MEMBER(nsh_ttl, nsh.ttl), MEMBER(nsh_si, nsh.si),
                     MEMBER(nsh_spi, nsh.spi), MEMBER(nsh_c, nsh.c)}},
    [DP_SET_PBB] = {DP_SET_PBB, {MEMBER(pbb_isid, pbb.isid), MEMBER(pbb_uca, pbb.uca)}},
    [DP_SET_SKB_MARK] = {DP_SET_SKB_MARK, {MEMBER(skb_mark, skb_mark)}},
};

/* One member: true if it must be set; value and mask are then filled in. */
static bool commit_member(struct xlate_ctx *ctx, const struct member *m, uint8_t *value,
                          uint8_t *mask)
{
    const uint8_t *flow = (const uint8_t *)&ctx->s.flow.key + m->key;
    const uint8_t *written = (const uint8_t *)&ctx->s.written + m->key;
    uint8_t *base = (uint8_t *)&ctx->base + m->key;
    uint8_t *committed = (uint8_t *)&ctx->committed + m->key;
    uint8_t *wc = (uint8_t *)&ctx->wc.key + m->key;
    bool needed = false;

    for (unsigned i = 0; i < m->n; i++) {
        /* Overwritten in the packet, but to be as it came: that must be known. */
        wc[i] |= committed[i] & (uint8_t)~written[i];
        uint8_t known = wc[i] | committed[i], differs = base[i] ^ flow[i];
        needed |= ((written[i] | committed[i]) & (differs | (uint8_t)~known)) != 0;
    }
    for (unsigned i = 0; needed && i < m->n; i++) {
        mask[i] = written[i] | committed[i];
        value[i] = flow[i] & mask[i];
        base[i] = (uint8_t)((base[i] & ~mask[i]) | value[i]);
        committed[i] |= mask[i];
    }
    return needed;
}

void xlate_commit_set(struct xlate_ctx *ctx, enum dp_set_header type,
                      const union dp_set_value *value, const union dp_set_value *mask)
{
    struct dp_action_set *a = dp_actions_put(&ctx->out->actions, DP_ACTION_SET, sizeof *a);

    if (!ctx->out->actions.overflow) {
        a->a.u32 = type;
        a->value = *value;
        a->mask = *mask;
    }
}

void xlate_commit_action(struct xlate_ctx *ctx, enum dp_action_type type, uint32_t v)
{
    struct dp_action *a = dp_actions_put(&ctx->out->actions, type, sizeof *a);
    a->u32 = v;
}

static void commit_header(struct xlate_ctx *ctx, enum dp_set_header type)
{
    const struct header *h = &headers[type];
    struct {
        union dp_set_value value, mask;
    } set = {0};
    bool needed = false;

    for (unsigned i = 0; i < MAX_MEMBERS && h->m[i].n; i++) {
        needed |= commit_member(ctx, &h->m[i], (uint8_t *)&set.value + h->m[i].value,
                                (uint8_t *)&set.mask + h->m[i].value);
    }
    if (needed) {
        xlate_commit_set(ctx, type, &set.value, &set.mask);
    }
}

/* Layer 4 by the protocol; -1: nothing can be set. */
static int l4_header(const struct key *k)
{
    if (k->ip_frag & KEY_FRAG_LATER) {
        return -1;
    }
    switch (k->ip_proto) {
    case IPPROTO_TCP:
        return DP_SET_TCP;
    case IPPROTO_UDP:
        return DP_SET_UDP;
    case IPPROTO_SCTP:
        return DP_SET_SCTP;
    case IPPROTO_ICMP:
        return key_is_ip4(k) ? DP_SET_ICMP : -1;
    case IPPROTO_ICMPV6:
        return key_is_ip6(k) ? DP_SET_ICMP6 : -1;
    default:
        return -1;
    }
}

static void commit_l3_l4(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;

    if (k->eth_type == htons(0x0806) || k->eth_type == htons(0x8035)) {
        commit_header(ctx, DP_SET_ARP);
        return;
    }
    if (k->eth_type == htons(0x894f)) {
        commit_header(ctx, DP_SET_NSH);
    } else if (k->eth_type == htons(0x88e7)) {
        commit_header(ctx, DP_SET_PBB);
    }
    if (!key_is_ip4(k) && !key_is_ip6(k)) {
        return;
    }
    commit_header(ctx, key_is_ip4(k) ? DP_SET_IP4 : DP_SET_IP6);
    int l4 = l4_header(k);
    if (l4 == DP_SET_ICMP6) {
        commit_header(ctx, DP_SET_ND);
    }
    if (l4 >= 0) {
        commit_header(ctx, (enum dp_set_header)l4);
    }
}

static void set_lse(struct xlate_ctx *ctx, be32 lse)
{
    xlate_commit_set(ctx, DP_SET_MPLS, &(union dp_set_value){.mpls_lse = lse},
                     &(union dp_set_value){.mpls_lse = UINT32_MAX});
}

static void push_lse(struct xlate_ctx *ctx, be32 lse, be16 eth_type)
{
    struct dp_action_push_mpls *a =
        dp_actions_put(&ctx->out->actions, DP_ACTION_PUSH_MPLS, sizeof *a);

    if (!ctx->out->actions.overflow) {
        a->lse = lse;
        a->eth_type = eth_type;
    }
}

/* The EtherType for a pop that leaves 'left' labels of which 'keep' stay. */
static uint16_t pop_type(const struct xlate_ctx *ctx, unsigned left, unsigned keep, unsigned n_new)
{
    const struct key *k = &ctx->s.flow.key;

    if (!left) {
        return ntohs(n_new ? htons(0x0800) : k->eth_type); /* With n_new, labels come on again. */
    }
    return ntohs(left == keep && n_new == keep ? k->eth_type : ctx->base.eth_type);
}

static void commit_mpls(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    struct key *b = &ctx->base;
    unsigned n_old = xlate_mpls_depth(b), n_new = xlate_mpls_depth(k), keep = 0;
    bool same_type = b->eth_type == k->eth_type;

    if (same_type && !memcmp(b->mpls_lse, k->mpls_lse, sizeof k->mpls_lse)) {
        return;
    }
    /* Labels from the bottom that stay; the outermost of equally many is rewritten in place. */
    while (keep < MIN(n_old, n_new) &&
           b->mpls_lse[n_old - 1 - keep] == k->mpls_lse[n_new - 1 - keep]) {
        keep++;
    }
    if (n_old == n_new && keep + 1 == n_old && same_type) {
        set_lse(ctx, k->mpls_lse[0]);
    } else if (!xlate_mpls_all_seen(b) || !xlate_mpls_all_seen(k)) {
        xlate_error(ctx, XLATE_TOO_MANY_LABELS); /* What is below is not known. */
    } else {
        keep -= n_old == n_new && keep == n_old; /* Only the EtherType differs. */
        for (unsigned left = n_old; left-- > keep;) {
            xlate_commit_action(ctx, DP_ACTION_POP_MPLS, pop_type(ctx, left, keep, n_new));
        }
        for (unsigned i = keep; i < n_new; i++) {
            push_lse(ctx, k->mpls_lse[n_new - 1 - i], k->eth_type);
        }
    }
    memcpy(b->mpls_lse, k->mpls_lse, sizeof b->mpls_lse);
    b->eth_type = k->eth_type;
    b->packet_type = k->packet_type;
}

/* Out of a stack that is deeper than a key can hold, so that the labels left are unknown. */
void xlate_commit_blind_pop(struct xlate_ctx *ctx, uint16_t eth_type)
{
    xlate_commit(ctx);
    xlate_commit_action(ctx, DP_ACTION_POP_MPLS, eth_type);
}

static void commit_vlan(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;
    unsigned n_old = xlate_vlan_depth(&ctx->base), n_new = xlate_vlan_depth(k), keep = 0;

    while (keep < MIN(n_old, n_new) && !memcmp(&ctx->base.vlan[n_old - 1 - keep],
                                               &k->vlan[n_new - 1 - keep], sizeof k->vlan[0])) {
        keep++;
    }
    for (unsigned i = n_old; i > keep; i--) {
        xlate_commit_action(ctx, DP_ACTION_POP_VLAN, 0);
    }
    for (unsigned i = keep; i < n_new; i++) {
        const struct key_vlan *v = &k->vlan[n_new - 1 - i];
        xlate_commit_action(ctx, DP_ACTION_PUSH_VLAN,
                            (uint32_t)ntohs(v->tpid) << 16 | ntohs(v->tci));
    }
    memcpy(ctx->base.vlan, k->vlan, sizeof k->vlan);
}

static void commit_priority(struct xlate_ctx *ctx)
{
    uint32_t priority = xlate_queue_priority(ctx);

    if (priority == ctx->base_priority) {
        return;
    }
    xlate_commit_set(ctx, DP_SET_SKB_PRIORITY,
                     &(union dp_set_value){.skb_priority = htonl(priority)},
                     &(union dp_set_value){.skb_priority = UINT32_MAX});
    ctx->base_priority = priority;
}

void xlate_commit(struct xlate_ctx *ctx)
{
    xlate_encap_commit(ctx);
    commit_header(ctx, DP_SET_ETH);
    commit_mpls(ctx);
    if (!ctx->s.unparsed) {
        commit_l3_l4(ctx);
    }
    commit_vlan(ctx);
    commit_priority(ctx);
    commit_header(ctx, DP_SET_SKB_MARK);
}

bool xlate_commit_can_write(const struct field *f)
{
    if (field_is_tun(f)) {
        return field_is_mapped(f);
    }
    if (f->ofs >= sizeof(struct key) || f->ofs < offsetof(struct key, packet_type)) {
        return f->size != 0; /* Of the pipeline, or metadata. */
    }
    if (xlate_type_is(f) ||
        (f->ofs >= offsetof(struct key, vlan) && f->ofs < offsetof(struct key, pbb_isid))) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        for (unsigned j = 0; j < MAX_MEMBERS && headers[i].m[j].n; j++) {
            const struct member *m = &headers[i].m[j];
            if (f->ofs < m->key + m->n && m->key < f->ofs + f->size) {
                return true;
            }
        }
    }
    return false;
}
