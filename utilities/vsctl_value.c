/* vsctl_value.c - values of columns as people write and read them: atoms bare or quoted, sets
 * `[a, b]`, maps `{k=v, k2=v2}`; brackets may be left out. */
#include <ctype.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "lib/uuid.h"
#include "utilities/vsctl.h"

static const char *base_name(const json_t *base)
{
    const char *s = json_string_value(base);
    return s ? s : json_string_value(json_object_get(base, "type"));
}

struct vtype value_type(const struct vctl *v, const char *table, const char *column)
{
    static json_t *uuid;
    struct vtype t = {.min = 1, .max = 1};

    if (!strcmp(column, "_uuid")) {
        uuid = uuid ? uuid : json_string("uuid");
        t.key = uuid;
        return t;
    }
    const json_t *tables = json_object_get(v->schema, table);
    const json_t *c = json_object_get(json_object_get(tables, "columns"), column);
    const json_t *type = json_object_get(c, "type");
    const json_t *max = json_object_get(type, "max"), *min = json_object_get(type, "min");
    t.key = json_is_object(type) ? json_object_get(type, "key") : type;
    t.value = json_object_get(type, "value");
    t.min = min ? json_integer_value(min) : 1;
    t.max = json_is_string(max) ? INT64_MAX : max ? json_integer_value(max) : 1;
    return t;
}

static int compare_json(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t x = json_integer_value(a), y = json_integer_value(b);
        return (x > y) - (x < y);
    }
    if (json_is_string(a) && json_is_string(b)) {
        return strcmp(json_string_value(a), json_string_value(b));
    }
    if (json_is_array(a) && json_is_array(b)) { /* References; or pairs: by key. */
        int c = compare_json(json_array_get(a, 0), json_array_get(b, 0));
        return c ? c : compare_json(json_array_get(a, 1), json_array_get(b, 1));
    }
    return (int)json_typeof(a) - (int)json_typeof(b);
}

static int compare_elements(const void *a_, const void *b_, void *map)
{
    json_t *const *a = a_, *const *b = b_;
    return map ? compare_json(json_array_get(*a, 0), json_array_get(*b, 0)) : compare_json(*a, *b);
}

json_t *value_elements(const struct vtype *t, const json_t *value)
{
    const char *tag = json_string_value(json_array_get(value, 0));

    if (tag && json_is_array(json_array_get(value, 1)) && !strcmp(tag, t->value ? "map" : "set")) {
        return json_copy(json_array_get(value, 1));
    }
    json_t *list = json_array();
    if (value) {
        json_array_append(list, (json_t *)(uintptr_t)value);
    }
    return list;
}

json_t *value_from_elements(const struct vtype *t, json_t *elements)
{
    size_t n = json_array_size(elements);
    json_t **sorted = xcalloc(n + 1, sizeof *sorted), *list = json_array();

    for (size_t i = 0; i < n; i++) {
        sorted[i] = json_array_get(elements, i);
    }
    qsort_r(sorted, n, sizeof *sorted, compare_elements, (void *)(uintptr_t)t->value);
    for (size_t i = 0; i < n; i++) {
        bool duplicate =
            i && !compare_elements(&sorted[i - 1], &sorted[i], (void *)(uintptr_t)t->value);
        if (!duplicate) {
            json_array_append(list, sorted[i]);
        }
    }
    free(sorted);
    json_decref(elements);
    if (!t->value && json_array_size(list) == 1) {
        json_t *one = json_incref(json_array_get(list, 0));
        json_decref(list);
        return one;
    }
    return json_pack("[s, o]", t->value ? "map" : "set", list);
}

json_t *map_find(const json_t *elements, const json_t *key)
{
    for (size_t i = 0; i < json_array_size(elements); i++) {
        json_t *pair = json_array_get(elements, i);
        if (json_equal(json_array_get(pair, 0), key)) {
            return pair;
        }
    }
    return NULL;
}

json_t *value_default(const struct vtype *t)
{
    if (!t->min) {
        return value_from_elements(t, json_array());
    }
    const char *name = base_name(t->key);
    return !strcmp(name, "integer")   ? json_integer(0)
           : !strcmp(name, "boolean") ? json_false()
           : !strcmp(name, "uuid")
               ? json_pack("[s, s]", "uuid", "00000000-0000-0000-0000-000000000000")
               : json_string("");
}

