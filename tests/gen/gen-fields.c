/* gen-fields.c - see gen.h: lists of TLVs from fields.def and protocols.def. */
#include "tests/gen/gen.h"

#define MAX_LIST  512
#define MAX_CHAIN 8

struct list {
    uint8_t b[MAX_LIST];
    size_t len;
};

struct link { /* A field that must have this value. */
    enum field_id field;
    uint64_t value;
};

struct source {
    const struct field *field;
    const struct field_codepoint *cp;
    uint8_t version;
    struct link chain[MAX_CHAIN]; /* In the order of the wire. */
    size_t n_chain;
    gen_fn *emit;
    void *aux;
};

static uint64_t seed_now;

/* How to make each prerequisite true: a field and its value, and what has to be true before. */
static const struct {
    enum field_id field;
    enum field_prereq parent;
    uint64_t value;
} prereqs[] = {
#define PROTO(ID, TEXT, PARENT, FIELD, VALUE1, VALUE2) {MF_##FIELD, PREREQ_##PARENT, VALUE1},
#include "lib/packet/protocols.def"
};

static void link_add(struct source *s, enum field_id field, uint64_t value)
{
    s->chain[s->n_chain++] = (struct link){field, value};
}

static void chain_of(struct source *s, enum field_prereq p)
{
    bool ip6 = strstr(s->field->name, "v6") != NULL;

    if (p == PREREQ_NONE || p == PREREQ_ETHERNET) {
        return;
    }
    if (p == PREREQ_VLAN_VID) {
        link_add(s, MF_VLAN_VID, 0x1005);
    } else if (p == PREREQ_IN_PORT) {
        link_add(s, MF_IN_PORT_OXM, 1);
    } else if (p == PREREQ_CT) {
        link_add(s, MF_ETH_TYPE, ip6 ? 0x86dd : 0x0800);
        link_add(s, MF_CT_STATE, 0x21); /* +new+trk */
        if (s->field->id == MF_CT_TP_SRC || s->field->id == MF_CT_TP_DST) {
            link_add(s, MF_CT_NW_PROTO, 6);
        }
    } else if (prereqs[p].parent == PREREQ_ND_CODE) { /* The type goes before the code. */
        chain_of(s, PREREQ_ICMPV6);
        link_add(s, prereqs[p].field, prereqs[p].value);
        link_add(s, MF_ICMPV6_CODE, 0);
    } else {
        chain_of(s, prereqs[p].parent);
        link_add(s, prereqs[p].field, prereqs[p].value);
    }
}

/* ---- TLVs ---- */

/* One TLV whose header says 'n_value' bytes, with as many. */
static void put_tlv(struct list *l, const struct field_codepoint *cp, const uint8_t *value,
                    const uint8_t *mask, unsigned n_value)
{
    unsigned id_bytes = cp->experimenter ? 4 : 0;
    unsigned n = n_value * (mask ? 2 : 1) + id_bytes;

    put_be32(l->b + l->len, (cp->header & 0xfffffe00u) | (mask ? 0x100u : 0) | n);
    l->len += 4;
    if (id_bytes) {
        put_be32(l->b + l->len, cp->experimenter);
        l->len += 4;
    }
    memcpy(l->b + l->len, value, n_value);
    l->len += n_value;
    if (mask) {
        memcpy(l->b + l->len, mask, n_value);
        l->len += n_value;
    }
}

static void put_link(struct list *l, const struct link *link, uint8_t version)
{
    const struct field *f = &fields[link->field];
    struct field_value v;

    field_value_from_u64(f, link->value, &v);
    /* Of bits that nobody knows is not said that they are zero. */
    put_tlv(l, field_codepoint(f, version), v.b, link->field == MF_CT_STATE ? v.b : NULL,
            f->n_bytes);
}

/* The chain, in which link 'broken' has another value; no such link: as it should be. */
static void put_chain(struct list *l, const struct source *s, size_t broken)
{
    l->len = 0;
    for (size_t i = 0; i < s->n_chain; i++) {
        struct link link = s->chain[i];
        if (i == broken) {
            link.value = link.field == MF_VLAN_VID ? 0 : link.field == MF_CT_STATE ? 0x30 : 0x7a;
        }
        put_link(l, &link, s->version);
    }
}

