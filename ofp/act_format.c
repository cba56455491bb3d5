/* act_format.c - acts as text, exactly as the reference prints them; see act.h. */
#include "ofp/act-private.h"

static void format_list(const void *acts, size_t len, const struct name_map *names, struct text *t);

static void format_output(const struct act_output *o, const struct name_map *names, struct text *t)
{
    if (o->port < OFPP_MAX) {
        text_puts(t, "output:");
    }
    port_format(o->port, names, t);
    if (o->port == OFPP_CONTROLLER) {
        text_printf(t, ":%u", o->max_len);
    }
}

/* One run of bits, however long. */
static void format_load(const struct act_set_field *sf, struct text *t)
{
    const struct field *f = sf->field;
    struct subfield dst = {f, 0, 0};
    struct field_value v = {{0}};
    unsigned ofs = 0, n_bits;
    uint64_t ignored;

    while (act_set_field_run(sf, &ofs, &n_bits, &ignored)) {
        dst.ofs = dst.n_bits ? dst.ofs : ofs;
        dst.n_bits += n_bits;
        ofs += n_bits;
    }
    bits_copy(sf->value.b, f->n_bytes, dst.ofs, v.b, f->n_bytes, 0, dst.n_bits);
    text_puts(t, "load:");
    act_wide_format(v.b, f->n_bytes, t);
    text_puts(t, "->");
    subfield_format(&dst, t);
}

/* The legacy words: `mod_nw_src:1.2.3.4`, `set_mpls_label(5)`. */
static void format_legacy(const struct act_set_field *sf, const struct name_map *names,
                          struct text *t)
{
    text_puts(t, act_wires[sf->act.raw].name);
    switch ((enum act_raw)sf->act.raw) {
    case RAW_SET_NW_TOS:
        text_printf(t, ":%u", sf->value.b[0] << 2);
        break;
    case RAW_SET_TUNNEL:
    case RAW_SET_TUNNEL64:
        text_printf(t, ":%#" PRIx64, get_be64(sf->value.b));
        break;
    case RAW_SET_MPLS_LABEL:
    case RAW_SET_MPLS_TC:
        text_putc(t, '(');
        field_format(sf->field, &sf->value, NULL, names, t);
        text_putc(t, ')');
        break;
    default:
        text_putc(t, ':');
        field_format(sf->field, &sf->value, NULL, names, t);
        break;
    }
}

static void format_set_field(const struct act_set_field *sf, const struct name_map *names,
                             struct text *t)
{
    if (sf->act.raw == RAW_REG_LOAD) {
        format_load(sf, t);
    } else if (sf->act.raw && act_wires[sf->act.raw].field != ACT_FIELD_NONE) {
        format_legacy(sf, names, t);
    } else {
        bool full = act_mask_full(sf->field, &sf->mask);
        if (is_all_zeros(sf->mask.b, sf->field->n_bytes)) {
            text_printf(t, "set_field:ANY->%s", sf->field->name);
            return;
        }
        bool number = sf->field->format == FMT_DECIMAL || sf->field->format == FMT_HEX;
        text_puts(t, "set_field:");
        field_format(sf->field, &sf->value, full || number ? NULL : &sf->mask, names, t);
        if (number && !full) {
            text_putc(t, '/');
            act_wide_format(sf->mask.b, sf->field->n_bytes, t);
        }
        text_printf(t, "->%s", sf->field->name);
    }
}

static void format_move(const struct act_reg_move *m, struct text *t)
{
    text_puts(t, "move:");
    subfield_format(&m->src, t);
    text_puts(t, "->");
    subfield_format(&m->dst, t);
}

void act_format_table(uint8_t table, const struct name_map *names, struct text *t)
{
    const char *name = names && names->table_name ? names->table_name(names->aux, table) : NULL;

    if (name) {
        text_quoted_name(t, name);
    } else {
        text_printf(t, "%u", table);
    }
}

static void format_resubmit(const struct act_resubmit *r, const struct name_map *names,
                            struct text *t)
{
    bool port = r->in_port != OFPP_IN_PORT;

    if (port && r->table == OFPTT_ALL && !r->ct) {
        text_puts(t, "resubmit:");
        port_format(r->in_port, names, t);
        return;
    }
    text_puts(t, "resubmit(");
    if (port) {
        port_format(r->in_port, names, t);
    }
    text_putc(t, ',');
    if (r->table != OFPTT_ALL) {
        act_format_table(r->table, names, t);
    }
    text_puts(t, r->ct ? ",ct)" : ")");
}

