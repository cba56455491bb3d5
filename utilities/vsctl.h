/* vsctl.h - sluice-vsctl: its picture of the configuration, values as text, commands.
 *
 * A run: read everything by one transaction, let the commands change the picture (later ones
 * see what earlier ones did), send what has changed as one transaction, guarded by "wait"
 * operations so that a change by somebody else meanwhile makes us start over.  One thread; errors
 * end the program. */
#pragma once

#include <jansson.h>

#include "lib/base.h"
#include "lib/io/jsonrpc.h"
#include "lib/text.h"

/* The type of a column (RFC 7047 section 3.2), out of the schema. */
struct vtype {
    const json_t *key, *value; /* <base-type> objects or strings; value NULL for sets. */
    json_int_t min, max;       /* max INT64_MAX = unlimited. */
};

struct vrow {
    struct vrow *next; /* All rows, in the order of the daemon's answer. */
    const char *table;
    json_t *ref;      /* ["uuid", U], or ["named-uuid", N] for a new one. */
    json_t *columns;  /* As of now. */
    json_t *original; /* As read; NULL for a new one. */
    json_t *dirty;    /* Object: the changed columns. */
    bool deleted;     /* Gone from the picture. */
    bool destroy;     /* By a delete operation; else nothing refers to it any more. */
};

struct vctl {
    struct jsonrpc_client *client;
    json_t *schema;           /* "tables" of get_schema. */
    struct vrow *rows, *root; /* root: of Open_vSwitch. */
    struct vrow **tail;       /* Where the next row goes. */
    json_t *ids;              /* "@x" -> its reference. */
    unsigned n_new;
    json_t *new_ifaces; /* Array of names: to be checked after the commit. */
    bool bare, data_json, headings;
    const char *format; /* One that vsctl_has_format(). */
};

/* One command of the command line. */
struct vcommand {
    const struct vcommand_class *class;
    int argc;
    char **argv;     /* argv[0] its name. */
    json_t *options; /* "--may-exist" -> its value or "". */
    struct text out;
    struct vrow *created; /* Its UUID is printed after the commit. */
    int exit_code;
};

struct vcommand_class {
    const char *name, *args; /* 'args' for the usage text. */
    int min, max;            /* Arguments; -1 = any. */
    const char *options;     /* Allowed ones, each followed by a space. */
    void (*run)(struct vctl *, struct vcommand *);
};

extern const struct vcommand_class vsctl_bridge_commands[], vsctl_tls_commands[],
    vsctl_zone_commands[], vsctl_db_commands[];
/* End: NULL. */

extern const char *vsctl_program;
NORETURN void vsctl_fatal(const char *fmt, ...) PRINTF_LIKE(1, 2);
NORETURN void vsctl_fatal_text(char *error); /* Consumes it. */
bool vsctl_option(const struct vcommand *, const char *name);

/* vsctl_model.c */
void model_fill(struct vctl *, json_t *schema, json_t *results); /* Selects of all tables. */
void model_clear(struct vctl *);
struct vrow *model_insert(struct vctl *, const char *table, const char *id);
struct vrow *model_follow(struct vctl *, const json_t *ref);      /* NULL: gone. */
json_t *model_get(const struct vrow *, const char *column);       /* Borrowed. */
void model_set(struct vrow *, const char *column, json_t *value); /* Steals the value. */
/* Rows that the elements of a set of references stand for: heap array, '*n', sorted by 'name'. */
struct vrow **model_refs(struct vctl *, const struct vrow *, const char *column, const char *name,
                         size_t *n);
void model_add_ref(struct vrow *, const char *column, const json_t *ref);
void model_remove_ref(struct vrow *, const char *column, const json_t *ref);
struct vrow *model_by_name(struct vctl *, const char *table, const char *column, const char *name);
const char *model_string(const struct vrow *, const char *column); /* "" if it has none. */
/* The operations that make the daemon's rows like ours. */
json_t *model_operations(struct vctl *, bool wait);

/* vsctl_value.c */
struct vtype value_type(const struct vctl *, const char *table, const char *column);
/* The text of a whole value; 'error' a heap string.  New reference or NULL. */
json_t *value_parse(struct vctl *, const struct vtype *, const char *, char **error);
/* One atom; '*s' moves on. */
json_t *value_parse_atom(struct vctl *, const json_t *base, const char **s, char **error);
/* Elements of a set or pairs of a map, as an array; new reference. */
json_t *value_elements(const struct vtype *, const json_t *value);
json_t *value_from_elements(const struct vtype *, json_t *elements); /* Steals; sorts, unique. */
void value_format(const struct vtype *, const json_t *value, bool bare, struct text *);
void value_format_atom(const json_t *atom, bool bare, struct text *);
bool value_is_default(const struct vtype *, const json_t *value);
json_t *value_default(const struct vtype *);
json_t *map_find(const json_t *elements, const json_t *key); /* The pair, or NULL. */

/* vsctl_names.c; what is not there ends the program, but for vsctl_find_row(): NULL. */
const char *vsctl_find_table(struct vctl *, const char *word);
const char *vsctl_find_column(struct vctl *, const char *table, const char *word);
struct vrow *vsctl_find_row(struct vctl *, const char *table, const char *word);
struct vrow *vsctl_need_row(struct vctl *, const char *table, const char *word);
/* COLUMN[:KEY][OPERATOR VALUE], taken apart; strings are heap or NULL. */
struct vargument {
    const char *column;
    struct vtype type;
    json_t *key;
    char *op; /* "", "=", "!=", "<", ">", "<=", ">=" */
    const char *value;
};
void vsctl_argument_parse(struct vctl *, const char *table, const char *arg, struct vargument *);
void vsctl_argument_deinit(struct vargument *);
json_t *vsctl_parse_value(struct vctl *, const struct vtype *, const char *);

/* vsctl_list.c */
bool vsctl_has_format(const char *name);
void vsctl_list(struct vctl *, struct vcommand *);
void vsctl_find(struct vctl *, struct vcommand *);

/* vsctl_db.c: COLUMN[:KEY]=VALUE */
void vsctl_set_column(struct vctl *, struct vrow *, const char *arg);

/* vsctl_show.c */
void vsctl_show(struct vctl *, struct vcommand *);
