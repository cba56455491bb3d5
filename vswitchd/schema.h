/* schema.h - the tables, columns and types of the configuration, built from schema.def.
 *
 * Layer 5, constant data. */
#pragma once

#include <jansson.h>

#include "lib/base.h"

#define SCHEMA_NAME    "Open_vSwitch"
#define SCHEMA_VERSION "8.3.1"

enum atom_type { ATOM_VOID, ATOM_INTEGER, ATOM_BOOLEAN, ATOM_STRING, ATOM_UUID };

enum table_id {
#define BASE(ID, ATOM, LEAST, MOST, WORDS, REF)
#define WEAK(ID, REF)
#define TABLE(ID, ROOT, MAX_ROWS, INDEX) TABLE_##ID,
#define COLUMN(TABLE, NAME, KEY, VALUE, MIN, MAX, FLAGS)
#define END(ID)
#include "vswitchd/schema.def"
#undef TABLE
#undef COLUMN
#undef END
    N_TABLES,
    TABLE_NONE = N_TABLES
};

/* COL_Bridge_name ...; the columns of table T are [FIRST_T, END_T). */
enum column_id {
#define TABLE(ID, ROOT, MAX_ROWS, INDEX)                 FIRST_##ID, BEFORE_##ID = FIRST_##ID - 1,
#define COLUMN(TABLE, NAME, KEY, VALUE, MIN, MAX, FLAGS) COL_##TABLE##_##NAME,
#define END(ID)                                          END_##ID, LAST_##ID = END_##ID - 1,
#include "vswitchd/schema.def"
#undef BASE
#undef WEAK
#undef TABLE
#undef COLUMN
#undef END
    N_COLUMNS,
    COL_NONE = N_COLUMNS
};

struct base_type {
    enum atom_type atom;
    int64_t least, most; /* INTEGER only. */
    const char *words;   /* STRING: the allowed ones, separated by spaces; NULL = any. */
    enum table_id ref;   /* UUID: what it refers to, or TABLE_NONE. */
    bool weak;           /* Does not keep it alive. */
};

struct column {
    const char *name;
    enum table_id table;
    const struct base_type *key, *value; /* value->atom is ATOM_VOID for sets. */
    uint32_t min, max;                   /* How many elements; UINT32_MAX = unlimited. */
    bool ephemeral, immutable;
    bool hidden; /* The daemon's own: peers see it only if they ask by name. */
};

struct table {
    const char *name;
    enum column_id first, end;
    bool root;
    uint32_t max_rows;
    enum column_id index; /* Or COL_NONE. */
};

const struct table *schema_table(enum table_id);
const struct column *schema_column(enum column_id);
/* The pseudo column _uuid, which every table has. */
const struct column *schema_uuid_column(void);
enum table_id schema_table_by_name(const char *); /* TABLE_NONE: no such table. */
/* NULL: no such column; _uuid is one. */
const struct column *schema_column_by_name(enum table_id, const char *);
enum column_id schema_column_id(const struct column *); /* Not of _uuid. */
/* True if 'word' is one of the space-separated 'words'. */
bool schema_has_word(const char *words, const char *word);

/* RFC 7047 section 3.2 <database-schema>; new reference. */
json_t *schema_to_json(void);
