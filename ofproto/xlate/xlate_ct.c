/* xlate_ct.c - ct and ct_clear.  See xlate-private.h; semantics: the Nicira extension.
 *
 * With a table the pipeline forks: the tracked instance resumes there, the original goes on
 * untracked.  Only IP can be tracked: for another packet the answer (+trk+inv) is known, so its
 * instance resumes within this translation, and the datapath sees no ct action. */
#include "lib/packet/ip.h"
#include "ofproto/xlate/xlate-private.h"

#define CT_FIELDS_OFS offsetof(struct key, ct_state)

/* The ct fields of a key, but for skb_mark and dp_hash, which stand among them. */
static void clear_ct_fields(struct key *k)
{
    be32 mark = k->skb_mark, hash = k->dp_hash;

    memset((uint8_t *)k + CT_FIELDS_OFS, 0, offsetof(struct key, packet_type) - CT_FIELDS_OFS);
    k->skb_mark = mark;
    k->dp_hash = hash;
}

void xlate_untrack(struct xlate_ctx *ctx)
{
    clear_ct_fields(&ctx->s.flow.key);
    ctx->s.tracked = false;
    ctx->s.ct = COOKIE_CT_NONE;
    ctx->s.inv_zone = 0;
}

void xlate_ct_clear(struct xlate_ctx *ctx)
{
    if (ctx->dp_tracked && ctx->s.tracked) {
        dp_actions_put(&ctx->out->actions, DP_ACTION_CT_CLEAR, sizeof(struct dp_action));
        ctx->dp_tracked = false;
    }
    xlate_untrack(ctx);
}

static uint16_t zone_of(struct xlate_ctx *ctx, const struct act_ct *a)
{
    if (!a->zone_src.field) {
        return a->zone_imm;
    }
    subfield_mask(&a->zone_src, &ctx->wc);
    return (uint16_t)subfield_get(&a->zone_src, &ctx->s.flow);
}

/* exec(): what it writes to mark and label, on a copy. */
static void run_nested(struct xlate_ctx *ctx, const struct act_ct *a, struct flow *flow,
                       struct flow *bits)
{
    const struct act *n;

    ACT_FOR_EACH(n, act_ct_nested(a), a->nested_len) {
        if (n->type == ACT_SET_FIELD) {
            const struct act_set_field *sf = (const void *)n;
            field_set_masked(sf->field, &sf->value, &sf->mask, flow);
            field_set_masked(sf->field, &sf->mask, &sf->mask, bits);
        } else if (n->type == ACT_REG_MOVE) {
            const struct act_reg_move *rm = (const void *)n;
            subfield_mask(&rm->src, &ctx->wc);
            subfield_move(&rm->src, &rm->dst, flow);
            subfield_mask(&rm->dst, bits);
        } else if (n->type != ACT_NAT) {
            xlate_error(ctx, XLATE_UNSUPPORTED);
        }
    }
}

_Static_assert(DP_NAT_SRC == NAT_SRC && DP_NAT_DST == NAT_DST &&
                   DP_NAT_PERSISTENT == NAT_PERSISTENT && DP_NAT_HASH == NAT_PROTO_HASH &&
                   DP_NAT_RANDOM == NAT_PROTO_RANDOM,
               "the wire's flags are the action's");

static void put_nat(struct dp_action_ct *ct, const struct act_nat *nat)
{
    ct->nat = true;
    if (!(nat->flags & (NAT_SRC | NAT_DST))) {
        return; /* As the connection has it. */
    }
    ct->nat_flags = (uint8_t)nat->flags;
    ct->nat_port_min = nat->proto_min;
    ct->nat_port_max = nat->proto_max ? nat->proto_max : nat->proto_min;
    if (nat->af && !is_all_zeros(nat->addr_min, 16)) { /* All zero: the address stays. */
        bool one = is_all_zeros(nat->addr_max, 16);
        ct->nat_af = nat->af;
        memcpy(ct->nat_min, nat->addr_min, 16);
        memcpy(ct->nat_max, one ? nat->addr_min : nat->addr_max, 16);
    }
}

