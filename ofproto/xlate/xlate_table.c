/* xlate_table.c - lookups in tables, lists of acts, and scopes.  See xlate-private.h. */
#include "ofproto/xlate/xlate-private.h"

/* ---- lookup ---- */

static void swap(void *a, void *b, size_t n)
{
    uint8_t t[16];

    memcpy(t, a, n);
    memcpy(a, b, n);
    memcpy(b, t, n);
}

/* resubmit(..,ct): the original direction's tuple in the place of the packet's own. */
static void swap_tuple(struct key *k, bool ip6)
{
    if (ip6) {
        swap(k->ip6_src, k->ct_ip6_src, 16);
        swap(k->ip6_dst, k->ct_ip6_dst, 16);
    } else {
        swap(&k->ip_src, &k->ct_ip_src, 4);
        swap(&k->ip_dst, &k->ct_ip_dst, 4);
    }
    swap(&k->ip_proto, &k->ct_proto, 1);
    swap(&k->tp_src, &k->ct_tp_src, 2);
    swap(&k->tp_dst, &k->ct_tp_dst, 2);
}

static struct rule *lookup(struct xlate_ctx *ctx, uint8_t table_id, bool with_ct)
{
    struct tables *ts = ctx->s.bridge->tables;
    struct credit *c = ctx->out->credit;
    struct key *k = &ctx->s.flow.key;
    bool ip6 = key_is_ip6(k);
    bool fragment = (ip6 || key_is_ip4(k)) && k->ip_frag & KEY_FRAG_ANY; /* Always looked at. */

    if (fragment && ctx->s.bridge->frags == XLATE_FRAGS_DROP) {
        xlate_trace_warn(ctx, "fragments are dropped, as the controller has configured");
        return NULL;
    }
    bool hide_ports = fragment && ctx->s.bridge->frags == XLATE_FRAGS_NORMAL;

    if (with_ct) {
        swap_tuple(&ctx->s.flow.key, ip6);
        swap_tuple(&ctx->wc.key, ip6);
    }
    be16 tp_src = k->tp_src, tp_dst = k->tp_dst;
    if (hide_ports) {
        k->tp_src = k->tp_dst = 0;
    }
    credit_note_opaque(c, ctx->in->key, &ctx->s.flow.key);
    c->in_port_opaque |= ctx->s.flow.in_port != c->in_port;
    struct rule *r = tables_lookup(ts, table_id, ctx->s.version, &ctx->s.flow, &ctx->wc);
    if (hide_ports) {
        k->tp_src = tp_src;
        k->tp_dst = tp_dst;
    }
    if (with_ct) {
        swap_tuple(&ctx->s.flow.key, ip6);
        swap_tuple(&ctx->wc.key, ip6);
    }
    credit_add_table(c, ts, table_id, r);
    if (r) {
        credit_add_rule(c, r);
    }
    return r;
}

/* Is there a tuple to swap in?  Neighbour discovery has none. */
static bool ct_tuple_ok(struct xlate_ctx *ctx)
{
    const struct key *k = &ctx->s.flow.key;

    ctx->wc.key.ct_state |= htonl(CS_NEW | CS_EST | CS_RPL);
    if (!(k->ct_state & htonl(CS_NEW | CS_EST | CS_RPL)) || (!key_is_ip4(k) && !key_is_ip6(k))) {
        return false;
    }
    if (key_is_ip6(k)) {
        ctx->wc.key.ip_proto = UINT8_MAX;
        if (k->ip_proto == IPPROTO_ICMPV6) {
            ctx->wc.key.tp_src = UINT16_MAX;
            return k->tp_src != htons(135) && k->tp_src != htons(136);
        }
    }
    return true;
}

/* One table; false: no rule. */
static bool table_once(struct xlate_ctx *ctx, uint8_t table_id, uint32_t lookup_in_port,
                       bool with_ct)
{
    be32 in_port = ctx->s.flow.in_port;

    if (++ctx->lookups > XLATE_MAX_RESUBMITS) {
        xlate_error(ctx, XLATE_TOO_MANY_LOOKUPS);
        return false;
    }
    ctx->s.flow.in_port = htonl(lookup_in_port);
    struct rule *r = lookup(ctx, table_id, with_ct);
    ctx->s.flow.in_port = in_port;
    ctx->s.table_id = table_id;
    ctx->s.rule = r;
    ctx->s.rule_cookie = r ? r->cookie : UINT64_MAX;
    xlate_trace_event(ctx, r ? XLATE_EV_RULE : XLATE_EV_MISS);
    if (r) {
        xlate_acts(ctx, r->acts->data, r->acts->len);
    }
    return r != NULL;
}

/* As if NORMAL in table 0 were the only rule there is. */
static void normal_table(struct xlate_ctx *ctx, uint8_t table_id, const char *why)
{
    ctx->s.table_id = table_id;
    ctx->s.rule = NULL;
    ctx->s.rule_cookie = UINT64_MAX;
    xlate_trace_event(ctx, XLATE_EV_MISS);
    if (!table_id) {
        xlate_trace_note(ctx, "%s: NORMAL in the place of the rules", why);
        xlate_normal(ctx);
    }
}

