/* act_learn_text.c - learn(...) as users write it; see act-private.h.
 *
 * Difference from Open vSwitch: numbers that do not fit, or are none, are errors; it cuts them, or
 * takes them for 0. */
#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/act-private.h"

#define DEFAULT_TABLE    1
#define DEFAULT_PRIORITY 32768

/* ---- print ---- */

static void format_imm(const struct act_learn_spec *s, struct text *t)
{
    act_wide_format(s->imm, DIV_ROUND_UP(s->n_bits, 8u), t);
}

static bool is_whole(const struct subfield *sf)
{
    return !sf->ofs && sf->n_bits == sf->field->n_bits;
}

static void format_match(const struct act_learn_spec *s, const struct name_map *names,
                         struct text *t)
{
    const struct field *f = s->dst.field;

    if (s->src.field) {
        subfield_format(&s->dst, t);
        if (s->src.field != s->dst.field || s->src.ofs != s->dst.ofs) {
            text_putc(t, '=');
            subfield_format(&s->src, t);
        }
    } else if (is_whole(&s->dst) && f->n_bytes <= FIELD_VALUE_MAX) {
        struct field_value value = {{0}};
        bits_copy(s->imm, DIV_ROUND_UP(s->n_bits, 8u), 0, value.b, f->n_bytes, 0, s->n_bits);
        text_printf(t, "%s=", f->name);
        field_format(f, &value, NULL, names, t);
    } else {
        if (is_whole(&s->dst)) {
            text_puts(t, f->name);
        } else {
            subfield_format(&s->dst, t);
        }
        text_putc(t, '=');
        format_imm(s, t);
    }
}

static void format_spec(const struct act_learn_spec *s, const struct name_map *names,
                        struct text *t)
{
    switch ((enum act_learn_kind)s->kind) {
    case LEARN_MATCH:
        format_match(s, names, t);
        break;
    case LEARN_LOAD:
        text_puts(t, "load:");
        if (s->src.field) {
            subfield_format(&s->src, t);
        } else {
            format_imm(s, t);
        }
        text_puts(t, "->");
        subfield_format(&s->dst, t);
        break;
    case LEARN_OUTPUT:
        text_puts(t, "output:");
        subfield_format(&s->src, t);
        break;
    }
}

static void format_number(const char *key, unsigned value, unsigned unless, struct text *t)
{
    if (value != unless) {
        text_printf(t, ",%s=%u", key, value);
    }
}

void act_format_learn(const struct act_learn *l, const struct name_map *names, struct text *t)
{
    const struct act *s;

    text_puts(t, "learn(table=");
    act_format_table(l->table, names, t);
    format_number("idle_timeout", l->idle_timeout, 0, t);
    format_number("hard_timeout", l->hard_timeout, 0, t);
    format_number("fin_idle_timeout", l->fin_idle_timeout, 0, t);
    format_number("fin_hard_timeout", l->fin_hard_timeout, 0, t);
    format_number("priority", l->priority, DEFAULT_PRIORITY, t);
    text_puts(t, l->flags & LEARN_SEND_FLOW_REM ? ",send_flow_rem" : "");
    text_puts(t, l->flags & LEARN_DELETE_LEARNED ? ",delete_learned" : "");
    if (l->cookie) {
        text_printf(t, ",cookie=%#" PRIx64, l->cookie);
    }
    format_number("limit", l->limit, 0, t);
    if (l->result.field) {
        text_puts(t, ",result_dst=");
        subfield_format(&l->result, t);
    }
    ACT_FOR_EACH(s, act_learn_specs(l), l->nested_len) {
        text_putc(t, ',');
        format_spec((const struct act_learn_spec *)(const void *)s, names, t);
    }
    text_putc(t, ')');
}

/* ---- parse ---- */

struct learn_parser {
    const struct name_map *names;
    const char *whole; /* The argument of learn, for errors. */
    struct acts *out;
    struct act_learn l;
};

/* A field that a specification can name. */
static char *check_field(const struct subfield *sf, const char *where)
{
    return act_has_header4(sf->field)
               ? NULL
               : xasprintf("%s: experimenter OXM field '%s' not supported", where, sf->field->name);
}

/* 'imm' is right-aligned in 'imm_len' bytes, or NULL. */
static void put_spec(struct learn_parser *p, enum act_learn_kind kind, const struct subfield *src,
                     const struct subfield *dst, const uint8_t *imm, size_t imm_len)
{
    unsigned n_bits = dst ? dst->n_bits : src->n_bits;
    size_t n = imm ? DIV_ROUND_UP(n_bits, 8u) : 0;
    struct act_learn_spec *s = acts_put(p->out, ACT_LEARN, sizeof *s + n);

    s->kind = (uint8_t)kind;
    s->n_bits = (uint16_t)n_bits;
    if (src) {
        s->src = *src;
    }
    if (dst) {
        s->dst = *dst;
    }
    if (imm) {
        memcpy(s->imm, imm + imm_len - n, n);
    }
}

