/* gen-actions.c - see gen.h: lists of actions from actions.def, with bodies from what genuine
 * ovs-ofctl sent and, for what it does not send, from rows.def. */
#include <stdlib.h>

#include "lib/mem.h"
#include "tests/gen/gen.h"

#define MAX_BODIES 6000

/* One action as it stood in a list. */
struct body {
    enum act_raw row;
    uint8_t version;
    bool in_ct;
    enum gen_want want;
    enum ofp_error error;
    uint8_t *data; /* Heap. */
    size_t len;
};

static struct body bodies[MAX_BODIES];
static size_t n_bodies;
static enum act_raw missing[RAW_N + 1];

static const char *const row_names[RAW_N] = {
#define ACT_WIRE(ID, ...) [RAW_##ID] = #ID,
#include "ofp/actions.def"
};

/* ---- collecting ---- */

static enum act_raw row_of(const uint8_t *p, uint8_t version)
{
    uint16_t type = get_be16(p);

    for (size_t i = RAW_NONE + 1; i < RAW_N; i++) {
        const struct act_wire *row = &act_wires[i];
        if (type == ACT_EXPERIMENTER
                ? row->vendor == get_be32(p + 4) && row->subtype == get_be16(p + 8) &&
                      version >= row->first && version <= row->last
                : row->number[version - 1] == type) {
            return (enum act_raw)i;
        }
    }
    return RAW_NONE;
}

static void add_body(struct body b, const uint8_t *p)
{
    for (size_t i = 0; i < n_bodies; i++) {
        const struct body *o = &bodies[i];
        if (o->version == b.version && o->in_ct == b.in_ct && o->len == b.len &&
            !memcmp(o->data, p, b.len)) {
            return;
        }
    }
    if (n_bodies < MAX_BODIES) {
        b.data = xmemdup(p, b.len);
        bodies[n_bodies++] = b;
    }
}

static void add_list(const uint8_t *p, size_t len, uint8_t version, bool in_ct, enum gen_want want)
{
    while (len >= 8) {
        size_t n = get_be16(p + 2);
        if (n < 8 || n > len) {
            return;
        }
        enum act_raw row = row_of(p, version);
        if (row != RAW_NONE) {
            add_body((struct body){row, version, in_ct, want, OFPERR_OK, NULL, n}, p);
        }
        if (row == RAW_CT && n > 24) {
            add_list(p + 24, n - 24, version, true, want);
        }
        p += n;
        len -= n;
    }
}

static void add_flow_mod(const struct gen_recorded *r)
{
    size_t len;
    uint8_t *msg = text_to_hex(r->hex, &len);
    struct gen_flow_parts at;
    enum gen_want want = gen_is_known(r->text) ? WANT_OK : WANT_SAME;

    if (gen_flow_parts(msg, len, &at)) {
        const uint8_t *p = msg + at.acts, *end = msg + len;
        if (r->version == OFP10_VERSION) {
            add_list(p, (size_t)(end - p), r->version, false, want);
        } else {
            while (end - p >= 8 && get_be16(p + 2) >= 8 && get_be16(p + 2) <= end - p) {
                size_t n = get_be16(p + 2);
                if (get_be16(p) == 3 || get_be16(p) == 4) { /* Write-Actions, Apply-Actions. */
                    add_list(p + 8, n - 8, r->version, false, want);
                }
                p += n;
            }
        }
    }
    free(msg);
}

