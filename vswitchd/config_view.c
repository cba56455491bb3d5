/* config_view.c - the reading part of config.h. */
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/text.h"
#include "vswitchd/config-private.h"

const struct uuid *config_uuid(const struct config_row *r)
{
    return &r->uuid;
}

const struct datum *config_datum(const struct config_row *r, enum column_id id)
{
    return row_datum_const(r, schema_column(id));
}

const char *config_string(const struct config_row *r, enum column_id id, const char *dflt)
{
    const struct datum *d = config_datum(r, id);
    return d->n ? d->keys[0].string : dflt;
}

int64_t config_integer(const struct config_row *r, enum column_id id, int64_t dflt)
{
    const struct datum *d = config_datum(r, id);
    return d->n ? d->keys[0].integer : dflt;
}

bool config_has(const struct config_row *r, enum column_id id, const char *element)
{
    const struct datum *d = config_datum(r, id);

    for (uint32_t i = 0; i < d->n; i++) {
        if (!strcmp(d->keys[i].string, element)) {
            return true;
        }
    }
    return false;
}

const char *config_map(const struct config_row *r, enum column_id id, const char *key)
{
    return datum_map_get(config_datum(r, id), key);
}

int64_t config_map_integer(const struct config_row *r, enum column_id id, const char *key,
                           int64_t dflt)
{
    const char *s = config_map(r, id, key);
    uint64_t v;

    return s && text_to_u64(s, &v) && v <= INT64_MAX ? (int64_t)v : dflt;
}

bool config_map_boolean(const struct config_row *r, enum column_id id, const char *key, bool dflt)
{
    const char *s = config_map(r, id, key);

    if (!s) {
        return dflt;
    }
    /* A word other than the default's opposite leaves the default. */
    return dflt ? strcmp(s, "false") != 0 : !strcmp(s, "true");
}

static int compare_seq(const void *a_, const void *b_)
{
    const struct config_row *const *a = a_, *const *b = b_;
    return ((*a)->seq > (*b)->seq) - ((*a)->seq < (*b)->seq);
}

const struct config_row **config_refs(struct config *c, const struct config_row *r,
                                      enum column_id id, size_t *n)
{
    const struct datum *d = config_datum(r, id);
    const struct config_row **rows = xcalloc(d->n + 1, sizeof *rows);

    *n = 0;
    for (uint32_t i = 0; i < d->n; i++) {
        rows[*n] = config_find(c, schema_column(id)->key->ref, &d->keys[i].uuid);
        *n += rows[*n] != NULL;
    }
    qsort(rows, *n, sizeof *rows, compare_seq);
    return rows;
}

const struct config_row *config_value_ref(struct config *c, const struct config_row *r,
                                          enum column_id id, uint32_t i)
{
    return config_find(c, schema_column(id)->value->ref, &config_datum(r, id)->values[i].uuid);
}

const struct config_row *config_find_by_name(struct config *c, enum column_id id, const char *name)
{
    const struct config_row *found = NULL;
    size_t n;
    const struct config_row **rows = config_rows(c, schema_column(id)->table, &n);

    for (size_t i = 0; i < n && !found; i++) {
        if (!strcmp(config_string(rows[i], id, ""), name)) {
            found = rows[i];
        }
    }
    free(rows);
    return found;
}
