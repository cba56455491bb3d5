/* bridge_group.c - what group-mods do to a bridge's groups.
 * Journey: GROUP_MOD -> dispatch_group.c -> here -> groups (in the next version of the tables) ->
 * revalidate.h.  A group that goes takes the rules that name it along.
 *
 * Groups and watched groups that a bucket names must exist; so a group that others name is not
 * deleted but together with all.  Ports may come later: one that is not there is not live.
 * Specification: OpenFlow 1.3.5 sections 5.6, 6.6; buckets one by one: 1.5.1 section 6.7. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/port.h"
#include "ofproto/ofproto-private.h"
#include "ofproto/table/groups.h"

/* What one peer can make us remember; and a group must fit its own description and statistics. */
#define MAX_GROUPS  1000000
#define MAX_BUCKETS 4000

/* ---- checks ---- */

static bool exists(void *br_, uint32_t id)
{
    const struct bridge *br = br_;
    return groups_live(br->tables, id) != NULL;
}

static bool meter_exists(void *br_, uint32_t id)
{
    return bridge_meter_find(br_, id) != NULL;
}

enum ofp_error bridge_acts_check(const struct bridge *br, const void *acts, size_t len)
{
    struct dp_features features;

    dp_get_features(br->ofproto->dp, &features);
    enum ofp_error error = xlate_can_execute(acts, len, &features);
    if (!error && !acts_refs(acts, len, ACT_GROUP, exists, (void *)(uintptr_t)br)) {
        error = OFPERR_OFPBAC_BAD_OUT_GROUP;
    }
    if (!error && !acts_refs(acts, len, ACT_METER, meter_exists, (void *)(uintptr_t)br)) {
        error = OFPERR_OFPMMFC_INVALID_METER;
    }
    return error;
}

enum ofp_error bridge_acts_check_kept(const struct bridge *br, const void *acts, size_t len)
{
    return acts_output_to_port(acts, len, OFPP_TABLE) ? OFPERR_OFPBAC_BAD_OUT_PORT
                                                      : bridge_acts_check(br, acts, len);
}

static enum ofp_error check_bucket(const struct bridge *br, const struct group *g,
                                   const struct bucket *b)
{
    enum ofp_error error = bridge_acts_check_kept(br, b->acts.data, b->acts.len);

    if (!error && b->watch_group != OFPG_ANY && b->watch_group != g->id &&
        !groups_live(br->tables, b->watch_group)) {
        error = OFPERR_OFPGMFC_BAD_WATCH;
    }
    return error;
}

static bool fits(const struct group *g)
{
    struct wire_wr w = WIRE_WR_INIT(OFP_MAX_LEN);

    wire_wr_zeros(&w, 16); /* The header of the reply. */
    group_desc_encode(g, OFP15_VERSION, &w);
    bool ok = !w.err && g->n_buckets <= MAX_BUCKETS;
    wire_wr_deinit(&w);
    return ok;
}

/* May there be this group?  An add that names itself is a loop before it names nothing. */
static enum ofp_error check(struct bridge *br, const struct group *g)
{
    enum ofp_error error = group_check(g);

    if (error) {
        return error;
    }
    if (!fits(g)) {
        return OFPERR_OFPGMFC_OUT_OF_BUCKETS;
    }
    if (groups_loops(br->tables, g)) {
        return OFPERR_OFPGMFC_LOOP;
    }
    for (size_t i = 0; i < g->n_buckets && !error; i++) {
        error = check_bucket(br, g, &g->buckets[i]);
    }
    return error;
}

/* ---- commands ---- */

static enum ofp_error add(struct bridge *br, struct group *g)
{
    if (groups_live(br->tables, g->id)) {
        return OFPERR_OFPGMFC_GROUP_EXISTS;
    }
    if (groups_count(br->tables) >= MAX_GROUPS) {
        return OFPERR_OFPGMFC_OUT_OF_GROUPS;
    }
    enum ofp_error error = check(br, g);
    if (!error) {
        groups_insert(br->tables, g, loop_now(br->ofproto->loop));
    }
    return error;
}

static enum ofp_error replace(struct bridge *br, struct group_entry *old, struct group *g,
                              bool keep_buckets)
{
    enum ofp_error error = check(br, g);

    if (!error) {
        revalidate_group(br->ofproto->revalidator, old);
        groups_replace(br->tables, old, g, keep_buckets);
    }
    return error;
}

static enum ofp_error modify(struct bridge *br, struct group *g, bool may_add)
{
    struct group_entry *old = groups_live(br->tables, g->id);

    if (old) {
        return replace(br, old, g, false);
    }
    return may_add ? add(br, g) : OFPERR_OFPGMFC_UNKNOWN_GROUP;
}

static void delete_one(struct bridge *br, struct group_entry *e)
{
    revalidate_group(br->ofproto->revalidator, e);
    groups_remove(br->tables, e);
}

static void delete_all(struct bridge *br)
{
    size_t n;
    struct group_entry **list = groups_list(br->tables, &n);

    if (n) {
        bridge_flow_delete_refs(br, ACT_GROUP, OFPG_ANY, FR_GROUP_DELETE);
    }
    for (size_t i = 0; i < n; i++) {
        delete_one(br, list[i]);
    }
    free(list);
}