static bool is_exact(const struct field *f, const struct field_value *mask)
{
    for (unsigned bit = 0; bit < f->n_bits; bit++) {
        if (!(mask->b[f->n_bytes - 1u - bit / 8] >> bit % 8 & 1)) {
            return false;
        }
    }
    return true;
}

/* An integer of up to the field's bytes, as it stands: bits that the field does not use are kept.
 */
static bool parse_integer(const struct field *f, const char *value, struct field_value *v)
{
    uint8_t imm[ACT_WIDE_MAX];
    size_t n = f->n_bytes;
    const char *end = act_wide_parse(value, imm);

    if (!end || *end || n > sizeof v->b || !act_wide_fits(imm, ACT_WIDE_MAX, 8u * n)) {
        return false;
    }
    memcpy(v->b, imm + ACT_WIDE_MAX - n, n);
    return true;
}

/* A whole field, in its own format. */
static char *parse_whole(struct learn_parser *p, const struct field *f, const char *value,
                         struct field_value *v)
{
    struct field_value mask;
    char *error = field_parse(f, value, p->names, v, &mask);

    if (!error && !is_exact(f, &mask)) {
        return xasprintf("%s: wildcards not allowed here", value);
    }
    if (!error && (f->format == FMT_DECIMAL || f->format == FMT_HEX)) {
        (void)parse_integer(f, value, v);
    }
    return error;
}

/* `name=value`. */
static char *parse_match_imm(struct learn_parser *p, const struct subfield *dst, const char *value)
{
    const struct field *f = dst->field;
    struct field_value v;

    if (is_whole(dst)) {
        char *error = parse_whole(p, f, value, &v);
        if (error) {
            return error;
        }
    } else if (!parse_integer(f, value, &v)) {
        return xasprintf("%s: cannot parse integer value", p->whole);
    } else if (!act_wide_fits(v.b, f->n_bytes, dst->n_bits)) {
        return act_too_wide(p->whole, dst, &v, p->names);
    }
    put_spec(p, LEARN_MATCH, NULL, dst, v.b, f->n_bytes);
    return NULL;
}

/* FIELD, FIELD=FIELD or FIELD=VALUE. */
static char *parse_match(struct learn_parser *p, const char *name, const char *value)
{
    struct subfield dst, src;
    char *error = subfield_parse(name, &dst);

    if (error) {
        free(error);
        return xasprintf("%s: unknown keyword %s", p->whole, name);
    }
    error = check_field(&dst, p->whole);
    if (error) {
        return error;
    }
    if (!*value) {
        put_spec(p, LEARN_MATCH, &dst, &dst, NULL, 0);
        return NULL;
    }
    char *not_field = subfield_parse(value, &src);
    if (not_field) {
        char *not_value = parse_match_imm(p, &dst, value);
        if (not_value) {
            error = xasprintf("%s: %s value %s cannot be parsed as a subfield (%s) or an immediate "
                              "value (%s)",
                              p->whole, name, value, not_field, not_value);
        }
        free(not_value);
        free(not_field);
        return error;
    }
    if (src.n_bits != dst.n_bits) {
        /* The widths stand as the reference has them. */
        return xasprintf("%s: bit widths of %s (%u) and %s (%u) differ", p->whole, name, src.n_bits,
                         value, dst.n_bits);
    }
    error = check_field(&src, p->whole);
    if (!error) {
        put_spec(p, LEARN_MATCH, &src, &dst, NULL, 0);
    }
    return error;
}

static char *parse_load_imm(struct learn_parser *p, const char *arg, const char *number,
                            const struct subfield *dst)
{
    uint8_t imm[ACT_WIDE_MAX];
    const char *end = act_wide_parse(number, imm);

    if (end && *end) {
        return xasprintf("load: garbage before `->' in `%s'", arg);
    }
    if (!end || !act_wide_fits(imm, sizeof imm, dst->n_bits)) {
        return xasprintf("%s: value does not fit into %u bits", arg, dst->n_bits);
    }
    put_spec(p, LEARN_LOAD, NULL, dst, imm, sizeof imm);
    return NULL;
}

static char *parse_load_field(struct learn_parser *p, const char *arg, const char *name,
                              const struct subfield *dst)
{
    struct subfield src;
    char *error = subfield_parse(name, &src);

    if (error) { /* It starts with the name; the reference has the whole argument there. */
        char *longer = xasprintf("%s%s", arg, error + strlen(name));
        free(error);
        return longer;
    }
    if (src.n_bits != dst->n_bits) {
        return xasprintf("%s: source field is %u bits wide but destination is %u bits wide", arg,
                         src.n_bits, dst->n_bits);
    }
    error = check_field(&src, arg);
    if (!error) {
        put_spec(p, LEARN_LOAD, &src, dst, NULL, 0);
    }
    return error;
}

