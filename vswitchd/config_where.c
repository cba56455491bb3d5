/* config_where.c - conditions and mutations of operations (RFC 7047 sections 5.1 and 5.2). */
#include <stdlib.h>

#include "lib/mem.h"
#include "vswitchd/config-private.h"

enum function { F_EQ, F_NE, F_LT, F_LE, F_GT, F_GE, F_INCLUDES, F_EXCLUDES, N_FUNCTIONS };
static const char *const function_names[N_FUNCTIONS] = {"==", "!=", "<",        "<=",
                                                        ">",  ">=", "includes", "excludes"};

struct clause {
    const struct column *column;
    enum function function;
    struct datum arg;
};

struct clauses {
    size_t n;
    struct clause clause[];
};

static bool is_integer_scalar(const struct column *c)
{
    return c->key->atom == ATOM_INTEGER && c->value->atom == ATOM_VOID && c->max == 1;
}

static json_t *clause_parse(struct txn *x, enum table_id t, const json_t *json, struct clause *cl)
{
    const char *column = json_string_value(json_array_get(json, 0));
    const char *name = json_string_value(json_array_get(json, 1));
    int f = 0;

    if (json_array_size(json) != 3 || !column || !name) {
        return datum_error("syntax error", "a condition is [COLUMN, FUNCTION, VALUE]");
    }
    cl->column = schema_column_by_name(t, column);
    if (!cl->column) {
        return datum_error("unknown column", "No column %s in table %s.", column,
                           schema_table(t)->name);
    }
    while (f < N_FUNCTIONS && strcmp(function_names[f], name)) {
        f++;
    }
    cl->function = (enum function)f;
    if (f == N_FUNCTIONS || (f >= F_LT && f <= F_GE && !is_integer_scalar(cl->column))) {
        return datum_error("unknown function", "\"%s\" does not apply to column %s", name, column);
    }
    struct datum_names names = {txn_resolve, x};
    return datum_from_json(&cl->arg, cl->column, json_array_get(json, 2), &names, true);
}

json_t *clauses_parse(struct txn *x, enum table_id t, const json_t *where, struct clauses **csp)
{
    size_t n = json_array_size(where);

    *csp = NULL;
    if (!json_is_array(where)) {
        return datum_error("syntax error", "\"where\" is missing or not an array");
    }
    struct clauses *cs = xzalloc(sizeof *cs + n * sizeof cs->clause[0]);
    for (size_t i = 0; i < n; i++) {
        json_t *error = clause_parse(x, t, json_array_get(where, i), &cs->clause[i]);
        if (error) {
            clauses_free(cs);
            return error;
        }
        cs->n++;
    }
    *csp = cs;
    return NULL;
}

void clauses_free(struct clauses *cs)
{
    if (cs) {
        for (size_t i = 0; i < cs->n; i++) {
            datum_deinit(&cs->clause[i].arg, cs->clause[i].column);
        }
        free(cs);
    }
}

static bool clause_holds(const struct clause *cl, const struct config_row *r)
{
    const struct column *c = cl->column;
    union atom id;
    struct datum uuid = {1, &id, NULL};
    const struct datum *d = &uuid;

    if (c == schema_uuid_column()) {
        id.uuid = r->uuid;
    } else {
        d = row_datum_const(r, c);
    }
    int order = 0;
    if (cl->function >= F_LT && cl->function <= F_GE) {
        if (d->n != 1 || cl->arg.n != 1) {
            return false; /* An optional value that is absent has no order. */
        }
        order = datum_compare_atoms(ATOM_INTEGER, &d->keys[0], &cl->arg.keys[0]);
    }
    switch (cl->function) {
    case F_EQ:
        return datum_equal(d, &cl->arg, c);
    case F_NE:
        return !datum_equal(d, &cl->arg, c);
    case F_LT:
        return order < 0;
    case F_LE:
        return order <= 0;
    case F_GT:
        return order > 0;
    case F_GE:
        return order >= 0;
    case F_INCLUDES:
        return datum_includes(d, &cl->arg, c);
    case F_EXCLUDES:
        return datum_excludes(d, &cl->arg, c);
    case N_FUNCTIONS:
        break;
    }
    return false;
}

static bool all_hold(const struct clauses *cs, const struct config_row *r)
{
    for (size_t i = 0; i < cs->n; i++) {
        if (!clause_holds(&cs->clause[i], r)) {
            return false;
        }
    }
    return true;
}

struct config_row **clauses_rows(struct txn *x, enum table_id t, const struct clauses *cs,
                                 size_t *n)
{
    size_t all = 0, kept = 0;
    struct config_row **rows;

    /* `_uuid == X` alone is the common case: one look-up. */
    if (cs->n == 1 && cs->clause[0].column == schema_uuid_column() &&
        cs->clause[0].function == F_EQ && cs->clause[0].arg.n == 1) {
        rows = xcalloc(1, sizeof *rows);
        rows[0] = txn_find(x, t, &cs->clause[0].arg.keys[0].uuid);
        *n = rows[0] != NULL;
        return rows;
    }
    rows = txn_rows(x, t, &all);
    for (size_t i = 0; i < all; i++) {
        if (all_hold(cs, rows[i])) {
            rows[kept++] = rows[i];
        }
    }
    *n = kept;
    return rows;
}