/* ROW(ID, FIRST, LAST, HEX, WANT, ERROR) */
static void add_written(void)
{
    static const struct {
        enum act_raw row;
        uint8_t first, last;
        const char *hex;
        enum gen_want want;
        enum ofp_error error;
    } rows[] = {
#define ROW(ID, FIRST, LAST, HEX, WANT, ERROR) \
    {RAW_##ID, FIRST, LAST, HEX, WANT_##WANT, OFPERR_##ERROR},
#include "tests/gen/rows.def"
#undef ROW
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (uint8_t v = rows[i].first; v <= rows[i].last; v++) {
            size_t len;
            uint8_t *p = text_to_hex(rows[i].hex, &len);
            add_body((struct body){rows[i].row, v, false, rows[i].want, rows[i].error, NULL, len},
                     p);
            free(p);
        }
    }
}

static bool has_body(enum act_raw row, uint8_t version, const struct body **other)
{
    *other = NULL;
    for (size_t i = 0; i < n_bodies; i++) {
        const struct body *b = &bodies[i];
        if (b->row == row && b->version == version) {
            return true;
        }
        if (b->row == row && b->want != WANT_ERROR) {
            *other = b; /* The newest: that has no OpenFlow 1.0 inside. */
        }
    }
    return false;
}

/* Versions in which a row is valid and that nobody sends it in: the body of another version. */
static void add_other_versions(void)
{
    for (size_t row = RAW_NONE + 1; row < RAW_N; row++) {
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION; v++) {
            const struct act_wire *w = &act_wires[row];
            const struct body *other;
            if (!act_wire_valid(w, v) || has_body((enum act_raw)row, v, &other) || !other) {
                continue;
            }
            uint8_t *p = xmemdup(other->data, other->len);
            struct body b = *other;
            put_be16(p, w->number[v - 1]);
            b.version = v;
            b.want = b.want == WANT_SAME ? WANT_OK : b.want;
            add_body(b, p);
            free(p);
        }
    }
}

static void collect(void)
{
    if (n_bodies) {
        return;
    }
    for (const struct gen_recorded *r = gen_flow_mods; r->text; r++) {
        add_flow_mod(r);
    }
    add_written();
    add_other_versions();
    size_t n = 0;
    for (size_t row = RAW_NONE + 1; row < RAW_N; row++) {
        const struct body *other;
        bool shown = false;
        for (uint8_t v = OFP10_VERSION; v <= OFP15_VERSION && !shown; v++) {
            shown = has_body((enum act_raw)row, v, &other);
        }
        if (!shown) {
            missing[n++] = (enum act_raw)row;
        }
    }
    missing[n] = RAW_NONE;
}

const enum act_raw *gen_actions_missing(void)
{
    collect();
    return missing;
}

/* ---- samples ---- */

struct out {
    gen_fn *fn;
    void *aux;
    const char *row;
    uint8_t version;
};

static void emit(const struct out *o, enum gen_kind kind, const char *what, const uint8_t *p,
                 size_t len, enum gen_want want, enum ofp_error error)
{
    const struct gen_sample s = {kind, o->row, what, o->version, p, len, want, error};
    o->fn(o->aux, &s);
}

static enum ofp_error unknown_error(const struct act_wire *row)
{
    return row->vendor ? OFPERR_OFPBAC_BAD_VENDOR_TYPE : OFPERR_OFPBAC_BAD_TYPE;
}

/* No switch takes the actions of tests; others have no decoder. */
static bool is_taken(enum act_raw row)
{
    return act_wires[row].dec && row != RAW_DEBUG_SLOW && row != RAW_DEBUG_RECIRC;
}

/* What the row alone must give, where a list has no instructions. */
static enum gen_want want_of(const struct body *b, enum ofp_error *error)
{
    const struct act_wire *row = &act_wires[b->row];

    *error = b->error;
    if (!is_taken(b->row)) {
        *error = unknown_error(row);
        return WANT_ERROR;
    }
    if (b->in_ct) {
        *error = OFPERR_OFPBAC_BAD_SET_ARGUMENT; /* Nothing that only ct's list may hold. */
        return WANT_ERROR;
    }
    if (b->row == RAW_WRITE_METADATA) {
        *error = OFPERR_OFPBIC_UNSUP_INST; /* Of flows of 1.0 only. */
        return WANT_ERROR;
    }
    return b->want;
}

