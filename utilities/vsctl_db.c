/* vsctl_db.c - the database commands of sluice-vsctl: list, find, get, set, add, remove, clear,
 * create, destroy. */
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "lib/mem.h"
#include "lib/uuid.h"
#include "utilities/vsctl.h"

/* Names. */

/* Upper and lower case, '-' and '_' are the same.  0: no match, 1: begins so, 2: all of it. */
static int score(const char *name, const char *word)
{
    for (; *word; name++, word++) {
        char a = (char)tolower((unsigned char)*name), b = (char)tolower((unsigned char)*word);
        if ((a == '-' ? '_' : a) != (b == '-' ? '_' : b)) {
            return 0;
        }
    }
    return *name ? 1 : 2;
}

/* The one key of 'o' that matches best; '*n' how many do. */
static const char *best_match(const json_t *o, const char *word, int *n)
{
    const char *name, *best = NULL;
    int best_score = 1;
    json_t *unused;

    *n = 0;
    json_object_foreach((json_t *)(uintptr_t)o, name, unused)
    {
        int s = score(name, word);
        if (s > best_score || (s == best_score && s)) {
            *n = s > best_score ? 1 : *n + 1;
            best_score = s;
            best = name;
        }
    }
    return best;
}

static const char *find_table(struct vctl *v, const char *word)
{
    int n;
    const char *table = best_match(v->schema, word, &n);

    if (!n) {
        vsctl_fatal("unknown table \"%s\"", word);
    }
    if (n > 1) {
        vsctl_fatal("multiple tables match \"%s\"", word);
    }
    return table;
}

static const char *find_column(struct vctl *v, const char *table, const char *word)
{
    int n;

    if (!strcmp(word, "_uuid")) {
        return "_uuid";
    }
    const json_t *columns = json_object_get(json_object_get(v->schema, table), "columns");
    const char *column = best_match(columns, word, &n);
    if (!n) {
        vsctl_fatal("%s does not contain a column whose name matches \"%s\"", table, word);
    }
    if (n > 1) {
        vsctl_fatal("%s contains more than one column whose name matches \"%s\"", table, word);
    }
    return column;
}

static const char *name_column(const char *table)
{
    return !strcmp(table, "Controller") || !strcmp(table, "Manager") ? "target" : "name";
}

/* A row by UUID, @name, name; "." is the row of Open_vSwitch; a controller also by its bridge.
 * NULL: none. */
static struct vrow *find_row(struct vctl *v, const char *table, const char *word)
{
    struct uuid uuid;

    if (*word == '@') {
        const json_t *ref = json_object_get(v->ids, word);
        return ref ? model_follow(v, ref) : NULL;
    }
    if (uuid_parse(word, &uuid)) {
        json_t *ref = json_pack("[s, s]", "uuid", word);
        struct vrow *r = model_follow(v, ref);
        json_decref(ref);
        return r && !strcmp(r->table, table) ? r : NULL;
    }
    if (!strcmp(table, "Open_vSwitch")) {
        return strcmp(word, ".") ? NULL : v->root;
    }
    struct vrow *br =
        !strcmp(table, "Controller") ? model_by_name(v, "Bridge", "name", word) : NULL;
    if (br) {
        size_t n;
        struct vrow **rows = model_refs(v, br, "controller", "target", &n);
        struct vrow *r = n ? rows[0] : NULL;
        free(rows);
        if (n > 1) {
            vsctl_fatal("multiple rows in Controller match \"%s\"", word);
        }
        return r;
    }
    return model_by_name(v, table, name_column(table), word);
}

static struct vrow *need_row(struct vctl *v, const char *table, const char *word)
{
    struct vrow *r = find_row(v, table, word);
    if (!r) {
        vsctl_fatal("no row \"%s\" in table %s", word, table);
    }
    return r;
}

/* COLUMN[:KEY][OPERATOR VALUE], taken apart; strings are heap or NULL. */
struct argument {
    const char *column;
    struct vtype type;
    json_t *key;
    char *op; /* "", "=", "!=", "<", ">", "<=", ">=" */
    const char *value;
};

static void argument_deinit(struct argument *a)
{
    json_decref(a->key);
    free(a->op);
}

static void argument_parse(struct vctl *v, const char *table, const char *arg, struct argument *a)
{
    size_t len = strcspn(arg, ":=!<> ");
    char *word = xstrndup(arg, len), *error = NULL;
    const char *s = arg + len;

    memset(a, 0, sizeof *a);
    if (!len) {
        vsctl_fatal("%s: missing column name", arg);
    }
    a->column = find_column(v, table, word);
    free(word);
    a->type = value_type(v, table, a->column);
    if (*s == ':') {
        if (!a->type.value) {
            vsctl_fatal("%s: cannot specify key to %s for non-map column %s", arg, "set",
                        a->column);
        }
        s++;
        a->key = value_parse_atom(v, a->type.key, &s, &error);
        if (error) {
            vsctl_fatal_text(error);
        }
    }
    len = strspn(s, "=!<>");
    a->op = xstrndup(s, len);
    a->value = s + len;
    if (!len && *s) {
        vsctl_fatal("%s: trailing garbage \"%s\" in argument", arg, s);
    }
}

