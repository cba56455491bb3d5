/* group_bucket.c - see group.h: buckets of both forms, and properties. */
#include "ofp/group-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/match.h"
#include "ofp/port.h"

#define NTR_VENDOR_ID     0x0000154d
#define NTR_METHOD        1  /* Experimenter type. */
#define NTR_METHOD_LEN    40 /* Of the property without fields. */
#define PROP_EXPERIMENTER 0xffff
#define BUCKET11_LEN      16 /* 1.1 to 1.4: of the structure in front of the actions. */
#define BUCKET15_LEN      8

enum bucket_prop { PROP_WEIGHT, PROP_WATCH_PORT, PROP_WATCH_GROUP };

/* ---- lists ---- */

/* Room for one more of 'size' bytes; lists grow to powers of two. */
static void *grow(void *list, size_t n, size_t size)
{
    return n & (n - 1) ? list : xrealloc(list, (n ? 2 * n : 1) * size);
}

struct bucket *group_add_bucket(struct group *g)
{
    g->buckets = grow(g->buckets, g->n_buckets, sizeof *g->buckets);
    struct bucket *b = &g->buckets[g->n_buckets++];
    *b = (struct bucket){.weight = group_default_weight(g),
                         .watch_port = OFPP_ANY,
                         .watch_group = OFPG_ANY,
                         .acts = ACTS_INIT};
    return b;
}

bool group_has_bucket(const struct group *g, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (g->buckets[i].id == id) {
            return true;
        }
    }
    return false;
}

bool group_add_field(struct group *g, const struct field *f, const struct field_value *mask)
{
    size_t i = g->n_fields;

    while (i > 0 && g->fields[i - 1].field->id >= f->id) {
        i--;
    }
    if (i < g->n_fields && g->fields[i].field == f) {
        return false;
    }
    g->fields = grow(g->fields, g->n_fields, sizeof *g->fields);
    memmove(&g->fields[i + 1], &g->fields[i], (g->n_fields - i) * sizeof *g->fields);
    g->fields[i] = (struct group_field){f, *mask};
    g->n_fields++;
    return true;
}

/* ---- properties ---- */

/* The next property: its type, and a cursor over what follows its header, without padding. */
static enum ofp_error next_prop(struct wire_rd *r, uint16_t *type, struct wire_rd *body)
{
    *type = wire_rd_u16(r);
    uint16_t len = wire_rd_u16(r);

    *body = wire_rd_sub(r, len >= 4 ? len - 4u : SIZE_MAX);
    wire_rd_skip(r, ROUND_UP(len, 8) - len);
    return r->err ? OFPERR_OFPBPC_BAD_LEN : OFPERR_OK;
}

/* The kinds that nobody knows. */
static enum ofp_error unknown_prop(uint16_t type, struct wire_rd *body)
{
    if (type != PROP_EXPERIMENTER) {
        return OFPERR_OFPBPC_BAD_TYPE;
    }
    return wire_rd_left(body) < 8 ? OFPERR_OFPBPC_BAD_LEN : OFPERR_OFPBPC_BAD_EXP_TYPE;
}

static enum ofp_error decode_bucket_prop(struct bucket *b, uint16_t type, struct wire_rd *body)
{
    switch (type) {
    case PROP_WEIGHT:
        b->weight = wire_rd_u16(body);
        return body->err ? OFPERR_OFPBPC_BAD_LEN : OFPERR_OK; /* Its padding is not looked at. */
    case PROP_WATCH_PORT:
        b->watch_port = wire_rd_u32(body);
        break;
    case PROP_WATCH_GROUP:
        b->watch_group = wire_rd_u32(body);
        break;
    default:
        return unknown_prop(type, body);
    }
    if (body->err || wire_rd_left(body)) {
        return OFPERR_OFPBPC_BAD_LEN;
    }
    return OFPERR_OK;
}

static void put_prop32(struct wire_wr *w, enum bucket_prop type, uint32_t value)
{
    wire_wr_u16(w, (uint16_t)type);
    wire_wr_u16(w, 8);
    wire_wr_u32(w, value);
}

/* ---- buckets ---- */

static enum ofp_error decode_bucket11(struct wire_rd *r, const struct msg_header *h,
                                      struct group *g)
{
    struct bucket *b = group_add_bucket(g);

    b->id = (uint32_t)g->n_buckets - 1;
    b->weight = wire_rd_u16(r);
    b->watch_port = wire_rd_u32(r);
    b->watch_group = wire_rd_u32(r);
    wire_rd_skip(r, 4);
    enum ofp_error error = acts_decode_actions(r, wire_rd_left(r), h, &b->acts);
    return !error && !ofp_port_ok(b->watch_port) ? OFPERR_OFPGMFC_BAD_WATCH : error;
}