static void gen_lengths(const struct out *o, const struct body *b)
{
    const struct act_wire *row = &act_wires[b->row];
    uint8_t *p = xzalloc(b->len + 8);
    enum ofp_error bad = row->dec ? OFPERR_OFPBAC_BAD_LEN : unknown_error(row);

    memcpy(p, b->data, b->len);
    put_be16(p + 2, (uint16_t)(b->len - 1));
    emit(o, GEN_ACTIONS, "length less 1", p, b->len, WANT_ERROR, bad);
    put_be16(p + 2, (uint16_t)(b->len + 1));
    emit(o, GEN_ACTIONS, "length plus 1", p, b->len + 8, WANT_ERROR, bad);
    put_be16(p + 2, (uint16_t)(b->len + 8));
    emit(o, GEN_ACTIONS, "length beyond the list", p, b->len, WANT_ERROR, bad);
    emit(o, GEN_ACTIONS, "longer by 8", p, b->len + 8,
         b->len + 8 > row->max || !row->dec ? WANT_ERROR : WANT_ANY, bad);
    put_be16(p + 2, (uint16_t)(b->len - 8));
    emit(o, GEN_ACTIONS, "shorter by 8", p, MAX(b->len - 8, 8u),
         b->len - 8 < row->min ? WANT_ERROR : WANT_ANY, bad);
    put_be16(p + 2, (uint16_t)b->len);
    emit(o, GEN_ACTIONS, "list cut by 4", p, b->len - 4, WANT_ERROR, OFPERR_OFPBRC_BAD_LEN);
    free(p);
}

/* Versions that lack the row. */
static void gen_absent(struct out o, const struct body *b)
{
    const struct act_wire *row = &act_wires[b->row];

    for (o.version = OFP10_VERSION; o.version <= OFP15_VERSION; o.version++) {
        if (!act_wire_valid(row, o.version) && row_of(b->data, o.version) == RAW_NONE) {
            emit(&o, GEN_ACTIONS, "version lacks it", b->data, b->len, WANT_ERROR,
                 get_be16(b->data) == ACT_EXPERIMENTER ? OFPERR_OFPBAC_BAD_VENDOR_TYPE
                                                       : OFPERR_OFPBAC_BAD_TYPE);
        }
    }
}

static void gen_in_set(const struct out *o, const struct body *b)
{
    const struct act_wire *row = &act_wires[b->row];
    enum ofp_error error;
    enum gen_want want = want_of(b, &error);
    size_t len = 8 + b->len;
    uint8_t *p = xzalloc(len);

    if (b->in_ct && row->dec && b->row != RAW_NAT) {
        want = WANT_ANY; /* Which of two rules it breaks first is not told. */
    } else if (b->row == RAW_NAT || want != WANT_ERROR || b->row == RAW_WRITE_METADATA) {
        const struct act_info *info = &act_infos[row->type];
        if (info->slot == ACT_SLOT_NONE) {
            want = WANT_ERROR;
            error = OFPERR_OFPBAC_BAD_TYPE;
        }
    }
    put_be16(p, 3);
    put_be16(p + 2, (uint16_t)len);
    memcpy(p + 8, b->data, b->len);
    emit(o, GEN_INSTRUCTION, "in write_actions", p, len, want, error);
    free(p);
}

static void gen_in_ct(const struct out *o, const struct body *b)
{
    const struct act_wire *row = &act_wires[b->row];
    size_t len = 24 + b->len;
    uint8_t *p = xzalloc(len);

    put_be16(p, ACT_EXPERIMENTER);
    put_be16(p + 2, (uint16_t)len);
    put_be32(p + 4, NX_VENDOR_ID);
    put_be16(p + 8, 35);
    put_be16(p + 10, 1); /* Commit. */
    p[18] = 0xff;        /* No table. */
    memcpy(p + 24, b->data, b->len);
    if (!is_taken(b->row)) {
        emit(o, GEN_ACTIONS, "in ct", p, len, WANT_ERROR, unknown_error(row));
    } else if (b->in_ct) {
        emit(o, GEN_ACTIONS, "in ct", p, len, b->want, b->error);
    } else if (b->want != WANT_ERROR) {
        emit(o, GEN_ACTIONS, "in ct", p, len, WANT_ERROR, OFPERR_OFPBAC_BAD_ARGUMENT);
    }
    free(p);
}

static void gen_unknown(struct out o)
{
    static const uint8_t type[16] = {0, 0xfe, 0, 8},
                         nx[16] = {0xff, 0xff, 0, 16, 0, 0, 0x23, 0x20, 39, 15},
                         vendor[16] = {0xff, 0xff, 0, 16, 1, 2, 3, 4};

    for (o.version = OFP10_VERSION; o.version <= OFP15_VERSION; o.version++) {
        o.row = "(unknown)";
        emit(&o, GEN_ACTIONS, "type", type, 8, WANT_ERROR, OFPERR_OFPBAC_BAD_TYPE);
        emit(&o, GEN_ACTIONS, "subtype", nx, 16, WANT_ERROR, OFPERR_OFPBAC_BAD_VENDOR_TYPE);
        emit(&o, GEN_ACTIONS, "vendor", vendor, 16, WANT_ERROR, OFPERR_OFPBAC_BAD_VENDOR);
    }
}

