/* act_check.c - whether a list of acts fits a match; see act.h.
 *
 * acts_check() walks the list with what is known of the packet (act_known-private.h).  Difference
 * from Open vSwitch: ct and ct_clear are accepted behind any match; what is not IP comes back from
 * the tracker as invalid. */
#include "ofp/act_known-private.h"

#define ETH_IP4      0x0800
#define ETH_IP6      0x86dd
#define ETH_MPLS     0x8847
#define ETH_MPLS_MC  0x8848
#define ETH_NSH      0x894f
#define ETH_PBB      0x88e7
#define ETH_TYPE_MIN 0x0600
#define OFPM_MAX     UINT32_C(0xffff0000)
#define ALG_FTP      21
#define ALG_TFTP     69

struct checker {
    struct act_known k; /* At this place of the list. */
    const struct act_limits *limits;
    bool strict; /* Soft inconsistencies count. */
};

static enum ofp_error check_one(struct checker *, struct act *);
static enum ofp_error check_list(struct checker *, struct act *, size_t len);

static struct act *next(struct act *a)
{
    return (struct act *)(void *)((char *)a + a->len);
}

static enum ofp_error soft(const struct checker *c, bool ok)
{
    return ok || !c->strict ? OFPERR_OK : OFPERR_OFPBAC_MATCH_INCONSISTENT;
}

static enum ofp_error hard(bool ok)
{
    return ok ? OFPERR_OK : OFPERR_OFPBAC_MATCH_INCONSISTENT;
}

/* mod_tp_*: the field is that of the protocol that the match says; false if it says none. */
static bool resolve_port(const struct checker *c, struct act_set_field *sf, bool src)
{
    uint8_t proto = c->k.m.mask.key.ip_proto == 0xff ? c->k.m.flow.key.ip_proto : 0;
    sf->act.resolved = false;
    bool later = c->k.m.mask.key.ip_frag & c->k.m.flow.key.ip_frag & KEY_FRAG_LATER;

    if (!act_known_is_ip(&c->k) || later) {
        return false;
    }
    switch (proto) {
    case IPPROTO_TCP:
        sf->field = &fields[src ? MF_TCP_SRC : MF_TCP_DST];
        break;
    case IPPROTO_UDP:
        sf->field = &fields[src ? MF_UDP_SRC : MF_UDP_DST];
        break;
    case IPPROTO_SCTP:
        sf->field = &fields[src ? MF_SCTP_SRC : MF_SCTP_DST];
        break;
    default:
        return false;
    }
    sf->act.resolved = true;
    return true;
}

static enum ofp_error check_legacy(struct checker *c, struct act_set_field *sf)
{
    switch ((enum act_raw)sf->act.raw) {
    case RAW_SET_NW_SRC:
    case RAW_SET_NW_DST:
        return soft(c, act_known_is_eth_type(&c->k, ETH_IP4));
    case RAW_SET_NW_TOS:
    case RAW_SET_NW_ECN:
        return soft(c, act_known_is_ip(&c->k));
    case RAW_SET_TP_SRC:
        return soft(c, resolve_port(c, sf, true));
    case RAW_SET_TP_DST:
        return soft(c, resolve_port(c, sf, false));
    case RAW_SET_MPLS_LABEL:
    case RAW_SET_MPLS_TC:
        return soft(c, act_known_is_mpls(&c->k));
    default:
        return OFPERR_OK;
    }
}

static enum ofp_error check_set_field(struct checker *c, struct act_set_field *sf)
{
    if (act_raw_is_legacy(sf->act.raw)) {
        return check_legacy(c, sf);
    }
    if (!field_prereq_ok(sf->field, &c->k.m) ||
        (sf->field->id == MF_VLAN_VID && !act_known_has_tag(&c->k))) {
        return OFPERR_OFPBAC_MATCH_INCONSISTENT;
    }
    if (sf->field->id == MF_VLAN_VID && !(sf->value.b[0] & VLAN_CFI >> 8) &&
        sf->mask.b[0] & VLAN_CFI >> 8) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT; /* From text; decode lets none in. */
    }
    if (sf->field->id == MF_ETH_TYPE && act_mask_full(sf->field, &sf->mask) &&
        get_be16(sf->value.b) < ETH_TYPE_MIN) {
        return OFPERR_OFPBAC_BAD_SET_ARGUMENT; /* It would be a length. */
    }
    act_known_note_type(&c->k, sf->field, act_mask_full(sf->field, &sf->mask) ? sf->value.b : NULL);
    sf->act.resolved = sf->field->id == MF_VLAN_TCI && act_known_has_tag(&c->k);
    if (sf->field->id == MF_VLAN_TCI && sf->mask.b[0] & VLAN_CFI >> 8) {
        if (sf->value.b[0] & VLAN_CFI >> 8) {
            act_known_set_tag(&c->k);
        } else {
            act_known_pop_vlan(&c->k);
        }
    }
    return OFPERR_OK;
}