/* Which of the zone's timeout policies holds for the packet, whose protocol then matters. */
static uint8_t timeout_of(struct xlate_ctx *ctx, uint16_t zone)
{
    static const struct {
        uint8_t proto, ip4, ip6;
    } rows[] = {
        {IPPROTO_HDR_TCP, DP_CT_TIMEOUT_TCP4, DP_CT_TIMEOUT_TCP6},
        {IPPROTO_HDR_UDP, DP_CT_TIMEOUT_UDP4, DP_CT_TIMEOUT_UDP6},
        {IPPROTO_HDR_SCTP, DP_CT_TIMEOUT_SCTP4, DP_CT_TIMEOUT_SCTP6},
        {IPPROTO_HDR_ICMP, DP_CT_TIMEOUT_ICMP4, DP_CT_TIMEOUT_NONE},
        {IPPROTO_HDR_ICMP6, DP_CT_TIMEOUT_NONE, DP_CT_TIMEOUT_ICMP6},
    };
    const uint64_t *zones = ctx->cfg->features.ct_timeout_zones;
    const struct key *k = &ctx->s.flow.key;

    if (!zones || !(zones[zone / 64] & BIT64(zone % 64))) {
        return DP_CT_TIMEOUT_NONE;
    }
    ctx->wc.key.ip_proto = 0xff;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].proto == k->ip_proto) {
            return key_is_ip6(k) ? rows[i].ip6 : rows[i].ip4;
        }
    }
    return DP_CT_TIMEOUT_NONE;
}

static void put_ct(struct xlate_ctx *ctx, const struct act_ct *a, uint16_t zone)
{
    struct flow flow = ctx->s.flow, bits = {0};

    run_nested(ctx, a, &flow, &bits);
    struct dp_action_ct *ct = dp_actions_put(&ctx->out->actions, DP_ACTION_CT, sizeof *ct);
    if (ctx->out->actions.overflow) {
        return;
    }
    ct->zone = zone;
    ct->alg = a->alg;
    ct->commit = a->commit;
    ct->force = a->force;
    const struct act *n;
    ACT_FOR_EACH(n, act_ct_nested(a), a->nested_len) {
        if (n->type == ACT_NAT) {
            put_nat(ct, (const void *)n);
        }
    }
    ct->timeout = a->commit ? timeout_of(ctx, zone) : DP_CT_TIMEOUT_NONE;
    ct->cookie = a->commit ? ctx->s.rule_cookie : 0;
    ct->mark = ntohl(flow.key.ct_mark & bits.key.ct_mark);
    ct->mark_mask = ntohl(bits.key.ct_mark);
    for (unsigned i = 0; i < sizeof ct->label; i++) {
        ct->label[i] = flow.key.ct_label[i] & bits.key.ct_label[i];
        ct->label_mask[i] = bits.key.ct_label[i];
    }
}

/* The tracked instance of a packet that is not IP. */
static void resume_invalid(struct xlate_ctx *ctx, uint8_t table_id, uint16_t zone)
{
    struct xlate_packet before;
    struct xlate_scope saved;

    if (!xlate_enter_scope(ctx, &saved)) {
        return;
    }
    xlate_packet_begin(ctx, &before);
    acts_copy(&ctx->s.set, &saved.set);
    ctx->s.set_cookie = saved.set_cookie;
    xlate_untrack(ctx);
    ctx->s.flow.key.ct_state = htonl(CS_TRK | CS_INV);
    ctx->s.flow.key.ct_zone = htons(zone);
    ctx->s.tracked = true;
    ctx->s.ct = COOKIE_CT_INV;
    ctx->s.inv_zone = zone;
    xlate_trace_note(ctx, "not an IP packet: resuming as +trk+inv");
    xlate_table(ctx, table_id, ntohl(ctx->s.flow.in_port), false);
    xlate_leave_scope(ctx, &saved);
    xlate_packet_end(ctx, &before);
}

void xlate_ct(struct xlate_ctx *ctx, const struct act_ct *a)
{
    const struct key *k = &ctx->s.flow.key;
    uint16_t zone = zone_of(ctx, a);

    if (!key_is_ip4(k) && !key_is_ip6(k)) {
        if (a->table != OFPTT_ALL) {
            resume_invalid(ctx, a->table, zone);
        }
        xlate_untrack(ctx);
        return;
    }
    xlate_commit(ctx); /* The tracker sees the packet as it is now. */
    put_ct(ctx, a, zone);
    ctx->dp_tracked = true;
    if (a->table != OFPTT_ALL) {
        xlate_trace_note(ctx,
                         "A clone of the packet is forked to recirculate. The forked pipeline "
                         "will be resumed at table %u.",
                         a->table);
        xlate_freeze_table(ctx, a->table, true);
    }
    xlate_trace_note(ctx, "Sets the packet to an untracked state, and clears all the conntrack "
                          "fields.");
    xlate_untrack(ctx);
}
