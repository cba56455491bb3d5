/* xlate_can.c - what flow-mods and packet-outs are refused for.  See xlate.h. */
#include "ofproto/xlate/xlate-private.h"

/* A tunnel option must be one of the bridge's. */
static enum ofp_error check_src(const struct field *f)
{
    return f && field_is_tun(f) && !field_is_mapped(f) ? OFPERR_OFPBAC_BAD_SET_ARGUMENT : OFPERR_OK;
}

static bool is_helper(uint16_t alg)
{
    return alg == 21 || alg == 69;
}

static enum ofp_error check_ct(const struct act_ct *a, const struct dp_features *f)
{
    const struct act *n;
    bool mark = false, label = false;

    enum ofp_error error = check_src(a->zone_src.field);
    if (error) {
        return error;
    }
    if (!f->ct || (a->alg && (!f->ct_alg || !is_helper(a->alg))) ||
        (a->table != OFPTT_ALL && !f->recirc) ||
        (!f->ct_zone && (a->zone_imm || a->zone_src.field))) {
        return OFPERR_NXBAC_CT_DATAPATH_SUPPORT;
    }
    ACT_FOR_EACH(n, act_ct_nested(a), a->nested_len) {
        enum field_id id = MF_N_IDS;
        if (n->type == ACT_SET_FIELD) {
            id = ((const struct act_set_field *)(const void *)n)->field->id;
        } else if (n->type == ACT_REG_MOVE) {
            id = ((const struct act_reg_move *)(const void *)n)->dst.field->id;
            if (check_src(((const struct act_reg_move *)(const void *)n)->src.field)) {
                return OFPERR_OFPBAC_BAD_SET_ARGUMENT;
            }
        } else if (n->type == ACT_NAT) {
            if (!f->ct_nat) {
                return OFPERR_NXBAC_CT_DATAPATH_SUPPORT;
            }
        } else {
            return OFPERR_OFPBAC_BAD_ARGUMENT;
        }
        mark |= id == MF_CT_MARK;
        label |= id == MF_CT_LABEL;
    }
    return (mark && !f->ct_mark) || (label && !f->ct_label) ? OFPERR_NXBAC_CT_DATAPATH_SUPPORT
                                                            : OFPERR_OK;
}

static enum ofp_error check_dst(const struct field *f, const struct dp_features *features)
{
    if (xlate_type_is(f) && !features->recirc) {
        return OFPERR_OFPBAC_BAD_TYPE; /* What follows could not be parsed again. */
    }
    return xlate_commit_can_write(f) ? OFPERR_OK : OFPERR_OFPBAC_BAD_SET_ARGUMENT;
}

static enum ofp_error check_move(const struct act *a, const struct dp_features *f)
{
    const struct act_reg_move *m = (const void *)a;
    enum ofp_error error = check_src(m->src.field);
    return error ? error : check_dst(m->dst.field, f);
}

static enum ofp_error check_learn(const struct act_learn *a, const struct dp_features *f)
{
    enum ofp_error error = a->result.field ? check_dst(a->result.field, f) : OFPERR_OK;
    const struct act *i;

    ACT_FOR_EACH(i, act_learn_specs(a), a->nested_len) {
        const struct act_learn_spec *s = (const void *)i;
        error = error ? error : check_src(s->src.field);
        error = error ? error : check_src(s->dst.field);
        if (!error && s->kind == LEARN_LOAD) {
            error = check_dst(s->dst.field, f);
        }
    }
    return error;
}

static enum ofp_error check_sample(const struct act_sample *a)
{
    enum ofp_error error = check_src(a->domain_src.field);
    return error ? error : check_src(a->point_src.field);
}

/* Whether the header can hold its properties, and what is behind can be parsed again. */
static enum ofp_error check_encap(const struct act_encap *a, const struct dp_features *f)
{
    const struct act *i;
    size_t n = 0;

    ACT_FOR_EACH(i, act_encap_props(a), a->nested_len) {
        const struct act_encap_prop *p = (const void *)i;
        if (p->type == ENCAP_NSH_MDTYPE && p->value != 1 && p->value != 2) {
            return OFPERR_NXBAC_BAD_ED_PROP;
        }
        n += p->type == ENCAP_NSH_TLV ? NSH_TLV_HEADER + ROUND_UP(p->n_data, 4u) : 0;
    }
    return n > NSH_MD2_MAX ? OFPERR_NXBAC_BAD_ED_PROP
                           : (f->recirc ? OFPERR_OK : OFPERR_OFPBAC_BAD_TYPE);
}