bool value_is_default(const struct vtype *t, const json_t *value)
{
    json_t *d = value_default(t);
    bool equal = json_equal(d, value);
    json_decref(d);
    return equal;
}

/* Parsing. */

static bool ends_atom(char c)
{
    return !c || isspace((unsigned char)c) || strchr(",=]}[{", c);
}

/* A word, or a JSON string; heap. */
static char *parse_word(const char **s, bool *quoted, char **error)
{
    const char *p = *s;

    *quoted = *p == '"';
    if (!*quoted) {
        while (!ends_atom(*p)) {
            p++;
        }
        char *word = xstrndup(*s, (size_t)(p - *s));
        *s = p;
        return word;
    }
    for (p++; *p && *p != '"'; p++) {
        p += *p == '\\' && p[1];
    }
    if (!*p) {
        *error = xasprintf("%s: missing quote at end of quoted string", *s);
        return NULL;
    }
    json_t *json = json_loadb(*s, (size_t)(p + 1 - *s), JSON_DECODE_ANY, NULL);
    if (!json_is_string(json)) {
        *error = xasprintf("%s: malformed quoted string", *s);
        json_decref(json);
        return NULL;
    }
    char *word = xstrdup(json_string_value(json));
    json_decref(json);
    *s = p + 1;
    return word;
}

static json_t *parse_integer(const char *word, const json_t *base, char **error)
{
    char *end;
    long long value = strtoll(word, &end, 0);
    const json_t *min = json_object_get(base, "minInteger");
    const json_t *max = json_object_get(base, "maxInteger");

    if (!*word || *end) {
        *error = xasprintf("\"%s\" is not a valid integer or range", word);
    } else if ((min && value < json_integer_value(min)) ||
               (max && value > json_integer_value(max))) {
        *error = min && max ? xasprintf("constraint violation: %lld is not in the valid range "
                                        "%lld to %lld (inclusive)",
                                        value, (long long)json_integer_value(min),
                                        (long long)json_integer_value(max))
                 : min      ? xasprintf("constraint violation: %lld is less than minimum allowed "
                                             "value %lld",
                                        value, (long long)json_integer_value(min))
                            : xasprintf("constraint violation: %lld is greater than maximum "
                                             "allowed value %lld",
                                        value, (long long)json_integer_value(max));
    }
    return *error ? NULL : json_integer(value);
}

static json_t *parse_string(const char *word, const json_t *base, char **error)
{
    const json_t *list = json_array_get(json_object_get(base, "enum"), 1);
    struct text t = TEXT_INIT;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *allowed = json_string_value(json_array_get(list, i));
        if (!strcmp(allowed, word)) {
            text_deinit(&t);
            return json_string(word);
        }
        text_printf(&t, "%s%s", i ? ", " : "", allowed);
    }
    if (list) {
        *error = xasprintf("constraint violation: %s is not one of the allowed values ([%s])", word,
                           text_cstr(&t));
    }
    text_deinit(&t);
    if (list) {
        return NULL;
    }
    json_t *json = json_string(word);
    if (!json) {
        *error = xasprintf("\"%s\" is not valid UTF-8", word);
    }
    return json;
}

static json_t *parse_reference(struct vctl *v, const char *word, char **error)
{
    struct uuid uuid;

    if (*word == '@') {
        json_t *ref = json_object_get(v->ids, word);
        if (!ref) {
            /* Its `create` may come later on the command line. */
            char *name = xasprintf("id_%s", word + 1);
            ref = json_pack("[s, s]", "named-uuid", name);
            json_object_set_new(v->ids, word, ref);
            free(name);
        }
        return json_incref(ref);
    }
    if (!uuid_parse(word, &uuid)) {
        *error = xasprintf("\"%s\" is not a valid UUID", word);
        return NULL;
    }
    return json_pack("[s, s]", "uuid", word);
}