static enum ofp_error check_set_vlan(struct checker *c, struct act_set_vlan *v)
{
    v->has_tag = act_known_has_tag(&c->k);
    enum ofp_error error = soft(c, v->push_if_absent || v->has_tag);
    if (v->push_if_absent && !v->has_tag) {
        act_known_set_tag(&c->k);
    }
    return error;
}

static enum ofp_error check_nat(const struct checker *c, const struct act_nat *nat)
{
    return hard(!nat->af || act_known_is_eth_type(&c->k, nat->af == 6 ? ETH_IP6 : ETH_IP4));
}

static bool table_ok(const struct checker *c, uint8_t table)
{
    return !c->limits->n_tables || table < c->limits->n_tables;
}

static enum ofp_error check_ct(struct checker *c, struct act_ct *ct)
{
    const struct key *flow = &c->k.m.flow.key, *mask = &c->k.m.mask.key;
    bool other = act_known_is_ip(&c->k) && mask->ip_proto == 0xff;

    if (ct->table != OFPTT_ALL && !table_ok(c, ct->table)) {
        return OFPERR_OFPBIC_BAD_TABLE_ID;
    }
    if ((ct->commit && mask->ct_state & flow->ct_state & htonl(CS_INV)) ||
        (ct->alg == ALG_FTP && other && flow->ip_proto != IPPROTO_TCP) ||
        (ct->alg == ALG_TFTP && other && flow->ip_proto != IPPROTO_UDP) ||
        (ct->zone_src.field && !field_prereq_ok(ct->zone_src.field, &c->k.m))) {
        return OFPERR_OFPBAC_MATCH_INCONSISTENT;
    }
    /* What is wrong whatever the match is the decoder refuses: text goes to the
     * switch as it is. */
    return check_list(c, (struct act *)(void *)(ct + 1), ct->nested_len);
}

/* The last of a slot takes the place of those before it, but that set-fields add up. */
static bool is_replaced(struct act *a, const char *end)
{
    const enum act_slot slot = act_infos[a->type].slot;
    struct act *b = next(a);

    while (slot != ACT_SLOT_SET && (char *)b < end && act_infos[b->type].slot != slot) {
        b = next(b);
    }
    return slot != ACT_SLOT_SET && (char *)b < end;
}

/* In the order that a set has (OpenFlow 1.3.5 section 5.10), not the list's: a tag that is pushed
 * is there for all set-fields.  It runs on a packet that the match no longer describes: soft rules
 * do not count, and nothing behind it sees its changes. */
static enum ofp_error check_write_actions(const struct checker *c, struct act_write_actions *wa)
{
    struct act *first = (struct act *)(void *)(wa + 1);
    char *end = (char *)first + wa->nested_len;
    struct checker nested = *c;

    nested.strict = false;
    for (int slot = ACT_SLOT_NONE; slot <= ACT_SLOT_CT; slot++) {
        for (struct act *a = first; (char *)a < end; a = next(a)) {
            if ((int)act_infos[a->type].slot != slot) {
                continue;
            }
            struct checker before = nested;
            enum ofp_error error = check_one(&nested, a);
            if (error) {
                return error;
            }
            if (is_replaced(a, end)) {
                nested = before;
            }
        }
    }
    return OFPERR_OK;
}

/* What is behind a clone does not see its changes. */
static enum ofp_error check_clone(const struct checker *c, struct act_write_actions *clone)
{
    struct checker nested = *c;
    return check_list(&nested, (struct act *)(void *)(clone + 1), clone->nested_len);
}

static enum ofp_error check_port(const struct checker *c, uint32_t port)
{
    if (port == OFPP_NONE || port == OFPP_UNSET || (port >= 0xff00 && port < OFPP_UNSET) ||
        (c->limits->max_ports && port < 0xff00 && port >= c->limits->max_ports)) {
        return OFPERR_OFPBAC_BAD_OUT_PORT;
    }
    return OFPERR_OK;
}

static enum ofp_error check_goto(const struct checker *c, uint8_t table)
{
    bool back = c->limits->cur_table != OFPTT_ALL && table <= c->limits->cur_table;
    return back || !table_ok(c, table) ? OFPERR_OFPBIC_BAD_TABLE_ID : OFPERR_OK;
}

