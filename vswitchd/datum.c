/* datum.c - see datum.h: representation, JSON, checks. */
#include "vswitchd/datum.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/text.h"

json_t *datum_error(const char *tag, const char *fmt, ...)
{
    struct text t = TEXT_INIT;
    va_list ap;

    va_start(ap, fmt);
    text_vprintf(&t, fmt, ap);
    va_end(ap);
    json_t *e = json_pack("{s:s, s:s}", "error", tag, "details", text_cstr(&t));
    text_deinit(&t);
    return e;
}

/* Atoms. */

static void atom_deinit(enum atom_type type, union atom *a)
{
    if (type == ATOM_STRING) {
        free(a->string);
    }
}

static union atom atom_clone(enum atom_type type, const union atom *a)
{
    union atom copy = *a;
    if (type == ATOM_STRING) {
        copy.string = xstrdup(a->string);
    }
    return copy;
}

int datum_compare_atoms(enum atom_type type, const union atom *a, const union atom *b)
{
    switch (type) {
    case ATOM_INTEGER:
        return (a->integer > b->integer) - (a->integer < b->integer);
    case ATOM_BOOLEAN:
        return a->boolean - b->boolean;
    case ATOM_STRING:
        return strcmp(a->string, b->string);
    case ATOM_UUID:
        return uuid_compare(&a->uuid, &b->uuid);
    case ATOM_VOID:
        break;
    }
    return 0;
}

static json_t *uuid_from_json(struct uuid *uuid, const json_t *json,
                              const struct datum_names *names)
{
    const char *tag = json_string_value(json_array_get(json, 0));
    const char *s = json_string_value(json_array_get(json, 1));

    if (json_array_size(json) == 2 && tag && s) {
        if (!strcmp(tag, "uuid") && uuid_parse(s, uuid)) {
            return NULL;
        }
        if (!strcmp(tag, "named-uuid") && names) {
            return names->resolve(names->aux, s, uuid);
        }
    }
    return datum_error("syntax error", "expected [\"uuid\", UUID] or [\"named-uuid\", NAME]");
}

static json_t *atom_from_json(union atom *a, const struct base_type *base, const json_t *json,
                              const struct datum_names *names)
{
    static const char *const wanted[] = {[ATOM_INTEGER] = "an integer",
                                         [ATOM_BOOLEAN] = "true or false",
                                         [ATOM_STRING] = "a string"};

    memset(a, 0, sizeof *a);
    if (base->atom == ATOM_UUID) {
        return uuid_from_json(&a->uuid, json, names);
    }
    if (base->atom == ATOM_INTEGER && json_is_integer(json)) {
        a->integer = json_integer_value(json);
    } else if (base->atom == ATOM_BOOLEAN && json_is_boolean(json)) {
        a->boolean = json_is_true(json);
    } else if (base->atom == ATOM_STRING && json_is_string(json)) {
        a->string = xstrdup(json_string_value(json));
    } else {
        return datum_error("syntax error", "expected %s", wanted[base->atom]);
    }
    return NULL;
}

static json_t *atom_to_json(enum atom_type type, const union atom *a)
{
    char s[UUID_TEXT_LEN + 1];

    switch (type) {
    case ATOM_INTEGER:
        return json_integer(a->integer);
    case ATOM_BOOLEAN:
        return json_boolean(a->boolean);
    case ATOM_STRING: {
        json_t *string = json_string(a->string);
        return string ? string : json_string(""); /* Not UTF-8: only the daemon's own could be. */
    }
    case ATOM_UUID:
        return json_pack("[s, s]", "uuid", uuid_format(&a->uuid, s));
    case ATOM_VOID:
        break;
    }
    return json_null();
}

static json_t *atom_check(const union atom *a, const struct base_type *base, const char *column)
{
    if (base->atom == ATOM_INTEGER && (a->integer < base->least || a->integer > base->most)) {
        return datum_error("constraint violation",
                           "%" PRId64 " is not in the valid range of column %s: %" PRId64
                           " to %" PRId64,
                           a->integer, column, base->least, base->most);
    }
    if (base->atom == ATOM_STRING && base->words && !schema_has_word(base->words, a->string)) {
        return datum_error("constraint violation",
                           "\"%s\" is not one of the allowed values of column %s: %s", a->string,
                           column, base->words);
    }
    return NULL;
}

