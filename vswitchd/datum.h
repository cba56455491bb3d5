/* datum.h - values of columns: sets and maps of atoms (RFC 7047 section 5.1).
 *
 * Layer 5, control thread, pure.  Invariant: keys are sorted and unique, so that equal values have
 * equal representations.  Errors are RFC 7047 error objects (new references), NULL = success. */
#pragma once

#include "lib/uuid.h"
#include "vswitchd/schema.h"

union atom {
    int64_t integer;
    bool boolean;
    char *string; /* Owned. */
    struct uuid uuid;
};

struct datum {
    uint32_t n;
    union atom *keys;
    union atom *values; /* NULL for sets. */
};

/* {"error": tag, "details": text} */
json_t *datum_error(const char *tag, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Resolves ["named-uuid", NAME]: fills '*uuid', or returns an error.  NULL where there are none. */
struct datum_names {
    json_t *(*resolve)(void *aux, const char *name, struct uuid *uuid);
    void *aux;
};

void datum_init_default(struct datum *, const struct column *);
void datum_deinit(struct datum *, const struct column *);
void datum_clone(struct datum *, const struct datum *, const struct column *);
bool datum_equal(const struct datum *, const struct datum *, const struct column *);
bool datum_is_default(const struct datum *, const struct column *);

/* On error the datum needs no deinit.  'any_size': the column's min and max do not apply (arguments
 * of conditions and mutations). */
json_t *datum_from_json(struct datum *, const struct column *, const json_t *,
                        const struct datum_names *, bool any_size) MUST_USE;
json_t *datum_to_json(const struct datum *, const struct column *);

/* Range, words and number of elements. */
json_t *datum_check(const struct datum *, const struct column *) MUST_USE;

/* Index of a key, or -1. */
int64_t datum_find(const struct datum *, const struct column *, const union atom *key);
/* All of 'b' is in 'a' (keys, and values of maps). */
bool datum_includes(const struct datum *a, const struct datum *b, const struct column *);
bool datum_excludes(const struct datum *a, const struct datum *b, const struct column *);
int datum_compare_atoms(enum atom_type, const union atom *, const union atom *);

/* Adds what 'b' has; keys that 'a' has already stay as they are. */
void datum_insert(struct datum *a, const struct datum *b, const struct column *);
/* Removes what 'b' has; 'keys_only': 'b' is a set of keys of the map 'a'. */
void datum_delete(struct datum *a, const struct datum *b, const struct column *, bool keys_only);

/* Replace the value; for the daemon's own columns. */
void datum_set_string(struct datum *, const struct column *, const char *);
void datum_set_integer(struct datum *, const struct column *, int64_t);
void datum_set_boolean(struct datum *, const struct column *, bool);
void datum_clear(struct datum *, const struct column *); /* No elements. */
/* Map of string to string or integer: sets one key; value NULL removes it. */
void datum_map_put(struct datum *, const struct column *, const char *key, const char *value);
void datum_map_put_integer(struct datum *, const struct column *, const char *key, int64_t value);
/* Map from string to string: the value, or NULL. */
const char *datum_map_get(const struct datum *, const char *key);
