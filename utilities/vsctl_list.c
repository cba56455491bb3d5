/* vsctl_list.c - list and find: rows as records of lines or as a table. */
#include <stdlib.h>

#include "lib/mem.h"
#include "utilities/vsctl.h"

static int compare_strings(const void *a_, const void *b_)
{
    const char *const *a = a_, *const *b = b_;
    return strcmp(*a, *b);
}

struct shown_columns {
    const char **names;
    size_t n;
};

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
            s.names[s.n++] = vsctl_find_column(v, table, w);
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

/* One value, in the way that --data asks for. */
static void put_cell(struct vctl *v, const struct vrow *r, const char *column, struct text *t)
{
    struct vtype type = value_type(v, r->table, column);
    const json_t *value = model_get(r, column);

    if (v->data_json) {
        char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        text_puts(t, dump);
        free(dump);
    } else {
        value_format(&type, value, v->bare, t);
    }
}

/* As a record of lines. */
static void print_record(struct vctl *v, struct vcommand *c, const struct vrow *r,
                         const struct shown_columns *s)
{
    if (c->out.len) {
        text_putc(&c->out, '\n');
    }
    for (size_t i = 0; i < s->n; i++) {
        if (v->headings) {
            text_printf(&c->out, "%-20s: ", s->names[i]);
        }
        put_cell(v, r, s->names[i], &c->out);
        text_putc(&c->out, '\n');
    }
}

static void print_cells(struct text *out, char *const *cells, const size_t *width, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        text_printf(out, "%s%-*s", i ? " " : "", i + 1 < n ? (int)width[i] : 0, cells[i]);
    }
    while (out->len && out->s[out->len - 1] == ' ') { /* Behind a cell that is empty. */
        text_chomp(out, ' ');
    }
    text_putc(out, '\n');
}

/* As a table: a heading, dashes, a line for each row. */
static void print_table(struct vctl *v, struct vcommand *c, struct vrow *const *rows, size_t n,
                        const struct shown_columns *s)
{
    size_t *width = xcalloc(s->n + 1, sizeof *width);
    char **cells = xcalloc((n + 2) * s->n + 1, sizeof *cells);

    for (size_t i = 0; i < s->n; i++) {
        cells[i] = xstrdup(s->names[i]);
        width[i] = strlen(cells[i]);
        for (size_t k = 0; k < n; k++) {
            struct text text = TEXT_INIT;
            put_cell(v, rows[k], s->names[i], &text);
            width[i] = MAX(width[i], text.len);
            cells[(k + 2) * s->n + i] = text_steal(&text);
        }
        char *dashes = xmalloc(width[i] + 1);
        memset(dashes, '-', width[i]);
        dashes[width[i]] = '\0';
        cells[s->n + i] = dashes;
    }
    for (size_t k = v->headings ? 0 : 2; k < n + 2; k++) {
        print_cells(&c->out, cells + k * s->n, width, s->n);
    }
    for (size_t i = 0; i < (n + 2) * s->n; i++) {
        free(cells[i]);
    }
    free(cells);
    free(width);
}

/* RFC 4180: quotes around what has a separator, a quote or a line end in it. */
static void put_csv(struct text *out, const char *cell)
{
    if (!strpbrk(cell, ",\"\r\n")) {
        text_puts(out, cell);
        return;
    }
    text_putc(out, '"');
    for (; *cell; cell++) {
        text_puts(out, *cell == '"' ? "\"" : "");
        text_putc(out, *cell);
    }
    text_putc(out, '"');
}

static void print_csv(struct vctl *v, struct vcommand *c, struct vrow *const *rows, size_t n,
                      const struct shown_columns *s)
{
    for (size_t i = 0; v->headings && i < s->n; i++) {
        put_csv(&c->out, s->names[i]);
        text_putc(&c->out, i + 1 < s->n ? ',' : '\n');
    }
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < s->n; i++) {
            struct text cell = TEXT_INIT;
            put_cell(v, rows[k], s->names[i], &cell);
            put_csv(&c->out, text_cstr(&cell));
            text_putc(&c->out, i + 1 < s->n ? ',' : '\n');
            text_deinit(&cell);
        }
    }
}

