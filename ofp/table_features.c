/* table_features.c - see table_features.h: the codec, and what our own tables can do
 * (OpenFlow 1.3.5 section 7.3.5.5, 1.5 section 7.3.5.17). */
#include "ofp/table_features.h"

#include "ofp/match.h"
#include "ofp/prop.h"

enum table_prop {
    PROP_INSTRUCTIONS = 0,
    PROP_NEXT_TABLES = 2,
    PROP_WRITE_ACTIONS = 4,
    PROP_APPLY_ACTIONS = 6,
    PROP_MATCH = 8,
    PROP_WILDCARDS = 10,
    PROP_WRITE_SETFIELD = 12,
    PROP_APPLY_SETFIELD = 14,
    PROP_FIRST_EXP = 0xfffe, /* Misses; 0xffff others. */
};
#define REQUIRED 0x5555 /* All of them, for hits. */

#define ENTRY_LEN     64
#define CAN_EVICT     0x4
#define CAN_VACANCY   0x8
#define N_IDS         32 /* Of instructions and actions that a bitmap can tell. */
#define MISS_BIT(T)   BIT((T) / 2)
#define INST_OF(T, F) ((T)&1 ? &(F)->miss : &(F)->hit)

/* ---- decode ---- */

static enum ofp_error decode_ids(struct wire_rd *r, uint32_t *bits)
{
    *bits = 0;
    while (wire_rd_left(r)) {
        uint16_t id = wire_rd_u16(r);
        uint16_t len = wire_rd_u16(r);
        wire_rd_skip(r, len >= 4 ? len - 4u : SIZE_MAX);
        if (r->err) {
            return OFPERR_OFPBPC_BAD_LEN;
        }
        *bits |= id < N_IDS ? BIT(id) : 0;
    }
    return OFPERR_OK;
}

/* Is the header that comes one that has no room for the experimenter's id? */
static bool cut_experimenter(const struct wire_rd *r)
{
    return wire_rd_left(r) >= 4 && get_be16(r->p) == PROP_EXPERIMENTER && r->p[3] < 4;
}

static enum ofp_error decode_fields(struct wire_rd *r, const struct msg_header *h,
                                    struct field_set *set, struct field_set *masked)
{
    memset(set, 0, sizeof *set);
    while (wire_rd_left(r)) {
        const struct field *f = NULL;
        bool has_mask, cut = cut_experimenter(r);
        enum ofp_error error = tlv_header_decode(r, h, &f, &has_mask);
        if (r->err || cut) {
            return OFPERR_OFPBMC_BAD_LEN;
        }
        if (error) {
            continue; /* A field, or a form of one, that we do not know. */
        }
        if (has_mask && !masked) {
            return OFPERR_OFPBMC_BAD_MASK; /* Only what is matched may be masked. */
        }
        field_set_add(set, (int)f->id);
        if (masked && has_mask) {
            field_set_add(masked, (int)f->id);
        }
    }
    return OFPERR_OK;
}

static enum ofp_error decode_next(struct wire_rd *r, uint8_t next[32])
{
    memset(next, 0, 32);
    while (wire_rd_left(r)) {
        uint8_t table = wire_rd_u8(r);
        if (table == UINT8_MAX) {
            return OFPERR_OFPBPC_BAD_VALUE;
        }
        next[table / 8] |= (uint8_t)BIT(table % 8);
    }
    return OFPERR_OK;
}

/* The odd types are for table miss. */
static enum ofp_error decode_prop(struct prop *p, const struct msg_header *h,
                                  struct table_features *tf)
{
    struct table_instruction_features *f = INST_OF(p->type, tf);

    switch (p->type & ~1) {
    case PROP_INSTRUCTIONS:
        return decode_ids(&p->body, &f->instructions);
    case PROP_NEXT_TABLES:
        return decode_next(&p->body, f->next);
    case PROP_WRITE_ACTIONS:
        return decode_ids(&p->body, &f->write.actions);
    case PROP_APPLY_ACTIONS:
        return decode_ids(&p->body, &f->apply.actions);
    case PROP_MATCH:
        memset(&tf->mask, 0, sizeof tf->mask);
        return decode_fields(&p->body, h, &tf->match, &tf->mask);
    case PROP_WILDCARDS:
        return decode_fields(&p->body, h, &tf->wildcard, NULL);
    case PROP_WRITE_SETFIELD:
        return decode_fields(&p->body, h, &f->write.set_field, NULL);
    case PROP_APPLY_SETFIELD:
        return decode_fields(&p->body, h, &f->apply.set_field, NULL);
    default:
        return OFPERR_OK;
    }
}

