/* config_commit.c - the end of a transaction: rows that nothing refers to go, references and
 * uniqueness are checked, and what the transaction has made becomes the document. */
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "vswitchd/config-private.h"

/* Rows reached but not followed yet. */
struct stack {
    struct config_row **rows;
    size_t n, cap;
};

static void reach(struct stack *s, struct config_row *r, uint64_t serial)
{
    if (r->mark == serial) {
        return;
    }
    r->mark = serial;
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->rows = xrealloc(s->rows, s->cap * sizeof *s->rows);
    }
    s->rows[s->n++] = r;
}

static json_t *reach_all(struct txn *x, struct stack *s, const struct config_row *r,
                         const struct column *c, const struct base_type *base,
                         const union atom *atoms, uint32_t n)
{
    if (base->ref == TABLE_NONE || base->weak) {
        return NULL;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct config_row *to = txn_find(x, base->ref, &atoms[i].uuid);
        if (!to) {
            char from_text[UUID_TEXT_LEN + 1], to_text[UUID_TEXT_LEN + 1];
            return datum_error("referential integrity violation",
                               "Table %s column %s row %s references nonexistent row %s in table "
                               "%s.",
                               schema_table(r->table)->name, c->name,
                               uuid_format(&r->uuid, from_text),
                               uuid_format(&atoms[i].uuid, to_text), schema_table(base->ref)->name);
        }
        reach(s, to, x->doc->serial);
    }
    return NULL;
}

static json_t *follow(struct txn *x, struct stack *s, const struct config_row *r)
{
    const struct table *t = schema_table(r->table);
    json_t *error = NULL;

    for (enum column_id id = t->first; id < t->end && !error; id++) {
        const struct column *c = schema_column(id);
        const struct datum *d = row_datum_const(r, c);
        error = reach_all(x, s, r, c, c->key, d->keys, d->n);
        if (!error && c->value->atom != ATOM_VOID) {
            error = reach_all(x, s, r, c, c->value, d->values, d->n);
        }
    }
    return error;
}

/* Marks what is alive, and deletes the rest. */
static json_t *collect_garbage(struct txn *x)
{
    struct stack s = {NULL, 0, 0};
    json_t *error = NULL;
    size_t n;

    x->doc->serial++;
    for (int t = 0; t < N_TABLES; t++) {
        if (schema_table((enum table_id)t)->root) {
            struct config_row **rows = txn_rows(x, (enum table_id)t, &n);
            for (size_t i = 0; i < n; i++) {
                reach(&s, rows[i], x->doc->serial);
            }
            free(rows);
        }
    }
    while (s.n && !error) {
        error = follow(x, &s, s.rows[--s.n]);
    }
    free(s.rows);
    for (int t = 0; t < N_TABLES && !error; t++) {
        struct config_row **rows = txn_rows(x, (enum table_id)t, &n);
        for (size_t i = 0; i < n; i++) {
            if (rows[i]->mark != x->doc->serial) {
                txn_delete(x, rows[i]);
            }
        }
        free(rows);
    }
    return error;
}

/* Takes the references out of a column whose rows are gone. */
static void drop_dead(struct txn *x, struct config_row *r, const struct column *c)
{
    const struct datum *d = row_datum_const(r, c);
    struct datum dead = {.n = 0, .keys = xcalloc(d->n + 1, sizeof *d->keys)};

    for (uint32_t i = 0; i < d->n; i++) {
        if (!txn_find(x, c->key->ref, &d->keys[i].uuid)) {
            dead.keys[dead.n++] = d->keys[i];
        }
    }
    if (dead.n) {
        datum_delete(row_datum(txn_write(x, r), c), &dead, c, false);
    }
    free(dead.keys);
}

static json_t *drop_weak_refs(struct txn *x)
{
    json_t *error = NULL;

    for (int id = 0; id < N_COLUMNS && !error; id++) {
        const struct column *c = schema_column((enum column_id)id);
        size_t n = 0;
        struct config_row **rows = c->key->weak ? txn_rows(x, c->table, &n) : NULL;
        for (size_t i = 0; i < n && !error; i++) {
            drop_dead(x, rows[i], c);
            struct config_row *now = txn_find(x, c->table, &rows[i]->uuid);
            error = datum_check(row_datum(now, c), c);
        }
        free(rows);
    }
    return error;
}

static int compare_names(const void *a_, const void *b_, void *column_)
{
    const struct column *column = column_;
    struct config_row *const *a = a_, *const *b = b_;
    const char *x = row_datum(*a, column)->keys[0].string;
    const char *y = row_datum(*b, column)->keys[0].string;
    return strcmp(x, y);
}

static json_t *check_unique(const struct column *c, struct config_row **rows, size_t n)
{
    char a[UUID_TEXT_LEN + 1], b[UUID_TEXT_LEN + 1];

    qsort_r(rows, n, sizeof *rows, compare_names, (void *)(uintptr_t)c);
    for (size_t i = 1; i < n; i++) {
        if (!compare_names(&rows[i - 1], &rows[i], (void *)(uintptr_t)c)) {
            return datum_error(
                "constraint violation",
                "Transaction causes multiple rows in \"%s\" table to have identical values "
                "(\"%s\") for index on column \"%s\".  First row, with UUID %s, and second row, "
                "with UUID %s.",
                schema_table(c->table)->name, row_datum(rows[i], c)->keys[0].string, c->name,
                uuid_format(&rows[i - 1]->uuid, a), uuid_format(&rows[i]->uuid, b));
        }
    }
    return NULL;
}

/* Number of rows, and the index. */
static json_t *check_table(struct txn *x, enum table_id id)
{
    const struct table *t = schema_table(id);
    json_t *error = NULL;
    size_t n;
    struct config_row **rows = txn_rows(x, id, &n);

    if (n > t->max_rows) {
        error = datum_error("constraint violation",
                            "transaction causes \"%s\" table to contain %zu rows, greater than "
                            "the schema-defined limit of %u row(s)",
                            t->name, n, t->max_rows);
    } else if (id == TABLE_Open_vSwitch && !n) {
        error =
            datum_error("constraint violation", "the row of table %s cannot be deleted", t->name);
    } else if (t->index != COL_NONE) {
        error = check_unique(schema_column(t->index), rows, n);
    }
    free(rows);
    return error;
}

static void note_changes(struct txn *x, const struct txn_row *o)
{
    const struct table *t = schema_table(o->table);

    if (!o->old || !o->new) {
        bool any = o->old || o->new; /* Made and deleted within: nothing. */
        x->changed |= any;
        x->durable |= any;
        return;
    }
    for (enum column_id id = t->first; id < t->end; id++) {
        const struct column *c = schema_column(id);
        if (!datum_equal(row_datum(o->old, c), row_datum(o->new, c), c)) {
            x->changed = true;
            x->durable |= !c->ephemeral;
        }
    }
}

json_t *txn_commit(struct txn *x)
{
    struct txn_row *o;

    json_t *error = collect_garbage(x);
    error = error ? error : drop_weak_refs(x);
    for (int t = 0; t < N_TABLES && !error; t++) {
        error = check_table(x, (enum table_id)t);
    }
    if (error) {
        return error;
    }
    HMAP_FOR_EACH(o, node, &x->rows) {
        note_changes(x, o);
        if (o->old) {
            hmap_remove(&x->doc->tables[o->table], &o->old->node);
            row_free(o->old);
        }
        if (o->new) {
            document_insert(x->doc, o->new);
            o->new = NULL; /* The document's from now. */
        }
    }
    x->doc->next_seq = x->next_seq;
    return NULL;
}
