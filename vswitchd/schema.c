/* schema.c - see schema.h. */
#include "vswitchd/schema.h"

#include <stdlib.h>

#define N         UINT32_MAX
#define NONE      N_COLUMNS
#define EPHEMERAL 1
#define IMMUTABLE 2
#define PRIVATE   4

enum base_id {
#define BASE(ID, ATOM, LEAST, MOST, WORDS, REF) BASE_##ID,
#define WEAK(ID, REF)                           BASE_##ID,
#define TABLE(ID, ROOT, MAX_ROWS, INDEX)
#define COLUMN(TABLE, NAME, KEY, VALUE, MIN, MAX, FLAGS)
#define END(ID)
#include "vswitchd/schema.def"
#undef BASE
#undef WEAK
};

/* A space behind each. */
static const char timeout_words[] =
#define CT_TIMEOUT(ID, NAME, SECONDS) NAME " "
#include "lib/ct/ct_timeouts.def"
#undef CT_TIMEOUT
    ;
#define CT_TIMEOUT_WORDS timeout_words

static const struct base_type bases[] = {
#define BASE(ID, ATOM, LEAST, MOST, WORDS, REF) \
    {ATOM_##ATOM, LEAST, MOST, WORDS, TABLE_##REF, false},
#define WEAK(ID, REF) {ATOM_UUID, 0, 0, NULL, TABLE_##REF, true},
#include "vswitchd/schema.def"
#undef BASE
#undef WEAK
#undef COLUMN
#undef TABLE
};

static const struct column columns[N_COLUMNS + 1] = {
#define BASE(ID, ATOM, LEAST, MOST, WORDS, REF)
#define WEAK(ID, REF)
#define TABLE(ID, ROOT, MAX_ROWS, INDEX)
#define COLUMN(T, NAME, KEY, VALUE, MIN, MAX, FLAGS) \
    [COL_##T##_##NAME] = {#NAME,                     \
                          TABLE_##T,                 \
                          &bases[BASE_##KEY],        \
                          &bases[BASE_##VALUE],      \
                          MIN,                       \
                          MAX,                       \
                          ((FLAGS)&EPHEMERAL) != 0,  \
                          ((FLAGS)&IMMUTABLE) != 0,  \
                          ((FLAGS)&PRIVATE) != 0},
#include "vswitchd/schema.def"
#undef TABLE
#undef COLUMN
};

static const struct table tables[N_TABLES] = {
#define TABLE(ID, ROOT, MAX_ROWS, INDEX) {#ID, FIRST_##ID, END_##ID, ROOT, MAX_ROWS, INDEX},
#define COLUMN(T, NAME, KEY, VALUE, MIN, MAX, FLAGS)
#include "vswitchd/schema.def"
};

const struct table *schema_table(enum table_id t)
{
    return &tables[t];
}

const struct column *schema_column(enum column_id c)
{
    return &columns[c];
}

const struct column *schema_uuid_column(void)
{
    static const struct base_type uuid = {.atom = ATOM_UUID, .ref = TABLE_NONE};
    static const struct column column = {"_uuid", TABLE_NONE, &uuid, &bases[BASE_void], 1, 1,
                                         false,   true,       false};
    return &column;
}

enum table_id schema_table_by_name(const char *name)
{
    int t = 0;
    while (t < N_TABLES && strcmp(tables[t].name, name)) {
        t++;
    }
    return (enum table_id)t;
}

const struct column *schema_column_by_name(enum table_id t, const char *name)
{
    for (int c = (int)tables[t].first; c < (int)tables[t].end; c++) {
        if (!strcmp(columns[c].name, name)) {
            return &columns[c];
        }
    }
    return strcmp(name, "_uuid") ? NULL : schema_uuid_column();
}

enum column_id schema_column_id(const struct column *c)
{
    return (enum column_id)(c - columns);
}

bool schema_has_word(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = words; n && (p = strstr(p, word)); p += n) {
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n])) {
            return !strchr(word, ' ');
        }
    }
    return false;
}

/* <base-type> */
static json_t *base_to_json(const struct base_type *b)
{
    static const char *const names[] = {"void", "integer", "boolean", "string", "uuid"};
    json_t *o = json_pack("{s:s}", "type", names[b->atom]);

    if (b->atom == ATOM_INTEGER && b->least != INT64_MIN) {
        json_object_set_new(o, "minInteger", json_integer(b->least));
    }
    if (b->atom == ATOM_INTEGER && b->most != INT64_MAX) {
        json_object_set_new(o, "maxInteger", json_integer(b->most));
    }
    if (b->words) {
        json_t *list = json_array();
        for (const char *p = b->words; *p;) {
            size_t n = strcspn(p, " ");
            json_array_append_new(list, json_stringn(p, n));
            p += n + (p[n] == ' ');
        }
        json_object_set_new(o, "enum", json_pack("[s, o]", "set", list));
    }
    if (b->ref != TABLE_NONE) {
        json_object_set_new(o, "refTable", json_string(tables[b->ref].name));
        if (b->weak) {
            json_object_set_new(o, "refType", json_string("weak"));
        }
    }
    return o;
}

static json_t *column_to_json(const struct column *c)
{
    json_t *type = json_pack("{s:o}", "key", base_to_json(c->key));

    if (c->value->atom != ATOM_VOID) {
        json_object_set_new(type, "value", base_to_json(c->value));
    }
    if (c->min != 1) {
        json_object_set_new(type, "min", json_integer(c->min));
    }
    if (c->max != 1) {
        json_object_set_new(type, "max",
                            c->max == N ? json_string("unlimited") : json_integer(c->max));
    }
    json_t *o = json_pack("{s:o}", "type", type);
    if (c->ephemeral) {
        json_object_set_new(o, "ephemeral", json_true());
    }
    if (c->immutable) {
        json_object_set_new(o, "mutable", json_false());
    }
    return o;
}

json_t *schema_to_json(void)
{
    json_t *all = json_object();

    for (int t = 0; t < N_TABLES; t++) {
        json_t *list = json_object();
        for (int c = (int)tables[t].first; c < (int)tables[t].end; c++) {
            if (!columns[c].hidden) {
                json_object_set_new(list, columns[c].name, column_to_json(&columns[c]));
            }
        }
        json_t *o = json_pack("{s:o}", "columns", list);
        if (tables[t].root) {
            json_object_set_new(o, "isRoot", json_true());
        }
        if (tables[t].max_rows != UINT32_MAX) {
            json_object_set_new(o, "maxRows", json_integer(tables[t].max_rows));
        }
        if (tables[t].index != COL_NONE) {
            json_object_set_new(o, "indexes", json_pack("[[s]]", columns[tables[t].index].name));
        }
        json_object_set_new(all, tables[t].name, o);
    }
    return json_pack("{s:s, s:s, s:o}", "name", SCHEMA_NAME, "version", SCHEMA_VERSION, "tables",
                     all);
}