/* Types that there are: for hits all of REQUIRED, for misses all but match and wildcards. */
static bool known_prop(uint16_t type)
{
    return type <= PROP_APPLY_SETFIELD + 1 && type != PROP_MATCH + 1 && type != PROP_WILDCARDS + 1;
}

/* What is twice is refused, known or not. */
static enum ofp_error decode_props(struct wire_rd r, int odd, const struct msg_header *h,
                                   struct table_features *tf, uint32_t *seen)
{
    while (wire_rd_left(&r)) {
        struct prop p;
        enum ofp_error error = prop_decode_exp(&r, PROP_FIRST_EXP, &p);
        if (!error && p.type < 32 && !odd) {
            error = *seen & BIT(p.type) ? OFPERR_OFPTFFC_BAD_FEATURES : OFPERR_OK;
            *seen |= BIT(p.type);
        }
        if (!error && known_prop(p.type) && (p.type & 1) == odd) {
            error = decode_prop(&p, h, tf);
        }
        if (error) {
            return error;
        }
    }
    return OFPERR_OK;
}

enum ofp_error table_features_decode(struct wire_rd *r, const struct msg_header *h,
                                     struct table_features *tf, bool *end)
{
    uint32_t seen = 0;

    memset(tf, 0, sizeof *tf);
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    uint16_t len = wire_rd_u16(r);
    struct wire_rd e = wire_rd_sub(r, len >= ENTRY_LEN ? len - 2u : SIZE_MAX);
    if (r->err || len % 8) {
        r->err = true;
        return OFPERR_OFPBPC_BAD_LEN;
    }
    tf->table_id = wire_rd_u8(&e);
    if (tf->table_id == UINT8_MAX) {
        return OFPERR_OFPTFFC_BAD_TABLE;
    }
    uint8_t command = wire_rd_u8(&e);
    if (h->version >= OFP15_VERSION) {
        if (command > TABLE_FEATURES_DISABLE) {
            return OFPERR_OFPTFFC_BAD_COMMAND;
        }
        tf->command = (enum table_features_command)command;
    }
    wire_rd_skip(&e, 4); /* 1.5: whether the table is one of a set; nothing defines more bits. */
    wire_rd_copy(&e, tf->name, 32);
    tf->name[31] = '\0';
    tf->metadata_match = wire_rd_u64(&e);
    tf->metadata_write = wire_rd_u64(&e);
    uint32_t config = wire_rd_u32(&e);
    tf->has_capabilities = h->version >= OFP14_VERSION;
    tf->can_evict = tf->has_capabilities && config & CAN_EVICT;
    tf->can_warn_vacant = tf->has_capabilities && config & CAN_VACANCY;
    tf->max_entries = wire_rd_u32(&e);
    tf->has_props = wire_rd_left(&e) != 0;
    if (!tf->has_props) {
        return h->version >= OFP15_VERSION ? OFPERR_OK : OFPERR_OFPTFFC_BAD_FEATURES;
    }
    tf->props = e.p;
    tf->props_len = wire_rd_left(&e);
    /* What is said of hits holds for misses unless said otherwise: hits first. */
    enum ofp_error error = decode_props(e, 0, h, tf, &seen);
    tf->miss = tf->hit;
    error = error ? error : decode_props(e, 1, h, tf, &seen);
    for (unsigned type = 1; type <= PROP_APPLY_SETFIELD + 1; type += 2) {
        tf->miss_given |=
            (uint8_t)(seen & BIT(type) && known_prop((uint16_t)type) ? MISS_BIT(type) : 0);
    }
    return error ? error : (seen & REQUIRED) != REQUIRED ? OFPERR_OFPTFFC_BAD_FEATURES : OFPERR_OK;
}

bool table_features_next_exp(struct wire_rd *r, struct prop *p)
{
    while (wire_rd_left(r) && !prop_decode_exp(r, PROP_FIRST_EXP, p)) {
        if (p->type >= PROP_FIRST_EXP) {
            return true;
        }
    }
    return false;
}

/* ---- encode ---- */

static void put_ids(uint16_t type, uint32_t bits, struct wire_wr *w)
{
    size_t start = prop_start(w, type);
    for (unsigned i = 0; i < N_IDS; i++) {
        if (bits & BIT(i)) {
            wire_wr_u16(w, (uint16_t)i);
            wire_wr_u16(w, 4);
        }
    }
    prop_finish(w, start);
}