/* A table and those that goto_table, or its configuration (OpenFlow 1.1, 1.2), leads to. */
void xlate_table(struct xlate_ctx *ctx, uint8_t table_id, uint32_t lookup_in_port, bool with_ct)
{
    if (ctx->s.bridge->fail_open) {
        normal_table(ctx, table_id, "no controller answers");
        return;
    }
    if (!table_id && xlate_in_band(ctx)) {
        normal_table(ctx, table_id, "in-band control");
        return;
    }
    for (;;) {
        if (!table_once(ctx, table_id, lookup_in_port, with_ct)) {
            enum table_miss miss = (enum table_miss)ctx->s.bridge->miss[table_id];
            if (miss != TABLE_MISS_CONTINUE || table_id + 1 >= OFP_N_TABLES || ctx->out->error) {
                break;
            }
            table_id++;
            continue;
        }
        if (xlate_stopped(ctx) || ctx->s.goto_table == XLATE_NO_GOTO) {
            return;
        }
        table_id = ctx->s.goto_table;
        ctx->s.goto_table = XLATE_NO_GOTO;
        lookup_in_port = ntohl(ctx->s.flow.in_port);
        with_ct = false;
    }
    if (ctx->s.bridge->miss[table_id] == TABLE_MISS_CONTROLLER && !ctx->out->error) {
        xlate_controller(ctx, PIR_NO_MATCH, OFPCML_NO_BUFFER, 0);
    }
    if (!ctx->s.resubmits) {
        /* No rule, no table-miss entry: the packet is dropped here (5.4), its action set with it. A
         * resubmit that misses only returns. */
        xlate_set_clear(ctx);
    }
}

void xlate_resubmit(struct xlate_ctx *ctx, uint8_t table_id, uint32_t lookup_in_port, bool with_ct)
{
    const struct rule *rule = ctx->s.rule;
    uint64_t cookie = ctx->s.rule_cookie;
    uint8_t old_table = ctx->s.table_id;
    unsigned deepens = table_id <= old_table;

    if (with_ct && !ct_tuple_ok(ctx)) {
        xlate_trace_warn(ctx, "resubmit(ct) with invalid or non-existent ct tuple");
        return;
    }
    if (ctx->depth + deepens > XLATE_MAX_DEPTH || ctx->nesting >= XLATE_MAX_NESTING) {
        xlate_error(ctx, XLATE_TOO_DEEP);
        return;
    }
    ctx->depth += deepens;
    ctx->nesting++;
    ctx->s.resubmits++;
    xlate_table(ctx, table_id, lookup_in_port, with_ct);
    ctx->s.resubmits--;
    ctx->nesting--;
    ctx->depth -= deepens;
    ctx->s.rule = rule;
    ctx->s.rule_cookie = cookie;
    ctx->s.table_id = old_table;
}

/* ---- lists ---- */

void xlate_acts(struct xlate_ctx *ctx, const void *acts, size_t len)
{
    const uint8_t *end = len ? (const uint8_t *)acts + len : NULL;
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if ((ctx->s.unparsed && xlate_needs_freeze(a)) ||
            (ctx->s.metered && xlate_meter_counts(ctx, a))) {
            ctx->s.freezing = true;
            xlate_freeze_acts(ctx, a, (size_t)(end - (const uint8_t *)a));
            return;
        }
        xlate_trace_act(ctx, a);
        enum xlate_next next = xlate_act(ctx, a);
        if (ctx->s.freezing) { /* Inside it: what comes after it is the rest. */
            a = act_next(a);
            xlate_freeze_acts(ctx, a, (size_t)(end - (const uint8_t *)a));
            return;
        }
        if (next == XLATE_STOP_LIST || xlate_stopped(ctx)) {
            return;
        }
        if (ctx->out->actions.overflow) {
            xlate_error(ctx, XLATE_TOO_MANY_ACTIONS);
            return;
        }
    }
}

/* ---- scopes ---- */

void xlate_finish_scope(struct xlate_ctx *ctx)
{
    if (ctx->s.goto_table != XLATE_NO_GOTO && !xlate_stopped(ctx)) {
        /* Acts that came from no table: packet-out, or resumed ones. */
        uint8_t table_id = ctx->s.goto_table;
        ctx->s.goto_table = XLATE_NO_GOTO;
        xlate_table(ctx, table_id, ntohl(ctx->s.flow.in_port), false);
    }
    if (!xlate_stopped(ctx)) {
        xlate_set_execute(ctx);
    }
    if (ctx->s.freezing && !ctx->out->error) {
        xlate_freeze_finish(ctx);
    }
}

bool xlate_enter_scope(struct xlate_ctx *ctx, struct xlate_scope *saved)
{
    if (ctx->depth >= XLATE_MAX_DEPTH || ctx->nesting >= XLATE_MAX_NESTING) {
        xlate_error(ctx, XLATE_TOO_DEEP);
        return false;
    }
    ctx->depth++;
    ctx->nesting++;
    *saved = ctx->s;
    acts_init(&ctx->s.set);
    acts_init(&ctx->s.frozen);
    ctx->s.stack = (struct xlate_stack){.data = NULL};
    ctx->s.checking = ctx->s.pausing = false;
    ctx->s.set_cookie = 0;
    ctx->s.goto_table = XLATE_NO_GOTO;
    ctx->s.resubmits = 0;
    ctx->s.in_action_set = ctx->s.in_group = false;
    return true;
}

void xlate_leave_scope(struct xlate_ctx *ctx, struct xlate_scope *saved)
{
    xlate_finish_scope(ctx);
    acts_deinit(&ctx->s.set);
    acts_deinit(&ctx->s.frozen);
    xlate_stack_deinit(&ctx->s.stack);
    /* What mirrors have had in this bridge they have had. */
    saved->mirrors |= ctx->s.bridge == saved->bridge ? ctx->s.mirrors : 0;
    if (ctx->s.bridge != saved->bridge) {
        xlate_options_settle(ctx); /* The other's places mean nothing here. */
    }
    ctx->s = *saved;
    ctx->wc.tun.table = ctx->s.flow.tun.table;
    ctx->nesting--;
    ctx->depth--;
}