static json_t *parse_or_die(struct vctl *v, const struct vtype *t, const char *s)
{
    char *error;
    json_t *value = value_parse(v, t, s, &error);
    if (error) {
        vsctl_fatal_text(error);
    }
    return value;
}

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
    struct argument a;

    argument_parse(v, r->table, arg, &a);
    if (strcmp(a.op, "=")) {
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
        model_set(r, a.column, parse_or_die(v, &a.type, a.value));
    }
    argument_deinit(&a);
}

static struct vrow *row_of_command(struct vctl *v, struct vcommand *c)
{
    const char *table = find_table(v, c->argv[1]);
    struct vrow *r = find_row(v, table, c->argv[2]);

    if (!r && !vsctl_option(c, "--if-exists")) {
        need_row(v, table, c->argv[2]);
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
        struct argument a;
        argument_parse(v, r->table, c->argv[i], &a);
        if (!a.key) {
            value_format(&a.type, model_get(r, a.column), v->bare, &c->out);
        } else {
            json_t *list = value_elements(&a.type, model_get(r, a.column));
            const json_t *pair = map_find(list, a.key);
            if (pair) {
                value_format_atom(json_array_get(pair, 1), v->bare, &c->out);
            } else if (!vsctl_option(c, "--if-exists")) {
                vsctl_fatal("no key \"%s\" in %s record \"%s\" column %s",
                            json_string_value(a.key) ? json_string_value(a.key) : "?", r->table,
                            c->argv[2], a.column);
            }
            json_decref(list);
        }
        text_putc(&c->out, '\n');
        argument_deinit(&a);
    }
}

