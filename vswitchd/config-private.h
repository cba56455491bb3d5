/* config-private.h - rows, the document, a transaction under way.  Private to vswitchd/config*.
 *
 * A transaction never changes a committed row: it makes copies, kept in its overlay, and a commit
 * puts them in the place of the old ones. */
#pragma once

#include "lib/hmap.h"
#include "vswitchd/config.h"

struct config_row {
    struct hmap_node node; /* In struct document's table, by UUID. */
    struct uuid uuid;
    enum table_id table;
    uint64_t seq;  /* Order of creation. */
    uint64_t mark; /* Serial of the last commit that found it alive. */
    struct datum columns[];
};

struct document {
    struct hmap tables[N_TABLES];
    uint64_t next_seq;
    uint64_t serial; /* Of commits. */
};

void document_init(struct document *);
void document_deinit(struct document *);
struct config_row *document_find(const struct document *, enum table_id, const struct uuid *);
void document_insert(struct document *, struct config_row *); /* Owns it from now. */
/* Whole file content, heap; ephemeral columns left out. */
char *document_to_text(const struct document *);
/* Fills an empty document; NULL, or a heap string. */
char *document_from_text(struct document *, const char *, size_t len) MUST_USE;
/* Rows of a table by seq: heap array of '*n'. */
struct config_row **document_rows(const struct document *, enum table_id, size_t *n);

struct config_row *row_new(enum table_id, const struct uuid *, uint64_t seq); /* Defaults. */
struct config_row *row_clone(const struct config_row *);
void row_free(struct config_row *);

static inline struct datum *row_datum(struct config_row *r, const struct column *c)
{
    return &r->columns[schema_column_id(c) - schema_table(r->table)->first];
}

static inline const struct datum *row_datum_const(const struct config_row *r,
                                                  const struct column *c)
{
    return &r->columns[schema_column_id(c) - schema_table(r->table)->first];
}

/* config_txn.c */
struct txn;
struct txn_row { /* What a transaction has done to a row. */
    struct hmap_node node;
    struct uuid uuid;
    enum table_id table;
    struct config_row *old; /* The document's; NULL = inserted. */
    struct config_row *new; /* Owned; NULL = deleted. */
};
struct txn_name { /* A named-uuid. */
    struct hmap_node node;
    char *name;
    struct uuid uuid;
    bool inserted;
};
struct txn {
    struct document *doc;
    struct hmap rows;  /* struct txn_row, by UUID. */
    struct hmap names; /* struct txn_name. */
    uint64_t next_seq;
    bool durable; /* Committed: something that is stored has changed. */
    bool changed; /* Committed: anything has changed. */
};
/* Runs operations params[1..]; the array of results of RFC 7047 section 4.1.3; commits if all
 * went well. */
json_t *txn_run(struct txn *, struct document *, const json_t *params);
/* What was loaded: adds the root row if there is none, drops garbage, checks as a commit does. */
json_t *txn_settle(struct document *) MUST_USE;
struct config_row *txn_find(const struct txn *, enum table_id, const struct uuid *);
struct config_row *txn_write(struct txn *, struct config_row *); /* The copy to change. */
void txn_delete(struct txn *, struct config_row *);
/* Rows as the transaction sees them, by seq: heap array of '*n'. */
struct config_row **txn_rows(const struct txn *, enum table_id, size_t *n);
json_t *txn_resolve(void *txn, const char *name, struct uuid *);
/* A new row; 'name' NULL or its uuid-name. */
json_t *txn_insert(struct txn *, enum table_id, const char *name, struct config_row **) MUST_USE;

/* config_ops.c: one operation; NULL and '*result', or an error. */
json_t *txn_operation(struct txn *, const json_t *op, json_t **result) MUST_USE;
/* config_where.c */
struct clauses;
json_t *clauses_parse(struct txn *, enum table_id, const json_t *where, struct clauses **) MUST_USE;
void clauses_free(struct clauses *);
/* Rows that fulfil all clauses: heap array of '*n'. */
struct config_row **clauses_rows(struct txn *, enum table_id, const struct clauses *, size_t *n);
json_t *mutations_run(struct txn *, struct config_row *, const json_t *mutations) MUST_USE;
/* config_commit.c: garbage, references, uniqueness; then the overlay goes into the document. */
json_t *txn_commit(struct txn *) MUST_USE;