json_t *value_parse_atom(struct vctl *v, const json_t *base, const char **s, char **error)
{
    const char *name = base_name(base), *start = *s;
    bool quoted;
    char *word = parse_word(s, &quoted, error);
    json_t *atom = NULL;

    if (!word) {
        return NULL;
    }
    if (!*word && !quoted) {
        *error = xasprintf("%s: unexpected \"%c\" parsing %s", start, *start, name);
    } else if (!strcmp(name, "integer")) {
        atom = parse_integer(word, base, error);
    } else if (!strcmp(name, "boolean")) {
        if (!strcmp(word, "true") || !strcmp(word, "yes") || !strcmp(word, "on") ||
            !strcmp(word, "1")) {
            atom = json_true();
        } else if (!strcmp(word, "false") || !strcmp(word, "no") || !strcmp(word, "off") ||
                   !strcmp(word, "0")) {
            atom = json_false();
        } else {
            *error = xasprintf("\"%s\" is not a valid boolean (use \"true\" or \"false\")", word);
        }
    } else if (!strcmp(name, "uuid")) {
        atom = parse_reference(v, word, error);
    } else {
        atom = parse_string(word, base, error);
    }
    free(word);
    return atom;
}

static const char *skip_separators(const char *s)
{
    return s + strspn(s, ", \t\n");
}

static json_t *parse_element(struct vctl *v, const struct vtype *t, const char **s, char **error)
{
    json_t *key = value_parse_atom(v, t->key, s, error), *value;

    if (!key || !t->value) {
        return key;
    }
    if (**s != '=') {
        *error = xasprintf("%s: expected \"=\" between the key and the value of a map", *s);
        json_decref(key);
        return NULL;
    }
    ++*s;
    value = value_parse_atom(v, t->value, s, error);
    if (!value) {
        json_decref(key);
        return NULL;
    }
    return json_pack("[o, o]", key, value);
}

json_t *value_parse(struct vctl *v, const struct vtype *t, const char *text, char **error)
{
    const char *s = skip_separators(text), open = t->value ? '{' : '[',
               close = t->value ? '}' : ']';
    bool bracket = *s == open;
    json_t *list = json_array();

    *error = NULL;
    s = skip_separators(s + bracket);
    while (*s && *s != close && !*error) {
        json_t *element = parse_element(v, t, &s, error);
        if (element) {
            json_array_append_new(list, element);
            s = skip_separators(s);
        }
    }
    if (!*error && bracket && *s++ != close) {
        *error = xasprintf("%s: missing \"%c\" at end of data", text, close);
    }
    if (!*error && *skip_separators(s)) {
        *error = xasprintf("%s: trailing garbage \"%s\"", text, s);
    }
    if (!*error) {
        json_t *value = value_from_elements(t, list);
        json_t *elements = value_elements(t, value);
        json_int_t n = (json_int_t)json_array_size(elements);
        json_decref(elements);
        if (n >= t->min && n <= t->max) {
            return value;
        }
        *error = xasprintf("%s: %lld value(s) specified but the %s number is %lld", text,
                           (long long)n, n < t->min ? "minimum" : "maximum",
                           (long long)(n < t->min ? t->min : t->max));
        json_decref(value);
        return NULL;
    }
    json_decref(list);
    return NULL;
}

/* Formatting. */

static bool needs_quotes(const char *s)
{
    struct uuid uuid;

    if (!isalpha((unsigned char)*s) && *s != '_') {
        return true;
    }
    for (const char *p = s; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_-.", *p)) {
            return true;
        }
    }
    return uuid_parse(s, &uuid) || !strcmp(s, "true") || !strcmp(s, "false");
}

void value_format_atom(const json_t *atom, bool bare, struct text *t)
{
    const char *s = json_string_value(atom);

    if (json_is_array(atom)) {
        text_puts(t, json_string_value(json_array_get(atom, 1))); /* A UUID. */
    } else if (s && (bare || !needs_quotes(s))) {
        text_puts(t, s);
    } else {
        char *dump = json_dumps(atom, JSON_ENCODE_ANY);
        text_puts(t, dump);
        free(dump);
    }
}

void value_format(const struct vtype *type, const json_t *value, bool bare, struct text *t)
{
    json_t *list = value_elements(type, value);
    size_t n = json_array_size(list);
    bool brackets = !bare && (type->max > 1 || !n);

    if (brackets) {
        text_putc(t, type->value ? '{' : '[');
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *e = json_array_get(list, i);
        text_puts(t, !i ? "" : bare ? " " : ", ");
        value_format_atom(type->value ? json_array_get(e, 0) : e, bare, t);
        if (type->value) {
            text_putc(t, '=');
            value_format_atom(json_array_get(e, 1), bare, t);
        }
    }
    if (brackets) {
        text_putc(t, type->value ? '}' : ']');
    }
    json_decref(list);
}