static enum ofp_error check_act(const struct act *a, const struct dp_features *f)
{
    if (!act_infos[a->type].exec) {
        return OFPERR_OFPBAC_BAD_TYPE;
    }
    switch (a->type) {
    case ACT_CT:
        return check_ct((const struct act_ct *)(const void *)a, f);
    case ACT_CONTROLLER:
        return ((const struct act_controller *)(const void *)a)->meter_id && !f->meter
                   ? OFPERR_OFPMMFC_INVALID_METER
                   : OFPERR_OK;
    case ACT_SET_FIELD:
        return check_dst(((const struct act_set_field *)(const void *)a)->field, f);
    case ACT_REG_MOVE:
        return check_move(a, f);
    case ACT_STACK_PUSH:
        return check_src(((const struct act_stack *)(const void *)a)->field.field);
    case ACT_STACK_POP:
        return check_dst(((const struct act_stack *)(const void *)a)->field.field, f);
    case ACT_LEARN:
        return check_learn((const struct act_learn *)(const void *)a, f);
    case ACT_CHECK_PKT_LARGER:
        return f->recirc
                   ? check_dst(((const struct act_check_pkt_larger *)(const void *)a)->dst.field, f)
                   : OFPERR_OFPBAC_BAD_TYPE;
    case ACT_MULTIPATH:
        return check_dst(((const struct act_multipath *)(const void *)a)->dst.field, f);
    case ACT_BUNDLE_LOAD:
        return check_dst(((const struct act_bundle *)(const void *)a)->dst.field, f);
    case ACT_SET_QUEUE:
        return ((const struct act_u32 *)(const void *)a)->value < XLATE_MAX_QUEUES
                   ? OFPERR_OK
                   : OFPERR_OFPBAC_BAD_QUEUE;
    case ACT_ENQUEUE:
        return ((const struct act_enqueue *)(const void *)a)->queue < XLATE_MAX_QUEUES
                   ? OFPERR_OK
                   : OFPERR_OFPBAC_BAD_QUEUE;
    case ACT_SAMPLE:
        return check_sample((const struct act_sample *)(const void *)a);
    case ACT_OUTPUT_TRUNC:
        return f->trunc ? OFPERR_OK : OFPERR_OFPBAC_BAD_TYPE;
    case ACT_OUTPUT_REG:
        return check_src(((const struct act_output_reg *)(const void *)a)->src.field);
    case ACT_RESUBMIT:
        return ((const struct act_resubmit *)(const void *)a)->ct && !f->ct_orig_tuple
                   ? OFPERR_NXBAC_CT_DATAPATH_SUPPORT
                   : OFPERR_OK;
    case ACT_METER:
        return f->meter ? OFPERR_OK : OFPERR_OFPMMFC_INVALID_METER;
    case ACT_ENCAP:
        return check_encap((const struct act_encap *)(const void *)a, f);
    case ACT_DECAP:
    case ACT_POP_PBB:
    case ACT_COPY_TTL_OUT:
    case ACT_COPY_TTL_IN:
        return f->recirc ? OFPERR_OK : OFPERR_OFPBAC_BAD_TYPE;
    case ACT_PUSH_MPLS:
    case ACT_POP_MPLS:
        return f->max_mpls_depth && f->recirc ? OFPERR_OK : OFPERR_OFPBAC_BAD_TYPE;
    default:
        return OFPERR_OK;
    }
}

enum ofp_error xlate_can_execute(const void *acts, size_t len, const struct dp_features *f)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        enum ofp_error error = check_act(a, f);
        if (!error && (a->type == ACT_WRITE_ACTIONS || a->type == ACT_CLONE)) {
            const struct act_write_actions *wa = (const void *)a;
            error = xlate_can_execute(act_write_actions_nested(wa), wa->nested_len, f);
        }
        if (error) {
            return error;
        }
    }
    return OFPERR_OK;
}

enum ofp_error xlate_can_match(const struct match *m, const struct dp_features *f)
{
    const struct key *k = &m->mask.key;
    bool tuple = k->ct_proto || k->ct_ip_src || k->ct_ip_dst || k->ct_tp_src || k->ct_tp_dst ||
                 !is_all_zeros(k->ct_ip6_src, 16) || !is_all_zeros(k->ct_ip6_dst, 16);

    if ((k->ct_state && !f->ct) || (k->ct_zone && !f->ct_zone) || (k->ct_mark && !f->ct_mark) ||
        (!is_all_zeros(k->ct_label, 16) && !f->ct_label) || (tuple && !f->ct_orig_tuple)) {
        return OFPERR_NXBMC_CT_DATAPATH_SUPPORT;
    }
    return OFPERR_OK;
}
