/* act_parse_field.c - the words of actions.def that set fields; see act-private.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

/* Splits `A->B` in place. */
static char *split_arrow(char *arg, char **right)
{
    char *arrow = strstr(arg, "->");

    if (!arrow) {
        return xasprintf("%s: missing `->'", arg);
    }
    if (!arrow[2]) {
        return xasprintf("%s: missing field name following `->'", arg);
    }
    *arrow = '\0';
    *right = arrow + 2;
    return NULL;
}

/* Can actions write 'f' in any version of the wire? */
static char *check_writable(const struct field *f, const char *name)
{
    if (f->access == ACCESS_RO) {
        return xasprintf("%s is read-only", name);
    }
    if (!f->size && !field_is_tun(f)) {
        return xasprintf("%s cannot be set: not supported by this version", name);
    }
    return f->cp[0].header ? NULL
                           : xasprintf("%s cannot be set: no OpenFlow message carries it", name);
}

/* A plain integer must be a value of the field: the text of a field would be cut instead. */
static bool int_fits(const struct field *f, const char *text)
{
    struct field_value value;
    uint64_t v;

    if (!text_to_u64(text, &v) || f->n_bytes > 8) {
        return true;
    }
    if (f->n_bytes < 8 && v >> 8 * f->n_bytes) {
        return true; /* field_parse() says so. */
    }
    field_value_from_u64(f, v, &value);
    return field_value_ok(f, &value);
}

char *act_parse_set_field(struct act_parser *p, char *arg)
{
    char *name;
    char *error = split_arrow(arg, &name);
    if (error) {
        return error;
    }
    const struct field *f = field_by_name(name);
    if (!f) {
        return xasprintf("%s is not a valid OXM field name", name);
    }
    error = check_writable(f, name);
    if (error) {
        return error;
    }
    struct field_value value, mask;
    if (!int_fits(f, arg)) {
        return xasprintf("%s is not a valid value for field %s", arg, name);
    }
    error = field_parse(f, arg, p->names, &value, &mask);
    if (error) {
        return error;
    }
    struct act_set_field *sf = acts_put(p->out, ACT_SET_FIELD, sizeof *sf);
    sf->field = f;
    sf->value = value;
    sf->mask = mask;
    act_set_field_normalise(sf);
    return NULL;
}

char *act_parse_load(struct act_parser *p, char *arg)
{
    struct subfield dst;
    uint64_t value;
    char *name;
    char *error = split_arrow(arg, &name);

    if (!error) {
        error = subfield_parse(name, &dst);
    }
    if (!error) {
        error = check_writable(dst.field, dst.field->name);
    }
    if (error) {
        return error;
    }
    if (!text_to_u64(arg, &value)) {
        return xasprintf("%s: not a valid integer of 64 bits", arg);
    }
    if (dst.n_bits < 64 && value >> dst.n_bits) {
        return xasprintf("%s->%s: value %#" PRIx64 " does not fit into %u bits", arg, name, value,
                         dst.n_bits);
    }
    if (field_is_tun(dst.field)) {
        act_put_load(p->out, &dst, value);
        return NULL;
    }
    /* The wire's load has at most 64 bits. */
    for (unsigned done = 0; done < dst.n_bits; done += 64) {
        struct subfield part = {dst.field, (uint16_t)(dst.ofs + done),
                                (uint16_t)MIN(dst.n_bits - done, 64)};
        act_put_load(p->out, &part, done ? 0 : value);
    }
    return NULL;
}

static char *check_readable(const struct field *f)
{
    return (!f->size && !field_is_tun(f)) || !f->cp[0].header
               ? xasprintf("%s cannot be read by actions", f->name)
               : NULL;
}