static void emit(const struct source *s, const struct list *l, const char *what, enum gen_want want,
                 enum ofp_error error)
{
    const struct gen_sample sample = {GEN_OXM, s->cp->name, what, s->version,
                                      l->b,    l->len,      want, error};
    s->emit(s->aux, &sample);
}

/* ---- values ---- */

static uint32_t next_random(void)
{
    seed_now = seed_now * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed_now >> 33);
}

static void clear_high_bits(const struct field *f, uint8_t *b)
{
    for (unsigned i = f->n_bits; i < 8u * f->n_bytes; i++) {
        b[f->n_bytes - 1 - i / 8] &= (uint8_t)~BIT(i % 8);
    }
}

/* A value that the field may have and that is not zero. */
static void choose_value(const struct field *f, uint8_t *b)
{
    for (unsigned i = 0; i < f->n_bytes; i++) {
        b[i] = (uint8_t)(1 + next_random() % 0xfd);
    }
    clear_high_bits(f, b);
    b[f->n_bytes - 1] |= 1;
    switch ((unsigned)f->format) {
    case FMT_PORT:
    case FMT_PORT10:
        memset(b, 0, f->n_bytes);
        b[f->n_bytes - 1] = 3;
        break;
    case FMT_CT_STATE:
        memset(b, 0, 4);
        b[3] = 0x21;
        break;
    case FMT_PACKET_TYPE:
        memcpy(b, (const uint8_t[]){0, 1, 8, 0}, 4);
        break;
    }
    if (f->id == MF_VLAN_VID || f->id == MF_VLAN_TCI) {
        b[0] = (uint8_t)(0x10 | (b[0] & 0x0f));
    } else if (f->id == MF_NW_TOS) {
        b[0] = 0x28;
    } else if (f->id == MF_NSH_TTL) {
        b[0] &= 0x3f;
    } else if (f->id == MF_ARP_OP) {
        b[0] = 0;
    } else if (f->id == MF_NSH_MDTYPE) {
        b[0] = 1;
    }
}

/* A mask of some of the bits, within the field's. */
static void choose_mask(const struct field *f, uint8_t *mask)
{
    memset(mask, 0x55, f->n_bytes);
    mask[f->n_bytes - 1] = 0x5d;
    clear_high_bits(f, mask);
    if (f->format == FMT_CT_STATE) {
        memset(mask, 0, 3);
        mask[3] = 0x21;
    } else if (f->id == MF_VLAN_VID || f->id == MF_VLAN_TCI) {
        mask[0] = 0x10;
        mask[1] = 0x0f;
    } else if (f->n_bits == 2) {
        mask[f->n_bytes - 1] = 1;
    }
}

/* Is this row what the encoder sends for its place in that version? */
static bool is_canonical(const struct source *s)
{
    const struct field *f = s->field;
    bool oxm = s->version >= OFP12_VERSION;

    if (s->cp != field_codepoint(f, s->version)) {
        return false;
    }
    switch ((unsigned)f->id) {
    case MF_IN_PORT:
    case MF_VLAN_TCI:
    case MF_NW_TOS:
        return !oxm;
    case MF_IN_PORT_OXM:
    case MF_IN_PHY_PORT: /* Whose prerequisite it is. */
    case MF_VLAN_VID:
    case MF_VLAN_PCP:
    case MF_IP_DSCP:
        return oxm;
    default:
        if (f->id >= MF_REG0 && f->id <= MF_REG31) {
            return s->version < OFP15_VERSION;
        }
        if (f->id >= MF_XREG0 && f->id <= MF_XREG15) {
            return s->version >= OFP15_VERSION;
        }
        return f->id < MF_XXREG0 || f->id > MF_XXREG7;
    }
}

/* ---- samples of one code point in one version ---- */

