/* field.c - see field.h.  The array made of fields.def, and values in and out of struct flow.
 * Look-up is in field_index.c, prerequisites in field_prereq.c, bit ranges in field_bits.c. */
#include "lib/packet/field.h"

#include "lib/packet/field-private.h"

/* Experimenter ids of class 0xffff. */
#define EXPERIMENTER_NX  0x00002320
#define EXPERIMENTER_ONF 0x4f4e4600
#define EXPERIMENTER_NSH 0x005ad650

#define HEADER(CLASS, FIELDNO, LEN) (UINT32_C(CLASS) << 16 | (FIELDNO) << 9 | (LEN))
#define CP(NAME, CLASS, FIELDNO, LEN, VER)         \
    {                                              \
#NAME, HEADER(CLASS, FIELDNO, LEN), 0, VER \
    }
#define EXP(NAME, WHO, FIELDNO, LEN, VER)                            \
    {                                                                \
#NAME, HEADER(0xffff, FIELDNO, LEN), EXPERIMENTER_##WHO, VER \
    }
#define NO_CODEPOINT  \
    {                 \
        NULL, 0, 0, 0 \
    }
#define ALL          UINT64_MAX
#define LOW_BYTES(N) ((N) >= 8 ? UINT64_MAX : BIT64(8 * ((N) % 8)) - 1)

const struct field fields[MF_N_IDS] = {
#define FIELD(ID, NAME, ALIAS, N_BYTES, N_BITS, MEMBER, SIZE, SHIFT, STORE, MASKABLE, ACCESS, \
              PREREQ, FORMAT, FIRST, ...)                                                     \
    [MF_##ID] = {.id = MF_##ID,                                                               \
                 .name = NAME,                                                                \
                 .alias = ALIAS,                                                              \
                 .n_bytes = N_BYTES,                                                          \
                 .n_bits = N_BITS,                                                            \
                 .ofs = offsetof(struct flow, MEMBER),                                        \
                 .size = SIZE,                                                                \
                 .shift = SHIFT,                                                              \
                 .store = STORE & LOW_BYTES(SIZE),                                            \
                 .maskable = MASK_##MASKABLE,                                                 \
                 .access = ACCESS_##ACCESS,                                                   \
                 .prereq = PREREQ_##PREREQ,                                                   \
                 .format = FMT_##FORMAT,                                                      \
                 .first_version = FIRST,                                                      \
                 .cp = {__VA_ARGS__}},
#include "lib/packet/fields.def"
#undef FIELD
};

/* Nearly all fields have one of these sizes. */
static uint64_t load_be(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;

    switch (n) {
    case 1:
        return p[0];
    case 2:
        return get_be16(p);
    case 4:
        return get_be32(p);
    case 8:
        return get_be64(p);
    default:
        for (unsigned i = 0; i < n; i++) {
            v = v << 8 | p[i];
        }
        return v;
    }
}

static void store_be(uint8_t *p, unsigned n, uint64_t v)
{
    switch (n) {
    case 1:
        p[0] = (uint8_t)v;
        break;
    case 2:
        put_be16(p, (uint16_t)v);
        break;
    case 4:
        put_be32(p, (uint32_t)v);
        break;
    case 8:
        put_be64(p, v);
        break;
    default:
        for (unsigned i = n; i-- > 0; v >>= 8) {
            p[i] = (uint8_t)v;
        }
    }
}

uint64_t field_value_to_u64(const struct field *f, const struct field_value *v)
{
    unsigned n = MIN(f->n_bytes, 8u);
    return load_be(v->b + f->n_bytes - n, n);
}

void field_value_from_u64(const struct field *f, uint64_t x, struct field_value *v)
{
    unsigned n = MIN(f->n_bytes, 8u);
    memset(v, 0, sizeof *v);
    store_be(v->b + f->n_bytes - n, n, x);
}

void field_value_ones(const struct field *f, struct field_value *v)
{
    memset(v, 0, sizeof *v);
    memset(v->b, 0xff, f->n_bytes);
}

static const uint8_t *container(const struct field *f, const struct flow *flow)
{
    return (const uint8_t *)flow + f->ofs;
}

static uint8_t *container_mut(const struct field *f, struct flow *flow)
{
    return (uint8_t *)flow + f->ofs;
}

/* The 16-bit port space of OpenFlow 1.0 keeps its reserved ports at 0xff00 and above. */
static uint64_t port10_get(uint64_t port)
{
    return port < 0xff00 || port >= 0xffffff00 ? port & 0xffff : 0xffff;
}

static uint64_t port10_put(uint64_t port)
{
    return port < 0xff00 ? port : port | 0xffff0000;
}

uint64_t field_raw_get(const struct field *f, const struct flow *flow)
{
    uint64_t c = load_be(container(f, flow), f->size) & f->store;
    return f->format == FMT_PORT10 ? port10_get(c) : c >> f->shift;
}

void field_raw_set(const struct field *f, uint64_t v, struct flow *flow)
{
    uint8_t *p = container_mut(f, flow);
    v = f->format == FMT_PORT10 ? port10_put(v) : v << f->shift;
    store_be(p, f->size, (load_be(p, f->size) & ~f->store) | (v & f->store));
}

