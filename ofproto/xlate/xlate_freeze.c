/* xlate_freeze.c - into a continuation and out of it.  See xlate-private.h, continuation.h.
 *
 * Four reasons: ct(table=N) resumes with a lookup; an act that needs what must be parsed again
 * (above a popped label, behind another EtherType), a group that chooses by the datapath's hash,
 * and what counts packets behind a meter that drops some, with the rest of the lists, innermost
 * first, as one list. */
#include "ofproto/xlate/xlate-private.h"

/* ---- what cannot be done without parsing again ---- */

static bool is_above_labels(const struct field *f)
{
    return f->ofs >= offsetof(struct key, mpls_lse) && f->ofs < sizeof(struct key);
}

static bool has_src_above_labels(const struct act_sample *a)
{
    return (a->domain_src.field && is_above_labels(a->domain_src.field)) ||
           (a->point_src.field && is_above_labels(a->point_src.field));
}

bool xlate_needs_freeze(const struct act *a)
{
    switch (a->type) {
    case ACT_RESUBMIT:
    case ACT_GROUP: /* It may hash what is there. */
    case ACT_GOTO_TABLE:
    case ACT_CT:
    case ACT_OUTPUT_REG: /* Perhaps to TABLE. */
    case ACT_MULTIPATH:
    case ACT_BUNDLE:
    case ACT_BUNDLE_LOAD:
    case ACT_CLONE:
    case ACT_LEARN:
    case ACT_FIN_TIMEOUT:
    case ACT_DEC_TTL_IDS:
    case ACT_DEC_TTL:
    case ACT_SET_NW_TTL:
    case ACT_PUSH_MPLS:
    case ACT_POP_MPLS:
    case ACT_DEC_MPLS_TTL:
    case ACT_SET_MPLS_TTL:
    case ACT_DEC_NSH_TTL:
    case ACT_COPY_TTL_OUT:
    case ACT_COPY_TTL_IN:
    case ACT_ENCAP:
    case ACT_DECAP:
        return true;
    case ACT_OUTPUT:
        return ((const struct act_output *)(const void *)a)->port == OFPP_TABLE;
    case ACT_STACK_PUSH:
    case ACT_STACK_POP:
        return is_above_labels(((const struct act_stack *)(const void *)a)->field.field);
    case ACT_SET_FIELD:
        return is_above_labels(((const struct act_set_field *)(const void *)a)->field);
    case ACT_REG_MOVE:
        return is_above_labels(((const struct act_reg_move *)(const void *)a)->src.field) ||
               is_above_labels(((const struct act_reg_move *)(const void *)a)->dst.field);
    case ACT_SAMPLE:
        return has_src_above_labels((const struct act_sample *)(const void *)a);
    default:
        return false;
    }
}

/* ---- freezing ---- */

/* goto_table ends its own list only: in the joined list it is a resubmit, but where it ends the
 * pipeline itself, which a miss then ends. */
static void append(struct acts *to, const struct act *a, bool resubmitted)
{
    if (a->type == ACT_GOTO_TABLE && resubmitted) {
        struct act_resubmit *r = acts_put(to, ACT_RESUBMIT, sizeof *r);
        r->in_port = OFPP_IN_PORT;
        r->table = ((const struct act_goto_table *)(const void *)a)->table;
    } else {
        memcpy(acts_put(to, (enum act_type)a->type, a->len), a, a->len);
    }
}

void xlate_freeze_acts(struct xlate_ctx *ctx, const void *acts, size_t len)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (ctx->s.frozen.len + sizeof(struct act_resubmit) + a->len > ACTS_MAX) {
            xlate_error(ctx, XLATE_TOO_MANY_ACTIONS);
            return;
        }
        append(&ctx->s.frozen, a, ctx->s.resubmits != 0);
    }
}

/* The state as it is now; 0: it cannot be kept. */
static uint32_t capture(struct xlate_ctx *ctx, struct continuation_state *st, const void *acts)
{
    const struct flow *f = &ctx->s.flow;
    struct continuations *cs = ctx->cfg->continuations;

    st->bridge_id = ctx->s.bridge->id;
    st->in_port = ntohl(f->in_port);
    st->metadata = f->metadata;
    memcpy(st->regs, f->regs, sizeof st->regs);
    if (xlate_tunnel_must_be_kept(ctx)) {
        struct key k = f->key;
        if (!xlate_options_write(ctx, &k)) {
            return 0;
        }
        st->flags |= CONTINUATION_TUNNEL;
        memcpy(st->tunnel, (const uint8_t *)&k + KEY_TUN_OFS, KEY_TUN_SIZE);
    }
    st->n_set = (uint32_t)ctx->s.set.len;
    st->n_stack = ctx->s.stack.len;
    st->set_cookie = ctx->s.set_cookie;
    st->mirrors = ctx->s.mirrors;
    st->queue = ctx->s.queue;
    struct continuation *c = continuation_get(cs, st, acts, ctx->s.set.data, ctx->s.stack.data);
    if (!c) {
        xlate_error(ctx, XLATE_TOO_MANY_CONTINUATIONS);
        return 0;
    }
    credit_add_continuation(ctx->out->credit, cs, c);
    return c->id;
}

static void freeze(struct xlate_ctx *ctx, struct continuation_state *st)
{
    if (ctx->dp_tracked && !(st->flags & CONTINUATION_TRACKED)) {
        dp_actions_put(&ctx->out->actions, DP_ACTION_CT_CLEAR, sizeof(struct dp_action));
        ctx->dp_tracked = false;
    }
    uint32_t id = capture(ctx, st, ctx->s.frozen.data);
    if (id) {
        xlate_trace_recirc(ctx, id);
        struct dp_action *a = dp_actions_put(&ctx->out->actions, DP_ACTION_RECIRC, sizeof *a);
        a->u32 = id;
    }
}