static enum ofp_error decode_bucket15(struct wire_rd *r, const struct msg_header *h,
                                      struct group *g)
{
    struct bucket *b = group_add_bucket(g);
    uint16_t acts_len = wire_rd_u16(r);
    enum ofp_error error = OFPERR_OK;

    b->id = wire_rd_u32(r);
    if (acts_len > wire_rd_left(r)) {
        return OFPERR_OFPGMFC_BAD_BUCKET;
    }
    error = acts_decode_actions(r, acts_len, h, &b->acts);
    while (!error && wire_rd_left(r)) {
        struct wire_rd body;
        uint16_t type;
        error = next_prop(r, &type, &body);
        error = error ? error : decode_bucket_prop(b, type, &body);
    }
    if (!error && !ofp_port_ok(b->watch_port)) {
        error = OFPERR_OFPGMFC_BAD_WATCH;
    }
    return !error && b->id > BUCKET_MAX ? OFPERR_OFPGMFC_BAD_BUCKET : error;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static enum ofp_error check_ids(const struct group *g)
{
    enum ofp_error error = OFPERR_OK;
    uint32_t *ids = xmalloc(MAX(g->n_buckets, 1u) * sizeof *ids);

    for (size_t i = 0; i < g->n_buckets; i++) {
        ids[i] = g->buckets[i].id;
    }
    qsort(ids, g->n_buckets, sizeof *ids, compare_ids);
    for (size_t i = 1; i < g->n_buckets; i++) {
        if (ids[i] == ids[i - 1]) {
            error = OFPERR_OFPGMFC_BAD_BUCKET;
        }
    }
    free(ids);
    return error;
}

enum ofp_error buckets_decode(struct wire_rd *r, const struct msg_header *h, struct group *g)
{
    bool props = group_has_props(h->version);
    size_t fixed = props ? BUCKET15_LEN : BUCKET11_LEN;

    while (wire_rd_left(r)) {
        uint16_t len = wire_rd_left(r) >= fixed ? wire_rd_u16(r) : 0;
        if (len < fixed || len - 2u > wire_rd_left(r)) {
            return OFPERR_OFPGMFC_BAD_BUCKET;
        }
        struct wire_rd body = wire_rd_sub(r, len - 2u);
        enum ofp_error error = props ? decode_bucket15(&body, h, g) : decode_bucket11(&body, h, g);
        if (error) {
            return error;
        }
    }
    return props ? check_ids(g) : OFPERR_OK;
}

static void encode_bucket11(const struct bucket *b, uint8_t version, struct wire_wr *w)
{
    wire_wr_u16(w, b->weight);
    wire_wr_u32(w, b->watch_port);
    wire_wr_u32(w, b->watch_group);
    wire_wr_zeros(w, 4);
    acts_encode_actions(b->acts.data, b->acts.len, version, w);
}

static void encode_bucket15(const struct group *g, const struct bucket *b, uint8_t version,
                            struct wire_wr *w)
{
    size_t ofs = w->len;

    wire_wr_zeros(w, 2);
    wire_wr_u32(w, b->id);
    size_t acts = w->len;
    acts_encode_actions(b->acts.data, b->acts.len, version, w);
    if (!w->err) {
        wire_wr_patch16(w, ofs, (uint16_t)(w->len - acts));
    }
    if (b->weight || g->type == GROUP_SELECT) {
        put_prop32(w, PROP_WEIGHT, (uint32_t)b->weight << 16);
    }
    if (b->watch_port != OFPP_ANY) {
        put_prop32(w, PROP_WATCH_PORT, b->watch_port);
    }
    if (b->watch_group != OFPG_ANY) {
        put_prop32(w, PROP_WATCH_GROUP, b->watch_group);
    }
}

void buckets_encode(const struct group *g, uint8_t version, struct wire_wr *w, size_t len_ofs)
{
    size_t list = w->len;

    for (size_t i = 0; i < g->n_buckets && !w->err; i++) {
        size_t start = w->len;
        wire_wr_zeros(w, 2);
        if (group_has_props(version)) {
            encode_bucket15(g, &g->buckets[i], version, w);
        } else {
            encode_bucket11(&g->buckets[i], version, w);
        }
        if (w->len - list > UINT16_MAX) {
            w->err = true;
        } else if (!w->err) {
            wire_wr_patch16(w, start, (uint16_t)(w->len - start));
        }
    }
    if (len_ofs != SIZE_MAX && !w->err) {
        wire_wr_patch16(w, len_ofs, (uint16_t)(w->len - list));
    }
}

/* ---- selection method ---- */

static enum ofp_error decode_field(struct wire_rd *r, const struct msg_header *h, struct group *g)
{
    const struct field *f;
    struct field_value mask = {{0}};
    bool has_mask;
    struct wire_rd ahead = *r;
    uint8_t n = (uint8_t)wire_rd_u32(&ahead);
    bool cut = ahead.err || n > wire_rd_left(&ahead);
    enum ofp_error error = tlv_header_decode(r, h, &f, &has_mask);

