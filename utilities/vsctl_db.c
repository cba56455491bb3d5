/* vsctl_db.c - the database commands of sluice-vsctl: get, set, add, remove, clear, create,
 * destroy.  list and find are in vsctl_list.c. */
#include <stdlib.h>

#include "lib/mem.h"
#include "utilities/vsctl.h"

/* The value with one pair of a map replaced. */
static json_t *with_pair(const struct vtype *t, const json_t *value, const json_t *key,
                         json_t *new_value)
{
    json_t *list = value_elements(t, value), *out = json_array();

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *pair = json_array_get(list, i);
        if (!json_equal(json_array_get(pair, 0), key)) {
            json_array_append(out, pair);
        }
    }
    json_decref(list);
    json_array_append_new(out, json_pack("[O, o]", key, new_value));
    return value_from_elements(t, out);
}

static bool is_mutable(struct vctl *v, const char *table, const char *column)
{
    const json_t *columns = json_object_get(json_object_get(v->schema, table), "columns");
    return !json_is_false(json_object_get(json_object_get(columns, column), "mutable"));
}

static void check_mutable(struct vctl *v, const struct vrow *r, const char *column)
{
    if (r->original && (!strcmp(column, "_uuid") || !is_mutable(v, r->table, column))) {
        vsctl_fatal("cannot modify read-only column %s in table %s", column, r->table);
    }
}

/* COLUMN[:KEY]=VALUE */
void vsctl_set_column(struct vctl *v, struct vrow *r, const char *arg)
{
    struct vargument a;

    vsctl_argument_parse(v, r->table, arg, &a);
    if (strcmp(a.op, "=") || !*a.value) {
        vsctl_fatal("%s: argument does not end in \"=\" followed by a value.", arg);
    }
    check_mutable(v, r, a.column);
    if (a.key) {
        char *error = NULL;
        const char *s = a.value;
        json_t *value = value_parse_atom(v, a.type.value, &s, &error);
        if (!error && *s) {
            error = xasprintf("%s: trailing garbage \"%s\" in argument", arg, s);
        }
        if (error) {
            vsctl_fatal_text(error);
        }
        model_set(r, a.column, with_pair(&a.type, model_get(r, a.column), a.key, value));
    } else {
        model_set(r, a.column, vsctl_parse_value(v, &a.type, a.value));
    }
    vsctl_argument_deinit(&a);
}

static struct vrow *row_of_command(struct vctl *v, struct vcommand *c)
{
    const char *table = vsctl_find_table(v, c->argv[1]);
    struct vrow *r = vsctl_find_row(v, table, c->argv[2]);

    if (!r && !vsctl_option(c, "--if-exists")) {
        vsctl_need_row(v, table, c->argv[2]);
    }
    return r;
}

static void cmd_set(struct vctl *v, struct vcommand *c)
{
    struct vrow *r = row_of_command(v, c);

    for (int i = 3; r && i < c->argc; i++) {
        vsctl_set_column(v, r, c->argv[i]);
    }
}

static void cmd_get(struct vctl *v, struct vcommand *c)
{
    struct vrow *r = row_of_command(v, c);
    const char *id = json_string_value(json_object_get(c->options, "--id"));

    if (r && id) {
        json_object_set(v->ids, id, r->ref);
    }
    for (int i = 3; r && i < c->argc; i++) {
        struct vargument a;
        vsctl_argument_parse(v, r->table, c->argv[i], &a);
        if (!a.key) {
            value_format(&a.type, model_get(r, a.column), v->bare, &c->out);
        } else {
            json_t *list = value_elements(&a.type, model_get(r, a.column));
            const json_t *pair = map_find(list, a.key);
            const bool missing = !pair && !vsctl_option(c, "--if-exists");
            if (pair) {
                value_format_atom(json_array_get(pair, 1), v->bare, &c->out);
            }
            json_decref(list);
            if (missing) {
                vsctl_fatal("no key \"%s\" in %s record \"%s\" column %s",
                            json_string_value(a.key) ? json_string_value(a.key) : "?", r->table,
                            c->argv[2], a.column);
            }
        }
        text_putc(&c->out, '\n');
        vsctl_argument_deinit(&a);
    }
}

static void cmd_add(struct vctl *v, struct vcommand *c)
{
    struct vrow *r = row_of_command(v, c);

    if (!r) {
        return;
    }
    const char *column = vsctl_find_column(v, r->table, c->argv[3]);
    struct vtype t = value_type(v, r->table, column);
    struct vtype any = {.key = t.key, .value = t.value, .min = 0, .max = INT64_MAX};
    json_t *shared = value_elements(&t, model_get(r, column)), *list = json_deep_copy(shared);
    json_decref(shared);
    check_mutable(v, r, column);
    for (int i = 4; i < c->argc; i++) {
        json_t *value = vsctl_parse_value(v, &any, c->argv[i]), *more = value_elements(&any, value);
        for (size_t k = 0; k < json_array_size(more); k++) {
            json_t *e = json_array_get(more, k), *old = NULL;
            if (t.value) {
                old = map_find(list, json_array_get(e, 0));
            }
            if (old) {
                json_array_set(old, 1, json_array_get(e, 1));
            } else {
                json_array_append(list, e);
            }
        }
        json_decref(more);
        json_decref(value);
    }
    json_t *value = value_from_elements(&t, list), *all = value_elements(&t, value);
    if ((json_int_t)json_array_size(all) > t.max) {
        vsctl_fatal("\"add\" operation would put %zu values in column %s of table %s but the "
                    "maximum number is %lld",
                    json_array_size(all), column, r->table, (long long)t.max);
    }
    json_decref(all);
    model_set(r, column, value);
}