void gen_actions(gen_fn *fn, void *aux)
{
    bool seen[RAW_N][OFP15_VERSION + 1] = {{false}};
    struct out o = {.fn = fn, .aux = aux};

    collect();
    gen_unknown(o);
    for (size_t i = 0; i < n_bodies; i++) {
        const struct body *b = &bodies[i];
        enum ofp_error error;
        enum gen_want want = want_of(b, &error);
        o.row = row_names[b->row];
        o.version = b->version;
        emit(&o, GEN_ACTIONS, b->in_ct ? "outside ct" : "alone", b->data, b->len, want, error);
        gen_in_ct(&o, b);
        if (b->version >= OFP11_VERSION) {
            gen_in_set(&o, b);
        }
        if (!seen[b->row][b->version]) {
            gen_lengths(&o, b);
            gen_absent(o, b);
            seen[b->row][b->version] = true;
        }
    }
}

/* ---- instructions ---- */

static void gen_instruction(struct out *o, size_t id)
{
    const struct act_inst_info *info = &act_insts[id];
    bool here = o->version >= info->first && o->version <= info->last;
    uint8_t p[64] = {0};
    size_t len = info->min;
    enum ofp_error bad = here ? OFPERR_OFPBIC_BAD_LEN : OFPERR_OFPBIC_UNKNOWN_INST;
    /* Lists without actions are not sent again. */
    bool empty = id == INST_APPLY_ACTIONS || id == INST_WRITE_ACTIONS;

    o->row = info->name;
    put_be16(p, info->number);
    put_be16(p + 2, (uint16_t)len);
    memset(p + 4, 0, 4);
    p[4] = id == INST_GOTO_TABLE ? 7 : 0;
    p[7] = id == INST_METER ? 5 : 0;
    p[15] = id == INST_WRITE_METADATA ? 0x12 : 0;
    p[23] = id == INST_WRITE_METADATA ? 0xff : 0;
    if (!here) {
        emit(o, GEN_INSTRUCTION, "version lacks it", p, len, WANT_ERROR, bad);
        return;
    }
    emit(o, GEN_INSTRUCTION, "alone", p, len, empty ? WANT_OK : WANT_SAME, OFPERR_OK);
    put_be16(p + 2, (uint16_t)(len + 8));
    emit(o, GEN_INSTRUCTION, "length beyond the list", p, len, WANT_ERROR, bad);
    emit(o, GEN_INSTRUCTION, "longer by 8", p, len + 8, len + 8 > info->max ? WANT_ERROR : WANT_ANY,
         bad);
    put_be16(p + 2, (uint16_t)(len - 8));
    emit(o, GEN_INSTRUCTION, "shorter by 8", p, len, WANT_ERROR, bad);
    put_be16(p + 2, (uint16_t)(len + 1));
    emit(o, GEN_INSTRUCTION, "length plus 1", p, len + 8, WANT_ERROR, bad);
    put_be16(p + 2, (uint16_t)len);
    memcpy(p + len, p, len);
    emit(o, GEN_INSTRUCTION, "twice", p, 2 * len, WANT_ERROR, OFPERR_OFPBIC_DUP_INST);
}

void gen_instructions(gen_fn *fn, void *aux)
{
    static const uint8_t unknown[8] = {0, 0x77, 0, 8},
                         experimenter[16] = {0xff, 0xff, 0, 16, 1, 2, 3, 4};
    struct out o = {.fn = fn, .aux = aux};

    for (o.version = OFP11_VERSION; o.version <= OFP15_VERSION; o.version++) {
        o.row = "(unknown)";
        emit(&o, GEN_INSTRUCTION, "type", unknown, 8, WANT_ERROR, OFPERR_OFPBIC_UNKNOWN_INST);
        emit(&o, GEN_INSTRUCTION, "vendor", experimenter, 16, WANT_ERROR,
             OFPERR_OFPBIC_BAD_EXPERIMENTER);
        for (size_t id = 0; id < INST_N; id++) {
            gen_instruction(&o, id);
        }
    }
}
