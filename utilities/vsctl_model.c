/* vsctl_model.c - the picture of the configuration that the commands work on: see vsctl.h. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "utilities/vsctl.h"

static struct vrow *append(struct vctl *v, const char *table)
{
    struct vrow *r = xzalloc(sizeof *r);

    *(v->rows ? v->tail : &v->rows) = r;
    v->tail = &r->next;
    r->table = table;
    r->dirty = json_object();
    return r;
}

void model_fill(struct vctl *v, json_t *schema, json_t *results)
{
    const char *table;
    json_t *unused;
    size_t i = 0;

    v->schema = json_incref(schema);
    v->ids = json_object();
    v->new_ifaces = json_array();
    json_object_foreach(schema, table, unused)
    {
        const json_t *rows = json_object_get(json_array_get(results, i++), "rows");
        for (size_t k = 0; k < json_array_size(rows); k++) {
            struct vrow *r = append(v, table);
            r->original = json_incref(json_array_get(rows, k));
            r->columns = json_copy(r->original);
            r->ref = json_incref(json_object_get(r->columns, "_uuid"));
            if (!strcmp(table, "Open_vSwitch")) {
                v->root = r;
            }
        }
    }
}

void model_clear(struct vctl *v)
{
    while (v->rows) {
        struct vrow *r = v->rows;
        v->rows = r->next;
        json_decref(r->ref);
        json_decref(r->columns);
        json_decref(r->original);
        json_decref(r->dirty);
        free(r);
    }
    json_decref(v->schema);
    json_decref(v->ids);
    json_decref(v->new_ifaces);
    v->schema = v->ids = v->new_ifaces = NULL;
    v->root = NULL;
    v->n_new = 0;
}

struct vrow *model_insert(struct vctl *v, const char *table, const char *id)
{
    struct vrow *r = append(v, table);
    const json_t *columns = json_object_get(json_object_get(v->schema, table), "columns");
    const char *name;
    json_t *unused;

    if (id) {
        const char *s = id;
        char *error = NULL;
        json_t *base = json_string("uuid");
        r->ref = value_parse_atom(v, base, &s, &error);
        json_decref(base);
        if (error) {
            vsctl_fatal_text(error);
        }
    } else {
        char row_name[32];
        snprintf(row_name, sizeof row_name, "row%u", v->n_new++);
        r->ref = json_pack("[s, s]", "named-uuid", row_name);
    }
    r->columns = json_object();
    json_object_foreach((json_t *)(uintptr_t)columns, name, unused)
    {
        struct vtype t = value_type(v, table, name);
        json_object_set_new(r->columns, name, value_default(&t));
    }
    json_object_set(r->columns, "_uuid", r->ref);
    return r;
}

struct vrow *model_follow(struct vctl *v, const json_t *ref)
{
    struct vrow *r = v->rows;

    while (r && (r->deleted || !json_equal(r->ref, ref))) {
        r = r->next;
    }
    return r;
}

json_t *model_get(const struct vrow *r, const char *column)
{
    return json_object_get(r->columns, column);
}

void model_set(struct vrow *r, const char *column, json_t *value)
{
    if (!json_equal(value, json_object_get(r->columns, column))) {
        json_object_set(r->columns, column, value);
        json_object_set_new(r->dirty, column, json_true());
    }
    json_decref(value);
}

static const struct vtype set_of_references = {.max = INT64_MAX};

/* qsort_r() of rows by a column of text. */
static int compare_rows(const void *a_, const void *b_, void *column)
{
    struct vrow *const *a = a_, *const *b = b_;
    return strcmp(model_string(*a, column), model_string(*b, column));
}