static void gen_valid(const struct source *s, const uint8_t *value, const uint8_t *mask)
{
    const struct field *f = s->field;
    enum gen_want same = is_canonical(s) ? WANT_SAME : WANT_OK;
    uint8_t cut[FIELD_VALUE_MAX], zeros[FIELD_VALUE_MAX] = {0}, ones[FIELD_VALUE_MAX];
    struct list l;

    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, value, NULL, f->n_bytes);
    bool open = f->format == FMT_CT_STATE || f->format == FMT_TUN_FLAGS; /* See put_link(). */
    emit(s, &l, "exact", open ? WANT_OK : same, OFPERR_OK);

    memset(ones, 0xff, sizeof ones);
    if (!field_is_tun(f)) { /* Its text does not tell that from no mask, the wire does. */
        put_chain(&l, s, SIZE_MAX);
        put_tlv(&l, s->cp, value, ones, f->n_bytes);
        emit(s, &l, "mask of ones", WANT_OK, OFPERR_OK);
    }

    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, zeros, zeros, f->n_bytes);
    bool zero = f->id != MF_NSH_MDTYPE; /* Has zero for a value. */
    emit(s, &l, "mask of zeros", zero ? WANT_OK : WANT_ERROR, OFPERR_OFPBMC_BAD_VALUE);

    if (f->n_bits < 2) {
        return; /* No mask is partial. */
    }
    for (unsigned i = 0; i < f->n_bytes; i++) {
        cut[i] = value[i] & mask[i];
    }
    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, cut, mask, f->n_bytes);
    if (f->maskable == MASK_NONE) {
        emit(s, &l, "masked", WANT_ERROR, OFPERR_OFPBMC_BAD_MASK);
    } else {
        emit(s, &l, "masked", same, OFPERR_OK);
    }
}

static void gen_bad_values(const struct source *s, const uint8_t *value, const uint8_t *mask)
{
    const struct field *f = s->field;
    uint8_t bad[FIELD_VALUE_MAX];
    struct list l;

    if (f->n_bits > 1) {
        memset(bad, 0, sizeof bad);
        for (unsigned i = 0; i < f->n_bytes; i++) {
            bad[i] = (uint8_t)~mask[i];
        }
        put_chain(&l, s, SIZE_MAX);
        put_tlv(&l, s->cp, bad, mask, f->n_bytes);
        emit(s, &l, "value beyond mask", WANT_ERROR, OFPERR_OFPBMC_BAD_WILDCARDS);
    }
    memcpy(bad, value, sizeof bad);
    if (f->n_bits < 8u * f->n_bytes && f->id != MF_VLAN_VID) {
        bad[f->n_bytes - 1 - f->n_bits / 8] |= (uint8_t)BIT(f->n_bits % 8);
    } else if (f->id == MF_VLAN_VID) {
        bad[0] |= 0x20;
    } else if (f->id == MF_NW_TOS) {
        bad[0] |= 1;
    } else {
        return;
    }
    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, bad, NULL, f->n_bytes);
    /* Of ERSPAN genuine switches take any bits. */
    bool erspan = f->id >= MF_TUN_ERSPAN_IDX && f->id <= MF_TUN_ERSPAN_HWID;
    emit(s, &l, "value too large", erspan ? WANT_ANY : WANT_ERROR, OFPERR_OFPBMC_BAD_VALUE);
}

static void gen_bad_lengths(const struct source *s, const uint8_t *value)
{
    const struct field *f = s->field;
    uint8_t longer[FIELD_VALUE_MAX + 1] = {0};
    struct list l;

    memcpy(longer, value, f->n_bytes);
    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, longer, NULL, f->n_bytes + 1u);
    emit(s, &l, "longer by 1", WANT_ERROR, OFPERR_OFPBMC_BAD_FIELD);
    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, value, NULL, f->n_bytes - 1u);
    /* Nothing left: implementations say BAD_LEN or BAD_FIELD. */
    emit(s, &l, "shorter by 1", f->n_bytes == 1 || field_is_tun(f) ? WANT_ANY : WANT_ERROR,
         OFPERR_OFPBMC_BAD_FIELD);
    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, value, NULL, f->n_bytes);
    l.len--;
    emit(s, &l, "cut", WANT_ERROR, OFPERR_OFPBMC_BAD_LEN);
}

