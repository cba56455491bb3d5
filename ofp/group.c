/* group.c - see group.h: GROUP_MOD and GROUP_DESC on the wire.  Buckets and properties are in
 * group_bucket.c, statistics in group_stats.c, text in group_text.c. */
#include "ofp/group-private.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/port.h"

void group_deinit(struct group *g)
{
    for (size_t i = 0; i < g->n_buckets; i++) {
        acts_deinit(&g->buckets[i].acts);
    }
    free(g->buckets);
    free(g->fields);
    g->buckets = NULL;
    g->fields = NULL;
    g->n_buckets = g->n_fields = 0;
}

void group_mod_deinit(struct group_mod *gm)
{
    group_deinit(&gm->group);
}

/* ---- checks ---- */

/* The number of the bucket that a command is about. */
static bool command_bucket_ok(uint16_t command, uint32_t id)
{
    switch (command) {
    case GM_INSERT_BUCKET:
        return id <= BUCKET_MAX || id == BUCKET_FIRST || id == BUCKET_LAST;
    case GM_REMOVE_BUCKET:
        return id <= BUCKET_MAX || id >= BUCKET_FIRST;
    default:
        return id == BUCKET_ALL;
    }
}

static enum ofp_error check_bucket(const struct group_mod *gm, const struct bucket *b)
{
    bool watches = b->watch_port != OFPP_ANY || b->watch_group != OFPG_ANY;
    uint8_t type = gm->group.type;

    /* The type of INSERT_BUCKET means nothing: the group has one already. */
    if (b->weight && type != GROUP_SELECT && gm->command != GM_INSERT_BUCKET) {
        return OFPERR_OFPGMFC_INVALID_GROUP;
    }
    switch (type) {
    case GROUP_ALL:
    case GROUP_INDIRECT:
        return watches ? OFPERR_OFPGMFC_WATCH_UNSUPPORTED : OFPERR_OK;
    case GROUP_FF:
        return watches ? OFPERR_OK : OFPERR_OFPGMFC_INVALID_GROUP;
    default:
        return OFPERR_OK;
    }
}

static enum ofp_error check_mod(const struct group_mod *gm, uint8_t version)
{
    const struct group *g = &gm->group;

    if (g->type >= GROUP_N_TYPES) {
        return OFPERR_OFPGMFC_BAD_TYPE;
    }
    if (g->type == GROUP_INDIRECT && g->n_buckets != 1 && gm->command != GM_DELETE) {
        return OFPERR_OFPGMFC_INVALID_GROUP;
    }
    if (!group_command_known(gm->command)) {
        return OFPERR_OFPGMFC_BAD_COMMAND;
    }
    if (gm->command == GM_REMOVE_BUCKET && g->n_buckets) {
        return OFPERR_OFPGMFC_BAD_BUCKET;
    }
    if (gm->command == GM_DELETE && g->n_buckets &&
        (version == OFP13_VERSION || version == OFP14_VERSION)) {
        return OFPERR_OFPGMFC_INVALID_GROUP;
    }
    enum ofp_error error = OFPERR_OK;
    for (size_t i = 0; i < g->n_buckets && !error; i++) {
        error = check_bucket(gm, &g->buckets[i]);
    }
    return error;
}

enum ofp_error group_check(const struct group *g)
{
    return check_mod(&(struct group_mod){.command = GM_MODIFY, .group = *g}, OFP15_VERSION);
}

enum ofp_error group_mod_check(const struct group_mod *gm, uint8_t version)
{
    bool buckets = gm->command == GM_INSERT_BUCKET || gm->command == GM_REMOVE_BUCKET;
    uint32_t id = gm->group.id;

    if (!group_command_known(gm->command) || (buckets && !group_has_props(version))) {
        return OFPERR_OFPGMFC_BAD_COMMAND;
    }
    if (id > OFPG_MAX && !(gm->command == GM_DELETE && id == OFPG_ALL)) {
        return OFPERR_OFPGMFC_INVALID_GROUP;
    }
    return OFPERR_OK;
}

/* ---- decode ---- */

