/* config_txn.c - transactions (config-private.h): the overlay over the document, named UUIDs, the
 * results. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "vswitchd/config-private.h"

static struct txn_row *find_overlay(const struct txn *x, enum table_id t, const struct uuid *uuid)
{
    struct txn_row *o;

    HMAP_FOR_EACH_WITH_HASH(o, node, uuid_hash(uuid), &x->rows) {
        if (o->table == t && uuid_equal(&o->uuid, uuid)) {
            return o;
        }
    }
    return NULL;
}

struct config_row *txn_find(const struct txn *x, enum table_id t, const struct uuid *uuid)
{
    const struct txn_row *o = find_overlay(x, t, uuid);
    return o ? o->new : document_find(x->doc, t, uuid);
}

static struct txn_row *overlay(struct txn *x, struct config_row *r)
{
    struct txn_row *o = find_overlay(x, r->table, &r->uuid);

    if (!o) {
        o = xzalloc(sizeof *o);
        o->uuid = r->uuid;
        o->table = r->table;
        o->old = document_find(x->doc, r->table, &r->uuid);
        hmap_insert(&x->rows, &o->node, uuid_hash(&r->uuid));
    }
    return o;
}

struct config_row *txn_write(struct txn *x, struct config_row *r)
{
    struct txn_row *o = overlay(x, r);

    if (!o->new) {
        /* Inserted: the row itself; else a copy of the committed one. */
        o->new = o->old ? row_clone(o->old) : r;
    }
    return o->new;
}

void txn_delete(struct txn *x, struct config_row *r)
{
    struct txn_row *o = overlay(x, r);

    row_free(o->new);
    o->new = NULL;
}

static int compare_seq(const void *a_, const void *b_)
{
    struct config_row *const *a = a_, *const *b = b_;
    return ((*a)->seq > (*b)->seq) - ((*a)->seq < (*b)->seq);
}

struct config_row **txn_rows(const struct txn *x, enum table_id t, size_t *n)
{
    size_t max = hmap_count(&x->doc->tables[t]) + hmap_count(&x->rows) + 1;
    struct config_row **rows = xcalloc(max, sizeof *rows), *r;
    struct txn_row *o;

    *n = 0;
    HMAP_FOR_EACH(r, node, &x->doc->tables[t]) {
        if (!find_overlay(x, t, &r->uuid)) {
            rows[(*n)++] = r;
        }
    }
    HMAP_FOR_EACH(o, node, &x->rows) {
        if (o->table == t && o->new) {
            rows[(*n)++] = o->new;
        }
    }
    qsort(rows, *n, sizeof *rows, compare_seq);
    return rows;
}

static struct txn_name *find_name(struct txn *x, const char *name)
{
    size_t hash = hash_string(name, 0);
    struct txn_name *s;

    HMAP_FOR_EACH_WITH_HASH(s, node, hash, &x->names) {
        if (!strcmp(s->name, name)) {
            return s;
        }
    }
    s = xzalloc(sizeof *s);
    s->name = xstrdup(name);
    uuid_generate(&s->uuid);
    hmap_insert(&x->names, &s->node, hash);
    return s;
}

/* Names may be used before the operation that inserts their row. */
json_t *txn_resolve(void *x, const char *name, struct uuid *uuid)
{
    *uuid = find_name(x, name)->uuid;
    return NULL;
}

/* 'name' NULL: a row without one. */
static json_t *new_uuid(struct txn *x, const char *name, struct uuid *uuid)
{
    if (!name) {
        uuid_generate(uuid);
        return NULL;
    }
    struct txn_name *s = find_name(x, name);
    if (s->inserted) {
        return datum_error("duplicate uuid-name",
                           "This \"uuid-name\" appeared on an earlier \"insert\" operation: %s",
                           name);
    }
    s->inserted = true;
    *uuid = s->uuid;
    return NULL;
}

json_t *txn_insert(struct txn *x, enum table_id t, const char *name, struct config_row **row)
{
    struct uuid uuid;
    json_t *error = new_uuid(x, name, &uuid);

    if (!error) {
        *row = row_new(t, &uuid, x->next_seq++);
        *row = txn_write(x, *row);
    }
    return error;
}

static json_t *check_names(struct txn *x)
{
    struct txn_name *s;

    HMAP_FOR_EACH(s, node, &x->names) {
        if (!s->inserted) {
            return datum_error("syntax error", "no \"insert\" operation has the uuid-name %s",
                               s->name);
        }
    }
    return NULL;
}

static void cleanup(struct txn *x)
{
    struct txn_row *o, *next;
    struct txn_name *s, *next_s;

    HMAP_FOR_EACH_SAFE(o, next, node, &x->rows) {
        hmap_remove(&x->rows, &o->node);
        row_free(o->new); /* A commit has taken it, and left NULL. */
        free(o);
    }
    hmap_deinit(&x->rows);
    HMAP_FOR_EACH_SAFE(s, next_s, node, &x->names) {
        hmap_remove(&x->names, &s->node);
        free(s->name);
        free(s);
    }
    hmap_deinit(&x->names);
}

json_t *txn_run(struct txn *x, struct document *doc, const json_t *params)
{
    json_t *results = json_array(), *error = NULL;
    size_t n = json_array_size(params);

    *x = (struct txn){.doc = doc, .next_seq = doc->next_seq};
    for (size_t i = 1; i < n; i++) {
        json_t *result = NULL;
        if (!error) {
            error = txn_operation(x, json_array_get(params, i), &result);
            result = error ? error : result;
        }
        json_array_append_new(results, result ? result : json_null());
    }
    if (!error) {
        error = check_names(x);
        if (!error && hmap_count(&x->rows)) {
            error = txn_commit(x);
        }
        if (error) {
            json_array_append_new(results, error);
        }
    }
    cleanup(x);
    return results;
}

json_t *txn_settle(struct document *doc)
{
    struct txn x = {.doc = doc, .next_seq = doc->next_seq};
    json_t *error = NULL;
    size_t n;

    free(txn_rows(&x, TABLE_Open_vSwitch, &n));
    if (!n) {
        struct config_row *root;
        error = txn_insert(&x, TABLE_Open_vSwitch, NULL, &root);
    }
    error = error ? error : txn_commit(&x);
    cleanup(&x);
    return error;
}
