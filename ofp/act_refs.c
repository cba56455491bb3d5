/* act_refs.c - which groups, meters or tunnel options a list of acts names; see act.h. */
#include "ofp/act.h"

bool acts_refs(const void *acts, size_t len, enum act_type type, acts_ref_cb *cb, void *aux)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (a->type == type && !cb(aux, ((const struct act_u32 *)(const void *)a)->value)) {
            return false;
        }
        if (a->type == ACT_WRITE_ACTIONS || a->type == ACT_CLONE) {
            const struct act_write_actions *wa = (const void *)a;
            if (!acts_refs(act_write_actions_nested(wa), wa->nested_len, type, cb, aux)) {
                return false;
            }
        }
    }
    return true;
}

static bool differs(void *id, uint32_t other)
{
    return *(const uint32_t *)id != other;
}

bool acts_output_to_group(const void *acts, size_t len, uint32_t id)
{
    return !acts_refs(acts, len, ACT_GROUP, differs, &id);
}

/* NULL: no field. */
static uint64_t option_of(const struct field *f)
{
    return f && field_is_tun(f) ? BIT64(field_tun_index(f)) : 0;
}

static uint64_t options_of_learn(const struct act_learn *a)
{
    uint64_t options = option_of(a->result.field);
    const struct act *i;

    ACT_FOR_EACH(i, act_learn_specs(a), a->nested_len) {
        const struct act_learn_spec *s = (const void *)i;
        options |= option_of(s->src.field) | option_of(s->dst.field);
    }
    return options;
}

static uint64_t options_of(const struct act *a)
{
    const void *p = a;

    switch (a->type) {
    case ACT_SET_FIELD:
        return option_of(((const struct act_set_field *)p)->field);
    case ACT_REG_MOVE:
        return option_of(((const struct act_reg_move *)p)->src.field) |
               option_of(((const struct act_reg_move *)p)->dst.field);
    case ACT_OUTPUT_REG:
        return option_of(((const struct act_output_reg *)p)->src.field);
    case ACT_STACK_PUSH:
    case ACT_STACK_POP:
        return option_of(((const struct act_stack *)p)->field.field);
    case ACT_MULTIPATH:
        return option_of(((const struct act_multipath *)p)->dst.field);
    case ACT_BUNDLE_LOAD:
        return option_of(((const struct act_bundle *)p)->dst.field);
    case ACT_CHECK_PKT_LARGER:
        return option_of(((const struct act_check_pkt_larger *)p)->dst.field);
    case ACT_DELETE_FIELD:
        return option_of(((const struct act_delete_field *)p)->field);
    case ACT_SAMPLE:
        return option_of(((const struct act_sample *)p)->domain_src.field) |
               option_of(((const struct act_sample *)p)->point_src.field);
    case ACT_LEARN:
        return options_of_learn(p);
    case ACT_CT:
        return option_of(((const struct act_ct *)p)->zone_src.field) |
               acts_tun_options(act_ct_nested(p), ((const struct act_ct *)p)->nested_len);
    case ACT_WRITE_ACTIONS:
    case ACT_CLONE:
        return acts_tun_options(act_write_actions_nested(p),
                                ((const struct act_write_actions *)p)->nested_len);
    default:
        return 0;
    }
}

uint64_t acts_tun_options(const void *acts, size_t len)
{
    uint64_t options = 0;
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        options |= options_of(a);
    }
    return options;
}
