/* act_encode.c - lists of acts onto the wire; see act.h.
 *
 * Which wire form an act takes depends on the version and on the form it came in as: that choice is
 * here, the bodies are with their decoders.  What a version cannot say at all (instructions on 1.0
 * but for goto_table and write_metadata) is left out, as the reference has it. */
#include "ofp/act-private.h"

void act_encode_as(const struct act *a, const struct act_wire *row, uint8_t version,
                   struct wire_wr *w)
{
    size_t start = w->len;
    uint16_t number = row->number[version - 1];

    wire_wr_u16(w, number);
    wire_wr_u16(w, 0);
    if (number == ACT_NO_NUMBER) {
        wire_wr_u32(w, row->vendor);
        wire_wr_u16(w, row->subtype);
    }
    row->enc(a, row, version, w);
    wire_wr_pad(w, start, 8);
    if (w->len - start < row->min) {
        wire_wr_zeros(w, row->min - (w->len - start));
    }
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
}

/* ---- set_field ---- */

static bool is_port_field(const struct field *f, bool src)
{
    return src ? f->id == MF_TCP_SRC || f->id == MF_UDP_SRC || f->id == MF_SCTP_SRC
               : f->id == MF_TCP_DST || f->id == MF_UDP_DST || f->id == MF_SCTP_DST;
}

static bool row_sets(const struct act_wire *row, const struct field *f)
{
    return row->field == f->id || (row->field == MF_TCP_SRC && is_port_field(f, true)) ||
           (row->field == MF_TCP_DST && is_port_field(f, false));
}

/* Fields whose own action is sent only for the word that means it, not for set_field. */
static bool by_word_only(const struct field *f)
{
    return f->id == MF_MPLS_LABEL || f->id == MF_MPLS_TC || f->id == MF_SCTP_SRC ||
           f->id == MF_SCTP_DST;
}

/* 1.0 and 1.1: the action that sets just this field, if there is one. */
static const struct act_wire *legacy_row(const struct act_set_field *sf, uint8_t version)
{
    if (sf->act.raw == RAW_REG_LOAD || !act_mask_full(sf->field, &sf->mask) ||
        (by_word_only(sf->field) && !act_raw_is_legacy(sf->act.raw))) {
        return NULL;
    }
    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        const struct act_wire *row = &act_wires[i];
        bool tunnel = row->field == MF_TUN_ID;
        if (row->field != ACT_FIELD_NONE && act_wire_valid(row, version) &&
            row_sets(row, sf->field) && (!tunnel || sf->act.raw == i)) {
            return row;
        }
    }
    return NULL;
}

static void encode_loads(const struct act_set_field *sf, uint8_t version, struct wire_wr *w)
{
    unsigned ofs = 0, n_bits;
    uint64_t value;

    if (act_is_experimenter(sf->field) || field_is_tun(sf->field)) {
        act_encode_as(&sf->act, &act_wires[RAW_REG_LOAD2], version, w);
        return;
    }
    while (act_set_field_run(sf, &ofs, &n_bits, &value)) {
        struct act_set_field run = *sf;
        struct field_value ones;
        memset(ones.b, 0xff, sizeof ones.b);
        memset(run.mask.b, 0, sizeof run.mask.b);
        bits_copy(ones.b, sizeof ones.b, 0, run.mask.b, sf->field->n_bytes, ofs, n_bits);
        act_encode_as(&run.act, &act_wires[RAW_REG_LOAD], version, w);
        ofs += n_bits;
    }
}

static void encode_push_vlan(uint8_t version, struct wire_wr *w)
{
    struct act_push_vlan push = {.act = {.len = sizeof push}, .eth_type = 0x8100};
    act_encode_as(&push.act, &act_wires[RAW_PUSH_VLAN], version, w);
}

static void encode_vlan(enum act_raw raw, unsigned value, uint8_t version, struct wire_wr *w)
{
    struct act_set_vlan v = {.act = {.len = sizeof v}, .value = (uint16_t)value};
    act_encode_as(&v.act, &act_wires[raw], version, w);
}