/* Buckets of the list's length in front, then properties: both lists of 1.5. */
static enum ofp_error decode_lists(struct wire_rd *r, size_t buckets_len,
                                   const struct msg_header *h, struct group *g)
{
    struct wire_rd list = wire_rd_sub(r, buckets_len);

    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    return buckets_decode(&list, h, g);
}

enum ofp_error group_mod_decode(struct wire_rd *r, const struct msg_header *h, struct group_mod *gm)
{
    *gm = (struct group_mod){.command_bucket = BUCKET_ALL};
    struct group *g = &gm->group;
    bool props = group_has_props(h->version);
    enum ofp_error error = OFPERR_OK;

    gm->command = wire_rd_u16(r);
    g->type = wire_rd_u8(r);
    wire_rd_skip(r, 1);
    g->id = wire_rd_u32(r);
    size_t buckets_len = wire_rd_left(r);
    if (props) {
        buckets_len = wire_rd_u16(r);
        wire_rd_skip(r, 2);
        gm->command_bucket = wire_rd_u32(r);
    }
    if (r->err || wire_rd_left(r) % 8) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    if (props && !command_bucket_ok(gm->command, gm->command_bucket)) {
        return OFPERR_OFPGMFC_BAD_BUCKET;
    }
    error = decode_lists(r, buckets_len, h, g);
    error = error ? error : group_props_decode(r, h, gm->command, g);
    error = error ? error : check_mod(gm, h->version);
    if (error) {
        group_mod_deinit(gm);
    }
    return error;
}

enum ofp_error group_desc_decode(struct wire_rd *r, const struct msg_header *h, struct group *g,
                                 bool *end)
{
    *g = (struct group){0};
    *end = !wire_rd_left(r);
    if (*end) {
        return OFPERR_OK;
    }
    bool props = group_has_props(h->version);
    size_t fixed = props ? 16 : 8;
    uint16_t len = wire_rd_u16(r);
    struct wire_rd entry = wire_rd_sub(r, len >= fixed ? len - 2u : SIZE_MAX);
    g->type = wire_rd_u8(&entry);
    wire_rd_skip(&entry, 1);
    g->id = wire_rd_u32(&entry);
    size_t buckets_len = wire_rd_left(&entry);
    if (props) {
        buckets_len = wire_rd_u16(&entry);
        wire_rd_skip(&entry, 6);
    }
    if (r->err) {
        return OFPERR_OFPBRC_BAD_LEN;
    }
    enum ofp_error error = decode_lists(&entry, buckets_len, h, g);
    error = error ? error : group_props_decode(&entry, h, GM_ADD, g);
    if (error) {
        group_deinit(g);
    }
    return error;
}

/* ---- encode ---- */

void group_mod_encode(const struct group_mod *gm, uint8_t version, uint32_t xid, struct wire_wr *w)
{
    const struct group *g = &gm->group;
    size_t start =
        msg_start(w, version == OFP10_VERSION ? MSG_NXT_GROUP_MOD : MSG_GROUP_MOD, version, xid);

    wire_wr_u16(w, gm->command);
    wire_wr_u8(w, g->type);
    wire_wr_zeros(w, 1);
    wire_wr_u32(w, g->id);
    if (group_has_props(version)) {
        size_t ofs = w->len;
        wire_wr_zeros(w, 4);
        wire_wr_u32(w, gm->command_bucket);
        buckets_encode(g, version, w, ofs);
        group_props_encode(g, version, w);
    } else {
        buckets_encode(g, version, w, SIZE_MAX);
    }
    msg_finish(w, start);
}

void group_desc_encode(const struct group *g, uint8_t version, struct wire_wr *w)
{
    size_t start = w->len;

    wire_wr_zeros(w, 2);
    wire_wr_u8(w, g->type);
    wire_wr_zeros(w, 1);
    wire_wr_u32(w, g->id);
    if (group_has_props(version)) {
        size_t ofs = w->len;
        wire_wr_zeros(w, 8);
        buckets_encode(g, version, w, ofs);
        group_props_encode(g, version, w);
    } else {
        buckets_encode(g, version, w, SIZE_MAX);
    }
    if (w->len - start > UINT16_MAX) {
        w->err = true;
    } else if (!w->err) {
        wire_wr_patch16(w, start, (uint16_t)(w->len - start));
    }
}
