/* act_learn_build.c - see act.h: the flow that a learn action makes of a packet. */
#include "ofp/act-private.h"
#include "ofp/match.h"

/* The bits that the specification takes, right-aligned in 'n' bytes. */
static unsigned source_bits(const struct act_learn_spec *s, const struct flow *flow,
                            uint8_t bytes[FIELD_VALUE_MAX])
{
    unsigned n = (s->n_bits + 7u) / 8;
    struct field_value v;

    memset(bytes, 0, FIELD_VALUE_MAX);
    if (!s->src.field) {
        memcpy(bytes, s->imm, n);
    } else {
        field_get(s->src.field, flow, &v);
        bits_copy(v.b, s->src.field->n_bytes, s->src.ofs, bytes, n, 0, s->n_bits);
    }
    return n;
}

/* Beside what former specifications have matched of the field.  False: it is no field of the
 * packet's bridge any more. */
static bool add_match(const struct act_learn_spec *s, const struct flow *flow, const uint8_t *bytes,
                      unsigned n, struct match *m)
{
    const struct field *f = s->dst.field;
    struct field_value value, mask, ones;

    field_get(f, &m->flow, &value);
    field_get(f, &m->mask, &mask);
    memset(&ones, 0xff, sizeof ones);
    bits_copy(bytes, n, 0, value.b, f->n_bytes, s->dst.ofs, s->n_bits);
    bits_copy(ones.b, f->n_bytes, 0, mask.b, f->n_bytes, s->dst.ofs, s->n_bits);
    if (field_is_tun(f)) {
        return match_add_tun(m, flow->tun.table, f, &value, &mask);
    }
    field_set_match(s->dst.field, &value, &mask, m);
    return true;
}

static void add_output(const uint8_t *bytes, unsigned n, struct acts *acts)
{
    struct act_output *out = acts_put(acts, ACT_OUTPUT, sizeof *out);
    uint32_t port = 0;

    for (unsigned i = 0; i < n; i++) {
        port = port << 8 | bytes[i];
    }
    out->port = port <= UINT16_MAX ? port_from_10((uint16_t)port) : port;
}

bool act_learn_build(const struct act_learn *a, const struct flow *flow, struct match *m,
                     struct acts *acts)
{
    const struct act *i;
    uint8_t bytes[FIELD_VALUE_MAX];

    match_init(m);
    ACT_FOR_EACH(i, act_learn_specs(a), a->nested_len) {
        const struct act_learn_spec *s = (const void *)i;
        unsigned n = source_bits(s, flow, bytes);
        switch ((enum act_learn_kind)s->kind) {
        case LEARN_MATCH:
            if (!add_match(s, flow, bytes, n, m)) {
                return false;
            }
            break;
        case LEARN_LOAD:
            act_put_load(acts, &s->dst, bytes, n);
            break;
        case LEARN_OUTPUT:
            add_output(bytes, n, acts);
            break;
        }
    }
    if (a->fin_idle_timeout || a->fin_hard_timeout) {
        struct act_fin_timeout *fin = acts_put(acts, ACT_FIN_TIMEOUT, sizeof *fin);
        fin->idle = a->fin_idle_timeout;
        fin->hard = a->fin_hard_timeout;
    }
    return true;
}

void act_learn_mask(const struct act_learn *a, struct flow *mask)
{
    const struct act *i;

    ACT_FOR_EACH(i, act_learn_specs(a), a->nested_len) {
        const struct act_learn_spec *s = (const void *)i;
        if (s->src.field) {
            subfield_mask(&s->src, mask);
        }
    }
}