void xlate_freeze_table(struct xlate_ctx *ctx, uint8_t table_id, bool tracked)
{
    struct continuation_state st = {.table_id = table_id,
                                    .flags = tracked ? CONTINUATION_TRACKED : 0,
                                    .rule_cookie = UINT64_MAX};

    xlate_commit(ctx);
    freeze(ctx, &st);
}

/* With the rest of the lists, which stays. */
static struct continuation_state rest_state(const struct xlate_ctx *ctx)
{
    struct continuation_state st = {.table_id = ctx->s.table_id,
                                    .flags = CONTINUATION_ACTS,
                                    .rule_cookie = ctx->s.rule_cookie,
                                    .n_acts = (uint32_t)ctx->s.frozen.len,
                                    .inv_zone = ctx->s.inv_zone};

    if (ctx->s.tracked) {
        st.flags |= ctx->s.ct == COOKIE_CT_INV ? CONTINUATION_INV : CONTINUATION_TRACKED;
    }
    return st;
}

void xlate_freeze_rest(struct xlate_ctx *ctx)
{
    struct continuation_state st = rest_state(ctx);

    xlate_commit(ctx);
    freeze(ctx, &st);
}

uint32_t xlate_freeze_paused(struct xlate_ctx *ctx)
{
    struct continuation_state st = rest_state(ctx);
    return capture(ctx, &st, ctx->s.frozen.data);
}

uint32_t xlate_freeze_act(struct xlate_ctx *ctx, const struct act *a)
{
    struct continuation_state st = rest_state(ctx);

    st.n_acts = a->len;
    return capture(ctx, &st, a);
}

void xlate_freeze_finish(struct xlate_ctx *ctx)
{
    if (ctx->s.checking) {
        xlate_check_branches(ctx);
    } else if (ctx->s.pausing) {
        xlate_controller_pause(ctx);
    } else {
        xlate_freeze_rest(ctx);
    }
    acts_deinit(&ctx->s.frozen);
    acts_init(&ctx->s.frozen);
}

void xlate_freeze_hash(struct xlate_ctx *ctx, const struct act_u32 *group, uint32_t basis)
{
    uint64_t room[DIV_ROUND_UP(sizeof *group, 8)] = {
        0}; /* An act is as long as its multiple of 8. */
    struct act_u32 *again = (void *)room;

    *again = *group;
    xlate_commit(ctx); /* The datapath hashes the packet as it is now. */
    struct dp_action *a = dp_actions_put(&ctx->out->actions, DP_ACTION_HASH, sizeof *a);
    a->u32 = basis;
    again->act.resolved = true;
    ctx->s.freezing = true;
    xlate_freeze_acts(ctx, again, again->act.len);
}

/* ---- thawing ---- */

/* All but registers and metadata. */
static void thaw_state(struct xlate_ctx *ctx, const struct continuation *c)
{
    const struct continuation_state *st = &c->state;
    struct flow *f = &ctx->s.flow;

    if (st->flags & CONTINUATION_TUNNEL) {
        memcpy((uint8_t *)&f->key + KEY_TUN_OFS, st->tunnel, KEY_TUN_SIZE);
        memset((uint8_t *)&ctx->s.written + KEY_TUN_OFS, 0xff, KEY_TUN_SIZE);
        xlate_options_read(ctx, false);
    }
    ctx->s.tracked = (st->flags & (CONTINUATION_TRACKED | CONTINUATION_INV)) != 0;
    ctx->dp_tracked = (st->flags & CONTINUATION_TRACKED) != 0;
    if (st->flags & CONTINUATION_INV) {
        f->key.ct_state = htonl(CS_TRK | CS_INV);
        f->key.ct_zone = htons(st->inv_zone);
        ctx->s.ct = COOKIE_CT_INV;
        ctx->s.inv_zone = st->inv_zone;
    }
    xlate_set_write(ctx, continuation_set(c), st->n_set);
    ctx->s.set_cookie = st->set_cookie;
    xlate_stack_set(&ctx->s.stack, continuation_stack(c), st->n_stack);
    ctx->s.mirrors = st->mirrors;
    ctx->s.queue = st->queue;
    ctx->base_priority = xlate_queue_priority(ctx);
    ctx->s.table_id = st->table_id;
    xlate_trace_thaw(ctx, st->table_id);
}

void xlate_thaw(struct xlate_ctx *ctx, const struct continuation *c)
{
    const struct continuation_state *st = &c->state;

    ctx->s.flow.metadata = st->metadata;
    memcpy(ctx->s.flow.regs, st->regs, sizeof st->regs);
    thaw_state(ctx, c);
    if (st->flags & CONTINUATION_ACTS) {
        ctx->s.rule_cookie = st->rule_cookie;
        xlate_acts(ctx, c->acts, st->n_acts);
    } else {
        xlate_table(ctx, st->table_id, st->in_port, false);
    }
}

void xlate_resume(struct xlate_ctx *ctx, const struct continuation *c)
{
    const struct act *paused = (const void *)c->acts;

    thaw_state(ctx, c);
    ctx->base_priority = 0; /* It is another packet, from the controller. */
    ctx->s.rule_cookie = c->state.rule_cookie;
    xlate_acts(ctx, act_next(paused), c->state.n_acts - paused->len);
}