static void gen_context(const struct source *s, const uint8_t *value)
{
    const struct field *f = s->field;
    struct list l;

    put_chain(&l, s, SIZE_MAX);
    put_tlv(&l, s->cp, value, NULL, f->n_bytes);
    put_tlv(&l, s->cp, value, NULL, f->n_bytes);
    emit(s, &l, "twice", WANT_ERROR, OFPERR_OFPBMC_DUP_FIELD);
    if (!s->n_chain) {
        return;
    }
    l.len = 0;
    put_tlv(&l, s->cp, value, NULL, f->n_bytes);
    emit(s, &l, "no prerequisite", WANT_ERROR, OFPERR_OFPBMC_BAD_PREREQ);
    for (size_t i = 0; i < s->n_chain; i++) {
        /* Any port will do, and any protocol of the original direction. */
        if (s->chain[i].field != MF_IN_PORT_OXM && s->chain[i].field != MF_CT_NW_PROTO) {
            put_chain(&l, s, i);
            put_tlv(&l, s->cp, value, NULL, f->n_bytes);
            /* Which protocols have connections is not this field's to say. */
            bool ct = f->prereq == PREREQ_CT && s->chain[i].field == MF_ETH_TYPE;
            emit(s, &l, "other prerequisite", ct ? WANT_ANY : WANT_ERROR, OFPERR_OFPBMC_BAD_PREREQ);
        }
    }
}

static void gen_field(struct source *s)
{
    uint8_t value[FIELD_VALUE_MAX] = {0}, mask[FIELD_VALUE_MAX] = {0};

    s->n_chain = 0;
    chain_of(s, s->field->prereq);
    choose_value(s->field, value);
    choose_mask(s->field, mask);
    gen_valid(s, value, mask);
    gen_bad_values(s, value, mask);
    gen_bad_lengths(s, value);
    gen_context(s, value);
}

/* Tunnel metadata is as long as the peer has it. */
static void gen_metadata(struct source *s)
{
    static const uint8_t value[FIELD_VALUE_MAX] = {0x12, 0x34, 0x56, 0x78};
    bool known = s->field->size != 0;
    enum gen_want want = known ? WANT_SAME : WANT_ERROR;
    struct list l = {.len = 0};

    put_tlv(&l, s->cp, value, NULL, 4);
    emit(s, &l, "exact", want, known ? OFPERR_OK : OFPERR_NXFMFC_INVALID_TLV_FIELD);
    l.len--;
    emit(s, &l, "cut", WANT_ERROR, known ? OFPERR_OFPBMC_BAD_LEN : OFPERR_NXFMFC_INVALID_TLV_FIELD);
}

static void gen_unknown(struct source *s)
{
    static const struct field_codepoint none[] = {
        {"(unknown OXM)", 0x8000fa04, 0, 1},
        {"(unknown NXM)", 0x0001f804, 0, 1},
        {"(unknown class)", 0x7654f804, 0, 1},
        {"(unknown experimenter)", 0xffff0208, 0x12345678, 1},
        {"(unknown ONF)", 0xfffffa08, 0x4f4e4600, 1},
    };

    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        struct list l = {.len = 0};
        s->cp = &none[i];
        put_tlv(&l, s->cp, (const uint8_t[]){0, 0, 0, 1}, NULL, 4);
        emit(s, &l, "unknown", WANT_ERROR, OFPERR_OFPBMC_BAD_FIELD);
    }
}

void gen_fields(uint64_t seed, gen_fn *fn, void *aux)
{
    struct source s = {.emit = fn, .aux = aux};

    for (s.version = OFP10_VERSION; s.version <= OFP15_VERSION; s.version++) {
        gen_unknown(&s);
        for (s.field = fields; s.field < fields + MF_N_IDS; s.field++) {
            for (size_t i = 0; i < FIELD_MAX_CODEPOINTS && s.field->cp[i].name; i++) {
                seed_now = seed;
                s.cp = &s.field->cp[i];
                if (s.field->n_bytes > FIELD_VALUE_MAX) {
                    gen_metadata(&s);
                } else {
                    gen_field(&s);
                }
            }
        }
    }
}