static void encode_tci(const struct act_set_field *sf, uint8_t version, struct wire_wr *w)
{
    uint16_t tci = get_be16(sf->value.b);

    if (tci & VLAN_CFI) {
        if (version >= OFP11_VERSION && !sf->act.resolved) { /* Only in 1.0 they add a tag. */
            encode_push_vlan(version, w);
        }
        encode_vlan(RAW_SET_VLAN_VID, tci & VLAN_VID_MASK, version, w);
        encode_vlan(RAW_SET_VLAN_PCP, tci >> 13, version, w);
    } else {
        struct act_null pop = {.act = {.len = sizeof pop}};
        bool strip = version == OFP10_VERSION;
        act_encode_as(&pop.act, &act_wires[strip ? RAW_STRIP_VLAN : RAW_POP_VLAN], version, w);
    }
}

static void encode_tos(const struct act_set_field *sf, uint8_t version, struct wire_wr *w)
{
    struct act_set_field dscp = *sf;
    dscp.value.b[0] >>= 2;
    act_encode_as(&dscp.act, &act_wires[RAW_SET_NW_TOS], version, w);
}

/* set_field on 1.0 and 1.1 where their action has not quite the field. */
static bool encode_near_legacy(const struct act_set_field *sf, uint8_t version, struct wire_wr *w)
{
    if (sf->act.raw == RAW_REG_LOAD || !act_mask_full(sf->field, &sf->mask)) {
        return false;
    }
    switch (sf->field->id) {
    case MF_VLAN_VID:
        encode_vlan(RAW_SET_VLAN_VID, get_be16(sf->value.b) & VLAN_VID_MASK, version, w);
        return true;
    case MF_VLAN_PCP:
        encode_vlan(RAW_SET_VLAN_PCP, sf->value.b[0], version, w);
        return true;
    case MF_NW_TOS:
        encode_tos(sf, version, w);
        return true;
    case MF_VLAN_TCI:
        encode_tci(sf, version, w);
        return true;
    default:
        return false;
    }
}

static void encode_set_field(const struct act_set_field *sf, uint8_t version, struct wire_wr *w)
{
    bool full = act_mask_full(sf->field, &sf->mask);
    uint8_t raw = sf->act.raw;

    if ((raw == RAW_SET_TP_SRC || raw == RAW_SET_TP_DST) && !sf->act.resolved) {
        act_encode_as(&sf->act, &act_wires[raw], version, w); /* Of which protocol? */
    } else if (version >= OFP15_VERSION) {
        act_encode_as(&sf->act, &act_wires[RAW_SET_FIELD], version, w);
    } else if (raw == RAW_REG_LOAD2) {
        act_encode_as(&sf->act, &act_wires[RAW_REG_LOAD2], version, w);
    } else if (version >= OFP12_VERSION) {
        if (full && raw != RAW_REG_LOAD) {
            act_encode_as(&sf->act, &act_wires[RAW_SET_FIELD], version, w);
        } else {
            encode_loads(sf, version, w);
        }
    } else {
        const struct act_wire *row = legacy_row(sf, version);
        if (row) {
            act_encode_as(&sf->act, row, version, w);
        } else if (!encode_near_legacy(sf, version, w)) {
            encode_loads(sf, version, w);
        }
    }
}

/* A whole field set to an integer, through the ordinary choice of forms. */
static void encode_field_u16(enum field_id id, uint16_t value, uint8_t version, struct wire_wr *w)
{
    struct act_set_field sf = {.act = {.type = ACT_SET_FIELD, .len = sizeof sf},
                               .field = &fields[id]};

    memset(sf.mask.b, 0xff, sf.field->n_bytes);
    if (sf.field->n_bytes == 1) {
        sf.value.b[0] = (uint8_t)value;
    } else {
        put_be16(sf.value.b, value);
    }
    encode_set_field(&sf, version, w);
}