static void format_ct(const struct act_ct *ct, const struct name_map *names, struct text *t)
{
    const struct act *nested = act_ct_nested(ct);
    size_t len = ct->nested_len;

    text_puts(t, "ct(");
    text_puts(t, ct->commit ? "commit," : "");
    text_puts(t, ct->force ? "force," : "");
    if (ct->table != OFPTT_ALL) {
        text_puts(t, "table=");
        act_format_table(ct->table, names, t);
        text_putc(t, ',');
    }
    if (ct->zone_src.field) {
        text_puts(t, "zone=");
        subfield_format(&ct->zone_src, t);
        text_putc(t, ',');
    } else if (ct->zone_imm) {
        text_printf(t, "zone=%u,", ct->zone_imm);
    }
    if (len && nested->type == ACT_NAT) {
        act_format_nat((const void *)nested, t);
        text_putc(t, ',');
        len -= nested->len;
        nested = act_next(nested);
    }
    if (len) {
        text_puts(t, "exec(");
        format_list(nested, len, names, t);
        text_puts(t, "),");
    }
    if (ct->alg) {
        const char *alg = ct->alg == 21 ? "ftp" : ct->alg == 69 ? "tftp" : NULL;
        if (alg) {
            text_printf(t, "alg=%s,", alg);
        } else {
            text_printf(t, "alg=%u,", ct->alg);
        }
    }
    text_chomp(t, ',');
    text_putc(t, ')');
}

static void format_note(const struct act_note *n, struct text *t)
{
    text_puts(t, "note:");
    for (size_t i = 0; i < n->n; i++) {
        text_printf(t, "%s%02x", i ? "." : "", n->data[i]);
    }
}

static void format_nested(const struct act_write_actions *list, const struct name_map *names,
                          struct text *t)
{
    if (list->nested_len) {
        format_list(act_write_actions_nested(list), list->nested_len, names, t);
    } else {
        text_puts(t, "drop");
    }
}

static void format_clone(const struct act_write_actions *c, const struct name_map *names,
                         struct text *t)
{
    text_puts(t, "clone(");
    format_nested(c, names, t);
    text_putc(t, ')');
}

static void format_instruction(const struct act *a, const struct name_map *names, struct text *t)
{
    const void *p = a;
    const struct act_write_metadata *m = p;
    const struct act_write_actions *wa = p;

    switch (act_infos[a->type].rank) {
    case ACT_RANK_METER:
        text_printf(t, "meter:%" PRIu32, ((const struct act_u32 *)p)->value);
        break;
    case ACT_RANK_CLEAR_ACTIONS:
        text_puts(t, "clear_actions");
        break;
    case ACT_RANK_WRITE_ACTIONS:
        text_puts(t, "write_actions(");
        format_nested(wa, names, t);
        text_putc(t, ')');
        break;
    case ACT_RANK_WRITE_METADATA:
        text_printf(t, "write_metadata:%#" PRIx64, m->value);
        if (m->mask != UINT64_MAX) {
            text_printf(t, "/%#" PRIx64, m->mask);
        }
        break;
    case ACT_RANK_GOTO_TABLE:
        text_puts(t, "goto_table:");
        act_format_table(((const struct act_goto_table *)p)->table, names, t);
        break;
    case ACT_RANK_APPLY:
        break;
    }
}