/* {"data": rows of values as RFC 7047 has them, "headings": columns} */
static void print_json(struct vctl *v UNUSED, struct vcommand *c, struct vrow *const *rows,
                       size_t n, const struct shown_columns *s)
{
    json_t *data = json_array(), *headings = json_array();

    for (size_t k = 0; k < n; k++) {
        json_t *row = json_array();
        for (size_t i = 0; i < s->n; i++) {
            json_array_append(row, (json_t *)(uintptr_t)model_get(rows[k], s->names[i]));
        }
        json_array_append_new(data, row);
    }
    for (size_t i = 0; i < s->n; i++) {
        json_array_append_new(headings, json_string(s->names[i]));
    }
    json_t *all = json_pack("{s:o, s:o}", "data", data, "headings", headings);
    char *dump = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    text_printf(&c->out, "%s\n", dump);
    free(dump);
    json_decref(all);
}

static void print_list(struct vctl *v, struct vcommand *c, struct vrow *const *rows, size_t n,
                       const struct shown_columns *s)
{
    for (size_t i = 0; i < n; i++) {
        print_record(v, c, rows[i], s);
    }
}

static const struct {
    const char *name;
    void (*print)(struct vctl *, struct vcommand *, struct vrow *const *rows, size_t n,
                  const struct shown_columns *);
} formats[] = {
    {"list", print_list}, {"table", print_table}, {"csv", print_csv}, {"json", print_json}};

bool vsctl_has_format(const char *name)
{
    bool known = false;

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        known |= !strcmp(formats[i].name, name);
    }
    return known;
}

/* Consumes 'rows'. */
static void print_rows(struct vctl *v, struct vcommand *c, const char *table, struct vrow **rows,
                       size_t n)
{
    struct shown_columns s = choose_columns(v, table, c);

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        if (!strcmp(formats[i].name, v->format)) {
            formats[i].print(v, c, rows, n, &s);
        }
    }
    free(s.names);
    free(rows);
}

/* Room for all rows of the picture. */
static struct vrow **row_array(const struct vctl *v, int more)
{
    size_t n = (size_t)more + 1;

    for (const struct vrow *r = v->rows; r; r = r->next) {
        n++;
    }
    return xcalloc(n, sizeof(struct vrow *));
}

void vsctl_list(struct vctl *v, struct vcommand *c)
{
    const char *table = vsctl_find_table(v, c->argv[1]);
    struct vrow **rows = row_array(v, c->argc);
    size_t n = 0;

    for (int i = 2; i < c->argc; i++) {
        rows[n] = vsctl_find_row(v, table, c->argv[i]);
        if (!rows[n] && !vsctl_option(c, "--if-exists")) {
            vsctl_need_row(v, table, c->argv[i]);
        }
        n += rows[n] != NULL;
    }
    for (struct vrow *r = v->rows; r && c->argc == 2; r = r->next) {
        if (!r->deleted && !strcmp(r->table, table)) {
            rows[n++] = r;
        }
    }
    print_rows(v, c, table, rows, n);
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
    struct vargument a;
    bool known = false, result;

    vsctl_argument_parse(v, r->table, condition, &a);
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        known |= !strcmp(operators[i], a.op);
    }
    if (!known) {
        vsctl_fatal("%s: argument does not end in \"=\", \"!=\", \"<\", \">\", \"<=\", or \">=\" "
                    "followed by a value.",
                    condition);
    }
    struct vtype one = {.key = a.type.value, .min = 1, .max = 1};
    json_t *want = vsctl_parse_value(v, a.key ? &one : &a.type, a.value);
    if (a.key) {
        json_t *list = value_elements(&a.type, model_get(r, a.column));
        const json_t *pair = map_find(list, a.key);
        result = pair && holds(a.op, json_array_get(pair, 1), want);
        json_decref(list);
    } else {
        result = holds(a.op, model_get(r, a.column), want);
    }
    json_decref(want);
    vsctl_argument_deinit(&a);
    return result;
}

void vsctl_find(struct vctl *v, struct vcommand *c)
{
    const char *table = vsctl_find_table(v, c->argv[1]);
    struct vrow **rows = row_array(v, 0);
    size_t n = 0;

    for (struct vrow *r = v->rows; r; r = r->next) {
        bool all = !r->deleted && !strcmp(r->table, table);
        for (int i = 2; i < c->argc && all; i++) {
            all = fulfils(v, r, c->argv[i]);
        }
        if (all) {
            rows[n++] = r;
        }
    }
    print_rows(v, c, table, rows, n);
}
