/* config_ops.c - the operations of RFC 7047 section 5.2. */
#include <stdlib.h>

#include "lib/mem.h"
#include "vswitchd/config-private.h"

static json_t *get_table(const json_t *op, enum table_id *t)
{
    const char *name = json_string_value(json_object_get(op, "table"));

    if (!name) {
        return datum_error("syntax error", "\"table\" is missing or not a string");
    }
    *t = schema_table_by_name(name);
    return *t == TABLE_NONE ? datum_error("unknown table", "No table named %s.", name) : NULL;
}

/* Sets columns from the object "row". */
static json_t *set_columns(struct txn *x, struct config_row *r, json_t *values, bool insert)
{
    struct datum_names names = {txn_resolve, x};
    const char *name;
    json_t *value;

    json_object_foreach(values, name, value)
    {
        const struct column *c = schema_column_by_name(r->table, name);
        struct datum d;
        if (!c || c == schema_uuid_column()) {
            return datum_error("unknown column", "No column %s in table %s.", name,
                               schema_table(r->table)->name);
        }
        json_t *error = datum_from_json(&d, c, value, &names, false);
        if (error) {
            return error;
        }
        if (!insert && c->immutable) {
            datum_deinit(&d, c);
            return datum_error("constraint violation",
                               "Cannot update immutable column %s in table %s.", name,
                               schema_table(r->table)->name);
        }
        datum_deinit(row_datum(r, c), c);
        *row_datum(r, c) = d;
    }
    return NULL;
}

static json_t *uuid_json(const struct uuid *uuid)
{
    char s[UUID_TEXT_LEN + 1];
    return json_pack("[s, s]", "uuid", uuid_format(uuid, s));
}

static json_t *run_insert(struct txn *x, enum table_id t, const json_t *op, json_t **result)
{
    json_t *values = json_object_get(op, "row"), *name = json_object_get(op, "uuid-name");
    struct config_row *r;

    if ((values && !json_is_object(values)) || (name && !json_is_string(name))) {
        return datum_error("syntax error", "\"row\" is an object, \"uuid-name\" a string");
    }
    json_t *error = txn_insert(x, t, json_string_value(name), &r);
    if (!error && values) {
        error = set_columns(x, r, values, true);
    }
    if (!error) {
        *result = json_pack("{s:o}", "uuid", uuid_json(&r->uuid));
    }
    return error;
}

static json_t *row_json(const struct config_row *r, const json_t *columns)
{
    const struct table *t = schema_table(r->table);
    json_t *o = json_object();

    if (!columns) {
        json_object_set_new(o, "_uuid", uuid_json(&r->uuid));
        for (enum column_id c = t->first; c < t->end; c++) {
            const struct column *column = schema_column(c);
            if (!column->hidden) {
                json_object_set_new(o, column->name,
                                    datum_to_json(row_datum_const(r, column), column));
            }
        }
    }
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const char *name = json_string_value(json_array_get(columns, i));
        const struct column *c = schema_column_by_name(r->table, name);
        json_object_set_new(o, name,
                            c == schema_uuid_column() ? uuid_json(&r->uuid)
                                                      : datum_to_json(row_datum_const(r, c), c));
    }
    return o;
}

static json_t *check_columns(enum table_id t, const json_t *columns)
{
    if (columns && !json_is_array(columns)) {
        return datum_error("syntax error", "\"columns\" is not an array");
    }
    for (size_t i = 0; i < json_array_size(columns); i++) {
        const char *name = json_string_value(json_array_get(columns, i));
        if (!name || !schema_column_by_name(t, name)) {
            return datum_error("unknown column", "No column %s in table %s.", name ? name : "?",
                               schema_table(t)->name);
        }
    }
    return NULL;
}

/* What select, update, mutate, delete and wait do with the rows they found. */
static json_t *do_select(struct txn *x, enum table_id t, const json_t *op, struct config_row **rows,
                         size_t n, json_t **result)
{
    const json_t *columns = json_object_get(op, "columns");
    json_t *error = check_columns(t, columns);

    (void)x;
    if (error) {
        return error;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, row_json(rows[i], columns));
    }
    *result = json_pack("{s:o}", "rows", list);
    return NULL;
}

static json_t *do_update(struct txn *x, enum table_id t, const json_t *op, struct config_row **rows,
                         size_t n, json_t **result)
{
    json_t *values = json_object_get(op, "row"), *error = NULL;

    (void)t;
    if (!json_is_object(values)) {
        return datum_error("syntax error", "\"row\" is missing or not an object");
    }
    for (size_t i = 0; i < n && !error; i++) {
        error = set_columns(x, txn_write(x, rows[i]), values, false);
    }
    *result = error ? NULL : json_pack("{s:I}", "count", (json_int_t)n);
    return error;
}

static json_t *do_mutate(struct txn *x, enum table_id t, const json_t *op, struct config_row **rows,
                         size_t n, json_t **result)
{
    json_t *error = NULL;

    (void)t;
    for (size_t i = 0; i < n && !error; i++) {
        error = mutations_run(x, txn_write(x, rows[i]), json_object_get(op, "mutations"));
    }
    *result = error ? NULL : json_pack("{s:I}", "count", (json_int_t)n);
    return error;
}

