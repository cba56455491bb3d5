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
    struct field_value value = {{0}}, mask = {{0}};
    /* Not a bit; but of ports, ANY is one. */
    bool any = !strcmp(arg, "*") ||
               (!strcmp(arg, "ANY") && f->format != FMT_PORT && f->format != FMT_PORT10);
    if (!*arg) {
        return xasprintf("%s: bad syntax for %s value", arg, f->name);
    }
    if (!int_fits(f, arg)) {
        return xasprintf("%s is not a valid value for field %s", arg, name);
    }
    error = any ? NULL : field_parse(f, arg, p->names, &value, &mask);
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
    uint8_t value[ACT_WIDE_MAX];
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
    const char *end = act_wide_parse(arg, value);
    if (!end || *end || !act_wide_fits(value, sizeof value, 8u * dst.field->n_bytes)) {
        return xasprintf("%s->%s: cannot parse integer value", arg, name);
    }
    if (!act_wide_fits(value, sizeof value, dst.n_bits)) {
        struct field_value v = {{0}};
        memcpy(v.b, value + sizeof value - dst.field->n_bytes, dst.field->n_bytes);
        name[-2] = '-'; /* The whole argument again. */
        return act_too_wide(arg, &dst, &v, p->names);
    }
    act_put_load(p->out, &dst, value, sizeof value);
    return NULL;
}

static char *check_readable(const struct field *f)
{
    return (!f->size && !field_is_tun(f)) || !f->cp[0].header
               ? xasprintf("%s cannot be read or written by actions", f->name)
               : NULL;
}

/* Whether the destination can be written is the check's business. */
char *act_parse_move(struct act_parser *p, char *arg)
{
    struct subfield src, dst;
    char *arrow = strstr(arg, "->");

    if (!arrow) {
        return xasprintf("%s: missing `->' following source", arg);
    }
    *arrow = '\0';
    char *error = subfield_parse(arg, &src);
    if (error) { /* It starts with the source; the reference has the whole argument there. */
        char *longer = xasprintf("%s->%s%s", arg, arrow + 2, error + strlen(arg));
        free(error);
        return longer;
    }
    error = subfield_parse(arrow + 2, &dst);
    if (!error && src.n_bits != dst.n_bits) {
        error = xasprintf("%s->%s: source field is %u bits wide but destination is %u bits wide",
                          arg, arrow + 2, src.n_bits, dst.n_bits);
    }
    if (!error) {
        error = check_readable(src.field);
    }
    if (!error) {
        error = check_readable(dst.field);
    }
    if (!error) {
        struct act_reg_move *a = acts_put(p->out, ACT_REG_MOVE, sizeof *a);
        a->src = src;
        a->dst = dst;
    }
    return error;
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