/* Sets and maps. */

static bool is_map(const struct column *c)
{
    return c->value->atom != ATOM_VOID;
}

void datum_deinit(struct datum *d, const struct column *c)
{
    for (uint32_t i = 0; i < d->n; i++) {
        atom_deinit(c->key->atom, &d->keys[i]);
        if (d->values) {
            atom_deinit(c->value->atom, &d->values[i]);
        }
    }
    free(d->keys);
    free(d->values);
    *d = (struct datum){0, NULL, NULL};
}

static void allocate(struct datum *d, const struct column *c, size_t n)
{
    d->n = 0;
    d->keys = n ? xcalloc(n, sizeof *d->keys) : NULL;
    d->values = n && is_map(c) ? xcalloc(n, sizeof *d->values) : NULL;
}

void datum_init_default(struct datum *d, const struct column *c)
{
    allocate(d, c, c->min);
    if (c->min) {
        /* Columns that must have elements have one. */
        if (c->key->atom == ATOM_STRING) {
            d->keys[0].string = xstrdup("");
        }
        d->n = 1;
    }
}

void datum_clone(struct datum *d, const struct datum *src, const struct column *c)
{
    allocate(d, c, src->n);
    for (uint32_t i = 0; i < src->n; i++) {
        d->keys[i] = atom_clone(c->key->atom, &src->keys[i]);
        if (is_map(c)) {
            d->values[i] = atom_clone(c->value->atom, &src->values[i]);
        }
    }
    d->n = src->n;
}

bool datum_equal(const struct datum *a, const struct datum *b, const struct column *c)
{
    bool equal = a->n == b->n;

    for (uint32_t i = 0; equal && i < a->n; i++) {
        equal = !datum_compare_atoms(c->key->atom, &a->keys[i], &b->keys[i]) &&
                (!is_map(c) || !datum_compare_atoms(c->value->atom, &a->values[i], &b->values[i]));
    }
    return equal;
}

bool datum_is_default(const struct datum *d, const struct column *c)
{
    struct datum other;

    datum_init_default(&other, c);
    bool equal = datum_equal(d, &other, c);
    datum_deinit(&other, c);
    return equal;
}

