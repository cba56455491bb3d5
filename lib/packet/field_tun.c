/* field_tun.c - see field.h and flow.h: tunnel options, whose length and place are not in
 * fields.def.
 *
 * The rows of mapped options are made once, all at the first need (they are 270 kB, and most
 * processes never look at them), so that a field of a given length is one address: acts that hold
 * it are compared as bytes. */
#include <pthread.h>

#include "lib/packet/field-private.h"
#include "lib/packet/tlv_table.h"

#define LENGTHS (TUN_OPTION_MAX / 4)

static struct field mapped[TUN_OPTIONS][LENGTHS];
static pthread_once_t mapped_once = PTHREAD_ONCE_INIT;

static void make_mapped(void)
{
    for (unsigned i = 0; i < TUN_OPTIONS; i++) {
        for (unsigned k = 0; k < LENGTHS; k++) {
            struct field *f = &mapped[i][k];
            unsigned len = 4 * (k + 1);
            *f = fields[MF_TUN_METADATA0 + i];
            f->n_bytes = (uint16_t)len;
            f->n_bits = (uint16_t)(8 * len);
            f->cp[0].header = (f->cp[0].header & ~UINT32_C(0xff)) | len;
        }
    }
}

const struct field *field_tun_mapped(unsigned index, unsigned len)
{
    pthread_once(&mapped_once, make_mapped);
    return &mapped[index][len / 4 - 1];
}

/* NULL: the flow has no such field. */
static const uint8_t *place_of(const struct field *f, const struct flow *flow)
{
    const struct tlv_table *t = flow->tun.table;
    unsigned index = field_tun_index(f);

    return t && tlv_table_field(t, index) == f ? flow->tun.space + tlv_table_ofs(t, index) : NULL;
}

void field_tun_get(const struct field *f, const struct flow *flow, struct field_value *out)
{
    const uint8_t *p = place_of(f, flow);

    if (p) {
        memcpy(out->b, p, f->n_bytes);
    }
}

void field_tun_set(const struct field *f, const struct field_value *v, struct flow *flow)
{
    const uint8_t *p = place_of(f, flow);

    if (p) {
        memcpy(flow->tun.space + (p - flow->tun.space), v->b, f->n_bytes);
        flow->tun.present |= BIT64(field_tun_index(f));
    }
}

void field_tun_delete(const struct field *f, struct flow *flow)
{
    struct field_value none = {{0}};

    field_tun_set(f, &none, flow);
    flow->tun.present &= ~BIT64(field_tun_index(f));
}

unsigned field_wire_len(const struct field *f, const struct field_value *value,
                        const struct field_value *mask)
{
    unsigned n = f->n_bytes;

    if (field_is_tun(f) && !field_is_mapped(f)) {
        while (n && !value->b[f->n_bytes - n] && !(mask && mask->b[f->n_bytes - n])) {
            n--;
        }
    }
    return n;
}

unsigned match_tun_used(const struct match *m)
{
    unsigned used = 0;

    for (uint64_t map = m->mask.tun.present; map; map &= map - 1) {
        used += m->tun[__builtin_ctzll(map)].len;
    }
    return used;
}

static void insert(struct flow_tun *t, unsigned ofs, unsigned used, unsigned len)
{
    memmove(t->space + ofs + len, t->space + ofs, used - ofs);
    memset(t->space + ofs, 0, len);
}

/* Makes room behind the options of lower numbers. */
static unsigned make_room(struct match *m, unsigned index, unsigned used, unsigned len)
{
    unsigned ofs = 0;

    for (uint64_t map = m->mask.tun.present; map; map &= map - 1) {
        unsigned i = (unsigned)__builtin_ctzll(map);
        if (i < index) {
            ofs += m->tun[i].len;
        } else {
            m->tun[i].ofs = (uint16_t)(m->tun[i].ofs + len);
        }
    }
    insert(&m->flow.tun, ofs, used, len);
    insert(&m->mask.tun, ofs, used, len);
    return ofs;
}

bool match_put_tun(struct match *m, unsigned index, int ofs, unsigned len, const uint8_t *value,
                   const uint8_t *mask)
{
    uint64_t bit = BIT64(index);
    unsigned used = match_tun_used(m);

    if (m->mask.tun.present & bit || used + len > TUN_SPACE) {
        return false;
    }
    unsigned at = ofs == TUN_PACKED ? make_room(m, index, used, len) : (unsigned)ofs;
    m->flow.tun.present |= bit;
    m->mask.tun.present |= bit;
    m->tun[index] = (struct tun_place){(uint16_t)at, (uint8_t)len, mask != NULL};
    for (unsigned i = 0; i < len; i++) {
        m->mask.tun.space[at + i] = mask ? mask[i] : 0xff;
        m->flow.tun.space[at + i] = value[i] & m->mask.tun.space[at + i];
    }
    return true;
}

bool match_add_tun(struct match *m, const struct tlv_table *t, const struct field *f,
                   const struct field_value *value, const struct field_value *mask)
{
    unsigned index = field_tun_index(f), len = f->n_bytes;

    if (!t || tlv_table_field(t, index) != f) {
        return false;
    }
    if (!(m->mask.tun.present & BIT64(index))) {
        bool exact = is_all_ones(mask->b, len);
        return match_put_tun(m, index, (int)tlv_table_ofs(t, index), len, value->b,
                             exact ? NULL : mask->b);
    }
    uint8_t *v = m->flow.tun.space + m->tun[index].ofs;
    uint8_t *known = m->mask.tun.space + m->tun[index].ofs;
    for (unsigned i = 0; i < len; i++) {
        v[i] = (uint8_t)((v[i] & ~mask->b[i]) | (value->b[i] & mask->b[i]));
        known[i] |= mask->b[i];
    }
    m->tun[index].masked = !is_all_ones(known, len);
    return true;
}