static void encode_set_vlan(const struct act_set_vlan *v, uint8_t version, struct wire_wr *w)
{
    bool vid = v->act.type == ACT_SET_VLAN_VID;

    if (version >= OFP11_VERSION && v->push_if_absent && !v->has_tag) {
        encode_push_vlan(version, w);
    }
    if (version <= OFP11_VERSION) {
        act_encode_as(&v->act, &act_wires[vid ? RAW_SET_VLAN_VID : RAW_SET_VLAN_PCP], version, w);
    } else if (vid) {
        encode_field_u16(MF_VLAN_VID, v->value | VLAN_CFI, version, w);
    } else {
        encode_field_u16(MF_VLAN_PCP, v->value, version, w);
    }
}

/* ---- others with a choice ---- */

static const struct act_wire *move_row(const struct act_reg_move *m, uint8_t version)
{
    if (version == OFP13_VERSION && m->act.raw == RAW_ONF_COPY_FIELD) {
        return &act_wires[RAW_ONF_COPY_FIELD];
    }
    return &act_wires[version >= OFP15_VERSION ? RAW_COPY_FIELD : RAW_REG_MOVE];
}

static const struct act_wire *resubmit_row(const struct act_resubmit *r)
{
    if (r->ct) {
        return &act_wires[RAW_RESUBMIT_TABLE_CT];
    }
    bool old = r->act.raw == RAW_RESUBMIT && r->table == OFPTT_ALL;
    return &act_wires[old ? RAW_RESUBMIT : RAW_RESUBMIT_TABLE];
}

static const struct act_wire *output_reg_row(const struct act_output_reg *o)
{
    bool second = o->act.raw || act_is_experimenter(o->src.field);
    return &act_wires[second ? RAW_OUTPUT_REG2 : RAW_OUTPUT_REG];
}

static const struct act_wire *controller_row(const struct act_controller *c)
{
    bool second = c->act.raw == RAW_CONTROLLER2 || act_controller_is_extended(c);
    return &act_wires[second ? RAW_CONTROLLER2 : RAW_CONTROLLER];
}

static const struct act_wire *learn_row(const struct act_learn *l)
{
    bool second = l->act.raw == RAW_LEARN2 || l->limit || l->result.field;
    return &act_wires[second ? RAW_LEARN2 : RAW_LEARN];
}

static void encode_one(const struct act *a, uint8_t version, struct wire_wr *w)
{
    const void *p = a;
    const struct act_wire *row;

    switch ((enum act_type)a->type) {
    case ACT_SET_FIELD:
        encode_set_field(p, version, w);
        return;
    case ACT_SET_VLAN_VID:
    case ACT_SET_VLAN_PCP:
        encode_set_vlan(p, version, w);
        return;
    case ACT_SET_NW_TTL:
        if (version == OFP10_VERSION) {
            encode_field_u16(MF_NW_TTL, ((const struct act_u8 *)p)->value, version, w);
            return;
        }
        row = &act_wires[RAW_SET_NW_TTL];
        break;
    case ACT_REG_MOVE:
        row = move_row(p, version);
        break;
    case ACT_ENQUEUE:
        if (version != OFP10_VERSION) {
            act_encode_enqueue_11(p, version, w);
            return;
        }
        row = &act_wires[RAW_ENQUEUE];
        break;
    case ACT_SAMPLE:
        row = act_sample_row(p);
        break;
    case ACT_RESUBMIT:
        row = resubmit_row(p);
        break;
    case ACT_OUTPUT_REG:
        row = output_reg_row(p);
        break;
    case ACT_CONTROLLER:
        row = controller_row(p);
        break;
    case ACT_LEARN:
        row = learn_row(p);
        break;
    default:
        row = act_wire_pick(a->type, version);
        break;
    }
    if (!row && (a->type == ACT_ENCAP || a->type == ACT_DECAP || a->type == ACT_DEC_NSH_TTL)) {
        /* Sent all the same, so that the peer refuses what it does not have. */
        row = act_wire_pick(a->type, OFP15_VERSION);
    }
    if (row) {
        act_encode_as(a, row, version, w);
    }
}

void act_encode_list(const void *acts, size_t len, uint8_t version, struct wire_wr *w)
{
    const struct act *a;
    ACT_FOR_EACH(a, acts, len) {
        encode_one(a, version, w);
    }
}