static void format_one(const struct act *a, const struct name_map *names, struct text *t)
{
    const void *p = a;
    const struct act_set_vlan *v = p;
    const struct act_u8 *u8 = p;
    const struct act_u16 *u16 = p;

    switch ((enum act_type)a->type) {
    case ACT_OUTPUT:
        format_output(p, names, t);
        break;
    case ACT_OUTPUT_REG:
        text_puts(t, "output:");
        subfield_format(&((const struct act_output_reg *)p)->src, t);
        break;
    case ACT_CONTROLLER:
        act_format_controller(p, t);
        break;
    case ACT_GROUP:
    case ACT_SET_QUEUE:
        text_printf(t, "%s:%" PRIu32, act_infos[a->type].name, ((const struct act_u32 *)p)->value);
        break;
    case ACT_SET_FIELD:
        format_set_field(p, names, t);
        break;
    case ACT_REG_MOVE:
        format_move(p, t);
        break;
    case ACT_SET_VLAN_VID:
        text_printf(t, "%s_vlan_vid:%u", v->push_if_absent ? "mod" : "set", v->value);
        break;
    case ACT_SET_VLAN_PCP:
        text_printf(t, "%s_vlan_pcp:%u", v->push_if_absent ? "mod" : "set", v->value);
        break;
    case ACT_PUSH_VLAN:
        text_printf(t, "push_vlan:%#x", ((const struct act_push_vlan *)p)->eth_type);
        break;
    case ACT_SET_NW_TTL:
        text_printf(t, "mod_nw_ttl:%u", u8->value);
        break;
    case ACT_SET_MPLS_TTL:
        text_printf(t, "set_mpls_ttl(%u)", u8->value);
        break;
    case ACT_PUSH_MPLS:
    case ACT_POP_MPLS:
    case ACT_PUSH_PBB:
        text_printf(t, "%s:0x%04x", act_infos[a->type].name, u16->value);
        break;
    case ACT_RESUBMIT:
        format_resubmit(p, names, t);
        break;
    case ACT_CT:
        format_ct(p, names, t);
        break;
    case ACT_NAT:
        act_format_nat(p, t);
        break;
    case ACT_OUTPUT_TRUNC:
        act_format_output_trunc(p, names, t);
        break;
    case ACT_ENQUEUE:
        act_format_enqueue(p, names, t);
        break;
    case ACT_STACK_PUSH:
    case ACT_STACK_POP:
        act_format_stack(p, t);
        break;
    case ACT_MULTIPATH:
        act_format_multipath(p, t);
        break;
    case ACT_BUNDLE:
    case ACT_BUNDLE_LOAD:
        act_format_bundle(p, names, t);
        break;
    case ACT_FIN_TIMEOUT:
        act_format_fin_timeout(p, t);
        break;
    case ACT_DEC_TTL_IDS:
        act_format_dec_ttl_ids(p, t);
        break;
    case ACT_SAMPLE:
        act_format_sample(p, names, t);
        break;
    case ACT_CONJUNCTION:
        act_format_conjunction(p, t);
        break;
    case ACT_CHECK_PKT_LARGER:
        act_format_check_pkt_larger(p, t);
        break;
    case ACT_DELETE_FIELD:
        text_printf(t, "delete_field:%s", ((const struct act_delete_field *)p)->field->name);
        break;
    case ACT_NOTE:
        format_note(p, t);
        break;
    case ACT_LEARN:
        act_format_learn(p, names, t);
        break;
    case ACT_CLONE:
        format_clone(p, names, t);
        break;
    case ACT_ENCAP:
        act_format_encap(p, t);
        break;
    case ACT_DECAP:
        act_format_decap(p, t);
        break;
    case ACT_POP_VLAN: /* The word of 1.0, or the later one. */
        text_puts(t, a->raw ? act_wires[a->raw].name : act_infos[a->type].name);
        break;
    case ACT_POP_QUEUE:
    case ACT_DEC_TTL:
    case ACT_DEC_MPLS_TTL:
    case ACT_COPY_TTL_OUT:
    case ACT_COPY_TTL_IN:
    case ACT_POP_PBB:
    case ACT_DEC_NSH_TTL:
    case ACT_CT_CLEAR:
    case ACT_EXIT:
    case ACT_DEBUG_SLOW:
    case ACT_DEBUG_RECIRC:
        text_puts(t, act_infos[a->type].name);
        break;
    case ACT_METER:
    case ACT_CLEAR_ACTIONS:
    case ACT_WRITE_ACTIONS:
    case ACT_WRITE_METADATA:
    case ACT_GOTO_TABLE:
        format_instruction(a, names, t);
        break;
    case ACT_N_TYPES:
        break;
    }
}

static void format_list(const void *acts, size_t len, const struct name_map *names, struct text *t)
{
    const struct act *a;

    ACT_FOR_EACH(a, acts, len) {
        if (a != acts) {
            text_putc(t, ',');
        }
        format_one(a, names, t);
    }
}

void acts_format(const void *acts, size_t len, const struct name_map *names, struct text *t)
{
    if (names && names->exact && len) {
        act_format_exact(acts, len, names, t);
    } else if (len) {
        format_list(acts, len, names, t);
    } else {
        text_puts(t, "drop");
    }
}
