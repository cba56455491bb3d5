/* xlate_learn.c - learn and fin_timeout.  See xlate-private.h, learned.h.
 *
 * Translation changes no table: what is learned is an effect, for later packets; as long as the
 * cached flow has traffic, its credit keeps the learned one. */
#include "ofp/flow_mod.h"
#include "ofp/match.h"
#include "ofproto/xlate/learned.h"
#include "ofproto/xlate/xlate-private.h"

#define TCP_FIN_RST (0x001 | 0x004)

static void note(struct xlate_ctx *ctx, const struct learned *l)
{
    const struct rule_args *a = &l->args;
    struct text t = TEXT_INIT;

    text_printf(&t, "table=%u ", a->table_id);
    match_format(&l->match, NULL, -1, &t);
    text_printf(&t, " priority=%u", a->priority);
    if (a->idle_timeout) {
        text_printf(&t, " idle=%u", a->idle_timeout);
    }
    if (a->hard_timeout) {
        text_printf(&t, " hard=%u", a->hard_timeout);
    }
    if (a->cookie) {
        text_printf(&t, " cookie=%#" PRIx64, a->cookie);
    }
    text_puts(&t, " actions=");
    acts_format(l->acts->data, l->acts->len, NULL, &t);
    xlate_trace_note(ctx, "%s", text_cstr(&t));
    text_deinit(&t);
}

/* NULL: it cannot match what it should. */
static struct learned *make(struct xlate_ctx *ctx, const struct act_learn *a)
{
    struct tables *ts = ctx->s.bridge->tables;
    struct match m;
    struct acts acts = ACTS_INIT;
    const struct rule_args args = {
        .table_id = a->table,
        .priority = a->priority,
        .cookie = a->cookie,
        .idle_timeout = a->idle_timeout,
        .hard_timeout = a->hard_timeout,
        .flags = a->flags & LEARN_SEND_FLOW_REM ? OFPFF_SEND_FLOW_REM : 0,
    };

    act_learn_mask(a, &ctx->wc);
    bool ok = act_learn_build(a, &ctx->s.flow, &m, &acts);
    struct learned *l =
        ok ? learned_new(ts, &m, &args, rule_acts_new(acts.data, acts.len), a->limit) : NULL;
    acts_deinit(&acts);
    return l;
}

static void put_effect(struct xlate_ctx *ctx, struct learned *l)
{
    struct xlate_out *out = ctx->out;

    if (out->n_effects < XLATE_MAX_EFFECTS) {
        out->effects[out->n_effects++].learned = l; /* Referenced by the credit. */
    }
}

static void put_result(struct xlate_ctx *ctx, const struct act_learn *a, bool ok)
{
    uint8_t bit = ok;

    if (a->result.field) {
        xlate_write(ctx, &a->result, &bit, sizeof bit);
    }
}

void xlate_learn(struct xlate_ctx *ctx, const struct act_learn *a)
{
    struct tables *ts = ctx->s.bridge->tables;
    struct learned *l = make(ctx, a);

    if (!l) {
        xlate_trace_note(ctx, "learns nothing: a tunnel option that it matches is not mapped");
        put_result(ctx, a, false);
        return;
    }
    const struct rule *old =
        tables_find_visible(ts, a->table, ctx->s.version, &l->match, a->priority);
    bool ok = old || !a->limit || tables_cookie_count(ts, a->table, a->cookie) < a->limit;

    if (ctx->in->trace) {
        note(ctx, l);
    }
    put_result(ctx, a, ok);
    credit_add_learned(ctx->out->credit, l); /* Whose answer it is, it depends on. */
    if (!ok) {
        xlate_trace_note(ctx, "limit of %u flows is reached", a->limit);
    } else if (!old || !learned_is_rule(l, old)) {
        put_effect(ctx, l);
    }
    learned_unref(l);
}

void xlate_fin_timeout(struct xlate_ctx *ctx, const struct act_fin_timeout *a)
{
    const struct key *k = &ctx->s.flow.key;

    if (k->ip_proto != IPPROTO_TCP || !(key_is_ip4(k) || key_is_ip6(k))) {
        return;
    }
    ctx->wc.key.ip_proto = UINT8_MAX;
    ctx->wc.key.tcp_flags |= htons(TCP_FIN_RST);
    if (k->tcp_flags & htons(TCP_FIN_RST) && ctx->s.rule) {
        credit_add_fin(ctx->out->credit, ctx->s.bridge->tables, ctx->s.rule, a->idle, a->hard);
        xlate_trace_note(ctx, "the connection ends: timeouts of the flow are cut");
    }
}