    if (cut) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (error) { /* A length that no field has makes it an unknown field, as in matches. */
        return error == OFPERR_OFPBMC_BAD_LEN ? OFPERR_OFPBMC_BAD_FIELD : error;
    }
    if (has_mask) {
        return OFPERR_OFPBMC_BAD_MASK;
    }
    if (f->n_bytes > FIELD_VALUE_MAX) {
        return OFPERR_OFPBMC_BAD_FIELD;
    }
    wire_rd_copy(r, mask.b, f->n_bytes);
    if (r->err) {
        return OFPERR_OFPBMC_BAD_LEN;
    }
    if (f->maskable == MASK_NONE && !is_all_ones(mask.b, f->n_bytes)) {
        return OFPERR_OFPBMC_BAD_MASK;
    }
    return group_add_field(g, f, &mask) ? OFPERR_OK : OFPERR_OFPBMC_DUP_FIELD;
}

/* May there be one here? */
static enum ofp_error method_allowed(uint16_t command, const struct group *g)
{
    if (g->type != GROUP_SELECT) {
        return g->type < GROUP_N_TYPES ? OFPERR_OFPBPC_BAD_VALUE : OFPERR_OFPGMFC_BAD_TYPE;
    }
    if (command == GM_ADD || command == GM_MODIFY || command == GM_ADD_OR_MODIFY) {
        return OFPERR_OK;
    }
    return group_command_known(command) ? OFPERR_OFPBPC_BAD_VALUE : OFPERR_OFPGMFC_BAD_COMMAND;
}

static enum ofp_error decode_method(struct wire_rd *body, const struct msg_header *h,
                                    uint16_t command, struct group *g)
{
    enum ofp_error error = method_allowed(command, g);

    if (error) {
        return error;
    }
    if (wire_rd_left(body) < NTR_METHOD_LEN - 12) {
        return OFPERR_OFPBPC_BAD_LEN;
    }
    g->n_fields = 0; /* Of the last property alone, should there be two. */
    wire_rd_skip(body, 4);
    wire_rd_copy(body, g->method, sizeof g->method);
    g->method_param = wire_rd_u64(body);
    char *end = memchr(g->method, '\0', sizeof g->method);
    if (!end) {
        return OFPERR_OFPBPC_BAD_VALUE;
    }
    memset(end, 0, (size_t)(g->method + sizeof g->method - end));
    bool hash = !strcmp(g->method, "hash");
    if (!hash && (strcmp(g->method, "dp_hash") || wire_rd_left(body))) {
        return OFPERR_OFPBPC_BAD_VALUE;
    }
    while (!error && wire_rd_left(body)) {
        error = decode_field(body, h, g);
    }
    return error;
}

enum ofp_error group_props_decode(struct wire_rd *r, const struct msg_header *h, uint16_t command,
                                  struct group *g)
{
    enum ofp_error error = OFPERR_OK;

    while (!error && wire_rd_left(r)) {
        struct wire_rd body;
        uint16_t type;
        error = next_prop(r, &type, &body);
        if (error) {
            break;
        }
        struct wire_rd inner = body;
        uint32_t vendor = wire_rd_u32(&inner), exp_type = wire_rd_u32(&inner);
        bool method = type == PROP_EXPERIMENTER && !inner.err && vendor == NTR_VENDOR_ID &&
                      exp_type == NTR_METHOD;
        error = method ? decode_method(&inner, h, command, g) : unknown_prop(type, &body);
    }
    return error;
}

void group_props_encode(const struct group *g, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;

    if (!*g->method) {
        return;
    }
    wire_wr_u16(w, PROP_EXPERIMENTER);
    wire_wr_zeros(w, 2);
    wire_wr_u32(w, NTR_VENDOR_ID);
    wire_wr_u32(w, NTR_METHOD);
    wire_wr_zeros(w, 4);
    wire_wr_bytes(w, g->method, sizeof g->method);
    wire_wr_u64(w, g->method_param);
    for (size_t i = 0; i < g->n_fields; i++) {
        tlv_encode(g->fields[i].field, &g->fields[i].mask, NULL, version, w);
    }
    if (!w->err) {
        wire_wr_patch16(w, start + 2, (uint16_t)(w->len - start));
    }
    wire_wr_pad(w, start, 8);
}