static void put_next(uint16_t type, const uint8_t next[32], struct wire_wr *w)
{
    size_t start = prop_start(w, type);
    for (unsigned i = 0; i < 256; i++) {
        if (next[i / 8] & BIT(i % 8)) {
            wire_wr_u8(w, (uint8_t)i);
        }
    }
    prop_finish(w, start);
}

static void put_fields(uint16_t type, const struct field_set *set, const struct field_set *mask,
                       uint8_t version, struct wire_wr *w)
{
    size_t start = prop_start(w, type);
    for (int i = 0; i < MF_N_IDS; i++) {
        if (field_set_has(set, i)) {
            tlv_header_encode(&fields[i], version, mask && field_set_has(mask, i), w);
        }
    }
    prop_finish(w, start);
}

/* In the order of their types; the one for misses if it was given, or is not the same. */
static void put_props(const struct table_features *tf, uint8_t version, struct wire_wr *w)
{
    for (uint16_t type = 0; type <= PROP_APPLY_SETFIELD + 1; type++) {
        const struct table_instruction_features *f = INST_OF(type, tf);
        const struct table_instruction_features *hit = &tf->hit;
        bool odd = type & 1, given = !odd || tf->miss_given & MISS_BIT(type);
        switch (type & ~1) {
        case PROP_INSTRUCTIONS:
            if (given || f->instructions != hit->instructions) {
                put_ids(type, f->instructions, w);
            }
            break;
        case PROP_NEXT_TABLES:
            if (given || memcmp(f->next, hit->next, sizeof f->next)) {
                put_next(type, f->next, w);
            }
            break;
        case PROP_WRITE_ACTIONS:
            if (given || f->write.actions != hit->write.actions) {
                put_ids(type, f->write.actions, w);
            }
            break;
        case PROP_APPLY_ACTIONS:
            if (given || f->apply.actions != hit->apply.actions) {
                put_ids(type, f->apply.actions, w);
            }
            break;
        case PROP_MATCH:
            if (!odd) {
                put_fields(type, &tf->match, &tf->mask, version, w);
            }
            break;
        case PROP_WILDCARDS:
            if (!odd) {
                put_fields(type, &tf->wildcard, NULL, version, w);
            }
            break;
        case PROP_WRITE_SETFIELD:
            if (given || memcmp(&f->write.set_field, &hit->write.set_field, sizeof tf->match)) {
                put_fields(type, &f->write.set_field, NULL, version, w);
            }
            break;
        default: /* PROP_APPLY_SETFIELD */
            if (given || memcmp(&f->apply.set_field, &hit->apply.set_field, sizeof tf->match)) {
                put_fields(type, &f->apply.set_field, NULL, version, w);
            }
            break;
        }
    }
}

/* In the order they came in. */
static void put_exp_props(const struct table_features *tf, struct wire_wr *w)
{
    struct wire_rd r;
    struct prop p;

    wire_rd_init(&r, tf->props, tf->props_len);
    while (table_features_next_exp(&r, &p)) {
        size_t start = prop_start(w, p.type);
        wire_wr_u32(w, p.experimenter);
        wire_wr_u32(w, p.exp_type);
        wire_wr_bytes(w, p.body.p, wire_rd_left(&p.body));
        prop_finish(w, start);
    }
}

void table_features_encode(const struct table_features *tf, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;
    char name[32] = "";

    if (version < OFP13_VERSION) {
        w->err = true;
        return;
    }
    wire_wr_u16(w, 0);
    wire_wr_u8(w, tf->table_id);
    wire_wr_u8(w, version >= OFP15_VERSION ? (uint8_t)tf->command : 0);
    wire_wr_u32(w, 0);
    memcpy(name, tf->name, strnlen(tf->name, sizeof name - 1));
    wire_wr_bytes(w, name, sizeof name);
    wire_wr_u64(w, tf->metadata_match);
    wire_wr_u64(w, tf->metadata_write);
    wire_wr_u32(w, version < OFP14_VERSION ? 0 /* 1.3 has only deprecated bits. */
                                           : (tf->can_evict ? CAN_EVICT : 0u) |
                                                 (tf->can_warn_vacant ? CAN_VACANCY : 0u));
    wire_wr_u32(w, tf->max_entries);
    if (tf->has_props) {
        put_props(tf, version, w);
        put_exp_props(tf, w);
    }
    if (w->len - start > UINT16_MAX) {
        w->err = true;
        return;
    }
    wire_wr_patch16(w, start, (uint16_t)(w->len - start));
}
