/* exact_flow.c - see exact_flow.h. */
#include "dpctl/exact_flow.h"

#include <stdlib.h>

#include "lib/mem.h"
#include "ofp/match.h"

char *exact_flow_item(const char *key, const char *value, const struct name_map *names,
                      struct match *m, bool *exact)
{
    const struct field *field;
    struct field_value mask;
    bool found;

    char *error = match_parse_field(key, value, names, m, &found, &field, &mask);
    if (error) {
        char *text = xasprintf("bad value for %s (%s)", key, error);
        free(error);
        return text;
    }
    if (!found) {
        return xasprintf("unknown field %s", key);
    }
    if (field && !field_prereq_ok(field, m)) {
        return xasprintf("prerequisites not met for setting %s", key);
    }
    struct field_value ones;
    if (field) {
        field_value_ones(field, &ones);
    }
    *exact = !field || field_is_tun(field) || !memcmp(&mask, &ones, sizeof mask);
    return NULL;
}

char *exact_flow_parse(const char *s, const struct name_map *names, struct match *m)
{
    char *copy = xstrdup(s), *cursor = copy, *key, *value, *error = NULL;
    bool exact;

    match_init(m);
    while (!error && text_next_kv(&cursor, &key, &value)) {
        error = exact_flow_item(key, value, names, m, &exact);
        if (!error && !exact) {
            error = xasprintf("bad value for %s (%s: wildcards not allowed here)", key, value);
        }
    }
    free(copy);
    return error;
}