static void cmd_add(struct vctl *v, struct vcommand *c)
{
    struct vrow *r = row_of_command(v, c);

    if (!r) {
        return;
    }
    const char *column = find_column(v, r->table, c->argv[3]);
    struct vtype t = value_type(v, r->table, column);
    struct vtype any = {.key = t.key, .value = t.value, .min = 0, .max = INT64_MAX};
    json_t *list = value_elements(&t, model_get(r, column));
    check_mutable(v, r, column);
    for (int i = 4; i < c->argc; i++) {
        json_t *value = parse_or_die(v, &any, c->argv[i]), *more = value_elements(&any, value);
        for (size_t k = 0; k < json_array_size(more); k++) {
            json_t *e = json_array_get(more, k);
            /* A key that is there keeps its value. */
            if (!t.value || !map_find(list, json_array_get(e, 0))) {
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
    const char *column = find_column(v, r->table, c->argv[3]);
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
        const char *column = find_column(v, r->table, c->argv[i]);
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
    const char *table = find_table(v, c->argv[1]);
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
    const char *table = find_table(v, c->argv[1]);

    if (vsctl_option(c, "--all")) {
        for (struct vrow *r = v->rows; r; r = r->next) {
            if (!strcmp(r->table, table)) {
                r->destroy = r->deleted = true;
            }
        }
        return;
    }
    for (int i = 2; i < c->argc; i++) {
        struct vrow *r = find_row(v, table, c->argv[i]);
        if (!r && !vsctl_option(c, "--if-exists")) {
            need_row(v, table, c->argv[i]);
        }
        if (r) {
            r->destroy = r->deleted = true;
        }
    }
}

/* list and find. */

struct shown_columns {
    const char **names;
    size_t n;
};

static int compare_strings(const void *a_, const void *b_)
{
    const char *const *a = a_, *const *b = b_;
    return strcmp(*a, *b);
}

static struct shown_columns choose_columns(struct vctl *v, const char *table, struct vcommand *c)
{
    const char *wanted = json_string_value(json_object_get(c->options, "--columns"));
    const json_t *all = json_object_get(json_object_get(v->schema, table), "columns");
    struct shown_columns s = {.n = 0};
    const char *name;
    json_t *unused;

    s.names = xcalloc(json_object_size(all) + strlen(wanted ? wanted : "") + 1, sizeof *s.names);
    if (wanted) {
        char *copy = xstrdup(wanted);
        for (char *save, *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
            s.names[s.n++] = find_column(v, table, w);
        }
        free(copy);
        return s;
    }
    s.names[s.n++] = "_uuid";
    json_object_foreach((json_t *)(uintptr_t)all, name, unused)
    {
        s.names[s.n++] = name;
    }
    qsort(s.names + 1, s.n - 1, sizeof *s.names, compare_strings);
    return s;
}

static void print_row(struct vctl *v, struct vcommand *c, const struct vrow *r,
                      const struct shown_columns *s)
{
    bool table = !strcmp(v->format, "table");

    if (!table && c->out.len) {
        text_putc(&c->out, '\n');
    }
    for (size_t i = 0; i < s->n; i++) {
        struct vtype t = value_type(v, r->table, s->names[i]);
        if (table) {
            text_puts(&c->out, i ? " " : "");
        } else if (v->headings) {
            text_printf(&c->out, "%-20s: ", s->names[i]);
        }
        value_format(&t, model_get(r, s->names[i]), v->bare, &c->out);
        text_puts(&c->out, table ? "" : "\n");
    }
    text_puts(&c->out, table ? "\n" : "");
}

static void cmd_list(struct vctl *v, struct vcommand *c)
{
    const char *table = find_table(v, c->argv[1]);
    struct shown_columns s = choose_columns(v, table, c);

    if (c->argc > 2) {
        for (int i = 2; i < c->argc; i++) {
            struct vrow *r = find_row(v, table, c->argv[i]);
            if (r) {
                print_row(v, c, r, &s);
            } else if (!vsctl_option(c, "--if-exists")) {
                need_row(v, table, c->argv[i]);
            }
        }
    } else {
        for (const struct vrow *r = v->rows; r; r = r->next) {
            if (!r->deleted && !strcmp(r->table, table)) {
                print_row(v, c, r, &s);
            }
        }
    }
    free(s.names);
}

/* Of two scalars; sets are equal or not. */
static bool holds(const char *op, const json_t *a, const json_t *b)
{
    if (!strcmp(op, "=")) {
        return json_equal(a, b);
    }
    if (!strcmp(op, "!=")) {
        return !json_equal(a, b);
    }
    if (!json_is_integer(a) || !json_is_integer(b)) {
        return false;
    }
    json_int_t x = json_integer_value(a), y = json_integer_value(b);
    return !strcmp(op, "<")    ? x < y
           : !strcmp(op, ">")  ? x > y
           : !strcmp(op, "<=") ? x <= y
                               : x >= y;
}

static bool fulfils(struct vctl *v, const struct vrow *r, const char *condition)
{
    static const char *const operators[] = {"=", "!=", "<", ">", "<=", ">="};
    struct argument a;
    bool known = false, result;

    argument_parse(v, r->table, condition, &a);
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        known |= !strcmp(operators[i], a.op);
    }
    if (!known) {
        vsctl_fatal("%s: missing or unknown op (= != < > <= >= expected)", condition);
    }
    struct vtype one = {.key = a.type.value, .min = 1, .max = 1};
    json_t *want = parse_or_die(v, a.key ? &one : &a.type, a.value);
    if (a.key) {
        json_t *list = value_elements(&a.type, model_get(r, a.column));
        const json_t *pair = map_find(list, a.key);
        result = pair && holds(a.op, json_array_get(pair, 1), want);
        json_decref(list);
    } else {
        result = holds(a.op, model_get(r, a.column), want);
    }
    json_decref(want);
    argument_deinit(&a);
    return result;
}

static void cmd_find(struct vctl *v, struct vcommand *c)
{
    const char *table = find_table(v, c->argv[1]);
    struct shown_columns s = choose_columns(v, table, c);

    for (const struct vrow *r = v->rows; r; r = r->next) {
        bool all = !r->deleted && !strcmp(r->table, table);
        for (int i = 2; i < c->argc && all; i++) {
            all = fulfils(v, r, c->argv[i]);
        }
        if (all) {
            print_row(v, c, r, &s);
        }
    }
    free(s.names);
}

const struct vcommand_class vsctl_db_commands[] = {
    {"list", "TABLE [RECORD]...", 1, -1, "--if-exists --columns ", cmd_list},
    {"find", "TABLE [CONDITION]...", 1, -1, "--columns ", cmd_find},
    {"get", "TABLE RECORD [COLUMN[:KEY]]...", 2, -1, "--if-exists --id ", cmd_get},
    {"set", "TABLE RECORD COLUMN[:KEY]=VALUE...", 3, -1, "--if-exists ", cmd_set},
    {"add", "TABLE RECORD COLUMN [KEY=]VALUE...", 4, -1, "--if-exists ", cmd_add},
    {"remove", "TABLE RECORD COLUMN KEY|VALUE|KEY=VALUE...", 4, -1, "--if-exists ", cmd_remove},
    {"clear", "TABLE RECORD COLUMN...", 3, -1, "--if-exists ", cmd_clear},
    {"create", "TABLE COLUMN[:KEY]=VALUE...", 2, -1, "--id ", cmd_create},
    {"destroy", "TABLE RECORD...", 1, -1, "--if-exists --all ", cmd_destroy},
    {NULL, NULL, 0, 0, NULL, NULL},
};
