/* config.c - see config.h: opening, applying, storing.  One write is under way at a time; what
 * changes meanwhile goes with the next one, and so do the answers that wait for it. */
#include "vswitchd/config.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/counter.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "vswitchd/config-private.h"
#include "vswitchd/config_store.h"

LOG_MODULE(config);

#define RETRY_MS 5000

struct waiter { /* An answer that waits until its change is durable. */
    uint64_t generation;
    config_done_cb *done;
    void *aux;
    json_t *result;
    struct waiter *next;
};

struct save { /* A write under way; the helper thread's until done. */
    struct config *config;
    char *path, *text, *error;
    uint64_t generation;
};

struct config {
    struct loop *loop;
    char *path; /* NULL: memory only. */
    int lock_fd;
    struct document doc;
    void (*apply)(void *aux, struct config *);
    void *aux;
    struct loop_call first_apply, start_save;
    struct loop_timer retry;
    uint64_t generation; /* Of the document; counts changes that are to be stored. */
    uint64_t saved;      /* Generation that is on the disk. */
    bool saving;
    struct waiter *waiters, **waiters_tail;
};

static void save_now(void *config);

/* Opening and closing. */

static char *load(struct config *c)
{
    char *text = NULL, *error = NULL;
    size_t len = 0;

    if (c->path) {
        error = store_read(c->path, &text, &len);
    }
    if (!error && text) {
        char *why = document_from_text(&c->doc, text, len);
        error = why ? xasprintf("%s: %s", c->path, why) : NULL;
        free(why);
    }
    free(text);
    if (!error) {
        json_t *why = txn_settle(&c->doc);
        if (why) {
            error =
                xasprintf("%s: %s", c->path, json_string_value(json_object_get(why, "details")));
            json_decref(why);
        }
    }
    return error;
}

static void first_apply(void *c_)
{
    struct config *c = c_;
    c->apply(c->aux, c);
}

bool config_is_stored(const struct config *c)
{
    return !c->saving && (!c->path || c->saved == c->generation);
}

void config_hand_over(const struct config *c, struct handover *h)
{
    struct handover_item item = {.n_fds = 1, .fds = {c->lock_fd}};

    if (c->path) {
        handover_set_key(&item, "lock", c->path);
        handover_offer(h, &item);
    }
}

/* The lock that a former process has is shared until that one ends. */
static char *take_lock(struct config *c)
{
    struct handover_item item;

    if (handover_take("lock", c->path, &item) && item.n_fds == 1) {
        c->lock_fd = item.fds[0];
        return NULL;
    }
    return store_lock(c->path, &c->lock_fd);
}

char *config_open(struct loop *loop, const char *path, struct config **cp)
{
    struct config *c = xzalloc(sizeof *c);
    char *error = NULL;

    c->loop = loop;
    c->path = path ? xstrdup(path) : NULL;
    c->lock_fd = -1;
    c->waiters_tail = &c->waiters;
    document_init(&c->doc);
    loop_call_init(&c->first_apply, loop, first_apply, c);
    loop_call_init(&c->start_save, loop, save_now, c);
    loop_timer_init(&c->retry, loop, save_now, c);
    if (path) {
        error = take_lock(c);
    }
    error = error ? error : load(c);
    if (error) {
        config_close(c);
        c = NULL;
    }
    *cp = c;
    return error;
}

static void answer_waiters(struct config *c, uint64_t generation, const char *error)
{
    while (c->waiters && c->waiters->generation <= generation) {
        struct waiter *w = c->waiters;
        c->waiters = w->next;
        if (!c->waiters) {
            c->waiters_tail = &c->waiters;
        }
        if (error) {
            json_array_append_new(w->result, datum_error("I/O error", "%s", error));
        }
        w->done(w->aux, w->result, NULL);
        json_decref(w->result);
        free(w);
    }
}

void config_close(struct config *c)
{
    if (!c) {
        return;
    }
    while (c->saving) {
        loop_turn(c->loop, 100);
    }
    if (c->path && c->saved < c->generation) {
        char *text = document_to_text(&c->doc), *error = store_write(c->path, text);
        if (error) {
            log_err("%s: the last changes are lost", error);
        }
        answer_waiters(c, c->generation, error);
        free(text);
        free(error);
    }
    answer_waiters(c, c->generation, NULL);
    loop_call_cancel(&c->first_apply);
    loop_call_cancel(&c->start_save);
    loop_timer_cancel(&c->retry);
    document_deinit(&c->doc);
    if (c->lock_fd >= 0) {
        close(c->lock_fd);
    }
    free(c->path);
    free(c);
}

void config_set_apply(struct config *c, void (*apply)(void *, struct config *), void *aux)
{
    c->apply = apply;
    c->aux = aux;
    if (apply) {
        loop_call_schedule(&c->first_apply);
    } else {
        loop_call_cancel(&c->first_apply);
    }
}

/* Storing. */

static void save_work(void *save_)
{
    struct save *save = save_;
    save->error = store_write(save->path, save->text);
}