/* Fields of a VLAN tag that say nothing of the tag being there, so they imply it. */
static bool implies_tag(const struct field *f)
{
    return f->id == MF_DL_VLAN || f->id == MF_DL_VLAN_PCP || f->id == MF_VLAN_PCP;
}

#define DL_VLAN_NONE 0xffff

void field_get(const struct field *f, const struct flow *flow, struct field_value *out)
{
    if (f->size <= 8 && !field_is_tun(f)) {
        field_value_from_u64(f, field_raw_get(f, flow), out);
        return;
    }
    memset(out, 0, sizeof *out);
    if (field_is_tun(f)) {
        field_tun_get(f, flow, out);
    } else {
        memcpy(out->b, container(f, flow), f->size);
    }
}

void field_set(const struct field *f, const struct field_value *v, struct flow *flow)
{
    if (f->size > 8) {
        memcpy(container_mut(f, flow), v->b, f->size);
        return;
    }
    if (field_is_tun(f)) {
        field_tun_set(f, v, flow);
    }
    if (!f->size) {
        return;
    }
    uint64_t x = field_value_to_u64(f, v);
    if (f->id == MF_DL_VLAN && x == DL_VLAN_NONE) {
        flow->key.vlan[0].tci = 0;
        return;
    }
    field_raw_set(f, x, flow);
    if (implies_tag(f)) {
        flow->key.vlan[0].tci |= htons(VLAN_CFI);
    }
}

void field_set_masked(const struct field *f, const struct field_value *v,
                      const struct field_value *mask, struct flow *flow)
{
    struct field_value x;

    field_get(f, flow, &x);
    for (unsigned i = 0; i < f->n_bytes; i++) {
        x.b[i] = (uint8_t)((v->b[i] & mask->b[i]) | (x.b[i] & ~mask->b[i]));
    }
    field_set(f, &x, flow);
}

void field_set_match(const struct field *f, const struct field_value *v,
                     const struct field_value *mask, struct match *m)
{
    struct field_value x;

    for (unsigned i = 0; i < f->n_bytes; i++) {
        x.b[i] = v->b[i] & mask->b[i];
    }
    if (field_is_tun(f)) {
        bool exact = is_all_ones(mask->b, f->n_bytes);
        unsigned len = field_wire_len(f, &x, exact ? NULL : mask), skip = f->n_bytes - len;
        if (!match_put_tun(m, field_tun_index(f), TUN_PACKED, len, x.b + skip,
                           exact ? NULL : mask->b + skip)) {
            return;
        }
    } else if (f->size > 8) {
        memcpy(container_mut(f, &m->flow), x.b, f->size);
        memcpy(container_mut(f, &m->mask), mask->b, f->size);
    } else if (f->size) {
        uint64_t mask_bits = field_value_to_u64(f, mask);
        uint64_t value = field_value_to_u64(f, &x);
        bool no_tag = f->id == MF_DL_VLAN && value == DL_VLAN_NONE;
        field_raw_set(f, mask_bits, &m->mask);
        field_raw_set(f, no_tag ? 0 : value, &m->flow);
        if (implies_tag(f) && mask_bits) {
            be16 cfi = htons(VLAN_CFI);
            m->mask.key.vlan[0].tci |= cfi;
            m->flow.key.vlan[0].tci = (be16)((m->flow.key.vlan[0].tci & ~cfi) | (no_tag ? 0 : cfi));
        }
    }
    if (field_needs_ethernet(f) && !is_all_zeros(mask->b, f->n_bytes)) {
        m->mask.key.packet_type = UINT32_MAX;
    }
}

void field_mask_exact(const struct field *f, struct flow *mask)
{
    if (field_is_tun(f)) {
        struct field_value ones;
        field_value_ones(f, &ones);
        field_tun_set(f, &ones, mask);
    } else if (f->size > 8) {
        memset(container_mut(f, mask), 0xff, f->size);
    } else if (f->size) {
        field_raw_set(f, UINT64_MAX >> f->shift, mask);
        if (implies_tag(f)) {
            mask->key.vlan[0].tci |= htons(VLAN_CFI);
        }
    }
}

bool field_is_exact(const struct field *f, const struct flow *mask)
{
    if (f->size > 8) {
        return is_all_ones(container(f, mask), f->size);
    }
    return f->size && (load_be(container(f, mask), f->size) & f->store) == f->store;
}

bool field_is_wild(const struct field *f, const struct flow *mask)
{
    if (field_is_tun(f)) {
        return !(mask->tun.present >> field_tun_index(f) & 1);
    }
    if (f->size > 8) {
        return is_all_zeros(container(f, mask), f->size);
    }
    return !(load_be(container(f, mask), f->size) & f->store);
}

bool field_value_ok(const struct field *f, const struct field_value *v)
{
    if (f->size > 8 || field_is_tun(f)) {
        return true;
    }
    uint64_t x = field_value_to_u64(f, v);
    if (f->format == FMT_PORT) {
        return x < 0xff00 || x >= 0xffffff00; /* Those that OpenFlow 1.0 can name, too. */
    }
    switch (f->id) {
    case MF_NSH_MDTYPE:
        return x == 1 || x == 2;
    case MF_IN_PORT:
        return true; /* Its container is wider, in another numbering. */
    default:
        return (x << f->shift & f->store) >> f->shift == x;
    }
}