/* Mutations. */

static json_t *arithmetic_one(int64_t *v, char op, int64_t arg)
{
    bool overflow = false;

    switch (op) {
    case '+':
        overflow = __builtin_add_overflow(*v, arg, v);
        break;
    case '-':
        overflow = __builtin_sub_overflow(*v, arg, v);
        break;
    case '*':
        overflow = __builtin_mul_overflow(*v, arg, v);
        break;
    default:
        if (!arg) {
            return datum_error("domain error", "Division by zero.");
        }
        overflow = *v == INT64_MIN && arg == -1;
        if (!overflow) {
            *v = op == '/' ? *v / arg : *v % arg;
        }
        break;
    }
    return overflow ? datum_error("range error", "Result of \"%c=\" operation is out of range.", op)
                    : NULL;
}

static int compare_integers(const void *a_, const void *b_)
{
    const union atom *a = a_, *b = b_;
    return datum_compare_atoms(ATOM_INTEGER, a, b);
}

/* On each element of a set of integers. */
static json_t *arithmetic(struct datum *d, const struct column *c, char op, const json_t *arg)
{
    json_t *error = NULL;

    if (c->key->atom != ATOM_INTEGER || c->value->atom != ATOM_VOID || !json_is_integer(arg)) {
        return datum_error("constraint violation", "arithmetic needs integers (column %s)",
                           c->name);
    }
    for (uint32_t i = 0; i < d->n && !error; i++) {
        error = arithmetic_one(&d->keys[i].integer, op, json_integer_value(arg));
    }
    if (!error && d->n > 1) {
        qsort(d->keys, d->n, sizeof *d->keys, compare_integers);
        for (uint32_t i = 1; i < d->n && !error; i++) {
            if (d->keys[i - 1].integer == d->keys[i].integer) {
                error =
                    datum_error("constraint violation", "column %s would get duplicates", c->name);
            }
        }
    }
    return error;
}

/* "insert" and "delete" on sets and maps.  A map's keys alone may be deleted. */
static json_t *set_operation(struct txn *x, struct datum *d, const struct column *c, bool insert,
                             const json_t *arg)
{
    struct datum_names names = {txn_resolve, x};
    const char *tag = json_string_value(json_array_get(arg, 0));
    struct column keys = *c;
    struct datum a;

    bool keys_only = !insert && c->value->atom != ATOM_VOID && (!tag || strcmp(tag, "map"));
    if (keys_only) {
        keys.value = schema_uuid_column()->value; /* void */
    }
    json_t *error = datum_from_json(&a, &keys, arg, &names, true);
    if (error) {
        return error;
    }
    if (insert) {
        datum_insert(d, &a, c);
    } else {
        datum_delete(d, &a, c, keys_only);
    }
    datum_deinit(&a, &keys);
    return NULL;
}

static json_t *mutation_run(struct txn *x, struct config_row *r, const json_t *m)
{
    const char *name = json_string_value(json_array_get(m, 0));
    const char *op = json_string_value(json_array_get(m, 1));
    const json_t *arg = json_array_get(m, 2);

    if (json_array_size(m) != 3 || !name || !op) {
        return datum_error("syntax error", "a mutation is [COLUMN, MUTATOR, VALUE]");
    }
    const struct column *c = schema_column_by_name(r->table, name);
    if (!c) {
        return datum_error("unknown column", "No column %s in table %s.", name,
                           schema_table(r->table)->name);
    }
    if (c->immutable) {
        return datum_error("constraint violation", "Cannot mutate immutable column %s in table %s.",
                           name, schema_table(r->table)->name);
    }
    struct datum *d = row_datum(r, c);
    json_t *error;
    if (op[0] && strchr("+-*/%", op[0]) && !strcmp(op + 1, "=")) {
        error = arithmetic(d, c, op[0], arg);
    } else if (!strcmp(op, "insert") || !strcmp(op, "delete")) {
        error = set_operation(x, d, c, *op == 'i', arg);
    } else {
        error = datum_error("unknown mutator", "No mutator named %s.", op);
    }
    return error ? error : datum_check(d, c);
}

json_t *mutations_run(struct txn *x, struct config_row *r, const json_t *mutations)
{
    json_t *error = NULL;

    if (!json_is_array(mutations)) {
        return datum_error("syntax error", "\"mutations\" is missing or not an array");
    }
    for (size_t i = 0; i < json_array_size(mutations) && !error; i++) {
        error = mutation_run(x, r, json_array_get(mutations, i));
    }
    return error;
}
