/* config.h - the configuration: one document of tables, rows and columns (schema.def), changed by
 * transactions, stored in a file.
 *
 * Layer 5.  Owner: the control thread.  config_transact() runs RFC 7047 operations: checks
 * them, commits them, calls the apply callback, has the file written on a helper thread, and
 * answers when that is durable.  The daemon writes its status columns (and persistent ones like
 * Interface.ofport) by config_set_*().
 *
 * Invariants: there is exactly one row of Open_vSwitch; references are never dangling; names are
 * unique in their tables.  A 'struct config_row *' is valid until the next commit: keep UUIDs.
 *
 * What vswitchd/apply does: in its callback walk Open_vSwitch.bridges, their ports, interfaces
 * and controllers, compare with what exists, change that, set the status columns. */
#pragma once

#include <jansson.h>

#include "lib/io/handover.h"
#include "lib/io/loop.h"
#include "vswitchd/datum.h"

struct config;
struct config_row;

/* Loads 'path' (NULL: memory only; a missing file is an empty configuration) and locks it against
 * other processes.  A file that cannot be read or understood is an error and stays as it is.  NULL,
 * or a heap string. */
char *config_open(struct loop *, const char *path, struct config **) MUST_USE;
/* Writes what is not written yet, waits for it, answers what waits. */
void config_close(struct config *);           /* NULL is fine. */
bool config_is_stored(const struct config *); /* The file says the same. */
/* To the process that goes on: the lock of the file (lib/io/handover.h), which config_open() takes.
 */
void config_hand_over(const struct config *, struct handover *);

/* Called after every commit and, when set, once from the loop for what was loaded. */
void config_set_apply(struct config *, void (*apply)(void *aux, struct config *), void *aux);

/* 'params' are those of the method "transact": the database's name, then operations.  'done' gets
 * the reply's "result" (lent) when it is durable, or at once if nothing has to be stored, or a JSON
 * error object ("error" of the reply) if the parameters are malformed. */
typedef void config_done_cb(void *aux, json_t *result, json_t *error);
void config_transact(struct config *, const json_t *params, config_done_cb *, void *aux);

/* Reading.  Rows come in the order in which they were made. */
const struct config_row *config_root(struct config *); /* The row of Open_vSwitch. */
const struct config_row *config_find(struct config *, enum table_id, const struct uuid *);
const struct config_row *config_find_by_name(struct config *, enum column_id name, const char *);
/* All rows of a table: heap array of '*n'. */
const struct config_row **config_rows(struct config *, enum table_id, size_t *n);
/* Rows that a column of references refers to: heap array of '*n'. */
const struct config_row **config_refs(struct config *, const struct config_row *, enum column_id,
                                      size_t *n);
/* The row that value 'i' of a map refers to; NULL: none. */
const struct config_row *config_value_ref(struct config *, const struct config_row *,
                                          enum column_id, uint32_t i);
const struct uuid *config_uuid(const struct config_row *);
/* The first element, or the given value if there is none ("" counts as a string). */
const char *config_string(const struct config_row *, enum column_id, const char *dflt);
int64_t config_integer(const struct config_row *, enum column_id, int64_t dflt);
const struct datum *config_datum(const struct config_row *, enum column_id);
bool config_has(const struct config_row *, enum column_id, const char *element); /* Of a set. */
/* From a map of strings: the value, or NULL. */
const char *config_map(const struct config_row *, enum column_id, const char *key);
int64_t config_map_integer(const struct config_row *, enum column_id, const char *key,
                           int64_t dflt);
bool config_map_boolean(const struct config_row *, enum column_id, const char *key, bool dflt);

/* Writing by the daemon itself, not from within a transaction's checks.  Values are not checked
 * against the schema's ranges.  A changed column that is not ephemeral gets stored. */
void config_set_string(struct config *, const struct config_row *, enum column_id,
                       const char *); /* NULL: clears. */
void config_set_integer(struct config *, const struct config_row *, enum column_id, int64_t);
void config_set_boolean(struct config *, const struct config_row *, enum column_id, bool);
void config_clear(struct config *, const struct config_row *, enum column_id);
void config_set_map(struct config *, const struct config_row *, enum column_id, const char *key,
                    const char *value); /* One key; value NULL removes it. */
void config_set_map_integer(struct config *, const struct config_row *, enum column_id,
                            const char *key, int64_t value);
/* A set of strings. */
void config_set_strings(struct config *, const struct config_row *, enum column_id,
                        const char *const[], size_t n);