/* Where 'key' is or belongs. */
static uint32_t lower_bound(const struct datum *d, enum atom_type type, const union atom *key)
{
    uint32_t low = 0, high = d->n;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (datum_compare_atoms(type, &d->keys[mid], key) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

int64_t datum_find(const struct datum *d, const struct column *c, const union atom *key)
{
    uint32_t i = lower_bound(d, c->key->atom, key);
    return i < d->n && !datum_compare_atoms(c->key->atom, &d->keys[i], key) ? (int64_t)i : -1;
}

bool datum_includes(const struct datum *a, const struct datum *b, const struct column *c)
{
    for (uint32_t i = 0; i < b->n; i++) {
        int64_t j = datum_find(a, c, &b->keys[i]);
        if (j < 0 ||
            (is_map(c) && datum_compare_atoms(c->value->atom, &a->values[j], &b->values[i]))) {
            return false;
        }
    }
    return true;
}

bool datum_excludes(const struct datum *a, const struct datum *b, const struct column *c)
{
    for (uint32_t i = 0; i < b->n; i++) {
        int64_t j = datum_find(a, c, &b->keys[i]);
        if (j >= 0 &&
            (!is_map(c) || !datum_compare_atoms(c->value->atom, &a->values[j], &b->values[i]))) {
            return false;
        }
    }
    return true;
}

json_t *datum_check(const struct datum *d, const struct column *c)
{
    json_t *error = NULL;

    if (d->n < c->min || d->n > c->max) {
        return datum_error("constraint violation", "column %s takes %u to %u values, not %u",
                           c->name, c->min, c->max, d->n);
    }
    for (uint32_t i = 0; i < d->n && !error; i++) {
        error = atom_check(&d->keys[i], c->key, c->name);
        if (!error && is_map(c)) {
            error = atom_check(&d->values[i], c->value, c->name);
        }
    }
    return error;
}

/* Indices of JSON elements get sorted by key, then the datum is put in that order. */
struct pair {
    union atom key, value;
};

static int compare_pairs(const void *a_, const void *b_, void *type)
{
    const struct pair *a = a_, *b = b_;
    return datum_compare_atoms(*(enum atom_type *)type, &a->key, &b->key);
}

/* Consumes the pairs. */
static json_t *from_pairs(struct datum *d, const struct column *c, struct pair *pairs, size_t n)
{
    enum atom_type type = c->key->atom;
    json_t *error = NULL;

    if (n) {
        qsort_r(pairs, n, sizeof *pairs, compare_pairs, &type);
    }
    allocate(d, c, n);
    for (size_t i = 0; i < n; i++) {
        if (i && !error && !datum_compare_atoms(type, &d->keys[i - 1], &pairs[i].key)) {
            error =
                datum_error("syntax error", "column %s: %s", c->name,
                            is_map(c) ? "map contains duplicate key" : "set contains duplicate");
        }
        d->keys[i] = pairs[i].key;
        if (is_map(c)) {
            d->values[i] = pairs[i].value;
        }
        d->n++;
    }
    return error;
}

/* The elements of 'json': itself, or those of ["set", [...]] or ["map", [...]]. */
static json_t *elements(const json_t *json, const struct column *c, const json_t **list)
{
    const char *tag = json_string_value(json_array_get(json, 0));
    const json_t *inner = json_array_get(json, 1);

    *list = NULL;
    if (json_array_size(json) == 2 && tag && !strcmp(tag, is_map(c) ? "map" : "set")) {
        if (!json_is_array(inner)) {
            return datum_error("syntax error", "column %s: [\"%s\", ARRAY] expected", c->name, tag);
        }
        *list = inner;
    } else if (is_map(c)) {
        return datum_error("syntax error", "column %s: [\"map\", ARRAY] expected", c->name);
    }
    return NULL;
}

static json_t *pair_from_json(struct pair *p, const struct column *c, const json_t *e,
                              const struct datum_names *names)
{
    if (!is_map(c)) {
        return atom_from_json(&p->key, c->key, e, names);
    }
    if (json_array_size(e) != 2) {
        return datum_error("syntax error", "[KEY, VALUE] expected");
    }
    json_t *error = atom_from_json(&p->key, c->key, json_array_get(e, 0), names);
    if (!error) {
        error = atom_from_json(&p->value, c->value, json_array_get(e, 1), names);
        if (error) {
            atom_deinit(c->key->atom, &p->key);
        }
    }
    return error;
}

json_t *datum_from_json(struct datum *d, const struct column *c, const json_t *json,
                        const struct datum_names *names, bool any_size)
{
    const json_t *list;
    json_t *error = elements(json, c, &list);

    *d = (struct datum){0, NULL, NULL};
    if (error) {
        return error;
    }
    size_t n = list ? json_array_size(list) : 1, done = 0;
    struct pair *pairs = xcalloc(n + 1, sizeof *pairs);
    while (done < n && !error) {
        error = pair_from_json(&pairs[done], c, list ? json_array_get(list, done) : json, names);
        done += !error;
    }
    if (error) {
        json_t *text = json_object_get(error, "details");
        json_t *full = datum_error(json_string_value(json_object_get(error, "error")),
                                   "column %s: %s", c->name, json_string_value(text));
        json_decref(error);
        error = full;
        d->n = 0;
        for (size_t i = 0; i < done; i++) {
            atom_deinit(c->key->atom, &pairs[i].key);
            atom_deinit(c->value->atom, &pairs[i].value);
        }
    } else {
        error = from_pairs(d, c, pairs, n);
        if (!error && !any_size) {
            error = datum_check(d, c);
        }
        if (error) {
            datum_deinit(d, c);
        }
    }
    free(pairs);
    return error;
}

json_t *datum_to_json(const struct datum *d, const struct column *c)
{
    if (!is_map(c) && d->n == 1) {
        return atom_to_json(c->key->atom, &d->keys[0]);
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < d->n; i++) {
        json_t *key = atom_to_json(c->key->atom, &d->keys[i]);
        json_array_append_new(
            list, is_map(c) ? json_pack("[o, o]", key, atom_to_json(c->value->atom, &d->values[i]))
                            : key);
    }
    return json_pack("[s, o]", is_map(c) ? "map" : "set", list);
}

/* Changes. */

static void insert_at(struct datum *d, const struct column *c, uint32_t i, union atom key,
                      const union atom *value)
{
    d->keys = xrealloc(d->keys, (d->n + 1) * sizeof *d->keys);
    memmove(&d->keys[i + 1], &d->keys[i], (d->n - i) * sizeof *d->keys);
    d->keys[i] = key;
    if (is_map(c)) {
        d->values = xrealloc(d->values, (d->n + 1) * sizeof *d->values);
        memmove(&d->values[i + 1], &d->values[i], (d->n - i) * sizeof *d->values);
        d->values[i] = *value;
    }
    d->n++;
}

static void delete_at(struct datum *d, const struct column *c, uint32_t i)
{
    atom_deinit(c->key->atom, &d->keys[i]);
    memmove(&d->keys[i], &d->keys[i + 1], (d->n - i - 1) * sizeof *d->keys);
    if (is_map(c)) {
        atom_deinit(c->value->atom, &d->values[i]);
        memmove(&d->values[i], &d->values[i + 1], (d->n - i - 1) * sizeof *d->values);
    }
    d->n--;
}

void datum_insert(struct datum *a, const struct datum *b, const struct column *c)
{
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t j = lower_bound(a, c->key->atom, &b->keys[i]);
        if (j < a->n && !datum_compare_atoms(c->key->atom, &a->keys[j], &b->keys[i])) {
            continue;
        }
        union atom value = {0};
        if (is_map(c)) {
            value = atom_clone(c->value->atom, &b->values[i]);
        }
        insert_at(a, c, j, atom_clone(c->key->atom, &b->keys[i]), &value);
    }
}

void datum_delete(struct datum *a, const struct datum *b, const struct column *c, bool keys_only)
{
    for (uint32_t i = 0; i < b->n; i++) {
        int64_t j = datum_find(a, c, &b->keys[i]);
        if (j >= 0 && (keys_only || !is_map(c) ||
                       !datum_compare_atoms(c->value->atom, &a->values[j], &b->values[i]))) {
            delete_at(a, c, (uint32_t)j);
        }
    }
}

void datum_clear(struct datum *d, const struct column *c)
{
    datum_deinit(d, c);
}

static void set_one(struct datum *d, const struct column *c, union atom key)
{
    datum_deinit(d, c);
    insert_at(d, c, 0, key, NULL);
}

void datum_set_string(struct datum *d, const struct column *c, const char *s)
{
    set_one(d, c, (union atom){.string = xstrdup(s)});
}

void datum_set_integer(struct datum *d, const struct column *c, int64_t v)
{
    set_one(d, c, (union atom){.integer = v});
}

void datum_set_boolean(struct datum *d, const struct column *c, bool v)
{
    set_one(d, c, (union atom){.boolean = v});
}

static void map_put(struct datum *d, const struct column *c, const char *key,
                    const union atom *value)
{
    union atom k = {.string = xstrdup(key)};
    int64_t i = datum_find(d, c, &k);

    if (i >= 0) {
        delete_at(d, c, (uint32_t)i);
    }
    if (value) {
        insert_at(d, c, lower_bound(d, c->key->atom, &k), k, value);
    } else {
        free(k.string);
    }
}

void datum_map_put(struct datum *d, const struct column *c, const char *key, const char *value)
{
    union atom v = {.string = value ? xstrdup(value) : NULL};
    map_put(d, c, key, value ? &v : NULL);
}

void datum_map_put_integer(struct datum *d, const struct column *c, const char *key, int64_t value)
{
    union atom v = {.integer = value};
    map_put(d, c, key, &v);
}

const char *datum_map_get(const struct datum *d, const char *key)
{
    union atom k;

    memcpy(&k.string, &key, sizeof key); /* Only looked at. */
    uint32_t i = lower_bound(d, ATOM_STRING, &k);
    return i < d->n && !strcmp(d->keys[i].string, key) ? d->values[i].string : NULL;
}