static enum ofp_error delete (struct bridge *br, uint32_t id) {
    struct group_entry *e = id == OFPG_ALL ? NULL : groups_live(br->tables, id);

    if (id == OFPG_ALL){delete_all(br);}
else if (e && groups_chained_count(br->tables, id))
{
    return OFPERR_OFPGMFC_CHAINED_GROUP;
}
else if (e)
{
    if (groups_ref_count(br->tables, id)) {
        bridge_flow_delete_refs(br, ACT_GROUP, id, FR_GROUP_DELETE);
    }
    delete_one(br, e);
}
return OFPERR_OK;
}

/* ---- buckets one by one ---- */

/* The place of a command's bucket; n_buckets: there is none. */
static size_t place_of(const struct group *g, uint32_t id)
{
    size_t i = 0;

    if (id == BUCKET_LAST) {
        return g->n_buckets ? g->n_buckets - 1 : 0;
    }
    while (i < g->n_buckets && id != BUCKET_FIRST && g->buckets[i].id != id) {
        i++;
    }
    return i;
}

/* 'from' without bucket 'skip' (SIZE_MAX: with all), and 'more' ahead of its bucket 'at'; what the
 * buckets own is copied. */
static void compose(const struct group *from, size_t skip, size_t at, const struct group *more,
                    struct group *to)
{
    size_t n_more = more ? more->n_buckets : 0;

    *to = *from;
    to->fields =
        from->n_fields ? xmemdup(from->fields, from->n_fields * sizeof *from->fields) : NULL;
    to->buckets = xcalloc(from->n_buckets + n_more + 1, sizeof *to->buckets);
    to->n_buckets = 0;
    for (size_t i = 0; i <= from->n_buckets; i++) {
        for (size_t j = 0; i == at && j < n_more; j++) {
            struct bucket *b = &to->buckets[to->n_buckets++];
            *b = more->buckets[j];
            acts_copy(&b->acts, &more->buckets[j].acts);
        }
        if (i < from->n_buckets && i != skip) {
            struct bucket *b = &to->buckets[to->n_buckets++];
            *b = from->buckets[i];
            acts_copy(&b->acts, &from->buckets[i].acts);
        }
    }
}

static bool has_bucket(const struct group *g, uint32_t id)
{
    for (size_t i = 0; i < g->n_buckets; i++) {
        if (g->buckets[i].id == id) {
            return true;
        }
    }
    return false;
}

static enum ofp_error insert_buckets(struct bridge *br, const struct group_mod *gm)
{
    struct group_entry *old = groups_live(br->tables, gm->group.id);
    struct group g;

    if (!old) {
        return OFPERR_OFPGMFC_UNKNOWN_GROUP;
    }
    size_t n = old->group.n_buckets, at = place_of(&old->group, gm->command_bucket);
    if (gm->command_bucket <= BUCKET_MAX && at == n) {
        return OFPERR_OFPGMFC_UNKNOWN_BUCKET;
    }
    for (size_t i = 0; i < gm->group.n_buckets; i++) {
        if (has_bucket(&old->group, gm->group.buckets[i].id)) {
            return OFPERR_OFPGMFC_BUCKET_EXISTS;
        }
    }
    at += gm->command_bucket != BUCKET_FIRST && n; /* Behind it. */
    compose(&old->group, SIZE_MAX, at, &gm->group, &g);
    enum ofp_error error = replace(br, old, &g, true);
    group_deinit(&g);
    return error;
}

static enum ofp_error remove_buckets(struct bridge *br, const struct group_mod *gm)
{
    struct group_entry *old = groups_live(br->tables, gm->group.id);
    static const struct group none;
    struct group g;

    if (!old) {
        return OFPERR_OFPGMFC_UNKNOWN_GROUP;
    }
    if (gm->command_bucket == BUCKET_ALL) {
        struct group empty = old->group;
        empty.n_buckets = 0;
        compose(&empty, SIZE_MAX, SIZE_MAX, &none, &g);
    } else {
        size_t i = place_of(&old->group, gm->command_bucket);
        if (i >= old->group.n_buckets) {
            return OFPERR_OFPGMFC_UNKNOWN_BUCKET;
        }
        compose(&old->group, i, SIZE_MAX, &none, &g);
    }
    enum ofp_error error = replace(br, old, &g, true);
    group_deinit(&g);
    return error;
}

enum ofp_error bridge_group_mod(struct bridge *br, struct group_mod *gm)
{
    uint32_t id = gm->group.id;
    enum ofp_error error;

    switch (gm->command) {
    case GM_ADD:
        error = add(br, &gm->group);
        break;
    case GM_MODIFY:
    case GM_ADD_OR_MODIFY:
        error = modify(br, &gm->group, gm->command == GM_ADD_OR_MODIFY);
        break;
    case GM_DELETE:
        error = delete (br, gm->group.id);
        break;
    case GM_INSERT_BUCKET:
        error = insert_buckets(br, gm);
        break;
    case GM_REMOVE_BUCKET:
        error = remove_buckets(br, gm);
        break;
    default:
        return OFPERR_OFPGMFC_BAD_COMMAND;
    }
    if (!error) {
        tables_publish(br->tables);
        bridge_keep_group(br, id, gm->command == GM_DELETE);
    }
    return error;
}
