/* xlate_act.c - one translator for each row of ofp/actions.def; a missing one does not compile.
 * See xlate-private.h. */
#include "ofproto/xlate/xlate-private.h"

#include "lib/counter.h"

typedef enum xlate_next translator(struct xlate_ctx *, const struct act *);

/* Each row's function, with the row's own structure. */
#define DEFINE(ID, STRUCT)                                                            \
    static enum xlate_next do_##ID##_(struct xlate_ctx *ctx, const struct STRUCT *a); \
    static enum xlate_next do_##ID(struct xlate_ctx *ctx, const struct act *a)        \
    {                                                                                 \
        return do_##ID##_(ctx, (const struct STRUCT *)(const void *)a);               \
    }                                                                                 \
    static enum xlate_next do_##ID##_(struct xlate_ctx *ctx, const struct STRUCT *a)

DEFINE(OUTPUT, act_output)
{
    xlate_output(ctx, a->port, a->max_len);
    return XLATE_CONTINUE;
}

DEFINE(OUTPUT_REG, act_output_reg)
{
    xlate_output_reg(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(OUTPUT_TRUNC, act_output_trunc)
{
    xlate_output_trunc(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(CONTROLLER, act_controller)
{
    xlate_controller_act(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(METER, act_u32)
{
    xlate_meter(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(GROUP, act_u32)
{
    xlate_group(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(SET_QUEUE, act_u32)
{
    xlate_set_queue(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(POP_QUEUE, act_null)
{
    ctx->s.queue = 0;
    return XLATE_CONTINUE;
}

DEFINE(ENQUEUE, act_enqueue)
{
    xlate_enqueue(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(SET_FIELD, act_set_field)
{
    xlate_set_field(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(REG_MOVE, act_reg_move)
{
    xlate_reg_move(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(DELETE_FIELD, act_delete_field)
{
    xlate_options_delete(ctx, a->field);
    return XLATE_CONTINUE;
}

DEFINE(SET_VLAN_VID, act_set_vlan)
{
    xlate_set_vlan(ctx, a->value, VLAN_VID_MASK, a->push_if_absent);
    return XLATE_CONTINUE;
}

DEFINE(SET_VLAN_PCP, act_set_vlan)
{
    xlate_set_vlan(ctx, (uint16_t)(a->value << VLAN_PCP_SHIFT), 7 << VLAN_PCP_SHIFT,
                   a->push_if_absent);
    return XLATE_CONTINUE;
}

DEFINE(POP_VLAN, act_null)
{
    xlate_pop_vlan_act(ctx);
    return XLATE_CONTINUE;
}

DEFINE(PUSH_VLAN, act_push_vlan)
{
    xlate_push_vlan(ctx, a->eth_type);
    return XLATE_CONTINUE;
}

/* Expired: this list ends; the packet may have been sent before.  The controllers of these ids hear
 * of it. */
static enum xlate_next ttl(struct xlate_ctx *ctx, bool alive, const char *what, const uint16_t *ids,
                           unsigned n)
{
    if (alive) {
        return XLATE_CONTINUE;
    }
    xlate_trace_warn(ctx, "%s decrement TTL exception", what);
    ctx->out->drop_reason = COUNTER_drop_ttl;
    for (unsigned i = 0; i < n; i++) {
        xlate_controller(ctx, PIR_INVALID_TTL, UINT16_MAX, ids[i]);
    }
    return XLATE_STOP_LIST;
}

static const uint16_t default_id[1];

static enum xlate_next dec_ttl(struct xlate_ctx *ctx, const uint16_t *ids, unsigned n)
{
    const char *what = key_is_ip6(&ctx->s.flow.key) ? "IPv6" : "IPv4";
    return ttl(ctx, xlate_dec_ttl(ctx), what, ids, n);
}

DEFINE(DEC_TTL, act_null)
{
    return dec_ttl(ctx, default_id, 1);
}

DEFINE(DEC_TTL_IDS, act_dec_ttl_ids)
{
    return dec_ttl(ctx, a->ids, a->n);
}

DEFINE(SET_NW_TTL, act_u8)
{
    xlate_set_nw_ttl(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(PUSH_MPLS, act_u16)
{
    xlate_push_mpls(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(POP_MPLS, act_u16)
{
    xlate_pop_mpls(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(SET_MPLS_TTL, act_u8)
{
    xlate_set_mpls_ttl(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(DEC_MPLS_TTL, act_null)
{
    return ttl(ctx, xlate_dec_mpls_ttl(ctx), "MPLS", default_id, 1);
}

DEFINE(DEC_NSH_TTL, act_null)
{
    return ttl(ctx, xlate_dec_nsh_ttl(ctx), "NSH", default_id, 1);
}

DEFINE(COPY_TTL_OUT, act_null)
{
    xlate_copy_ttl(ctx, false);
    return XLATE_CONTINUE;
}

DEFINE(COPY_TTL_IN, act_null)
{
    xlate_copy_ttl(ctx, true);
    return XLATE_CONTINUE;
}

DEFINE(PUSH_PBB, act_u16)
{
    xlate_push_pbb(ctx);
    return XLATE_CONTINUE;
}

DEFINE(POP_PBB, act_null)
{
    xlate_pop_pbb(ctx);
    return XLATE_CONTINUE;
}

DEFINE(ENCAP, act_encap)
{
    xlate_encap(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(DECAP, act_u32)
{
    xlate_decap(ctx, a->value);
    return XLATE_CONTINUE;
}

DEFINE(RESUBMIT, act_resubmit)
{
    uint8_t table = a->table == OFPTT_ALL ? ctx->s.table_id : a->table;
    uint32_t port = a->in_port == OFPP_IN_PORT ? ntohl(ctx->s.flow.in_port) : a->in_port;

    xlate_resubmit(ctx, table, port, a->ct);
    return XLATE_CONTINUE;
}

DEFINE(CT, act_ct)
{
    xlate_ct(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(CT_CLEAR, act_null)
{
    xlate_ct_clear(ctx);
    return XLATE_CONTINUE;
}

DEFINE(STACK_PUSH, act_stack)
{
    xlate_stack_push(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(STACK_POP, act_stack)
{
    xlate_stack_pop(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(MULTIPATH, act_multipath)
{
    xlate_multipath(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(BUNDLE, act_bundle)
{
    xlate_bundle(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(BUNDLE_LOAD, act_bundle)
{
    xlate_bundle_load(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(LEARN, act_learn)
{
    xlate_learn(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(FIN_TIMEOUT, act_fin_timeout)
{
    xlate_fin_timeout(ctx, a);
    return XLATE_CONTINUE;
}

/* A rule that has it never is what a lookup finds. */
DEFINE(CONJUNCTION, act_conjunction)
{
    return XLATE_CONTINUE;
}

DEFINE(CHECK_PKT_LARGER, act_check_pkt_larger)
{
    xlate_check_pkt_larger(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(CLONE, act_write_actions)
{
    xlate_clone(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(SAMPLE, act_sample)
{
    xlate_sample(ctx, a);
    return XLATE_CONTINUE;
}

DEFINE(NOTE, act_note)
{
    return XLATE_CONTINUE;
}

DEFINE(EXIT, act_null)
{
    ctx->s.exit = true;
    return XLATE_CONTINUE;
}

DEFINE(CLEAR_ACTIONS, act_null)
{
    xlate_set_clear(ctx);
    return XLATE_CONTINUE;
}

DEFINE(WRITE_ACTIONS, act_write_actions)
{
    xlate_set_write(ctx, act_write_actions_nested(a), a->nested_len);
    if (ctx->in->trace) {
        struct text t = TEXT_INIT;
        acts_format(ctx->s.set.data, ctx->s.set.len, NULL, &t);
        xlate_trace_note(ctx, "action set is: %s", text_cstr(&t));
        text_deinit(&t);
    }
    return XLATE_CONTINUE;
}

DEFINE(WRITE_METADATA, act_write_metadata)
{
    uint64_t old = be64toh(ctx->s.flow.metadata);

    ctx->s.flow.metadata = htobe64((old & ~a->mask) | (a->value & a->mask));
    return XLATE_CONTINUE;
}

DEFINE(GOTO_TABLE, act_goto_table)
{
    ctx->s.goto_table = a->table;
    return XLATE_CONTINUE;
}

/* All rows that translation does not execute: xlate_can_execute() keeps them out of tables. */
static enum xlate_next refuse(struct xlate_ctx *ctx, const struct act *a)
{
    xlate_error(ctx, XLATE_UNSUPPORTED);
    return XLATE_STOP_LIST;
}

#define TRANSLATOR_YES(ID) do_##ID
#define TRANSLATOR_NO(ID)  refuse
static translator *const translators[ACT_N_TYPES] = {
#define ACT(ID, STRUCT, NAME, EXEC, RANK, SLOT) [ACT_##ID] = TRANSLATOR_##EXEC(ID),
#include "ofp/actions.def"
};

enum xlate_next xlate_act(struct xlate_ctx *ctx, const struct act *a)
{
    return translators[a->type](ctx, a);
}