static enum ofp_error check_resubmit(const struct checker *c, const struct act_resubmit *r)
{
    if (r->table != OFPTT_ALL && !table_ok(c, r->table)) {
        return OFPERR_OFPBIC_BAD_TABLE_ID;
    }
    /* The prerequisite of the fields of the original tuple. */
    return hard(!r->ct || field_prereq_ok(&fields[MF_CT_NW_PROTO], &c->k.m));
}

static enum ofp_error check_move(struct checker *c, const struct act_reg_move *m)
{
    if (!field_prereq_ok(m->src.field, &c->k.m) || !field_prereq_ok(m->dst.field, &c->k.m)) {
        return OFPERR_OFPBAC_MATCH_INCONSISTENT;
    }
    act_known_note_type(&c->k, m->dst.field, NULL);
    /* From text; decode lets none in. */
    return m->dst.field->access == ACCESS_RO ? OFPERR_OFPBAC_BAD_SET_ARGUMENT : OFPERR_OK;
}

static enum ofp_error check_mpls(struct checker *c, const struct act *a)
{
    uint16_t eth_type = ((const struct act_u16 *)(const void *)a)->value;
    bool push = a->type == ACT_PUSH_MPLS;

    if (push && eth_type != ETH_MPLS && eth_type != ETH_MPLS_MC) {
        return OFPERR_OFPBAC_BAD_ARGUMENT; /* From text; decode lets none in. */
    }
    enum ofp_error error =
        soft(c, act_known_is_ethernet(&c->k) && (push || act_known_is_mpls(&c->k)));
    act_known_set_eth_type(&c->k, eth_type);
    if (push) {
        act_known_forget_proto(&c->k);
    }
    return error;
}

static enum ofp_error check_push_pbb(struct checker *c, uint16_t eth_type)
{
    if (eth_type != ETH_PBB) {
        return OFPERR_OFPBAC_BAD_ARGUMENT; /* From text; decode lets none in. */
    }
    enum ofp_error error = soft(c, act_known_is_ethernet(&c->k));
    act_known_push_pbb(&c->k, eth_type);
    return error;
}

static enum ofp_error check_pop_pbb(struct checker *c)
{
    enum ofp_error error = soft(c, act_known_is_eth_type(&c->k, ETH_PBB));

    act_known_pop_pbb(&c->k);
    return error;
}

bool act_meter_ok(uint32_t id)
{
    return id && id <= OFPM_MAX;
}

static bool is_tcp(const struct checker *c)
{
    const struct match *m = &c->k.m;

    return act_known_is_ip(&c->k) && m->mask.key.ip_proto == 0xff &&
           m->flow.key.ip_proto == IPPROTO_TCP;
}

/* Behind what the packet is known to have? */
static bool sub_ok(const struct checker *c, const struct subfield *sub)
{
    return !sub->field || field_prereq_ok(sub->field, &c->k.m);
}

/* A field that is read or, where 'write', written. */
static enum ofp_error check_sub(const struct checker *c, const struct subfield *sub, bool write)
{
    return write && sub->field && sub->field->access == ACCESS_RO
               ? OFPERR_OFPBAC_BAD_SET_ARGUMENT /* From text; decode lets none in. */
               : hard(sub_ok(c, sub));
}

static enum ofp_error check_bundle(const struct checker *c, const struct act_bundle *b)
{
    for (size_t i = 0; i < b->n_members; i++) {
        uint32_t port = b->members[i];
        if (!act_port_is_member(port) || (port < 0xff00 && check_port(c, port))) {
            return OFPERR_OFPBAC_BAD_OUT_PORT;
        }
    }
    return check_sub(c, &b->dst, true);
}

/* Fields of tunnel options can go, no other. */
static enum ofp_error check_delete_field(const struct field *f)
{
    return f->id >= MF_TUN_METADATA0 && f->id <= MF_TUN_METADATA63 ? OFPERR_OK
                                                                   : OFPERR_OFPBAC_BAD_ARGUMENT;
}

static enum ofp_error check_enqueue(const struct checker *c, uint32_t port)
{
    return act_port_has_queues(port) ? check_port(c, port) : OFPERR_OFPBAC_BAD_OUT_PORT;
}

static enum ofp_error check_one(struct checker *c, struct act *a)
{
    void *p = a;