static void save_done(void *save_)
{
    struct save *save = save_;
    struct config *c = save->config;

    c->saving = false;
    if (save->error) {
        log_err_rl("%s: configuration changes are not durable, trying again", save->error);
        loop_timer_after(&c->retry, RETRY_MS);
    } else {
        c->saved = save->generation;
        if (c->saved < c->generation) {
            loop_call_schedule(&c->start_save);
        }
    }
    answer_waiters(c, save->generation, save->error);
    free(save->text);
    free(save->path);
    free(save->error);
    free(save);
}

static void save_now(void *c_)
{
    struct config *c = c_;

    if (c->saving || c->saved == c->generation) {
        return;
    }
    if (!c->path) {
        c->saved = c->generation;
        answer_waiters(c, c->generation, NULL);
        return;
    }
    struct save *save = xmalloc(sizeof *save);
    *save = (struct save){.config = c,
                          .path = xstrdup(c->path),
                          .text = document_to_text(&c->doc),
                          .generation = c->generation};
    c->saving = true;
    loop_offload(c->loop, save_work, save_done, save);
}

static void changed(struct config *c)
{
    c->generation++;
    loop_call_schedule(&c->start_save);
}

/* Transactions. */

void config_transact(struct config *c, const json_t *params, config_done_cb *done, void *aux)
{
    const char *db = json_string_value(json_array_get(params, 0));
    struct txn x;

    if (!db || strcmp(db, SCHEMA_NAME)) {
        json_t *error = db ? datum_error("unknown database", "%s", db)
                           : datum_error("syntax error", "the first parameter is the database");
        done(aux, NULL, error);
        json_decref(error);
        return;
    }
    json_t *result = txn_run(&x, &c->doc, params);
    if (x.changed && c->apply) {
        counter_inc(COUNTER_bridge_reconfigure);
        loop_call_cancel(&c->first_apply);
        c->apply(c->aux, c);
    }
    if (!x.durable) {
        done(aux, result, NULL);
        json_decref(result);
        return;
    }
    changed(c);
    struct waiter *w = xmalloc(sizeof *w);
    *w = (struct waiter){.generation = c->generation, .done = done, .aux = aux, .result = result};
    *c->waiters_tail = w;
    c->waiters_tail = &w->next;
}

/* Reading that needs the document; the rest is in config_view.c. */

const struct config_row *config_root(struct config *c)
{
    struct config_row *r;

    HMAP_FOR_EACH(r, node, &c->doc.tables[TABLE_Open_vSwitch]) {
        break;
    }
    return r;
}

const struct config_row *config_find(struct config *c, enum table_id t, const struct uuid *uuid)
{
    return document_find(&c->doc, t, uuid);
}

const struct config_row **config_rows(struct config *c, enum table_id t, size_t *n)
{
    return (const struct config_row **)document_rows(&c->doc, t, n);
}

/* The daemon's own writing. */

static struct datum *begin_write(struct config *c, const struct config_row *r, enum column_id id,
                                 struct datum *before)
{
    struct config_row *row = document_find(&c->doc, r->table, &r->uuid);
    struct datum *d = row_datum(row, schema_column(id));

    datum_clone(before, d, schema_column(id));
    return d;
}

static void end_write(struct config *c, const struct datum *d, enum column_id id,
                      struct datum *before)
{
    const struct column *column = schema_column(id);

    if (!column->ephemeral && !datum_equal(d, before, column)) {
        changed(c);
    }
    datum_deinit(before, column);
}

void config_set_string(struct config *c, const struct config_row *r, enum column_id id,
                       const char *s)
{
    struct datum before, *d = begin_write(c, r, id, &before);

    if (s) {
        datum_set_string(d, schema_column(id), s);
    } else {
        datum_clear(d, schema_column(id));
    }
    end_write(c, d, id, &before);
}

void config_set_integer(struct config *c, const struct config_row *r, enum column_id id, int64_t v)
{
    struct datum before, *d = begin_write(c, r, id, &before);

    datum_set_integer(d, schema_column(id), v);
    end_write(c, d, id, &before);
}

void config_set_boolean(struct config *c, const struct config_row *r, enum column_id id, bool v)
{
    struct datum before, *d = begin_write(c, r, id, &before);

    datum_set_boolean(d, schema_column(id), v);
    end_write(c, d, id, &before);
}

void config_clear(struct config *c, const struct config_row *r, enum column_id id)
{
    config_set_string(c, r, id, NULL);
}

void config_set_map(struct config *c, const struct config_row *r, enum column_id id,
                    const char *key, const char *value)
{
    struct datum before, *d = begin_write(c, r, id, &before);

    datum_map_put(d, schema_column(id), key, value);
    end_write(c, d, id, &before);
}

void config_set_map_integer(struct config *c, const struct config_row *r, enum column_id id,
                            const char *key, int64_t value)
{
    struct datum before, *d = begin_write(c, r, id, &before);

    datum_map_put_integer(d, schema_column(id), key, value);
    end_write(c, d, id, &before);
}

void config_set_strings(struct config *c, const struct config_row *r, enum column_id id,
                        const char *const s[], size_t n)
{
    const struct column *column = schema_column(id);
    struct datum before, *d = begin_write(c, r, id, &before);

    datum_clear(d, column);
    for (size_t i = 0; i < n; i++) {
        struct datum one = {0, NULL, NULL};
        datum_set_string(&one, column, s[i]);
        datum_insert(d, &one, column);
        datum_deinit(&one, column);
    }
    end_write(c, d, id, &before);
}