static json_t *do_delete(struct txn *x, enum table_id t, const json_t *op, struct config_row **rows,
                         size_t n, json_t **result)
{
    (void)t, (void)op;
    for (size_t i = 0; i < n; i++) {
        txn_delete(x, rows[i]);
    }
    *result = json_pack("{s:I}", "count", (json_int_t)n);
    return NULL;
}

/* Every row of 'a', as JSON objects with all of 'columns', is among those of 'b'. */
static bool is_subset(const json_t *a, const json_t *b)
{
    for (size_t i = 0; i < json_array_size(a); i++) {
        bool found = false;
        for (size_t j = 0; j < json_array_size(b) && !found; j++) {
            found = json_equal(json_array_get(a, i), json_array_get(b, j));
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Values in the canonical form: sorted sets. */
static json_t *canonical_rows(struct txn *x, enum table_id t, const json_t *columns,
                              const json_t *rows, json_t **list)
{
    struct datum_names names = {txn_resolve, x};

    *list = json_array();
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *o = json_object();
        json_array_append_new(*list, o);
        for (size_t k = 0; k < json_array_size(columns); k++) {
            const char *name = json_string_value(json_array_get(columns, k));
            const struct column *c = schema_column_by_name(t, name);
            json_t *value = json_object_get(json_array_get(rows, i), name);
            struct datum d;
            if (!value) {
                continue;
            }
            json_t *error = datum_from_json(&d, c, value, &names, true);
            if (error) {
                json_decref(*list);
                *list = NULL;
                return error;
            }
            json_object_set_new(o, name, datum_to_json(&d, c));
            datum_deinit(&d, c);
        }
    }
    return NULL;
}

/* The condition has to hold now: this server does not keep transactions waiting. */
static json_t *do_wait(struct txn *x, enum table_id t, const json_t *op, struct config_row **rows,
                       size_t n, json_t **result)
{
    const json_t *columns = json_object_get(op, "columns"), *want = json_object_get(op, "rows");
    const char *until = json_string_value(json_object_get(op, "until"));
    json_t *wanted, *actual;

    if (!json_is_array(columns) || !json_is_array(want) || !until ||
        (strcmp(until, "==") && strcmp(until, "!="))) {
        return datum_error("syntax error",
                           "\"wait\" needs \"columns\", \"rows\" and \"until\" (== or !=)");
    }
    json_t *error = check_columns(t, columns);
    error = error ? error : canonical_rows(x, t, columns, want, &wanted);
    if (error) {
        return error;
    }
    actual = json_array();
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(actual, row_json(rows[i], columns));
    }
    bool equal = is_subset(wanted, actual) && is_subset(actual, wanted);
    json_decref(wanted);
    json_decref(actual);
    if (equal != !strcmp(until, "==")) {
        return datum_error("timed out", "\"where\" clause test failed");
    }
    *result = json_object();
    return NULL;
}

typedef json_t *row_op(struct txn *, enum table_id, const json_t *op, struct config_row **rows,
                       size_t n, json_t **result);

static json_t *run_on_rows(struct txn *x, enum table_id t, const json_t *op, row_op *run,
                           json_t **result)
{
    struct clauses *clauses;
    size_t n;
    json_t *error = clauses_parse(x, t, json_object_get(op, "where"), &clauses);

    if (error) {
        return error;
    }
    struct config_row **rows = clauses_rows(x, t, clauses, &n);
    error = run(x, t, op, rows, n, result);
    free(rows);
    clauses_free(clauses);
    return error;
}

json_t *txn_operation(struct txn *x, const json_t *op, json_t **result)
{
    static const struct {
        const char *name;
        row_op *run;
    } row_ops[] = {{"select", do_select},
                   {"update", do_update},
                   {"mutate", do_mutate},
                   {"delete", do_delete},
                   {"wait", do_wait}};
    const char *name = json_string_value(json_object_get(op, "op"));
    enum table_id t;

    *result = NULL;
    if (!name) {
        return datum_error("syntax error", "an operation is an object with a string \"op\"");
    }
    if (!strcmp(name, "comment") || !strcmp(name, "commit")) {
        *result = json_object(); /* Every commit is durable. */
        return NULL;
    }
    if (!strcmp(name, "abort")) {
        return datum_error("aborted", "aborted by request");
    }
    if (!strcmp(name, "assert")) {
        return datum_error("not owner", "locks are not supported: no client owns one");
    }
    if (!strcmp(name, "insert")) {
        json_t *error = get_table(op, &t);
        return error ? error : run_insert(x, t, op, result);
    }
    for (size_t i = 0; i < ARRAY_SIZE(row_ops); i++) {
        if (!strcmp(name, row_ops[i].name)) {
            json_t *error = get_table(op, &t);
            return error ? error : run_on_rows(x, t, op, row_ops[i].run, result);
        }
    }
    return datum_error("unknown operation", "No operation \"%s\"", name);
}
