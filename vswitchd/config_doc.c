/* config_doc.c - rows and documents of config-private.h, and their text as the file has it:
 * {"format": "sluice-configuration", "version": 1, "tables": {TABLE: [{"_uuid": UUID, COLUMN:
 * VALUE...}...]}}, values as in RFC 7047 section 5.1, columns with default values left out. */
#include <stdlib.h>

#include "lib/mem.h"
#include "vswitchd/config-private.h"

#define FORMAT         "sluice-configuration"
#define FORMAT_VERSION 1

static size_t n_columns(enum table_id t)
{
    return schema_table(t)->end - schema_table(t)->first;
}

static const struct column *nth_column(enum table_id t, size_t i)
{
    return schema_column((enum column_id)(schema_table(t)->first + i));
}

static struct config_row *row_alloc(enum table_id t, const struct uuid *uuid, uint64_t seq)
{
    struct config_row *r = xzalloc(sizeof *r + n_columns(t) * sizeof r->columns[0]);

    r->table = t;
    r->uuid = *uuid;
    r->seq = seq;
    return r;
}

struct config_row *row_new(enum table_id t, const struct uuid *uuid, uint64_t seq)
{
    struct config_row *r = row_alloc(t, uuid, seq);

    for (size_t i = 0; i < n_columns(t); i++) {
        datum_init_default(&r->columns[i], nth_column(t, i));
    }
    return r;
}

struct config_row *row_clone(const struct config_row *src)
{
    struct config_row *r = row_alloc(src->table, &src->uuid, src->seq);

    for (size_t i = 0; i < n_columns(src->table); i++) {
        datum_clone(&r->columns[i], &src->columns[i], nth_column(src->table, i));
    }
    return r;
}

void row_free(struct config_row *r)
{
    if (r) {
        for (size_t i = 0; i < n_columns(r->table); i++) {
            datum_deinit(&r->columns[i], nth_column(r->table, i));
        }
        free(r);
    }
}

void document_init(struct document *d)
{
    memset(d, 0, sizeof *d);
}

void document_deinit(struct document *d)
{
    for (int t = 0; t < N_TABLES; t++) {
        struct config_row *r, *next;
        HMAP_FOR_EACH_SAFE(r, next, node, &d->tables[t]) {
            hmap_remove(&d->tables[t], &r->node);
            row_free(r);
        }
        hmap_deinit(&d->tables[t]);
    }
}

struct config_row *document_find(const struct document *d, enum table_id t, const struct uuid *uuid)
{
    struct config_row *r;

    HMAP_FOR_EACH_WITH_HASH(r, node, uuid_hash(uuid), &d->tables[t]) {
        if (uuid_equal(&r->uuid, uuid)) {
            return r;
        }
    }
    return NULL;
}

void document_insert(struct document *d, struct config_row *r)
{
    hmap_insert(&d->tables[r->table], &r->node, uuid_hash(&r->uuid));
}

static int compare_seq(const void *a_, const void *b_)
{
    struct config_row *const *a = a_, *const *b = b_;
    return ((*a)->seq > (*b)->seq) - ((*a)->seq < (*b)->seq);
}

struct config_row **document_rows(const struct document *d, enum table_id t, size_t *n)
{
    struct config_row **rows = xcalloc(hmap_count(&d->tables[t]) + 1, sizeof *rows);
    struct config_row *r;

    *n = 0;
    HMAP_FOR_EACH(r, node, &d->tables[t]) {
        rows[(*n)++] = r;
    }
    qsort(rows, *n, sizeof *rows, compare_seq);
    return rows;
}

/* To text. */

static json_t *row_to_json(const struct config_row *r)
{
    char s[UUID_TEXT_LEN + 1];
    json_t *o = json_pack("{s:s}", "_uuid", uuid_format(&r->uuid, s));

    for (size_t i = 0; i < n_columns(r->table); i++) {
        const struct column *c = nth_column(r->table, i);
        if (!c->ephemeral && !datum_is_default(&r->columns[i], c)) {
            json_object_set_new(o, c->name, datum_to_json(&r->columns[i], c));
        }
    }
    return o;
}

char *document_to_text(const struct document *d)
{
    json_t *tables = json_object();

    for (int t = 0; t < N_TABLES; t++) {
        size_t n;
        struct config_row **rows = document_rows(d, (enum table_id)t, &n);
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(list, row_to_json(rows[i]));
        }
        free(rows);
        json_object_set_new(tables, schema_table((enum table_id)t)->name, list);
    }
    json_t *all =
        json_pack("{s:s, s:i, s:o}", "format", FORMAT, "version", FORMAT_VERSION, "tables", tables);
    char *s = json_dumps(all, JSON_INDENT(1));
    json_decref(all);
    return s;
}

/* From text. */

static char *error_text(const char *table, json_t *error)
{
    char *s =
        xasprintf("table %s: %s", table, json_string_value(json_object_get(error, "details")));
    json_decref(error);
    return s;
}

static char *row_from_json(struct document *d, enum table_id t, json_t *json)
{
    const char *table = schema_table(t)->name, *name;
    const char *s = json_string_value(json_object_get(json, "_uuid"));
    struct uuid uuid;
    json_t *value;

    if (!s || !uuid_parse(s, &uuid) || document_find(d, t, &uuid)) {
        return xasprintf("table %s: a row has no valid \"_uuid\" of its own", table);
    }
    struct config_row *r = row_new(t, &uuid, d->next_seq++);
    document_insert(d, r);
    json_object_foreach(json, name, value)
    {
        const struct column *c = schema_column_by_name(t, name);
        if (!c) {
            return xasprintf("table %s: unknown column %s", table, name);
        }
        if (c == schema_uuid_column()) {
            continue;
        }
        struct datum datum;
        json_t *error = datum_from_json(&datum, c, value, NULL, false);
        if (error) {
            return error_text(table, error);
        }
        datum_deinit(row_datum(r, c), c);
        *row_datum(r, c) = datum;
    }
    return NULL;
}

static char *tables_from_json(struct document *d, json_t *tables)
{
    const char *name;
    json_t *list, *row;
    size_t i;

    json_object_foreach(tables, name, list)
    {
        enum table_id t = schema_table_by_name(name);
        if (t == TABLE_NONE || !json_is_array(list)) {
            return xasprintf("unknown or malformed table %s", name);
        }
        json_array_foreach(list, i, row)
        {
            char *error = row_from_json(d, t, row);
            if (error) {
                return error;
            }
        }
    }
    return NULL;
}

char *document_from_text(struct document *d, const char *s, size_t len)
{
    json_error_t where;
    json_t *all = json_loadb(s, len, JSON_REJECT_DUPLICATES, &where);
    const char *format = json_string_value(json_object_get(all, "format"));
    char *error = NULL;

    if (!all) {
        error = xasprintf("line %d: %s", where.line, where.text);
    } else if (!format || strcmp(format, FORMAT)) {
        error = xasprintf("not a configuration file (\"format\" is not \"%s\")", FORMAT);
    } else if (json_integer_value(json_object_get(all, "version")) != FORMAT_VERSION) {
        error = xasprintf("\"version\" is not %d: written by another release", FORMAT_VERSION);
    } else if (!json_is_object(json_object_get(all, "tables"))) {
        error = xasprintf("no \"tables\"");
    } else {
        error = tables_from_json(d, json_object_get(all, "tables"));
    }
    json_decref(all);
    return error;
}