char *act_parse_move(struct act_parser *p, char *arg)
{
    struct subfield src, dst;
    char *name;
    char *error = split_arrow(arg, &name);

    if (!error) {
        error = subfield_parse(arg, &src);
    }
    if (!error) {
        error = subfield_parse(name, &dst);
    }
    if (!error) {
        error = check_readable(src.field);
    }
    if (!error) {
        error = check_writable(dst.field, dst.field->name);
    }
    if (error) {
        return error;
    }
    if (src.n_bits != dst.n_bits) {
        return xasprintf("%s->%s: source field is %u bits wide but destination is %u bits wide",
                         arg, name, src.n_bits, dst.n_bits);
    }
    struct act_reg_move *a = acts_put(p->out, ACT_REG_MOVE, sizeof *a);
    a->src = src;
    a->dst = dst;
    return NULL;
}

/* ---- the words of OpenFlow 1.0 and 1.1 ---- */

static struct act_set_field *put_fixed(struct act_parser *p)
{
    struct act_set_field *sf = acts_put(p->out, ACT_SET_FIELD, sizeof *sf);
    sf->act.raw = p->raw;
    sf->field = &fields[act_wires[p->raw].field];
    memset(sf->mask.b, 0xff, sf->field->n_bytes);
    return sf;
}

char *act_parse_legacy(struct act_parser *p, char *arg)
{
    const struct field *f = &fields[act_wires[p->raw].field];
    struct field_value value, mask;
    char *error = field_parse(f, arg, p->names, &value, &mask);

    if (error) {
        return error;
    }
    if (!int_fits(f, arg) || !act_mask_full(f, &mask)) {
        return xasprintf("%s: not a valid %s", arg,
                         f->id == MF_MPLS_LABEL ? "MPLS label"
                         : f->id == MF_MPLS_TC  ? "MPLS TC"
                                                : f->name);
    }
    put_fixed(p)->value = value;
    return NULL;
}

char *act_parse_nw_tos(struct act_parser *p, char *arg)
{
    uint8_t tos;

    if (!text_to_u8(arg, &tos) || tos & 3) {
        return xasprintf("%s: not a valid TOS", arg);
    }
    put_fixed(p)->value.b[0] = tos >> 2;
    return NULL;
}

char *act_parse_nw_ecn(struct act_parser *p, char *arg)
{
    uint8_t ecn;

    if (!text_to_u8(arg, &ecn) || ecn > 3) {
        return xasprintf("%s: not a valid ECN", arg);
    }
    put_fixed(p)->value.b[0] = ecn;
    return NULL;
}

char *act_parse_set_tunnel(struct act_parser *p, char *arg)
{
    uint64_t id;
    char *error = act_parse_int(p, arg, UINT64_MAX, &id);

    if (!error) {
        p->raw = id > UINT32_MAX ? RAW_SET_TUNNEL64 : p->raw;
        put_be64(put_fixed(p)->value.b, id);
    }
    return error;
}

static char *parse_vlan(struct act_parser *p, const char *arg, bool push)
{
    bool vid = p->raw == RAW_SET_VLAN_VID;
    uint16_t v;

    if (!text_to_u16(arg, &v) || v > (vid ? 0xfff : 7)) {
        return xasprintf("%s: not a valid VLAN %s", arg, vid ? "VID" : "PCP");
    }
    struct act_set_vlan *a = acts_put(p->out, act_wires[p->raw].type, sizeof *a);
    a->value = v;
    a->push_if_absent = push;
    return NULL;
}

char *act_parse_set_vlan_vid(struct act_parser *p, char *arg)
{
    return parse_vlan(p, arg, false);
}

char *act_parse_mod_vlan_vid(struct act_parser *p, char *arg)
{
    return parse_vlan(p, arg, true);
}

char *act_parse_set_vlan_pcp(struct act_parser *p, char *arg)
{
    return parse_vlan(p, arg, false);
}

char *act_parse_mod_vlan_pcp(struct act_parser *p, char *arg)
{
    return parse_vlan(p, arg, true);
}

char *act_parse_push_vlan(struct act_parser *p, char *arg)
{
    uint16_t eth_type;

    if (!text_to_u16(arg, &eth_type) || (eth_type != 0x8100 && eth_type != 0x88a8)) {
        return xasprintf("%s: not a valid VLAN ethertype", arg);
    }
    struct act_push_vlan *a = acts_put(p->out, ACT_PUSH_VLAN, sizeof *a);
    a->eth_type = eth_type;
    return NULL;
}