    switch ((enum act_type)a->type) {
    case ACT_OUTPUT:
        return check_port(c, ((struct act_output *)p)->port);
    case ACT_OUTPUT_REG:
        return hard(field_prereq_ok(((struct act_output_reg *)p)->src.field, &c->k.m));
    case ACT_SET_FIELD:
        return check_set_field(c, p);
    case ACT_REG_MOVE:
        return check_move(c, p);
    case ACT_SET_VLAN_VID:
    case ACT_SET_VLAN_PCP:
        return check_set_vlan(c, p);
    case ACT_POP_VLAN: {
        enum ofp_error error = soft(c, act_known_has_tag(&c->k));
        act_known_pop_vlan(&c->k);
        return error;
    }
    case ACT_PUSH_VLAN:
        act_known_push_vlan(&c->k);
        break;
    case ACT_OUTPUT_TRUNC:
        return check_port(c, ((struct act_output_trunc *)p)->port);
    case ACT_ENQUEUE:
        return check_enqueue(c, ((struct act_enqueue *)p)->port);
    case ACT_STACK_PUSH:
    case ACT_STACK_POP:
        return check_sub(c, &((struct act_stack *)p)->field, a->type == ACT_STACK_POP);
    case ACT_MULTIPATH:
        return check_sub(c, &((struct act_multipath *)p)->dst, true);
    case ACT_BUNDLE:
    case ACT_BUNDLE_LOAD:
        return check_bundle(c, p);
    case ACT_FIN_TIMEOUT:
        return soft(c, is_tcp(c));
    case ACT_SAMPLE:
        return hard(sub_ok(c, &((struct act_sample *)p)->domain_src) &&
                    sub_ok(c, &((struct act_sample *)p)->point_src));
    case ACT_DELETE_FIELD:
        return check_delete_field(((struct act_delete_field *)p)->field);
    case ACT_DEC_TTL_IDS:
    case ACT_DEC_TTL:
    case ACT_SET_NW_TTL:
        return soft(c, act_known_is_ip(&c->k));
    case ACT_SET_MPLS_TTL:
    case ACT_DEC_MPLS_TTL:
        return soft(c, act_known_is_mpls(&c->k));
    case ACT_PUSH_MPLS:
    case ACT_POP_MPLS:
        return check_mpls(c, a);
    case ACT_COPY_TTL_OUT:
    case ACT_COPY_TTL_IN:
        return soft(c, act_known_is_mpls(&c->k) || act_known_is_ip(&c->k));
    case ACT_PUSH_PBB:
        return check_push_pbb(c, ((const struct act_u16 *)p)->value);
    case ACT_POP_PBB:
        return check_pop_pbb(c);
    case ACT_RESUBMIT:
        return check_resubmit(c, p);
    case ACT_CT:
        return check_ct(c, p);
    case ACT_NAT:
        return check_nat(c, p);
    case ACT_LEARN:
        return act_learn_check(p, &c->k.m);
    case ACT_CLONE:
        return check_clone(c, p);
    case ACT_ENCAP:
        act_known_encap(&c->k, p);
        break;
    case ACT_DECAP:
        act_known_decap(&c->k);
        break;
    case ACT_DEC_NSH_TTL:
        return soft(c, act_known_is_eth_type(&c->k, ETH_NSH));
    case ACT_METER:
        return act_meter_ok(((struct act_u32 *)p)->value) ? OFPERR_OK
                                                          : OFPERR_OFPMMFC_INVALID_METER;
    case ACT_WRITE_ACTIONS:
        return check_write_actions(c, p);
    case ACT_GOTO_TABLE:
        return check_goto(c, ((struct act_goto_table *)p)->table);
    case ACT_CONTROLLER:
    case ACT_GROUP:
    case ACT_SET_QUEUE:
    case ACT_POP_QUEUE:
    case ACT_CT_CLEAR:
    case ACT_NOTE:
    case ACT_CONJUNCTION:
    case ACT_CHECK_PKT_LARGER: /* Its field may be another packet's. */
    case ACT_DEBUG_SLOW:
    case ACT_DEBUG_RECIRC:
    case ACT_EXIT:
    case ACT_CLEAR_ACTIONS:
    case ACT_WRITE_METADATA:
    case ACT_N_TYPES:
        break;
    }
    return OFPERR_OK;
}

static enum ofp_error check_list(struct checker *c, struct act *a, size_t len)
{
    char *end = len ? (char *)a + len : (char *)a;

    while ((char *)a < end) {
        enum ofp_error error = check_one(c, a);
        if (error) {
            return error;
        }
        a = next(a);
    }
    return OFPERR_OK;
}

enum ofp_error acts_check(struct acts *acts, const struct match *m, const struct act_limits *limits,
                          bool strict)
{
    struct checker c = {.k.m = *m, .limits = limits, .strict = strict};
    return acts->len ? check_list(&c, acts->data, acts->len) : OFPERR_OK;
}