void acts_encode_actions(const void *acts, size_t len, uint8_t version, struct wire_wr *w)
{
    act_encode_list(acts, len, version, w);
}

/* ---- instructions ---- */

static size_t begin_inst(enum act_inst inst, struct wire_wr *w)
{
    size_t start = w->len;
    wire_wr_u16(w, act_insts[inst].number);
    wire_wr_u16(w, 0);
    return start;
}

static void end_inst(size_t start, struct wire_wr *w)
{
    wire_wr_pad(w, start, 8);
    wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
}

static void encode_inst_actions(enum act_inst inst, const void *acts, size_t len, uint8_t version,
                                struct wire_wr *w)
{
    if (!len) {
        return;
    }
    size_t start = begin_inst(inst, w);
    wire_wr_zeros(w, 4);
    act_encode_list(acts, len, version, w);
    if (inst == INST_APPLY_ACTIONS && w->len == start + 8) {
        w->len = start; /* None of them needs anything to be sent. */
        return;
    }
    end_inst(start, w);
}

static void encode_inst(const struct act *a, uint8_t version, struct wire_wr *w)
{
    const void *p = a;
    size_t start;

    switch (act_infos[a->type].rank) {
    case ACT_RANK_METER:
        if (version < act_insts[INST_METER].first) {
            return;
        }
        start = begin_inst(INST_METER, w);
        wire_wr_u32(w, ((const struct act_u32 *)p)->value);
        break;
    case ACT_RANK_CLEAR_ACTIONS:
        start = begin_inst(INST_CLEAR_ACTIONS, w);
        break;
    case ACT_RANK_WRITE_ACTIONS: {
        const struct act_write_actions *wa = p;
        encode_inst_actions(INST_WRITE_ACTIONS, act_write_actions_nested(wa), wa->nested_len,
                            version, w);
        return;
    }
    case ACT_RANK_WRITE_METADATA: {
        const struct act_write_metadata *m = p;
        start = begin_inst(INST_WRITE_METADATA, w);
        wire_wr_zeros(w, 4);
        wire_wr_u64(w, m->value);
        wire_wr_u64(w, m->mask);
        break;
    }
    case ACT_RANK_GOTO_TABLE:
        start = begin_inst(INST_GOTO_TABLE, w);
        wire_wr_u8(w, ((const struct act_goto_table *)p)->table);
        break;
    case ACT_RANK_APPLY:
    default:
        return;
    }
    end_inst(start, w);
}

/* 1.0 has actions only. */
static void encode_as_10(const void *acts, size_t len, struct wire_wr *w)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (a->type == ACT_GOTO_TABLE) {
            struct act_resubmit r = {
                .act = {.len = sizeof r},
                .in_port = OFPP_IN_PORT,
                .table = ((const struct act_goto_table *)(const void *)a)->table,
            };
            act_encode_as(&r.act, &act_wires[RAW_RESUBMIT_TABLE], OFP10_VERSION, w);
        } else if (act_infos[a->type].rank == ACT_RANK_APPLY || a->type == ACT_WRITE_METADATA) {
            encode_one(a, OFP10_VERSION, w);
        }
    }
}

/* A meter is an action from 1.5 on. */
static bool is_action(const struct act *a, uint8_t version)
{
    enum act_rank rank = act_infos[a->type].rank;
    return rank == ACT_RANK_APPLY || (rank == ACT_RANK_METER && version >= OFP15_VERSION);
}

void acts_encode_instructions(const void *acts, size_t len, uint8_t version, struct wire_wr *w)
{
    const char *end = len ? (const char *)acts + len : acts;
    const struct act *a = acts;

    if (version == OFP10_VERSION) {
        encode_as_10(acts, len, w);
        return;
    }
    while ((const char *)a < end) {
        const struct act *first = a;
        while ((const char *)a < end && is_action(a, version)) {
            a = act_next(a);
        }
        if (a != first) {
            encode_inst_actions(INST_APPLY_ACTIONS, first,
                                (size_t)((const char *)a - (const char *)first), version, w);
        } else {
            encode_inst(a, version, w);
            a = act_next(a);
        }
    }
}