struct vrow **model_refs(struct vctl *v, const struct vrow *r, const char *column, const char *name,
                         size_t *n)
{
    json_t *list = value_elements(&set_of_references, model_get(r, column));
    struct vrow **rows = xcalloc(json_array_size(list) + 1, sizeof *rows);

    *n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        rows[*n] = model_follow(v, json_array_get(list, i));
        *n += rows[*n] != NULL;
    }
    json_decref(list);
    qsort_r(rows, *n, sizeof *rows, compare_rows, (void *)(uintptr_t)name);
    return rows;
}

void model_add_ref(struct vrow *r, const char *column, const json_t *ref)
{
    json_t *list = value_elements(&set_of_references, model_get(r, column));

    json_array_append(list, (json_t *)(uintptr_t)ref);
    model_set(r, column, value_from_elements(&set_of_references, list));
}

void model_remove_ref(struct vrow *r, const char *column, const json_t *ref)
{
    json_t *list = value_elements(&set_of_references, model_get(r, column));

    for (size_t i = json_array_size(list); i-- > 0;) {
        if (json_equal(json_array_get(list, i), ref)) {
            json_array_remove(list, i);
        }
    }
    model_set(r, column, value_from_elements(&set_of_references, list));
}

const char *model_string(const struct vrow *r, const char *column)
{
    const char *s = json_string_value(model_get(r, column));
    return s ? s : "";
}

struct vrow *model_by_name(struct vctl *v, const char *table, const char *column, const char *name)
{
    struct vrow *r = v->rows;

    while (r && (r->deleted || strcmp(r->table, table) || strcmp(model_string(r, column), name))) {
        r = r->next;
    }
    return r;
}

/* Operations. */

static json_t *where_uuid(const struct vrow *r)
{
    return json_pack("[[s, s, O]]", "_uuid", "==", r->ref);
}

/* The dirty columns of one of the two pictures. */
static json_t *dirty_columns(const struct vrow *r, const json_t *from)
{
    json_t *o = json_object(), *unused;
    const char *name;

    json_object_foreach(r->dirty, name, unused)
    {
        json_object_set(o, name, json_object_get(from, name));
    }
    return o;
}

static void add_update(json_t *guards, json_t *ops, const struct vrow *r)
{
    json_t *names = json_array(), *unused;
    const char *name;

    json_object_foreach(r->dirty, name, unused)
    {
        json_array_append_new(names, json_string(name));
    }
    json_array_append_new(guards, json_pack("{s:s, s:i, s:s, s:o, s:o, s:s, s:[o]}", "op", "wait",
                                            "timeout", 0, "table", r->table, "where", where_uuid(r),
                                            "columns", names, "until", "==", "rows",
                                            dirty_columns(r, r->original)));
    json_array_append_new(ops,
                          json_pack("{s:s, s:s, s:o, s:o}", "op", "update", "table", r->table,
                                    "where", where_uuid(r), "row", dirty_columns(r, r->columns)));
}

json_t *model_operations(struct vctl *v, bool wait)
{
    json_t *params = json_pack("[s]", "Open_vSwitch"), *ops = json_array();

    for (struct vrow *r = v->rows; r; r = r->next) {
        if (r->destroy && r->original) {
            json_array_append_new(ops, json_pack("{s:s, s:s, s:o}", "op", "delete", "table",
                                                 r->table, "where", where_uuid(r)));
        } else if (!r->deleted && !r->original) {
            json_array_append_new(ops, json_pack("{s:s, s:s, s:s, s:o}", "op", "insert", "table",
                                                 r->table, "uuid-name",
                                                 json_string_value(json_array_get(r->ref, 1)),
                                                 "row", dirty_columns(r, r->columns)));
        } else if (!r->deleted && json_object_size(r->dirty)) {
            add_update(params, ops, r);
        }
    }
    if (json_array_size(ops) && wait) {
        json_array_append_new(ops,
                              json_pack("{s:s, s:s, s:[], s:[[s, s, i]]}", "op", "mutate", "table",
                                        "Open_vSwitch", "where", "mutations", "next_cfg", "+=", 1));
    }
    json_array_extend(params, ops);
    json_decref(ops);
    return params;
}
