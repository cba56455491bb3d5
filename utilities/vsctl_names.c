/* vsctl_names.c - what words of the command line name: tables, columns, rows, and
 * COLUMN[:KEY][OPERATOR VALUE]. */
#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/uuid.h"
#include "utilities/vsctl.h"

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

const char *vsctl_find_table(struct vctl *v, const char *word)
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

static int compare_strings(const void *a_, const void *b_)
{
    const char *const *a = a_, *const *b = b_;
    return strcmp(*a, *b);
}

static NORETURN void ambiguous_column(const char *table, const json_t *columns, const char *word)
{
    const char **names = xcalloc(json_object_size(columns) + 1, sizeof *names), *name;
    struct text t = TEXT_INIT;
    json_t *unused;
    size_t n = 0;

    json_object_foreach((json_t *)(uintptr_t)columns, name, unused)
    {
        if (score(name, word)) {
            names[n++] = name;
        }
    }
    qsort(names, n, sizeof *names, compare_strings);
    for (size_t i = 0; i < n; i++) {
        text_printf(&t, "%s%s", i ? ", " : "", names[i]);
    }
    vsctl_fatal("%s contains more than one column whose name matches \"%s\": %s", table, word,
                text_cstr(&t));
}

const char *vsctl_find_column(struct vctl *v, const char *table, const char *word)
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
        ambiguous_column(table, columns, word);
    }
    return column;
}

static const char *name_column(const char *table)
{
    return !strcmp(table, "Controller") || !strcmp(table, "Manager") ? "target" : "name";
}

/* What a bridge's name may stand for, beside the bridge: the column that refers to it. */
static const char *column_of_bridge(const char *table)
{
    return !strcmp(table, "Controller") ? "controller" : !strcmp(table, "IPFIX") ? "ipfix" : NULL;
}

/* A row by UUID, @name, name; "." is the row of Open_vSwitch; controllers and IPFIX also by their
 * bridge.  NULL: none. */
struct vrow *vsctl_find_row(struct vctl *v, const char *table, const char *word)
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
    const char *column = column_of_bridge(table);
    struct vrow *br = column ? model_by_name(v, "Bridge", "name", word) : NULL;
    if (br) {
        size_t n;
        struct vrow **rows = model_refs(v, br, column, name_column(table), &n);
        struct vrow *r = n ? rows[0] : NULL;
        free(rows);
        if (n > 1) {
            vsctl_fatal("multiple rows in %s match \"%s\"", table, word);
        }
        return r;
    }
    struct vrow *first = model_by_name(v, table, name_column(table), word);
    for (const struct vrow *r = first ? first->next : NULL; r; r = r->next) {
        if (!r->deleted && !strcmp(r->table, table) &&
            !strcmp(model_string(r, name_column(table)), word)) {
            vsctl_fatal("multiple rows in %s match \"%s\"", table, word);
        }
    }
    return first;
}

struct vrow *vsctl_need_row(struct vctl *v, const char *table, const char *word)
{
    struct vrow *r = vsctl_find_row(v, table, word);
    if (!r) {
        vsctl_fatal("no row \"%s\" in table %s", word, table);
    }
    return r;
}

void vsctl_argument_deinit(struct vargument *a)
{
    json_decref(a->key);
    free(a->op);
}

void vsctl_argument_parse(struct vctl *v, const char *table, const char *arg, struct vargument *a)
{
    size_t len = strcspn(arg, ":=!<> ");
    char *word = xstrndup(arg, len), *error = NULL;
    const char *s = arg + len;

    memset(a, 0, sizeof *a);
    if (!len) {
        vsctl_fatal("%s: missing column name", arg);
    }
    a->column = vsctl_find_column(v, table, word);
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

json_t *vsctl_parse_value(struct vctl *v, const struct vtype *t, const char *s)
{
    char *error;
    json_t *value = value_parse(v, t, s, &error);
    if (error) {
        vsctl_fatal_text(error);
    }
    return value;
}
