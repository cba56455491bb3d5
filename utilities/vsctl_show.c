/* vsctl_show.c - `show`: the configuration as an indented tree. */
#include <stdlib.h>

#include "lib/mem.h"
#include "utilities/vsctl.h"

struct shown {
    const char *table, *name; /* The column that names a row. */
    const char *columns[6];   /* In this order; references are followed; MAP:KEY is one value. */
};

static const struct shown shown[] = {
    {"Open_vSwitch", NULL, {"manager_options", "bridges", "ovs_version"}},
    {"Bridge", "name", {"controller", "fail_mode", "datapath_type", "status:error", "ports"}},
    {"Port", "name", {"tag", "trunks", "interfaces"}},
    {"Interface", "name", {"type", "options", "error"}},
    {"Controller", "target", {"is_connected"}},
    {"Manager", "target", {"is_connected"}},
};

static const struct shown *shown_table(const char *table)
{
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        if (!strcmp(shown[i].table, table)) {
            return &shown[i];
        }
    }
    return NULL;
}

static void indent(struct text *out, int depth)
{
    text_printf(out, "%*s", 4 * depth, "");
}

/* MAP:KEY as `KEY: VALUE`, if there is one. */
static void show_map_value(const struct vrow *r, const char *column, int depth, struct text *out)
{
    const char *key = strchr(column, ':') + 1;
    char *name = xstrndup(column, (size_t)(key - 1 - column));
    const json_t *map = json_array_get(model_get(r, name), 1), *pair; /* ["map", [[K, V]...]] */
    size_t i;

    json_array_foreach(map, i, pair)
    {
        const char *k = json_string_value(json_array_get(pair, 0));
        if (k && !strcmp(k, key)) {
            indent(out, depth);
            text_printf(out, "%s: ", key);
            value_format_atom(json_array_get(pair, 1), false, out);
            text_putc(out, '\n');
        }
    }
    free(name);
}

/* The depth is that of the tables: at most five. */
static void show_row(struct vctl *v, const struct vrow *r, int depth, struct text *out)
{
    const struct shown *s = shown_table(r->table);

    indent(out, depth);
    if (s->name) {
        text_printf(out, "%s ", r->table);
        value_format_atom(model_get(r, s->name), false, out);
    } else {
        value_format_atom(r->ref, false, out);
    }
    text_putc(out, '\n');
    for (size_t i = 0; i < ARRAY_SIZE(s->columns) && s->columns[i]; i++) {
        const char *column = s->columns[i];
        if (strchr(column, ':')) {
            show_map_value(r, column, depth + 1, out);
            continue;
        }
        struct vtype t = value_type(v, r->table, column);
        const char *ref = json_string_value(json_object_get(t.key, "refTable"));
        if (ref && shown_table(ref)) {
            size_t n;
            struct vrow **rows = model_refs(v, r, column, shown_table(ref)->name, &n);
            for (size_t k = 0; k < n; k++) {
                show_row(v, rows[k], depth + 1, out);
            }
            free(rows);
        } else if (!value_is_default(&t, model_get(r, column))) {
            indent(out, depth + 1);
            text_printf(out, "%s: ", column);
            value_format(&t, model_get(r, column), false, out);
            text_putc(out, '\n');
        }
    }
}

void vsctl_show(struct vctl *v, struct vcommand *c)
{
    show_row(v, v->root, 0, &c->out);
}