/* True: element 'e' is to go because of the argument (an element; of a map also a key alone). */
static bool is_removed(struct vctl *v, const struct vtype *t, const json_t *e, const char *arg)
{
    const char *s = arg;
    char *error = NULL;
    json_t *key = value_parse_atom(v, t->key, &s, &error), *value = NULL;

    if (!error && t->value && *s == '=') {
        s++;
        value = value_parse_atom(v, t->value, &s, &error);
    }
    if (!error && *s) {
        error = xasprintf("%s: trailing garbage \"%s\" in argument", arg, s);
    }
    if (error) {
        vsctl_fatal_text(error);
    }
    bool equal = json_equal(t->value ? json_array_get(e, 0) : e, key) &&
                 (!value || json_equal(json_array_get(e, 1), value));
    json_decref(key);
    json_decref(value);
    return equal;
}

static void cmd_remove(struct vctl *v, struct vcommand *c)
{
    struct vrow *r = row_of_command(v, c);

    if (!r) {
        return;
    }
    const char *column = vsctl_find_column(v, r->table, c->argv[3]);
    struct vtype t = value_type(v, r->table, column);
    json_t *list = value_elements(&t, model_get(r, column));
    check_mutable(v, r, column);
    for (int i = 4; i < c->argc; i++) {
        for (size_t k = json_array_size(list); k-- > 0;) {
            if (is_removed(v, &t, json_array_get(list, k), c->argv[i])) {
                json_array_remove(list, k);
            }
        }
    }
    if ((json_int_t)json_array_size(list) < t.min) {
        vsctl_fatal("\"remove\" operation would put %zu values in column %s of table %s but the "
                    "minimum number is %lld",
                    json_array_size(list), column, r->table, (long long)t.min);
    }
    model_set(r, column, value_from_elements(&t, list));
}

static void cmd_clear(struct vctl *v, struct vcommand *c)
{
    struct vrow *r = row_of_command(v, c);

    for (int i = 3; r && i < c->argc; i++) {
        const char *column = vsctl_find_column(v, r->table, c->argv[i]);
        struct vtype t = value_type(v, r->table, column);
        check_mutable(v, r, column);
        if (t.min > 0) {
            vsctl_fatal("\"clear\" operation cannot be applied to column %s of table %s, which "
                        "is not allowed to be empty",
                        column, r->table);
        }
        model_set(r, column, value_from_elements(&t, json_array()));
    }
}

static void cmd_create(struct vctl *v, struct vcommand *c)
{
    const char *table = vsctl_find_table(v, c->argv[1]);
    const char *id = json_string_value(json_object_get(c->options, "--id"));

    if (id && *id != '@') {
        vsctl_fatal("row id \"%s\" does not begin with \"@\"", id);
    }
    struct vrow *r = model_insert(v, table, id);
    for (int i = 2; i < c->argc; i++) {
        vsctl_set_column(v, r, c->argv[i]);
    }
    c->created = r;
}

static void cmd_destroy(struct vctl *v, struct vcommand *c)
{
    const char *table = vsctl_find_table(v, c->argv[1]);

    if (vsctl_option(c, "--all")) {
        for (struct vrow *r = v->rows; r; r = r->next) {
            if (!strcmp(r->table, table)) {
                r->destroy = r->deleted = true;
            }
        }
        return;
    }
    for (int i = 2; i < c->argc; i++) {
        struct vrow *r = vsctl_find_row(v, table, c->argv[i]);
        if (!r && !vsctl_option(c, "--if-exists")) {
            vsctl_need_row(v, table, c->argv[i]);
        }
        if (r) {
            r->destroy = r->deleted = true;
        }
    }
}

const struct vcommand_class vsctl_db_commands[] = {
    {"list", "TABLE [RECORD]...", 1, -1, "--if-exists --columns ", vsctl_list},
    {"find", "TABLE [CONDITION]...", 1, -1, "--columns ", vsctl_find},
    {"get", "TABLE RECORD [COLUMN[:KEY]]...", 2, -1, "--if-exists --id ", cmd_get},
    {"set", "TABLE RECORD COLUMN[:KEY]=VALUE...", 3, -1, "--if-exists ", cmd_set},
    {"add", "TABLE RECORD COLUMN [KEY=]VALUE...", 4, -1, "--if-exists ", cmd_add},
    {"remove", "TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE...", 4, -1, "--if-exists ", cmd_remove},
    {"clear", "TABLE RECORD COLUMN...", 3, -1, "--if-exists ", cmd_clear},
    {"create", "TABLE COLUMN[:KEY]=VALUE...", 2, -1, "--id ", cmd_create},
    {"destroy", "TABLE RECORD...", 1, -1, "--if-exists --all ", cmd_destroy},
    {NULL, NULL, 0, 0, NULL, NULL},
};