/* VALUE->FIELD or FIELD->FIELD */
static char *parse_load(struct learn_parser *p, const char *arg)
{
    const char *arrow = strstr(arg, "->");
    struct subfield dst;

    if (!arrow) {
        return xasprintf("load: missing `->' in `%s'", arg);
    }
    char *error = subfield_parse(arrow + 2, &dst);
    if (!error) {
        error = check_field(&dst, arg);
    }
    if (error) {
        return error;
    }
    char *src = xstrndup(arg, (size_t)(arrow - arg));
    error = isdigit((unsigned char)*src) || *src == '-' ? parse_load_imm(p, arg, src, &dst)
                                                        : parse_load_field(p, arg, src, &dst);
    free(src);
    return error;
}

static char *parse_output(struct learn_parser *p, const char *arg)
{
    struct subfield src;
    char *error = subfield_parse(arg, &src);

    if (!error) {
        error = check_field(&src, arg);
    }
    if (!error) {
        put_spec(p, LEARN_OUTPUT, &src, NULL, NULL, 0);
    }
    return error;
}

static char *parse_table(struct learn_parser *p, const char *value)
{
    if (!act_parse_table(p->names, value, &p->l.table)) {
        return xasprintf("unknown table \"%s\"", value);
    }
    return p->l.table == OFPTT_ALL
               ? xasprintf("%s: table id 255 not valid for `learn' action", p->whole)
               : NULL;
}

static char *parse_result(struct learn_parser *p, const char *value)
{
    struct subfield *result = &p->l.result;
    char *error = act_parse_subfield(value, result);

    if (error) {
        result->field = NULL;
        return error;
    }
    if (result->field->access == ACCESS_RO) {
        return xasprintf("%s is read-only", value);
    }
    if (result->n_bits != 1) {
        return xstrdup("result_dst in 'learn' action must be a single bit");
    }
    return NULL;
}

static bool parse_flag(struct learn_parser *p, const char *key)
{
    if (!strcmp(key, "send_flow_rem")) {
        p->l.flags |= LEARN_SEND_FLOW_REM;
    } else if (!strcmp(key, "delete_learned")) {
        p->l.flags |= LEARN_DELETE_LEARNED;
    } else {
        return false;
    }
    return true;
}

/* A key with a number; true if it is one. */
static bool parse_number(struct learn_parser *p, const char *key, const char *value, char **error)
{
    struct act_learn *l = &p->l;
    const struct {
        const char *key;
        uint16_t *value;
    } keys[] = {
        {"priority", &l->priority},
        {"idle_timeout", &l->idle_timeout},
        {"hard_timeout", &l->hard_timeout},
        {"fin_idle_timeout", &l->fin_idle_timeout},
        {"fin_hard_timeout", &l->fin_hard_timeout},
    };
    bool ok;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!strcmp(key, keys[i].key)) {
            ok = text_to_u16(value, keys[i].value);
            *error = ok ? NULL : xasprintf("invalid %s \"%s\"", key, value);
            return true;
        }
    }
    if (!strcmp(key, "cookie")) {
        ok = text_to_u64(value, &l->cookie);
    } else if (!strcmp(key, "limit")) {
        ok = text_to_u32(value, &l->limit);
    } else {
        return false;
    }
    *error = ok ? NULL : xasprintf("invalid %s \"%s\"", key, value);
    return true;
}

static char *parse_item(struct learn_parser *p, const char *key, char *value)
{
    char *error = NULL;

    if (parse_flag(p, key) || parse_number(p, key, value, &error)) {
        return error;
    }
    if (!strcmp(key, "table")) {
        return parse_table(p, value);
    }
    if (!strcmp(key, "result_dst")) {
        return parse_result(p, value);
    }
    if (!strcmp(key, "load")) {
        return parse_load(p, value);
    }
    return !strcmp(key, "output") ? parse_output(p, value) : parse_match(p, key, value);
}

char *act_parse_learn(struct act_parser *ap, char *arg)
{
    size_t ofs = act_nest_begin(ap->out, ACT_LEARN, sizeof(struct act_learn));
    char *whole = xstrdup(arg), *key, *value, *error = NULL;
    struct learn_parser p = {.names = ap->names, .whole = whole, .out = ap->out};

    memset(&p.l, 0, sizeof p.l);
    p.l.act.type = ACT_LEARN;
    p.l.table = DEFAULT_TABLE;
    p.l.priority = DEFAULT_PRIORITY;
    while (!error && text_next_kv(&arg, &key, &value)) {
        error = parse_item(&p, key, value);
    }
    memcpy((char *)ap->out->data + ofs, &p.l, sizeof p.l);
    if (!error && !act_nest_end(ap->out, ofs, sizeof p.l)) {
        error = xstrdup("learn: too many specifications");
    }
    free(whole);
    return error;
}
