/* transaction.c - changes that are taken back as one: see table.h.
 *
 * The list has each rule and group that came or went since tables_begin(), in order.  None of it
 * is published yet, so taking it back in reverse order finds every list as it was: what went stands
 * last in the limbo and takes its old place again; what came leaves for a version in which it was
 * never seen. */
#include <stdlib.h>

#include "lib/mem.h"
#include "ofproto/table/table-private.h"

struct undo_entry {
    enum undo_kind kind;
    void *what; /* struct rule or struct group_entry */
    struct rule
        *place; /* Of a rule that came: the one it replaces; that went: the one before it. */
};

void undo_note(struct tables *ts, enum undo_kind kind, void *what, struct rule *place)
{
    if (!ts->in_transaction) {
        return;
    }
    if (ts->n_undo == ts->cap_undo) {
        ts->cap_undo = ts->cap_undo ? 2 * ts->cap_undo : 64;
        ts->undo = xrealloc(ts->undo, ts->cap_undo * sizeof *ts->undo);
    }
    ts->undo[ts->n_undo++] = (struct undo_entry){kind, what, place};
}

void tables_begin(struct tables *ts)
{
    tables_publish(ts);
    ts->in_transaction = true;
}

static void end(struct tables *ts)
{
    free(ts->undo);
    ts->undo = NULL;
    ts->n_undo = ts->cap_undo = 0;
    ts->in_transaction = false;
    tables_publish(ts);
}

void tables_commit(struct tables *ts)
{
    end(ts);
}

static void tell(const struct tables *ts, enum undo_kind which, enum undo_kind as,
                 tables_undone_fn *undone, void *aux)
{
    for (size_t i = 0; i < ts->n_undo; i++) {
        if (ts->undo[i].kind == which) {
            undone(aux, as, ts->undo[i].what);
        }
    }
}

void tables_abort(struct tables *ts, tables_undone_fn *undone, void *aux)
{
    size_t n = ts->n_undo;

    ts->in_transaction = false; /* Taking back is no change. */
    for (size_t i = n; i-- > 0;) {
        const struct undo_entry *e = &ts->undo[i];
        switch (e->kind) {
        case UNDO_RULE_CAME:
            tables_retract(ts, e->what, e->place);
            break;
        case UNDO_RULE_WENT:
            tables_revive(ts, e->what, e->place);
            break;
        case UNDO_GROUP_CAME:
            groups_retract(ts, e->what);
            break;
        case UNDO_GROUP_WENT:
            groups_revive(ts, e->what);
            break;
        case UNDO_RULE_NEVER:
            break;
        }
    }
    for (enum undo_kind kind = UNDO_RULE_CAME; kind < UNDO_RULE_NEVER; kind++) {
        tell(ts, kind, kind, undone, aux);
    }
    tell(ts, UNDO_RULE_CAME, UNDO_RULE_NEVER, undone, aux);
    /* The limbo is as it was at the beginning; now it gets what never came. */
    for (size_t i = 0; i < n; i++) {
        if (ts->undo[i].kind == UNDO_RULE_CAME) {
            tables_limbo_rule(ts, ts->undo[i].what);
        } else if (ts->undo[i].kind == UNDO_GROUP_CAME) {
            tables_limbo_group(ts, ts->undo[i].what);
        }
    }
    end(ts);
}
